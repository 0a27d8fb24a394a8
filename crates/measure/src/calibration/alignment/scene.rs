//! Pairs of images and sweeps, and their scores.

use super::edges::{
    EdgeKind, Field, GreyView, RingCloud, depth_edges, edge_strength, inverse_distance,
};
use super::{AlignmentError, CameraModel};
use crate::pose::matrix::{Matrix, add, transform};
use crate::pose::{Pose, matrix_of_quat, quat_of_rotation_vector};

/// Images are reduced to at most this width, pixels: edges are then known to about a tenth of a degree, which is
/// finer than the beams of a LiDAR, and sixteen frames stay below 60 MB.
const MOST_WIDTH: u32 = 640;
/// Share of the strength of an edge that is not spread (Levinson and Thrun 2013).
const ALPHA: f32 = 1.0 / 3.0;
/// Angle over which the spread strength decays to 1/e: so many times that between the beams an edge lies between,
/// and at least half a degree. (The paper's 0.98 per pixel leaves the roll known to half a degree only; simulated
/// streets, 16 rings.)
const DECAY_GAPS: f64 = 2.0;
const LEAST_DECAY_RADIANS: f64 = 0.0096;
/// Angle between beams up to which edges count fully, radians (0.35 degrees); beyond, their weight falls with its
/// square, as the variance of where they are grows.
const FULL_WEIGHT_RADIANS: f64 = 0.006;
/// Edge strength at which an edge counts half as much as the strongest, grey levels: contrast says little about
/// whether an edge is one of depth.
const HALF_STRENGTH: f32 = 12.0;
/// Edges nearer to the border of the image than this leave it within the range of the search; radians (3.5 degrees).
const MARGIN_RADIANS: f64 = 0.061;
/// Most edges and points kept per frame.
const MOST_EDGES: usize = 1500;
const MOST_POINTS: usize = 4000;
/// How far beyond the corners of the picture points count, radians (15 degrees): edges at its border need neighbors.
const BESIDE_RADIANS: f64 = 0.262;
/// Half angle of view beyond which nothing is left out, radians (75 degrees).
const WIDEST_RADIANS: f64 = 1.309;
/// Points nearer than this many times the distance of camera and LiDAR are all kept: they lie in another direction for
/// the camera, by up to 11 degrees at this distance.
const NEAR_SHIFTS: f64 = 5.0;
/// Edges that coarse comparisons of many mountings rest on.
const COARSE_EDGES: usize = 3000;
/// Bins of intensity and of brightness (koide3's `nid_cost.hpp`).
const BINS: usize = 10;

/// A small change of the mounting, in the axes of the camera: x right, y down, z forward.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Change {
    /// Rotation vector, radians.
    pub rotation_radians: [f64; 3],
    /// Shift, meters.
    pub translation_meters: [f64; 3],
}

/// How many changes of the mounting lower a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Changes that make it worse.
    pub worse: u64,
    /// Changes tried.
    pub tried: u64,
}

impl Share {
    /// `worse / tried`, NaN for none.
    pub fn ratio(&self) -> f64 {
        self.worse as f64 / self.tried as f64
    }
}

/// One pair.
#[derive(Clone, Debug)]
struct Frame {
    vertical: Field,
    horizontal: Field,
    edges: Vec<PlacedEdge>,
    grey: Field,
    points: Vec<([f64; 3], f64)>,
}

/// A depth edge in the frame of the camera, by the claimed mounting.
#[derive(Clone, Copy, Debug)]
struct PlacedEdge {
    position: [f64; 3],
    weight: f64,
    gap_radians: f64,
    is_horizontal: bool,
}

/// Pairs of images and sweeps of one camera and one LiDAR with their claimed mounting.
#[derive(Clone, Debug)]
pub struct Scene {
    camera: CameraModel,
    factor: u32,
    camera_from_lidar: (Matrix<3, 3>, [f64; 3]),
    frames: Vec<Frame>,
}

/// Part of a cloud.
#[derive(Default)]
struct Seen {
    points: Vec<[f32; 3]>,
    rings: Vec<u16>,
    intensities: Vec<f32>,
}

impl Seen {
    fn cloud(&self) -> RingCloud<'_> {
        RingCloud {
            points: &self.points,
            rings: &self.rings,
            intensities: &self.intensities,
        }
    }
}

impl Scene {
    /// An empty scene. `camera_from_lidar` maps points of the LiDAR's frame to the optical frame.
    /// A quaternion is normalized; one of length zero counts as no rotation.
    pub fn new(camera: &CameraModel, camera_from_lidar: &Pose) -> Self {
        let factor = camera.size[0].div_ceil(MOST_WIDTH).max(1);
        Self {
            camera: camera.reduced(factor),
            factor,
            camera_from_lidar: (
                camera_from_lidar.rotation_matrix(),
                camera_from_lidar.translation_meters,
            ),
            frames: Vec::new(),
        }
    }

    /// Pairs taken in.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Depth edges inside the images.
    pub fn edges(&self) -> usize {
        self.frames.iter().map(|f| f.edges.len()).sum()
    }

    /// Takes in a pair of the same moment; returns how many depth edges fall into the image.
    ///
    /// Edges whose pixel lies within 3.5 degrees of the border are left out, so that the same edges are compared
    /// wherever the search goes.
    ///
    /// Errors: [`AlignmentError::WrongImage`], [`AlignmentError::NoRings`]. Cost: about 60 operations per pixel of
    /// the image reduced to 480 columns, and a sort of the points.
    pub fn push(
        &mut self,
        image: &GreyView<'_>,
        cloud: &RingCloud<'_>,
    ) -> Result<usize, AlignmentError> {
        let factor = self.factor as usize;
        let expected = self.camera.size.map(|s| s as usize);
        let fits = image.width / factor == expected[0]
            && image.height / factor == expected[1]
            && image.data.len() == image.width * image.height;
        if !fits {
            return Err(AlignmentError::WrongImage {
                width: image.width,
                height: image.height,
                bytes: image.data.len(),
            });
        }
        let seen = self.in_view(cloud);
        let cloud = &seen.as_ref().map_or(*cloud, Seen::cloud);
        let edges = self.place_edges(cloud)?;
        let grey = Field {
            width: expected[0],
            height: expected[1],
            values: image.reduced(factor),
        };
        let field = |kind| {
            let mut strength = edge_strength(&grey, kind);
            for value in &mut strength.values {
                *value /= *value + HALF_STRENGTH;
            }
            inverse_distance(&strength, ALPHA, decay(&edges, kind, self.camera.focal[0]))
        };
        let frame = Frame {
            vertical: field(EdgeKind::Vertical),
            horizontal: field(EdgeKind::Horizontal),
            points: self.place_points(cloud),
            edges,
            grey,
        };
        let count = frame.edges.len();
        self.frames.push(frame);
        Ok(count)
    }

    /// The points a little beyond the picture and nearer to the camera: all that can matter, for a wide turn of the
    /// LiDAR costs more than anything else. None where the lens sees so much that it would not pay.
    fn in_view(&self, cloud: &RingCloud<'_>) -> Option<Seen> {
        let [width, height] = self.camera.size.map(f64::from);
        let corners = [[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]];
        let mut widest = 0.0_f64;
        for corner in corners {
            let [x, y] = self.camera.normalize(corner)?;
            widest = widest.max((x * x + y * y).sqrt().atan());
        }
        let limit = widest + BESIDE_RADIANS;
        if limit > WIDEST_RADIANS {
            return None;
        }
        let (rotation, shift) = &self.camera_from_lidar;
        let near = NEAR_SHIFTS * (shift.iter().map(|x| x * x).sum::<f64>()).sqrt();
        let cosine = limit.cos();
        let mut seen = Seen::default();
        let intensities = cloud
            .intensities
            .iter()
            .copied()
            .chain(std::iter::repeat(f32::NAN));
        for ((point, ring), intensity) in cloud.points.iter().zip(cloud.rings).zip(intensities) {
            let [x, y, z] = point.map(f64::from);
            let range = (x * x + y * y + z * z).sqrt();
            let depth = rotation[2][0] * x + rotation[2][1] * y + rotation[2][2] * z;
            if range < near || depth > cosine * range {
                seen.points.push(*point);
                seen.rings.push(*ring);
                seen.intensities.push(intensity);
            }
        }
        Some(seen)
    }

    fn place_edges(&self, cloud: &RingCloud<'_>) -> Result<Vec<PlacedEdge>, AlignmentError> {
        let found = depth_edges(cloud)?;
        let margin = MARGIN_RADIANS * self.camera.focal[0];
        let size = self.camera.size.map(f64::from);
        let mut edges: Vec<PlacedEdge> = found
            .iter()
            .filter_map(|edge| {
                let position = self.claimed(edge.position);
                let [u, v] = self.camera.project(position)?;
                let inside =
                    u > margin && v > margin && u < size[0] - margin && v < size[1] - margin;
                inside.then_some(PlacedEdge {
                    position,
                    weight: (FULL_WEIGHT_RADIANS / edge.gap_radians).powi(2).min(1.0),
                    gap_radians: edge.gap_radians,
                    is_horizontal: edge.is_horizontal,
                })
            })
            .collect();
        thin(&mut edges, MOST_EDGES);
        Ok(edges)
    }

    fn place_points(&self, cloud: &RingCloud<'_>) -> Vec<([f64; 3], f64)> {
        let mut points: Vec<([f64; 3], f64)> = cloud
            .points
            .iter()
            .zip(cloud.intensities)
            .filter(|(p, i)| i.is_finite() && p.iter().all(|x| x.is_finite()))
            .filter_map(|(p, i)| {
                let position = self.claimed(p.map(f64::from));
                let pixel = self.camera.project(position)?;
                let size = self.camera.size.map(f64::from);
                let inside =
                    pixel[0] >= 0.0 && pixel[1] >= 0.0 && pixel[0] < size[0] && pixel[1] < size[1];
                inside.then_some((position, f64::from(*i)))
            })
            .collect();
        thin(&mut points, MOST_POINTS);
        points
    }

    fn claimed(&self, point: [f64; 3]) -> [f64; 3] {
        let (rotation, shift) = &self.camera_from_lidar;
        add(&transform(rotation, &point), shift)
    }

    /// Mean over the depth edges of the inverse distance to image edges of their direction; higher is better, at
    /// most 1; NaN without edges.
    ///
    /// Levinson and Thrun 2013, eq. 3, with deviations that make the rotation sharper: edges along a ring are
    /// compared with vertical image edges and edges across rings with horizontal ones, weighted by how well the
    /// beams place them; edge
    /// strengths are saturated (`E / (E + 12)`) and jumps not weighted; strength decays over an angle, not over
    /// pixels; the mean is taken instead of the sum, over edges that stay inside the image.
    /// Cost: one projection per edge.
    pub fn edge_score(&self, change: &Change) -> f64 {
        self.thinned_score(change, 1)
    }

    /// [`Scene::edge_score`] of every `stride`-th edge.
    pub(super) fn thinned_score(&self, change: &Change, stride: usize) -> f64 {
        let scores = self.thinned_scores(std::slice::from_ref(change), stride);
        scores.first().copied().unwrap_or(f64::NAN)
    }

    /// [`Scene::thinned_score`] of each of some changes, in far less time than one after the other.
    pub(super) fn thinned_scores(&self, changes: &[Change], stride: usize) -> Vec<f64> {
        let weight = self.total_weight(stride);
        let scores = self.frame_scores(changes, stride);
        let totals = scores.iter().map(|frames| frames.iter().sum::<f64>());
        totals.map(|total| total / weight).collect()
    }

    /// The stride at which about 3,000 edges are left, for comparing hundreds of mountings.
    pub(super) fn coarse_stride(&self) -> usize {
        self.edges().div_ceil(COARSE_EDGES).max(1)
    }

    /// Sum of the weights of all edges.
    fn total_weight(&self, stride: usize) -> f64 {
        let all = self
            .frames
            .iter()
            .flat_map(|f| f.edges.iter().step_by(stride));
        all.map(|edge| edge.weight).sum()
    }

    /// Sum of the weighted edge scores of each frame, by change: edge by edge, as changes that are alike bring an edge to
    /// pixels that are in the cache by then.
    pub(super) fn frame_scores(&self, changes: &[Change], stride: usize) -> Vec<Vec<f64>> {
        let moves: Vec<(Matrix<3, 3>, [f64; 3])> = changes
            .iter()
            .map(|change| {
                let rotation = matrix_of_quat(&quat_of_rotation_vector(&change.rotation_radians));
                (rotation, change.translation_meters)
            })
            .collect();
        let mut scores = vec![Vec::with_capacity(self.frames.len()); moves.len()];
        for frame in &self.frames {
            let mut sums = vec![0.0; moves.len()];
            for edge in frame.edges.iter().step_by(stride) {
                let field = if edge.is_horizontal {
                    &frame.horizontal
                } else {
                    &frame.vertical
                };
                for (sum, (rotation, shift)) in sums.iter_mut().zip(&moves) {
                    let moved = add(&transform(rotation, &edge.position), shift);
                    let pixel = self.camera.project(moved);
                    if let Some(near) = pixel.and_then(|pixel| field.at(pixel)) {
                        *sum += edge.weight * near;
                    }
                }
            }
            for (scores, sum) in scores.iter_mut().zip(sums) {
                scores.push(sum);
            }
        }
        scores
    }

    /// Share of the `3^6 - 1` changes by plus or minus one step of each angle and shift whose edge score is worse
    /// than that of the claimed mounting (Levinson and Thrun 2013, their share F): near 1 for a good mounting, about one half
    /// for a wrong one. Cost: 729 scores.
    pub fn share_worse(&self, step_radians: f64, step_meters: f64) -> Share {
        let stride = self.coarse_stride();
        let claimed = self.thinned_score(&Change::default(), stride);
        // The middle of the grid is the claimed mounting itself.
        let changes: Vec<Change> = (0..729_u32)
            .filter(|index| *index != 364)
            .map(|index| {
                let digit = |place: u32| f64::from(index / 3_u32.pow(place) % 3) - 1.0;
                Change {
                    rotation_radians: [0, 1, 2].map(|i| step_radians * digit(i)),
                    translation_meters: [3, 4, 5].map(|i| step_meters * digit(i)),
                }
            })
            .collect();
        let scores = self.thinned_scores(&changes, stride);
        Share {
            worse: scores.iter().filter(|score| **score < claimed).count() as u64,
            tried: scores.len() as u64,
        }
    }

    /// Normalized information distance of LiDAR intensity and brightness, 10 by 10 bins, over the points that fall
    /// into the images: `(H_xy - I) / H_xy` with `I = H_x + H_y - H_xy`, in 0 (one tells the other) to 1
    /// (independent); none without intensities, or when one of them is constant.
    ///
    /// As koide3's `nid_cost.hpp`, with probabilities where that code uses counts, and bins of equal counts for the
    /// intensity (rank), since vendors scale it differently. Cost: one projection per point.
    pub fn nid(&self, change: &Change) -> Option<f64> {
        let mut sorted: Vec<f64> = self
            .frames
            .iter()
            .flat_map(|f| &f.points)
            .map(|p| p.1)
            .collect();
        if sorted.len() < BINS * BINS {
            return None;
        }
        sorted.sort_by(f64::total_cmp);
        let cuts: Vec<f64> = (1..BINS)
            .filter_map(|i| sorted.get(i * sorted.len() / BINS).copied())
            .collect();
        let rotation = matrix_of_quat(&quat_of_rotation_vector(&change.rotation_radians));
        let shift = change.translation_meters;
        let mut joint = [[0_u32; BINS]; BINS];
        for frame in &self.frames {
            for (point, intensity) in &frame.points {
                let moved = add(&transform(&rotation, point), &shift);
                let grey = self
                    .camera
                    .project(moved)
                    .and_then(|pixel| frame.grey.at(pixel));
                let Some(grey) = grey else { continue };
                let row = cuts.partition_point(|cut| cut <= intensity).min(BINS - 1);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "brightness lies in 0 to 255"
                )]
                let column = ((grey / 256.0 * BINS as f64) as usize).min(BINS - 1);
                if let Some(cell) = joint.get_mut(row).and_then(|r| r.get_mut(column)) {
                    *cell += 1;
                }
            }
        }
        distance(&joint)
    }
}

/// Normalized information distance of a table of counts; none when a variable is constant.
fn distance(joint: &[[u32; BINS]; BINS]) -> Option<f64> {
    let total: f64 = joint.iter().flatten().map(|c| f64::from(*c)).sum();
    let entropy = |counts: &mut dyn Iterator<Item = f64>| -> f64 {
        counts
            .filter(|c| *c > 0.0)
            .map(|c| -c / total * (c / total).ln())
            .sum()
    };
    let h_xy = entropy(&mut joint.iter().flatten().map(|c| f64::from(*c)));
    let h_x = entropy(
        &mut joint
            .iter()
            .map(|row| row.iter().map(|c| f64::from(*c)).sum()),
    );
    let column = |i: usize| {
        joint
            .iter()
            .filter_map(|row| row.get(i))
            .map(|c| f64::from(*c))
            .sum()
    };
    let h_y = entropy(&mut (0..BINS).map(column));
    let usable = total > 0.0 && h_x > 0.0 && h_y > 0.0;
    usable.then(|| (h_xy - (h_x + h_y - h_xy)) / h_xy)
}

/// What is left of the strength of an edge one pixel away.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a factor between 0 and 1 in single precision"
)]
fn decay(edges: &[PlacedEdge], kind: EdgeKind, focal: f64) -> f32 {
    let is_horizontal = kind == EdgeKind::Horizontal;
    let alike = edges
        .iter()
        .filter(|edge| edge.is_horizontal == is_horizontal);
    let mut gaps: Vec<f64> = alike.map(|edge| edge.gap_radians).collect();
    let gap = crate::stats::median(&mut gaps).unwrap_or(0.0);
    let angle = (DECAY_GAPS * gap).max(LEAST_DECAY_RADIANS);
    (-1.0 / (angle * focal)).exp() as f32
}

/// Keeps every so-many-th entry, so that at most `most` stay.
fn thin<T>(entries: &mut Vec<T>, most: usize) {
    let stride = entries.len().div_ceil(most).max(1);
    let mut index = 0;
    entries.retain(|_| {
        index += 1;
        (index - 1) % stride == 0
    });
}
