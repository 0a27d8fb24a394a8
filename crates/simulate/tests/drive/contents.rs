//! Laws of what sensors say: with and without a fault, read back by the decoders of `formats`.

use super::{SMALL_CAMERA, SMALL_LIDAR, bytes};
use fieldassay_formats::mcap::{McapRecording, OpenOptions};
use fieldassay_formats::sensor::{Cloud, Imu, Sample, SensorReader};
use fieldassay_formats::{Buffers, Channel, Message, Recording, Visitor};
use fieldassay_simulate::{
    CameraSpec, DriveSpec, Encoding, Fault, Sensors, SimulateError, TruthEntry, Vehicle,
    write_drive,
};
use std::collections::BTreeMap;

/// Calls back with log time in nanoseconds and sample for every message of a topic.
struct Each<'a> {
    topic: &'a str,
    readers: BTreeMap<u32, SensorReader>,
    call: &'a mut dyn FnMut(i64, Sample<'_>),
}

impl Visitor for Each<'_> {
    fn channel(&mut self, channel: &Channel) {
        if channel.topic == self.topic {
            let schema = channel.schema.as_deref().unwrap();
            let reader = SensorReader::new(schema, &channel.message_encoding).unwrap();
            self.readers.insert(channel.id, reader);
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        if let Some(reader) = self.readers.get(&message.channel) {
            (self.call)(
                message.log_time,
                reader.read(message.data).unwrap().unwrap(),
            );
        }
    }
}

fn each(file: &[u8], topic: &str, call: &mut dyn FnMut(i64, Sample<'_>)) {
    let recording = McapRecording::open(file, OpenOptions::default()).unwrap();
    let mut visitor = Each {
        topic,
        readers: BTreeMap::new(),
        call,
    };
    for channel in recording.channels() {
        visitor.channel(channel);
    }
    let mut buffers = Buffers::default();
    for unit in 0..recording.unit_count() {
        recording.read_unit(unit, &mut buffers, &mut visitor);
    }
}

fn spec(vehicle: Vehicle, topics: &[&str], faults: &[&str]) -> DriveSpec {
    DriveSpec {
        seed: 11,
        duration_secs: 20.0,
        vehicle,
        sensors: Sensors::Topics(topics.iter().map(|topic| (*topic).to_owned()).collect()),
        camera: SMALL_CAMERA,
        lidar: SMALL_LIDAR,
        faults: faults
            .iter()
            .map(|text| Fault::parse(text).unwrap())
            .collect(),
        ..DriveSpec::default()
    }
}

/// The file with a fault, the one without, and the truth.
fn pair(vehicle: Vehicle, topic: &str, fault: &str) -> (Vec<u8>, Vec<u8>, TruthEntry) {
    let (hit, truth) = bytes(&spec(vehicle, &[topic], &[fault]));
    let (clean, _) = bytes(&spec(vehicle, &[topic], &[]));
    (hit, clean, truth.0[0].clone())
}

fn pictures(file: &[u8], topic: &str) -> Vec<(i64, Vec<u8>)> {
    let mut list = Vec::new();
    each(file, topic, &mut |log, sample| {
        let Sample::Image(image) = sample else {
            unreachable!("a channel of pictures")
        };
        list.push((log, image.data.to_vec()));
    });
    list
}

fn imu(file: &[u8]) -> Vec<(i64, Imu)> {
    let mut list = Vec::new();
    each(file, "/imu", &mut |log, sample| {
        let Sample::Imu(imu) = sample else {
            unreachable!("a channel of an IMU")
        };
        list.push((log, imu));
    });
    list
}

fn norm(v: [f64; 3]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    list[list.len() / 2]
}

/// The plain definition: variance of the Laplacian over the inner pixels.
fn sharpness(pixels: &[u8], width: usize) -> f64 {
    let height = pixels.len() / width;
    let at = |x: usize, y: usize| f64::from(pixels[y * width + x]);
    let mut values = Vec::new();
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let around = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
            values.push(around - 4.0 * at(x, y));
        }
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / values.len() as f64
}

const IMAGE: &str = "/camera/image";

#[test]
fn a_frozen_camera_repeats_pixels_and_no_stamps() {
    let (hit, clean, truth) = pair(Vehicle::Car, IMAGE, "freeze_s=2");
    let (hit, clean) = (pictures(&hit, IMAGE), pictures(&clean, IMAGE));
    assert!(clean.windows(2).all(|w| w[0].1 != w[1].1));
    let repeats: Vec<i64> = hit
        .windows(2)
        .filter(|w| w[0].1 == w[1].1)
        .map(|w| w[1].0)
        .collect();
    assert_eq!(repeats.len(), 20);
    assert_eq!((repeats[0], repeats[19]), (truth.start_ns, truth.end_ns));
    assert_eq!(truth.messages, Some(20));
    // Every other picture is as it was, its noise aside.
    assert_eq!(hit[0], clean[0]);
}

#[test]
fn blur_leaves_the_share_of_sharpness_that_was_asked_for() {
    for (vehicle, ratio) in [
        (Vehicle::Car, 0.5),
        (Vehicle::Robot, 0.25),
        (Vehicle::Arm, 0.5),
    ] {
        let (hit, clean, truth) = pair(vehicle, IMAGE, &format!("blur_ratio={ratio}"));
        let (hit, clean) = (pictures(&hit, IMAGE), pictures(&clean, IMAGE));
        let mut within = Vec::new();
        for (blurred, sharp) in hit.iter().zip(&clean) {
            let share = sharpness(&blurred.1, 160) / sharpness(&sharp.1, 160);
            if (truth.start_ns..=truth.end_ns).contains(&blurred.0) {
                within.push(share);
            } else {
                assert!((share - 1.0).abs() < 0.1, "{share}");
            }
        }
        assert!((60..=70).contains(&within.len()), "{}", within.len());
        let middle = median(within);
        assert!(
            (middle / ratio - 1.0).abs() < 0.2,
            "{vehicle:?} {ratio} {middle}"
        );
    }
}

#[test]
fn over_exposure_clips_the_share_that_was_asked_for() {
    let (hit, clean, truth) = pair(Vehicle::Car, IMAGE, "overexpose_percent=40");
    let share =
        |pixels: &[u8]| pixels.iter().filter(|p| **p >= 250).count() as f64 / pixels.len() as f64;
    for (_, pixels) in pictures(&clean, IMAGE) {
        assert!(share(&pixels) < 0.1, "{}", share(&pixels));
    }
    let within: Vec<f64> = pictures(&hit, IMAGE)
        .iter()
        .filter(|(log, _)| (truth.start_ns..=truth.end_ns).contains(log))
        .map(|(_, pixels)| share(pixels))
        .collect();
    let middle = median(within);
    assert!((middle - 0.4).abs() < 0.06, "{middle}");
}

#[test]
fn an_imu_at_rest_feels_gravity_and_in_motion_turns_as_it_says() {
    for vehicle in [Vehicle::Car, Vehicle::Robot, Vehicle::Arm] {
        let rows = imu(&bytes(&spec(vehicle, &["/imu"], &[])).0);
        let rest = &rows[20..560];
        let mean = |pick: &dyn Fn(&Imu) -> f64| {
            rest.iter().map(|(_, imu)| pick(imu)).sum::<f64>() / rest.len() as f64
        };
        let force = norm([0, 1, 2].map(|i| mean(&|imu: &Imu| imu.accel[i])));
        assert!((force - 9.8076).abs() < 0.08, "{vehicle:?} {force}");
        for i in 0..3 {
            assert!(mean(&|imu: &Imu| imu.gyro[i]).abs() < 0.003);
        }
        // Rates in the body frame, integrated at the middle of each step, against the orientation.
        let mut turned = rows[0].1.quat_xyzw.unwrap();
        for pair in rows.windows(2) {
            let secs = (pair[1].0 - pair[0].0) as f64 * 1e-9;
            let half = [0, 1, 2].map(|i| (pair[0].1.gyro[i] + pair[1].1.gyro[i]) * 0.25 * secs);
            turned = product(turned, [half[0], half[1], half[2], 1.0]);
            let length = turned.iter().map(|q| q * q).sum::<f64>().sqrt();
            turned = turned.map(|q| q / length);
        }
        let last = rows.last().unwrap().1.quat_xyzw.unwrap();
        let back = [-last[0], -last[1], -last[2], last[3]];
        let apart = product(back, turned);
        let degrees = (2.0 * norm([apart[0], apart[1], apart[2]]).asin()).to_degrees();
        // A bias of 0.0006 rad/s per axis over 20 s is 0.7 degrees; noise adds little.
        assert!(degrees < 3.0, "{vehicle:?} {degrees}");
    }
}

fn product(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    let ([ax, ay, az, aw], [bx, by, bz, bw]) = (a, b);
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    ]
}

#[test]
fn faults_of_an_imu_have_the_size_that_was_asked_for() {
    let (hit, clean, _) = pair(Vehicle::Car, "/imu", "accel_scale_percent=2");
    let ratio = |(a, b): (&(i64, Imu), &(i64, Imu))| norm(a.1.accel) / norm(b.1.accel);
    let ratios: Vec<f64> = imu(&hit).iter().zip(&imu(&clean)).map(ratio).collect();
    assert!((median(ratios) - 1.02).abs() < 5e-4);

    let (hit, clean, _) = pair(Vehicle::Car, "/imu", "gyro_bias_rad_s=0.01");
    let differences: Vec<[f64; 3]> = imu(&hit)
        .iter()
        .zip(&imu(&clean))
        .map(|(a, b)| [0, 1, 2].map(|i| a.1.gyro[i] - b.1.gyro[i]))
        .collect();
    let mean =
        [0, 1, 2].map(|i| differences.iter().map(|d| d[i]).sum::<f64>() / differences.len() as f64);
    assert!((norm(mean) - 0.01).abs() < 2e-4, "{mean:?}");

    let (hit, clean, truth) = pair(Vehicle::Car, "/imu", "imu_saturation_count=5");
    let range = 40_168.0 / 256.0;
    let clipped: Vec<i64> = imu(&hit)
        .iter()
        .filter(|(_, imu)| imu.accel[2] == range)
        .map(|(log, _)| *log)
        .collect();
    assert_eq!(clipped.len(), 5);
    assert_eq!((clipped[0], clipped[4]), (truth.start_ns, truth.end_ns));
    assert!(imu(&clean).iter().all(|(_, imu)| norm(imu.accel) < 30.0));

    let (hit, _, truth) = pair(Vehicle::Car, "/imu", "imu_stuck_s=1");
    let stuck = imu(&hit).windows(2).filter(|w| w[0].1 == w[1].1).count();
    assert_eq!(Some(stuck as u64), truth.messages);
    assert_eq!(stuck, 200);
}

/// Mounts as `/tf_static` claims them, per child frame.
fn mounts(file: &[u8]) -> BTreeMap<String, ([f64; 3], [f64; 4])> {
    let recording = McapRecording::open(file, OpenOptions::default()).unwrap();
    let mut scan = Mounts::default();
    for channel in recording.channels() {
        scan.channel(channel);
    }
    let mut buffers = Buffers::default();
    for unit in 0..recording.unit_count() {
        recording.read_unit(unit, &mut buffers, &mut scan);
    }
    scan.found
}

#[derive(Default)]
struct Mounts {
    readers: BTreeMap<u32, fieldassay_formats::decode::TransformReader>,
    found: BTreeMap<String, ([f64; 3], [f64; 4])>,
}

impl Visitor for Mounts {
    fn channel(&mut self, channel: &Channel) {
        if channel.topic == "/tf_static" {
            let schema = channel.schema.as_deref().unwrap();
            let reader =
                fieldassay_formats::decode::TransformReader::new(schema, &channel.message_encoding);
            self.readers.insert(channel.id, reader.unwrap());
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        if let Some(reader) = self.readers.get(&message.channel) {
            reader
                .read(message.data, &mut |t| {
                    self.found
                        .insert(t.child.to_owned(), (t.translation_m, t.quat_xyzw));
                })
                .unwrap();
        }
    }
}

#[test]
fn claimed_mounts_are_wrong_by_exactly_the_magnitude() {
    for (vehicle, topic, frame) in [
        (Vehicle::Car, "/camera/image", "camera_optical_frame"),
        (Vehicle::Car, "/lidar/points", "lidar_link"),
        (Vehicle::Arm, "/camera/odometry", "camera_optical_frame"),
    ] {
        let turned = format!("extrinsic_rotation_deg=1@{topic}");
        let (hit, clean, truth) = pair(vehicle, "/imu", &turned);
        assert_eq!(truth.channel.as_deref(), Some(topic));
        let (hit, clean) = (mounts(&hit), mounts(&clean));
        for (child, (meters, q)) in &clean {
            let (wrong_meters, wrong) = hit[child];
            assert_eq!(*meters, wrong_meters);
            let apart = product([-q[0], -q[1], -q[2], q[3]], wrong);
            let degrees = (2.0 * norm([apart[0], apart[1], apart[2]]).asin()).to_degrees();
            let expected = if child == frame { 1.0 } else { 0.0 };
            assert!((degrees - expected).abs() < 1e-6, "{child} {degrees}");
        }
        let (hit, _, _) = pair(vehicle, "/imu", &format!("extrinsic_shift_m=0.1@{topic}"));
        let (a, b) = (mounts(&hit)[frame].0, clean[frame].0);
        assert!((norm([a[0] - b[0], a[1] - b[1], a[2] - b[2]]) - 0.1).abs() < 1e-9);
    }
    let refused = write_drive(
        &spec(
            Vehicle::Arm,
            &["/imu"],
            &["extrinsic_rotation_deg=1@/lidar/points"],
        ),
        std::io::sink(),
    );
    assert!(matches!(refused, Err(SimulateError::Channel { .. })));
}

#[test]
fn a_wrong_focal_length_is_claimed_by_the_calibration() {
    let topic = "/camera/camera_info";
    let (hit, clean, _) = pair(Vehicle::Robot, topic, "focal_percent=3");
    let focal = |file: &[u8]| {
        let mut list = Vec::new();
        each(file, topic, &mut |_, sample| {
            if let Sample::CameraInfo(info) = sample {
                list.push((info.k[0], info.p[0]));
            }
        });
        list
    };
    for (a, b) in focal(&hit).iter().zip(&focal(&clean)) {
        assert!((a.0 / b.0 - 1.03).abs() < 1e-12 && (a.1 / b.1 - 1.03).abs() < 1e-12);
    }
}

/// Point as written: x, y, z, intensity, ring.
type Point = ([f64; 3], f64, u16);

fn points(cloud: &Cloud<'_>) -> Vec<Point> {
    let step = cloud.point_step as usize;
    let single =
        |p: &[u8], at: usize| f64::from(f32::from_le_bytes(p[at..at + 4].try_into().unwrap()));
    cloud
        .data
        .chunks_exact(step)
        .map(|p| {
            let ring = u16::from_le_bytes([p[16], p[17]]);
            (
                [single(p, 0), single(p, 4), single(p, 8)],
                single(p, 12),
                ring,
            )
        })
        .collect()
}

fn clouds(file: &[u8]) -> Vec<(i64, Vec<Point>, usize)> {
    let mut list = Vec::new();
    each(file, "/lidar/points", &mut |log, sample| {
        let Sample::Cloud(cloud) = sample else {
            unreachable!("a channel of clouds")
        };
        list.push((log, points(&cloud), cloud.fields.len()));
    });
    list
}

#[test]
fn faults_of_a_lidar_hide_what_they_say() {
    let (hit, clean, _) = pair(Vehicle::Car, "/lidar/points", "dead_ring_count=2");
    let rings = |file: &[u8]| -> Vec<usize> {
        clouds(file)
            .iter()
            .map(|(_, points, _)| {
                points
                    .iter()
                    .map(|p| p.2)
                    .collect::<std::collections::BTreeSet<_>>()
                    .len()
            })
            .collect()
    };
    assert!(rings(&clean).iter().all(|count| *count == 16));
    assert!(rings(&hit).iter().all(|count| *count == 14));

    let (hit, clean, truth) = pair(Vehicle::Car, "/lidar/points", "blocked_sector_deg=10");
    // Widest gap between azimuths of a cloud, degrees.
    let gap = |points: &[Point]| {
        let mut azimuths: Vec<f64> = points
            .iter()
            .map(|p| p.0[1].atan2(p.0[0]).to_degrees())
            .collect();
        azimuths.sort_by(f64::total_cmp);
        let around = 360.0 + azimuths[0] - azimuths[azimuths.len() - 1];
        azimuths
            .windows(2)
            .map(|w| w[1] - w[0])
            .fold(around, f64::max)
    };
    for (log, points, _) in clouds(&hit) {
        let widest = gap(&points);
        if log >= truth.start_ns {
            assert!((9.0..13.0).contains(&widest), "{widest}");
        } else {
            assert!(widest < 4.1, "{widest}");
        }
    }
    assert!(
        clouds(&clean)
            .iter()
            .all(|(_, points, _)| gap(points) < 4.1)
    );

    let (hit, clean, _) = pair(Vehicle::Car, "/lidar/points", "no_point_time_count=1");
    assert!(clouds(&hit).iter().all(|(_, _, fields)| *fields == 5));
    assert!(clouds(&clean).iter().all(|(_, _, fields)| *fields == 6));
}

/// Poses or satellite positions: log time, position, status.
fn places(file: &[u8], topic: &str) -> Vec<(i64, [f64; 3], i64)> {
    let mut list = Vec::new();
    each(file, topic, &mut |log, sample| match sample {
        Sample::Pose(pose) => list.push((log, pose.translation_meters, 0)),
        Sample::Fix(fix) => {
            let north = (fix.latitude_degrees - 48.0) * 111_200.0;
            let east = (fix.longitude_degrees - 9.0) * 74_400.0;
            list.push((log, [east, north, fix.altitude_meters], fix.status.unwrap()));
        }
        _ => unreachable!("a channel of places"),
    });
    list
}

#[test]
fn places_jump_and_vanish_as_told() {
    for (topic, fault) in [
        ("/odom", "pose_jump_m=2"),
        ("/lidar/odometry", "pose_jump_m=2@/lidar/odometry"),
        ("/gnss/fix", "gnss_jump_m=5"),
    ] {
        let (hit, clean, truth) = pair(Vehicle::Car, topic, fault);
        for (a, b) in places(&hit, topic).iter().zip(&places(&clean, topic)) {
            let apart = norm([0, 1, 2].map(|i| a.1[i] - b.1[i]));
            let within = (truth.start_ns..=truth.end_ns).contains(&a.0);
            let expected = if within { truth.magnitude } else { 0.0 };
            assert!((apart - expected).abs() < 1e-3, "{topic} {apart}");
        }
    }
    let mut silent = 0;
    for seed in 0..8 {
        let spec = DriveSpec {
            seed,
            ..spec(Vehicle::Car, &["/gnss/fix"], &["gnss_outage_s=2"])
        };
        let rows = places(&bytes(&spec).0, "/gnss/fix");
        let lost = rows.iter().filter(|row| row.2 < 0).count();
        silent += usize::from(rows.len() == 90);
        assert!((rows.len(), lost) == (100, 10) || (rows.len(), lost) == (90, 0));
    }
    assert!((1..8).contains(&silent), "{silent}");
}

#[test]
fn a_clipped_joint_stays_at_its_limit_for_the_share_told() {
    for vehicle in [Vehicle::Arm, Vehicle::Car] {
        let (hit, clean, _) = pair(vehicle, "/joint_states", "joint_clip_percent=10");
        let positions = |file: &[u8]| {
            let mut list = Vec::new();
            each(file, "/joint_states", &mut |_, sample| {
                if let Sample::Joints(joints) = sample {
                    list.push(joints.position);
                }
            });
            list
        };
        let (hit, clean) = (positions(&hit), positions(&clean));
        let joints: Vec<usize> = (0..hit[0].len())
            .filter(|joint| hit.iter().zip(&clean).any(|(a, b)| a[*joint] != b[*joint]))
            .collect();
        let [joint] = joints.as_slice() else {
            unreachable!("one joint: {joints:?}")
        };
        let limit = hit.iter().map(|p| p[*joint]).fold(f64::MIN, f64::max);
        let share = hit.iter().filter(|p| p[*joint] == limit).count() as f64 / hit.len() as f64;
        assert!((share - 0.1).abs() < 0.03, "{vehicle:?} {share}");
    }
}

/// Moments at which the sound begins, seconds since the first message.
fn claps(file: &[u8], start_ns: i64) -> Vec<f64> {
    let mut list: Vec<f64> = Vec::new();
    each(file, "/audio", &mut |log, sample| {
        let Sample::Audio(audio) = sample else {
            unreachable!("a channel of sound")
        };
        // Sent 60 ms after its first sample.
        let start = (log - start_ns) as f64 * 1e-9 - 0.060;
        for (number, pair) in audio.data.chunks_exact(2).enumerate() {
            let value = i16::from_le_bytes([pair[0], pair[1]]);
            let at = start + number as f64 / f64::from(audio.sample_rate_hz);
            if value.unsigned_abs() > 2_000 && list.last().is_none_or(|last| at - last > 0.3) {
                list.push(at);
            }
        }
    });
    list
}

#[test]
fn sound_comes_with_what_is_seen_unless_it_lags() {
    let both = [IMAGE, "/audio"];
    let (clean, _) = bytes(&spec(Vehicle::Robot, &both, &[]));
    let (hit, _) = bytes(&spec(Vehicle::Robot, &both, &["audio_lag_ms=150"]));
    let frames = pictures(&clean, IMAGE);
    let start_ns = frames[0].0;
    let heard = claps(&clean, start_ns);
    assert!(heard.len() > 10);
    for (a, b) in claps(&hit, start_ns).iter().zip(&heard) {
        assert!((a - b - 0.150).abs() < 0.015, "{a} {b}");
    }
    // The board at the bottom changes in the first picture after each clap.
    let board = |pixels: &[u8]| pixels[118 * 160 + 80] > 128;
    let seen: Vec<f64> = frames
        .windows(2)
        .filter(|w| board(&w[0].1) != board(&w[1].1))
        .map(|w| (w[1].0 - start_ns) as f64 * 1e-9)
        .collect();
    for at in &heard {
        let after = seen
            .iter()
            .map(|s| s - at)
            .filter(|d| *d > -0.03)
            .fold(f64::MAX, f64::min);
        assert!(after < 0.14 || *at < 0.2 || *at > 19.7, "{at} {after}");
    }
}

/// The nearest whole number of a place within a picture.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 640"
)]
fn whole(place: f64) -> usize {
    (place + 0.5) as usize
}

/// Correlation of the intensity of points with the brightness of the pixels they fall on, at rest.
fn agreement(file: &[u8], from_lidar: &dyn Fn([f64; 3]) -> [f64; 3]) -> f64 {
    let frames = pictures(file, IMAGE);
    let clouds = clouds(file);
    let (width, height, focal) = (640.0, 480.0, 0.714 * 640.0);
    let (cx, cy) = (width / 2.0 - 0.25, height / 2.0 + 0.75);
    let mut pairs = Vec::new();
    for ((_, pixels), (_, points, _)) in frames.iter().zip(&clouds).take(8) {
        for (point, intensity, _) in points {
            let [x, y, z] = from_lidar(*point);
            let (u, v) = (focal * x / z + cx, focal * y / z + cy);
            if z > 0.5 && u > 0.0 && v > 0.0 && u < width - 1.0 && v < height - 1.0 {
                let pixel = pixels[whole(v) * 640 + whole(u)];
                pairs.push((*intensity, f64::from(pixel)));
            }
        }
    }
    let n = pairs.len() as f64;
    assert!(n > 1000.0, "{n}");
    let mean = |pick: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(pick).sum::<f64>() / n;
    let (a, b) = (mean(&|p| p.0), mean(&|p| p.1));
    let cross = mean(&|p| (p.0 - a) * (p.1 - b));
    cross / (mean(&|p| (p.0 - a).powi(2)) * mean(&|p| (p.1 - b).powi(2))).sqrt()
}

fn rotate(q: [f64; 4], v: [f64; 3]) -> [f64; 3] {
    let turned = product(
        product(q, [v[0], v[1], v[2], 0.0]),
        [-q[0], -q[1], -q[2], q[3]],
    );
    [turned[0], turned[1], turned[2]]
}

#[test]
fn points_fall_on_what_the_camera_sees_there() {
    for vehicle in [Vehicle::Car, Vehicle::Robot] {
        let mut spec = spec(vehicle, &[IMAGE, "/lidar/points"], &[]);
        spec.camera = CameraSpec::default();
        spec.duration_secs = 8.0;
        let file = bytes(&spec).0;
        let mounts = mounts(&file);
        let (camera, lidar) = (mounts["camera_optical_frame"], mounts["lidar_link"]);
        let back = [-camera.1[0], -camera.1[1], -camera.1[2], camera.1[3]];
        let exact = |p: [f64; 3]| {
            let body = rotate(lidar.1, p);
            rotate(back, [0, 1, 2].map(|i| body[i] + lidar.0[i] - camera.0[i]))
        };
        let right = agreement(&file, &exact);
        assert!(right > 0.6, "{vehicle:?} {right}");
        for axis in 0..3 {
            let mut turn = [0.0, 0.0, 0.0, 1.0];
            turn[axis] = 0.05;
            let wrong = agreement(&file, &|p| rotate(turn, exact(p)));
            assert!(wrong < right - 0.05, "{vehicle:?} {axis} {wrong} {right}");
        }
    }
}

#[test]
fn every_vehicle_records_everything_it_has() {
    for vehicle in [Vehicle::Car, Vehicle::Robot, Vehicle::Arm] {
        let mut spec = spec(vehicle, &[], &[]);
        spec.sensors = Sensors::All;
        spec.duration_secs = 4.0;
        spec.camera.encoding = Encoding::Jpeg;
        let (file, _) = bytes(&spec);
        assert!(file == bytes(&spec).0);
        let recording = McapRecording::open(&file, OpenOptions::default()).unwrap();
        let topics: Vec<&str> = recording
            .channels()
            .iter()
            .map(|c| c.topic.as_str())
            .collect();
        let expected = match vehicle {
            Vehicle::Car => 17,
            Vehicle::Robot => 16,
            Vehicle::Arm => 13,
        };
        assert_eq!(topics.len(), expected, "{topics:?}");
        for (log, file) in pictures(&file, "/camera/image/compressed") {
            assert!(
                file.starts_with(&[0xFF, 0xD8]) && file.ends_with(&[0xFF, 0xD9]),
                "{log}"
            );
        }
    }
    let unknown = write_drive(
        &spec(Vehicle::Arm, &["/lidar/points"], &[]),
        std::io::sink(),
    );
    assert!(matches!(unknown, Err(SimulateError::Sensor { .. })));
}

#[test]
fn the_mixed_recording_has_about_the_size_asked_for() {
    let spec = DriveSpec {
        mixed_bytes: Some(4_000_000),
        ..DriveSpec::default()
    };
    let (file, _) = bytes(&spec);
    // A short one: one picture more or less counts. 320 MB come within a few percent.
    let share = file.len() as f64 / 4e6;
    assert!((0.7..1.3).contains(&share), "{share}");
    for number in 0..3 {
        let frames = pictures(&file, &format!("/camera_{number}/image/compressed"));
        assert!(frames.len() >= 4);
        assert!(frames.windows(2).all(|w| w[0].1 != w[1].1));
    }
    let clouds = clouds(&file);
    assert!(clouds.iter().all(|(_, points, _)| points.len() > 50_000));
}
