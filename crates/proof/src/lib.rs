//! The tamper-evident log and signatures: bytes in, proofs out.
//!
//! Read [`merkle`] first (the tree, what is in it and what only grew), then [`checkpoint`] (a signed statement of the
//! tree's size and root, and the rule of a witness) and [`tlog_proof`] (one file that shows an entry to whoever holds a
//! public key). [`tiles`] are the form the tree is stored in, [`note`] the signatures and keys, [`keys`] their rotation;
//! [`statement`] in [`dsse`] is what an entry says, [`commitment`] what it says of a person.
//!
//! Everything is a function of its arguments: bytes of keys and salts, times and stored hashes are passed in. Whatever
//! comes from outside is held to a written limit, and nothing of it makes a panic.
//!
//! ```
//! use fieldassay_proof::{
//!     Algorithm, Checkpoint, KeyChain, ProofPlan, SignedCheckpoint, SignerKey, TileReader, TileWriter, TlogProof, Trust,
//!     merkle::leaf_hash,
//! };
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key = SignerKey::from_seed("example.com/log", Algorithm::Ed25519, &[7; 32])?;
//! let mut log = TileWriter::new();
//! let files = log.append([leaf_hash(b"one"), leaf_hash(b"two")])?;
//! let checkpoint = Checkpoint::new("example.com/log", log.head())?;
//! let checkpoint = SignedCheckpoint::sign_first(checkpoint, &key)?;
//!
//! // From the files: which hashes, which tiles hold them, the proof.
//! let plan = ProofPlan::inclusion(1, 2)?;
//! let needed = TileReader::needed(2, plan.nodes())?;
//! let read = files.iter().filter(|(tile, _)| needed.contains(tile));
//! let tiles = TileReader::new(&log.head(), read.map(|(tile, bytes)| (*tile, bytes.as_slice())))?;
//! let hashes = plan.run(|node| tiles.hash(node))?;
//! let file = TlogProof { extra: None, index: 1, hashes, checkpoint }.to_string();
//!
//! // Elsewhere, with that file and the log's public key.
//! let trust = Trust::log(KeyChain::new("example.com/log", key.verifier().clone())?);
//! let proof = TlogProof::parse(file.as_bytes())?;
//! assert_eq!(proof.verify(b"two", &trust)?.head.size, 2);
//! assert!(proof.verify(b"too", &trust).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! Not here: files, object stores and the order in which they are written (`store`), which operation makes which
//! entry (`engine`), clocks and random numbers.

#![warn(clippy::indexing_slicing)]

pub mod checkpoint;
pub mod commitment;
pub mod dsse;
pub mod keys;
pub mod merkle;
pub mod note;
pub mod statement;
mod text;
pub mod tiles;
pub mod tlog_proof;

pub use checkpoint::{Checkpoint, SignedCheckpoint, Trust, Witness};
pub use dsse::Envelope;
pub use keys::{KeyChain, Rotation};
pub use merkle::{Frontier, Hash, Node, ProofPlan, TreeHead};
pub use note::{Algorithm, Note, SignerKey, VerifierKey};
pub use statement::Statement;
pub use tiles::{EntryBundle, Tile, TileReader, TileWriter};
pub use tlog_proof::TlogProof;

#[cfg(test)]
mod tests;
