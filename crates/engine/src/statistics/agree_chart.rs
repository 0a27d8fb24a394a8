//! How often items are disputed, sample by sample.

use super::agree::{Document, Table};
use super::{Source, undefined};
use crate::EngineError;
use fieldassay_formats::table::Codes;
use fieldassay_measure::agreement::charts::share_chart;
use fieldassay_model::plot::{About, Curves, Line, Mark};
use serde::Serialize;

/// Samples a chart has at most; more moments are put together.
const MOST_SAMPLES: usize = 60;
/// Share of the samples the limits are made from.
const FIRST: usize = 3;

/// A control chart of disputed items.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// Share of disputed items over the first samples, from which the limits are made.
    pub mean: f64,
    /// How many samples that are.
    pub first: usize,
    /// How much samples vary beyond chance, by Laney; the limits are widened by it where it is above 1.
    pub spread: f64,
    /// One by one.
    pub samples: Vec<Sample>,
}

/// The items that were first labeled in one stretch of time.
#[derive(Clone, Debug, Serialize)]
pub struct Sample {
    /// Its first moment, as in the table.
    pub time: String,
    /// Items with two votes.
    pub items: u64,
    /// Items whose votes are not all the same.
    pub disputed: u64,
    /// Their share.
    pub share: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
    /// Whether the share is outside the limits.
    pub is_signal: bool,
}

/// The chart of votes by their times. Errors: too few samples, or nothing disputed in the first ones.
pub(super) fn chart(source: &Source, table: &Table, times: &Codes) -> Result<Chart, EngineError> {
    // Of each item its first moment.
    let mut first_time = vec![u32::MAX; table.items.names.len()];
    for (&item, &time) in table.items.cells.iter().zip(&times.cells) {
        if let Some(known) = first_time.get_mut(item as usize) {
            *known = time.min(*known);
        }
    }
    let per_sample = times.names.len().div_ceil(MOST_SAMPLES).max(1);
    let mut tallies = vec![(0_u64, 0_u64); times.names.len().div_ceil(per_sample)];
    for (&time, (_, labels)) in first_time.iter().zip(table.votes.iter()) {
        if let (Some((items, disputed)), true) = (
            tallies.get_mut(time as usize / per_sample),
            labels.len() > 1,
        ) {
            *items += 1;
            *disputed += u64::from(labels.windows(2).any(|pair| pair[0] != pair[1]));
        }
    }
    let names = times.names.iter().step_by(per_sample);
    let filled: Vec<_> = names
        .zip(tallies)
        .filter(|(_, (items, _))| *items > 0)
        .collect();
    let disputed: Vec<u64> = filled.iter().map(|(_, (_, disputed))| *disputed).collect();
    let sizes: Vec<u64> = filled.iter().map(|(_, (items, _))| *items).collect();
    let first = (filled.len() / FIRST).max(2);
    let found = share_chart(&disputed, &sizes, first).map_err(|error| {
        undefined(
            &source.path,
            format!(
                "no chart over `time`, from the first `{first}` of `{}` samples: {error}",
                filled.len()
            ),
        )
    })?;
    let (limits, signals) = if found.spread > 1.0 {
        (&found.laney, &found.laney_signals)
    } else {
        (&found.limits, &found.signals)
    };
    let mut samples = Vec::with_capacity(filled.len());
    for (at, ((time, (items, disputed)), [low, high])) in filled.into_iter().zip(limits).enumerate()
    {
        samples.push(Sample {
            time: time.clone(),
            items,
            disputed,
            share: disputed as f64 / items as f64,
            low: *low,
            high: *high,
            is_signal: signals.contains(&at),
        });
    }
    Ok(Chart {
        mean: found.mean,
        first,
        spread: found.spread,
        samples,
    })
}

fn line(name: &str, points: Vec<(f64, f64)>) -> Line {
    Line {
        name: name.to_owned(),
        points,
    }
}

fn about(title: &str) -> About {
    About {
        title: title.to_owned(),
        ..About::default()
    }
}

/// The picture: the chart where there is one, then the annotators in the order of their agreement.
pub fn svg(document: &Document) -> String {
    let mut same: Vec<f64> = (document.per_annotator.iter())
        .filter_map(|one| one.same)
        .collect();
    same.sort_by(f64::total_cmp);
    let equal = line("equal", (1..).map(f64::from).zip(same).collect());
    let people = |lines: Vec<Line>| Curves {
        about: about("Annotators, from the one who agrees least with the others"),
        x_label: "annotator".to_owned(),
        y_label: "share of equal labels".to_owned(),
        lines,
        ..Curves::default()
    };
    let title = format!(
        "Agreement: alpha {:.3}, {} votes of {} annotators",
        document.overall.alpha.estimate, document.votes, document.annotators
    );
    let draw = |names: &[&str], plots: &[(&Curves, f64)]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        fieldassay_report::picture(&title, &names, plots)
    };
    match &document.chart {
        None => draw(&["share of equal labels"], &[(&people(vec![equal]), 220.0)]),
        Some(chart) => draw(
            &[
                "three-sigma limits",
                "items disputed",
                "equal labels of annotators",
            ],
            &[
                (&over_time(chart), 260.0),
                // Lines of a color are the same thing in both drawings.
                (
                    &people(vec![Line::default(), Line::default(), equal]),
                    220.0,
                ),
            ],
        ),
    }
}

/// Shares of disputed items within their limits.
fn over_time(chart: &Chart) -> Curves {
    let of = |value: fn(&Sample) -> f64| -> Vec<(f64, f64)> {
        let values = chart.samples.iter().map(value);
        (1..).map(f64::from).zip(values).collect()
    };
    let mut limits = of(|sample| sample.low);
    // A gap between the two.
    limits.push((f64::NAN, f64::NAN));
    limits.extend(of(|sample| sample.high));
    let places = (1..).map(f64::from).zip(&chart.samples);
    let signals = places.filter(|(_, sample)| sample.is_signal);
    let mark = |(x, sample): (f64, &Sample)| Mark {
        x,
        label: sample.time.clone(),
    };
    Curves {
        about: about("Disputed items"),
        x_label: "sample, in the order of `time`".to_owned(),
        y_label: "share of items disputed".to_owned(),
        lines: vec![
            line("limits", limits),
            line("disputed", of(|sample| sample.share)),
        ],
        marks: signals.map(mark).take(20).collect(),
        ..Curves::default()
    }
}
