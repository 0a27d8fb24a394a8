//! Loop closures: how far each is from the path, and which of them agree with one another.

use super::errors::TrajectoryError;
use super::frame::{Frame, distances};
use crate::pose::Pose;
use serde::Serialize;

/// A loop closure: where pose `to` is as seen from pose `from`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loop {
    /// Index of the pose it is seen from.
    pub from: usize,
    /// Index of the pose that is seen.
    pub to: usize,
    /// The measured motion `from_from_to`; the quaternion must have norm 1.
    pub measured: Pose,
}

/// Standard deviations, the same along every axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LoopNoise {
    /// Translation of a loop closure, meters.
    pub translation_meters: f64,
    /// Rotation of a loop closure, radians.
    pub rotation_radians: f64,
    /// Drift of the path in translation, meters per meter.
    pub drift_meters_per_meter: f64,
    /// Drift of the path in rotation, radians per meter.
    pub drift_radians_per_meter: f64,
}

/// How far a loop closure is from the path.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LoopResidual {
    /// `log(Z^-1 T_from^-1 T_to)`: three components of rotation in radians, three of translation in meters.
    pub residual: [f64; 6],
    /// Length of its rotation, radians.
    pub radians: f64,
    /// Length of its translation, meters.
    pub meters: f64,
    /// Squared Mahalanobis distance, chi-squared with 6 degrees of freedom for a right closure.
    pub squared_distance: f64,
    /// Chance that a right closure is as far off or farther.
    pub p_value: f64,
}

/// What the pairwise comparison of loop closures says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consistency {
    /// Loop closures of the largest set in which every two agree, ascending.
    pub agreeing: Vec<usize>,
    /// Their share of all.
    pub share: f64,
    /// Pairs that agree.
    pub agreeing_pairs: usize,
    /// Whether the set is known to be the largest; false where the search was cut short.
    pub is_largest: bool,
}

/// Nodes of the search for the largest set; beyond, the largest one found so far is given.
const SEARCH_LIMIT: usize = 200_000;

fn check(poses: &[Pose], loops: &[Loop], noise: &LoopNoise) -> Result<(), TrajectoryError> {
    let positive = [
        ("translation_meters", noise.translation_meters),
        ("rotation_radians", noise.rotation_radians),
    ];
    let drifts = [
        ("drift_meters_per_meter", noise.drift_meters_per_meter),
        ("drift_radians_per_meter", noise.drift_radians_per_meter),
    ];
    let bad = |name, value, hint| Err(TrajectoryError::BadOption { name, value, hint });
    for (name, value) in positive {
        if !(value > 0.0 && value.is_finite()) {
            return bad(name, value, "a standard deviation above 0");
        }
    }
    for (name, value) in drifts {
        if !(value >= 0.0 && value.is_finite()) {
            return bad(name, value, "a drift of at least 0");
        }
    }
    let ends = loops.iter().flat_map(|l| [l.from, l.to]);
    if let Some(end) = ends.clone().find(|end| *end >= poses.len()) {
        return bad("loop", end as f64, "the index of a pose, from 0");
    }
    if loops.iter().any(|l| l.measured.normalized().is_none()) {
        return bad("measured", f64::NAN, "a finite pose with a rotation");
    }
    Ok(())
}

/// Squared distance and p-value of a residual with the drift over `drifted` meters, each squared.
fn distance(residual: &[f64; 6], closures: f64, drifted: f64, noise: &LoopNoise) -> (f64, f64) {
    let variance = |sigma: f64, drift: f64| closures * sigma * sigma + drifted * drift * drift;
    let turned = variance(noise.rotation_radians, noise.drift_radians_per_meter);
    let moved = variance(noise.translation_meters, noise.drift_meters_per_meter);
    let [rx, ry, rz, tx, ty, tz] = *residual;
    let squared = (rx * rx + ry * ry + rz * rz) / turned + (tx * tx + ty * ty + tz * tz) / moved;
    // The tail of chi-squared with 6 degrees of freedom, in closed form.
    let half = 0.5 * squared;
    (squared, (-half).exp() * (1.0 + half + 0.5 * half * half))
}

fn between(a: &Pose, b: &Pose) -> Pose {
    a.inverse().compose(b)
}

/// What both measures need: unit poses and the distance along the path.
fn prepare(path: &[Frame]) -> (Vec<Pose>, Vec<f64>) {
    (path.iter().map(Frame::pose).collect(), distances(path))
}

fn squared_meters(along: &[f64], i: usize, j: usize) -> f64 {
    (along[i] - along[j]).powi(2)
}

/// How far each loop closure is from the path: `e = log(Z^-1 T_from^-1 T_to)`, its squared distance weighted by the
/// noise of the closure and the drift of the path between its ends.
///
/// Errors: [`TrajectoryError::BadOption`] for an index beyond the path, a pose that is none or a bad noise. Cost: one
/// pass. Source: signals reference, B.10.6; Grisetti et al. 2010, equations 4 and 5.
pub fn loop_residual(
    path: &[Frame],
    loops: &[Loop],
    noise: &LoopNoise,
) -> Result<Vec<LoopResidual>, TrajectoryError> {
    let (poses, along) = prepare(path);
    check(&poses, loops, noise)?;
    let each = loops.iter().map(|l| {
        let seen = between(&poses[l.from], &poses[l.to]);
        let residual = between(&l.measured, &seen).log();
        let [rx, ry, rz, tx, ty, tz] = residual;
        let drifted = squared_meters(&along, l.from, l.to);
        let (squared_distance, p_value) = distance(&residual, 1.0, drifted, noise);
        LoopResidual {
            residual,
            radians: crate::pose::matrix::norm(&[rx, ry, rz]),
            meters: crate::pose::matrix::norm(&[tx, ty, tz]),
            squared_distance,
            p_value,
        }
    });
    Ok(each.collect())
}

/// The largest set of loop closures of which every two agree: going around by both, `Z_a^-1 T_ik Z_b T_lj`, comes back to
/// where it began, with a chance of at least `least_p` (0.01 is common) under the noise.
///
/// Errors: as [`loop_residual`]; [`TrajectoryError::BadOption`] for `least_p` outside 0 to 1 and for no loop closures.
/// Cost: quadratic in the closures, then a search for the largest clique that stops after 200,000 nodes. Source:
/// Mangelson et al. 2018 (PCM), equations 5 to 7, here with isotropic noise and odometry that drifts with distance.
pub fn pairwise_consistency(
    path: &[Frame],
    loops: &[Loop],
    noise: &LoopNoise,
    least_p: f64,
) -> Result<Consistency, TrajectoryError> {
    let (poses, along) = prepare(path);
    check(&poses, loops, noise)?;
    let bad = |name, value, hint| Err(TrajectoryError::BadOption { name, value, hint });
    if !(0.0..=1.0).contains(&least_p) {
        return bad("least_p", least_p, "a chance from 0 to 1");
    }
    if loops.is_empty() {
        return bad("loops", 0.0, "at least one loop closure");
    }
    let n = loops.len();
    let mut agrees = vec![false; n * n];
    let mut agreeing_pairs = 0;
    for (a, first) in loops.iter().enumerate() {
        for (b, second) in loops.iter().enumerate().skip(a + 1) {
            let there = between(&poses[first.from], &poses[second.from]);
            let back = between(&poses[second.to], &poses[first.to]);
            let around = first.measured.inverse().compose(&there);
            let around = around.compose(&second.measured).compose(&back);
            let drifted = squared_meters(&along, first.from, second.from)
                + squared_meters(&along, second.to, first.to);
            let (_, p_value) = distance(&around.log(), 2.0, drifted, noise);
            if p_value >= least_p {
                agrees[a * n + b] = true;
                agrees[b * n + a] = true;
                agreeing_pairs += 1;
            }
        }
    }
    let mut search = Clique {
        agrees: &agrees,
        n,
        best: Vec::new(),
        nodes: 0,
    };
    search.grow(&mut Vec::new(), (0..n).collect());
    let mut agreeing = search.best;
    agreeing.sort_unstable();
    Ok(Consistency {
        share: agreeing.len() as f64 / n as f64,
        agreeing,
        agreeing_pairs,
        is_largest: search.nodes <= SEARCH_LIMIT,
    })
}

/// Search for the largest clique by branch and bound with greedy colors (Tomita and Seki 2003).
struct Clique<'a> {
    agrees: &'a [bool],
    n: usize,
    best: Vec<usize>,
    nodes: usize,
}

impl Clique<'_> {
    fn is_edge(&self, a: usize, b: usize) -> bool {
        self.agrees[a * self.n + b]
    }

    /// Candidates in ascending order of a color such that no two of a color agree; a clique has at most one of each.
    fn colored(&self, candidates: &[usize]) -> Vec<(usize, usize)> {
        let mut classes: Vec<Vec<usize>> = Vec::new();
        for &v in candidates {
            let free = classes
                .iter_mut()
                .find(|class| class.iter().all(|&w| !self.agrees[v * self.n + w]));
            match free {
                Some(class) => class.push(v),
                None => classes.push(vec![v]),
            }
        }
        let each = classes.into_iter().enumerate();
        each.flat_map(|(color, class)| class.into_iter().map(move |v| (v, color + 1)))
            .collect()
    }

    fn grow(&mut self, clique: &mut Vec<usize>, candidates: Vec<usize>) {
        self.nodes += 1;
        if clique.len() > self.best.len() {
            self.best.clone_from(clique);
        }
        let mut colored = self.colored(&candidates);
        let mut left = candidates;
        while let Some((v, color)) = colored.pop() {
            if clique.len() + color <= self.best.len() || self.nodes > SEARCH_LIMIT {
                return;
            }
            clique.push(v);
            let next = left
                .iter()
                .copied()
                .filter(|&w| self.is_edge(v, w))
                .collect();
            self.grow(clique, next);
            clique.pop();
            left.retain(|&w| w != v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pose::quat_of_rotation_vector;
    use crate::test_noise::Noise;
    use proptest::prelude::*;

    const NOISE: LoopNoise = LoopNoise {
        translation_meters: 0.1,
        rotation_radians: 0.01,
        drift_meters_per_meter: 0.0,
        drift_radians_per_meter: 0.0,
    };

    fn ring() -> Vec<Pose> {
        (0..80_u32)
            .map(|i| {
                let angle = 0.1 * f64::from(i);
                Pose {
                    translation_meters: [10.0 * angle.cos(), 10.0 * angle.sin(), 0.1 * angle],
                    quat_xyzw: quat_of_rotation_vector(&[0.0, 0.0, angle]),
                }
            })
            .collect()
    }

    fn closures(noise: &mut Noise) -> Vec<Loop> {
        let poses = ring();
        (0..15)
            .map(|from| {
                let to = from + 62;
                let off: [f64; 6] = std::array::from_fn(|k| {
                    let sigma = if k < 3 {
                        NOISE.rotation_radians
                    } else {
                        NOISE.translation_meters
                    };
                    sigma * noise.normal()
                });
                Loop {
                    from,
                    to,
                    measured: between(&poses[from], &poses[to]).compose(&Pose::exp(&off)),
                }
            })
            .collect()
    }

    #[test]
    fn wrong_closures_are_far_off_and_left_out() {
        let path: Vec<Frame> = ring().iter().map(|p| Frame::of(p).unwrap()).collect();
        let mut loops = closures(&mut Noise::new(4));
        for wrong in [3, 9] {
            loops[wrong].measured.translation_meters[0] += 4.0 + wrong as f64;
        }
        let residuals = loop_residual(&path, &loops, &NOISE).unwrap();
        for (i, r) in residuals.iter().enumerate() {
            assert_eq!(r.p_value < 1e-4, [3, 9].contains(&i), "{i} {r:?}");
        }
        let found = pairwise_consistency(&path, &loops, &NOISE, 1e-4).unwrap();
        let right: Vec<usize> = (0..15).filter(|i| ![3, 9].contains(i)).collect();
        assert_eq!(found.agreeing, right);
        assert!(found.is_largest && (found.share - 13.0 / 15.0).abs() < 1e-12);
    }

    #[test]
    fn right_closures_have_even_p_values() {
        let path: Vec<Frame> = ring().iter().map(|p| Frame::of(p).unwrap()).collect();
        let mut noise = Noise::new(8);
        let below = (0..100)
            .flat_map(|_| loop_residual(&path, &closures(&mut noise), &NOISE).unwrap())
            .filter(|r| r.p_value < 0.1)
            .count();
        assert!((110..=190).contains(&below), "{below} of 1500 below 0.1");
    }

    #[test]
    fn bad_input_is_named() {
        let path: Vec<Frame> = ring().iter().map(|p| Frame::of(p).unwrap()).collect();
        let mut loops = closures(&mut Noise::new(4));
        loops[2].to = 80;
        assert!(loop_residual(&path, &loops, &NOISE).is_err());
        assert!(pairwise_consistency(&path, &[], &NOISE, 0.01).is_err());
        let none = LoopNoise {
            rotation_radians: 0.0,
            ..NOISE
        };
        assert!(loop_residual(&path, &[], &none).is_err());
    }

    proptest! {
        #[test]
        fn the_largest_clique_is_that_of_all_subsets(edges in prop::collection::vec(any::<bool>(), 45)) {
            let n = 10;
            let mut agrees = vec![false; n * n];
            let mut next = edges.iter();
            for a in 0..n {
                for b in a + 1..n {
                    let is_edge = *next.next().unwrap();
                    agrees[a * n + b] = is_edge;
                    agrees[b * n + a] = is_edge;
                }
            }
            let mut search = Clique { agrees: &agrees, n, best: Vec::new(), nodes: 0 };
            search.grow(&mut Vec::new(), (0..n).collect());
            let largest = (0_u32..1 << n)
                .filter(|set| (0..n).all(|a| (0..a).all(|b| {
                    (set >> a) & 1 == 0 || (set >> b) & 1 == 0 || agrees[a * n + b]
                })))
                .map(u32::count_ones)
                .max()
                .unwrap();
            prop_assert_eq!(search.best.len(), largest as usize);
        }
    }
}
