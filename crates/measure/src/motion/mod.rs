//! Time offset and rotation between two streams that see the same motion.
//!
//! Read [`Turn`] first: every stream that sees rotation (gyro, poses, images) becomes a list of turns. Then [`align`]:
//! offset, rotation and bias of one stream against another, with sigmas. [`norm_offset`] is the simpler estimate from
//! rates whose axes are not known.
//! Sign: an offset of a against b is the stamp of a minus the stamp of b for the same event, so it is positive when the
//! stamps of a are late, and an event that b stamps `t` is stamped `t + offset` by a.
//! Not here: how images become rotations ([`crate::image`]).

mod align;
mod correlate;
mod refine;
mod turn;
mod windows;

pub use align::{AlignOptions, Alignment, align};
pub use correlate::{NormOffset, Peak, norm_offset, normalized_correlation, parabola};
pub use turn::{Turn, clip, median_step_secs, turns_of_poses, turns_of_rates};
pub use windows::{OffsetLine, offset_line};

/// Why there is no offset.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum MotionError {
    /// The streams overlap too little.
    #[error("the streams overlap for `{seconds}` s, expected at least `{needed}` s")]
    TooShort {
        /// Seconds both cover.
        seconds: f64,
        /// Seconds needed.
        needed: f64,
    },
    /// Nothing turned enough.
    #[error("the rate varies by `{seen}` rad/s, expected at least `{needed}` rad/s")]
    NotExcited {
        /// Smaller of the two root mean squares of the rate about its mean, radians per second.
        seen: f64,
        /// What is needed.
        needed: f64,
    },
    /// The streams do not show the same motion at any lag.
    #[error("the best correlation is `{seen}`, expected at least `{needed}`: not the same motion")]
    NotAlike {
        /// Best correlation.
        seen: f64,
        /// What is needed.
        needed: f64,
    },
    /// Two lags fit about equally well.
    #[error("another lag fits `{ratio}` times as well as the best, expected at most `{tolerated}`")]
    Ambiguous {
        /// Second peak over the first.
        ratio: f64,
        /// What is tolerated.
        tolerated: f64,
    },
    /// The best lag is at the end of the search.
    #[error("the best lag is at the end of the search, `{seconds}` s: the true offset is larger")]
    AtTheEdge {
        /// The lag.
        seconds: f64,
    },
    /// The refinement did not settle.
    #[error("the refinement does not settle near the best lag")]
    Diverged,
    /// A parameter out of its range.
    #[error("`{what}` is `{value}`; hint: a positive number")]
    BadOption {
        /// Which parameter.
        what: &'static str,
        /// The value seen.
        value: f64,
    },
}
