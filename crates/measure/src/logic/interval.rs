//! Sets of time spans and how two spans lie to each other.
//!
//! Read [`Intervals`] and [`relation`] first. Times are integer nanoseconds; spans are half open.
//! Not here: where spans come from ([`super::episodes`] for formulas).

use serde::Serialize;
use std::cmp::Ordering;

/// A span of time `[begin, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// First nanosecond.
    pub begin_nanos: i64,
    /// One beyond the last; more than `begin_nanos`.
    pub end_nanos: i64,
}

impl Span {
    /// A span, none where it would hold nothing.
    pub fn new(begin_nanos: i64, end_nanos: i64) -> Option<Self> {
        (begin_nanos < end_nanos).then_some(Self {
            begin_nanos,
            end_nanos,
        })
    }

    /// How long it is; saturates for spans longer than 292 years.
    pub fn nanos(&self) -> i64 {
        self.end_nanos.saturating_sub(self.begin_nanos)
    }
}

/// The thirteen ways two spans can lie (Allen 1983).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words are the standard ones")]
pub enum Relation {
    Before,
    Meets,
    Overlaps,
    Starts,
    During,
    Finishes,
    Equals,
    FinishedBy,
    Contains,
    StartedBy,
    OverlappedBy,
    MetBy,
    After,
}

impl Relation {
    /// The relation seen from the other span.
    pub fn inverse(self) -> Self {
        match self {
            Self::Before => Self::After,
            Self::Meets => Self::MetBy,
            Self::Overlaps => Self::OverlappedBy,
            Self::Starts => Self::StartedBy,
            Self::During => Self::Contains,
            Self::Finishes => Self::FinishedBy,
            Self::Equals => Self::Equals,
            Self::FinishedBy => Self::Finishes,
            Self::Contains => Self::During,
            Self::StartedBy => Self::Starts,
            Self::OverlappedBy => Self::Overlaps,
            Self::MetBy => Self::Meets,
            Self::After => Self::Before,
        }
    }
}

/// How `a` lies to `b`: exactly one of the thirteen.
pub fn relation(a: Span, b: Span) -> Relation {
    use Ordering::{Equal, Greater, Less};
    match (
        a.begin_nanos.cmp(&b.begin_nanos),
        a.end_nanos.cmp(&b.end_nanos),
    ) {
        (Equal, Equal) => Relation::Equals,
        (Equal, Less) => Relation::Starts,
        (Equal, Greater) => Relation::StartedBy,
        (Greater, Equal) => Relation::Finishes,
        (Less, Equal) => Relation::FinishedBy,
        (Less, Greater) => Relation::Contains,
        (Greater, Less) => Relation::During,
        (Less, Less) => match a.end_nanos.cmp(&b.begin_nanos) {
            Less => Relation::Before,
            Equal => Relation::Meets,
            Greater => Relation::Overlaps,
        },
        (Greater, Greater) => match b.end_nanos.cmp(&a.begin_nanos) {
            Less => Relation::After,
            Equal => Relation::MetBy,
            Greater => Relation::OverlappedBy,
        },
    }
}

/// A set of times as ascending spans that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Intervals(Vec<Span>);

impl Intervals {
    /// The union of spans in any order. Cost: a sort.
    pub fn new(spans: impl IntoIterator<Item = Span>) -> Self {
        let mut spans: Vec<Span> = spans.into_iter().collect();
        spans.sort_unstable();
        let mut found: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans.into_iter().filter(|s| s.begin_nanos < s.end_nanos) {
            match found.last_mut() {
                Some(last) if span.begin_nanos <= last.end_nanos => {
                    last.end_nanos = last.end_nanos.max(span.end_nanos);
                }
                _ => found.push(span),
            }
        }
        Self(found)
    }

    /// Its spans, ascending.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Whether a time is in it. Cost: logarithmic.
    pub fn contains(&self, t_nanos: i64) -> bool {
        let after = self.0.partition_point(|s| s.begin_nanos <= t_nanos);
        after
            .checked_sub(1)
            .and_then(|i| self.0.get(i))
            .is_some_and(|s| t_nanos < s.end_nanos)
    }

    /// Total length.
    pub fn nanos(&self) -> i64 {
        self.0.iter().map(Span::nanos).fold(0, i64::saturating_add)
    }

    /// Times in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::new(self.0.iter().chain(&other.0).copied())
    }

    /// Times in both. Cost: linear.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut found = Vec::new();
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            let begin = x.begin_nanos.max(y.begin_nanos);
            found.extend(Span::new(begin, x.end_nanos.min(y.end_nanos)));
            if x.end_nanos < y.end_nanos {
                a.next();
            } else {
                b.next();
            }
        }
        Self(found)
    }

    /// Times of `within` that are not in this set. Cost: linear.
    #[must_use]
    pub fn complement(&self, within: Span) -> Self {
        let mut found = Vec::new();
        let mut at = within.begin_nanos;
        for span in &self.0 {
            found.extend(Span::new(at, span.begin_nanos.min(within.end_nanos)));
            at = at.max(span.end_nanos);
        }
        found.extend(Span::new(at, within.end_nanos));
        Self(found)
    }

    /// Times of this set that are not in the other. Cost: linear.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let hull = self.0.first().zip(self.0.last());
        match hull.and_then(|(first, last)| Span::new(first.begin_nanos, last.end_nanos)) {
            Some(hull) => self.intersection(&other.complement(hull)),
            None => Self::default(),
        }
    }

    /// Each span made longer at both ends, and joined where that makes them touch; negative lengths make them
    /// shorter, and drop what has no length left. Saturates at the ends of time.
    #[must_use]
    pub fn dilated(&self, before_nanos: i64, after_nanos: i64) -> Self {
        Self::new(self.0.iter().filter_map(|s| {
            Span::new(
                s.begin_nanos.saturating_sub(before_nanos),
                s.end_nanos.saturating_add(after_nanos),
            )
        }))
    }

    /// Spans joined across gaps of at most `gap_nanos`.
    #[must_use]
    pub fn merged(&self, gap_nanos: i64) -> Self {
        let mut found: Vec<Span> = Vec::with_capacity(self.0.len());
        for span in &self.0 {
            match found.last_mut() {
                Some(last) if span.begin_nanos.saturating_sub(last.end_nanos) <= gap_nanos => {
                    last.end_nanos = span.end_nanos;
                }
                _ => found.push(*span),
            }
        }
        Self(found)
    }

    /// Spans of at least `least_nanos`.
    #[must_use]
    pub fn at_least(&self, least_nanos: i64) -> Self {
        Self(
            self.0
                .iter()
                .filter(|s| s.nanos() >= least_nanos)
                .copied()
                .collect(),
        )
    }

    /// Each span made at least `least_nanos` long about its middle, then joined where they touch (RefAV's dilation of
    /// matches to 1.5 s).
    #[must_use]
    pub fn stretched(&self, least_nanos: i64) -> Self {
        Self::new(self.0.iter().filter_map(|s| {
            let lacking = least_nanos.saturating_sub(s.nanos()).max(0);
            let before = lacking / 2;
            Span::new(
                s.begin_nanos.saturating_sub(before),
                s.end_nanos.saturating_add(lacking - before),
            )
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sets() -> impl Strategy<Value = Intervals> {
        proptest::collection::vec((0_i64..60, 1_i64..9), 0..9).prop_map(|spans| {
            Intervals::new(spans.into_iter().filter_map(|(b, n)| Span::new(b, b + n)))
        })
    }

    proptest! {
        #[test]
        fn as_sets_of_times(a in sets(), b in sets(), before in -3_i64..5, after in -3_i64..5) {
            let all = Span { begin_nanos: -10, end_nanos: 90 };
            for t in -10..90 {
                let (x, y) = (a.contains(t), b.contains(t));
                prop_assert_eq!(a.union(&b).contains(t), x || y);
                prop_assert_eq!(a.intersection(&b).contains(t), x && y);
                prop_assert_eq!(a.difference(&b).contains(t), x && !y);
                prop_assert_eq!(a.complement(all).contains(t), !x);
            }
            for set in [a.union(&b), a.intersection(&b), a.difference(&b), a.dilated(before, after), a.merged(2)] {
                prop_assert!(set.spans().windows(2).all(|w| w[0].end_nanos < w[1].begin_nanos));
                prop_assert!(set.spans().iter().all(|s| s.begin_nanos < s.end_nanos));
            }
            prop_assert_eq!(a.complement(all).complement(all), a.clone());
            prop_assert_eq!(a.dilated(2, 3).nanos() >= a.nanos(), true);
            prop_assert!(a.stretched(7).spans().iter().all(|s| s.nanos() >= 7));
        }

        #[test]
        fn relations_have_inverses(a in (0_i64..9, 1_i64..9), b in (0_i64..9, 1_i64..9)) {
            let span = |(begin, n): (i64, i64)| Span { begin_nanos: begin, end_nanos: begin + n };
            let (a, b) = (span(a), span(b));
            prop_assert_eq!(relation(a, b).inverse(), relation(b, a));
            let apart = matches!(
                relation(a, b), Relation::Before | Relation::After | Relation::Meets | Relation::MetBy
            );
            let shared = Intervals::new([a]).intersection(&Intervals::new([b]));
            prop_assert_eq!(apart, shared.spans().is_empty());
        }
    }
}
