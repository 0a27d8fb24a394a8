//! Whether the messages hold images at all, of one size and encoding, and of the size the calibration is for.

use super::{DEPTH, Frame, UNSUPPORTED, View, fault_name};
use crate::facts::sheet::{Annotate, Sheet, count_detail, text_detail};
use fieldassay_measure::stats::wilson;
use std::collections::BTreeMap;

pub(super) fn facts(view: &View<'_>, sheet: &mut Sheet) {
    decode(view, sheet);
    changes(view, sheet);
    mismatch(view, sheet);
    depth(view, sheet);
}

fn decode(view: &View<'_>, sheet: &mut Sheet) {
    let failed: Vec<&Frame> = view
        .frames
        .iter()
        .filter(|frame| frame.fault != 0 && frame.fault != UNSUPPORTED)
        .collect();
    let unsupported = view
        .frames
        .iter()
        .filter(|frame| frame.fault == UNSUPPORTED)
        .count();
    let n = view.frames.len() - unsupported;
    if n == 0 {
        let reason = if unsupported > 0 {
            "the encoding of the images is not supported"
        } else {
            "no images"
        };
        return sheet.none("camera.decode", "share", reason);
    }
    let share = failed.len() as f64 / n as f64;
    let mut kinds: BTreeMap<u32, u64> = BTreeMap::new();
    for frame in &failed {
        *kinds.entry(frame.fault).or_default() += 1;
    }
    let worst = kinds
        .iter()
        .max_by_key(|(_, n)| **n)
        .map_or(0, |(fault, _)| *fault);
    let fact = sheet
        .number(
            "camera.decode",
            share,
            "share",
            "headers of every image, pixels of two per second",
        )
        .within(wilson(failed.len() as u64, n as u64).ok())
        .of(n)
        .with(&[
            count_detail("failed", failed.len() as u64),
            text_detail("cause", fault_name(worst)),
        ]);
    if let (Some(first), Some(last)) = (failed.first(), failed.last()) {
        fact.at(first.log_nanos, last.log_nanos);
    }
}

fn changes(view: &View<'_>, sheet: &mut Sheet) {
    let sized: Vec<&Frame> = view
        .frames
        .iter()
        .filter(|f| f.width > 0 && f.height > 0)
        .collect();
    if sized.is_empty() {
        return sheet.none_of(
            &[
                ("camera.size_change", "count"),
                ("camera.encoding_change", "count"),
            ],
            "no image says its size",
        );
    }
    let differs = |differ: &dyn Fn(&Frame, &Frame) -> bool| -> Vec<(usize, i64)> {
        let pairs = sized.windows(2).enumerate();
        pairs
            .filter_map(|(i, pair)| match pair {
                [a, b] if differ(a, b) => Some((i, b.log_nanos)),
                _ => None,
            })
            .collect()
    };
    let sizes = differs(&|a, b| (a.width, a.height) != (b.width, b.height));
    let fact = sheet.count(
        "camera.size_change",
        sizes.len() as u64,
        "width and height from image to image",
    );
    if let (Some((index, first)), Some((_, last))) = (sizes.first(), sizes.last()) {
        fact.at(*first, *last);
        if let (Some(a), Some(b)) = (sized.get(*index), sized.get(index + 1)) {
            fact.with(&[
                text_detail("before", &format!("{} x {}", a.width, a.height)),
                text_detail("after", &format!("{} x {}", b.width, b.height)),
            ]);
        }
    }
    let encodings = differs(&|a, b| a.encoding != b.encoding);
    let fact = sheet.count(
        "camera.encoding_change",
        encodings.len() as u64,
        "name of the encoding from image to image",
    );
    if let (Some((_, first)), Some((_, last))) = (encodings.first(), encodings.last()) {
        fact.at(*first, *last);
    }
}

/// Size of the images against the calibration of the same camera.
fn mismatch(view: &View<'_>, sheet: &mut Sheet) {
    let (name, unit) = ("camera.size_mismatch", "bool");
    let Some(frame) = view.frames.iter().find(|f| f.width > 0 && f.height > 0) else {
        return sheet.none(name, unit, "no image says its size");
    };
    let Some(camera) = view.context.rig.camera_of(view.topic, view.frame) else {
        return sheet.none(
            name,
            unit,
            "no calibration in the namespace of the topic, nor one alone with its frame",
        );
    };
    let info = &camera.info;
    if info.width == 0 || info.height == 0 {
        return sheet.none(name, unit, "the calibration names no size");
    }
    let [_, _, roi_width, roi_height] = info.roi;
    let region = |roi: u32, full: u32| if roi == 0 { full } else { roi };
    let expected = (
        region(roi_width, info.width) / info.binning[0].max(1),
        region(roi_height, info.height) / info.binning[1].max(1),
    );
    let differs = (frame.width, frame.height) != expected;
    sheet
        .boolean(
            name,
            differs,
            "first image against size, region of interest and binning of the calibration",
        )
        .with(&[
            text_detail("image_size", &format!("{} x {}", frame.width, frame.height)),
            text_detail(
                "calibration_size",
                &format!("{} x {}", expected.0, expected.1),
            ),
            text_detail("calibration_topic", &camera.topic),
        ]);
}

/// Share of a depth image that was measured.
fn depth(view: &View<'_>, sheet: &mut Sheet) {
    let depth: Vec<f64> = view
        .looks
        .iter()
        .filter(|look| look.flags & DEPTH != 0)
        .map(|look| look.nonzero)
        .collect();
    if depth.is_empty() {
        if view.frames.iter().any(|frame| frame.flags & DEPTH != 0) {
            sheet.none(
                "camera.depth_valid",
                "share",
                "no depth image could be decoded",
            );
        }
        return;
    }
    let mut scratch = depth.clone();
    if let Ok(median) = fieldassay_measure::stats::median(&mut scratch) {
        sheet
            .number(
                "camera.depth_valid",
                median,
                "share",
                "median over the decoded images of the share of pixels with a distance",
            )
            .of(depth.len());
    }
}
