//! `score` on whole files: the vectors of other programs written in the forms of each benchmark, real data with known
//! answers, and bad input.
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

mod forms;

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/verb.rs"]
mod verb;

use common::Run;
use fieldassay_testkit::arrays::npy_of_bytes;
use fieldassay_testkit::{expect_near, repository_root, shared_data};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

fn run(arguments: &[&str]) -> Run {
    verb::run(&[&["score"], arguments].concat())
}

/// The document of a run that must succeed.
fn scored(arguments: &[&str]) -> Value {
    verb::document(&[&["score"], arguments].concat())
}

/// What a run that must fail says.
fn refused(arguments: &[&str]) -> String {
    verb::refused(&[&["score"], arguments].concat())
}

fn vectors(name: &str) -> Value {
    let path = repository_root().join("conformance/annotation").join(name);
    let text = std::fs::read_to_string(path).expect("the file of vectors");
    serde_json::from_str(&text).expect("JSON")
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(&path, content).expect("written");
    path.to_str().expect("text").to_owned()
}

fn near(found: &Value, expected: &Value, tolerance: f64) {
    let found = found["estimate"].as_f64().expect("a number");
    expect_near(found, expected.as_f64().expect("a number"), tolerance);
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

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

/// Frames of the tracking vector as `MOTChallenge` text.
fn mot_text(vector: &Value, side: &str) -> String {
    let mut out = String::new();
    for (frame, boxes) in list(&vector["frames"]).iter().enumerate() {
        for row in list(&boxes[side]) {
            let xywh = list(&row[1])
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>()
                .join(",");
            let _ = writeln!(out, "{},{},{xywh},1,-1,-1,-1", frame + 1, row[0]);
        }
    }
    out
}

#[test]
fn tracks_have_the_scores_of_trackeval_in_every_form() {
    let vector = vectors("H_tracking.json");
    let folder = tempfile::tempdir().expect("a folder");
    let (labels, tracks) = (mot_text(&vector, "gt"), mot_text(&vector, "tr"));
    let files = [
        write(folder.path(), "gt.txt", &labels),
        write(folder.path(), "tracks.txt", &tracks),
    ];
    let document = scored(&["mot", &files[0], &files[1]]);
    let summary = &document["summary"];
    near(&summary["mota"], &vector["CLEAR"]["MOTA"], 1e-12);
    near(&summary["motp"], &vector["CLEAR"]["MOTP"], 1e-12);
    near(
        &summary["motp_distance"],
        &vector["motmetrics_iou>=0.5"]["motp"],
        1e-12,
    );
    near(&summary["switches"], &vector["CLEAR"]["IDSW"], 0.0);
    near(&summary["fragmentations"], &vector["CLEAR"]["Frag"], 0.0);
    for (ours, theirs) in [("idf1", "IDF1"), ("idp", "IDP"), ("idr", "IDR")] {
        near(&summary[ours], &vector["Identity"][theirs], 1e-12);
    }
    let hota = list(&vector["HOTA"]["HOTA"]);
    let mean = hota.iter().filter_map(Value::as_f64).sum::<f64>() / hota.len() as f64;
    near(&summary["hota"], &json!(mean), 1e-12);
    // Folders, and tables with a column of sequences.
    write(folder.path(), "labels/A/gt/gt.txt", &labels);
    write(folder.path(), "labels/B/gt/gt.txt", &labels);
    write(folder.path(), "tracks/A.txt", &tracks);
    write(folder.path(), "tracks/data/B.txt", &tracks);
    let at = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let both = scored(&["mot", &at("labels"), &at("tracks"), "--by", "sequence"]);
    near(&both["summary"]["mota"], &vector["CLEAR"]["MOTA"], 1e-12);
    assert_eq!(both["summary"]["mota"]["n"], 2);
    assert_eq!(both["slices"]["values"][1]["value"], "B");
    near(
        &both["per_sequence"]["A"]["idf1"],
        &vector["Identity"]["IDF1"],
        1e-12,
    );
    let table = |text: &str| {
        let rows = text
            .lines()
            .map(|line| format!("S,{}\n", line.trim_end_matches(",-1,-1,-1")));
        let rows: String = rows.collect();
        format!("sequence,frame,id,left,top,width,height,confidence\n{rows}")
    };
    let tables = [
        write(folder.path(), "gt.csv", table(&labels)),
        write(folder.path(), "tr.csv", table(&tracks)),
    ];
    let of_tables = scored(&["mot", &tables[0], &tables[1]]);
    assert_eq!(of_tables["summary"], document["summary"]);
    let said = refused(&["mot", &at("labels"), &at("labels/A/gt")]);
    assert!(said.contains("no tracks of sequence `A`"), "{said}");
    let twice = write(folder.path(), "twice.txt", "1,1,1,1,1,1\n1,1,2,2,1,1\n");
    let said = refused(&["mot", &files[0], &twice]);
    assert!(
        said.contains("line `2`: id `1` is twice in frame `1`"),
        "{said}"
    );
}

#[test]
fn tud_campus_has_its_known_scores() {
    let Some(folder) = shared_data("mot_tud_campus/TUD-Campus") else {
        return;
    };
    let file = |name: &str| folder.join(name).to_str().expect("text").to_owned();
    let document = scored(&["mot", &file("gt.txt"), &file("test.txt")]);
    for (name, value, tolerance) in [
        ("mota", 0.526, 5e-4),
        ("idf1", 0.558, 5e-4),
        ("idp", 0.730, 5e-4),
        ("idr", 0.451, 5e-4),
        ("recall", 0.582, 5e-4),
        ("precision", 0.941, 5e-4),
        ("motp_distance", 0.277, 5e-4),
        ("hota", 0.391397, 1e-6),
        ("deta", 0.418047, 1e-6),
        ("assa", 0.369121, 1e-6),
        ("switches", 7.0, 0.0),
        ("fragmentations", 7.0, 0.0),
        ("objects", 8.0, 0.0),
        ("false_positives", 13.0, 0.0),
        ("misses", 150.0, 0.0),
    ] {
        let found = document["summary"][name]["estimate"]
            .as_f64()
            .expect("a number");
        assert!(
            (found - value).abs() <= tolerance,
            "{name}: {found}, known {value}"
        );
    }
}

#[test]
fn kitti_folders_have_the_scores_of_the_devkit() {
    let vector = vectors("H_kitti.json");
    let folder = tempfile::tempdir().expect("a folder");
    for (side, name) in [("gt", "label_2"), ("dt", "results")] {
        for (image, rows) in list(&vector[side]).iter().enumerate() {
            let mut text = String::new();
            for i in 0..list(&rows["name"]).len() {
                let joined = |values: &Value| {
                    list(values)
                        .iter()
                        .map(Value::to_string)
                        .collect::<Vec<_>>()
                        .join(" ")
                };
                let dimensions = &rows["dimensions"][i];
                let _ = write!(
                    text,
                    "{} {} {} {} {} {} {} {} {} {}",
                    rows["name"][i].as_str().expect("a name"),
                    rows["truncated"][i],
                    rows["occluded"][i],
                    rows["alpha"][i],
                    joined(&rows["bbox"][i]),
                    dimensions[1],
                    dimensions[2],
                    dimensions[0],
                    joined(&rows["location"][i]),
                    rows["rotation_y"][i],
                );
                if side == "dt" {
                    let _ = write!(text, " {}", rows["score"][i]);
                }
                text.push('\n');
            }
            write(folder.path(), &format!("{name}/{image:06}.txt"), text);
        }
    }
    let at = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let document = scored(&["kitti", &at("label_2"), &at("results")]);
    for (class, name) in list(&vector["classes"]).iter().enumerate() {
        for (difficulty, level) in list(&vector["difficulty"]).iter().enumerate() {
            let of = &document["per_class"][name.as_str().expect("a name")]
                [level.as_str().expect("a name")];
            for view in ["bbox", "bev", "3d", "aos"] {
                for points in ["AP_R11", "AP_R40"] {
                    let expected = &vector["results"][view][points][class][difficulty];
                    // No cyclist is easy: undefined here, 0 in the program the vector is from.
                    if (name, level) == (&json!("Cyclist"), &json!("easy")) {
                        assert_eq!(*expected, json!(0.0));
                        assert_eq!(of[view][points]["estimate"], Value::Null);
                        continue;
                    }
                    near(&of[view][points], expected, 1e-10);
                }
            }
        }
    }
    let text = run(&["kitti", &at("label_2"), &at("results")]).stdout;
    assert!(
        text.starts_with("Car AP_R11 (easy, moderate, hard):\nbbox AP: 2.2727, 22.3776, 45.9596\n"),
        "{text}"
    );
    write(folder.path(), "results/000000.txt", "Car 0 0\n");
    let said = refused(&["kitti", &at("label_2"), &at("results")]);
    assert!(
        said.contains("000000.txt` line `1`: `3` columns where `15` belong"),
        "{said}"
    );
}

#[test]
fn a_submission_of_nuscenes_has_the_scores_of_the_devkit() {
    let vector = vectors("H_nuscenes_detection.json");
    let folder = tempfile::tempdir().expect("a folder");
    let boxes = |rows: &Value| {
        let mut samples: serde_json::Map<String, Value> = serde_json::Map::new();
        for row in list(rows) {
            let token = row[0].as_str().expect("a token");
            let yaw = row[4].as_f64().expect("a number");
            let mut given = json!({
                "sample_token": token, "detection_name": row[1], "translation": row[2],
                "size": row[3], "rotation": [(yaw / 2.0).cos(), 0.0, 0.0, (yaw / 2.0).sin()],
                "velocity": row[5], "attribute_name": row[6],
            });
            if let Some(score) = row.get(7) {
                given["detection_score"] = score.clone();
            }
            let list = samples.entry(token).or_insert_with(|| json!([]));
            list.as_array_mut().expect("a list").push(given);
        }
        json!({"meta": {}, "results": samples}).to_string()
    };
    let key = |start: &str| {
        let keys = vector.as_object().expect("an object").keys();
        keys.into_iter()
            .find(|key| key.starts_with(start))
            .expect("a key")
            .clone()
    };
    let labels = write(folder.path(), "gt.json", boxes(&vector[&key("gt_")]));
    let found = write(folder.path(), "pred.json", boxes(&vector[&key("pred_")]));
    let document = scored(&["nuscenes", &labels, &found]);
    let metrics = &vector["metrics"];
    near(&document["summary"]["mAP"], &metrics["mean_ap"], 1e-10);
    near(&document["summary"]["NDS"], &metrics["nd_score"], 1e-10);
    for (ours, theirs) in [
        ("ATE", "trans_err"),
        ("ASE", "scale_err"),
        ("AOE", "orient_err"),
        ("AVE", "vel_err"),
        ("AAE", "attr_err"),
    ] {
        near(
            &document["summary"][format!("m{ours}")],
            &metrics["tp_errors"][theirs],
            1e-10,
        );
        near(
            &document["per_class"]["car"][ours],
            &metrics["label_tp_errors"]["car"][theirs],
            1e-10,
        );
    }
    near(
        &document["per_class"]["barrier"]["AP"],
        &metrics["mean_dist_aps"]["barrier"],
        1e-10,
    );
    let text = std::fs::read_to_string(&found)
        .expect("the file")
        .replace("\"car\"", "\"tram\"");
    let wrong = write(folder.path(), "wrong.json", text);
    let said = refused(&["nuscenes", &labels, &wrong]);
    assert!(said.contains("is of `tram`"), "{said}");
}

#[test]
fn tables_of_nuscenes_become_labels() {
    let Some(tables) = shared_data("lyft_tables/v1.01-train") else {
        return;
    };
    let text = std::fs::read_to_string(tables.join("v1.01-train/sample_annotation.json"));
    let rows: Value = serde_json::from_str(&text.expect("the table")).expect("JSON");
    let sample = rows[0]["sample_token"].as_str().expect("a token");
    let boxes: Vec<Value> = list(&rows)
        .iter()
        .map(|row| {
            json!({"sample_token": sample, "translation": row["translation"], "size": row["size"],
                "rotation": row["rotation"], "velocity": null, "detection_name": "car",
                "detection_score": 0.5, "attribute_name": ""})
        })
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let text = json!({"meta": {}, "results": {sample: boxes}}).to_string();
    let found = write(folder.path(), "self.json", text);
    let tables = tables.to_str().expect("text");
    let document = scored(&["nuscenes", tables, &found, "--by", "location"]);
    let car = &document["per_class"]["car"];
    assert!(car["labels"]["estimate"].as_f64() > Some(0.0), "{document}");
    near(&car["ATE"], &json!(0.0), 1e-9);
    assert_eq!(document["slices"]["values"][0]["value"], "Palo Alto");
}

#[test]
fn argoverse_tables_have_the_scores_stated_upstream() {
    let Some(folder) = shared_data("av2_detection_eval/data") else {
        return;
    };
    let file = |name: &str| folder.join(name).to_str().expect("text").to_owned();
    let labels = file("labels.feather");
    let document = scored(&["av2", &labels, &file("detections_identity.feather")]);
    for (name, value) in [
        ("AP", 1.0),
        ("ATE", 0.0),
        ("ASE", 0.0),
        ("AOE", 0.0),
        ("CDS", 1.0),
    ] {
        near(&document["summary"][name], &json!(value), 1e-9);
    }
    let document = scored(&["av2", &labels, &file("detections_assignment.feather")]);
    near(&document["summary"]["AP"], &json!(0.999), 1e-3);
    let document = scored(&["av2", &labels, &file("detections.feather")]);
    for (name, value) in [("ATE", 0.017), ("ASE", 0.033), ("AOE", 0.524)] {
        let found = document["summary"][name]["estimate"]
            .as_f64()
            .expect("a number");
        assert!(
            (found - value).abs() <= 5e-4,
            "{name}: {found}, stated {value}"
        );
    }
    // The labels have scores too, so a table without must be made.
    let made = tempfile::tempdir().expect("a folder");
    let without = write(
        made.path(),
        "without.csv",
        "log_id,timestamp_ns,category,tx_m,ty_m,tz_m,length_m,width_m,height_m,qw,qx,qy,qz\n\
         0,0,BUS,0,0,0,1,1,1,1,0,0,0\n",
    );
    let said = refused(&["av2", &labels, &without]);
    assert!(said.contains("no column `score`"), "{said}");
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
    write(folder.path(), "gt/a.npy", npy_of_bytes(&label));
    write(
        folder.path(),
        "pred/a.npy",
        npy_of_bytes(&digits("pred_rows")),
    );
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
    write(folder.path(), "pred/a.npy", npy_of_bytes(&[vec![0, 1]]));
    let said = refused(&["miou", &at("gt"), &at("pred")]);
    assert!(said.contains("predicted pixels"), "{said}");
}
