//! Originals, kept as they came under their content: read once, written once, never changed.

use crate::copying;
use crate::error::{io, object};
use crate::uploads::{self, PART_BYTES, Parcel};
use crate::{Place, StoreError};
use bytes::Bytes;
use fieldassay_model::{Digester, Digests, hexadecimal};
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use sha2::Digest as _;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Folder of what is being written; nothing in it is part of the workspace.
pub const STAGING: &str = "staging";
/// Folder of the blobs.
const FOLDER: &str = "blobs";

/// What is kept of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Digests of its bytes.
    pub digests: Digests,
    /// Its size.
    pub size_bytes: u64,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// Blobs by SHA-256 at a place.
#[derive(Clone, Debug)]
pub struct Blobs {
    place: Place,
    /// Where notes of uploads are kept, by which they go on after an interruption.
    notes: Option<PathBuf>,
}

impl Blobs {
    /// The blobs of a place.
    pub fn new(place: Place) -> Self {
        Self { place, notes: None }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The same with a local folder for notes of uploads, by which those of large files go on after an interruption.
    #[must_use]
    pub fn with_notes(self, folder: PathBuf) -> Self {
        Self {
            notes: Some(folder),
            ..self
        }
    }

    /// Where the blob of a SHA-256 is in the place: `blobs/<two digits>/<the rest>`, so that no folder grows without
    /// bound. Errors: [`StoreError::NotADigest`].
    pub fn path(sha256: &str) -> Result<ObjectPath, StoreError> {
        let is_digest = sha256.len() == 64
            && sha256
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match sha256.split_at_checked(2) {
            Some((first, rest)) if is_digest => Ok(ObjectPath::from_iter([FOLDER, first, rest])),
            _ => Err(StoreError::NotADigest {
                seen: sha256.to_owned(),
            }),
        }
    }

    /// Keeps a file under its content, unless it is there already. `scratch` names what is written until the digest is
    /// known and must be of this call alone; what an interrupted call leaves under it in `staging` is no part of the
    /// workspace. `advance` is told of bytes read.
    ///
    /// In a folder the file is read once and the copy is on the disk when this returns. Elsewhere a file of one part is
    /// read once and put whole; a larger one is read for its digest, and again only if it has to be sent, in parts, of
    /// which those an interrupted call has sent are not sent again. In a folder an interrupted copy is begun anew: its
    /// digest takes reading the file whole anyway.
    ///
    /// Errors: [`StoreError::Io`], [`StoreError::Changed`], [`StoreError::Object`]. Memory: four parts of 16 MB, or of
    /// a nine-thousandth of the file.
    pub async fn keep_file(
        &self,
        file: &Path,
        scratch: &str,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Kept, StoreError> {
        match self.place.as_folder() {
            Some(folder) => keep_in_folder(folder, file, scratch, advance),
            None => self.send(file, advance).await,
        }
    }

    /// Keeps bytes under their content, unless they are there already. In a folder they are on the disk when this
    /// returns. Errors: [`StoreError::Io`], [`StoreError::Object`].
    pub async fn keep_bytes(&self, bytes: Bytes) -> Result<Kept, StoreError> {
        let mut both = Digester::default();
        both.update(&bytes);
        let size_bytes = bytes.len() as u64;
        let digests = both.finish();
        let path = Self::path(&digests.sha256)?;
        let is_new = if let Some(folder) = self.place.as_folder() {
            write_in_folder(folder, &path, &bytes)?
        } else {
            let options = PutOptions::from(PutMode::Create);
            let payload = PutPayload::from_bytes(bytes);
            match self.place.store().put_opts(&path, payload, options).await {
                Ok(_) => true,
                Err(object_store::Error::AlreadyExists { .. }) => false,
                Err(source) => return Err(object("write", &path)(source)),
            }
        };
        Ok(Kept {
            digests,
            size_bytes,
            is_new,
        })
    }

    /// Whether a blob is there. Errors: [`StoreError::NotADigest`], [`StoreError::Object`].
    pub async fn has(&self, sha256: &str) -> Result<bool, StoreError> {
        let path = Self::path(sha256)?;
        match self.place.store().head(&path).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(source) => Err(object("look for", &path)(source)),
        }
    }

    /// Reads a stretch of a blob.
    pub async fn read(
        &self,
        sha256: &str,
        range: std::ops::Range<u64>,
    ) -> Result<Bytes, StoreError> {
        let path = Self::path(sha256)?;
        let read = self.place.store().get_range(&path, range).await;
        read.map_err(object("read", &path))
    }

    /// Reads a blob whole and compares its digest. Errors: [`StoreError::Corrupt`], [`StoreError::Object`].
    /// Gives its size. Memory: one piece of a stream.
    pub async fn verify(&self, sha256: &str) -> Result<u64, StoreError> {
        let path = Self::path(sha256)?;
        let read = self.place.store().get(&path).await;
        let mut stream = read.map_err(object("read", &path))?.into_stream();
        let (mut hash, mut size) = (sha2::Sha256::new(), 0_u64);
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(object("read", &path))?;
            hash.update(&piece);
            size += piece.len() as u64;
        }
        let seen = hexadecimal(&hash.finalize());
        if seen == sha256 {
            return Ok(size);
        }
        Err(StoreError::Corrupt {
            expected: sha256.to_owned(),
            seen,
        })
    }

    /// SHA-256 of every blob, sorted.
    pub async fn list(&self) -> Result<Vec<String>, StoreError> {
        let folder = ObjectPath::from(FOLDER);
        let listed = self.place.store().list(Some(&folder));
        let mut all: Vec<String> = listed
            .map_ok(|meta| {
                let parts = meta.location.parts().skip(1);
                parts.map(|part| part.as_ref().to_owned()).collect()
            })
            .try_collect()
            .await
            .map_err(object("list", &folder))?;
        all.sort_unstable();
        Ok(all)
    }

    async fn send(&self, file: &Path, advance: &(dyn Fn(u64) + Sync)) -> Result<Kept, StoreError> {
        let mut opened = std::fs::File::open(file).map_err(io("read", file))?;
        let size_bytes = opened.metadata().map_err(io("read", file))?.len();
        if size_bytes <= PART_BYTES as u64 {
            // One request instead of three, and only one writer of it wins.
            let mut bytes = Vec::new();
            let read = opened.take(size_bytes + 1).read_to_end(&mut bytes);
            let read = read.map_err(io("read", file))? as u64;
            unchanged(file, size_bytes, read)?;
            advance(read);
            return self.keep_bytes(bytes.into()).await;
        }
        let (digests, seen) = copying::digests(&mut opened, advance).map_err(io("read", file))?;
        unchanged(file, size_bytes, seen)?;
        let kept = |is_new| Kept {
            digests: digests.clone(),
            size_bytes,
            is_new,
        };
        if self.has(&digests.sha256).await? {
            return Ok(kept(false));
        }
        let path = Self::path(&digests.sha256)?;
        let parcel = Parcel {
            file,
            size_bytes,
            sha256: &digests.sha256,
            path: &path,
        };
        let route = self.place.parts().ok_or_else(|| StoreError::Place {
            place: self.place.url().to_string(),
            reason: "it takes no files in parts".to_owned(),
        })?;
        uploads::send(route, parcel, self.notes.as_deref()).await?;
        Ok(kept(true))
    }
}

fn unchanged(file: &Path, expected: u64, seen: u64) -> Result<(), StoreError> {
    if expected == seen {
        return Ok(());
    }
    Err(StoreError::Changed {
        path: file.to_owned(),
        how: format!("it had {expected} bytes when it was opened, and {seen} were read"),
    })
}

/// Copies into `staging`, hashing on the way, then names the copy by its content with a hard link, which fails where
/// another writer was first: then theirs is as good.
fn keep_in_folder(
    folder: &Path,
    file: &Path,
    scratch: &str,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Kept, StoreError> {
    let staging = folder.join(STAGING);
    std::fs::create_dir_all(&staging).map_err(io("create", &staging))?;
    let scratch = staging.join(scratch);
    let kept = copy_under_digest(folder, file, &scratch, advance);
    match std::fs::remove_file(&scratch) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound && kept.is_ok() => {
            Err(io("remove", &scratch)(error))
        }
        _ => kept,
    }
}

fn copy_under_digest(
    folder: &Path,
    file: &Path,
    scratch: &Path,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Kept, StoreError> {
    let from = std::fs::File::open(file).map_err(io("read", file))?;
    let size_bytes = from.metadata().map_err(io("read", file))?.len();
    let copy = copying::copy((from, file), scratch, size_bytes, advance)?;
    unchanged(file, size_bytes, copy.read_bytes)?;
    let digests = copy.digests;
    let target = folder.join(Blobs::path(&digests.sha256)?.as_ref());
    let is_new = !target.exists() && {
        copy.file.sync_all().map_err(io("write", scratch))?;
        name(scratch, &target)?
    };
    Ok(Kept {
        digests,
        size_bytes,
        is_new,
    })
}

/// Writes bytes into `staging` first: the store's own way leaves a second name beside the blob where it is cut off.
fn write_in_folder(folder: &Path, path: &ObjectPath, bytes: &[u8]) -> Result<bool, StoreError> {
    let target = folder.join(path.as_ref());
    if target.exists() {
        return Ok(false);
    }
    let staging = folder.join(STAGING);
    let attempt = || {
        std::fs::create_dir_all(&staging).map_err(io("create", &staging))?;
        let mut builder = tempfile::Builder::new();
        // As any file: the library's own is for its writer alone.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let made = builder.tempfile_in(&staging);
        let mut scratch = made.map_err(io("write", &staging))?;
        let written = scratch.write_all(bytes);
        written
            .and_then(|()| scratch.as_file().sync_all())
            .map_err(io("write", scratch.path()))?;
        name(scratch.path(), &target)
    };
    // Whoever begins to ingest clears the folder, and may do so between two of these steps.
    match attempt() {
        Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            attempt()
        }
        done => done,
    }
}

/// Gives a file that is on the disk its name as a blob. Gives whether it is new.
fn name(scratch: &Path, target: &Path) -> Result<bool, StoreError> {
    let parent = target.parent().unwrap_or(target);
    std::fs::create_dir_all(parent).map_err(io("create", parent))?;
    match std::fs::hard_link(scratch, target) {
        Ok(()) => {
            let opened = std::fs::File::open(parent).map_err(io("open", parent))?;
            opened.sync_all().map_err(io("write", parent))?;
            Ok(true)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(io("write", target)(error)),
    }
}
