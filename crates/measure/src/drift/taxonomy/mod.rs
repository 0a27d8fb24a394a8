//! Drift of the classes in a stream of labels: new, vanishing, renamed and shifted classes, by source and time.
//!
//! Read [`taxonomy_drift`] and [`ClassCount`] first. Labels of one drive are alike, so counts come by unit (drive,
//! recording, batch), and shares of few units have wide intervals.
//!
//! Not here: what a class means and where its labels go (`model::ontology`), drift of numbers ([`super::two_sample`]).

use super::DriftError;
use crate::stats::{
    Adjustment, Estimate, Interval, adjust, student, student_tail, whole_usize, wilson_share,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Labels of one class in one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassCount<'a> {
    /// Who labeled: supplier, tool, model.
    pub source: &'a str,
    /// Number of the window of time; larger is later, gaps are no windows.
    pub window: i64,
    /// What is drawn as a whole: the drive, the recording, the batch.
    pub unit: &'a str,
    /// The class as the label says it.
    pub class: &'a str,
    /// How many labels; rows of the same class and unit add up.
    pub count: u64,
}

/// What the things of a class look like, as one number per feature: size, area of the box, number of points.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassShape<'a> {
    /// Who labeled.
    pub source: &'a str,
    /// Number of the window.
    pub window: i64,
    /// The class.
    pub class: &'a str,
    /// Mean and standard deviation of every feature, the same features in the same order everywhere.
    pub features: Vec<[f64; 2]>,
}

/// How drift of classes is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaxonomyOptions {
    /// Share of false alarms among the classes reported as vanishing or shifted (Benjamini and Hochberg 1995).
    pub alpha: f64,
    /// How many earlier windows a window is compared with; 0 for all.
    pub history: usize,
    /// Names at least as similar as this speak for a renamed class (1 less edits over the longer name).
    pub name_similarity: f64,
    /// Features at most this far apart, in their common standard deviation, speak for it too; three times as far
    /// against it.
    pub shape_distance: f64,
    /// Classes that take what has no class of its own: `other`, `misc`.
    pub other: BTreeSet<String>,
}

impl Default for TaxonomyOptions {
    fn default() -> Self {
        Self {
            alpha: 0.05,
            history: 0,
            name_similarity: 0.6,
            shape_distance: 0.25,
            other: ["other", "unknown", "misc", "DontCare"]
                .map(str::to_owned)
                .into(),
        }
    }
}

/// What happened to a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassFate {
    /// It was in no earlier window of the source; one label is enough.
    New,
    /// It was there before, is not any more, and that is no chance.
    Vanishing,
    /// Its share changed, and that is no chance.
    Shifted,
    /// Nothing that could not be chance.
    Kept,
}

/// One class in one window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassDrift {
    /// The class.
    pub class: String,
    /// What happened.
    pub fate: ClassFate,
    /// Its share of labels before; n counts labels.
    pub before: Estimate,
    /// Its share in the window.
    pub after: Estimate,
    /// The difference of the two.
    pub difference: Estimate,
    /// p-value of no difference; none with fewer than two units on a side.
    pub p: Option<f64>,
    /// The same, corrected for all classes of all windows.
    pub p_adjusted: Option<f64>,
}

/// A class that probably has another name now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Renamed {
    /// The class that vanished.
    pub from: String,
    /// The class that is new.
    pub to: String,
    /// Similarity of the names, 0 to 1.
    pub name_similarity: f64,
    /// Largest distance of a feature in common standard deviations; none where either has no features.
    pub shape_distance: Option<f64>,
    /// Share of the new class less that of the old one; its interval holds 0.
    pub difference: Estimate,
}

/// One window of one source against the windows before it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WindowDrift {
    /// The source.
    pub source: String,
    /// The window.
    pub window: i64,
    /// Units before and in the window.
    pub units: [usize; 2],
    /// Labels before and in the window.
    pub labels: [u64; 2],
    /// Why shares are not judged; none where they are.
    pub not_evaluated: Option<String>,
    /// Every class of either side, by name.
    pub classes: Vec<ClassDrift>,
    /// Vanished and new classes that are probably one.
    pub renamed: Vec<Renamed>,
    /// Share of labels of classes for everything else, before and in the window: a growing one says that classes are
    /// missing.
    pub other: [Estimate; 2],
}

/// Drift of classes in every window but the first of every source, by source and window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaxonomyDrift {
    /// One entry per source and window.
    pub windows: Vec<WindowDrift>,
}

/// Which classes are new, vanish, were renamed or shifted, for every window of every source against the windows before it.
///
/// A share is a ratio over units. Its effective number of labels is the number of labels over the design effect (Kish
/// 1965): the variance between units within the sides over that of independent labels, at least 1. Shares have Wilson's
/// interval at the effective number, differences Newcombe's hybrid score interval (1998, method 10), both with Student's
/// quantile for the units less 2; p-values are those of the score test with that distribution. With fewer than two units
/// on a side nothing is judged but what is new.
///
/// Errors: [`DriftError::Empty`] without labels; [`DriftError::BadOption`]; [`DriftError::Mismatch`] for features of
/// different number. Features that are not finite count as none. Cost: labels times windows.
pub fn taxonomy_drift(
    counts: &[ClassCount<'_>],
    shapes: &[ClassShape<'_>],
    options: &TaxonomyOptions,
) -> Result<TaxonomyDrift, DriftError> {
    checked(shapes, options)?;
    let mut sources: BTreeMap<&str, BTreeMap<i64, Units<'_>>> = BTreeMap::new();
    for row in counts.iter().filter(|row| row.count > 0) {
        let windows = sources.entry(row.source).or_default();
        let unit = windows.entry(row.window).or_default();
        let unit = unit.entry((row.window, row.unit)).or_default();
        *unit.entry(row.class).or_default() += row.count;
    }
    if sources.is_empty() {
        return Err(DriftError::Empty { sample: "labels" });
    }
    let mut drift = TaxonomyDrift {
        windows: Vec::new(),
    };
    for (source, windows) in &sources {
        let numbers: Vec<i64> = windows.keys().copied().collect();
        for (at, window) in numbers.iter().enumerate().skip(1) {
            let first = match options.history {
                0 => 0,
                history => at.saturating_sub(history),
            };
            let history = numbers.get(first..at).unwrap_or_default();
            let sides = [
                Side::new(windows, history),
                Side::new(windows, std::slice::from_ref(window)),
            ];
            drift.windows.push(one(source, *window, &sides, options)?);
        }
    }
    judge(&mut drift, options.alpha)?;
    for window in &mut drift.windows {
        rename(window, shapes, options);
    }
    Ok(drift)
}

fn checked(shapes: &[ClassShape<'_>], options: &TaxonomyOptions) -> Result<(), DriftError> {
    for (name, value, hint) in [
        ("alpha", options.alpha, "above 0 and below 1"),
        ("name_similarity", options.name_similarity, "0 to 1"),
        ("shape_distance", options.shape_distance, "0 or more"),
    ] {
        let fine = match name {
            "alpha" => value > 0.0 && value < 1.0,
            "name_similarity" => (0.0..=1.0).contains(&value),
            _ => value >= 0.0 && value.is_finite(),
        };
        if !fine {
            return Err(DriftError::BadOption { name, value, hint });
        }
    }
    let expected = shapes.first().map_or(0, |shape| shape.features.len());
    let other = shapes.iter().map(|shape| shape.features.len());
    match other.into_iter().find(|seen| *seen != expected) {
        Some(seen) => Err(DriftError::Mismatch {
            seen,
            expected,
            hint: "every class has the same features",
        }),
        None => Ok(()),
    }
}

/// Labels by unit and class.
type Units<'a> = BTreeMap<(i64, &'a str), BTreeMap<&'a str, u64>>;

/// One side of a comparison.
struct Side<'a> {
    units: Vec<&'a BTreeMap<&'a str, u64>>,
    labels: u64,
    classes: BTreeMap<&'a str, u64>,
}

impl<'a> Side<'a> {
    fn new(windows: &'a BTreeMap<i64, Units<'a>>, numbers: &[i64]) -> Self {
        let units: Vec<_> = numbers
            .iter()
            .filter_map(|number| windows.get(number))
            .flat_map(BTreeMap::values)
            .collect();
        let mut classes = BTreeMap::new();
        for unit in &units {
            for (class, count) in *unit {
                *classes.entry(*class).or_default() += count;
            }
        }
        Self {
            labels: classes.values().sum(),
            units,
            classes,
        }
    }

    fn count(&self, is_meant: impl Fn(&str) -> bool) -> u64 {
        let meant = self.classes.iter().filter(|(class, _)| is_meant(class));
        meant.map(|(_, count)| count).sum()
    }

    fn share(&self, is_meant: impl Fn(&str) -> bool) -> f64 {
        self.count(is_meant) as f64 / self.labels as f64
    }

    /// Variance of the number of labels of some classes as units vary, and as it were for independent labels.
    fn variances(&self, is_meant: &impl Fn(&str) -> bool) -> (f64, f64) {
        let share = self.share(is_meant);
        let units = self.units.len() as f64;
        let squares: f64 = self
            .units
            .iter()
            .map(|unit| {
                let all: u64 = unit.values().sum();
                let meant: u64 = unit
                    .iter()
                    .filter(|(class, _)| is_meant(class))
                    .map(|(_, count)| count)
                    .sum();
                (meant as f64 - share * all as f64).powi(2)
            })
            .sum();
        let between = if units > 1.0 {
            squares * units / (units - 1.0)
        } else {
            0.0
        };
        (between, self.labels as f64 * share * (1.0 - share))
    }
}

/// The shares of two sets of classes on two sides, and what lies between them.
struct Shares {
    values: [f64; 2],
    effective: [f64; 2],
    intervals: [Interval; 2],
    labels: [u64; 2],
}

impl Shares {
    fn of(sides: &[Side<'_>; 2], is_meant: [&dyn Fn(&str) -> bool; 2]) -> Self {
        let [before, after] = sides;
        let parts = [
            before.variances(&is_meant[0]),
            after.variances(&is_meant[1]),
        ];
        let (between, plain) = (parts[0].0 + parts[1].0, parts[0].1 + parts[1].1);
        let design = if plain > 0.0 {
            (between / plain).max(1.0)
        } else {
            1.0
        };
        let degrees = (before.units.len() + after.units.len()).saturating_sub(2);
        let quantile = student(degrees);
        let shares = [before.share(is_meant[0]), after.share(is_meant[1])];
        let labels = [before.labels, after.labels];
        let effective = labels.map(|labels| labels as f64 / design);
        let intervals = [0, 1].map(|side: usize| {
            if quantile.is_finite() {
                wilson_share(shares[side], effective[side], quantile)
            } else {
                Interval {
                    low: 0.0,
                    high: 1.0,
                }
            }
        });
        Self {
            values: shares,
            effective,
            intervals,
            labels,
        }
    }

    fn estimates(&self) -> [Estimate; 2] {
        [0, 1].map(|side: usize| {
            let n = whole_usize(self.labels[side] as f64);
            Estimate::with(self.values[side], Some(self.intervals[side]), n)
        })
    }

    /// Newcombe's interval of the second less the first.
    fn difference(&self) -> Estimate {
        let [before, after] = self.values;
        let [b, a] = &self.intervals;
        let middle = after - before;
        let low = middle - ((after - a.low).powi(2) + (b.high - before).powi(2)).sqrt();
        let high = middle + ((a.high - after).powi(2) + (before - b.low).powi(2)).sqrt();
        let n = whole_usize(self.labels.iter().sum::<u64>() as f64);
        Estimate::with(middle, Some(Interval { low, high }), n)
    }

    fn p(&self, degrees: usize) -> Result<f64, DriftError> {
        let [before, after] = self.effective;
        let pooled = (self.values[0] * before + self.values[1] * after) / (before + after);
        let error = (pooled * (1.0 - pooled) * (1.0 / before + 1.0 / after)).sqrt();
        if error <= 0.0 {
            return Ok(1.0);
        }
        let t = (self.values[1] - self.values[0]) / error;
        Ok((2.0 * student_tail(t.abs(), degrees as f64)?).min(1.0))
    }
}

fn one(
    source: &str,
    window: i64,
    sides: &[Side<'_>; 2],
    options: &TaxonomyOptions,
) -> Result<WindowDrift, DriftError> {
    let [before, after] = sides;
    let units = [before.units.len(), after.units.len()];
    let is_judged = units.iter().all(|units| *units >= 2);
    let names: BTreeSet<&str> = before
        .classes
        .keys()
        .chain(after.classes.keys())
        .copied()
        .collect();
    let mut classes = Vec::with_capacity(names.len());
    for name in names {
        let is_it = |class: &str| class == name;
        let shares = Shares::of(sides, [&is_it, &is_it]);
        let p = if is_judged {
            Some(shares.p(units[0] + units[1] - 2)?)
        } else {
            None
        };
        let [b, a] = shares.estimates();
        classes.push(ClassDrift {
            class: name.to_owned(),
            fate: ClassFate::Kept,
            before: b,
            after: a,
            difference: shares.difference(),
            p,
            p_adjusted: None,
        });
    }
    let is_other = |class: &str| options.other.contains(class);
    Ok(WindowDrift {
        source: source.to_owned(),
        window,
        units,
        labels: [before.labels, after.labels],
        not_evaluated: (!is_judged).then(|| {
            format!(
                "{} units before and {} in the window; shares need two on each side",
                units[0], units[1]
            )
        }),
        classes,
        renamed: Vec::new(),
        other: Shares::of(sides, [&is_other, &is_other]).estimates(),
    })
}

/// Corrects all p-values together and says what happened to each class.
fn judge(drift: &mut TaxonomyDrift, alpha: f64) -> Result<(), DriftError> {
    let classes = drift.windows.iter().flat_map(|window| &window.classes);
    let raw: Vec<f64> = classes.filter_map(|class| class.p).collect();
    let adjusted = adjust(&raw, alpha, Adjustment::BenjaminiHochberg)?;
    let mut found = adjusted.reject.into_iter().zip(adjusted.p_adj);
    for class in drift
        .windows
        .iter_mut()
        .flat_map(|window| &mut window.classes)
    {
        let mut is_certain = false;
        if class.p.is_some()
            && let Some((reject, p)) = found.next()
        {
            is_certain = reject;
            class.p_adjusted = Some(p);
        }
        class.fate = if class.before.estimate == 0.0 {
            ClassFate::New
        } else if !is_certain {
            ClassFate::Kept
        } else if class.after.estimate == 0.0 {
            ClassFate::Vanishing
        } else {
            ClassFate::Shifted
        };
    }
    Ok(())
}

/// Pairs classes that are gone with new ones, the most alike first.
fn rename(window: &mut WindowDrift, shapes: &[ClassShape<'_>], options: &TaxonomyOptions) {
    let gone = window
        .classes
        .iter()
        .filter(|class| class.after.estimate == 0.0);
    let gone: Vec<&ClassDrift> = gone.collect();
    let mut pairs: Vec<(f64, Renamed)> = Vec::new();
    for new in window
        .classes
        .iter()
        .filter(|class| class.fate == ClassFate::New)
    {
        for old in &gone {
            let names = similarity(&old.class, &new.class);
            let shape = distance(shapes, window, (&old.class, &new.class));
            let by_name = names >= options.name_similarity;
            let by_shape = shape.is_some_and(|d| d <= options.shape_distance);
            let against = shape.is_some_and(|d| d > 3.0 * options.shape_distance);
            let difference = between(&old.before, &new.after);
            let same_share = difference.low <= Some(0.0) && difference.high >= Some(0.0);
            if (by_name || by_shape) && !against && same_share {
                let likeness = names - shape.unwrap_or(0.0);
                pairs.push((
                    likeness,
                    Renamed {
                        from: old.class.clone(),
                        to: new.class.clone(),
                        name_similarity: names,
                        shape_distance: shape,
                        difference,
                    },
                ));
            }
        }
    }
    pairs.sort_by(|(a, x), (b, y)| {
        b.total_cmp(a)
            .then_with(|| (&x.from, &x.to).cmp(&(&y.from, &y.to)))
    });
    let mut renamed: Vec<Renamed> = Vec::new();
    for (_, pair) in pairs {
        let is_taken = |other: &Renamed| other.from == pair.from || other.to == pair.to;
        if !renamed.iter().any(is_taken) {
            renamed.push(pair);
        }
    }
    renamed.sort_by(|a, b| a.from.cmp(&b.from));
    window.renamed = renamed;
}

/// The second less the first, by Newcombe's interval from those of the two.
fn between(before: &Estimate, after: &Estimate) -> Estimate {
    let middle = after.estimate - before.estimate;
    let n = before.n + after.n;
    let ends = (before.low, before.high, after.low, after.high);
    let (Some(b_low), Some(b_high), Some(a_low), Some(a_high)) = ends else {
        return Estimate::bare(middle, n);
    };
    let reach = |x: f64, y: f64| x.hypot(y);
    let interval = Interval {
        low: middle - reach(after.estimate - a_low, b_high - before.estimate),
        high: middle + reach(a_high - after.estimate, before.estimate - b_low),
    };
    Estimate::with(middle, Some(interval), n)
}

/// Similarity of two names by their letters and digits, whatever case and separators.
fn similarity(a: &str, b: &str) -> f64 {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    strsim::normalized_damerau_levenshtein(&plain(a), &plain(b))
}

/// Largest distance of a feature in common standard deviations: the old class in its last window before, the new one in
/// the window itself.
fn distance(
    shapes: &[ClassShape<'_>],
    window: &WindowDrift,
    (old, new): (&str, &str),
) -> Option<f64> {
    let of_source = || shapes.iter().filter(|shape| shape.source == window.source);
    let before = of_source()
        .filter(|shape| shape.class == old && shape.window < window.window)
        .max_by_key(|shape| shape.window)?;
    let after = of_source().find(|shape| shape.class == new && shape.window == window.window)?;
    let mut largest: Option<f64> = None;
    for ([a, sa], [b, sb]) in before.features.iter().zip(&after.features) {
        let spread = (f64::midpoint(sa * sa, sb * sb)).sqrt();
        let apart = (a - b).abs() / spread;
        if apart.is_finite() {
            largest = Some(largest.map_or(apart, |x| x.max(apart)));
        }
    }
    largest
}

#[cfg(test)]
mod tests;
