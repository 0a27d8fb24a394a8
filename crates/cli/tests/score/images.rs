//! Benchmarks of images: COCO, LVIS, Pascal VOC, classes of pixels.

use super::{list, near, refused, run, scored, vectors, write};
use fieldassay_testkit::shared_data;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// The labels and detections of the COCO vector as files.
fn coco_files(folder: &Path) -> (String, String) {
    let vector = vectors("H_coco_bbox.json");
    let labels = write(folder, "gt.json", vector["gt"].to_string());
    (labels, write(folder, "dt.json", vector["dt"].to_string()))
}

#[test]
fn coco_prints_the_lines_of_pycocotools() {
    let folder = tempfile::tempdir().expect("a folder");
    let vector = vectors("H_coco_bbox.json");
    let (labels, found) = coco_files(folder.path());
    let document = scored(&["coco", &labels, &found]);
    let names = list(&vector["stat_names"]).iter();
    for (name, value) in names.zip(list(&vector["stats_12"])) {
        near(
            &document["summary"][name.as_str().expect("a name")],
            value,
            1e-14,
        );
    }
    let classes = document["per_class"].as_object().expect("classes");
    let means = list(&vector["precision_full_mean_per_class_AP"]);
    for (of, mean) in classes.values().zip(means) {
        near(&of["AP"], mean, 1e-14);
    }
    assert_eq!(document["summary"]["AP"]["n"], 8);
    assert_eq!(document["summary"]["AP"]["low"], Value::Null);
    let text = run(&["coco", &labels, &found]).stdout;
    let lines: Vec<&str> = text.lines().take(12).collect();
    assert_eq!(
        lines.first().copied(),
        Some(" Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.299")
    );
    assert_eq!(
        lines.get(1).copied(),
        Some(" Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = 0.523")
    );
    assert_eq!(
        lines.get(6).copied(),
        Some(" Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=  1 ] = 0.177")
    );
    assert_eq!(
        lines.get(11).copied(),
        Some(" Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=100 ] = 0.700")
    );
}

#[test]
fn intervals_come_from_the_seed_for_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let (labels, found) = coco_files(folder.path());
    let arguments = ["coco", &labels, &found, "--bootstrap", "200", "--seed", "3"];
    let with = |jobs: &str| {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--jobs", jobs]);
        scored(&arguments)
    };
    let document = with("1");
    assert_eq!(document, with("4"), "I5: same bytes for any thread count");
    let ap = &document["summary"]["AP"];
    let number = |key: &str| ap[key].as_f64().expect("a number");
    assert!(number("low") < number("estimate") && number("estimate") < number("high"));
    assert!(document["per_class"]["c1"]["AP"]["low"].is_f64());
    assert_eq!(document["bootstrap"]["seed"], 3);
}

#[test]
fn coco_slices_are_by_fields_of_images_and_of_annotations() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut truth = vectors("H_coco_bbox.json")["gt"].take();
    let images = truth["images"].as_array_mut().expect("images");
    for (at, image) in images.iter_mut().enumerate() {
        image["city"] = json!(if at < 3 { "A" } else { "B" });
    }
    let annotations = truth["annotations"].as_array_mut().expect("annotations");
    for (at, annotation) in annotations.iter_mut().enumerate() {
        annotation["occluded"] = json!(at % 2 == 0);
    }
    let labels = write(folder.path(), "fields.json", truth.to_string());
    let (_, found) = coco_files(folder.path());
    let document = scored(&["coco", &labels, &found, "--by", "city"]);
    let slices = list(&document["slices"]["values"]);
    assert_eq!(slices.len(), 2);
    assert_eq!(slices[0]["value"], "A");
    assert_eq!(slices[0]["summary"]["AP"]["n"], 3);
    assert_eq!(slices[1]["summary"]["AP"]["n"], 5);
    // A slice is what remains when the other images are taken out of both files.
    let mut part = truth.clone();
    let is_a = |id: &Value| id.as_i64().is_some_and(|id| id <= 3);
    for (key, id) in [("images", "id"), ("annotations", "image_id")] {
        part[key]
            .as_array_mut()
            .expect("rows")
            .retain(|row| is_a(&row[id]));
    }
    let mut rows = vectors("H_coco_bbox.json")["dt"].take();
    rows.as_array_mut()
        .expect("rows")
        .retain(|row| is_a(&row["image_id"]));
    let labels_a = write(folder.path(), "a.json", part.to_string());
    let found_a = write(folder.path(), "da.json", rows.to_string());
    let alone = scored(&["coco", &labels_a, &found_a]);
    for name in ["AP", "AP50", "APs", "AR100"] {
        assert_eq!(alone["summary"][name], slices[0]["summary"][name], "{name}");
    }
    let document = scored(&["coco", &labels, &found, "--by", "occluded"]);
    let slices = list(&document["slices"]["values"]);
    let labels_of = |slice: &Value| -> f64 {
        let classes = slice["per_class"].as_object().expect("classes").values();
        classes
            .filter_map(|class| class["labels"]["estimate"].as_f64())
            .sum()
    };
    let all = labels_of(&document);
    assert_eq!(slices.iter().map(labels_of).sum::<f64>(), all);
    let said = refused(&["coco", &labels, &found, "--by", "weather"]);
    assert!(said.contains("has a field `weather`"), "{said}");
}

#[test]
fn bad_coco_files_are_refused_with_the_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let (labels, found) = coco_files(at);
    let vector = vectors("H_coco_bbox.json");
    let changed = |which: &str, row: usize, key: &str, value: Value| {
        let mut rows = vector[which].clone();
        let list = if which == "gt" {
            &mut rows["annotations"]
        } else {
            &mut rows
        };
        list[row][key] = value;
        // Every case is written before the first is run, so names must differ.
        write(at, &format!("{which}-{key}-{row}.json"), rows.to_string())
    };
    for (labels, found, said) in [
        (
            &labels,
            &changed("dt", 2, "category_id", json!(99)),
            "row `2` names category `99`",
        ),
        (
            &labels,
            &changed("dt", 3, "image_id", json!(99)),
            "row `3` names image `99`",
        ),
        (
            &labels,
            &changed("dt", 1, "score", json!("high")),
            "row `1`: invalid type",
        ),
        (
            &labels,
            &changed("dt", 1, "bbox", json!([1, 2, 3])),
            "row `1`: invalid length 3",
        ),
        (
            &labels,
            &changed("dt", 4, "bbox", json!([1, 2, -3, 4])),
            "row `4`",
        ),
        (
            &changed("gt", 1, "id", json!(1)),
            &found,
            "annotation id `1` stands at rows `0` and `1`",
        ),
        (
            &write(at, "list.json", "[]"),
            &found,
            "list.json`: it is a list, and an object belongs there\nhint: ",
        ),
        (
            &write(at, "nan.json", "{\"images\": NaN}"),
            &found,
            "nan.json",
        ),
        (&format!("{labels}.none"), &found, "does not exist"),
    ] {
        let stderr = refused(&["coco", labels, found]);
        assert!(stderr.contains(said), "wanted `{said}`: {stderr}");
    }
    let stderr = refused(&["kitti", &labels, &found, "--type", "segm"]);
    assert!(stderr.contains("has no option `--type`"), "{stderr}");
    // Id 0 counts like any other, and a note says what pycocotools does.
    let zero = scored(&["coco", &changed("gt", 0, "id", json!(0)), &found]);
    near(&zero["summary"]["AP"], &vector["stats_12"][0], 1e-14);
    assert!(
        zero["notes"][0]
            .as_str()
            .is_some_and(|note| note.contains("row `0` has id 0"))
    );
}

#[test]
fn real_coco_boxes_and_masks_have_their_known_scores() {
    let Some(folder) = shared_data("coco_val2014_100/dataset/cocoapi") else {
        return;
    };
    let file = |name: &str| folder.join(name).to_str().expect("text").to_owned();
    let labels = file("instances_val2014_100.json");
    let document = scored(&[
        "coco",
        &labels,
        &file("instances_val2014_fakebbox100_results.json"),
    ]);
    for (name, value) in [
        ("AP", 0.5045806987249628),
        ("AP50", 0.6969727247299577),
        ("AP75", 0.5729816669904824),
        ("AR1", 0.3868128),
        ("AR10", 0.5936796),
        ("AR100", 0.5953530),
    ] {
        let tolerance = if name.starts_with("AR") { 1e-6 } else { 1e-12 };
        near(&document["summary"][name], &json!(value), tolerance);
    }
    let masks = file("instances_val2014_fakesegm100_results.json");
    let document = scored(&["coco", &labels, &masks, "--type", "segm"]);
    near(
        &document["summary"]["AP"],
        &json!(0.3195452758576433),
        1e-12,
    );
}

#[test]
fn labels_of_lvis_found_by_themselves_score_one() {
    let Some(path) = shared_data("lvis_val_100/lvis_dataset/lvis_val_100.json") else {
        return;
    };
    let text = std::fs::read_to_string(&path).expect("the labels");
    let truth: Value = serde_json::from_str(&text).expect("JSON");
    let rows: Vec<Value> = list(&truth["annotations"])
        .iter()
        .map(|row| {
            json!({"image_id": row["image_id"], "category_id": row["category_id"],
                "bbox": row["bbox"], "segmentation": row["segmentation"], "score": 0.5})
        })
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let found = write(folder.path(), "self.json", Value::from(rows).to_string());
    let labels = path.to_str().expect("text");
    for kind in ["bbox", "segm"] {
        let document = scored(&["lvis", labels, &found, "--type", kind]);
        for name in ["AP", "AP50", "APr", "APc", "APf", "AR300"] {
            near(&document["summary"][name], &json!(1.0), 1e-9);
        }
    }
    let text = run(&["lvis", labels, &found]).stdout;
    let second = text.lines().nth(6).expect("a line");
    assert_eq!(
        second,
        " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=300 catIds=  r] = 1.000"
    );
}

#[test]
fn voc_annotations_and_their_twins_in_coco_agree() {
    let Some(folder) = shared_data("voc_gt_formats/gts") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("coco_format_v1/instances_default.json"));
    let twin: Value = serde_json::from_str(&text.expect("the twin")).expect("JSON");
    let name_of = |list_name: &str, id: &Value, key: &str| {
        let found = list(&twin[list_name]).iter().find(|row| row["id"] == *id);
        found.expect("a row")[key]
            .as_str()
            .expect("a name")
            .to_owned()
    };
    let mut table = "image,class,score,xmin,ymin,xmax,ymax\n".to_owned();
    for row in list(&twin["annotations"]) {
        let at = |i: usize| row["bbox"][i].as_f64().expect("a number");
        let image = name_of("images", &row["image_id"], "file_name");
        let class = name_of("categories", &row["category_id"], "name");
        let (x, y) = (at(0), at(1));
        let _ = writeln!(
            table,
            "{image},{class},0.5,{x},{y},{},{}",
            x + at(2),
            y + at(3)
        );
    }
    let made = tempfile::tempdir().expect("a folder");
    let found = write(made.path(), "twin.csv", &table);
    let labels = folder.join("pascalvoc_format");
    let labels = labels.to_str().expect("text");
    let document = scored(&["voc", labels, &found, "--by", "segmented"]);
    for name in ["AP_11point", "AP_all_points"] {
        near(&document["summary"][name], &json!(1.0), 1e-12);
    }
    assert_eq!(document["summary"]["AP_11point"]["n"], 100);
    // The devkit's own form, a file per class.
    let mut files: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let image = cells[0].trim_end_matches(".jpg");
        let text = files.entry(cells[1].to_owned()).or_default();
        let _ = writeln!(text, "{image} {}", cells[2..].join(" "));
    }
    for (class, text) in &files {
        write(
            made.path(),
            &format!("results/comp4_det_test_{class}.txt"),
            text,
        );
    }
    let results = made.path().join("results");
    let of_files = scored(&["voc", labels, results.to_str().expect("text")]);
    assert_eq!(of_files["summary"], document["summary"]);
    let wrong = write(
        made.path(),
        "wrong.csv",
        table.replace("2007_000027", "2007_x"),
    );
    let said = refused(&["voc", labels, &wrong]);
    assert!(said.contains("is in image `2007_x`"), "{said}");
}

/// A map of classes as a `NumPy` array of bytes.
fn npy(rows: &[Vec<u8>]) -> Vec<u8> {
    let (height, width) = (rows.len(), rows.first().map_or(0, Vec::len));
    let header =
        format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({height}, {width}), }}\n");
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend(u16::try_from(header.len()).expect("short").to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(rows.concat());
    out
}

#[test]
fn classes_of_pixels_have_their_known_scores() {
    let vector = vectors("H_miou_boundary.json");
    let digits = |key: &str| -> Vec<Vec<u8>> {
        let rows = list(&vector[key]).iter();
        rows.map(|row| {
            row.as_str()
                .expect("digits")
                .bytes()
                .map(|b| b - b'0')
                .collect()
        })
        .collect()
    };
    let mut label = digits("gt_rows");
    for (row, flags) in label.iter_mut().zip(digits("ignore_rows")) {
        for (class, flag) in row.iter_mut().zip(flags) {
            if flag == 1 {
                *class = 255;
            }
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "gt/a.npy", npy(&label));
    write(folder.path(), "pred/a.npy", npy(&digits("pred_rows")));
    let at = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let document = scored(&["miou", &at("gt"), &at("pred")]);
    for (ours, theirs) in [
        ("mIoU", "miou"),
        ("accuracy", "pixel_acc"),
        ("mean_class_accuracy", "mean_class_acc"),
        ("fwIoU", "fwiou"),
    ] {
        near(&document["summary"][ours], &vector[theirs], 1e-14);
    }
    for row in list(&vector["boundary"]) {
        if row["ratio"] == 0.02 {
            let class = row["class"].to_string();
            near(
                &document["per_class"][&class]["boundary_IoU"],
                &row["boundary_iou"],
                1e-14,
            );
        }
    }
    write(folder.path(), "pred/a.npy", npy(&[vec![0, 1]]));
    let said = refused(&["miou", &at("gt"), &at("pred")]);
    assert!(said.contains("predicted pixels"), "{said}");
}

/// An array of 64-bit floats as `NumPy` writes it.
fn npy_of_floats(rows: &[Vec<f64>]) -> Vec<u8> {
    let shape = format!("({}, {})", rows.len(), rows.first().map_or(0, Vec::len));
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend(u16::try_from(header.len()).expect("short").to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(rows.iter().flatten().flat_map(|value| value.to_le_bytes()));
    out
}

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
fn maps_of_classes_may_lie_in_folders_which_are_slices() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    write(
        folder.path(),
        "gt/rome/a.npy",
        npy(&[vec![0, 1], vec![1, 1]]),
    );
    write(
        folder.path(),
        "pred/rome/a.npy",
        npy(&[vec![0, 1], vec![1, 1]]),
    );
    write(
        folder.path(),
        "gt/oslo/a.npy",
        npy(&[vec![0, 1], vec![1, 1]]),
    );
    write(
        folder.path(),
        "pred/oslo/a.npy",
        npy(&[vec![1, 0], vec![0, 0]]),
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
