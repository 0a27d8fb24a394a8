//! Reference vectors of images, tighter than `cargo xtask conformance` holds them.

use super::{Grey, filters, scan, sequence};
use fieldassay_testkit::expect_near;
use fieldassay_testkit::images::polynomial_image;
use serde_json::Value;

fn block(name: &str) -> Value {
    let text = include_str!("../../../../conformance/signals/signals.json");
    let all: Value = serde_json::from_str(text).unwrap();
    all[name].clone()
}

fn image() -> (usize, Vec<u8>) {
    polynomial_image(block("laplacian_var")["image"].as_str().unwrap()).unwrap()
}

#[test]
fn laplacian_variance_and_its_relatives() {
    let expected = block("laplacian_var");
    let number = |key: &str| expected[key].as_f64().unwrap();
    let (width, data) = image();
    let grey = Grey::new(width, width, &data).unwrap();
    let found = scan(&grey, None).unwrap();
    assert_eq!(found.laplacian_variance(), number("var"));
    assert_eq!(found.laplacian_mean(), number("mean"));
    expect_near(
        filters::laplacian_variance_3(&grey),
        number("ksize3_var"),
        1e-9,
    );
    expect_near(filters::tenengrad(&grey), number("tenengrad_mean_g2"), 1e-9);
    let smooth = filters::gaussian_5(&grey);
    let smooth = scan(&Grey::new(width, width, &smooth).unwrap(), None).unwrap();
    let blurred = number("var_after_gauss5_sigma1");
    expect_near(smooth.laplacian_variance(), blurred, 1e-9);
}

#[test]
fn mean_absolute_frame_difference() {
    let expected = block("mafd");
    let number = |key: &str| expected[key].as_f64().unwrap();
    let (width, data) = image();
    let grey = |data| Grey::new(width, width, data).unwrap();
    let mut one = data.clone();
    one[3 * width + 4] = one[3 * width + 4].wrapping_add(64);
    let all: Vec<u8> = data.iter().map(|v| v.wrapping_add(1)).collect();
    for (key, other) in [
        ("identical", &data),
        ("one_pixel", &one),
        ("plus_one_mod256", &all),
    ] {
        assert_eq!(sequence::mafd(&data, other).unwrap(), number(key));
        let fused = scan(&grey(&data), Some(&grey(other))).unwrap();
        assert_eq!(fused.mafd().unwrap(), number(key));
    }
}
