use super::*;
use crate::test_noise::Noise;

/// A texture of random sinusoids (periods of 6 to 60 pixels), at a place below a pixel.
struct Texture(Vec<[f64; 4]>);

impl Texture {
    fn new(noise: &mut Noise) -> Self {
        let wave = |noise: &mut Noise| {
            let period = 6.0 * 10.0_f64.powf(noise.uniform());
            let angle = std::f64::consts::TAU * noise.uniform();
            let k = std::f64::consts::TAU / period;
            let phase = std::f64::consts::TAU * noise.uniform();
            [k * angle.cos(), k * angle.sin(), phase, period.sqrt()]
        };
        Self((0..40).map(|_| wave(noise)).collect())
    }

    fn render(
        &self,
        (width, height): (usize, usize),
        shift: impl Fn(f64, f64) -> [f64; 2],
        noise: &mut Noise,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let [u, v] = shift(x as f64, y as f64);
                let waves = self
                    .0
                    .iter()
                    .map(|[a, b, phase, size]| size * (a * u + b * v + phase).sin());
                let value = 120.0 + 1.8 * waves.sum::<f64>() + 1.5 * noise.normal();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "clamped to the range of a byte"
                )]
                out.push(value.round().clamp(0.0, 255.0) as u8);
            }
        }
        out
    }
}

const SIZE: (usize, usize) = (320, 240);

fn matches_of(shift: impl Fn(f64, f64) -> [f64; 2], options: &MatchOptions) -> Vec<Match> {
    let mut noise = Noise::new(21);
    let texture = Texture::new(&mut noise);
    let left = texture.render(SIZE, |x, y| [x, y], &mut noise);
    let right = texture.render(SIZE, shift, &mut noise);
    let grey = |data| Grey::new(SIZE.0, SIZE.1, data).unwrap();
    match_stereo(&grey(&left), &grey(&right), options)
}

/// Errors of matches against the true place in the right image, sorted by size.
fn errors(matches: &[Match], truth: impl Fn([f64; 2]) -> [f64; 2]) -> Vec<f64> {
    let mut out: Vec<f64> = matches
        .iter()
        .map(|m| {
            let t = truth(m.left_xy);
            (m.right_xy[0] - t[0]).hypot(m.right_xy[1] - t[1])
        })
        .collect();
    out.sort_by(f64::total_cmp);
    out
}

#[test]
fn a_rectified_pair_is_matched_to_hundredths_of_a_pixel() {
    // The right image shows at x what the left shows at x + 23.4.
    let found = matches_of(|x, y| [x + 23.4, y], &MatchOptions::rectified(64));
    let errors = errors(&found, |[x, y]| [x - 23.4, y]);
    assert!(found.len() > 40, "{} matches", found.len());
    assert!(
        errors[errors.len() / 2] < 0.06,
        "median {}",
        errors[errors.len() / 2]
    );
    assert!(errors[errors.len() * 95 / 100] < 0.25, "{errors:?}");
}

#[test]
fn a_large_window_finds_points_that_moved_both_ways() {
    let found = matches_of(|x, y| [x + 41.3, y - 17.6], &MatchOptions::window(80, 40));
    let errors = errors(&found, |[x, y]| [x - 41.3, y + 17.6]);
    assert!(found.len() > 30, "{} matches", found.len());
    assert!(
        errors[errors.len() / 2] < 0.06,
        "median {}",
        errors[errors.len() / 2]
    );
    assert!(errors[errors.len() * 95 / 100] < 0.25, "{errors:?}");
}

#[test]
fn a_disparity_that_changes_over_the_image_is_followed() {
    let found = matches_of(
        |x, y| [x * 1.02 + 8.0, y + 0.5],
        &MatchOptions::rectified(40),
    );
    let errors = errors(&found, |[x, y]| [(x - 8.0) / 1.02, y - 0.5]);
    assert!(found.len() > 40, "{} matches", found.len());
    assert!(
        errors[errors.len() / 2] < 0.08,
        "median {}",
        errors[errors.len() / 2]
    );
}

#[test]
fn repetition_flat_and_unrelated_images_give_nothing() {
    let flat = vec![90_u8; SIZE.0 * SIZE.1];
    let board: Vec<u8> = (0..SIZE.0 * SIZE.1)
        .map(|i| {
            if (i % SIZE.0 / 16 + i / SIZE.0 / 16).is_multiple_of(2) {
                40
            } else {
                200
            }
        })
        .collect();
    let grey = |data| Grey::new(SIZE.0, SIZE.1, data).unwrap();
    let options = MatchOptions::rectified(64);
    assert!(match_stereo(&grey(&flat), &grey(&flat), &options).is_empty());
    let repeated = match_stereo(&grey(&board), &grey(&board), &MatchOptions::window(60, 60));
    assert!(repeated.is_empty(), "{}", repeated.len());
    let mut noise = Noise::new(4);
    let one = Texture::new(&mut noise).render(SIZE, |x, y| [x, y], &mut noise);
    let other = Texture::new(&mut noise).render(SIZE, |x, y| [x, y], &mut noise);
    let chance = match_stereo(&grey(&one), &grey(&other), &options);
    // Corners of unrelated smooth textures may look alike over 15 pixels; they must stay rare.
    assert!(chance.len() < 7, "{chance:?}");
    let tiny = Grey::new(4, 4, &flat[..16]).unwrap();
    assert!(match_stereo(&tiny, &tiny, &options).is_empty());
    assert!(match_stereo(&grey(&one), &tiny, &options).is_empty());
}
