//! Scores of detectors over data sets.
