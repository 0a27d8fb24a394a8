//! Originals are kept byte for byte, once, whoever writes them, and damage is told.
#![expect(clippy::expect_used, reason = "helpers of tests may fail loudly")]

mod places;

use fieldassay_store::{Blobs, ErrorKind, Place, STAGING, StoreError};
use futures_util::{StreamExt as _, stream};
use object_store::ObjectStoreExt as _;
use places::places;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

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
    let places = places("blobs");
    let source = tempfile::tempdir().unwrap();
    for (name, place) in places.all.clone() {
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
            assert!(first.is_new && !again.is_new, "{name}: {len}");
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
        let text = blobs.keep_bytes("text".into()).await.unwrap();
        assert!(text.is_new && blobs.has(&text.digests.sha256).await.unwrap());
        assert_eq!(blobs.list().await.unwrap().len(), 5);
    }
    assert_eq!(files_below(folder_of(&places)), 5);
    assert_eq!(files_below(&folder_of(&places).join(STAGING)), 0);
}

/// A process may be killed between any two of its steps: only the blob's own name may ever be among the blobs.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_have_no_other_name_among_the_blobs_at_any_moment() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::new(Place::folder(folder.path()).unwrap());
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let others = std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut others = Vec::new();
            while !is_done.load(Ordering::Relaxed) {
                let folders = std::fs::read_dir(folder.path().join("blobs"));
                for one in folders.into_iter().flatten().flatten() {
                    let inside = std::fs::read_dir(one.path()).into_iter().flatten();
                    let names = inside.flatten().map(|entry| entry.file_name());
                    others.extend(names.filter(|name| name.len() != 62));
                }
            }
            others
        });
        tokio::task::block_in_place(|| {
            let runtime = tokio::runtime::Handle::current();
            for number in 0..300_u32 {
                let bytes = number.to_le_bytes().to_vec();
                runtime.block_on(blobs.keep_bytes(bytes.into())).unwrap();
            }
        });
        is_done.store(true, Ordering::Relaxed);
        looking.join().unwrap()
    });
    assert_eq!(others, Vec::<std::ffi::OsString>::new());
    let listed = blobs.list().await.unwrap();
    assert_eq!(listed.len(), 300);
    let (first, rest) = listed[0].split_at(2);
    let kept = folder.path().join("blobs").join(first).join(rest);
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&kept), mode(&plain), "as any other file");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_of_the_same_content_agree() {
    let source = tempfile::tempdir().unwrap();
    let file = source.path().join("drive.bin");
    for len in [3_000_000, 17_000_000] {
        std::fs::write(&file, content(len)).unwrap();
        let places = places("blobs_race");
        for (name, place) in places.all.clone() {
            let tasks: Vec<_> = (0..8)
                .map(|i| {
                    let (blobs, file) = (Blobs::new(place.clone()), file.clone());
                    tokio::spawn(
                        async move { blobs.keep_file(&file, &format!("w{i}"), &|_| ()).await },
                    )
                })
                .collect();
            let mut new = 0;
            for task in tasks {
                new += usize::from(task.await.unwrap().unwrap().is_new);
            }
            let blobs = Blobs::new(place);
            let listed = blobs.list().await.unwrap();
            assert_eq!(listed.len(), 1, "{name}");
            assert_eq!(
                blobs.verify(&listed[0]).await.unwrap(),
                len as u64,
                "{name}"
            );
            // An upload in parts cannot be put only where nothing is: several may have been first.
            let in_parts = name != "folder" && len > 16 << 20;
            assert!(if in_parts { new >= 1 } else { new == 1 }, "{name}: {new}");
        }
        assert_eq!(files_below(folder_of(&places)), 1);
    }
}

#[tokio::test]
async fn damage_and_absence_are_told() {
    let source = tempfile::tempdir().unwrap();
    let file = source.path().join("drive.bin");
    std::fs::write(&file, b"bytes").unwrap();
    for (name, place) in places("blobs_damage").all {
        let blobs = Blobs::new(place.clone());
        let kept = blobs.keep_file(&file, "a", &|_| ()).await.unwrap();
        let sha256 = kept.digests.sha256;
        let path = Blobs::path(&sha256).unwrap();
        place.store().put(&path, "bytez".into()).await.unwrap();
        let found = blobs.verify(&sha256).await.unwrap_err();
        assert!(
            matches!(&found, StoreError::Corrupt { expected, .. } if *expected == sha256),
            "{name}: {found}"
        );
        assert_eq!(found.kind(), ErrorKind::Damage);
        place.store().delete(&path).await.unwrap();
        assert!(!blobs.has(&sha256).await.unwrap(), "{name}");
        let gone = blobs.verify(&sha256).await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound, "{name}");
        let gone = blobs.read(&sha256, 0..2).await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound, "{name}");
        let gone = source.path().join("gone.bin");
        let absent = blobs.keep_file(&gone, "b", &|_| ()).await.unwrap_err();
        assert!(absent.to_string().contains("gone.bin"), "{absent}");
        let wrong = blobs.has("../../etc").await.unwrap_err();
        assert_eq!(wrong.kind(), ErrorKind::Usage);
        assert_eq!(blobs.list().await.unwrap(), [""; 0], "{name}");
    }
}

/// A store lists a thousand at a time.
#[tokio::test(flavor = "multi_thread")]
async fn all_of_many_are_listed() {
    for (name, place) in places("blobs_many").all {
        let blobs = &Blobs::new(place);
        let keep = (0..1_100_u32).map(|number| async move {
            let kept = blobs.keep_bytes(number.to_le_bytes().to_vec().into()).await;
            kept.unwrap().digests.sha256
        });
        let mut kept: Vec<String> = stream::iter(keep).buffer_unordered(16).collect().await;
        kept.sort_unstable();
        assert_eq!(blobs.list().await.unwrap(), kept, "{name}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = Place::folder(&folder.path().join("store")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::System);
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

fn folder_of(places: &places::Places) -> &std::path::Path {
    let mut folders = places.all.iter().filter_map(|(_, place)| place.as_folder());
    folders.next().expect("one of them is a folder")
}
