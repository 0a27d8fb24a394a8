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
