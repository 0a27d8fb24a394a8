//! Bits of headers.

/// Bytes of a header that are looked at: longer than any sequence parameter set in the field.
const HEADER_BYTES: usize = 1024;

/// The beginning of a NAL unit without the bytes that keep start codes out of it (H.264, 7.4.1; H.265, 7.4.2).
pub(super) fn unescaped(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len().min(HEADER_BYTES));
    let mut zeros = 0;
    for &byte in nal.iter().take(HEADER_BYTES) {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// Reads bits, highest first; `None` behind the end.
#[derive(Clone)]
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0 }
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        let byte = *self.data.get(self.position / 8)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Some(bit == 1)
    }

    /// At most 32 bits.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0_u32;
        for _ in 0..count.min(32) {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }

    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        self.position = self.position.checked_add(count)?;
        (self.position <= self.data.len().saturating_mul(8)).then_some(())
    }

    /// Unsigned Exp-Golomb (H.264, 9.1).
    pub(super) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1_u32 << zeros) - 1 + self.bits(zeros)?)
    }

    /// Signed Exp-Golomb (H.264, 9.1.1).
    pub(super) fn se(&mut self) -> Option<i64> {
        let code = i64::from(self.ue()?);
        Some(if code % 2 == 1 {
            (code + 1) / 2
        } else {
            -(code / 2)
        })
    }

    /// Skips what the usability information of H.264 (E.1.1) and H.265 (E.2.1) says in the same words before they
    /// part: aspect ratio, overscan, video signal and chroma location.
    pub(super) fn skip_picture_properties(&mut self) -> Option<()> {
        if self.flag()? && self.bits(8)? == 255 {
            self.skip(32)?;
        }
        if self.flag()? {
            self.flag()?;
        }
        if self.flag()? {
            self.skip(4)?;
            if self.flag()? {
                self.skip(24)?;
            }
        }
        if self.flag()? {
            self.ue()?;
            self.ue()?;
        }
        Some(())
    }

    /// Variable-length unsigned number of AV1 (4.10.3).
    pub(super) fn uvlc(&mut self) -> Option<u32> {
        self.ue()
    }
}

/// NAL units between start codes (annex B), trailing zeros cut off.
pub(super) fn annex_b(data: &[u8]) -> Vec<&[u8]> {
    let mut units = Vec::new();
    let mut begin: Option<usize> = None;
    let mut at = 0;
    while let Some(&[first, second, third]) = data.get(at..).and_then(<[u8]>::first_chunk::<3>) {
        // Most bytes are above 1, so most steps are three bytes long.
        if third > 1 {
            at += 3;
        } else if (first, second, third) == (0, 0, 1) {
            if let Some(begin) = begin {
                units.push(trimmed(data.get(begin..at).unwrap_or_default()));
            }
            at += 3;
            begin = Some(at);
        } else {
            at += 1;
        }
    }
    if let Some(begin) = begin {
        units.push(trimmed(data.get(begin..).unwrap_or_default()));
    }
    units
}

/// Zeros behind a unit belong to the next start code.
fn trimmed(unit: &[u8]) -> &[u8] {
    let end = unit
        .iter()
        .rposition(|&b| b != 0)
        .map_or(0, |last| last + 1);
    unit.get(..end).unwrap_or_default()
}

/// NAL units behind their lengths (as in MP4), and whether the lengths fill the data.
pub(super) fn length_prefixed(data: &[u8], length_bytes: usize) -> (Vec<&[u8]>, bool) {
    let mut units = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let Some((length, behind)) = rest.split_at_checked(length_bytes) else {
            return (units, false);
        };
        let length = length
            .iter()
            .fold(0_usize, |sum, &b| sum << 8 | usize::from(b));
        let Some((unit, behind)) = behind.split_at_checked(length) else {
            units.push(behind);
            return (units, false);
        };
        units.push(unit);
        rest = behind;
    }
    (units, true)
}
