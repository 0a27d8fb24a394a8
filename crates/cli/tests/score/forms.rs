//! The forms predictions may come in, and slices.

use super::{coco_files, list, mot_text, near, refused, scored, vectors, write};
use fieldassay_testkit::arrays::{npy_of_bytes, npy_of_floats};
use serde_json::{Value, json};
use std::fmt::Write as _;

#[test]
fn detections_of_coco_may_be_tables_and_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let (labels, found) = coco_files(at);
    let wanted = scored(&["coco", &labels, &found]);
    let vector = vectors("H_coco_bbox.json");
    let mut csv = "image_id,category_id,score,x,y,width,height\n".to_owned();
    let (mut lines, mut rows) = (String::new(), Vec::new());
    for row in list(&vector["dt"]) {
        let number = |value: &Value| value.as_f64().expect("a number");
        let [image, category, score] =
            ["image_id", "category_id", "score"].map(|key| number(&row[key]));
        let [x, y, width, height] = [0, 1, 2, 3].map(|edge| number(&row["bbox"][edge]));
        let _ = writeln!(csv, "{image},{category},{score},{x},{y},{width},{height}");
        let _ = writeln!(lines, "{row}");
        rows.push(vec![image, x, y, width, height, score, category]);
    }
    for file in [
        write(at, "found.csv", &csv),
        write(at, "found.jsonl", &lines),
        write(at, "found.npy", npy_of_floats(&rows)),
    ] {
        let document = scored(&["coco", &labels, &file]);
        assert_eq!(document["summary"], wanted["summary"], "{file}");
        assert_eq!(document["per_class"], wanted["per_class"], "{file}");
    }
    let csv = write(at, "found.csv", csv);
    let said = refused(&["coco", &labels, &csv, "--type", "segm"]);
    assert!(said.contains("a table, which holds boxes alone"), "{said}");
    let said = refused(&["coco", &labels, at.to_str().expect("text")]);
    assert!(
        said.contains("is a folder, and a file belongs there\nhint: "),
        "{said}"
    );
}

#[test]
fn kitti_slices_are_by_what_labels_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let car = |occluded: u8, left: u32| {
        format!(
            "Car 0 {occluded} 0.1 {left} 100 {} 200 1.5 1.7 4 1 1.6 20 0.2",
            left + 100
        )
    };
    // In each image the car in sight is found and the hidden one is not.
    for image in 0..60 {
        let labels = format!("{}\n{}\n", car(0, 100), car(1, 300));
        write(folder.path(), &format!("label_2/{image:06}.txt"), labels);
        let found = format!("{} 0.{}\n", car(0, 100), 100 + image);
        write(folder.path(), &format!("results/{image:06}.txt"), found);
    }
    let at = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let (labels, found) = (at("label_2"), at("results"));
    let document = scored(&["kitti", &labels, &found, "--by", "occluded"]);
    let slices = list(&document["slices"]["values"]);
    let ap = |part: &Value, level: &str| {
        let cell = &part["per_class"]["Car"][level]["bbox"]["AP_R40"];
        cell["estimate"].as_f64()
    };
    assert_eq!(slices.len(), 2);
    assert_eq!(
        (&slices[0]["value"], &slices[1]["value"]),
        (&json!("0"), &json!("1"))
    );
    assert_eq!(ap(&slices[0], "easy"), ap(&document, "easy"));
    assert!(ap(&slices[0], "moderate") > ap(&document, "moderate"));
    assert_eq!(ap(&slices[1], "easy"), None, "no label of it is easy");
    assert_eq!(ap(&slices[1], "moderate"), Some(0.0));
    let said = refused(&["kitti", &labels, &found, "--by", "city"]);
    assert!(said.contains("give `occluded` or `truncated`"), "{said}");
}

#[test]
fn maps_of_classes_may_lie_in_folders_which_are_slices() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    write(
        folder.path(),
        "gt/rome/a.npy",
        npy_of_bytes(&[vec![0, 1], vec![1, 1]]),
    );
    write(
        folder.path(),
        "pred/rome/a.npy",
        npy_of_bytes(&[vec![0, 1], vec![1, 1]]),
    );
    write(
        folder.path(),
        "gt/oslo/a.npy",
        npy_of_bytes(&[vec![0, 1], vec![1, 1]]),
    );
    write(
        folder.path(),
        "pred/oslo/a.npy",
        npy_of_bytes(&[vec![1, 0], vec![0, 0]]),
    );
    let document = scored(&["miou", &at("gt"), &at("pred"), "--by", "folder"]);
    near(&document["summary"]["accuracy"], &json!(0.5), 1e-15);
    let slices = list(&document["slices"]["values"]);
    assert_eq!(
        (&slices[0]["value"], &slices[1]["value"]),
        (&json!("oslo"), &json!("rome"))
    );
    near(&slices[0]["summary"]["accuracy"], &json!(0.0), 1e-15);
    near(&slices[1]["summary"]["mIoU"], &json!(1.0), 1e-15);
    let said = refused(&["miou", &at("gt"), &at("pred"), "--by", "weather"]);
    assert!(said.contains("`--by folder`"), "{said}");
}

#[test]
fn one_unit_has_no_interval_and_a_note_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let vector = vectors("H_tracking.json");
    let labels = write(folder.path(), "gt.txt", mot_text(&vector, "gt"));
    let tracks = write(folder.path(), "tracks.txt", mot_text(&vector, "tr"));
    let document = scored(&["mot", &labels, &tracks, "--intervals"]);
    assert_eq!(document["summary"]["hota"]["low"], Value::Null);
    assert_eq!(document["bootstrap"]["resamples"], 1000);
    let notes = document["notes"].to_string();
    assert!(notes.contains("takes at least two of them"), "{notes}");
}
