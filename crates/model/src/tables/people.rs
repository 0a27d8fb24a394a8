//! What people, models and the field say: labels, votes, predictions, outcomes.
//!
//! Read [`ITEM`] first: what is spoken about. A vote is what one annotator said, a label what is held to be so; votes are
//! never replaced by the labels made of them.
//!
//! Not here: boxes and shapes, which are objects (`content`) whoever said them.

use super::{
    CLOCK, Column, SOURCE, SOURCE_KEY, Table, boolean, integer, nanos, readings, real, reals, text,
    texts,
};

/// Null rule of what a source may say or not.
pub(super) const NOT_SAID: &str = "the source does not say";

/// What sort of thing is spoken about.
pub(super) const ITEM_KIND: Column =
    text("item_kind", "What sort of thing the item is.").one_of(&[
        "recording",
        "interval",
        "image",
        "sweep",
        "video",
        "object",
        "track",
        "pair",
        "text",
        "other",
    ]);

/// Which frame of a sequence.
pub(super) const STEP: Column = integer(
    "step",
    "Number of the frame in its sequence, as the source counts.",
);

/// What is spoken about.
const ITEM: &[Column] = &[
    text(
        "item",
        "The item as its source names it: an image, a question, a clip, a track.",
    ),
    ITEM_KIND,
    STEP.null("the item is no sequence, or it is about all of it"),
    integer(
        "object_row",
        "The object it is: `source_row` in `objects` of the same recording and source.",
    )
    .null("the item is no object of the same source"),
    text("track_id", "The track it is or belongs to.").null("it belongs to none"),
    nanos("start_ns", "First moment it covers.").null("the source names no time"),
    nanos("end_ns", "Last moment it covers; of a moment the same.")
        .null("the source names no time"),
    CLOCK.null("the source names no time"),
];

/// When it was said.
pub(super) const SAID_NS: Column = nanos("said_ns", "When it was said, since 1970, UTC.");

/// Which person.
pub(super) const ANNOTATOR: Column = text(
    "annotator",
    "The person, by the name or number the source uses.",
);

/// Under what conditions it was said: what systematic errors are looked for by.
pub(super) const SAID_UNDER: &[Column] = &[
    text("supplier", "Who employed the annotator.").null(NOT_SAID),
    text("tool", "Program used, with its version.").null(NOT_SAID),
    text("batch", "Batch, task or job it was done in.").null(NOT_SAID),
    text("guideline", "Guideline followed, `name@version`.").null(NOT_SAID),
    text("ontology", "Ontology the words are of, `name@version`.").null("none is declared"),
];

/// Probabilities of classes.
const DISTRIBUTION: [Column; 2] = [
    texts("classes", "Classes in the order of `probabilities`.").null("no distribution is given"),
    reals(
        "probabilities",
        "Probability of each class; they sum to 1 where classes exclude each other.",
    )
    .null("no distribution is given"),
];

const ATTRIBUTE: Column = text(
    "attribute",
    "Which attribute of the item it is about, or what was asked: `occluded`, `color`.",
)
.null("it is about the class of the item");

const LABEL_VALUE: Column = real(
    "value",
    "What was said as a number, where it is a measurement or a rating.",
)
.unit_in("unit")
.null("it is no number");

const VALUE_UNIT: Column = text("unit", "Unit of `value`.").null("it is no number, or has no unit");

const GOLD: Column = boolean(
    "gold",
    "Whether the truth of the item is known and it was given to test annotators.",
);

pub(super) const LABELS: Table = Table {
    name: "labels",
    about: "What is held to be so of an item: its class, or one attribute of it.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        ITEM,
        &[
            ATTRIBUTE,
            text("label", "What it is said to be; `cannot_tell` is a label."),
            LABEL_VALUE,
            VALUE_UNIT,
            real("confidence", "Probability that the label is right, 0 to 1.")
                .null("the source gives none"),
            integer("vote_count", "Votes it was made of.").null("it was not made of votes"),
            boolean(
                "adjudicated",
                "Whether a person settled it after others had disagreed.",
            )
            .null(NOT_SAID),
            GOLD.null(NOT_SAID),
            ANNOTATOR.null("no person is named"),
            SAID_NS.null(NOT_SAID),
        ],
        &DISTRIBUTION,
        SAID_UNDER,
    ],
};

pub(super) const VOTES: Table = Table {
    name: "votes",
    about: "What one annotator said about one item; never changed and never lost.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        ITEM,
        &[
            ANNOTATOR,
            ATTRIBUTE,
            text("label", "What was said; `cannot_tell` is a label."),
            LABEL_VALUE,
            VALUE_UNIT,
            text("category", "Category of the item, to measure agreement by.")
                .null("the source names none"),
            real("confidence", "How sure the annotator was, 0 to 1.").null("nobody asked"),
            GOLD.null(NOT_SAID),
            SAID_NS.null(NOT_SAID),
            nanos("spent_ns", "How long it took.").null(NOT_SAID),
        ],
        SAID_UNDER,
    ],
};

pub(super) const PREDICTIONS: Table = Table {
    name: "predictions",
    about: "What a model says about an item, in the field or offline. A box it finds is a row of `objects`, and here only where more than class and score is known of it.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        ITEM,
        &[
            text("model", "The model, with its version.").null("the source names none"),
            ATTRIBUTE,
            text("label", "What it says.").null("it gives probabilities only"),
            LABEL_VALUE,
            VALUE_UNIT,
            real("score", "How sure it is, as it says; more is surer.").null("it gives none"),
        ],
        &DISTRIBUTION,
        &[
            reals(
                "logits",
                "Scores of `classes` before they became probabilities.",
            )
            .null("they were not kept"),
            readings(
                "features",
                "What the model saw the item as; as long in every row of a model.",
            )
            .null("they were not kept"),
            nanos("latency_ns", "How long the model took.").null("nobody measured"),
            text("ontology", "Ontology the words are of, `name@version`.").null("none is declared"),
        ],
    ],
};

pub(super) const OUTCOMES: Table = Table {
    name: "outcomes",
    about: "How something ended in the field or in a trial: a disengagement, a crash, a failed or a done task.",
    key: SOURCE_KEY,
    groups: &[
        SOURCE,
        &[
            text("incident_id", "The incident; several reports may be about one.").null("the source names none"),
            text("report_id", "The report.").null("the source names none"),
            integer("report_version", "Version of the report; the largest holds.").null("the source names none"),
            nanos("t_ns", "When, or the first moment it may have been.").null("it is not known"),
            nanos("t_width_ns", "How long the stretch is in which it was: a day where only the date is known.").null("it is not known when"),
            CLOCK.null("it is not known when"),
            text("kind", "What happened.")
                .one_of(&["disengagement", "crash", "near_miss", "failure", "intervention", "task", "other"]),
            boolean("succeeded", "Whether what was tried was done.").null("nothing was tried, or nobody says"),
            text("mode", "The mode of the failure, in the words of the source or of the library of failures.").null("it is not known"),
            text("severity", "Harm by the classes of ISO 26262: none, light, severe, fatal.")
                .one_of(&["s0", "s1", "s2", "s3"])
                .null("what the source says does not map to a class"),
            text("severity_stated", "Harm in the words of the source.").null("it says nothing"),
            text("initiator", "Who ended autonomy, or brought it about: driver, system, other party.").null("it is not known"),
            boolean("engaged", "Whether autonomy was on.").null("it is not known"),
            boolean("within_odd", "Whether it was inside the operational design domain.").null("it is not known"),
            real("speed_mps", "Own speed at the moment.").unit("m/s").null("it is not known"),
            text("site", "Where: town, road, plant, as the source says.").null("it is not known"),
            text("operator", "Who operated the vehicle or robot.").null("it is not known"),
            text("vehicle", "Which vehicle or robot.").null("it is not known"),
            text("software", "Its software, with version.").null("it is not known"),
            text("description", "What the source tells about it.").null("it tells nothing"),
        ],
    ],
};
