//! Which similarity still means the same object: from the marks themselves.

use super::AgreementError;
use super::objects::{Scene, similarities};
use crate::stats::SplitMix;

/// Distances between marks, 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Disagreement {
    /// Of every mark to the nearest mark of each other annotator of the same image; 1 where there is none.
    pub observed: Vec<f64>,
    /// Of every mark to the nearest of a random annotator of another random image.
    pub by_chance: Vec<f64>,
}

/// Distances of marks within and across images.
///
/// Errors: fewer than two images, shapes that cannot be compared. Cost: similarity of all pairs within images, and of one
/// pair of images per annotator and image. Source: K-αLOS, as kalos 0.8.0.
pub fn disagreement(scenes: &[Scene], seed: u64) -> Result<Disagreement, AgreementError> {
    if scenes.len() < 2 {
        return Err(AgreementError::TooFew {
            units: scenes.len(),
            needed: 2,
        });
    }
    let mut out = Disagreement::default();
    for scene in scenes {
        let raters = scene.annotators.len();
        let mut nearest = vec![1.0_f64; scene.objects.len() * raters];
        for (a, b, similarity) in similarities(scene)? {
            let distance = (1.0 - similarity).clamp(0.0, 1.0);
            for (mark, other) in [(a, b), (b, a)] {
                let place = &mut nearest[mark * raters + scene.objects[other].by];
                *place = place.min(distance);
            }
        }
        for (mark, object) in scene.objects.iter().enumerate() {
            let others = (0..raters).filter(|r| *r != object.by);
            out.observed
                .extend(others.map(|r| nearest[mark * raters + r]));
        }
    }
    let mut random = SplitMix::new(seed);
    for (i, scene) in scenes.iter().enumerate() {
        for rater in 0..scene.annotators.len() {
            let mut marks = scene.objects.iter().filter(|m| m.by == rater).peekable();
            if marks.peek().is_none() {
                continue;
            }
            let skip = 1 + random.below(scenes.len() - 1);
            let other = &scenes[(i + skip) % scenes.len()];
            let who = random.below(other.annotators.len());
            for mark in marks {
                let mut nearest = 1.0_f64;
                for (j, candidate) in other
                    .objects
                    .iter()
                    .enumerate()
                    .filter(|(_, m)| m.by == who)
                {
                    let similarity = mark.shape.similarity(&candidate.shape)?;
                    let similarity = similarity.ok_or(AgreementError::Shapes { a: j, b: j })?;
                    nearest = nearest.min((1.0 - similarity).clamp(0.0, 1.0));
                }
                out.by_chance.push(nearest);
            }
        }
    }
    Ok(out)
}

/// Where distances stop to mean the same object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Largest distance that still means the same object; the least similarity is 1 minus it.
    pub distance: f64,
    /// Largest gap between the two distributions of distances: how well the similarity tells objects apart.
    pub ks: f64,
}

/// Points the densities are looked at.
const GRID: usize = 1000;

/// Where the density of observed distances falls below that by chance.
///
/// Both densities are estimated with normal kernels of Scott's width; the threshold is the first crossing beyond the most
/// frequent observed distance, else the valley between the two modes, else 0.5. Errors: fewer than two distances of
/// either kind, distances outside 0 to 1, or all alike. Cost: 1000 times the distances. Source: as kalos 0.8.0 with
/// scipy's `gaussian_kde`.
pub fn threshold(found: &Disagreement) -> Result<Threshold, AgreementError> {
    let (a, b) = (&found.observed, &found.by_chance);
    for list in [a, b] {
        if list.len() < 2 {
            return Err(AgreementError::TooFew {
                units: list.len(),
                needed: 2,
            });
        }
        if let Some(&value) = list.iter().find(|x| !(0.0..=1.0).contains(*x)) {
            return Err(AgreementError::BadValue {
                value,
                expected: "a distance, 0 to 1",
            });
        }
    }
    let (observed, by_chance) = (density(a)?, density(b)?);
    let place = |i: usize| i as f64 / (GRID - 1) as f64;
    let mode = |d: &[f64]| {
        let larger = |best: usize, i: usize| if d[i] > d[best] { i } else { best };
        (0..d.len()).fold(0, larger)
    };
    let (first, second) = (mode(&observed), mode(&by_chance));
    let sign = |i: usize| observed[i].total_cmp(&by_chance[i]);
    let crossing = (first + 1..GRID - 1).find(|&i| sign(i) != sign(i + 1));
    let valley = || {
        let (low, high) = (first.min(second), first.max(second));
        let sum = |i: usize| observed[i] + by_chance[i];
        let lowest = (low..=high).fold(low, |best, i| if sum(i) < sum(best) { i } else { best });
        if low == high { 0.5 } else { place(lowest) }
    };
    Ok(Threshold {
        distance: crossing.map_or_else(valley, place),
        ks: ks(a, b),
    })
}

/// Density on the grid, by normal kernels of Scott's width.
fn density(values: &[f64]) -> Result<Vec<f64>, AgreementError> {
    let n = values.len() as f64;
    let std = crate::stats::moments(values)?.std_sample.unwrap_or(0.0);
    if std <= 0.0 {
        return Err(AgreementError::NoVariation {
            values: values.len(),
        });
    }
    let width = std * n.powf(-0.2);
    let scale = 1.0 / (n * width * std::f64::consts::TAU.sqrt());
    let at = |x: f64| {
        let kernels = values
            .iter()
            .map(|v| (-0.5 * ((x - v) / width).powi(2)).exp());
        scale * kernels.sum::<f64>()
    };
    Ok((0..GRID)
        .map(|i| at(i as f64 / (GRID - 1) as f64))
        .collect())
}

/// Largest amount by which the distribution of `a` is ahead of that of `b`.
fn ks(a: &[f64], b: &[f64]) -> f64 {
    let sorted = |list: &[f64]| {
        let mut list = list.to_vec();
        list.sort_by(f64::total_cmp);
        list
    };
    let (a, b) = (sorted(a), sorted(b));
    let share = |list: &[f64], x: f64| list.partition_point(|v| *v <= x) as f64 / list.len() as f64;
    let all = a.iter().chain(&b);
    all.map(|&x| share(&a, x) - share(&b, x))
        .fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_and_far_are_told_apart() {
        let mut random = SplitMix::new(2);
        let found = Disagreement {
            observed: (0..200).map(|_| 0.4 * random.unit()).collect(),
            by_chance: (0..200).map(|_| 0.7 + 0.3 * random.unit()).collect(),
        };
        let found = threshold(&found).unwrap();
        assert_eq!(found.ks, 1.0);
        assert!((0.4..0.7).contains(&found.distance), "{found:?}");
        let alike = Disagreement {
            observed: vec![0.5; 3],
            by_chance: vec![0.1, 0.2],
        };
        assert!(threshold(&alike).is_err());
    }
}
