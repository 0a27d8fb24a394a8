//! A statistic in words.

use fieldassay_engine::statistics::Estimate;

/// `0.812 [0.790, 0.834]`, or the estimate alone where no interval is known.
pub(crate) fn shown(value: &Estimate) -> String {
    with_digits(value, 3)
}

/// The same with other digits.
pub(crate) fn with_digits(value: &Estimate, digits: usize) -> String {
    with_ends(value.estimate, (value.low, value.high), digits)
}

/// The same of an estimate and the ends of its interval, which may not be known.
pub(crate) fn with_ends(estimate: f64, ends: (Option<f64>, Option<f64>), digits: usize) -> String {
    match ends {
        (Some(low), Some(high)) => {
            format!("{estimate:.digits$} [{low:.digits$}, {high:.digits$}]")
        }
        _ => format!("{estimate:.digits$}"),
    }
}

/// A statistic, `-` where it is not defined.
pub(crate) fn shown_or_dash(value: Option<&Estimate>) -> String {
    or_dash(value, shown)
}

/// A number, `-` where it is not known.
pub(crate) fn number_or_dash(value: Option<f64>, digits: usize) -> String {
    or_dash(value, |value| format!("{value:.digits$}"))
}

/// Both ends of an interval, `-` where it is not known.
pub(crate) fn ends_or_dash(value: &Estimate, shown: impl FnOnce(f64, f64) -> String) -> String {
    or_dash(value.low.zip(value.high), |(low, high)| shown(low, high))
}

/// What there is, `-` where there is nothing.
pub(crate) fn or_dash<T>(value: Option<T>, shown: impl FnOnce(T) -> String) -> String {
    value.map_or("-".to_owned(), shown)
}

/// A line that says how many of `all` rows a table leaves out that has room for so many; nothing where it has them all.
pub(crate) fn left_out(all: usize, room: usize, what: &str) -> String {
    match all.saturating_sub(room) {
        0 => String::new(),
        more => format!("{more} more {what} are in --json\n"),
    }
}

/// A choice by its name in the document.
pub(crate) fn word<T: serde::Serialize>(choice: &T) -> String {
    let name = serde_json::to_value(choice).ok();
    name.and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A p-value.
pub(crate) fn chance(p: f64) -> String {
    if p < 0.0005 {
        "<0.0005".to_owned()
    } else {
        format!("{p:.3}")
    }
}
