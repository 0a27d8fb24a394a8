//! rosbag2 SQLite storage: being written.
use fieldassay_formats::{Buffers, Channel, Format, Recording, UnitSummary, Visitor};
use fieldassay_model::Account;
use std::path::Path;

/// Whether the bytes begin like SQLite.
pub fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"SQLite format 3\0")
}

/// A rosbag2 database.
#[derive(Debug)]
pub struct SqliteRecording;

impl SqliteRecording {
    /// Opens it.
    pub fn open(_path: &Path, _metadata: Option<&str>) -> Result<Self, std::io::Error> {
        Err(std::io::Error::other("being written"))
    }
}

impl Recording for SqliteRecording {
    fn format(&self) -> Format {
        Format::Rosbag2Sqlite3
    }
    fn channels(&self) -> &[Channel] {
        &[]
    }
    fn unit_count(&self) -> usize {
        0
    }
    fn unit_log_times(&self, _unit: usize) -> Option<(i64, i64)> {
        None
    }
    fn unit_bytes(&self, _unit: usize) -> u64 {
        0
    }
    fn read_unit(&self, _: usize, _: &mut Buffers, _: &mut dyn Visitor) -> UnitSummary {
        UnitSummary::default()
    }
    fn account(&self, _: &[UnitSummary]) -> Account {
        Account::default()
    }
    fn origin(&self) -> (String, String) {
        (String::new(), String::new())
    }
}
