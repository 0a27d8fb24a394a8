//! Facts about point clouds and scans.
