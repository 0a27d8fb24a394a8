//! Small pictures for reports.

use super::grey::GreyImage;
use super::jpeg::encode_jpeg_grey;

/// Largest thumbnail, bytes (the bound of `fieldassay_model::plot::Picture`).
const MAX_BYTES: usize = 40_000;

/// Writes a JPEG of at most `max_width` pixels in width and below 40 kB, made of block means.
///
/// The picture is shrunk by the least whole number that makes it narrow enough, and further where the file would be
/// too large. An image without pixels, or whose data do not fit its size, gives no bytes.
/// Cost: one pass over the image, and about 15 ms per megapixel of the result. Width and height of the result are in
/// the file; [`super::probe`] reads them.
pub fn thumbnail(image: &GreyImage, max_width: u32) -> Vec<u8> {
    let mut factor = image.width.div_ceil(max_width.max(1)).max(1);
    while factor <= image.width.max(image.height) {
        let small = shrink(image, factor);
        for quality in [85, 70, 50] {
            let file = encode_jpeg_grey(small.width, small.height, &small.data, quality);
            match file {
                Ok(file) if file.len() < MAX_BYTES => return file,
                Ok(_) => {}
                Err(_) => return Vec::new(),
            }
        }
        factor += 1;
    }
    Vec::new()
}

/// Means of blocks of `factor` x `factor`; at the right and lower edge of what is left.
fn shrink(image: &GreyImage, factor: u32) -> GreyImage {
    if factor == 1 {
        return image.clone();
    }
    let (width, height) = (image.width.div_ceil(factor), image.height.div_ceil(factor));
    let mut data = Vec::with_capacity(width as usize * height as usize);
    let (row_length, block) = (image.width.max(1) as usize, factor as usize);
    for rows in image.data.chunks(row_length * block) {
        let mut sums = vec![(0_u64, 0_u64); width as usize];
        for row in rows.chunks_exact(row_length) {
            for ((sum, count), pixels) in sums.iter_mut().zip(row.chunks(block)) {
                *sum += pixels.iter().map(|&x| u64::from(x)).sum::<u64>();
                *count += pixels.len() as u64;
            }
        }
        data.extend(sums.iter().map(|(sum, count)| {
            let mean = (sum + count / 2).checked_div(*count).unwrap_or(0);
            u8::try_from(mean).unwrap_or(u8::MAX)
        }));
    }
    GreyImage {
        width,
        height,
        data,
    }
}
