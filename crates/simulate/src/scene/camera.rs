//! Pictures and calibrations of cameras.

use super::{altered, secs};
use crate::alter::Alter;
use crate::math::single;
use crate::rng::Rng;
use crate::stream::Sample;
use crate::vehicle::{Mount, Rig};
use crate::world::blur::{gaussian, sigma_for};
use crate::world::render::{Lens, Renderer};
use crate::world::{World, byte};
use crate::{CameraSpec, Encoding, SimulateError};
use fieldassay_formats::media::encode_jpeg_grey;
use fieldassay_formats::message;
use fieldassay_formats::sensor::{CameraInfo, Image};
use std::borrow::Cow;

/// Focal length over width: 70 degrees across.
const FOCAL_RATIO: f64 = 0.714;
/// Standard deviation of the noise of a pixel, grey levels: temporal dark noise and shot noise of a small global
/// shutter sensor such as an AR0134 or MT9V034, 8 bit at moderate gain.
pub(super) const NOISE_LEVELS: f64 = 2.0;
/// Values of the noise table; rows start at seeded places in it.
const NOISE_TABLE: usize = 1 << 16;
const JPEG_QUALITY: u8 = 85;
/// Part of the picture that the clapper takes up, at the bottom in the middle: width and height.
const CLAPPER: (usize, usize) = (4, 5);
/// Its brightness when dark and lit.
const CLAPPER_LEVELS: (u8, u8) = (30, 225);

/// One camera.
#[derive(Clone, Debug)]
pub(super) struct Eye {
    /// Number of the channel it fills.
    pub(super) channel: usize,
    pub(super) mount: Mount,
    lens: Lens,
    encoding: Encoding,
    renderer: Renderer,
    noise: Vec<i8>,
    /// The last picture as recorded: pixels or file.
    last: Vec<u8>,
    /// Blur of the stretch that is out of focus.
    sigma: Option<f64>,
    sway: f64,
    rng: Rng,
}

/// The lens of a camera.
pub(super) fn lens(camera: &CameraSpec) -> Lens {
    let width = usize::try_from(camera.width).unwrap_or(1);
    let height = usize::try_from(camera.height).unwrap_or(1);
    Lens {
        width,
        height,
        focal: FOCAL_RATIO * f64::from(camera.width),
        center: (
            f64::from(camera.width) / 2.0 - 0.25,
            f64::from(camera.height) / 2.0 + 0.75,
        ),
    }
}

impl Eye {
    /// The camera of a channel; `alike` others sit at the same place.
    pub(super) fn new(
        seed: u64,
        (channel, alike): (usize, usize),
        mount: Mount,
        camera: &CameraSpec,
    ) -> Self {
        let mut rng = Rng::new(seed, &format!("eye {} {alike}", mount.frame()));
        let noise = (0..NOISE_TABLE).map(|_| level(NOISE_LEVELS * rng.normal()));
        Self {
            channel,
            mount,
            lens: lens(camera),
            encoding: camera.encoding,
            renderer: Renderer::default(),
            noise: noise.collect(),
            last: Vec::new(),
            sigma: None,
            sway: rng.between(0.0, std::f64::consts::TAU),
            rng,
        }
    }

    /// A picture; `lit` says how the clapper looks, if there is one.
    pub(super) fn encode(
        &mut self,
        (rig, world): (&Rig, &World),
        lit: Option<bool>,
        sample: &Sample,
        out: &mut Vec<u8>,
    ) -> Result<(), SimulateError> {
        let repeat = sample.alterations.contains(&Alter::Repeat) && !self.last.is_empty();
        if !repeat {
            let secs = secs(sample);
            let pose = rig.sensor(self.mount, secs);
            self.renderer.render(world, &self.lens, &pose, secs);
            if let Some(lit) = lit {
                self.clap(lit);
            }
            self.optics(sample);
            self.expose(secs);
            self.last = if self.encoding == Encoding::Jpeg {
                let (width, height) = self.size();
                encode_jpeg_grey(width, height, &self.renderer.pixels, JPEG_QUALITY)?
            } else {
                self.renderer.pixels.clone()
            };
        }
        let (width, height) = self.size();
        let raw = self.encoding == Encoding::Mono8;
        let image = Image {
            frame: Cow::Borrowed(self.mount.frame()),
            width: if raw { width } else { 0 },
            height: if raw { height } else { 0 },
            encoding: Cow::Borrowed(if raw {
                "mono8"
            } else {
                "mono8; jpeg compressed"
            }),
            compressed: !raw,
            step: if raw { width } else { 0 },
            big_endian: false,
            data: Cow::Borrowed(&self.last),
        };
        if raw {
            message::image(out, sample.stamp_ns, &image);
        } else {
            message::compressed_image(out, sample.stamp_ns, &image);
        }
        Ok(())
    }

    fn size(&self) -> (u32, u32) {
        let whole = |value: usize| u32::try_from(value).unwrap_or(0);
        (whole(self.lens.width), whole(self.lens.height))
    }

    /// Draws the clapper: a board that turns from dark to light, or back, with every clap.
    fn clap(&mut self, lit: bool) {
        let (width, height) = (self.lens.width, self.lens.height);
        let (wide, high) = (width / CLAPPER.0, height / CLAPPER.1);
        let left = (width - wide) / 2;
        let level = if lit {
            CLAPPER_LEVELS.1
        } else {
            CLAPPER_LEVELS.0
        };
        for row in self
            .renderer
            .pixels
            .chunks_exact_mut(width)
            .skip(height - high)
        {
            if let Some(part) = row.get_mut(left..left + wide) {
                part.fill(level);
            }
        }
    }

    /// Blur and over-exposure, before the sensor adds its noise.
    fn optics(&mut self, sample: &Sample) {
        let blur = altered(sample, |alter| match alter {
            Alter::Blur { ratio } => Some(*ratio),
            _ => None,
        });
        if let Some(ratio) = blur {
            let (pixels, width) = (&self.renderer.pixels, self.lens.width);
            let variance = NOISE_LEVELS * NOISE_LEVELS + 1.0 / 12.0;
            let sigma = *self
                .sigma
                .get_or_insert_with(|| sigma_for(pixels, width, ratio, variance));
            self.renderer.pixels = gaussian(pixels, width, sigma);
        }
        let share = altered(sample, |alter| match alter {
            Alter::Overexpose { share } => Some(*share),
            _ => None,
        });
        if let Some(share) = share {
            let pixels = &mut self.renderer.pixels;
            let mut counts = [0_usize; 256];
            for pixel in pixels.iter() {
                counts[usize::from(*pixel)] += 1;
            }
            let mut left = pixels.len() as f64 * share;
            let mut clip = 255_u8;
            while left > 0.0 && clip > 1 {
                left -= counts[usize::from(clip)] as f64;
                clip -= 1;
            }
            // The darkest of them end where pixels count as clipped, at 250, noise aside.
            let gain = 252.0 / (f32::from(clip) + 1.0);
            for pixel in pixels.iter_mut() {
                *pixel = byte(whole(f32::from(*pixel) * gain));
            }
        }
    }

    /// Adds slight changes of exposure and the noise of the sensor.
    fn expose(&mut self, secs: f64) {
        let wave = 0.015 * libm::sin(0.37 * secs + self.sway);
        let gain = whole(single(256.0 * (1.0 + wave + 0.003 * self.rng.normal())));
        for row in self.renderer.pixels.chunks_exact_mut(self.lens.width) {
            let room = NOISE_TABLE.saturating_sub(row.len()).max(1);
            let start = usize::try_from(self.rng.below(room as u64)).unwrap_or(0);
            let noise = self.noise.get(start..).unwrap_or(&[]);
            for (pixel, noise) in row.iter_mut().zip(noise) {
                *pixel = byte(((i32::from(*pixel) * gain) >> 8) + i32::from(*noise));
            }
        }
    }
}

/// Rounds noise to whole levels.
#[expect(clippy::cast_possible_truncation, reason = "a few levels")]
fn level(value: f64) -> i8 {
    libm::round(value) as i8
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates; values are a few hundred"
)]
fn whole(value: f32) -> i32 {
    value as i32
}

/// `sensor_msgs/CameraInfo` of a camera without distortion.
pub(super) fn info(
    rig: &Rig,
    camera: &CameraSpec,
    (mount, sample): (Mount, &Sample),
    out: &mut Vec<u8>,
) {
    let lens = lens(camera);
    let ratio = altered(sample, |alter| match alter {
        Alter::Focal { ratio } => Some(*ratio),
        _ => None,
    });
    let focal = lens.focal * ratio.unwrap_or(1.0);
    let (cx, cy) = lens.center;
    let baseline = if mount == Mount::CameraRight {
        let right = rig.mount(Mount::CameraRight).meters;
        crate::math::norm(crate::math::sub(right, rig.mount(Mount::Camera).meters))
    } else {
        0.0
    };
    let info = CameraInfo {
        frame: mount.frame().to_owned(),
        width: camera.width,
        height: camera.height,
        distortion_model: "plumb_bob".to_owned(),
        d: vec![0.0; 5],
        k: [focal, 0.0, cx, 0.0, focal, cy, 0.0, 0.0, 1.0],
        r: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        p: [
            focal,
            0.0,
            cx,
            -focal * baseline,
            0.0,
            focal,
            cy,
            0.0,
            0.0,
            0.0,
            1.0,
            0.0,
        ],
        binning: [0, 0],
        roi: [0; 4],
    };
    message::camera_info(out, sample.stamp_ns, &info);
}
