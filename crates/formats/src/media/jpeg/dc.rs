//! An eighth of a JPEG from its DC coefficients: no inverse transform, no chroma.
//!
//! The mean of a block of 8 x 8 is its DC coefficient over 8. Of the other coefficients only the lengths of
//! their codes matter; a table passes several of them at once.

use super::super::error::MediaError;
use super::super::grey::GreyImage;
use super::entropy::{AcTable, Bits, DcTable};
use super::header::{Frame, Reader, Scan, Step};

/// Luma blocks of an image and what is known of them.
struct Blocks {
    columns: u32,
    rows: u32,
    dc: Vec<i32>,
}

/// Tables of one component of a scan and how its blocks lie in an MCU.
struct Part<'t> {
    luma: bool,
    horizontal: u32,
    vertical: u32,
    dc: Option<&'t DcTable>,
    ac: Option<&'t AcTable>,
    prediction: i32,
}

fn damaged(what: &str) -> MediaError {
    MediaError::damaged("jpeg", what)
}

/// Whether [`eighth`] can read such a frame: luma first, at full resolution.
pub(super) fn reads(frame: &Frame) -> bool {
    let Some(luma) = frame.components.first() else {
        return false;
    };
    let most = |of: fn(&super::header::Component) -> u32| {
        frame.components.iter().map(of).max().unwrap_or(1)
    };
    frame.bits == 8
        && luma.horizontal == most(|c| c.horizontal)
        && luma.vertical == most(|c| c.vertical)
}

/// Reads the luma of a file whose frame header has been read, at 1/8 of its size.
///
/// Equal to libjpeg's scale 1/8 (`jpeg_idct_1x1`). Source: ITU-T T.81, F.2 and G.2.
pub(super) fn eighth(reader: &mut Reader<'_>) -> Result<GreyImage, MediaError> {
    let frame = reader
        .frame
        .clone()
        .ok_or_else(|| damaged("no frame header"))?;
    let (columns, rows) = (frame.width.div_ceil(8), frame.height.div_ceil(8));
    let mut blocks = Blocks {
        columns,
        rows,
        dc: vec![0; columns as usize * rows as usize],
    };
    let mut seen = false;
    loop {
        match reader.step()? {
            Step::Frame => return Err(damaged("a second frame header")),
            Step::End if seen => break,
            Step::End => return Err(damaged("no scan with luma")),
            Step::Scan(scan) => {
                let luma = scan.components.iter().any(|c| c.index == 0);
                if !luma || scan.first != 0 {
                    reader.skip_to(scan.start);
                    continue;
                }
                if !reader.has_tables {
                    reader.define_standard();
                }
                let end = walk(reader, &frame, &scan, &mut blocks)?;
                reader.skip_to(end);
                seen = true;
                if !frame.progressive || scan.low == 0 {
                    break;
                }
            }
        }
    }
    let quantization = frame.components.first().map_or(0, |c| c.quantization);
    let step = reader.quantization.get(quantization).copied().flatten();
    let step = i32::from(step.ok_or_else(|| damaged("no quantization table for luma"))?);
    Ok(GreyImage {
        width: columns,
        height: rows,
        data: blocks.dc.iter().map(|&dc| level(dc, step)).collect(),
    })
}

/// `DESCALE(dc * step, 3) + 128`, clamped.
fn level(dc: i32, step: i32) -> u8 {
    let value = (dc.wrapping_mul(step).wrapping_add(4) >> 3).saturating_add(128);
    u8::try_from(value.clamp(0, 255)).unwrap_or(0)
}

/// Walks one scan and keeps the DC of luma; returns where its bits end.
fn walk(
    reader: &Reader<'_>,
    frame: &Frame,
    scan: &Scan,
    blocks: &mut Blocks,
) -> Result<usize, MediaError> {
    let mut parts = parts(reader, frame, scan)?;
    let alone = parts.len() == 1;
    let luma = parts.iter().find(|part| part.luma);
    let (across, down) = luma.map_or((1, 1), |part| (part.horizontal, part.vertical));
    let (columns, rows) = if alone {
        (blocks.columns, blocks.rows)
    } else {
        (blocks.columns.div_ceil(across), blocks.rows.div_ceil(down))
    };
    if alone {
        for part in &mut parts {
            (part.horizontal, part.vertical) = (1, 1);
        }
    }
    let mut bits = Bits::new(reader.data, scan.start);
    let mut until_restart = reader.restart_interval;
    for row in 0..rows {
        for column in 0..columns {
            if reader.restart_interval != 0 {
                if until_restart == 0 {
                    if bits.overran() || !bits.restart() {
                        return Err(early(row * columns + column, columns * rows));
                    }
                    for part in &mut parts {
                        part.prediction = 0;
                    }
                    until_restart = reader.restart_interval;
                }
                until_restart -= 1;
            }
            mcu(&mut bits, &mut parts, scan, blocks, (column, row))
                .ok_or_else(|| code(&bits, row * columns + column, columns * rows))?;
        }
        if bits.overran() {
            return Err(early((row + 1) * columns, columns * rows));
        }
    }
    Ok(bits.end())
}

fn early(done: u32, all: u32) -> MediaError {
    MediaError::damaged(
        "jpeg",
        format!("its bits end at block group {done} of {all}"),
    )
}

fn code(bits: &Bits<'_>, done: u32, all: u32) -> MediaError {
    if bits.overran() {
        return early(done, all);
    }
    MediaError::damaged(
        "jpeg",
        format!("a code that is none at block group {done} of {all}"),
    )
}

fn parts<'t>(
    reader: &'t Reader<'_>,
    frame: &Frame,
    scan: &Scan,
) -> Result<Vec<Part<'t>>, MediaError> {
    let mut parts = Vec::with_capacity(scan.components.len());
    for selected in &scan.components {
        let component = frame.components.get(selected.index);
        let component = component.ok_or_else(|| damaged("a scan of an unknown component"))?;
        let part = Part {
            luma: selected.index == 0,
            horizontal: component.horizontal,
            vertical: component.vertical,
            dc: reader.dc.get(selected.dc).and_then(Option::as_ref),
            ac: reader.ac.get(selected.ac).and_then(Option::as_ref),
            prediction: 0,
        };
        let refines = frame.progressive && scan.high != 0;
        if (part.dc.is_none() && !refines) || (part.ac.is_none() && !frame.progressive) {
            return Err(damaged("a scan needs a Huffman table that was not defined"));
        }
        // A progressive DC scan has no AC codes.
        parts.push(Part {
            ac: part.ac.filter(|_| !frame.progressive),
            dc: part.dc.filter(|_| !refines),
            ..part
        });
    }
    Ok(parts)
}

/// One group of blocks, at this column and row of groups.
#[inline]
fn mcu(
    bits: &mut Bits<'_>,
    parts: &mut [Part<'_>],
    scan: &Scan,
    blocks: &mut Blocks,
    at: (u32, u32),
) -> Option<()> {
    for part in parts {
        for v in 0..part.vertical {
            for h in 0..part.horizontal {
                let value = if let Some(dc) = part.dc {
                    part.prediction = part.prediction.wrapping_add(dc.read(bits)?);
                    part.prediction.wrapping_shl(u32::from(scan.low))
                } else {
                    i32::try_from(bits.bit() << scan.low).unwrap_or(0)
                };
                if let Some(ac) = part.ac {
                    ac.skip(bits)?;
                }
                let (x, y) = (at.0 * part.horizontal + h, at.1 * part.vertical + v);
                if part.luma && x < blocks.columns && y < blocks.rows {
                    let index = y as usize * blocks.columns as usize + x as usize;
                    if let Some(slot) = blocks.dc.get_mut(index) {
                        // A first pass sets, a refinement adds its bit.
                        *slot |= value;
                        if part.dc.is_some() {
                            *slot = value;
                        }
                    }
                }
            }
        }
    }
    Some(())
}
