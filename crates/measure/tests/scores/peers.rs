//! Small data sets scored by other programs; `make_detection.py` beside the vectors made them.

use super::{agree, run, vectors};

#[test]
fn every_case_scores_as_in_the_program_it_comes_from() {
    let vectors = vectors("detection_peers.json");
    let mut seen = Vec::new();
    for case in vectors["cases"].as_array().unwrap() {
        let function = case["fn"].as_str().unwrap();
        let measure = match function {
            "mask_iou" => "boxes.mask_iou".to_owned(),
            "panoptic" => "segmentation.panoptic".to_owned(),
            other => format!("detection.{other}"),
        };
        eprintln!("{function}");
        agree(&run(&measure, &case["in"]), &case["out"], 1e-12);
        seen.push(function);
    }
    seen.dedup();
    assert!(seen.len() > 5, "{seen:?}");
}
