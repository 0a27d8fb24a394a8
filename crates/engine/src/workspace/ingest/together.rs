//! What contracts came to over all recordings of a batch, for the log and for lineage.
//!
//! Read [`Together`] first. Not here: holding one recording to a contract (`contracts`).

use super::HeldTo;
use crate::workspace::ledger::say::Said;
use crate::workspace::lineage::record::Named;
use fieldassay_model::Verdict;
use fieldassay_model::contract::ContractReference;
use fieldassay_proof::statement::Reference;
use std::collections::BTreeMap;

/// Contracts with what came of them.
#[derive(Default)]
pub(super) struct Together {
    contracts: BTreeMap<(String, u32), One>,
}

struct One {
    contract: ContractReference,
    verdict: Verdict,
    violations: u64,
    recordings: Vec<String>,
}

impl Together {
    /// Adds what one recording was held to.
    pub(super) fn add(&mut self, recording_id: &str, held: Vec<HeldTo>) {
        for one in held {
            let verdict = match one.verdict {
                "pass" => Verdict::Pass,
                "fail" => Verdict::Fail,
                _ => Verdict::NotEvaluated,
            };
            let key = (one.contract.contract.clone(), one.contract.version);
            let all = self.contracts.entry(key).or_insert_with(|| One {
                contract: one.contract,
                verdict: Verdict::Pass,
                violations: 0,
                recordings: Vec::new(),
            });
            all.verdict = worse(all.verdict, verdict);
            all.violations += one.violations;
            all.recordings.push(recording_id.to_owned());
        }
    }

    /// A statement about each contract.
    pub(super) fn said(&self) -> impl Iterator<Item = Said> + '_ {
        self.contracts.values().map(|one| Said::Contract {
            contract: Reference {
                name: one.contract.contract.clone(),
                version: one.contract.version,
                sha256: one.contract.sha256.clone(),
            },
            verdict: one.verdict,
            violations: one.violations,
            subjects: Vec::new(),
        })
    }

    /// Every recording with every contract it was held to.
    pub(super) fn pairs(&self) -> Vec<(String, Named)> {
        let pairs = self.contracts.values().flat_map(|one| {
            let named = Named {
                name: one.contract.contract.clone(),
                version: i64::from(one.contract.version),
                sha256: one.contract.sha256.clone(),
            };
            let ids = one.recordings.iter();
            ids.map(move |id| (id.clone(), named.clone()))
        });
        pairs.collect()
    }
}

/// The worse of two: what could not be looked at is no pass.
fn worse(one: Verdict, other: Verdict) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Pass => 0,
        Verdict::Warn => 1,
        Verdict::NotEvaluated => 2,
        Verdict::Fail => 3,
    };
    if rank(&other) > rank(&one) {
        other
    } else {
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(verdict: &'static str, violations: u64) -> Vec<HeldTo> {
        let contract = ContractReference {
            contract: "drive".to_owned(),
            version: 2,
            sha256: "ab".repeat(32),
        };
        vec![HeldTo {
            contract,
            verdict,
            violations,
            not_evaluated: 0,
        }]
    }

    #[test]
    fn what_could_not_be_looked_at_is_no_pass_and_a_violation_is_worst() {
        let verdict = |all: &[&'static str]| {
            let mut together = Together::default();
            for (number, verdict) in all.iter().enumerate() {
                together.add(&format!("r-{number}"), held(verdict, 1));
            }
            let said: Vec<Said> = together.said().collect();
            assert_eq!(together.pairs().len(), all.len());
            match said.as_slice() {
                [
                    Said::Contract {
                        verdict,
                        violations,
                        ..
                    },
                ] => (*verdict, *violations),
                _ => (Verdict::Warn, 0),
            }
        };
        assert_eq!(verdict(&["pass", "pass"]), (Verdict::Pass, 2));
        assert_eq!(
            verdict(&["pass", "not_evaluated", "pass"]),
            (Verdict::NotEvaluated, 3)
        );
        assert_eq!(
            verdict(&["not_evaluated", "fail", "pass"]),
            (Verdict::Fail, 3)
        );
    }
}
