//! `traj` and `measure` as whole commands: tables, documents, pictures and refusals.
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

mod common;

use common::{Run, json, run};
use expect_test::expect;
use fieldassay_testkit::arrays::npy_of_floats;
use fieldassay_testkit::{expect_near, shared_data};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

/// Poses on an arc, `off` meters to the side, as TUM rows.
fn arc(off: f64) -> String {
    let mut text = String::from("# t x y z qx qy qz qw\n");
    for i in 0..12 {
        let angle = 0.1 * f64::from(i);
        let (x, y) = (10.0 * angle.sin(), 10.0 - 10.0 * angle.cos() + off * angle);
        let half = angle / 2.0;
        writeln!(
            text,
            "{}.5 {x:.6} {y:.6} 0.1 0 0 {:.9} {:.9}",
            100 + i,
            half.sin(),
            half.cos()
        )
        .expect("written");
    }
    text
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("gt.txt", arc(0.0)),
        ("a.txt", arc(0.3)),
        ("b.txt", arc(0.1)),
    ] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("written");
}

fn rmse(document: &Value) -> f64 {
    let stat = &document["stats"]["rmse"];
    stat["estimate"].as_f64().expect("a number")
}

fn traj(arguments: &[&str]) -> Run {
    let all = [&["traj"], arguments].concat();
    run(Path::new("."), &all)
}

fn shared(name: &str) -> Option<String> {
    Some(shared_data(name)?.to_string_lossy().into_owned())
}

#[test]
fn one_estimate_is_a_table() {
    let folder = folder();
    let made = run(folder.path(), &["traj", "ape", "gt.txt", "a.txt"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    expect![[r"
        reference   gt.txt (tum, 12 poses)
        estimate    a.txt (tum, 12 poses), 12 pairs
        alignment   none

        absolute pose error, translation [m]
             max  0.330000
            mean  0.165000
          median  0.165000
             min  0.000000
            rmse  0.194808
             sse  0.455400
             std  0.103562
    "]]
    .assert_eq(&made.stdout);
    let arguments = [
        "traj", "rpe", "gt.txt", "a.txt", "--delta", "2", "--unit", "meters",
    ];
    let made = run(
        folder.path(),
        &[&arguments[..], &["--all-pairs", "--align", "se3"]].concat(),
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    expect![[r"
        reference   gt.txt (tum, 12 poses)
        estimate    a.txt (tum, 12 poses), 12 pairs
        alignment   SE(3)
        rotation     0.999675654  0.025467360 -0.000000000
                    -0.025467360  0.999675654  0.000000000
                     0.000000000 -0.000000000  1.000000000
        translation -0.052873433 -0.038983784 0.000000000 m
        scale       1.000000000

        relative pose error, translation [m], steps of 2 meters, all pairs
             max  0.060000
            mean  0.060000
          median  0.060000
             min  0.060000
            rmse  0.060000
             sse  0.036000
             std  0.000000
    "]]
    .assert_eq(&made.stdout);
}

#[test]
fn several_estimates_stand_side_by_side_the_best_first() {
    let folder = folder();
    write(
        folder.path(),
        "bad.txt",
        "101.5 0 0 0 0 0 0 1\n101.5 0 0 0 0 0 0 1\n",
    );
    let made = run(
        folder.path(),
        &["traj", "ape", "gt.txt", "a.txt", "b.txt", "bad.txt"],
    );
    assert_eq!(made.code, 1, "one could not be measured");
    expect![[r"
        reference   gt.txt (tum, 12 poses)
        alignment   none

        absolute pose error, translation [m]
          estimate  pairs       max      mean    median       min      rmse       sse       std
          b.txt        12  0.110000  0.055000  0.055000  0.000000  0.064936  0.050600  0.034521
          a.txt        12  0.330000  0.165000  0.165000  0.000000  0.194808  0.455400  0.103562
    "]]
    .assert_eq(&made.stdout);
    expect![[r"
        not measured: `bad.txt`, line `2`: stamp `1` of the estimate repeats the one before it, and a pair would use one of the two
        hint: keep one pose per time, or give --stamps-as-they-are, as evo takes them
    "]]
    .assert_eq(&made.stderr);
    let made = run(
        folder.path(),
        &["traj", "compare", "gt.txt", "a.txt", "b.txt"],
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    expect![[r"
        reference   gt.txt (tum, 12 poses)
        alignment   none, steps of 1 frame, one after the other

          estimate  pairs  covered  APE rmse [m]  APE max [m]  RPE rmse [m]  RPE mean [m]   length  best scale
          b.txt        12  100.0 %      0.064936     0.110000      0.010000      0.010000  100.5 %      0.9947
          a.txt        12  100.0 %      0.194808     0.330000      0.030000      0.030000  101.5 %      0.9840
    "]].assert_eq(&made.stdout);
    let arguments = ["traj", "ape", "gt.txt", "a.txt", "b.txt", "--json"];
    let document = json(&run(folder.path(), &arguments));
    assert_eq!(document["estimates"][0]["estimate"], "b.txt");
    assert!(document.get("stats").is_none());
}

#[test]
fn the_document_has_its_promised_keys() {
    let folder = folder();
    for measure in ["ape", "rpe"] {
        let arguments = [
            "traj", measure, "gt.txt", "a.txt", "--align", "sim3", "--json",
        ];
        let document = json(&run(folder.path(), &arguments));
        assert_eq!(document["schema"], "fieldassay.traj");
        assert_eq!(document["version"], 1);
        assert_eq!(document["pairs"], 12);
        for name in ["rmse", "mean", "median", "std", "min", "max", "sse"] {
            let stat = document["stats"][name].as_object().expect("a statistic");
            let keys: Vec<&str> = stat.keys().map(String::as_str).collect();
            assert_eq!(keys, ["estimate", "high", "low", "n"], "{name}");
        }
        let alignment = &document["alignment"];
        assert_eq!(alignment["rotation"].as_array().map(Vec::len), Some(3));
        assert_eq!(alignment["translation"].as_array().map(Vec::len), Some(3));
        assert!(alignment["scale"].is_f64());
        assert!(document.get("errors").is_none());
    }
    let arguments = ["traj", "ape", "gt.txt", "a.txt", "--json", "--errors"];
    let document = json(&run(folder.path(), &arguments));
    assert_eq!(document["errors"].as_array().map(Vec::len), Some(12));
}

#[test]
fn intervals_hold_the_estimate_and_repeat() {
    let Some(reference) = shared("evo_kitti00/KITTI_00_gt.txt") else {
        return;
    };
    let Some(estimate) = shared("evo_kitti00/KITTI_00_ORB.txt") else {
        return;
    };
    let ask = |seed: &str| {
        let arguments = [
            "rpe",
            &reference,
            &estimate,
            "--json",
            "--intervals",
            "--seed",
            seed,
        ];
        let made = traj(&[&arguments[..], &["--resamples", "200"]].concat());
        json(&made)["stats"]["rmse"].clone()
    };
    let (one, again, other) = (ask("1"), ask("1"), ask("2"));
    assert_eq!(one, again);
    assert_ne!(one["low"], other["low"]);
    let end = |name: &str| one[name].as_f64().expect("an end");
    assert!(end("low") < end("estimate") && end("estimate") < end("high"));
}

#[test]
fn kitti_00_has_its_published_errors() {
    let Some(reference) = shared("evo_kitti00/KITTI_00_gt.txt") else {
        return;
    };
    let Some(estimate) = shared("evo_kitti00/KITTI_00_ORB.txt") else {
        return;
    };
    let of = |measure: &str, options: &[&str]| {
        let arguments = [&[measure, &reference, &estimate, "--json"], options].concat();
        let made = traj(&arguments);
        assert_eq!(made.code, 0, "{}", made.stderr);
        json(&made)
    };
    let document = of("ape", &["--align", "se3"]);
    assert_eq!(document["pairs"], 4541);
    // What evo published with these files (`res_files/orb_ape.zip`).
    for (name, value) in [
        ("rmse", 1.303_449_714_565_026_6),
        ("mean", 1.156_997_128_538_976_8),
        ("median", 1.065_624_769_555_848),
        ("std", 0.600_282_269_396_832_3),
        ("min", 0.069_313_220_214_830_87),
        ("max", 3.587_949_120_678_954),
        ("sse", 7_715.073_440_292_808),
    ] {
        let ours = document["stats"][name]["estimate"].as_f64();
        expect_near(ours.expect("a number"), value, 1e-9 * value);
    }
    let document = of(
        "rpe",
        &["--delta", "10", "--unit", "meters", "--from-first-cut"],
    );
    expect_near(rmse(&document), 0.226_261_343_293_101_63, 1e-9);
    // Times of the file beside the reference serve for steps of seconds.
    let document = of("rpe", &["--delta", "1", "--unit", "seconds"]);
    assert!(rmse(&document) > 0.0);
    let document = of("kitti", &[]);
    assert!(document["segments"].as_u64() > Some(2000));
    assert_eq!(document["by_length"].as_array().map(Vec::len), Some(8));
}

#[test]
fn fr2_desk_has_the_errors_of_evo() {
    let Some(reference) = shared("evo_fr2_desk/fr2_desk_groundtruth.txt") else {
        return;
    };
    let paths = |name: &str| shared(&format!("evo_fr2_desk/fr2_desk_{name}.txt"));
    let (Some(orb), Some(mono)) = (paths("ORB"), paths("ORB_kf_mono")) else {
        return;
    };
    // One stamp of the ground truth is there twice, which no pair uses.
    for (estimate, align, value) in [(&orb, "se3", 0.008_119), (&mono, "sim3", 0.007_729)] {
        let arguments = ["ape", &reference, estimate, "--align", align, "--json"];
        expect_near(rmse(&json(&traj(&arguments))), value, 5e-7);
        let made = traj(&[&arguments[..], &["--stamps-as-they-are"]].concat());
        expect_near(rmse(&json(&made)), value, 5e-7);
    }
}

#[test]
fn topics_of_recordings_are_paths() {
    let Some(file) = shared("evo_nav2_mcap/nav2_turtlebot.mcap") else {
        return;
    };
    let reference = format!("{file}:/amcl_pose");
    let arguments = [
        "ape",
        &reference,
        &file,
        "--format",
        "recording:/odom",
        "--json",
    ];
    let made = traj(&[&arguments[..], &["--max-diff", "0.05", "--align", "origin"]].concat());
    assert_eq!(made.code, 0, "{}", made.stderr);
    let document = json(&made);
    assert_eq!(document["format"], "mcap:/odom by header time");
    assert!(document["pairs"].as_u64() > Some(50), "{document}");
    let unsaid = traj(&["ape", &reference, &file]);
    assert_eq!(unsaid.code, 1);
    let says = "topics of poses are `/amcl_pose`, `/odom`";
    assert!(unsaid.stderr.contains(says), "{}", unsaid.stderr);
}

#[test]
fn forms_may_differ_and_times_may_lie_beside() {
    let folder = folder();
    // The arc as matrices with times, and as EuRoC has it.
    let (mut kitti, mut times, mut euroc) = (String::new(), String::new(), String::from("#t\n"));
    for line in arc(0.0).lines().skip(1) {
        let v: Vec<f64> = line
            .split(' ')
            .map(|c| c.parse().expect("a number"))
            .collect();
        let [t, x, y, z, _, _, qz, qw] = v[..] else {
            continue;
        };
        let (s, c) = (2.0 * qz * qw, 1.0 - 2.0 * qz * qz);
        writeln!(kitti, "{c} {} 0 {x} {s} {c} 0 {y} 0 0 1 {z}", -s).expect("written");
        writeln!(times, "{t}").expect("written");
        writeln!(euroc, "{}00000000,{x},{y},{z},{qw},0,0,{qz},0,0", 10.0 * t).expect("written");
    }
    write(folder.path(), "path.txt", &kitti);
    write(folder.path(), "euroc.csv", &euroc);
    let without = run(folder.path(), &["traj", "ape", "gt.txt", "path.txt"]);
    assert_eq!(without.code, 1);
    assert!(
        without.stderr.contains("has no times"),
        "{}",
        without.stderr
    );
    write(folder.path(), "path_times.txt", &times);
    for name in ["path.txt", "euroc.csv"] {
        let made = run(folder.path(), &["traj", "ape", "gt.txt", name, "--json"]);
        assert_eq!(made.code, 0, "{}", made.stderr);
        assert!(rmse(&json(&made)) < 1e-7, "{}", made.stdout);
    }
}

#[test]
fn the_picture_is_drawn_once_and_repeats() {
    let folder = folder();
    let printed = run(folder.path(), &["traj", "plot", "gt.txt", "a.txt", "b.txt"]);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    assert!(printed.stdout.starts_with("<svg xmlns") && printed.stdout.contains("a.txt: rmse"));
    let arguments = ["traj", "ape", "gt.txt", "a.txt", "b.txt", "--plot", "p.svg"];
    assert_eq!(run(folder.path(), &arguments).code, 0);
    let written = std::fs::read_to_string(folder.path().join("p.svg")).expect("the picture");
    assert_eq!(written, printed.stdout);
    let again = run(folder.path(), &arguments);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
}

#[test]
fn what_is_wrong_is_said_with_file_and_row() {
    let folder = folder();
    let row = |t: &str| format!("{t} 1 2 3 0 0 0 1\n");
    let rows = |list: &[&str]| list.iter().map(|t| row(t)).collect::<String>();
    for (name, text) in [
        ("unsorted.txt", rows(&["101.5", "103.5", "102.5"])),
        (
            "nan.txt",
            format!("{}102.5 1 nan 3 0 0 0 1\n", row("101.5")),
        ),
        ("short.txt", format!("{}102.5 1 2 3\n", row("101.5"))),
        ("word.txt", format!("{}102.5 1 x 3 0 0 0 1\n", row("101.5"))),
        ("norm.txt", format!("{}102.5 1 2 3 0 0 0 2\n", row("101.5"))),
        ("late.txt", rows(&["900.5", "901.5"])),
        ("words.txt", "some words\n".to_owned()),
        ("empty.txt", String::new()),
        (
            "turn.txt",
            "1 0 0 1 0 1 0 2 0 0 1 3\n2 0 0 1 0 1 0 2 0 0 1 3\n".to_owned(),
        ),
        ("one.txt", "1 0 0 1 0 1 0 2 0 0 1 3\n".to_owned()),
    ] {
        write(folder.path(), name, &text);
    }
    let mut said = String::new();
    for arguments in [
        &["ape", "gt.txt", "unsorted.txt"][..],
        &["ape", "nan.txt", "gt.txt"],
        &["ape", "gt.txt", "short.txt"],
        &["ape", "gt.txt", "word.txt"],
        &["ape", "gt.txt", "norm.txt"],
        &["ape", "gt.txt", "late.txt"],
        &["ape", "gt.txt", "words.txt"],
        &["ape", "gt.txt", "empty.txt"],
        &["ape", "gt.txt", "none.txt"],
        &["ape", "gt.txt", "turn.txt"],
        &["ape", "gt.txt", "a.txt", "--format", "kitti"],
        &["ape", "one.txt", "one.txt", "--align", "se3"],
        &[
            "rpe", "gt.txt", "a.txt", "--delta", "1000", "--unit", "meters",
        ],
        &["ape", "gt.txt", "a.txt", "--start", "100"],
        // Requests that mean nothing: 2.
        &["rpe", "gt.txt", "a.txt", "--delta", "0"],
        &[
            "ape",
            "gt.txt",
            "a.txt",
            "--relation",
            "point-distance-ratio",
        ],
        &["ape", "gt.txt", "a.txt", "--max-diff", "-1"],
        &["ape", "gt.txt", "a.txt", "--format", "ply"],
        &["kitti", "gt.txt", "a.txt", "--step", "0"],
    ] {
        let made = run(folder.path(), &[&["traj"], arguments].concat());
        assert!(made.stdout.is_empty(), "{}", made.stdout);
        writeln!(said, "{} {}", made.code, made.stderr.trim_end()).expect("written");
    }
    expect![[r"
        1 error: `unsorted.txt`, line `3`: stamp `2` of the estimate is before the one before it
        hint: sort the poses by time, or give --stamps-as-they-are, as evo takes them
        1 error: `nan.txt`, line `2`: pose `1` of the reference is not finite or has no rotation
        hint: drop the row, and find out why it was written
        1 error: `short.txt`, line `2`: `4` columns where `8` belong
        hint: correct or drop the row; a path is read whole or not at all
        1 error: `word.txt`, line `2`: column `3`: `x` is not a number
        hint: correct or drop the row; a path is read whole or not at all
        1 error: `norm.txt`, line `2`: the quaternion has norm `2` where 1 belongs
        hint: look at the order of the columns (TUM x y z w last, EuRoC w first), or drop the row
        1 error: `late.txt`: no stamps of reference and estimate are within `0.01` s; the nearest are `789` s apart
        hint: raise --max-diff, or give the offset between the clocks with --offset
        1 error: `words.txt` is not a recording this version reads: it is text, and no trajectory: rows of TUM have 8 numbers, of KITTI 12, of EuRoC 8 or more after a time in nanoseconds
        hint: the formats are MCAP (.mcap), ROS 1 bag (.bag), rosbag2 SQLite (.db3), PX4 ULog (.ulg), trajectories (TUM, KITTI, EuRoC) and folders of EuRoC, KITTI, nuScenes, Argoverse 2, LeRobot and RLDS
        1 error: `empty.txt` is not a recording this version reads: it is empty
        hint: the formats are MCAP (.mcap), ROS 1 bag (.bag), rosbag2 SQLite (.db3), PX4 ULog (.ulg), trajectories (TUM, KITTI, EuRoC) and folders of EuRoC, KITTI, nuScenes, Argoverse 2, LeRobot and RLDS
        1 error: `none.txt`: it does not exist
        hint: give a trajectory file (TUM, KITTI, EuRoC), a table of poses or a recording; `FILE:/topic` names one of its topics
        1 error: `turn.txt`, line `2`: the matrix is not finite or no rotation
        hint: a row is the upper 3 x 4 part of a matrix, row by row
        1 error: `gt.txt`, line `2`: `8` columns where `12` belong
        hint: correct or drop the row; a path is read whole or not at all
        1 error: `one.txt`: `1` pairs of points are too few to align
        hint: at least 3 are needed
        1 error: `a.txt`: no two of `12` poses are `1000` meters apart; the path covers `11.162753855105167` meters
        hint: give a smaller step or, over all pairs, a larger tolerance
        1 error: `gt.txt`: none of its `12` poses lies between the times
        hint: seconds count from its first pose
        2 error: a step of `0` frames is none
        hint: give a whole number of frames, at least 1
        2 error: `point_distance_error_ratio` is a ratio of steps
        hint: use it with RPE
        2 error: the tolerance `-1000000000` ns is negative
        hint: give a time of at least 0
        2 error: `ply` is not a format of paths
        hint: give `tum`, `kitti`, `euroc` or `recording:TOPIC`
        2 error: `step` is `0`
        hint: at least one frame
    "]].assert_eq(&said);
}

#[test]
fn measures_are_listed_explained_and_run() {
    let folder = folder();
    let list = run(folder.path(), &["measure", "list", "trajectory"]);
    assert_eq!(list.code, 0, "{}", list.stderr);
    expect![[r"
        trajectory
          trajectory.associate             Which poses of two paths belong together
          trajectory.align                 The motion and scale that bring an estimate nearest to its reference
          trajectory.ape                   Absolute pose error: how far an estimated path is from its reference
          trajectory.rpe                   Relative pose error: how far single steps of an estimated path are from those of its reference
          trajectory.kitti                 KITTI odometry errors: drift over segments of fixed length
          trajectory.relative_errors       Relative errors by distance covered, yaw and tilt apart
          trajectory.scale_drift           How the scale of an estimate changes along the path
          trajectory.loop_residual         How far loop closures are from the path
          trajectory.pairwise_consistency  The largest set of loop closures that agree with one another

        `fieldassay measure explain NAME` explains one, `run NAME --input CASE.json` runs it
    "]].assert_eq(&list.stdout);
    let all = json(&run(folder.path(), &["measure", "list", "--json"]));
    let all = all["measures"].as_array().expect("a list").clone();
    assert!(all.len() > 50);
    // Every example runs as a case from a file does.
    for entry in &all {
        let name = entry["name"].as_str().expect("a name");
        write(folder.path(), "case.json", &entry["example"].to_string());
        let arguments = ["measure", "run", name, "--input", "case.json", "--json"];
        let made = run(folder.path(), &arguments);
        assert_eq!(made.code, 0, "{name}: {}", made.stderr);
        assert_eq!(json(&made)["name"], name);
    }
    let one = run(
        folder.path(),
        &["measure", "explain", "trajectory.associate"],
    );
    expect![[r#"
        trajectory.associate: Which poses of two paths belong together

        how it is computed
          for each stamp of the path with fewer poses the nearest stamp of the other one, where |dt| <= max_diff_secs; of two equally near the earlier

        defaults
          association: max_diff_secs 0.01, offset_secs 0 (added to the estimate), float_seconds false, stamps strict|as_they_are (strict)

        which way is better
          neither: it describes

        what it cannot see
          a constant offset between the clocks below max_diff_secs goes unseen and reads as an error of the path; a pose of the denser path may serve several pairs

        peers
          evo 1.38.1 sync nearest_time, which lets unsorted stamps pass; TUM associate.py pairs greedily by |dt|, each pose once

        source
          evo 1.38.1, observed

        a case that runs
          {"reference_secs": [0, 0.1, 0.2, 0.3], "estimate_secs": [0.102, 0.199]}

        `fieldassay measure run trajectory.associate --input CASE.json`
    "#]].assert_eq(&one.stdout);
    write(folder.path(), "case.json", "{\"x\": 1}");
    let mut said = String::new();
    for arguments in [
        &["explain", "trajectory.apee"][..],
        &["explain", "ape"],
        &["explain", "logic.robustness"],
        &["explain", "weather"],
        &["list", "trajectories"],
        &["run", "trajectory.ape", "--input", "none.json"],
        &["run", "trajectory.ape", "--input", "case.json"],
        &["run", "trajectory.ape", "--input", "gt.txt"],
    ] {
        let made = run(folder.path(), &[&["measure"], arguments].concat());
        writeln!(said, "{} {}", made.code, made.stderr.trim_end()).expect("written");
    }
    expect![[r"
        2 error: no measure has the name `trajectory.apee`
        hint: did you mean `trajectory.ape`?
        2 error: no measure has the name `ape`
        hint: did you mean `trajectory.ape`?
        2 error: no measure has the name `logic.robustness`
        hint: those of `logic` are `logic.stl`, `logic.relation`
        2 error: no measure has the name `weather`
        hint: `fieldassay measure list` shows them all
        2 error: no measure has the subject `trajectories`
        hint: the subjects are aggregation, agreement, boxes, compare, confidence, coverage, criticality, detection, drift, driving, kinematics, label_errors, logic, mining, preference, rarity, sampling, segmentation, selection, similarity, stats, text, tracking, trajectory
        1 error: `none.json`: it does not exist
        hint: give a JSON file, or `-` for standard input
        1 error: `case.json`: the case has another form: unknown field `x`, expected one of `reference`, `estimate`, `association`, `prepare`, `relation`, `alignment`, `bootstrap`
        hint: `fieldassay measure explain` shows one that runs
        1 error: `gt.txt`: it is not JSON: expected value at line 1 column 1
        hint: `fieldassay measure explain trajectory.ape` shows a case that runs
    "]].assert_eq(&said);
}

#[test]
fn paths_may_be_tables() {
    let folder = folder();
    let wanted = json(&run(
        folder.path(),
        &["traj", "ape", "gt.txt", "a.txt", "--json"],
    ));
    let rows: Vec<Vec<f64>> = arc(0.3)
        .lines()
        .skip(1)
        .map(|line| {
            let cells = line.split(' ');
            cells.map(|cell| cell.parse().expect("a number")).collect()
        })
        .collect();
    let (mut csv, mut lines, mut nanos) = (
        "t,x,y,z,qx,qy,qz,qw\n".to_owned(),
        String::new(),
        "qw,qx,qy,qz,tx_m,ty_m,tz_m,timestamp_ns\n".to_owned(),
    );
    for row in &rows {
        let [t, x, y, z, qx, qy, qz, qw] = row[..] else {
            continue;
        };
        writeln!(csv, "{t},{x},{y},{z},{qx},{qy},{qz},{qw}").expect("written");
        let object = serde_json::json!({"time": t, "px": x, "py": y, "pz": z,
            "qx": qx, "qy": qy, "qz": qz, "qw": qw});
        writeln!(lines, "{object}").expect("written");
        writeln!(nanos, "{qw},{qx},{qy},{qz},{x},{y},{z},{:.0}", t * 1e9).expect("written");
    }
    write(folder.path(), "a.csv", &csv);
    write(folder.path(), "a.jsonl", &lines);
    write(folder.path(), "nanos.csv", &nanos);
    std::fs::write(folder.path().join("a.npy"), npy_of_floats(&rows)).expect("written");
    for name in ["a.csv", "a.jsonl", "nanos.csv", "a.npy"] {
        let made = run(folder.path(), &["traj", "ape", "gt.txt", name, "--json"]);
        assert_eq!(made.code, 0, "{}", made.stderr);
        assert_eq!(json(&made)["stats"], wanted["stats"], "{name}");
    }
    write(
        folder.path(),
        "no.csv",
        "t,x,y,qx,qy,qz,qw\n1,2,3,0,0,0,1\n",
    );
    write(folder.path(), "late.csv", &csv.replace("103.5,", "1e12,"));
    write(
        folder.path(),
        "nan.csv",
        &csv.replace("103.5,2.955202,", "103.5,nan,"),
    );
    write(folder.path(), "back.csv", &csv.replace("103.5,", "100.5,"));
    let mut said = String::new();
    for name in ["no.csv", "late.csv", "nan.csv", "back.csv"] {
        let made = run(folder.path(), &["traj", "ape", "gt.txt", name]);
        writeln!(said, "{} {}", made.code, made.stderr.trim_end()).expect("written");
    }
    expect![[r"
        1 error: `no.csv`: it is a table without a column `z`; its columns are `t`, `x`, `y`, `qx`, `qy`, `qz`, `qw`
        hint: the columns are `t` in seconds or `timestamp_ns`, `x y z` in meters and `qx qy qz qw`; an array without names has these eight in order, seconds first
        1 error: `late.csv`, row `3`: `t` is `1000000000000`, no time
        hint: the columns are `t` in seconds or `timestamp_ns`, `x y z` in meters and `qx qy qz qw`; an array without names has these eight in order, seconds first
        1 error: `nan.csv`, row `3`: pose `3` of the estimate is not finite or has no rotation
        hint: drop the row, and find out why it was written
        1 error: `back.csv`, row `3`: stamp `3` of the estimate is before the one before it
        hint: sort the poses by time, or give --stamps-as-they-are, as evo takes them
    "]]
    .assert_eq(&said);
}

#[test]
fn poses_of_a_vehicle_are_read_from_feather() {
    let log = "av2_sensor_7fab2350/sensor/val/7fab2350-7eaf-3b7e-a39d-6937a4c1bede";
    let Some(path) = shared(&format!("{log}/city_SE3_egovehicle.feather")) else {
        return;
    };
    let made = traj(&["ape", &path, &path, "--json"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let document = json(&made);
    assert!(document["pairs"].as_u64() > Some(100));
    assert!(rmse(&document) < 1e-12);
}

#[test]
fn drift_is_shown_side_by_side_with_its_intervals_and_after_a_scale() {
    let folder = folder();
    // Twice as large as the reference.
    let mut twice = String::new();
    for line in arc(0.0).lines().skip(1) {
        let v: Vec<f64> = line
            .split(' ')
            .map(|c| c.parse().expect("a number"))
            .collect();
        let [t, x, y, z, qx, qy, qz, qw] = v[..] else {
            continue;
        };
        let (x, y, z) = (2.0 * x, 2.0 * y, 2.0 * z);
        writeln!(twice, "{t} {x} {y} {z} {qx} {qy} {qz} {qw}").expect("written");
    }
    write(folder.path(), "twice.txt", &twice);
    let ask = |options: &[&str]| {
        let arguments = ["traj", "kitti", "gt.txt", "twice.txt", "--lengths", "2,5"];
        let made = run(folder.path(), &[&arguments[..], options].concat());
        assert_eq!(made.code, 0, "{}", made.stderr);
        made
    };
    let ratio = |document: &Value| {
        let found = document["translation_ratio"]["estimate"].as_f64();
        found.expect("a number")
    };
    let still = json(&ask(&["--step", "1", "--json"]));
    assert!(ratio(&still) > 0.9, "{still}");
    let fitted = json(&ask(&["--step", "1", "--align", "sim3", "--json"]));
    assert!(ratio(&fitted) < 1e-4, "{fitted}");
    expect_near(
        fitted["alignment"]["scale"].as_f64().expect("a scale"),
        0.5,
        1e-6,
    );
    let made = ask(&["--step", "1", "--align", "sim3", "--bootstrap", "50"]);
    assert!(
        made.stderr.contains("fewer than eight blocks"),
        "{}",
        made.stderr
    );
    let text = made.stdout;
    assert!(
        text.contains("alignment   Sim(3), scale 0.500000"),
        "{text}"
    );
    assert!(text.contains("translation, 95 %"), "{text}");
    let arguments = [
        "traj",
        "kitti",
        "gt.txt",
        "a.txt",
        "b.txt",
        "--lengths",
        "2,5",
    ];
    let made = run(folder.path(), &[&arguments[..], &["--step", "1"]].concat());
    expect![[r"
        reference   gt.txt (tum, 12 poses)
        alignment   none

        translation error [%] by length of segments
          estimate  segments     2 m     5 m     all        rotation
          b.txt           15  1.5000  1.2000  1.3800  0.000000 deg/m
          a.txt           15  4.5000  3.6000  4.1400  0.000000 deg/m
    "]]
    .assert_eq(&made.stdout);
}

#[test]
fn pictures_say_the_alignment_and_names_as_short_as_they_differ() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("runs")).expect("a folder");
    write(folder.path(), "runs/a.txt", &arc(0.3));
    let arguments = [
        "traj",
        "plot",
        "gt.txt",
        "runs/a.txt",
        "b.txt",
        "--align",
        "se3",
    ];
    let picture = run(folder.path(), &arguments).stdout;
    assert!(picture.contains("Absolute pose error, alignment SE(3)"));
    assert!(picture.contains(">a.txt: rmse") && picture.contains(">reference gt.txt<"));
}

#[test]
fn intervals_are_asked_for_in_one_way_or_another() {
    let folder = folder();
    let ask = |options: &[&str]| {
        let arguments = ["traj", "rpe", "gt.txt", "a.txt", "--json"];
        run(folder.path(), &[&arguments[..], options].concat())
    };
    let usual = json(&ask(&["--intervals"]));
    assert_eq!(usual["method"]["intervals"]["resamples"], 1000);
    assert_eq!(usual, json(&ask(&["--bootstrap", "1000"])));
    let none = ask(&["--bootstrap", "0"]);
    assert_eq!(none.code, 2);
    assert!(
        none.stderr.contains("is no number of resamples"),
        "{}",
        none.stderr
    );
    assert_eq!(ask(&["--seed", "2"]).code, 2, "a seed alone draws nothing");
    let named = ask(&["--plot", "p.png"]);
    assert_eq!(named.code, 2);
    assert!(
        named.stderr.contains("end its name in .svg"),
        "{}",
        named.stderr
    );
}

#[test]
fn help_is_as_wide_as_a_page() {
    for measure in ["ape", "rpe", "kitti", "compare", "plot"] {
        let help = traj(&[measure, "--help"]).stdout;
        assert!(help.lines().count() < 110, "{help}");
        let longest = help.lines().map(|line| line.chars().count()).max();
        assert!(longest.is_some_and(|longest| longest <= 100), "{help}");
    }
}
