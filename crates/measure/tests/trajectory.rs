//! Paths against the results of other programs, on synthetic and on real data.

use fieldassay_measure::registry;
use fieldassay_testkit::paths::{TrajectoryVector, number_rows, trajectory_vectors};
use fieldassay_testkit::{repository_root, shared_data};
use serde_json::{Value, json};

fn run(name: &str, case: &Value) -> Result<Value, String> {
    let measure = registry::find(name).ok_or("no such measure")?;
    (measure.run)(case).map_err(|e| e.to_string())
}

/// Where `found` does not hold what `wanted` has, relative above 1 and absolute below.
fn differences(at: &str, found: &Value, wanted: &Value, tolerance: f64) -> Vec<String> {
    match wanted {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(k, v)| differences(&format!("{at}.{k}"), &found[k], v, tolerance))
            .collect(),
        Value::Array(list) => {
            let n = found.as_array().map_or(0, Vec::len);
            let mut all: Vec<String> = (n != list.len())
                .then(|| format!("{at}: {n} entries, wanted {}", list.len()))
                .into_iter()
                .collect();
            for (i, v) in list.iter().enumerate() {
                all.extend(differences(&format!("{at}[{i}]"), &found[i], v, tolerance));
            }
            all
        }
        _ => {
            let plain = found.get("estimate").unwrap_or(found);
            let (a, b) = (plain.as_f64(), wanted.as_f64());
            let is_near = a.zip(b).is_some_and(|(a, b)| {
                let exact = wanted.is_u64() && found.is_u64();
                let most = if exact {
                    0.0
                } else {
                    tolerance * b.abs().max(1.0)
                };
                (a - b).abs() <= most
            });
            (!is_near)
                .then(|| format!("{at}: {plain}, wanted {wanted}"))
                .into_iter()
                .collect()
        }
    }
}

fn wrong(vector: &TrajectoryVector) -> Vec<String> {
    let found = run(vector.measure, &vector.case);
    match (&vector.out, found) {
        (None, Err(_)) => Vec::new(),
        (None, Ok(_)) => vec!["should be refused".to_owned()],
        (Some(_), Err(e)) => vec![e],
        (Some(out), Ok(found)) => differences("", &vector.cut(found), out, vector.tolerance),
    }
}

#[test]
fn every_vector_of_evo_is_met() {
    let folder = repository_root().join("conformance/signals");
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let vectors = trajectory_vectors(&expected, &folder).unwrap();
    assert!(vectors.len() > 100);
    let failed: Vec<String> = vectors
        .iter()
        .filter_map(|v| {
            let wrong = wrong(v);
            (!wrong.is_empty()).then(|| format!("{}: {}", v.label, wrong.join("; ")))
        })
        .collect();
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// Rows of a file of the shared data; none with one loud line where it is absent.
fn rows(path: &str) -> Option<Value> {
    let found = number_rows(&shared_data(path)?);
    assert!(found.is_ok(), "{found:?}");
    Some(json!(found.ok()?))
}

fn near(found: &Value, wanted: f64, tolerance: f64) {
    let found = found["estimate"].as_f64().unwrap_or(f64::NAN);
    assert!(
        (found - wanted).abs() <= tolerance * wanted.abs(),
        "{found}, wanted {wanted}"
    );
}

#[test]
fn kitti_00_gives_the_numbers_that_evo_publishes() {
    let (Some(reference), Some(estimate)) = (
        rows("evo_kitti00/KITTI_00_gt.txt"),
        rows("evo_kitti00/KITTI_00_ORB.txt"),
    ) else {
        return;
    };
    let case =
        json!({"reference": reference, "estimate": estimate, "alignment": {"motion": "se3"}});
    let found = run("trajectory.ape", &case).unwrap();
    for (name, wanted) in [
        ("rmse", 1.303_449_714_565_026_6),
        ("mean", 1.156_997_128_538_976_8),
        ("median", 1.065_624_769_555_848),
        ("std", 0.600_282_269_396_832_3),
        ("min", 0.069_313_220_214_830_87),
        ("max", 3.587_949_120_678_954),
        ("sse", 7_715.073_440_292_808),
    ] {
        near(&found["stats"][name], wanted, 1e-11);
    }
    // Published with evo of 2018, whose pairs began at the first cut.
    let case = json!({
        "reference": reference, "estimate": estimate, "delta": 10, "unit": "meters", "from_first_cut": true,
    });
    let found = run("trajectory.rpe", &case).unwrap();
    for (name, wanted) in [
        ("rmse", 0.226_261_343_293_101_63),
        ("mean", 0.169_017_372_006_532_75),
        ("median", 0.138_484_325_166_456_06),
        ("std", 0.150_423_812_705_316_4),
        ("min", 0.025_322_719_660_754_993),
        ("max", 1.272_209_077_865_872_6),
        ("sse", 18.071_551_000_485_97),
    ] {
        near(&found["stats"][name], wanted, 1e-10);
    }
    // evo 1.38.1 on the same files, in full precision.
    for (delta, unit, is_all, relation, pairs, wanted) in [
        (
            100,
            "meters",
            false,
            "translation_part",
            36,
            1.193_975_924_584_635_5,
        ),
        (
            100,
            "meters",
            true,
            "translation_part",
            4457,
            1.254_829_961_643_086_5,
        ),
        (
            100,
            "meters",
            true,
            "full_transformation",
            4457,
            1.255_025_159_934_442_9,
        ),
        (
            50,
            "meters",
            true,
            "rotation_angle_deg",
            4502,
            0.762_326_532_798_152_9,
        ),
        (
            1,
            "frames",
            false,
            "rotation_angle_deg",
            4540,
            0.114_973_521_259_792_27,
        ),
        (
            10,
            "degrees",
            false,
            "translation_part",
            316,
            0.303_403_516_045_429_8,
        ),
        (
            10,
            "degrees",
            true,
            "translation_part",
            126_449,
            4.803_106_666_823_933,
        ),
    ] {
        let case = json!({
            "reference": reference, "estimate": estimate, "relation": relation,
            "delta": delta, "unit": unit, "all_pairs": is_all,
        });
        let found = run("trajectory.rpe", &case).unwrap();
        assert_eq!(found["pairs"], pairs, "{delta} {unit} {is_all}");
        near(&found["stats"]["rmse"], wanted, 1e-9);
    }
}

#[test]
fn fr2_desk_gives_the_numbers_of_evo() {
    let (Some(reference), Some(estimate), Some(mono)) = (
        rows("evo_fr2_desk/fr2_desk_groundtruth.txt"),
        rows("evo_fr2_desk/fr2_desk_ORB.txt"),
        rows("evo_fr2_desk/fr2_desk_ORB_kf_mono.txt"),
    ) else {
        return;
    };
    // The reference has one stamp twice.
    let association = json!({"stamps": "as_they_are", "float_seconds": true});
    let refused = json!({"reference": reference, "estimate": estimate});
    let refused = run("trajectory.ape", &refused).unwrap_err();
    assert!(refused.contains("stamp `10859` of the reference") && refused.contains("hint"));
    for (motion, scale, wanted) in [
        ("none", false, 3.173_994),
        ("se3", false, 0.008_119),
        ("se3", true, 0.006_123),
        ("none", true, 3.170_020),
        ("origin", false, 0.042_016),
    ] {
        let case = json!({
            "reference": reference, "estimate": estimate, "alignment": {"motion": motion, "scale": scale},
            "association": association,
        });
        let found = run("trajectory.ape", &case).unwrap();
        assert_eq!(found["pairs"], 2174);
        near(&found["stats"]["rmse"], wanted, 1e-4);
    }
    let case = json!({
        "reference": reference, "estimate": mono, "alignment": {"motion": "se3", "scale": true},
        "association": association,
    });
    let found = run("trajectory.ape", &case).unwrap();
    near(&found["stats"]["rmse"], 0.007_729, 1e-4);
}
