//! The boundary: every operation of the product as plan, run and outcome.
