//! The scores of the race: evaluation again and again on files that are read before, timed inside the process.
//!
//! `scores coco GT.json DT.json RUNS` and `scores mot GT.txt TRACKS.txt RUNS`. Prints seconds per run and what was found
//! as JSON.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program of the bench, about wall time"
)]

use fieldassay_engine::score::coco::Matched;
use fieldassay_formats::labels::{coco as form, mot};
use fieldassay_measure::detection::coco::{
    Annotation, Category, Found, GroundTruth, Image, Kind, Rules,
};
use fieldassay_measure::tracking::{
    BoxXywh, Sequence, TrackingSummary, tracking_counts, tracking_summary,
};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["coco", labels, found, runs] => coco(labels, found, runs.parse()?),
        ["mot", labels, tracks, runs] => tracking(labels, tracks, runs.parse()?),
        _ => Err("say `coco GT DT RUNS` or `mot GT TRACKS RUNS`".into()),
    }
}

/// Checks, sorting, matching and the twelve lines.
fn coco(labels: &str, found: &str, runs: usize) -> Result<(), Box<dyn Error>> {
    let read = form::labels::<Image, Category, Annotation>(labels, &std::fs::read(labels)?)?;
    let truth = GroundTruth {
        images: read.0,
        categories: read.1,
        annotations: read.2,
    };
    let found: Vec<Found> = form::results(found, &std::fs::read(found)?)?;
    let mut values = Vec::new();
    let mut seconds = Vec::with_capacity(runs);
    // Once untimed, as the peers do.
    for run in 0..=runs {
        let start = Instant::now();
        let matched = Matched::new(
            black_box(&truth),
            black_box(&found),
            Rules::coco(Kind::Boxes),
        )?;
        let scores = matched.scores(None).ok_or("no label counts")?;
        let lines = black_box(scores.summary());
        let spent = start.elapsed().as_secs_f64();
        if run > 0 {
            seconds.push(spent);
        }
        values = lines
            .into_iter()
            .map(|(_, value)| value.unwrap_or(-1.0))
            .collect();
    }
    print(&seconds, &values);
    Ok(())
}

/// Boxes by frame.
type Frames = Vec<Vec<(i64, BoxXywh)>>;

fn frames(file: &str) -> Result<Frames, Box<dyn Error>> {
    let rows = mot::read(file, &std::fs::read(file)?)?;
    let last = rows.iter().map(|row| row.frame).max().unwrap_or(0);
    let mut out: Frames = vec![Vec::new(); last as usize];
    for row in rows {
        if let Some(frame) = out.get_mut(row.frame as usize - 1) {
            frame.push((row.id, row.xywh));
        }
    }
    Ok(out)
}

/// Similarities, HOTA, CLEAR and identity.
fn tracking(labels: &str, tracks: &str, runs: usize) -> Result<(), Box<dyn Error>> {
    let (labels, tracks) = (frames(labels)?, frames(tracks)?);
    let once = || -> Result<TrackingSummary, Box<dyn Error>> {
        let mut sequence = Sequence::new();
        for (gt, tracker) in labels.iter().zip(&tracks) {
            sequence.push_boxes(gt, tracker)?;
        }
        Ok(tracking_summary(&[tracking_counts(&sequence, 0.5)?], None)?)
    };
    let mut found = once()?;
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        found = black_box(once()?);
        seconds.push(start.elapsed().as_secs_f64());
    }
    // MOTA last: not every peer computes the same one.
    let values = [found.hota, found.deta, found.assa, found.idf1, found.mota];
    let values: Vec<f64> = values.into_iter().flatten().map(|e| e.estimate).collect();
    print(&seconds, &values);
    Ok(())
}

fn print(seconds: &[f64], values: &[f64]) {
    let document = serde_json::json!({ "seconds": seconds, "places": [], "values": values });
    println!("{document}");
}
