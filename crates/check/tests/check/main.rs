//! The check room from outside: known faults, known answers, the same evidence every time.

mod common;
mod determinism;
mod hostile;
mod policies;
mod real;
mod streams;
mod transforms;
