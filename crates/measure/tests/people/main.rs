//! People and their labels: vectors of other programs, and recorded votes and verdicts.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests, where a file that is not as it should be fails the test"
)]

mod files;
mod real;
mod vectors;
