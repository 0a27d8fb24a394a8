//! A statistic in words.

use fieldassay_engine::statistics::Estimate;

/// `0.812 [0.790, 0.834]`, or the estimate alone where no interval is known.
pub(crate) fn shown(value: &Estimate) -> String {
    with_digits(value, 3)
}

/// The same with other digits.
pub(crate) fn with_digits(value: &Estimate, digits: usize) -> String {
    let Estimate {
        estimate,
        low,
        high,
        ..
    } = value;
    match (low, high) {
        (Some(low), Some(high)) => {
            format!("{estimate:.digits$} [{low:.digits$}, {high:.digits$}]")
        }
        _ => format!("{estimate:.digits$}"),
    }
}

/// The same, `-` where it is not defined.
pub(crate) fn shown_or_dash(value: Option<&Estimate>) -> String {
    value.map_or("-".to_owned(), shown)
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
