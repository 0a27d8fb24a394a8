//! Alignment of an estimated path to its reference.

use super::align::{AlignError, Alignment, umeyama, umeyama_yaw};
use super::frame::Frame;
use crate::pose::matrix::{identity, multiply, scale, subtract, transform, transpose};
use serde::{Deserialize, Serialize};

/// How an estimate is moved as a whole before it is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Motion {
    /// Not at all.
    #[default]
    None,
    /// Rotation and translation by least squares over the positions (Umeyama).
    Se3,
    /// Rotation about z and translation by least squares over the positions.
    Yaw,
    /// Its first pose onto the first pose of the reference.
    Origin,
}

/// An alignment to make. Default: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fit {
    /// The motion.
    pub motion: Motion,
    /// Whether positions are scaled too: with [`Motion::Se3`] this is Sim(3), with [`Motion::None`] and
    /// [`Motion::Origin`] the scale of Sim(3) alone.
    pub with_scale: bool,
    /// Pairs it is fitted to, from the first on; all by default. It is applied to all.
    pub first: Option<usize>,
}

/// The alignment of `estimate` to `reference`, pair by pair.
///
/// Errors: [`AlignError`], where positions do not determine it. Cost: two passes. Source: evo 1.38.1 `-a`, `-s`, `-as`,
/// `--align_origin`, `--n_to_align`; Umeyama 1991; Zhang and Scaramuzza 2018 for yaw.
pub fn fit(reference: &[Frame], estimate: &[Frame], how: &Fit) -> Result<Alignment<3>, AlignError> {
    if reference.len() != estimate.len() {
        return Err(AlignError::Lengths {
            from: estimate.len(),
            to: reference.len(),
        });
    }
    let count = how.first.unwrap_or(reference.len()).min(reference.len());
    let points = |frames: &[Frame]| -> Vec<[f64; 3]> {
        frames
            .iter()
            .take(count)
            .map(|f| f.position_meters)
            .collect()
    };
    let still = Alignment {
        rotation: identity(),
        translation: [0.0; 3],
        scale: 1.0,
        mean_squared_error: 0.0,
    };
    let (to, from) = (points(reference), points(estimate));
    let scaled = || -> Result<Alignment<3>, AlignError> {
        if !how.with_scale {
            return Ok(still);
        }
        let scale = umeyama(&from, &to, true)?.scale;
        Ok(Alignment { scale, ..still })
    };
    let mut found = match how.motion {
        Motion::None => scaled()?,
        Motion::Se3 => return umeyama(&from, &to, how.with_scale),
        Motion::Yaw => return umeyama_yaw(&from, &to, how.with_scale),
        Motion::Origin => {
            let (Some(a), Some(b)) = (reference.first(), estimate.first()) else {
                return Err(AlignError::TooFew { count: 0, least: 1 });
            };
            let found = scaled()?;
            let rotation = multiply(&a.rotation, &transpose(&b.rotation));
            let turned = transform(&rotation, &scale(&b.position_meters, found.scale));
            Alignment {
                rotation,
                translation: subtract(&a.position_meters, &turned),
                ..found
            }
        }
    };
    let squares = from.iter().zip(&to).map(|(x, y)| {
        let d = subtract(&found.apply(x), y);
        d.iter().map(|c| c * c).sum::<f64>()
    });
    found.mean_squared_error = squares.sum::<f64>() / count.max(1) as f64;
    Ok(found)
}

impl Alignment<3> {
    /// A frame of the estimate, aligned: its position scaled, turned and moved, its rotation turned.
    pub fn apply_frame(&self, frame: &Frame) -> Frame {
        Frame {
            rotation: multiply(&self.rotation, &frame.rotation),
            position_meters: self.apply(&frame.position_meters),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::{Pose, quat_of_rotation_vector};
    use crate::test_noise::Noise;

    fn path(noise: &mut Noise) -> Vec<Frame> {
        (0..40)
            .map(|_| {
                Frame::of(&Pose {
                    translation_meters: std::array::from_fn(|_| 5.0 * noise.normal()),
                    quat_xyzw: quat_of_rotation_vector(&std::array::from_fn(|_| noise.normal())),
                })
                .unwrap()
            })
            .collect()
    }

    #[test]
    fn every_motion_undoes_its_own() {
        let reference = path(&mut Noise::new(2));
        for (motion, turn, with_scale) in [
            (Motion::Se3, [0.4, -1.0, 2.0], false),
            (Motion::Se3, [0.4, -1.0, 2.0], true),
            (Motion::Yaw, [0.0, 0.0, -2.5], true),
            (Motion::Origin, [0.4, -1.0, 2.0], false),
            (Motion::Origin, [0.0; 3], true),
            (Motion::None, [0.0; 3], true),
        ] {
            let is_moved = motion != Motion::None;
            let moved = Alignment {
                rotation: Frame::of(&Pose {
                    translation_meters: [0.0; 3],
                    quat_xyzw: quat_of_rotation_vector(&turn),
                })
                .unwrap()
                .rotation,
                translation: if is_moved { [3.0, -2.0, 1.0] } else { [0.0; 3] },
                scale: if with_scale { 2.5 } else { 1.0 },
                mean_squared_error: 0.0,
            };
            let estimate: Vec<Frame> = reference.iter().map(|f| moved.apply_frame(f)).collect();
            let how = Fit {
                motion,
                with_scale,
                first: Some(25),
            };
            let found = fit(&reference, &estimate, &how).unwrap();
            assert!(
                (found.scale * moved.scale - 1.0).abs() < 1e-12,
                "{how:?} {found:?}"
            );
            assert!(found.mean_squared_error < 1e-20, "{how:?} {found:?}");
            for (a, b) in reference.iter().zip(&estimate) {
                let error = found.apply_frame(b).between(a);
                assert!(error.distance_meters() < 1e-10 && error.angle_radians() < 1e-10);
            }
        }
    }
}
