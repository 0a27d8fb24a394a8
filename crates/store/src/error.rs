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
    /// A table that is not there.
    #[error(
        "the store has no table `{table}`\nhint: `fieldassay init` makes the tables of a workspace"
    )]
    NoTable {
        /// Its name.
        table: String,
    },
    /// A table that is not as this version declares it.
    #[error(
        "table `{table}` has other columns than this version declares, or deleted rows that it cannot read\nhint: use the version of fieldassay that made the workspace, or a newer one"
    )]
    OtherTable {
        /// Its name.
        table: String,
    },
    /// Rows that a table cannot hold.
    #[error("rows for table `{table}` are refused: {what}")]
    Rows {
        /// Its name.
        table: String,
        /// What is wrong with them.
        what: String,
    },
    /// A file of a table that is not what was written.
    #[error("`{path}` is damaged: {what}\nhint: restore it from a copy; nothing was changed")]
    Damaged {
        /// Path in the folder of the table.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// Delta refused.
    #[error("table `{table}` failed: {source}")]
    Delta {
        /// Its name.
        table: String,
        /// What Delta said.
        source: Box<deltalake_core::DeltaTableError>,
    },
    /// The database of the catalogue refused.
    #[error("the catalogue failed: {source}")]
    Catalog {
        /// What the database said.
        source: Box<sqlx::Error>,
    },
    /// A catalogue that a newer version made.
    #[error(
        "the workspace was made by a newer version of fieldassay (its catalogue has step `{version}`)\nhint: use that version; nothing was changed"
    )]
    Newer {
        /// The step of its schema that is unknown here.
        version: i64,
    },
    /// A lease that ended: another has taken over.
    #[error(
        "another process has taken over\nhint: nothing of this one was kept after that; look at `fieldassay jobs`"
    )]
    Fenced,
    /// An entry of the log that is there already, with other content.
    #[error(
        "the log has another entry with number `{sequence}`\nhint: the store belongs to another catalogue, or was restored from a copy that is older; nothing was published"
    )]
    OtherEntry {
        /// Its number.
        sequence: i64,
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
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Place { .. } => "store.place",
            Self::Io { .. } => "store.io",
            Self::Changed { .. } => "store.changed",
            Self::Object { .. } => "store.object",
            Self::Corrupt { .. } => "store.corrupt",
            Self::NotADigest { .. } => "store.digest",
            Self::NoTable { .. } => "store.no_table",
            Self::OtherTable { .. } => "store.other_table",
            Self::Rows { .. } => "store.rows",
            Self::Damaged { .. } => "store.damaged",
            Self::Delta { .. } => "store.delta",
            Self::Catalog { .. } => "store.catalog",
            Self::Newer { .. } => "store.newer",
            Self::Fenced => "store.fenced",
            Self::OtherEntry { .. } => "store.other_entry",
        }
    }

    /// What a caller can do about it.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Place { .. }
            | Self::NotADigest { .. }
            | Self::OtherTable { .. }
            | Self::Rows { .. }
            | Self::Newer { .. } => ErrorKind::Usage,
            Self::NoTable { .. }
            | Self::Object {
                source: object_store::Error::NotFound { .. },
                ..
            } => ErrorKind::NotFound,
            Self::Io { .. }
            | Self::Object { .. }
            | Self::Changed { .. }
            | Self::Delta { .. }
            | Self::Catalog { .. }
            | Self::Fenced => ErrorKind::System,
            Self::Corrupt { .. } | Self::Damaged { .. } | Self::OtherEntry { .. } => {
                ErrorKind::Damage
            }
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

/// To say which table failed.
pub(crate) fn delta(table: &str) -> impl FnOnce(deltalake_core::DeltaTableError) -> StoreError {
    let table = table.to_owned();
    move |source| StoreError::Delta {
        table,
        source: Box::new(source),
    }
}
