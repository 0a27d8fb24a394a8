//! Blocks of `signals.json` about images.

use super::Outcome;
use fieldassay_measure::image::{Grey, filters, scan, sequence};
use fieldassay_testkit::Comparison;
use fieldassay_testkit::images::polynomial_image;
use serde_json::Value;

/// Tolerances of the vectors' README for `laplacian_var`: exact sums, and 1 % after an 8-bit blur.
const LAPLACIAN: f64 = 1e-9;
const BLURRED: f64 = 0.01;
/// Tolerance of the vectors' README for `mafd`.
const MAFD: f64 = 1e-12;
/// The image `mafd` starts from, which its block does not repeat.
const IMAGE: &str = "I[y][x]=(7x^2+13y^2+5xy) mod 256, 16x16 u8";

/// Sharpness of an image given by a formula.
pub(super) fn laplacian(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    if let Err(why) = compare_laplacian(block, &mut c) {
        c.fail(why);
    }
    c.into()
}

fn compare_laplacian(block: &Value, c: &mut Comparison) -> Result<(), String> {
    let (width, data) = polynomial_image(block["image"].as_str().unwrap_or_default())?;
    let text = |e: fieldassay_measure::image::ImageError| e.to_string();
    let image = Grey::new(width, data.len() / width.max(1), &data).map_err(text)?;
    let found = scan(&image, None).map_err(text)?;
    c.near("var", found.laplacian_variance(), &block["var"], LAPLACIAN);
    c.near_absolute("mean", found.laplacian_mean(), &block["mean"], LAPLACIAN);
    let third = filters::laplacian_variance_3(&image);
    c.near("ksize3_var", third, &block["ksize3_var"], LAPLACIAN);
    let gradient = filters::tenengrad(&image);
    c.near(
        "tenengrad_mean_g2",
        gradient,
        &block["tenengrad_mean_g2"],
        LAPLACIAN,
    );
    let smooth = filters::gaussian_5(&image);
    let smooth = Grey::new(width, data.len() / width.max(1), &smooth).map_err(text)?;
    let blurred = scan(&smooth, None).map_err(text)?.laplacian_variance();
    let key = "var_after_gauss5_sigma1";
    c.near(key, blurred, &block[key], BLURRED);
    Ok(())
}

/// Mean absolute frame difference.
pub(super) fn mafd(block: &Value) -> Outcome {
    let mut c = Comparison::default();
    match polynomial_image(IMAGE) {
        Ok((width, image)) => {
            let delta = block["one_pixel_delta"]
                .as_u64()
                .and_then(|d| u8::try_from(d).ok());
            let mut one = image.clone();
            if let Some(pixel) = one.get_mut(3 * width + 4) {
                *pixel = pixel.wrapping_add(delta.unwrap_or_default());
            }
            let all: Vec<u8> = image.iter().map(|v| v.wrapping_add(1)).collect();
            for (key, other) in [
                ("identical", &image),
                ("one_pixel", &one),
                ("plus_one_mod256", &all),
            ] {
                match sequence::mafd(&image, other) {
                    Ok(found) => c.near_absolute(key, found, &block[key], MAFD),
                    Err(e) => c.fail(format!("{key}: {e}")),
                }
            }
        }
        Err(why) => c.fail(why),
    }
    c.into()
}
