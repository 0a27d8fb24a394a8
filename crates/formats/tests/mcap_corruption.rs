//! Damaged MCAP files: everything readable is read, what is lost is said, nothing panics.
mod mcap_support;

use fieldassay_formats::mcap::{McapRecording, OpenOptions};
use fieldassay_testkit::Lcg;
use mcap_support::{Reading, boundaries, naive_messages, read, recordings};

fn lost(reading: &Reading) -> Option<u64> {
    reading
        .account
        .losses
        .iter()
        .map(|loss| loss.messages)
        .sum()
}

/// A cut file yields exactly the complete messages before the cut, and says it was cut.
#[test]
fn cut_anywhere() {
    for (name, whole) in recordings() {
        let mut random = Lcg::new(2);
        let mut cuts = boundaries(&whole);
        cuts.extend((0..500).map(|_| random.below(whole.len())));
        for cut in cuts {
            let bytes = &whole[..cut];
            if cut < 5 {
                assert!(McapRecording::open(bytes, OpenOptions::default()).is_err());
                continue;
            }
            let reading = read(bytes, OpenOptions::default());
            let expected = naive_messages(bytes);
            assert_eq!(reading.rows.len(), expected.len(), "{name} cut at {cut}");
            assert!(
                reading.rows == expected,
                "{name} cut at {cut}: other messages"
            );
            let truncated = reading
                .account
                .losses
                .iter()
                .any(|loss| loss.code == "loss.truncated");
            assert_eq!(truncated, cut < whole.len(), "{name} cut at {cut}");
            let undefined: u64 = reading
                .units
                .iter()
                .map(|u| u.undefined_channel_messages)
                .sum();
            assert_eq!(undefined, 0, "{name} cut at {cut}");
            for loss in &reading.account.losses {
                assert!(
                    loss.start <= loss.end && loss.end <= cut as u64,
                    "{name} cut at {cut}: {loss:?}"
                );
            }
        }
    }
}

/// A flipped bit never changes what is read without a note or a loss that says so; where the
/// loss is counted, the count is right.
#[test]
fn flipped_bits() {
    for (name, whole) in recordings() {
        let clean = read(&whole, OpenOptions::default());
        assert_eq!(clean.account.losses.len(), 0, "{name}");
        let mut random = Lcg::new(3);
        let mut bytes = whole.clone();
        let mut kept = 0;
        for _ in 0..500 {
            let (at, bit) = (random.below(whole.len()), random.below(8));
            bytes[at] ^= 1 << bit;
            let reading = read(&bytes, OpenOptions::default());
            bytes[at] ^= 1 << bit;
            let place = format!("{name}: bit {bit} of byte {at}");
            if reading.rows != clean.rows {
                let noted = reading.account.notes.len() > clean.account.notes.len();
                let said = noted || !reading.account.losses.is_empty();
                assert!(said, "{place} changed the messages silently");
            }
            if let Some(lost) = lost(&reading) {
                let found = reading.rows.len() as u64 + lost;
                assert_eq!(
                    found,
                    clean.rows.len() as u64,
                    "{place}: {:?}",
                    reading.account.losses
                );
            } else {
                // Without index and statistics nothing tells what was there.
                assert_eq!(name, "no summary", "{place}: {:?}", reading.account.losses);
            }
            kept += reading.rows.len();
        }
        // On average a flip costs the part of one chunk behind it.
        assert!(
            kept > 500 * clean.rows.len() * 85 / 100,
            "{name}: only {kept} messages kept"
        );
    }
}
