//! `traj`: paths of poses against a reference.

use super::resampling;
use crate::exit::{Happened, UsageError};
use crate::render;
use fieldassay_engine::pictures;
use fieldassay_engine::traj::{
    self, Association, DeltaUnit, Fit, Input, KittiOptions, Motion, MotionFilter, PathFormat,
    Plane, Preparation, Relation, Request, Stamps, Step, What,
};
use fieldassay_model::TimeBound;
use std::path::PathBuf;

/// Compare estimated trajectories with a reference.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Absolute pose error: how far each pose is from its reference.
    Ape {
        #[command(flatten)]
        paths: Paths,
        #[command(flatten)]
        relation: RelationArgument,
        #[command(flatten)]
        fit: FitArguments,
    },
    /// Relative pose error: how far single steps are from those of the reference.
    Rpe {
        #[command(flatten)]
        paths: Paths,
        #[command(flatten)]
        relation: RelationArgument,
        #[command(flatten)]
        fit: FitArguments,
        #[command(flatten)]
        steps: StepArguments,
        /// Look for steps along the reference instead of the estimate.
        #[arg(long)]
        pairs_from_reference: bool,
    },
    /// KITTI odometry errors: drift over segments of 100 to 800 m.
    Kitti {
        #[command(flatten)]
        paths: Paths,
        #[command(flatten)]
        fit: FitArguments,
        /// Lengths of the segments, meters.
        #[arg(long, value_name = "L,…", value_delimiter = ',')]
        lengths: Vec<f64>,
        /// Poses from the start of one segment to that of the next.
        #[arg(long, value_name = "N", default_value_t = 10)]
        step: usize,
        /// Hold distances and angles in 32 bits, as the development kit of KITTI does.
        #[arg(long)]
        float32: bool,
    },
    /// Several estimates side by side: both errors, coverage, length and scale.
    Compare {
        #[command(flatten)]
        paths: Paths,
        #[command(flatten)]
        fit: FitArguments,
        #[command(flatten)]
        steps: StepArguments,
    },
    /// Draw paths from above and their absolute errors, as SVG.
    Plot {
        #[command(flatten)]
        paths: Paths,
        #[command(flatten)]
        relation: RelationArgument,
        #[command(flatten)]
        fit: FitArguments,
    },
}

/// Paths, how their poses are paired, and what is printed.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("drawn").multiple(true))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags of a command line are independent of each other"
)]
struct Paths {
    /// The reference: a trajectory file, a table of poses, or a recording as `FILE:/topic`.
    #[arg(value_name = "REF")]
    reference: String,
    /// Estimates, likewise.
    #[arg(value_name = "EST", required = true)]
    estimates: Vec<String>,
    /// Form of the files: tum, kitti, euroc or recording:TOPIC; recognized when not given.
    #[arg(long, value_name = "FORM")]
    format: Option<String>,
    /// Form of the reference, where it has another.
    #[arg(long, value_name = "FORM")]
    ref_format: Option<String>,
    /// Most time between the poses of a pair, seconds.
    #[arg(
        long,
        value_name = "S",
        default_value_t = 0.01,
        allow_negative_numbers = true
    )]
    max_diff: f64,
    /// Added to the stamps of the estimates, seconds.
    #[arg(
        long,
        value_name = "S",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    offset: f64,
    /// Interpolate the denser path at the stamps of the other instead of taking its nearest poses.
    #[arg(long)]
    interpolate: bool,
    /// Take unsorted and repeated stamps as they are (evo does) instead of refusing them.
    #[arg(long)]
    stamps_as_they_are: bool,
    /// Use the reference only from here: seconds from its first pose, or ISO 8601.
    #[arg(long, value_name = "T")]
    start: Option<String>,
    /// Use the reference only up to here: seconds from its first pose, or ISO 8601.
    #[arg(long, value_name = "T")]
    end: Option<String>,
    /// Keep so many poses of each path, spread evenly.
    #[arg(long, value_name = "N")]
    downsample: Option<usize>,
    /// Keep poses that moved so far along the path, or turned so far, since the last one kept.
    #[arg(long, num_args = 2, value_names = ["METERS", "DEGREES"])]
    motion_filter: Option<Vec<f64>>,
    /// Lay both paths into a plane before they are aligned.
    #[arg(long, value_name = "PLANE")]
    project: Option<PlaneName>,
    /// Give intervals at 95 % (block bootstrap of 1000 resamples).
    #[arg(long, group = "drawn")]
    intervals: bool,
    /// The same with so many resamples.
    #[arg(long, alias = "resamples", value_name = "N", group = "drawn")]
    bootstrap: Option<usize>,
    /// Seed of the resamples; the same seed gives the same intervals.
    #[arg(long, value_name = "S", default_value_t = 1, requires = "drawn")]
    seed: u64,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
    /// Put every single error into the JSON document.
    #[arg(long, requires = "json")]
    errors: bool,
    /// Draw paths and errors to this file; `plot` prints the picture when it is not given.
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// Replace an existing picture.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
struct RelationArgument {
    /// What of two poses is compared.
    #[arg(long, short = 'r', value_enum, default_value_t = RelationName::Translation)]
    relation: RelationName,
}

/// Names of relations, with those of evo.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum RelationName {
    #[value(alias = "trans_part")]
    Translation,
    #[value(alias = "angle_deg")]
    RotationAngleDeg,
    #[value(alias = "angle_rad")]
    RotationAngleRad,
    #[value(alias = "rot_part")]
    Rotation,
    Full,
    #[value(alias = "point_distance")]
    PointDistance,
    #[value(alias = "point_distance_error_ratio")]
    PointDistanceRatio,
}

#[derive(Debug, clap::Args)]
struct FitArguments {
    /// How an estimate is moved as a whole before it is compared.
    #[arg(long, short = 'a', value_enum, default_value_t = AlignName::None)]
    align: AlignName,
    /// Fit the scale too (`sim3` is `se3` with it).
    #[arg(long, short = 's')]
    scale: bool,
    /// Fit to the first N pairs alone.
    #[arg(long, value_name = "N")]
    n_to_align: Option<usize>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum AlignName {
    Se3,
    Sim3,
    Yaw,
    Origin,
    None,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum PlaneName {
    Xy,
    Xz,
    Yz,
}

#[derive(Debug, clap::Args)]
struct StepArguments {
    /// Length of a step.
    #[arg(long, short = 'd', value_name = "D", default_value_t = 1.0)]
    delta: f64,
    /// Its unit.
    #[arg(long, short = 'u', value_enum, default_value_t = UnitName::Frames)]
    unit: UnitName,
    /// Every pair that is a step apart, instead of one step after the other.
    #[arg(long)]
    all_pairs: bool,
    /// Largest departure from the step as a share of it, for all pairs and for seconds.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    delta_tolerance: f64,
    /// Begin steps in meters where the first one ends, as evo up to 1.36.
    #[arg(long)]
    from_first_cut: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum UnitName {
    #[value(alias = "f")]
    Frames,
    #[value(alias = "m")]
    Meters,
    #[value(alias = "d")]
    Degrees,
    #[value(alias = "r")]
    Radians,
    #[value(alias = "s")]
    Seconds,
}

impl RelationArgument {
    fn read(&self) -> Relation {
        match self.relation {
            RelationName::Translation => Relation::TranslationPart,
            RelationName::RotationAngleDeg => Relation::RotationAngleDeg,
            RelationName::RotationAngleRad => Relation::RotationAngleRad,
            RelationName::Rotation => Relation::RotationPart,
            RelationName::Full => Relation::FullTransformation,
            RelationName::PointDistance => Relation::PointDistance,
            RelationName::PointDistanceRatio => Relation::PointDistanceErrorRatio,
        }
    }
}

impl FitArguments {
    fn read(&self) -> Fit {
        let (motion, is_sim3) = match self.align {
            AlignName::Se3 => (Motion::Se3, false),
            AlignName::Sim3 => (Motion::Se3, true),
            AlignName::Yaw => (Motion::Yaw, false),
            AlignName::Origin => (Motion::Origin, false),
            AlignName::None => (Motion::None, false),
        };
        Fit {
            motion,
            with_scale: is_sim3 || self.scale,
            first: self.n_to_align,
        }
    }
}

impl StepArguments {
    fn read(&self) -> Step {
        Step {
            delta: self.delta,
            unit: match self.unit {
                UnitName::Frames => DeltaUnit::Frames,
                UnitName::Meters => DeltaUnit::Meters,
                UnitName::Degrees => DeltaUnit::Degrees,
                UnitName::Radians => DeltaUnit::Radians,
                UnitName::Seconds => DeltaUnit::Seconds,
            },
            is_over_all_pairs: self.all_pairs,
            rel_tol: self.delta_tolerance,
            is_from_first_cut: self.from_first_cut,
        }
    }
}

impl Paths {
    fn request(&self, what: What, fit: Fit) -> anyhow::Result<Request> {
        let format = |text: &Option<String>| text.as_deref().map(PathFormat::parse).transpose();
        let all = format(&self.format)?;
        let of_reference = format(&self.ref_format)?;
        let of_reference = of_reference.as_ref().or(all.as_ref());
        let bound = |text: &Option<String>| {
            let text = text.as_deref().map(TimeBound::parse);
            text.transpose()
                .map_err(|error| UsageError(error.to_string()))
        };
        let estimates = self.estimates.iter();
        Ok(Request {
            reference: Input::parse(&self.reference, of_reference),
            estimates: estimates
                .map(|text| Input::parse(text, all.as_ref()))
                .collect(),
            what,
            association: Association {
                max_diff_nanos: traj::nanos("--max-diff", self.max_diff)?,
                offset_nanos: traj::nanos("--offset", self.offset)?,
                is_interpolated: self.interpolate,
                stamps: if self.stamps_as_they_are {
                    Stamps::AsTheyAre
                } else {
                    Stamps::Strict
                },
                ..Association::default()
            },
            preparation: self.preparation(),
            start: bound(&self.start)?,
            end: bound(&self.end)?,
            fit,
            intervals: resampling(self.intervals, self.bootstrap, self.seed),
            with_errors: self.errors,
            with_lines: self.plot.is_some(),
        })
    }

    fn preparation(&self) -> Preparation {
        let filter = match self.motion_filter.as_deref() {
            Some([meters, degrees]) => Some(MotionFilter {
                meters: *meters,
                radians: degrees.to_radians(),
            }),
            _ => None,
        };
        Preparation {
            downsample: self.downsample,
            motion_filter: filter,
            plane: self.project.map(|plane| match plane {
                PlaneName::Xy => Plane::Xy,
                PlaneName::Xz => Plane::Xz,
                PlaneName::Yz => Plane::Yz,
            }),
            ..Preparation::default()
        }
    }
}

/// What is asked for: the paths, the measure and the alignment.
fn asked(action: &Action) -> (&Paths, What, Fit) {
    match action {
        Action::Ape {
            paths,
            relation,
            fit,
        }
        | Action::Plot {
            paths,
            relation,
            fit,
        } => (paths, What::Ape(relation.read()), fit.read()),
        Action::Rpe {
            paths,
            relation,
            fit,
            steps,
            pairs_from_reference,
        } => (
            paths,
            What::Rpe(relation.read(), steps.read(), *pairs_from_reference),
            fit.read(),
        ),
        Action::Kitti {
            paths,
            fit,
            lengths,
            step,
            float32,
        } => {
            let default = KittiOptions::default();
            let options = KittiOptions {
                lengths_meters: if lengths.is_empty() {
                    default.lengths_meters
                } else {
                    lengths.clone()
                },
                step: *step,
                in_float32: *float32,
                ..default
            };
            (paths, What::Kitti(options), fit.read())
        }
        Action::Compare { paths, fit, steps } => (paths, What::Compare(steps.read()), fit.read()),
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let (paths, what, fit) = asked(&arguments.action);
    let prints_picture = matches!(arguments.action, Action::Plot { .. }) && paths.plot.is_none();
    if prints_picture && paths.json {
        return Err(UsageError(
            "`traj plot --json` has two things to print\nhint: name a file for the picture with --plot OUT.svg".to_owned(),
        )
        .into());
    }
    let mut request = paths.request(what, fit)?;
    request.with_lines |= prints_picture;
    if let Some(file) = &paths.plot {
        pictures::refuse(file, paths.force)?;
    }
    let outcome = traj::run(&request)?;
    let document = &outcome.document;
    if prints_picture {
        render::text(&traj::svg(&outcome))?;
    } else {
        render::answer(paths.json, document, render::traj::document)?;
    }
    if let Some(file) = &paths.plot {
        pictures::write(&traj::svg(&outcome), file, paths.force)?;
        render::note(&format!("picture written to {}", file.display()));
    }
    for refused in &document.refused {
        render::note(&format!(
            "not measured: {}",
            render::with_hint(&refused.error)
        ));
    }
    for loss in &document.losses {
        render::note(&format!("not all could be read: {loss}"));
    }
    Ok(Happened {
        failed: !document.refused.is_empty(),
        loss: !document.losses.is_empty(),
        ..Happened::default()
    }
    .code())
}
