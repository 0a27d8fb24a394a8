//! What a caller decides about a run: selection, threads, memory, progress.

use std::fmt;

/// Selection and limits of a run.
#[derive(Clone, Copy)]
pub struct CheckOptions<'a> {
    /// Topics to look at; none means all.
    pub topics: Option<&'a (dyn Fn(&str) -> bool + Sync)>,
    /// Stretch of log time to look at, absolute nanoseconds, both ends included and optional.
    pub window: Option<(Option<i64>, Option<i64>)>,
    /// Threads to use; 0 means the pool the caller runs in. Results do not depend on it.
    pub threads: usize,
    /// Bytes of per-message columns kept on the heap; what is more goes to the [`Scratch`].
    pub memory_bytes: usize,
}

impl Default for CheckOptions<'_> {
    fn default() -> Self {
        Self {
            topics: None,
            window: None,
            threads: 0,
            memory_bytes: 128 << 20,
        }
    }
}

impl fmt::Debug for CheckOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckOptions")
            .field("topics", &self.topics.map(|_| "selected"))
            .field("window", &self.window)
            .field("threads", &self.threads)
            .field("memory_bytes", &self.memory_bytes)
            .finish()
    }
}

/// Where columns go that do not fit on the heap, normally a mapped temporary file.
pub trait Scratch: Sync {
    /// A zeroed, writable area of exactly `bytes` bytes whose start is aligned to 8; none when there
    /// is no room, in which case the heap is used after all.
    fn columns(&self, bytes: usize) -> Option<Box<dyn ScratchBytes>>;
}

/// An area of scratch memory; dropping it gives it back.
pub trait ScratchBytes: Send + Sync {
    /// The area, writable.
    fn bytes(&mut self) -> &mut [u8];
    /// The area, readable.
    fn as_slice(&self) -> &[u8];
}

/// No scratch: everything stays on the heap.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeapOnly;

impl Scratch for HeapOnly {
    fn columns(&self, _bytes: usize) -> Option<Box<dyn ScratchBytes>> {
        None
    }
}

/// Told how far a run is; may stop it.
pub trait Progress: Sync {
    /// So many more bytes of the file have been read.
    fn advance(&self, bytes: u64);
    /// Whether to stop; what was read so far is reported, marked incomplete.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody is watching.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn advance(&self, _bytes: u64) {}
}
