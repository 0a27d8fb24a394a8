//! nuScenes (and Lyft) tables, and Argoverse 2 sensor logs.

use crate::support::{Content, Disk, memory, read};
use fieldassay_formats::folder::{Files, Part, detect, open};
use fieldassay_formats::sensor::Sample;
use fieldassay_formats::sensor::cloud::CloudView;
use fieldassay_formats::{Format, Limits};
use fieldassay_testkit::shared_data;
use std::collections::BTreeSet;

fn content(files: &dyn Files, format: Format) -> Content {
    let layout = detect(files).expect("a layout");
    assert_eq!(layout.format, format);
    assert!(!layout.format.is_recorded());
    read(&open(files, layout, Limits::default()).expect("a recording"))
}

const LOG: &str = "sensor/val/7fab2350-7eaf-3b7e-a39d-6937a4c1bede/";

/// Expected values: pyarrow 26.0.1, `pyarrow.feather.read_table`, and the README of the shared data.
#[test]
fn an_argoverse_log_is_what_pyarrow_reads() {
    let Some(path) = shared_data("av2_sensor_7fab2350") else {
        return;
    };
    let disk = Disk::new(&path);
    let found = content(&Part::new(&disk, LOG), Format::Argoverse2);
    assert_eq!(found.said(), [""; 0]);
    let (first, last) = (315_966_253_572_412_942, 315_966_269_522_412_935);
    assert_eq!(found.summary("/ego_pose"), (2_706, first, last));
    assert_eq!(found.summary("/tf"), (2_706, first, last));
    let poses = found.samples("/ego_pose");
    let Some(Sample::Pose(pose)) = poses.first() else {
        panic!("no pose");
    };
    assert_eq!(pose.parent, "city");
    let translation = [5172.668216028519, 2419.102799750701, 66.92979846582436];
    assert_eq!(pose.translation_meters, translation);
    assert_eq!(pose.quat_xyzw[3], 0.9703757523060554);

    let mut boxes = 0;
    let mut tracks = BTreeSet::new();
    let samples = found.samples("/annotations");
    for sample in &samples {
        let Sample::Boxes(found) = sample else {
            panic!("no boxes");
        };
        assert_eq!(found.frame, "egovehicle");
        boxes += found.boxes.len();
        tracks.extend(found.boxes.iter().map(|item| item.track.to_string()));
    }
    assert_eq!((samples.len(), boxes, tracks.len()), (156, 11_364, 114));
    let Sample::Boxes(first) = &samples[0] else {
        panic!("no boxes");
    };
    let first = &first.boxes[0];
    assert_eq!(first.category, "BICYCLE");
    assert_eq!(
        first.size_meters,
        [1.595482587814331, 0.5672073364257812, 1.0]
    );
    assert_eq!(first.quat_xyzw[2], 0.010357481976999485);
    assert_eq!(first.points, Some(3));

    sweeps(&found);
    let samples = found.samples("/ring_front_center/camera_info");
    let Sample::CameraInfo(info) = &samples[0] else {
        panic!("no calibration");
    };
    assert_eq!((info.width, info.height), (1550, 2048));
    assert_eq!(info.k[0], 1776.0414843455);
    assert_eq!(info.d[4], 0.32590167193407427);
    assert_eq!(found.summary("/tf_static").0, 1);
}

/// Sums by Python over `to_pydict()` of the two files.
fn sweeps(found: &Content) {
    let expected = [
        (
            315_966_265_259_836_000,
            99_229,
            5_376_765_057_174_i64,
            3_054_142_u64,
            363_996.044_596_433_64,
        ),
        (
            315_966_265_360_032_000,
            99_466,
            5_377_144_005_303,
            3_066_052,
            368_392.594_855_785_37,
        ),
    ];
    let clouds = found.samples("/lidar/points");
    assert_eq!(clouds.len(), expected.len());
    let times: Vec<i64> = found.of("/lidar/points").map(|m| m.time).collect();
    for ((sample, time), (stamp, points, offsets, lasers, xs)) in
        clouds.iter().zip(times).zip(expected)
    {
        let Sample::Cloud(cloud) = sample else {
            panic!("no cloud");
        };
        assert_eq!(time, stamp);
        assert_eq!(cloud.width, points);
        assert!(
            CloudView::new(cloud)
                .expect("a view")
                .point_time()
                .is_some()
        );
        let (mut offset_sum, mut laser_sum, mut x_sum) = (0, 0, 0.0);
        for point in cloud.data.chunks_exact(20) {
            let four = |at: usize| [point[at], point[at + 1], point[at + 2], point[at + 3]];
            x_sum += f64::from(f32::from_le_bytes(four(0)));
            laser_sum += u64::from(point[13]);
            offset_sum += i64::from(i32::from_le_bytes(four(16)));
        }
        assert_eq!((offset_sum, laser_sum), (offsets, lasers));
        // The order of the sum is the same; singles hold halves exactly.
        assert!((x_sum - xs).abs() < 1e-6, "{x_sum} {xs}");
    }
}

#[test]
fn damaged_feather_files_are_losses() {
    let Some(path) = shared_data("av2_sensor_7fab2350") else {
        return;
    };
    let name = format!("{LOG}city_SE3_egovehicle.feather");
    let whole = std::fs::read(path.join(name)).expect("poses");
    let mut random = fieldassay_testkit::Lcg::new(7);
    for round in 0..150_usize {
        let mut bytes = whole.clone();
        if round % 3 == 0 {
            bytes.truncate(random.next_u32() as usize % whole.len());
        } else {
            for _ in 0..3 {
                // Half of the flips hit the footer and its lengths.
                let span = if round % 2 == 0 { whole.len() } else { 1600 };
                let at = whole.len() - 1 - random.next_u32() as usize % span;
                bytes[at] = random.next_u32().to_le_bytes()[0];
            }
        }
        let files = memory(&[
            ("annotations.feather", b"no table"),
            ("city_SE3_egovehicle.feather", &bytes),
        ]);
        let layout = detect(&files).expect("a layout");
        if let Ok(recording) = open(&files, layout, Limits::default()) {
            let _ = read(&recording);
        }
    }
}

/// The tables name cameras and scanners whose files were left out, and hold one key frame.
#[test]
fn lyft_tables_without_their_files() {
    let Some(path) = shared_data("lyft_tables") else {
        return;
    };
    let found = content(&Disk::new(&path), Format::NuScenes);
    // Counted in the tables with Python's `json`: 7 poses, 7 cameras with intrinsics, 3 scanners.
    assert_eq!(found.summary("/ego_pose").0, 7);
    let infos = found.channels.iter();
    let infos = infos.filter(|channel| channel.topic.ends_with("/camera_info"));
    assert_eq!(infos.count(), 7);
    assert_eq!(
        found.said(),
        [
            "structure.media_missing: none of the `10` files that `sample_data.json` names is there; only the tables are read"
        ]
    );
    let samples = found.samples("/annotations");
    let Sample::Boxes(boxes) = &samples[0] else {
        panic!("no boxes");
    };
    assert_eq!(boxes.frame, "map");
    // The file says width, length, height; -1 points are points nobody counted.
    assert_eq!(boxes.boxes[0].size_meters, [4.495, 2.046, 1.849]);
    assert_eq!(boxes.boxes[0].points, None);
    assert_eq!(boxes.boxes[0].quat_xyzw[3], -0.9080903027815442);
    // `1556675185903083.2` as a double is a quarter of a microsecond, so 250 ns.
    assert_eq!(found.summary("/annotations").1, 1_556_675_185_903_083_250);
}

const TABLES: [(&str, &[u8]); 9] = [
    ("v1.0-mini/sensor.json", br#"[{"token":"s","channel":"LIDAR_TOP","modality":"lidar"},{"token":"t","channel":"CAM_FRONT","modality":"camera"},{"token":"r","channel":"RADAR_FRONT","modality":"radar"}]"#),
    ("v1.0-mini/calibrated_sensor.json", br#"[{"token":"c","sensor_token":"s","translation":[0.9,0,1.8],"rotation":[1,0,0,0],"camera_intrinsic":[]},{"token":"d","sensor_token":"t","translation":[1,0,1],"rotation":[0.5,-0.5,0.5,-0.5],"camera_intrinsic":[[1200,0,800],[0,1200,450],[0,0,1]]},{"token":"e","sensor_token":"r","translation":[3,0,1],"rotation":[1,0,0,0],"camera_intrinsic":[]}]"#),
    ("v1.0-mini/ego_pose.json", br#"[{"token":"p","timestamp":1000000,"translation":[1,2,0],"rotation":[1,0,0,0]},{"token":"q","timestamp":1500000,"translation":[2,2,0],"rotation":[1,0,0,0]}]"#),
    ("v1.0-mini/sample.json", br#"[{"token":"k","scene_token":"z","timestamp":1000000}]"#),
    ("v1.0-mini/scene.json", br#"[{"token":"z","name":"scene-0061"},{"token":"y","name":"scene-0103"}]"#),
    ("v1.0-mini/sample_annotation.json", br#"[{"token":"a","sample_token":"k","instance_token":"i","translation":[1,2,3],"size":[2,4,1],"rotation":[1,0,0,0],"num_lidar_pts":7},{"token":"b","sample_token":"gone","instance_token":"i","translation":[1,2,3],"size":[2,4,1],"rotation":[1,0,0,0]}]"#),
    ("v1.0-mini/instance.json", br#"[{"token":"i","category_token":"g"}]"#),
    ("v1.0-mini/category.json", br#"[{"token":"g","name":"vehicle.car"}]"#),
    ("v1.0-mini/sample_data.json", br#"[{"sample_token":"k","ego_pose_token":"p","calibrated_sensor_token":"c","filename":"samples/LIDAR_TOP/a.pcd.bin","timestamp":1000000,"width":0,"height":0},{"sample_token":"k","ego_pose_token":"q","calibrated_sensor_token":"c","filename":"sweeps/LIDAR_TOP/b.pcd.bin","timestamp":1500000},{"sample_token":"k","ego_pose_token":"p","calibrated_sensor_token":"d","filename":"samples/CAM_FRONT/a.jpg","timestamp":1000000,"width":1600,"height":900},{"sample_token":"k","ego_pose_token":"p","calibrated_sensor_token":"e","filename":"samples/RADAR_FRONT/a.pcd","timestamp":1000000},{"sample_token":"k","ego_pose_token":"nobody","calibrated_sensor_token":"c","filename":"x","timestamp":1},{"sample_token":3"#),
];

#[test]
fn nuscenes_tables_with_files_and_damage() {
    let mut files = TABLES.to_vec();
    files.push(("samples/LIDAR_TOP/a.pcd.bin", &[0; 40]));
    files.push(("samples/CAM_FRONT/a.jpg", b"\xff\xd8"));
    let found = content(&memory(&files), Format::NuScenes);
    // With two scenes every topic names its own.
    let time = 1_000_000_000;
    for (topic, count) in [
        ("/scene-0061/LIDAR_TOP/points", 1),
        ("/scene-0061/CAM_FRONT/image_raw/compressed", 1),
        ("/scene-0061/CAM_FRONT/camera_info", 1),
        ("/scene-0061/annotations", 1),
        ("/scene-0061/tf_static", 1),
    ] {
        assert_eq!(found.summary(topic), (count, time, time), "{topic}");
    }
    assert_eq!(found.summary("/scene-0061/tf"), (2, time, 1_500_000_000));
    let samples = found.samples("/scene-0061/annotations");
    let Sample::Boxes(boxes) = &samples[0] else {
        panic!("no boxes");
    };
    let item = &boxes.boxes[0];
    assert_eq!((&*item.track, &*item.category), ("i", "vehicle.car"));
    assert_eq!((item.size_meters, item.points), ([4.0, 2.0, 1.0], Some(7)));
    let said = found.said().join("\n");
    for part in [
        "loss.file: `sweeps/LIDAR_TOP/b.pcd.bin` is missing",
        "loss.row: `sample_data.json` row `4` names a calibration or a pose that no table has",
        "loss.row: `sample_data.json`: invalid type: integer `3`",
        "`5` rows before it were read",
        "loss.row: `1` rows of `sample_annotation.json` name the sample `gone`",
        "structure.not_read: `RADAR_FRONT` is no camera",
    ] {
        assert!(said.contains(part), "{part}\n-- in --\n{said}");
    }
}

/// A real sweep: the points of `mmdet3d` in the shared data, counted there by its tests.
#[test]
fn a_nuscenes_sweep_keeps_its_points() {
    let name = "mmdet3d_lidar/demo/data/nuscenes/n015-2018-07-24-11-22-45+0800__LIDAR_TOP__1532402927647951.pcd.bin";
    let Some(path) = shared_data(name) else {
        return;
    };
    let sweep = std::fs::read(path).expect("a sweep");
    let mut files = TABLES.to_vec();
    files.push(("samples/LIDAR_TOP/a.pcd.bin", &sweep));
    let found = content(&memory(&files), Format::NuScenes);
    let samples = found.samples("/scene-0061/LIDAR_TOP/points");
    let Sample::Cloud(cloud) = &samples[0] else {
        panic!("no cloud");
    };
    assert_eq!((cloud.width, cloud.point_step), (34_688, 20));
    assert_eq!(&*cloud.data, &sweep[..]);
    assert_eq!(cloud.fields[4].name, "ring");
}
