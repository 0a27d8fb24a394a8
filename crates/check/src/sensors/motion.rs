//! Facts about time offsets between sensors.
