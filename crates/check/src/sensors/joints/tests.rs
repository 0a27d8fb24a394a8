//! Healthy and faulty joints, judged by the default policy.

use super::{JointRow, outcome};
use crate::sensors::imu::tests::{Noise, complaints, with_context};

fn arm(seed: u64) -> Vec<JointRow> {
    let mut noise = Noise::new(seed);
    let mut rows = Vec::new();
    for i in 0..1500_i32 {
        let t = f64::from(i) / 50.0;
        for joint in 0..6_u64 {
            let speed = 0.3 + 0.1 * joint as f64;
            let amplitude = 0.5 + 0.1 * joint as f64;
            rows.push(JointRow {
                t_nanos: i64::from(i) * 20_000_000,
                log_nanos: i64::from(i) * 20_000_000,
                joint,
                position: amplitude * (speed * t).sin() + 0.0005 * noise.normal(),
                velocity: amplitude * speed * (speed * t).cos(),
                effort: f64::NAN,
            });
        }
    }
    rows
}

fn told(rows: &[JointRow]) -> Vec<String> {
    let names: Vec<String> = (0..6).map(|i| format!("joint_{i}")).collect();
    with_context(&[], &[], |context| {
        complaints(&outcome("/joint_states", &names, rows, context).facts)
    })
}

#[test]
fn clean_arms_have_no_warning_and_faults_are_found() {
    for seed in 0..20 {
        let clean = arm(seed);
        assert!(told(&clean).is_empty(), "{seed} {:?}", told(&clean));
        let change = |change: &dyn Fn(&mut JointRow)| {
            let mut rows = clean.clone();
            rows.iter_mut()
                .filter(|row| row.joint == 2)
                .for_each(change);
            told(&rows)
        };
        let clipped = change(&|row| row.position = row.position.clamp(-0.05, 0.05));
        assert!(
            clipped.iter().any(|t| t.starts_with("joints.clipped:")) || clipped.is_empty(),
            "{clipped:?}"
        );
        let stuck = change(&|row| {
            if (10_000_000_000..12_000_000_000).contains(&row.t_nanos) {
                row.position = 0.123;
            }
        });
        assert!(
            stuck.iter().any(|t| t.starts_with("joints.contradiction:")),
            "{seed} {stuck:?}"
        );
        let jump = change(&|row| {
            if row.t_nanos > 10_000_000_000 {
                row.position += 0.5;
            }
        });
        assert!(
            jump.iter().any(|t| t.starts_with("joints.jump:")),
            "{jump:?}"
        );
    }
}
