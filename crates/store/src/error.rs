//! What can go wrong with a store.

use std::path::PathBuf;

/// Why something could not be stored or read back.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A place that is none.
    #[error(
        "`{place}` is no place for a store: {reason}\nhint: give a folder, or a URL such as s3://bucket/folder"
    )]
    Place {
        /// As it was given.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried: `read`, `write`, …
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file that changed while it was read.
    #[error("`{}` changed while it was read: {how}\nhint: wait until it is written whole, then try again; nothing was kept", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// What is other than at first.
        how: String,
    },
    /// The object store refused.
    #[error("cannot {action} `{path}` of the store: {source}")]
    Object {
        /// What was tried.
        action: &'static str,
        /// Where in the store.
        path: String,
        /// What the store said.
        source: object_store::Error,
    },
    /// A blob whose bytes are not those of its name.
    #[error(
        "blob `{expected}` holds other bytes: their SHA-256 is `{seen}`\nhint: restore it from a copy; nothing was changed"
    )]
    Corrupt {
        /// SHA-256 it is named by.
        expected: String,
        /// SHA-256 of what it holds.
        seen: String,
    },
    /// A name that is not a SHA-256.
    #[error("`{seen}` is not a SHA-256\nhint: 64 lower-case hexadecimal digits name a blob")]
    NotADigest {
        /// As it was given.
        seen: String,
    },
}

/// What a caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The arguments or the settings are wrong.
    Usage,
    /// Something that was asked for is not there.
    NotFound,
    /// The system or the network failed; the same may work later.
    System,
    /// What is stored is damaged.
    Damage,
}

impl StoreError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Place { .. } => "store.place",
            Self::Io { .. } => "store.io",
            Self::Changed { .. } => "store.changed",
            Self::Object { .. } => "store.object",
            Self::Corrupt { .. } => "store.corrupt",
            Self::NotADigest { .. } => "store.digest",
        }
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Place { .. } | Self::NotADigest { .. } => ErrorKind::Usage,
            Self::Object {
                source: object_store::Error::NotFound { .. },
                ..
            } => ErrorKind::NotFound,
            Self::Io { .. } | Self::Object { .. } | Self::Changed { .. } => ErrorKind::System,
            Self::Corrupt { .. } => ErrorKind::Damage,
        }
    }
}

/// To say where an object store refused.
pub(crate) fn object(
    action: &'static str,
    path: &object_store::path::Path,
) -> impl FnOnce(object_store::Error) -> StoreError {
    let path = path.to_string();
    move |source| StoreError::Object {
        action,
        path,
        source,
    }
}

/// To say where the system refused.
pub(crate) fn io(
    action: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io {
        action,
        path,
        source,
    }
}
