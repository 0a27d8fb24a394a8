//! Originals are kept byte for byte, once, whoever writes them, and damage is told.
#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

use fieldassay_store::{Blobs, ErrorKind, Place, STAGING, StoreError};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

fn memory() -> Place {
    Place::open("memory:///", &BTreeMap::new(), &|_| None).expect("a place")
}

/// Bytes that no compression or slice is even with.
fn content(len: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u8::try_from(state >> 24).unwrap_or(0)
    };
    (0..len).map(|_| next()).collect()
}

fn files_below(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let count = |path: std::path::PathBuf| if path.is_dir() { files_below(&path) } else { 1 };
    entries
        .map(|entry| count(entry.expect("an entry").path()))
        .sum()
}

#[tokio::test]
async fn originals_come_back_and_are_kept_once() {
    let folder = tempfile::tempdir().unwrap();
    let source = tempfile::tempdir().unwrap();
    for (place, is_folder) in [
        (Place::folder(folder.path()).unwrap(), true),
        (memory(), false),
    ] {
        let blobs = Blobs::new(place);
        for len in [0, 1, 700_001, 40_000_003] {
            let bytes = content(len);
            let file = source.path().join(format!("{len}.bin"));
            std::fs::write(&file, &bytes).unwrap();
            let told = AtomicU64::new(0);
            let advance = |n| {
                told.fetch_add(n, Ordering::Relaxed);
            };
            let first = blobs.keep_file(&file, "one", &advance).await.unwrap();
            let again = blobs.keep_file(&file, "two", &|_| ()).await.unwrap();
            assert!(first.is_new && !again.is_new, "{len}");
            assert_eq!(first.digests, again.digests);
            assert_eq!(first.size_bytes, len as u64);
            assert_eq!(told.load(Ordering::Relaxed), len as u64);
            let sha256 = &first.digests.sha256;
            assert_eq!(blobs.verify(sha256).await.unwrap(), len as u64);
            if len > 0 {
                let half = len as u64 / 2;
                let read = blobs.read(sha256, half..len as u64).await.unwrap();
                assert_eq!(read, bytes[len / 2..]);
            }
            let same = blobs.keep_bytes(bytes.into()).await.unwrap();
            assert!(!same.is_new && same.digests == first.digests);
        }
        assert_eq!(blobs.list().await.unwrap().len(), 4);
        if is_folder {
            assert_eq!(files_below(folder.path()), 4);
            assert_eq!(files_below(&folder.path().join(STAGING)), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_the_same_content_agree() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("drive.bin");
    std::fs::write(&file, content(3_000_000)).unwrap();
    let store = folder.path().join("store");
    std::fs::create_dir(&store).unwrap();
    let place = Place::folder(&store).unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|i| {
            let (blobs, file) = (Blobs::new(place.clone()), file.clone());
            tokio::spawn(async move { blobs.keep_file(&file, &format!("w{i}"), &|_| ()).await })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += usize::from(task.await.unwrap().unwrap().is_new);
    }
    assert_eq!((new, files_below(&store)), (1, 1));
}

#[tokio::test]
async fn damage_and_absence_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("drive.bin");
    std::fs::write(&file, b"bytes").unwrap();
    let store = folder.path().join("store");
    assert_eq!(Place::folder(&store).unwrap_err().kind(), ErrorKind::System);
    std::fs::create_dir(&store).unwrap();
    let blobs = Blobs::new(Place::folder(&store).unwrap());
    let kept = blobs.keep_file(&file, "a", &|_| ()).await.unwrap();
    let sha256 = kept.digests.sha256;
    let path = store.join(Blobs::path(&sha256).unwrap().as_ref());
    std::fs::write(&path, b"bytez").unwrap();
    let found = blobs.verify(&sha256).await.unwrap_err();
    assert!(matches!(&found, StoreError::Corrupt { expected, .. } if *expected == sha256));
    assert_eq!(found.kind(), ErrorKind::Damage);
    std::fs::remove_file(&path).unwrap();
    assert!(!blobs.has(&sha256).await.unwrap());
    assert_eq!(
        blobs.verify(&sha256).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let gone = folder.path().join("gone.bin");
    let absent = blobs.keep_file(&gone, "b", &|_| ()).await.unwrap_err();
    assert!(absent.to_string().contains("gone.bin"), "{absent}");
    assert_eq!(
        blobs.has("../../etc").await.unwrap_err().kind(),
        ErrorKind::Usage
    );
    assert_eq!(files_below(&store), 0);
}

#[test]
fn places_that_are_none_are_told() {
    for (place, word) in [
        ("s3://", "bucket"),
        ("ftp://host/x", "`ftp`"),
        ("/nowhere/at/all", "/nowhere/at/all"),
    ] {
        let error = Place::open(place, &BTreeMap::new(), &|_| None).unwrap_err();
        assert!(error.to_string().contains(word), "{place}: {error}");
    }
    let options = BTreeMap::from([("aws_colour".to_owned(), "red".to_owned())]);
    let error = Place::open("s3://bucket/x", &options, &|_| None).unwrap_err();
    assert!(error.to_string().contains("aws_colour"), "{error}");
}
