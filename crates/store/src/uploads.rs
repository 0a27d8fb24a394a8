//! Large files on their way to an object store: in parts, which an interrupted run need not send again.
//!
//! Read [`Route`] and [`send`] first. A note in a local folder says which upload was begun and which parts of it arrived;
//! it is written after every part and removed with the last. Another process that sends the same content meanwhile, or a
//! machine that has no note, begins an upload of its own; an upload the store has forgotten is begun anew, and so is one
//! of whose parts the file now holds other bytes.
//!
//! Not here: files of one part, and what is there already (`blobs`).

use crate::StoreError;
use crate::error::{io, object};
use fieldassay_model::hexadecimal;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path as ObjectPath;
use object_store::{MultipartId, PutPayload};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a part of an upload at least.
pub(crate) const PART_BYTES: usize = 16 << 20;
/// Parts of an upload at most; S3 takes ten thousand.
const MOST_PARTS: u64 = 9_000;
/// Parts under way at a time.
const PARTS_AT_ONCE: usize = 4;

/// How parts reach a store.
#[derive(Clone)]
pub(crate) struct Route {
    /// What takes them.
    pub(crate) store: Arc<dyn MultipartStore>,
    /// What stands before every path of the place.
    pub(crate) prefix: ObjectPath,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Route")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parcel<'a> {
    /// The file.
    pub(crate) file: &'a Path,
    /// Its size when it was hashed.
    pub(crate) size_bytes: u64,
    /// Its SHA-256.
    pub(crate) sha256: &'a str,
    /// Where it goes, within the place.
    pub(crate) path: &'a ObjectPath,
}

/// An upload that was begun, and the parts that arrived, from the first on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    upload: MultipartId,
    part_bytes: u64,
    parts: Vec<Arrived>,
}

/// A part that arrived: what the store calls it, and the BLAKE3 of what was sent. The file may have changed for a while when
/// it was sent, which its digest as a whole would not show later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Arrived {
    id: String,
    blake3: String,
}

/// A part under way.
type PartUpload<'a> = BoxFuture<'a, object_store::Result<Arrived>>;

/// The note of an upload, held by this process alone.
struct Note {
    path: PathBuf,
    file: File,
}

impl Note {
    /// Takes the note of a parcel; none where another process has it, or there is no folder for it.
    fn take(folder: Option<&Path>, sha256: &str) -> Result<Option<Self>, StoreError> {
        let Some(folder) = folder else {
            return Ok(None);
        };
        std::fs::create_dir_all(folder).map_err(io("create", folder))?;
        let path = folder.join(format!("{sha256}.json"));
        let mut options = File::options();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&path).map_err(io("open", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { path, file })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(io("lock", &path)(error)),
        }
    }

    /// What it says; nothing where it is new, was cut off, or is of parts of another size.
    fn read(&mut self, part_bytes: u64) -> Result<Option<Begun>, StoreError> {
        let mut text = String::new();
        let read = self.file.read_to_string(&mut text);
        read.map_err(io("read", &self.path))?;
        let begun: Option<Begun> = serde_json::from_str(&text).ok();
        Ok(begun.filter(|begun| begun.part_bytes == part_bytes))
    }

    /// Writes it anew. A note that is cut off is no note, and the upload begins anew.
    fn write(&mut self, begun: &Begun) -> Result<(), StoreError> {
        let text = serde_json::to_string(begun).unwrap_or_default();
        let mut write = || {
            self.file.set_len(0)?;
            self.file.rewind()?;
            self.file.write_all(text.as_bytes())
        };
        write().map_err(io("write", &self.path))
    }

    fn remove(self) -> Result<(), StoreError> {
        std::fs::remove_file(&self.path).map_err(io("remove", &self.path))
    }
}

/// Sends a file in parts, without those a run before has sent. The file is read whole and its digest compared before the
/// parts become a blob. Notes are kept in `notes`, where one is given.
///
/// Errors: [`StoreError::Io`], [`StoreError::Changed`] (the upload is given up), [`StoreError::Object`]. Memory: four
/// parts of 16 MB, or of a nine-thousandth of the file.
pub(crate) async fn send(
    route: &Route,
    parcel: Parcel<'_>,
    notes: Option<&Path>,
) -> Result<(), StoreError> {
    let part_bytes = (PART_BYTES as u64).max(parcel.size_bytes.div_ceil(MOST_PARTS));
    let mut note = Note::take(notes, parcel.sha256)?;
    let known = match &mut note {
        Some(note) => note.read(part_bytes)?,
        None => None,
    };
    let resumed = match known {
        Some(begun) => parts(route, parcel, begun, &mut note).await,
        None => Ok(Sent::Otherwise),
    };
    let sent = match resumed {
        Ok(Sent::Whole) => Ok(()),
        // There was none, other bytes were sent, or the store has forgotten it.
        Ok(Sent::Otherwise)
        | Err(StoreError::Object {
            source: object_store::Error::NotFound { .. },
            ..
        }) => anew(route, parcel, part_bytes, &mut note).await,
        Err(error) => Err(error),
    };
    match (&sent, note) {
        (Ok(()) | Err(StoreError::Changed { .. }), Some(note)) => note.remove().and(sent),
        _ => sent,
    }
}

async fn anew(
    route: &Route,
    parcel: Parcel<'_>,
    part_bytes: u64,
    note: &mut Option<Note>,
) -> Result<(), StoreError> {
    let path = route.full(parcel.path);
    let upload = route.store.create_multipart(&path).await;
    let begun = Begun {
        upload: upload.map_err(object("write", &path))?,
        part_bytes,
        parts: Vec::new(),
    };
    // Nothing was sent before, so nothing else was.
    parts(route, parcel, begun, note).await.map(drop)
}

/// What became of an upload.
enum Sent {
    /// It is a blob.
    Whole,
    /// Of what arrived before, a part holds other bytes than the file; it was given up.
    Otherwise,
}

/// Sends the parts that are missing, and makes a blob of all of them.
async fn parts(
    route: &Route,
    parcel: Parcel<'_>,
    mut begun: Begun,
    note: &mut Option<Note>,
) -> Result<Sent, StoreError> {
    let path = route.full(parcel.path);
    let refused = || object("write", &path);
    let mut file = File::open(parcel.file).map_err(io("read", parcel.file))?;
    // What is sent is what was hashed, or nothing becomes of it.
    let mut hash = sha2::Sha256::new();
    let mut under_way: FuturesOrdered<PartUpload<'_>> = FuturesOrdered::new();
    let there = begun.parts.clone();
    let room = usize::try_from(begun.part_bytes).unwrap_or(PART_BYTES);
    for index in 0.. {
        if under_way.len() >= PARTS_AT_ONCE
            && let Some(arrived) = under_way.next().await
        {
            begun.arrived(arrived.map_err(refused())?, note)?;
        }
        let mut bytes = Vec::with_capacity(room);
        let read = (&mut file).take(begun.part_bytes).read_to_end(&mut bytes);
        if read.map_err(io("read", parcel.file))? == 0 {
            break;
        }
        hash.update(&bytes);
        let blake3 = blake3::hash(&bytes).to_hex().to_string();
        match there.get(index) {
            Some(part) if part.blake3 == blake3 => continue,
            Some(_) => {
                give_up(route, &path, &begun).await;
                return Ok(Sent::Otherwise);
            }
            None => {}
        }
        let (store, path, upload) = (&route.store, &path, begun.upload.clone());
        under_way.push_back(Box::pin(async move {
            let payload = PutPayload::from(bytes);
            let sent = store.put_part(path, &upload, index, payload).await?;
            let id = sent.content_id;
            Ok(Arrived { id, blake3 })
        }));
    }
    while let Some(arrived) = under_way.next().await {
        begun.arrived(arrived.map_err(refused())?, note)?;
    }
    if hexadecimal(&hash.finalize()) != parcel.sha256 {
        give_up(route, &path, &begun).await;
        return Err(StoreError::Changed {
            path: parcel.file.to_owned(),
            how: "its content is other than when it was hashed".to_owned(),
        });
    }
    let ids = begun.parts.into_iter();
    let ids = ids.map(|part| PartId {
        content_id: part.id,
    });
    let done = route
        .store
        .complete_multipart(&path, &begun.upload, ids.collect());
    done.await.map_err(refused())?;
    Ok(Sent::Whole)
}

/// The parts sent so far are no blob; the store clears them away if this fails too.
async fn give_up(route: &Route, path: &ObjectPath, begun: &Begun) {
    let _ = route.store.abort_multipart(path, &begun.upload).await;
}

impl Begun {
    fn arrived(&mut self, part: Arrived, note: &mut Option<Note>) -> Result<(), StoreError> {
        self.parts.push(part);
        note.as_mut().map_or(Ok(()), |note| note.write(self))
    }
}

impl Route {
    fn full(&self, path: &ObjectPath) -> ObjectPath {
        self.prefix.parts().chain(path.parts()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use object_store::{ObjectStoreExt as _, PutResult};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A store whose line is cut after so many parts.
    struct Cut {
        inner: InMemory,
        left: AtomicUsize,
        sent: AtomicUsize,
    }

    #[async_trait::async_trait]
    impl MultipartStore for Cut {
        async fn create_multipart(&self, path: &ObjectPath) -> object_store::Result<MultipartId> {
            self.inner.create_multipart(path).await
        }

        async fn put_part(
            &self,
            path: &ObjectPath,
            id: &MultipartId,
            index: usize,
            data: PutPayload,
        ) -> object_store::Result<PartId> {
            let cut = |left: usize| left.checked_sub(1);
            let left = self
                .left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, cut);
            if left.is_err() {
                return Err(object_store::Error::NotImplemented {
                    operation: "put_part".to_owned(),
                    implementer: "a line that is cut".to_owned(),
                });
            }
            self.sent.fetch_add(1, Ordering::SeqCst);
            self.inner.put_part(path, id, index, data).await
        }

        async fn complete_multipart(
            &self,
            path: &ObjectPath,
            id: &MultipartId,
            parts: Vec<PartId>,
        ) -> object_store::Result<PutResult> {
            self.inner.complete_multipart(path, id, parts).await
        }

        async fn abort_multipart(
            &self,
            path: &ObjectPath,
            id: &MultipartId,
        ) -> object_store::Result<()> {
            self.inner.abort_multipart(path, id).await
        }
    }

    /// A file of six parts, its digest, and the store it goes to.
    struct Scene {
        folder: tempfile::TempDir,
        bytes: Vec<u8>,
        sha256: String,
        path: ObjectPath,
        store: Arc<Cut>,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let bytes: Vec<u8> = (0..20_971_545_u32).flat_map(u32::to_le_bytes).collect();
            std::fs::write(folder.path().join("file"), &bytes).expect("written");
            Self {
                sha256: hexadecimal(&sha2::Sha256::digest(&bytes)),
                path: ObjectPath::from("blobs/ab"),
                store: Arc::new(Cut {
                    inner: InMemory::new(),
                    left: AtomicUsize::new(usize::MAX),
                    sent: AtomicUsize::new(0),
                }),
                folder,
                bytes,
            }
        }

        /// Sends with so many parts before the line is cut; how many were sent.
        async fn send(&self, left: usize) -> (Result<(), StoreError>, usize) {
            self.store.left.store(left, Ordering::SeqCst);
            self.store.sent.store(0, Ordering::SeqCst);
            let route = Route {
                store: self.store.clone(),
                prefix: ObjectPath::from("team"),
            };
            let parcel = Parcel {
                file: &self.folder.path().join("file"),
                size_bytes: self.bytes.len() as u64,
                sha256: &self.sha256,
                path: &self.path,
            };
            let notes = self.folder.path().join("uploads");
            let sent = send(&route, parcel, Some(&notes)).await;
            (sent, self.store.sent.load(Ordering::SeqCst))
        }

        async fn arrived(&self) -> bool {
            let path = ObjectPath::from("team/blobs/ab");
            match self.store.inner.get(&path).await {
                Ok(found) => {
                    assert_eq!(found.bytes().await.expect("bytes"), self.bytes);
                    let notes = std::fs::read_dir(self.folder.path().join("uploads"));
                    assert_eq!(notes.expect("a folder").count(), 0);
                    true
                }
                Err(_) => false,
            }
        }
    }

    #[tokio::test]
    async fn an_upload_that_was_cut_off_goes_on_where_it_was() {
        let scene = Scene::new();
        let (cut, sent) = scene.send(3).await;
        assert!(cut.is_err() && !scene.arrived().await);
        assert_eq!(sent, 3);
        let (done, sent) = scene.send(usize::MAX).await;
        done.expect("sent");
        assert_eq!(sent, 3);
        assert!(scene.arrived().await);
    }

    #[tokio::test]
    async fn a_file_that_changed_in_between_becomes_no_blob() {
        let scene = Scene::new();
        let (cut, _) = scene.send(2).await;
        assert!(cut.is_err());
        let mut other = scene.bytes.clone();
        other[0] ^= 1;
        std::fs::write(scene.folder.path().join("file"), &other).expect("written");
        let (refused, _) = scene.send(usize::MAX).await;
        assert!(matches!(refused, Err(StoreError::Changed { .. })));
        assert!(!scene.arrived().await);
        std::fs::write(scene.folder.path().join("file"), &scene.bytes).expect("written");
        let (done, sent) = scene.send(usize::MAX).await;
        done.expect("sent");
        assert_eq!(sent, 6);
        assert!(scene.arrived().await);
    }

    #[tokio::test]
    async fn parts_sent_while_the_file_was_another_are_sent_again() {
        let scene = Scene::new();
        let mut other = scene.bytes.clone();
        other[0] ^= 1;
        std::fs::write(scene.folder.path().join("file"), &other).expect("written");
        let (cut, sent) = scene.send(2).await;
        assert!(cut.is_err());
        assert_eq!(sent, 2);
        std::fs::write(scene.folder.path().join("file"), &scene.bytes).expect("written");
        let (done, sent) = scene.send(usize::MAX).await;
        done.expect("sent");
        assert_eq!(sent, 6);
        assert!(scene.arrived().await);
    }

    #[tokio::test]
    async fn a_note_that_is_cut_off_or_held_by_another_is_no_note() {
        let scene = Scene::new();
        let (cut, _) = scene.send(2).await;
        assert!(cut.is_err());
        let notes = scene.folder.path().join("uploads");
        let note = notes.join(format!("{}.json", scene.sha256));
        let held = File::open(&note).expect("a note");
        held.lock().expect("locked");
        let (done, sent) = scene.send(usize::MAX).await;
        done.expect("sent");
        assert_eq!(sent, 6);
        drop(held);
        std::fs::write(&note, "{\"upload\": ").expect("written");
        let (done, sent) = scene.send(usize::MAX).await;
        done.expect("sent");
        assert_eq!(sent, 6);
        assert!(scene.arrived().await);
    }
}
