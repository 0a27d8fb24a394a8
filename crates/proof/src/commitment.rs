//! Saying something of a person in a log that never forgets, so that it can be forgotten.
//!
//! Read [`Commitment`] first. The log gets a digest over a random salt and the value; salt and value are kept
//! elsewhere. Whoever holds both can show what was meant. When the salt is erased, nothing leads from the digest to
//! the value, not even trying all names there are.
//!
//! One salt serves one value: the same salt for two entries would show that they are about the same person.
//!
//! Not here: random bytes for salts, where salts are kept, when they are erased.

use crate::merkle::Hash;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Set before everything, so that no digest of anything else is one of these.
const DOMAIN: &[u8] = b"fieldassay commitment v1\n";

/// 32 random bytes, to be kept secret and apart from the log. Not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// The salt made from random bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be kept.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt")
    }
}

/// What stands in the log: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment(Hash);

impl Commitment {
    /// Commits to a value: SHA-256 over a fixed line, the purpose with its length as a big-endian `u64`, the salt and
    /// the value. The purpose says what the value is (`actor`), so that no commitment passes for one to something else.
    pub fn new(purpose: &str, salt: &Salt, value: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hasher.update((purpose.len() as u64).to_be_bytes());
        hasher.update(purpose.as_bytes());
        hasher.update(salt.0);
        hasher.update(value);
        Self(Hash::from_bytes(hasher.finalize().into()))
    }

    /// Whether this is what was committed to.
    pub fn is_of(&self, purpose: &str, salt: &Salt, value: &[u8]) -> bool {
        *self == Self::new(purpose, salt, value)
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
