//! Every kind of place a store can be at: a folder, memory, and S3 where a server is named.

use fieldassay_store::Place;
use fieldassay_testkit::servers::server;
use std::collections::BTreeMap;
use tempfile::TempDir;

/// Fresh places of one test.
pub(crate) struct Places {
    /// Dropped with them.
    _folder: TempDir,
    /// Each with its name.
    pub(crate) all: Vec<(&'static str, Place)>,
}

/// Fresh places of a test.
pub(crate) fn places(test: &str) -> Places {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = vec![
        ("folder", Place::folder(folder.path()).expect("a place")),
        ("memory", open("memory:///")),
    ];
    if let Some(url) = server("S3", test) {
        // The name of the folder is nobody else's.
        let own = folder.path().file_name().expect("a name").to_string_lossy();
        all.push(("S3", open(&format!("{url}/{test}{own}"))));
    }
    Places {
        _folder: folder,
        all,
    }
}

fn open(url: &str) -> Place {
    Place::open(url, &BTreeMap::new(), &|name| std::env::var(name).ok()).expect("a place")
}
