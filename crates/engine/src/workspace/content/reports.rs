//! Words of reports of crashes, disengagements and trials.
//!
//! Source: NHTSA's Standing General Order 2021-01 (its table of reports), the California DMV's tables of disengagements;
//! ISO 26262-3:2018 table B.1 for severities by injury.
//!
//! Not here: which columns hold them (`layouts::columns`).

/// The class of ISO 26262 of an injury in words: none; light and moderate; severe; life-threatening or fatal.
pub(super) fn severity(stated: &str) -> Option<&'static str> {
    let stated = stated.trim().to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| stated.starts_with(word));
    if starts(&["no injur", "none", "property damage", "s0"]) {
        Some("s0")
    } else if starts(&["minor", "moderate", "light", "s1"]) {
        Some("s1")
    } else if starts(&["serious", "severe", "s2"]) {
        Some("s2")
    } else if starts(&["fatal", "death", "s3"]) {
        Some("s3")
    } else {
        None
    }
}

/// A truth in words; what is engaged may be named instead.
pub(super) fn truth(stated: &str) -> Option<bool> {
    let stated = stated.trim().to_ascii_lowercase();
    let word = stated.split([',', ' ', ';']).next().unwrap_or_default();
    match word {
        "yes" | "y" | "true" | "t" | "1" | "1.0" | "success" | "succeeded" | "done" | "ads"
        | "adas" => Some(true),
        "no" | "n" | "false" | "f" | "0" | "0.0" | "failure" | "failed" | "conventional" => {
            Some(false)
        }
        _ => None,
    }
}

/// Whether a text stands where something was taken out.
pub(super) fn is_redacted(text: &str) -> bool {
    text.starts_with("[REDACTED") || text.starts_with("[MAY CONTAIN")
}

/// Whether a text says that something is not known.
pub(super) fn is_missing(text: &str) -> bool {
    const WORDS: [&str; 12] = [
        "",
        "nan",
        "na",
        "n/a",
        "null",
        "none",
        "nil",
        "nat",
        "-",
        "--",
        "?",
        "not applicable",
    ];
    let text = text.trim();
    let starts = |word: &str| {
        text.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    is_redacted(text)
        || starts("unknown")
        || WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Meters per second of a unit that the name of a column says.
pub(super) fn speed_unit(name: &str) -> f64 {
    let name = name.to_ascii_lowercase();
    let has = |unit: &str| name.contains(unit);
    if has("mph") {
        0.44704
    } else if has("km/h") || has("kmh") || has("kph") {
        1.0 / 3.6
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_reports_have_their_classes() {
        for (stated, expected) in [
            ("No Injuries Reported", Some("s0")),
            ("Moderate", Some("s1")),
            ("Serious", Some("s2")),
            ("Fatality", Some("s3")),
            ("Unknown", None),
        ] {
            assert_eq!(severity(stated), expected, "{stated}");
        }
        assert_eq!(truth("No, see Narrative"), Some(false));
        assert_eq!(truth("ADS"), Some(true));
        assert_eq!(truth("Unknown, see Narrative"), None);
        assert!((speed_unit("SV Precrash Speed (MPH)") - 0.44704).abs() < 1e-12);
        assert!(is_redacted(
            "[REDACTED, MAY CONTAIN CONFIDENTIAL BUSINESS INFORMATION]"
        ));
    }
}
