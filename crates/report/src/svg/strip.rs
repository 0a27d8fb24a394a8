//! One channel over the time of the recording: activity, gaps and findings.
//!
//! A strip is as wide as its column whatever the screen: positions are percentages, and only the
//! activity inside is stretched.

use super::Coordinate;
use crate::markup::Markup;
use fieldassay_model::{Severity, Window, plot::GapMark};
use std::fmt::Write as _;

/// Height of the activity part, in its own units.
const ACTIVITY: f64 = 18.0;

/// Width of the activity part, in its own units; the page stretches it to the column.
const WIDTH: f64 = 1000.0;

/// Up to this many messages are drawn as single ticks.
const SINGLE_TICKS: u64 = 150;

/// Messages a bin holds on average before its height means something.
const MESSAGES_PER_BIN: u64 = 8;

/// What one strip shows.
#[derive(Clone, Debug)]
pub(crate) struct Strip<'a> {
    /// The time shown.
    pub(crate) span: Window,
    /// Messages in equal bins over the span.
    pub(crate) activity: &'a [u32],
    /// Gaps, longest first.
    pub(crate) gaps: &'a [GapMark],
    /// Windows of findings with their severity and a few words.
    pub(crate) marks: &'a [(Window, Severity, String)],
    /// Times of the ticks of the common axis, as shares of the span.
    pub(crate) ticks: &'a [f64],
    /// Most gaps drawn.
    pub(crate) max_gaps: usize,
    /// Most bins drawn.
    pub(crate) max_bins: usize,
}

impl Strip<'_> {
    /// The strip; `label` says in words what is seen.
    pub(crate) fn draw(&self, label: &str) -> Markup {
        let mut out = Markup::new();
        out.literal("<svg class=\"strip\" width=\"100%\" height=\"28\" role=\"img\"")
            .attribute("aria-label", label)
            .literal(">");
        for tick in self.ticks {
            let x = Percent(*tick);
            out.literal("<line class=\"grid\" y1=\"0\" y2=\"28\"")
                .attribute("x1", x)
                .attribute("x2", x)
                .literal("/>");
        }
        self.draw_activity(&mut out);
        for gap in self.gaps.iter().take(self.max_gaps) {
            self.draw_gap(&mut out, gap);
        }
        for (window, severity, words) in self.marks {
            self.draw_mark(&mut out, *window, *severity, words);
        }
        out.literal("</svg>");
        out
    }

    fn draw_activity(&self, out: &mut Markup) {
        let total: u64 = self.activity.iter().map(|count| u64::from(*count)).sum();
        let (Some(first), Some(last)) = (
            self.activity.iter().position(|count| *count > 0),
            self.activity.iter().rposition(|count| *count > 0),
        ) else {
            return;
        };
        let covered = (last - first + 1) as u64;
        let by_size = (covered * MESSAGES_PER_BIN).div_ceil(total.max(1));
        let merge = usize::try_from(by_size).unwrap_or(1).max(1);
        let merge = merge.max(self.activity.len().div_ceil(self.max_bins.max(1)));
        let path = if total <= SINGLE_TICKS {
            self.ticks_path()
        } else {
            area_path(self.activity, merge)
        };
        let from = edge(first, self.activity.len());
        let to = edge(last + 1, self.activity.len());
        out.literal(
            "<svg x=\"0\" y=\"0\" width=\"100%\" height=\"18\" preserveAspectRatio=\"none\"",
        )
        .attribute("viewBox", format_args!("0 0 {WIDTH} {ACTIVITY}"))
        .literal("><path class=\"cover\"")
        .attribute("d", format_args!("M{from} 16H{to}V18H{from}z"))
        .literal("/><path class=\"act\"")
        .attribute("d", path)
        .literal("/></svg>");
    }

    fn ticks_path(&self) -> String {
        let bins = self.activity.len();
        let mut path = String::new();
        let full = self.activity.iter().enumerate();
        for (bin, _) in full.filter(|(_, count)| **count > 0) {
            let _ = write!(path, "M{} 4h2.5v14h-2.5z", edge(bin, bins));
        }
        path
    }

    fn share(&self, time_ns: i64) -> f64 {
        let length = i128::from(self.span.end_ns) - i128::from(self.span.start_ns);
        let since = i128::from(time_ns) - i128::from(self.span.start_ns);
        if length <= 0 {
            return 0.0;
        }
        (since as f64 / length as f64).clamp(0.0, 1.0)
    }

    fn draw_gap(&self, out: &mut Markup, gap: &GapMark) {
        let (from, to) = (self.share(gap.start_ns), self.share(gap.end_ns));
        // Too short to hatch: a hairline, so that many short pauses do not look like long ones.
        let thin = to - from < 0.003;
        let class = match (gap.class.as_str(), thin) {
            ("recorder_stall", false) => "gap stall",
            ("recorder_stall", true) => "hair stall",
            ("sensor_drop", false) => "gap drop",
            ("sensor_drop", true) => "hair drop",
            ("stamping_fault", false) => "gap stamping",
            ("stamping_fault", true) => "hair stamping",
            (_, false) => "gap other",
            (_, true) => "hair other",
        };
        out.literal("<rect y=\"0\" height=\"18\"")
            .attribute("class", class)
            .attribute("x", Percent(from))
            .attribute("width", Percent((to - from).max(0.0018)))
            .literal("><title>")
            .text(format_args!(
                "gap, {}: {}",
                gap_class(&gap.class),
                crate::text::window(
                    Window {
                        start_ns: gap.start_ns,
                        end_ns: gap.end_ns
                    },
                    self.span.start_ns
                )
            ))
            .literal("</title></rect>");
    }

    fn draw_mark(&self, out: &mut Markup, window: Window, severity: Severity, words: &str) {
        let (from, to) = (self.share(window.start_ns), self.share(window.end_ns));
        let class = match severity {
            Severity::Error => "mark error",
            Severity::Warn => "mark warn",
            Severity::Info => "mark info",
        };
        out.literal("<line y1=\"23\" y2=\"23\"")
            .attribute("class", class)
            .attribute("x1", Percent(from))
            .attribute("x2", Percent(to.max(from + 0.0001)))
            .literal("><title>")
            .text(words)
            .literal("</title></line>");
    }
}

/// The words for a class of gap.
pub(crate) fn gap_class(class: &str) -> &'static str {
    match class {
        "recorder_stall" => "recorder stall",
        "sensor_drop" => "sensor drop",
        "stamping_fault" => "stamping fault",
        _ => "cause unknown",
    }
}

/// The outline of the activity, `merge` bins at a time.
fn area_path(activity: &[u32], merge: usize) -> String {
    let mut bins: Vec<(usize, f64)> = Vec::new();
    for chunk in activity.chunks(merge) {
        let sum: u64 = chunk.iter().map(|count| u64::from(*count)).sum();
        bins.push((chunk.len(), sum as f64 / chunk.len() as f64));
    }
    // One burst must not flatten the rest: the scale ends at one and a half times the usual.
    let mut busy: Vec<f64> = bins
        .iter()
        .map(|b| b.1)
        .filter(|mean| *mean > 0.0)
        .collect();
    busy.sort_by(f64::total_cmp);
    let usual = busy.get(busy.len() / 2).copied().unwrap_or(1.0);
    // One message more or less in a bin is where its edges fall, not activity.
    for (width, mean) in &mut bins {
        if ((*mean - usual) * *width as f64).abs() <= 1.0 && *mean > 0.0 {
            *mean = usual;
        }
    }
    let peak = busy.last().copied().unwrap_or(1.0).min(usual * 1.5);
    let mut path = String::from("M0 18");
    let mut level = Coordinate(ACTIVITY).to_string();
    let mut done = 0;
    for (width, mean) in bins {
        let y = ACTIVITY - (mean / peak).min(1.0) * (ACTIVITY - 1.0);
        let next = Coordinate((y * 2.0).round() / 2.0).to_string();
        if next != level {
            if done > 0 {
                let _ = write!(path, "H{}", edge(done, activity.len()));
            }
            let _ = write!(path, "V{next}");
            level = next;
        }
        done += width;
    }
    let _ = write!(path, "H{}V18z", edge(done, activity.len()));
    path
}

/// Where a bin starts.
fn edge(bin: usize, bins: usize) -> Coordinate {
    Coordinate(bin as f64 / bins.max(1) as f64 * WIDTH)
}

/// A share of the width.
#[derive(Clone, Copy, Debug)]
struct Percent(f64);

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = (self.0 * 10_000.0).round() / 100.0;
        write!(f, "{hundredths}%")
    }
}

#[cfg(test)]
mod tests {
    use super::{Strip, area_path};
    use expect_test::expect;
    use fieldassay_model::{Severity, Window, plot::GapMark};

    const SPAN: Window = Window {
        start_ns: 1_000_000_000,
        end_ns: 11_000_000_000,
    };

    fn strip(activity: &[u32], gaps: &[GapMark], marks: &[(Window, Severity, String)]) -> String {
        let strip = Strip {
            span: SPAN,
            activity,
            gaps,
            marks,
            ticks: &[0.5],
            max_gaps: 10,
            max_bins: 600,
        };
        strip.draw("words").to_string()
    }

    #[test]
    fn a_gap_is_hatched_by_its_class_and_a_finding_marked() {
        let gap = GapMark {
            start_ns: 3_000_000_000,
            end_ns: 5_500_000_000,
            class: "recorder_stall".to_owned(),
        };
        let window = Window {
            start_ns: gap.start_ns,
            end_ns: gap.end_ns,
        };
        let marks = [(window, Severity::Error, "time.gap <b>".to_owned())];
        expect![[r#"<svg class="strip" width="100%" height="28" role="img" aria-label="words"><line class="grid" y1="0" y2="28" x1="50%" x2="50%"/><svg x="0" y="0" width="100%" height="18" preserveAspectRatio="none" viewBox="0 0 1000 18"><path class="cover" d="M0 16H1000V18H0z"/><path class="act" d="M0 4h2.5v14h-2.5zM750 4h2.5v14h-2.5z"/></svg><rect y="0" height="18" class="gap stall" x="20%" width="25%"><title>gap, recorder stall: 2.000–4.500 s</title></rect><line y1="23" y2="23" class="mark error" x1="20%" x2="45%"><title>time.gap &lt;b&gt;</title></line></svg>"#]]
            .assert_eq(&strip(&[1, 0, 0, 1], &[gap], &marks));
    }

    #[test]
    fn an_even_stream_is_one_block_and_a_hole_stays_visible() {
        assert_eq!(area_path(&[9; 600], 1), "M0 18V1H1000V18z");
        assert_eq!(area_path(&[9, 9, 0, 9], 1), "M0 18V1H500V18H750V1H1000V18z");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(!strip(&[], &[], &[]).contains("<path"));
        assert!(!strip(&[0, 0], &[], &[]).contains("<path"));
    }
}
