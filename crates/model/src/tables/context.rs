//! What is known about a recording besides its bytes: where, in what conditions, with what rig, under which terms.
//!
//! Read [`CONTEXT_FIELDS`] first: the fields everybody means the same by. A row per value instead of a column per field
//! lets free fields stand beside them, says of each where it came from, and lets it change within a recording.
//!
//! Not here: which fields a workspace requires (its settings).

use super::{Column, RECORDING, Table, boolean, integer, nanos, real, text, texts};

pub(super) const CONTEXT: Table = Table {
    name: "context",
    about: "One value of one field of what is known about a recording. Fields that everybody means the same by are listed below the columns; any other name may be used too.",
    key: &["recording_id", "field", "number"],
    groups: &[&[
        RECORDING,
        text("field", "Name of the field, snake case."),
        integer("number", "Place of the value among those of the field, from 0."),
        text("value", "The value as text; truth values are `true` and `false`, lists have a row per item."),
        real("value_real", "The value as a number, in `unit`.")
            .unit_in("unit")
            .null("it is no number"),
        text("unit", "Unit of a number.").null("it is no number, or has no unit"),
        nanos("start_ns", "First moment it holds, on the clock of the recording.").null("it holds from the start"),
        nanos("end_ns", "Last moment it holds.").null("it holds to the end"),
        text("given_by", "Who said it: a flag of the command, a file beside the recording, the recording itself, or what was measured.")
            .one_of(&["flag", "sidecar", "metadata", "measured"]),
        text("place", "Where it was said: the flag, the file, the name in the metadata, the fact."),
    ]],
};

const NOT_GIVEN: &str = "it is not given";

const fn free(name: &'static str, about: &'static str) -> Column {
    text(name, about).null(NOT_GIVEN)
}

/// The fields of `context` that everybody means the same by, each as the column it is when recordings are shown with
/// their context. A list has a row per item in `context`.
///
/// Where a word is asked for, `unknown` and `not_applicable` are answers too, and differ from no answer.
pub const CONTEXT_FIELDS: &[Column] = &[
    free("site", "Place by its name: plant, campus, town."),
    free(
        "region",
        "ISO 3166 code of country or subdivision: `DE`, `US-CA`.",
    ),
    boolean(
        "indoor",
        "Whether it is inside a building; mixed recordings say when.",
    )
    .null(NOT_GIVEN),
    free("weather", "`clear`, `cloudy`, `rain`, `snow`, `fog`, …"),
    free(
        "light",
        "`day`, `low`, `night`; ISO 34503 by lux: from 2000, above 1, up to 1.",
    ),
    free(
        "gnss",
        "State of satellite positioning: `good`, `degraded`, `denied`.",
    ),
    free("crowd", "People around: `none`, `few`, `many`, `dense`."),
    free("clutter", "Things around: `open`, `some`, `dense`."),
    free("rig", "The vehicle or robot with its sensors, by its name."),
    free("hardware_revision", "Revision of the rig's hardware."),
    free("firmware", "Version of the rig's software."),
    free(
        "operator",
        "Who drove or supervised, by a name that is no person's where that is asked for.",
    ),
    free(
        "revisit",
        "How often the site is recorded, an ISO 8601 duration: `P7D`.",
    ),
    free("owner", "Who owns the recording."),
    free(
        "license",
        "Terms of use, an SPDX identifier where there is one.",
    ),
    free("exclusivity", "`exclusive` or `shared`, and with whom."),
    free(
        "consent",
        "Consent of the people recorded: `given`, `withdrawn`, `expired`, `not_required`.",
    ),
    texts(
        "purposes",
        "What it may be used for: `training`, `evaluation`, `safety_case`, …",
    )
    .null(NOT_GIVEN),
    texts("residency", "Regions it may be stored in, ISO 3166 codes.").null(NOT_GIVEN),
    free(
        "retention",
        "How long it is kept: a last day (`2027-12-31`), or an ISO 8601 duration from its end.",
    ),
];
