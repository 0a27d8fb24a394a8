//! A file copied and hashed in one pass; a large one past the system's cache, where the file system lets it.
//!
//! Read [`copy`] first. Through the cache every byte is moved once more by the processor, pushes out what others need
//! there, and has to be on the disk before it counts all the same: `dd` of four files of 500 MB at once spends nearly
//! four times the processor time in the system, which the checks beside an ingest want.
//!
//! Not here: what a copy is for and what it is called ([`super::blobs`]).

use crate::StoreError;
use crate::error::io;
use fieldassay_model::{Digester, Digests};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Bytes read and hashed at a time: they stay in the processor's cache between the two digests.
const SLICE_BYTES: usize = 512 << 10;
/// Bytes written at a time.
const PIECE_BYTES: usize = 4 << 20;
/// Pieces of a file in memory: while one is written, the next is read.
const PIECES: usize = 3;
/// Where pieces begin in memory and in the file, and what their lengths are multiples of: the largest block of disks.
const ALIGNED_BYTES: usize = 4096;

/// A copy, not yet synced.
pub(crate) struct Copy {
    pub(crate) file: File,
    pub(crate) digests: Digests,
    pub(crate) read_bytes: u64,
}

/// Copies a file of `size_bytes` to a new one and makes both digests on the way. `advance` is told of bytes read.
///
/// Errors: [`StoreError::Io`] of either file. Memory: 12 MB. Cost: one pass; a thread of its own writes large files.
pub(crate) fn copy(
    mut from: (File, &Path),
    to: &Path,
    size_bytes: u64,
    advance: &dyn Fn(u64),
) -> Result<Copy, StoreError> {
    let mut copied = Copied::default();
    let mut reading = |piece: &mut Piece| piece.fill(&mut from.0, &mut copied, advance);
    let read = |error| io("read", from.1)(error);
    let written = |error| io("write", to)(error);
    let mut target = Target::create(to, size_bytes > PIECE_BYTES as u64).map_err(written)?;
    if target.is_direct {
        std::thread::scope(|scope| {
            let (give, full) = sync_channel::<Piece>(PIECES);
            let (back, empty) = sync_channel::<Piece>(PIECES);
            let target = &mut target;
            let writer = scope.spawn(move || target.write_pieces(full, &back));
            let done = pass_on(&mut reading, &give, &empty).map_err(read);
            drop(give);
            let ended = writer.join();
            let ended = ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            // A writer that ended early is why nothing more was passed on.
            ended.map_err(written).and(done)
        })?;
        // The last piece was filled up.
        let length = target.file.set_len(copied.bytes);
        length.map_err(written)?;
    } else {
        let mut piece = Piece::new(SLICE_BYTES);
        while reading(&mut piece).map_err(read)? {
            target.write_all(piece.filled()).map_err(written)?;
        }
    }
    Ok(Copy {
        file: target.file,
        digests: copied.digests.finish(),
        read_bytes: copied.bytes,
    })
}

/// Reads a file to its end and makes both digests; with its length.
pub(crate) fn digests(from: &mut File, advance: &dyn Fn(u64)) -> std::io::Result<(Digests, u64)> {
    let mut copied = Copied::default();
    let mut piece = Piece::new(SLICE_BYTES);
    while piece.fill(from, &mut copied, advance)? {}
    Ok((copied.digests.finish(), copied.bytes))
}

/// Reads pieces until one is not full, for there the file ends, or nobody takes them.
fn pass_on(
    reading: &mut impl FnMut(&mut Piece) -> std::io::Result<bool>,
    give: &SyncSender<Piece>,
    empty: &Receiver<Piece>,
) -> std::io::Result<()> {
    let mut unused = PIECES;
    loop {
        let mut piece = if unused > 0 {
            unused -= 1;
            Piece::new(PIECE_BYTES)
        } else {
            match empty.recv() {
                Ok(piece) => piece,
                Err(_) => return Ok(()),
            }
        };
        let has_more = reading(&mut piece)? && piece.length == piece.room;
        if give.send(piece).is_err() || !has_more {
            return Ok(());
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Copied {
    digests: Digester,
    bytes: u64,
}

/// Memory that begins where disks want it to.
struct Piece {
    memory: Vec<u8>,
    start: usize,
    room: usize,
    length: usize,
}

impl Piece {
    fn new(room: usize) -> Self {
        let memory = vec![0; room + ALIGNED_BYTES];
        // The allocator may not be able to say; then the disk refuses, and the cache is used.
        let start = memory.as_ptr().align_offset(ALIGNED_BYTES);
        Self {
            start: if start < ALIGNED_BYTES { start } else { 0 },
            memory,
            room,
            length: 0,
        }
    }

    /// Reads until it is full or the file ends; whether there is anything in it.
    fn fill(
        &mut self,
        from: &mut File,
        copied: &mut Copied,
        advance: &dyn Fn(u64),
    ) -> std::io::Result<bool> {
        self.length = 0;
        while self.length < self.room {
            let begin = self.start + self.length;
            let end = self.start + self.room.min(self.length + SLICE_BYTES);
            let slice = self.memory.get_mut(begin..end).unwrap_or_default();
            let read = match from.read(slice) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                break;
            }
            copied.digests.update(slice.get(..read).unwrap_or_default());
            copied.bytes += read as u64;
            self.length += read;
            advance(read as u64);
        }
        Ok(self.length > 0)
    }

    fn filled(&self) -> &[u8] {
        let end = self.start + self.length;
        self.memory.get(self.start..end).unwrap_or_default()
    }

    /// The same with what follows it in memory, up to a length that a disk takes.
    fn padded(&self) -> &[u8] {
        let end = self.start + self.length.next_multiple_of(ALIGNED_BYTES).min(self.room);
        self.memory.get(self.start..end).unwrap_or_default()
    }
}

/// The copy while it is written.
struct Target {
    file: File,
    is_direct: bool,
}

impl Target {
    /// A new file, written past the cache where that is wanted and possible.
    fn create(path: &Path, direct: bool) -> std::io::Result<Self> {
        if direct && let Some(file) = past_the_cache(path)? {
            return Ok(Self {
                file,
                is_direct: true,
            });
        }
        Ok(Self {
            file: File::create(path)?,
            is_direct: false,
        })
    }

    fn write_pieces(
        &mut self,
        full: Receiver<Piece>,
        back: &SyncSender<Piece>,
    ) -> std::io::Result<()> {
        for piece in full {
            self.write_all(piece.padded())?;
            // Nobody takes it back where the file has ended.
            let _ = back.send(piece);
        }
        Ok(())
    }

    /// Writes all, through the cache from where the file system refuses to do without.
    fn write_all(&mut self, mut rest: &[u8]) -> std::io::Result<()> {
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(std::io::ErrorKind::WriteZero.into()),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
                    if !through_the_cache(&self.file)? {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A new file that is written past the cache; none where the file system knows no such thing.
#[cfg(target_os = "linux")]
fn past_the_cache(path: &Path) -> std::io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::DIRECT;
    match rustix::fs::open(path, flags, Mode::from_raw_mode(0o666)) {
        Ok(file) => Ok(Some(file.into())),
        Err(rustix::io::Errno::INVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Elsewhere nothing is gained that would be worth another way.
#[cfg(not(target_os = "linux"))]
fn past_the_cache(_path: &Path) -> std::io::Result<Option<File>> {
    Ok(None)
}

/// From now on through the cache; false where it was so before.
#[cfg(target_os = "linux")]
fn through_the_cache(file: &File) -> std::io::Result<bool> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let flags = fcntl_getfl(file)?;
    fcntl_setfl(file, flags - OFlags::DIRECT)?;
    Ok(flags.contains(OFlags::DIRECT))
}

#[cfg(not(target_os = "linux"))]
fn through_the_cache(_file: &File) -> std::io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of this many bytes and its copy: what was said of it, and what it holds.
    fn copied(bytes: usize) -> (Copy, Vec<u8>, Vec<u8>) {
        let folder = tempfile::tempdir().expect("a folder");
        let content: Vec<u8> = (0..bytes)
            .map(|i| (i * 7 + i / 251).to_le_bytes()[0])
            .collect();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, &content).expect("a file");
        let opened = File::open(&from).expect("it opens");
        let told = std::sync::atomic::AtomicU64::new(0);
        let advance = |bytes| {
            told.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
        };
        let copy = copy((opened, &from), &to, bytes as u64, &advance).expect("a copy");
        assert_eq!(told.into_inner(), bytes as u64);
        (copy, content, std::fs::read(&to).expect("it can be read"))
    }

    #[test]
    fn copies_of_any_length_are_equal() {
        let lengths = [0, 1, SLICE_BYTES, PIECE_BYTES, PIECE_BYTES + 1];
        let more = [4 * PIECE_BYTES, 5 * PIECE_BYTES - 1, 3 * PIECE_BYTES + 4097];
        for bytes in lengths.into_iter().chain(more) {
            let (copy, content, seen) = copied(bytes);
            assert_eq!(seen.len(), bytes);
            assert!(seen == content, "{bytes}");
            assert_eq!(copy.read_bytes, bytes as u64);
            let mut expected = Digester::default();
            expected.update(&content);
            assert_eq!(copy.digests, expected.finish(), "{bytes}");
        }
    }

    #[test]
    fn what_is_shorter_than_it_was_is_copied_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::write(&from, "short").expect("a file");
        let opened = File::open(&from).expect("it opens");
        let copy = copy((opened, &from), &to, 3 * PIECE_BYTES as u64, &|_| ()).expect("a copy");
        assert_eq!(copy.read_bytes, 5);
        assert_eq!(std::fs::read(&to).expect("a file"), b"short");
        let mut opened = File::open(&to).expect("it opens");
        let read = digests(&mut opened, &|_| ()).expect("digests");
        assert_eq!(read, (copy.digests, 5));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_disk_refuses_goes_through_the_cache() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("to");
        let mut target = Target::create(&path, true).expect("a file");
        // No length a disk takes.
        target.write_all(&[1; 5000]).expect("written all the same");
        target.write_all(&[2; 100]).expect("written all the same");
        assert_eq!(std::fs::read(&path).expect("a file").len(), 5100);
        assert!(!through_the_cache(&target.file).expect("flags"));
    }

    #[test]
    fn a_copy_that_cannot_be_written_names_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let from = folder.path().join("from");
        std::fs::write(&from, vec![0; 2 * PIECE_BYTES]).expect("a file");
        let to = folder.path().join("not there/to");
        let opened = File::open(&from).expect("it opens");
        let refused = copy((opened, &from), &to, 2 * PIECE_BYTES as u64, &|_| ());
        let said = refused.err().expect("an error").to_string();
        assert!(said.contains("not there"), "{said}");
    }
}
