//! I4: working memory is a function of limits, not of input size.
#![expect(
    unsafe_code,
    clippy::expect_used,
    reason = "counting what the heap holds needs an allocator of one's own; helpers of tests may fail loudly"
)]

use fieldassay_engine::NoProgress;
use fieldassay_engine::check::{self, Request};
use fieldassay_engine::limits::Limits;
use fieldassay_engine::simulate::{self, DriveSpec};
use fieldassay_model::Policy;
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system allocator, counting.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system allocator unchanged; only counters are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises about `pointer` and `layout` are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes the heap held at most, above what it held before, while a recording was checked.
fn peak_of_check(path: &Path, limits: Limits) -> usize {
    let policy = Policy::built_in("default").expect("built in");
    let inputs = [path.display().to_string()];
    let request = Request {
        inputs: &inputs,
        policy: &policy,
        topics: None,
        start: None,
        end: None,
        jobs: 2,
        limits,
    };
    let (paths, _) = check::plan(&request).expect("files");
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let outcome = check::run(&request, &paths, &NoProgress).expect("a run");
    assert_eq!(outcome.document.recordings[0].error, None);
    PEAK.load(Ordering::Relaxed) - before
}

#[test]
fn five_times_the_messages_take_no_more_heap() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits {
        column_bytes: 1 << 20,
        ..Limits::default()
    };
    let peak = |messages: u64| {
        let path = folder.path().join(format!("{messages}.mcap"));
        let spec = DriveSpec {
            messages: Some(messages),
            ..DriveSpec::default()
        };
        simulate::run(&spec, &path, false).expect("a drive");
        peak_of_check(&path, limits)
    };
    let (short, long) = (peak(200_000), peak(1_000_000));
    assert!(
        long < short * 5 / 4 + (1 << 20),
        "I4: {short} bytes for 200,000 messages, {long} for 1,000,000"
    );
}
