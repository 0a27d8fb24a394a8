//! Folders, trajectory files and `ULog`: real data, other programs' readings, damage.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests stop the test"
)]

mod damage;
mod driving;
mod episodes;
mod euroc;
mod kitti;
mod messages;
mod support;
mod trajectory;
mod ulog;
