use super::*;
use crate::sensors::{NoReread, Reread, Rig, Track};
use fieldassay_formats::sensor::Sample;
use fieldassay_measure::imu::Sample as ImuSample;
use fieldassay_model::{Fact, FactStatus};
use fieldassay_testkit::{Lcg, shared_data};

const WIDTH: u32 = 160;
const HEIGHT: u32 = 120;
const PERIOD: i64 = 100_000_000;
/// Frames per look: two looks per second at 10 Hz.
const SAMPLED: usize = 5;

/// A camera that pans over a noisy texture, 10 images per second.
struct Drive {
    images: Vec<Image<'static>>,
}

impl Drive {
    fn new(n: usize, seed: u64) -> Self {
        let mut rng = Lcg::new(seed);
        let texture: Vec<u8> = (0..1024 * 256)
            .map(|_| u8::try_from(rng.next_u32() >> 24).unwrap())
            .collect();
        let images = (0..n)
            .map(|i| {
                let pixel = |k: u32| {
                    // Four pixels per frame: the blocks keep their place among the pixels of the picture at a
                    // quarter of the size, which are not smoothed before they are thinned.
                    let (x, y) = ((k % WIDTH) as usize + 4 * i, (k / WIDTH) as usize);
                    // Coarse texture over fine texture, and noise.
                    let coarse = u32::from(texture[y / 8 * 1024 + x / 8 % 1024]);
                    let fine = u32::from(texture[y * 1024 + x % 1024]);
                    let noise = (rng.next_u32() >> 29) % 5;
                    u8::try_from(60 + coarse / 3 + fine / 8 + noise).unwrap()
                };
                raw((0..WIDTH * HEIGHT).map(pixel).collect())
            })
            .collect();
        Self { images }
    }

    fn change(&mut self, range: std::ops::Range<usize>, change: impl Fn(&Grey<'_>) -> Vec<u8>) {
        for image in &mut self.images[range] {
            let grey = Grey::new(WIDTH as usize, HEIGHT as usize, &image.data).unwrap();
            let changed = change(&grey);
            image.data = changed.into();
        }
    }

    fn freeze(&mut self, range: std::ops::Range<usize>) {
        let held = self.images[range.start].clone();
        self.images[range].fill(held);
    }

    /// Facts with an inertial sensor whose rate swings by `swing`, or without one.
    fn facts(&self, swing: Option<f64>) -> Vec<Fact> {
        let (mut frames, mut looks) = (Vec::new(), Vec::new());
        for (i, image) in self.images.iter().enumerate() {
            let at = At {
                t_nanos: time(i),
                log_nanos: time(i),
                sampled: i % SAMPLED == 0,
            };
            reduce(image, at, &mut frames, &mut looks);
        }
        let rate = |i: usize| swing.unwrap_or(0.0) * (0.3 * i as f64).sin();
        let rows: Vec<ImuSample> = (0..10 * self.images.len())
            .map(|i| ImuSample {
                t_nanos: time(i) / 10,
                gyro: [0.0, 0.0, rate(i)],
                accel: [0.0, 0.0, 9.8],
            })
            .collect();
        let log_nanos: Vec<i64> = rows.iter().map(|row| row.t_nanos).collect();
        let imus = [Track {
            stream: None,
            topic: "/imu",
            frame: "",
            parent: "",
            log_nanos: &log_nanos,
            rows: &rows,
            start_nanos: 0,
        }];
        let rig = Rig::default();
        let context = Context {
            rig: &rig,
            imus: if swing.is_some() { &imus } else { &[] },
            poses: &[],
            fixes: &[],
            reread: self,
            start_nanos: 0,
        };
        let found = outcome(("/camera", "camera"), 0, &frames, &looks, &context);
        assert!(found.pictures.len() <= 6);
        assert!(
            found
                .pictures
                .iter()
                .all(|picture| !picture.bytes.is_empty() && picture.bytes.len() <= 40_000)
        );
        found.facts
    }
}

impl Reread for Drive {
    fn samples(&self, _: usize, log_nanos: &[i64], each: &(dyn Fn(usize, At, Sample<'_>) + Sync)) {
        for (place, t) in log_nanos.iter().enumerate() {
            let index = usize::try_from(t / PERIOD).unwrap();
            let at = At {
                t_nanos: *t,
                log_nanos: *t,
                sampled: true,
            };
            each(place, at, Sample::Image(self.images[index].clone()));
        }
    }
}

fn time(i: usize) -> i64 {
    i64::try_from(i).unwrap() * PERIOD
}

fn raw(data: Vec<u8>) -> Image<'static> {
    Image {
        frame: "camera".into(),
        width: WIDTH,
        height: HEIGHT,
        encoding: "mono8".into(),
        compressed: false,
        step: WIDTH,
        big_endian: false,
        data: data.into(),
    }
}

fn all<'a>(facts: &'a [Fact], name: &str) -> Vec<&'a Fact> {
    facts.iter().filter(|fact| fact.name == name).collect()
}

fn value(facts: &[Fact], name: &str) -> f64 {
    let found = all(facts, name);
    assert!(!found.is_empty(), "no fact {name}");
    let value = found[0].value.as_ref();
    value
        .and_then(fieldassay_model::FactValue::as_f64)
        .unwrap_or_else(|| panic!("{name}: {:?}", found[0].reason))
}

#[test]
fn a_clean_drive_has_nothing() {
    for seed in 0..2 {
        let facts = Drive::new(120, seed).facts(Some(0.3));
        for name in [
            "camera.decode",
            "camera.size_change",
            "camera.encoding_change",
            "camera.blur",
            "camera.freeze",
            "camera.freeze_still",
            "camera.duplicate",
        ] {
            assert_eq!(value(&facts, name), 0.0, "{name} of seed {seed}");
        }
        assert!(value(&facts, "camera.over_exposed") < 0.1);
        assert!(value(&facts, "camera.under_exposed") < 0.1);
        assert!(value(&facts, "camera.flicker") < 0.03);
    }
}

#[test]
fn two_seconds_of_one_picture_while_moving() {
    let mut drive = Drive::new(140, 1);
    drive.freeze(80..101);
    // A moving sensor says it; without any, the picture that jumps does.
    for swing in [Some(0.3), Some(0.0), None] {
        let facts = drive.facts(swing);
        assert!((value(&facts, "camera.freeze") - 2.0).abs() < 1e-9);
        let window = all(&facts, "camera.freeze")[0].window.unwrap();
        assert_eq!((window.start_ns, window.end_ns), (time(80), time(100)));
        assert_eq!(value(&facts, "camera.blur"), 0.0);
    }
}

#[test]
fn one_picture_of_a_still_scene_is_no_fault() {
    let mut drive = Drive::new(60, 2);
    drive.freeze(0..60);
    let facts = drive.facts(Some(0.0));
    assert_eq!(value(&facts, "camera.freeze"), 0.0);
    assert!((value(&facts, "camera.freeze_still") - 5.9).abs() < 1e-9);
    assert_eq!(
        all(&facts, "camera.duplicate")[0].status,
        FactStatus::NotEvaluated
    );
}

#[test]
fn blur_to_about_half_is_found_and_placed() {
    for seed in 0..2 {
        let mut drive = Drive::new(160, 10 + seed);
        // A mix of the picture and its blur, so that about half of the variance is left.
        drive.change(93..128, |grey| {
            let smooth = filters::gaussian_5(grey);
            let rows = (0..grey.height()).flat_map(|y| grey.row(y).to_vec());
            rows.zip(smooth)
                .map(|(a, b)| u8::try_from((7 * u32::from(a) + 3 * u32::from(b)) / 10).unwrap())
                .collect()
        });
        let facts = drive.facts(Some(0.3));
        let found = all(&facts, "camera.blur");
        assert!(value(&facts, "camera.blur") > 0.25, "{:?}", found[0]);
        let window = found[0].window.unwrap();
        assert_eq!((window.start_ns, window.end_ns), (time(93), time(127)));
    }
}

#[test]
fn clipped_pictures_and_flicker() {
    let mut drive = Drive::new(120, 3);
    drive.change(50..75, |grey| {
        let rows = (0..grey.height()).flat_map(|y| grey.row(y).to_vec());
        rows.map(|v| v.saturating_add(130)).collect()
    });
    let facts = drive.facts(Some(0.3));
    assert!(value(&facts, "camera.over_exposed") > 0.4);
    let window = all(&facts, "camera.over_exposed")[0].window.unwrap();
    assert!(window.start_ns >= time(50) && window.end_ns < time(75));
    let mut drive = Drive::new(120, 4);
    for i in (0..120).step_by(2) {
        drive.change(i..i + 1, |grey| {
            let rows = (0..grey.height()).flat_map(|y| grey.row(y).to_vec());
            rows.map(|v| v.saturating_add(30)).collect()
        });
    }
    assert!(value(&drive.facts(Some(0.3)), "camera.flicker") > 0.1);
}

#[test]
fn damaged_changing_and_foreign_images() {
    let mut drive = Drive::new(60, 5);
    drive.images[10].data = vec![1, 2, 3].into();
    drive.images[20].encoding = "rgb8".into();
    let facts = drive.facts(None);
    assert!(value(&facts, "camera.decode") > 0.0);
    assert_eq!(value(&facts, "camera.encoding_change"), 2.0);
    for image in &mut drive.images {
        image.encoding = "thermal12".into();
    }
    let facts = drive.facts(None);
    for name in [
        "camera.decode",
        "camera.blur",
        "camera.over_exposed",
        "camera.flicker",
    ] {
        assert_eq!(
            all(&facts, name)[0].status,
            FactStatus::NotEvaluated,
            "{name}"
        );
    }
    for image in &mut drive.images {
        image.encoding = "16UC1".into();
        image.step = 2 * WIDTH;
        image.data = vec![0; (2 * WIDTH * HEIGHT) as usize].into();
    }
    let facts = drive.facts(None);
    assert_eq!(value(&facts, "camera.depth_valid"), 0.0);
    assert_eq!(
        all(&facts, "camera.blur")[0].status,
        FactStatus::NotEvaluated
    );
}

#[test]
fn a_jpeg_without_its_end_is_truncated() {
    assert!(ends_early(&[0xFF, 0xD8, 1, 2, 3]));
    assert!(!ends_early(&[0xFF, 0xD8, 1, 0xFF, 0xD9, 0, 0]));
    assert!(!ends_early(&[1, 2, 3]));
}

#[test]
fn no_images_at_all() {
    let rig = Rig::default();
    let context = Context {
        rig: &rig,
        imus: &[],
        poses: &[],
        fixes: &[],
        reread: &NoReread,
        start_nanos: 0,
    };
    let found = outcome(("/camera", "camera"), 0, &[], &[], &context);
    assert!(
        found
            .facts
            .iter()
            .all(|fact| fact.status == FactStatus::NotEvaluated)
    );
}

/// A healthy stereo camera on a drone: 24 images in 1.2 s.
#[test]
fn euroc_images_have_nothing() {
    let Some(folder) = shared_data("euroc_micro/mav0") else {
        return;
    };
    for camera in ["cam0", "cam1"] {
        let mut paths: Vec<_> = std::fs::read_dir(folder.join(camera).join("data"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        let images: Vec<Image<'_>> = paths
            .iter()
            .map(|path| Image {
                frame: camera.into(),
                width: 0,
                height: 0,
                encoding: "png".into(),
                compressed: true,
                step: 0,
                big_endian: false,
                data: std::fs::read(path).unwrap().into(),
            })
            .collect();
        assert_eq!(images.len(), 24);
        let facts = Drive { images }.facts(None);
        assert_eq!(value(&facts, "camera.decode"), 0.0);
        assert_eq!(value(&facts, "camera.freeze"), 0.0);
        assert_eq!(value(&facts, "camera.duplicate"), 0.0);
        assert_eq!(value(&facts, "camera.block"), 0.0);
        assert!(value(&facts, "camera.flicker") < 0.03);
        assert!(value(&facts, "camera.over_exposed") < 0.2);
        assert!(value(&facts, "camera.under_exposed") < 0.2);
        // 24 images give five looks, too few for a scatter.
        assert_eq!(
            all(&facts, "camera.blur")[0].status,
            FactStatus::NotEvaluated
        );
        assert_eq!(
            all(&facts, "camera.occlusion")[0].status,
            FactStatus::NotEvaluated
        );
    }
}
