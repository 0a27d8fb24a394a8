//! Facts about inertial sensors.
