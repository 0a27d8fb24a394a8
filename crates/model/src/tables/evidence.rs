//! What was measured on recordings, and what policies say about it.
//!
//! Not here: what a fact is ([`crate::Fact`]) and how it is judged ([`crate::evaluate`]).

use super::{
    Column, SOURCE, SOURCE_KEY, Table, boolean, integer, integers, nanos, real, text, texts,
};

const SUBJECT: Column = text(
    "subject",
    "What it is about: a topic, `recording`, a pair `a -> b`, a frame edge `parent -> child`.",
);
const WINDOW: [Column; 2] = [
    nanos("window_start_ns", "First moment it is about, log time.")
        .null("it is about the whole recording"),
    nanos("window_end_ns", "Last moment it is about, log time.")
        .null("it is about the whole recording"),
];

pub(super) const FACTS: Table = Table {
    name: "facts",
    about: "One measurement on a recording, without any judgment.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        &[
            text("name", "Stable name, `subject.name`: `time.jitter_p95`."),
            SUBJECT,
            real("value", "The measurement as a number; truth values are 1 and 0, integers beyond 2^53 are rounded.")
                .unit_in("unit")
                .null("it is a text, or nothing was measured"),
            integer("value_integer", "The measurement where it is a count or nanoseconds, exactly.")
                .unit_in("unit")
                .null("it is no integer"),
            boolean("value_boolean", "The measurement where it is a truth value.").null("it is none"),
            text("value_text", "The measurement where it is a name or a class.").null("it is no text"),
            text("unit", "Unit of `value`, `low` and `high`: `s`, `ns`, `Hz`, `ppm`, `ratio`, `count`, …; empty where it has none."),
            real("low", "Lower end of the 95 % interval.").unit_in("unit").null("there is no interval"),
            real("high", "Upper end of the 95 % interval.").unit_in("unit").null("there is no interval"),
            integer("n", "Observations the value rests on."),
        ],
        &WINDOW,
        &[
            text("method", "How it was measured, in a few words."),
            integer("version", "Version of the method."),
            text("status", "Whether there is a value. What was not evaluated is never a pass.").one_of(STATUSES),
            text("reason", "Why nothing was measured.").null("something was"),
            text("detail_json", "Further parts of the same measurement, an object of numbers, texts and truth values.")
                .null("there are none"),
        ],
    ],
};

/// Words of [`crate::FactStatus`].
pub(super) const STATUSES: &[&str] = &["ok", "not_evaluated"];
/// Words of [`crate::Severity`].
pub(super) const SEVERITIES: &[&str] = &["info", "warn", "error"];

pub(super) const FINDINGS: Table = Table {
    name: "findings",
    about: "One fact, or several alike, beyond what a policy tolerates.",
    key: &["recording_id", "source_id", "policy_sha256", "source_row"],
    groups: &[
        SOURCE,
        &[
            text(
                "policy_sha256",
                "Digest of the canonical form of the policy that judged.",
            ),
            text("policy_name", "Name of that policy."),
            integer("policy_version", "Version of that policy."),
            text(
                "code",
                "Code of the check, `subject.name`: `fieldassay checks CODE` explains it.",
            ),
            text("severity", "How much it matters under the policy.").one_of(SEVERITIES),
            SUBJECT,
        ],
        &WINDOW,
        &[
            integer(
                "count",
                "Facts beyond the threshold it stands for, at least 1.",
            ),
            text(
                "message",
                "What was found, with the values seen and tolerated.",
            ),
            text("hint", "What to do about it."),
            texts(
                "facts",
                "Names of the facts it rests on; their subject is that of the finding.",
            ),
            integers(
                "window_starts_ns",
                "First moments of all stretches it stands for, worst first, at most 100.",
            )
            .unit("ns"),
            integers(
                "window_ends_ns",
                "Last moments of these stretches, in the same order.",
            )
            .unit("ns"),
        ],
    ],
};
