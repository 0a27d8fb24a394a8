//! One verb, one file: arguments, one call of `engine`, and what is shown.

pub(crate) mod agree;
pub(crate) mod check;
pub(crate) mod checks;
pub(crate) mod compare;
pub(crate) mod confidence;
pub(crate) mod contract;
pub(crate) mod convert;
pub(crate) mod demo;
pub(crate) mod drift;
mod given;
pub(crate) mod info;
pub(crate) mod label_errors;
pub(crate) mod measure;
pub(crate) mod ontology;
pub(crate) mod plan_qa;
pub(crate) mod prefer;
pub(crate) mod richness;
pub(crate) mod route;
pub(crate) mod score;
pub(crate) mod simulate;
pub(crate) mod traj;
pub(crate) mod votes;
#[cfg(feature = "platform")]
pub(crate) mod workspace;

use given::{Given, Picture};

use crate::exit::UsageError;
use fieldassay_engine::EngineError;
use fieldassay_engine::score::Resampling;
use fieldassay_model::Policy;
use std::path::PathBuf;

/// A policy by the name of a built-in one, or from a file.
///
/// A file of that name wins, so that `--policy ./default` is never read as the built-in one.
fn policy(name: &str) -> anyhow::Result<Policy> {
    let path = PathBuf::from(name);
    if path.is_file() {
        let text = std::fs::read_to_string(&path).map_err(|source| EngineError::Io {
            action: "read",
            path: path.clone(),
            source,
        })?;
        return Policy::parse(&text).map_err(|source| EngineError::Policy { path, source }.into());
    }
    let looks_like_a_file = path.components().count() > 1 || path.extension().is_some();
    Policy::built_in(name).map_err(|error| {
        let message = if looks_like_a_file {
            format!(
                "the policy file `{name}` does not exist\nhint: give an existing file, or one of the built-in policies `default`, `strict` and `lenient`"
            )
        } else {
            format!("{error}\nhint: or give the path of a policy file")
        };
        UsageError(message).into()
    })
}

/// The bootstrap of intervals, where these are asked for.
fn resampling(is_asked: bool, resamples: Option<usize>, seed: u64) -> Option<Resampling> {
    let usual = Resampling::default().resamples;
    (is_asked || resamples.is_some()).then(|| Resampling {
        resamples: resamples.unwrap_or(usual),
        seed,
    })
}

/// A pattern for topics.
fn topic_filter(pattern: Option<&str>) -> anyhow::Result<Option<regex::Regex>> {
    pattern
        .map(|pattern| {
            regex::Regex::new(pattern).map_err(|error| {
                UsageError(format!(
                    "`--topics {pattern}` is not a regular expression: {error}\nhint: `/imu|/odom` selects two topics, `^/camera` all that start so"
                ))
                .into()
            })
        })
        .transpose()
}
