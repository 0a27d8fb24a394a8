//! "Did you mean": the nearest valid name.

/// The candidate nearest to `name` by edit distance, if any is near enough to be a likely slip
/// (at most a third of the longer name, and at least one edit allowed). Ties go to the first.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (name.len().max(candidate.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn offers_the_likely_slip_only() {
        let names = ["time.gap", "time.jitter", "clock.skew"];
        assert_eq!(nearest("time.gpa", names), Some("time.gap"));
        assert_eq!(nearest("clock.skw", names), Some("clock.skew"));
        assert_eq!(nearest("camera.blur", names), None);
    }
}
