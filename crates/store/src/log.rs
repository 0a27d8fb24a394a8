//! The log of operations: one entry per published batch, never changed.

use crate::error::object;
use crate::{Place, StoreError};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};

/// Folder of the log.
const FOLDER: &str = "log";

/// The log at a place: `log/<sequence, 20 digits>.json`.
#[derive(Clone, Debug)]
pub struct Log {
    place: Place,
}

impl Log {
    /// The log of a place.
    pub fn new(place: Place) -> Self {
        Self { place }
    }

    fn path(sequence: i64) -> ObjectPath {
        ObjectPath::from_iter([FOLDER, &format!("{sequence:020}.json")])
    }

    /// Adds the entry of a batch. Adding it again changes nothing.
    ///
    /// Errors: [`StoreError::OtherEntry`] where another entry has that number, [`StoreError::Object`].
    pub async fn append(&self, sequence: i64, entry: &str) -> Result<(), StoreError> {
        let path = Self::path(sequence);
        let payload = PutPayload::from_bytes(Bytes::copy_from_slice(entry.as_bytes()));
        let options = PutOptions::from(PutMode::Create);
        match self.place.store().put_opts(&path, payload, options).await {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => {
                if self.read(sequence).await? == entry {
                    return Ok(());
                }
                Err(StoreError::OtherEntry { sequence })
            }
            Err(source) => Err(object("write", &path)(source)),
        }
    }

    /// The entry of a batch. Errors: [`StoreError::Object`], [`StoreError::Damaged`] for bytes that are no text.
    pub async fn read(&self, sequence: i64) -> Result<String, StoreError> {
        let path = Self::path(sequence);
        let read = self.place.store().get(&path).await;
        let bytes = read.map_err(object("read", &path))?.bytes().await;
        let bytes = bytes.map_err(object("read", &path))?.to_vec();
        String::from_utf8(bytes).map_err(|error| StoreError::Damaged {
            path: path.to_string(),
            what: error.to_string(),
        })
    }

    /// Numbers of all entries, ascending.
    pub async fn list(&self) -> Result<Vec<i64>, StoreError> {
        let folder = ObjectPath::from(FOLDER);
        let listed = self.place.store().list(Some(&folder));
        let names: Vec<Option<i64>> = listed
            .map_ok(|meta| {
                let name = meta.location.filename()?.strip_suffix(".json")?;
                name.parse().ok()
            })
            .try_collect()
            .await
            .map_err(object("list", &folder))?;
        let mut all: Vec<i64> = names.into_iter().flatten().collect();
        all.sort_unstable();
        Ok(all)
    }
}
