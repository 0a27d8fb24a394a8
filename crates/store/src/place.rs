//! Where a workspace keeps its files: a folder, an object store, or memory for tests.

use crate::StoreError;
use crate::uploads::Route;
use object_store::ObjectStore;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

/// A place with the store that reads and writes it.
#[derive(Clone, Debug)]
pub struct Place {
    url: Url,
    store: Arc<dyn ObjectStore>,
    folder: Option<PathBuf>,
    parts: Option<Route>,
}

impl Place {
    /// A folder, which must exist. Errors: [`StoreError::Io`] for a folder that is not there, [`StoreError::Place`].
    pub fn folder(path: &Path) -> Result<Self, StoreError> {
        let folder = path
            .canonicalize()
            .map_err(crate::error::io("open", path))?;
        let refused = |reason: String| StoreError::Place {
            place: path.display().to_string(),
            reason,
        };
        let store = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|error| refused(error.to_string()))?;
        let url = Url::from_directory_path(&folder)
            .map_err(|()| refused("its path cannot be written as a URL".to_owned()))?;
        Ok(Self {
            url,
            store: Arc::new(store),
            folder: Some(folder),
            parts: None,
        })
    }

    /// A place named by a folder or a URL (`s3://bucket/folder`, `memory:///`); options are those of the object store
    /// (`aws_endpoint`, `aws_region`, …), on top of what the environment variables `AWS_…` say in `environment`.
    ///
    /// Errors: [`StoreError::Place`], [`StoreError::Io`].
    pub fn open(
        place: &str,
        options: &BTreeMap<String, String>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, StoreError> {
        let refused = |reason: String| StoreError::Place {
            place: place.to_owned(),
            reason,
        };
        if !place.contains("://") {
            return Self::folder(Path::new(place));
        }
        let url = Url::parse(place).map_err(|error| refused(error.to_string()))?;
        match url.scheme() {
            "file" => {
                let path = url
                    .to_file_path()
                    .map_err(|()| refused("no path is in it".to_owned()))?;
                Self::folder(&path)
            }
            "memory" => {
                let store = Arc::new(InMemory::new());
                Ok(Self {
                    url,
                    parts: Some(Route {
                        store: store.clone(),
                        prefix: ObjectPath::default(),
                    }),
                    store,
                    folder: None,
                })
            }
            "s3" => Self::s3(url, options, environment, &refused),
            other => Err(refused(format!("`{other}` is not read by this version"))),
        }
    }

    /// A bucket, or a folder of it.
    fn s3(
        url: Url,
        options: &BTreeMap<String, String>,
        environment: &dyn Fn(&str) -> Option<String>,
        refused: &dyn Fn(String) -> StoreError,
    ) -> Result<Self, StoreError> {
        let bucket = url
            .host_str()
            .filter(|bucket| !bucket.is_empty())
            .ok_or_else(|| refused("no bucket is named".to_owned()))?;
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket);
        for name in ENVIRONMENT {
            if let (Some(value), Ok(key)) = (
                environment(name),
                name.to_lowercase().parse::<AmazonS3ConfigKey>(),
            ) {
                builder = builder.with_config(key, value);
            }
        }
        for (name, value) in options {
            let key: AmazonS3ConfigKey = name
                .parse()
                .map_err(|_| refused(format!("it has no option `{name}`")))?;
            builder = builder.with_config(key, value);
        }
        // Whoever names a plain endpoint means it.
        let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint);
        if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) {
            builder = builder.with_allow_http(true);
        }
        let store = builder
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let prefix =
            ObjectPath::from_url_path(url.path()).map_err(|error| refused(error.to_string()))?;
        Ok(Self {
            url,
            parts: Some(Route {
                store: Arc::new(store.clone()),
                prefix: prefix.clone(),
            }),
            store: Arc::new(PrefixStore::new(store, prefix)),
            folder: None,
        })
    }

    /// The URL of the place.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What reads and writes it; paths are relative to the place.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// How large files reach it in parts; none for a folder.
    pub(crate) fn parts(&self) -> Option<&Route> {
        self.parts.as_ref()
    }

    /// The folder, where it is one.
    pub fn as_folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}

/// Variables of the environment that name an S3 account.
const ENVIRONMENT: [&str; 8] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ALLOW_HTTP",
];
