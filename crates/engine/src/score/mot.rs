//! `MOTChallenge` tracking.

use super::document::Rule;
use super::files;
use super::scored::{Scored, Sliced, path};
use super::{Outcome, Request, undefined};
use crate::EngineError;
use fieldassay_formats::labels::mot::{self, Row};
use fieldassay_formats::table;
use fieldassay_measure::tracking::{
    Assigner, BoxXywh, Edge, Sequence, TrackingCounts, TrackingError, tracking_counts,
    tracking_summary,
};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Class of pedestrians, the only one scored, and those whose boxes are taken from the tracker without counting
/// (`TrackEval` 1.3.0, `MOTChallenge` 2D box: vehicles without motor only in MOT20).
const PEDESTRIAN: u32 = 1;
const DISTRACTORS: [u32; 4] = [2, 7, 8, 12];
/// Similarity from which a box is taken for a distractor.
const DISTRACTED: f64 = 0.5;

const SUMMARY: [&str; 18] = [
    "mota",
    "motp",
    "motp_distance",
    "idf1",
    "idp",
    "idr",
    "recall",
    "precision",
    "switches",
    "fragmentations",
    "hota",
    "deta",
    "assa",
    "objects",
    "mostly_tracked",
    "mostly_lost",
    "false_positives",
    "misses",
];

/// One sequence: its name, labels and tracks.
struct Pair {
    name: String,
    labels: Vec<Row>,
    tracks: Vec<Row>,
    fields: Option<String>,
}

pub(super) fn score(request: &Request) -> Outcome {
    let pairs = if request.labels.is_dir() {
        folder(request)?
    } else {
        file(request)?
    };
    let overlap = request.overlap.unwrap_or(0.5);
    let counts: Result<Vec<TrackingCounts>, EngineError> = pairs
        .par_iter()
        .map(|pair| {
            let counted = counted(pair, overlap);
            counted
                .map_err(|error| undefined(request, format!("sequence `{}`: {error}", pair.name)))
        })
        .collect();
    let counts = counts?;
    let is_classed = |pair: &&Pair| pair.labels.iter().any(|row| row.class.is_some());
    let classed = pairs.iter().filter(is_classed).count();
    let mut notes = Vec::new();
    if classed > 0 {
        notes.push(format!(
            "labels of {classed} sequences say classes: only pedestrians count, and tracks on distractors do not, as in TrackEval"
        ));
    }
    let sliced = request.by.as_ref().map(|by| {
        let values = pairs.iter().map(|pair| match by.as_str() {
            "sequence" => Some(pair.name.clone()),
            _ => pair.fields.clone(),
        });
        Sliced::Items(values.collect())
    });
    let units = 0..u32::try_from(pairs.len()).unwrap_or(u32::MAX);
    Ok(Scored {
        unit: "sequences",
        units: units.collect(),
        summary: SUMMARY.map(|name| path([name])).to_vec(),
        per_class: Vec::new(),
        numbers: Box::new(move |weights| values(&counts, weights)),
        sequences: pairs.into_iter().map(|pair| pair.name).collect(),
        sliced,
        rules: vec![Rule {
            name: "iou",
            value: overlap.to_string(),
        }],
        notes,
    })
}

fn values(counts: &[TrackingCounts], weights: Option<&[u32]>) -> Vec<Option<f64>> {
    let mut total = TrackingCounts::default();
    for (at, of) in counts.iter().enumerate() {
        let weight = weights.map_or(1, |weights| weights.get(at).copied().unwrap_or(0));
        for _ in 0..weight {
            total.add(of);
        }
    }
    let Ok(s) = tracking_summary(std::slice::from_ref(&total), None) else {
        return Vec::new();
    };
    let clear = &total.clear;
    let objects = clear.mostly_tracked + clear.partly_tracked + clear.mostly_lost;
    let ratios = [
        s.mota,
        s.motp,
        s.motp_distance,
        s.idf1,
        s.idp,
        s.idr,
        s.recall,
        s.precision,
    ];
    let mut out: Vec<Option<f64>> = ratios.iter().map(|e| e.map(|e| e.estimate)).collect();
    out.extend([s.switches, s.fragmentations].map(|n| Some(n as f64)));
    out.extend([s.hota, s.deta, s.assa].map(|e| e.map(|e| e.estimate)));
    let others = [
        objects,
        clear.mostly_tracked,
        clear.mostly_lost,
        clear.false_boxes,
        clear.misses,
    ];
    out.extend(others.map(|n| Some(n as f64)));
    out
}

fn counted(pair: &Pair, overlap: f64) -> Result<TrackingCounts, TrackingError> {
    let frames = [&pair.labels, &pair.tracks].into_iter().flatten();
    let frames = frames.map(|row| row.frame).max().unwrap_or(0);
    let is_classed = pair.labels.iter().any(|row| row.class.is_some());
    let mut sequence = Sequence::new();
    let mut assigner = Assigner::new();
    let (mut labels, mut tracks) = (pair.labels.as_slice(), pair.tracks.as_slice());
    for frame in 1..=frames {
        let (of_labels, of_tracks) = (take(&mut labels, frame), take(&mut tracks, frame));
        let taken = if is_classed {
            on_distractors(of_labels, of_tracks, &mut assigner)
        } else {
            vec![false; of_tracks.len()]
        };
        let counts =
            |row: &&Row| row.confidence != 0.0 && row.class.is_none_or(|class| class == PEDESTRIAN);
        let boxed = |row: &Row| (row.id, row.xywh);
        let gt: Vec<(i64, BoxXywh)> = of_labels.iter().filter(counts).map(boxed).collect();
        let free = of_tracks
            .iter()
            .zip(&taken)
            .filter(|(_, is_taken)| !**is_taken);
        let tracker: Vec<(i64, BoxXywh)> = free.map(|(row, _)| boxed(row)).collect();
        sequence.push_boxes(&gt, &tracker)?;
    }
    tracking_counts(&sequence, overlap)
}

/// The rows of the next frame; rows are sorted by frame.
fn take<'a>(rows: &mut &'a [Row], frame: u32) -> &'a [Row] {
    let count = rows.partition_point(|row| row.frame <= frame);
    let (now, rest) = rows.split_at(count);
    *rows = rest;
    now
}

/// Which tracks lie on labels of distractors, where all labels are matched once.
fn on_distractors(labels: &[Row], tracks: &[Row], assigner: &mut Assigner) -> Vec<bool> {
    let mut edges = Vec::new();
    for (row, label) in (0..).zip(labels) {
        for (col, track) in (0..).zip(tracks) {
            let weight = iou(label.xywh, track.xywh);
            if weight >= DISTRACTED - f64::EPSILON {
                edges.push(Edge { row, col, weight });
            }
        }
    }
    let mut taken = vec![false; tracks.len()];
    for found in assigner.best(labels.len(), tracks.len(), &edges) {
        let label = labels.get(found.row as usize).and_then(|row| row.class);
        if let (Some(class), Some(is_taken)) = (label, taken.get_mut(found.col as usize)) {
            *is_taken = DISTRACTORS.contains(&class);
        }
    }
    taken
}

fn iou(a: BoxXywh, b: BoxXywh) -> f64 {
    use fieldassay_measure::boxes::Rect;
    Rect::from(a).iou(&Rect::from(b))
}

/// Whether a file is `MOTChallenge` text: its first row begins with a number, where a table has names.
fn is_plain(bytes: &[u8]) -> bool {
    let first = fieldassay_formats::trajectory::text::rows(bytes).next();
    let first = first.map(|line| line.text.trim_ascii_start());
    first.is_none_or(|text| {
        text.first()
            .is_some_and(|c| c.is_ascii_digit() || *c == b'-')
    })
}

/// Rows of one file, by sequence where it is a table with such a column.
fn read(path: &Path) -> Result<Vec<mot::Part>, EngineError> {
    let bytes = files::read(path)?;
    let name = files::name(path);
    if is_plain(&bytes) {
        let mut rows = mot::read(&name, &bytes)?;
        rows.sort_by_key(|row| row.frame);
        return Ok(vec![(None, rows)]);
    }
    let table = table::read(&name, &bytes)?;
    let mut parts = mot::from_table(&table)?;
    for (_, rows) in &mut parts {
        rows.sort_by_key(|row| row.frame);
    }
    Ok(parts)
}

/// Both sides in one file each.
fn file(request: &Request) -> Result<Vec<Pair>, EngineError> {
    let tracks = if request.predictions.is_dir() {
        let known = find(&request.predictions, &files::stem(&request.labels));
        read(&known.ok_or_else(|| missing(request, &files::stem(&request.labels)))?)?
    } else {
        read(&request.predictions)?
    };
    let mut out = Vec::new();
    let mut unknown: Vec<Option<String>> = tracks.iter().map(|(name, _)| name.clone()).collect();
    for (name, labels) in read(&request.labels)? {
        unknown.retain(|known| *known != name);
        let tracks = tracks.iter().find(|(other, _)| *other == name);
        let shown = name.clone().unwrap_or_else(|| files::stem(&request.labels));
        if tracks.is_none() && name.is_some() {
            return Err(missing(request, &shown));
        }
        out.push(Pair {
            name: shown,
            labels,
            tracks: tracks.map(|(_, rows)| rows.clone()).unwrap_or_default(),
            fields: None,
        });
    }
    if let Some(Some(name)) = unknown.into_iter().next() {
        return Err(undefined(
            request,
            format!(
                "there are tracks of sequence `{name}`, but no labels; hint: names must be the same on both sides"
            ),
        ));
    }
    Ok(out)
}

fn missing(request: &Request, sequence: &str) -> EngineError {
    undefined(
        request,
        format!(
            "there are no tracks of sequence `{sequence}`; hint: name the file `{sequence}.txt`, and write an empty one where nothing was tracked"
        ),
    )
}

/// The file of a sequence's tracks below a folder.
fn find(folder: &Path, sequence: &str) -> Option<PathBuf> {
    let below = [
        format!("{sequence}.txt"),
        format!("data/{sequence}.txt"),
        format!("{sequence}/tracks.txt"),
        format!("{sequence}/{sequence}.txt"),
        format!("{sequence}.csv"),
    ];
    below
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

/// Labels laid out as `MOTChallenge` has them: `SEQUENCE/gt/gt.txt`, `SEQUENCE/gt.txt` or `SEQUENCE.txt`.
fn folder(request: &Request) -> Result<Vec<Pair>, EngineError> {
    let mut sources = Vec::new();
    let own = request.labels.join("gt/gt.txt");
    if own.is_file() {
        let name = request.labels.file_name().unwrap_or_default();
        sources.push((name.to_string_lossy().into_owned(), own));
    } else {
        for entry in files::entries(&request.labels)? {
            let inside = ["gt/gt.txt", "gt.txt"].map(|name| entry.join(name));
            let is_text = entry.extension().is_some_and(|ending| ending == "txt");
            if let Some(file) = inside.into_iter().find(|path| path.is_file()) {
                let name = entry.file_name().unwrap_or_default();
                sources.push((name.to_string_lossy().into_owned(), file));
            } else if is_text && !entry.ends_with("seqmap.txt") {
                sources.push((files::stem(&entry), entry));
            }
        }
    }
    if sources.is_empty() {
        return Err(EngineError::Request {
            message: format!(
                "`{}` holds no labels of tracks\nhint: MOTChallenge lays them out as SEQUENCE/gt/gt.txt; SEQUENCE.txt will do",
                request.labels.display()
            ),
        });
    }
    let mut out = Vec::new();
    for (name, labels) in sources {
        let tracks = if request.predictions.is_dir() {
            find(&request.predictions, &name).ok_or_else(|| missing(request, &name))?
        } else {
            request.predictions.clone()
        };
        let whole = |path: &Path| -> Result<Vec<Row>, EngineError> {
            let parts = read(path)?.into_iter().flat_map(|(_, rows)| rows);
            Ok(parts.collect())
        };
        out.push(Pair {
            fields: seqinfo(&labels, request)?,
            labels: whole(&labels)?,
            tracks: whole(&tracks)?,
            name,
        });
    }
    Ok(out)
}

/// The value of the field slices are by in the `seqinfo.ini` of a sequence.
fn seqinfo(labels: &Path, request: &Request) -> Result<Option<String>, EngineError> {
    let Some(by) = request.by.as_ref().filter(|by| *by != "sequence") else {
        return Ok(None);
    };
    let folders = labels.ancestors().skip(1).take(2);
    let file = folders
        .map(|folder| folder.join("seqinfo.ini"))
        .find(|path| path.is_file());
    let none = || EngineError::Request {
        message: format!(
            "`--by {by}`: the sequence of `{}` has no such field in a `seqinfo.ini`\nhint: `--by sequence` gives one slice per sequence",
            labels.display()
        ),
    };
    let text = String::from_utf8_lossy(&files::read(&file.ok_or_else(none)?)?).into_owned();
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    let value = lines
        .find(|(key, _)| key.trim() == by)
        .map(|(_, value)| value.trim().to_owned());
    value.map(Some).ok_or_else(none)
}
