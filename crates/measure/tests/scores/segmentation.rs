//! Classes of pixels.

use super::{agree, run, vectors};
use fieldassay_testkit::expect_near;
use serde_json::{Value, json};

/// Rows of digits as numbers, with `255` where `ignored` has a 1.
fn rows(digits: &Value, ignored: Option<&Value>) -> Vec<Vec<u32>> {
    let lines = |value: &Value| -> Vec<Vec<u32>> {
        let of = |line: &Value| {
            line.as_str()
                .unwrap()
                .chars()
                .map(|c| c.to_digit(10).unwrap())
                .collect()
        };
        value.as_array().unwrap().iter().map(of).collect()
    };
    let mut out = lines(digits);
    if let Some(ignored) = ignored {
        for (row, flags) in out.iter_mut().zip(lines(ignored)) {
            for (class, flag) in row.iter_mut().zip(flags) {
                if flag == 1 {
                    *class = 255;
                }
            }
        }
    }
    out
}

#[test]
fn classes_and_outlines_agree() {
    let vector = vectors("H_miou_boundary.json");
    let ignored = &vector["ignore_rows"];
    let mut case = json!({
        "classes": 4,
        "ignored": 255,
        "images": [{
            "label": rows(&vector["gt_rows"], Some(ignored)),
            "predicted": rows(&vector["pred_rows"], None),
        }],
    });
    let found = run("segmentation.miou", &case);
    let expected = json!({
        "confusion": vector["confusion_gt_rows"],
        "iou": vector["iou"],
        "summary": {
            "mIoU": vector["miou"], "accuracy": vector["pixel_acc"],
            "mean_class_accuracy": vector["mean_class_acc"], "fwIoU": vector["fwiou"],
        },
    });
    agree(&found, &expected, 1e-14);
    for boundary in vector["boundary"].as_array().unwrap() {
        case["boundary_ratio"] = boundary["ratio"].clone();
        let found = run("segmentation.miou", &case);
        let class = usize::try_from(boundary["class"].as_u64().unwrap()).unwrap();
        let iou = found["boundary_iou"][class].as_f64().unwrap();
        expect_near(iou, boundary["boundary_iou"].as_f64().unwrap(), 1e-14);
        assert_eq!(
            found["label_boundary_pixels"][class],
            boundary["n_gt_boundary_px"]
        );
    }
}
