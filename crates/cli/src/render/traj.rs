//! Errors of paths as tables.

use super::{Align, Style, Table, text};
use fieldassay_engine::traj::{
    Aligned, Compared, ErrorStats, Errors, Estimate, Measured, Motion, Relation, Segments,
    TrajDocument,
};
use std::fmt::Write as _;

/// One statistic of the errors.
type Statistic = fn(&ErrorStats) -> &Estimate;

/// Statistics in the order of evo's table.
const STATS: [(&str, Statistic); 7] = [
    ("max", |stats| &stats.max),
    ("mean", |stats| &stats.mean),
    ("median", |stats| &stats.median),
    ("min", |stats| &stats.min),
    ("rmse", |stats| &stats.rmse),
    ("sse", |stats| &stats.sse),
    ("std", |stats| &stats.std),
];

pub(crate) fn document(document: &TrajDocument) -> anyhow::Result<()> {
    let style = Style::for_stdout();
    let mut out = String::new();
    let reference = &document.reference;
    let _ = writeln!(
        out,
        "reference   {} ({}, {} poses)",
        reference.path, reference.format, reference.poses
    );
    match &document.single {
        Some(Measured::Errors(found)) => one(&mut out, document, found, style),
        Some(Measured::Segments(found)) => segments(&mut out, &[found]),
        Some(Measured::Compared(found)) => compared(&mut out, document, &[found]),
        None => several(&mut out, document),
    }
    text(&out)
}

fn several(out: &mut String, document: &TrajDocument) {
    let mut errors = Vec::new();
    let mut drifts = Vec::new();
    let mut sides = Vec::new();
    for measured in document.measured() {
        match measured {
            Measured::Errors(found) => errors.push(&**found),
            Measured::Segments(found) => drifts.push(&**found),
            Measured::Compared(found) => sides.push(&**found),
        }
    }
    if !errors.is_empty() {
        side_by_side(out, document, &errors);
    }
    if !drifts.is_empty() {
        segments(out, &drifts);
    }
    if !sides.is_empty() {
        compared(out, document, &sides);
    }
}

/// What the errors are of.
fn heading(document: &TrajDocument, found: &Errors) -> String {
    let name = match document.measure {
        "rpe" => "relative pose error",
        _ => "absolute pose error",
    };
    let relation = match found.relation {
        Relation::TranslationPart => "translation",
        Relation::RotationPart => "rotation |R - I|",
        Relation::FullTransformation => "transformation |T - I|",
        Relation::RotationAngleRad | Relation::RotationAngleDeg => "rotation angle",
        Relation::PointDistance => "distance of points",
        Relation::PointDistanceErrorRatio => "distance of points, share",
    };
    format!("{name}, {relation} [{}]{}", found.unit, steps(document))
}

fn steps(document: &TrajDocument) -> String {
    let Some(step) = &document.method.step else {
        return String::new();
    };
    let which = if step.is_over_all_pairs {
        "all pairs"
    } else {
        "one after the other"
    };
    format!(", steps of {} {}, {which}", step.delta, step.unit.name())
}

/// The alignment in words.
fn aligned(alignment: &Aligned, first: Option<usize>) -> String {
    let name = match (alignment.motion, alignment.with_scale) {
        (Motion::None, false) => "none",
        (Motion::None, true) => "scale alone",
        (Motion::Se3, false) => "SE(3)",
        (Motion::Se3, true) => "Sim(3)",
        (Motion::Yaw, false) => "yaw and translation",
        (Motion::Yaw, true) => "yaw, translation and scale",
        (Motion::Origin, false) => "first pose onto first pose",
        (Motion::Origin, true) => "scale, then first pose onto first pose",
    };
    match first {
        Some(count) => format!("{name}, fitted to the first {count} pairs"),
        None => name.to_owned(),
    }
}

fn first(document: &TrajDocument) -> Option<usize> {
    document.method.fit.as_ref().and_then(|fit| fit.first)
}

fn one(out: &mut String, document: &TrajDocument, found: &Errors, style: Style) {
    let _ = writeln!(
        out,
        "estimate    {} ({}, {} poses), {} pairs",
        found.estimate, found.format, found.poses, found.pairs
    );
    let alignment = &found.alignment;
    let _ = writeln!(out, "alignment   {}", aligned(alignment, first(document)));
    if alignment.motion != Motion::None || alignment.with_scale {
        for (name, row) in ["rotation    ", "            ", "            "]
            .iter()
            .zip(&alignment.rotation)
        {
            let _ = writeln!(
                out,
                "{name}{:>12.9} {:>12.9} {:>12.9}",
                row[0], row[1], row[2]
            );
        }
        let [x, y, z] = alignment.translation;
        let _ = writeln!(out, "translation {x:.9} {y:.9} {z:.9} m");
        let _ = writeln!(out, "scale       {:.9}", alignment.scale);
    }
    if found.reused > 0 {
        let _ = writeln!(
            out,
            "{} poses of the denser path serve more than one pair",
            found.reused
        );
    }
    let _ = writeln!(out, "\n{}", style.strong(&heading(document, found)));
    let has_intervals = document.method.intervals.is_some();
    let mut headings = vec![("", Align::Right), ("", Align::Right)];
    if has_intervals {
        headings.push(("95 %", Align::Left));
    }
    let mut table = Table::new(&headings);
    for (name, of) in STATS {
        let stat = of(&found.stats);
        let mut row = vec![name.to_owned(), format!("{:.6}", stat.estimate)];
        if has_intervals {
            row.push(interval(stat));
        }
        table.row(row);
    }
    out.push_str(table.render("  ").trim_start_matches('\n'));
}

/// Both ends of an interval; a dash where there is none.
fn interval(stat: &Estimate) -> String {
    match (stat.low, stat.high) {
        (Some(low), Some(high)) => format!("{low:.6} to {high:.6}"),
        _ => "-".to_owned(),
    }
}

fn side_by_side(out: &mut String, document: &TrajDocument, all: &[&Errors]) {
    let Some(best) = all.first() else { return };
    let _ = writeln!(
        out,
        "alignment   {}\n\n{}",
        aligned(&best.alignment, first(document)),
        heading(document, best)
    );
    let has_intervals = document.method.intervals.is_some();
    let has_scale = best.alignment.with_scale;
    let mut headings = vec![("estimate", Align::Left), ("pairs", Align::Right)];
    headings.extend(STATS.iter().map(|(name, _)| (*name, Align::Right)));
    if has_scale {
        headings.push(("scale", Align::Right));
    }
    if has_intervals {
        headings.push(("rmse, 95 %", Align::Left));
    }
    let mut table = Table::new(&headings);
    for found in all {
        let mut row = vec![found.estimate.clone(), found.pairs.to_string()];
        row.extend(
            STATS
                .iter()
                .map(|(_, of)| format!("{:.6}", of(&found.stats).estimate)),
        );
        if has_scale {
            row.push(format!("{:.6}", found.alignment.scale));
        }
        if has_intervals {
            row.push(interval(&found.stats.rmse));
        }
        table.row(row);
    }
    out.push_str(&table.render("  "));
    if best.alignment.motion != Motion::None {
        out.push_str("\nthe alignment of each estimate is in `--json`\n");
    }
}

fn segments(out: &mut String, all: &[&Segments]) {
    for found in all {
        let scores = &found.scores;
        let _ = writeln!(
            out,
            "estimate    {} ({}, {} poses), {} pairs, {} segments; no alignment, segments are relative\n",
            found.estimate, found.format, found.poses, found.pairs, scores.segments
        );
        let mut table = Table::new(&[
            ("length", Align::Right),
            ("segments", Align::Right),
            ("translation", Align::Right),
            ("rotation", Align::Right),
        ]);
        let mut row = |name: String, translation: &Estimate, rotation: &Estimate| {
            table.row(vec![
                name,
                translation.n.to_string(),
                format!("{:.4} %", 100.0 * translation.estimate),
                format!("{:.6} deg/m", rotation.estimate.to_degrees()),
            ]);
        };
        for score in &scores.by_length {
            row(
                format!("{} m", score.length_meters),
                &score.translation_ratio,
                &score.radians_per_meter,
            );
        }
        row(
            "all".to_owned(),
            &scores.translation_ratio,
            &scores.radians_per_meter,
        );
        let _ = writeln!(out, "{}", table.render("  "));
    }
    out.pop();
}

fn compared(out: &mut String, document: &TrajDocument, all: &[&Compared]) {
    let Some(best) = all.first() else { return };
    let _ = writeln!(
        out,
        "alignment   {}{}\n",
        aligned(&best.alignment, first(document)),
        steps(document)
    );
    let has_intervals = document.method.intervals.is_some();
    let mut headings = vec![
        ("estimate", Align::Left),
        ("pairs", Align::Right),
        ("covered", Align::Right),
        ("APE rmse [m]", Align::Right),
        ("APE max [m]", Align::Right),
        ("RPE rmse [m]", Align::Right),
        ("RPE mean [m]", Align::Right),
        ("length", Align::Right),
        ("best scale", Align::Right),
    ];
    if has_intervals {
        headings.push(("APE rmse, 95 %", Align::Left));
        headings.push(("RPE rmse, 95 %", Align::Left));
    }
    let mut table = Table::new(&headings);
    let share = |x: Option<f64>| x.map_or("-".to_owned(), |x| format!("{:.1} %", 100.0 * x));
    for found in all {
        let mut row = vec![
            found.estimate.clone(),
            found.pairs.to_string(),
            share(found.covered_ratio),
            format!("{:.6}", found.ape.rmse.estimate),
            format!("{:.6}", found.ape.max.estimate),
            format!("{:.6}", found.rpe.rmse.estimate),
            format!("{:.6}", found.rpe.mean.estimate),
            share(Some(found.length_ratio)),
            found
                .best_scale
                .map_or("-".to_owned(), |scale| format!("{scale:.4}")),
        ];
        if has_intervals {
            row.push(interval(&found.ape.rmse));
            row.push(interval(&found.rpe.rmse));
        }
        table.row(row);
    }
    out.push_str(&table.render("  "));
}
