//! Facts about intrinsics and extrinsics.
