//! The science: arrays in, numbers with intervals out.
