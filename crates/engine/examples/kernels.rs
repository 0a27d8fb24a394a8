//! The kernels of the race: one computation again and again on the input its peer gets, timed inside the process.
//!
//! `kernels scan FILE WIDTH HEIGHT RUNS` reads two images of 8-bit grey, one after the other;
//! `kernels oadev FILE RATE RUNS` reads little-endian doubles. Prints seconds per run and what was
//! found as JSON.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program of the bench, about wall time"
)]

use fieldassay_measure::image::{Grey, scan};
use fieldassay_measure::imu::{decade_taus, oadev};
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["scan", file, width, height, runs] => {
            look(file, (width.parse()?, height.parse()?), runs.parse()?)
        }
        ["oadev", file, rate, runs] => deviations(file, rate.parse()?, runs.parse()?),
        _ => Err("say `scan FILE WIDTH HEIGHT RUNS` or `oadev FILE RATE RUNS`".into()),
    }
}

/// Blur, histogram and difference to the other image.
fn look(file: &str, (width, height): (usize, usize), runs: usize) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(file)?;
    let pixels = width * height;
    let first = bytes.get(..pixels).ok_or("the file is too short")?;
    let second = bytes
        .get(pixels..2 * pixels)
        .ok_or("the file is too short")?;
    let image = Grey::new(width, height, first)?;
    let previous = Grey::new(width, height, second)?;
    // Once untimed, as the peer does.
    let mut found = scan(&image, Some(&previous))?;
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        found = black_box(scan(black_box(&image), Some(black_box(&previous)))?);
        seconds.push(start.elapsed().as_secs_f64());
    }
    print(&seconds, &[0.0], &[found.laplacian_variance()]);
    Ok(())
}

fn deviations(file: &str, rate: f64, runs: usize) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(file)?;
    let rates: Vec<f64> = bytes
        .chunks_exact(8)
        .filter_map(|word| Some(f64::from_le_bytes(word.try_into().ok()?)))
        .collect();
    let mut found = Vec::new();
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        let taus = decade_taus(rates.len(), rate);
        found = black_box(oadev(black_box(&rates), rate, &taus)?);
        seconds.push(start.elapsed().as_secs_f64());
    }
    let places: Vec<f64> = found.iter().map(|point| point.tau_secs).collect();
    let values: Vec<f64> = found.iter().map(|point| point.deviation).collect();
    print(&seconds, &places, &values);
    Ok(())
}

fn print(seconds: &[f64], places: &[f64], values: &[f64]) {
    let document = serde_json::json!({ "seconds": seconds, "places": places, "values": values });
    println!("{document}");
}
