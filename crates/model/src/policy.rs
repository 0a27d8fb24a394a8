//! Placeholder while the policy is being written.
use crate::{CheckInfo, Fact, Finding, Verdict};
/// A policy.
#[derive(Debug, Clone)]
pub struct Policy;
/// What is wrong with a policy file.
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct PolicyError;
/// Facts and a policy give findings and a verdict.
pub fn evaluate(_policy: &Policy, _catalog: &[CheckInfo], _facts: &[Fact]) -> (Vec<Finding>, Verdict) {
    (Vec::new(), Verdict::NotEvaluated)
}
