//! Files of releases: their own copies, so that a release outlives what becomes of the tables.

use crate::error::{io, object};
use crate::uploads::PART_BYTES;
use crate::{Blobs, Place, StoreError};
use bytes::Bytes;
use fieldassay_model::{Digester, Digests};
use futures_util::StreamExt as _;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use std::io::{Read as _, Write};
use std::path::Path;

/// Folder of the releases.
const FOLDER: &str = "releases";

/// The releases at a place: `releases/<SHA-256 of the manifest>/<file>`. Nothing there is ever written over.
#[derive(Clone, Debug)]
pub struct Releases {
    place: Place,
}

impl Releases {
    /// The releases of a place.
    pub fn new(place: Place) -> Self {
        Self { place }
    }

    /// Where a file of a release is in the place. Errors: [`StoreError::NotADigest`].
    pub fn path(manifest_sha256: &str, file: &str) -> Result<ObjectPath, StoreError> {
        // The same names are digests for both.
        Blobs::path(manifest_sha256)?;
        Ok(ObjectPath::from_iter([FOLDER, manifest_sha256, file]))
    }

    /// Keeps a small file, unless it is there. Gives whether it is new.
    ///
    /// Errors: [`StoreError::Damaged`] where other bytes are there, [`StoreError::Object`].
    pub async fn keep_bytes(
        &self,
        manifest_sha256: &str,
        file: &str,
        bytes: Bytes,
    ) -> Result<bool, StoreError> {
        let path = Self::path(manifest_sha256, file)?;
        let options = PutOptions::from(PutMode::Create);
        let payload = PutPayload::from_bytes(bytes.clone());
        match self.place.store().put_opts(&path, payload, options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => {
                if self.read(manifest_sha256, file, bytes.len()).await? == bytes {
                    return Ok(false);
                }
                Err(StoreError::Damaged {
                    path: path.to_string(),
                    what: "it holds other bytes than were written".to_owned(),
                })
            }
            Err(source) => Err(object("write", &path)(source)),
        }
    }

    /// Keeps a file, unless one of its size is there. Gives whether it is new.
    ///
    /// Errors: [`StoreError::Io`], [`StoreError::Object`]. Memory: one part of 16 MB, twice.
    pub async fn keep_file(
        &self,
        manifest_sha256: &str,
        name: &str,
        file: &Path,
    ) -> Result<bool, StoreError> {
        let path = Self::path(manifest_sha256, name)?;
        let mut opened = std::fs::File::open(file).map_err(io("read", file))?;
        let size = opened.metadata().map_err(io("read", file))?.len();
        match self.place.store().head(&path).await {
            Ok(found) if found.size == size => return Ok(false),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(object("look for", &path)(error)),
        }
        if size <= PART_BYTES as u64 {
            let mut bytes = Vec::new();
            opened.read_to_end(&mut bytes).map_err(io("read", file))?;
            let put = self.place.store().put(&path, PutPayload::from(bytes)).await;
            put.map_err(object("write", &path))?;
            return Ok(true);
        }
        let upload = self.place.store().put_multipart(&path).await;
        let mut upload = upload.map_err(object("write", &path))?;
        loop {
            let mut part = Vec::with_capacity(PART_BYTES);
            let mut next = (&opened).take(PART_BYTES as u64);
            next.read_to_end(&mut part).map_err(io("read", file))?;
            if part.is_empty() {
                break;
            }
            let sent = upload.put_part(PutPayload::from(part)).await;
            sent.map_err(object("write", &path))?;
        }
        // It appears whole: under its name only when every part is there.
        upload.complete().await.map_err(object("write", &path))?;
        Ok(true)
    }

    /// Reads a small file. Errors: [`StoreError::Damaged`] for one of more bytes than `most`, [`StoreError::Object`].
    pub async fn read(
        &self,
        manifest_sha256: &str,
        file: &str,
        most: usize,
    ) -> Result<Bytes, StoreError> {
        let path = Self::path(manifest_sha256, file)?;
        let read = self.place.store().get(&path).await;
        let read = read.map_err(object("read", &path))?;
        if read.meta.size > most as u64 {
            return Err(StoreError::Damaged {
                path: path.to_string(),
                what: format!("it has `{}` bytes, and `{most}` may be", read.meta.size),
            });
        }
        read.bytes().await.map_err(object("read", &path))
    }

    /// Passes the bytes of a file on, piece by piece, and gives its digests and size.
    pub async fn copy(
        &self,
        manifest_sha256: &str,
        file: &str,
        sink: &mut (dyn Write + Send),
    ) -> Result<(Digests, u64), StoreError> {
        let path = Self::path(manifest_sha256, file)?;
        copy(&self.place, &path, sink).await
    }
}

impl Blobs {
    /// Passes the bytes of a blob on, piece by piece. Gives its size.
    ///
    /// Errors: [`StoreError::Corrupt`] when all bytes were passed on and are not those of its name,
    /// [`StoreError::Object`], [`StoreError::Io`].
    pub async fn copy(
        &self,
        sha256: &str,
        sink: &mut (dyn Write + Send),
    ) -> Result<u64, StoreError> {
        let path = Self::path(sha256)?;
        let (digests, size) = copy(self.place(), &path, sink).await?;
        if digests.sha256 == sha256 {
            return Ok(size);
        }
        Err(StoreError::Corrupt {
            expected: sha256.to_owned(),
            seen: digests.sha256,
        })
    }
}

async fn copy(
    place: &Place,
    path: &ObjectPath,
    sink: &mut (dyn Write + Send),
) -> Result<(Digests, u64), StoreError> {
    let read = place.store().get(path).await;
    let mut stream = read.map_err(object("read", path))?.into_stream();
    let (mut both, mut size) = (Digester::default(), 0_u64);
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(object("read", path))?;
        both.update(&piece);
        size += piece.len() as u64;
        let written = sink.write_all(&piece);
        written.map_err(io("write", Path::new(path.as_ref())))?;
    }
    Ok((both.finish(), size))
}
