//! Scores of segmentations over data sets.
