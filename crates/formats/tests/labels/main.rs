//! Label layouts against each other and against other programs, on real data, and damaged in every way.
#![expect(clippy::expect_used, reason = "helpers of tests stop the test")]

mod damage;
mod scenes;
mod twins;
mod vocabularies;
