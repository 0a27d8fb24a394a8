//! Fits the noise of simulated drives to the real recordings of the shared test data.
//!
//! Read [`run`] and [`fit`] first. The result is `crates/simulate/src/noise/fitted.json`: numbers
//! with the recording they come from, never data of the recording itself.
//! Not here: how drives use the noise (`fieldassay_simulate`).

use crate::shell::root;
use anyhow::{Context as _, Result, bail};
use fieldassay_formats::decode::StampReader;
use fieldassay_formats::mcap::{McapRecording, OpenOptions};
use fieldassay_formats::rosbag1::BagRecording;
use fieldassay_formats::{Buffers, Channel, Limits, Message, Recording, Visitor};
use fieldassay_testkit::shared_data;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Probabilities of the stored quantiles; the ends cut off one draw in a thousand to either side.
const PROBABILITIES: [f64; 11] = [
    0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999,
];
/// Stamps per stretch that a straight grid is fitted to: long enough for the grid, short enough
/// that drift of the period does not count as jitter.
const STRETCH: usize = 31;
const BAG: &str = "lichtblick_dev/example.bag";
const NAV2: &str = "evo_nav2_mcap/nav2_turtlebot.mcap";
const KINECT: &str = "evo_fr2_desk/fr2_desk_ORB.txt";
const LIDAR: &str = "refav_meta/run/experiment_configs/eval_timestamps.json";
const IMU: &str = "euroc_micro/mav0/imu0";
const MS: i64 = 1_000_000;

/// One message of a recording; times in nanoseconds.
struct Row {
    channel: u32,
    topic: String,
    log: i64,
    publish: Option<i64>,
    stamp: Option<i64>,
}

/// Prints the fit; `--write` stores it, `--check` compares it with what is stored.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let path = root().join("crates/simulate/src/noise/fitted.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&fit()?)?);
    match arguments {
        [] => println!("{text}"),
        [flag] if flag == "--write" => std::fs::write(&path, text)?,
        [flag] if flag == "--check" => {
            if std::fs::read_to_string(&path)? != text {
                bail!("the stored noise differs from the fit; hint: cargo xtask fit-noise --write");
            }
        }
        _ => bail!("`fit-noise` takes `--write`, `--check` or nothing"),
    }
    Ok(())
}

/// Fits every parameter.
fn fit() -> Result<Value> {
    let bag = read(BAG)?;
    let nav2 = read(NAV2)?;
    let mut document = json!({
        "about": "Noise of simulated drives, fitted to recordings; nanoseconds unless said otherwise.",
        "command": "cargo xtask fit-noise --write",
        "probabilities": PROBABILITIES,
    });
    let mut put = |name: &str, value: Value| {
        if let Some(map) = document.as_object_mut() {
            map.insert(name.to_owned(), value);
        }
    };
    put("timer_jitter_ns", timer_jitter(&bag)?);
    put("camera_jitter_ns", camera_jitter()?);
    put("lidar_jitter_ns", lidar_jitter()?);
    put("idle_latency_ns", idle_latency(&bag)?);
    let (interval, spacing) = rounds(&nav2)?;
    put("drain_interval_ns", interval);
    put("batch_spacing_ns", spacing);
    let (length, rate) = hiccups(&nav2)?;
    put("hiccup_ns", length);
    put("hiccups_per_sec", rate);
    put("least_transport_ns", least_transport(&nav2)?);
    put("loss", loss(&bag, &nav2)?);
    put("imu", imu()?);
    Ok(document)
}

/// A parameter with its provenance.
fn parameter(mut values: Vec<f64>, recording: &str, method: &str) -> Result<Value> {
    if values.len() < 30 {
        bail!(
            "only {} observations of {method} in {recording}",
            values.len()
        );
    }
    values.sort_by(f64::total_cmp);
    let quantiles: Vec<f64> = PROBABILITIES
        .iter()
        .map(|p| quantile(&values, *p).round())
        .collect();
    Ok(json!({
        "recording": recording,
        "method": method,
        "n": values.len(),
        "quantiles": quantiles,
    }))
}

/// Quantile of sorted values, linear between neighbors (the default of numpy).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place within the list"
)]
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len().saturating_sub(1)) as f64;
    let below = place.floor();
    let at = |index: usize| sorted.get(index).or(sorted.last()).copied().unwrap_or(0.0);
    let low = at(below as usize);
    low + (at(below as usize + 1) - low) * (place - below)
}

fn median(values: &[i64]) -> f64 {
    let mut sorted: Vec<f64> = values.iter().map(|value| *value as f64).collect();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

fn differences(values: &[i64]) -> Vec<i64> {
    values
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] => Some(b - a),
            _ => None,
        })
        .collect()
}

/// Residuals of stamps against a straight grid fitted to each stretch by least squares, scaled by
/// sqrt(n / (n - 2)) for the two parameters of the line. Missing samples keep their place.
fn grid_residuals(stamps: &[i64], period: f64) -> Vec<f64> {
    let mut residuals = Vec::new();
    for stretch in stamps.chunks_exact(STRETCH) {
        let first = stretch.first().copied().unwrap_or(0);
        let times: Vec<f64> = stretch.iter().map(|stamp| (stamp - first) as f64).collect();
        let mut index = 0.0;
        let mut places = vec![0.0];
        for difference in differences(stretch) {
            index += (difference as f64 / period).round();
            places.push(index);
        }
        let n = times.len() as f64;
        let mean = |list: &[f64]| list.iter().sum::<f64>() / n;
        let (mean_place, mean_time) = (mean(&places), mean(&times));
        let (mut cross, mut square) = (0.0, 0.0);
        for (place, time) in places.iter().zip(&times) {
            cross += (place - mean_place) * (time - mean_time);
            square += (place - mean_place) * (place - mean_place);
        }
        let slope = cross / square;
        let scale = (n / (n - 2.0)).sqrt();
        residuals.extend(
            places
                .iter()
                .zip(&times)
                .map(|(place, time)| (time - mean_time - slope * (place - mean_place)) * scale),
        );
    }
    residuals
}

/// Stamps per channel id.
fn stamps_of(rows: &[Row], topic: &str) -> BTreeMap<u32, Vec<i64>> {
    let mut channels: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.topic == topic) {
        if let Some(stamp) = row.stamp {
            channels.entry(row.channel).or_default().push(stamp);
        }
    }
    channels
}

fn timer_jitter(bag: &[Row]) -> Result<Value> {
    let mut residuals = Vec::new();
    for stamps in stamps_of(bag, "/tf").values() {
        residuals.extend(grid_residuals(stamps, median(&differences(stamps))));
    }
    parameter(
        residuals,
        BAG,
        "stamps of the two broadcasters on /tf (62.5 Hz host timer) against their grid, stretches of 31",
    )
}

fn camera_jitter() -> Result<Value> {
    let text = std::fs::read_to_string(data(KINECT)?)?;
    let stamps: Vec<i64> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter_map(|word| word.split_once('.'))
        .filter_map(|(secs, rest)| {
            let nanos: i64 = format!("{rest:0<9}").parse().ok()?;
            Some(secs.parse::<i64>().ok()? * 1_000 * MS + nanos)
        })
        .collect();
    let single: Vec<i64> = differences(&stamps)
        .into_iter()
        .filter(|difference| *difference < 50 * MS)
        .collect();
    let period = single.iter().sum::<i64>() as f64 / single.len().max(1) as f64;
    parameter(
        grid_residuals(&stamps, period),
        KINECT,
        "frame stamps of a Kinect on USB (30 Hz) against their grid, stretches of 31",
    )
}

fn lidar_jitter() -> Result<Value> {
    let text = std::fs::read_to_string(data(LIDAR)?)?;
    let logs: BTreeMap<String, Vec<i64>> = serde_json::from_str(&text)?;
    let mut residuals = Vec::new();
    for stamps in logs.values() {
        residuals.extend(grid_residuals(stamps, median(&differences(stamps))));
    }
    // A log that skipped a sweep puts others half a sweep off the grid; real jitter is far smaller.
    residuals.retain(|residual| residual.abs() < 5e6);
    parameter(
        residuals,
        LIDAR,
        "every fifth lidar sweep (2 Hz) of 300 Argoverse 2 logs against the grid, stretches of 31, residuals below 5 ms",
    )
}

fn idle_latency(bag: &[Row]) -> Result<Value> {
    let delays = bag
        .iter()
        .filter(|row| row.topic == "/tf")
        .filter_map(|row| Some((row.log - row.stamp?) as f64))
        .collect();
    parameter(
        delays,
        BAG,
        "log time minus stamp on /tf, which is stamped just before it is published",
    )
}

/// The recorder of the Nav2 recording writes in rounds: the time between two rounds, and between
/// two messages of one round.
fn rounds(nav2: &[Row]) -> Result<(Value, Value)> {
    let logs: Vec<i64> = nav2.iter().map(|row| row.log).collect();
    let mut starts: Vec<i64> = logs.first().copied().into_iter().collect();
    let mut spacing = Vec::new();
    for pair in logs.windows(2) {
        let [before, after] = pair else { continue };
        if after - before > MS / 2 {
            starts.push(*after);
        } else {
            spacing.push((after - before) as f64);
        }
    }
    let intervals = differences(&starts)
        .into_iter()
        .filter(|interval| (9 * MS / 2..8 * MS).contains(interval))
        .map(|interval| interval as f64)
        .collect();
    Ok((
        parameter(
            intervals,
            NAV2,
            "time between rounds of the recorder (log times more than 0.5 ms apart), first mode only: 4.5 to 8 ms",
        )?,
        parameter(
            spacing,
            NAV2,
            "log time between messages of one round, all channels",
        )?,
    ))
}

/// Rounds that were held up: runs of messages logged more than 10 ms after publication.
fn hiccups(nav2: &[Row]) -> Result<(Value, Value)> {
    let mut longest: Vec<i64> = Vec::new();
    let mut last: Option<i64> = None;
    let moving = |row: &&Row| matches!(row.topic.as_str(), "/odom" | "/tf");
    let span = match (nav2.first(), nav2.last()) {
        (Some(first), Some(end)) => (end.log - first.log) as f64 * 1e-9,
        _ => bail!("the recording is empty"),
    };
    for row in nav2.iter().filter(moving) {
        let Some(delay) = row.publish.map(|publish| row.log - publish) else {
            continue;
        };
        if delay <= 10 * MS {
            continue;
        }
        match (last, longest.last_mut()) {
            (Some(before), Some(length)) if row.log - before <= 100 * MS => {
                *length = (*length).max(delay);
            }
            _ => longest.push(delay),
        }
        last = Some(row.log);
    }
    let all = longest.len();
    let short: Vec<f64> = longest
        .into_iter()
        .filter(|length| *length < 20 * MS)
        .map(|length| length as f64)
        .collect();
    let n = short.len();
    let method = format!(
        "longest delay from publish to log of runs of messages delayed more than 10 ms; the {n} of {all} below 20 ms (the others, up to 2.7 s, are what `recorder_stall_s` injects)"
    );
    Ok((
        parameter(short, NAV2, &method)?,
        json!({
            "recording": NAV2,
            "method": format!("such runs over {span:.1} s of recording"),
            "n": n,
            "value": n as f64 / span,
        }),
    ))
}

/// Publish to log of the message that had to wait least.
fn least_transport(nav2: &[Row]) -> Result<Value> {
    let delays: Vec<i64> = nav2
        .iter()
        .filter(|row| matches!(row.topic.as_str(), "/odom" | "/tf"))
        .filter_map(|row| Some(row.log - row.publish?))
        .collect();
    let least = delays.iter().min().context("no publish times")?;
    Ok(json!({
        "recording": NAV2,
        "method": "least log time minus publish time on /odom and /tf",
        "n": delays.len(),
        "value": least,
    }))
}

/// Messages missing from the grid of regular channels: none, so clean drives lose none.
fn loss(bag: &[Row], nav2: &[Row]) -> Result<Value> {
    let mut present = 0_usize;
    let mut missing = 0.0;
    for topic in ["/turtle1/color_sensor", "/turtle2/color_sensor", "/tf"] {
        let mut channels: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
        for row in bag.iter().filter(|row| row.topic == topic) {
            channels.entry(row.channel).or_default().push(row.log);
        }
        for logs in channels.values() {
            let steps = differences(logs);
            let period = median(&steps);
            present += steps.len();
            missing += steps
                .iter()
                .map(|step| (*step as f64 / period).round() - 1.0)
                .filter(|lost| *lost > 0.0)
                .sum::<f64>();
        }
    }
    let odometry = stamps_of(nav2, "/odom");
    let steps: Vec<i64> = odometry
        .values()
        .flat_map(|stamps| differences(stamps))
        .collect();
    let period = median(&steps);
    let skipped = steps
        .iter()
        .filter(|step| **step as f64 > 1.5 * period)
        .count();
    if present == 0 {
        bail!("no regular channel in {BAG}");
    }
    Ok(json!({
        "recording": BAG,
        "method": format!(
            "holes in the 62.5 Hz channels on an idle host; upper end by the rule of three; the loaded host of {NAV2} skipped {skipped} times in {} steps of /odom, together with its stalls",
            steps.len()
        ),
        "n": present,
        "value": missing / present as f64,
        "upper": 3.0 / present as f64,
    }))
}

/// An ADIS16448 (VI-Sensor of `EuRoC`). Its noise at rest is what its makers measured; its recording is in flight or
/// with running motors, of which the quietest half second is kept for comparison.
fn imu() -> Result<Value> {
    let description = std::fs::read_to_string(data(&format!("{IMU}/sensor.yaml"))?)?;
    let number = |key: &str| -> Result<f64> {
        let line = description.lines().find(|line| line.starts_with(key));
        let word = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(word.with_context(|| format!("no `{key}`"))?.parse()?)
    };
    let rows = std::fs::read_to_string(data(&format!("{IMU}/data.csv"))?)?;
    let samples: Vec<[f64; 6]> = rows
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut words = line.split(',').skip(1);
            let mut sample = [0.0; 6];
            for value in &mut sample {
                *value = words.next()?.trim().parse().ok()?;
            }
            Some(sample)
        })
        .collect();
    let quiet = |axes: std::ops::Range<usize>| -> f64 {
        let spreads = samples.chunks_exact(100).map(|window| white(window, &axes));
        spreads.fold(f64::MAX, f64::min)
    };
    let rate = number("rate_hz:")?;
    // Density to a sample's spread; random walk to a bias correlated over 100 s.
    let spread = |key: &str, seconds: f64| Ok::<f64, anyhow::Error>(number(key)? * seconds.sqrt());
    Ok(json!({
        "recording": IMU,
        "method": "noise densities of sensor.yaml times the root of the rate; random walks times the root of 50 s; the quiet ones are the least over half seconds of data.csv, from differences of neighbors",
        "n": samples.len(),
        "gyro_sigma": spread("gyroscope_noise_density:", rate)?,
        "accel_sigma": spread("accelerometer_noise_density:", rate)?,
        "gyro_instability": spread("gyroscope_random_walk:", 50.0)?,
        "accel_instability": spread("accelerometer_random_walk:", 50.0)?,
        "quiet_gyro_sigma": quiet(0..3),
        "quiet_accel_sigma": quiet(3..6),
    }))
}

/// White noise of a stretch of samples, root mean square over some axes.
fn white(window: &[[f64; 6]], axes: &std::ops::Range<usize>) -> f64 {
    let mut squares = 0.0;
    let mut count = 0.0;
    for pair in window.windows(2) {
        let [before, after] = pair else { continue };
        for (a, b) in before.iter().zip(after).take(axes.end).skip(axes.start) {
            squares += (b - a) * (b - a) / 2.0;
            count += 1.0;
        }
    }
    f64::sqrt(squares / f64::max(count, 1.0))
}

fn data(relative: &str) -> Result<std::path::PathBuf> {
    shared_data(relative).with_context(|| format!("the shared data `{relative}` is needed"))
}

/// All messages of a recording in file order.
fn read(relative: &str) -> Result<Vec<Row>> {
    let bytes = std::fs::read(data(relative)?)?;
    if relative == BAG {
        return Ok(rows(&BagRecording::open(&bytes, Limits::default())?));
    }
    Ok(rows(&McapRecording::open(&bytes, OpenOptions::default())?))
}

/// Collects rows of a recording.
#[derive(Default)]
struct Collector {
    channels: BTreeMap<u32, (String, StampReader)>,
    rows: Vec<Row>,
}

impl Visitor for Collector {
    fn channel(&mut self, channel: &Channel) {
        let reader = StampReader::new(channel.schema.as_deref(), &channel.message_encoding);
        self.channels
            .insert(channel.id, (channel.topic.clone(), reader));
    }

    fn message(&mut self, message: &Message<'_>) {
        let known = self.channels.get(&message.channel);
        self.rows.push(Row {
            channel: message.channel,
            topic: known.map_or_else(String::new, |(topic, _)| topic.clone()),
            log: message.log_time,
            publish: message.publish_time,
            stamp: known.and_then(|(_, reader)| reader.stamp(message.data)),
        });
    }
}

fn rows(recording: &dyn Recording) -> Vec<Row> {
    let mut collector = Collector::default();
    for channel in recording.channels() {
        collector.channel(channel);
    }
    let mut buffers = Buffers::default();
    for unit in 0..recording.unit_count() {
        recording.read_unit(unit, &mut buffers, &mut collector);
    }
    collector.rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldassay_simulate::{DriveSpec, write_drive};

    /// Largest distance between two empirical distributions (Kolmogorov and Smirnov).
    fn distance(mut a: Vec<f64>, mut b: Vec<f64>) -> f64 {
        a.sort_by(f64::total_cmp);
        b.sort_by(f64::total_cmp);
        let share = |list: &[f64], x: f64| {
            list.partition_point(|value| *value <= x) as f64 / list.len() as f64
        };
        a.iter()
            .chain(&b)
            .map(|x| (share(&a, *x) - share(&b, *x)).abs())
            .fold(0.0, f64::max)
    }

    /// Rows of clean development drives on one kind of host.
    fn simulated(host: &str) -> Vec<Row> {
        let mut all = Vec::new();
        for seed in 1..10 {
            let spec = DriveSpec {
                seed,
                duration_secs: 20.0,
                ..DriveSpec::default()
            };
            let mut bytes = Vec::new();
            write_drive(&spec, &mut bytes).unwrap();
            if bytes
                .windows(host.len())
                .any(|part| part == host.as_bytes())
            {
                let recording = McapRecording::open(&bytes, OpenOptions::default()).unwrap();
                all.extend(rows(&recording));
            }
        }
        all
    }

    fn waits(rows: &[Row], below: i64) -> Vec<f64> {
        rows.iter()
            .filter(|row| matches!(row.topic.as_str(), "/odom" | "/tf"))
            .filter_map(|row| Some(row.log - row.publish?))
            .filter(|wait| *wait < below)
            .map(|wait| wait as f64)
            .collect()
    }

    #[test]
    fn a_loaded_host_waits_as_the_recorded_one() {
        let Some(path) = shared_data(NAV2) else {
            return;
        };
        let bytes = std::fs::read(path).unwrap();
        let real = rows(&McapRecording::open(&bytes, OpenOptions::default()).unwrap());
        let simulated = simulated("loaded");
        let apart = distance(waits(&real, 20 * MS), waits(&simulated, 20 * MS));
        assert!(apart < 0.08, "{apart}");
    }

    #[test]
    fn an_idle_host_waits_as_the_recorded_one() {
        let Some(path) = shared_data(BAG) else {
            return;
        };
        let bytes = std::fs::read(path).unwrap();
        let bag = rows(&BagRecording::open(&bytes, Limits::default()).unwrap());
        let real = bag
            .iter()
            .filter(|row| row.topic == "/tf")
            .filter_map(|row| Some((row.log - row.stamp?) as f64))
            .collect();
        let apart = distance(real, waits(&simulated("idle"), 20 * MS));
        assert!(apart < 0.08, "{apart}");
    }
}
