//! Vectors of the form `{cases: [{fn?, in, out}]}`: each case runs through the registry of measures.
//!
//! A row of [`KNOWN`] names the file, the function and the measure; the measure takes the vector's `in` as it is and
//! gives at least the keys of its `out`. A statistic `{estimate, low, high, n}` is compared by its estimate.
//!
//! Not here: vectors of other forms.

use super::Outcome;
use super::measured::measured;
use fieldassay_testkit::Comparison;
use serde_json::Value;

/// How one function of one file is compared.
struct Known {
    /// The file's name without `.json`.
    file: &'static str,
    /// The function a case names; empty where cases name none.
    function: &'static str,
    /// The measure that runs it.
    measure: &'static str,
    /// Relative above 1, absolute below; 0 for exact. From the vectors' README.
    tolerance: f64,
}

const fn known(
    file: &'static str,
    function: &'static str,
    measure: &'static str,
    tolerance: f64,
) -> Known {
    Known {
        file,
        function,
        measure,
        tolerance,
    }
}

/// One line per function, ordered by file.
static KNOWN: &[Known] = &[
    known("adwin", "", "drift.adwin", 1e-9),
    known("anomaly", "iforest_c", "rarity.isolation_path", 1e-12),
    known("anomaly", "iforest_score", "rarity.isolation_score", 1e-12),
    known("anomaly", "knn_distance_and_lof", "rarity.neighbors", 1e-9),
    known("anomaly", "robust_z", "rarity.robust_z", 1e-12),
    known("anomaly", "tag_rarity", "rarity.tags", 1e-12),
    known("bicycle_ks", "", "kinematics.single_track", 1e-6),
    known("combinatorial_coverage", "", "coverage.t_way", 1e-12),
    known("criticality_1d", "", "criticality.following", 1e-12),
    known("delta_v", "", "criticality.delta_v", 1e-12),
    known("detection_peers", "av2", "detection.av2", 1e-12),
    known("detection_peers", "coco", "detection.coco", 1e-12),
    known("detection_peers", "lvis", "detection.lvis", 1e-12),
    known("detection_peers", "mask_iou", "boxes.mask_iou", 1e-12),
    known(
        "detection_peers",
        "panoptic",
        "segmentation.panoptic",
        1e-12,
    ),
    known("detection_peers", "voc", "detection.voc", 1e-12),
    known("drift", "bbse", "drift.label_shift", 1e-9),
    known("drift", "c2st_z", "drift.classifier_z", 1e-9),
    known("drift", "jensen_shannon", "drift.jensen_shannon", 1e-9),
    known("drift", "ks_2samp", "drift.ks", 1e-9),
    known("drift", "mmd2_rbf_median", "drift.mmd", 1e-9),
    known("drift", "psi_counts", "drift.psi", 1e-9),
    known("drift", "wasserstein_1d", "drift.wasserstein", 1e-9),
    known("driving_scores", "epdms", "driving.epdms", 1e-12),
    known(
        "driving_scores",
        "nuplan_at_fault",
        "driving.nuplan_at_fault",
        1e-12,
    ),
    known(
        "driving_scores",
        "nuplan_closed_loop",
        "driving.nuplan_closed_loop",
        1e-12,
    ),
    known(
        "driving_scores",
        "nuplan_progress_ratio",
        "driving.nuplan_progress_ratio",
        1e-12,
    ),
    known(
        "driving_scores",
        "nuplan_speed_limit",
        "driving.nuplan_speed_limit",
        1e-12,
    ),
    known("driving_scores", "pdms_v1", "driving.pdms", 1e-12),
    known("encroachment", "", "criticality.encroachment", 1e-9),
    known("idm_nuplan", "", "kinematics.idm", 1e-3),
    known("idm_rollout", "", "kinematics.idm_rollout", 1e-9),
    known("mann_whitney", "", "compare.mann_whitney", 1e-9),
    known("mcnemar", "", "compare.mcnemar", 1e-10),
    known("multiple_testing", "", "compare.multiple_testing", 1e-12),
    known("paired_bootstrap", "", "compare.paired_bootstrap", 1e-12),
    known("poisson_rate_ratio", "", "compare.rate_ratio", 1e-9),
    known(
        "rand_driving_to_safety",
        "",
        "coverage.driving_to_safety",
        1e-9,
    ),
    known("rates", "binomial", "coverage.binomial_rate", 1e-9),
    known("rates", "poisson_rate", "coverage.poisson_rate", 1e-9),
    known("robot_nav", "barn", "driving.barn", 1e-12),
    known("robot_nav", "spl", "driving.spl", 1e-12),
    known("rss", "lateral", "criticality.rss_lateral", 1e-9),
    known(
        "rss",
        "lon_opposite",
        "criticality.rss_opposite_direction",
        1e-9,
    ),
    known("rss", "lon_same", "criticality.rss_same_direction", 1e-9),
    known("savgol_comfort", "", "kinematics.comfort", 1e-9),
    known("sequential", "msprt_normal", "compare.msprt", 1e-9),
    known(
        "sequential",
        "sequential_conditional_binomial_e",
        "compare.event_evidence",
        1e-9,
    ),
    known("sequential", "sprt_bernoulli", "sampling.sprt", 1e-9),
    known("species_coverage", "", "coverage.richness", 1e-9),
    known("stl_random", "", "logic.stl", 1e-12),
    known("stl_rtamt", "", "logic.stl", 1e-12),
    known("trajectory_similarity", "", "similarity.paths", 1e-12),
    known("ttc_obb", "", "criticality.contact", 1e-9),
    known("ttc_random", "", "criticality.contact", 1e-12),
    known("vendi", "", "coverage.vendi", 1e-9),
];

/// Keys whose results the vectors hold more closely than the rest of their file.
static CLOSER: &[(&str, &str, f64)] = &[
    ("bicycle_ks", "xdot", 1e-12),
    ("idm_nuplan", "accel_unclamped", 1e-12),
    ("idm_nuplan", "euler", 1e-12),
    ("ttc_obb", "ttc_stepped_0p1_3s", 0.0),
];

/// Whether `file` (without `.json`) is compared here.
pub(super) fn knows(file: &str) -> bool {
    KNOWN.iter().any(|known| known.file == file)
}

/// Compares every case of a file; entries are `function position`.
pub(super) fn compare(file: &str, vectors: &Value) -> Vec<(String, Outcome)> {
    let empty = Vec::new();
    let cases = vectors["cases"].as_array().unwrap_or(&empty);
    cases
        .iter()
        .enumerate()
        .map(|(position, case)| {
            let function = case["fn"].as_str().unwrap_or_default();
            let entry = format!("{function} {position}").trim().to_owned();
            let known = KNOWN
                .iter()
                .find(|known| known.file == file && known.function == function);
            let outcome = match known {
                Some(known) => one(known, case),
                None => Outcome::Skipped(format!("no measure is named for `{function}`")),
            };
            (entry, outcome)
        })
        .collect()
}

fn one(known: &Known, case: &Value) -> Outcome {
    match measured(known.measure, &case["in"]) {
        Err(why) => Outcome::Failed(why),
        Ok(found) => {
            let mut comparison = Comparison::default();
            let expected = &case["out"];
            comparison.agree("out", &found, expected, known.tolerance);
            for (_, key, tolerance) in CLOSER.iter().filter(|(file, ..)| *file == known.file) {
                if let Some(value) = expected.get(key) {
                    comparison.agree(key, &found[key], value, *tolerance);
                }
            }
            comparison.into()
        }
    }
}
