//! What shows an entry of the log to somebody who holds nothing but a public key.
//!
//! Read [`Proof`] first. Not here: believing it (`verify`).

use super::keys::refused;
use super::tree::Tree;
use super::{Ledger, head_of};
use crate::EngineError;
use crate::workspace::opened::{Workspace, World};
use fieldassay_proof::{ProofPlan, SignedCheckpoint, TlogProof};

/// An entry with its proof, as files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Number of the entry.
    pub entry: u64,
    /// The statement in its envelope: the bytes of the entry (`NAME.dsse.json`).
    pub statement: Vec<u8>,
    /// Where it is in the log, with a signed checkpoint (`NAME.tlog-proof`).
    pub proof: String,
    /// The keys of the log: the first, then the notes by which it was changed (`NAME.pub`).
    pub public_key: String,
}

/// The files that show an entry of the log of a workspace.
///
/// Errors: an entry that is not there, what the store says, files that do not lead to the root.
pub(in crate::workspace) async fn proof_files(
    workspace: &Workspace,
    world: &World<'_>,
    entry: u64,
) -> Result<Proof, EngineError> {
    let ledger = Ledger::open(workspace, world).await?;
    let tree = Tree::of(workspace);
    let head = workspace.catalog.log_head(None).await?;
    let head = head.ok_or_else(|| refused("the log has no entry yet"))?;
    let tree_head = head_of(&head)?;
    let plan = ProofPlan::inclusion(entry, tree_head.size).map_err(refused)?;
    let hashes = tree.prove(&tree_head, &plan).await?;
    let checkpoint = SignedCheckpoint::parse(head.checkpoint.as_bytes()).map_err(refused)?;
    let proof = TlogProof {
        extra: None,
        index: entry,
        hashes,
        checkpoint,
    };
    let statement = tree.entry(entry, tree_head.size).await?;
    proof.verify(&statement, &ledger.trust).map_err(refused)?;
    Ok(Proof {
        entry,
        statement,
        proof: proof.to_string(),
        public_key: ledger.public_file().await?,
    })
}

impl Ledger {
    /// The keys of the log as a file: the first on a line, then the notes by which it was changed.
    pub(in crate::workspace) async fn public_file(&self) -> Result<String, EngineError> {
        let mut text = format!("{}\n", self.chain().key_at(0));
        for (path, _) in self.tree.objects.list(super::ROTATIONS).await? {
            let bytes = self.tree.objects.get(&path).await?.unwrap_or_default();
            text.push('\n');
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
        Ok(text)
    }
}
