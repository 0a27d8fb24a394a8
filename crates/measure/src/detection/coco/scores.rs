//! The summary lines.
//!
//! Read [`evaluate`] and [`Scores::summary`] first.

use super::{
    AreaRange, Category, CategoryCurves, CategoryMatches, CocoError, Dataset, Kind, Rules,
    match_category,
};
use crate::detection::curve::mean;
use crate::detection::resample::bootstrap_weights;
use crate::stats::{Interval, Resampling};

/// Curves of all categories.
#[derive(Clone, Debug)]
pub struct Scores<'a> {
    /// The rules they were made by.
    pub rules: &'a Rules,
    /// Categories, in the order of `curves`.
    pub categories: &'a [Category],
    /// Per category.
    pub curves: Vec<CategoryCurves>,
}

/// The summary lines: name and value, none where nothing of the kind counts.
pub type Summary = Vec<(&'static str, Option<f64>)>;

/// Matches every category, one after the other.
pub fn matches(dataset: &Dataset, rules: &Rules) -> Vec<CategoryMatches> {
    (0..dataset.categories().len())
        .map(|category| match_category(dataset, category, rules))
        .collect()
}

/// Scores a data set.
///
/// Errors: [`CocoError::Nothing`] where no label counts. Cost: see [`match_category`] and [`CategoryMatches::curves`].
/// Source: pycocotools 2.0.11 `COCOeval`, lvis 0.5.3 `LVISEval`.
pub fn evaluate<'a>(dataset: &'a Dataset, rules: &'a Rules) -> Result<Scores<'a>, CocoError> {
    Scores::new(dataset, rules, &matches(dataset, rules), None)
}

/// Which curves a line is about.
#[derive(Clone, Copy, Default)]
struct Line {
    /// Name of the range of areas; all where empty.
    area: &'static str,
    /// Percent of overlap; all thresholds where none.
    overlap: Option<u32>,
    /// Categories of this frequency only.
    frequency: Option<char>,
}

impl<'a> Scores<'a> {
    /// From matches of all categories, in order; `weights` as for [`CategoryMatches::curves`].
    pub fn new(
        dataset: &'a Dataset,
        rules: &'a Rules,
        matches: &[CategoryMatches],
        weights: Option<&[u32]>,
    ) -> Result<Self, CocoError> {
        let curves: Vec<CategoryCurves> =
            (matches.iter()).map(|m| m.curves(rules, weights)).collect();
        let counts = |c: &CategoryCurves| c.areas.iter().any(Option::is_some);
        if !curves.iter().any(counts) {
            return Err(CocoError::Nothing);
        }
        Ok(Self {
            rules,
            categories: dataset.categories(),
            curves,
        })
    }

    fn area(&self, name: &str) -> Option<usize> {
        let is = |range: &AreaRange| range.name == name || (name.is_empty() && range.name == "all");
        self.rules.areas.iter().position(is)
    }

    fn threshold(&self, percent: u32) -> Option<usize> {
        let is = |t: &f64| (t * 100.0 - f64::from(percent)).abs() < 1e-9;
        self.rules.overlaps.iter().position(is)
    }

    /// Mean over the chosen part of the curves of each category that has any.
    fn mean(
        &self,
        line: Line,
        only: Option<usize>,
        part: impl Fn(&super::curves::AreaCurves, Option<usize>) -> Option<f64>,
    ) -> Option<f64> {
        let area = self.area(line.area)?;
        let threshold = match line.overlap {
            None => None,
            Some(percent) => Some(self.threshold(percent)?),
        };
        let chosen = self.curves.iter().zip(self.categories).enumerate();
        mean(chosen.filter_map(|(i, (curves, category))| {
            let is_meant = only.is_none_or(|only| only == i)
                && (line.frequency.is_none() || category.frequency == line.frequency);
            let curves = curves.areas.get(area)?.as_ref()?;
            if is_meant {
                part(curves, threshold)
            } else {
                None
            }
        }))
    }

    fn precision(&self, line: Line, only: Option<usize>) -> Option<f64> {
        let recalls = self.rules.recalls.len();
        self.mean(line, only, |curves, threshold| match threshold {
            None => mean(curves.precision.iter().copied()),
            Some(t) => mean(curves.precision[t * recalls..][..recalls].iter().copied()),
        })
    }

    fn recall(&self, limit: usize, line: Line, only: Option<usize>) -> Option<f64> {
        let n = self.rules.overlaps.len();
        let limit = self.rules.limits.iter().position(|&l| l == limit)?;
        self.mean(line, only, |curves, threshold| match threshold {
            None => mean(curves.recall[limit * n..][..n].iter().copied()),
            Some(t) => curves.recall.get(limit * n + t).copied(),
        })
    }

    /// Average precision of one category (a position in `categories`) over all thresholds and at one half.
    pub fn average_precision(&self, category: usize) -> [Option<f64>; 2] {
        let at_half = Line {
            overlap: Some(50),
            ..Line::default()
        };
        [Line::default(), at_half].map(|line| self.precision(line, Some(category)))
    }

    /// Objects of one category that count.
    pub fn positives(&self, category: usize) -> u64 {
        let curves = self.curves.get(category).and_then(|c| c.areas.first());
        curves.and_then(Option::as_ref).map_or(0, |c| c.positives)
    }

    /// The familiar lines: twelve for boxes and masks, ten for joints, thirteen for LVIS.
    ///
    /// As in COCO each line is the mean over categories that have anything to find, and AR counts at most the limit
    /// in its name per image and category. COCO's tools print -1 where we give none.
    pub fn summary(&self) -> Summary {
        let all = Line::default();
        let of = |area| Line { area, ..all };
        let at = |percent| Line {
            overlap: Some(percent),
            ..all
        };
        let rare = |letter| Line {
            frequency: Some(letter),
            ..all
        };
        let ap = |name, line| (name, self.precision(line, None));
        let ar = |name, limit, line| (name, self.recall(limit, line, None));
        let most = self.rules.most();
        let mut out = vec![ap("AP", all), ap("AP50", at(50)), ap("AP75", at(75))];
        if self.rules.kind == Kind::Keypoints {
            out.extend([ap("APm", of("medium")), ap("APl", of("large"))]);
            out.extend([
                ar("AR", most, all),
                ar("AR50", most, at(50)),
                ar("AR75", most, at(75)),
                ar("ARm", most, of("medium")),
                ar("ARl", most, of("large")),
            ]);
            return out;
        }
        out.extend([
            ap("APs", of("small")),
            ap("APm", of("medium")),
            ap("APl", of("large")),
        ]);
        if self.rules.lvis {
            out.extend([
                ap("APr", rare('r')),
                ap("APc", rare('c')),
                ap("APf", rare('f')),
            ]);
            out.extend([
                ar("AR300", most, all),
                ar("ARs300", most, of("small")),
                ar("ARm300", most, of("medium")),
                ar("ARl300", most, of("large")),
            ]);
            return out;
        }
        out.extend([
            ar("AR1", 1, all),
            ar("AR10", 10, all),
            ar("AR100", 100, all),
            ar("ARs", most, of("small")),
            ar("ARm", most, of("medium")),
            ar("ARl", most, of("large")),
        ]);
        out
    }

    /// Intervals of the summary lines by drawing images again; nothing is matched again.
    pub fn intervals(
        dataset: &Dataset,
        rules: &Rules,
        matches: &[CategoryMatches],
        how: Resampling,
    ) -> Vec<Option<Interval>> {
        let lines = |weights: &[u32]| {
            let scores = Scores::new(dataset, rules, matches, Some(weights));
            let values = |s: &Scores| s.summary().into_iter().map(|(_, value)| value).collect();
            // A draw of images without any object leaves all lines undefined.
            scores.as_ref().map(values).unwrap_or_default()
        };
        bootstrap_weights(dataset.images().len(), how, lines)
    }
}
