//! Texts of real preference data: what the fast search finds is what comparing all pairs finds.

use fieldassay_measure::stats::{poisson_pmf, wilson};
use fieldassay_measure::text::{
    DuplicateOptions, NgramIndex, candidate_probability, hashed_shingles, inconsistencies, jaccard,
    near_duplicates, tokens,
};
use fieldassay_testkit::preferences::preferences;

/// The count that a Poisson variable of this mean exceeds once in a thousand.
fn poisson_quantile(mean: f64) -> u64 {
    let mut below = 0.0;
    let is_enough = |count: &u64| {
        below += poisson_pmf(*count, mean).unwrap_or(0.0);
        below >= 0.999
    };
    (0..1000).find(is_enough).unwrap_or(1000)
}

#[test]
fn near_duplicates_of_real_prompts() {
    let Some(pairs) = preferences() else { return };
    assert_eq!(pairs.len(), 2312);
    let options = DuplicateOptions {
        threshold: 0.5,
        ..DuplicateOptions::default()
    };
    let texts: Vec<Vec<u64>> = pairs
        .iter()
        .take(700)
        .map(|p| hashed_shingles(&tokens(&p.prompt), options.words))
        .collect();
    let found = near_duplicates(&texts, options).expect("options in range");
    let (mut near, mut missed, mut expected) = (0, 0, 0.0);
    for a in 0..texts.len() {
        for b in 0..a {
            let similarity = jaccard(&texts[a], &texts[b]);
            if similarity >= options.threshold {
                near += 1;
                missed += u64::from(found.group[a] != found.group[b]);
                expected += 1.0 - candidate_probability(similarity, found.bands);
            }
        }
    }
    // Bands miss pairs at the threshold with a known chance; that one in a thousand would miss more.
    let most = poisson_quantile(expected);
    assert!(
        near > 0 && missed <= most,
        "{missed} of {near}, {expected} expected"
    );
    assert!(expected * 10.0 <= f64::from(near), "{expected} of {near}");
    // Every group was confirmed: each member is near to some other.
    for group in &found.groups {
        for a in group {
            let is_near = group.iter().filter(|b| *b != a).any(|b| {
                let text = |i: u32| &texts[usize::try_from(i).expect("index")];
                jaccard(text(*a), text(*b)) >= options.threshold
            });
            assert!(is_near, "{a}");
        }
    }
}

#[test]
fn chosen_and_rejected_contradict_each_other_and_longer_is_not_better() {
    let Some(pairs) = preferences() else { return };
    let some = &pairs[..200];
    let inputs: Vec<String> = some
        .iter()
        .flat_map(|p| [p.prompt.clone(), p.prompt.clone()])
        .collect();
    let answers: Vec<String> = some
        .iter()
        .flat_map(|p| [p.chosen.clone(), p.rejected.clone()])
        .collect();
    let found =
        inconsistencies(&inputs, &answers, 0.0, DuplicateOptions::default()).expect("texts");
    // Every prompt stands there twice with two answers.
    let rate = found.rate.expect("groups");
    assert!(rate.estimate > 0.95 && found.groups > 150, "{rate:?}");
    let longer = pairs
        .iter()
        .filter(|p| p.chosen.len() > p.rejected.len())
        .count() as u64;
    let interval = wilson(longer, pairs.len() as u64).expect("counts");
    assert!(interval.high < 0.56 && interval.low > 0.40, "{interval:?}");
}

#[test]
fn a_split_that_leaks_is_seen() {
    let Some(pairs) = preferences() else { return };
    let words: Vec<Vec<String>> = pairs.iter().take(400).map(|p| tokens(&p.chosen)).collect();
    let train = NgramIndex::new(words[..200].iter().map(Vec::as_slice), 13);
    let leaked = words[..200].iter().filter_map(|w| train.overlap(w));
    assert!(leaked.clone().count() > 100 && leaked.min_by(f64::total_cmp) == Some(1.0));
    let fresh: Vec<f64> = words[200..]
        .iter()
        .filter_map(|w| train.overlap(w))
        .collect();
    let contaminated = fresh.iter().filter(|share| **share > 0.1).count();
    assert!(contaminated * 20 < fresh.len(), "{contaminated}");
}
