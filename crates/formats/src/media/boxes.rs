//! Means of blocks of 8 x 8, row by row.

use super::grey::GreyImage;

/// Collects rows and gives the image of block means.
pub(super) struct Eighths {
    width: u32,
    height: u32,
    rows: u32,
    sums: Vec<u32>,
    data: Vec<u8>,
}

impl Eighths {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let columns = width.div_ceil(8) as usize;
        Self {
            width,
            height,
            rows: 0,
            sums: vec![0; columns],
            data: Vec::with_capacity(columns * height.div_ceil(8) as usize),
        }
    }

    /// Adds one row of `width` values.
    pub(super) fn push(&mut self, row: &[u8]) {
        let (blocks, rest) = row.as_chunks::<8>();
        for (sum, block) in self.sums.iter_mut().zip(blocks) {
            *sum += block.iter().map(|&x| u32::from(x)).sum::<u32>();
        }
        if let (false, Some(last)) = (rest.is_empty(), self.sums.last_mut()) {
            *last += rest.iter().map(|&x| u32::from(x)).sum::<u32>();
        }
        self.rows += 1;
        if self.rows == 8 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let last = self.sums.len().saturating_sub(1);
        let rest = match self.width % 8 {
            0 => 8,
            rest => rest,
        };
        for (index, sum) in self.sums.iter_mut().enumerate() {
            let count = self.rows * if index == last { rest } else { 8 };
            // A mean of bytes is a byte.
            let mean = (*sum + count / 2).checked_div(count).unwrap_or(0);
            self.data.push(u8::try_from(mean).unwrap_or(u8::MAX));
            *sum = 0;
        }
        self.rows = 0;
    }

    pub(super) fn finish(mut self) -> GreyImage {
        if self.rows > 0 {
            self.flush();
        }
        GreyImage {
            width: self.width.div_ceil(8),
            height: self.height.div_ceil(8),
            data: self.data,
        }
    }
}
