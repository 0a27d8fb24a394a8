//! Variety of captions.

use super::TextError;
use serde::Serialize;

/// See [`captions`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Captions {
    /// Different words over all words.
    pub distinct_1: f64,
    /// Different pairs of neighboring words over all pairs; none where no caption has two words.
    pub distinct_2: Option<f64>,
    /// Entropy of the words in bits.
    pub unigram_entropy_bits: f64,
    /// Different words over words per caption.
    pub type_token_ratio: Vec<f64>,
    /// Mean words per caption.
    pub mean_length: f64,
    /// Share of captions that stand there word for word more than once.
    pub repeated_share: f64,
    /// Mean BLEU of each caption against all others; none for a single one. High is monotonous.
    pub self_bleu: Option<f64>,
}

/// Variety of captions, given as words: distinct-n (Li and others 2016), entropy, type–token ratio, self-BLEU (Zhu and
/// others 2018). Shares of different words fall with the size of a set: compare sets of one size.
///
/// Errors: [`TextError::Empty`] for no captions or an empty one. Cost: one sort of the words; self-BLEU takes captions
/// squared in the worst case and is left out above `most_for_bleu` captions.
pub fn captions(captions: &[Vec<String>], most_for_bleu: usize) -> Result<Captions, TextError> {
    if captions.is_empty() || captions.iter().any(Vec::is_empty) {
        return Err(TextError::Empty);
    }
    let mut words: Vec<&str> = captions.iter().flatten().map(String::as_str).collect();
    words.sort_unstable();
    let all = words.len() as f64;
    let (mut kinds, mut entropy) = (0, 0.0);
    for run in words.chunk_by(|a, b| a == b) {
        let share = run.len() as f64 / all;
        entropy -= share * share.log2();
        kinds += 1;
    }
    let mut couples: Vec<(&str, &str)> = captions
        .iter()
        .flat_map(|c| c.windows(2).map(|w| (w[0].as_str(), w[1].as_str())))
        .collect();
    couples.sort_unstable();
    let pairs = couples.len();
    couples.dedup();
    let mut whole: Vec<&Vec<String>> = captions.iter().collect();
    whole.sort_unstable();
    let repeated: usize = whole
        .chunk_by(|a, b| a == b)
        .map(<[_]>::len)
        .filter(|n| *n > 1)
        .sum();
    Ok(Captions {
        distinct_1: f64::from(kinds) / all,
        distinct_2: (pairs > 0).then(|| couples.len() as f64 / pairs as f64),
        unigram_entropy_bits: entropy,
        type_token_ratio: captions.iter().map(|c| kinds_of(c)).collect(),
        mean_length: all / captions.len() as f64,
        repeated_share: repeated as f64 / captions.len() as f64,
        self_bleu: (captions.len() > 1 && captions.len() <= most_for_bleu)
            .then(|| self_bleu(captions)),
    })
}

fn kinds_of(caption: &[String]) -> f64 {
    let mut words: Vec<&String> = caption.iter().collect();
    words.sort_unstable();
    words.dedup();
    words.len() as f64 / caption.len() as f64
}

/// Mean over captions of BLEU-4 against all others (Papineni and others 2002), precisions of no match counting
/// `1 / 2 n` matches (smoothing 1 of Chen and Cherry 2014 with a half), orders above the caption's length left out. NaN
/// below two captions.
pub fn self_bleu(captions: &[Vec<String>]) -> f64 {
    let sum: f64 = (0..captions.len()).map(|at| bleu(captions, at)).sum();
    if captions.len() < 2 {
        return f64::NAN;
    }
    sum / captions.len() as f64
}

fn bleu(captions: &[Vec<String>], at: usize) -> f64 {
    let own = &captions[at];
    let others = || captions.iter().enumerate().filter(move |(i, _)| *i != at);
    let orders = own.len().min(4);
    let mut logs = 0.0;
    for n in 1..=orders {
        let mut runs: Vec<&[String]> = own.windows(n).collect();
        let total = runs.len() as f64;
        runs.sort_unstable();
        let matched: usize = runs
            .chunk_by(|a, b| a == b)
            .map(|run| {
                let most = others().map(|(_, c)| c.windows(n).filter(|w| *w == run[0]).count());
                run.len().min(most.max().unwrap_or(0))
            })
            .sum();
        logs += if matched > 0 {
            (matched as f64 / total).ln()
        } else {
            (0.5 / total).ln()
        };
    }
    // The other caption nearest in length, of two the shorter.
    let nearest = others()
        .map(|(_, c)| (c.len().abs_diff(own.len()), c.len()))
        .min()
        .map_or(own.len(), |n| n.1);
    let brevity = (1.0 - nearest as f64 / own.len() as f64).min(0.0);
    (logs / orders as f64 + brevity).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tokens;

    #[test]
    fn monotonous_and_varied() {
        let same = vec![tokens("a car waits at a light"); 3];
        let found = captions(&same, 100).unwrap();
        assert!((found.self_bleu.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(found.repeated_share, 1.0);
        let varied = [tokens("a car waits"), tokens("two people cross here")];
        let found = captions(&varied, 100).unwrap();
        assert_eq!((found.distinct_1, found.repeated_share), (1.0, 0.0));
        assert!(found.self_bleu.unwrap() < 0.3);
        assert!(captions(&[Vec::new()], 9).is_err());
        assert_eq!(captions(&varied, 1).unwrap().self_bleu, None);
    }
}
