//! COCO and LVIS.

use super::{agree, run, vectors};
use fieldassay_measure::detection::coco::{Dataset, Kind, Rules, evaluate};
use fieldassay_testkit::{expect_near, shared_data};
use serde_json::{Value, json};

/// The twelve numbers of a vector by the names of their lines.
fn lines(vector: &Value, stats: &str) -> Value {
    let names = vector["stat_names"].as_array().unwrap().iter();
    let stats = vector[stats].as_array().unwrap().iter().cloned();
    let pairs = names.map(|n| n.as_str().unwrap().to_owned()).zip(stats);
    Value::Object(pairs.collect())
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap().iter();
    list.flat_map(|x| x.as_f64().map_or_else(|| numbers(x), |x| vec![x]))
        .collect()
}

#[test]
fn boxes_score_as_in_pycocotools() {
    let vector = vectors("H_coco_bbox.json");
    let case = json!({"ground_truth": vector["gt"], "results": vector["dt"]});
    let found = run("detection.coco", &case);
    agree(&found["summary"], &lines(&vector, "stats_12"), 1e-15);
    let classes = numbers(&vector["precision_full_mean_per_class_AP"]);
    for (i, ap) in classes.iter().enumerate() {
        let found = found["per_class"][format!("c{}", i + 1)]["AP"]["estimate"].as_f64();
        expect_near(found.unwrap(), *ap, 1e-14);
    }
}

#[test]
fn curves_are_those_of_pycocotools() {
    let vector = vectors("H_coco_bbox.json");
    let truth = serde_json::from_value(vector["gt"].clone()).unwrap();
    let found: Vec<_> = serde_json::from_value(vector["dt"].clone()).unwrap();
    let rules = Rules::coco(Kind::Boxes);
    let dataset = Dataset::new(&truth, &found, &rules).unwrap();
    let scores = evaluate(&dataset, &rules).unwrap();
    let all = |category: usize| scores.curves[category].areas[0].as_ref().unwrap();
    let precision = &vector["precision_T0(.5)_R_every10_K_A0_M2"];
    for (r, row) in precision.as_array().unwrap().iter().enumerate() {
        for (k, expected) in numbers(row).into_iter().enumerate() {
            assert_eq!(all(k).precision[10 * r], expected);
        }
    }
    let recall = &vector["recall_T_K_A0_M2"];
    for (t, row) in recall.as_array().unwrap().iter().enumerate() {
        for (k, expected) in numbers(row).into_iter().enumerate() {
            assert_eq!(all(k).recall[20 + t], expected);
        }
    }
}

#[test]
fn id_zero_is_an_id_unless_parity_is_asked_for() {
    let vector = vectors("H_coco_bbox.json");
    let mut truth = vector["gt"].clone();
    for (i, annotation) in truth["annotations"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .enumerate()
    {
        annotation["id"] = i.into();
    }
    let mut case = json!({"ground_truth": truth, "results": vector["dt"]});
    let right = run("detection.coco", &case);
    agree(&right["summary"], &lines(&vector, "stats_12"), 1e-15);
    case["zero_is_no_hit"] = true.into();
    let parity = run("detection.coco", &case);
    let name = "stats_12_when_annotation_ids_start_at_0";
    agree(&parity["summary"], &lines(&vector, name), 1e-15);
}

/// Scores of the hundred images, and the twelve lines upstream states (first five digits and more where stated).
#[test]
fn a_hundred_real_images_score_as_stated() {
    for (kind, results, ap) in [
        (
            "bbox",
            "instances_val2014_fakebbox100_results.json",
            0.504_580_698_724_962_8,
        ),
        (
            "segm",
            "instances_val2014_fakesegm100_results.json",
            0.319_545_275_857_643_3,
        ),
    ] {
        let folder = "coco_val2014_100/dataset/cocoapi";
        let Some(folder) = shared_data(folder) else {
            return;
        };
        let read = |name: &str| -> Value {
            serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
        };
        let case = json!({
            "ground_truth": read("instances_val2014_100.json"),
            "results": read(results),
            "kind": kind,
        });
        let summary = &run("detection.coco", &case)["summary"];
        agree(summary, &json!({"AP": ap}), 1e-12);
        if kind == "bbox" {
            let stated = json!({
                "AP50": 0.696_972_724_729_957_7, "AP75": 0.572_981_666_990_482_4,
                "APs": 0.585_625_7, "APm": 0.519_399_7, "APl": 0.501_397_9,
                "AR1": 0.386_812_8, "AR10": 0.593_679_6, "AR100": 0.595_353_0,
            });
            agree(summary, &stated, 5e-8);
        }
    }
}
