//! Pixels, video and sound against what other programs make of them.
#![expect(clippy::expect_used, reason = "helpers of tests stop the test")]

mod hostile;
mod images;
mod oracle;
mod streams;
mod support;
