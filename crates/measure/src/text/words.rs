//! Words and runs of words.

use super::sha1::sha1_hash64;

/// Words of a text: lower case, everything but letters, digits, underscores and white space dropped, split at white space
/// (Python's `[^\w\s]`). Texts that differ in case and punctuation become the same. Composed and decomposed accents stay
/// different: normalize to NFC before.
pub fn tokens(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| {
            word.chars()
                .filter(|c| c.is_alphanumeric() || *c == '_')
                .flat_map(char::to_lowercase)
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// Runs of `n` words joined by a space, each once, ascending; a text of fewer words is one run.
pub fn shingles(words: &[String], n: usize) -> Vec<String> {
    if words.is_empty() {
        return Vec::new();
    }
    let length = n.clamp(1, words.len());
    let mut found: Vec<String> = words.windows(length).map(|w| w.join(" ")).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The same as 64-bit hashes (first bytes of SHA-1), ascending, each once. Two different runs share a hash with a
/// probability below 1e-7 for a million runs.
pub fn hashed_shingles(words: &[String], n: usize) -> Vec<u64> {
    if words.is_empty() {
        return Vec::new();
    }
    let length = n.clamp(1, words.len());
    let mut joined = String::new();
    let mut found: Vec<u64> = words
        .windows(length)
        .map(|run| {
            joined.clear();
            for (at, word) in run.iter().enumerate() {
                if at > 0 {
                    joined.push(' ');
                }
                joined.push_str(word);
            }
            sha1_hash64(joined.as_bytes())
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Share of the union that is in both of two ascending lists without repetitions; 1 for two empty ones.
pub fn jaccard<T: Ord>(a: &[T], b: &[T]) -> f64 {
    let (mut i, mut j, mut both) = (0, 0, 0_usize);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                both += 1;
                i += 1;
                j += 1;
            }
        }
    }
    let union = a.len() + b.len() - both;
    if union == 0 {
        1.0
    } else {
        both as f64 / union as f64
    }
}

/// Least number of entries inserted, dropped or replaced to make one list of the other (Levenshtein 1966).
/// Cost: the product of the lengths.
pub(crate) fn levenshtein<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_and_case_go() {
        assert_eq!(
            tokens(" A car, the CAR! -- x_1 "),
            ["a", "car", "the", "car", "x_1"]
        );
        let words = tokens("a b c a b c");
        assert_eq!(shingles(&words, 3), ["a b c", "b c a", "c a b"]);
        assert_eq!(shingles(&words[..2], 3), ["a b"]);
        assert_eq!(hashed_shingles(&words, 3).len(), 3);
        assert_eq!(jaccard(&[1, 2, 3], &[2, 3, 4]), 0.5);
        assert_eq!(jaccard::<u8>(&[], &[]), 1.0);
    }
}
