//! One trajectory by itself: plausibility, alignment, loop closure.
