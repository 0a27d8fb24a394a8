//! Digests of content and the ids made from them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::fmt;

/// SHA-256 and BLAKE3 of the same bytes, lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Digests {
    /// SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// BLAKE3, 64 hexadecimal digits.
    pub blake3: String,
}

/// Both digests of bytes as they go by.
#[derive(Clone, Debug, Default)]
pub struct Digester {
    sha256: sha2::Sha256,
    blake3: blake3::Hasher,
}

impl Digester {
    /// Takes the next bytes; slices that stay in the cache between the two digests are fastest.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.blake3.update(bytes);
    }

    /// The digests of all bytes so far.
    pub fn finish(self) -> Digests {
        Digests {
            sha256: hexadecimal(&self.sha256.finalize()),
            blake3: self.blake3.finalize().to_hex().to_string(),
        }
    }
}

/// The id of a recording: `r-` and the first 16 hexadecimal digits of its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RecordingId(String);

impl RecordingId {
    /// The id of a recording whose bytes have this SHA-256 (hexadecimal).
    pub fn from_sha256(sha256: &str) -> Self {
        Self(format!("r-{}", sha256.chars().take(16).collect::<String>()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}
