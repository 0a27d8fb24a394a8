//! KITTI folders, made here in the form of the benchmark.

use crate::support::{Content, memory, read};
use fieldassay_formats::folder::{Files, detect, open};
use fieldassay_formats::sensor::Sample;
use fieldassay_formats::{Format, Limits};

const CAMERAS: &[u8] = b"calib_time: 09-Jan-2012 13:57:47\ncorner_dist: 9.950000e-02\nR_rect_00: 1 0 0 0 1 0 0 0 1\nS_rect_00: 1242 375\nP_rect_00: 700 0 600 0 0 700 170 0 0 0 1 0\nS_rect_01: 1242 375\nP_rect_01: 700 0 600 -350 0 700 170 0 0 0 1 0\n";
/// The axes of the camera (right, down, forward) from those of the scanner (forward, left, up).
const VELODYNE: &[u8] = b"calib_time: x\nR: 0 -1 0 0 0 -1 1 0 0\nT: 0.5 0.25 -0.125\n";
const IMU: &[u8] = b"R: 1 0 0 0 1 0 0 0 1\nT: -0.75 0.5 -0.25\n";
const TIMES: &[u8] = b"2011-09-26 13:02:25.964389445\n\n2011-09-26 13:02:26.164389445\n";
const FIRST: i64 = 1_317_042_145_964_389_445;
const OXTS: &[u8] = b"49.01 8.43 112.8 0 0 0 1 2 2.2 0 0 0.5 -0.25 9.75 0 0 0 0.01 0.02 0.03 0 0 0 2 0.1 4 11 4 6 6\n";

fn content(files: &dyn Files, format: Format) -> Content {
    let layout = detect(files).expect("a layout");
    assert_eq!(layout.format, format);
    read(&open(files, layout, Limits::default()).expect("a recording"))
}

#[test]
fn a_raw_drive_with_its_day() {
    let points: Vec<u8> = [1.0_f32, 2.0, 3.0, 0.5]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let drive = "2011_09_26_drive_0001_sync";
    let files: Vec<(String, &[u8])> = [
        ("calib_cam_to_cam.txt", CAMERAS),
        ("calib_velo_to_cam.txt", VELODYNE),
        ("calib_imu_to_velo.txt", IMU),
        ("D/image_00/timestamps.txt", TIMES),
        ("D/image_00/data/0000000000.png", b"left"),
        ("D/image_00/data/0000000002.png", b"left2"),
        ("D/image_01/timestamps.txt", TIMES),
        ("D/image_01/data/0000000000.png", b"right"),
        ("D/velodyne_points/timestamps.txt", TIMES),
        ("D/velodyne_points/data/0000000000.bin", &points),
        ("D/velodyne_points/data/0000000002.bin", b"odd"),
        ("D/oxts/timestamps.txt", TIMES),
        ("D/oxts/data/0000000000.txt", OXTS),
        ("D/oxts/data/0000000002.txt", b"1 2 3\n"),
    ]
    .map(|(path, bytes)| (path.replace('D', drive), bytes))
    .to_vec();
    let files = fieldassay_formats::folder::MemoryFiles::new(files);
    let found = content(&files, Format::KittiRaw);
    let both = (2, FIRST, FIRST + 200_000_000);
    assert_eq!(found.summary("/image_00/image_raw/compressed"), both);
    assert_eq!(found.summary("/image_00/camera_info"), both);
    for topic in [
        "/image_01/image_raw/compressed",
        "/velodyne_points",
        "/oxts/imu",
        "/oxts/fix",
        "/tf_static",
    ] {
        assert_eq!(found.summary(topic), (1, FIRST, FIRST), "{topic}");
    }
    let samples = found.samples("/velodyne_points");
    let Sample::Cloud(cloud) = &samples[0] else {
        panic!("no cloud");
    };
    assert_eq!((cloud.width, cloud.point_step), (1, 16));
    assert_eq!(cloud.data, points);
    let samples = found.samples("/oxts/imu");
    let Sample::Imu(imu) = &samples[0] else {
        panic!("no imu");
    };
    assert_eq!(
        (imu.accel, imu.gyro),
        ([0.5, -0.25, 9.75], [0.01, 0.02, 0.03])
    );
    let samples = found.samples("/oxts/fix");
    let Sample::Fix(fix) = &samples[0] else {
        panic!("no fix");
    };
    assert_eq!((fix.latitude_degrees, fix.longitude_degrees), (49.01, 8.43));
    let samples = found.samples("/image_01/camera_info");
    let Sample::CameraInfo(info) = &samples[0] else {
        panic!("no calibration");
    };
    assert_eq!((info.width, info.k[0], info.p[3]), (1242, 700.0, 0.0));
    let said = found.said().join("\n");
    for part in [
        "loss.file: frame `2` has a time, but no file `2011_09_26_drive_0001_sync/image_01/data/0000000002.*`",
        "has `3` bytes, which are no whole points of `16`",
        "0000000002.txt` line `1`: `3` columns where `30` belong",
    ] {
        assert!(said.contains(part), "{part}\n-- in --\n{said}");
    }
    mounts(&found);
}

/// Where the sensors sit, by the transforms.
fn mounts(found: &Content) {
    use fieldassay_formats::decode::TransformReader;
    let channel = found.channels.iter().find(|c| c.topic == "/tf_static");
    let schema = channel.and_then(|c| c.schema.clone()).expect("a schema");
    let reader = TransformReader::new(&schema, "cdr").expect("transforms");
    let message = found.of("/tf_static").next().expect("a message");
    let mut seen = Vec::new();
    reader
        .read(&message.data, &mut |t| {
            seen.push((t.parent.to_owned(), t.child.to_owned(), t.translation_m));
        })
        .expect("readable");
    // The scanner sees the unit at T, so the unit sees the scanner at -T (rotation identity). Camera 0 by
    // hand: -R' T with T = (0.5, 0.25, -0.125) gives (0.125, 0.5, 0.25); camera 1 is 0.5 m to the right.
    let expected = [
        ("imu", "velodyne", [0.75, -0.5, 0.25]),
        ("velodyne", "image_00", [0.125, 0.5, 0.25]),
        ("velodyne", "image_01", [0.125, 0.0, 0.25]),
    ];
    assert_eq!(seen.len(), 3);
    for ((parent, child, at), expected) in seen.iter().zip(expected) {
        assert_eq!((parent.as_str(), child.as_str()), (expected.0, expected.1));
        for (found, expected) in at.iter().zip(expected.2) {
            assert!((found - expected).abs() < 1e-12, "{child}: {at:?}");
        }
    }
}

#[test]
fn an_odometry_sequence_with_its_poses() {
    let files = memory(&[
        (
            "poses/07.txt",
            b"1 0 0 0 0 1 0 0 0 0 1 0\n1 0 0 1 0 1 0 2 0 0 1 3\n",
        ),
        (
            "sequences/07/calib.txt",
            b"P0: 700 0 600 0 0 700 170 0 0 0 1 0\nTr: 0 -1 0 0 0 0 -1 0 1 0 0 0\n",
        ),
        ("sequences/07/image_0/000000.png", b"a"),
        ("sequences/07/image_0/000001.png", b"b"),
        ("sequences/07/times.txt", b"0.000000e+00\n1.037359e-01\n"),
        ("sequences/07/velodyne/000001.bin", &[0; 32]),
    ]);
    let found = content(&files, Format::KittiOdometry);
    assert_eq!(
        found.summary("/image_0/image_raw/compressed"),
        (2, 0, 103_735_900)
    );
    assert_eq!(found.summary("/poses"), (2, 0, 103_735_900));
    assert_eq!(
        found.summary("/velodyne_points"),
        (1, 103_735_900, 103_735_900)
    );
    assert_eq!(found.summary("/tf_static"), (1, 0, 0));
    let samples = found.samples("/poses");
    let Sample::Pose(pose) = &samples[1] else {
        panic!("no pose");
    };
    assert_eq!(pose.translation_meters, [1.0, 2.0, 3.0]);
    let said = found.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("loss.file: frame `0` has a time"),
        "{said:?}"
    );
}

#[test]
fn object_frames_without_times() {
    let calib = b"P0: 700 0 600 0 0 700 170 0 0 0 1 0\nP2: 700 0 600 42 0 700 170 0 0 0 1 0\nR0_rect: 1 0 0 0 1 0 0 0 1\nTr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n";
    let labels = b"Car 0.00 0 -1.58 1 2 3 4 1.5 1.6 4.0 10 2 30 0\nDontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1000 -1000 -1000 -10\n";
    let files = memory(&[
        ("training/calib/000003.txt", calib),
        ("training/calib/000008.txt", b"P2: 1 2\n"),
        ("training/image_2/000003.png", b"a"),
        ("training/label_2/000003.txt", labels),
        ("training/velodyne/000003.bin", &[0; 16]),
    ]);
    let found = content(&files, Format::KittiObject);
    let time = 3_000_000_000;
    for topic in [
        "/image_2/image_raw/compressed",
        "/image_2/camera_info",
        "/velodyne_points",
        "/tf",
        "/labels",
    ] {
        assert_eq!(found.summary(topic), (1, time, time), "{topic}");
    }
    let samples = found.samples("/labels");
    let Sample::Boxes(boxes) = &samples[0] else {
        panic!("no boxes");
    };
    assert_eq!(boxes.frame, "camera_0");
    assert_eq!(boxes.boxes.len(), 1);
    assert_eq!(boxes.boxes[0].category, "Car");
    assert_eq!(boxes.boxes[0].center_meters, [10.0, 1.25, 30.0]);
    let said = found.said().join("\n");
    for part in [
        "loss.file: `training/calib/000008.txt` does not hold the projection matrix `P2`",
        "loss.file: `training/calib/000008.txt` does not hold rigid transforms",
        "structure.time_missing: frames of the object benchmark have no times",
    ] {
        assert!(said.contains(part), "{part}\n-- in --\n{said}");
    }
}
