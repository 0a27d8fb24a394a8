//! Counts are those the README of the shared data states, or were counted with Python's json, csv, xml.etree and with
//! pyarrow.

use super::*;
use crate::workspace::layouts::{Form, find, survey};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use fieldassay_formats::Format;
use fieldassay_testkit::{expect_near, shared_data};
use std::fmt::Write as _;
use std::path::PathBuf;

const ID: &str = "r-0123456789abcdef";

type Tables = BTreeMap<&'static str, RecordBatch>;

/// The rows, which the store takes.
fn checked(out: Gathered) -> Tables {
    let batches = out.batches().expect("rows of the declared tables");
    let sorted = batches.into_iter().map(|(table, batch)| {
        let sorted = fieldassay_store::sorted(table, &batch);
        let sorted = sorted.unwrap_or_else(|error| panic!("{}: {error}", table.name));
        for column in table.columns().filter(|column| !column.one_of.is_empty()) {
            let array = sorted.column_by_name(column.name).expect("a column");
            for word in array.as_string::<i32>().iter().flatten() {
                assert!(column.one_of.contains(&word), "{} {word}", column.name);
            }
        }
        (table.name, sorted)
    });
    sorted.collect()
}

fn rows(input: &LabelInput, options: &Options) -> (Tables, LeftOut) {
    let mut out = Gathered::default();
    let left_out = gather(input, ID, options, &mut out);
    let left_out = left_out.unwrap_or_else(|error| panic!("{}: {error}", input.path.display()));
    (checked(out), left_out)
}

/// The one input of a path.
fn input(relative: &str, form: Option<Form>) -> Option<LabelInput> {
    let path = shared_data(relative)?;
    let found = find(&[path], &[], form, &|_| None).expect("labels");
    let mut found = found.inputs;
    assert_eq!(found.len(), 1, "{relative}");
    found.pop()
}

fn count(tables: &Tables, table: &str) -> usize {
    tables.get(table).map_or(0, RecordBatch::num_rows)
}

fn texts(tables: &Tables, table: &str, column: &str) -> Vec<Option<String>> {
    let array = tables[table].column_by_name(column).expect("a column");
    let array = array.as_string::<i32>();
    array.iter().map(|cell| cell.map(str::to_owned)).collect()
}

fn integers(tables: &Tables, table: &str, column: &str) -> Vec<Option<i64>> {
    let array = tables[table].column_by_name(column).expect("a column");
    array.as_primitive::<Int64Type>().iter().collect()
}

fn reals(tables: &Tables, table: &str, column: &str) -> Vec<Option<f64>> {
    let array = tables[table].column_by_name(column).expect("a column");
    array.as_primitive::<Float64Type>().iter().collect()
}

fn distinct(tables: &Tables, table: &str, column: &str) -> usize {
    let cells: std::collections::BTreeSet<_> =
        texts(tables, table, column).into_iter().flatten().collect();
    cells.len()
}

fn with(tables: &Tables, table: &str, column: &str, word: &str) -> usize {
    let cells = texts(tables, table, column);
    cells
        .iter()
        .filter(|cell| cell.as_deref() == Some(word))
        .count()
}

#[test]
fn all_of_the_shared_data_gives_rows() {
    let Some(root) = shared_data("README.md").and_then(|path| Some(path.parent()?.to_owned()))
    else {
        return;
    };
    let inputs = [root.display().to_string()];
    let taken =
        crate::sources::find(&inputs, &crate::limits::Limits::default()).expect("recordings");
    let options = Options {
        image_sizes: Some(sizes_of_voc()),
        ..Options::default()
    };
    let mut count = BTreeMap::new();
    for input in survey(&[root], &taken, None, &|_| None)
        .expect("a survey")
        .inputs
    {
        let (tables, _) = rows(&input, &options);
        assert!(!tables.is_empty(), "{}", input.path.display());
        *count.entry(input.form).or_insert(0) += 1;
    }
    assert_eq!(count[&Form::Coco], 8);
    assert_eq!((count[&Form::OpenLabel], count[&Form::Votes]), (52, 2));
}

/// A table of the sizes of the VOC images, made of their annotations.
fn sizes_of_voc() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("fieldassay-sizes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("sizes.csv");
    let mut text = "name,width,height\n".to_owned();
    if let Some(input) = input("voc_gt_formats/gts/pascalvoc_format", None) {
        let (tables, _) = rows(&input, &Options::default());
        let sizes = reals(&tables, "items", "width_px").into_iter().zip(reals(
            &tables,
            "items",
            "height_px",
        ));
        for (name, (width, height)) in texts(&tables, "items", "item").into_iter().zip(sizes) {
            let line = (
                name.expect("a name"),
                width.expect("a width"),
                height.expect("a height"),
            );
            let _ = writeln!(text, "{},{},{}", line.0, line.1, line.2);
        }
    }
    let unique = folder.join(format!("{:?}.csv", std::thread::current().id()));
    std::fs::write(&unique, text).expect("a file");
    std::fs::rename(&unique, &path).expect("a file");
    path
}

/// Image, class, edges, and the other columns.
type Box2 = (String, String, [f64; 4], Vec<(String, String)>);

/// Everything a box on an image says but for its source, sorted; edges rounded where a form is relative.
fn boxes(tables: &Tables) -> Vec<Box2> {
    // What only some of the forms say: the number of an object, how it was drawn.
    const OWN: [&str; 8] = [
        "source_row",
        "source",
        "object_id",
        "origin",
        "x_px",
        "y_px",
        "width_px",
        "height_px",
    ];
    let objects = &tables["objects"];
    let edges =
        ["x_px", "y_px", "width_px", "height_px"].map(|name| reals(tables, "objects", name));
    let shapes = texts(tables, "objects", "shape");
    let items = texts(tables, "objects", "item");
    let classes = texts(tables, "objects", "category");
    let mut out = Vec::new();
    for row in 0..objects.num_rows() {
        if shapes[row].as_deref() != Some("box") {
            continue;
        }
        let mut others = Vec::new();
        for (field, array) in objects.schema().fields().iter().zip(objects.columns()) {
            if OWN.contains(&field.name().as_str()) || array.is_null(row) {
                continue;
            }
            others.push((field.name().clone(), format!("{:?}", array.slice(row, 1))));
        }
        let of = edges.each_ref().map(|column| column[row].expect("an edge"));
        out.push((
            items[row].clone().expect("an item"),
            classes[row].clone().expect("a class"),
            of,
            others,
        ));
    }
    out.sort_by(|a, b| {
        let near =
            a.2.iter()
                .zip(&b.2)
                .map(|(a, b)| a.round().total_cmp(&b.round()));
        let near = near.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
        a.0.cmp(&b.0).then_with(|| a.1.cmp(&b.1)).then(near)
    });
    out
}

#[test]
fn twins_of_boxes_give_equal_rows() {
    let root = "voc_gt_formats/gts";
    let Some(coco) = input(&format!("{root}/coco_format_v1"), None) else {
        return;
    };
    let options = Options {
        image_sizes: Some(sizes_of_voc()),
        ..Options::default()
    };
    let (tables, _) = rows(&coco, &options);
    let expected = boxes(&tables);
    assert_eq!((expected.len(), count(&tables, "items")), (273, 100));
    for (folder, form, tolerance) in [
        ("coco_format_v1", Form::Coco, 0.0),
        ("pascalvoc_format", Form::Voc, 0.0),
        ("cvat_format", Form::Cvat, 0.0),
        ("yolo_format", Form::Yolo, 0.5),
        ("openimages_format", Form::OpenImages, 0.5),
    ] {
        let input = input(&format!("{root}/{folder}"), None).expect("a twin");
        assert_eq!(input.form, form);
        let (tables, left_out) = rows(&input, &options);
        assert!(left_out.is_empty(), "{left_out:?}");
        let found = boxes(&tables);
        assert_eq!(found.len(), expected.len(), "{folder}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(
                (&found.0, &found.1, &found.3),
                (&expected.0, &expected.1, &expected.3),
                "{folder}"
            );
            for (found, expected) in found.2.iter().zip(expected.2) {
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{folder}: {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn forms_in_shares_ask_for_the_sizes_of_images() {
    for folder in ["yolo_format", "openimages_format"] {
        let Some(input) = input(&format!("voc_gt_formats/gts/{folder}"), None) else {
            return;
        };
        let error = gather(&input, ID, &Options::default(), &mut Gathered::default());
        let error = error.expect_err("no size").to_string();
        assert!(error.contains("--image-sizes"), "{error}");
    }
}

#[test]
fn coco_has_boxes_polygons_and_masks() {
    let folder = "coco_val2014_100/dataset/cocoapi";
    let Some(labels) = input(&format!("{folder}/instances_val2014_100.json"), None) else {
        return;
    };
    let (tables, left_out) = rows(&labels, &Options::default());
    let shapes = ["box", "polygon", "mask"].map(|shape| with(&tables, "objects", "shape", shape));
    assert_eq!(shapes, [839, 939, 9]);
    assert_eq!(with(&tables, "labels", "attribute", "iscrowd"), 839);
    assert!(left_out.is_empty(), "{left_out:?}");
    for (name, shape) in [("fakebbox", "box"), ("fakesegm", "mask")] {
        let file = format!("{folder}/instances_val2014_{name}100_results.json");
        let results = input(&file, None).expect("results");
        assert_eq!(results.form, Form::CocoResults);
        let (tables, left_out) = rows(&results, &Options::default());
        assert_eq!(with(&tables, "objects", "shape", shape), 734);
        assert_eq!(with(&tables, "objects", "origin", "model"), 734);
        assert!(left_out.is_empty(), "{left_out:?}");
    }
}

#[test]
fn openlabel_has_tracks_frames_and_poses() {
    for (name, objects, frames, flat, spatial) in
        [("0003", 11, 144, 1_249, 388), ("0017", 13, 145, 2_382, 883)]
    {
        let Some(input) = input(
            &format!("openlabel_dev/openlabel100_kitti_tracking_{name}.json"),
            None,
        ) else {
            return;
        };
        let (tables, _) = rows(&input, &Options::default());
        assert_eq!(distinct(&tables, "objects", "track_id"), objects);
        assert_eq!(with(&tables, "objects", "shape", "box"), flat);
        let in_space = reals(&tables, "objects", "x_m").iter().flatten().count();
        // The vehicle itself is a box that is said once.
        assert_eq!(in_space, spatial + 1);
        assert_eq!(
            texts(&tables, "objects", "frame").iter().flatten().count(),
            in_space
        );
        let steps = integers(&tables, "items", "step").into_iter().flatten();
        assert_eq!(
            steps.collect::<std::collections::BTreeSet<_>>().len(),
            frames
        );
        assert_eq!(count(&tables, "poses"), frames);
        assert!(count(&tables, "transforms") > 0);
    }
}

#[test]
fn commonroad_has_obstacles_with_times_and_velocities() {
    let Some(input) = input("commonroad_dev/USA_US101-4_1_T-1.xml", None) else {
        return;
    };
    let (tables, _) = rows(&input, &Options::default());
    assert_eq!(distinct(&tables, "objects", "track_id"), 22);
    let times = integers(&tables, "objects", "t_ns");
    assert!(
        times
            .iter()
            .all(|time| time.is_some_and(|time| time % 100_000_000 == 0))
    );
    assert_eq!(
        reals(&tables, "objects", "vx_mps").iter().flatten().count(),
        times.len()
    );
    assert!(
        reals(&tables, "objects", "height_m")
            .iter()
            .all(Option::is_none)
    );
    let Some(simulated) = self::input("commonroad_dev/FRA_Anglet-1_1_T-1.xml", None) else {
        return;
    };
    let (tables, _) = rows(&simulated, &Options::default());
    let origins = distinct(&tables, "objects", "origin");
    assert_eq!(origins, 1);
}

#[test]
fn a_log_of_argoverse_has_boxes_poses_mounts_and_cameras() {
    let log = "av2_sensor_7fab2350/sensor/val/7fab2350-7eaf-3b7e-a39d-6937a4c1bede";
    let Some(folder) = shared_data(log) else {
        return;
    };
    let mut out = Gathered::default();
    let left_out = gather_of_folder(&folder, Format::Argoverse2, ID, &mut out).expect("rows");
    let tables = checked(out);
    assert_eq!(
        (count(&tables, "objects"), count(&tables, "items")),
        (11_364, 156)
    );
    assert_eq!(distinct(&tables, "objects", "track_id"), 114);
    assert_eq!(
        (
            count(&tables, "poses"),
            count(&tables, "transforms"),
            count(&tables, "cameras")
        ),
        (2_706, 11, 9)
    );
    let times = integers(&tables, "poses", "t_ns");
    let (first, last) = (times[0].expect("a time"), times[2_705].expect("a time"));
    expect_near((last - first) as f64 * 1e-9, 15.950, 1e-3);
    assert!(
        integers(&tables, "objects", "point_count")
            .iter()
            .all(Option::is_some)
    );
    assert!(left_out.is_empty(), "{left_out:?}");
    assert_eq!(distinct(&tables, "poses", "source"), 1);

    let mining = input(
        "av2_scenario_mining_3bffdcff/data/3bffdcff-c3a7-38b6-a0f2-64196d130958",
        None,
    );
    let (tables, _) = rows(&mining.expect("a log"), &Options::default());
    assert_eq!(
        (count(&tables, "objects"), count(&tables, "poses")),
        (12_342, 2_692)
    );
    assert_eq!(distinct(&tables, "objects", "track_id"), 116);
}

#[test]
fn tables_of_lyft_have_boxes_poses_and_cameras() {
    let Some(folder) = shared_data("lyft_tables/v1.01-train/v1.01-train") else {
        return;
    };
    let mut out = Gathered::default();
    let left_out = gather_of_folder(&folder, Format::NuScenes, ID, &mut out).expect("rows");
    let tables = checked(out);
    assert!(left_out.is_empty(), "{left_out:?}");
    assert_eq!((count(&tables, "items"), count(&tables, "objects")), (1, 4));
    assert_eq!(
        (
            count(&tables, "poses"),
            count(&tables, "transforms"),
            count(&tables, "cameras")
        ),
        (7, 10, 7)
    );
    assert_eq!(
        integers(&tables, "objects", "t_ns")[0],
        Some(1_556_675_185_903_083_250)
    );
    assert_eq!(
        texts(&tables, "objects", "frame")[0].as_deref(),
        Some("map")
    );
}

#[test]
fn episodes_of_lerobot_are_intervals() {
    let Some(folder) = shared_data("lerobot_meta_v21") else {
        return;
    };
    let mut out = Gathered::default();
    let left_out = gather_of_folder(&folder, Format::LeRobot, ID, &mut out).expect("rows");
    let tables = checked(out);
    assert!(left_out.is_empty(), "{left_out:?}");
    assert_eq!(with(&tables, "intervals", "kind", "episode"), 3);
    assert_eq!(
        with(&tables, "intervals", "name", "place the apple in the plate"),
        3
    );
    let (starts, ends) = (
        integers(&tables, "intervals", "start_ns"),
        integers(&tables, "intervals", "end_ns"),
    );
    let (start, end) = (starts[0].expect("a start"), ends[0].expect("an end"));
    expect_near((end - start) as f64 * 1e-9, 298.0 / 30.0, 1e-6);
}

#[test]
fn votes_are_rows_under_any_names() {
    let Some(bluebirds) = input("crowd_survey_dev/d_Duck_Identification/answer.csv", None) else {
        return;
    };
    let (tables, left_out) = rows(&bluebirds, &Options::default());
    assert_eq!(count(&tables, "votes"), 4_212);
    assert_eq!(
        (
            distinct(&tables, "votes", "item"),
            distinct(&tables, "votes", "annotator")
        ),
        (108, 39)
    );
    assert!(left_out.is_empty(), "{left_out:?}");
    let dog = input("crowd_survey_dev/s4_Dog_data/answer.csv", None).expect("votes");
    let (tables, _) = rows(&dog, &Options::default());
    assert_eq!(
        (
            count(&tables, "votes"),
            distinct(&tables, "votes", "annotator")
        ),
        (8_070, 109)
    );

    let file = "gal_dev/BarzanMozafari/labels.txt";
    let path = shared_data(file).expect("votes");
    let error = find(&[path], &[], None, &|_| None)
        .expect_err("no names")
        .to_string();
    assert!(error.contains("--as") && error.contains("votes"), "{error}");
    let options = Options {
        columns: "annotator=0,item=1,label=2".parse().expect("columns"),
        ..Options::default()
    };
    let (tables, _) = rows(&input(file, Some(Form::Votes)).expect("votes"), &options);
    assert_eq!(
        (count(&tables, "votes"), distinct(&tables, "votes", "item")),
        (5_000, 1_000)
    );
    assert_eq!(distinct(&tables, "votes", "annotator"), 83);
}

#[test]
fn matrices_are_votes_or_probabilities_of_classes() {
    let Some(cifar) = input("cifar10h/cifar10h-counts.npy", None) else {
        return;
    };
    assert_eq!(cifar.form, Form::VoteCounts);
    let (tables, _) = rows(&cifar, &Options::default());
    let votes = integers(&tables, "labels", "vote_count")
        .into_iter()
        .flatten();
    assert_eq!(
        (count(&tables, "labels"), votes.sum::<i64>()),
        (10_000, 511_000)
    );
    let predicted = "cleanlab_mnist/cross_validated_predicted_probabilities/mnist_test_set_pyx.npy";
    let (tables, _) = rows(
        &input(predicted, None).expect("predictions"),
        &Options::default(),
    );
    assert_eq!(count(&tables, "predictions"), 10_000);
    assert!(
        texts(&tables, "predictions", "label")
            .iter()
            .all(Option::is_none)
    );
}

#[test]
fn reports_of_crashes_and_disengagements_are_outcomes() {
    let Some(crashes) = input("nhtsa_sgo_dev/SGO-2021-01_Incident_Reports_ADS.csv", None) else {
        return;
    };
    let (tables, left_out) = rows(&crashes, &Options::default());
    // Two of 436 reports are of months without an incident.
    assert_eq!(count(&tables, "outcomes"), 434);
    assert_eq!(left_out["rows without `kind`"], 2);
    assert_eq!(with(&tables, "outcomes", "severity", "s0"), 337);
    assert_eq!(with(&tables, "outcomes", "severity", "s1"), 62);
    assert_eq!(with(&tables, "outcomes", "severity", "s2"), 4);
    assert_eq!(with(&tables, "outcomes", "kind", "crash"), 434);
    let widths = integers(&tables, "outcomes", "t_width_ns");
    assert!(
        widths
            .iter()
            .flatten()
            .all(|width| [30, 31, 28].contains(&(width / 86_400_000_000_000)))
    );
    assert_eq!(widths.iter().flatten().count(), 434);
    let fastest = reals(&tables, "outcomes", "speed_mps")
        .into_iter()
        .flatten()
        .fold(0.0, f64::max);
    assert!((20.0..40.0).contains(&fastest), "{fastest}");

    let dmv = input(
        "ca_dmv_dev/2021-Autonomous-Vehicle-Disengagements-Reports-CSV.csv",
        None,
    );
    let (tables, _) = rows(&dmv.expect("reports"), &Options::default());
    assert_eq!(with(&tables, "outcomes", "kind", "disengagement"), 2_676);
    assert_eq!(with(&tables, "outcomes", "operator", "WAYMO LLC"), 292);
    let times = integers(&tables, "outcomes", "t_ns");
    let known = times.iter().flatten().count();
    assert_eq!(known, 2_676, "dates of every form are read");
}

/// Of the form 3.0, made by pyarrow 26.0.1: the columns of `meta/episodes` that are read.
#[test]
fn tasks_of_pooled_episodes_are_lists_of_texts() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("meta/episodes/chunk-000");
    std::fs::create_dir_all(&path).expect("a folder");
    let info = r#"{"codebase_version": "v3.0", "fps": 10, "features": {}}"#;
    std::fs::write(folder.path().join("meta/info.json"), info).expect("a file");
    let table = include_bytes!("episodes.parquet");
    std::fs::write(path.join("file-000.parquet"), table).expect("a file");
    let mut out = Gathered::default();
    let left_out = gather_of_folder(folder.path(), Format::LeRobot, ID, &mut out).expect("rows");
    let tables = checked(out);
    assert!(left_out.is_empty(), "{left_out:?}");
    let names: Vec<String> = texts(&tables, "intervals", "name")
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(
        names,
        ["episode_000000", "pick", "place", "episode_000001", "pick"]
    );
    let start = integers(&tables, "intervals", "start_ns");
    assert_eq!(
        (start[0], start[3]),
        (Some(1_000_000_000), Some(1_400_000_000))
    );
    assert_eq!(
        integers(&tables, "intervals", "end_ns")[4],
        Some(1_600_000_000)
    );
}

/// Files made here.
fn made(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), text).expect("a file");
    folder
}

fn rows_of(name: &str, text: &str) -> (Tables, LeftOut) {
    let folder = made(name, text);
    let found = find(&[folder.path().to_owned()], &[], None, &|_| None).expect("labels");
    let found = found.inputs;
    rows(&found[0], &Options::default())
}

#[test]
fn events_and_intervals_are_read_with_their_units() {
    let (tables, left_out) = rows_of(
        "e.csv",
        "recording_id,time_s,event,value,unit,color\nr-1,1.5,hard_brake,-4.5,m/s2,red\nr-2,2,stop,,,\n,3,go,,,\nr-1,,x,,,\n",
    );
    assert_eq!(
        integers(&tables, "events", "t_ns"),
        [
            Some(3_000_000_000),
            Some(1_500_000_000),
            Some(2_000_000_000)
        ]
    );
    let about: Vec<String> = texts(&tables, "events", "recording_id")
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(about, [ID, "r-1", "r-2"]);
    assert_eq!(
        integers(&tables, "events", "source_row"),
        [Some(0), Some(0), Some(0)]
    );
    assert_eq!(
        (left_out["column `color`"], left_out["rows without `t_ns`"]),
        (4, 1)
    );
    let (tables, _) = rows_of(
        "i.jsonl",
        "{\"start\": \"2026-01-01T00:00:00Z\", \"end\": \"2026-01-01T00:00:05Z\", \"scenario\": \"cut_in\", \"subject_ids\": \"a;b\"}\n",
    );
    assert_eq!(
        texts(&tables, "intervals", "kind"),
        [Some("scenario".to_owned())]
    );
    assert_eq!(
        integers(&tables, "intervals", "end_ns"),
        [Some(1_767_225_605_000_000_000)]
    );
}

#[test]
fn what_a_cell_says_and_nobody_can_read_is_counted() {
    let (tables, left_out) = rows_of(
        "p.csv",
        "item,label,score,model\na,cat,0.5,m\nb,cat,abc,m\nc,cat,NaN,m\nd,cat,inf,m\n",
    );
    assert_eq!(
        reals(&tables, "predictions", "score"),
        [Some(0.5), None, None, None]
    );
    assert_eq!(left_out["cells of `score` that are no number"], 2);
    let (tables, left_out) = rows_of(
        "t.csv",
        "trial,success,severity\n1,maybe,s1\n2,no,grave\n3,n/a,Unknown\n",
    );
    assert_eq!(count(&tables, "outcomes"), 3);
    assert_eq!(
        left_out["cells of `success` that are neither yes nor no"],
        1
    );
    assert_eq!(
        left_out["cells of `severity` that are none of its words"],
        1
    );
    let (tables, left_out) = rows_of("i.csv", "start_ns,end_ns,name\n5,9,a\n9,5,b\n7,7,c\n");
    assert_eq!(count(&tables, "intervals"), 2);
    assert_eq!(left_out["rows whose end is before their start"], 1);
}

#[test]
fn a_column_of_nanoseconds_is_one_whatever_else_stands_in_it() {
    // A date or a part of a nanosecond changes nothing about its neighbors.
    for (cell, left) in [("2", 0), ("1.5", 1), ("2021-01-01", 0), ("soon", 1)] {
        let text = format!("t_ns,event\n3,a\n{cell},b\n4e9,c\n");
        let (tables, left_out) = rows_of("e.csv", &text);
        let found = integers(&tables, "events", "t_ns");
        for moment in [3, 4_000_000_000] {
            assert!(found.contains(&Some(moment)), "{cell}: {found:?}");
        }
        assert_eq!(found.len(), 3 - left, "{cell}");
        let unread = left_out.get("cells of `t_ns` that are no whole nanoseconds");
        assert_eq!(unread.copied().unwrap_or(0), left as u64, "{cell}");
    }
}

#[test]
fn trials_and_predictions_are_read() {
    let (tables, _) = rows_of("t.csv", "trial,success,speed_kmh\n1,yes,36\n2,no,\n");
    assert_eq!(with(&tables, "outcomes", "kind", "task"), 2);
    assert_eq!(reals(&tables, "outcomes", "speed_mps"), [Some(10.0), None]);
    let (tables, _) = rows_of(
        "p.csv",
        "item,predicted,cat,dog\na,cat,0.75,0.25\nb,dog,0.5,0.5\n",
    );
    assert_eq!(count(&tables, "predictions"), 2);
    let classes = tables["predictions"]
        .column_by_name("classes")
        .expect("a column");
    assert_eq!(classes.as_list::<i32>().value(0).len(), 2);
}

#[test]
fn one_damaged_file_of_many_is_left_out_with_its_reason() {
    let good = "<annotation><filename>a.jpg</filename><object><name>cat</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>";
    let folder = made("a.xml", good);
    std::fs::write(
        folder.path().join("b.xml"),
        "<annotation><object/></annotation>",
    )
    .expect("a file");
    let found = find(&[folder.path().to_owned()], &[], None, &|_| None).expect("labels");
    let found = found.inputs;
    assert_eq!((found.len(), found[0].files.len()), (1, 2));
    let (tables, left_out) = rows(&found[0], &Options::default());
    assert_eq!(count(&tables, "objects"), 1);
    assert_eq!(left_out["files that cannot be read"], 1);
    assert!(
        left_out
            .keys()
            .any(|reason| reason.contains("b.xml") && reason.contains("`<name>`")),
        "{left_out:?}"
    );
    assert_eq!(
        texts(&tables, "objects", "source"),
        [Some("voc a.xml".to_owned())]
    );
}

#[test]
fn tracks_of_kitti_have_frames_and_boxes_of_both_kinds() {
    let line = "Car 0 0 -1.5 1 2 3 4 1.5 1.6 4 10 2 30 1.5";
    let text = format!(
        "0 2 {line}\n1 2 {line}\n1 -1 DontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1000 -1000 -1000 -10\n"
    );
    let (tables, _) = rows_of("0003.txt", &text);
    assert_eq!(with(&tables, "objects", "track_id", "2"), 4);
    assert_eq!(integers(&tables, "objects", "step")[4], Some(1));
    assert_eq!(with(&tables, "objects", "shape", "box"), 3);
    assert_eq!(reals(&tables, "objects", "x_m").iter().flatten().count(), 2);
    assert_eq!(texts(&tables, "objects", "track_id")[4], None);
    assert_eq!(
        texts(&tables, "items", "item_kind")[0].as_deref(),
        Some("video")
    );
}

#[test]
fn answers_of_several_annotators_are_votes() {
    let text = r#"[{"id": 1, "data": {"image": "a.jpg"}, "annotations": [
        {"id": 5, "completed_by": 3, "lead_time": 2.5, "created_at": "2024-01-01T00:00:00Z", "result": [
            {"id": "x", "from_name": "weather", "to_name": "image", "type": "choices", "value": {"choices": ["rain"]}},
            {"id": "y", "from_name": "box", "to_name": "image", "type": "rectanglelabels", "original_width": 100,
             "original_height": 200, "value": {"x": 10, "y": 10, "width": 20, "height": 30, "rotation": 0, "rectanglelabels": ["car"]}}]}],
        "predictions": [{"model_version": "m1", "score": 0.5, "result": [
            {"from_name": "weather", "to_name": "image", "type": "choices", "value": {"choices": ["sun"]}}]}]}]"#;
    let (tables, _) = rows_of("ls.json", text);
    assert_eq!(texts(&tables, "votes", "label"), [Some("rain".to_owned())]);
    assert_eq!(
        texts(&tables, "votes", "attribute"),
        [Some("weather".to_owned())]
    );
    assert_eq!(
        integers(&tables, "votes", "spent_ns"),
        [Some(2_500_000_000)]
    );
    assert_eq!(
        texts(&tables, "predictions", "model"),
        [Some("m1".to_owned())]
    );
    assert_eq!(
        texts(&tables, "objects", "origin"),
        [Some("human".to_owned())]
    );
    assert_eq!(reals(&tables, "objects", "height_px"), [Some(60.0)]);
}
