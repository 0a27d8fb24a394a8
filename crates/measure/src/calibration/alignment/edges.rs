//! Edges on both sides: depth edges of a cloud and edge fields of an image.

use super::AlignmentError;

/// Least jump of the range at a depth edge, meters (Levinson and Thrun 2013).
const LEAST_JUMP_METERS: f64 = 0.3;
/// Least jump as a part of the nearer range, so that grazed surfaces are no edges.
const LEAST_JUMP_RATIO: f64 = 0.05;
/// Jump beyond which an edge counts no more, meters.
const MOST_JUMP_METERS: f64 = 4.0;
/// Jump put in for the sky, where a beam comes back without an echo, meters.
const SKY_JUMP_METERS: f64 = 1.0;
/// Ranges below this are the vehicle itself, meters.
const LEAST_RANGE_METERS: f64 = 1.0;
/// Fewest points of a ring that is looked at.
const LEAST_RING: usize = 20;

/// One sweep of a spinning LiDAR.
#[derive(Clone, Copy, Debug)]
pub struct RingCloud<'a> {
    /// Points in the frame of the LiDAR (z along the spin axis), meters; those not finite are passed over.
    pub points: &'a [[f32; 3]],
    /// Number of the laser of each point, parallel to `points`.
    pub rings: &'a [u16],
    /// Intensity of each point, parallel to `points`, or empty.
    pub intensities: &'a [f32],
}

/// A place where the range jumps, in the frame of the LiDAR.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthEdge {
    /// On the nearer surface, in the direction halfway to the beam that went past it, meters.
    pub position: [f64; 3],
    /// Square root of the jump in meters, at most 2 (Levinson and Thrun 2013, eq. 2).
    pub weight: f64,
    /// Angle between the two beams, radians: the edge is known to a fraction of it.
    pub gap_radians: f64,
    /// Whether the jump is from one ring to the next (a horizontal edge) and not along a ring (a vertical one).
    pub is_horizontal: bool,
}

/// A beam that came back.
#[derive(Clone, Copy)]
struct Echo {
    azimuth: f64,
    elevation: f64,
    range: f64,
}

/// Rings of a sweep in order of elevation, each ordered by azimuth.
struct Rings {
    rings: Vec<Vec<Echo>>,
    step: f64,
}

/// Depth edges of a sweep, along each ring and from ring to ring.
///
/// Along a ring this is Levinson and Thrun 2013, eq. 2, with two deviations: an edge lies halfway (in angle) between
/// the two beams instead of on the nearer echo, which takes the pull towards the inside of objects away, and a jump
/// counts at most 4 m. From ring to ring an edge is taken where the nearer surface is upright (the next ring on the
/// other side has about the same range), since the ground jumps from ring to ring everywhere. Beams without echo
/// (sky) count as a jump of 1 m.
///
/// Errors: [`AlignmentError::NoRings`] for fewer than two rings of 20 points. Cost: `O(n log n)`.
pub fn depth_edges(cloud: &RingCloud<'_>) -> Result<Vec<DepthEdge>, AlignmentError> {
    let sweep = Rings::new(cloud)?;
    let mut edges = Vec::new();
    for ring in &sweep.rings {
        along(ring, sweep.step, &mut edges);
    }
    for (index, ring) in sweep.rings.iter().enumerate() {
        let below = index.checked_sub(1).and_then(|i| sweep.rings.get(i));
        let above = sweep.rings.get(index + 1);
        if let (Some(below), Some(above)) = (below, above) {
            across(ring, below, above, sweep.step, &mut edges);
            across(ring, above, below, sweep.step, &mut edges);
        }
    }
    Ok(edges)
}

impl Rings {
    fn new(cloud: &RingCloud<'_>) -> Result<Self, AlignmentError> {
        let count = cloud.rings.iter().max().map_or(0, |r| usize::from(*r) + 1);
        let mut rings: Vec<Vec<Echo>> = vec![Vec::new(); count];
        for (point, ring) in cloud.points.iter().zip(cloud.rings) {
            let [x, y, z] = point.map(f64::from);
            let flat = (x * x + y * y).sqrt();
            let range = (flat * flat + z * z).sqrt();
            if !range.is_finite() || range < LEAST_RANGE_METERS {
                continue;
            }
            if let Some(slot) = rings.get_mut(usize::from(*ring)) {
                slot.push(Echo {
                    azimuth: y.atan2(x),
                    elevation: z.atan2(flat),
                    range,
                });
            }
        }
        rings.retain(|ring| ring.len() >= LEAST_RING);
        if rings.len() < 2 {
            return Err(AlignmentError::NoRings { rings: rings.len() });
        }
        let mut steps = Vec::new();
        for ring in &mut rings {
            ring.sort_by(|a, b| a.azimuth.total_cmp(&b.azimuth));
            let mut gaps: Vec<f64> = ring
                .windows(2)
                .map(|pair| pair[1].azimuth - pair[0].azimuth)
                .filter(|gap| *gap > 1e-5)
                .collect();
            if let Ok(step) = crate::stats::median(&mut gaps) {
                steps.push(step);
            }
        }
        let step = crate::stats::median(&mut steps)
            .map_err(|_| AlignmentError::NoRings { rings: rings.len() })?;
        let height = |ring: &Vec<Echo>| {
            let mut all: Vec<f64> = ring.iter().map(|e| e.elevation).collect();
            crate::stats::median(&mut all).unwrap_or(0.0)
        };
        rings.sort_by(|a, b| height(a).total_cmp(&height(b)));
        Ok(Self { rings, step })
    }
}

fn jump_of(near: f64, far: f64) -> Option<f64> {
    let jump = far - near;
    (jump > LEAST_JUMP_METERS && jump > LEAST_JUMP_RATIO * near).then_some(jump)
}

/// An edge in a direction (azimuth, elevation), at a range with a jump, between beams so far apart.
fn edge(
    direction: (f64, f64),
    near: (f64, f64),
    gap_radians: f64,
    is_horizontal: bool,
) -> DepthEdge {
    let ((azimuth, elevation), (range, jump)) = (direction, near);
    let flat = range * elevation.cos();
    DepthEdge {
        position: [
            flat * azimuth.cos(),
            flat * azimuth.sin(),
            range * elevation.sin(),
        ],
        weight: jump.min(MOST_JUMP_METERS).sqrt(),
        gap_radians,
        is_horizontal,
    }
}

fn along(ring: &[Echo], step: f64, edges: &mut Vec<DepthEdge>) {
    for pair in ring.windows(2) {
        let [left, right] = [pair[0], pair[1]];
        let gap = right.azimuth - left.azimuth;
        if gap < 1.8 * step {
            let middle = 0.5 * (left.azimuth + right.azimuth);
            if let Some(jump) = jump_of(left.range, right.range) {
                edges.push(edge(
                    (middle, left.elevation),
                    (left.range, jump),
                    gap,
                    false,
                ));
            } else if let Some(jump) = jump_of(right.range, left.range) {
                edges.push(edge(
                    (middle, right.elevation),
                    (right.range, jump),
                    gap,
                    false,
                ));
            }
        } else if gap > 2.8 * step && gap < 1.0 {
            // Beams between the two came back without an echo: both ends border on sky.
            let low = left.azimuth + 0.5 * step;
            let high = right.azimuth - 0.5 * step;
            edges.push(edge(
                (low, left.elevation),
                (left.range, SKY_JUMP_METERS),
                step,
                false,
            ));
            edges.push(edge(
                (high, right.elevation),
                (right.range, SKY_JUMP_METERS),
                step,
                false,
            ));
        }
    }
}

/// Edges of `ring` towards `beyond`, where the surface goes on in the opposite ring.
fn across(
    ring: &[Echo],
    opposite: &[Echo],
    beyond: &[Echo],
    step: f64,
    edges: &mut Vec<DepthEdge>,
) {
    let middle = |echoes: &[Echo]| echoes.get(echoes.len() / 2).map_or(0.0, |e| e.elevation);
    let spacing = middle(beyond) - middle(ring);
    let (mut i, mut j) = (0, 0);
    for echo in ring {
        let Some((same, same_gap)) = nearest(opposite, &mut i, echo.azimuth) else {
            continue;
        };
        if same_gap > step || (same.range - echo.range).abs() > LEAST_JUMP_METERS {
            continue;
        }
        let Some((other, gap)) = nearest(beyond, &mut j, echo.azimuth) else {
            continue;
        };
        if gap < step {
            if let Some(jump) = jump_of(echo.range, other.range) {
                let half = 0.5 * (echo.elevation + other.elevation);
                let apart = (echo.elevation - other.elevation).abs();
                edges.push(edge((echo.azimuth, half), (echo.range, jump), apart, true));
            }
        } else if gap > 1.8 * step {
            let half = echo.elevation + 0.5 * spacing;
            edges.push(edge(
                (echo.azimuth, half),
                (echo.range, SKY_JUMP_METERS),
                spacing.abs(),
                true,
            ));
        }
    }
}

/// The echo nearest in azimuth and its distance; `from` moves on with ascending azimuths.
fn nearest(echoes: &[Echo], from: &mut usize, azimuth: f64) -> Option<(Echo, f64)> {
    while let Some(next) = echoes.get(*from + 1) {
        let here = echoes.get(*from)?;
        if (next.azimuth - azimuth).abs() > (here.azimuth - azimuth).abs() {
            break;
        }
        *from += 1;
    }
    let found = *echoes.get(*from)?;
    Some((found, (found.azimuth - azimuth).abs()))
}

/// Rings by scan order, for clouds that come without ring numbers: a new ring begins where the azimuth, which
/// otherwise runs one way, jumps back by more than `jump_radians`.
///
/// This holds for the files of KITTI, whose points lie ring by ring from the top; clouds in another order give many
/// tiny rings. Not finite points keep the ring of the point before. Returns a ring per point; ring numbers saturate
/// at 65535. Cost: `O(n)`.
pub fn rings_by_order(points: &[[f32; 3]], jump_radians: f64) -> Vec<u16> {
    let mut forward = 0_i64;
    let azimuths: Vec<f64> = points
        .iter()
        .map(|[x, y, _]| f64::from(*y).atan2(f64::from(*x)))
        .collect();
    let turn = |from: f64, to: f64| {
        let d = to - from;
        d - std::f64::consts::TAU * (d / std::f64::consts::TAU).round()
    };
    for pair in azimuths.windows(2) {
        let d = turn(pair[0], pair[1]);
        if d.abs() < jump_radians {
            forward += if d > 0.0 {
                1
            } else if d < 0.0 {
                -1
            } else {
                0
            };
        }
    }
    let sign = if forward >= 0 { 1.0 } else { -1.0 };
    let mut ring = 0_u16;
    let mut furthest = f64::NAN;
    azimuths
        .iter()
        .map(|azimuth| {
            let d = sign * turn(furthest, *azimuth);
            if d.is_nan() {
                if azimuth.is_finite() {
                    furthest = *azimuth;
                }
            } else if d < -jump_radians {
                ring = ring.saturating_add(1);
                furthest = *azimuth;
            } else if d > 0.0 {
                furthest = *azimuth;
            }
            ring
        })
        .collect()
}

/// A grey image, row by row, 8 bits.
#[derive(Clone, Copy, Debug)]
pub struct GreyView<'a> {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// `width * height` values.
    pub data: &'a [u8],
}

impl GreyView<'_> {
    /// Means of `factor` x `factor` pixels; rows and columns that do not fill a block are left out.
    pub fn reduced(&self, factor: usize) -> Vec<f32> {
        let factor = factor.max(1);
        let (width, height) = (self.width / factor, self.height / factor);
        let mut out = vec![0.0_f32; width * height];
        let scale = 1.0 / (factor * factor) as f32;
        for (y, row) in out.chunks_exact_mut(width.max(1)).enumerate() {
            for inner in 0..factor {
                let start = (y * factor + inner) * self.width;
                let Some(line) = self.data.get(start..start + width * factor) else {
                    continue;
                };
                for (to, block) in row.iter_mut().zip(line.chunks_exact(factor)) {
                    *to += scale * block.iter().map(|v| f32::from(*v)).sum::<f32>();
                }
            }
        }
        out
    }
}

/// A field over the pixels of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// `width * height` values, row by row.
    pub values: Vec<f32>,
}

impl Field {
    /// Bilinear value; none outside the centers of the outermost pixels.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "coordinates are checked to lie inside the image"
    )]
    pub fn at(&self, pixel: [f64; 2]) -> Option<f64> {
        let [u, v] = pixel;
        let inside = u >= 0.0
            && v >= 0.0
            && u < self.width.saturating_sub(1) as f64
            && v < self.height.saturating_sub(1) as f64;
        if !inside {
            return None;
        }
        let (x, y) = (u as usize, v as usize);
        let (fx, fy) = (u - x as f64, v - y as f64);
        let upper = self
            .values
            .get(y * self.width + x..y * self.width + x + 2)?;
        let lower = self
            .values
            .get((y + 1) * self.width + x..(y + 1) * self.width + x + 2)?;
        let mix = |row: &[f32]| f64::from(row[0]) * (1.0 - fx) + f64::from(row[1]) * fx;
        Some(mix(upper) * (1.0 - fy) + mix(lower) * fy)
    }
}

/// Which image edges a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// Largest difference to the eight neighbors (Levinson and Thrun 2013).
    Any,
    /// Difference to the left and right neighbors: vertical edges.
    Vertical,
    /// Difference to the upper and lower neighbors: horizontal edges.
    Horizontal,
}

/// Edge strength `E` of each pixel; the outermost pixels have none.
pub fn edge_strength(image: &Field, kind: EdgeKind) -> Field {
    let (width, height) = (image.width, image.height);
    let mut values = vec![0.0_f32; image.values.len()];
    let row = |y: usize| image.values.get(y * width..(y + 1) * width);
    for y in 1..height.saturating_sub(1) {
        let (Some(above), Some(here), Some(below)) = (row(y - 1), row(y), row(y + 1)) else {
            continue;
        };
        let Some(out) = values.get_mut(y * width..(y + 1) * width) else {
            continue;
        };
        let triples = above.windows(3).zip(here.windows(3)).zip(below.windows(3));
        for (to, ((a, h), b)) in out.iter_mut().skip(1).zip(triples) {
            let d = |x: f32| (x - h[1]).abs();
            *to = match kind {
                EdgeKind::Vertical => 0.5 * (h[2] - h[0] + 0.5 * (a[2] - a[0] + b[2] - b[0])).abs(),
                EdgeKind::Horizontal => {
                    0.5 * (b[1] - a[1] + 0.5 * (b[0] - a[0] + b[2] - a[2])).abs()
                }
                EdgeKind::Any => [a[0], a[1], a[2], h[0], h[2], b[0], b[1], b[2]]
                    .into_iter()
                    .map(d)
                    .fold(0.0, f32::max),
            };
        }
    }
    Field {
        width,
        height,
        values,
    }
}

/// Inverse distance transform of edge strengths (Levinson and Thrun 2013, eq. 1):
/// `D = alpha E + (1 - alpha) max_{x,y} E(x,y) gamma^max(|x-i|,|y-j|)`; exact in two passes over the image
/// (to the right and down, to the left and up), because every shortest path of chessboard steps is some of the one and
/// then some of the other. Cost: about 12 operations per pixel.
pub fn inverse_distance(strength: &Field, alpha: f32, gamma: f32) -> Field {
    let (width, height) = (strength.width, strength.height);
    let mut spread = strength.values.clone();
    for y in 0..height {
        let (above, rest) = spread.split_at_mut(y * width);
        let row = rest.get_mut(..width).unwrap_or_default();
        hand_down(above.get(y.saturating_sub(1) * width..), row, gamma);
        carry(row.iter_mut(), gamma);
    }
    for y in (0..height).rev() {
        let (upper, below) = spread.split_at_mut((y + 1) * width);
        let row = upper.get_mut(y * width..).unwrap_or_default();
        hand_down(below.get(..width), row, gamma);
        carry(row.iter_mut().rev(), gamma);
    }
    let values = spread
        .iter()
        .zip(&strength.values)
        .map(|(s, e)| alpha * e + (1.0 - alpha) * s)
        .collect();
    Field {
        width,
        height,
        values,
    }
}

/// What the three nearest pixels of the neighboring row hand on.
fn hand_down(from: Option<&[f32]>, row: &mut [f32], gamma: f32) {
    let Some(from) = from.filter(|from| from.len() == row.len() && row.len() >= 2) else {
        return;
    };
    let last = row.len() - 1;
    row[0] = row[0].max(gamma * from[0].max(from[1]));
    row[last] = row[last].max(gamma * from[last].max(from[last - 1]));
    // Plain comparisons, so that they become vector instructions.
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    for (value, near) in row[1..last].iter_mut().zip(from.windows(3)) {
        *value = larger(*value, gamma * larger(larger(near[0], near[1]), near[2]));
    }
}

/// What each pixel of a row hands to the next.
fn carry<'a>(row: impl Iterator<Item = &'a mut f32>, gamma: f32) {
    let mut carried = 0.0_f32;
    for value in row {
        let handed = gamma * carried;
        carried = if *value > handed { *value } else { handed };
        *value = carried;
    }
}
