//! The measures of this subject by name.

mod about;
mod rows;

pub(crate) use about::MEASURES;

use super::frame::Frame;
use super::{
    Alignment, Association, DeltaUnit, ErrorStats, Fit, KittiOptions, KittiScores, Loop, LoopNoise,
    Motion, PathErrors, Relation, Step, TrajectoryError, ape, associate, fit, kitti_scores,
    kitti_segments, loop_residual, pairwise_consistency, relative_errors, rpe, scale_drift,
};
use crate::stats::Resampling;
use rows::{Paths, PathsError, Rows, nanos};
use serde::{Deserialize, Serialize};

type Result<T> = std::result::Result<T, PathsError>;

/// An alignment as a case asks for it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Align {
    motion: Motion,
    scale: bool,
    first: Option<usize>,
}

impl Align {
    fn fit(self) -> Fit {
        Fit {
            motion: self.motion,
            with_scale: self.scale,
            first: self.first,
        }
    }
}

/// The alignment that was used.
#[derive(Serialize)]
struct Used {
    motion: Motion,
    rotation: [[f64; 3]; 3],
    translation: [f64; 3],
    scale: f64,
}

impl Used {
    fn new(align: Align, found: &Alignment<3>) -> Self {
        Self {
            motion: align.motion,
            rotation: found.rotation,
            translation: found.translation,
            scale: found.scale,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssociateCase {
    reference_secs: Vec<f64>,
    estimate_secs: Vec<f64>,
    #[serde(default)]
    association: rows::Associate,
}

#[derive(Serialize)]
struct Associated {
    pairs: usize,
    reference: Vec<usize>,
    estimate: Vec<usize>,
    association: Association,
}

fn run_associate(case: &AssociateCase) -> Result<Associated> {
    let list = |secs: &[f64]| secs.iter().map(|s| nanos(*s)).collect::<Result<Vec<i64>>>();
    let how = case.association.read()?;
    let found = associate(
        &list(&case.reference_secs)?,
        &list(&case.estimate_secs)?,
        &how,
    )
    .map_err(TrajectoryError::from)?;
    let (reference, estimate): (Vec<usize>, Vec<usize>) = found.into_iter().unzip();
    Ok(Associated {
        pairs: reference.len(),
        reference,
        estimate,
        association: how,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlignCase {
    reference: Rows,
    estimate: Rows,
    #[serde(default)]
    association: rows::Associate,
    #[serde(default)]
    prepare: rows::Prepare,
    alignment: Align,
}

#[derive(Serialize)]
struct Aligned {
    alignment: Used,
    rmse: f64,
    pairs: usize,
}

fn run_align(case: &AlignCase) -> Result<Aligned> {
    let paths = Paths {
        reference: &case.reference,
        estimate: &case.estimate,
    };
    let (pairs, _) = paths.pairs(&case.association, &case.prepare)?;
    let found = fit(&pairs.reference, &pairs.estimate, &case.alignment.fit())
        .map_err(TrajectoryError::from)?;
    Ok(Aligned {
        rmse: found.mean_squared_error.sqrt(),
        alignment: Used::new(case.alignment, &found),
        pairs: pairs.len(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApeCase {
    reference: Rows,
    estimate: Rows,
    #[serde(default)]
    association: rows::Associate,
    #[serde(default)]
    prepare: rows::Prepare,
    #[serde(default)]
    relation: Relation,
    #[serde(default)]
    alignment: Align,
    bootstrap: Option<Resampling>,
}

/// Errors at the edge.
#[derive(Serialize)]
struct Measured {
    relation: Relation,
    unit: &'static str,
    pairs: usize,
    stats: ErrorStats,
    alignment: Used,
    association: Option<Association>,
    reused: usize,
    repeated: usize,
    block_length: Option<usize>,
    errors: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<(usize, usize)>>,
}

struct Summed {
    relation: Relation,
    alignment: Used,
    association: Option<Association>,
    reused: usize,
    repeated: usize,
}

impl Summed {
    fn with(self, errors: PathErrors, steps: Option<Vec<(usize, usize)>>) -> Measured {
        Measured {
            relation: self.relation,
            unit: self.relation.unit(),
            pairs: errors.errors.len(),
            stats: errors.stats,
            alignment: self.alignment,
            association: self.association,
            reused: self.reused,
            repeated: self.repeated,
            block_length: errors.block_length,
            errors: errors.errors,
            steps,
        }
    }
}

fn run_ape(case: &ApeCase) -> Result<Measured> {
    let paths = Paths {
        reference: &case.reference,
        estimate: &case.estimate,
    };
    let (pairs, association) = paths.pairs(&case.association, &case.prepare)?;
    let found = ape(&pairs, case.relation, &case.alignment.fit(), case.bootstrap)?;
    let summed = Summed {
        relation: case.relation,
        alignment: Used::new(case.alignment, &found.alignment),
        association,
        reused: pairs.reused,
        repeated: pairs.repeated,
    };
    Ok(summed.with(found.errors, None))
}

fn one() -> f64 {
    1.0
}

fn tenth() -> f64 {
    0.1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RpeCase {
    reference: Rows,
    estimate: Rows,
    #[serde(default)]
    association: rows::Associate,
    #[serde(default)]
    prepare: rows::Prepare,
    #[serde(default)]
    relation: Relation,
    #[serde(default)]
    alignment: Align,
    #[serde(default = "one")]
    delta: f64,
    #[serde(default)]
    unit: DeltaUnit,
    #[serde(default)]
    all_pairs: bool,
    #[serde(default = "tenth")]
    rel_tol: f64,
    #[serde(default)]
    pairs_from_reference: bool,
    #[serde(default)]
    from_first_cut: bool,
    bootstrap: Option<Resampling>,
}

fn run_rpe(case: &RpeCase) -> Result<Measured> {
    let paths = Paths {
        reference: &case.reference,
        estimate: &case.estimate,
    };
    let (mut pairs, association) = paths.pairs(&case.association, &case.prepare)?;
    let alignment = fit(&pairs.reference, &pairs.estimate, &case.alignment.fit())
        .map_err(TrajectoryError::from)?;
    for frame in &mut pairs.estimate {
        *frame = alignment.apply_frame(frame);
    }
    let step = Step {
        delta: case.delta,
        unit: case.unit,
        is_over_all_pairs: case.all_pairs,
        rel_tol: case.rel_tol,
        is_from_first_cut: case.from_first_cut,
    };
    let found = rpe(
        &pairs,
        case.relation,
        (&step, case.pairs_from_reference),
        case.bootstrap,
    )?;
    let summed = Summed {
        relation: case.relation,
        alignment: Used::new(case.alignment, &alignment),
        association,
        reused: pairs.reused,
        repeated: pairs.repeated,
    };
    Ok(summed.with(found.errors, Some(found.steps)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KittiCase {
    reference: Rows,
    estimate: Rows,
    #[serde(default)]
    association: rows::Associate,
    lengths_meters: Option<Vec<f64>>,
    step: Option<usize>,
    #[serde(default)]
    float32: bool,
    period_secs: Option<f64>,
    bootstrap: Option<Resampling>,
}

fn run_kitti(case: &KittiCase) -> Result<KittiScores> {
    let paths = Paths {
        reference: &case.reference,
        estimate: &case.estimate,
    };
    let (pairs, _) = paths.pairs(&case.association, &rows::Prepare::default())?;
    let default = KittiOptions::default();
    let how = KittiOptions {
        lengths_meters: case
            .lengths_meters
            .clone()
            .unwrap_or(default.lengths_meters),
        step: case.step.unwrap_or(default.step),
        in_float32: case.float32,
        period_secs: case.period_secs.unwrap_or(default.period_secs),
    };
    let segments = kitti_segments(&pairs.reference, &pairs.estimate, &how)?;
    Ok(kitti_scores(&segments, case.bootstrap)?)
}

fn fifth() -> f64 {
    0.2
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelativeCase {
    reference: Rows,
    estimate: Rows,
    #[serde(default)]
    association: rows::Associate,
    #[serde(default)]
    alignment: Align,
    lengths_meters: Vec<f64>,
    #[serde(default = "fifth")]
    rel_tol: f64,
    bootstrap: Option<Resampling>,
}

/// Errors over stretches of one length.
#[derive(Serialize)]
struct Relative {
    length_meters: f64,
    translation_ratio: ErrorStats,
    yaw_radians: ErrorStats,
    gravity_radians: ErrorStats,
    scale_error_ratio: Option<ErrorStats>,
}

#[derive(Serialize)]
struct Relatives {
    alignment: Used,
    by_length: Vec<Relative>,
}

fn run_relative(case: &RelativeCase) -> Result<Relatives> {
    let paths = Paths {
        reference: &case.reference,
        estimate: &case.estimate,
    };
    let (pairs, _) = paths.pairs(&case.association, &rows::Prepare::default())?;
    let alignment = fit(&pairs.reference, &pairs.estimate, &case.alignment.fit())
        .map_err(TrajectoryError::from)?;
    let moved: Vec<Frame> = pairs
        .estimate
        .iter()
        .map(|f| alignment.apply_frame(f))
        .collect();
    let sum = |values: Vec<f64>| -> Result<ErrorStats> {
        let found = super::error_stats(values, case.bootstrap).map_err(TrajectoryError::from)?;
        Ok(found.stats)
    };
    let by_length = case
        .lengths_meters
        .iter()
        .map(|&length_meters| {
            let found = relative_errors(&pairs.reference, &moved, length_meters, case.rel_tol)?;
            let of = |part: fn(&super::RelativeError) -> f64| found.iter().map(part).collect();
            let scales: Vec<f64> = found
                .iter()
                .filter_map(|e| e.scale_error_ratio.map(f64::abs))
                .collect();
            Ok(Relative {
                length_meters,
                translation_ratio: sum(of(|e| e.translation_ratio))?,
                yaw_radians: sum(of(|e| e.yaw_radians.abs()))?,
                gravity_radians: sum(of(|e| e.gravity_radians))?,
                scale_error_ratio: if scales.is_empty() {
                    None
                } else {
                    Some(sum(scales)?)
                },
            })
        })
        .collect::<Result<_>>()?;
    Ok(Relatives {
        alignment: Used::new(case.alignment, &alignment),
        by_length,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScaleCase {
    reference: Rows,
    estimate: Rows,
    #[serde(default)]
    association: rows::Associate,
    length_meters: f64,
}

fn run_scale(case: &ScaleCase) -> Result<super::ScaleDrift> {
    let paths = Paths {
        reference: &case.reference,
        estimate: &case.estimate,
    };
    let (pairs, _) = paths.pairs(&case.association, &rows::Prepare::default())?;
    Ok(scale_drift(
        &pairs.reference,
        &pairs.estimate,
        case.length_meters,
    )?)
}

/// A loop closure: its motion as `x y z qx qy qz qw`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoopRow {
    from: usize,
    to: usize,
    measured: [f64; 7],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoopCase {
    path: Rows,
    loops: Vec<LoopRow>,
    translation_sigma_meters: f64,
    rotation_sigma_radians: f64,
    #[serde(default)]
    drift_meters_per_meter: f64,
    #[serde(default)]
    drift_radians_per_meter: f64,
    #[serde(default = "hundredth")]
    least_p: f64,
}

fn hundredth() -> f64 {
    0.01
}

impl LoopCase {
    fn read(&self) -> Result<(Vec<Frame>, Vec<Loop>, LoopNoise)> {
        let loops = self.loops.iter().map(|row| {
            let pose = rows::pose_of(&row.measured);
            Loop {
                from: row.from,
                to: row.to,
                measured: pose.normalized().unwrap_or(pose),
            }
        });
        let noise = LoopNoise {
            translation_meters: self.translation_sigma_meters,
            rotation_radians: self.rotation_sigma_radians,
            drift_meters_per_meter: self.drift_meters_per_meter,
            drift_radians_per_meter: self.drift_radians_per_meter,
        };
        Ok((self.path.frames("path")?, loops.collect(), noise))
    }
}

#[derive(Serialize)]
struct Residuals {
    loops: Vec<super::LoopResidual>,
}

fn run_loops(case: &LoopCase) -> Result<Residuals> {
    let (path, loops, noise) = case.read()?;
    Ok(Residuals {
        loops: loop_residual(&path, &loops, &noise)?,
    })
}

fn run_consistency(case: &LoopCase) -> Result<super::Consistency> {
    let (path, loops, noise) = case.read()?;
    Ok(pairwise_consistency(&path, &loops, &noise, case.least_p)?)
}
