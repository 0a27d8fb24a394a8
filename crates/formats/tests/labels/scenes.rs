//! Scenes with time and space against the counts and sums of other programs.

use fieldassay_formats::labels::content::{Content, Shape};
use fieldassay_formats::labels::{
    LabelError, av2, coco, commonroad, kitti, nuscenes_tables, openlabel,
};
use fieldassay_formats::table;
use fieldassay_testkit::{expect_near, shared_data};
use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a file")
}

/// Center, heading and size of the boxes in space.
fn boxes(content: &Content) -> Vec<([f64; 3], f64, [f64; 3])> {
    let of = |shape: &Shape| match shape {
        Shape::Box3 {
            center_meters,
            quat_xyzw,
            size_meters,
        } => {
            let [x, y, z, w] = *quat_xyzw;
            let yaw = (2.0 * (w * z + x * y)).atan2(w * w + x * x - y * y - z * z);
            Some((*center_meters, yaw, *size_meters))
        }
        _ => None,
    };
    content
        .labels
        .iter()
        .filter_map(|label| of(&label.shape))
        .collect()
}

fn tracks(content: &Content) -> BTreeSet<&str> {
    let tracks = content.labels.iter();
    tracks.filter_map(|label| label.track.as_deref()).collect()
}

struct Scenario {
    name: &'static str,
    dynamic: usize,
    lanelets: &'static str,
    step_secs: f64,
    /// States, and the sums of their x, y, sine and cosine of the orientation, length and width.
    states: usize,
    sums: [f64; 6],
    /// Steps that occur.
    steps: usize,
}

/// Counts and sums of commonroad-io 2026.1 (`CommonRoadFileReader`).
#[test]
fn commonroad_scenarios_are_what_commonroad_io_reads() {
    let scenarios = [
        Scenario {
            name: "USA_US101-4_1_T-1",
            dynamic: 22,
            lanelets: "12",
            step_secs: 0.1,
            states: 1271,
            sums: [
                16217.70020000003,
                -22433.886600000067,
                -854.1274397742972,
                940.490137042257,
                6727.850399999937,
                2639.208300000029,
            ],
            steps: 101,
        },
        Scenario {
            name: "DEU_A9-3_1_T-1",
            dynamic: 9,
            lanelets: "32",
            step_secs: 0.2,
            states: 238,
            sums: [
                104497.74056130953,
                -1396284.7215433035,
                6.7192173568827,
                237.89993884549506,
                1068.7765999999972,
                458.6931000000015,
            ],
            steps: 31,
        },
        Scenario {
            name: "FRA_Anglet-1_1_T-1",
            dynamic: 8,
            lanelets: "20",
            step_secs: 0.1,
            states: 272,
            sums: [
                105062.00524000004,
                214446.17464000007,
                69.90305051643908,
                -6.230934803916395,
                1360.0,
                486.7057624402202,
            ],
            steps: 34,
        },
        Scenario {
            name: "DEU_Starnberg-1_1_T-1",
            dynamic: 0,
            lanelets: "91",
            step_secs: 0.1,
            states: 0,
            sums: [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            steps: 0,
        },
    ];
    for scenario in scenarios {
        let Some(path) = shared_data(&format!("commonroad_dev/{}.xml", scenario.name)) else {
            return;
        };
        let found = commonroad::content("s.xml", &read(&path)).expect("a scenario");
        assert_eq!(found.items[0].name, scenario.name);
        assert_eq!(tracks(&found).len(), scenario.dynamic, "{}", scenario.name);
        let lanelets = ("lanelets".to_owned(), scenario.lanelets.to_owned());
        assert!(found.items[0].fields.contains(&lanelets));
        let boxes = boxes(&found);
        assert_eq!(
            (boxes.len(), found.steps.len()),
            (scenario.states, scenario.steps)
        );
        let mut sums = [0.0; 6];
        for (center, yaw, size) in boxes {
            for (sum, value) in
                sums.iter_mut()
                    .zip([center[0], center[1], yaw.sin(), yaw.cos(), size[0], size[1]])
            {
                *sum += value;
            }
        }
        for (sum, expected) in sums.into_iter().zip(scenario.sums) {
            expect_near(sum, expected, 1e-9);
        }
        for step in &found.steps {
            let secs = step.time_ns.expect("a time") as f64 * 1e-9;
            expect_near(secs, step.number as f64 * scenario.step_secs, 1e-9);
        }
    }
}

/// Objects and frames: the README of the shared data; boxes and the sum of x counted with Python's json.
#[test]
fn kitti_tracking_in_openlabel_has_its_objects_and_frames() {
    for (name, objects, frames, flat, spatial, unknown, sum_x) in [
        ("0003", 11, 144, 1_249, 388, 144, -4_221.530_000_000_001),
        ("0017", 13, 145, 2_382, 883, 145, -401.190_000_000_000_9),
    ] {
        let Some(path) = shared_data(&format!(
            "openlabel_dev/openlabel100_kitti_tracking_{name}.json"
        )) else {
            return;
        };
        let found = openlabel::content("k.json", &read(&path)).expect("OpenLABEL");
        assert_eq!((tracks(&found).len(), found.steps.len()), (objects, frames));
        let is_flat = |shape: &Shape| matches!(shape, Shape::Box2 { .. });
        let count = found
            .labels
            .iter()
            .filter(|label| is_flat(&label.shape))
            .count();
        assert_eq!(count, flat);
        let boxes = boxes(&found);
        // The vehicle itself is a box that is said once.
        assert_eq!(boxes.len(), spatial + 1);
        assert_eq!(found.left_out["boxes of a size below 0"], unknown);
        let sum: f64 = boxes.iter().map(|(center, ..)| center[0]).sum();
        expect_near(sum, sum_x + 1.35, 1e-9);
        let moving = found.poses.iter().filter(|pose| pose.step.is_some());
        assert_eq!(moving.count(), frames);
        let first = found.poses.iter().find(|one| one.pose.child == "CAM_LEFT");
        assert_eq!(first.expect("a camera").pose.parent, "VELO_TOP");
        let one = found.labels.iter().find(|label| label.frame == "CAM_RIGHT");
        let said = &one.expect("a box of the right camera").attributes;
        assert!(said.iter().any(|(name, _)| name == "truncated"));
    }
}

/// Every file the schema 1.0.0 calls valid (all of them, by jsonschema 4.26.0) is read.
#[test]
fn every_valid_openlabel_file_is_read() {
    let Some(folder) = shared_data("openlabel_dev/tests/etc") else {
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let found = openlabel::content("o.json", &read(&path));
        let found = found.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_name().expect("a name").to_string_lossy();
        if name.contains("contours") || name.contains("polygon2D") {
            let is_line = |shape: &Shape| matches!(shape, Shape::Polygon(_) | Shape::Polyline(_));
            assert!(
                found.labels.iter().any(|label| is_line(&label.shape)),
                "{name}"
            );
            assert!(found.left_out.is_empty(), "{name}: {:?}", found.left_out);
        }
        count += 1;
    }
    assert_eq!(count, 50);
}

#[test]
fn lyft_tables_give_boxes_tracks_and_poses() {
    let Some(folder) = shared_data("lyft_tables/v1.01-train/v1.01-train") else {
        return;
    };
    let found = nuscenes_tables::content(|name| Ok::<_, LabelError>(read(&folder.join(name))));
    let found = found.expect("tables");
    assert_eq!((found.items.len(), found.labels.len()), (1, 4));
    assert_eq!(found.items[0].time_ns, Some(1_556_675_185_903_083_250));
    assert_eq!(tracks(&found).len(), 4);
    let first = &boxes(&found)[0];
    assert_eq!(
        first.0,
        [429.0921186021758, 2702.055704889004, -17.146943716495205]
    );
    assert_eq!(first.2, [4.495, 2.046, 1.849]);
    assert!(found.labels.iter().all(|label| !label.category.is_empty()));
    assert_eq!(
        found
            .poses
            .iter()
            .filter(|pose| pose.time_ns.is_none())
            .count(),
        10
    );
    assert!(
        found
            .poses
            .iter()
            .any(|pose| pose.pose.child == "map" || pose.pose.parent == "map")
    );
}

/// Counts: the README of the shared data (pyarrow).
#[test]
fn argoverse_annotations_have_tracks_and_poses() {
    let log = "av2_sensor_7fab2350/sensor/val/7fab2350-7eaf-3b7e-a39d-6937a4c1bede";
    let Some(folder) = shared_data(log) else {
        return;
    };
    let table = |name: &str| table::read(name, &read(&folder.join(name))).expect("a table");
    let found = av2::content(&table("annotations.feather"), false).expect("annotations");
    assert_eq!((found.labels.len(), found.items.len()), (11_364, 156));
    assert_eq!(tracks(&found).len(), 114);
    let poses = av2::poses(&table("city_SE3_egovehicle.feather")).expect("poses");
    assert_eq!(poses.len(), 2_706);
    let times = poses.iter().filter_map(|pose| pose.time_ns);
    let (first, last) = (times.clone().min().expect("one"), times.max().expect("one"));
    expect_near((last - first) as f64 * 1e-9, 15.950, 1e-3);
}

/// Counted with Python's json.
#[test]
fn coco_annotations_have_polygons() {
    let path = "coco_val2014_100/dataset/cocoapi/instances_val2014_100.json";
    let Some(path) = shared_data(path) else {
        return;
    };
    let found = coco::content("i.json", &read(&path)).expect("COCO");
    let count = |name: &str| {
        found
            .labels
            .iter()
            .filter(|label| label.shape.name() == name)
            .count()
    };
    assert_eq!(
        (found.items.len(), count("box"), count("polygon")),
        (100, 839, 939)
    );
    assert_eq!(count("mask"), 9);
}

/// Boxes of a made file in camera axes: what the folder reader of the same layout sends as messages is tested there.
#[test]
fn kitti_labels_have_boxes_in_camera_axes() {
    let text = "Car 0.00 1 1.55 614.24 181.78 727.31 284.77 1.57 1.73 4.15 1.00 1.75 13.22 1.62\n";
    let found = kitti::content("000001.txt", text.as_bytes(), "000001.png", false).expect("KITTI");
    let (center, _, size) = boxes(&found)[0];
    assert_eq!(
        (center, size),
        ([1.0, 1.75 - 0.785, 13.22], [4.15, 1.73, 1.57])
    );
}
