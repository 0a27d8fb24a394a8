//! Errors of paths as tables.

use super::{Align, Style, Table, note, statistic, text};
use fieldassay_engine::traj::{
    Aligned, Compared, ErrorStats, Errors, Estimate, Measured, Relation, Segments, TrajDocument,
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
        Some(Measured::Segments(found)) => segments(&mut out, document, found),
        Some(Measured::Compared(found)) => compared(&mut out, document, &[found]),
        None => several(&mut out, document),
    }
    text(&out)?;
    if document.method.intervals.is_some() && document.measured().any(|found| !has_interval(found))
    {
        note(
            "note: where an interval is missing, fewer than eight blocks of errors that are alike fit into the path",
        );
    }
    Ok(())
}

fn has_interval(measured: &Measured) -> bool {
    let stat = match measured {
        Measured::Errors(found) => &found.stats.rmse,
        Measured::Segments(found) => &found.scores.translation_ratio,
        Measured::Compared(found) => &found.ape.rmse,
    };
    stat.low.is_some()
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
    drift_side_by_side(out, document, &drifts);
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
    let unit = step.unit.name();
    let unit = match unit.strip_suffix('s') {
        Some(one) if step.delta.total_cmp(&1.0).is_eq() => one,
        _ => unit,
    };
    format!(", steps of {} {unit}, {which}", step.delta)
}

/// The alignment in words, and what it was fitted to where that is not all of the pairs.
fn aligned(document: &TrajDocument, alignment: &Aligned, pairs: usize) -> String {
    let name = alignment.words();
    match document.method.fit.first {
        Some(count) if count < pairs && !alignment.is_none() => {
            format!("{name}, fitted to the first {count} pairs")
        }
        _ => name.to_owned(),
    }
}

fn one(out: &mut String, document: &TrajDocument, found: &Errors, style: Style) {
    let _ = writeln!(
        out,
        "estimate    {} ({}, {} poses), {} pairs",
        found.estimate, found.format, found.poses, found.pairs
    );
    let alignment = &found.alignment;
    let _ = writeln!(
        out,
        "alignment   {}",
        aligned(document, alignment, found.pairs)
    );
    if !alignment.is_none() {
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
    statistic::ends_or_dash(stat, |low, high| format!("{low:.6} to {high:.6}"))
}

fn side_by_side(out: &mut String, document: &TrajDocument, all: &[&Errors]) {
    let Some(best) = all.first() else { return };
    let _ = writeln!(
        out,
        "alignment   {}\n\n{}",
        aligned(document, &best.alignment, best.pairs),
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
    if !best.alignment.is_none() {
        out.push_str("\nthe alignment of each estimate is in `--json`\n");
    }
}

/// A rotation per meter with its unit.
fn turning(radians_per_meter: f64) -> String {
    format!("{:.6} deg/m", radians_per_meter.to_degrees())
}

/// A share with both ends of its interval, in percent.
fn percent_interval(stat: &Estimate) -> String {
    statistic::ends_or_dash(stat, |low, high| {
        format!("{:.4} to {:.4} %", 100.0 * low, 100.0 * high)
    })
}

fn turning_interval(stat: &Estimate) -> String {
    statistic::ends_or_dash(stat, |low, high| {
        format!("{:.6} to {}", low.to_degrees(), turning(high))
    })
}

fn segments(out: &mut String, document: &TrajDocument, found: &Segments) {
    let scores = &found.scores;
    let _ = writeln!(
        out,
        "estimate    {} ({}, {} poses), {} pairs, {} segments",
        found.estimate, found.format, found.poses, found.pairs, scores.segments
    );
    let _ = writeln!(out, "{}\n", drift_alignment(document, found));
    let has_intervals = document.method.intervals.is_some();
    let mut headings = vec![
        ("length", Align::Right),
        ("segments", Align::Right),
        ("translation", Align::Right),
        ("rotation", Align::Right),
    ];
    if has_intervals {
        headings.push(("translation, 95 %", Align::Left));
        headings.push(("rotation, 95 %", Align::Left));
    }
    let mut table = Table::new(&headings);
    let mut row = |name: String, translation: &Estimate, rotation: &Estimate| {
        let mut cells = vec![
            name,
            translation.n.to_string(),
            format!("{:.4} %", 100.0 * translation.estimate),
            turning(rotation.estimate),
        ];
        if has_intervals {
            cells.push(percent_interval(translation));
            cells.push(turning_interval(rotation));
        }
        table.row(cells);
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
    out.push_str(&table.render("  "));
}

/// The alignment of segments, of which only the scale matters.
fn drift_alignment(document: &TrajDocument, found: &Segments) -> String {
    let alignment = &found.alignment;
    let name = aligned(document, alignment, found.pairs);
    if alignment.with_scale {
        format!("alignment   {name}, scale {:.9}", alignment.scale)
    } else {
        format!("alignment   {name}; segments are relative, so only a scale would change them")
    }
}

/// A row per estimate, its drift by length and over all.
fn drift_side_by_side(out: &mut String, document: &TrajDocument, all: &[&Segments]) {
    let Some(best) = all.first() else { return };
    let name = aligned(document, &best.alignment, best.pairs);
    let _ = writeln!(
        out,
        "alignment   {name}\n\ntranslation error [%] by length of segments"
    );
    let lengths: Vec<f64> = document
        .method
        .segments
        .iter()
        .flat_map(|how| how.lengths_meters.iter().copied())
        .collect();
    let names: Vec<String> = lengths.iter().map(|length| format!("{length} m")).collect();
    let mut headings = vec![("estimate", Align::Left), ("segments", Align::Right)];
    headings.extend(names.iter().map(|name| (name.as_str(), Align::Right)));
    headings.push(("all", Align::Right));
    if document.method.intervals.is_some() {
        headings.push(("all, 95 %", Align::Left));
    }
    headings.push(("rotation", Align::Right));
    if best.alignment.with_scale {
        headings.push(("scale", Align::Right));
    }
    let mut table = Table::new(&headings);
    for found in all {
        let scores = &found.scores;
        let mut row = vec![found.estimate.clone(), scores.segments.to_string()];
        row.extend(lengths.iter().map(|length| {
            let of = scores
                .by_length
                .iter()
                .find(|score| score.length_meters.total_cmp(length).is_eq());
            let percent = of.map(|score| 100.0 * score.translation_ratio.estimate);
            statistic::number_or_dash(percent, 4)
        }));
        row.push(format!("{:.4}", 100.0 * scores.translation_ratio.estimate));
        if document.method.intervals.is_some() {
            row.push(percent_interval(&scores.translation_ratio));
        }
        row.push(turning(scores.radians_per_meter.estimate));
        if best.alignment.with_scale {
            row.push(format!("{:.6}", found.alignment.scale));
        }
        table.row(row);
    }
    out.push_str(&table.render("  "));
}

fn compared(out: &mut String, document: &TrajDocument, all: &[&Compared]) {
    let Some(best) = all.first() else { return };
    let _ = writeln!(
        out,
        "alignment   {}{}\n",
        aligned(document, &best.alignment, best.pairs),
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
    let share = |x: Option<f64>| statistic::or_dash(x, |x| format!("{:.1} %", 100.0 * x));
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
            statistic::number_or_dash(found.best_scale, 4),
        ];
        if has_intervals {
            row.push(interval(&found.ape.rmse));
            row.push(interval(&found.rpe.rmse));
        }
        table.row(row);
    }
    out.push_str(&table.render("  "));
}
