//! The measures of this subject by name.

use super::{
    AccuracyTest, ClassifierTest, CountedLabelShift, Distances, DriftError, JensenShannon,
    KolmogorovSmirnov, LabelShift, LogisticOptions, Mmd, MmdOptions, Psi, PsiOptions, Sample,
    TwoSample, Units, accuracy_z, bins_of, blocks, classifier_test, distances, fold_by_index,
    jensen_shannon, kolmogorov_smirnov, label_shift, label_shift_of_counts, mmd, psi,
    psi_clustered, two_sample,
};
use crate::change::{
    AdwinAlarm, AdwinOptions, ChangeError, PageHinkleyAlarm, PageHinkleyOptions, Sides,
    TwoSidedPageHinkley, adwin,
};
use crate::registry::{About, Direction, Measure, call};
use crate::rows::Rows;
use crate::stats::{Resampling, StatsError, moments};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

fn epsilon() -> f64 {
    1e-4
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PsiCase {
    #[serde(rename = "ref")]
    reference: Vec<f64>,
    cur: Vec<f64>,
    #[serde(default = "epsilon")]
    eps: f64,
    #[serde(default)]
    renormalise: bool,
}

fn index(case: &PsiCase) -> Result<Psi, DriftError> {
    let options = PsiOptions {
        epsilon: case.eps,
        renormalize: case.renormalise,
    };
    psi(&case.reference, &case.cur, options)
}

fn ten() -> usize {
    10
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PsiValuesCase {
    x: Vec<f64>,
    y: Vec<f64>,
    #[serde(default = "ten")]
    bins: usize,
    x_cluster: Option<Vec<u32>>,
    y_cluster: Option<Vec<u32>>,
    block: Option<usize>,
    #[serde(default)]
    permutations: Resampling,
}

#[derive(Serialize)]
struct PsiValues {
    psi: Psi,
    reference_shares: Vec<f64>,
    current_shares: Vec<f64>,
    jensen_shannon: JensenShannon,
}

/// The clusters that are given, else blocks of consecutive values, else none: values count as independent.
fn clusters(
    given: Option<&[u32]>,
    block: Option<usize>,
    values: usize,
) -> Result<Option<Cow<'_, [u32]>>, DriftError> {
    match (given, block) {
        (Some(_), Some(length)) => Err(DriftError::BadOption {
            name: "block",
            value: length as f64,
            hint: "either clusters or a block length, not both",
        }),
        (None, Some(0)) => Err(DriftError::BadOption {
            name: "block",
            value: 0.0,
            hint: "at least one value per block",
        }),
        (None, Some(length)) => Ok(Some(Cow::Owned(blocks(values, length)))),
        (given, None) => Ok(given.map(Cow::Borrowed)),
    }
}

fn index_of_values(case: &PsiValuesCase) -> Result<PsiValues, DriftError> {
    let (bins, count) = bins_of(&case.x, &case.y, case.bins)?;
    let n = case.x.len();
    let mut counts = [vec![0.0; count], vec![0.0; count]];
    for (i, bin) in bins.iter().enumerate() {
        let cell = usize::try_from(*bin)
            .ok()
            .and_then(|b| counts[usize::from(i >= n)].get_mut(b));
        if let Some(cell) = cell {
            *cell += 1.0;
        }
    }
    let options = PsiOptions::default();
    let [x, y] = [
        clusters(case.x_cluster.as_deref(), case.block, n)?,
        clusters(case.y_cluster.as_deref(), case.block, case.y.len())?,
    ];
    let psi = if x.is_some() || y.is_some() {
        let units = Units::new((n, x.as_deref()), (case.y.len(), y.as_deref()))?;
        psi_clustered(&bins, count, &units, options, case.permutations)?
    } else {
        psi(&counts[0], &counts[1], options)?
    };
    let shares = |counts: &[f64], n: usize| counts.iter().map(|c| c / n as f64).collect();
    Ok(PsiValues {
        psi,
        jensen_shannon: jensen_shannon(&counts[0], &counts[1])?,
        reference_shares: shares(&counts[0], n),
        current_shares: shares(&counts[1], case.y.len()),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TwoCase {
    x: Vec<f64>,
    y: Vec<f64>,
}

fn smirnov(case: &TwoCase) -> Result<KolmogorovSmirnov, DriftError> {
    kolmogorov_smirnov(&case.x, &case.y)
}

#[derive(Serialize)]
struct Transport {
    w1: f64,
    w1_evidently_norm: f64,
    #[serde(flatten)]
    distances: Distances,
}

fn transport(case: &TwoCase) -> Result<Transport, DriftError> {
    let distances = distances(&case.x, &case.y)?;
    let spread = moments(&case.x)?.std_population;
    Ok(Transport {
        w1: distances.wasserstein,
        w1_evidently_norm: distances.wasserstein / spread.max(0.001),
        distances,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusteredCase {
    x: Vec<f64>,
    y: Vec<f64>,
    x_cluster: Option<Vec<u32>>,
    y_cluster: Option<Vec<u32>>,
    block: Option<usize>,
    #[serde(default)]
    permutations: Resampling,
}

fn clustered(case: &ClusteredCase) -> Result<TwoSample, DriftError> {
    let x = clusters(case.x_cluster.as_deref(), case.block, case.x.len())?;
    let y = clusters(case.y_cluster.as_deref(), case.block, case.y.len())?;
    let reference = Sample {
        values: &case.x,
        clusters: x.as_deref(),
    };
    let current = Sample {
        values: &case.y,
        clusters: y.as_deref(),
    };
    two_sample(reference, current, case.permutations)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharesCase {
    p: Vec<f64>,
    q: Vec<f64>,
}

fn divergence(case: &SharesCase) -> Result<JensenShannon, DriftError> {
    jensen_shannon(&case.p, &case.q)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowsCase {
    #[serde(rename = "X")]
    x: Vec<Vec<f64>>,
    #[serde(rename = "Y")]
    y: Vec<Vec<f64>>,
    sigma: Option<f64>,
    x_cluster: Option<Vec<u32>>,
    y_cluster: Option<Vec<u32>>,
    block: Option<usize>,
    permutations: Option<Resampling>,
}

fn discrepancy(case: &RowsCase) -> Result<Mmd, DriftError> {
    let x = clusters(case.x_cluster.as_deref(), case.block, case.x.len())?;
    let y = clusters(case.y_cluster.as_deref(), case.block, case.y.len())?;
    let options = MmdOptions {
        sigma: case.sigma,
        resampling: case.permutations,
        reference_clusters: x.as_deref(),
        current_clusters: y.as_deref(),
    };
    mmd(
        &Rows::from_nested(&case.x)?,
        &Rows::from_nested(&case.y)?,
        options,
    )
}

fn five() -> u32 {
    5
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassifierCase {
    #[serde(rename = "X")]
    x: Vec<Vec<f64>>,
    #[serde(rename = "Y")]
    y: Vec<Vec<f64>>,
    #[serde(default = "five")]
    folds: u32,
    #[serde(default = "one")]
    c: f64,
    /// One code per row of both, X first.
    cluster: Option<Vec<u32>>,
}

fn classifier(case: &ClassifierCase) -> Result<ClassifierTest, DriftError> {
    let (x, y) = (Rows::from_nested(&case.x)?, Rows::from_nested(&case.y)?);
    if let Some(clusters) = &case.cluster
        && clusters.len() != x.len() + y.len()
    {
        return Err(DriftError::Mismatch {
            seen: clusters.len(),
            expected: x.len() + y.len(),
            hint: "one cluster per row of both samples, X first",
        });
    }
    let clusters = case.cluster.as_deref();
    let folds = fold_by_index(x.len() + y.len(), case.folds, clusters);
    let options = LogisticOptions {
        c: case.c,
        ..LogisticOptions::default()
    };
    classifier_test(&x, &y, &folds, clusters, options)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccuracyCase {
    n_test: u64,
    correct: u64,
}

fn accuracy(case: &AccuracyCase) -> Result<AccuracyTest, StatsError> {
    accuracy_z(case.correct, case.n_test)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShiftCase {
    #[serde(rename = "C_pred_given_true")]
    confusion: Vec<Vec<f64>>,
    target_pred_dist: Vec<f64>,
    train_prior: Vec<f64>,
}

fn shift(case: &ShiftCase) -> Result<LabelShift, DriftError> {
    label_shift(
        &case.confusion.concat(),
        &case.target_pred_dist,
        &case.train_prior,
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShiftCountsCase {
    #[serde(rename = "C_pred_given_true")]
    confusion: Vec<Vec<u64>>,
    target_pred: Vec<u64>,
}

fn shift_of_counts(case: &ShiftCountsCase) -> Result<CountedLabelShift, DriftError> {
    label_shift_of_counts(&case.confusion.concat(), &case.target_pred)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamCase {
    x: Vec<f64>,
    #[serde(default)]
    adwin_params: AdwinOptions,
    #[serde(default)]
    page_hinkley: PageHinkleyCase,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PageHinkleyCase {
    min_instances: usize,
    delta: f64,
    threshold: f64,
    alpha: f64,
    mode: Sides,
}

impl Default for PageHinkleyCase {
    fn default() -> Self {
        let usual = PageHinkleyOptions::default();
        Self {
            min_instances: usual.min_samples,
            delta: usual.delta,
            threshold: usual.threshold,
            alpha: usual.alpha,
            mode: Sides::Both,
        }
    }
}

#[derive(Serialize)]
struct StreamFound {
    adwin_detections: Vec<AdwinAlarm>,
    page_hinkley_default_indices: Vec<usize>,
}

fn both_ways(values: &[f64], case: &PageHinkleyCase) -> Result<Vec<PageHinkleyAlarm>, ChangeError> {
    let detector = TwoSidedPageHinkley::new(PageHinkleyOptions {
        min_samples: case.min_instances,
        delta: case.delta,
        threshold: case.threshold,
        alpha: case.alpha,
    })?;
    let mut detector = detector.only(case.mode);
    Ok(values.iter().filter_map(|x| detector.push(*x)).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageHinkleyStream {
    x: Vec<f64>,
    #[serde(default)]
    options: PageHinkleyCase,
}

#[derive(Serialize)]
struct PageHinkleyFound {
    alarms: Vec<PageHinkleyAlarm>,
    n: usize,
}

fn page_hinkley_stream(case: &PageHinkleyStream) -> Result<PageHinkleyFound, ChangeError> {
    if case.x.is_empty() {
        return Err(StatsError::Empty.into());
    }
    Ok(PageHinkleyFound {
        alarms: both_ways(&case.x, &case.options)?,
        n: case.x.iter().filter(|x| x.is_finite()).count(),
    })
}

fn stream(case: &StreamCase) -> Result<StreamFound, ChangeError> {
    Ok(StreamFound {
        adwin_detections: adwin(case.adwin_params, &case.x)?,
        page_hinkley_default_indices: both_ways(&case.x, &case.page_hinkley)?
            .iter()
            .map(|alarm| alarm.index)
            .collect(),
    })
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "drift.psi",
        about: About {
            title: "Population stability index of two counts, with what it would be without drift",
            formula: "sum (q - p) ln(q / p), empty bins as eps; without drift (bins - 1)(1/n + 1/m) on average, below chi2(0.99; bins - 1)(1/n + 1/m) in 99 of 100 cases",
            defaults: "eps 1e-4, renormalise false",
            direction: Direction::Lower,
            blind_spots: "the usual bounds 0.1 and 0.25 know no sample size: judge by p. Values must be independent, else drift.psi_values with clusters. Empty bins are ruled by eps; order of bins is not seen",
            peers: "Evidently's rule puts 1e-4 for empty bins as here, but bins the pooled data by Sturges where its text says reference quantiles",
            source: "Siddiqi 2006; null after Yurdakul 2018",
        },
        example: r#"{"ref": [10, 0, 90], "cur": [5, 15, 80]}"#,
        run: |case| call(case, index),
    },
    Measure {
        name: "drift.psi_values",
        about: About {
            title: "Population stability index of two samples, binned by quantiles of the reference",
            formula: "as drift.psi over bins by reference quantiles (type 7), open at the ends; with clusters p, mean and 99 % bound come from permuting whole clusters",
            defaults: "bins 10; x_cluster, y_cluster, block (so many consecutive values belong together) none; permutations 1000, seed 1",
            direction: Direction::Lower,
            blind_spots: "as drift.psi; ties merge bins",
            peers: "numpy 2.4.6 quantiles and counts",
            source: "Siddiqi 2006; Yurdakul 2018; Good 2005 for permutation of clusters",
        },
        example: r#"{"x": [1, 2, 3, 4, 5, 6], "y": [2, 3, 4, 5, 6, 9], "bins": 3}"#,
        run: |case| call(case, index_of_values),
    },
    Measure {
        name: "drift.ks",
        about: About {
            title: "Kolmogorov-Smirnov test of two samples of independent values",
            formula: "D = max |F - G|; p_exact by counting lattice paths, p_asymp by the one-sample distribution at n m / (n + m)",
            defaults: "none",
            direction: Direction::Lower,
            blind_spots: "frames of one drive are not independent: the test then always rejects, use drift.two_sample with clusters. Weak in the tails. Careful with ties",
            peers: "scipy 1.17.1 ks_2samp (exact and asymp)",
            source: "Smirnov 1939; Hodges 1957; Marsaglia, Tsang and Wang 2003; Simard and L'Ecuyer 2011",
        },
        example: r#"{"x": [0.1, 0.4, 0.7, 0.9], "y": [0.2, 0.8, 1.2, 1.4, 1.9]}"#,
        run: |case| call(case, smirnov),
    },
    Measure {
        name: "drift.two_sample",
        about: About {
            title: "Have single numbers changed? Three distances with permutation tests that keep drives together",
            formula: "ks max|F - G|; wasserstein integral |F - G|; energy sqrt(2 integral (F - G)^2); p = (1 + #{permuted >= seen}) / (1 + B), whole clusters dealt",
            defaults: "x_cluster, y_cluster, block (so many consecutive values belong together) none: values are dealt; permutations 1000, seed 1",
            direction: Direction::Lower,
            blind_spots: "clusters must be exchangeable: of one season and fleet but for what is tested. A cluster seen on both sides is dealt as two, which is careful",
            peers: "scipy 1.17.1 permutation_test for values; none known for clusters",
            source: "Good 2005; Szekely and Rizzo 2013; Ramdas, Garcia and Cuturi 2017",
        },
        example: r#"{"x": [1, 1.1, 2, 2.1, 3, 3.2, 2.4, 2.5], "y": [4, 4.1, 5, 5.1, 6, 6.2, 5.5, 5.6], "x_cluster": [0, 0, 1, 1, 2, 2, 3, 3], "y_cluster": [0, 0, 1, 1, 2, 2, 3, 3], "permutations": {"resamples": 99, "seed": 1}}"#,
        run: |case| call(case, clustered),
    },
    Measure {
        name: "drift.wasserstein",
        about: About {
            title: "How far values have moved: Wasserstein and energy distance",
            formula: "w1 = integral |F - G|; w1_evidently_norm = w1 / max(std of x, 0.001); energy = sqrt(2 integral (F - G)^2)",
            defaults: "none",
            direction: Direction::Lower,
            blind_spots: "no test: see drift.two_sample. w1 carries the unit of the values",
            peers: "scipy 1.17.1 wasserstein_distance and energy_distance; Evidently's normed form",
            source: "Villani 2009; Szekely and Rizzo 2013",
        },
        example: r#"{"x": [0, 1, 2], "y": [1, 2, 4]}"#,
        run: |case| call(case, transport),
    },
    Measure {
        name: "drift.jensen_shannon",
        about: About {
            title: "Divergence of two lists of shares",
            formula: "KL(p | m)/2 + KL(q | m)/2 with m the mean; the distance is its root; kl_pq_nats sum p ln(p / q)",
            defaults: "none; lists are brought to a sum of 1",
            direction: Direction::Lower,
            blind_spots: "grows with the number of empty entries and shrinks with the sample: no test by itself",
            peers: "scipy 1.17.1 distance.jensenshannon(base=2), stats.entropy",
            source: "Lin 1991; Endres and Schindelin 2003",
        },
        example: r#"{"p": [0.36, 0.48, 0.16], "q": [0.3, 0.5, 0.2]}"#,
        run: |case| call(case, divergence),
    },
    Measure {
        name: "drift.mmd",
        about: About {
            title: "Have rows of several numbers changed in any respect? Maximum mean discrepancy with a permutation test",
            formula: "mean k(x,x') + mean k(y,y') - 2 mean k(x,y), k = exp(-d^2 / 2 sigma^2), sigma the median distance of all pairs; p by dealing whole clusters",
            defaults: "sigma the median distance; permutations none: no p; x_cluster, y_cluster, block (so many consecutive rows belong together) none",
            direction: Direction::Lower,
            blind_spots: "columns of large scale rule the distance: standardize first. Loses power in many dimensions. At most 20,000 rows together",
            peers: "scikit-learn 1.9.1 rbf_kernel with numpy",
            source: "Gretton, Borgwardt, Rasch, Schoelkopf and Smola 2012, equations 3 and 5",
        },
        example: r#"{"X": [[0, 0], [1, 0], [0, 1], [1, 1]], "Y": [[3, 3], [4, 3], [3, 4], [4, 4]], "permutations": {"resamples": 99, "seed": 1}}"#,
        run: |case| call(case, discrepancy),
    },
    Measure {
        name: "drift.classifier",
        about: About {
            title: "Can a model tell the samples apart? Classifier two-sample test by logistic regression",
            formula: "held-out predictions by folds; accuracy against the majority rate (exact binomial), AUC, z = (accuracy - 1/2) / sqrt(1/4n); unit_p: a model of the first half of the folds scores the others, Welch's t-test of the scores of units (rows or clusters)",
            defaults: "folds 5 by index mod 5 over both samples, X first; c 1; cluster none: whole clusters share a fold",
            direction: Direction::Lower,
            blind_spots: "linear: sees shifts of means, not of correlations or spread. The binomial test and z take the accuracies of folds as independent, though they share training rows, and alarm in about one case in twelve where one in twenty is promised; unit_p keeps its promise, from one hold-out, and needs ten held-out units",
            peers: "scikit-learn 1.9.1 LogisticRegression(C=1); the ridge leaves the intercept alone as there",
            source: "Lopez-Paz and Oquab 2017; Kim, Ramdas, Singh and Wasserman 2021",
        },
        example: r#"{"X": [[0], [1], [2], [1.5], [0.5]], "Y": [[2], [3], [4], [3.5], [1.2]]}"#,
        run: |case| call(case, classifier),
    },
    Measure {
        name: "drift.classifier_z",
        about: About {
            title: "Is a held-out accuracy above chance?",
            formula: "z = (accuracy - 1/2) / sqrt(1/4n), p its upper tail, p_exact P(Bin(n, 1/2) >= correct)",
            defaults: "none",
            direction: Direction::Lower,
            blind_spots: "balanced samples and independent rows only",
            peers: "scipy 1.17.1 norm.sf and binom.sf",
            source: "Lopez-Paz and Oquab 2017, section 3",
        },
        example: r#"{"n_test": 400, "correct": 232}"#,
        run: |case| call(case, accuracy),
    },
    Measure {
        name: "drift.label_shift",
        about: About {
            title: "Shares of true classes in unlabeled data, from predictions and the confusion matrix",
            formula: "C q = mu, q cut at 0, weights q / training share; condition: ratio of singular values",
            defaults: "none; columns of the matrix are the true class",
            direction: Direction::Describes,
            blind_spots: "holds where inputs of a class look as before; above condition 100 the shares mean nothing. No intervals: with counts use drift.label_shift_counts",
            peers: "numpy 2.4.6 linalg.solve",
            source: "Lipton, Wang and Smola 2018 (BBSE)",
        },
        example: r#"{"C_pred_given_true": [[0.9, 0.2], [0.1, 0.8]], "target_pred_dist": [0.41, 0.59], "train_prior": [0.5, 0.5]}"#,
        run: |case| call(case, shift),
    },
    Measure {
        name: "drift.label_shift_counts",
        about: About {
            title: "Shares of true classes in unlabeled data with intervals, from counts",
            formula: "as drift.label_shift; covariance of q = C^-1 (S_mu + sum_c q_c^2 S_c) C^-T, S multinomial covariances over the target's rows and over the rows of each class; share +- 1.96 standard errors, cut to 0 to 1",
            defaults: "none; `C_pred_given_true` and `target_pred` are counts, columns of the matrix are the true class",
            direction: Direction::Describes,
            blind_spots: "as drift.label_shift. Rows must be independent: with frames of one drive intervals are too narrow. Too narrow too with a handful of rows per class",
            peers: "none known with intervals",
            source: "Lipton, Wang and Smola 2018 (BBSE); delta method, van der Vaart 1998, 3.1",
        },
        example: r#"{"C_pred_given_true": [[90, 20], [10, 80]], "target_pred": [41, 59]}"#,
        run: |case| call(case, shift_of_counts),
    },
    Measure {
        name: "drift.adwin",
        about: About {
            title: "Where the mean of a stream changed, by adaptive windowing and by Page-Hinkley",
            formula: "cut where |mean0 - mean1| > sqrt(2 r s L) + 2/3 r L, L = ln(2 ln W / delta); Page-Hinkley in both directions, both forget after an alarm",
            defaults: "delta 0.002, clock 32, max_buckets 5, min_window_length 5, grace_period 10, reset_after_alarm true; Page-Hinkley 30, 0.005, 50, 0.9999",
            direction: Direction::Describes,
            blind_spots: "values must be independent. With reset_after_alarm, as river has it, the newer window is thrown away too; the paper keeps it",
            peers: "river 0.26.1 ADWIN and PageHinkley: same indices and widths. Its `.variance` is a sum, not a mean",
            source: "Bifet and Gavalda 2007; Page 1954",
        },
        example: r#"{"x": [0, 0, 1, 0, 1, 0, 0, 1], "adwin_params": {"clock": 4}}"#,
        run: |case| call(case, stream),
    },
    Measure {
        name: "drift.page_hinkley",
        about: About {
            title: "Where the mean of a stream rose or fell, by the Page-Hinkley test",
            formula: "m the running mean; S+ = alpha S+ + x - m - delta, alarm where S+ - min S+ > threshold; S- = alpha S- + x - m + delta, alarm where max S- - S- > threshold; both forget everything after an alarm. An alarm's sum is negative for a fall",
            defaults: "options min_instances 30, delta 0.005, threshold 50, alpha 0.9999, mode both (up, down)",
            direction: Direction::Describes,
            blind_spots: "threshold and delta are in units of the values: the defaults see nothing in shares and fire at once in meters, so scale them to the spread. Values must be independent: one per drive, or residuals. No bound on false alarms: choose the threshold by simulation, or use drift.adwin. A value that is not finite changes nothing",
            peers: "river 0.26.1 PageHinkley: same indices in all three modes",
            source: "Page 1954; Hinkley 1971; Mouss, Mouss, Mouss and Sefouhi 2004",
        },
        example: r#"{"x": [0, 0, 0, 0, 0, 0, 3, 3, 3, 3], "options": {"min_instances": 5, "threshold": 4, "mode": "up"}}"#,
        run: |case| call(case, page_hinkley_stream),
    },
];

#[cfg(test)]
mod tests {
    use crate::registry::find;
    use serde_json::{Value, json};

    fn run(name: &str, case: &Value) -> Result<Value, String> {
        let measure = find(name).ok_or("no such measure")?;
        (measure.run)(case).map_err(|e| e.to_string())
    }

    #[test]
    fn a_block_is_a_cluster_of_neighbors() {
        let x: Vec<f64> = (0..40)
            .map(|i| f64::from(i / 5) + f64::from(i % 5) * 0.1)
            .collect();
        let y: Vec<f64> = x.iter().map(|v| v + 1.0).collect();
        let codes: Vec<u32> = (0..40).map(|i| i / 5).collect();
        for name in ["drift.two_sample", "drift.psi_values"] {
            let blocks = run(name, &json!({"x": x, "y": y, "block": 5}));
            let given = json!({"x": x, "y": y, "x_cluster": codes, "y_cluster": codes});
            assert_eq!(blocks, run(name, &given));
            assert_ne!(blocks, run(name, &json!({"x": x, "y": y})));
            let both = json!({"x": x, "y": y, "x_cluster": codes, "block": 5});
            assert!(run(name, &both).unwrap_err().contains("not both"));
            assert!(run(name, &json!({"x": x, "y": y, "block": 0})).is_err());
        }
        let [a, b] = [&x, &y].map(|v| v.iter().map(|v| [*v]).collect::<Vec<_>>());
        let permutations = json!({"resamples": 99, "seed": 1});
        let blocks = json!({"X": a, "Y": b, "block": 5, "permutations": permutations});
        let given = json!({"X": a, "Y": b, "x_cluster": codes, "y_cluster": codes, "permutations": permutations});
        assert_eq!(run("drift.mmd", &blocks), run("drift.mmd", &given));
    }

    #[test]
    fn page_hinkley_takes_a_mode_and_refuses_no_values() {
        let case = json!({"x": [0, 0, 0, 0, 0, 0, -3, -3, -3], "options": {"min_instances": 5, "threshold": 4, "mode": "down"}});
        let found = run("drift.page_hinkley", &case).unwrap();
        assert_eq!(found["alarms"][0]["index"], 7, "{found}");
        assert!(run("drift.page_hinkley", &json!({"x": []})).is_err());
        let unknown = json!({"x": [1], "options": {"treshold": 4}});
        assert!(run("drift.page_hinkley", &unknown).is_err());
    }
}
