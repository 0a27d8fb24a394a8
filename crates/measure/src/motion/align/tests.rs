//! Recovery, symmetry and honest sigmas on simulated motion.

use super::*;
use crate::motion::{MotionError, turns_of_poses, turns_of_rates};
use crate::pose::matrix::norm;
use crate::pose::{
    Pose, Rate, StampedPose, angle_between, conjugate, multiply_quat, quat_of_rotation_vector,
    rotate,
};
use crate::test_noise::{Noise, nanos};
use proptest::prelude::*;

/// A smooth random rotation: attitude over time, and its rate in the body.
struct Motion {
    /// Amplitude (radians per second), angular frequency and phase of each axis.
    waves: Vec<[[f64; 3]; 3]>,
}

impl Motion {
    fn new(seed: u64, rms: [f64; 3]) -> Self {
        let mut noise = Noise::new(seed);
        let waves = (0..3)
            .map(|_| {
                rms.map(|rms| {
                    [
                        rms * (2.0 / 3.0_f64).sqrt(),
                        std::f64::consts::TAU * (0.1 + 0.5 * noise.uniform()),
                        std::f64::consts::TAU * noise.uniform(),
                    ]
                })
            })
            .collect();
        Self { waves }
    }

    fn rate(&self, t: f64) -> [f64; 3] {
        std::array::from_fn(|axis| {
            self.waves
                .iter()
                .map(|wave| wave[axis][0] * (wave[axis][1] * t + wave[axis][2]).sin())
                .sum()
        })
    }

    /// Rotation from `t` on over `step`, by small steps.
    fn turned(&self, t: f64, step: f64) -> [f64; 4] {
        let parts = 8;
        let h = step / f64::from(parts);
        (0..parts).fold([0.0, 0.0, 0.0, 1.0], |q, i| {
            let middle = self.rate(t + (f64::from(i) + 0.5) * h);
            multiply_quat(&q, &quat_of_rotation_vector(&scale(&middle, h)))
        })
    }
}

/// What two sensors make of it.
struct Scene {
    seconds: f64,
    gyro_hz: f64,
    gyro_sigma: f64,
    camera_hz: f64,
    /// Of the rotation vector between two frames, radians.
    camera_sigma: f64,
    /// Stamp of the gyro minus stamp of the camera.
    offset: f64,
    gyro_from_camera: [f64; 4],
}

const SCENE: Scene = Scene {
    seconds: 30.0,
    gyro_hz: 200.0,
    gyro_sigma: 0.005,
    camera_hz: 12.0,
    camera_sigma: 0.0007,
    offset: 0.0,
    gyro_from_camera: [0.5, -0.5, 0.5, 0.5],
};

impl Scene {
    fn streams(&self, motion: &Motion, noise: &mut Noise) -> (Vec<Turn>, Vec<Turn>) {
        let start = noise.uniform();
        let mut white =
            |sigma: f64| -> [f64; 3] { std::array::from_fn(|_| sigma * noise.normal()) };
        let times = |hz: f64, late: f64| {
            let mut t = late;
            std::iter::from_fn(move || {
                t += 1.0 / hz;
                Some(t)
            })
        };
        let gyro: Vec<Rate> = times(self.gyro_hz, 0.0)
            .take_while(|t| *t < self.seconds)
            .map(|t| Rate {
                t_nanos: nanos(1e9 * (t + self.offset)),
                radians_per_sec: crate::pose::matrix::add(&motion.rate(t), &white(self.gyro_sigma)),
            })
            .collect();
        let frames: Vec<f64> = times(self.camera_hz, 0.05 * start)
            .take_while(|t| *t < self.seconds)
            .collect();
        let camera = frames
            .windows(2)
            .map(|pair| {
                let q = motion.turned(pair[0], pair[1] - pair[0]);
                let back = conjugate(&self.gyro_from_camera);
                let vector = rotate(&back, &crate::pose::rotation_vector(&q));
                Turn {
                    start_nanos: nanos(1e9 * pair[0]),
                    end_nanos: nanos(1e9 * pair[1]),
                    radians: crate::pose::matrix::add(&vector, &white(self.camera_sigma)),
                }
            })
            .collect();
        (turns_of_rates(gyro, 0.1), camera)
    }
}

#[test]
fn a_late_stream_is_found_with_its_sign() {
    let motion = Motion::new(1, [0.1, 0.1, 0.2]);
    let scene = Scene {
        offset: 0.037,
        ..SCENE
    };
    let (gyro, camera) = scene.streams(&motion, &mut Noise::new(2));
    let found = align(&gyro, &camera, &AlignOptions::default()).unwrap();
    assert!((found.offset_secs - 0.037).abs() < 0.003, "{found:?}");
    assert!(
        found.offset_sigma_secs < 0.002,
        "{}",
        found.offset_sigma_secs
    );
    assert!(found.correlation > 0.95 && (found.rate_ratio - 1.0).abs() < 0.05);
    assert!(angle_between(&found.a_from_b_quat_xyzw, &SCENE.gyro_from_camera) < 0.02);
    let back = align(&camera, &gyro, &AlignOptions::default()).unwrap();
    assert!((back.offset_secs + found.offset_secs).abs() < 1e-12);
    assert!(
        angle_between(
            &back.a_from_b_quat_xyzw,
            &conjugate(&found.a_from_b_quat_xyzw)
        ) < 1e-9
    );
}

/// 0.2 rad/s about one axis, 20 to 60 s: bias and coverage of the offset.
#[test]
fn the_sigma_is_honest_and_small_enough_for_15_ms() {
    let (mut inside, mut found_15, mut false_alarms, mut worst_sigma) = (0, 0, 0, 0.0_f64);
    let runs = 100_u32;
    for run in 0..runs {
        let mut noise = Noise::new(u64::from(run) + 1000);
        let planar = run % 2 == 0;
        let rest = if planar { 0.005 } else { 0.1 };
        let motion = Motion::new(u64::from(run) + 5000, [rest, rest, 0.2]);
        let scene = Scene {
            offset: if run % 4 < 2 { 0.015 } else { 0.0 },
            seconds: 25.0 + 30.0 * noise.uniform(),
            camera_hz: 10.0 + 5.0 * noise.uniform(),
            ..SCENE
        };
        let (gyro, camera) = scene.streams(&motion, &mut noise);
        let options = AlignOptions {
            believed_quat_xyzw: planar.then_some(SCENE.gyro_from_camera),
            ..AlignOptions::default()
        };
        let found = align(&gyro, &camera, &options).unwrap();
        let error = found.offset_secs - scene.offset;
        inside += u32::from(error.abs() <= 1.96 * found.offset_sigma_secs);
        worst_sigma = worst_sigma.max(found.offset_sigma_secs);
        let least = found.offset_secs.abs() - 1.96 * found.offset_sigma_secs;
        if scene.offset > 0.0 {
            found_15 += u32::from(least > 0.005);
        } else {
            false_alarms += u32::from(least > 0.005);
        }
    }
    assert!(
        inside >= 90,
        "{inside} of {runs} inside; worst sigma {worst_sigma}"
    );
    assert!(worst_sigma < 0.003, "{worst_sigma}");
    assert_eq!((found_15, false_alarms), (runs / 2, 0));
}

#[test]
fn motion_about_one_axis_leaves_the_rotation_open() {
    let motion = Motion::new(3, [0.0, 0.0, 0.3]);
    let scene = Scene {
        camera_sigma: 1e-5,
        gyro_sigma: 1e-4,
        ..SCENE
    };
    let (gyro, camera) = scene.streams(&motion, &mut Noise::new(4));
    let found = align(&gyro, &camera, &AlignOptions::default()).unwrap();
    assert!(found.axes_radians_per_sec[1] < 0.01 * found.axes_radians_per_sec[0]);
    let open = symmetric_eigen(&found.rotation_covariance);
    // About the axis of the motion, z of the gyro, nothing is known; across it, a lot.
    assert!(
        open.values[0].sqrt() > 0.1 && open.vectors[0][2].abs() > 0.99,
        "{open:?}"
    );
    assert!(open.values[1].sqrt() < 1e-3, "{open:?}");
    assert!(found.offset_secs.abs() < 0.001);
}

#[test]
fn what_cannot_be_measured_is_an_error() {
    let options = AlignOptions::default();
    let motion = Motion::new(5, [0.1, 0.1, 0.2]);
    let (gyro, camera) = SCENE.streams(&motion, &mut Noise::new(6));
    let short = crate::motion::clip(&camera, 0, 10_000_000_000);
    assert!(matches!(
        align(&gyro, short, &options),
        Err(MotionError::TooShort { .. })
    ));
    assert!(matches!(
        align(&gyro, &[], &options),
        Err(MotionError::TooShort { .. })
    ));
    let (still, seen) = SCENE.streams(&Motion::new(7, [0.0; 3]), &mut Noise::new(8));
    assert!(matches!(
        align(&still, &seen, &options),
        Err(MotionError::NotExcited { .. })
    ));
    let (_, other) = SCENE.streams(&Motion::new(9, [0.1, 0.1, 0.2]), &mut Noise::new(10));
    assert!(matches!(
        align(&gyro, &other, &options),
        Err(MotionError::NotAlike { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn offset_and_rotation_survive_frames_shifts_and_resampling(
        seed in 0..1000_u64,
        turn in prop::array::uniform3(-1.0..1.0f64),
        offset in -0.2..0.2f64,
        shift_secs in -1_000_000_000..1_000_000_000i64,
        hz in 8.0..40.0f64,
    ) {
        let motion = Motion::new(seed, [0.2, 0.15, 0.25]);
        let scene = Scene {
            offset,
            gyro_from_camera: quat_of_rotation_vector(&turn),
            camera_hz: hz,
            gyro_sigma: 0.0,
            camera_sigma: 0.0,
            ..SCENE
        };
        let (mut gyro, mut camera) = scene.streams(&motion, &mut Noise::new(seed));
        for turn in gyro.iter_mut().chain(&mut camera) {
            turn.start_nanos += shift_secs * 1_000_000_000;
            turn.end_nanos += shift_secs * 1_000_000_000;
        }
        let found = align(&gyro, &camera, &AlignOptions::default()).unwrap();
        prop_assert!((found.offset_secs - offset).abs() < 5e-4, "{} {offset}", found.offset_secs);
        prop_assert!(angle_between(&found.a_from_b_quat_xyzw, &scene.gyro_from_camera) < 5e-3);
    }
}

#[test]
fn poses_and_gyro_agree() {
    let motion = Motion::new(11, [0.2, 0.1, 0.3]);
    let (gyro, _) = SCENE.streams(&motion, &mut Noise::new(12));
    let mut poses = vec![StampedPose {
        t_nanos: 0,
        pose: Pose::IDENTITY,
    }];
    for i in 0..600 {
        let t = 0.05 * f64::from(i);
        let mut next = poses[poses.len() - 1];
        next.pose.quat_xyzw = multiply_quat(&next.pose.quat_xyzw, &motion.turned(t, 0.05));
        next.t_nanos = nanos(1e9 * (t + 0.05 + 0.02));
        poses.push(next);
    }
    let poses = turns_of_poses(&poses[1..], 1.0);
    let found = align(&poses, &gyro, &AlignOptions::default()).unwrap();
    assert!((found.offset_secs - 0.02).abs() < 0.001, "{found:?}");
    assert!(norm(&found.bias_radians_per_sec) < 0.002);
}
