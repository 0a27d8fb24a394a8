//! Drawings of clouds: returns over time, and range images.

use super::{Columns, Stream};
use crate::sensors::Context;
use fieldassay_formats::media::encode_png_grey;
use fieldassay_formats::sensor::Sample;
use fieldassay_formats::sensor::cloud::CloudView;
use fieldassay_model::plot::{About, Curves, Line, Picture};
use fieldassay_model::{Fact, FactValue};

/// Points of a curve.
const CURVE_POINTS: usize = 1500;
/// Columns of a range image, and rows per ring.
const COLUMNS: usize = 720;
const ROWS_PER_RING: usize = 4;
const MOST_RINGS: usize = 64;
/// Range that is drawn black, meters.
const FAR_METERS: f32 = 60.0;
/// Largest file of a picture.
const MOST_BYTES: usize = 40_000;

/// Points per message.
pub(super) fn curves(clouds: &Stream<'_>, context: &Context<'_>) -> Vec<Curves> {
    if clouds.is_scan || clouds.rows.len() < 3 {
        return Vec::new();
    }
    let stride = clouds.rows.len().div_ceil(CURVE_POINTS).max(1);
    let secs = |log: i64| log.saturating_sub(context.start_nanos) as f64 / 1e9;
    let points = clouds
        .rows
        .iter()
        .step_by(stride)
        .map(|row| (secs(row.log_nanos), f64::from(row.points)));
    let stride = clouds.sweeps.len().div_ceil(CURVE_POINTS).max(1);
    let returns = clouds
        .sweeps
        .iter()
        .step_by(stride)
        .map(|s| (secs(s.log_nanos), f64::from(s.returns)));
    let line = |name: &str, points: Vec<(f64, f64)>| Line {
        name: name.to_owned(),
        points,
    };
    vec![Curves {
        about: About {
            subject: clouds.topic.to_owned(),
            group: "lidar",
            codes: vec!["lidar.short_sweep", "lidar.empty", "lidar.invalid"],
            title: "points per sweep".to_owned(),
            caption: "Sudden dips are lost packets; slow changes follow the scene.".to_owned(),
        },
        x_label: "time [s]".to_owned(),
        y_label: "points".to_owned(),
        lines: vec![
            line("points", points.collect()),
            line("returns (sampled)", returns.collect()),
        ],
        ..Curves::default()
    }]
}

/// Range images of an ordinary sweep and of one inside a finding.
pub(super) fn range_images(
    clouds: &Stream<'_>,
    stream: usize,
    facts: &[Fact],
    context: &Context<'_>,
) -> Vec<Picture> {
    if !clouds.is_spinning {
        return Vec::new();
    }
    let is_hit = |fact: &&Fact| {
        let value = fact.value.as_ref().and_then(FactValue::as_f64);
        matches!(
            fact.name.as_str(),
            "lidar.blocked_sector" | "lidar.dead_rings"
        ) && value.is_some_and(|v| v > 0.0)
    };
    let hit = facts.iter().find(is_hit);
    let (from, to) = hit
        .and_then(|fact| fact.window)
        .map_or((i64::MIN, i64::MAX), |window| {
            (window.start_ns, window.end_ns)
        });
    let inside = |log: i64| log >= from && log <= to;
    let middle = |logs: Vec<i64>| logs.get(logs.len() / 2).copied();
    let logs = |wanted: bool| -> Vec<i64> {
        let all = clouds.sweeps.iter().map(|s| s.log_nanos);
        all.filter(|log| inside(*log) == wanted).collect()
    };
    let worst = hit.and_then(|_| middle(logs(true)));
    let ordinary = if hit.is_some() {
        middle(logs(false))
    } else {
        middle(logs(true))
    };
    let wanted = [
        (worst, "where it is worst"),
        (ordinary, "of an ordinary sweep"),
    ];
    let mut log_nanos: Vec<i64> = wanted.iter().filter_map(|(log, _)| *log).collect();
    log_nanos.sort_unstable();
    let images = context.reread_map(stream, &log_nanos, |at, sample| {
        let Sample::Cloud(cloud) = sample else {
            return None;
        };
        let view = CloudView::new(&cloud).ok()?;
        let png = range_image(&Columns::read(&view, at.t_nanos))?;
        Some((at.log_nanos, png))
    });
    let mut pictures = Vec::new();
    for (log, what) in wanted {
        let Some(log) = log else { continue };
        let found = images.iter().flatten().find(|(at, _)| *at == log);
        if let Some((_, (width, height, bytes))) = found {
            pictures.push(Picture {
                about: about(clouds.topic, what),
                log_nanos: log,
                media_type: "image/png",
                width: *width,
                height: *height,
                bytes: bytes.clone(),
            });
        }
    }
    pictures
}

fn about(topic: &str, what: &str) -> About {
    About {
        subject: topic.to_owned(),
        group: "lidar",
        codes: vec![
            "lidar.blocked_sector",
            "lidar.dead_ring",
            "lidar.blind_sector",
        ],
        title: format!("range image, {what}"),
        caption:
            "One band per ring, azimuth from -180 to 180 degrees; near is bright, black is no return."
                .to_owned(),
    }
}

/// Rings by azimuth as a PNG.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped into the image and into a byte"
)]
fn range_image(columns: &Columns) -> Option<(u32, u32, Vec<u8>)> {
    let rings = usize::from(*columns.rings.iter().max()?) + 1;
    // More rings than rows: neighbors share one.
    let share = rings.div_ceil(MOST_RINGS);
    let bands = rings.div_ceil(share);
    // A sensor with fewer beams gets fewer columns: one between two beams would look like a lost return.
    let mut counts = vec![0_usize; rings];
    for ring in &columns.rings {
        if let Some(count) = counts.get_mut(usize::from(*ring)) {
            *count += 1;
        }
    }
    let wide = (counts.iter().max()? * 9 / 10).clamp(1, COLUMNS);
    let mut pixels = vec![0_u8; bands * ROWS_PER_RING * wide];
    for ([x, y, z], ring) in columns.positions.iter().zip(&columns.rings) {
        let range = x.hypot(*y).hypot(*z);
        if !range.is_finite() || range <= 0.0 {
            continue;
        }
        let turned = (y.atan2(*x) / std::f32::consts::TAU + 0.5) * wide as f32;
        let column = (turned as usize).min(wide - 1);
        let shade = 30.0 + 225.0 * (1.0 - (range / FAR_METERS).min(1.0)).powi(2);
        let top = (bands - 1 - usize::from(*ring) / share) * ROWS_PER_RING;
        for row in top..top + ROWS_PER_RING {
            if let Some(pixel) = pixels.get_mut(row * wide + column) {
                *pixel = (*pixel).max(shade as u8);
            }
        }
    }
    let (width, height) = (wide as u32, (bands * ROWS_PER_RING) as u32);
    let png = encode_png_grey(width, height, &pixels).ok()?;
    (png.len() <= MOST_BYTES).then_some((width, height, png))
}
