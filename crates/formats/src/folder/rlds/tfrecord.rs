//! `TFRecord` files: lengths, masked CRC-32C, payloads.
//!
//! Source: TensorFlow, `tensorflow/core/lib/io/record_writer.h`: u64 length, u32 masked CRC of the
//! length, payload, u32 masked CRC of the payload, all little endian.

use std::ops::Range;

/// Bytes around a payload.
const BEFORE: usize = 12;
const AFTER: usize = 4;

/// What one step through a file found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A record: its payload, and whether the checksum of the payload fits.
    Record { payload: Range<usize>, sound: bool },
    /// Nothing can be read from here to the end.
    Broken { at: usize, reason: &'static str },
}

/// The records of a file in order. A length whose checksum fails ends it: nothing tells where the next
/// record starts. Cost: one pass over the bytes.
pub(super) fn records(file: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0_usize;
    while at < file.len() {
        match record(file, at) {
            Ok((payload, sound)) => {
                at = payload.end.saturating_add(AFTER);
                found.push(Found::Record { payload, sound });
            }
            Err(reason) => {
                found.push(Found::Broken { at, reason });
                break;
            }
        }
    }
    found
}

/// The record at a place: its payload, and whether its checksum fits; or why there is none.
fn record(file: &[u8], at: usize) -> Result<(Range<usize>, bool), &'static str> {
    let cut = "the file ends within a record";
    let rest = file.get(at..).unwrap_or_default();
    let head = rest.first_chunk::<BEFORE>().ok_or(cut)?;
    let (length, crc) = head.split_first_chunk::<8>().ok_or(cut)?;
    let crc = crc.first_chunk().ok_or(cut)?;
    if masked(length) != u32::from_le_bytes(*crc) {
        return Err("the checksum of a length does not fit");
    }
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| cut)?;
    let start = at.checked_add(BEFORE).ok_or(cut)?;
    let end = start.checked_add(length).ok_or(cut)?;
    let payload = file.get(start..end).ok_or(cut)?;
    let behind = file.get(end..).unwrap_or_default();
    let crc = behind.first_chunk::<AFTER>().ok_or(cut)?;
    let sound = masked(payload) == u32::from_le_bytes(*crc);
    Ok((start..end, sound))
}

/// The checksum as `TFRecord` stores it: turned right by 15 bits, plus a constant.
pub(super) fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Tables for eight bytes at a time; the polynomial of Castagnoli, reflected.
const TABLES: [[u32; 256]; 8] = tables();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler; indices are the bounds of the loops"
)]
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0_u32; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ 0x82f6_3b78
            } else {
                crc >> 1
            };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

fn look_up(table: usize, byte: u8) -> u32 {
    let row = TABLES.get(table).and_then(|row| row.get(usize::from(byte)));
    row.copied().unwrap_or_default()
}

/// CRC-32C (RFC 3720, appendix B.4). Cost: about 1 ns per byte.
fn crc32c(bytes: &[u8]) -> u32 {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut crc = !0_u32;
    for [a, b, c, d, e, f, g, h] in chunks {
        let [w, x, y, z] = (crc ^ u32::from_le_bytes([*a, *b, *c, *d])).to_le_bytes();
        crc = look_up(7, w)
            ^ look_up(6, x)
            ^ look_up(5, y)
            ^ look_up(4, z)
            ^ look_up(3, *e)
            ^ look_up(2, *f)
            ^ look_up(1, *g)
            ^ look_up(0, *h);
    }
    for byte in rest {
        let [low, ..] = crc.to_le_bytes();
        crc = crc >> 8 ^ look_up(0, low ^ byte);
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_of_the_standard() {
        // RFC 3720, appendix B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        let up: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&up), 0x46dd_794e);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    fn file(payloads: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        for payload in payloads {
            let length = (payload.len() as u64).to_le_bytes();
            out.extend_from_slice(&length);
            out.extend_from_slice(&masked(&length).to_le_bytes());
            out.extend_from_slice(payload);
            out.extend_from_slice(&masked(payload).to_le_bytes());
        }
        out
    }

    #[test]
    fn records_up_to_the_damage() {
        let whole = file(&[b"one", b"", b"three"]);
        let sound = |payload| Found::Record {
            payload,
            sound: true,
        };
        let all = [sound(12..15), sound(31..31), sound(47..52)];
        assert_eq!(records(&whole), all);
        for cut in 36..whole.len() {
            let found = records(whole.get(..cut).unwrap());
            assert_eq!(found.get(..2), all.get(..2));
            assert!(matches!(found.get(2), Some(Found::Broken { at: 35, .. })));
        }
        let mut flipped = whole.clone();
        *flipped.get_mut(13).unwrap() ^= 1;
        let damaged = Found::Record {
            payload: 12..15,
            sound: false,
        };
        assert_eq!(records(&flipped).first(), Some(&damaged));
        let mut length = whole;
        *length.get_mut(3).unwrap() ^= 1;
        assert!(matches!(
            records(&length).as_slice(),
            [Found::Broken { at: 0, .. }]
        ));
    }
}
