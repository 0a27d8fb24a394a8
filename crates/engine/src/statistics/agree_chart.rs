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
    let samples = filled.iter().zip(limits).enumerate();
    let sample = |(at, ((time, (items, disputed)), [low, high])): (
        usize,
        (&(&String, (u64, u64)), &[f64; 2]),
    )| Sample {
        time: (*time).clone(),
        items: *items,
        disputed: *disputed,
        share: *disputed as f64 / *items as f64,
        low: *low,
        high: *high,
        is_signal: signals.contains(&at),
    };
    Ok(Chart {
        mean: found.mean,
        first,
        spread: found.spread,
        samples: samples.map(sample).collect(),
    })
}

/// The picture: the chart where there is one, then the annotators in the order of their agreement.
pub fn svg(document: &Document) -> String {
    let line = |name: &str, points: Vec<(f64, f64)>| Line {
        name: name.to_owned(),
        points,
    };
    let about = |title: &str| About {
        title: title.to_owned(),
        ..About::default()
    };
    let mut same: Vec<f64> = document
        .per_annotator
        .iter()
        .filter_map(|one| one.same)
        .collect();
    same.sort_by(f64::total_cmp);
    let people = Curves {
        about: about("Annotators, from the one who agrees least with the others"),
        x_label: "annotator".to_owned(),
        y_label: "share of equal labels".to_owned(),
        // Lines of a color are the same thing in both drawings; the first is dashed.
        lines: vec![
            Line::default(),
            Line::default(),
            line("equal", (1..).map(f64::from).zip(same).collect()),
        ],
        ..Curves::default()
    };
    let title = format!(
        "Agreement: alpha {:.3}, {} votes of {} annotators",
        document.overall.alpha.estimate, document.votes, document.annotators
    );
    let Some(chart) = &document.chart else {
        return fieldassay_report::picture(
            &title,
            &["share of equal labels".to_owned()],
            &[(&people, 220.0)],
        );
    };
    let of = |value: fn(&Sample) -> f64| -> Vec<(f64, f64)> {
        (1..)
            .map(f64::from)
            .zip(chart.samples.iter().map(value))
            .collect()
    };
    let mut limits = of(|sample| sample.low);
    // A gap between the two.
    limits.push((f64::NAN, f64::NAN));
    limits.extend(of(|sample| sample.high));
    let signals = (1..)
        .map(f64::from)
        .zip(&chart.samples)
        .filter(|(_, sample)| sample.is_signal);
    let over_time = Curves {
        about: about("Disputed items"),
        x_label: "sample, in the order of `time`".to_owned(),
        y_label: "share of items disputed".to_owned(),
        lines: vec![
            line("limits", limits),
            line("disputed", of(|sample| sample.share)),
        ],
        marks: signals
            .map(|(x, sample)| Mark {
                x,
                label: sample.time.clone(),
            })
            .take(20)
            .collect(),
        ..Curves::default()
    };
    let names = [
        "disputed; equal labels of annotators",
        "lower limit",
        "upper limit",
    ]
    .map(str::to_owned);
    fieldassay_report::picture(&title, &names, &[(&over_time, 260.0), (&people, 220.0)])
}
