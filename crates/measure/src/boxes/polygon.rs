//! Polygons drawn to pixels exactly as pycocotools draws them.
//!
//! Read [`rasterize`] first. Not here: polygons with holes, which COCO's form cannot say.

use super::{BoxError, Mask, mask::image_size};

/// The outline is followed on a grid this many times finer than the pixels.
const SCALE: f64 = 5.0;
/// Coordinates beyond this are no pixels; it bounds the work per edge.
const MOST_PIXELS: f64 = 1e6;

/// Points along the fine outline, one by one, and where they cross from column to column.
struct Crossings {
    last: Option<[i64; 2]>,
    height: u32,
    width: u32,
    /// Positions down the columns at which inside and outside change.
    found: Vec<u32>,
}

impl Crossings {
    /// The next point of the outline (second half of `rleFrPoly`).
    fn see(&mut self, x: i64, y: i64) {
        let before = self.last.replace([x, y]);
        let Some([x_before, y_before]) = before else {
            return;
        };
        if x == x_before {
            return;
        }
        let column = if x < x_before { x } else { x - 1 };
        let column = (column as f64 + 0.5) / SCALE - 0.5;
        if column.floor() != column || column < 0.0 || column > f64::from(self.width) - 1.0 {
            return;
        }
        let row = (y.min(y_before) as f64 + 0.5) / SCALE - 0.5;
        let row = row.clamp(0.0, f64::from(self.height)).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "both were just held within the image"
        )]
        let (column, row) = (column as u32, row as u32);
        self.found.push(column * self.height + row);
    }

    /// Follows one edge on the fine grid (first half of `rleFrPoly`).
    fn follow(&mut self, from: [i64; 2], to: [i64; 2]) {
        let (dx, dy) = ((to[0] - from[0]).abs(), (to[1] - from[1]).abs());
        let is_flat = dx >= dy;
        let is_back = (is_flat && from[0] > to[0]) || (!is_flat && from[1] > to[1]);
        let (start, end) = if is_back { (to, from) } else { (from, to) };
        let (along, across, steps) = if is_flat { (0, 1, dx) } else { (1, 0, dy) };
        let slope = (end[across] - start[across]) as f64 / steps as f64;
        for step in 0..=steps {
            let t = if is_back { steps - step } else { step };
            let mut point = [0; 2];
            point[along] = start[along] + t;
            // A point edge has no slope (0 over 0); it crosses no column, so its row is not used.
            point[across] = truncated(start[across] as f64 + slope * t as f64 + 0.5);
            self.see(point[0], point[1]);
        }
    }
}

/// As a conversion to an integer does in C: toward zero.
fn truncated(x: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "coordinates are bounded by `MOST_PIXELS`"
    )]
    let whole = x as i64;
    whole
}

/// The pixels inside polygon `index` (named in errors) of `xy`, x and y in turn, on an image of height and width.
///
/// The outline is rounded to a fifth of a pixel and closed; pixels are inside between its crossings of their column.
/// Errors: fewer than three points, an odd count, coordinates that are not finite or beyond a million pixels.
/// Cost: the length of the outline and a sort of its crossings. Source: `rleFrPoly` of pycocotools 2.0.11, to the pixel.
pub fn rasterize(index: usize, xy: &[f64], size: [u32; 2]) -> Result<Mask, BoxError> {
    let [height, width] = size;
    image_size(height, width)?;
    if xy.len() < 6 || xy.len() % 2 != 0 {
        return Err(BoxError::Polygon {
            index,
            numbers: xy.len(),
        });
    }
    for &value in xy {
        super::finite("a polygon's coordinate", value)?;
        if value.abs() > MOST_PIXELS {
            return Err(BoxError::Far {
                value,
                most: MOST_PIXELS,
            });
        }
    }
    let corners: Vec<[i64; 2]> = xy
        .chunks_exact(2)
        .map(|p| [truncated(SCALE * p[0] + 0.5), truncated(SCALE * p[1] + 0.5)])
        .collect();
    let mut crossings = Crossings {
        last: None,
        height,
        width,
        found: Vec::new(),
    };
    for (i, &corner) in corners.iter().enumerate() {
        crossings.follow(corner, corners[(i + 1) % corners.len()]);
    }
    let mut places = crossings.found;
    places.push(height * width);
    places.sort_unstable();
    Mask::new(size, runs_between(&places))
}

/// Lengths between sorted places; two changes at one place cancel.
fn runs_between(places: &[u32]) -> Vec<u32> {
    let mut runs: Vec<u32> = Vec::with_capacity(places.len());
    let mut before = 0;
    let mut lengths = places.iter().map(|&place| {
        let length = place - before;
        before = place;
        length
    });
    runs.extend(lengths.next());
    while let Some(length) = lengths.next() {
        if length > 0 {
            runs.push(length);
        } else if let (Some(joined), Some(last)) = (lengths.next(), runs.last_mut()) {
            *last += joined;
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_of_whole_pixels_covers_them() {
        let mask = rasterize(0, &[1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0], [5, 6]).unwrap();
        assert_eq!(mask.area(), 6);
        assert_eq!(<[f64; 4]>::from(mask.bounds()), [1.0, 1.0, 3.0, 2.0]);
    }

    #[test]
    fn what_is_no_polygon_is_refused() {
        let of = |xy: &[f64]| rasterize(3, xy, [5, 5]);
        let few = of(&[0.0, 0.0, 1.0, 1.0]);
        assert_eq!(
            few,
            Err(BoxError::Polygon {
                index: 3,
                numbers: 4
            })
        );
        assert!(of(&[0.0, 0.0, 1.0, f64::NAN, 2.0, 2.0]).is_err());
        assert!(of(&[0.0, 0.0, 1.0, 1e9, 2.0, 2.0]).is_err());
        // Outside the image, and a point: nothing inside.
        assert_eq!(of(&[9.0, 9.0, 12.0, 9.0, 12.0, 12.0]).unwrap().area(), 0);
        assert_eq!(of(&[2.0; 6]).unwrap().area(), 0);
    }
}
