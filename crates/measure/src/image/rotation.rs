//! How a camera turned between two frames, straight from the grey values.

mod pyramid;

pub use pyramid::Pyramid;

use super::{Grey, ImageError, Pinhole};
use pyramid::Level;

/// Pixels an image needs in each direction.
const LEAST_PIXELS: usize = 16;
/// Shifts tried at the coarsest level, pixels in each direction: a fifth of a 20 pixel wide image.
const SEARCH_PIXELS: i32 = 4;
/// Pixels at the border whose gradient would rest on reflected values.
const BORDER: usize = 2;
/// Tukey's constant: 95 % efficiency for normal residuals (Huber and Ronchetti, Robust Statistics, 4.8).
const TUKEY: f32 = 4.685;
/// Residuals below this many grey levels are rounding, so the scale of the residuals does not go below it.
const LEAST_SCALE: f32 = 0.3;
/// Mean square gradient (levels per pixel, squared) below which an image shows nothing that could be followed.
const LEAST_GRADIENT: f64 = 0.5;
/// Pixels: a rotation that is not fixed to this is not fixed at all.
const LARGEST_SIGMA: f64 = 0.25;
/// Correlation after alignment below which the second image is not the first one turned.
const LEAST_CORRELATION: f64 = 0.5;
/// Share of the pixels both images must show.
const LEAST_OVERLAP: f64 = 0.3;
/// Steps at each level; convergence is quadratic, and each coarser level has done most of the way.
const MOST_STEPS: usize = 8;
/// A step below this many pixels ends the finest level, and one below the other those before it: each step leaves about a
/// tenth of the error, and the estimate is rarely certain to a twentieth of a pixel.
const LAST_STEP_PIXELS: f64 = 0.01;
const LAST_COARSE_STEP_PIXELS: f64 = 0.03;
/// Factor on the covariance for what interpolation adds: without it the squared error over 300 pairs of synthetic
/// textures is 1.7 times what the scores say.
const INTERPOLATION: f64 = 1.7;
/// Levels of up to this many pixels are used whole, of larger ones every second pixel, as on a chessboard: smoothing has
/// made neighbors alike.
const ALL_PIXELS: usize = 4000;
/// Part of the mean squared gradient from which on a pixel is strong: those alone give standard deviations an eighth larger
/// (pictures of a simulated street). All steps but the last rest on them.
const STRONG_ENERGY: f64 = 0.25;
/// Share of strong pixels below which all are used throughout.
const LEAST_STRONG: f64 = 0.125;
/// Blocks the score is summed over for the covariance, in each direction.
const BLOCKS: usize = 8;

/// Places of a level computed at a time.
const PLACES: usize = 64;

/// Rotation of a camera between two frames.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RotationEstimate {
    /// Rotation vector of `next_from_prev`, radians, in the optical frame (x right, y down, z forward): a far point
    /// with direction `r` in the first frame has direction `exp([w]x) r` in the second. The camera itself turned by
    /// the opposite: its angular rate in its own frame is `-w / dt`.
    pub rotation_radians: [f64; 3],
    /// Covariance of the rotation vector, square radians, row-major.
    pub covariance_radians2: [[f64; 3]; 3],
    /// Robust standard deviation of the grey values that remain, levels.
    pub residual_levels: f64,
    /// Share of the compared pixels that agree with the rotation (4.685 robust standard deviations).
    pub inlier_share: f64,
    /// Zero-mean normalized correlation of the aligned images, weighted like the estimate.
    pub correlation: f64,
    /// Share of the first image's inner pixels that the second shows too.
    pub overlap_share: f64,
    /// Brightness of the second frame over the first, and what is added to it in levels.
    pub gain_ratio: f64,
    /// See `gain_ratio`.
    pub offset_levels: f64,
}

impl RotationEstimate {
    /// Largest standard deviation of the rotation vector along any axis of the frame, radians.
    pub fn sigma_radians(&self) -> f64 {
        (0..3)
            .map(|i| self.covariance_radians2[i][i].max(0.0).sqrt())
            .fold(0.0, f64::max)
    }
}

/// Rotation of a camera between two small grey frames (80 x 60 to 160 x 120 is the range it is made for).
///
/// Minimizes `sum rho(gain prev(p) + offset - next(K exp([w]x) K^-1 p))` over `w`, gain and offset: Gauss-Newton with
/// Tukey weights from coarse to fine on images smoothed by the binomial kernel 1 2 1, linearized about the first frame
/// (inverse compositional: Baker and Matthews, Lucas-Kanade 20 years on, IJCV 2004, equation 35; rotation
/// homography: Hartley and Zisserman 2003, 8.13). Before it a search over whole shifts at the coarsest level allows
/// for turns of about a fifth of the field of view. Pixels of strong gradient lead to the place, one step over all of
/// them ends there.
///
/// `camera`: intrinsics **at the scale of these frames** ([`Pinhole::shrunk`]). The covariance is that of the sum of
/// scores over 8 x 8 blocks (sandwich), so that smoothing and things that move are in it; what the translation of the
/// camera adds is not: a sideways motion looks like a turn, by `speed dt / distance` radians.
/// Distortion is not modeled; away from the center it scales the flow by a few percent.
///
/// Errors: sizes that differ or are below 16 pixels, [`ImageError::BadCamera`], [`ImageError::Textureless`],
/// [`ImageError::Inconsistent`]. Cost: at each of three or four levels up to 8 steps, each one pass over its pixels.
pub fn rotation_between(
    prev: &Grey<'_>,
    next: &Grey<'_>,
    camera: &Pinhole,
) -> Result<RotationEstimate, ImageError> {
    rotation_of(&Pyramid::new(prev)?, &Pyramid::new(next)?, camera)
}

/// [`rotation_between`] of images whose pyramids are there already: each frame of a sequence is in two pairs.
///
/// Errors: as there.
pub fn rotation_of(
    prev: &Pyramid,
    next: &Pyramid,
    camera: &Pinhole,
) -> Result<RotationEstimate, ImageError> {
    let (firsts, seconds) = (prev.levels(), next.levels());
    let ((width, height), (other_width, other_height)) = (prev.size(), next.size());
    if (width, height) != (other_width, other_height) {
        return Err(ImageError::SizesDiffer {
            width,
            height,
            other_width,
            other_height,
        });
    }
    camera.check()?;
    let mut state = State::default();
    let mut fit = None;
    for (depth, (first, second)) in firsts.iter().zip(seconds).enumerate().rev() {
        let camera = at_level(camera, depth);
        let template = Template::new(first, &camera)?;
        if depth + 1 == firsts.len() {
            state.rotation = search(first, second, &camera);
        }
        let last_step = if depth == 0 {
            LAST_STEP_PIXELS
        } else {
            LAST_COARSE_STEP_PIXELS
        };
        fit = Some(template.align(second, &mut state, last_step)?);
    }
    // There is always one level.
    fit.ok_or(ImageError::TooSmall {
        width,
        height,
        needed: LEAST_PIXELS,
    })
}

/// Every level takes every second pixel of the one before, so pixel centers stay at whole numbers.
fn at_level(camera: &Pinhole, depth: usize) -> Pinhole {
    let scale = f64::from(1_u32 << depth.min(16));
    Pinhole {
        fx: camera.fx / scale,
        fy: camera.fy / scale,
        cx: camera.cx / scale,
        cy: camera.cy / scale,
    }
}

/// Mean squared gradient of the pixels inside the border, levels per pixel squared.
fn mean_energy(level: &Level) -> f64 {
    let (width, height) = (level.width, level.height);
    let row = |y: usize| &level.data[y * width..(y + 1) * width];
    let mut sum = 0.0;
    for v in BORDER..height - BORDER {
        let (up, mid, down) = (row(v - 1), row(v), row(v + 1));
        let part: f32 = (BORDER..width - BORDER)
            .map(|u| {
                let (gu, gv) = (0.5 * (mid[u + 1] - mid[u - 1]), 0.5 * (down[u] - up[u]));
                gu * gu + gv * gv
            })
            .sum();
        sum += f64::from(part);
    }
    sum / ((width - 2 * BORDER) * (height - 2 * BORDER)) as f64
}

/// What is carried from level to level.
struct State {
    /// `next_from_prev`, row-major.
    rotation: [[f64; 3]; 3],
    gain: f64,
    offset: f64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            rotation: IDENTITY,
            gain: 1.0,
            offset: 0.0,
        }
    }
}

/// The first frame with its derivatives by the rotation.
struct Template {
    camera: Pinhole,
    width: usize,
    /// Strong ones first.
    pixels: Pixels,
    /// How many of the pixels all steps but the last rest on.
    strong: usize,
    /// Root mean square gradient.
    gradient: f64,
}

/// Pixels of the first frame, as columns.
struct Pixels {
    /// Column and row.
    at: Vec<(f32, f32)>,
    /// Smoothed grey value and derivatives by x, y, z of the rotation.
    rows: Vec<[f32; 4]>,
    /// The grey value alone.
    levels: Vec<f32>,
    /// Block of the image, for the covariance.
    block: Vec<u8>,
}

impl Pixels {
    fn with_capacity(n: usize) -> Self {
        Self {
            at: Vec::with_capacity(n),
            rows: Vec::with_capacity(n),
            levels: Vec::with_capacity(n),
            block: Vec::with_capacity(n),
        }
    }

    fn append(&mut self, mut other: Self) {
        self.at.append(&mut other.at);
        self.rows.append(&mut other.rows);
        self.levels.append(&mut other.levels);
        self.block.append(&mut other.block);
    }
}

impl Template {
    fn new(level: &Level, camera: &Pinhole) -> Result<Self, ImageError> {
        let (width, height) = (level.width, level.height);
        let n = (width - 2 * BORDER) * (height - 2 * BORDER);
        let mut template = Self {
            camera: *camera,
            width,
            pixels: Pixels::with_capacity(n),
            strong: 0,
            gradient: 0.0,
        };
        let mut weak = Pixels::with_capacity(n);
        let (fx, fy) = (single(camera.fx), single(camera.fy));
        let (cx, cy) = (single(camera.cx), single(camera.cy));
        let mean = mean_energy(level);
        template.gradient = mean.sqrt();
        if mean < LEAST_GRADIENT {
            return Err(template.textureless(f64::INFINITY));
        }
        let stride = if n > ALL_PIXELS { 2 } else { 1 };
        let least = single(STRONG_ENERGY * mean);
        for v in BORDER..height - BORDER {
            let row = |y: usize| &level.data[y * width..(y + 1) * width];
            let (up, mid, down) = (row(v - 1), row(v), row(v + 1));
            let y = (v as f32 - cy) / fy;
            for u in (BORDER + v % stride..width - BORDER).step_by(stride) {
                let gu = 0.5 * (mid[u + 1] - mid[u - 1]);
                let gv = 0.5 * (down[u] - up[u]);
                let pixels = if gu * gu + gv * gv < least {
                    &mut weak
                } else {
                    &mut template.pixels
                };
                let x = (u as f32 - cx) / fx;
                let (a, b) = (gu * fx, gv * fy);
                // Flow of a small rotation d: x' = d_y - d_z y - x (d_x y - d_y x), and likewise y'.
                pixels.rows.push([
                    mid[u],
                    -a * x * y - b * (1.0 + y * y),
                    a * (1.0 + x * x) + b * x * y,
                    b * x - a * y,
                ]);
                pixels.levels.push(mid[u]);
                pixels.at.push((u as f32, v as f32));
                let block = (v * BLOCKS / height) * BLOCKS + u * BLOCKS / width;
                pixels.block.push(u8::try_from(block).unwrap_or(0));
            }
        }
        template.strong = template.pixels.rows.len();
        template.pixels.append(weak);
        let all = template.pixels.rows.len();
        if (template.strong as f64) < LEAST_STRONG * all as f64 {
            template.strong = all;
        }
        Ok(template)
    }

    fn textureless(&self, sigma_px: f64) -> ImageError {
        ImageError::Textureless {
            gradient: self.gradient,
            sigma_px,
        }
    }

    /// Gauss-Newton at one level: over strong pixels until a step is shorter than the last one may be, then over all.
    fn align(
        &self,
        next: &Level,
        state: &mut State,
        last_step: f64,
    ) -> Result<RotationEstimate, ImageError> {
        let all = self.pixels.rows.len();
        let mut sampled = vec![f32::NAN; all];
        let mut residuals = vec![0.0_f32; all];
        let mut weighted = vec![(0.0_f32, 0.0_f32); all];
        let mut sums = Sums::default();
        let mut count = self.strong;
        for step in 1..=MOST_STEPS {
            if step == MOST_STEPS {
                count = all;
            }
            let (sampled, residuals, weighted) = (
                &mut sampled[..count],
                &mut residuals[..count],
                &mut weighted[..count],
            );
            let seen = self.sample(next, &state.rotation, sampled);
            if (seen as f64) < LEAST_OVERLAP * count as f64 {
                return Err(ImageError::Inconsistent {
                    correlation: 0.0,
                    overlap: seen as f64 / count as f64,
                });
            }
            let line = (state.gain, state.offset);
            sums = self.accumulate(sampled, (residuals, weighted), line);
            sums.overlap = seen as f64 / count as f64;
            let Some(delta) = solve5(&sums.normal, &sums.right) else {
                return Err(self.textureless(f64::INFINITY));
            };
            let turn = [delta[0], delta[1], delta[2]];
            let moved = norm(turn) * self.camera.fx.max(self.camera.fy);
            // gain prev(W(p; d)) + offset = next: the derivative by d carries the gain.
            let scaled = turn.map(|d| -d / state.gain.max(0.1));
            state.rotation = multiply(&state.rotation, &exponential(scaled));
            state.gain += delta[3];
            state.offset += delta[4];
            // One step leads from where strong pixels agree to where all do.
            let is_last = count == all && (self.strong < all || moved < last_step);
            if is_last {
                break;
            }
            if moved < last_step {
                count = all;
            }
        }
        self.estimate(&sums, &residuals, &sampled, state)
    }

    /// The second frame where the rotation says the pixels of the first went, NaN outside; counts those inside.
    fn sample(&self, next: &Level, rotation: &[[f64; 3]; 3], out: &mut [f32]) -> usize {
        let h = homography(&self.camera, rotation);
        let (last_x, last_y) = ((next.width - 1) as f32, (next.height - 1) as f32);
        let mut seen = 0;
        // Where to look first, which becomes vector instructions, then what is there.
        let mut places = [(0.0_f32, 0.0_f32); PLACES];
        for (at, out) in self.pixels.at.chunks(PLACES).zip(out.chunks_mut(PLACES)) {
            for ((u, v), place) in at.iter().zip(&mut places) {
                let w = 1.0 / (h[6] * u + h[7] * v + h[8]);
                let x = (h[0] * u + h[1] * v + h[2]) * w;
                let y = (h[3] * u + h[4] * v + h[5]) * w;
                let inside = w > 0.0 && x >= 0.0 && y >= 0.0 && x < last_x && y < last_y;
                *place = if inside { (x, y) } else { (-1.0, -1.0) };
            }
            for ((x, y), out) in places.iter().zip(out) {
                let found = next.between(*x, *y);
                seen += usize::from(found.is_some());
                *out = found.unwrap_or(f32::NAN);
            }
        }
        seen
    }

    /// Robustly weighted normal equations for the rotation, the gain and the offset.
    fn accumulate(
        &self,
        sampled: &[f32],
        (residuals, weighted): (&mut [f32], &mut [(f32, f32)]),
        (gain, offset): (f64, f64),
    ) -> Sums {
        let (gain, offset) = (single(gain), single(offset));
        for ((level, value), residual) in
            self.pixels.levels.iter().zip(sampled).zip(&mut *residuals)
        {
            *residual = value - (gain * level + offset);
        }
        let scale = scale_of(residuals);
        let inverse = 1.0 / (TUKEY * scale);
        let mut sums = Sums {
            scale,
            ..Sums::default()
        };
        // A NaN residual (outside) has weight 0: the comparison is false for it.
        for (weighted, r) in weighted.iter_mut().zip(&*residuals) {
            let reach = r * inverse;
            let keep = (1.0 - reach * reach).max(0.0);
            let inside = r.abs() <= f32::MAX;
            *weighted = if inside {
                (*r, keep * keep)
            } else {
                (0.0, 0.0)
            };
        }
        // A row of the image at a time in single precision, so that a sum stays exact to five digits.
        for (rows, weighted) in self
            .pixels
            .rows
            .chunks(self.width)
            .zip(weighted.chunks(self.width))
        {
            let mut part = Products::default();
            for ([level, x, y, z], (r, weight)) in rows.iter().zip(weighted) {
                part.add(*weight, [*r, *x, *y, *z], *level);
            }
            for ([level, ..], (_, weight)) in rows.iter().zip(weighted) {
                part.add_level(*weight, *level);
            }
            sums.take(&part);
        }
        sums
    }

    /// Everything that is reported, from the last normal equations.
    fn estimate(
        &self,
        sums: &Sums,
        residuals: &[f32],
        sampled: &[f32],
        state: &State,
    ) -> Result<RotationEstimate, ImageError> {
        let mut blocks = [[0.0_f64; 5]; BLOCKS * BLOCKS];
        let cut = TUKEY * sums.scale;
        let (mut inside, mut agree) = (0_u32, 0_u32);
        let mut moments = [0.0_f64; 6];
        for (((row, residual), value), block) in self
            .pixels
            .rows
            .iter()
            .zip(residuals)
            .zip(sampled)
            .zip(&self.pixels.block)
        {
            if residual.is_nan() {
                continue;
            }
            inside += 1;
            if residual.abs() >= cut {
                continue;
            }
            agree += 1;
            let keep = 1.0 - (residual / cut) * (residual / cut);
            let weight = f64::from(keep * keep);
            let c = [row[1], row[2], row[3], row[0], 1.0].map(f64::from);
            if let Some(score) = blocks.get_mut(usize::from(*block)) {
                for (s, c) in score.iter_mut().zip(c) {
                    *s += weight * c * f64::from(*residual);
                }
            }
            let (a, b) = (f64::from(row[0]), f64::from(*value));
            for (m, x) in moments.iter_mut().zip([1.0, a, b, a * a, a * b, b * b]) {
                *m += weight * x;
            }
        }
        let covariance = sandwich(&sums.normal, &blocks, state.gain)
            .ok_or_else(|| self.textureless(f64::INFINITY))?;
        let found = RotationEstimate {
            rotation_radians: logarithm(&state.rotation),
            covariance_radians2: covariance,
            residual_levels: f64::from(sums.scale),
            inlier_share: f64::from(agree) / f64::from(inside.max(1)),
            correlation: correlation(&moments),
            overlap_share: sums.overlap,
            gain_ratio: state.gain,
            offset_levels: state.offset,
        };
        if found.correlation.is_nan() || found.correlation < LEAST_CORRELATION {
            return Err(ImageError::Inconsistent {
                correlation: found.correlation,
                overlap: found.overlap_share,
            });
        }
        let sigma_px = found.sigma_radians() * self.camera.fx.max(self.camera.fy);
        if sigma_px.is_nan() || sigma_px > LARGEST_SIGMA {
            return Err(self.textureless(sigma_px));
        }
        Ok(found)
    }
}

/// Weighted products of a few pixels: what of the normal equations is needed, four beside each other, so that a row of
/// products is one vector instruction.
#[derive(Default)]
struct Products {
    /// Of rotation x, y, z, value and one each with the residual and rotation x, y, z.
    rows: [[f32; 4]; 5],
    /// Of value and value, one and value, one and one.
    rest: [f32; 4],
}

impl Products {
    #[inline]
    fn add(&mut self, weight: f32, derivatives: [f32; 4], level: f32) {
        let [_, x, y, z] = derivatives;
        for (row, c) in self.rows.iter_mut().zip([x, y, z, level, 1.0]) {
            let weighted = weight * c;
            for (p, d) in row.iter_mut().zip(derivatives) {
                *p += weighted * d;
            }
        }
    }

    /// By itself: with the others it would be too much for the registers.
    #[inline]
    fn add_level(&mut self, weight: f32, level: f32) {
        let left = [weight * level, weight, weight, 0.0];
        for ((p, a), b) in self.rest.iter_mut().zip(left).zip([level, level, 1.0, 0.0]) {
            *p += a * b;
        }
    }
}

/// Weighted sums of one step.
#[derive(Clone)]
struct Sums {
    /// Both triangles.
    normal: [[f64; 5]; 5],
    right: [f64; 5],
    scale: f32,
    overlap: f64,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            normal: [[0.0; 5]; 5],
            right: [0.0; 5],
            scale: LEAST_SCALE,
            overlap: 0.0,
        }
    }
}

impl Sums {
    fn take(&mut self, part: &Products) {
        for (i, row) in part.rows.iter().enumerate() {
            self.right[i] += f64::from(row[0]);
            for (j, p) in row.iter().skip(1).enumerate().take(i + 1) {
                self.normal[i][j] += f64::from(*p);
            }
        }
        let [vv, v, n, _] = part.rest;
        self.normal[3][3] += f64::from(vv);
        self.normal[4][3] += f64::from(v);
        self.normal[4][4] += f64::from(n);
    }
}

/// `1.4826 median |r|` of a quarter of the residuals, NaN left out.
fn scale_of(residuals: &[f32]) -> f32 {
    let mut some: Vec<f32> = residuals
        .iter()
        .step_by(3)
        .filter(|r| !r.is_nan())
        .map(|r| r.abs())
        .collect();
    if some.is_empty() {
        return LEAST_SCALE;
    }
    let middle = some.len() / 2;
    let (_, median, _) = some.select_nth_unstable_by(middle, f32::total_cmp);
    (1.4826 * *median).max(LEAST_SCALE)
}

fn correlation(m: &[f64; 6]) -> f64 {
    let [n, a, b, aa, ab, bb] = *m;
    let (va, vb) = (aa - a * a / n, bb - b * b / n);
    if !(va > 0.0 && vb > 0.0) {
        return 0.0;
    }
    (ab - a * b / n) / (va * vb).sqrt()
}

/// `H^-1 (sum of s s^T over blocks) H^-1`, the part of the rotation, with the gain taken out.
fn sandwich(normal: &[[f64; 5]; 5], blocks: &[[f64; 5]], gain: f64) -> Option<[[f64; 3]; 3]> {
    let used = blocks
        .iter()
        .filter(|b| b.iter().any(|x| *x != 0.0))
        .count();
    if used < 8 {
        return None;
    }
    // Small-sample factor for five fitted values.
    let factor = INTERPOLATION * used as f64 / (used as f64 - 5.0).max(1.0);
    let mut cov = [[0.0; 3]; 3];
    for score in blocks {
        let x = solve5(normal, score)?;
        for (i, row) in cov.iter_mut().enumerate() {
            for (j, c) in row.iter_mut().enumerate() {
                *c += factor * x[i] * x[j] / (gain * gain).max(0.01);
            }
        }
    }
    Some(cov)
}

/// Best whole shift at the coarsest level, as a rotation about y and x.
fn search(first: &Level, second: &Level, camera: &Pinhole) -> [[f64; 3]; 3] {
    let mut best = (f64::MIN, 0, 0);
    for dy in -SEARCH_PIXELS..=SEARCH_PIXELS {
        for dx in -SEARCH_PIXELS..=SEARCH_PIXELS {
            let score = shifted_correlation(first, second, dx, dy);
            // Small shifts win where the texture repeats.
            let score = score - 0.002 * f64::from(dx * dx + dy * dy).sqrt();
            if score > best.0 {
                best = (score, dx, dy);
            }
        }
    }
    let (_, dx, dy) = best;
    // A point at the center moves by fx w_y to the right and by -fy w_x down.
    exponential([
        -(f64::from(dy) / camera.fy).atan(),
        (f64::from(dx) / camera.fx).atan(),
        0.0,
    ])
}

/// Normalized correlation of the overlap where the second image is shifted by whole pixels.
fn shifted_correlation(first: &Level, second: &Level, dx: i32, dy: i32) -> f64 {
    let (a_x, b_x) = (left_of(-dx), left_of(dx));
    let (a_y, b_y) = (left_of(-dy), left_of(dy));
    let columns = first.width.saturating_sub(a_x.max(b_x));
    let rows = first.height.saturating_sub(a_y.max(b_y));
    let mut m = [0.0_f64; 6];
    for y in 0..rows {
        let start = (y + a_y) * first.width + a_x;
        let other = (y + b_y) * second.width + b_x;
        let (Some(a), Some(b)) = (
            first.data.get(start..start + columns),
            second.data.get(other..other + columns),
        ) else {
            continue;
        };
        // Four sums beside each other, so that they become vector instructions.
        let mut part = [[0.0_f32; 4]; 5];
        let (a, a_rest) = a.as_chunks::<4>();
        let (b, b_rest) = b.as_chunks::<4>();
        let mut add = |a: &[f32; 4], b: &[f32; 4]| {
            for lane in 0..4 {
                let (a, b) = (a[lane], b[lane]);
                part[0][lane] += a;
                part[1][lane] += b;
                part[2][lane] += a * a;
                part[3][lane] += a * b;
                part[4][lane] += b * b;
            }
        };
        for (a, b) in a.iter().zip(b) {
            add(a, b);
        }
        for (a, b) in a_rest.iter().zip(b_rest) {
            add(&[*a, 0.0, 0.0, 0.0], &[*b, 0.0, 0.0, 0.0]);
        }
        m[0] += columns as f64;
        for (total, part) in m[1..].iter_mut().zip(part) {
            *total += part.iter().map(|p| f64::from(*p)).sum::<f64>();
        }
    }
    correlation(&m)
}

fn left_of(shift: i32) -> usize {
    usize::try_from(shift).unwrap_or(0)
}

const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

fn multiply(a: &[[f64; 3]; 3], b: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let mut out = [[0.0; 3]; 3];
    for (i, row) in out.iter_mut().enumerate() {
        for (j, c) in row.iter_mut().enumerate() {
            *c = (0..3).map(|k| a[i][k] * b[k][j]).sum();
        }
    }
    out
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "grey values and pixels of small images need no more than single precision"
)]
fn single(x: f64) -> f32 {
    x as f32
}

fn norm(v: [f64; 3]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// Rodrigues' formula; the series near zero.
fn exponential(w: [f64; 3]) -> [[f64; 3]; 3] {
    let angle = norm(w);
    let (s, c) = if angle < 1e-6 {
        (1.0 - angle * angle / 6.0, 0.5 - angle * angle / 24.0)
    } else {
        (angle.sin() / angle, (1.0 - angle.cos()) / (angle * angle))
    };
    let cross = [[0.0, -w[2], w[1]], [w[2], 0.0, -w[0]], [-w[1], w[0], 0.0]];
    let square = multiply(&cross, &cross);
    let mut out = IDENTITY;
    for (i, row) in out.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value += s * cross[i][j] + c * square[i][j];
        }
    }
    out
}

/// Inverse of [`exponential`] for angles well below half a turn, as between frames.
fn logarithm(r: &[[f64; 3]; 3]) -> [f64; 3] {
    let v = [
        0.5 * (r[2][1] - r[1][2]),
        0.5 * (r[0][2] - r[2][0]),
        0.5 * (r[1][0] - r[0][1]),
    ];
    let sine = norm(v);
    let cosine = 0.5 * (r[0][0] + r[1][1] + r[2][2] - 1.0);
    let factor = if sine < 1e-9 {
        1.0
    } else {
        sine.atan2(cosine) / sine
    };
    v.map(|x| x * factor)
}

/// `K R K^-1`, row-major, in single precision: positions to 1e-4 pixels in small images.
fn homography(camera: &Pinhole, r: &[[f64; 3]; 3]) -> [f32; 9] {
    let k = [
        [camera.fx, 0.0, camera.cx],
        [0.0, camera.fy, camera.cy],
        [0.0, 0.0, 1.0],
    ];
    let inverse = [
        [1.0 / camera.fx, 0.0, -camera.cx / camera.fx],
        [0.0, 1.0 / camera.fy, -camera.cy / camera.fy],
        [0.0, 0.0, 1.0],
    ];
    let h = multiply(&multiply(&k, r), &inverse);
    let mut out = [0.0; 9];
    for (o, value) in out.iter_mut().zip(h.iter().flatten()) {
        *o = single(*value);
    }
    out
}

/// Solves a symmetric positive definite system by Cholesky; none where a pivot is not positive.
fn solve5(a: &[[f64; 5]; 5], b: &[f64; 5]) -> Option<[f64; 5]> {
    let mut l = [[0.0; 5]; 5];
    for i in 0..5 {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let rest = a[i][j] - dot;
            if i == j {
                // A pivot that cancelled to nothing means that a direction is not fixed.
                if rest.is_nan() || rest <= 1e-9 * a[i][i] {
                    return None;
                }
                l[i][i] = rest.sqrt();
            } else {
                l[i][j] = rest / l[j][j];
            }
        }
    }
    let mut x = *b;
    for i in 0..5 {
        let dot: f64 = (0..i).map(|k| l[i][k] * x[k]).sum();
        x[i] = (x[i] - dot) / l[i][i];
    }
    for i in (0..5).rev() {
        let dot: f64 = (i + 1..5).map(|k| l[k][i] * x[k]).sum();
        x[i] = (x[i] - dot) / l[i][i];
    }
    Some(x)
}

#[cfg(test)]
mod tests;
