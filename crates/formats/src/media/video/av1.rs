//! AV1: open bitstream units, sequence headers and the beginning of frame headers. Source: AV1 Bitstream & Decoding
//! Process Specification, 5.3 to 5.9.

use super::bits::BitReader;
use super::{AccessUnit, Stream};

/// Reads a temporal unit.
pub(super) fn temporal_unit(data: &[u8], stream: &mut Stream, out: &mut AccessUnit) {
    let mut rest = data;
    if rest.is_empty() {
        return out.damage("no bytes at all");
    }
    while let Some((&head, behind)) = rest.split_first() {
        if head & 0x80 != 0 {
            return out.damage("the forbidden bit of a unit is set");
        }
        let behind = if head & 4 == 0 {
            behind
        } else {
            behind.get(1..).unwrap_or_default()
        };
        let (payload, next) = if head & 2 == 0 {
            (behind, &[][..])
        } else {
            let Some((size, behind)) = leb128(behind) else {
                return out.damage("the size of a unit is cut off");
            };
            let Some(split) = behind.split_at_checked(size) else {
                return out.damage("a unit is longer than the data");
            };
            split
        };
        match head >> 3 & 15 {
            1 => match sequence(payload) {
                Some((size, fps, reduced)) => {
                    out.sequence_sets += 1;
                    out.picture_sets += 1;
                    stream.define_sequence(0, size, fps);
                    stream.define_picture(0, 0, u32::from(reduced));
                }
                None => out.damage("a sequence header is cut off or impossible"),
            },
            2 => out.delimiters += 1,
            3 | 6 if frame(payload, stream, out).is_none() => {
                out.damage("a frame header is cut off");
            }
            _ => {}
        }
        rest = next;
    }
}

fn leb128(data: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (index, &byte) in data.iter().enumerate().take(8) {
        value |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, data.get(index + 1..)?));
        }
    }
    None
}

/// 5.9.2 up to the frame type.
fn frame(payload: &[u8], stream: &Stream, out: &mut AccessUnit) -> Option<()> {
    out.slices += 1;
    stream.resolve(0, out);
    if stream.extra_bits(0) == 1 {
        // A still picture without the first fields is a key frame.
        out.is_key = true;
        out.i_slices += 1;
        out.pictures += 1;
        return Some(());
    }
    let mut bits = BitReader::new(payload);
    if bits.flag()? {
        // Shows a frame that was decoded before.
        out.p_slices += 1;
        out.pictures += 1;
        return Some(());
    }
    let kind = bits.bits(2)?;
    let shown = bits.flag()?;
    out.pictures += u32::from(shown);
    match kind {
        0 => {
            out.is_key |= shown;
            out.i_slices += 1;
        }
        2 => out.i_slices += 1,
        _ => out.p_slices += 1,
    }
    Some(())
}

type Sequence = ((u32, u32), Option<f64>, bool);

/// 5.5: size, frame rate and whether frame headers are reduced.
fn sequence(payload: &[u8]) -> Option<Sequence> {
    let mut bits = BitReader::new(payload);
    let profile = bits.bits(3)?;
    if profile > 2 {
        return None;
    }
    bits.flag()?;
    let reduced = bits.flag()?;
    let mut fps = None;
    if reduced {
        bits.skip(5)?;
    } else {
        operating_points(&mut bits, &mut fps)?;
    }
    let (width_bits, height_bits) = (bits.bits(4)? + 1, bits.bits(4)? + 1);
    let width = bits.bits(width_bits)?.checked_add(1)?;
    let height = bits.bits(height_bits)?.checked_add(1)?;
    Some(((width, height), fps, reduced))
}

/// Timing and operating points; sets the frame rate where it is stated.
fn operating_points(bits: &mut BitReader<'_>, fps: &mut Option<f64>) -> Option<()> {
    let mut delay_bits = 0;
    let mut model = false;
    if bits.flag()? {
        let (tick, scale) = (bits.bits(32)?, bits.bits(32)?);
        let equal = bits.flag()?;
        let ticks = if equal {
            f64::from(bits.uvlc()?) + 1.0
        } else {
            1.0
        };
        if equal && tick > 0 && scale > 0 {
            *fps = Some(f64::from(scale) / f64::from(tick) / ticks);
        }
        model = bits.flag()?;
        if model {
            delay_bits = bits.bits(5)? + 1;
            bits.skip(32 + 10)?;
        }
    }
    let initial_delay = bits.flag()?;
    let points = bits.bits(5)?;
    for _ in 0..=points {
        bits.skip(12)?;
        if bits.bits(5)? > 7 {
            bits.flag()?;
        }
        if model && bits.flag()? {
            bits.skip(2 * delay_bits as usize + 1)?;
        }
        if initial_delay && bits.flag()? {
            bits.skip(4)?;
        }
    }
    Some(())
}
