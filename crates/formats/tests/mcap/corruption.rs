//! Damaged MCAP files: everything readable is read, what is lost is said, nothing panics.
use crate::support::{Reading, boundaries, naive_messages, options, read, recordings, written};
use fieldassay_formats::mcap::{Compression, McapRecording, OpenOptions, WriterOptions};
use fieldassay_testkit::Lcg;

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

/// Offsets of all chunk records of a sound file.
fn chunk_offsets(bytes: &[u8]) -> Vec<usize> {
    let starts = boundaries(bytes);
    let chunk = |at: &usize| bytes.get(*at) == Some(&0x06);
    starts.into_iter().filter(chunk).collect()
}

/// A chunk whose opcode, length, sizes or compression is damaged still yields every message,
/// from its other fields or from the index; nothing is lost, and a note says what was wrong.
#[test]
fn damaged_chunk_headers_are_put_right() {
    let indexed = [Compression::None, Compression::Zstd, Compression::Lz4].map(|c| (c, true));
    for (compression, indexed) in indexed.into_iter().chain([(Compression::Zstd, false)]) {
        let options = WriterOptions {
            message_index: indexed,
            chunk_index: indexed,
            statistics: indexed,
            ..options(compression, true)
        };
        let whole = written(options, 240, 9);
        let clean = read(&whole, OpenOptions::default());
        let name_bytes = compression.name().len();
        // Opcode, record length, declared size, length of the name, name, length of the records.
        let fields = [
            0..9,
            25..33,
            37..41,
            41..41 + name_bytes,
            41 + name_bytes..49 + name_bytes,
        ];
        for chunk in chunk_offsets(&whole).into_iter().take(2) {
            for (at, bit) in fields
                .iter()
                .cloned()
                .flatten()
                .flat_map(|at| (0..8).map(move |bit| (at, bit)))
            {
                let mut bytes = whole.clone();
                bytes[chunk + at] ^= 1 << bit;
                let reading = read(&bytes, OpenOptions::default());
                let place = format!(
                    "{compression:?}, {indexed}: bit {bit} of byte {at} of the chunk at {chunk}"
                );
                assert!(
                    reading.rows == clean.rows,
                    "{place}: {:?}",
                    reading.account.losses
                );
                assert_eq!(lost(&reading), Some(0), "{place}");
                assert!(!reading.account.notes.is_empty(), "{place}");
            }
        }
    }
}

/// Without its end the file still yields everything, whatever of the end is missing.
#[test]
fn a_missing_end_costs_nothing() {
    for (name, whole) in recordings() {
        let clean = read(&whole, OpenOptions::default());
        let data_end = boundaries(&whole)
            .into_iter()
            .find(|at| whole.get(*at) == Some(&0x0F) && whole.get(at + 1) == Some(&4))
            .unwrap_or(whole.len());
        for end in [
            data_end,
            data_end + 13,
            whole.len() - 37,
            whole.len() - 8,
            whole.len() - 1,
        ] {
            let reading = read(&whole[..end], OpenOptions::default());
            assert!(
                reading.rows == clean.rows,
                "{name} without its end from {end} on"
            );
            assert_eq!(
                reading.channels, clean.channels,
                "{name} without its end from {end} on"
            );
            let known = (end > data_end).then_some(0);
            assert_eq!(
                lost(&reading),
                known,
                "{name} without its end from {end} on"
            );
        }
    }
}

/// A damaged block costs what is behind it in its chunk, and the rest is counted.
#[test]
fn the_prefix_of_a_damaged_chunk_is_kept() {
    let options = WriterOptions {
        chunk_bytes: 600 * 1024,
        ..options(Compression::Zstd, true)
    };
    let whole = written(options, 5000, 8);
    let clean = read(&whole, OpenOptions::default());
    let chunk = chunk_offsets(&whole)[0];
    let length = boundaries(&whole)
        .into_iter()
        .find(|at| *at > chunk)
        .unwrap()
        - chunk;
    let mut bytes = whole.clone();
    bytes[chunk + length * 3 / 4..chunk + length * 3 / 4 + 40_000].fill(0xFF);
    let reading = read(&bytes, OpenOptions::default());
    let codes: Vec<_> = reading
        .account
        .losses
        .iter()
        .map(|loss| loss.code.as_str())
        .collect();
    assert_eq!(
        codes
            .iter()
            .filter(|code| **code == "loss.decompress")
            .count(),
        1,
        "{codes:?}"
    );
    let missing = clean.rows.len() - reading.rows.len();
    assert_eq!(lost(&reading), Some(missing as u64));
    let first = reading
        .rows
        .iter()
        .zip(&clean.rows)
        .take_while(|(a, b)| a == b)
        .count();
    assert!(first > 1000, "only the first {first} messages are right");
}
