//! How a check is described, so that listing, policy, report and documentation say the same.

use serde::{Deserialize, Serialize};

/// What kind of thing a check looks at; decides how subjects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The recording as a whole, subject `recording`.
    Recording,
    /// One channel, subject is its topic.
    Channel,
    /// Two channels or clocks, subject `a -> b`.
    Pair,
    /// One edge or frame of the transform tree, subject `parent -> child` or the frame.
    Frame,
}

/// Which side of a threshold is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// A finding when `value > threshold`.
    Above,
    /// A finding when `value >= threshold`.
    AtLeast,
    /// A finding when `value < threshold`.
    Below,
    /// A finding when `|value| > threshold`.
    Magnitude,
    /// A finding when `|value / declared - 1| > threshold`, where the policy declares a rate.
    Declared,
}

/// One check: what it judges, what it means and where it comes from.
///
/// Thresholds are not here: the policy files hold them, documented.
#[derive(Clone, Copy, Debug)]
pub struct CheckInfo {
    /// Stable code, `subject.name`.
    pub code: &'static str,
    /// A few words for lists.
    pub title: &'static str,
    /// Name of the fact the threshold is compared with.
    pub fact: &'static str,
    /// What it looks at.
    pub subject: Subject,
    /// Which side of the threshold is worse.
    pub compare: Compare,
    /// Unit of fact and threshold.
    pub unit: &'static str,
    /// What it means for the user, in one or two sentences.
    pub meaning: &'static str,
    /// How the fact is computed.
    pub formula: &'static str,
    /// Paper, standard or tool it follows.
    pub source: &'static str,
    /// What it cannot see.
    pub blind_spots: &'static str,
    /// Message of the finding. `{value}` and `{threshold}` are filled in with a fitting unit
    /// (`37.1 ms`, `35.7 ppm`, `1.2 %` for unit `share`, `3.2 periods`), so no unit follows them;
    /// `{low}`, `{high}`, `{n}`, `{times}` (`once`, `3 times`), `{class}` (in words), `{subject}`,
    /// `{count}`, `{<detail key>}` (unit by its suffix:
    /// `_ns`, `_secs`, `_hz`, `_ppm`, `_share`, `_bytes`) and `{<fact name>}` (a fact of the same
    /// subject) are filled in too.
    pub message: &'static str,
    /// What to do about it; filled in like `message`.
    pub hint: &'static str,
}

/// How often a check found a fault of known size in simulated drives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Power {
    /// Kind of fault, `skew_ppm`; `none` for drives without faults.
    pub fault: String,
    /// Its size, in `unit`.
    pub magnitude: f64,
    /// Unit of the magnitude.
    pub unit: String,
    /// Whether the project promises to find it in at least 95 % of drives.
    pub promised: bool,
    /// Codes of which one counts as found; none for drives without faults.
    pub codes: Vec<String>,
    /// Drives tried.
    pub drives: u64,
    /// Drives with the right finding; for drives without faults those with any warning.
    pub found: u64,
    /// Wilson 95 % interval of the share.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Power {
    /// Whether a finding with this code counts; a code that ends in a dot stands for all that begin with it.
    pub fn counts(&self, code: &str) -> bool {
        let mut codes = self.codes.iter();
        codes.any(|known| known == code || (known.ends_with('.') && code.starts_with(known)))
    }
}
