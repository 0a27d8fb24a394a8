//! LiDAR against camera: how well depth edges fall on image edges, and how many degrees off the mounting is.
//!
//! Read [`Scene`] first: it takes pairs of an image and a sweep, and answers with the score of the claimed mounting
//! ([`Scene::edge_score`]), the share of small changes that make it worse ([`Scene::share_worse`]), the statistical
//! dependence of intensity and brightness ([`Scene::nid`]) and a measured rotation ([`Scene::decalibration`]).
//! Not here: choosing pairs, decoding, and the check of intrinsics, which are taken as given.

mod camera;
mod edges;
mod scene;
mod search;

pub use camera::{CameraModel, Distortion};
pub use edges::{
    DepthEdge, EdgeKind, Field, GreyView, RingCloud, depth_edges, edge_strength, inverse_distance,
    rings_by_order,
};
pub use scene::{Change, Scene, Share};
pub use search::{Decalibration, SearchOptions};

/// Why an alignment cannot be measured.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AlignmentError {
    /// A camera without usable intrinsics.
    #[error(
        "focal length `{focal_pixels}` px at a width of `{width}` px is no calibration; hint: calibrate the camera"
    )]
    Uncalibrated {
        /// First entry of the intrinsic matrix.
        focal_pixels: f64,
        /// Width of the image.
        width: u32,
    },
    /// A lens model this module does not know.
    #[error(
        "lens model `{model}` with `{parameters}` parameters is not known; hint: plumb_bob, rational_polynomial and equidistant are"
    )]
    UnknownLens {
        /// Name as written.
        model: String,
        /// Number of parameters.
        parameters: usize,
    },
    /// A cloud without rings.
    #[error(
        "`{rings}` rings hold 20 points or more, 2 are needed; hint: depth edges are looked for along the rings of a spinning LiDAR"
    )]
    NoRings {
        /// Rings seen.
        rings: usize,
    },
    /// An image that is not as large as the camera says.
    #[error(
        "the image has `{width}` x `{height}` pixels and `{bytes}` values, the camera expects another size; hint: intrinsics must belong to the image"
    )]
    WrongImage {
        /// Width seen.
        width: usize,
        /// Height seen.
        height: usize,
        /// Values seen.
        bytes: usize,
    },
    /// Too little to see.
    #[error(
        "`{edges}` depth edges in `{frames}` frames fall into the image, `{needed_edges}` in `{needed_frames}` are needed; hint: the LiDAR may not look where the camera does"
    )]
    FewEdges {
        /// Edges inside the image.
        edges: usize,
        /// Frames with edges.
        frames: usize,
        /// Edges needed.
        needed_edges: usize,
        /// Frames needed.
        needed_frames: usize,
    },
    /// No peak worth the name.
    #[error(
        "the score is flat: the angles are uncertain by `{sigma_degrees:.2}` degrees, `{most_degrees}` are tolerated; hint: record a scene with more edges"
    )]
    Flat {
        /// Largest standard deviation of an axis.
        sigma_degrees: f64,
        /// Largest that is accepted.
        most_degrees: f64,
    },
    /// Several peaks of about the same height.
    #[error(
        "two mountings `{apart_degrees:.1}` degrees apart explain the pictures equally well (heights `{ratio:.2}` to 1); hint: use more, and more different, frames"
    )]
    Ambiguous {
        /// Height of the second peak as a part of the first, above the mean.
        ratio: f64,
        /// Distance of the peaks.
        apart_degrees: f64,
    },
    /// The best rotation is at the end of the searched range.
    #[error(
        "the best rotation, `{degrees:.1}` degrees, is at the border of the search; hint: the mounting is off by more than can be measured, or wholly wrong"
    )]
    Border {
        /// Where the search ended.
        degrees: f64,
    },
}
