//! Curves over time and a few pictures.

use super::{Flagged, Look, View};
use fieldassay_formats::media::{self, Scale};
use fieldassay_model::plot::{About, Band, Curves, Line, Picture};

/// Points of a line.
const MOST_POINTS: usize = 1500;
/// Shaded stretches.
const MOST_BANDS: usize = 100;
/// Pictures of findings; one ordinary frame is added.
const MOST_PICTURES: usize = 5;
/// Pixels.
const PICTURE_WIDTH: u32 = 320;

/// Sharpness and brightness of the looks.
pub(super) fn curves(view: &View<'_>, flagged: &[Flagged]) -> Vec<Curves> {
    let light: Vec<&Look> = view.looks.iter().filter(|look| look.is_light()).collect();
    if light.len() < 2 {
        return Vec::new();
    }
    let stride = light.len().div_ceil(MOST_POINTS).max(1);
    let start = view.context.start_nanos;
    let secs = |nanos: i64| nanos.saturating_sub(start) as f64 / 1e9;
    let line = |name: &str, value: &dyn Fn(&Look) -> f64| Line {
        name: name.to_owned(),
        points: light
            .iter()
            .step_by(stride)
            .map(|look| (secs(look.log_nanos), value(look)))
            .collect(),
    };
    let bands = |codes: &[&str]| -> Vec<Band> {
        flagged
            .iter()
            .filter(|flag| codes.contains(&flag.code))
            .take(MOST_BANDS)
            .map(|flag| Band {
                start: secs(flag.start_nanos),
                end: secs(flag.end_nanos),
                label: flag.title.clone(),
            })
            .collect()
    };
    let curve =
        |title: &str, caption: &str, y_label: &str, codes: &[&'static str], lines: Vec<Line>| {
            Curves {
                about: About {
                    subject: view.topic.to_owned(),
                    group: "camera",
                    codes: codes.to_vec(),
                    title: title.to_owned(),
                    caption: caption.to_owned(),
                },
                x_label: "time [s]".to_owned(),
                y_label: y_label.to_owned(),
                lines,
                bands: bands(codes),
                ..Curves::default()
            }
        };
    vec![
        curve(
            "sharpness",
            "Blur makes the variance of the Laplacian fall at once; scenes change it slowly.",
            "variance of the Laplacian [levels²]",
            &["camera.blur", "camera.freeze"],
            vec![line("variance of the Laplacian", &|look| look.variance)],
        ),
        curve(
            "brightness",
            "Clipped pictures push the percentiles to 0 or 255.",
            "grey level",
            &[
                "camera.over_exposed",
                "camera.under_exposed",
                "camera.flicker",
            ],
            vec![
                line("mean", &|look| look.mean),
                line("1 % darkest", &|look| look.low),
                line("1 % brightest", &|look| look.high),
            ],
        ),
    ]
}

/// One frame of each of the worst findings and an ordinary one.
pub(super) fn pictures(view: &View<'_>, flagged: &[Flagged]) -> Vec<Picture> {
    let mut worst: Vec<&Flagged> = flagged.iter().collect();
    worst.sort_by(|a, b| b.size.total_cmp(&a.size));
    // Two of a kind are enough.
    let mut chosen: Vec<(i64, &'static str, String)> = Vec::new();
    for flag in worst {
        let kind = chosen
            .iter()
            .filter(|(_, code, _)| *code == flag.code)
            .count();
        if kind < 2 && chosen.len() < MOST_PICTURES {
            let middle = flag.start_nanos + (flag.end_nanos - flag.start_nanos) / 2;
            chosen.extend(nearest(view, middle).map(|t| (t, flag.code, flag.title.clone())));
        }
    }
    chosen.extend(ordinary(view, flagged).map(|t| (t, "", "ordinary frame".to_owned())));
    chosen.sort();
    chosen.dedup_by_key(|(t, _, _)| *t);
    let times: Vec<i64> = chosen.iter().map(|(t, _, _)| *t).collect();
    let found = view.again(&times, Scale::Full, |decoded| {
        let bytes = media::thumbnail(decoded, PICTURE_WIDTH);
        let factor = decoded.width.div_ceil(PICTURE_WIDTH).max(1);
        (!bytes.is_empty()).then(|| (bytes, decoded.width / factor, decoded.height / factor))
    });
    let picture = |(t, (bytes, width, height)): (i64, (Vec<u8>, u32, u32))| {
        let (_, code, title) = chosen.iter().find(|(at, _, _)| *at == t)?;
        Some(Picture {
            about: About {
                subject: view.topic.to_owned(),
                group: "camera",
                codes: if code.is_empty() {
                    Vec::new()
                } else {
                    vec![*code]
                },
                title: title.clone(),
                caption: String::new(),
            },
            log_nanos: t,
            media_type: "image/jpeg",
            width,
            height,
            bytes,
        })
    };
    found.into_iter().filter_map(picture).collect()
}

fn nearest(view: &View<'_>, nanos: i64) -> Option<i64> {
    view.frames
        .iter()
        .filter(|frame| frame.fault == 0)
        .map(|frame| frame.log_nanos)
        .min_by_key(|t| t.abs_diff(nanos))
}

/// The look outside all findings whose sharpness is the median.
fn ordinary(view: &View<'_>, flagged: &[Flagged]) -> Option<i64> {
    let mut calm: Vec<&Look> = view
        .looks
        .iter()
        .filter(|look| {
            let inside =
                |flag: &Flagged| (flag.start_nanos..=flag.end_nanos).contains(&look.log_nanos);
            look.fault == 0 && !flagged.iter().any(inside)
        })
        .collect();
    calm.sort_by(|a, b| a.variance.total_cmp(&b.variance));
    calm.get(calm.len() / 2).map(|look| look.log_nanos)
}
