//! Bits and Huffman codes of JPEG.

/// Bits looked up at once.
const PEEK: u32 = 12;

/// A stream of bits with stuffed zeros removed, that ends at the first marker.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    position: usize,
    /// The next ones, highest first.
    window: u64,
    /// How many of them count.
    count: u32,
    /// How many bits were made up behind the end.
    padding: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(data: &'a [u8], position: usize) -> Self {
        Self {
            data,
            position,
            window: 0,
            count: 0,
            padding: 0,
        }
    }

    /// Where the marker is that ends the bits, or the end of the data.
    pub(super) fn end(&self) -> usize {
        self.position
    }

    /// Whether bits were read that are not there.
    pub(super) fn overran(&self) -> bool {
        self.padding > self.count
    }

    /// Makes at least 56 bits available.
    fn refill(&mut self) {
        if let Some((bytes, _)) = self
            .data
            .get(self.position..)
            .and_then(<[u8]>::split_first_chunk::<8>)
        {
            let word = u64::from_be_bytes(*bytes);
            // A byte of 0xFF is a zero byte of the complement.
            let inverse = !word;
            let marker =
                inverse.wrapping_sub(0x0101_0101_0101_0101) & !inverse & 0x8080_8080_8080_8080;
            if marker == 0 {
                self.window |= word >> self.count;
                self.position += ((63 - self.count) >> 3) as usize;
                self.count |= 0x38;
                return;
            }
        }
        while self.count <= 56 {
            let byte = match (
                self.data.get(self.position),
                self.data.get(self.position + 1),
            ) {
                (Some(0xFF), Some(0)) => {
                    self.position += 2;
                    0xFF
                }
                (Some(0xFF) | None, _) => {
                    self.padding += 8;
                    0
                }
                (Some(&byte), _) => {
                    self.position += 1;
                    byte
                }
            };
            self.window |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    fn ensure(&mut self) {
        if self.count < 32 {
            self.refill();
        }
    }

    fn consume(&mut self, count: u32) {
        self.window <<= count;
        self.count -= count;
    }

    /// One bit.
    pub(super) fn bit(&mut self) -> u32 {
        self.ensure();
        let bit = u32::from(self.window >> 63 == 1);
        self.consume(1);
        bit
    }

    /// The next 16 bits, not consumed.
    fn peek16(&self) -> u16 {
        let [high, low, ..] = self.window.to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    fn peek(&self) -> usize {
        // Not through a narrower word: so the compiler sees that it lies within a table.
        usize::try_from(self.window >> (64 - PEEK)).unwrap_or(0)
    }

    /// Goes on behind the marker that ends these bits, if it is one of the eight restart markers.
    pub(super) fn restart(&mut self) -> bool {
        let found = next_marker(self.data, self.position);
        if let Some((marker @ 0xD0..=0xD7, behind)) = found {
            debug_assert!(marker >= 0xD0);
            *self = Self::new(self.data, behind);
            return true;
        }
        false
    }
}

/// The next marker that is not a stuffed byte or a fill byte, and the position behind it.
pub(super) fn next_marker(data: &[u8], from: usize) -> Option<(u8, usize)> {
    let mut position = from;
    loop {
        let offset = data.get(position..)?.iter().position(|&b| b == 0xFF)?;
        position += offset + 1;
        match data.get(position) {
            None => return None,
            Some(0 | 0xFF) => {}
            Some(&marker) => return Some((marker, position + 1)),
        }
    }
}

/// Canonical codes: for each length the first code behind it, and where its symbols begin.
#[derive(Clone)]
struct Canonical {
    /// Left-aligned in 16 bits: codes of this length are below; and the offset from code to symbol.
    limits: [(u32, i32); 16],
    symbols: Vec<u8>,
}

impl Canonical {
    fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut limits = [(0_u32, 0_i32); 16];
        let mut code = 0_u32;
        let mut used = 0_u32;
        for (length, (limit, &count)) in (1_u32..).zip(limits.iter_mut().zip(counts)) {
            let offset = i32::try_from(used).ok()? - i32::try_from(code).ok()?;
            code += u32::from(count);
            used += u32::from(count);
            if code > 1 << length {
                return None;
            }
            *limit = (code << (16 - length), offset);
            code <<= 1;
        }
        if used as usize > symbols.len() {
            return None;
        }
        Some(Self {
            limits,
            symbols: symbols.to_vec(),
        })
    }

    /// Symbol and length of the code these 16 bits begin with.
    fn find(&self, bits: u16) -> Option<(u8, u32)> {
        for (length, &(limit, offset)) in (1_u32..).zip(&self.limits) {
            if u32::from(bits) < limit {
                let code = i32::from(bits >> (16 - length));
                let index = usize::try_from(code + offset).ok()?;
                return Some((*self.symbols.get(index)?, length));
            }
        }
        None
    }
}

/// Codes of DC differences.
#[derive(Clone)]
pub(super) struct DcTable {
    canonical: Canonical,
    /// Length and symbol; a length of 0 where the code is longer.
    fast: Vec<(u8, u8)>,
}

impl DcTable {
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let canonical = Canonical::new(counts, symbols)?;
        let fast = singles(counts, symbols);
        Some(Self { canonical, fast })
    }

    /// Reads a difference; none for a code that is none.
    #[inline]
    pub(super) fn read(&self, bits: &mut Bits<'_>) -> Option<i32> {
        bits.ensure();
        let (mut length, mut category) = self.fast.get(bits.peek()).copied().unwrap_or_default();
        if length == 0 {
            let (symbol, long) = self.canonical.find(bits.peek16())?;
            (length, category) = (u8::try_from(long).ok()?, symbol);
        }
        if category > 15 {
            return None;
        }
        bits.consume(u32::from(length));
        if category == 0 {
            return Some(0);
        }
        let value = i32::from(bits.peek16() >> (16 - category));
        bits.consume(u32::from(category));
        // T.81, F.2.2.1 EXTEND.
        Some(if value < 1 << (category - 1) {
            value - (1 << category) + 1
        } else {
            value
        })
    }
}

/// Length and symbol of the code each prefix of [`PEEK`] bits begins with; a length of 0 where it is longer.
fn singles(counts: &[u8; 16], symbols: &[u8]) -> Vec<(u8, u8)> {
    let mut table = Vec::with_capacity(1 << PEEK);
    let mut symbols = symbols.iter();
    for (length, &count) in (1_u8..).zip(counts) {
        if u32::from(length) > PEEK {
            break;
        }
        // Canonical codes rise with their length, so their prefixes fill the table in order.
        for &symbol in symbols.by_ref().take(usize::from(count)) {
            let span = 1_usize << (PEEK - u32::from(length));
            table.resize(table.len() + span, (length, symbol));
        }
    }
    table.resize(1 << PEEK, (0, 0));
    table
}

/// What a prefix of AC codes stands for: as many whole codes as fit, the bits behind the last included. In one word, as it
/// is read once for every few bits of a file.
#[derive(Clone, Copy, Default)]
struct Skip(u16);

impl Skip {
    fn new(bits: u32, coefficients: u32, end: bool) -> Self {
        let word = bits << 8 | u32::from(end) << 7 | coefficients.min(0x7F);
        Self(u16::try_from(word).unwrap_or(0))
    }

    /// Bits to skip; 0 where not even the first code fits.
    fn bits(self) -> u32 {
        u32::from(self.0 >> 8)
    }

    /// Coefficients passed, at most 127: more than there are.
    fn coefficients(self) -> u32 {
        u32::from(self.0 & 0x7F)
    }

    /// Whether the block ends here.
    fn end(self) -> bool {
        self.0 & 0x80 != 0
    }
}

/// Codes of AC coefficients, for skipping them.
#[derive(Clone)]
pub(super) struct AcTable {
    canonical: Canonical,
    fast: Box<[Skip; 1 << PEEK]>,
}

/// One code: bits to skip, coefficients passed, whether the block ends.
fn skip_of(symbol: u8, length: u32) -> (u32, u32, bool) {
    let run = u32::from(symbol >> 4);
    let size = u32::from(symbol & 15);
    match (run, size) {
        (15, 0) => (length, 16, false),
        (_, 0) => (length, 0, true),
        _ => (length + size, run + 1, false),
    }
}

impl AcTable {
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let canonical = Canonical::new(counts, symbols)?;
        let singles = singles(counts, symbols);
        let mut fast = Box::new([Skip::default(); 1 << PEEK]);
        for (prefix, skip) in fast.iter_mut().enumerate() {
            *skip = pack(&singles, prefix);
        }
        Some(Self { canonical, fast })
    }

    /// Passes the 63 coefficients of a block; none for codes that are none or coefficients that do not fit.
    #[inline]
    pub(super) fn skip(&self, bits: &mut Bits<'_>) -> Option<()> {
        let mut passed = 0_u32;
        while passed < 63 {
            bits.ensure();
            let skip = self.fast.get(bits.peek()).copied().unwrap_or_default();
            let behind = passed + skip.coefficients();
            // Where the coefficients are complete the next code is already another block's.
            if skip.bits() != 0 && behind + u32::from(skip.end()) <= 63 {
                bits.consume(skip.bits());
                if skip.end() {
                    return Some(());
                }
                passed = behind;
                continue;
            }
            let (symbol, length) = self.canonical.find(bits.peek16())?;
            let (count, coefficients, end) = skip_of(symbol, length);
            bits.consume(count);
            if end {
                return Some(());
            }
            passed += coefficients;
        }
        (passed == 63).then_some(())
    }
}

fn pack(singles: &[(u8, u8)], prefix: usize) -> Skip {
    let (mut used, mut passed) = (0, 0);
    while used < PEEK {
        // Zeros are shifted in; a code that would need them is not taken.
        let rest = (prefix << used) & ((1 << PEEK) - 1);
        let (length, symbol) = singles.get(rest).copied().unwrap_or_default();
        let length = u32::from(length);
        if length == 0 || used + length > PEEK {
            break;
        }
        let (count, coefficients, end) = skip_of(symbol, length);
        used += count;
        passed += coefficients;
        if end {
            return Skip::new(used, passed, true);
        }
    }
    Skip::new(used, passed, false)
}
