//! Overlap of outlines.
//!
//! Read [`boundary_iou`] first. Not here: means over classes ([`crate::segmentation`]).

use super::BoxError;

/// Which pixels of an image belong to something, in rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    /// Columns.
    pub width: usize,
    /// Row after row, `width` pixels each.
    pub pixels: Vec<bool>,
}

/// How far inside a mask its boundary reaches, pixels: `ratio` of the image's diagonal, rounded half to even, at least 1
/// (boundary-iou-api of Cheng et al. 2021, which uses 0.02, and 0.005 for Cityscapes).
pub fn boundary_width(height: usize, width: usize, ratio: f64) -> usize {
    let diagonal = (height as f64).hypot(width as f64);
    let rounded = (ratio * diagonal).round_ties_even().max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 1, and the conversion saturates"
    )]
    let reach = rounded as usize;
    reach
}

/// For every pixel of a line, whether one outside lies within `reach` of it; beyond the ends is outside.
fn near_outside(line: &[bool], reach: usize, out: &mut [bool]) {
    let n = line.len();
    // Distance to the nearest pixel outside, forward and then backward.
    let mut distance = 0;
    for (i, &inside) in line.iter().enumerate() {
        distance = if inside { distance + 1 } else { 0 };
        out[i] = distance <= reach;
    }
    distance = 0;
    for i in (0..n).rev() {
        distance = if line[i] { distance + 1 } else { 0 };
        out[i] |= distance <= reach;
    }
}

/// The pixels inside that lie within `reach` pixels (along rows, columns and diagonals) of the outside; beyond the image
/// is outside.
///
/// The same as the mask less its erosion by `reach` rounds of a 3 by 3 square with a border of 0 (OpenCV 5.0.0,
/// `mask_to_boundary` of boundary-iou-api). Errors: a width that does not divide the pixels. Cost: two passes.
pub fn boundary(mask: &Bitmap, reach: usize) -> Result<Bitmap, BoxError> {
    let (width, n) = (mask.width, mask.pixels.len());
    if width == 0 || n % width != 0 {
        return Err(BoxError::Length {
            what: "pixels",
            found: n,
            expected: n.div_ceil(width.max(1)) * width,
        });
    }
    let height = n / width;
    // Erosion by a square is erosion along rows and then along columns.
    let mut inner = vec![false; n];
    for (line, out) in mask.pixels.chunks(width).zip(inner.chunks_mut(width)) {
        near_outside(line, reach, out);
        out.iter_mut().for_each(|near| *near = !*near);
    }
    let mut column = vec![false; height];
    let mut near = vec![false; height];
    let mut pixels = vec![false; n];
    for x in 0..width {
        for (y, place) in column.iter_mut().enumerate() {
            *place = inner[y * width + x];
        }
        near_outside(&column, reach, &mut near);
        for (y, &is_near) in near.iter().enumerate() {
            let at = y * width + x;
            pixels[at] = mask.pixels[at] && is_near;
        }
    }
    Ok(Bitmap { width, pixels })
}

/// Pixels in both and in either.
pub(crate) fn overlap(a: &Bitmap, b: &Bitmap) -> Result<[u64; 2], BoxError> {
    if a.width != b.width || a.pixels.len() != b.pixels.len() {
        return Err(BoxError::Length {
            what: "pixels",
            found: b.pixels.len(),
            expected: a.pixels.len(),
        });
    }
    let pairs = a.pixels.iter().zip(&b.pixels);
    Ok(pairs.fold([0, 0], |[both, either], (&x, &y)| {
        [both + u64::from(x && y), either + u64::from(x || y)]
    }))
}

/// Intersection over union of the boundaries of two masks, `reach` pixels deep.
///
/// Errors: masks of two sizes; [`BoxError::NoArea`] where both are empty. Cost: a few passes over the pixels.
/// Source: Cheng et al. 2021, eq. 2.
pub fn boundary_iou(a: &Bitmap, b: &Bitmap, reach: usize) -> Result<f64, BoxError> {
    let [both, either] = overlap(&boundary(a, reach)?, &boundary(b, reach)?)?;
    if either == 0 {
        return Err(BoxError::NoArea);
    }
    Ok(both as f64 / either as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_boundary_is_what_erosion_takes(
            width in 1_usize..9, height in 1_usize..9, reach in 1_usize..4, seed in 0_u64..500,
        ) {
            let mut random = crate::stats::SplitMix::new(seed);
            let pixels = (0..width * height).map(|_| random.unit() < 0.85).collect();
            let mask = Bitmap { width, pixels };
            let found = boundary(&mask, reach).unwrap();
            let inside = |x: isize, y: isize| {
                let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return false };
                x < width && y < height && mask.pixels[y * width + x]
            };
            for y in 0..height {
                for x in 0..width {
                    let r = reach as isize;
                    let all = (-r..=r).all(|dy| (-r..=r).all(|dx| inside(x as isize + dx, y as isize + dy)));
                    let expected = mask.pixels[y * width + x] && !all;
                    prop_assert_eq!(found.pixels[y * width + x], expected);
                }
            }
        }
    }

    #[test]
    fn empty_masks_have_no_boundary_to_compare() {
        let empty = Bitmap {
            width: 3,
            pixels: vec![false; 9],
        };
        assert_eq!(boundary_iou(&empty, &empty, 1), Err(BoxError::NoArea));
        let odd = Bitmap {
            width: 4,
            pixels: vec![true; 9],
        };
        assert!(boundary(&odd, 1).is_err());
        assert_eq!(boundary_width(60, 80, 0.005), 1);
        assert_eq!(boundary_width(60, 80, 0.02), 2);
    }
}
