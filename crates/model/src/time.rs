//! Absolute and relative time as integer nanoseconds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A moment: nanoseconds since the epoch of the clock it was read from.
///
/// Which clock (`log_time`, `publish_time`, `sensor_time`) is said by the field that holds it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Stamp(pub i64);

/// A signed length of time in nanoseconds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Span(pub i64);

impl Stamp {
    /// Time from `earlier` to `self`; saturates instead of overflowing.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// The length in seconds, exact to 2^-53 relative.
    pub const fn secs(self) -> f64 {
        self.0 as f64 * 1e-9
    }
}

/// A closed stretch of time, nanoseconds on the clock the fact or finding names.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct Window {
    /// First nanosecond.
    pub start_ns: i64,
    /// Last nanosecond.
    pub end_ns: i64,
}

/// A bound on the command line: seconds from the start of the recording, or a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeBound {
    /// Nanoseconds after the first log time of the recording.
    FromStart(i64),
    /// Nanoseconds since 1970.
    Absolute(i64),
}

/// What is wrong with a time bound.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a time\nhint: give seconds from the start of the recording (`12.5`) or ISO 8601 (`2026-11-20T10:00:00.5Z`)"
)]
pub struct TimeError {
    /// What was given.
    pub text: String,
}

impl TimeBound {
    /// Reads `12.5` (seconds from the start) or ISO 8601 (`2026-11-20T10:00:00.5Z`, `+01:00`
    /// instead of `Z`; without either it is UTC; the time of day may be left out).
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let error = || TimeError {
            text: text.to_owned(),
        };
        let bytes = text.trim();
        if let Some(nanos) = decimal_nanos(bytes) {
            return Ok(Self::FromStart(nanos));
        }
        iso8601_nanos(bytes).map(Self::Absolute).ok_or_else(error)
    }

    /// The bound on the log clock of a recording that starts at `start`.
    pub const fn at(self, start: i64) -> i64 {
        match self {
            Self::FromStart(nanos) => start.saturating_add(nanos),
            Self::Absolute(nanos) => nanos,
        }
    }
}

/// Decimal seconds as exact nanoseconds; digits beyond the ninth are dropped.
fn decimal_nanos(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let seconds: i64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let padded: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let nanos = seconds
        .checked_mul(1_000_000_000)?
        .checked_add(padded.parse().ok()?)?;
    Some(if negative { -nanos } else { nanos })
}

fn iso8601_nanos(text: &str) -> Option<i64> {
    let (date, rest) = match text.split_once(['T', 't', ' ']) {
        Some((date, rest)) => (date, rest),
        None => (text, ""),
    };
    let mut parts = date.splitn(3, '-');
    let year: i64 = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month: i64 = parts
        .next()?
        .parse()
        .ok()
        .filter(|m| (1..=12).contains(m))?;
    let day: i64 = parts
        .next()?
        .parse()
        .ok()
        .filter(|d| (1..=31).contains(d))?;
    let (clock, offset_minutes) = zone(rest)?;
    let mut fields = clock.splitn(3, ':');
    let mut part = |limit: i64| -> Option<i64> {
        match fields.next() {
            None | Some("") => Some(0),
            Some(text) => text.parse().ok().filter(|value| (0..limit).contains(value)),
        }
    };
    let (hour, minute) = (part(24)?, part(60)?);
    let second = match fields.next() {
        None => 0,
        Some(text) => decimal_nanos(text).filter(|nanos| (0..61_000_000_000).contains(nanos))?,
    };
    let minutes = days_from_civil(year, month, day) * 1440 + hour * 60 + minute - offset_minutes;
    minutes.checked_mul(60_000_000_000)?.checked_add(second)
}

/// Splits a time of day from its zone, given in minutes east of UTC.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, 0));
    };
    let (clock, zone) = text.split_at(at);
    let (sign, digits) = (if zone.starts_with('-') { -1 } else { 1 }, zone.get(1..)?);
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None => (digits.get(..2)?, digits.get(2..).unwrap_or("")),
    };
    let minutes: i64 = if minutes.is_empty() {
        0
    } else {
        minutes.parse().ok()?
    };
    Some((clock, sign * (hours.parse::<i64>().ok()? * 60 + minutes)))
}

/// Days since 1970-01-01 of a civil date, after Howard Hinnant's `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::TimeBound;

    #[test]
    fn bounds_are_seconds_or_moments() {
        for (text, expected) in [
            ("12.5", TimeBound::FromStart(12_500_000_000)),
            ("0.000000001", TimeBound::FromStart(1)),
            ("1970-01-01T00:00:01Z", TimeBound::Absolute(1_000_000_000)),
            (
                "2020-04-02T22:23:55.112411371Z",
                TimeBound::Absolute(1_585_866_235_112_411_371),
            ),
            (
                "2020-04-03T00:23:55.112411371+02:00",
                TimeBound::Absolute(1_585_866_235_112_411_371),
            ),
            ("2020-04-02", TimeBound::Absolute(1_585_785_600_000_000_000)),
        ] {
            assert_eq!(TimeBound::parse(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "12s",
            "1.2.3",
            "2020-13-01",
            "2020-04-02T25:00",
            "99999999999999",
        ] {
            assert!(TimeBound::parse(text).is_err(), "{text}");
        }
    }
}
