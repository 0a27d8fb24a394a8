//! A workspace from outside: what comes in, what is published when a run is cut off at any step, what is seen.
#![cfg(feature = "platform")]
#![expect(clippy::expect_used, reason = "a helper of tests may fail loudly")]

mod bench;
mod contracts;
mod crash;
mod known_answers;
mod lineage;
mod log;
mod real_releases;
mod releases;
mod rounds;
mod tamper;
mod team;
