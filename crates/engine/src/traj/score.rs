//! From pairs to numbers, and to the lines of a plot.

use super::document::{Aligned, Compared, Errors, Measured, Segments};
use super::pair::{failed, paired};
use super::read::Path;
use super::{Request, Step, What};
use crate::EngineError;
use fieldassay_measure::trajectory::{
    Alignment, Ape, Association, Fit, Frame, Motion, Pairs, Relation, TrajectoryError, ape,
    distances, fit, kitti_scores, kitti_segments, rpe,
};
use std::borrow::Cow;

/// Numbers of one estimate, and what a plot of it needs.
pub(super) struct Scored {
    pub(super) measured: Measured,
    /// Positions of the aligned estimate, pair by pair; empty unless lines are asked for.
    pub(super) line: Vec<[f64; 3]>,
    /// Time or index of each error and the error itself.
    pub(super) errors: Vec<(f64, f64)>,
    /// What of its recording could not be read.
    pub(super) loss: Option<String>,
}

/// What every kind of numbers begins with.
struct About<'a> {
    estimate: &'a Path,
    pairs: &'a Pairs,
    association: Option<Association>,
    request: &'a Request,
}

/// Measures one estimate.
pub(super) fn measure(
    reference: &Path,
    estimate: &Path,
    request: &Request,
) -> Result<Scored, EngineError> {
    let (pairs, association) = paired(reference, estimate, request)?;
    let about = About {
        estimate,
        pairs: &pairs,
        association,
        request,
    };
    match &request.what {
        What::Ape(relation) => about.absolute(*relation),
        What::Rpe(relation, step, is_of_reference) => {
            about.relative(*relation, step, *is_of_reference)
        }
        What::Kitti(options) => about.segments(options),
        What::Compare(step) => about.compared(step, reference),
    }
    .map(|scored| Scored {
        loss: estimate
            .loss
            .as_ref()
            .map(|loss| format!("`{}`: {loss}", estimate.input)),
        ..scored
    })
    .map_err(|error| failed(estimate, &error))
}

impl About<'_> {
    fn absolute(&self, relation: Relation) -> Result<Scored, TrajectoryError> {
        let found = ape(
            self.pairs,
            relation,
            &self.request.fit,
            self.request.intervals,
        )?;
        let Ape { alignment, errors } = found;
        let at = |i: usize| self.at(i);
        let drawn = self.drawn(&errors.errors, at);
        Ok(Scored {
            loss: None,
            line: self.line(&alignment),
            errors: drawn,
            measured: Measured::Errors(Box::new(self.errors(relation, errors, &alignment, None))),
        })
    }

    fn relative(
        &self,
        relation: Relation,
        step: &Step,
        is_of_reference: bool,
    ) -> Result<Scored, TrajectoryError> {
        let (alignment, pairs) = self.fitted()?;
        let how = (step, is_of_reference);
        let found = rpe(&pairs, relation, how, self.request.intervals)?;
        let ends = |k: usize| found.steps.get(k).map_or(0.0, |(_, end)| self.at(*end));
        let drawn = self.drawn(&found.errors.errors, ends);
        let steps = self.request.with_errors.then_some(found.steps);
        Ok(Scored {
            loss: None,
            line: self.line(&alignment),
            errors: drawn,
            measured: Measured::Errors(Box::new(self.errors(
                relation,
                found.errors,
                &alignment,
                steps,
            ))),
        })
    }

    fn segments(
        &self,
        options: &fieldassay_measure::trajectory::KittiOptions,
    ) -> Result<Scored, TrajectoryError> {
        // Segments are relative, so only a scale changes them.
        let (alignment, pairs) = self.fitted()?;
        let found = kitti_segments(&pairs.reference, &pairs.estimate, options)?;
        let scores = kitti_scores(&found, self.request.intervals)?;
        let by_length = scores.by_length.iter().map(|score| {
            (
                score.length_meters,
                100.0 * score.translation_ratio.estimate,
            )
        });
        // Paths that are not aligned are drawn from one start, where drift shows.
        let shown = if self.is_still() {
            let start = Fit {
                motion: Motion::Origin,
                ..Fit::default()
            };
            fit(&self.pairs.reference, &self.pairs.estimate, &start)?
        } else {
            alignment
        };
        Ok(Scored {
            loss: None,
            line: self.line(&shown),
            errors: by_length.collect(),
            measured: Measured::Segments(Box::new(Segments {
                estimate: self.estimate.input.clone(),
                format: self.estimate.format.clone(),
                poses: self.estimate.len(),
                pairs: self.pairs.len(),
                association: self.association,
                alignment: Aligned::new(&self.request.fit, &alignment),
                scores,
            })),
        })
    }

    fn compared(&self, step: &Step, reference: &Path) -> Result<Scored, TrajectoryError> {
        let (how, intervals) = (&self.request.fit, self.request.intervals);
        let absolute = ape(self.pairs, Relation::TranslationPart, how, intervals)?;
        let moved = self.moved(&absolute.alignment);
        let relative = rpe(&moved, Relation::TranslationPart, (step, false), intervals)?;
        let length = |path: &[Frame]| distances(path).last().copied().unwrap_or(0.0);
        let span = |ends: Option<(i64, i64)>| ends.map(|(a, b)| b.abs_diff(a) as f64);
        let stamps = &self.pairs.stamps_nanos;
        let covered = stamps.first().copied().zip(stamps.last().copied());
        let whole = span(reference.ends()).filter(|span| *span > 0.0);
        let scale = Fit {
            motion: Motion::Se3,
            with_scale: true,
            first: None,
        };
        // A path on a line has a length all the same, so this is none instead of an error.
        let scale = fit(&self.pairs.reference, &self.pairs.estimate, &scale).ok();
        Ok(Scored {
            loss: None,
            line: self.line(&absolute.alignment),
            errors: self.drawn(&absolute.errors.errors, |i| self.at(i)),
            measured: Measured::Compared(Box::new(Compared {
                estimate: self.estimate.input.clone(),
                format: self.estimate.format.clone(),
                poses: self.estimate.len(),
                pairs: self.pairs.len(),
                association: self.association,
                alignment: Aligned::new(how, &absolute.alignment),
                ape: absolute.errors.stats,
                rpe: relative.errors.stats,
                covered_ratio: whole.and_then(|whole| Some(span(covered)? / whole)),
                length_ratio: length(&self.pairs.estimate) / length(&self.pairs.reference),
                best_scale: scale.map(|found| found.scale),
            })),
        })
    }

    /// Whether estimates are compared where they lie.
    fn is_still(&self) -> bool {
        self.request.fit == Fit::default()
    }

    /// The alignment asked for and the pairs after it.
    fn fitted(&self) -> Result<(Alignment<3>, Cow<'_, Pairs>), TrajectoryError> {
        let how = &self.request.fit;
        let alignment = fit(&self.pairs.reference, &self.pairs.estimate, how)?;
        let pairs = if self.is_still() {
            Cow::Borrowed(self.pairs)
        } else {
            Cow::Owned(self.moved(&alignment))
        };
        Ok((alignment, pairs))
    }

    fn moved(&self, alignment: &Alignment<3>) -> Pairs {
        let mut moved = self.pairs.clone();
        for frame in &mut moved.estimate {
            *frame = alignment.apply_frame(frame);
        }
        moved
    }

    fn errors(
        &self,
        relation: Relation,
        found: fieldassay_measure::trajectory::PathErrors,
        alignment: &Alignment<3>,
        steps: Option<Vec<(usize, usize)>>,
    ) -> Errors {
        Errors {
            estimate: self.estimate.input.clone(),
            format: self.estimate.format.clone(),
            poses: self.estimate.len(),
            pairs: self.pairs.len(),
            association: self.association,
            reused: self.pairs.reused,
            relation,
            unit: relation.unit(),
            stats: found.stats,
            alignment: Aligned::new(&self.request.fit, alignment),
            block_length: found.block_length,
            steps,
            errors: self.request.with_errors.then_some(found.errors),
        }
    }

    /// Seconds since the first pair, or the number of the pair where there are no times.
    fn at(&self, i: usize) -> f64 {
        let stamps = &self.pairs.stamps_nanos;
        match (stamps.first(), stamps.get(i)) {
            (Some(first), Some(t)) => t.saturating_sub(*first) as f64 * 1e-9,
            _ => i as f64,
        }
    }

    fn drawn(&self, errors: &[f64], at: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
        if !self.request.with_lines {
            return Vec::new();
        }
        errors
            .iter()
            .enumerate()
            .map(|(i, e)| (at(i), *e))
            .collect()
    }

    fn line(&self, alignment: &Alignment<3>) -> Vec<[f64; 3]> {
        if !self.request.with_lines {
            return Vec::new();
        }
        let frames = self.pairs.estimate.iter();
        frames
            .map(|f| alignment.apply(&f.position_meters))
            .collect()
    }
}
