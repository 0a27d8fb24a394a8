//! A release as a page a person reads.

use super::croissant::{licenses, usage};
use super::evidence::{Evidence, FactOver};
use super::share;
use fieldassay_model::display::{bytes, integer, iso8601, quantity, seconds};
use fieldassay_model::release::LeakageStatus;
use fieldassay_model::tables::CONTEXT_FIELDS;
use fieldassay_report::{CardPage, CardSection, CardTable, CardTile};

/// Classes shown, the most frequent first.
const CLASSES: usize = 40;

/// The page; `missing` is what nobody said.
pub(super) fn page(evidence: &Evidence, missing: &[String]) -> CardPage {
    let simulated = evidence.simulated();
    CardPage {
        title: evidence.name(),
        description: evidence.said.description.clone().unwrap_or_default(),
        missing: missing.to_vec(),
        is_simulated: simulated > 0 && simulated == evidence.recording_count(),
        tiles: tiles(evidence),
        sections: vec![
            composition(evidence),
            splits(evidence),
            known_context(evidence),
            quality(evidence),
            gaps_section(evidence),
            contracts(evidence),
            terms(evidence),
            making(evidence),
            limits(evidence),
        ],
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn count(number: u64) -> String {
    integer(number as f64)
}

fn tiles(evidence: &Evidence) -> Vec<CardTile> {
    let tile = |label: &str, value: String, note: String| CardTile {
        label: label.to_owned(),
        value,
        note,
    };
    let labels: u64 = evidence.classes.iter().map(|one| one.count).sum();
    let classes = evidence.classes.len();
    let simulated = evidence.simulated();
    let by_simulator = if simulated > 0 {
        format!("{} simulated", count(simulated))
    } else {
        String::new()
    };
    vec![
        tile(
            "Recordings",
            count(evidence.recording_count()),
            by_simulator,
        ),
        tile(
            "Members",
            count(evidence.manifest.members),
            "stretches of recordings".to_owned(),
        ),
        tile(
            "Time",
            seconds(evidence.seconds()),
            "of all members together".to_owned(),
        ),
        tile("Originals", bytes(evidence.bytes() as f64), String::new()),
        tile(
            "Labels and objects",
            count(labels),
            format!("{classes} classes"),
        ),
    ]
}

fn table(caption: &str, columns: &[(&str, bool)], rows: Vec<Vec<String>>) -> CardTable {
    CardTable {
        caption: caption.to_owned(),
        columns: columns
            .iter()
            .map(|(name, is_number)| ((*name).to_owned(), *is_number))
            .collect(),
        rows,
        left_out: 0,
    }
}

/// Tables that have rows.
fn filled(tables: impl IntoIterator<Item = CardTable>) -> Vec<CardTable> {
    let tables = tables.into_iter();
    tables.filter(|table| !table.rows.is_empty()).collect()
}

/// Times, and what rows say of how labels were made.
fn told_of_labels(evidence: &Evidence) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    if let Some((first, last)) = evidence.times {
        pairs.push(("First moment".to_owned(), iso8601(first)));
        pairs.push(("Last moment".to_owned(), iso8601(last)));
    }
    for (what, name) in [
        ("guideline", "Guidelines"),
        ("ontology", "Ontologies"),
        ("tool", "Tools of annotators"),
        ("supplier", "Suppliers of labels"),
        ("model", "Models that labelled"),
    ] {
        let known = evidence.named(what).iter().take(20);
        let known: Vec<String> = known
            .map(|one| format!("{} ({})", one.name, count(one.count)))
            .collect();
        if !known.is_empty() {
            pairs.push((name.to_owned(), known.join(", ")));
        }
    }
    if let Some((least, median, most)) = evidence.votes {
        let text = format!("{least} to {most}, median {median}");
        pairs.push(("Votes per item".to_owned(), text));
    }
    pairs
}

fn composition(evidence: &Evidence) -> CardSection {
    let all = evidence.recording_count();
    let formats = evidence.formats.iter().map(|one| {
        vec![
            one.name.clone(),
            count(one.recordings),
            bytes(one.bytes as f64),
            count(one.simulated),
        ]
    });
    let classes = evidence.classes.iter().take(CLASSES).map(|one| {
        vec![
            one.of.to_owned(),
            one.name.clone(),
            count(one.count),
            share(one.recordings, all),
        ]
    });
    let origins = evidence.origins.iter();
    let origins = origins.map(|one| vec![one.name.clone(), count(one.count)]);
    CardSection {
        title: "Composition".to_owned(),
        lead: "Intervals are Wilson's at 95 %, over recordings: labels within one recording are not independent of each other.".to_owned(),
        pairs: told_of_labels(evidence),
        tables: filled([
            table(
                "Recordings by format",
                &[("Format", false), ("Recordings", true), ("Size", true), ("Simulated", true)],
                formats.collect(),
            ),
            CardTable {
                left_out: evidence.classes.len().saturating_sub(CLASSES) as u64,
                ..table(
                    "Classes",
                    &[("Of", false), ("Class", false), ("Rows", true), ("Recordings that have it", true)],
                    classes.collect(),
                )
            },
            table(
                "Labels and objects by who said them",
                &[("Who", false), ("Rows", true)],
                origins.collect(),
            ),
        ]),
        notes: if evidence.classes.is_empty() {
            vec!["It holds no labels and no objects.".to_owned()]
        } else {
            Vec::new()
        },
    }
}

/// What was looked for between splits, and what was found.
fn looked_for(evidence: &Evidence) -> Vec<Vec<String>> {
    let checks = evidence.manifest.leakage.checks.iter().map(|check| {
        let status = match check.status {
            LeakageStatus::NotEvaluated => "not evaluated",
            _ if check.count == 0 => "none found",
            LeakageStatus::Allowed => "found and allowed",
            _ => "found",
        };
        vec![
            check.kind.name().to_owned(),
            status.to_owned(),
            count(check.count),
            count(check.looked_at),
            check.rule.clone(),
            check.reason.clone().unwrap_or_default(),
        ]
    });
    checks.collect()
}

fn splits(evidence: &Evidence) -> CardSection {
    let manifest = &evidence.manifest;
    let members = manifest.members;
    let rows = evidence.splits.iter().map(|one| {
        vec![
            one.name.clone().unwrap_or_else(|| "not split".to_owned()),
            share(one.members, members),
            count(one.recordings),
            seconds(one.seconds),
        ]
    });
    let mut pairs = Vec::new();
    let mut notes = Vec::new();
    match &manifest.split {
        Some(split) => {
            pairs.push(("Split by".to_owned(), split.by.join(" + ")));
            pairs.push(("Groups".to_owned(), count(split.groups)));
            notes.extend(split.deviations.iter().cloned());
        }
        None => notes.push("The release is not split.".to_owned()),
    }
    if manifest.split.is_some() && manifest.leakage.checks.is_empty() {
        notes.push("Nobody looked for leakage between splits.".to_owned());
    }
    CardSection {
        title: "Splits and leakage".to_owned(),
        lead: String::new(),
        pairs,
        tables: filled([
            table(
                "Splits",
                &[
                    ("Split", false),
                    ("Members", true),
                    ("Recordings", true),
                    ("Time", true),
                ],
                rows.collect(),
            ),
            table(
                "Leakage between splits",
                &[
                    ("Kind", false),
                    ("Result", false),
                    ("Findings", true),
                    ("Looked at", true),
                    ("Rule", false),
                    ("Why not", false),
                ],
                looked_for(evidence),
            ),
        ]),
        notes,
    }
}

fn known_context(evidence: &Evidence) -> CardSection {
    let all = evidence.recording_count();
    let rows = evidence.context.iter().map(|(field, known)| {
        let shown = known.values.iter().take(8);
        let mut values: Vec<String> = shown
            .map(|one| format!("{} ({})", one.name, count(one.count)))
            .collect();
        if known.values.len() > values.len() {
            values.push(format!("{} more", known.values.len() - values.len()));
        }
        vec![
            field.clone(),
            share(known.recordings, all),
            values.join(", "),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let notes = if rows.is_empty() {
        vec!["Nothing is known about the context of any recording.".to_owned()]
    } else {
        Vec::new()
    };
    CardSection {
        title: "Coverage of context".to_owned(),
        lead: "Of how many recordings a field is known, and its values with the recordings that have them.".to_owned(),
        pairs: Vec::new(),
        tables: filled([table(
            "Fields of context",
            &[("Field", false), ("Known of recordings", true), ("Values", false)],
            rows,
        )]),
        notes,
    }
}

fn quality(evidence: &Evidence) -> CardSection {
    let all = evidence.recording_count();
    let verdicts = evidence.verdicts.iter();
    let verdicts = verdicts.map(|one| vec![one.name.clone(), share(one.count, all)]);
    let findings = evidence.findings.iter();
    let findings = findings.map(|(code, severity, recordings)| {
        vec![code.clone(), severity.clone(), share(*recordings, all)]
    });
    CardSection {
        title: "Quality".to_owned(),
        lead: "Every recording counts once in a fact, by the median over its channels; the interval of the median rests on order statistics and takes six recordings.".to_owned(),
        pairs: evidence
            .manifest
            .policies
            .iter()
            .map(|one| ("Policy".to_owned(), format!("{}@{}, {}", one.name, one.version, one.sha256)))
            .collect(),
        tables: filled([
            table(
                "Recordings by verdict",
                &[("Verdict", false), ("Recordings", true)],
                verdicts.collect(),
            ),
            table(
                "Findings",
                &[("Code", false), ("Severity", false), ("Recordings that have it", true)],
                findings.collect(),
            ),
            table(
                "Facts over recordings",
                &[
                    ("Fact", false),
                    ("Median", true),
                    ("95 % interval", true),
                    ("Least", true),
                    ("Most", true),
                    ("Recordings", true),
                ],
                evidence.facts.iter().map(fact).collect(),
            ),
        ]),
        notes: Vec::new(),
    }
}

fn fact(fact: &FactOver) -> Vec<String> {
    let shown = |value: f64| quantity(value, &fact.unit);
    let interval = fact.interval;
    vec![
        fact.name.clone(),
        shown(fact.median),
        interval.map_or_else(
            || "too few".to_owned(),
            |(low, high)| format!("{} to {}", shown(low), shown(high)),
        ),
        shown(fact.least),
        shown(fact.most),
        count(fact.recordings),
    ]
}

/// What is known to be missing, each in a sentence.
pub(super) fn gaps(evidence: &Evidence) -> Vec<String> {
    let all = evidence.recording_count();
    let mut gaps = Vec::new();
    if evidence.quarantined > 0 {
        gaps.push(format!(
            "{} recordings of the workspace are quarantined; none of them is in the release.",
            count(evidence.quarantined)
        ));
    }
    if evidence.incomplete > 0 {
        gaps.push(format!(
            "Of {} recordings data was lost or cut off.",
            share(evidence.incomplete, all)
        ));
    }
    let unknown: Vec<&str> = CONTEXT_FIELDS
        .iter()
        .map(|field| field.name)
        .filter(|field| !evidence.context.contains_key(*field))
        .collect();
    if !unknown.is_empty() {
        gaps.push(format!("No recording says `{}`.", unknown.join("`, `")));
    }
    for (field, known) in &evidence.context {
        let missing = all.saturating_sub(known.recordings);
        if missing > 0 {
            gaps.push(format!(
                "`{field}` is not known of {} recordings.",
                share(missing, all)
            ));
        }
    }
    // Words that a field may have and no recording has.
    for field in CONTEXT_FIELDS
        .iter()
        .filter(|field| !field.one_of.is_empty())
    {
        let values = evidence.values(field.name);
        let empty: Vec<&str> = field
            .one_of
            .iter()
            .copied()
            .filter(|word| !values.contains(word) && !matches!(*word, "unknown" | "not_applicable"))
            .collect();
        if !values.is_empty() && !empty.is_empty() {
            gaps.push(format!(
                "No recording has `{}` of `{}`.",
                field.name,
                empty.join("`, `")
            ));
        }
    }
    gaps
}

fn gaps_section(evidence: &Evidence) -> CardSection {
    let all = evidence.recording_count();
    let rows = evidence.not_evaluated.iter();
    let rows = rows.map(|(name, reason, recordings)| {
        vec![name.clone(), share(*recordings, all), reason.clone()]
    });
    CardSection {
        title: "Known gaps".to_owned(),
        lead: "What was not evaluated is never a pass.".to_owned(),
        pairs: Vec::new(),
        tables: filled([table(
            "Facts that were not evaluated",
            &[("Fact", false), ("Recordings", true), ("Why", false)],
            rows.collect(),
        )]),
        notes: gaps(evidence),
    }
}

fn contracts(evidence: &Evidence) -> CardSection {
    let rows = evidence.manifest.contracts.iter().map(|one| {
        let verdict = serde_json::to_value(one.verdict).ok();
        let verdict = verdict.and_then(|verdict| verdict.as_str().map(str::to_owned));
        vec![
            format!("{}@{}", one.name, one.version),
            verdict.unwrap_or_default(),
            count(one.violations),
            count(one.recordings),
            count(one.not_evaluated),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    CardSection {
        title: "Contracts".to_owned(),
        lead: String::new(),
        pairs: Vec::new(),
        notes: if rows.is_empty() {
            vec!["The release was held to no contract.".to_owned()]
        } else {
            Vec::new()
        },
        tables: filled([table(
            "Contracts it was held to",
            &[
                ("Contract", false),
                ("Verdict", false),
                ("Violations", true),
                ("Recordings", true),
                ("Not evaluated", true),
            ],
            rows,
        )]),
    }
}

fn terms(evidence: &Evidence) -> CardSection {
    let licenses = licenses(evidence);
    let not_known = || "not known".to_owned();
    let joined = |all: &[String]| {
        if all.is_empty() {
            not_known()
        } else {
            all.join(", ")
        }
    };
    let owners: Vec<String> = match &evidence.said.creator {
        Some(creator) => vec![creator.clone()],
        None => evidence
            .values("owner")
            .into_iter()
            .map(str::to_owned)
            .collect(),
    };
    let mut notes = usage(evidence);
    if !evidence.context.contains_key("purposes") {
        notes.push("For which purposes the recordings may be used is not known.".to_owned());
    }
    if !evidence.context.contains_key("consent") {
        notes.push("Whether people recorded gave their consent is not known.".to_owned());
    }
    CardSection {
        title: "Licence and purposes".to_owned(),
        lead: String::new(),
        pairs: vec![
            ("Licence".to_owned(), joined(&licenses)),
            ("Owner".to_owned(), joined(&owners)),
            (
                "Page".to_owned(),
                evidence.said.url.clone().unwrap_or_else(not_known),
            ),
        ],
        tables: Vec::new(),
        notes,
    }
}

/// Which recordings became members, in a sentence.
pub(super) fn selection(evidence: &Evidence) -> String {
    let request = &evidence.manifest.request;
    let mut text = request.from.as_ref().map_or_else(
        || "Members are whole recordings".to_owned(),
        |from| format!("Members are the rows of `{from}`"),
    );
    if let Some(condition) = &request.condition {
        text = format!("{text} for which `{condition}` holds");
    }
    if request.include_quarantined {
        format!("{text}; quarantined ones are among them.")
    } else {
        format!("{text}; quarantined ones are left out.")
    }
}

fn making(evidence: &Evidence) -> CardSection {
    let (release, manifest) = (&evidence.release, &evidence.manifest);
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let mut pairs = vec![
        pair("Manifest", release.manifest_sha256.clone()),
        pair("Request", manifest.request.canonical()),
        pair("Made at", iso8601(release.created_ns)),
        pair("From batch", release.tables_at.to_string()),
    ];
    if !release.actor.is_empty() {
        pairs.push(pair("By, as a commitment", release.actor.clone()));
    }
    pairs.push(pair(
        "Entry of the log",
        evidence
            .entry
            .map_or_else(|| "none".to_owned(), |entry| entry.to_string()),
    ));
    let files = manifest.files.iter().map(|file| {
        vec![
            file.path.clone(),
            count(file.rows),
            bytes(file.size_bytes as f64),
            file.sha256.clone(),
        ]
    });
    CardSection {
        title: "How it was made".to_owned(),
        lead: selection(evidence),
        pairs,
        tables: filled([table(
            "Files",
            &[
                ("File", false),
                ("Rows", true),
                ("Size", true),
                ("SHA-256", false),
            ],
            files.collect(),
        )]),
        notes: vec![format!(
            "`fieldassay verify {}` checks every digest, `fieldassay lineage {} --up` shows what it came from.",
            evidence.name(),
            evidence.name()
        )],
    }
}

fn limits(evidence: &Evidence) -> CardSection {
    let mut notes = vec![
        "Shares and intervals are about these recordings. Nothing here says that they are a sample of where something will be used.".to_owned(),
        "A label that is there may be wrong: the release counts what was said, not whether it is so.".to_owned(),
    ];
    if evidence.votes.is_none() {
        notes
            .push("How much annotators agree is not known: the release holds no votes.".to_owned());
    }
    if evidence.facts.iter().any(|fact| fact.interval.is_none()) {
        notes.push("Some facts rest on fewer than six recordings, too few for an interval of their median.".to_owned());
    }
    if evidence.entry.is_none() {
        notes.push("No entry of the log is known, so that the date cannot be proved.".to_owned());
    }
    CardSection {
        title: "What cannot be said".to_owned(),
        lead: String::new(),
        pairs: Vec::new(),
        tables: Vec::new(),
        notes,
    }
}
