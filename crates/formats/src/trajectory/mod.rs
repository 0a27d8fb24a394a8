//! Trajectory files: TUM, KITTI and `EuRoC`.
