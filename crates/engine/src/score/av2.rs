//! Argoverse 2 detection.

use super::document::Rule;
use super::files::{self, Names};
use super::scored::{Scored, Sliced, path};
use super::{Outcome, Request, undefined};
use crate::EngineError;
use fieldassay_formats::labels::av2::{self, Row};
use fieldassay_formats::table::{self, Table};
use fieldassay_measure::detection::av2::{
    Detection, Evaluation, Label, Object, Rules, SCORES, evaluate,
};
use std::collections::BTreeMap;

/// Numbers for everything that has a name.
#[derive(Default)]
struct Numbered {
    logs: Names,
    categories: Names,
    sweeps: BTreeMap<(u32, i64), u32>,
    /// Log of each sweep.
    log_of: Vec<u32>,
}

impl Numbered {
    fn object(&mut self, row: &Row) -> Object {
        let log = self.logs.number(&row.log);
        let next = u32::try_from(self.log_of.len()).unwrap_or(u32::MAX);
        let sweep = *self.sweeps.entry((log, row.timestamp_ns)).or_insert(next);
        if sweep == next {
            self.log_of.push(log);
        }
        Object {
            sweep,
            category: self.categories.number(&row.category),
            center_meters: row.center_meters,
            size_meters: row.size_meters,
            yaw_radians: row.yaw_radians,
        }
    }
}

pub(super) fn score(request: &Request) -> Outcome {
    let table = read(&request.labels)?;
    let rows = av2::rows(&table, false)?;
    let mut numbered = Numbered::default();
    let mut names: Vec<&str> = rows.iter().map(|row| row.category.as_str()).collect();
    names.sort_unstable();
    for name in names {
        numbered.categories.number(name);
    }
    let classes = numbered.categories.list().to_vec();
    let labels: Vec<Label> = rows
        .iter()
        .map(|row| Label {
            object: numbered.object(row),
            points: row.points.unwrap_or(1),
        })
        .collect();
    let labeled = numbered.log_of.len();
    let found: Vec<Detection> = av2::rows(&read(&request.predictions)?, true)?
        .iter()
        .map(|row| Detection {
            object: numbered.object(row),
            score: row.score.unwrap_or(0.0),
        })
        .collect();
    let rules = Rules::default();
    let notes = notes(&rows, &numbered, labeled, &found, classes.len());
    let range = rules.range_meters;
    let evaluation = evaluate(&labels, &found, rules).map_err(|error| undefined(request, error))?;
    Evaluation::means(&evaluation.scores(None)).map_err(|error| undefined(request, error))?;
    let per_class = classes.iter().flat_map(|class| {
        let names = SCORES.into_iter().chain(["labels"]);
        names.map(|name| path([class.as_str(), name]))
    });
    let sliced = request
        .by
        .as_ref()
        .map(|by| sliced(request, by, &table, &labels, numbered.log_of.len()));
    Ok(Scored {
        unit: "logs",
        units: numbered.log_of,
        summary: SCORES.map(|name| path([name])).to_vec(),
        per_class: per_class.collect(),
        numbers: Box::new(move |weights| values(&evaluation, classes.len(), weights)),
        sequences: Vec::new(),
        sliced: sliced.transpose()?,
        rules: vec![Rule {
            name: "range_meters",
            value: range.to_string(),
        }],
        notes,
    })
}

fn read(path: &std::path::Path) -> Result<Table, EngineError> {
    Ok(table::read(&files::name(path), &files::read(path)?)?)
}

fn notes(
    rows: &[Row],
    numbered: &Numbered,
    labeled: usize,
    found: &[Detection],
    classes: usize,
) -> Vec<String> {
    let mut out = Vec::new();
    if rows.iter().any(|row| row.points.is_none()) {
        out.push("the labels do not say `num_interior_pts`, so all of them count".to_owned());
    }
    let beyond = numbered.log_of.len() - labeled;
    if beyond > 0 {
        out.push(format!(
            "{beyond} sweeps have detections and no labels; their detections are false"
        ));
    }
    let unknown = found
        .iter()
        .filter(|d| d.object.category as usize >= classes)
        .count();
    if unknown > 0 {
        out.push(format!(
            "{unknown} detections are of categories without labels and do not count"
        ));
    }
    out.push("no map is read, so objects outside the region of interest count".to_owned());
    out
}

fn values(evaluation: &Evaluation, classes: usize, weights: Option<&[u32]>) -> Vec<Option<f64>> {
    let scores = evaluation.scores(weights);
    let Ok(means) = Evaluation::means(&scores) else {
        return Vec::new();
    };
    let mut out = means.map(Some).to_vec();
    for class in 0..classes {
        let of = scores.get(class).copied().flatten();
        for at in 0..SCORES.len() {
            out.push(of.and_then(|s| s.scores.get(at).copied()));
        }
        out.push(Some(of.map_or(0.0, |s| s.labels as f64)));
    }
    out
}

/// The value of each sweep, which all its labels must agree on.
fn sliced(
    request: &Request,
    by: &str,
    table: &Table,
    labels: &[Label],
    sweeps: usize,
) -> Result<Sliced, EngineError> {
    let values = table.texts(by)?;
    let mut of_sweep: Vec<Option<String>> = vec![None; sweeps];
    let mut is_known = vec![false; sweeps];
    for (row, (label, value)) in labels.iter().zip(values).enumerate() {
        let at = label.object.sweep as usize;
        let (Some(known), Some(is_known)) = (of_sweep.get_mut(at), is_known.get_mut(at)) else {
            continue;
        };
        if *is_known && *known != value {
            return Err(undefined(
                request,
                format!(
                    "label row `{row}` has another `{by}` than the labels of its sweep before; hint: slices are of whole sweeps, such as `--by log_id`"
                ),
            ));
        }
        (*known, *is_known) = (value, true);
    }
    Ok(Sliced::Items(of_sweep))
}
