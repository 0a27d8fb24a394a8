//! No stamp, however absurd, makes a check panic or yield a number that is none.

use crate::common::{Drive, MS, START, Sample, Stream, Transform, evidence, judge};
use fieldassay_model::FactValue;
use proptest::prelude::*;

/// Times from ordinary to absurd.
fn time() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => (0..1000_i64).prop_map(|i| START + i * MS),
        1 => prop::sample::select(vec![0, 1, i64::MAX, i64::MAX - 1, START, i64::from(u32::MAX)]),
        1 => 0..i64::MAX,
    ]
}

fn stamp() -> impl Strategy<Value = i64> {
    // What a ROS 2 stamp can hold: 32 bits of seconds.
    let most = i64::from(i32::MAX) * 1_000_000_000 + 999_999_999;
    prop_oneof![
        4 => (0..1000_i64).prop_map(|i| START + i * MS),
        1 => prop::sample::select(vec![0, most, -most]),
        1 => -most..most,
    ]
}

fn sample() -> impl Strategy<Value = Sample> {
    (time(), time(), stamp(), any::<u32>(), 0..3_u64).prop_map(
        |(log, publish, header, sequence, value)| Sample {
            log,
            publish,
            header,
            sequence,
            value,
        },
    )
}

fn transform() -> impl Strategy<Value = Transform> {
    let names = || prop::sample::select(vec!["", "/", "a", "/a", "b", "c", "d"]);
    let number = || prop::sample::select(vec![0.0, 1.0, -1.0, f64::NAN, f64::MAX, 1e-300]);
    (
        time(),
        stamp(),
        names(),
        names(),
        number(),
        number(),
        any::<bool>(),
    )
        .prop_map(|(log, stamp, parent, child, x, w, is_static)| Transform {
            log,
            stamp,
            parent,
            child,
            x,
            w,
            is_static,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_everything_is_finite(
        a in prop::collection::vec(sample(), 0..60),
        b in prop::collection::vec(sample(), 0..60),
        regular in 0..200_usize,
        transforms in prop::collection::vec(transform(), 0..30),
        keep_order in any::<bool>(),
    ) {
        let mut mixed = Stream::regular("/mixed", 5 * MS, regular);
        mixed.samples.extend(a);
        let mut absurd = Stream::regular("/absurd", MS, 0);
        absurd.samples = b;
        let drive = Drive {
            streams: vec![mixed, absurd, Stream::regular("/imu", 5 * MS, regular)],
            transforms,
            keep_order,
            ..Drive::default()
        };
        let evidence = evidence(&drive.bytes());
        for fact in &evidence.facts {
            let parts = fact.value.iter().chain(fact.detail.values());
            for part in parts {
                if let FactValue::Number(x) = part {
                    prop_assert!(x.is_finite(), "{} {}: {:?}", fact.name, fact.subject, fact);
                }
            }
            prop_assert!(fact.low.is_none_or(f64::is_finite) && fact.high.is_none_or(f64::is_finite));
        }
        for plot in &evidence.plots.channels {
            prop_assert!(plot.activity.len() <= 600 && plot.periods.counts.len() <= 60);
            prop_assert!(plot.gaps.len() <= 100);
        }
        for policy in ["default", "strict", "lenient"] {
            judge(&evidence, policy);
        }
    }
}
