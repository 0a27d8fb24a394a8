//! Which declared column a column of somebody's table is, and what the columns of a table speak for.
//!
//! Read [`declared`] and [`of_names`] first. Names are compared in lower case with `_` for everything else; a moment or a
//! length of time may say its unit at its end.
//!
//! Not here: values (`content::tables`).

use super::form::Form;
use super::sniff::Seen;
use fieldassay_formats::table::Table;
use fieldassay_model::tables::{self, table};
use std::borrow::Cow;

/// A declared column and other words for it.
type Words = (&'static str, &'static [&'static str]);

const ITEM: Words = (
    "item",
    &[
        "item_id",
        "question",
        "question_id",
        "task",
        "task_id",
        "image",
        "image_id",
        "image_name",
        "filename",
        "file_name",
        "file",
        "example",
        "example_id",
        "sample",
        "sample_id",
        "unit_id",
        "clip",
    ],
);
const ANNOTATOR: Words = (
    "annotator",
    &[
        "worker",
        "worker_id",
        "annotator_id",
        "rater",
        "rater_id",
        "user",
        "user_id",
        "coder",
        "labeler",
        "labeller",
        "performer",
        "participant",
    ],
);
const SAID: Words = (
    "said_ns",
    &[
        "said",
        "time",
        "timestamp",
        "created_at",
        "submitted_at",
        "t",
    ],
);
const RECORDING: Words = ("recording_id", &["recording"]);
const TRACK: Words = ("track_id", &["track", "track_uuid"]);
const START: Words = (
    "start_ns",
    &["start", "start_time", "begin", "from", "t_start"],
);
const END: Words = (
    "end_ns",
    &["end", "end_time", "stop", "to", "until", "t_end"],
);

const VOTES: &[Words] = &[
    RECORDING,
    ITEM,
    ANNOTATOR,
    TRACK,
    (
        "label",
        &[
            "answer",
            "vote",
            "response",
            "choice",
            "judgment",
            "judgement",
        ],
    ),
    SAID,
    (
        "spent_ns",
        &["spent", "duration", "lead_time", "time_spent", "work_time"],
    ),
    ("gold", &["is_gold"]),
    START,
    END,
];
const LABELS: &[Words] = &[
    RECORDING,
    ITEM,
    ANNOTATOR,
    TRACK,
    (
        "label",
        &[
            "truth",
            "true_label",
            "ground_truth",
            "gold_label",
            "answer",
        ],
    ),
    SAID,
    ("vote_count", &["votes", "n_votes"]),
    START,
    END,
];
const PREDICTIONS: &[Words] = &[
    RECORDING,
    ITEM,
    TRACK,
    (
        "label",
        &[
            "prediction",
            "predicted",
            "predicted_label",
            "predicted_class",
            "pred",
        ],
    ),
    ("score", &["confidence", "probability", "prob"]),
    ("model", &["model_name", "model_version"]),
    ("latency_ns", &["latency"]),
    ("start_ns", &["start", "time", "timestamp", "t"]),
    END,
];
const EVENTS: &[Words] = &[
    RECORDING,
    TRACK,
    ("t_ns", &["t", "time", "timestamp", "stamp", "date"]),
    (
        "name",
        &["event", "event_type", "event_name", "trigger", "type"],
    ),
    ("subject", &["topic"]),
    ("message", &["description", "note", "comment", "text"]),
    ("before_ns", &["before"]),
    ("after_ns", &["after"]),
];
const INTERVALS: &[Words] = &[
    RECORDING,
    ("item", &["video", "sequence", "clip"]),
    START,
    END,
    (
        "name",
        &[
            "label", "action", "scenario", "segment", "tag", "event", "task",
        ],
    ),
    ("annotator", ANNOTATOR.1),
];
const OUTCOMES: &[Words] = &[
    RECORDING,
    ("incident_id", &["incident", "same_incident_id"]),
    ("report_id", &["report"]),
    ("report_version", &["version_of_report"]),
    (
        "t_ns",
        &["t", "time", "timestamp", "stamp", "date", "incident_date"],
    ),
    ("kind", &["outcome", "outcome_type"]),
    ("succeeded", &["success", "is_success", "successful"]),
    ("mode", &["failure_mode", "failure", "cause"]),
    ("severity_stated", &["highest_injury_severity", "injury"]),
    ("initiator", &["initiated_by", "disengagement_initiated_by"]),
    (
        "engaged",
        &["automation_system_engaged", "autonomy_engaged"],
    ),
    ("within_odd", &["in_odd"]),
    (
        "speed_mps",
        &[
            "speed",
            "speed_kmh",
            "speed_kph",
            "speed_mph",
            "sv_precrash_speed",
        ],
    ),
    (
        "site",
        &["location", "city", "disengagement_location", "place"],
    ),
    ("operator", &["operating_entity", "manufacturer", "company"]),
    (
        "vehicle",
        &["vin", "vin_number", "robot", "robot_id", "vehicle_id"],
    ),
    ("software", &["software_version", "adas_ads_version"]),
    (
        "description",
        &[
            "narrative",
            "notes",
            "note",
            "description_of_facts_causing_disengagement",
        ],
    ),
];

/// Ends of names that say a unit of time, and its nanoseconds.
const UNITS: [(&str, f64); 8] = [
    ("_ns", 1.0),
    ("_us", 1e3),
    ("_ms", 1e6),
    ("_seconds", 1e9),
    ("_secs", 1e9),
    ("_sec", 1e9),
    ("_s", 1e9),
    ("_minutes", 60e9),
];

/// A name in lower case, with one `_` for what is neither letter nor digit; what stands in brackets is left out.
pub(crate) fn normal(name: &str) -> String {
    let name = name.split(['(', '[']).next().unwrap_or_default();
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_alphanumeric() {
            out.extend(letter.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// The table of the workspace whose rows a table of that form is; none for layouts of labels.
pub(crate) fn table_of(form: Form) -> Option<&'static tables::Table> {
    match form {
        Form::Votes => table("votes"),
        Form::Labels | Form::VoteCounts => table("labels"),
        Form::Predictions => table("predictions"),
        Form::Events => table("events"),
        Form::Intervals => table("intervals"),
        Form::Outcomes => table("outcomes"),
        _ => None,
    }
}

fn words(table: &tables::Table) -> &'static [Words] {
    match table.name {
        "votes" => VOTES,
        "labels" => LABELS,
        "predictions" => PREDICTIONS,
        "events" => EVENTS,
        "intervals" => INTERVALS,
        "outcomes" => OUTCOMES,
        _ => &[],
    }
}

/// The declared column a name stands for, and the nanoseconds of the unit it says at its end; whether it is the declared
/// name itself.
pub(crate) fn declared(
    table: &'static tables::Table,
    name: &str,
) -> Option<(&'static str, Option<f64>, bool)> {
    let name = normal(name);
    let unit = UNITS.iter().find(|(end, _)| name.ends_with(end));
    let stem = unit.and_then(|(end, _)| name.strip_suffix(end));
    let nanos = unit.map(|(_, nanos)| *nanos);
    let is_own =
        |column: &&tables::Column| !["source_id", "source_row", "source"].contains(&column.name);
    if let Some(column) = table.column(&name).filter(is_own) {
        return Some((
            column.name,
            nanos.filter(|_| column.name.ends_with("_ns")),
            true,
        ));
    }
    if let Some(stem) = stem
        && let Some(column) = table.column(&format!("{stem}_ns"))
    {
        return Some((column.name, nanos, true));
    }
    let known = |word: &str| {
        let found = words(table).iter().find(|(_, words)| words.contains(&word));
        found.map(|(declared, _)| *declared)
    };
    if let Some(declared) = known(&name) {
        return Some((declared, None, false));
    }
    let declared = known(stem?).filter(|declared| declared.ends_with("_ns"))?;
    Some((declared, nanos, false))
}

/// Names of columns, to ask which parts they can play.
struct Names<'a> {
    given: &'a [&'a str],
    normal: Vec<String>,
}

impl Names<'_> {
    fn has(&self, name: &str) -> bool {
        self.normal.iter().any(|known| known == name)
    }

    fn any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    fn plays(&self, form: Form, part: &str) -> bool {
        let Some(table) = table_of(form) else {
            return false;
        };
        let mut given = self.given.iter();
        given.any(|name| declared(table, name).is_some_and(|(column, ..)| column == part))
    }

    fn all(&self, form: Form, parts: &[&str]) -> bool {
        parts.iter().all(|part| self.plays(form, part))
    }
}

/// What the columns of a table speak for.
pub(super) fn of_names(given: &[&str]) -> Seen {
    let names = Names {
        given,
        normal: given.iter().map(|name| normal(name)).collect(),
    };
    if let Some(form) = layout(&names) {
        return Seen::Labels(form);
    }
    let says_model = names.any(&[
        "score",
        "model",
        "model_name",
        "model_version",
        "prediction",
        "predicted",
        "predicted_label",
        "predicted_class",
        "pred",
        "probability",
        "prob",
        "logits",
    ]);
    let of_items = names.plays(Form::Labels, "item");
    if names.all(Form::Votes, &["item", "annotator", "label"]) {
        Seen::Labels(Form::Votes)
    } else if is_outcomes(&names) {
        Seen::Labels(Form::Outcomes)
    } else if of_items
        && says_model
        && names.any(&[
            "label",
            "prediction",
            "predicted",
            "predicted_label",
            "predicted_class",
            "pred",
            "value",
        ])
    {
        Seen::Labels(Form::Predictions)
    } else if of_items && names.plays(Form::Labels, "label") {
        if names.has("confidence") && !names.plays(Form::Labels, "vote_count") {
            let what = "labels or predictions, by its columns; say which with `--as labels` or `--as predictions`";
            return Seen::No(what.to_owned());
        }
        Seen::Labels(Form::Labels)
    } else if names.all(Form::Intervals, &["start_ns", "end_ns", "name"]) {
        Seen::Labels(Form::Intervals)
    } else if names.all(Form::Events, &["t_ns", "name"]) {
        Seen::Labels(Form::Events)
    } else {
        let shown: Vec<&str> = given.iter().copied().take(12).collect();
        let shown = shown.join("`, `").chars().take(300).collect::<String>();
        Seen::No(format!(
            "a table whose columns are none of votes, labels, predictions, events, intervals or outcomes: `{shown}`"
        ))
    }
}

/// Layouts with columns of their own.
fn layout(names: &Names<'_>) -> Option<Form> {
    if ["imageid", "labelname", "xmin"]
        .iter()
        .all(|name| names.has(name))
    {
        Some(Form::OpenImages)
    } else if ["timestamp_ns", "tx_m", "qw"]
        .iter()
        .all(|name| names.has(name))
    {
        Some(Form::Argoverse2)
    } else if ["image_id", "category_id", "score"]
        .iter()
        .all(|name| names.has(name))
    {
        Some(Form::CocoResults)
    } else {
        None
    }
}

fn is_outcomes(names: &Names<'_>) -> bool {
    let is_report = names.any(&[
        "description_of_facts_causing_disengagement",
        "highest_injury_severity",
    ]);
    let more = [
        "severity",
        "severity_stated",
        "initiator",
        "engaged",
        "incident_id",
        "report_id",
        "mode",
        "within_odd",
    ];
    let mut more = more.iter();
    is_report
        || names.plays(Form::Outcomes, "succeeded")
        || (names.plays(Form::Outcomes, "kind")
            && more.any(|part| names.plays(Form::Outcomes, part)))
}

/// Rows whose sum is looked at, to know whether a matrix holds probabilities.
const LOOKED_AT: usize = 1000;
/// How far such a sum may be from 1.
const SUM_SLACK: f64 = 1e-2;

/// What a table that was read is.
pub(super) fn of_table(table: &Table) -> Seen {
    let names: Vec<&str> = table.names().collect();
    let seen = of_names(&names);
    if !matches!(seen, Seen::No(_)) {
        return seen;
    }
    let is_array = names
        .iter()
        .enumerate()
        .all(|(at, name)| *name == at.to_string());
    let is_list = |name: &str| table.integers(name).is_ok();
    let file = table.name().to_ascii_lowercase();
    if let ([only], true) = (names.as_slice(), file.contains("label"))
        && is_list(only)
    {
        return Seen::Labels(Form::Labels);
    }
    let classes = classes(table);
    if classes.len() < 2 || !(is_array || names.iter().any(|name| normal(name) == "item")) {
        return seen;
    }
    match shares(table, &classes) {
        Some(true) => Seen::Labels(Form::Predictions),
        Some(false) if is_array => Seen::Labels(Form::VoteCounts),
        _ => seen,
    }
}

/// Columns that can be classes: all that play no other part.
pub(crate) fn classes(found: &Table) -> Vec<&str> {
    let other =
        |name: &&str| table("predictions").is_none_or(|table| declared(table, name).is_none());
    found.names().filter(other).collect()
}

/// Whether columns hold probabilities of classes (true), or whole numbers of votes (false); none where neither.
pub(crate) fn shares(table: &Table, classes: &[&str]) -> Option<bool> {
    let columns: Option<Vec<Vec<f64>>> = classes
        .iter()
        .map(|name| table.numbers(name).ok())
        .collect();
    let columns = columns?;
    let row = |row: usize| {
        columns
            .iter()
            .map(move |column| column.get(row).copied().unwrap_or(f64::NAN))
    };
    let rows = 0..table.rows().min(LOOKED_AT);
    if rows.is_empty() {
        return None;
    }
    let mut each = rows.clone();
    if each.all(|at| {
        (row(at).sum::<f64>() - 1.0).abs() <= SUM_SLACK && row(at).all(|x| (0.0..=1.0).contains(&x))
    }) {
        return Some(true);
    }
    let mut each = rows;
    each.all(|at| row(at).all(|x| x >= 0.0 && x.fract() == 0.0))
        .then_some(false)
}

/// Text as UTF-8: what is none is taken for Windows-1252, which office programs write.
pub(crate) fn as_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    /// What the bytes from 0x80 to 0x9f are; the other ones have their number as code.
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    if std::str::from_utf8(bytes).is_ok() {
        return Cow::Borrowed(bytes);
    }
    let letter = |byte: &u8| match HIGH.get(usize::from(*byte).wrapping_sub(0x80)) {
        Some(letter) => *letter,
        None => char::from(*byte),
    };
    let text: String = bytes.iter().map(letter).collect();
    Cow::Owned(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_speak_for_forms() {
        for (names, form) in [
            (&["question", "worker", "answer"][..], Form::Votes),
            (&["question", "truth"], Form::Labels),
            (&["item", "label", "confidence", "votes"], Form::Labels),
            (&["image", "predicted", "confidence"], Form::Predictions),
            (&["time_s", "event"], Form::Events),
            (&["start", "end", "action"], Form::Intervals),
            (&["trial", "success"], Form::Outcomes),
            (&["ImageID", "LabelName", "XMin"], Form::OpenImages),
            (&["timestamp_ns", "tx_m", "qw"], Form::Argoverse2),
            (
                &["image_id", "category_id", "score", "x"],
                Form::CocoResults,
            ),
        ] {
            assert_eq!(of_names(names), Seen::Labels(form), "{names:?}");
        }
        let Seen::No(reason) = of_names(&["item", "label", "confidence"]) else {
            panic!("ambiguous")
        };
        assert!(reason.contains("--as predictions"), "{reason}");
        for names in [
            &["label", "url"][..],
            &["pclass", "survived", "name"],
            &["key", "label", "url"],
            &[],
        ] {
            assert!(matches!(of_names(names), Seen::No(_)), "{names:?}");
        }
    }

    #[test]
    fn names_are_compared_by_letters_and_units() {
        assert_eq!(
            normal("DISENGAGEMENT\nLOCATION\n(Street)"),
            "disengagement_location"
        );
        let events = table("events").expect("a table");
        assert_eq!(declared(events, "t_ms"), Some(("t_ns", Some(1e6), true)));
        assert_eq!(declared(events, "time [s]"), Some(("t_ns", None, false)));
        assert_eq!(
            declared(events, "time_secs"),
            Some(("t_ns", Some(1e9), false))
        );
        assert_eq!(declared(events, "source"), None);
        assert_eq!(as_utf8(b"caf\xe9 \x93x\x94"), "café “x”".as_bytes());
    }
}
