//! Builders, damage, shared-data lookup and golden helpers for tests; never shipped.
//!
//! Read [`shared_data`] first; [`Lcg`] gives seeded pseudo-random numbers, [`expect_near`] compares floats, and
//! [`Comparison`] whole documents; [`servers`] finds a PostgreSQL or an object store.

pub mod arrays;
mod compare;
pub mod images;
pub mod paths;
pub mod people;
pub mod preferences;
pub mod servers;
pub mod vectors;

pub use compare::Comparison;

use std::io::Write as _;
use std::path::PathBuf;

/// The repository's root folder.
pub fn repository_root() -> PathBuf {
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    path.pop();
    path.pop();
    path
}

/// A file or folder of the shared test data, or none with one loud line past the test harness's capture.
///
/// Looks at `FIELDASSAY_SHARED_DATA`, else at `../shared/data` beside the repository.
/// With `FIELDASSAY_REQUIRE_DATA=1` (set by `.ci/run` where the data is present) an absent file panics.
///
/// # Panics
/// When the data is required and absent.
pub fn shared_data(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("FIELDASSAY_SHARED_DATA")
        .map_or_else(|| repository_root().join("../shared/data"), PathBuf::from);
    let path = root.join(relative);
    if path.exists() {
        return Some(path);
    }
    let line = format!(
        "SKIPPED: shared data `{relative}` is absent; set FIELDASSAY_SHARED_DATA to the folder that holds it"
    );
    let required = std::env::var_os("FIELDASSAY_REQUIRE_DATA").is_some_and(|v| v == "1");
    assert!(!required, "{line}");
    loud(&line);
    None
}

/// Writes one line to the real standard error, past the capture of the test harness.
pub fn loud(line: &str) {
    // `eprintln!` is captured by the harness, a direct write to the descriptor is not.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// A small seeded generator (64-bit LCG, Knuth's MMIX constants) for tests that need repeatable choices.
#[derive(Clone, Debug)]
pub struct Lcg(u64);

impl Lcg {
    /// A generator for this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1))
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    /// A number below `bound` (0 when the bound is 0).
    pub fn below(&mut self, bound: usize) -> usize {
        let wide = (u64::from(self.next_u32()) << 32) | u64::from(self.next_u32());
        usize::try_from(wide % (bound.max(1) as u64)).unwrap_or(0)
    }
}

/// Asserts that two numbers agree within `tolerance`, relative above 1 and absolute below.
///
/// # Panics
/// When they do not.
#[track_caller]
pub fn expect_near(actual: f64, expected: f64, tolerance: f64) {
    let scale = expected.abs().max(1.0);
    assert!(
        (actual - expected).abs() <= tolerance * scale,
        "{actual} is not within {tolerance} of {expected}"
    );
}
