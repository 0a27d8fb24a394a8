//! File-backed memory for columns that do not fit on the heap.
#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe because others may change it; this one is unnamed and ours alone"
)]

use fieldassay_check::{Scratch, ScratchBytes};

/// Hands out areas of unnamed temporary files: the system writes them out under memory pressure,
/// and they are gone with the process, however it ends.
#[derive(Debug, Default)]
pub(crate) struct MappedScratch;

impl Scratch for MappedScratch {
    fn columns(&self, bytes: usize) -> Option<Box<dyn ScratchBytes>> {
        let file = tempfile::tempfile().ok()?;
        file.set_len(bytes as u64).ok()?;
        // SAFETY: the file has no name and no other handle, so nobody else can change or cut it.
        let map = unsafe { memmap2::MmapMut::map_mut(&file) }.ok()?;
        Some(Box::new(Mapped(map)))
    }
}

struct Mapped(memmap2::MmapMut);

impl ScratchBytes for Mapped {
    fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }

    fn as_slice(&self) -> &[u8] {
        &self.0
    }
}
