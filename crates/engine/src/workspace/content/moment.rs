//! Moments as tables of people write them.
//!
//! Read [`of_text`] and [`of_number`] first. Not here: bounds on the command line (`model`).

use fieldassay_model::TimeBound;

/// A moment, and the stretch in which it lies: a day where only the date is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Nanoseconds since 1970; of a number that is too small for that, since the start.
    pub(super) t_ns: i64,
    /// Length of the stretch, nanoseconds; 0 where it is known to the second.
    pub(super) width_ns: i64,
}

const DAY_NS: i64 = 86_400_000_000_000;
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
/// Seconds from 1990 to 2100 since 1970: numbers in between are taken for moments.
const ERA_SECS: std::ops::Range<f64> = 631_152_000.0..4_102_444_800.0;

/// A text: ISO 8601 and its likes (`2021-03-17 / 13:44:04`, `2021.03.16.`), month first with slashes (`7/29/2021`),
/// `09/Apr/21`, or only the month (`AUG-2022`). UTC unless it says a zone.
pub(super) fn of_text(text: &str) -> Option<Moment> {
    let text = text.trim().trim_end_matches('.').replace(" / ", " ");
    let text = text.as_str();
    if let Ok(number) = text.parse::<f64>() {
        return of_number(number);
    }
    if let Some(found) = iso(text) {
        return Some(found);
    }
    let (date, clock) = text.split_once(' ').unwrap_or((text, ""));
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    let month = |text: &str| {
        let short = text.get(..3)?.to_ascii_lowercase();
        let found = (1..).zip(MONTHS).find(|(_, name)| *name == short);
        found.map(|(number, _)| number)
    };
    let number = |text: &str| text.parse::<u32>().ok();
    match parts.as_slice() {
        [name, year] => of_month(month(name)?, number(year)?),
        [day, name, year] if month(name).is_some() => {
            joined([full(number(year)?), month(name)?, number(day)?], clock)
        }
        [year, month, day] if year.len() == 4 => {
            joined([number(year)?, number(month)?, number(day)?], clock)
        }
        [month, day, year] => joined([full(number(year)?), number(month)?, number(day)?], clock),
        _ => None,
    }
}

/// A year, of which only the last two digits may be given.
fn full(year: u32) -> u32 {
    if year < 100 { 2000 + year } else { year }
}

fn joined([year, month, day]: [u32; 3], clock: &str) -> Option<Moment> {
    let date = format!("{year:04}-{month:02}-{day:02}");
    iso(if clock.is_empty() {
        date
    } else {
        format!("{date}T{clock}")
    }
    .as_str())
}

fn iso(text: &str) -> Option<Moment> {
    let TimeBound::Absolute(t_ns) = TimeBound::parse(text).ok()? else {
        return None;
    };
    let has_clock = text.contains(':');
    Some(Moment {
        t_ns,
        width_ns: if has_clock { 0 } else { DAY_NS },
    })
}

fn of_month(month: u32, year: u32) -> Option<Moment> {
    let first = joined([full(year), month, 1], "")?;
    let (next, year) = if month == 12 {
        (1, year + 1)
    } else {
        (month + 1, year)
    };
    let next = joined([full(year), next, 1], "")?;
    Some(Moment {
        t_ns: first.t_ns,
        width_ns: next.t_ns - first.t_ns,
    })
}

/// A number whose size says whether it counts seconds, milliseconds, microseconds or nanoseconds since 1970; any other
/// counts seconds.
pub(super) fn of_number(number: f64) -> Option<Moment> {
    let in_era = |unit: &&f64| ERA_SECS.contains(&(number / *unit));
    let unit = [1.0, 1e3, 1e6, 1e9].iter().find(in_era).copied();
    nanos(number, 1e9 / unit.unwrap_or(1.0))
}

/// A whole number, exactly.
pub(super) fn of_integer(number: i64) -> Option<Moment> {
    let in_era = |unit: &&i64| ERA_SECS.contains(&((number / **unit) as f64));
    let unit = [1, 1_000, 1_000_000, 1_000_000_000_i64]
        .iter()
        .find(in_era)
        .copied();
    let t_ns = number.checked_mul(1_000_000_000 / unit.unwrap_or(1))?;
    Some(Moment { t_ns, width_ns: 0 })
}

/// So many of a unit, as nanoseconds.
pub(super) fn nanos(number: f64, unit_nanos: f64) -> Option<Moment> {
    let nanos = (number * unit_nanos).round();
    let is_known = nanos.is_finite() && nanos.abs() < 9.2e18;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within 64 bits, checked before"
    )]
    let t_ns = nanos as i64;
    is_known.then_some(Moment { t_ns, width_ns: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_people_are_read() {
        let day = |text: &str| of_text(text).expect("a moment");
        let expected = day("2021-03-17");
        assert_eq!(expected.t_ns, 1_615_939_200_000_000_000);
        assert_eq!(expected.width_ns, DAY_NS);
        for text in [
            "2021.03.17.",
            "3/17/2021",
            "03/17/21",
            "17/Mar/21",
            "2021/03/17",
        ] {
            assert_eq!(day(text), expected, "{text}");
        }
        let clock = day("2021-03-17 / 13:44:04");
        assert_eq!(clock, day("2021-03-17T13:44:04Z"));
        assert_eq!(
            (clock.t_ns - expected.t_ns, clock.width_ns),
            (49_444_000_000_000, 0)
        );
        assert_eq!(day("FEB-2024").width_ns, 29 * DAY_NS);
        assert_eq!(day("DEC-2021").width_ns, 31 * DAY_NS);
        for text in ["", "x", "13/13/13/13", "AUG", "99/99/2021"] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_say_their_unit_by_their_size() {
        let secs = Moment {
            t_ns: 1_615_939_200_000_000_000,
            width_ns: 0,
        };
        for number in [
            1_615_939_200,
            1_615_939_200_000,
            1_615_939_200_000_000,
            1_615_939_200_000_000_000,
        ] {
            assert_eq!(of_integer(number), Some(secs));
        }
        assert_eq!(of_number(1_615_939_200.0), Some(secs));
        assert_eq!(of_number(2.5).map(|one| one.t_ns), Some(2_500_000_000));
        assert_eq!(of_number(f64::NAN), None);
        assert_eq!(of_integer(i64::MAX), None);
    }
}
