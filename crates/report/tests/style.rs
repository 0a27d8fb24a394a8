//! Colors of the style sheet against WCAG 2 AA contrast, in light, dark and on paper.

#![expect(
    clippy::unwrap_used,
    reason = "a style sheet of another form must fail the test"
)]

use std::collections::BTreeMap;

const STYLE: &str = include_str!("../templates/style.css");

/// The colors of each `:root` block: light, dark, paper.
fn palettes() -> Vec<BTreeMap<String, [f64; 3]>> {
    STYLE
        .split(":root {")
        .skip(1)
        .map(|block| {
            let block = block.split('}').next().unwrap();
            block
                .split(';')
                .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"))
                .map(|(name, hex)| {
                    let part =
                        |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
                    (name.to_owned(), [part(0), part(2), part(4)])
                })
                .collect()
        })
        .collect()
}

/// Relative luminance after WCAG 2.2.
fn luminance(color: [f64; 3]) -> f64 {
    let [r, g, b] = color.map(|channel| {
        let c = channel / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_has_contrast_of_at_least_4_5_and_graphics_3() {
    let palettes = palettes();
    assert_eq!(palettes.len(), 3);
    let mut pairs: Vec<(&str, &str, f64)> = Vec::new();
    for text in [
        "text", "muted", "accent", "error", "warn", "info", "pass", "unknown",
    ] {
        pairs.extend(["bg", "surface", "raised"].map(|ground| (text, ground, 4.5)));
    }
    pairs.push(("muted", "line-soft", 4.5));
    for (text, ground) in [
        ("error", "error-bg"),
        ("warn", "warn-bg"),
        ("info", "info-bg"),
        ("pass", "pass-bg"),
        ("unknown", "unknown-bg"),
    ] {
        pairs.push((text, ground, 4.5));
    }
    for graphic in ["act", "dot", "drop", "stall", "stamping", "other"] {
        pairs.extend(["bg", "surface"].map(|ground| (graphic, ground, 3.0)));
    }
    for palette in &palettes {
        for (front, ground, least) in &pairs {
            let seen = contrast(palette[*front], palette[*ground]);
            assert!(seen >= *least, "{front} on {ground}: {seen:.2} < {least}");
        }
    }
}
