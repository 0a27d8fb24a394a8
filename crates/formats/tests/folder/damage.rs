//! Every cut and many flips: no panic, counts that add up, no more than there was.

use crate::support::{memory, read};
use crate::ulog::file;
use fieldassay_formats::Limits;
use fieldassay_formats::folder::{detect, open};
use fieldassay_formats::trajectory::{Kind, TRAJECTORY_PATH, Trajectory, layout, sniff};
use fieldassay_formats::ulog::UlogRecording;
use fieldassay_testkit::Lcg;

fn read_ulog(bytes: &[u8]) -> usize {
    UlogRecording::open(bytes, Limits::default()).map_or(0, |found| read(&found).messages.len())
}

#[test]
fn cut_and_flipped_ulogs() {
    let clean = file("full.ulg");
    let all = read_ulog(&clean);
    let mut before = 0;
    for cut in (0..clean.len()).step_by(7) {
        let found = read_ulog(&clean[..cut]);
        assert!(found >= before && found <= all, "cut {cut}");
        before = found;
    }
    let mut random = Lcg::new(3);
    for _ in 0..400 {
        let mut bytes = clean.clone();
        for _ in 0..4 {
            let at = random.next_u32() as usize % bytes.len();
            bytes[at] = random.next_u32().to_le_bytes()[0];
        }
        let _ = read_ulog(&bytes);
    }
}

#[test]
fn many_subscriptions_and_formats_stay_small() {
    // Every definition and subscription a hostile file can hold in half a megabyte.
    let message = |kind: u8, body: &[u8]| {
        let mut out = u16::try_from(body.len())
            .expect("small")
            .to_le_bytes()
            .to_vec();
        out.push(kind);
        out.extend_from_slice(body);
        out
    };
    let mut bytes = file("full.ulg")[..16].to_vec();
    for i in 0..2000 {
        let next = i + 1;
        let text = format!("f{i}:f{next}[0] a;f{next}[0] b;f{next}[0] c;uint64_t timestamp;");
        bytes.extend(message(b'F', text.as_bytes()));
    }
    bytes.extend(message(b'F', b"f2000:float x;"));
    for i in 0..30_000_u16 {
        let mut body = vec![0];
        body.extend_from_slice(&i.to_le_bytes());
        body.extend_from_slice(format!("f{}", i % 2001).as_bytes());
        bytes.extend(message(b'A', &body));
        bytes.extend(message(b'D', &i.to_le_bytes()));
    }
    // Without a memory of sizes and texts this would not end.
    let recording = UlogRecording::open(&bytes, Limits::default()).expect("a ULog");
    let found = read(&recording);
    assert_eq!(found.channels.len(), 2001);
    assert!(found.messages.len() <= 30_000);
}

#[test]
fn cut_and_flipped_text() {
    let tum = b"# t\n1.5 1 2 3 0 0 0 1\n1.6 1 2 3 0 0 0 1\n1.7 1 2 3 0 0 0 1\n";
    let mut random = Lcg::new(4);
    for round in 0..2000 {
        let mut bytes = tum.to_vec();
        bytes.truncate(random.next_u32() as usize % (bytes.len() + 1));
        for _ in 0..round % 4 {
            if !bytes.is_empty() {
                let at = random.next_u32() as usize % bytes.len();
                bytes[at] = random.next_u32().to_le_bytes()[0];
            }
        }
        for kind in [Kind::Tum, Kind::Kitti, Kind::Euroc] {
            let parsed = Trajectory::parse(&bytes, kind);
            assert!(parsed.poses.len() <= 5);
        }
        if let Some(kind) = sniff(&bytes) {
            let files = [(TRAJECTORY_PATH, bytes.as_slice())];
            let files = memory(&files);
            let found = open(&files, layout(kind), Limits::default());
            let _ = found.map(|found| read(&found).messages.len());
        }
    }
}

#[test]
fn a_unit_too_large_is_lost_and_said() {
    let big = vec![0; 4096];
    let files = memory(&[
        ("cam0/data.csv", b"5,a.png\n6,b.png\n"),
        ("cam0/data/a.png", &big),
        ("cam0/data/b.png", b"small"),
    ]);
    let limits = Limits {
        unit_bytes: 1000,
        ..Limits::default()
    };
    let layout = detect(&files).expect("a layout");
    let found = read(&open(&files, layout, limits).expect("a recording"));
    assert_eq!(found.messages.len(), 1);
    assert_eq!(
        found.said(),
        ["loss.too_large: `cam0/data/a.png` has `4096` bytes, the limit is `1000`"]
    );
}
