//! Many rows as one text: the driver of SQLite takes longer over a row than most questions over finding it.
//!
//! A value is the number of its letters, a space, and the letters, so that it may hold any.
//!
//! Not here: what the values mean (the questions).

/// Values as one text in SQL; what is null is an empty text.
macro_rules! packed {
    ($first:literal $(, $value:literal)*) => {
        concat!(
            "concat(COALESCE(length(", $first, "), 0), ' ', ", $first,
            $(", COALESCE(length(", $value, "), 0), ' ', ", $value,)*
            ")"
        )
    };
}

pub(super) use packed;

/// Values behind each other.
pub(super) struct Packed<'a> {
    rest: &'a str,
}

impl<'a> Packed<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Whether nothing is left.
    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next values; none where the text is no such.
    pub(super) fn texts<const N: usize>(&mut self) -> Option<[&'a str; N]> {
        let mut all = [""; N];
        for one in &mut all {
            let (count, behind) = self.rest.split_once(' ')?;
            (*one, self.rest) = letters(behind, count.parse().ok()?)?;
        }
        Some(all)
    }
}

/// The first letters of a text, and what is behind them; none where it has fewer.
pub(super) fn letters(text: &str, count: usize) -> Option<(&str, &str)> {
    let is_ascii = text.as_bytes().get(..count).is_some_and(<[u8]>::is_ascii);
    let end = if is_ascii {
        count
    } else {
        let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        ends.nth(count)?
    };
    text.split_at_checked(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_whatever_letters_they_have() {
        let mut packed = Packed::new("3 a b0 2 \u{e4}\u{1f600}1 71 \n");
        assert_eq!(packed.texts(), Some(["a b", "", "\u{e4}\u{1f600}"]));
        assert_eq!(packed.texts(), Some(["7", "\n"]));
        assert!(packed.is_empty());
        assert_eq!(packed.texts::<1>(), None);
    }

    #[test]
    fn what_is_cut_off_or_says_no_number_is_no_value() {
        for text in ["4 abc", "3 \u{e4}\u{e4}", "abc", "x abc", "-1 abc"] {
            assert_eq!(Packed::new(text).texts::<1>(), None, "{text}");
        }
    }

    #[test]
    fn the_sql_counts_letters() {
        assert_eq!(
            packed!("a", "b"),
            "concat(COALESCE(length(a), 0), ' ', a, COALESCE(length(b), 0), ' ', b)"
        );
    }
}
