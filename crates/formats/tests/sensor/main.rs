//! Samples of sensors against messages other programs wrote, and under damage.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop the test"
)]

mod hostile;
mod peers;
mod support;
