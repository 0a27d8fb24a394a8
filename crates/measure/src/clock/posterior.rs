//! How well the hull knows the skew.

use crate::stats::Interval;

/// Blocks for the density of fast messages.
const BLOCKS: usize = 64;
/// Below this many messages no interval is given.
const MIN_MESSAGES: usize = 32;

/// Half samples drawn; their root mean square is known to 9 %.
const HALVES: usize = 64;
/// Seed of the draw, so that the same recording gives the same interval.
const HALVES_SEED: u64 = 20_020_623;
/// Half widths of the interval per root mean square change of the half samples.
const HALVES_FACTOR: f64 = 2.25;

/// Interval and standard error of the skew.
#[derive(Clone, Copy, Debug)]
pub(super) struct SkewPosterior {
    pub(super) interval_ppm: Interval,
    pub(super) se_ppm: f64,
}

/// Distribution of the skew given the hull.
///
/// With delays that are exponential with rate `lambda` above a line `a + s x`, the likelihood of `N` points is
/// `exp(N lambda (a + s mean_x))` where the line lies below all points and zero elsewhere. Under the flat prior, whose
/// intervals have exact coverage for a location family, integrating over `a` leaves
/// `p(s) = exp(R g(s))`, `g(s) = min_i (y_i - s (x_i - mean_x))`, `R = N lambda`:
/// piecewise exponential between the slopes of the hull, with its peak at the slope over the middle.
///
/// `R` is estimated from the smallest residual of each block of messages: fast messages that come in clusters,
/// or delays that are rarely small, make it smaller and the interval wider.
///
/// Delays whose density vanishes at the minimum leave the hull resting on fewer messages than that model believes.
/// So the interval is widened, where needed, by the change that leaving out half of the messages makes.
///
/// `vertices`: hull in nanoseconds; `skew`: its middle slope; `blocks`: the messages.
pub(super) fn skew_posterior(
    vertices: &[(i64, i64)],
    skew: f64,
    blocks: &Blocks,
) -> Option<SkewPosterior> {
    if blocks.messages < MIN_MESSAGES || vertices.len() < 2 {
        return None;
    }
    let rate = blocks.edge_rate();
    let middle = 0.5 * (vertices[0].0 as f64 + vertices[vertices.len() - 1].0 as f64);
    let segments = segments(vertices, middle, rate);
    let total: f64 = segments.iter().map(|s| s.mass).sum();
    let at = |share: f64| quantile_of(&segments, share * total);
    let half_error = blocks.half_sample_error().unwrap_or(0.0);
    let half = HALVES_FACTOR * half_error;
    Some(SkewPosterior {
        interval_ppm: Interval {
            low: 1e6 * at(0.025)?.min(skew - half),
            high: 1e6 * at(0.975)?.max(skew + half),
        },
        se_ppm: 1e6 * half_error.max(0.5 * (at(0.841_344_746)? - at(0.158_655_254)?)),
    })
}

/// Messages in blocks of equal count, each reduced to its lower hull: only those points can matter to the hull of
/// several blocks, and the smallest delay of a block is among them.
pub(super) struct Blocks {
    size: usize,
    messages: usize,
    hulls: Vec<Vec<(f64, f64)>>,
}

impl Blocks {
    /// For `messages` messages in order.
    pub(super) fn new(messages: usize) -> Self {
        let blocks = (messages / 4).clamp(1, BLOCKS) / 2 * 2;
        Self {
            size: messages.div_ceil(blocks.max(1)).max(1),
            messages: 0,
            hulls: Vec::new(),
        }
    }

    /// Takes the next message: header stamp and delay above the model, nanoseconds.
    pub(super) fn push(&mut self, x: f64, delay: f64) {
        if self.messages == self.hulls.len() * self.size {
            self.hulls.push(Vec::new());
        }
        self.messages += 1;
        if let Some(hull) = self.hulls.last_mut() {
            push_lower(hull, (x, delay));
        }
    }

    /// `R`: messages per nanosecond of delay near the lower edge.
    fn edge_rate(&self) -> f64 {
        let fastest =
            |hull: &Vec<(f64, f64)>| hull.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
        let sum: f64 = self.hulls.iter().map(fastest).sum();
        let blocks = self.hulls.len() as f64;
        // Two of the minima are zero by construction: the vertices the line rests on.
        // Nothing is known below the resolution of a nanosecond.
        let mean = (sum / (blocks - 2.0)).max(1.0);
        blocks / mean
    }

    /// Root mean square change of the middle slope when every second block is left out, over balanced halves: of each
    /// pair of neighboring blocks one is drawn. For estimators whose variance falls with `1 / n` that is their standard
    /// error (`McCarthy` 1969); the hull's error falls faster or slower, the factor is checked by simulation.
    fn half_sample_error(&self) -> Option<f64> {
        let first = self.hulls.first()?.first()?.0;
        let last = self.hulls.last()?.last()?.0;
        let middle = 0.5 * (first + last);
        let mut choice = HALVES_SEED;
        let (mut squares, mut count) = (0.0, 0_u32);
        let mut half = Vec::new();
        for _ in 0..HALVES {
            choice = choice
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            // The upper bits of this generator are the random ones; one decides each pair.
            let bits = (choice >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
            half.clear();
            for (pair, two) in self.hulls.chunks(2).enumerate() {
                let wanted = usize::from(bits >> (pair % 48) & 1 == 1);
                for p in two.get(wanted).or(two.first()).into_iter().flatten() {
                    push_lower(&mut half, *p);
                }
            }
            if let Some(slope) = middle_slope(&half, middle) {
                squares += slope * slope;
                count += 1;
            }
        }
        (count > 0).then(|| (squares / f64::from(count)).sqrt())
    }
}

/// Grows a lower convex hull by a point; of points with one x the lowest stays.
fn push_lower(hull: &mut Vec<(f64, f64)>, p: (f64, f64)) {
    if let Some(last) = hull.last().filter(|last| last.0 >= p.0) {
        if last.1 <= p.1 {
            return;
        }
        hull.pop();
    }
    while let [.., a, b] = hull[..] {
        if (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0) > 0.0 {
            break;
        }
        hull.pop();
    }
    hull.push(p);
}

/// Slope of the segment over `middle`, or of the nearest one.
fn middle_slope(hull: &[(f64, f64)], middle: f64) -> Option<f64> {
    let pair = hull
        .windows(2)
        .find(|w| middle <= w[1].0)
        .or_else(|| hull.windows(2).next_back())?;
    Some((pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0))
}

/// One exponential piece of the density.
struct Segment {
    start: f64,
    end: f64,
    /// Logarithm of the density at its higher end: the end where it grows, the start where it falls.
    ln_top: f64,
    /// Growth of the logarithm per unit of skew.
    growth: f64,
    mass: f64,
}

fn segments(vertices: &[(i64, i64)], middle: f64, rate: f64) -> Vec<Segment> {
    let slopes: Vec<f64> = vertices
        .windows(2)
        .map(|w| {
            let dx = w[1].0 - w[0].0;
            (w[1].1 - w[0].1 - dx) as f64 / dx as f64
        })
        .collect();
    let g = |j: usize, s: f64| {
        let z = (vertices[j].1 - vertices[j].0) as f64;
        z - s * (vertices[j].0 as f64 - middle)
    };
    let peak = slopes
        .iter()
        .enumerate()
        .map(|(j, s)| g(j, *s))
        .fold(f64::NEG_INFINITY, f64::max);
    (0..vertices.len())
        .map(|j| {
            let start = if j == 0 {
                f64::NEG_INFINITY
            } else {
                slopes[j - 1]
            };
            let end = slopes.get(j).copied().unwrap_or(f64::INFINITY);
            let growth = -rate * (vertices[j].0 as f64 - middle);
            // The outer pieces fall away from the middle, so the top always is finite.
            let ln_top = rate * (g(j, if growth > 0.0 { end } else { start }) - peak);
            let width = end - start;
            let exponent = -growth.abs() * width;
            let mass = if exponent > -1e-9 {
                ln_top.exp() * width
            } else {
                -ln_top.exp() * exponent.exp_m1() / growth.abs()
            };
            Segment {
                start,
                end,
                ln_top,
                growth,
                mass,
            }
        })
        .collect()
}

/// The skew below which `target` of the total mass lies.
fn quantile_of(segments: &[Segment], target: f64) -> Option<f64> {
    let mut before = 0.0;
    for s in segments {
        if before + s.mass < target {
            before += s.mass;
            continue;
        }
        // From the top end inwards, where the density is not too small to divide by.
        let (from, inwards) = if s.growth > 0.0 {
            (s.end, before + s.mass - target)
        } else {
            (s.start, target - before)
        };
        let share = inwards / s.ln_top.exp();
        let steep = s.growth.abs() * share;
        let step = if steep < 1e-9 {
            share
        } else {
            -(-steep).ln_1p() / s.growth.abs()
        };
        let skew = if s.growth > 0.0 {
            from - step
        } else {
            from + step
        };
        return skew.is_finite().then_some(skew);
    }
    None
}
