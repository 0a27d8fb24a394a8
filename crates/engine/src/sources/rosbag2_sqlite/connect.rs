//! Connections that write nothing beside the input.

use super::SqliteError;
use fieldassay_formats::Notes;
use rusqlite::{Connection, OpenFlags};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A database and the connections to it that are not in use.
///
/// Connections cannot be shared between threads, so each reader takes one and puts it back.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// Holds the temporary copy, which goes with it.
    _copy: Option<tempfile::TempDir>,
}

impl Database {
    /// Opens the file; with a write-ahead log or rollback journal beside it, a temporary copy of both.
    pub(super) fn open(path: &Path, notes: &mut Notes) -> Result<Self, SqliteError> {
        let leftovers: Vec<PathBuf> = ["-wal", "-journal"]
            .iter()
            .map(|suffix| with_suffix(path, suffix))
            .filter(|path| std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() > 0))
            .collect();
        if leftovers.is_empty() {
            return Ok(Self {
                path: path.to_owned(),
                idle: Mutex::default(),
                _copy: None,
            });
        }
        for leftover in &leftovers {
            notes.add("structure.journal_leftover", None, || {
                format!("`{}` lies beside the file", leftover.display())
            });
        }
        copy(path, &leftovers).map_err(|error| SqliteError::Io {
            action: "copy the file and its journal to the temporary folder",
            reason: error.to_string(),
        })
    }

    /// Where the rows are read from.
    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Calls `use_it` with a connection.
    pub(super) fn with<T>(
        &self,
        use_it: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = use_it(&connection);
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        result
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(
            uri(&self.path, "mode=ro&immutable=1"),
            flags | OpenFlags::SQLITE_OPEN_READ_ONLY,
        )?;
        // A file shorter than its header says is otherwise refused as a whole; nothing is written.
        connection.pragma_update(None, "writable_schema", true)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    }
}

fn copy(path: &Path, leftovers: &[PathBuf]) -> std::io::Result<Database> {
    let folder = tempfile::tempdir()?;
    let name = path.file_name().unwrap_or(OsStr::new("bag.db3"));
    let target = folder.path().join(name);
    std::fs::copy(path, &target)?;
    for leftover in leftovers {
        if let Some(name) = leftover.file_name() {
            std::fs::copy(leftover, folder.path().join(name))?;
        }
    }
    settle(&target);
    Ok(Database {
        path: target,
        idle: Mutex::default(),
        _copy: Some(folder),
    })
}

/// Lets SQLite roll a journal back or move a log into the file. What it cannot settle stays as it is;
/// the rows of the file itself are read then.
fn settle(path: &Path) {
    let flags = OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_READ_WRITE;
    if let Ok(connection) = Connection::open_with_flags(uri(path, "mode=rw"), flags) {
        let first_read = connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()));
        if first_read.is_ok() {
            let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// The path as an SQLite URI: everything but letters, digits and a few safe characters is escaped.
fn uri(path: &Path, query: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri.push('?');
    uri.push_str(query);
    uri
}
