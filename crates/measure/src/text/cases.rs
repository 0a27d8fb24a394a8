//! The measures of this subject by name.

use super::{
    Captions, Chair, DuplicateOptions, Duplicates, Identified, Inconsistencies, Language,
    LanguageOptions, MinHash, MinHash64, MinHashLegacy, NgramIndex, Synonyms, TextError,
    Undetermined, candidate_probability, captions, chair, estimated_jaccard, hashed_shingles,
    identify, inconsistencies, jaccard, near_duplicates, optimal_bands, sha1_hash32, sha1_hash64,
    shingles, tokens,
};
use crate::registry::{About, Direction, Measure, call};
use crate::stats::{Estimate, wilson};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

fn three() -> usize {
    3
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scheme {
    #[default]
    Affine32,
    Affine64,
    Legacy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashCase {
    texts: Vec<String>,
    #[serde(default = "three")]
    words: usize,
    #[serde(default)]
    scheme: Scheme,
    /// Constants as decimal strings, because JSON has no whole numbers of 64 bits.
    a: Option<Vec<String>>,
    b: Option<Vec<String>>,
    #[serde(default = "sixteen")]
    num_perm: usize,
    #[serde(default)]
    seed: u64,
}

fn sixteen() -> usize {
    16
}

#[derive(Serialize)]
struct HashFound {
    shingles: Vec<Vec<String>>,
    hashvalues: Vec<Vec<String>>,
    est_jaccard: Vec<Vec<f64>>,
    jaccard: Vec<Vec<f64>>,
}

fn whole<T: std::str::FromStr>(texts: &[String]) -> Result<Vec<T>, TextError> {
    let bad = TextError::BadOption {
        name: "constant",
        value: f64::NAN,
        hint: "whole numbers as strings, within the bits of the scheme",
    };
    texts.iter().map(|t| t.parse().map_err(|_| bad)).collect()
}

fn signatures(case: &HashCase, sets: &[Vec<String>]) -> Result<Vec<Vec<u64>>, TextError> {
    let short =
        |set: &Vec<String>| -> Vec<u32> { set.iter().map(|s| sha1_hash32(s.as_bytes())).collect() };
    let (a, b) = match (&case.a, &case.b) {
        (Some(a), Some(b)) if a.len() == b.len() => (a, b),
        (None, None) => {
            let hash = MinHash::seeded(case.num_perm, case.seed);
            return Ok(sets.iter().map(|set| widened(&hash, &short(set))).collect());
        }
        _ => {
            return Err(TextError::Mismatch {
                seen: case.b.as_ref().map_or(0, Vec::len),
                expected: case.a.as_ref().map_or(0, Vec::len),
                hint: "one a and one b per permutation",
            });
        }
    };
    Ok(match case.scheme {
        Scheme::Affine32 => {
            let hash = MinHash::new(whole(a)?, whole(b)?)?;
            sets.iter().map(|set| widened(&hash, &short(set))).collect()
        }
        Scheme::Affine64 => {
            let hash = MinHash64 {
                a: whole(a)?,
                b: whole(b)?,
            };
            let long = |set: &Vec<String>| -> Vec<u64> {
                set.iter().map(|s| sha1_hash64(s.as_bytes())).collect()
            };
            sets.iter().map(|set| hash.signature(&long(set))).collect()
        }
        Scheme::Legacy => {
            let hash = MinHashLegacy {
                a: whole(a)?,
                b: whole(b)?,
            };
            sets.iter().map(|set| hash.signature(&short(set))).collect()
        }
    })
}

fn widened(hash: &MinHash, hashes: &[u32]) -> Vec<u64> {
    let found = hash.signature(hashes.iter().copied());
    found.into_iter().map(u64::from).collect()
}

fn table<T>(of: &[T], f: impl Fn(&T, &T) -> f64) -> Vec<Vec<f64>> {
    of.iter()
        .map(|a| of.iter().map(|b| f(a, b)).collect())
        .collect()
}

fn hash(case: &HashCase) -> Result<HashFound, TextError> {
    let sets: Vec<Vec<String>> = case
        .texts
        .iter()
        .map(|t| shingles(&tokens(t), case.words))
        .collect();
    let found = signatures(case, &sets)?;
    Ok(HashFound {
        hashvalues: found
            .iter()
            .map(|s| s.iter().map(u64::to_string).collect())
            .collect(),
        est_jaccard: table(&found, |a, b| estimated_jaccard(a, b)),
        jaccard: table(&sets, |a, b| jaccard(a, b)),
        shingles: sets,
    })
}

// What is flattened refuses names it does not know.
#[derive(Deserialize)]
struct DuplicateCase {
    texts: Vec<String>,
    #[serde(flatten)]
    options: BTreeMap<String, serde_json::Value>,
}

fn options_of(given: &BTreeMap<String, serde_json::Value>) -> Result<DuplicateOptions, TextError> {
    let map = given.clone().into_iter().collect();
    serde_json::from_value(serde_json::Value::Object(map)).map_err(|_| TextError::BadOption {
        name: "options",
        value: f64::NAN,
        hint: "`threshold`, `words`, `permutations` and `seed` are known",
    })
}

fn duplicates(case: &DuplicateCase) -> Result<Duplicates, TextError> {
    let options = options_of(&case.options)?;
    let sets: Vec<Vec<u64>> = case
        .texts
        .iter()
        .map(|t| hashed_shingles(&tokens(t), options.words))
        .collect();
    near_duplicates(&sets, options)
}

fn half() -> f64 {
    0.5
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BandsCase {
    threshold: f64,
    num_perm: usize,
    #[serde(default = "half")]
    false_positive_weight: f64,
    #[serde(default)]
    similarities: Vec<f64>,
}

#[derive(Serialize)]
struct BandsFound {
    b_r: [usize; 2],
    p_candidate: Vec<f64>,
}

fn bands(case: &BandsCase) -> Result<BandsFound, TextError> {
    let found = optimal_bands(case.threshold, case.num_perm, case.false_positive_weight)?;
    Ok(BandsFound {
        b_r: [found.bands, found.rows],
        p_candidate: case
            .similarities
            .iter()
            .map(|s| candidate_probability(*s, found))
            .collect(),
    })
}

fn eight() -> Vec<usize> {
    vec![8]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverlapCase {
    train: Vec<String>,
    eval: Vec<String>,
    #[serde(default = "eight")]
    n: Vec<usize>,
}

/// Per length of a run, the share of each evaluation text.
fn contaminated(case: &OverlapCase) -> Result<BTreeMap<usize, Vec<Option<f64>>>, TextError> {
    if case.train.is_empty() || case.eval.is_empty() {
        return Err(TextError::Empty);
    }
    let words =
        |texts: &[String]| -> Vec<Vec<String>> { texts.iter().map(|t| tokens(t)).collect() };
    let (train, eval) = (words(&case.train), words(&case.eval));
    Ok(case
        .n
        .iter()
        .map(|n| {
            let index = NgramIndex::new(train.iter().map(Vec::as_slice), *n);
            (*n, eval.iter().map(|e| index.overlap(e)).collect())
        })
        .collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerCase {
    inputs: Vec<String>,
    answers: Vec<String>,
    #[serde(default)]
    tolerance: f64,
    #[serde(default)]
    near: DuplicateOptions,
}

fn answers(case: &AnswerCase) -> Result<Inconsistencies, TextError> {
    inconsistencies(&case.inputs, &case.answers, case.tolerance, case.near)
}

fn thousand() -> usize {
    1000
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptionCase {
    captions: Vec<Vec<String>>,
    #[serde(default = "thousand")]
    most_for_bleu: usize,
}

fn variety(case: &CaptionCase) -> Result<Captions, TextError> {
    captions(&case.captions, case.most_for_bleu)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChairCase {
    captions: Vec<Vec<String>>,
    objects: Vec<Vec<String>>,
    synonyms: BTreeMap<String, String>,
}

fn named(case: &ChairCase) -> Result<Chair, TextError> {
    let synonyms = Synonyms::new(case.synonyms.iter().map(|(a, b)| (a.as_str(), b.as_str())));
    chair(&case.captions, &case.objects, &synonyms)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LanguageCase {
    texts: Vec<String>,
    expected: Vec<Language>,
    #[serde(default)]
    options: LanguageOptions,
}

#[derive(Serialize)]
struct Languages {
    texts: Vec<Identified>,
    /// Share of the texts in each language.
    shares: BTreeMap<Language, Estimate>,
    /// Share of the texts whose language cannot be told.
    undetermined: Estimate,
    /// How many of those for which reason.
    reasons: BTreeMap<Undetermined, usize>,
}

fn languages(case: &LanguageCase) -> Result<Languages, TextError> {
    if case.texts.is_empty() {
        return Err(TextError::Empty);
    }
    let identified = |text: &String| identify(text, &case.expected, case.options);
    let texts: Vec<Identified> = case
        .texts
        .iter()
        .map(identified)
        .collect::<Result<_, _>>()?;
    let n = texts.len();
    let share = |count: usize| {
        let interval = wilson(count as u64, n as u64).ok();
        Estimate::with(count as f64 / n as f64, interval, n)
    };
    let mut counts = BTreeMap::new();
    let mut reasons = BTreeMap::new();
    for text in &texts {
        if let Some(language) = text.language {
            *counts.entry(language).or_insert(0) += 1;
        }
        if let Some(reason) = text.reason {
            *reasons.entry(reason).or_insert(0) += 1;
        }
    }
    Ok(Languages {
        shares: counts
            .into_iter()
            .map(|(l, count)| (l, share(count)))
            .collect(),
        undetermined: share(reasons.values().sum()),
        reasons,
        texts,
    })
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "text.min_hash",
        about: About {
            title: "Signatures of texts whose equal entries estimate how much they have in common",
            formula: "min over runs of words of a mix(sha1_32) + b mod 2^32 (affine32), likewise mod 2^64 (affine64), or ((a x + b) mod 2^64 mod 2^61 - 1) mod 2^32 (legacy)",
            defaults: "words 3, scheme affine32; a, b none: num_perm 16 constants from seed 0, affine32, unlike those datasketch draws",
            direction: Direction::Describes,
            blind_spots: "order of runs and meaning are not seen: paraphrases look different. The standard error of an estimate is sqrt(j (1-j) / n)",
            peers: "datasketch 2.0.0 bit for bit with the same constants; before 2.0 (legacy) large sets looked too much alike",
            source: "Broder 1997; datasketch PR 323",
        },
        example: r#"{"texts": ["a red car waits here", "a red car stops here"]}"#,
        run: |case| call(case, hash),
    },
    Measure {
        name: "text.near_duplicates",
        about: About {
            title: "Groups of texts that are nearly the same",
            formula: "candidates by bands of MinHash signatures, confirmed by the exact Jaccard similarity of runs of words, joined to groups",
            defaults: "threshold 0.8, words 3, permutations 128, seed 1",
            direction: Direction::Lower,
            blind_spots: "joining makes chains: the ends of a group may be less alike than the threshold. A few pairs just at the threshold are missed",
            peers: "datasketch 2.0.0 MinHashLSH gives candidates only",
            source: "Broder 1997; Leskovec, Rajaraman and Ullman 2014, 3.4",
        },
        example: r#"{"texts": ["a red car waits at the light", "A red car waits at the light!", "two people cross"]}"#,
        run: |case| call(case, duplicates),
    },
    Measure {
        name: "text.lsh_bands",
        about: About {
            title: "Bands of a signature for a threshold of similarity",
            formula: "argmin of w x integral_0^t p + (1-w) x integral_t^1 (1 - p), p(s) = 1 - (1 - s^r)^b, b r <= num_perm",
            defaults: "false_positive_weight 0.5, similarities none",
            direction: Direction::Describes,
            blind_spots: "takes all similarities as equally frequent",
            peers: "datasketch 2.0.0 _optimal_param",
            source: "Leskovec, Rajaraman and Ullman 2014, 3.4",
        },
        example: r#"{"threshold": 0.7, "num_perm": 64, "similarities": [0.5, 0.9]}"#,
        run: |case| call(case, bands),
    },
    Measure {
        name: "text.contamination",
        about: About {
            title: "How much of each evaluation text stands in the training texts",
            formula: "share of distinct runs of n words that occur in training",
            defaults: "n [8]; texts in lower case without punctuation",
            direction: Direction::Lower,
            blind_spots: "paraphrases and translations pass. For drives the commoner leak is the same drive, route or minute on both sides: split by those first",
            peers: "GPT-3 takes 13 words, PaLM 70 % of runs of 8",
            source: "Brown and others 2020, appendix C; Chowdhery and others 2022",
        },
        example: r#"{"train": ["the ego vehicle yields to a cyclist"], "eval": ["the ego vehicle yields to a bus"], "n": [2, 3]}"#,
        run: |case| call(case, contaminated),
    },
    Measure {
        name: "text.inconsistent",
        about: About {
            title: "Different answers to nearly the same input",
            formula: "groups of near-identical inputs; answers differ where their edit distance over words is above the tolerance; rate with Wilson's interval over groups",
            defaults: "tolerance 0, near as text.near_duplicates",
            direction: Direction::Lower,
            blind_spots: "inputs that differ in one word that matters (`left`, `no`) look near-identical: read the conflicts; paraphrased answers count as different",
            peers: "none known",
            source: "reference, annotation I",
        },
        example: r#"{"inputs": ["is the light red?", "Is the light red", "who is there"], "answers": ["yes", "no", "nobody"]}"#,
        run: |case| call(case, answers),
    },
    Measure {
        name: "text.captions",
        about: About {
            title: "Variety of captions",
            formula: "distinct-n: different over all runs of n words; entropy of words in bits; type-token ratio per caption; self-BLEU: mean BLEU-4 against all others",
            defaults: "most_for_bleu 1000: self-BLEU is left out above",
            direction: Direction::Higher,
            blind_spots: "shares fall with the size of a set: compare sets of one size. Varied nonsense is varied",
            peers: "own computation; nltk's BLEU smooths otherwise",
            source: "Li and others 2016; Zhu and others 2018; Papineni and others 2002",
        },
        example: r#"{"captions": [["a", "red", "car"], ["a", "blue", "bus", "stops"]]}"#,
        run: |case| call(case, variety),
    },
    Measure {
        name: "text.chair",
        about: About {
            title: "Objects that captions name and the scene does not hold, and objects they miss",
            formula: "chair_i: mentions of absent objects over mentions; chair_s: captions with any; recall: objects of the scenes that are named",
            defaults: "none; names of several words are known, an object is its own name",
            direction: Direction::Lower,
            blind_spots: "`no pedestrian` counts as a mention; counts and relations are not seen; as good as the list of synonyms",
            peers: "LisaAnne/Hallucination chair.py for chair_i and chair_s",
            source: "Rohrbach, Hendricks, Burns, Darrell and Saenko 2018",
        },
        example: r#"{"captions": [["a", "car", "and", "a", "cyclist"]], "objects": [["car", "person"]], "synonyms": {"car": "car", "cyclist": "bicycle"}}"#,
        run: |case| call(case, named),
    },
    Measure {
        name: "text.language",
        about: About {
            title: "The language of each text, or why it cannot be told",
            formula: "the most probable of 16 languages by a linear model over runs of letters; confidence: share of resamples of the text's words (bootstrap) that give the same; undetermined with the reason no_letters, too_short, margin_too_small or not_expected; shares over texts with Wilson's interval",
            defaults: "expected has none: name the languages the texts may be in (ar de en es fr hi it ja ko nl pt ru sv tr vi zh); options least_letters 30 (a Chinese, Japanese or Korean sign counts as 3), least_confidence 0.9, resamples 50, seed 1",
            direction: Direction::Describes,
            blind_spots: "short texts. Of 24,954 single words, word pairs and sentences in nine languages (test data of lingua's models, all 16 languages possible, least_letters 0) told at confidence 0.9 and right: 5 to 9 letters 98 % told, 65 % of them right; 10 to 14: 59 %, 74 %; 15 to 19: 58 %, 93 %; 20 to 29: 60 %, 97 %; 30 to 39: 93 %, 100 %; 40 to 59: 91 %, 100 %; 60 to 99: 97 %, 100 %; 100 on: 99 %, 99.95 %. A text of a language that is none of the 16 comes out as its neighbor (Ukrainian as Russian, Danish as Swedish) or as margin_too_small; of two languages in one text the larger part wins",
            peers: "lingua 1.8.0 held to the nine languages is better below 30 letters (20 to 29: 99.4 % right of 89 % told at 0.6) and equal above, but its confidences differ from run to run; whatlang 0.18.0 held to them is right on 97.4 % of 30 to 39 letters where whichlang, free to choose of 16, is on 99.7 %",
            source: "whichlang 0.1.1 (Quickwit); Efron and Tibshirani 1993 for the confidence; reference, annotation I",
        },
        example: r#"{"texts": ["The pedestrian waits at the crossing and then walks on.", "stop"], "expected": ["en", "de"]}"#,
        run: |case| call(case, languages),
    },
];
