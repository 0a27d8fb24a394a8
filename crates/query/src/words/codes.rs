//! Words and their groups as small numbers.
//!
//! Read [`Codes::of`] and [`Groups::of`] first. Not here: what is reckoned for a group ([`super::reckoning`]).

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, StringViewArray, StringViewBuilder,
};
use datafusion::arrow::buffer::Buffer;
use datafusion::common::{DataFusionError, HashMap};
use std::sync::Arc;

/// No code.
const NONE: u32 = u32::MAX;
/// Views that are looked up without reading their words: at first, and at most. More are forgotten and seen anew.
const FIRST_SLOTS: usize = 512;
const MOST_SLOTS: usize = 8192;
/// Entries of a table of pairs at most: 4 MB.
const MOST_PAIRS: usize = 1 << 20;

/// Numbers of the words of a column, in the order in which they were first seen.
///
/// A dictionary page gives all rows of a word the same view, 16 bytes that say where the word is or hold it: what was seen
/// under a view before is not read again. Expected is constant time per row; memory is that of the distinct words.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// By code; one of them may be null.
    words: Vec<Option<Arc<str>>>,
    by_word: HashMap<Option<Arc<str>>, u32>,
    word_bytes: usize,
    seen: Seen,
    /// The buffers that views point into.
    buffers: Vec<Buffer>,
    /// Rows whose words were read.
    pub(super) read: usize,
}

impl Codes {
    /// Puts the codes of the rows of a column in the place of `codes`.
    pub(super) fn of(&mut self, words: &StringViewArray, codes: &mut Vec<u32>) {
        self.stay_with(words.data_buffers());
        codes.clear();
        let views = words.views().iter().enumerate();
        match words.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => codes.extend(views.map(|(row, view)| self.code(*view, words, row))),
            Some(nulls) => codes.extend(views.map(|(row, view)| {
                if nulls.is_valid(row) {
                    self.code(*view, words, row)
                } else {
                    self.code_of(None)
                }
            })),
        }
    }

    /// Forgets views when they come to mean other words.
    fn stay_with(&mut self, buffers: &[Buffer]) {
        let is_same = |(held, now): (&Buffer, &Buffer)| {
            held.as_ptr() == now.as_ptr() && held.len() == now.len()
        };
        // Held buffers are not freed, so that no other one can be where they are.
        if self.buffers.len() != buffers.len() || !self.buffers.iter().zip(buffers).all(is_same) {
            self.seen.forget();
            self.buffers = buffers.to_vec();
        }
    }

    #[inline]
    fn code(&mut self, view: u128, words: &StringViewArray, row: usize) -> u32 {
        match self.seen.get(view) {
            Ok(code) => code,
            Err(slot) => self.read(view, slot, words.value(row)),
        }
    }

    #[cold]
    fn read(&mut self, view: u128, slot: usize, word: &str) -> u32 {
        self.read += 1;
        let code = self.code_of(Some(word));
        self.seen.put(view, code, slot);
        code
    }

    fn code_of(&mut self, word: Option<&str>) -> u32 {
        let word: Option<Arc<str>> = word.map(Arc::from);
        if let Some(code) = self.by_word.get(&word) {
            return *code;
        }
        // No column of a machine's memory has more words.
        let code = u32::try_from(self.words.len()).unwrap_or(NONE);
        self.word_bytes += word.as_ref().map_or(0, |word| word.len() + 16);
        self.words.push(word.clone());
        self.by_word.insert(word, code);
        code
    }

    /// The words of codes as a column.
    fn column(&self, codes: impl Iterator<Item = u32>) -> ArrayRef {
        let mut column = StringViewBuilder::with_capacity(codes.size_hint().0);
        for code in codes {
            let word = usize::try_from(code).ok().and_then(|at| self.words.get(at));
            column.append_option(word.and_then(Option::as_deref));
        }
        Arc::new(column.finish())
    }

    fn size_bytes(&self) -> usize {
        let each = 2 * size_of::<Option<Arc<str>>>() + size_of::<u32>();
        let held: usize = self.buffers.iter().map(Buffer::capacity).sum();
        held + self.word_bytes + each * self.by_word.capacity() + self.seen.size_bytes()
    }
}

/// Codes by view: a table with open places, at most half full.
#[derive(Debug)]
struct Seen {
    views: Vec<u128>,
    codes: Vec<u32>,
    filled: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self::with_slots(FIRST_SLOTS)
    }
}

impl Seen {
    fn with_slots(slots: usize) -> Self {
        Self {
            views: vec![0; slots],
            codes: vec![NONE; slots],
            filled: 0,
        }
    }

    /// The code of a view, or the place where it belongs.
    #[inline]
    fn get(&self, view: u128) -> Result<u32, usize> {
        let mask = self.codes.len() - 1;
        let mut slot = place(view, self.codes.len());
        loop {
            match (self.views.get(slot), self.codes.get(slot)) {
                (Some(seen), Some(code)) if *seen == view && *code != NONE => return Ok(*code),
                (Some(_), Some(code)) if *code != NONE => slot = (slot + 1) & mask,
                _ => return Err(slot),
            }
        }
    }

    fn put(&mut self, view: u128, code: u32, slot: usize) {
        if let (Some(seen), Some(at)) = (self.views.get_mut(slot), self.codes.get_mut(slot)) {
            (*seen, *at) = (view, code);
            self.filled += 1;
        }
        if 2 * self.filled <= self.codes.len() {
            return;
        }
        if self.codes.len() >= MOST_SLOTS {
            self.forget();
            return;
        }
        let larger = Self::with_slots(2 * self.codes.len());
        let before = std::mem::replace(self, larger);
        for (view, code) in before.views.into_iter().zip(before.codes) {
            if code != NONE
                && let Err(slot) = self.get(view)
            {
                self.put(view, code, slot);
            }
        }
    }

    fn forget(&mut self) {
        if self.filled > 0 {
            self.codes.fill(NONE);
            self.filled = 0;
        }
    }

    fn size_bytes(&self) -> usize {
        self.codes.len() * (size_of::<u128>() + size_of::<u32>())
    }
}

/// Where a view is looked for first among so many places, a power of two: the highest bits of a product folded into one
/// word (Wang Yi, wyhash; <https://github.com/wangyi-fudan/wyhash>), for words often differ in few places.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "halves of 128 bits")]
fn place(view: u128, slots: usize) -> usize {
    let (low, high) = (view as u64, (view >> 64) as u64);
    let (a, b) = (low ^ 0x9E37_79B9_7F4A_7C15, high ^ 0xD1B5_4A32_D192_ED03);
    let product = u128::from(a) * u128::from(b);
    let mixed = product as u64 ^ (product >> 64) as u64;
    (mixed >> (u64::BITS - slots.trailing_zeros())) as usize
}

/// Numbers of pairs of codes, in the order in which they were first seen.
#[derive(Debug, Default)]
struct Pairs {
    /// The number of the pair `(left, right)` at `left * stride + right`.
    numbers: Vec<u32>,
    /// A power of two.
    stride: usize,
    /// By number.
    both: Vec<(u32, u32)>,
}

impl Pairs {
    /// Makes room for pairs of so many codes; false where it would be too much.
    fn fit(&mut self, left: usize, right: usize) -> bool {
        let stride = right.next_power_of_two().max(self.stride);
        let Some(room) = left
            .max(1)
            .checked_mul(stride)
            .filter(|room| *room <= MOST_PAIRS)
        else {
            return false;
        };
        if stride > self.stride {
            self.stride = stride;
            self.numbers = vec![NONE; room];
            for (number, pair) in (0..).zip(&self.both) {
                let at = at(*pair, stride);
                if let Some(slot) = self.numbers.get_mut(at) {
                    *slot = number;
                }
            }
        } else if room > self.numbers.len() {
            // At least twice as large, or it is copied for every new code.
            let room = room.max(2 * self.numbers.len()).min(MOST_PAIRS);
            self.numbers.resize(room, NONE);
        }
        true
    }

    /// Puts the numbers of pairs in the place of their left codes.
    fn of(&mut self, left: &mut [u32], right: &[u32]) {
        for (left, right) in left.iter_mut().zip(right) {
            let pair = (*left, *right);
            if let Some(number) = self.numbers.get_mut(at(pair, self.stride)) {
                if *number == NONE {
                    *number = u32::try_from(self.both.len()).unwrap_or(NONE);
                    self.both.push(pair);
                }
                *left = *number;
            }
        }
    }

    fn size_bytes(&self) -> usize {
        self.numbers.capacity() * size_of::<u32>() + self.both.capacity() * size_of::<(u32, u32)>()
    }
}

#[inline]
fn at((left, right): (u32, u32), stride: usize) -> usize {
    left as usize * stride + right as usize
}

/// Groups of rows that are alike in all of some columns of words, numbered in the order in which they were first seen.
#[derive(Debug)]
pub(super) struct Groups {
    codes: Vec<Codes>,
    /// Groups by all columns before and this one, from the second column on.
    pairs: Vec<Pairs>,
    left: Vec<u32>,
    right: Vec<u32>,
    /// The group of every row.
    pub(super) rows: Vec<usize>,
}

impl Groups {
    /// Groups by so many columns, at least one.
    pub(super) fn new(columns: usize) -> Self {
        let mut codes = Vec::new();
        codes.resize_with(columns, Codes::default);
        let mut pairs = Vec::new();
        pairs.resize_with(columns.saturating_sub(1), Pairs::default);
        Self {
            codes,
            pairs,
            left: Vec::new(),
            right: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Finds the groups of rows and puts them into `rows`; false where there are too many to be numbered so, and then no row
    /// has a group.
    ///
    /// Errors: a column that is none of words.
    pub(super) fn of(&mut self, columns: &[&ArrayRef]) -> Result<bool, DataFusionError> {
        self.rows.clear();
        let mut groups = 0;
        for (at, (column, codes)) in columns.iter().zip(&mut self.codes).enumerate() {
            let words = column.as_string_view_opt().ok_or_else(|| {
                DataFusionError::Internal("groups of words are of views of texts".to_owned())
            })?;
            let into = if at == 0 {
                &mut self.left
            } else {
                &mut self.right
            };
            codes.of(words, into);
            let pairs = at.checked_sub(1).and_then(|at| self.pairs.get_mut(at));
            match pairs {
                None => groups = codes.words.len(),
                Some(pairs) => {
                    if !pairs.fit(groups, codes.words.len()) {
                        return Ok(false);
                    }
                    pairs.of(&mut self.left, &self.right);
                    groups = pairs.both.len();
                }
            }
        }
        self.rows.extend(self.left.iter().map(|row| *row as usize));
        Ok(true)
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        match self.pairs.last() {
            Some(last) => last.both.len(),
            None => self.codes.first().map_or(0, |codes| codes.words.len()),
        }
    }

    /// Rows whose words had to be read, of the column that had most.
    pub(super) fn read(&self) -> usize {
        self.codes.iter().map(|codes| codes.read).max().unwrap_or(0)
    }

    /// The words of all groups, by column.
    pub(super) fn columns(&self) -> Vec<ArrayRef> {
        let count = u32::try_from(self.len()).unwrap_or(NONE);
        let mut lefts: Vec<u32> = (0..count).collect();
        let mut columns = Vec::new();
        // From the last column to the first: a group of all columns is one of all columns before and a word.
        for (pairs, codes) in self.pairs.iter().zip(self.codes.iter().skip(1)).rev() {
            let of = |number: &u32| pairs.both.get(*number as usize).copied();
            let both: Vec<(u32, u32)> = lefts.iter().filter_map(of).collect();
            columns.push(codes.column(both.iter().map(|(_, right)| *right)));
            lefts = both.into_iter().map(|(left, _)| left).collect();
        }
        if let Some(codes) = self.codes.first() {
            columns.push(codes.column(lefts.into_iter()));
        }
        columns.reverse();
        columns
    }

    /// Bytes held.
    pub(super) fn size_bytes(&self) -> usize {
        let codes: usize = self.codes.iter().map(Codes::size_bytes).sum();
        let pairs: usize = self.pairs.iter().map(Pairs::size_bytes).sum();
        let rows = self.left.capacity() + self.right.capacity();
        codes + pairs + rows * size_of::<u32>() + self.rows.capacity() * size_of::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::place;
    use datafusion::arrow::array::StringViewArray;
    use std::collections::BTreeSet;

    #[test]
    fn words_that_differ_in_few_places_lie_apart() {
        let all = |word: &dyn Fn(usize) -> String| {
            let words = (0..3600).map(|n| Some(word(n)));
            let words = words.collect::<StringViewArray>();
            let places = words.views().iter().map(|view| place(*view, 8192));
            places.collect::<BTreeSet<_>>().len()
        };
        let letter = |n: usize| char::from(b'!' + u8::try_from(n % 60).expect("few"));
        // Thrown at random, 3600 words lie at 2913 places.
        let numbers = all(&|n| format!("r-{n:06}"));
        let moments = all(&|n| format!("{:02}T{:02}:{:02}", n / 1440, n / 60 % 24, n % 60));
        let letters = all(&|n| format!("abc{}efg{}", letter(n / 60), letter(n)));
        for found in [numbers, moments, letters] {
            assert!(found > 2000, "{numbers} {moments} {letters}");
        }
    }
}
