//! A few runs of consecutive frames, read again: flicker, and the state of the parts of the picture.

use super::{View, borrowed};
use crate::facts::sheet::{Annotate, Sheet};
use fieldassay_formats::media::{GreyImage, Scale};
use fieldassay_measure::image::blocks::{BlockState, diagnose};
use fieldassay_measure::image::scan;
use fieldassay_measure::image::sequence::flicker_ratio;
use fieldassay_measure::stats::{median, wilson};
use fieldassay_model::FactValue;

/// Runs, spread over the recording, and frames in each.
const BURSTS: usize = 3;
const BURST_FRAMES: usize = 16;
/// Rows the limits of the diagnosis are for.
const LEAST_ROWS: u32 = 480;
/// Frames whose parts are diagnosed.
const DIAGNOSED: usize = 9;

pub(super) fn facts(view: &View<'_>, sheet: &mut Sheet) {
    let names = [("camera.flicker", "share"), ("camera.block", "share")];
    if let Some(reason) = view.no_light(1) {
        return sheet.none_of(&names, &reason);
    }
    flicker(view, sheet);
    blocks(view, sheet);
}

fn flicker(view: &View<'_>, sheet: &mut Sheet) {
    let (name, unit) = ("camera.flicker", "share");
    let n = view.frames.len();
    if n < BURST_FRAMES {
        let reason = format!("{n} images where {BURST_FRAMES} in a row are needed");
        return sheet.none(name, unit, &reason);
    }
    let mut ratios = Vec::new();
    for burst in 0..BURSTS {
        let start = (n - BURST_FRAMES) * (2 * burst + 1) / (2 * BURSTS);
        let run = view.frames.get(start..start + BURST_FRAMES).unwrap_or(&[]);
        let mut times: Vec<i64> = run.iter().map(|frame| frame.log_nanos).collect();
        times.dedup();
        let means = view.again(&times, Scale::Eighth, mean_level);
        let means: Vec<f64> = means.into_iter().map(|(_, mean)| mean).collect();
        // Frames that are missing in the middle would look like flicker.
        if means.len() == times.len() {
            ratios.extend(flicker_ratio(&means));
        }
    }
    let bursts = ratios.len();
    match median(&mut ratios) {
        Ok(ratio) => {
            sheet
                .number(name, ratio, unit, "mean brightness of 16 frames in a row, second differences, median of three runs")
                .of(bursts * BURST_FRAMES);
        }
        Err(_) => sheet.none(
            name,
            unit,
            "no run of 16 images in a row could be decoded, or they are black",
        ),
    }
}

fn mean_level(decoded: &GreyImage) -> Option<f64> {
    Some(scan(&borrowed(decoded)?, None).ok()?.mean_level())
}

fn blocks(view: &View<'_>, sheet: &mut Sheet) {
    let (name, unit) = ("camera.block", "share");
    let height = view.frames.iter().map(|frame| frame.height).max();
    if height.is_none_or(|height| height < LEAST_ROWS) {
        let reason =
            "images of fewer than 480 rows, enlarged, lack the fine texture the limits are for";
        return sheet.none(name, unit, reason);
    }
    let light: Vec<i64> = view
        .looks
        .iter()
        .filter(|look| look.is_light())
        .map(|look| look.log_nanos)
        .collect();
    let stride = light.len().div_ceil(DIAGNOSED).max(1);
    let mut times: Vec<i64> = light.into_iter().step_by(stride).collect();
    times.dedup();
    let found = view.again(&times, Scale::Full, |decoded| {
        diagnose(&borrowed(decoded)?).ok()
    });
    if found.is_empty() {
        return sheet.none(name, unit, "no image could be read again");
    }
    let n = found.len();
    let bad = found
        .iter()
        .filter(|(_, diagnosis)| diagnosis.is_error())
        .count();
    let mean = |state: BlockState| {
        let sum: usize = found.iter().map(|(_, d)| d.count(state)).sum();
        FactValue::Number(sum as f64 / n as f64)
    };
    sheet
        .number(
            name,
            bad as f64 / n as f64,
            unit,
            "5 x 5 blocks at 480 rows, brightness and spectrum, frames spread over the recording",
        )
        .within(wilson(bad as u64, n as u64).ok())
        .of(n)
        .with(&[
            ("dark_blocks", mean(BlockState::Dark)),
            ("blocked_blocks", mean(BlockState::Blockage)),
            ("low_visibility_blocks", mean(BlockState::LowVisibility)),
            ("backlight_blocks", mean(BlockState::Backlight)),
        ]);
}
