//! `score`: predictions against labels, by the rules of the benchmarks people quote.
//!
//! Read [`Request`] and [`run`] first, then [`document`]. Every benchmark is one file here: it reads both sides, matches
//! once, and hands over a [`scored::Scored`]: how to make all its numbers from how often each unit counts. Estimates,
//! intervals and slices are made of that in one place.
//!
//! Not here: what the numbers mean (`measure`), the forms of files (`formats::labels`), tables for people (`cli`).

mod av2;
pub mod coco;
pub mod document;
mod files;
mod kitti;
mod miou;
mod mot;
mod nuscenes;
mod scored;
mod voc;

pub use document::{Node, Number, ScoreDocument, Slice, Slices};
pub use fieldassay_measure::stats::Resampling;

use crate::{EngineError, check, limits};
use fieldassay_formats::labels::LabelError;
use fieldassay_formats::table::TableError;
use scored::Scored;
use std::path::PathBuf;

/// Whose rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Benchmark {
    /// COCO: boxes, masks, keypoints.
    Coco,
    /// LVIS: boxes, masks.
    Lvis,
    /// Pascal VOC.
    Voc,
    /// nuScenes detection.
    Nuscenes,
    /// KITTI objects.
    Kitti,
    /// Argoverse 2 detection.
    Av2,
    /// `MOTChallenge` tracking.
    Mot,
    /// Classes of pixels.
    Miou,
}

impl Benchmark {
    /// Its name in documents and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coco => "coco",
            Self::Lvis => "lvis",
            Self::Voc => "voc",
            Self::Nuscenes => "nuscenes",
            Self::Kitti => "kitti",
            Self::Av2 => "av2",
            Self::Mot => "mot",
            Self::Miou => "miou",
        }
    }
}

/// What COCO compares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Boxes.
    #[default]
    Bbox,
    /// Masks.
    Segm,
    /// Joints.
    Keypoints,
}

/// What to score, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose rules.
    pub benchmark: Benchmark,
    /// Labels: a file or a folder.
    pub labels: PathBuf,
    /// Predictions: a file or a folder.
    pub predictions: PathBuf,
    /// Field whose values are slices.
    pub by: Option<String>,
    /// Least overlap of a hit, where not the benchmark's own.
    pub overlap: Option<f64>,
    /// What COCO and LVIS compare.
    pub shape: Option<Shape>,
    /// Number of pixels without a class (`miou`).
    pub ignored: Option<u32>,
    /// How many classes there are (`miou`); by default one more than the largest number seen.
    pub classes: Option<u32>,
    /// Intervals by drawing units again.
    pub bootstrap: Option<Resampling>,
    /// Threads; 0 means one per core.
    pub jobs: usize,
}

/// Scores predictions.
///
/// Errors: files that are not there or of another form, with the row; ids that stand twice or name nothing; options the
/// benchmark does not have; scores that are not defined for the input.
pub fn run(request: &Request) -> Result<ScoreDocument, EngineError> {
    refuse(request)?;
    check::thread_pool(request.jobs)?.install(|| {
        let scored = match request.benchmark {
            Benchmark::Coco | Benchmark::Lvis => coco::score(request),
            Benchmark::Voc => voc::score(request),
            Benchmark::Nuscenes => nuscenes::score(request),
            Benchmark::Kitti => kitti::score(request),
            Benchmark::Av2 => av2::score(request),
            Benchmark::Mot => mot::score(request),
            Benchmark::Miou => miou::score(request),
        }?;
        Ok(scored.document(request))
    })
}

/// Options a benchmark does not have are mistakes, not wishes to be forgotten.
fn refuse(request: &Request) -> Result<(), EngineError> {
    use Benchmark::{Coco, Lvis, Miou, Mot, Voc};
    let benchmark = request.benchmark;
    let wrong = |message: String| Err(EngineError::Request { message });
    let has_no = |option: &str, which: &str| {
        wrong(format!(
            "`score {}` has no option `{option}`\nhint: it is for {which}",
            benchmark.name()
        ))
    };
    if request.shape.is_some() && !matches!(benchmark, Coco | Lvis) {
        return has_no("--type", "coco and lvis");
    }
    if request.shape == Some(Shape::Keypoints) && benchmark == Lvis {
        return wrong("LVIS has no keypoints\nhint: `--type bbox` or `--type segm`".to_owned());
    }
    if request.overlap.is_some() && !matches!(benchmark, Coco | Lvis | Voc | Mot) {
        return has_no("--iou", "coco, lvis, voc and mot");
    }
    if let Some(overlap) = request.overlap
        && !(overlap > 0.0 && overlap <= 1.0)
    {
        return wrong(format!(
            "`--iou {overlap}` is no overlap\nhint: above 0, at most 1"
        ));
    }
    if (request.ignored.is_some() || request.classes.is_some()) && benchmark != Miou {
        return has_no("--ignore` and `--classes", "miou");
    }
    if let Some(by) = &request.by
        && benchmark == Miou
        && by != "folder"
    {
        return wrong(format!(
            "`--by {by}`: maps of classes have no such field\nhint: `--by folder` gives a slice per folder below the labels"
        ));
    }
    limits::resamples(request.bootstrap)
}

impl From<LabelError> for EngineError {
    fn from(source: LabelError) -> Self {
        Self::Labels { source }
    }
}

impl From<TableError> for EngineError {
    fn from(source: TableError) -> Self {
        LabelError::from(source).into()
    }
}

/// A score that is not defined, or rows that contradict each other.
fn undefined(request: &Request, source: impl std::fmt::Display) -> EngineError {
    EngineError::Score {
        labels: request.labels.clone(),
        predictions: request.predictions.clone(),
        message: source.to_string(),
    }
}

/// What every benchmark gives back.
type Outcome = Result<Scored, EngineError>;
