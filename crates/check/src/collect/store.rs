//! Where per-message columns live: on the heap up to a budget, then in scratch memory.
//!
//! Columns are written once per unit and stream as a [`Segment`] of 8-byte words and read back as a
//! whole when the stream is measured.

use crate::options::{Scratch, ScratchBytes};
use fieldassay_measure::Workspace;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use zerocopy::FromBytes as _;

/// Words in a heap region, unless one segment needs more: 1 MiB.
const HEAP_REGION_WORDS: usize = 1 << 17;
/// Words in a scratch region, unless one segment needs more: 32 MiB.
const SCRATCH_REGION_WORDS: usize = 1 << 22;
/// Columns up to this size are always on the heap: each thread holds a handful.
const SMALL_BYTES: usize = 1 << 16;
/// Bytes of a word.
const WORD: usize = 8;

/// Words on the heap or in scratch memory.
pub(crate) enum Words {
    Heap(Vec<i64>),
    Scratch(Box<dyn ScratchBytes>, usize),
}

impl Words {
    fn new(scratch: &dyn Scratch, words: usize, on_heap: bool) -> Self {
        if !on_heap
            && let Some(mut area) = scratch.columns(words * WORD)
            // An area that is too small or misaligned is not used: the heap is the fallback.
            && <[i64]>::mut_from_bytes(area.bytes()).is_ok_and(|slice| slice.len() >= words)
        {
            return Self::Scratch(area, words);
        }
        Self::Heap(vec![0; words])
    }
}

impl Deref for Words {
    type Target = [i64];

    fn deref(&self) -> &[i64] {
        match self {
            Self::Heap(words) => words,
            Self::Scratch(area, words) => <[i64]>::ref_from_bytes(area.as_slice())
                .ok()
                .and_then(|slice| slice.get(..*words))
                .unwrap_or_default(),
        }
    }
}

impl DerefMut for Words {
    fn deref_mut(&mut self) -> &mut [i64] {
        match self {
            Self::Heap(words) => words,
            Self::Scratch(area, words) => <[i64]>::mut_from_bytes(area.bytes())
                .ok()
                .and_then(|slice| slice.get_mut(..*words))
                .unwrap_or_default(),
        }
    }
}

/// A run of rows, stored column after column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    region: usize,
    start: usize,
    rows: usize,
}

/// Append-only columns of all streams.
pub(crate) struct Store<'a> {
    scratch: &'a dyn Scratch,
    heap_words_left: usize,
    regions: Vec<(Words, usize)>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(scratch: &'a dyn Scratch, heap_bytes: usize) -> Self {
        Self {
            scratch,
            heap_words_left: heap_bytes / WORD,
            regions: Vec::new(),
        }
    }

    /// Stores columns of equal length.
    pub(crate) fn push(&mut self, columns: &[&[i64]]) -> Segment {
        let rows = columns.iter().map(|c| c.len()).min().unwrap_or(0);
        let needed = rows * columns.len();
        let fits = self
            .regions
            .last()
            .is_some_and(|(words, used)| words.len() - used >= needed);
        if !fits {
            let heap = needed.max(HEAP_REGION_WORDS);
            let on_heap = heap <= self.heap_words_left;
            let words = if on_heap {
                self.heap_words_left -= heap;
                heap
            } else {
                needed.max(SCRATCH_REGION_WORDS)
            };
            self.regions
                .push((Words::new(self.scratch, words, on_heap), 0));
        }
        let region = self.regions.len().saturating_sub(1);
        let Some((words, used)) = self.regions.last_mut() else {
            return Segment {
                region,
                start: 0,
                rows: 0,
            };
        };
        let start = *used;
        for column in columns {
            if let (Some(target), Some(source)) =
                (words.get_mut(*used..*used + rows), column.get(..rows))
            {
                target.copy_from_slice(source);
            }
            *used += rows;
        }
        Segment {
            region,
            start,
            rows,
        }
    }

    /// One column of a stream, all segments in order.
    pub(crate) fn gather(
        &self,
        arena: &Arena<'a>,
        segments: &[Segment],
        column: usize,
    ) -> Column<'a> {
        let rows = segments.iter().map(|s| s.rows).sum();
        let mut out = arena.words(rows);
        let mut at = 0;
        for segment in segments {
            let start = segment.start + column * segment.rows;
            let source = self
                .regions
                .get(segment.region)
                .and_then(|(words, _)| words.get(start..start + segment.rows));
            if let (Some(source), Some(target)) = (source, out.get_mut(at..at + segment.rows)) {
                target.copy_from_slice(source);
            }
            at += segment.rows;
        }
        out
    }
}

/// Working memory of the second pass: a heap budget shared by all threads, scratch beyond it.
pub(crate) struct Arena<'a> {
    scratch: &'a dyn Scratch,
    heap_bytes_left: &'a AtomicUsize,
}

impl<'a> Arena<'a> {
    pub(crate) fn new(scratch: &'a dyn Scratch, heap_bytes_left: &'a AtomicUsize) -> Self {
        Self {
            scratch,
            heap_bytes_left,
        }
    }

    /// `rows` zeroed words.
    pub(crate) fn words(&self, rows: usize) -> Column<'a> {
        let bytes = rows * WORD;
        let counted = bytes > SMALL_BYTES;
        let on_heap = !counted
            || self
                .heap_bytes_left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(bytes)
                })
                .is_ok();
        Column {
            words: Words::new(self.scratch, rows, on_heap),
            budget: (on_heap && counted).then_some((self.heap_bytes_left, bytes)),
        }
    }
}

/// Memory of one thread that measures reuse from stream to stream.
pub(crate) struct Scratchpad<'a> {
    arena: &'a Arena<'a>,
    column: Option<Column<'a>>,
}

impl<'a> Scratchpad<'a> {
    pub(crate) fn new(arena: &'a Arena<'a>) -> Self {
        Self {
            arena,
            column: None,
        }
    }
}

impl Workspace for Scratchpad<'_> {
    fn words(&mut self, n: usize) -> &mut [i64] {
        if self.column.as_ref().is_some_and(|column| column.len() < n) {
            // Given back before more is taken.
            self.column = None;
        }
        let arena = self.arena;
        let column = self.column.get_or_insert_with(|| arena.words(n));
        column.get_mut(..n).unwrap_or_default()
    }
}

/// Words from an [`Arena`]; gives its budget back when dropped.
pub(crate) struct Column<'a> {
    words: Words,
    budget: Option<(&'a AtomicUsize, usize)>,
}

impl Drop for Column<'_> {
    fn drop(&mut self) {
        if let Some((left, bytes)) = self.budget {
            left.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}

impl Deref for Column<'_> {
    type Target = [i64];

    fn deref(&self) -> &[i64] {
        &self.words
    }
}

impl DerefMut for Column<'_> {
    fn deref_mut(&mut self) -> &mut [i64] {
        &mut self.words
    }
}
