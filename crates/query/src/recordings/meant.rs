//! Which recording a text means: its id, the start of it, or its name.

/// Recordings named to who gave too little of an id.
const MOST_NAMED: usize = 5;

/// What ids begin with.
const LETTER: &str = "r-";

/// Recordings that a text may mean, of all with their ids and names: the one whose id it is; otherwise those whose id
/// begins with it, and those whose name it is.
pub fn meant<'a, T>(
    text: &str,
    all: &'a [T],
    id_and_name: impl Fn(&'a T) -> (&'a str, &'a str),
) -> Vec<&'a T> {
    if let Some(exact) = all.iter().find(|one| id_and_name(one).0 == text) {
        return vec![exact];
    }
    let is_start = text.starts_with(LETTER);
    let fits = |one: &&'a T| {
        let (id, name) = id_and_name(one);
        (!text.is_empty() && name == text) || (is_start && id.starts_with(text))
    };
    all.iter().filter(fits).collect()
}

/// What to tell who gave a text that may mean several recordings.
pub fn several(text: &str, ids: &[&str]) -> String {
    let named: Vec<&str> = ids.iter().copied().take(MOST_NAMED).collect();
    let more = match ids.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "`{text}` may be any of {} recordings: {}{more}\nhint: give an id, or more of it",
        ids.len(),
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::{meant, several};

    const ALL: &[(&str, &str)] = &[
        ("r-00aa", "one.mcap"),
        ("r-00ab", "two.mcap"),
        ("r-01", "r-02"),
        ("r-02", "two.mcap"),
    ];

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = meant(text, ALL, |(id, name)| (*id, *name));
        let ids: Vec<&str> = found.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, expected, "{text}");
    }

    #[test]
    fn an_id_its_start_or_a_name_is_meant() {
        check("r-00aa", &["r-00aa"]);
        check("r-00a", &["r-00aa", "r-00ab"]);
        check("r-01", &["r-01"]);
        check("one.mcap", &["r-00aa"]);
        check("two.mcap", &["r-00ab", "r-02"]);
        check("two", &[]);
        check("", &[]);
        // An id goes before a name.
        check("r-02", &["r-02"]);
    }

    #[test]
    fn the_letter_alone_may_be_any() {
        check("r-", &["r-00aa", "r-00ab", "r-01", "r-02"]);
        check("r", &[]);
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let ids = ["r-1", "r-2", "r-3", "r-4", "r-5", "r-6", "r-7"];
        assert_eq!(
            several("r-", &ids),
            "`r-` may be any of 7 recordings: r-1, r-2, r-3, r-4, r-5 and 2 more\nhint: give an id, or more of it"
        );
        assert_eq!(
            several("r-", &ids[..5]),
            "`r-` may be any of 5 recordings: r-1, r-2, r-3, r-4, r-5\nhint: give an id, or more of it"
        );
    }
}
