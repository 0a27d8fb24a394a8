//! What the encoders write, read back by the readers of sensors, which are held to rosbags.

use fieldassay_formats::decode::{StampReader, TransformReader};
use fieldassay_formats::message;
use fieldassay_formats::sensor::{
    Audio, Box3, Boxes, CameraInfo, Cloud, CloudField, FieldType, Fix, Image, Imu, Joints, Pose,
    Sample, Scan, SensorReader,
};

const STAMP: i64 = 1_700_000_000_123_456_789;

fn check(name: &str, expected: &Sample<'_>, write: impl Fn(&mut Vec<u8>)) {
    let schema = message::schema(name).unwrap_or_else(|| panic!("no schema `{name}`"));
    let mut payload = vec![7; 3];
    write(&mut payload);
    let reader = SensorReader::new(&schema, "cdr").unwrap_or_else(|| panic!("`{name}` unknown"));
    let found = reader.read(&payload).expect("readable").expect("a sample");
    assert_eq!(&found, expected, "{name}");
    let stamps = StampReader::new(Some(&schema), "cdr");
    assert_eq!(
        stamps.stamp(&payload),
        Some(STAMP),
        "{name}: {:?}",
        stamps.kind()
    );
    // Every byte belongs to the message: one less cannot be read whole.
    let mut decoder =
        fieldassay_formats::decode::ColumnDecoder::new(Some(&schema), "cdr").expect("columns");
    decoder.push(&payload).expect("the whole message");
    payload.pop();
    decoder.push(&payload).expect_err("a byte is missing");
}

fn pose(child: &str) -> Pose<'_> {
    Pose {
        parent: "map".into(),
        child: child.to_owned().into(),
        translation_meters: [1.5, -2.5, 3.25],
        quat_xyzw: [0.5, -0.5, 0.5, 0.5],
    }
}

#[test]
fn imu_fix_and_joints() {
    let imu = Imu {
        gyro: [0.1, 0.2, 0.3],
        accel: [1.0, 2.0, 9.8],
        quat_xyzw: Some([0.0, 0.0, 0.0, 1.0]),
    };
    check("sensor_msgs/msg/Imu", &Sample::Imu(imu), |out| {
        message::imu(out, STAMP, "imu", &imu);
    });
    let fix = Fix {
        status: Some(-1),
        latitude_degrees: 48.1,
        longitude_degrees: -11.5,
        altitude_meters: 519.0,
        covariance_meters2: Some([1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0]),
        covariance_type: Some(2),
        hdop_ratio: None,
    };
    check("sensor_msgs/msg/NavSatFix", &Sample::Fix(fix), |out| {
        message::nav_sat_fix(out, STAMP, "gps", &fix);
    });
    let joints = Joints {
        names: vec!["a".into(), "elbow".into()],
        position: vec![0.25, -1.0],
        velocity: vec![],
        effort: vec![3.0],
    };
    let sample = Sample::Joints(joints.clone());
    check("sensor_msgs/msg/JointState", &sample, |out| {
        message::joint_state(out, STAMP, "", &joints);
    });
}

#[test]
fn what_is_not_measured_says_so() {
    let imu = Imu {
        gyro: [f64::NAN; 3],
        accel: [1.0, 2.0, 9.8],
        quat_xyzw: None,
    };
    let mut out = Vec::new();
    message::imu(&mut out, STAMP, "imu", &imu);
    let schema = message::schema("sensor_msgs/msg/Imu").expect("a schema");
    let reader = SensorReader::new(&schema, "cdr").expect("a reader");
    let Some(Sample::Imu(found)) = reader.read(&out).expect("readable") else {
        panic!("no sample");
    };
    assert!(found.gyro.iter().all(|value| value.is_nan()));
    assert_eq!((found.accel, found.quat_xyzw), (imu.accel, None));
}

#[test]
fn poses_and_transforms() {
    let sample = Sample::Pose(pose(""));
    check("geometry_msgs/msg/PoseStamped", &sample, |out| {
        message::pose_stamped(out, STAMP, &pose("body"));
    });
    let sample = Sample::Pose(pose("body"));
    let twist = message::Twist {
        linear_meters_per_sec: [1.0, 2.0, 3.0],
        angular_radians_per_sec: [4.0, 5.0, 6.0],
    };
    check("nav_msgs/msg/Odometry", &sample, |out| {
        message::odometry(out, STAMP, &pose("body"), &twist);
    });
    let mut out = Vec::new();
    message::transforms(&mut out, &[(5, pose("a")), (-1, pose("b"))]);
    let schema = message::schema("tf2_msgs/msg/TFMessage").expect("a schema");
    let reader = TransformReader::new(&schema, "cdr").expect("a reader");
    let mut seen = Vec::new();
    reader
        .read(&out, &mut |sample| {
            assert_eq!(sample.translation_m, [1.5, -2.5, 3.25]);
            seen.push((sample.stamp_ns, sample.child.to_owned()));
        })
        .expect("readable");
    assert_eq!(seen, [(5, "a".to_owned()), (-1, "b".to_owned())]);
}

#[test]
fn images_clouds_and_scans() {
    let raw = Image {
        frame: "cam".into(),
        width: 2,
        height: 1,
        encoding: "mono8".into(),
        compressed: false,
        step: 2,
        big_endian: false,
        data: vec![1, 2].into(),
    };
    check(
        "sensor_msgs/msg/Image",
        &Sample::Image(raw.clone()),
        |out| {
            message::image(out, STAMP, &raw);
        },
    );
    let compressed = Image {
        width: 0,
        height: 0,
        encoding: "jpeg".into(),
        compressed: true,
        step: 0,
        ..raw
    };
    let sample = Sample::Image(compressed.clone());
    check("sensor_msgs/msg/CompressedImage", &sample, |out| {
        message::compressed_image(out, STAMP, &compressed);
    });
    let info = CameraInfo {
        frame: "cam".into(),
        width: 640,
        height: 480,
        distortion_model: "plumb_bob".into(),
        d: vec![0.1, 0.2, 0.3, 0.4, 0.5],
        k: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
        r: [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
        p: [
            1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0,
        ],
        binning: [2, 3],
        roi: [1, 2, 30, 40],
    };
    let sample = Sample::CameraInfo(Box::new(info.clone()));
    check("sensor_msgs/msg/CameraInfo", &sample, |out| {
        message::camera_info(out, STAMP, &info);
    });
    let types = [
        FieldType::I8,
        FieldType::U8,
        FieldType::I16,
        FieldType::U16,
        FieldType::I32,
        FieldType::U32,
        FieldType::F32,
        FieldType::F64,
    ];
    let cloud = Cloud {
        frame: "lidar".into(),
        width: 1,
        height: 1,
        fields: (0..)
            .zip(types)
            .map(|(index, field_type)| CloudField {
                name: format!("f{index}"),
                offset: 8 * index,
                field_type: Some(field_type),
                count: 1,
            })
            .collect(),
        point_step: 64,
        row_step: 64,
        is_dense: Some(true),
        big_endian: false,
        data: vec![3; 64].into(),
    };
    let sample = Sample::Cloud(cloud.clone());
    check("sensor_msgs/msg/PointCloud2", &sample, |out| {
        message::point_cloud2(out, STAMP, &cloud);
    });
    let scan = Scan {
        frame: "laser".into(),
        start_radians: -0.5,
        step_radians: 0.25,
        step_secs: 0.125,
        least_meters: 0.5,
        most_meters: 30.0,
        ranges_meters: vec![1.0, 2.0, f32::INFINITY],
        intensities: vec![],
    };
    check(
        "sensor_msgs/msg/LaserScan",
        &Sample::Scan(scan.clone()),
        |out| {
            message::laser_scan(out, STAMP, &scan);
        },
    );
}

#[test]
fn boxes_and_sound() {
    let boxes = Boxes {
        frame: "map".into(),
        boxes: vec![
            Box3 {
                track: "t1".into(),
                category: "car".into(),
                center_meters: [1.0, 2.0, 3.0],
                quat_xyzw: [0.0, 0.0, 1.0, 0.0],
                size_meters: [4.0, 2.0, 1.5],
                points: Some(12),
            },
            Box3 {
                track: "".into(),
                category: "pedestrian".into(),
                quat_xyzw: [0.0, 0.0, 0.0, 1.0],
                points: None,
                ..Box3::default()
            },
        ],
    };
    let sample = Sample::Boxes(boxes.clone());
    check("fieldassay_msgs/msg/Boxes3D", &sample, |out| {
        message::boxes3d(out, STAMP, &boxes);
    });
    let audio = Audio {
        format: "pcm-s16".into(),
        sample_rate_hz: 16_000,
        channels: 2,
        data: vec![1, 2, 3, 4].into(),
    };
    check(
        "foxglove_msgs/msg/RawAudio",
        &Sample::Audio(audio.clone()),
        |out| {
            message::audio(out, STAMP, &audio);
        },
    );
}
