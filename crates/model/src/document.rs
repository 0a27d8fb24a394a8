//! The promised form of `fieldassay check --json`.

use crate::{Calibration, Fact, Finding, RecordingId, Severity, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One document per run of `check`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckDocument {
    /// Always `fieldassay.check`.
    pub schema: String,
    /// Version of this form; a change that breaks readers gets a new number.
    pub version: u32,
    /// The policy the verdicts rest on.
    pub policy: PolicyReference,
    /// One entry per recording, in the order of the sorted paths.
    pub recordings: Vec<RecordingReport>,
}

/// Which policy was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyReference {
    /// Its name.
    pub name: String,
    /// Its own version.
    pub version: u32,
    /// SHA-256 of its canonical JSON, so that two runs can be told apart.
    pub sha256: String,
}

/// Everything found out about one recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingReport {
    /// Path as given by the user.
    pub path: String,
    /// Id by content; null when the bytes could not be read.
    pub id: Option<RecordingId>,
    /// `mcap`, `rosbag1`, `rosbag2_sqlite3`, or `unknown`.
    pub format: String,
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes, hexadecimal; null when they could not be read.
    pub sha256: Option<String>,
    /// BLAKE3 of the bytes, hexadecimal; null when they could not be read.
    pub blake3: Option<String>,
    /// Messages read, suspect ones included.
    pub message_count: u64,
    /// Smallest log time, nanoseconds; null without messages.
    pub start_ns: Option<i64>,
    /// Largest log time, nanoseconds; null without messages.
    pub end_ns: Option<i64>,
    /// Whether everything the file holds was read and nothing is suspect or cut off.
    pub complete: bool,
    /// What could not be read.
    pub loss: Loss,
    /// One entry per channel, by topic.
    pub channels: Vec<ChannelReport>,
    /// The calibration found in the recording, an artefact of its own; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// All measurements.
    pub facts: Vec<Fact>,
    /// What the policy says about them, worst first.
    pub findings: Vec<Finding>,
    /// The decision.
    pub verdict: Verdict,
    /// Why nothing could be read; null otherwise.
    pub error: Option<String>,
}

/// What could not be read, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    /// Messages known to be lost; null when damage makes them uncountable.
    pub messages: Option<u64>,
    /// Bytes that could not be interpreted.
    pub bytes: u64,
    /// Messages that were kept although a checksum over them failed.
    pub suspect_messages: u64,
    /// Each damaged place.
    pub reasons: Vec<LossReason>,
}

/// One damaged place in the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LossReason {
    /// Stable code, `loss.name`: `loss.truncated`, `loss.chunk_crc`, …
    pub code: String,
    /// First byte of the damaged range in the file.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
    /// Messages known to be lost there; null when they cannot be counted.
    pub messages: Option<u64>,
    /// Messages kept from there although damaged.
    pub suspect_messages: u64,
    /// What happened, with the values seen and expected.
    pub message: String,
}

/// One channel of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelReport {
    /// Topic.
    pub topic: String,
    /// Name of the message type.
    pub schema: String,
    /// Message encoding: `cdr`, `ros1`, `protobuf`, `json`, …
    pub encoding: String,
    /// Messages read.
    pub message_count: u64,
    /// `(n - 1) / span` of the log time; null below two messages or without span.
    pub rate_hz: Option<f64>,
    /// Median of the differences of consecutive log times, nanoseconds.
    pub median_period_ns: Option<i64>,
    /// Largest difference of consecutive log times, nanoseconds.
    pub max_gap_ns: Option<i64>,
    /// How often each clock steps backwards from one message to the next, in file order.
    pub regressions: Regressions,
    /// Worst finding about this channel; null when there is none.
    pub worst: Option<Severity>,
}

/// Backward steps per clock; null where the clock is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Regressions {
    /// Recorder clock.
    pub log_time: u64,
    /// Publisher clock; null when the format has none.
    pub publish_time: Option<u64>,
    /// Header stamps; null when the messages carry none.
    pub header_time: Option<u64>,
}

/// Structural notes and losses of a reader: its account of the input.
///
/// Readers return one for the file and one per unit; merging keeps file order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// Rule violations that cost no data, `structure.name` with the place and what was seen.
    pub notes: Vec<Note>,
    /// Damaged places.
    pub losses: Vec<LossReason>,
}

/// One violation of the format's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Stable code, `structure.name`.
    pub code: &'static str,
    /// Byte offset in the file, where there is one.
    pub offset: Option<u64>,
    /// What was seen and expected.
    pub message: String,
}

impl Account {
    /// Adds a note.
    pub fn note(&mut self, code: &'static str, offset: Option<u64>, message: impl Into<String>) {
        self.notes.push(Note {
            code,
            offset,
            message: message.into(),
        });
    }

    /// Adds everything of `other`, after what is here.
    pub fn append(&mut self, mut other: Self) {
        self.notes.append(&mut other.notes);
        self.losses.append(&mut other.losses);
    }
}

impl Loss {
    /// Sums the damaged places of an account; one uncountable place makes the sum uncountable.
    pub fn from_reasons(reasons: Vec<LossReason>) -> Self {
        Self {
            messages: reasons.iter().try_fold(0_u64, |sum, reason| {
                Some(sum.saturating_add(reason.messages?))
            }),
            // Bytes under a failed checksum are kept: they are suspect, not lost.
            bytes: reasons
                .iter()
                .filter(|reason| !reason.code.ends_with("_crc"))
                .map(|reason| reason.end.saturating_sub(reason.start))
                .sum(),
            suspect_messages: reasons.iter().map(|reason| reason.suspect_messages).sum(),
            reasons,
        }
    }

    /// Whether nothing was lost and nothing is suspect.
    pub fn is_none(&self) -> bool {
        self.reasons.is_empty()
    }
}
