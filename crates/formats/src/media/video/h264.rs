//! H.264: NAL units, sequence parameter sets and the beginning of slice headers. Source: ITU-T H.264, 7.3 and annex E.

use super::bits::{BitReader, unescaped};
use super::{AccessUnit, Stream};

/// Profiles with chroma format, bit depth and scaling lists (7.3.2.1.1).
const HIGH_PROFILES: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// Reads one NAL unit into what is known of its access unit.
pub(super) fn unit(nal: &[u8], stream: &mut Stream, out: &mut AccessUnit) {
    let Some((&head, _)) = nal.split_first() else {
        return out.damage("an empty NAL unit");
    };
    if head & 0x80 != 0 {
        return out.damage("the forbidden bit of a NAL unit is set");
    }
    match head & 31 {
        kind @ (1 | 2 | 5) if slice(nal, kind == 5, stream, out).is_none() => {
            out.damage("a slice header is cut off or impossible");
        }
        7 => match parameters(&unescaped(nal)) {
            Some((id, size, fps)) => {
                out.sequence_sets += 1;
                stream.define_sequence(id, size, fps);
            }
            None => out.damage("a sequence parameter set is cut off or impossible"),
        },
        8 => match picture(&unescaped(nal)) {
            Some((id, sequence)) => {
                out.picture_sets += 1;
                stream.define_picture(id, sequence, 0);
            }
            None => out.damage("a picture parameter set is cut off or impossible"),
        },
        9 => out.delimiters += 1,
        0 | 24..=31 => out.damage("a NAL unit of no type"),
        _ => {}
    }
}

fn slice(nal: &[u8], idr: bool, stream: &Stream, out: &mut AccessUnit) -> Option<()> {
    let header = unescaped(nal.get(..nal.len().min(64))?);
    let mut bits = BitReader::new(&header);
    bits.skip(8)?;
    let first = bits.ue()?;
    let kind = bits.ue()?;
    let set = bits.ue()?;
    if kind > 9 || set > 255 {
        return None;
    }
    out.slices += 1;
    if first == 0 {
        out.pictures += 1;
    }
    // 0 P, 1 B, 2 I, 3 SP, 4 SI, and the same again where all slices of the picture agree.
    match kind % 5 {
        1 => out.b_slices += 1,
        2 | 4 => out.i_slices += 1,
        _ => out.p_slices += 1,
    }
    out.is_key |= idr;
    stream.resolve(set, out);
    Some(())
}

fn picture(rbsp: &[u8]) -> Option<(u32, u32)> {
    let mut bits = BitReader::new(rbsp);
    bits.skip(8)?;
    let (id, sequence) = (bits.ue()?, bits.ue()?);
    (id < 256 && sequence < 32).then_some((id, sequence))
}

fn scaling_list(bits: &mut BitReader<'_>, size: usize) -> Option<()> {
    let (mut last, mut next) = (8_i64, 8_i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.se()? + 256) % 256;
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

/// Identity, size in pixels and frame rate of a sequence parameter set.
fn parameters(rbsp: &[u8]) -> Option<(u32, (u32, u32), Option<f64>)> {
    let mut bits = BitReader::new(rbsp);
    bits.skip(8)?;
    let profile = bits.bits(8)?;
    bits.skip(16)?;
    let id = bits.ue()?;
    let mut chroma = 1;
    if HIGH_PROFILES.contains(&profile) {
        chroma = bits.ue()?;
        if chroma == 3 {
            bits.flag()?;
        }
        bits.ue()?;
        bits.ue()?;
        bits.flag()?;
        if bits.flag()? {
            for index in 0..if chroma == 3 { 12 } else { 8 } {
                if bits.flag()? {
                    scaling_list(&mut bits, if index < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.ue()?;
    order_counts(&mut bits)?;
    bits.ue()?;
    bits.flag()?;
    let columns = bits.ue()?.checked_add(1)?;
    let rows = bits.ue()?.checked_add(1)?;
    let frames_only = bits.flag()?;
    if !frames_only {
        bits.flag()?;
    }
    bits.flag()?;
    let fields = if frames_only { 1 } else { 2 };
    let (mut width, mut height) = (
        columns.checked_mul(16)?,
        rows.checked_mul(16)?.checked_mul(fields)?,
    );
    if bits.flag()? {
        let unit_x = if chroma == 1 || chroma == 2 { 2 } else { 1 };
        let unit_y = if chroma == 1 { 2 } else { 1 } * fields;
        let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
        width = width.checked_sub(left.checked_add(right)?.checked_mul(unit_x)?)?;
        height = height.checked_sub(top.checked_add(bottom)?.checked_mul(unit_y)?)?;
    }
    if id > 31 || chroma > 3 || width == 0 || height == 0 {
        return None;
    }
    let fps = if bits.flag()? {
        timing(&mut bits)
    } else {
        None
    };
    Some((id, (width, height), fps))
}

/// How pictures are ordered; only its length matters.
fn order_counts(bits: &mut BitReader<'_>) -> Option<()> {
    match bits.ue()? {
        0 => {
            bits.ue()?;
        }
        1 => {
            bits.flag()?;
            bits.se()?;
            bits.se()?;
            let count = bits.ue()?;
            if count > 255 {
                return None;
            }
            for _ in 0..count {
                bits.se()?;
            }
        }
        2 => {}
        _ => return None,
    }
    Some(())
}

/// Frame rate of the usability information (annex E), where it has one.
fn timing(bits: &mut BitReader<'_>) -> Option<f64> {
    bits.skip_picture_properties()?;
    if !bits.flag()? {
        return None;
    }
    let (tick, scale) = (bits.bits(32)?, bits.bits(32)?);
    // Ticks count fields, of which a frame has two.
    (tick > 0 && scale > 0).then(|| f64::from(scale) / (2.0 * f64::from(tick)))
}
