//! Versions of files people write, each kept once under its name: contracts, ontologies.

use crate::error::object;
use crate::{Place, StoreError};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions, PutPayload};

/// Files at a place: `<folder>/<name>/<version, 10 digits>.yaml`, put once and never changed.
#[derive(Clone, Debug)]
pub struct Versions {
    place: Place,
    folder: &'static str,
}

impl Versions {
    /// Files of a folder of a place.
    pub fn new(place: Place, folder: &'static str) -> Self {
        Self { place, folder }
    }

    fn path(&self, name: &str, version: u32) -> ObjectPath {
        ObjectPath::from_iter([self.folder, name, &format!("{version:010}.yaml")])
    }

    /// Keeps a version, unless there is one of that name and number already: that is given back.
    ///
    /// Errors: [`StoreError::Object`], [`StoreError::Damaged`].
    pub async fn keep(
        &self,
        name: &str,
        version: u32,
        text: &str,
    ) -> Result<Option<String>, StoreError> {
        let path = self.path(name, version);
        let payload = PutPayload::from_bytes(Bytes::copy_from_slice(text.as_bytes()));
        let options = PutOptions::from(PutMode::Create);
        match self.place.store().put_opts(&path, payload, options).await {
            Ok(_) => Ok(None),
            Err(object_store::Error::AlreadyExists { .. }) => self.read(name, version).await,
            Err(source) => Err(object("write", &path)(source)),
        }
    }

    /// A version, none where it is not there. Errors: [`StoreError::Object`], [`StoreError::Damaged`] for no text.
    pub async fn read(&self, name: &str, version: u32) -> Result<Option<String>, StoreError> {
        let path = self.path(name, version);
        let read = match self.place.store().get(&path).await {
            Ok(read) => read,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(object("read", &path)(source)),
        };
        let bytes = read.bytes().await.map_err(object("read", &path))?.to_vec();
        let text = String::from_utf8(bytes).map_err(|error| StoreError::Damaged {
            path: path.to_string(),
            what: error.to_string(),
        })?;
        Ok(Some(text))
    }

    /// Numbers of the versions of a name, ascending. Errors: [`StoreError::Object`].
    pub async fn list(&self, name: &str) -> Result<Vec<u32>, StoreError> {
        let folder = ObjectPath::from_iter([self.folder, name]);
        let listed = self.place.store().list(Some(&folder));
        let numbers: Vec<Option<u32>> = listed
            .map_ok(|meta| {
                let name = meta.location.filename()?.strip_suffix(".yaml")?;
                name.parse().ok()
            })
            .try_collect()
            .await
            .map_err(object("list", &folder))?;
        let mut all: Vec<u32> = numbers.into_iter().flatten().collect();
        all.sort_unstable();
        Ok(all)
    }
}
