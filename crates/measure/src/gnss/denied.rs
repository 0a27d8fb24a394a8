//! Stretches without usable positions.

use super::Fix;

/// Why positions cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeniedCause {
    /// No messages.
    Gap,
    /// Messages that say there is no fix.
    NoFix,
    /// A fix with a large standard deviation.
    Inaccurate,
}

impl DeniedCause {
    /// In words for details of facts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::NoFix => "no_fix",
            Self::Inaccurate => "inaccurate",
        }
    }
}

/// A stretch without usable positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Last usable report before it, or the first report at all.
    pub before: usize,
    /// First usable report after it, or the last report at all.
    pub after: usize,
    /// Between those, nanoseconds.
    pub span_nanos: i64,
    /// The worst of what happened: no messages, then no fix, then inaccuracy.
    pub cause: DeniedCause,
}

/// What counts as denied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeniedOptions {
    /// Horizontal standard deviation that is not usable, meters.
    pub sigma_meters: f64,
    /// Periods without messages that make a gap.
    pub gap_periods: f64,
    /// Shortest stretch, seconds.
    pub least_secs: f64,
    /// Stretches closer than this are one, seconds.
    pub merge_secs: f64,
}

impl Default for DeniedOptions {
    /// Signals reference, B.6.
    fn default() -> Self {
        Self {
            sigma_meters: 5.0,
            gap_periods: 3.0,
            least_secs: 2.0,
            merge_secs: 1.0,
        }
    }
}

/// Stretches of at least [`DeniedOptions::least_secs`] (less half a period, as stamps only sample the truth) without
/// usable positions, in order. `fixes` ascend in time; `period_secs` is their typical distance.
///
/// A stretch lasts from the last usable report to the next one, so an outage of 2 s is seen as at least 2 s. Stretches
/// closer than [`DeniedOptions::merge_secs`] are merged. Cost: one pass. Source: signals reference, B.6.
pub fn denied(fixes: &[Fix], period_secs: f64, options: &DeniedOptions) -> Vec<Denied> {
    let cause_of = |fix: &Fix| {
        if !fix.is_position() {
            Some(DeniedCause::NoFix)
        } else if fix.sigma_meters().is_some_and(|s| s > options.sigma_meters) {
            Some(DeniedCause::Inaccurate)
        } else {
            None
        }
    };
    let secs = |nanos: i64| nanos as f64 / 1e9;
    let mut pieces: Vec<Denied> = Vec::new();
    let add = |pieces: &mut Vec<Denied>, before: usize, after: usize, cause: DeniedCause| {
        let t = |i: usize| fixes[i].t_nanos;
        if let Some(last) = pieces.last_mut()
            && secs(t(before).saturating_sub(t(last.after))) < options.merge_secs
        {
            last.after = last.after.max(after);
            last.span_nanos = t(last.after).saturating_sub(t(last.before));
            last.cause = last.cause.min(cause);
            return;
        }
        pieces.push(Denied {
            before,
            after,
            span_nanos: t(after).saturating_sub(t(before)),
            cause,
        });
    };
    for i in 0..fixes.len() {
        if let Some(cause) = cause_of(&fixes[i]) {
            let after = (i + 1).min(fixes.len() - 1);
            add(&mut pieces, i.saturating_sub(1), after, cause);
        }
        if i > 0 {
            let step = secs(fixes[i].t_nanos.saturating_sub(fixes[i - 1].t_nanos));
            if step > options.gap_periods * period_secs {
                add(&mut pieces, i - 1, i, DeniedCause::Gap);
            }
        }
    }
    pieces.retain(|p| secs(p.span_nanos) >= options.least_secs - 0.5 * period_secs);
    pieces
}
