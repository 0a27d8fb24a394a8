//! Whether the points of sweeps carry the motion of the vehicle, told by how thin planes are.
//!
//! Read [`skew`] first. Not here: moving points by poses and times.

use crate::pose::matrix::{
    Matrix, add, add_outer, dot, norm, scale, solve_positive, subtract, symmetric_eigen,
};
use crate::stats::{Interval, Resampling, bootstrap, median};

/// Edge of the cells in which planes are looked for, meters: smaller than most walls, larger than the distance of rings.
const CELL_METERS: f64 = 1.5;
/// Points of a cell at least.
const LEAST_POINTS: usize = 30;
/// Cells with a plane at least.
const LEAST_PLANES: usize = 20;
/// A plane is at least this wide in both directions (standard deviation, meters), and this part of it thick at most.
const WIDE_METERS: f64 = 0.15;
const THIN: f64 = 0.25;
/// Smallest movement across a plane that says something, meters (root mean square): below it is noise of ranges.
const TELLING_METERS: f64 = 0.005;
/// Draws of the bootstrap.
const RESAMPLES: usize = 200;

/// A point at the two places it may belong to, in one frame that does not move, meters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoPlaces {
    /// As it came: its sweep placed as a whole, by the pose at its stamp.
    pub raw: [f64; 3],
    /// By the pose at the time of the point.
    pub moved: [f64; 3],
}

/// What planes say about the motion within sweeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Skew {
    /// Share of the movement from `raw` to `moved` that makes the planes thinnest: 1 for sweeps as a turning sensor
    /// gives them, 0 for sweeps whose motion was corrected already, in between where the times are wrong.
    pub share: f64,
    /// 95 % interval of the share, by the bootstrap over planes; none where it is undefined.
    pub interval: Option<Interval>,
    /// Median thickness of the planes (standard deviation) of the points as they came, meters.
    pub raw_meters: f64,
    /// The same of the moved points, meters.
    pub moved_meters: f64,
    /// Planes that tell.
    pub planes: usize,
}

/// Of one plane: sums of squares across it.
struct Plane {
    /// Movement, and its product with the place as it came, each with what lies along the plane taken out.
    moves: f64,
    product: f64,
    raw_meters: f64,
    moved_meters: f64,
}

/// How much of the motion within sweeps the points carry, from static surfaces seen by several sweeps.
///
/// In every cell of 1.5 m that holds a plane, the distances from the plane are regressed on the movement across it,
/// constant and slopes along the plane taken out of both; the share is the median of the slopes weighted by the squared
/// movement. Moving things make no thin planes and drop out. Points that are not finite are left out; none below 20
/// planes with 30 points and 5 mm of movement each.
///
/// Source: signals reference, B.8 (planes must become thinner by the correction), as a regression, which unlike a
/// ratio has an interval. Cost: a sort of the points, and 200 sorts of the planes.
pub fn skew(points: &[TwoPlaces], seed: u64) -> Option<Skew> {
    let planes = planes(points);
    if planes.len() < LEAST_PLANES {
        return None;
    }
    let mut sorted: Vec<&Plane> = planes.iter().collect();
    sorted.sort_by(|a, b| a.share().total_cmp(&b.share()));
    let share = weighted_median(&sorted, |_| 1.0)?;
    let how = Resampling {
        resamples: RESAMPLES,
        seed,
    };
    let interval = bootstrap(sorted.len(), how, |drawn| {
        let mut times = vec![0.0; sorted.len()];
        for index in drawn {
            times[*index] += 1.0;
        }
        weighted_median(&sorted, |index| times[index])
    });
    let thickness = |of: fn(&Plane) -> f64| {
        let mut all: Vec<f64> = planes.iter().map(of).collect();
        median(&mut all).unwrap_or(f64::NAN)
    };
    Some(Skew {
        share,
        interval,
        raw_meters: thickness(|plane| plane.raw_meters),
        moved_meters: thickness(|plane| plane.moved_meters),
        planes: planes.len(),
    })
}

impl Plane {
    fn share(&self) -> f64 {
        -self.product / self.moves
    }
}

/// Share of planes sorted by it below which half of the weight lies.
fn weighted_median(sorted: &[&Plane], times: impl Fn(usize) -> f64) -> Option<f64> {
    let weight = |(index, plane): (usize, &&Plane)| times(index) * plane.moves;
    let total: f64 = sorted.iter().enumerate().map(weight).sum();
    let mut below = 0.0;
    sorted.iter().enumerate().find_map(|(index, plane)| {
        below += weight((index, plane));
        (below > 0.0 && 2.0 * below >= total).then(|| plane.share())
    })
}

/// The cells that hold a plane and movement across it, in the order of space.
fn planes(points: &[TwoPlaces]) -> Vec<Plane> {
    let mut cells: Vec<([i32; 3], usize)> = points
        .iter()
        .enumerate()
        .filter_map(|(index, point)| {
            let middle = scale(&add(&point.raw, &point.moved), 0.5);
            #[expect(
                clippy::cast_possible_truncation,
                reason = "saturates far beyond the reach of any sensor"
            )]
            let cell = middle.map(|x| (x / CELL_METERS).floor() as i32);
            norm(&middle).is_finite().then_some((cell, index))
        })
        .collect();
    cells.sort_unstable();
    cells
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|cell| cell.len() >= LEAST_POINTS)
        .filter_map(|cell| {
            let of_cell: Vec<TwoPlaces> = cell.iter().map(|(_, index)| points[*index]).collect();
            plane(&of_cell)
        })
        .collect()
}

/// Mean, spread along the axes largest first (standard deviations, meters), and the axes.
fn spread(points: impl Iterator<Item = [f64; 3]> + Clone) -> ([f64; 3], [f64; 3], Matrix<3, 3>) {
    let n = points.clone().count() as f64;
    let sum = points.clone().fold([0.0; 3], |sum, p| add(&sum, &p));
    let mean = scale(&sum, 1.0 / n);
    let mut squares = [[0.0; 3]; 3];
    for point in points {
        add_outer(&mut squares, &subtract(&point, &mean), 1.0 / n);
    }
    let eigen = symmetric_eigen(&squares);
    (mean, eigen.values.map(|v| v.max(0.0).sqrt()), eigen.vectors)
}

fn plane(points: &[TwoPlaces]) -> Option<Plane> {
    let raw = spread(points.iter().map(|p| p.raw));
    let moved = spread(points.iter().map(|p| p.moved));
    let (mean, widths, axes) = if raw.1[2] < moved.1[2] { raw } else { moved };
    if widths[1] < WIDE_METERS || widths[2] > THIN * widths[1] {
        return None;
    }
    // Least squares of both, distance and movement, on place along the plane; what is left is compared.
    let [along, beside, across] = axes;
    let mut normal = [[0.0; 3]; 3];
    let (mut of_place, mut of_move) = ([0.0; 3], [0.0; 3]);
    let rows: Vec<([f64; 3], f64, f64)> = points
        .iter()
        .map(|point| {
            let place = subtract(&point.raw, &mean);
            let row = [1.0, dot(&along, &place), dot(&beside, &place)];
            let step = dot(&across, &subtract(&point.moved, &point.raw));
            (row, dot(&across, &place), step)
        })
        .collect();
    for (row, place, step) in &rows {
        add_outer(&mut normal, row, 1.0);
        of_place = add(&of_place, &scale(row, *place));
        of_move = add(&of_move, &scale(row, *step));
    }
    let place_fit = solve_positive(&normal, &of_place)?;
    let move_fit = solve_positive(&normal, &of_move)?;
    let (mut moves, mut product) = (0.0, 0.0);
    for (row, place, step) in &rows {
        let left = step - dot(&move_fit, row);
        moves += left * left;
        product += left * (place - dot(&place_fit, row));
    }
    let telling = TELLING_METERS * TELLING_METERS * points.len() as f64;
    (moves > telling && product.is_finite()).then_some(Plane {
        moves,
        product,
        raw_meters: raw.1[2],
        moved_meters: moved.1[2],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_noise::Noise;

    /// A street of two walls and the ground, seen while driving past and turning; `carried` of the motion is in the points.
    fn street(carried: f64, seed: u64) -> Vec<TwoPlaces> {
        let mut noise = Noise::new(seed);
        (0..60_000)
            .map(|i| {
                let along = 30.0 * noise.uniform();
                let place = match i % 3 {
                    0 => [along, 7.3, 4.0 * noise.uniform()],
                    1 => [along, -6.2, 4.0 * noise.uniform()],
                    _ => [along, 13.0 * noise.uniform() - 6.0, -1.7],
                };
                // Sideways by up to 0.3 m at a time within the sweep that does not follow from the place.
                let shift = 0.3 * noise.uniform();
                let motion = [2.0 * shift, shift, 0.0];
                let blur = [0; 3].map(|_| 0.015 * noise.normal());
                let raw = subtract(&add(&place, &blur), &scale(&motion, carried));
                TwoPlaces {
                    raw,
                    moved: add(&raw, &motion),
                }
            })
            .collect()
    }

    #[test]
    fn the_share_of_the_motion_is_found() {
        // Where neither place makes a thin plane, its direction is known less well.
        for (seed, carried, near) in [
            (1, 1.0, 0.02),
            (2, 0.0, 0.02),
            (3, 0.5, 0.04),
            (4, -1.0, 0.1),
        ] {
            let found = skew(&street(carried, seed), 9).unwrap();
            assert!((found.share - carried).abs() < near, "{carried}: {found:?}");
            let interval = found.interval.unwrap();
            assert!(interval.low <= found.share && found.share <= interval.high);
            assert!(interval.high - interval.low < 0.05, "{found:?}");
        }
        let sharp = skew(&street(1.0, 5), 9).unwrap();
        assert!(sharp.moved_meters < 0.02 && sharp.raw_meters > 0.05);
    }

    #[test]
    fn without_motion_or_planes_nothing_is_said() {
        let still = street(0.0, 6)
            .into_iter()
            .map(|p| TwoPlaces { moved: p.raw, ..p });
        assert_eq!(skew(&still.collect::<Vec<_>>(), 9), None);
        assert_eq!(skew(&[], 9), None);
        let nan = TwoPlaces {
            raw: [f64::NAN; 3],
            moved: [0.0; 3],
        };
        assert_eq!(skew(&[nan; 100], 9), None);
    }
}
