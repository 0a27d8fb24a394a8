//! Run-time decoding against reference bytes, an independent encoder and other programs.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop the test"
)]

mod columns;
mod definitions;
mod fields;
mod flatbuffers;
mod peers;
mod roundtrip;
mod support;
mod vectors;
mod views;
