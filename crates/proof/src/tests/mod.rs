//! Tests across the room; vectors of other programs are compared by `cargo xtask conformance`.

mod log;
mod notes;
mod statements;
mod tamper;
mod tiles;
mod tree;

use crate::merkle::{Frontier, Hash, Node, ProofPlan, TreeHead, leaf_hash};
use crate::{Algorithm, Checkpoint, KeyChain, SignedCheckpoint, SignerKey, Trust, VerifierKey};
use std::collections::BTreeMap;

/// The origin of the logs of these tests.
const ORIGIN: &str = "example.com/log";

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

/// A tree in memory, with every complete subtree.
#[derive(Default)]
struct Tree {
    frontier: Frontier,
    nodes: BTreeMap<Node, Hash>,
}

impl Tree {
    fn of(size: u64) -> Self {
        let mut tree = Self::default();
        for index in 0..size {
            tree.push(&entry(index));
        }
        tree
    }

    fn push(&mut self, entry: &[u8]) {
        let nodes = &mut self.nodes;
        self.frontier
            .append(leaf_hash(entry), |node, hash| {
                assert_eq!(nodes.insert(node, hash), None, "a subtree is complete once");
            })
            .expect("small");
    }

    fn head(&self) -> TreeHead {
        self.frontier.head()
    }

    fn run(&self, plan: &ProofPlan) -> Vec<Hash> {
        plan.run(|node| self.nodes.get(&node).copied().ok_or(node))
            .expect("stored")
    }

    fn inclusion(&self, index: u64) -> Vec<Hash> {
        self.run(&ProofPlan::inclusion(index, self.head().size).expect("inside"))
    }

    fn consistency(&self, old: u64) -> Vec<Hash> {
        self.run(&ProofPlan::consistency(old, self.head().size).expect("grows"))
    }
}

fn signer(name: &str, algorithm: Algorithm, seed: u8) -> SignerKey {
    SignerKey::from_seed(name, algorithm, &[seed; 32]).expect("a good name")
}

fn log_key() -> SignerKey {
    signer(ORIGIN, Algorithm::Ed25519, 1)
}

fn witness_key(number: u8) -> SignerKey {
    let name = format!("witness.example/w{number}");
    signer(&name, Algorithm::Cosignature, 100 + number)
}

fn chain(key: &SignerKey) -> KeyChain {
    KeyChain::new(ORIGIN, key.verifier().clone()).expect("a log")
}

fn trust() -> Trust {
    Trust::log(chain(&log_key()))
}

fn signed(head: TreeHead) -> SignedCheckpoint {
    let checkpoint = Checkpoint::new(ORIGIN, head).expect("a good origin");
    SignedCheckpoint::sign_first(checkpoint, &log_key()).expect("an Ed25519 key")
}

fn vkeys(keys: &[SignerKey]) -> Vec<VerifierKey> {
    keys.iter().map(|key| key.verifier().clone()).collect()
}
