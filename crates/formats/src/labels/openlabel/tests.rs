use super::super::content::Shape;
use super::*;

const TEXT: &str = r#"{"openlabel": {"metadata": {"schema_version": "1.0.0", "annotator": "Ann", "name": "scene"},
"streams": {"CAM": {"type": "camera", "uri": "a.mp4", "stream_properties": {"intrinsics_pinhole": {"width_px": 640, "height_px": 480}}}},
"coordinate_systems": {"body": {"type": "local_cs", "parent": "", "children": ["CAM"]},
 "CAM": {"type": "sensor_cs", "parent": "body", "pose_wrt_parent": {"euler_angles": [0.3, 0.2, 0.1], "translation": [1, 2, 3], "sequence": "ZYX"}},
 "BAD": {"type": "sensor_cs", "parent": "body", "pose_wrt_parent": {"matrix4x4": [2,0,0,0, 0,2,0,0, 0,0,2,0, 0,0,0,1]}}},
"objects": {"1": {"name": "car1", "type": "Car", "frame_intervals": [{"frame_start": 0, "frame_end": 1}], "object_data": {"text": [{"name": "color", "val": "red"}]}},
 "2": {"name": "", "type": "Sign", "frame_intervals": [{"frame_start": 0, "frame_end": 4}, {"frame_start": 8, "frame_end": 9}],
  "object_data": {"cuboid": [{"name": "c", "coordinate_system": "body", "val": [1, 2, 3, 0.1, 0.2, 0.3, 4, 5, 6]}, {"name": "n", "val": null}],
   "poly2d": [{"name": "p", "val": [1, 2, 3, 4], "mode": "MODE_POLY2D_RELATIVE", "closed": true}], "mesh": [{"name": "m", "val": "x"}]}},
 "3": {"name": "", "type": "Tree"}},
"actions": {"0": {"name": "", "type": "braking", "frame_intervals": [{"frame_start": 1, "frame_end": 1}]}},
"relations": {"0": {"name": "", "type": "causes", "rdf_subjects": [{"uid": "0", "type": "action"}], "rdf_objects": [{"uid": "1", "type": "object"}]}},
"tags": {"0": {"type": "roundabout", "tag_data": {"num": [{"val": 2}]}}},
"frames": {"1": {"frame_properties": {"timestamp": "2020-04-11 12:00:07", "streams": {"CAM": {"stream_properties": {"sync": {"frame_stream": 3, "timestamp": 1586606407000}}}},
   "transforms": {"t": {"src": "body", "dst": "map", "transform_src_to_dst": {"quaternion": [0, 0, 0, 2], "translation": [7, 8, 9]}}}},
  "objects": {"1": {"object_data": {"num": [{"name": "speed", "val": 3.5}]}}}, "relations": {"0": {}}},
 "0": {"objects": {"1": {"object_data": {"bbox": [{"name": "b", "coordinate_system": "CAM", "val": [10, 20, 4, 6], "attributes": {"boolean": [{"name": "sure", "val": true}]}},
   {"name": "neg", "val": [10, 20, -4, 6]}], "num": [{"name": "speed", "val": 3}]}}}, "relations": {"0": {}}}}}}"#;

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn elements_become_labels_at_their_frames() {
    let found = content("s.json", TEXT.as_bytes()).unwrap();
    assert_eq!(found.items[0].name, "scene");
    let seen: Vec<(&str, &str, &str, Option<[i64; 2]>)> = found
        .labels
        .iter()
        .map(|one| {
            (
                one.kind.name(),
                one.category.as_str(),
                one.shape.name(),
                one.steps,
            )
        })
        .collect();
    let expected = [
        ("object", "Car", "box", Some([0, 0])),
        ("object", "Car", "none", Some([1, 1])),
        ("object", "Sign", "box3", Some([0, 4])),
        ("object", "Sign", "polygon", Some([0, 4])),
        ("object", "Sign", "box3", Some([8, 9])),
        ("object", "Sign", "polygon", Some([8, 9])),
        ("object", "Tree", "none", None),
        ("action", "braking", "none", Some([1, 1])),
        ("tag", "roundabout", "none", None),
    ];
    assert_eq!(seen, expected);
    let car = &found.labels[0];
    assert_eq!(car.shape, Shape::upright([8.0, 17.0, 12.0, 23.0]));
    assert_eq!(
        (car.frame.as_str(), car.track.as_deref()),
        ("CAM", Some("1"))
    );
    assert_eq!(car.annotator.as_deref(), Some("Ann"));
    for said in [
        pair("name", "car1"),
        pair("color", "red"),
        pair("speed", "3"),
        pair("sure", "true"),
    ] {
        assert!(car.attributes.contains(&said), "{said:?}");
    }
    assert_eq!(
        found.labels[3].shape,
        Shape::Polygon(vec![[1.0, 2.0], [4.0, 6.0]])
    );
    assert_eq!(found.labels[8].attributes, [pair("num", "2")]);
    let relation = &found.relations[0];
    assert_eq!(relation.steps, Some([0, 1]));
    assert_eq!(relation.subjects, [(Kind::Action, "0".to_owned())]);
    for left_out in [
        "boxes of a size below 0",
        "cuboids without values",
        "`mesh`",
        "transforms that are no rotation",
    ] {
        assert_eq!(found.left_out[left_out], 1, "{left_out}");
    }
    assert!(found.fields.contains(&pair("stream/CAM/width_px", "640")));
}

#[test]
fn frames_have_times_and_poses() {
    let found = content("s.json", TEXT.as_bytes()).unwrap();
    let noon = 1_586_606_407_000_000_000;
    let steps: Vec<(i64, &str, Option<i64>, Option<i64>)> = found
        .steps
        .iter()
        .map(|one| {
            (
                one.number,
                one.stream.as_str(),
                one.stream_number,
                one.time_ns,
            )
        })
        .collect();
    let expected = [
        (0, "", None, None),
        (1, "", None, Some(noon)),
        (1, "CAM", Some(3), Some(noon)),
    ];
    assert_eq!(steps, expected);
    let moved = &found.poses[1];
    assert_eq!((moved.step, moved.pose.parent.as_ref()), (Some(1), "map"));
    assert_eq!(moved.pose.quat_xyzw, [0.0, 0.0, 0.0, 1.0]);
    for (value, expected) in [
        (serde_json::json!(1_586_606_407.5), Some(noon + 500_000_000)),
        (serde_json::json!(1_586_606_407_000_000_i64), Some(noon)),
        (serde_json::json!(noon), Some(noon)),
        (serde_json::json!(17), None),
        (serde_json::json!("2020-04-11T12:00:07Z"), Some(noon)),
        (serde_json::json!("frame 17"), None),
    ] {
        assert_eq!(time_ns(&value), expected, "{value}");
    }
}

/// Rows of the rotation matrix of a quaternion x y z w.
fn rows([x, y, z, w]: [f64; 4]) -> [[f64; 3]; 3] {
    [
        [
            1.0 - 2.0 * (y * y + z * z),
            2.0 * (x * y - z * w),
            2.0 * (x * z + y * w),
        ],
        [
            2.0 * (x * y + z * w),
            1.0 - 2.0 * (x * x + z * z),
            2.0 * (y * z - x * w),
        ],
        [
            2.0 * (x * z - y * w),
            2.0 * (y * z + x * w),
            1.0 - 2.0 * (x * x + y * y),
        ],
    ]
}

/// Matrices of `vcd.utils.euler2R([0.3, 0.2, 0.1])` and the same with `EulerSeq.XYZ`, vcd 6.0.3; its cuboids of 9 values
/// turn by the first for the angles 0.1, 0.2, 0.3.
#[test]
fn angles_turn_as_in_vcd() {
    let zyx = [
        [0.9362933635841992, -0.2750958473182437, 0.21835066314633442],
        [
            0.28962947762551555,
            0.9564250858492325,
            -0.036957013524625076,
        ],
        [-0.19866933079506122, 0.09784339500725571, 0.975170327201816],
    ];
    let xyz = [
        [0.975170327201816, -0.09784339500725571, 0.19866933079506122],
        [0.1537919979889642, 0.9447024859948943, -0.28962947762551555],
        [-0.1593450793079779, 0.31299182578546797, 0.9362933635841992],
    ];
    let near = |quat: [f64; 4], expected: [[f64; 3]; 3]| {
        for (found, expected) in rows(quat).iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
    };
    let found = content("s.json", TEXT.as_bytes()).unwrap();
    near(found.poses[0].pose.quat_xyzw, zyx);
    let Shape::Box3 { quat_xyzw, .. } = found.labels[2].shape else {
        panic!("a box in space")
    };
    near(quat_xyzw, zyx);
    let other = TEXT.replace("\"ZYX\"", "\"XYZ\"");
    let found = content("s.json", other.as_bytes()).unwrap();
    near(found.poses[0].pose.quat_xyzw, xyz);
}

/// Codes and points of `vcd.poly2d` 6.0.3 (`compute_…`, `extract_…2points`).
#[test]
fn chain_codes_become_the_points_vcd_gives() {
    let rest: &[[f64; 2]] = &[
        [100.0, 50.0],
        [100.0, 30.0],
        [99.0, 30.0],
        [60.0, 30.0],
        [61.0, 31.0],
        [120.0, 90.0],
    ];
    let first: &[[f64; 2]] = &[
        [5.0, 5.0],
        [6.0, 5.0],
        [10.0, 5.0],
        [11.0, 6.0],
        [11.0, 7.0],
        [11.0, 8.0],
        [10.0, 9.0],
        [9.0, 10.0],
        [8.0, 10.0],
        [5.0, 10.0],
        [4.0, 9.0],
        [3.0, 8.0],
        [3.0, 7.0],
        [3.0, 6.0],
        [4.0, 5.0],
    ];
    for (mode, val, expected) in [
        ("SRF6DCC", r#"["5", "5", "1", "mBIIOIII"]"#, first),
        ("RS6FCC", r#"["5", "5", "4", "3", "1", "nBIIIAIII"]"#, first),
        ("SRF6DCC", r#"["100", "50", "0", "vwE/21P/22A"]"#, rest),
        ("RS6FCC", r#"["100", "50", "20", "39", "0", "unp+"]"#, rest),
    ] {
        let text = TEXT.replace("[1, 2, 3, 4]", val).replace("RELATIVE", mode);
        let found = content("s.json", text.as_bytes()).unwrap();
        assert_eq!(
            found.labels[3].shape,
            Shape::Polygon(expected.to_vec()),
            "{mode}"
        );
    }
    let other = TEXT.replace("POLY2D_RELATIVE", "OTHER");
    let found = content("s.json", other.as_bytes()).unwrap();
    assert_eq!(found.left_out["`poly2d` of mode `MODE_OTHER`"], 1);
}

#[test]
fn wrong_shapes_are_named() {
    for (from, to, said) in [
        (
            "[10, 20, 4, 6]",
            "[10, 20, 4]",
            "`s.json, object 1, frame 0`: `val` of a `bbox` has `3` numbers",
        ),
        (
            "4, 5, 6]",
            "4, 5]",
            "`s.json, object 2`: `val` of a cuboid has `8` numbers",
        ),
        ("[1, 2, 3, 4]", "[1, 2, 3]", "`val` of a `poly2d` has `3`"),
        (
            "\"frame_end\": 4",
            "\"frame_end\": -4",
            "frames `0` to `-4` are none",
        ),
        (
            "\"type\": \"action\"",
            "\"type\": \"thing\"",
            "`thing` is no type of element",
        ),
        (
            "\"frames\": {\"1\"",
            "\"frames\": {\"one\"",
            "`frame` is `one`",
        ),
        (
            "\"sequence\": \"ZYX\"",
            "\"sequence\": \"ZYW\"",
            "pose of CAM in body`: its rotation is none",
        ),
        ("openlabel", "vcd", "missing field `openlabel`"),
    ] {
        let error = content("s.json", TEXT.replacen(from, to, 1).as_bytes());
        let error = error.unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert!(error.contains("hint: "), "{error}");
    }
}
