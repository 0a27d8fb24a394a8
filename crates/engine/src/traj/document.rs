//! What `traj --json` prints.

use super::score::Scored;
use super::{
    Association, ErrorStats, Fit, KittiOptions, Motion, Preparation, Relation, Request, Resampling,
    Step, What, read,
};
use fieldassay_measure::trajectory::{Alignment, KittiScores};
use serde::Serialize;

/// The document of `traj --json`. The numbers of a single estimate stand at the top; those of several in `estimates`,
/// the best first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrajDocument {
    /// Always `fieldassay.traj`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// `ape`, `rpe`, `kitti` or `compare`.
    pub measure: &'static str,
    /// The reference, after cutting.
    pub reference: Path,
    /// How it was measured.
    pub method: Method,
    /// The numbers of a single estimate.
    #[serde(flatten)]
    pub single: Option<Measured>,
    /// The numbers of several estimates, the best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub estimates: Vec<Measured>,
    /// Estimates that could not be read or measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// Parts of recordings that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<String>,
}

impl TrajDocument {
    /// The numbers of every estimate, the best first.
    pub fn measured(&self) -> impl Iterator<Item = &Measured> {
        self.single.iter().chain(&self.estimates)
    }
}

/// A path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Path {
    /// As given.
    pub path: String,
    /// Format, and for topics their name and which times were taken.
    pub format: String,
    /// Poses.
    pub poses: usize,
}

/// How it was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Method {
    /// How an estimate is moved before it is compared.
    pub fit: Fit,
    /// Steps of relative errors.
    pub step: Option<Step>,
    /// Whether steps are looked for along the reference instead of the estimate.
    pub are_steps_of_reference: bool,
    /// Segments.
    pub segments: Option<KittiOptions>,
    /// What was cut before.
    pub preparation: Preparation,
    /// The bootstrap of the intervals.
    pub intervals: Option<Resampling>,
}

/// An estimate that could not be read or measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// As given.
    pub estimate: String,
    /// Why, with the row where one is to blame.
    pub error: String,
}

/// The numbers of one estimate.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Measured {
    /// Of `ape` and `rpe`.
    Errors(Box<Errors>),
    /// Of `kitti`.
    Segments(Box<Segments>),
    /// Of `compare`.
    Compared(Box<Compared>),
}

impl Measured {
    /// The estimate as given.
    pub(super) fn estimate(&self) -> &str {
        match self {
            Self::Errors(found) => &found.estimate,
            Self::Segments(found) => &found.estimate,
            Self::Compared(found) => &found.estimate,
        }
    }

    /// The alignment used.
    pub(super) fn alignment(&self) -> &Aligned {
        match self {
            Self::Errors(found) => &found.alignment,
            Self::Segments(found) => &found.alignment,
            Self::Compared(found) => &found.alignment,
        }
    }

    /// What estimates are ordered by: the root mean square error, of segments the mean.
    pub(super) fn rank(&self) -> f64 {
        match self {
            Self::Errors(found) => found.stats.rmse.estimate,
            Self::Segments(found) => found.scores.translation_ratio.estimate,
            Self::Compared(found) => found.ape.rmse.estimate,
        }
    }
}

/// An alignment as it was found: `y = scale * rotation * x + translation`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Aligned {
    /// What was asked for.
    pub motion: Motion,
    /// Whether a scale was asked for.
    pub with_scale: bool,
    /// Rotation, row by row.
    pub rotation: [[f64; 3]; 3],
    /// Translation, meters.
    pub translation: [f64; 3],
    /// Scale.
    pub scale: f64,
}

impl Aligned {
    pub(super) fn new(how: &Fit, found: &Alignment<3>) -> Self {
        Self {
            motion: how.motion,
            with_scale: how.with_scale,
            rotation: found.rotation,
            translation: found.translation,
            scale: found.scale,
        }
    }

    /// What was asked for, in words.
    pub const fn words(&self) -> &'static str {
        match (self.motion, self.with_scale) {
            (Motion::None, false) => "none",
            (Motion::None, true) => "scale alone",
            (Motion::Se3, false) => "SE(3)",
            (Motion::Se3, true) => "Sim(3)",
            (Motion::Yaw, false) => "yaw and translation",
            (Motion::Yaw, true) => "yaw, translation and scale",
            (Motion::Origin, false) => "first pose onto first pose",
            (Motion::Origin, true) => "scale, then first pose onto first pose",
        }
    }

    /// Whether nothing was asked for.
    pub const fn is_none(&self) -> bool {
        matches!((self.motion, self.with_scale), (Motion::None, false))
    }
}

/// Absolute or relative errors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// The estimate as given.
    pub estimate: String,
    /// Its format.
    pub format: String,
    /// Its poses.
    pub poses: usize,
    /// Pairs of poses.
    pub pairs: usize,
    /// How they were found; null by position in the file.
    pub association: Option<Association>,
    /// Poses of the denser path that serve more than one pair.
    pub reused: usize,
    /// What of two poses is compared.
    pub relation: Relation,
    /// Unit of the errors.
    pub unit: &'static str,
    /// Summary.
    pub stats: ErrorStats,
    /// The alignment used.
    pub alignment: Aligned,
    /// Errors per block of the bootstrap.
    pub block_length: Option<usize>,
    /// Pairs each relative error lies between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<(usize, usize)>>,
    /// Every error, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<f64>>,
}

/// KITTI odometry errors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Segments {
    /// The estimate as given.
    pub estimate: String,
    /// Its format.
    pub format: String,
    /// Its poses.
    pub poses: usize,
    /// Pairs of poses.
    pub pairs: usize,
    /// How they were found; null by position in the file.
    pub association: Option<Association>,
    /// The alignment used; segments are relative, so only its scale changes them.
    pub alignment: Aligned,
    /// Mean errors, over all and by length.
    #[serde(flatten)]
    pub scores: KittiScores,
}

/// Numbers to choose an estimate by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// The estimate as given.
    pub estimate: String,
    /// Its format.
    pub format: String,
    /// Its poses.
    pub poses: usize,
    /// Pairs of poses.
    pub pairs: usize,
    /// How they were found; null by position in the file.
    pub association: Option<Association>,
    /// The alignment used.
    pub alignment: Aligned,
    /// Absolute errors of the translation, meters.
    pub ape: ErrorStats,
    /// Relative errors of the translation, meters.
    pub rpe: ErrorStats,
    /// Time from the first to the last pair over that of the reference; null without times.
    pub covered_ratio: Option<f64>,
    /// Length of the estimate over that of the reference, along the pairs, before the alignment.
    pub length_ratio: f64,
    /// Scale that would fit best (Umeyama); null where the positions do not determine it.
    pub best_scale: Option<f64>,
}

/// Puts the document together.
pub(super) fn document(
    request: &Request,
    reference: &read::Path,
    scored: Vec<Scored>,
    refused: Vec<Refused>,
) -> TrajDocument {
    let (measure, step, of_reference, segments) = match &request.what {
        What::Ape(_) => ("ape", None, false, None),
        What::Rpe(_, step, of_reference) => ("rpe", Some(*step), *of_reference, None),
        What::Kitti(options) => ("kitti", None, false, Some(options.clone())),
        What::Compare(step) => ("compare", Some(*step), false, None),
    };
    let lost = reference.loss.as_ref();
    let lost = lost.map(|loss| format!("`{}`: {loss}", reference.input));
    let mut losses: Vec<String> = lost.into_iter().collect();
    losses.extend(scored.iter().filter_map(|s| s.loss.clone()));
    let mut estimates: Vec<Measured> = scored.into_iter().map(|s| s.measured).collect();
    let single = (request.estimates.len() == 1)
        .then(|| estimates.pop())
        .flatten();
    TrajDocument {
        schema: "fieldassay.traj",
        version: 1,
        measure,
        reference: Path {
            path: reference.input.clone(),
            format: reference.format.clone(),
            poses: reference.len(),
        },
        method: Method {
            fit: request.fit,
            step,
            are_steps_of_reference: of_reference,
            segments,
            preparation: request.preparation,
            intervals: request.intervals,
        },
        single,
        estimates,
        refused,
        losses,
    }
}
