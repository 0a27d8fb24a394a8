//! The members of a ZIP archive, as `numpy.savez` writes it.
//!
//! Source: PKWARE APPNOTE 6.3, 4.3; stored and deflated members, sizes below 4 GiB.

use std::io::Read as _;

/// Names and contents of the members, unpacked to `limit` bytes at most in all.
pub(super) fn members(bytes: &[u8], limit: u64) -> Result<Vec<(String, Vec<u8>)>, String> {
    let cut = || "it is cut off or no ZIP archive".to_owned();
    // The end record stands behind the directory, before a comment of up to 65,535 bytes.
    let tail = bytes.len().saturating_sub(22 + 65_535);
    let end = bytes
        .get(tail..)
        .and_then(|rest| rest.windows(4).rposition(|mark| mark == b"PK\x05\x06"))
        .ok_or_else(cut)?;
    let end = bytes.get(tail + end..).ok_or_else(cut)?;
    let count = short(end, 10).ok_or_else(cut)?;
    let mut at = word(end, 16).ok_or_else(cut)?;
    let mut left = limit;
    let mut out = Vec::new();
    for _ in 0..count {
        let entry = bytes
            .get(at..)
            .filter(|e| e.starts_with(b"PK\x01\x02"))
            .ok_or_else(cut)?;
        let field = |at: usize| short(entry, at).ok_or_else(cut);
        let (method, name) = (field(10)?, field(28)?);
        let (packed, unpacked) = (
            word(entry, 20).ok_or_else(cut)?,
            word(entry, 24).ok_or_else(cut)?,
        );
        let local = word(entry, 42).ok_or_else(cut)?;
        let text = entry.get(46..46 + name).ok_or_else(cut)?;
        let content = content(bytes, local, packed).ok_or_else(cut)?;
        left = left
            .checked_sub(unpacked as u64)
            .ok_or_else(|| format!("it claims more than `{limit}` bytes unpacked"))?;
        let content = match method {
            0 => content.to_vec(),
            8 => {
                let mut plain = Vec::new();
                let reader = flate2::read::DeflateDecoder::new(content);
                let mut reader = reader.take(unpacked as u64);
                reader
                    .read_to_end(&mut plain)
                    .map_err(|error| error.to_string())?;
                plain
            }
            other => {
                return Err(format!(
                    "a member is packed by method {other}, which is not read"
                ));
            }
        };
        out.push((String::from_utf8_lossy(text).into_owned(), content));
        at += 46 + name + field(30)? + field(32)?;
    }
    Ok(out)
}

/// The packed bytes behind a local header.
fn content(bytes: &[u8], local: usize, packed: usize) -> Option<&[u8]> {
    let header = bytes
        .get(local..)
        .filter(|h| h.starts_with(b"PK\x03\x04"))?;
    let start = 30 + short(header, 26)? + short(header, 28)?;
    header.get(start..)?.get(..packed)
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    let two = bytes.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_le_bytes(*two)))
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*four)).ok()
}
