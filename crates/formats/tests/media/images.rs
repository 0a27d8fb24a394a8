//! Images against `OpenCV`, and back through our own encoders.

use crate::support::{bytes, file, number, pixels, text, vectors};
use fieldassay_formats::media::{
    Codec, GreyImage, Limits, MediaError, Scale, depth_meters, encode_jpeg_grey, encode_png_grey,
    grey, probe, thumbnail,
};
use sha2::{Digest as _, Sha256};

fn worst(found: &[u8], expected: &[u8]) -> u8 {
    assert_eq!(found.len(), expected.len());
    let differences = found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
    differences.max().unwrap_or(0)
}

#[test]
fn compressed_images_agree_with_opencv() {
    let vectors = vectors();
    for case in vectors["compressed"].as_array().expect("cases") {
        let (name, data) = (text(case, "name"), bytes(case, "file"));
        let image = file(text(case, "encoding"), &data);
        let size = (number(case, "width"), number(case, "height"));
        let info = probe(&image).expect(name);
        assert_eq!((info.width, info.height), size, "{name}");
        assert_eq!(
            info.codec == Codec::JpegProgressive,
            name.starts_with("progressive")
        );
        let full = grey(&image, Scale::Full, Limits::default()).expect(name);
        assert_eq!((full.width, full.height), size, "{name}");
        let difference = worst(&full.data, &bytes(case, "grey"));
        assert!(
            u32::from(difference) <= number(case, "tolerance"),
            "{name}: {difference}"
        );
        let eighth = grey(&image, Scale::Eighth, Limits::default()).expect(name);
        assert_eq!(
            (eighth.width, eighth.height),
            (size.0.div_ceil(8), size.1.div_ceil(8))
        );
        // libjpeg's own scale 1/8 is met exactly; for others there is no peer, so the mean is checked.
        if let Some(digest) = case["eighth_sha256"].as_str() {
            let found = Sha256::digest(&eighth.data);
            let found = found
                .iter()
                .fold(String::new(), |text, b| format!("{text}{b:02x}"));
            assert_eq!(found, digest, "{name}");
        } else {
            assert_eq!(eighth, full.eighth(), "{name}");
        }
    }
}

#[test]
fn raw_images_agree_with_opencv() {
    let vectors = vectors();
    for case in vectors["raw"].as_array().expect("cases") {
        let (name, data) = (text(case, "encoding"), bytes(case, "data"));
        let (width, height) = (number(case, "width"), number(case, "height"));
        let image = pixels(name, (width, height), number(case, "step"), &data);
        let found = grey(&image, Scale::Full, Limits::default()).expect(name);
        let expected = bytes(case, "grey");
        // OpenCV copies the border of a mosaic from inside.
        let tolerance = number(case, "tolerance");
        let inner = |x: u32, y: u32| {
            tolerance == 0 || (1..width - 1).contains(&x) && (1..height - 1).contains(&y)
        };
        for (index, (a, b)) in (0..).zip(found.data.iter().zip(&expected)) {
            let (x, y) = (index % width, index / width);
            let difference = u32::from(a.abs_diff(*b));
            assert!(
                !inner(x, y) || difference <= tolerance,
                "{name} at {x}, {y}: {a} {b}"
            );
        }
        let eighth = grey(&image, Scale::Eighth, Limits::default()).expect(name);
        assert_eq!(eighth, found.eighth(), "{name}");
        // Padded rows and big-endian samples say the same.
        let step = number(case, "step") as usize;
        let padded: Vec<u8> = data
            .chunks(step)
            .flat_map(|row| row.iter().copied().chain([9, 9, 9]))
            .collect();
        let step = number(case, "step") + 3;
        let other = pixels(name, (width, height), step, &padded);
        assert_eq!(
            grey(&other, Scale::Full, Limits::default()).expect(name),
            found
        );
    }
}

#[test]
fn depth_agrees_with_what_was_encoded() {
    let vectors = vectors();
    for case in vectors["depth"].as_array().expect("cases") {
        let (name, data) = (text(case, "encoding"), bytes(case, "file"));
        let found = depth_meters(&file(name, &data), Limits::default()).expect(name);
        assert_eq!(
            (found.width, found.height),
            (number(case, "width"), number(case, "height"))
        );
        let expected = bytes(case, "meters");
        let expected = expected
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f32::from_le_bytes(*b));
        for (a, b) in found.meters.iter().zip(expected) {
            assert!(
                a.is_nan() == b.is_nan() && (a.is_nan() || (a - b).abs() < 1e-5),
                "{name}: {a} {b}"
            );
        }
    }
}

/// Gradients with some texture.
fn sample(width: u32, height: u32) -> GreyImage {
    let level = |x: u32, y: u32| u8::try_from((x * 3 + y * 2 + x * y % 7) % 256).expect("byte");
    let data = (0..height)
        .flat_map(|y| (0..width).map(move |x| level(x, y)))
        .collect();
    GreyImage {
        width,
        height,
        data,
    }
}

#[test]
fn what_is_written_can_be_read() {
    for (width, height) in [(1, 1), (8, 8), (31, 17), (64, 48)] {
        let image = sample(width, height);
        let png = encode_png_grey(width, height, &image.data).expect("PNG");
        let back = grey(&file("png", &png), Scale::Full, Limits::default()).expect("PNG");
        assert_eq!(back, image);
        let jpeg = encode_jpeg_grey(width, height, &image.data, 95).expect("JPEG");
        let back = grey(&file("jpeg", &jpeg), Scale::Full, Limits::default()).expect("JPEG");
        let errors = back.data.iter().zip(&image.data);
        let sum: f64 = errors.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
        let rms = (sum / image.data.len() as f64).sqrt();
        assert!(rms < 4.0, "{width} x {height}: {rms}");
    }
    encode_png_grey(3, 3, &[0; 8]).expect_err("too few pixels");
    encode_jpeg_grey(0, 3, &[], 90).expect_err("no pixels");
}

#[test]
fn thumbnails_stay_small() {
    let mut noise = fieldassay_testkit::Lcg::new(1);
    let data = (0..1920 * 1080)
        .map(|_| noise.next_u32().to_le_bytes()[0])
        .collect();
    let image = GreyImage {
        width: 1920,
        height: 1080,
        data,
    };
    let bytes = thumbnail(&image, 480);
    let info = probe(&file("jpeg", &bytes)).expect("JPEG");
    assert!(
        bytes.len() < 40_000 && info.width <= 480 && info.width > 100,
        "{info:?} {}",
        bytes.len()
    );
    assert!(thumbnail(&GreyImage::default(), 100).is_empty());
}

#[test]
fn errors_name_what_was_seen() {
    let data = [0_u8; 100];
    let error = |image| grey(&image, Scale::Full, Limits::default()).expect_err("an error");
    assert_eq!(
        error(pixels("rgb8", (10, 10), 30, &data)).to_string(),
        "`rgb8` of 10 x 10 with step 30 needs 300 bytes, the message has 100"
    );
    assert_eq!(
        error(pixels("bgr8", (10, 2), 20, &data)).to_string(),
        "`bgr8` of width 10 needs a step of 30 bytes, the message says 20"
    );
    let unknown = error(pixels("64FC3", (2, 2), 48, &data));
    assert_eq!(
        unknown,
        MediaError::Unsupported {
            encoding: "64FC3".to_owned()
        }
    );
    let large = error(pixels("mono8", (1 << 20, 1 << 20), 1 << 20, &data));
    assert_eq!(large.code(), "too_large");
    assert_eq!(error(file("jpeg", b"hello")).code(), "damaged");
    assert_eq!(error(file("png", &[])).code(), "truncated");
}

/// Every way of cutting a JPEG is noticed, thumbnails in front and zeros behind notwithstanding.
#[test]
fn cut_images_are_truncated() {
    let vectors = vectors();
    for case in vectors["compressed"].as_array().expect("cases") {
        let data = bytes(case, "file");
        for cut in [
            data.len() - 1,
            data.len() - 2,
            data.len() * 3 / 4,
            data.len() / 2,
        ] {
            for scale in [Scale::Full, Scale::Eighth] {
                let cut_off = file(text(case, "encoding"), &data[..cut]);
                let result = grey(&cut_off, scale, Limits::default());
                // A PNG may end without its last bytes; its pixels are complete.
                if text(case, "encoding") == "jpeg" || cut < data.len() - 16 {
                    let code = result.as_ref().map_err(MediaError::code);
                    assert!(
                        matches!(code, Err("truncated")),
                        "{} at {cut}: {code:?}",
                        text(case, "name")
                    );
                }
            }
        }
        if text(case, "encoding") == "jpeg" {
            let mut padded = data.clone();
            padded.extend([0; 64]);
            let (one, two) = (file("jpeg", &padded), file("jpeg", &data));
            let read = |image| grey(&image, Scale::Eighth, Limits::default());
            assert_eq!(read(one), read(two));
        }
    }
}
