//! Intrinsics, extrinsics and what their errors do: plausibility, hand-eye, alignment, epipolar residuals, drift.
