//! H.265: NAL units, parameter sets and the beginning of slice segment headers. Source: ITU-T H.265, 7.3 and annex E.

use super::bits::{BitReader, unescaped};
use super::{AccessUnit, Stream};

/// Reads one NAL unit into what is known of its access unit.
pub(super) fn unit(nal: &[u8], stream: &mut Stream, out: &mut AccessUnit) {
    let &[head, layer, ..] = nal else {
        return out.damage("a NAL unit shorter than its header");
    };
    if head & 0x80 != 0 || layer.trailing_zeros() >= 3 {
        return out.damage("the forbidden bit of a NAL unit is set");
    }
    // Layers above the base one are not looked at.
    if head & 1 != 0 || layer >> 3 != 0 {
        return;
    }
    match head >> 1 & 63 {
        kind @ (0..=9 | 16..=21) if slice(nal, kind, stream, out).is_none() => {
            out.damage("a slice header is cut off or impossible");
        }
        32 => out.video_sets += 1,
        33 => match parameters(&unescaped(nal)) {
            Some((id, size, fps)) => {
                out.sequence_sets += 1;
                stream.define_sequence(id, size, fps);
            }
            None => out.damage("a sequence parameter set is cut off or impossible"),
        },
        34 => match picture(&unescaped(nal)) {
            Some((id, sequence, extra)) => {
                out.picture_sets += 1;
                stream.define_picture(id, sequence, extra);
            }
            None => out.damage("a picture parameter set is cut off or impossible"),
        },
        35 => out.delimiters += 1,
        _ => {}
    }
}

/// Only the first segment of a picture is read: those behind it need more of the parameter sets.
fn slice(nal: &[u8], kind: u8, stream: &Stream, out: &mut AccessUnit) -> Option<()> {
    let header = unescaped(nal.get(..nal.len().min(64))?);
    let mut bits = BitReader::new(&header);
    bits.skip(16)?;
    let first = bits.flag()?;
    // IRAP pictures: BLA 16 to 18, IDR 19 and 20, CRA 21.
    let random_access = kind >= 16;
    if random_access {
        bits.flag()?;
    }
    let set = bits.ue()?;
    if set > 63 {
        return None;
    }
    out.slices += 1;
    out.is_key |= random_access;
    stream.resolve(set, out);
    if !first {
        return Some(());
    }
    out.pictures += 1;
    bits.skip(stream.extra_bits(set) as usize)?;
    match bits.ue()? {
        0 => out.b_slices += 1,
        1 => out.p_slices += 1,
        2 => out.i_slices += 1,
        _ => return None,
    }
    Some(())
}

/// Identity, sequence and number of extra slice header bits of a picture parameter set.
fn picture(rbsp: &[u8]) -> Option<(u32, u32, u32)> {
    let mut bits = BitReader::new(rbsp);
    bits.skip(16)?;
    let (id, sequence) = (bits.ue()?, bits.ue()?);
    bits.skip(2)?;
    let extra = bits.bits(3)?;
    (id < 64 && sequence < 16).then_some((id, sequence, extra))
}

/// Identity, size in pixels and frame rate of a sequence parameter set.
fn parameters(rbsp: &[u8]) -> Option<(u32, (u32, u32), Option<f64>)> {
    let mut bits = BitReader::new(rbsp);
    bits.skip(16 + 4)?;
    let layers = bits.bits(3)?;
    bits.flag()?;
    tiers(&mut bits, layers)?;
    let id = bits.ue()?;
    let chroma = bits.ue()?;
    if chroma == 3 {
        bits.flag()?;
    }
    let (mut width, mut height) = (bits.ue()?, bits.ue()?);
    if bits.flag()? {
        let unit_x = if chroma == 1 || chroma == 2 { 2 } else { 1 };
        let unit_y = if chroma == 1 { 2 } else { 1 };
        let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
        width = width.checked_sub(left.checked_add(right)?.checked_mul(unit_x)?)?;
        height = height.checked_sub(top.checked_add(bottom)?.checked_mul(unit_y)?)?;
    }
    if id > 15 || chroma > 3 || width == 0 || height == 0 || width > 65535 || height > 65535 {
        return None;
    }
    // What is behind may be more than is understood here; the size stands without it.
    Some((id, (width, height), usability(&mut bits, layers)))
}

/// Profile, tier and level (7.3.3); only its length matters.
fn tiers(bits: &mut BitReader<'_>, layers: u32) -> Option<()> {
    bits.skip(88 + 8)?;
    let mut present = Vec::new();
    for _ in 0..layers {
        present.push((bits.flag()?, bits.flag()?));
    }
    if layers > 0 {
        bits.skip(2 * (8 - layers as usize))?;
    }
    for (profile, level) in present {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
    }
    Some(())
}

/// Skips to the usability information and reads its frame rate, where it has one and all before it is understood.
fn usability(bits: &mut BitReader<'_>, layers: u32) -> Option<f64> {
    bits.ue()?;
    bits.ue()?;
    let order_bits = bits.ue()?.checked_add(4)?;
    let all_layers = bits.flag()?;
    for _ in 0..=if all_layers { layers } else { 0 } {
        bits.ue()?;
        bits.ue()?;
        bits.ue()?;
    }
    for _ in 0..6 {
        bits.ue()?;
    }
    if bits.flag()? && bits.flag()? {
        scaling_lists(bits)?;
    }
    bits.skip(2)?;
    if bits.flag()? {
        bits.skip(8)?;
        bits.ue()?;
        bits.ue()?;
        bits.flag()?;
    }
    reference_sets(bits)?;
    if bits.flag()? {
        for _ in 0..bits.ue()?.min(33) {
            bits.skip(order_bits as usize + 1)?;
        }
    }
    bits.skip(2)?;
    if !bits.flag()? {
        return None;
    }
    timing(bits)
}

fn scaling_lists(bits: &mut BitReader<'_>) -> Option<()> {
    for size in 0..4_u32 {
        let step = if size == 3 { 3 } else { 1 };
        for _ in (0..6).step_by(step) {
            if bits.flag()? {
                if size > 1 {
                    bits.se()?;
                }
                for _ in 0..(1_u32 << (4 + 2 * size)).min(64) {
                    bits.se()?;
                }
            } else {
                bits.ue()?;
            }
        }
    }
    Some(())
}

/// Short-term reference picture sets (7.3.7).
fn reference_sets(bits: &mut BitReader<'_>) -> Option<()> {
    let count = bits.ue()?;
    if count > 64 {
        return None;
    }
    let mut before = 0_u32;
    for index in 0..count {
        if index > 0 && bits.flag()? {
            bits.flag()?;
            bits.ue()?;
            let mut pictures = 0;
            for _ in 0..=before {
                // A picture that is not used now may be kept for later ones.
                if bits.flag()? || bits.flag()? {
                    pictures += 1;
                }
            }
            before = pictures;
        } else {
            let (negative, positive) = (bits.ue()?, bits.ue()?);
            if negative > 16 || positive > 16 {
                return None;
            }
            for _ in 0..negative + positive {
                bits.ue()?;
                bits.flag()?;
            }
            before = negative + positive;
        }
    }
    Some(())
}

/// E.2.1 up to the frame rate.
fn timing(bits: &mut BitReader<'_>) -> Option<f64> {
    bits.skip_picture_properties()?;
    bits.skip(3)?;
    if bits.flag()? {
        for _ in 0..4 {
            bits.ue()?;
        }
    }
    if !bits.flag()? {
        return None;
    }
    let (tick, scale) = (bits.bits(32)?, bits.bits(32)?);
    (tick > 0 && scale > 0).then(|| f64::from(scale) / f64::from(tick))
}
