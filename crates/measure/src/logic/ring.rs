//! Memory of a monitor: values some samples ago, and aggregates over a moving span.
//!
//! Read [`Span`] first. Not here: which span an operator needs (`monitor`).

/// What can be summed up in order.
pub(super) trait Join: Copy {
    /// This followed by `later`.
    fn join(self, later: Self) -> Self;
}

/// The value pushed a fixed number of samples ago.
#[derive(Clone, Debug)]
pub(super) struct Delay {
    kept: Vec<f64>,
    at: usize,
}

impl Delay {
    pub(super) fn new(samples: usize) -> Self {
        Self {
            kept: vec![0.0; samples],
            at: 0,
        }
    }

    /// Takes a value and gives the one of `samples` calls ago, 0 before there was one.
    pub(super) fn push(&mut self, x: f64) -> f64 {
        let Some(slot) = self.kept.get_mut(self.at) else {
            return x;
        };
        let old = std::mem::replace(slot, x);
        self.at += 1;
        if self.at == self.kept.len() {
            self.at = 0;
        }
        old
    }
}

/// The aggregate of the values at consecutive times from some oldest one on.
///
/// Two stacks: values since the last turn and their sum, and sums from each older value to the turn. Each value is
/// moved once, so a push and a drop cost constant time on average, whatever the operation (it needs no inverse).
#[derive(Clone, Debug)]
pub(super) struct Span<T> {
    older: Vec<T>,
    newer: Vec<T>,
    newer_sum: Option<T>,
    /// Time of the next value.
    next: usize,
    /// Whether values are ever dropped; if not, only the sum is kept.
    drops: bool,
}

impl<T: Join> Span<T> {
    pub(super) fn new(drops: bool) -> Self {
        Self {
            older: Vec::new(),
            newer: Vec::new(),
            newer_sum: None,
            next: 0,
            drops,
        }
    }

    /// Takes the value of the next time.
    pub(super) fn push(&mut self, x: T) {
        if self.drops {
            self.newer.push(x);
        }
        self.newer_sum = Some(self.newer_sum.map_or(x, |sum| sum.join(x)));
        self.next += 1;
    }

    /// Drops what is older than `oldest` and gives the sum of the rest, none where nothing is left.
    pub(super) fn since(&mut self, oldest: usize) -> Option<T> {
        if self.drops {
            let keep = self.next.saturating_sub(oldest);
            while self.older.len() + self.newer.len() > keep {
                if self.older.is_empty() {
                    self.turn();
                }
                self.older.pop();
            }
        }
        match (self.older.last(), self.newer_sum) {
            (Some(old), Some(new)) => Some(old.join(new)),
            (old, new) => old.copied().or(new),
        }
    }

    fn turn(&mut self) {
        for x in self.newer.drain(..).rev() {
            let sum = self.older.last().map_or(x, |sum| x.join(*sum));
            self.older.push(sum);
        }
        self.newer_sum = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Joining strings shows order.
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Ends(usize, usize);

    impl Join for Ends {
        fn join(self, later: Self) -> Self {
            assert_eq!(self.1 + 1, later.0);
            Self(self.0, later.1)
        }
    }

    proptest! {
        #[test]
        fn sums_what_is_left_in_order(drops in proptest::collection::vec(0_usize..4, 1..40)) {
            let mut span = Span::new(true);
            let mut oldest = 0;
            for (t, more) in drops.iter().enumerate() {
                span.push(Ends(t, t));
                oldest += more;
                let expected = (oldest <= t).then_some(Ends(oldest, t));
                prop_assert_eq!(span.since(oldest), expected);
            }
        }
    }

    #[test]
    fn a_delay_of_none_passes_through() {
        let mut none = Delay::new(0);
        assert_eq!(none.push(3.0), 3.0);
        let mut two = Delay::new(2);
        assert_eq!([1.0, 2.0, 3.0].map(|x| two.push(x)), [0.0, 0.0, 1.0]);
    }
}
