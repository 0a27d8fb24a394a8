//! The measures of this subject by name.

use super::{Estimate, StatsError, wilson};
use crate::registry::{About, Direction, Measure, call};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    successes: u64,
    trials: u64,
}

fn share(case: &Share) -> Result<Estimate, StatsError> {
    let interval = wilson(case.successes, case.trials)?;
    let estimate = case.successes as f64 / case.trials as f64;
    let n = usize::try_from(case.trials).unwrap_or(usize::MAX);
    Ok(Estimate::with(estimate, Some(interval), n))
}

pub(crate) static MEASURES: &[Measure] = &[Measure {
    name: "stats.proportion",
    about: About {
        title: "A share with its interval",
        formula: "successes / trials; Wilson's score interval at 95 %",
        defaults: "none",
        direction: Direction::Describes,
        blind_spots: "takes trials as independent: shares over frames of one recording look surer than they are",
        peers: "statsmodels 0.15.0 `proportion_confint(method=\"wilson\")`",
        source: "Wilson 1927; Brown, Cai and DasGupta 2001, eq. 4",
    },
    example: r#"{"successes": 57, "trials": 60}"#,
    run: |case| call(case, share),
}];
