//! The measures of this subject by name.

mod coco;
mod kitti;
mod nuscenes;

use crate::registry::Measure;
use crate::stats::{Estimate, Interval, Resampling};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The bootstrap a case asks for.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bootstrap {
    resamples: usize,
    seed: u64,
}

impl From<Bootstrap> for Resampling {
    fn from(asked: Bootstrap) -> Self {
        Self {
            resamples: asked.resamples.min(MOST_RESAMPLES),
            seed: asked.seed,
        }
    }
}

/// More resamples change no digit that is shown.
const MOST_RESAMPLES: usize = 100_000;

/// Lines by name; null where one is undefined.
pub(crate) type Lines = BTreeMap<String, Option<Estimate>>;

/// Joins values with their intervals, where there are any.
pub(crate) fn lines<'a>(
    values: impl IntoIterator<Item = (&'a str, Option<f64>)>,
    intervals: &[Option<Interval>],
    n: usize,
) -> Lines {
    let with = |(i, (name, value)): (usize, (&str, Option<f64>))| {
        let interval = intervals.get(i).copied().flatten();
        let line = value.map(|estimate| Estimate::with(estimate, interval, n));
        (name.to_owned(), line)
    };
    values.into_iter().enumerate().map(with).collect()
}

pub(crate) static MEASURES: &[Measure] =
    &[coco::COCO, coco::LVIS, kitti::KITTI, nuscenes::NUSCENES];
