//! Constant offsets that have a name: leap seconds, other epochs, time zones, units.

use serde::Serialize;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3600 * SECOND;
/// 1980-01-06T00:00:00Z, the epoch of GPS time (IS-GPS-200).
const GPS_EPOCH_SECS: i64 = 315_964_800;
/// 1904-01-01 to 1970-01-01 (`QuickTime` and HFS).
const MAC_EPOCH_SECS: i64 = 2_082_844_800;
/// 1900-01-01 to 1970-01-01 (NTP, RFC 5905).
const NTP_EPOCH_SECS: i64 = 2_208_988_800;
/// 2001-01-01T00:00:00Z (Apple's reference date).
const APPLE_EPOCH_SECS: i64 = 978_307_200;
/// TAI minus GPS time, fixed.
const TAI_MINUS_GPS_SECS: i64 = 19;
/// Headers below ten years count from boot or from the start of a simulation.
const TEN_YEARS_NS: i64 = 315_576_000 * SECOND;
/// Latency up to here does not hide a named offset of many seconds.
const TOLERANCE_NS: i64 = SECOND / 2;
/// A single leap second is told only this close, since a real latency of a second exists.
const LEAP_TOLERANCE_NS: i64 = SECOND / 10;
/// After a change of unit or epoch the clocks may differ by this much and still be recognized.
const WIDE_TOLERANCE_NS: i64 = 60 * SECOND;

/// Moments (Unix seconds, UTC) from which GPS time leads UTC by 1, 2, … seconds (IERS Bulletin C).
const GPS_LEAPS: [i64; 18] = [
    362_793_600,
    394_329_600,
    425_865_600,
    489_024_000,
    567_993_600,
    631_152_000,
    662_688_000,
    709_948_800,
    741_484_800,
    773_020_800,
    820_454_400,
    867_715_200,
    915_148_800,
    1_136_073_600,
    1_230_768_000,
    1_341_100_800,
    1_435_708_800,
    1_483_228_800,
];

/// GPS time minus UTC at a moment, in whole seconds: 18 since 2017.
pub fn gps_minus_utc_secs(utc_ns: i64) -> i64 {
    let utc_secs = utc_ns.div_euclid(SECOND);
    GPS_LEAPS
        .iter()
        .map(|leap| i64::from(utc_secs >= *leap))
        .sum()
}

/// A mistake that explains a constant offset between log times and header stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EpochMistake {
    /// The offset is small enough to be latency.
    None,
    /// Header stamps are zero.
    NotFilled,
    /// Header stamps count from boot or from the start of a simulation.
    SinceBoot,
    /// Header stamps are GPS time (ahead of UTC by the leap seconds since 1980), or log times are.
    GpsUtc,
    /// Header stamps are TAI (ahead of UTC by 37 s since 2017), or log times are.
    TaiUtc,
    /// One clock is TAI, the other GPS time: 19 s.
    TaiGps,
    /// One leap second too many or too few.
    LeapSecond,
    /// A whole number of hours, or of half hours: a local time taken for UTC.
    TimeZone,
    /// Seconds since 1980 taken for seconds since 1970.
    GpsEpoch,
    /// Another epoch: 1900 (NTP), 1904 (Mac) or 2001 (Apple).
    OtherEpoch,
    /// Nanoseconds, microseconds, milliseconds or seconds taken for one another.
    Unit,
    /// A large offset without a name.
    Unknown,
}

impl EpochMistake {
    /// The name used in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NotFilled => "not_filled",
            Self::SinceBoot => "since_boot",
            Self::GpsUtc => "gps_utc",
            Self::TaiUtc => "tai_utc",
            Self::TaiGps => "tai_gps",
            Self::LeapSecond => "leap_second",
            Self::TimeZone => "time_zone",
            Self::GpsEpoch => "gps_epoch",
            Self::OtherEpoch => "other_epoch",
            Self::Unit => "unit",
            Self::Unknown => "unknown",
        }
    }
}

/// The best explanation of an offset.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpochMatch {
    /// What explains it.
    pub class: EpochMistake,
    /// Typical log time minus typical header stamp, nanoseconds; saturated.
    pub offset_ns: i64,
    /// The offset the explanation predicts, nanoseconds; 0 for none and unknown.
    pub known_ns: i64,
    /// `offset - known`: what is left for latency, nanoseconds.
    pub distance_ns: i64,
    /// Factor from header units to log units for [`EpochMistake::Unit`], else 1: 1000 means the header is too small
    /// by that factor, 0.001 that it is too large.
    pub unit_factor: f64,
}

struct Candidate {
    class: EpochMistake,
    known_ns: i64,
    tolerance_ns: i64,
}

/// Named offsets (log minus header) at a moment, the more likely first.
fn candidates(log_ns: i64) -> Vec<Candidate> {
    let gps = gps_minus_utc_secs(log_ns);
    let mut list = Vec::new();
    let mut add = |class, secs: i64, tolerance_ns| {
        // A header ahead of the log gives a negative offset; either clock may be the wrong one.
        for known_ns in [-secs * SECOND, secs * SECOND] {
            list.push(Candidate {
                class,
                known_ns,
                tolerance_ns,
            });
        }
    };
    add(EpochMistake::LeapSecond, 1, LEAP_TOLERANCE_NS);
    add(EpochMistake::GpsUtc, gps, TOLERANCE_NS);
    add(EpochMistake::TaiUtc, gps + TAI_MINUS_GPS_SECS, TOLERANCE_NS);
    add(EpochMistake::TaiGps, TAI_MINUS_GPS_SECS, TOLERANCE_NS);
    for half_hours in 1..=28 {
        add(
            EpochMistake::TimeZone,
            half_hours * HOUR / SECOND / 2,
            TOLERANCE_NS,
        );
    }
    add(EpochMistake::GpsEpoch, GPS_EPOCH_SECS - gps, TOLERANCE_NS);
    add(EpochMistake::GpsEpoch, GPS_EPOCH_SECS, TOLERANCE_NS);
    for secs in [NTP_EPOCH_SECS, MAC_EPOCH_SECS, APPLE_EPOCH_SECS] {
        add(EpochMistake::OtherEpoch, secs, WIDE_TOLERANCE_NS);
    }
    list
}

/// Explains a constant offset between log times and header stamps by the mistakes that make such offsets.
///
/// `log_ns`, `header_ns`: typical stamps of the same message, nanoseconds; take a message with the median latency.
/// Offsets below 0.9 s are latency. A named offset of many seconds is recognized within 0.5 s, a single leap second
/// within 0.1 s, another unit or a far epoch within a minute. Log times before 1990 are no wall clock: then only equality
/// of the clocks is judged.
/// Cost: constant. Source: IS-GPS-200, IERS Bulletin C, RFC 5905 (signals reference, B.2.1 flags only `|mean| > 1 s`).
pub fn epoch_mistake(log_ns: i64, header_ns: i64) -> EpochMatch {
    let offset_ns = log_ns.saturating_sub(header_ns);
    let plain = |class| EpochMatch {
        class,
        offset_ns,
        known_ns: 0,
        distance_ns: offset_ns,
        unit_factor: 1.0,
    };
    if offset_ns.saturating_abs() < SECOND - LEAP_TOLERANCE_NS {
        return plain(EpochMistake::None);
    }
    if header_ns == 0 {
        return plain(EpochMistake::NotFilled);
    }
    let distance = |c: &Candidate| offset_ns.saturating_sub(c.known_ns).saturating_abs();
    let named = candidates(log_ns)
        .into_iter()
        .filter(|c| distance(c) <= c.tolerance_ns)
        .min_by_key(distance);
    if let Some(c) = named {
        return EpochMatch {
            class: c.class,
            offset_ns,
            known_ns: c.known_ns,
            distance_ns: offset_ns.saturating_sub(c.known_ns),
            unit_factor: 1.0,
        };
    }
    if let Some(found) = unit_mistake(log_ns, header_ns) {
        return found;
    }
    let boot = header_ns.unsigned_abs() < TEN_YEARS_NS.unsigned_abs()
        && log_ns >= crate::time::YEAR_1990_NS;
    plain(if boot {
        EpochMistake::SinceBoot
    } else {
        EpochMistake::Unknown
    })
}

/// Whether a factor of 10^3, 10^6 or 10^9 brings the header to the log time.
fn unit_mistake(log_ns: i64, header_ns: i64) -> Option<EpochMatch> {
    if log_ns < crate::time::YEAR_1990_NS {
        return None;
    }
    let offset_ns = log_ns.saturating_sub(header_ns);
    for (power, factor) in [(1_000_i128, 1e3), (1_000_000, 1e6), (1_000_000_000, 1e9)] {
        let pairs = [
            (i128::from(header_ns) * power, factor),
            (i128::from(header_ns) / power, 1.0 / factor),
        ];
        for (corrected, unit_factor) in pairs {
            let left = i128::from(log_ns) - corrected;
            if left.abs() <= i128::from(WIDE_TOLERANCE_NS) {
                let distance_ns = i64::try_from(left).unwrap_or(i64::MAX);
                return Some(EpochMatch {
                    class: EpochMistake::Unit,
                    offset_ns,
                    known_ns: offset_ns.saturating_sub(distance_ns),
                    distance_ns,
                    unit_factor,
                });
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: i64 = 1_763_640_000 * SECOND;
    const LATENCY: i64 = 12_000_000;

    fn class(header_ns: i64) -> EpochMistake {
        epoch_mistake(LOG, header_ns).class
    }

    #[test]
    fn every_mistake_is_named() {
        let sent = LOG - LATENCY;
        assert_eq!(class(sent), EpochMistake::None);
        assert_eq!(class(sent - SECOND / 2), EpochMistake::None);
        assert_eq!(class(0), EpochMistake::NotFilled);
        assert_eq!(class(5_000 * SECOND), EpochMistake::SinceBoot);
        assert_eq!(class(sent + 18 * SECOND), EpochMistake::GpsUtc);
        assert_eq!(class(sent - 18 * SECOND), EpochMistake::GpsUtc);
        assert_eq!(class(sent + 37 * SECOND), EpochMistake::TaiUtc);
        assert_eq!(class(sent + 19 * SECOND), EpochMistake::TaiGps);
        assert_eq!(class(sent + SECOND), EpochMistake::LeapSecond);
        assert_eq!(class(sent - SECOND), EpochMistake::LeapSecond);
        assert_eq!(class(sent + 2 * HOUR), EpochMistake::TimeZone);
        assert_eq!(class(sent - 11 * HOUR / 2), EpochMistake::TimeZone);
        assert_eq!(
            class(sent - (GPS_EPOCH_SECS - 18) * SECOND),
            EpochMistake::GpsEpoch
        );
        assert_eq!(
            class(sent - GPS_EPOCH_SECS * SECOND),
            EpochMistake::GpsEpoch
        );
        assert_eq!(
            class(sent + NTP_EPOCH_SECS * SECOND),
            EpochMistake::OtherEpoch
        );
        assert_eq!(class(sent / 1000), EpochMistake::Unit);
        assert_eq!(class(sent / 1_000_000), EpochMistake::Unit);
        assert_eq!(class(sent - 1234 * SECOND), EpochMistake::Unknown);
    }

    #[test]
    fn what_is_left_is_the_latency() {
        let m = epoch_mistake(LOG, LOG - LATENCY + 18 * SECOND);
        assert_eq!((m.known_ns, m.distance_ns), (-18 * SECOND, LATENCY));
        let u = epoch_mistake(LOG, (LOG - LATENCY) / 1000);
        assert_eq!((u.unit_factor, u.distance_ns), (1000.0, LATENCY));
        assert_eq!(epoch_mistake(i64::MAX, i64::MIN).offset_ns, i64::MAX);
    }

    #[test]
    fn leap_seconds_by_date() {
        assert_eq!(gps_minus_utc_secs(GPS_EPOCH_SECS * SECOND), 0);
        assert_eq!(gps_minus_utc_secs(1_400_000_000 * SECOND), 16);
        assert_eq!(gps_minus_utc_secs(1_483_228_799 * SECOND), 17);
        assert_eq!(gps_minus_utc_secs(1_483_228_800 * SECOND), 18);
    }
}
