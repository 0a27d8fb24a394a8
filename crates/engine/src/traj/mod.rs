//! Paths of poses against a reference: absolute and relative errors, drift by segments, several estimates side by side.
//!
//! Read [`Request`] and [`run`] first, then [`TrajDocument`], what `traj --json` prints. Files and topics become paths
//! in `read`, tables in `table`, paths become pairs in `pair`, pairs become numbers in `score`, and lines to draw in `draw`.
//!
//! Not here: the measures themselves (`measure::trajectory`), tables for people (`cli`), drawing (`report`).

mod document;
mod draw;
mod pair;
mod read;
mod score;
mod table;

pub use document::{
    Aligned, Compared, Errors, Measured, Method, Path, Refused, Segments, TrajDocument,
};
pub use draw::svg;
pub use fieldassay_measure::stats::{Estimate, Resampling};
pub use fieldassay_measure::trajectory::{
    Association, DeltaUnit, ErrorStats, Fit, KittiOptions, LengthScore, Motion, MotionFilter,
    Plane, Preparation, Relation, Stamps, Step,
};

use crate::{EngineError, limits};
use fieldassay_model::TimeBound;
use rayon::prelude::*;
use std::path::PathBuf;

/// Form of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathFormat {
    /// `t x y z qx qy qz qw`, seconds.
    Tum,
    /// Twelve numbers of a 3 x 4 matrix; times, where needed, from `NAME_times.txt` or `times.txt` beside it.
    Kitti,
    /// `t,x,y,z,qw,qx,qy,qz[,…]`, nanoseconds.
    Euroc,
    /// A topic of a recording; trajectory files are recognized all the same.
    Recording(String),
}

impl PathFormat {
    /// Reads `tum`, `kitti`, `euroc` or `recording:TOPIC`.
    ///
    /// # Errors
    /// [`EngineError::Request`] for another word.
    pub fn parse(text: &str) -> Result<Self, EngineError> {
        match text {
            "tum" => Ok(Self::Tum),
            "kitti" => Ok(Self::Kitti),
            "euroc" => Ok(Self::Euroc),
            other => match other.strip_prefix("recording:") {
                Some(topic) if !topic.is_empty() => Ok(Self::Recording(topic.to_owned())),
                _ => Err(EngineError::Request {
                    message: format!(
                        "`{text}` is not a format of paths\nhint: give `tum`, `kitti`, `euroc` or `recording:TOPIC`"
                    ),
                }),
            },
        }
    }
}

/// A path as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The file or folder.
    pub path: PathBuf,
    /// Its form; recognized when none.
    pub format: Option<PathFormat>,
}

impl Input {
    /// Reads `FILE` or `FILE:/topic`; the topic wins over `format`.
    pub fn parse(text: &str, format: Option<&PathFormat>) -> Self {
        let path = PathBuf::from(text);
        if !path.exists()
            && let Some((file, topic)) = text.rsplit_once(":/")
            && PathBuf::from(file).exists()
        {
            return Self {
                path: PathBuf::from(file),
                format: Some(PathFormat::Recording(format!("/{topic}"))),
            };
        }
        Self {
            path,
            format: format.cloned(),
        }
    }
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.format {
            Some(PathFormat::Recording(topic)) => write!(f, "{}:{topic}", self.path.display()),
            _ => write!(f, "{}", self.path.display()),
        }
    }
}

/// Seconds of an option as nanoseconds.
///
/// # Errors
/// [`EngineError::Request`] for what is not finite or beyond 64 bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the size is looked at before"
)]
pub fn nanos(option: &str, secs: f64) -> Result<i64, EngineError> {
    if secs.is_finite() && secs.abs() < 9.2e9 {
        return Ok((secs * 1e9).round() as i64);
    }
    Err(EngineError::Request {
        message: format!("`{option} {secs}` is no time\nhint: give finite seconds"),
    })
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Absolute pose errors.
    Ape(Relation),
    /// Relative pose errors over steps; along the reference when the flag says so, else along the estimate.
    Rpe(Relation, Step, bool),
    /// KITTI odometry errors.
    Kitti(KittiOptions),
    /// Both errors of translation, coverage, length and scale, side by side.
    Compare(Step),
}

/// What to measure and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// The reference.
    pub reference: Input,
    /// The estimates.
    pub estimates: Vec<Input>,
    /// What is measured.
    pub what: What,
    /// Which poses belong together.
    pub association: Association,
    /// What is cut before; its times are taken from `start` and `end`.
    pub preparation: Preparation,
    /// Earliest time of the reference that counts.
    pub start: Option<TimeBound>,
    /// Latest time of the reference that counts.
    pub end: Option<TimeBound>,
    /// How an estimate is moved before it is compared.
    pub fit: Fit,
    /// Intervals, where they are asked for.
    pub intervals: Option<Resampling>,
    /// Whether every single error is kept in the document.
    pub with_errors: bool,
    /// Whether lines are kept for [`svg`].
    pub with_lines: bool,
}

/// What came out.
#[derive(Debug)]
pub struct Outcome {
    /// The document.
    pub document: TrajDocument,
    /// What [`svg`] draws; empty unless asked for.
    drawn: draw::Drawn,
}

/// Reads the reference and every estimate and measures them, estimates in parallel; the document is the same for any
/// number of threads.
///
/// An estimate that cannot be read or measured is refused by name in the document, and the others are measured.
///
/// # Errors
/// Where the reference cannot be read, the request means nothing, or, with a single estimate, that is refused.
pub fn run(request: &Request) -> Result<Outcome, EngineError> {
    limits::resamples(request.intervals)?;
    let read_first = || {
        request
            .estimates
            .first()
            .map(|input| pair::estimate(input, request))
    };
    let (reference, first) = rayon::join(|| pair::reference(request), read_first);
    let reference = reference?;
    let mut found: Vec<Result<score::Scored, EngineError>> = Vec::new();
    if let Some(first) = first {
        found.push(first.and_then(|path| score::measure(&reference, &path, request)));
        found.par_extend(request.estimates.par_iter().skip(1).map(|input| {
            let path = pair::estimate(input, request)?;
            score::measure(&reference, &path, request)
        }));
    }
    if found.len() == 1
        && let Some(Err(_)) = found.first()
        && let Some(Err(error)) = found.pop()
    {
        return Err(error);
    }
    let mut refused = Vec::new();
    let mut scored = Vec::new();
    for (input, found) in request.estimates.iter().zip(found) {
        match found {
            Ok(found) => scored.push(found),
            // The request is as wrong for the others.
            Err(error @ EngineError::Request { .. }) => return Err(error),
            Err(error) => refused.push(Refused {
                estimate: input.to_string(),
                error: error.to_string(),
            }),
        }
    }
    scored.sort_by(|a, b| a.measured.rank().total_cmp(&b.measured.rank()));
    let drawn = draw::Drawn::new(request, &reference, &mut scored);
    let document = document::document(request, &reference, scored, refused);
    Ok(Outcome { document, drawn })
}
