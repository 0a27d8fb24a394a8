//! Overlaps.

use super::{agree, run, vectors};
use serde_json::json;

#[test]
fn rotated_boxes_overlap_as_polygons_do() {
    for pair in vectors("A_rotated_iou_shapely.json")["pairs"]
        .as_array()
        .unwrap()
    {
        let found = run(
            "boxes.iou_rotated",
            &json!({"a": pair["a"], "b": pair["b"]}),
        );
        let expected = json!({"bev_iou": pair["bev_iou"], "iou3d": pair["iou3d"]});
        agree(&found, &expected, 1e-12);
    }
}
