//! The answers of `ontology`.

use super::{Align, Table, text};
use fieldassay_engine::ontology::{CheckDocument, CompareDocument, MapDocument};
use fieldassay_model::ontology::{Loss, Problem, Relation};
use std::fmt::Write as _;

const fn word(relation: Relation) -> &'static str {
    match relation {
        Relation::Exact => "exact",
        Relation::Broader => "broader",
        Relation::Narrower => "narrower",
        Relation::Split => "split",
        Relation::None => "none",
    }
}

fn lost(out: &mut String, losses: &[Loss], problems: &[Problem]) {
    for loss in losses {
        let _ = writeln!(out, "  lost: {}", loss.explanation);
    }
    for problem in problems {
        let _ = writeln!(
            out,
            "  wrong: `{}` -> `{}`: {}",
            problem.class, problem.target, problem.message
        );
    }
}

/// `ontology check`.
pub(crate) fn checked(document: &CheckDocument) -> anyhow::Result<()> {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} ({}): {} classes, {} of them labels",
        document.ontology,
        document.sha256.get(..12).unwrap_or_default(),
        document.classes,
        document.labels
    );
    for (what, list) in [
        ("deprecated", &document.deprecated),
        ("without a definition", &document.without_definition),
    ] {
        if !list.is_empty() {
            let _ = writeln!(out, "{what}: {}", list.join(", "));
        }
    }
    for mapping in &document.mappings {
        let state = if mapping.at_hand {
            ""
        } else {
            " (not at hand: --with FILE)"
        };
        let _ = writeln!(out, "maps to {}{state}", mapping.to);
        lost(&mut out, &mapping.losses, &mapping.problems);
    }
    text(&out)
}

/// `ontology map`.
pub(crate) fn mapped(document: &MapDocument) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        ("class", Align::Left),
        ("fits", Align::Left),
        ("goes to", Align::Left),
        ("through", Align::Left),
    ]);
    for class in &document.classes {
        table.row(vec![
            class.class.clone(),
            word(class.relation).to_owned(),
            if class.classes.is_empty() {
                "-".to_owned()
            } else {
                class.classes.join(", ")
            },
            class.through.clone().unwrap_or_default(),
        ]);
    }
    let mut out = table.render("");
    let _ = writeln!(out, "{} -> {}", document.ontology, document.to);
    lost(&mut out, &document.losses, &document.problems);
    text(&out)
}

/// `ontology compare`.
pub(crate) fn compared(document: &CompareDocument) -> anyhow::Result<()> {
    let mut out = String::new();
    let _ = writeln!(out, "{} -> {}", document.old, document.new);
    for (what, list) in [
        ("added", &document.added),
        ("removed", &document.removed),
        ("deprecated", &document.deprecated),
    ] {
        if !list.is_empty() {
            let _ = writeln!(out, "{what}: {}", list.join(", "));
        }
    }
    for change in &document.changed {
        let _ = writeln!(
            out,
            "changed: {} ({})",
            change.class,
            change.parts.join(", ")
        );
    }
    for class in &document.lost {
        let near = class.nearest.as_ref();
        let near = near.map_or_else(String::new, |near| format!(", perhaps `{near}`"));
        let _ = writeln!(
            out,
            "lost: labels of `{}` have no one place{near}; add it to `mappings`",
            class.class
        );
    }
    text(&out)
}

/// `ontology drift`.
#[cfg(feature = "platform")]
pub(crate) fn drifted(
    document: &fieldassay_engine::workspace::classes::Document,
) -> anyhow::Result<()> {
    use fieldassay_engine::workspace::classes::ClassFate;
    let share = |x: f64| format!("{:.1} %", 100.0 * x);
    let mut out = String::new();
    for window in &document.windows {
        let first = window
            .window
            .saturating_mul(i64::from(document.window_days));
        let _ = writeln!(
            out,
            "{}, {} days from day {first} since 1970: {} labels, {} before",
            window.source, document.window_days, window.labels[1], window.labels[0]
        );
        if let Some(reason) = &window.not_evaluated {
            let _ = writeln!(out, "  shares are not judged: {reason}");
        }
        for pair in &window.renamed {
            let _ = writeln!(out, "  renamed: {} -> {}", pair.from, pair.to);
        }
        for class in &window.classes {
            let fate = match class.fate {
                ClassFate::New => "new",
                ClassFate::Vanishing => "vanishing",
                ClassFate::Shifted => "shifted",
                ClassFate::Kept => continue,
            };
            let p = class.p_adjusted.map(|p| format!(", p {p:.2e}"));
            let _ = writeln!(
                out,
                "  {fate}: {} {} -> {}{}",
                class.class,
                share(class.before.estimate),
                share(class.after.estimate),
                p.unwrap_or_default()
            );
        }
    }
    for (class, count) in &document.unknown {
        let _ = writeln!(out, "not in {}: {class} ({count})", document.ontology);
    }
    if !document.unused.is_empty() {
        let _ = writeln!(out, "never used: {}", document.unused.join(", "));
    }
    for one in &document.fragility {
        let again = one.relabel_rate.map(|rate| {
            format!(
                "; {} of {} labeled again changed",
                share(rate),
                one.labeled_again
            )
        });
        let _ = writeln!(
            out,
            "{}: {} labels, {} of classes for everything else{}",
            one.source,
            one.labels,
            share(one.other_share),
            again.unwrap_or_default()
        );
    }
    super::text_with_notes(&out, &document.notes)
}
