//! Writes CDR payloads, little endian, as ROS 2 middleware does (OMG CDR, XCDR1 alignment).
//!
//! Alignment counts from the byte after the four of the encapsulation.

/// Appends fields to a payload.
#[derive(Debug)]
pub struct CdrWriter<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> CdrWriter<'a> {
    /// Starts a payload in `out`, which is cleared; the encapsulation says little-endian CDR.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        out.clear();
        out.extend_from_slice(&[0, 1, 0, 0]);
        Self { out }
    }

    fn align(&mut self, size: usize) {
        while !(self.out.len().saturating_sub(4)).is_multiple_of(size) {
            self.out.push(0);
        }
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    /// One byte, signed.
    pub fn i8(&mut self, value: i8) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Two bytes, aligned.
    pub fn u16(&mut self, value: u16) {
        self.align(2);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Four bytes, aligned.
    pub fn u32(&mut self, value: u32) {
        self.align(4);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Four bytes, aligned, signed.
    pub fn i32(&mut self, value: i32) {
        self.align(4);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Single precision.
    pub fn f32(&mut self, value: f32) {
        self.align(4);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Double precision.
    pub fn f64(&mut self, value: f64) {
        self.align(8);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Eight bytes, aligned, signed.
    pub fn i64(&mut self, value: i64) {
        self.align(8);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) {
        self.out.push(u8::from(value));
    }

    /// A sequence of bytes: count, bytes.
    pub fn byte_sequence(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.out.extend_from_slice(bytes);
    }

    /// A sequence of doubles: count, values.
    pub fn f64_sequence(&mut self, values: &[f64]) {
        self.count(values.len());
        self.f64s(values);
    }

    /// A sequence of singles: count, values.
    pub fn f32_sequence(&mut self, values: &[f32]) {
        self.count(values.len());
        for value in values {
            self.f32(*value);
        }
    }

    /// A fixed array.
    pub fn f64s(&mut self, values: &[f64]) {
        for value in values {
            self.f64(*value);
        }
    }

    /// A fixed array with the given diagonal and zeros elsewhere.
    pub fn diagonal(&mut self, diagonal: &[f64]) {
        for (row, value) in diagonal.iter().enumerate() {
            for column in 0..diagonal.len() {
                self.f64(if column == row { *value } else { 0.0 });
            }
        }
    }

    /// The count of a sequence or string; longer ones than `u32` do not occur here.
    pub fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// A string: count with the closing zero, bytes, zero.
    pub fn string(&mut self, text: &str) {
        self.count(text.len() + 1);
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(0);
    }

    /// `builtin_interfaces/Time`; seconds beyond `i32` saturate.
    pub fn time(&mut self, stamp_ns: i64) {
        let seconds = stamp_ns.div_euclid(1_000_000_000);
        let limit = if seconds < 0 { i32::MIN } else { i32::MAX };
        self.i32(i32::try_from(seconds).unwrap_or(limit));
        self.u32(u32::try_from(stamp_ns.rem_euclid(1_000_000_000)).unwrap_or(0));
    }

    /// `std_msgs/Header`.
    pub fn header(&mut self, stamp_ns: i64, frame_id: &str) {
        self.time(stamp_ns);
        self.string(frame_id);
    }
}

#[cfg(test)]
mod tests {
    use super::CdrWriter;

    #[test]
    fn aligns_from_the_end_of_the_encapsulation() {
        let mut out = Vec::new();
        let mut cdr = CdrWriter::new(&mut out);
        cdr.header(-1, "a");
        cdr.u8(7);
        cdr.f64(1.0);
        let expected: &[u8] = &[
            0, 1, 0, 0, // encapsulation
            255, 255, 255, 255, 255, 201, 154, 59, // -1 s, 999999999 ns
            2, 0, 0, 0, 97, 0, // "a"
            7, 0, // u8 and padding to 8
            0, 0, 0, 0, 0, 0, 240, 63,
        ];
        assert_eq!(out, expected);
    }
}
