//! Files of a place by their paths: read, written, listed, hashed.
//!
//! Read [`Objects`] first. Not here: what the files are (`tables`, `blobs`, `log`, the log's tiles in `engine`).

use crate::error::object;
use crate::{Place, StoreError};
use bytes::Bytes;
use fieldassay_model::hexadecimal;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};
use sha2::Digest as _;
use std::path::PathBuf;

/// The files of a place.
#[derive(Clone, Debug)]
pub struct Objects {
    place: Place,
}

impl Objects {
    /// The files of a place.
    pub fn new(place: Place) -> Self {
        Self { place }
    }

    /// A file whole; none where it is not there. Errors: [`StoreError::Object`].
    pub async fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        let path = ObjectPath::from(path);
        match self.place.store().get(&path).await {
            Ok(read) => Ok(Some(read.bytes().await.map_err(object("read", &path))?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(object("read", &path)(source)),
        }
    }

    /// Writes a file, in the place of one that is there. Errors: [`StoreError::Object`].
    pub async fn put(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let path = ObjectPath::from(path);
        let put = self.place.store().put(&path, PutPayload::from_bytes(bytes));
        put.await.map(drop).map_err(object("write", &path))
    }

    /// Writes a file that always has these bytes: where it is there already nothing is written, unless it holds others,
    /// as after a loss of power. Errors: [`StoreError::Object`].
    pub async fn settle(&self, path: &str, bytes: Bytes) -> Result<(), StoreError> {
        let at = ObjectPath::from(path);
        let options = PutOptions::from(PutMode::Create);
        let payload = PutPayload::from_bytes(bytes.clone());
        match self.place.store().put_opts(&at, payload, options).await {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => {
                if self.get(path).await?.as_ref() == Some(&bytes) {
                    return Ok(());
                }
                self.put(path, bytes).await
            }
            Err(source) => Err(object("write", &at)(source)),
        }
    }

    /// Removes a file, if it is there. Errors: [`StoreError::Object`].
    pub async fn remove(&self, path: &str) -> Result<(), StoreError> {
        let path = ObjectPath::from(path);
        match self.place.store().delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(object("remove", &path)(source)),
        }
    }

    /// Paths and sizes of all files below a folder, sorted by path. Errors: [`StoreError::Object`].
    pub async fn list(&self, folder: &str) -> Result<Vec<(String, u64)>, StoreError> {
        let folder = ObjectPath::from(folder);
        let listed = self.place.store().list(Some(&folder));
        let mut all: Vec<(String, u64)> = listed
            .map_ok(|meta| (meta.location.to_string(), meta.size))
            .try_collect()
            .await
            .map_err(object("list", &folder))?;
        all.sort_unstable();
        Ok(all)
    }

    /// SHA-256 and size of a file; none where it is not there. Memory: one piece of a stream.
    ///
    /// Errors: [`StoreError::Object`].
    pub async fn sha256(&self, path: &str) -> Result<Option<(String, u64)>, StoreError> {
        let path = ObjectPath::from(path);
        let read = match self.place.store().get(&path).await {
            Ok(read) => read,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(object("read", &path)(source)),
        };
        let mut stream = read.into_stream();
        let (mut hash, mut size) = (sha2::Sha256::new(), 0_u64);
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(object("read", &path))?;
            hash.update(&piece);
            size += piece.len() as u64;
        }
        Ok(Some((hexadecimal(&hash.finalize()), size)))
    }

    /// Where a file is on this machine; none for an object store.
    pub fn local(&self, path: &str) -> Option<PathBuf> {
        Some(self.place.as_folder()?.join(path))
    }
}
