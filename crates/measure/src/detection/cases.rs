//! The measures of this subject by name.

mod av2;
mod coco;
mod kitti;
mod nuscenes;
mod voc;

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

/// Names by the order in which they are first met.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<String, u32>);

impl Names {
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.0.get(name) {
            return number;
        }
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(name.to_owned(), number);
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Names with their numbers, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(name, &number)| (name.as_str(), number))
    }
}

pub(crate) static MEASURES: &[Measure] = &[
    coco::COCO,
    coco::LVIS,
    voc::VOC,
    kitti::KITTI,
    nuscenes::NUSCENES,
    av2::AV2,
];
