//! Faults put into made-up streams are found, clean ones stay quiet.

use crate::common::{Drive, MS, SECOND, START, Stream, alarms, evidence, fact, judge, values};
use fieldassay_model::{FactStatus, FactValue, Verdict};

fn imu() -> Stream {
    Stream::regular("/imu", 5 * MS, 6000)
}

fn drive(stream: Stream) -> Drive {
    let mut camera = Stream::regular("/camera", 40 * MS, 750);
    camera.kind = "sensor_msgs/msg/CompressedImage";
    Drive {
        streams: vec![stream, camera],
        ..Drive::default()
    }
}

fn alarms_of(stream: Stream) -> Vec<String> {
    alarms(&evidence(&drive(stream).bytes()))
}

#[test]
fn a_clean_drive_raises_nothing_and_its_numbers_are_right() {
    let evidence = evidence(&drive(imu()).bytes());
    assert_eq!(judge(&evidence, "default"), (Vec::new(), Verdict::Pass));
    assert!(evidence.complete);
    assert_eq!(evidence.message_count, 6750);
    let imu = &evidence.channels[1];
    assert_eq!((imu.topic.as_str(), imu.message_count), ("/imu", 6000));
    let rate = imu.rate_hz.expect("a rate");
    assert!((rate - 200.0).abs() < 0.1, "{rate}");
    let period = imu.median_period_ns.expect("a period");
    assert!((period - 5 * MS).abs() < MS / 10, "{period}");
    assert_eq!(imu.regressions.header_time, Some(0));
    assert_eq!(values(&evidence, "time.loss", "/imu"), [0.0]);
    let unmatched = fact(&evidence, "sync.unmatched", "/camera -> /imu");
    assert_eq!(unmatched.value, Some(FactValue::Number(0.0)));
}

#[test]
fn a_silent_sensor_is_a_gap_and_a_loss() {
    let mut stream = imu();
    stream.samples.drain(3000..3100);
    let evidence = evidence(&drive(stream.clone()).bytes());
    let gaps = values(&evidence, "time.gap", "/imu");
    assert_eq!(gaps.len(), 1);
    assert!((gaps[0] - 101.0).abs() < 1.0, "{gaps:?}");
    let gap = fact(&evidence, "time.gap", "/imu");
    assert_eq!(gap.detail["class"], FactValue::Text("sensor_drop".into()));
    let window = gap.window.expect("a window");
    assert_eq!(window.start_ns, stream.samples[2999].log);
    assert_eq!(window.end_ns, stream.samples[3000].log);
    let loss = values(&evidence, "time.loss", "/imu");
    assert!((loss[0] - 100.0 / 6000.0).abs() < 1e-3, "{loss:?}");
    assert_eq!(
        alarms(&evidence),
        ["time.gap /imu", "time.loss /imu", "time.sequence_loss /imu"]
    );
}

#[test]
fn a_stalled_recorder_is_told_once_for_all_channels() {
    let mut drive = drive(imu());
    let (from, until) = (START + 10 * SECOND, START + 10 * SECOND + 500 * MS);
    for stream in &mut drive.streams {
        let mut flushed = until;
        for sample in &mut stream.samples {
            if (from..until).contains(&sample.log) {
                flushed += 10_000;
                sample.log = flushed;
            }
        }
    }
    let evidence = evidence(&drive.bytes());
    assert_eq!(alarms(&evidence), ["time.stall recording"]);
    let stall = values(&evidence, "time.stall", "recording");
    assert!((stall[0] - 0.5).abs() < 0.05, "{stall:?}");
    assert_eq!(values(&evidence, "time.shared_stall", "/imu").len(), 1);
    assert_eq!(values(&evidence, "time.gap", "/imu"), [0.0]);
}

#[test]
fn a_short_stall_of_the_recorder_does_not_hide_a_long_burst() {
    let mut drive = drive(imu());
    let until = START + 10 * SECOND;
    for stream in &mut drive.streams {
        let hold = if stream.topic == "/imu" { 60 } else { 800 };
        let mut flushed = until;
        for sample in &mut stream.samples {
            if (until - hold * MS..until).contains(&sample.log) {
                flushed += 10_000;
                sample.log = flushed;
            }
        }
    }
    let found = alarms(&evidence(&drive.bytes()));
    assert!(
        found.contains(&"time.burst /camera".to_owned()),
        "{found:?}"
    );
    assert!(!found.contains(&"time.burst /imu".to_owned()), "{found:?}");
}

#[test]
fn wrong_stamps_in_a_steady_stream_are_a_stamping_fault() {
    let mut stream = imu();
    for sample in &mut stream.samples[3000..] {
        sample.header += 30 * MS;
    }
    let found = alarms_of(stream);
    assert!(
        found.contains(&"time.stamp_gap /imu".to_owned()),
        "{found:?}"
    );
    assert!(found.contains(&"clock.step /imu".to_owned()), "{found:?}");
    assert!(!found.contains(&"time.gap /imu".to_owned()), "{found:?}");
}

#[test]
fn stamps_without_rhythm_on_a_steady_arrival_are_jitter() {
    let mut stream = imu();
    let mut stamps: Vec<i64> = (0_i64..)
        .zip(&stream.samples)
        .map(|(i, sample)| sample.header + (i * 7919 % 23 - 11) * MS)
        .collect();
    stamps.sort_unstable();
    for (sample, stamp) in stream.samples.iter_mut().zip(stamps) {
        sample.header = stamp;
    }
    let found = alarms_of(stream);
    assert!(found.contains(&"time.jitter /imu".to_owned()), "{found:?}");
}

#[test]
fn a_batch_is_a_burst() {
    let mut stream = imu();
    let last = stream.samples[3009].log;
    for (late, sample) in (0_i64..).zip(&mut stream.samples[3000..3010]) {
        sample.log = last + late * 10_000;
    }
    assert_eq!(alarms_of(stream), ["time.burst /imu"]);
}

#[test]
fn copies_are_duplicates_across_chunk_borders_too() {
    let mut stream = imu();
    let mut samples = Vec::new();
    for (i, sample) in stream.samples.drain(..).enumerate() {
        samples.push(sample.clone());
        if i % 100 == 7 {
            samples.push(crate::common::Sample {
                log: sample.log + 10,
                ..sample
            });
        }
    }
    stream.samples = samples;
    for chunk_bytes in [64, 1024, 1 << 20] {
        let drive = Drive {
            chunk_bytes: Some(chunk_bytes),
            ..drive(stream.clone())
        };
        let evidence = evidence(&drive.bytes());
        assert_eq!(alarms(&evidence), ["time.duplicate /imu"]);
        let duplicate = fact(&evidence, "time.duplicate", "/imu");
        assert_eq!(duplicate.detail["repeated_count"], FactValue::Integer(60));
    }
}

#[test]
fn a_swapped_pair_is_out_of_order() {
    let mut stream = imu();
    let (a, b) = (stream.samples[3000].clone(), stream.samples[3001].clone());
    stream.samples[3000] = crate::common::Sample {
        log: a.log,
        publish: a.publish,
        ..b.clone()
    };
    stream.samples[3001] = crate::common::Sample {
        log: b.log,
        publish: b.publish,
        ..a
    };
    let evidence = evidence(&drive(stream).bytes());
    assert_eq!(alarms(&evidence), ["time.header_order /imu"]);
    assert_eq!(
        fact(&evidence, "time.header_order", "/imu").detail["swaps_count"],
        FactValue::Integer(1)
    );
}

#[test]
fn file_order_is_checked_on_log_time() {
    let mut drive = drive(imu());
    drive.streams[0].samples.swap(3000, 3001);
    drive.keep_order = true;
    let evidence = evidence(&drive.bytes());
    assert_eq!(values(&evidence, "time.log_order", "/imu"), [1.0]);
    assert_eq!(evidence.channels[1].regressions.log_time, 1);
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds")]
fn shift(nanos: f64) -> i64 {
    nanos as i64
}

#[test]
fn a_fast_clock_is_a_skew_and_its_size_is_right() {
    for ppm in [250.0, -250.0] {
        let mut stream = imu();
        for sample in &mut stream.samples {
            let elapsed = (sample.header - START) as f64;
            sample.header += shift(elapsed * ppm * 1e-6);
        }
        let evidence = evidence(&drive(stream).bytes());
        assert_eq!(alarms(&evidence), ["clock.skew /imu"]);
        let skew = values(&evidence, "clock.skew", "/imu")[0];
        assert!((skew + ppm).abs() < 5.0, "{skew} for {ppm}");
    }
}

#[test]
fn epochs_and_leap_seconds_are_named() {
    for (offset, alarm) in [
        (18 * SECOND, "clock.whole_seconds /imu"),
        (37 * SECOND, "clock.whole_seconds /imu"),
        (-315_964_782 * SECOND, "clock.epoch /imu"),
        (-3600 * SECOND, "clock.epoch /imu"),
        (-(START - 5 * SECOND), "clock.epoch /imu"),
        (10 * SECOND, "clock.future /imu"),
        (-10 * SECOND, "clock.stale /imu"),
    ] {
        let mut stream = imu();
        for sample in &mut stream.samples {
            sample.header += offset;
        }
        assert_eq!(alarms_of(stream), [alarm], "offset {offset}");
    }
}

#[test]
fn a_recording_in_simulated_time_is_not_blamed() {
    let mut drive = drive(imu());
    for stream in &mut drive.streams {
        for sample in &mut stream.samples {
            // Simulated time runs at two thirds of real time.
            sample.header = (sample.header - START) * 2 / 3;
        }
    }
    let evidence = evidence(&drive.bytes());
    assert_eq!(alarms(&evidence), Vec::<String>::new());
    assert_eq!(
        fact(&evidence, "clock.simulated", "recording").value,
        Some(FactValue::Bool(true))
    );
    assert_eq!(
        fact(&evidence, "clock.skew", "/imu").status,
        FactStatus::NotEvaluated
    );
}

#[test]
fn streams_that_follow_events_are_not_judged_by_rhythm() {
    let mut stream = imu();
    stream.kind = "geometry_msgs/msg/PoseStamped";
    let mut noise = fieldassay_testkit::Lcg::new(3);
    let mut at = START;
    for sample in &mut stream.samples {
        at += 1 + i64::from(noise.next_u32()) % (10 * MS);
        (sample.header, sample.publish, sample.log) = (at, at + MS, at + 2 * MS);
    }
    let evidence = evidence(&drive(stream).bytes());
    assert_eq!(alarms(&evidence), Vec::<String>::new());
    let gap = fact(&evidence, "time.gap", "/imu");
    assert_eq!(gap.status, FactStatus::NotEvaluated);
    assert!(
        gap.reason
            .as_deref()
            .expect("a reason")
            .contains("irregular")
    );
}

#[test]
fn zero_stamps_are_told_and_left_out() {
    let mut stream = imu();
    for sample in stream.samples.iter_mut().step_by(100) {
        sample.header = 0;
    }
    let found = alarms_of(stream);
    assert!(
        found.contains(&"time.zero_stamp /imu".to_owned()),
        "{found:?}"
    );
    assert!(!found.iter().any(|f| f.starts_with("clock")), "{found:?}");
    assert!(
        !found.contains(&"time.header_order /imu".to_owned()),
        "{found:?}"
    );
    let mut never = imu();
    for sample in &mut never.samples {
        sample.header = 0;
    }
    let evidence = evidence(&drive(never).bytes());
    let zero = fact(&evidence, "time.zero_stamp", "/imu");
    assert!(
        zero.reason
            .as_deref()
            .expect("a reason")
            .contains("never stamped")
    );
}

#[test]
fn an_empty_recording_is_told() {
    let evidence = evidence(&Drive::default().bytes());
    assert_eq!(alarms(&evidence), ["structure.empty recording"]);
    assert_eq!((evidence.start_ns, evidence.message_count), (None, 0));
    let none: Vec<String> = Vec::new();
    let single = Drive {
        streams: vec![Stream::regular("/one", MS, 1)],
        ..Drive::default()
    };
    assert_eq!(alarms(&crate::common::evidence(&single.bytes())), none);
}
