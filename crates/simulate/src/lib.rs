//! A small simulated fleet: drives, sensors, injected faults with known truth; for demo, tests and benchmarks.
//!
//! Read [`DriveSpec`] and [`write_drive`] first: a seed and a list of [`Fault`]s give the bytes of
//! an MCAP recording and the [`Truth`] about them. [`fault_kinds`] lists what can go wrong.
//!
//! Not here: files and clocks. Bytes go to any [`std::io::Write`]; the start of a drive follows
//! from its seed.

mod alter;
mod damage;
mod drive;
mod fault;
mod fault_table;
mod fleet;
mod math;
mod noise;
mod recorder;
mod rng;
mod scene;
mod spec;
mod stream;
mod truth;
mod vehicle;
mod world;

pub use drive::write_drive;
pub use fault::{Fault, FaultError, FaultInfo, FaultKind, fault_kinds};
pub use spec::{
    CameraSpec, DriveSpec, Encoding, LidarSpec, Rates, Sensors, SimulateError, Vehicle,
};
pub use truth::{Truth, TruthEntry};
