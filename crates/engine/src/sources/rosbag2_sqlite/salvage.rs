//! Rows straight from the pages of a damaged file.
//!
//! Read [`Pages::rows_of_leaves`] first. The file is walked once, when it is first needed, to learn which leaf
//! page holds which row ids; rows are then read page by page.

use super::SqliteError;
use fieldassay_formats::rosbag2::pages::{
    Cell, Geometry, Value, cells, message_row, starts_as_message, values,
};
use fieldassay_model::{Account, LossReason};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Largest row that is put together from overflow pages, bytes.
const ROW_BYTES: usize = 1 << 30;
/// Fewest bytes a row of `messages` takes with its cell pointer: a time needs most of them.
pub(super) const LEAST_ROW_BYTES: u64 = 8;

/// The pages of a database file.
#[derive(Debug)]
pub(super) struct Pages {
    file: Mutex<File>,
    geometry: Geometry,
    file_bytes: u64,
    leaves: OnceLock<Vec<Leaf>>,
}

/// A leaf page with rows of `messages`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Leaf {
    first: i64,
    last: i64,
    page: u32,
}

/// A row found on the pages.
pub(super) enum Salvaged<'a> {
    /// A whole row.
    Message {
        rowid: i64,
        topic_id: i64,
        timestamp: i64,
        data: &'a [u8],
    },
    /// A row whose rest is gone.
    Broken { rowid: i64 },
}

/// Rows of the small tables, found by their look.
#[derive(Debug, Default)]
pub(super) struct SmallTables {
    /// Rows of text columns with their row id, of `topics` and `message_definitions`.
    pub(super) texts: Vec<(i64, Vec<String>)>,
}

impl Pages {
    pub(super) fn open(path: &Path) -> Result<Self, SqliteError> {
        let io = |error: std::io::Error| SqliteError::Io {
            action: "read the file",
            reason: error.to_string(),
        };
        let mut file = File::open(path).map_err(io)?;
        let file_bytes = file.metadata().map_err(io)?.len();
        let mut header = Vec::with_capacity(100);
        (&mut file).take(100).read_to_end(&mut header).map_err(io)?;
        let geometry = Geometry::parse(&header).ok_or(SqliteError::Header)?;
        Ok(Self {
            file: Mutex::new(file),
            geometry,
            file_bytes,
            leaves: OnceLock::new(),
        })
    }

    pub(super) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    fn claimed_bytes(&self) -> u64 {
        u64::from(self.geometry.claimed_pages) * self.geometry.page_bytes as u64
    }

    /// Whether the file is shorter than its header says.
    pub(super) fn truncated(&self) -> bool {
        self.file_bytes < self.claimed_bytes()
    }

    pub(super) fn note_truncation(&self, account: &mut Account) {
        if self.truncated() {
            let claimed = self.claimed_bytes();
            account.losses.push(LossReason {
                code: "loss.truncated".into(),
                start: self.file_bytes,
                end: self.file_bytes,
                messages: None,
                suspect_messages: 0,
                message: format!(
                    "the header says `{claimed}` bytes, the file has `{}`",
                    self.file_bytes
                ),
            });
        }
    }

    fn page_count(&self) -> u32 {
        let page_bytes = self.geometry.page_bytes as u64;
        u32::try_from(self.file_bytes.div_ceil(page_bytes)).unwrap_or(u32::MAX)
    }

    /// Reads a page, numbered from 1, as much of it as the file has; false when that is nothing.
    fn page(&self, number: u32, buffer: &mut Vec<u8>) -> bool {
        let page_bytes = self.geometry.page_bytes;
        let Some(index) = number.checked_sub(1) else {
            return false;
        };
        let offset = u64::from(index) * page_bytes as u64;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.clear();
        let read = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| (&mut *file).take(page_bytes as u64).read_to_end(buffer));
        read.is_ok_and(|bytes| bytes > 0)
    }

    /// All leaf pages with messages, by row id. Costs one pass over the file the first time.
    fn leaves(&self) -> &[Leaf] {
        self.leaves.get_or_init(|| {
            let mut leaves = Vec::new();
            let mut page = Vec::new();
            for number in 1..=self.page_count() {
                if !self.page(number, &mut page) {
                    break;
                }
                let messages = cells(&page, number == 1, self.geometry)
                    .filter(|cell| starts_as_message(cell.local));
                let range = messages.fold(None, |range: Option<(i64, i64)>, cell| {
                    let id = cell.rowid;
                    Some(range.map_or((id, id), |(a, b)| (a.min(id), b.max(id))))
                });
                if let Some((first, last)) = range {
                    leaves.push(Leaf {
                        first,
                        last,
                        page: number,
                    });
                }
            }
            leaves.sort_unstable();
            leaves
        })
    }

    /// Whether any page holds messages.
    pub(super) fn has_messages(&self) -> bool {
        !self.leaves().is_empty()
    }

    /// Leaf pages with messages.
    pub(super) fn leaf_count(&self) -> usize {
        self.leaves().len()
    }

    /// Row ids that no leaf page spans between the first and the last one; none when the numbers
    /// cannot be right for a file of this size.
    pub(super) fn missing_between_leaves(&self) -> Option<u64> {
        let mut missing = 0_u64;
        let mut last: Option<i64> = None;
        for leaf in self.leaves() {
            if let Some(last) = last.filter(|last| leaf.first > *last) {
                missing = missing.saturating_add(leaf.first.abs_diff(last) - 1);
            }
            last = Some(last.map_or(leaf.last, |last| last.max(leaf.last)));
        }
        let most = self.claimed_bytes().max(self.file_bytes) / LEAST_ROW_BYTES;
        (missing <= most).then_some(missing)
    }

    /// Calls `sink` for the rows of some leaf pages, by row id within a page, each once.
    ///
    /// Returns how many row ids between the first and the last of a page did not turn up.
    pub(super) fn rows_of_leaves(
        &self,
        leaves: Range<usize>,
        sink: &mut dyn FnMut(Salvaged<'_>),
    ) -> u64 {
        let leaves = self.leaves().get(leaves).unwrap_or_default();
        let mut found = 0;
        self.rows(leaves, &|_| true, &mut |row| {
            found += 1;
            sink(row);
        });
        let spans = leaves.iter().map(|leaf| leaf.last.abs_diff(leaf.first) + 1);
        // A page cannot hold more rows than this; a wider span comes from a damaged row id.
        let most = self.geometry.page_bytes as u64 / LEAST_ROW_BYTES;
        let expected: u64 = spans.filter(|&span| span <= most).sum();
        expected.saturating_sub(found)
    }

    /// Calls `sink` for the rows `first..=last` that are on pages, by row id within a page, each once.
    pub(super) fn rows_between(&self, first: i64, last: i64, sink: &mut dyn FnMut(Salvaged<'_>)) {
        let leaves = self.leaves().iter();
        let overlapping = leaves.filter(|leaf| leaf.first <= last && leaf.last >= first);
        let overlapping: Vec<Leaf> = overlapping.copied().collect();
        self.rows(&overlapping, &|rowid| (first..=last).contains(&rowid), sink);
    }

    fn rows(
        &self,
        leaves: &[Leaf],
        wanted: &dyn Fn(i64) -> bool,
        sink: &mut dyn FnMut(Salvaged<'_>),
    ) {
        // Stale copies of rows can lie on pages that are no longer in use; the first one counts.
        let mut seen: BTreeSet<i64> = BTreeSet::new();
        let mut page = Vec::new();
        for leaf in leaves {
            if !self.page(leaf.page, &mut page) {
                continue;
            }
            let mut cells: Vec<Cell<'_>> = cells(&page, leaf.page == 1, self.geometry)
                .filter(|cell| wanted(cell.rowid) && starts_as_message(cell.local))
                .collect();
            cells.sort_by_key(|cell| cell.rowid);
            for cell in cells {
                if !seen.insert(cell.rowid) {
                    continue;
                }
                // One row at a time: rows can be as large as images.
                let payload = self.whole(&cell);
                sink(match payload.as_deref().and_then(message_row) {
                    Some(row) => Salvaged::Message {
                        rowid: cell.rowid,
                        topic_id: row.topic_id,
                        timestamp: row.timestamp,
                        data: row.data,
                    },
                    None => Salvaged::Broken { rowid: cell.rowid },
                });
            }
        }
    }

    /// All bytes of a row, overflow pages included; none when one of them is missing.
    fn whole(&self, cell: &Cell<'_>) -> Option<Vec<u8>> {
        // A claimed size cannot exceed the file.
        if cell.payload_bytes > ROW_BYTES || cell.payload_bytes as u64 > self.file_bytes {
            return None;
        }
        let mut row = cell.local.to_vec();
        let mut next = cell.overflow;
        let mut page = Vec::new();
        while row.len() < cell.payload_bytes {
            let offset = u64::from(next) * self.geometry.page_bytes as u64;
            if next == 0 || offset > self.file_bytes || !self.page(next, &mut page) {
                return None;
            }
            let (head, body) = page.split_first_chunk::<4>()?;
            next = u32::from_be_bytes(*head);
            let left = cell.payload_bytes - row.len();
            let here = left.min(self.geometry.usable_bytes - 4);
            row.extend_from_slice(body.get(..here)?);
        }
        Some(row)
    }

    /// Rows of text on any page: what is left of `topics` and `message_definitions`.
    pub(super) fn small_tables(&self) -> SmallTables {
        let mut tables = SmallTables::default();
        let mut page = Vec::new();
        for number in 1..=self.page_count() {
            if !self.page(number, &mut page) {
                break;
            }
            for cell in cells(&page, number == 1, self.geometry) {
                if starts_as_message(cell.local) {
                    continue;
                }
                if let Some(row) = self.whole(&cell)
                    && let Some(texts) = text_row(&row)
                {
                    tables.texts.push((cell.rowid, texts));
                }
            }
        }
        tables
    }
}

/// A row of a row id and at least three texts.
fn text_row(row: &[u8]) -> Option<Vec<String>> {
    let values = values(row)?;
    let (first, rest) = values.split_first()?;
    if *first != Value::Null || rest.len() < 3 {
        return None;
    }
    rest.iter()
        .map(|value| match value {
            Value::Text(text) => std::str::from_utf8(text).ok().map(str::to_owned),
            _ => None,
        })
        .collect()
}
