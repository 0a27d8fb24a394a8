//! Development aid: facts and findings of a recording.
use fieldassay_check::{CheckOptions, HeapOnly, NoProgress, catalog, check};
use fieldassay_formats::{Limits, Recording, mcap, rosbag1};
use fieldassay_model::{Policy, evaluate};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&args[1]).unwrap();
    let rec: Box<dyn Recording> = if mcap::sniff(&bytes) {
        Box::new(mcap::McapRecording::open(&bytes, mcap::OpenOptions::default()).unwrap())
    } else {
        Box::new(rosbag1::BagRecording::open(&bytes, Limits::default()).unwrap())
    };
    let t = std::time::Instant::now();
    let threads = std::env::var("T")
        .ok()
        .and_then(|t| t.parse().ok())
        .unwrap_or(0);
    let evidence = check(
        rec.as_ref(),
        &CheckOptions {
            threads,
            ..CheckOptions::default()
        },
        &HeapOnly,
        &NoProgress,
    );
    let dt = t.elapsed();
    let verbose = args.iter().any(|a| a == "-v");
    for c in &evidence.channels {
        println!("{c:?}");
    }
    if verbose {
        for f in &evidence.facts {
            if f.name.starts_with("structure.")
                && f.value.as_ref().and_then(|v| v.as_f64()) == Some(0.0)
            {
                continue;
            }
            println!(
                "{:24} {:30} {:?} {} [{:?},{:?}] n={} {} {:?}",
                f.name,
                f.subject,
                f.value,
                f.unit,
                f.low,
                f.high,
                f.n,
                f.reason.clone().unwrap_or_default(),
                f.detail
            );
        }
    }
    for p in ["default", "strict", "lenient"] {
        let (findings, verdict) =
            evaluate(&Policy::built_in(p).unwrap(), catalog(), &evidence.facts);
        println!("== {p} {verdict:?}");
        for f in findings {
            println!(
                "{:?} {} {} x{}: {}",
                f.severity, f.code, f.subject, f.count, f.message
            );
        }
    }
    println!(
        "n={} {:?} facts={} loss={:?} complete={}",
        evidence.message_count,
        dt,
        evidence.facts.len(),
        evidence.loss.bytes,
        evidence.complete
    );
}
