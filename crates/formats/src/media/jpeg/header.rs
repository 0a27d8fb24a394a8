//! Markers of a JPEG file.

use super::super::error::MediaError;
use super::entropy::{AcTable, DcTable, next_marker};
use super::tables;

/// One component of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    pub(super) id: u8,
    pub(super) horizontal: u32,
    pub(super) vertical: u32,
    pub(super) quantization: usize,
}

/// What the frame header says.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) bits: u8,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
}

/// One component of a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanComponent {
    /// Position in the frame.
    pub(super) index: usize,
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// What a scan header says.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) components: Vec<ScanComponent>,
    pub(super) first: u8,
    pub(super) high: u8,
    pub(super) low: u8,
    /// Where its bits begin.
    pub(super) start: usize,
}

/// Everything read up to a scan.
pub(super) struct Reader<'a> {
    pub(super) data: &'a [u8],
    position: usize,
    pub(super) frame: Option<Frame>,
    /// The DC element of each quantization table.
    pub(super) quantization: [Option<u16>; 4],
    pub(super) dc: [Option<DcTable>; 4],
    pub(super) ac: [Option<AcTable>; 4],
    pub(super) restart_interval: u32,
    /// Whether any Huffman table was defined; without one the standard's are meant (Motion JPEG).
    pub(super) has_tables: bool,
    /// Color transform of an Adobe marker.
    pub(super) adobe: Option<u8>,
    pub(super) jfif: bool,
}

/// What comes next.
pub(super) enum Step {
    Frame,
    Scan(Scan),
    End,
}

fn damaged(what: &str) -> MediaError {
    MediaError::damaged("jpeg", what)
}

impl<'a> Reader<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            position: 2,
            frame: None,
            quantization: [None; 4],
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            restart_interval: 0,
            has_tables: false,
            adobe: None,
            jfif: false,
        }
    }

    /// Where reading goes on.
    pub(super) const fn position(&self) -> usize {
        self.position
    }

    /// Goes on behind the bits of a scan.
    pub(super) fn skip_to(&mut self, position: usize) {
        self.position = position;
    }

    /// Reads on to the frame header, the next scan or the end of the image.
    pub(super) fn step(&mut self) -> Result<Step, MediaError> {
        loop {
            let (marker, behind) = next_marker(self.data, self.position)
                .ok_or_else(|| MediaError::truncated("jpeg", "no end of image marker"))?;
            self.position = behind;
            match marker {
                0xD9 => return Ok(Step::End),
                0x01 | 0xD0..=0xD8 => continue,
                _ => {}
            }
            let segment = self.segment()?;
            match marker {
                0xC4 => self.huffman(segment)?,
                0xDB => self.quantization(segment)?,
                0xDD => {
                    if let [high, low, ..] = segment {
                        self.restart_interval = u32::from(u16::from_be_bytes([*high, *low]));
                    }
                }
                0xC0..=0xC2 => {
                    self.frame = Some(frame(segment, marker == 0xC2)?);
                    return Ok(Step::Frame);
                }
                0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                    return Err(MediaError::unsupported(format!(
                        "jpeg process {marker:#04x}"
                    )));
                }
                0xE0 => self.jfif |= segment.starts_with(b"JFIF"),
                0xEE if segment.starts_with(b"Adobe") => self.adobe = segment.get(11).copied(),
                0xDA => return Ok(Step::Scan(self.scan(segment)?)),
                _ => {}
            }
        }
    }

    /// The bytes of the segment here; the position moves behind it.
    fn segment(&mut self) -> Result<&'a [u8], MediaError> {
        let short = || MediaError::truncated("jpeg", "a segment ends early");
        let rest = self.data.get(self.position..).ok_or_else(short)?;
        let ([high, low], _) = rest.split_first_chunk::<2>().ok_or_else(short)?;
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let segment = rest.get(2..length.max(2)).ok_or_else(short)?;
        self.position += length.max(2);
        Ok(segment)
    }

    fn quantization(&mut self, mut segment: &[u8]) -> Result<(), MediaError> {
        while let Some((&head, rest)) = segment.split_first() {
            let wide = head >> 4 != 0;
            let size = if wide { 128 } else { 64 };
            let table = rest
                .get(..size)
                .ok_or_else(|| damaged("a quantization table is cut off"))?;
            let first = match (wide, table) {
                (true, [high, low, ..]) => u16::from_be_bytes([*high, *low]),
                (false, [first, ..]) => u16::from(*first),
                _ => 0,
            };
            let slot = self.quantization.get_mut(usize::from(head & 15));
            *slot.ok_or_else(|| damaged("a quantization table beyond the fourth"))? = Some(first);
            segment = rest.get(size..).unwrap_or_default();
        }
        Ok(())
    }

    fn huffman(&mut self, mut segment: &[u8]) -> Result<(), MediaError> {
        let wrong = || damaged("a Huffman table contradicts itself");
        self.has_tables = true;
        while let Some((&head, rest)) = segment.split_first() {
            let (counts, symbols) = rest.split_first_chunk::<16>().ok_or_else(wrong)?;
            let total: usize = counts.iter().map(|&c| usize::from(c)).sum();
            let codes = symbols.get(..total).ok_or_else(wrong)?;
            self.define(head, counts, codes).ok_or_else(wrong)?;
            segment = symbols.get(total..).unwrap_or_default();
        }
        Ok(())
    }

    fn define(&mut self, head: u8, counts: &[u8; 16], codes: &[u8]) -> Option<()> {
        let index = usize::from(head & 15);
        if head >> 4 == 0 {
            *self.dc.get_mut(index)? = Some(DcTable::new(counts, codes)?);
        } else {
            *self.ac.get_mut(index)? = Some(AcTable::new(counts, codes)?);
        }
        Some(())
    }

    /// Motion JPEG leaves the tables out and means those of the standard.
    pub(super) fn define_standard(&mut self) {
        for (head, codes) in tables::STANDARD {
            // The standard's tables are sound.
            let _ = self.define(head, &codes.counts, codes.symbols);
        }
    }

    fn scan(&self, segment: &[u8]) -> Result<Scan, MediaError> {
        let wrong = || damaged("a scan header contradicts the frame");
        let frame = self.frame.as_ref().ok_or_else(wrong)?;
        let (&count, rest) = segment.split_first().ok_or_else(wrong)?;
        let count = usize::from(count);
        let selectors = rest.get(..2 * count).ok_or_else(wrong)?;
        let mut components = Vec::with_capacity(count);
        for [id, table] in selectors.as_chunks::<2>().0 {
            let index = frame.components.iter().position(|c| c.id == *id);
            components.push(ScanComponent {
                index: index.ok_or_else(wrong)?,
                dc: usize::from(table >> 4),
                ac: usize::from(table & 15),
            });
        }
        let [first, _, approximation] = *rest
            .get(2 * count..)
            .and_then(<[u8]>::first_chunk::<3>)
            .ok_or_else(wrong)?;
        if components.is_empty() || components.len() > 4 {
            return Err(wrong());
        }
        Ok(Scan {
            components,
            first,
            high: approximation >> 4,
            low: approximation & 15,
            start: self.position,
        })
    }
}

fn frame(segment: &[u8], progressive: bool) -> Result<Frame, MediaError> {
    let wrong = || damaged("the frame header is cut off");
    let ([bits, h1, h0, w1, w0, count], rest) =
        segment.split_first_chunk::<6>().ok_or_else(wrong)?;
    let selectors = rest.get(..3 * usize::from(*count)).ok_or_else(wrong)?;
    let mut components = Vec::with_capacity(usize::from(*count));
    for [id, sampling, quantization] in selectors.as_chunks::<3>().0 {
        let (horizontal, vertical) = (u32::from(sampling >> 4), u32::from(sampling & 15));
        if !(1..=4).contains(&horizontal) || !(1..=4).contains(&vertical) {
            return Err(damaged("a sampling factor is not in 1 to 4"));
        }
        components.push(Component {
            id: *id,
            horizontal,
            vertical,
            quantization: usize::from(*quantization),
        });
    }
    let (width, height) = (
        u32::from(u16::from_be_bytes([*w1, *w0])),
        u32::from(u16::from_be_bytes([*h1, *h0])),
    );
    if width == 0 || height == 0 || components.is_empty() {
        return Err(damaged("the frame header gives no size"));
    }
    Ok(Frame {
        width,
        height,
        bits: *bits,
        progressive,
        components,
    })
}
