//! Texts of a data set: near duplicates, leaks between splits, answers that contradict each other, variety of captions.
//!
//! Read [`tokens`] and [`shingles`] first, then [`MinHash`] (signatures bit for bit as datasketch), [`near_duplicates`],
//! [`overlap`] (contamination), [`inconsistencies`], [`captions`] and [`identify`] (language, or why it cannot be told).
//! Not here: embeddings, reading files.

mod captions;
pub(crate) mod cases;
mod chair;
mod consistency;
mod duplicates;
mod language;
mod lsh;
mod min_hash;
mod overlap;
mod sha1;
mod words;

pub use captions::{Captions, captions, self_bleu};
pub use chair::{Chair, Mentions, Synonyms, chair};
pub use consistency::{Conflict, Inconsistencies, inconsistencies};
pub use duplicates::{DuplicateOptions, Duplicates, near_duplicates};
pub use language::{
    Identified, LETTERS_PER_SIGN, Language, LanguageOptions, Undetermined, identify,
};
pub use lsh::{Bands, candidate_probability, optimal_bands};
pub use min_hash::{MinHash, MinHash64, MinHashLegacy, estimated_jaccard};
pub use overlap::{NgramIndex, overlap};
pub use sha1::{sha1, sha1_hash32, sha1_hash64};
pub(crate) use words::levenshtein;
pub use words::{hashed_shingles, jaccard, shingles, tokens};

/// Why a measure of texts is not defined.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TextError {
    /// No texts, or none with a word.
    #[error("there are no words; hint: at least one text with a word is needed")]
    Empty,
    /// Lists that do not match.
    #[error("`{seen}` entries where `{expected}` are needed; hint: {hint}")]
    Mismatch {
        /// Entries seen.
        seen: usize,
        /// Entries needed.
        expected: usize,
        /// What must match what.
        hint: &'static str,
    },
    /// A number outside its range.
    #[error("`{name}` is `{value}`; hint: {hint}")]
    BadOption {
        /// Name of the number.
        name: &'static str,
        /// The value seen.
        value: f64,
        /// Its range.
        hint: &'static str,
    },
}
