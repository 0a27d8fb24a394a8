//! Vectors of the scenario subjects through the registry, at their own tolerances.

use fieldassay_measure::registry;
use fieldassay_testkit::{Comparison, repository_root};
use serde_json::Value;

/// File, function, measure, tolerance (relative above 1, absolute below).
const CASES: &[(&str, &str, &str, f64)] = &[
    ("criticality_1d", "", "criticality.following", 1e-12),
    ("ttc_obb", "", "criticality.contact", 1e-9),
    ("ttc_random", "", "criticality.contact", 1e-12),
    ("encroachment", "", "criticality.encroachment", 1e-9),
    ("delta_v", "", "criticality.delta_v", 1e-12),
    ("rss", "lon_same", "criticality.rss_same_direction", 1e-9),
    (
        "rss",
        "lon_opposite",
        "criticality.rss_opposite_direction",
        1e-9,
    ),
    ("rss", "lateral", "criticality.rss_lateral", 1e-9),
    ("stl_rtamt", "", "logic.stl", 1e-12),
    ("stl_random", "", "logic.stl", 1e-12),
    ("bicycle_ks", "", "kinematics.single_track", 1e-6),
    ("idm_rollout", "", "kinematics.idm_rollout", 1e-9),
    ("idm_nuplan", "", "kinematics.idm", 1e-3),
    ("savgol_comfort", "", "kinematics.comfort", 1e-9),
    (
        "driving_scores",
        "nuplan_closed_loop",
        "driving.nuplan_closed_loop",
        1e-12,
    ),
    (
        "driving_scores",
        "nuplan_speed_limit",
        "driving.nuplan_speed_limit",
        1e-12,
    ),
    (
        "driving_scores",
        "nuplan_progress_ratio",
        "driving.nuplan_progress_ratio",
        1e-12,
    ),
    (
        "driving_scores",
        "nuplan_at_fault",
        "driving.nuplan_at_fault",
        1e-12,
    ),
    ("driving_scores", "pdms_v1", "driving.pdms", 1e-12),
    ("driving_scores", "epdms", "driving.epdms", 1e-12),
    ("robot_nav", "spl", "driving.spl", 1e-12),
    ("robot_nav", "barn", "driving.barn", 1e-12),
    ("mann_whitney", "", "compare.mann_whitney", 1e-9),
    ("mcnemar", "", "compare.mcnemar", 1e-10),
    ("multiple_testing", "", "compare.multiple_testing", 1e-12),
    ("paired_bootstrap", "", "compare.paired_bootstrap", 1e-12),
    ("poisson_rate_ratio", "", "compare.rate_ratio", 1e-9),
    ("sequential", "msprt_normal", "compare.msprt", 1e-9),
    (
        "sequential",
        "sequential_conditional_binomial_e",
        "compare.event_evidence",
        1e-9,
    ),
    ("trajectory_similarity", "", "similarity.paths", 1e-12),
];

#[test]
fn vectors_agree() {
    let folder = repository_root().join("conformance/scenario");
    for (file, function, measure, tolerance) in CASES {
        let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
        let vectors: Value = serde_json::from_str(&text).unwrap();
        let run = registry::find(measure)
            .unwrap_or_else(|| panic!("no {measure}"))
            .run;
        let cases = vectors["cases"].as_array().unwrap();
        let of_function = |case: &&Value| case["fn"].as_str().unwrap_or_default() == *function;
        let mut compared = 0;
        for (position, case) in cases.iter().filter(of_function).enumerate() {
            let found =
                run(&case["in"]).unwrap_or_else(|e| panic!("{file} {function} {position}: {e}"));
            let name = format!("{file} {function} {position}");
            let mut to = Comparison::default();
            to.agree(&name, &found, &case["out"], *tolerance);
            assert!(to.differences.is_empty(), "{:#?}", to.differences);
            compared += 1;
        }
        assert!(compared > 0, "{file} {function}: no cases");
    }
}

/// Parts of vectors that are held tighter than the whole: file, measure, keys, tolerance.
const TIGHT: &[(&str, &str, &[&str], f64)] = &[
    (
        "idm_nuplan",
        "kinematics.idm",
        &["accel_unclamped", "euler"],
        1e-12,
    ),
    ("bicycle_ks", "kinematics.single_track", &["xdot"], 1e-12),
];

#[test]
fn exact_parts_agree_exactly() {
    let folder = repository_root().join("conformance/scenario");
    for (file, measure, keys, tolerance) in TIGHT {
        let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
        let vectors: Value = serde_json::from_str(&text).unwrap();
        let run = registry::find(measure).unwrap().run;
        for case in vectors["cases"].as_array().unwrap() {
            let found = run(&case["in"]).unwrap();
            for key in *keys {
                let mut to = Comparison::default();
                to.agree(key, &found[*key], &case["out"][*key], *tolerance);
                assert!(to.differences.is_empty(), "{file}: {:#?}", to.differences);
            }
        }
    }
}
