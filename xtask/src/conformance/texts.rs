//! Vectors of texts and of shifts between two sets of rows.
//!
//! Each reader turns a file into cases of measures and compares the results. Not here: files of cases
//! ([`super::cases`]).

use super::Outcome;
use super::measured::{Entries, compared, list, run};
use fieldassay_testkit::Comparison;
use serde_json::{Value, json};
use std::path::Path;

/// Tolerances of the vectors' README.
const EXACT: f64 = 0.0;
const CAPTIONS: f64 = 1e-12;
const SHIFT: f64 = 1e-9;
const CLASSIFIER: f64 = 1e-5;

/// `I_minhash`.
pub(super) fn min_hash(_: &Path, file: &Value) -> Entries {
    let mut entries: Entries = ["affine32", "affine64", "legacy"]
        .iter()
        .map(|scheme| {
            let given = &file[scheme];
            let case =
                json!({"texts": file["texts"], "scheme": scheme, "a": given["a"], "b": given["b"]});
            let expected = json!({
                "shingles": file["shingles"],
                "jaccard": file["jaccard"],
                "hashvalues": given["hashvalues"],
                "est_jaccard": given["est_jaccard"],
            });
            let outcome = compared("text.min_hash", &case, &expected, EXACT);
            ((*scheme).to_owned(), outcome)
        })
        .collect();
    for (i, row) in list(&file["optimal_b_r"]).iter().enumerate() {
        let case = json!({"threshold": row["threshold"], "num_perm": row["num_perm"]});
        let expected = json!({"b_r": row["b_r"]});
        let outcome = compared("text.lsh_bands", &case, &expected, EXACT);
        entries.push((format!("optimal_b_r[{i}]"), outcome));
    }
    entries.push(("lsh_s_curve".to_owned(), curve(&file["lsh_s_curve"])));
    let leak = &file["contamination"];
    let mut to = Comparison::default();
    let shares = leak["ngram_overlap_fraction_of_eval"].as_object();
    for (n, expected) in shares.into_iter().flatten() {
        let length: usize = n.parse().unwrap_or(0);
        let case = json!({"train": [leak["train"]], "eval": [leak["eval"]], "n": [length]});
        let found = run(&mut to, "text.contamination", &case);
        to.agree(n, &found[n][0], expected, CAPTIONS);
    }
    entries.push(("contamination".to_owned(), to.into()));
    entries
}

/// The probability that a pair becomes a candidate, for bands that are given.
fn curve(given: &Value) -> Outcome {
    let whole = |key: &str| given[key].as_u64().and_then(|x| usize::try_from(x).ok());
    let mut to = Comparison::default();
    let (Some(bands), Some(rows)) = (whole("b"), whole("r")) else {
        return Outcome::Failed("`b` and `r` are not whole numbers".to_owned());
    };
    let cut = fieldassay_measure::text::Bands { bands, rows };
    for (s, expected) in given["p_candidate"].as_object().into_iter().flatten() {
        let similarity: f64 = s.parse().unwrap_or(f64::NAN);
        let found = fieldassay_measure::text::candidate_probability(similarity, cut);
        to.near(s, found, expected, CAPTIONS);
    }
    to.into()
}

/// `I_captions`.
pub(super) fn captions(_: &Path, file: &Value) -> Entries {
    let mut to = Comparison::default();
    let found = run(
        &mut to,
        "text.captions",
        &json!({"captions": file["tokens"]}),
    );
    for key in ["distinct_1", "distinct_2", "unigram_entropy_bits"] {
        to.agree(key, &found[key], &file[key], CAPTIONS);
    }
    let first = &found["type_token_ratio"][0];
    to.agree("ttr_first", first, &file["ttr_first"], CAPTIONS);
    let case = json!({"captions": file["tokens"], "objects": file["gt_objects"], "synonyms": file["synonyms"]});
    let expected = json!({"chair_i": file["chair_i"], "chair_s": file["chair_s"], "per_caption": file["per_caption"]});
    vec![
        ("variety".to_owned(), to.into()),
        (
            "chair".to_owned(),
            compared("text.chair", &case, &expected, CAPTIONS),
        ),
    ]
}

/// `I_distribution_shift`.
pub(super) fn shift(_: &Path, file: &Value) -> Entries {
    let rows = json!({"X": file["X"], "Y": file["Y"]});
    let expected = json!({
        "sigma_median": file["median_pairwise_distance_pooled"],
        "gamma": file["gamma"],
        "mmd2_unbiased": file["mmd2_unbiased"],
        "mmd2_biased": file["mmd2_biased"],
    });
    let mut entries = vec![(
        "mmd".to_owned(),
        compared("drift.mmd", &rows, &expected, SHIFT),
    )];
    entries.push(("permutations".to_owned(), permutations(file)));
    for (column, tested) in list(&file["ks"]).iter().enumerate() {
        let both = json!({"x": at(&file["X"], column), "y": at(&file["Y"], column)});
        let expected = json!({"D": tested["D"], "p_exact": tested["p_exact_or_auto"]});
        let outcome = compared("drift.ks", &both, &expected, SHIFT);
        entries.push((format!("ks[{column}]"), outcome));
        let mut expected = json!({"w1": file["wasserstein1"][column]});
        if column == 0 {
            expected["energy"] = file["energy_distance_col0"].clone();
        }
        let outcome = compared("drift.wasserstein", &both, &expected, SHIFT);
        entries.push((format!("wasserstein[{column}]"), outcome));
    }
    let first = json!({"x": at(&file["X"], 0), "y": at(&file["Y"], 0)});
    let expected = json!({
        "psi": file["psi_col0_10_quantile_bins_eps1e-4"],
        "reference_shares": file["psi_bins"][0],
        "current_shares": file["psi_bins"][1],
        "jensen_shannon": {"js_divergence_nats": file["js_divergence_nats_col0_bins"]},
    });
    let outcome = compared("drift.psi_values", &first, &expected, SHIFT);
    entries.push(("psi".to_owned(), outcome));
    let mut expected = file["c2st"].clone();
    if let Some(expected) = expected.as_object_mut() {
        expected.retain(|key, _| key != "folds" && key != "clf");
    }
    let outcome = compared("drift.classifier", &rows, &expected, CLASSIFIER);
    entries.push(("c2st".to_owned(), outcome));
    entries
}

/// One column of rows.
fn at(rows: &Value, column: usize) -> Value {
    list(rows).iter().map(|row| row[column].clone()).collect()
}

/// The statistic of every permutation that is given: the first rows of the permuted pool stand for the reference.
fn permutations(file: &Value) -> Outcome {
    let mut to = Comparison::default();
    let pool: Vec<&Value> = list(&file["X"]).iter().chain(list(&file["Y"])).collect();
    let n = list(&file["X"]).len();
    let all = list(&file["permutations"]).iter();
    for (permutation, expected) in all.zip(list(&file["perm_stats"])) {
        let dealt: Vec<&Value> = list(permutation)
            .iter()
            .filter_map(|i| pool.get(usize::try_from(i.as_u64()?).ok()?).copied())
            .collect();
        if dealt.len() != pool.len() {
            return Outcome::Failed("a permutation has other rows".to_owned());
        }
        let case = json!({"X": dealt[..n], "Y": dealt[n..]});
        let found = run(&mut to, "drift.mmd", &case);
        to.agree("statistic", &found["mmd2_unbiased"], expected, SHIFT);
    }
    to.into()
}
