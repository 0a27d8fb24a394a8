//! The tables of a workspace, declared once: what a row is, its key, and every column with unit, frame and null rule.
//!
//! Read [`Table`] and [`Column`] first, then [`TABLES`] and [`CONVENTIONS`], which hold for all of them; [`lint`] holds
//! the rules every declaration obeys.
//!
//! Not here: how rows are stored (Arrow, Delta), how they are made, and which values a policy tolerates.

mod content;
mod context;
mod evidence;
mod lint;
mod people;
mod recording;
mod release;

pub use context::CONTEXT_FIELDS;
pub use lint::{Broken, Problem, RESERVED_WORDS, UNIT_SUFFIXES, lint, lint_column};
pub use release::MEMBERS;

use crate::hexadecimal;
use sha2::Digest as _;
use std::fmt::Write as _;

/// Every table of a workspace: recordings and their parts, evidence, content, what people and models say.
pub const TABLES: &[Table] = &[
    recording::RECORDINGS,
    recording::FILES,
    recording::CHANNELS,
    recording::CHUNKS,
    recording::LOSSES,
    context::CONTEXT,
    evidence::FACTS,
    evidence::FINDINGS,
    content::POSES,
    content::TRANSFORMS,
    content::CAMERAS,
    content::ITEMS,
    content::OBJECTS,
    content::EVENTS,
    content::INTERVALS,
    people::LABELS,
    people::VOTES,
    people::PREDICTIONS,
    people::OUTCOMES,
];

/// What holds for every table, so that no column repeats it.
pub const CONVENTIONS: &[&str] = &[
    "Rows are sorted by the key, and no two have the same; the first column of every key is the recording a row is about, so that its rows lie together.",
    "A moment is integer nanoseconds on the clock that the column or the row names. A stretch of time holds both its ends.",
    "A number is finite: what is unknown is null, never NaN. Items of lists are never null. Counts, shares, probabilities and words have no unit.",
    "A position is of the center of a thing. A quaternion has length 1 and turns the axes of the thing into those of the frame it is given in.",
    "Ids of ours are by content: a letter, `-` and 16 digits of a SHA-256; ids of a source are as it writes them. Digests are lower-case hexadecimal digits. JSON is canonical: keys sorted, no blanks.",
    "What is volatile says by whom, where or when something was done, not what; workspaces are the same when everything else is.",
];

/// The table of that name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// One table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name in SQL.
    pub name: &'static str,
    /// What one row is, in a sentence.
    pub about: &'static str,
    /// Columns rows are sorted by, ascending by bytes or number; together they are unique.
    pub key: &'static [&'static str],
    /// Columns in their order, in groups that tables share. [`Table::columns`] gives them one after the other.
    pub groups: &'static [&'static [Column]],
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in SQL.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Words a text may be, where no other may; empty otherwise.
    pub one_of: &'static [&'static str],
    /// Unit of its values; nowhere for what has none: texts, counts, shares, likelihoods.
    pub unit: Stated,
    /// Frame its values are in; nowhere for what is in none.
    pub frame: Stated,
    /// Whether and when a value is missing.
    pub null: Null,
    /// Whether it says where and when something was done instead of what: left out when workspaces are compared.
    pub volatile: bool,
    /// What it means, in a sentence or two.
    pub about: &'static str,
}

/// What values are: only what every reader of Delta gives back as it was written.
///
/// There are no unsigned integers, half floats, dates, durations and lists of fixed length, because readers refuse,
/// round or drop them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// 64 bits with sign.
    Integer,
    /// Double precision, finite.
    Real,
    /// A truth value.
    Boolean,
    /// A list of [`Kind::Text`].
    TextList,
    /// A list of [`Kind::Integer`].
    IntegerList,
    /// A list of [`Kind::Real`].
    RealList,
    /// A list in single precision, for features a model reads: nobody wrote them more exactly.
    ReadingList,
}

/// Where a unit or a frame is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated {
    /// Nowhere: there is none.
    Nowhere,
    /// Here, the same for every row.
    Here(&'static str),
    /// In this column of the same row.
    InColumn(&'static str),
}

/// Whether a value may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// It never is.
    Never,
    /// It is where this holds, in words that follow "null where".
    Where(&'static str),
}

impl Table {
    /// Every column in its order.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> + use<> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns().find(|column| column.name == name)
    }

    /// The schema as one text: names, order, types and what they mean to a program, without sentences for people.
    pub fn canonical(&self) -> String {
        let mut text = format!("table {}\nkey {}\n", self.name, self.key.join(" "));
        for column in self.columns() {
            let _ = write!(text, "column {} {}", column.name, column.kind.delta());
            for (name, value) in column.metadata() {
                let _ = write!(text, " {name}={}", serde_json::Value::from(value));
            }
            text.push('\n');
        }
        text
    }

    /// SHA-256 of [`Table::canonical`], hexadecimal: two workspaces whose tables have the same can share rows.
    pub fn fingerprint(&self) -> String {
        hexadecimal(&sha2::Sha256::digest(self.canonical().as_bytes()))
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Integer,
        Self::Real,
        Self::Boolean,
        Self::TextList,
        Self::IntegerList,
        Self::RealList,
        Self::ReadingList,
    ];

    /// Name of the type in Delta's schema, lists as Spark writes them.
    pub const fn delta(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Integer => "long",
            Self::Real => "double",
            Self::Boolean => "boolean",
            Self::TextList => "array<string>",
            Self::IntegerList => "array<long>",
            Self::RealList => "array<double>",
            Self::ReadingList => "array<float>",
        }
    }

    /// The kind of the items of a list; none where it is no list. Items of a list in single precision are reals.
    pub const fn item(self) -> Option<Self> {
        match self {
            Self::Text | Self::Integer | Self::Real | Self::Boolean => None,
            Self::TextList => Some(Self::Text),
            Self::IntegerList => Some(Self::Integer),
            Self::RealList | Self::ReadingList => Some(Self::Real),
        }
    }

    /// Whether values, or items of a list, are floats.
    pub const fn is_real(self) -> bool {
        matches!(self, Self::Real | Self::RealList | Self::ReadingList)
    }
}

impl Column {
    const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self {
            name,
            kind,
            one_of: &[],
            unit: Stated::Nowhere,
            frame: Stated::Nowhere,
            null: Null::Never,
            volatile: false,
            about,
        }
    }

    const fn one_of(mut self, words: &'static [&'static str]) -> Self {
        self.one_of = words;
        self
    }

    const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Stated::Here(unit);
        self
    }

    const fn unit_in(mut self, column: &'static str) -> Self {
        self.unit = Stated::InColumn(column);
        self
    }

    const fn frame(mut self, frame: &'static str) -> Self {
        self.frame = Stated::Here(frame);
        self
    }

    const fn frame_in(mut self, column: &'static str) -> Self {
        self.frame = Stated::InColumn(column);
        self
    }

    const fn null(mut self, rule: &'static str) -> Self {
        self.null = Null::Where(rule);
        self
    }

    const fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Whether a value may be missing.
    pub const fn is_nullable(&self) -> bool {
        matches!(self.null, Null::Where(_))
    }

    /// What a schema says about the column besides its name and type, as names and values sorted by name: `frame` or
    /// `frame_column`, `nullable`, `one_of` (words with blanks between), `unit` or `unit_column`, `volatile`; those
    /// that do not apply are left out.
    pub fn metadata(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        match self.frame {
            Stated::Nowhere => {}
            Stated::Here(frame) => out.push(("frame", frame.to_owned())),
            Stated::InColumn(column) => out.push(("frame_column", column.to_owned())),
        }
        if self.is_nullable() {
            out.push(("nullable", "true".to_owned()));
        }
        if !self.one_of.is_empty() {
            out.push(("one_of", self.one_of.join(" ")));
        }
        match self.unit {
            Stated::Nowhere => {}
            Stated::Here(unit) => out.push(("unit", unit.to_owned())),
            Stated::InColumn(column) => out.push(("unit_column", column.to_owned())),
        }
        if self.volatile {
            out.push(("volatile", "true".to_owned()));
        }
        out
    }
}

const fn text(name: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::Text, about)
}

const fn integer(name: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::Integer, about)
}

const fn real(name: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::Real, about)
}

const fn boolean(name: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::Boolean, about)
}

const fn texts(name: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::TextList, about)
}

const fn integers(name: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::IntegerList, about)
}

const fn reals(name: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::RealList, about)
}

const fn readings(name: &'static str, about: &'static str) -> Column {
    Column::new(name, Kind::ReadingList, about)
}

/// A moment or a length of time.
const fn nanos(name: &'static str, about: &'static str) -> Column {
    integer(name, about).unit("ns")
}

/// A count of bytes, or a place in a file.
const fn bytes(name: &'static str, about: &'static str) -> Column {
    integer(name, about).unit("bytes")
}

const fn meters(name: &'static str, about: &'static str) -> Column {
    real(name, about).unit("m")
}

const fn pixels(name: &'static str, about: &'static str) -> Column {
    real(name, about).unit("px")
}

/// The recording a row is about.
const RECORDING: Column = text(
    "recording_id",
    "The recording the row is about; the input itself where the source names no recording.",
);

/// Where a row comes from: the key of every table whose rows are read from a source or computed.
const SOURCE: &[Column] = &[
    RECORDING,
    text(
        "source_id",
        "What the row was made from: the id of the input (`r-…`, the recording itself or a file of labels, votes or outcomes), or of the recipe that computed it, that is of program, version and options.",
    ),
    integer(
        "source_row",
        "Place of the row among those its source gives for this table and recording, from 0, in the order of reading.",
    ),
    text(
        "source",
        "Form and place of the source: `argoverse2 annotations.feather`, `ros2 /odom`, `fieldassay check 0.1.0`.",
    ),
];

/// Key of the tables that begin with [`SOURCE`].
const SOURCE_KEY: &[&str] = &["recording_id", "source_id", "source_row"];

/// Which clock the moments of a row are on.
const CLOCK: Column = text(
    "clock",
    "What the moments of the row were read from: recorder, publisher, message header, a header proven to be the sensor's, the file of a data set, or positions in a sequence without times, counted as seconds.",
)
.one_of(&[
    "log_time",
    "publish_time",
    "header_time",
    "sensor_time",
    "source_time",
    "counted",
]);

/// A pose in the frame the row names.
const POSE: [Column; 7] = [
    meters("x_m", "Position of the center, first axis.").frame_in("frame"),
    meters("y_m", "Position of the center, second axis.").frame_in("frame"),
    meters("z_m", "Position of the center, third axis.").frame_in("frame"),
    real("qw", "Quaternion, real part.").frame_in("frame"),
    real("qx", "Quaternion, first axis.").frame_in("frame"),
    real("qy", "Quaternion, second axis.").frame_in("frame"),
    real("qz", "Quaternion, third axis.").frame_in("frame"),
];

#[cfg(test)]
mod tests;
