//! The rotation that fits best, and how well it is known.

use super::{AlignmentError, Change, Scene};
use crate::pose::matrix::{Matrix, add, inverse_positive, multiply, transform};
use crate::stats::Z95;

/// Fewest depth edges and frames.
const LEAST_EDGES: usize = 300;
const LEAST_FRAMES: usize = 5;
/// Step of the first search, radians (1 degree).
const COARSE: f64 = 0.017_453_292_519_943_295;
/// Step of the stencil the peak is fitted on, radians (0.3 degrees): about the width of a beam.
const STENCIL: f64 = 0.3 * COARSE;
/// Steps of the stencil per axis: a roll moves the pixels less than the other two.
const STEPS: [f64; 3] = [STENCIL, STENCIL, 3.0 * STENCIL];
/// Errors that all frames share and their scatter cannot show, radians (0.08, 0.05 and 0.1 degrees about x, y and z):
/// edges lie between beams and between rings. As seen in simulated streets with 16 rings.
const SHARED: [f64; 3] = [0.08 * COARSE, 0.05 * COARSE, 0.1 * COARSE];
/// Sizes of the stencil that are tried; wider ones answer more often, but lean to one side where edges do.
const SCALES: [f64; 3] = [1.0, 0.6, 0.35];
/// Wider stencils, for peaks that those leave flat, and what their lean adds to the standard deviation, radians.
const WIDE_SCALES: [f64; 2] = [1.6, 2.4];
const LEAN: f64 = 0.1 * COARSE;
/// Standard deviation above which a peak counts as flat at a stencil, radians.
const FLAT: f64 = 0.5 * COARSE;
/// By how many nodes of the coarse search a peak must be nearer to the claimed mounting than its rivals.
const NEARER: f64 = 1.5;
/// Part of the best score a step of the fit may not fall below.
const KEPT_SCORE: f64 = 0.98;
/// Most steps of the fit.
const MOST_STEPS: usize = 12;

/// Limits of the search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchOptions {
    /// Half the range that is searched per axis, radians.
    pub range_radians: f64,
    /// Largest standard deviation of an axis that is accepted, radians.
    pub most_sigma_radians: f64,
    /// Height of a second peak, as a part of the first, from which on the answer is ambiguous.
    pub most_second_peak_ratio: f64,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            range_radians: 3.0 * COARSE,
            most_sigma_radians: 0.5 * COARSE,
            most_second_peak_ratio: 0.9,
        }
    }
}

/// A measured rotation between the claimed mounting and the one that fits the pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Decalibration {
    /// `exp(rotation) * claimed` fits best; rotation vector in camera axes (x right, y down, z forward), radians.
    pub rotation_radians: [f64; 3],
    /// Its covariance, radians squared.
    pub covariance: Matrix<3, 3>,
    /// Standard deviation per axis, radians.
    pub sigma_radians: [f64; 3],
    /// Edge score there and at the claimed mounting.
    pub best_score: f64,
    /// Edge score at the claimed mounting.
    pub claimed_score: f64,
    /// Height of the second peak as a part of the first, above the mean of the coarse search; 0 when there is none.
    pub second_peak_ratio: f64,
    /// Depth edges used.
    pub edges: usize,
    /// Frames used.
    pub frames: usize,
}

impl Decalibration {
    /// Size of the rotation, radians, with the ends of its 95 % interval (the lower one not below 0), from the
    /// variance along the measured axis.
    pub fn angle(&self) -> (f64, f64, f64) {
        let v = self.rotation_radians;
        let angle = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let mut variance = 0.0;
        for (row, a) in self.covariance.iter().zip(v) {
            for (c, b) in row.iter().zip(v) {
                variance += a * b * c;
            }
        }
        let sigma = if angle > 1e-9 {
            (variance.max(0.0)).sqrt() / angle
        } else {
            self.sigma_radians.iter().copied().fold(0.0, f64::max)
        };
        ((angle - Z95 * sigma).max(0.0), angle, angle + Z95 * sigma)
    }
}

impl Scene {
    /// The rotation of the mounting that brings depth edges onto image edges best.
    ///
    /// Searches a grid of 1 degree over `±range` about each camera axis on the pooled frames, then climbs from the
    /// best node over finer grids and by Newton's method on quadratic fits over 27 points 0.3 degrees apart (0.9 about
    /// the viewing axis, which moves pixels less). The covariance is the
    /// sandwich `H^-1 G H^-1`: `H` the curvature of the pooled score, `G` the scatter of the frames' gradients, so
    /// that it holds however wrong single edges are, as long as frames differ; it is enlarged by `n / (n - 3)` and by what frames share (0.05 to 0.1
    /// degrees).
    /// Shifts are not searched: a shift of 5 cm at 10 m looks like 0.3 degrees.
    ///
    /// Errors: [`AlignmentError::FewEdges`] below 300 edges in 5 frames, [`AlignmentError::Flat`],
    /// [`AlignmentError::Ambiguous`], [`AlignmentError::Border`]. Cost: about 600 edge scores.
    pub fn decalibration(&self, options: &SearchOptions) -> Result<Decalibration, AlignmentError> {
        let scores = self.frame_scores(&[Change::default()], 1);
        let frames = scores.iter().flatten().filter(|score| **score > 0.0);
        let frames = frames.count();
        if self.edges() < LEAST_EDGES || frames < LEAST_FRAMES {
            return Err(AlignmentError::FewEdges {
                edges: self.edges(),
                frames,
                needed_edges: LEAST_EDGES,
                needed_frames: LEAST_FRAMES,
            });
        }
        let (start, second_peak_ratio) = self.coarse(options)?;
        let Peak {
            at: best,
            covariance,
        } = self.climb(start, frames);
        let furthest = best.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        if furthest > options.range_radians + 0.5 * STENCIL {
            return Err(AlignmentError::Border {
                degrees: furthest.to_degrees(),
            });
        }
        let variances = [covariance[0][0], covariance[1][1], covariance[2][2]];
        let sigma_radians = variances.map(|v| if v >= 0.0 { v.sqrt() } else { f64::INFINITY });
        let largest = sigma_radians.iter().fold(0.0_f64, |a, b| a.max(*b));
        if largest.is_nan() || largest > options.most_sigma_radians {
            return Err(AlignmentError::Flat {
                sigma_degrees: largest.to_degrees(),
                most_degrees: options.most_sigma_radians.to_degrees(),
            });
        }
        Ok(Decalibration {
            rotation_radians: best,
            covariance,
            sigma_radians,
            best_score: self.score_at(best),
            claimed_score: self.edge_score(&Change::default()),
            second_peak_ratio,
            edges: self.edges(),
            frames,
        })
    }

    /// Best node of the coarse grid, and the height of the highest other peak.
    fn coarse(&self, options: &SearchOptions) -> Result<([f64; 3], f64), AlignmentError> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is a few degrees, so a few steps"
        )]
        let half = ((options.range_radians / COARSE).round() as i32).clamp(1, 10);
        let stride = self.coarse_stride();
        let mut grid: Vec<[i32; 3]> = Vec::new();
        for x in -half..=half {
            for y in -half..=half {
                grid.extend((-half..=half).map(|z| [x, y, z]));
            }
        }
        let turns = grid.iter().map(|node| node.map(|i| COARSE * f64::from(i)));
        let turns: Vec<Change> = turns.map(turned).collect();
        let scores = self.thinned_scores(&turns, stride);
        let nodes: Vec<([i32; 3], f64)> = grid.into_iter().zip(scores).collect();
        let mean = nodes.iter().map(|n| n.1).sum::<f64>() / nodes.len() as f64;
        let best = nodes.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let Some(best) = best.copied() else {
            return Ok(([0.0; 3], 0.0));
        };
        let distance = |a: [i32; 3], b: [i32; 3]| {
            let steps = a.iter().zip(b).map(|(p, q)| (p - q).abs()).max();
            steps.unwrap_or(0)
        };
        let is_peak = |node: &([i32; 3], f64)| {
            let near = nodes.iter().filter(|other| distance(other.0, node.0) == 1);
            near.clone().all(|other| other.1 <= node.1)
        };
        let height = |node: &([i32; 3], f64)| (node.1 - mean) / (best.1 - mean);
        let away = |node: [i32; 3]| {
            let squares = node.iter().map(|i| f64::from(i * i)).sum::<f64>();
            squares.sqrt()
        };
        let mut peaks: Vec<_> = nodes
            .iter()
            .filter(|node| distance(node.0, best.0) > 1 && is_peak(node))
            .collect();
        let second = peaks.iter().map(|node| height(node)).fold(0.0, f64::max);
        // A sharp peak can hide between the nodes: the one uphill from the claimed mounting counts as well.
        let (uphill, _) = self.ascend([0.0; 3]);
        let score = self.thinned_score(&turned(uphill), stride);
        if (score - mean) / (best.1 - mean) > options.most_second_peak_ratio {
            return Ok((uphill, second));
        }
        // Mountings are off by a little more often than by a lot: of peaks about as high, the one nearest to the
        // claimed mounting is taken, unless two are about as near.
        peaks.retain(|node| height(node) > options.most_second_peak_ratio);
        peaks.push(&best);
        peaks.sort_by(|a, b| away(a.0).total_cmp(&away(b.0)));
        let nearest = peaks.first().map_or(best, |node| **node);
        let rival = peaks
            .get(1)
            .filter(|node| away(node.0) < away(nearest.0) + NEARER);
        if let Some(rival) = rival {
            return Err(AlignmentError::Ambiguous {
                ratio: second,
                apart_degrees: f64::from(distance(rival.0, nearest.0)) * COARSE.to_degrees(),
            });
        }
        Ok((nearest.0.map(|i| COARSE * f64::from(i)), second))
    }

    /// Climbs to the peak, first from node to node of ever finer grids, then by Newton's method on quadratics of
    /// several sizes, of which the one that places the peak best is taken: blunt peaks need wide ones, sharp peaks
    /// narrow ones.
    fn climb(&self, start: [f64; 3], frames: usize) -> Peak {
        let (at, score) = self.ascend(start);
        let fits = SCALES.map(|scale| self.settle(at, score, scale, frames));
        let [first, rest @ ..] = fits;
        let narrower = |best: Peak, next: Peak| {
            if next.largest_sigma() < best.largest_sigma() {
                next
            } else {
                best
            }
        };
        let best = rest.into_iter().fold(first, narrower);
        if best.largest_sigma() <= FLAT {
            return best;
        }
        let wide = WIDE_SCALES.map(|scale| {
            let mut peak = self.settle(at, score, scale, frames);
            for (axis, row) in peak.covariance.iter_mut().enumerate() {
                row[axis] += LEAN * LEAN;
            }
            peak
        });
        wide.into_iter().fold(best, narrower)
    }

    /// Uphill from node to node of ever finer grids; where it ends, and the score there.
    fn ascend(&self, start: [f64; 3]) -> ([f64; 3], f64) {
        let mut at = start;
        let mut score = self.score_at(at);
        for size in [1.6, 0.8, 0.4] {
            for _ in 0..MOST_STEPS {
                let nodes = nodes().map(|x| moved(at, x, size));
                let scores = self.thinned_scores(&nodes.map(turned), 1);
                let best = scores
                    .into_iter()
                    .zip(nodes)
                    .max_by(|a, b| a.0.total_cmp(&b.0));
                match best {
                    Some((higher, to)) if higher > score => (score, at) = (higher, to),
                    _ => break,
                }
            }
        }
        (at, score)
    }

    /// The top of the quadratic around a node, at one size of the stencil.
    fn settle(&self, at: [f64; 3], score: f64, scale: f64, frames: usize) -> Peak {
        let mut at = at;
        let mut fit = self.fit(at, scale);
        for _ in 0..MOST_STEPS {
            let step = fit.newton_step();
            let to = add(&at, &step);
            // The quadratic smooths the score, so its top may lie a little lower.
            if self.score_at(to) < KEPT_SCORE * score {
                break;
            }
            at = to;
            fit = self.fit(at, scale);
            if step
                .iter()
                .zip(STEPS)
                .all(|(s, size)| s.abs() < 0.02 * scale * size)
            {
                break;
            }
        }
        Peak {
            at,
            covariance: fit.covariance(frames),
        }
    }

    fn score_at(&self, rotation_radians: [f64; 3]) -> f64 {
        self.edge_score(&turned(rotation_radians))
    }

    fn fit(&self, center: [f64; 3], scale: f64) -> Fit {
        let mut fit = Fit {
            scale,
            ..Fit::default()
        };
        let nodes = nodes();
        let turns = nodes.map(|x| turned(moved(center, x, scale)));
        for (x, scores) in nodes.into_iter().zip(self.frame_scores(&turns, 1)) {
            fit.add(x, &scores);
        }
        fit
    }
}

/// A peak and how well it is placed.
struct Peak {
    at: [f64; 3],
    covariance: Matrix<3, 3>,
}

impl Peak {
    fn largest_sigma(&self) -> f64 {
        let variances = [0, 1, 2].map(|i| self.covariance[i][i]);
        let largest = variances.iter().fold(0.0_f64, |a, b| a.max(*b));
        let is_usable = variances.iter().all(|v| v.is_finite() && *v >= 0.0);
        if is_usable {
            largest.sqrt()
        } else {
            f64::INFINITY
        }
    }
}

/// A change that only turns.
fn turned(rotation_radians: [f64; 3]) -> Change {
    Change {
        rotation_radians,
        ..Change::default()
    }
}

/// The nodes of the stencil: -1, 0 or 1 along each axis.
fn nodes() -> [[f64; 3]; 27] {
    let mut index = 0_u32;
    [(); 27].map(|()| {
        let node = [0, 1, 2].map(|place| f64::from(index / 3_u32.pow(place) % 3) - 1.0);
        index += 1;
        node
    })
}

/// So many steps of the stencil away.
fn moved(from: [f64; 3], steps: [f64; 3], size: f64) -> [f64; 3] {
    [0, 1, 2].map(|i| from[i] + size * steps[i] * STEPS[i])
}

/// Least-squares quadratic over the 27 nodes of a stencil, in steps of the stencil.
#[derive(Clone, Debug, Default)]
struct Fit {
    /// Size of the stencil against [`STEPS`].
    scale: f64,
    sum: f64,
    /// Sum of score times `x_i x_j`.
    products: Matrix<3, 3>,
    /// Per frame, sum of score times `x_i`.
    gradients: Vec<[f64; 3]>,
}

impl Fit {
    fn add(&mut self, x: [f64; 3], scores: &[f64]) {
        let total: f64 = scores.iter().sum();
        self.sum += total;
        for (row, a) in self.products.iter_mut().zip(x) {
            for (cell, b) in row.iter_mut().zip(x) {
                *cell += total * a * b;
            }
        }
        self.gradients.resize(scores.len(), [0.0; 3]);
        for (gradient, score) in self.gradients.iter_mut().zip(scores) {
            for (g, a) in gradient.iter_mut().zip(x) {
                *g += score * a;
            }
        }
    }

    /// Gradient per frame; the sum of `x_i^2` over the nodes is 18.
    fn frame_gradients(&self) -> impl Iterator<Item = [f64; 3]> + '_ {
        self.gradients.iter().map(|g| g.map(|x| x / 18.0))
    }

    /// Second derivatives; 6 and 12 are the sums of squares of the contrasts over the nodes.
    fn hessian(&self) -> Matrix<3, 3> {
        let mut h = [[0.0; 3]; 3];
        for (i, (row, products)) in h.iter_mut().zip(self.products).enumerate() {
            for (j, (cell, product)) in row.iter_mut().zip(products).enumerate() {
                *cell = if i == j {
                    2.0 * (product - 18.0 / 27.0 * self.sum) / 6.0
                } else {
                    product / 12.0
                };
            }
        }
        h
    }

    /// Step to the top, at most one stencil step per axis, radians. Where the score does not curve down, a step
    /// along the gradient.
    fn newton_step(&self) -> [f64; 3] {
        let mut gradient = [0.0; 3];
        for g in self.frame_gradients() {
            gradient = add(&gradient, &g);
        }
        let step = match inverse_positive(&self.hessian().map(|row| row.map(|x| -x))) {
            Some(inverse) => transform(&inverse, &gradient),
            None => gradient.map(f64::signum),
        };
        [0, 1, 2].map(|i| self.scale * STEPS[i] * step[i].clamp(-1.0, 1.0))
    }

    /// Sandwich covariance, radians squared; infinite where the score does not curve down.
    fn covariance(&self, frames: usize) -> Matrix<3, 3> {
        let Some(bread) = inverse_positive(&self.hessian().map(|row| row.map(|x| -x))) else {
            return [[f64::INFINITY; 3]; 3];
        };
        let n = frames as f64;
        let mut mean = [0.0; 3];
        for g in self.frame_gradients() {
            for (m, x) in mean.iter_mut().zip(g) {
                *m += x / n;
            }
        }
        let mut filling = [[0.0; 3]; 3];
        for g in self.frame_gradients() {
            for (row, (a, ma)) in filling.iter_mut().zip(g.iter().zip(mean)) {
                for (cell, (b, mb)) in row.iter_mut().zip(g.iter().zip(mean)) {
                    *cell += (a - ma) * (b - mb);
                }
            }
        }
        let scale = self.scale * self.scale * n / (n - 3.0).max(1.0);
        let mut covariance = multiply(&multiply(&bread, &filling), &bread);
        for (i, (row, a)) in covariance.iter_mut().zip(STEPS).enumerate() {
            for (j, (cell, b)) in row.iter_mut().zip(STEPS).enumerate() {
                *cell *= scale * a * b;
                if i == j {
                    *cell += SHARED[i] * SHARED[i];
                }
            }
        }
        covariance
    }
}
