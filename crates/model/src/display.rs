//! Numbers for people: a value and its unit as text, the same in messages, tables and pages.

use crate::FactValue;

/// A number with four significant digits, without trailing zeros; large integers keep all digits.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor();
    if !(-9.0..15.0).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the magnitude is within -9..15, so the count of digits is within 0..=12"
    )]
    let digits = (3.0 - magnitude).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Seconds in the unit a person would choose: `12.3 ns`, `37.1 ms`, `2.5 s`, `4 min 5 s`.
pub fn seconds(value: f64) -> String {
    // What four digits would round up to 1000 gets the next unit: `1 s`, not `1000 ms`.
    let size = value.abs() * 1.00005;
    if size == 0.0 {
        "0 s".to_owned()
    } else if size < 1e-6 {
        format!("{} ns", number(value * 1e9))
    } else if size < 1e-3 {
        format!("{} µs", number(value * 1e6))
    } else if size < 1.0 {
        format!("{} ms", number(value * 1e3))
    } else if size < 300.0 {
        format!("{} s", number(value))
    } else if size < 7200.0 {
        format!("{} min", number(value / 60.0))
    } else if size < 172_800.0 {
        format!("{} h", number(value / 3600.0))
    } else {
        format!("{} days", number(value / 86_400.0))
    }
}

/// Bytes in powers of 1000: `512 B`, `3.2 kB`, `1.4 GB`.
pub fn bytes(value: f64) -> String {
    let mut value = value;
    for unit in ["B", "kB", "MB", "GB"] {
        if value.abs() < 1000.0 {
            return format!("{} {unit}", number(value));
        }
        value /= 1000.0;
    }
    format!("{} TB", number(value))
}

/// A value with its unit; angles are kept in radians and shown in degrees.
pub fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "s" => seconds(value),
        "ns" => seconds(value * 1e-9),
        "B" | "bytes" => bytes(value),
        "share" => format!("{} %", number(value * 100.0)),
        "count" => integer(value),
        "rad" => format!("{} deg", number(value.to_degrees())),
        "" | "ratio" | "bool" => number(value),
        unit => format!("{} {unit}", number(value)),
    }
}

/// A count with a thin grouping of digits: `1,000,000`.
pub fn integer(value: f64) -> String {
    let text = format!("{value:.0}");
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |digits| ("-", digits));
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return text;
    }
    let mut out = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A fact's value with its unit; text stays as it is.
pub fn fact_value(value: &FactValue, unit: &str) -> String {
    match value {
        FactValue::Text(text) => text.clone(),
        FactValue::Bool(true) => "yes".to_owned(),
        FactValue::Bool(false) => "no".to_owned(),
        other => quantity(other.as_f64().unwrap_or(0.0), unit),
    }
}

/// The unit a name carries in its suffix (`_ns`, `_secs`, `_hz`, `_ppm`, `_share`, `_bytes`).
pub fn unit_of_name(name: &str) -> &'static str {
    const SUFFIXES: [(&str, &str); 9] = [
        ("_ns", "ns"),
        ("_secs", "s"),
        ("_hz", "Hz"),
        ("_ppm", "ppm"),
        ("_share", "share"),
        ("_bytes", "B"),
        ("_radians", "rad"),
        ("_meters", "m"),
        ("_count", "count"),
    ];
    SUFFIXES
        .iter()
        .find(|(suffix, _)| name.ends_with(suffix))
        .map_or("", |(_, unit)| unit)
}

/// A moment as ISO 8601 in UTC with milliseconds, from nanoseconds since 1970.
///
/// Days to civil date after Howard Hinnant's `civil_from_days`.
pub fn iso8601(nanos: i64) -> String {
    let millis = nanos.div_euclid(1_000_000);
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1000 % 60,
        rest % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::{integer, iso8601, number, quantity};

    #[test]
    fn values_read_well() {
        for (value, unit, expected) in [
            (0.0371, "s", "37.1 ms"),
            (2_157_000_000.0, "ns", "2.157 s"),
            (35.70918, "ppm", "35.71 ppm"),
            (0.012, "share", "1.2 %"),
            (3.25, "periods", "3.25 periods"),
            (1_000_000.0, "count", "1,000,000"),
            (505_395.0, "B", "505.4 kB"),
            (0.0, "s", "0 s"),
            (0.99996, "s", "1 s"),
            (0.9999, "s", "999.9 ms"),
            (-12.0, "count", "-12"),
        ] {
            assert_eq!(quantity(value, unit), expected);
        }
        assert_eq!(number(123_456.7), "123457");
        assert_eq!(integer(999.0), "999");
    }

    #[test]
    fn moments_are_civil_dates() {
        assert_eq!(iso8601(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            iso8601(1_585_866_235_112_411_371),
            "2020-04-02T22:23:55.112Z"
        );
        assert_eq!(iso8601(-1), "1969-12-31T23:59:59.999Z");
    }
}
