//! A small simulated fleet: drives, sensors, injected faults with known truth.
