//! Tracks of boxes over time: teleports, size jitter, heading flips, gaps, class flips.
