//! From paths to pairs: cutting, association, and whose row is to blame when that fails.

use super::read::{Path, Poses, read};
use super::{Input, Request};
use crate::EngineError;
use fieldassay_measure::trajectory::{
    AssociateError, Association, Pairs, PathError, TrajectoryError, frames, pairs,
};

/// The reference: read, cut in time, thinned.
pub(super) fn reference(request: &Request) -> Result<Path, EngineError> {
    let mut path = read(&request.reference)?;
    if request.start.is_some() || request.end.is_some() {
        let (Some(poses), Some((first, _))) = (path.stamped(), path.ends()) else {
            return Err(no_times(&path, "cutting in time"));
        };
        let mut cuts = request.preparation;
        cuts.start_nanos = request.start.map(|bound| bound.at(first));
        cuts.end_nanos = request.end.map(|bound| bound.at(first));
        let kept = cuts.in_time(&poses);
        if kept.is_empty() {
            return Err(path.wrong(
                None,
                format!(
                    "none of its `{}` poses lies between the times\nhint: seconds count from its first pose",
                    path.len()
                ),
            ));
        }
        path.keep(&kept);
    }
    prepared(path, "reference", request)
}

/// An estimate: read, thinned.
pub(super) fn estimate(input: &Input, request: &Request) -> Result<Path, EngineError> {
    prepared(read(input)?, "estimate", request)
}

fn no_times(path: &Path, what: &str) -> EngineError {
    path.wrong(
        None,
        format!(
            "it has no times, and {what} needs them\nhint: put the times beside it as `NAME_times.txt` or `times.txt`, one per pose"
        ),
    )
}

/// Refuses what no measure takes, with the row; then leaves out what is to be left out.
fn prepared(mut path: Path, whose: &'static str, request: &Request) -> Result<Path, EngineError> {
    if path.len() == 0 {
        return Err(path.refused(&PathError::Empty { whose }));
    }
    if request.preparation.is_thinning() {
        let kept = match &path.poses {
            Poses::Stamped(poses) => {
                let found = frames(poses, whose).map_err(|error| path.refused(&error))?;
                request.preparation.kept(&found)
            }
            Poses::Matrices(frames, _) => request.preparation.kept(frames),
        }
        .map_err(|error| failed(&path, &error))?;
        path.keep(&kept);
    }
    Ok(path)
}

/// Pairs of two paths and the association they were found by; none by position.
pub(super) fn paired(
    reference: &Path,
    estimate: &Path,
    request: &Request,
) -> Result<(Pairs, Option<Association>), EngineError> {
    let (mut found, how) = match (&reference.poses, &estimate.poses) {
        (Poses::Matrices(a, times), Poses::Matrices(b, others)) if a.len() == b.len() => {
            let mut found = Pairs::by_position(a.clone(), b.clone())
                .map_err(|error| failed(estimate, &error.into()))?;
            // Times of either, so that steps of seconds are known.
            let times = others.as_ref().or(times.as_ref());
            found.stamps_nanos = times.cloned().unwrap_or_default();
            (found, None)
        }
        (Poses::Stamped(a), Poses::Stamped(b)) => {
            by_stamps((reference, a), (estimate, b), request)?
        }
        _ => match (reference.stamped(), estimate.stamped()) {
            (Some(a), Some(b)) => by_stamps((reference, &a), (estimate, &b), request)?,
            (None, None) => {
                let lengths = AssociateError::Lengths {
                    reference: reference.len(),
                    estimate: estimate.len(),
                };
                return Err(failed(estimate, &lengths.into()));
            }
            (None, Some(_)) => return Err(no_times(reference, "pairing it with stamps")),
            (Some(_), None) => return Err(no_times(estimate, "pairing it with stamps")),
        },
    };
    request.preparation.lay(&mut found);
    Ok((found, how))
}

type Poser<'a> = (&'a Path, &'a [fieldassay_measure::pose::StampedPose]);

fn by_stamps(
    (reference, a): Poser<'_>,
    (estimate, b): Poser<'_>,
    request: &Request,
) -> Result<(Pairs, Option<Association>), EngineError> {
    let how = request.association;
    match pairs(a, b, &how) {
        Ok(found) => Ok((found, Some(how))),
        Err(AssociateError::Path(error)) => Err(if error.whose() == "reference" {
            reference.refused(&error)
        } else {
            estimate.refused(&error)
        }),
        Err(error) => Err(failed(estimate, &error.into())),
    }
}

/// What a measure said about an estimate: a request that means nothing, or a path it is not defined for.
pub(super) fn failed(path: &Path, error: &TrajectoryError) -> EngineError {
    let message = error.to_string().replace("; hint: ", "\nhint: ");
    match error {
        TrajectoryError::Associate(AssociateError::NoPairs { .. }) => {
            let (what, _) = message.split_once('\n').unwrap_or((&message, ""));
            path.wrong(
                None,
                format!(
                    "{what}\nhint: raise --max-diff, or give the offset between the clocks with --offset"
                ),
            )
        }
        TrajectoryError::BadStep { .. }
        | TrajectoryError::BadOption { .. }
        | TrajectoryError::RatioOfPoses
        | TrajectoryError::Associate(AssociateError::BadTolerance { .. }) => {
            EngineError::Request { message }
        }
        TrajectoryError::Path(error) => path.refused(error),
        _ => path.wrong(None, message),
    }
}
