//! Damaged and hostile bytes: an answer or an error, never a panic, and no more than the limits allow.

use crate::support::{bytes, file, pixels, stream, text, vectors};
use fieldassay_formats::media::video::{Framing, Mp4Summary, VideoCodec, VideoParser};
use fieldassay_formats::media::{Limits, Scale, depth_meters, grey, probe};
use fieldassay_testkit::Lcg;

const SMALL: Limits = Limits { pixels: 1 << 16 };

fn read(encoding: &str, data: &[u8]) {
    let image = file(encoding, data);
    for scale in [Scale::Full, Scale::Eighth] {
        if let Ok(found) = grey(&image, scale, SMALL) {
            assert_eq!(
                found.data.len(),
                found.width as usize * found.height as usize
            );
        }
    }
    let _ = (probe(&image), depth_meters(&image, SMALL));
}

fn flips(data: &[u8], rounds: u32, seed: u64, mut each: impl FnMut(&[u8])) {
    let mut random = Lcg::new(seed);
    for round in 0..rounds {
        let mut damaged = data.to_vec();
        for _ in 0..=round % 4 {
            let at = random.next_u32() as usize % damaged.len();
            damaged[at] = random.next_u32().to_le_bytes()[1];
        }
        if round % 5 == 0 {
            damaged.truncate(random.next_u32() as usize % damaged.len());
        }
        each(&damaged);
    }
}

#[test]
fn damaged_images() {
    let vectors = vectors();
    for (group, rounds) in [("compressed", 40), ("depth", 40)] {
        for (seed, case) in (0..).zip(vectors[group].as_array().expect("cases")) {
            let encoding = text(case, "encoding");
            flips(&bytes(case, "file"), rounds, seed, |data| {
                read(encoding, data);
            });
        }
    }
}

#[test]
fn damaged_streams_and_tables() {
    let vectors = vectors();
    for (seed, case) in (0..).zip(vectors["streams"].as_array().expect("cases")) {
        let codec = VideoCodec::from_format(text(case, "codec")).expect("codec");
        flips(&stream(text(case, "file")), 100, seed, |data| {
            let _ = Mp4Summary::parse(data);
            for framing in [Framing::StartCodes, Framing::Lengths(4)] {
                let mut parser = VideoParser::new(codec, framing);
                for part in data.chunks(1500) {
                    assert_eq!(parser.push(part).bytes, part.len());
                }
            }
        });
    }
}

/// Sizes that only claim.
#[test]
fn claims_cost_nothing() {
    let huge = pixels("mono8", (u32::MAX, u32::MAX), u32::MAX, &[0; 16]);
    assert_eq!(
        grey(&huge, Scale::Full, SMALL)
            .expect_err("too large")
            .code(),
        "too_large"
    );
    // RVL: 40,000 pixels in eight bytes.
    let mut rvl = vec![0; 12];
    rvl.extend(200_u32.to_le_bytes());
    rvl.extend(200_u32.to_le_bytes());
    let claimed = file("16UC1; compressedDepth rvl", &rvl);
    assert_eq!(
        depth_meters(&claimed, SMALL).expect_err("short").code(),
        "truncated"
    );
    // Sample tables: four billion samples of one size in one chunk.
    let mut stsz = [0, 0, 0, 20, b's', b't', b's', b'z', 0, 0, 0, 0, 0, 0, 0, 1].to_vec();
    stsz.extend([0xFF; 4]);
    let mut stsc = [0, 0, 0, 28, b's', b't', b's', b'c', 0, 0, 0, 0, 0, 0, 0, 1].to_vec();
    stsc.extend([0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1]);
    let stco = [
        0, 0, 0, 20, b's', b't', b'c', b'o', 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9,
    ];
    let mut boxes = [stsz, stsc, stco.to_vec()].concat();
    for name in [b"stbl", b"minf", b"mdia", b"trak", b"moov"] {
        let length = u32::try_from(boxes.len() + 8).expect("length");
        boxes.splice(0..0, length.to_be_bytes().into_iter().chain(*name));
    }
    let summary = Mp4Summary::parse(&boxes).expect("tables");
    assert_eq!(summary.tracks[0].samples, u64::from(u32::MAX));
    assert!(summary.tracks[0].missing_samples > 4_000_000_000);
}
