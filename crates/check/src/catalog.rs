//! Every check a policy can judge.

use fieldassay_model::CheckInfo;

/// Every check, by code.
pub fn catalog() -> &'static [CheckInfo] {
    &[]
}
