//! The kernels of the race: one computation again and again on the input its peer gets, timed inside the process.
//!
//! `kernels scan FILE WIDTH HEIGHT RUNS` reads two images of 8-bit grey, one after the other;
//! `kernels oadev FILE RATE RUNS` and `kernels stl FILE WINDOW RUNS` read little-endian doubles; `kernels contact FILE RUNS`
//! reads scenes of eleven boxes of six doubles. Prints seconds per run and what was found as JSON.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program of the bench, about wall time"
)]

use fieldassay_measure::criticality::{MovingBox, contact};
use fieldassay_measure::image::{Grey, scan};
use fieldassay_measure::imu::{decade_taus, oadev};
use fieldassay_measure::logic::{Formula, robustness};
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
        ["stl", file, window, runs] => windows(file, window.parse()?, runs.parse()?),
        ["contact", file, runs] => contacts(file, runs.parse()?),
        _ => Err("say `scan FILE WIDTH HEIGHT RUNS`, `oadev FILE RATE RUNS`, `stl FILE WINDOW RUNS` or `contact FILE RUNS`".into()),
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
    let rates = doubles(file)?;
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

fn doubles(file: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let bytes = std::fs::read(file)?;
    let words = bytes.as_chunks::<8>().0.iter();
    Ok(words.map(|word| f64::from_le_bytes(*word)).collect())
}

/// Robustness of a window that slides over a trace; every 97th of the whole windows is told.
fn windows(file: &str, window: usize, runs: usize) -> Result<(), Box<dyn Error>> {
    let trace = doubles(file)?;
    let formula = Formula::parse(&format!("always[0:{}](x >= 1)", window - 1))?;
    let mut found = Vec::new();
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        found = black_box(robustness(&formula, &[("x", black_box(&trace))])?);
        seconds.push(start.elapsed().as_secs_f64());
    }
    found.truncate((trace.len() + 1).saturating_sub(window));
    let told: Vec<f64> = found.into_iter().step_by(97).collect();
    print(&seconds, &[], &told);
    Ok(())
}

/// The least time to contact of each scene as nuPlan steps it; -1 for none.
fn contacts(file: &str, runs: usize) -> Result<(), Box<dyn Error>> {
    let numbers = doubles(file)?;
    let boxes: Vec<MovingBox> = numbers.as_chunks::<6>().0.iter().map(moving).collect();
    let scenes = boxes.as_chunks::<11>().0;
    let mut found = Vec::new();
    let mut seconds = Vec::with_capacity(runs);
    for _ in 0..runs {
        let start = Instant::now();
        found = black_box(scenes).iter().map(least).collect();
        seconds.push(start.elapsed().as_secs_f64());
    }
    let or_none = |secs: f64| if secs.is_finite() { secs } else { -1.0 };
    let told: Vec<f64> = found.into_iter().map(or_none).collect();
    print(&seconds, &[], &told);
    Ok(())
}

fn moving([x, y, heading, length, width, speed]: &[f64; 6]) -> MovingBox {
    MovingBox {
        x_meters: *x,
        y_meters: *y,
        heading_radians: *heading,
        length_meters: *length,
        width_meters: *width,
        speed_meters_per_sec: *speed,
    }
}

fn least([ego, others @ ..]: &[MovingBox; 11]) -> f64 {
    let met = others.iter().filter_map(|other| contact(ego, other));
    met.map(|met| met.stepped_secs())
        .fold(f64::INFINITY, f64::min)
}

fn print(seconds: &[f64], places: &[f64], values: &[f64]) {
    let document = serde_json::json!({ "seconds": seconds, "places": places, "values": values });
    println!("{document}");
}
