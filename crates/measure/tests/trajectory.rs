//! Paths against the results of other programs, on synthetic and on real data.

use fieldassay_measure::pose::{Pose, quat_of_rotation_vector};
use fieldassay_measure::registry;
use fieldassay_measure::trajectory::{
    Alignment, Fit, Frame, Motion, Pairs, Relation, Step, ape, rpe,
};
use fieldassay_testkit::paths::{TrajectoryVector, number_rows, trajectory_vectors};
use fieldassay_testkit::{Comparison, repository_root, shared_data};
use proptest::prelude::*;
use serde_json::{Value, json};

fn run(name: &str, case: &Value) -> Result<Value, String> {
    let measure = registry::find(name).ok_or("no such measure")?;
    (measure.run)(case).map_err(|e| e.to_string())
}

fn wrong(vector: &TrajectoryVector) -> Vec<String> {
    let found = run(vector.measure, &vector.case);
    match (&vector.out, found) {
        (None, Err(_)) => Vec::new(),
        (None, Ok(_)) => vec!["should be refused".to_owned()],
        (Some(_), Err(e)) => vec![e],
        (Some(out), Ok(found)) => {
            let mut to = Comparison::default();
            to.agree("", &vector.cut(found), out, vector.tolerance);
            to.differences
        }
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
            10,
            "meters",
            false,
            "translation_part",
            354,
            0.236_763_469_464_651_07,
        ),
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
    for (motion, scale, wanted) in [
        ("none", false, 3.173_994),
        ("se3", false, 0.008_119),
        ("se3", true, 0.006_123),
        ("none", true, 3.170_020),
        ("origin", false, 0.042_016),
    ] {
        let case = json!({
            "reference": reference, "estimate": estimate, "alignment": {"motion": motion, "scale": scale},
        });
        let found = run("trajectory.ape", &case).unwrap();
        // The reference has one stamp twice, which no pair needs.
        assert_eq!(
            (&found["pairs"], &found["repeated"]),
            (&json!(2174), &json!(1))
        );
        near(&found["stats"]["rmse"], wanted, 1e-4);
    }
    let case = json!({
        "reference": reference, "estimate": mono, "alignment": {"motion": "se3", "scale": true},
    });
    let found = run("trajectory.ape", &case).unwrap();
    near(&found["stats"]["rmse"], 0.007_729, 1e-4);
}

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let one = (
        prop::array::uniform3(-1.5..1.5_f64),
        prop::array::uniform3(-20.0..20.0_f64),
    );
    let frame = one.prop_filter_map("a pose", |(turn, translation_meters)| {
        Frame::of(&Pose {
            translation_meters,
            quat_xyzw: quat_of_rotation_vector(&turn),
        })
    });
    prop::collection::vec(frame, 6..20)
}

/// Root mean square errors by every relation that single poses and steps have in common.
fn errors(reference: &[Frame], estimate: &[Frame], how: &Fit) -> Vec<f64> {
    let pairs = Pairs::by_position(reference.to_vec(), estimate.to_vec()).unwrap_or_default();
    let relations = [
        Relation::TranslationPart,
        Relation::RotationPart,
        Relation::FullTransformation,
        Relation::RotationAngleRad,
        Relation::PointDistance,
    ];
    let absolute = relations.map(|r| ape(&pairs, r, how, None).map(|a| a.errors));
    let relative =
        relations.map(|r| rpe(&pairs, r, (&Step::default(), false), None).map(|a| a.errors));
    let is_none = how.motion == Motion::None;
    let all = absolute
        .into_iter()
        .chain(relative.into_iter().filter(|_| is_none));
    all.map(|e| e.map_or(f64::NAN, |e| e.stats.rmse.estimate))
        .collect()
}

proptest! {
    #[test]
    fn a_path_has_no_errors_against_itself(path in frames()) {
        for motion in [Motion::None, Motion::Se3, Motion::Yaw, Motion::Origin] {
            for error in errors(&path, &path, &Fit { motion, ..Fit::default() }) {
                prop_assert!(error < 1e-12, "{motion:?} {error}");
            }
        }
    }

    #[test]
    fn errors_do_not_depend_on_the_frame(a in frames(), b in frames(), by in frames(), scale in 0.3..3.0_f64) {
        let n = a.len().min(b.len());
        let (a, b) = (&a[..n], &b[..n]);
        let moved = |scale: f64| -> Vec<Frame> {
            let motion = Alignment {
                rotation: by[0].rotation,
                translation: by[0].position_meters,
                scale,
                mean_squared_error: 0.0,
            };
            b.iter().map(|f| motion.apply_frame(f)).collect()
        };
        for (motion, with_scale) in [(Motion::Se3, false), (Motion::Se3, true), (Motion::Origin, false)] {
            let how = Fit { motion, with_scale, first: None };
            let scale = if with_scale { scale } else { 1.0 };
            for (x, y) in errors(a, b, &how).into_iter().zip(errors(a, &moved(scale), &how)) {
                prop_assert!((x - y).abs() <= 1e-7 * (1.0 + x.abs()), "{motion:?} {x} {y}");
            }
        }
        // Steps do not see a motion of the whole path.
        let steps = |b: &[Frame]| errors(a, b, &Fit::default()).split_off(5);
        for (x, y) in steps(b).into_iter().zip(steps(&moved(1.0))) {
            prop_assert!((x - y).abs() <= 1e-10 * (1.0 + x.abs()), "{x} {y}");
        }
    }
}
