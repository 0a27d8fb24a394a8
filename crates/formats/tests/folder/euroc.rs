//! `EuRoC` folders.

use crate::support::{Content, Disk, memory, read};
use fieldassay_formats::folder::{Files, detect, open};
use fieldassay_formats::sensor::{Imu, Sample};
use fieldassay_formats::{Format, Limits};
use fieldassay_testkit::shared_data;

fn content(files: &dyn Files) -> Content {
    let layout = detect(files).expect("a layout");
    assert_eq!(layout.format, Format::Euroc);
    read(&open(files, layout, Limits::default()).expect("a recording"))
}

#[test]
fn the_micro_folder_has_its_frames_and_rows() {
    let Some(path) = shared_data("euroc_micro") else {
        return;
    };
    let found = content(&Disk::new(&path));
    // Counted in the tables with `grep -vc '#'`; first and last from `head` and `tail`.
    let frames = (24, 1_403_715_273_262_142_976, 1_403_715_274_412_143_104);
    for camera in ["cam0", "cam1"] {
        assert_eq!(
            found.summary(&format!("/{camera}/image_raw/compressed")),
            frames
        );
        assert_eq!(found.summary(&format!("/{camera}/camera_info")), frames);
    }
    let rows = (29_120, 1_403_715_273_262_142_976, 1_403_715_418_857_143_040);
    assert_eq!(found.summary("/imu0"), rows);
    assert_eq!(found.said(), Vec::<String>::new());
    let first = Imu {
        gyro: [
            -0.002_094_395_102_393_195_2,
            0.017_453_292_519_943_295,
            0.077_492_618_788_548_24,
        ],
        accel: [
            9.087_495_666_666_666,
            0.130_755_333_333_333_33,
            -3.693_838_166_666_666,
        ],
        quat_xyzw: None,
    };
    assert_eq!(found.samples("/imu0")[0], Sample::Imu(first));
    let image = std::fs::read(path.join("mav0/cam1/data/1403715273312143104.png")).expect("a file");
    let Sample::Image(second) = &found.samples("/cam1/image_raw/compressed")[1] else {
        panic!("no image");
    };
    assert_eq!(second.data, image);
    assert_eq!(second.encoding, "png");
    assert_eq!(second.frame, "cam1");
}

#[test]
fn ground_truth_is_poses() {
    let Some(path) = shared_data("euroc_v101_imu_gt") else {
        return;
    };
    // The folder itself and its `mav0` are the same recording.
    for root in [path.clone(), path.join("mav0")] {
        let found = content(&Disk::new(&root));
        let rows = (7_999, 1_403_715_523_912_140_000, 1_403_715_563_902_140_000);
        assert_eq!(found.summary("/imu0"), rows);
        let poses = (3_340, 1_403_715_524_922_140_000, 1_403_715_608_397_140_000);
        assert_eq!(found.summary("/gt0"), poses);
        let Sample::Pose(pose) = &found.samples("/gt0")[0] else {
            panic!("no pose");
        };
        assert_eq!(pose.translation_meters, [0.515_292, 1.996_597, 0.971_028]);
        // The table has w first.
        assert_eq!(
            pose.quat_xyzw,
            [0.790_012, -0.205_215, 0.554_587, 0.161_869]
        );
        assert_eq!(pose.parent, "world");
    }
}

const SENSOR: &[u8] = b"%YAML:1.0\nT_BS:\n  cols: 4\n  rows: 4\n  data: [0, -1, 0, 0.5, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]\nrate_hz: 20\nresolution: [4, 2]\ncamera_model: pinhole\nintrinsics: [3, 4, 2, 1]\ndistortion_model: equidistant\ndistortion_coefficients: [0.1, 0.2, 0.3, 0.4]\n";

#[test]
fn damage_is_named_and_the_rest_is_read() {
    let imu =
        b"#t\n10,1,2,3,4,5,6\n20,1,x,3,4,5,6\n15,1,2,3,4,5,6\nyes\n40,1,2\n50,1,2,3,4,5,nan\n";
    let images = b"#t,name\n10,10.png\r\n20,20.png\r\n30\r\n";
    let files = memory(&[
        ("mav0/cam0/data.csv", images),
        ("mav0/cam0/data/10.png", b"ten"),
        ("mav0/cam0/data/11.png", b"nobody"),
        ("mav0/cam0/sensor.yaml", SENSOR),
        ("mav0/cam1/sensor.yaml", b"T_BS: {data: [1, 2]}"),
        ("mav0/imu0/data.csv", imu),
        ("mav0/imu0/sensor.yaml", b"T_BS: ["),
    ]);
    let found = content(&files);
    assert_eq!(found.summary("/imu0"), (3, 10, 50));
    assert_eq!(found.summary("/cam0/image_raw/compressed"), (1, 10, 10));
    assert_eq!(found.summary("/tf_static"), (1, 10, 10));
    let Sample::CameraInfo(info) = &found.samples("/cam0/camera_info")[0] else {
        panic!("no calibration");
    };
    assert_eq!((info.width, info.height), (4, 2));
    assert_eq!(info.k, [3.0, 0.0, 2.0, 0.0, 4.0, 1.0, 0.0, 0.0, 1.0]);
    assert_eq!(info.d, [0.1, 0.2, 0.3, 0.4]);
    assert_eq!(info.distortion_model, "equidistant");
    let said = found.said().join("\n");
    for part in [
        "loss.row: `mav0/imu0/data.csv` line `3`: column `3`: `x` is not a number",
        "loss.row: `mav0/imu0/data.csv` line `5`: column `1`: `yes` is not a time in nanoseconds",
        "loss.row: `mav0/imu0/data.csv` line `6`: `3` columns where `7` belong",
        "loss.row: `mav0/cam0/data.csv` line `4`: `1` columns where `2` belong",
        "loss.file: `mav0/cam0/data.csv` line `3` names `mav0/cam0/data/20.png`, which is missing",
        "structure.file_not_listed: `mav0/cam0/data/11.png` is in no row",
        "structure.message_order: `mav0/imu0/data.csv` line `4`: time `15` ns comes after `20` ns",
        "structure.calibration: `mav0/cam1` has no `data.csv`",
        "structure.calibration: `mav0/imu0/sensor.yaml`: ",
    ] {
        assert!(said.contains(part), "{part}\n-- in --\n{said}");
    }
    assert_eq!(found.account.losses.len(), 5, "{said}");
}

#[test]
fn mounts_are_transforms_of_the_body() {
    use fieldassay_formats::decode::TransformReader;
    let files = memory(&[
        ("cam0/data.csv", b"5,a.png\n"),
        ("cam0/data/a.png", b"a"),
        ("cam0/sensor.yaml", SENSOR),
    ]);
    let found = content(&files);
    let channel = found.channels.iter().find(|c| c.topic == "/tf_static");
    let schema = channel.and_then(|c| c.schema.clone()).expect("a schema");
    let reader = TransformReader::new(&schema, "cdr").expect("transforms");
    let message = found.of("/tf_static").next().expect("a message");
    let mut seen = Vec::new();
    reader
        .read(&message.data, &mut |sample| {
            seen.push((
                sample.parent.to_owned(),
                sample.child.to_owned(),
                sample.translation_m,
                sample.quat_xyzw,
            ));
        })
        .expect("readable");
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let expected = (
        "body".to_owned(),
        "cam0".to_owned(),
        [0.5, 0.0, 0.0],
        [0.0, 0.0, half, half],
    );
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (&seen[0].0, &seen[0].1, seen[0].2),
        (&expected.0, &expected.1, expected.2)
    );
    for (found, expected) in seen[0].3.iter().zip(expected.3) {
        assert!((found - expected).abs() < 1e-15);
    }
}

#[test]
fn other_folders_are_no_layout() {
    for paths in [
        &["000008.png", "000008.bin", "000008.txt"][..],
        &["imu0.csv", "data.csv"],
        &["images/data.csv", "camera/data.csv"],
        &["times.txt", "calib.txt"],
        &[],
    ] {
        let files: Vec<(&str, &[u8])> = paths.iter().map(|path| (*path, &b"1"[..])).collect();
        assert!(detect(&memory(&files)).is_none(), "{paths:?}");
    }
}
