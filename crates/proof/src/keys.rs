//! The keys of a log through time: one at first, and for each later one a statement of the key before it.
//!
//! Read [`KeyChain`] first. A verifier is given the origin of a log and its first key; rotations, which need not be
//! kept secret and may come from anywhere, lead from there to the key that signs a checkpoint of any size.
//!
//! What a chain shows is that every key was named by the one before it. It does not show that an old key was not
//! stolen: who holds one can name another heir, so rotations belong in the log itself, where a second one is seen, and
//! before a witness.
//!
//! Limits: [`MAX_ROTATIONS`]; each is a signed note of five lines.
//!
//! Not here: the random bytes of a key, where keys are kept.

use crate::merkle::{Hash, MAX_TREE_SIZE, TreeHead};
use crate::note::{Algorithm, Note, NoteError, SignerKey, VerifierKey};
use crate::text;

/// Rotations a chain may have.
pub const MAX_ROTATIONS: usize = 10_000;
/// The first line of a rotation. No checkpoint can be read from the lines that follow it.
const HEADER: &str = "fieldassay-key-rotation/v1";

/// Why a rotation or a chain of keys is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// An origin no log can have.
    #[error("`{origin}` cannot be the origin of a log; hint: a line such as `example.com/log`")]
    Origin {
        /// What was given, shortened.
        origin: String,
    },
    /// Not the form of a rotation.
    #[error(
        "this is no rotation of a key: {what}; hint: `fieldassay-key-rotation/v1`, origin, size, root, new key, a line each"
    )]
    Form {
        /// What is wrong.
        what: &'static str,
    },
    /// A rotation of another log.
    #[error(
        "the rotation is one of log `{found}`, not of `{expected}`; hint: take those of the log that is to be verified"
    )]
    OtherLog {
        /// The log of the chain.
        expected: String,
        /// The log of the rotation.
        found: String,
    },
    /// A rotation that is not later than the one before it.
    #[error(
        "the rotation is from size `{found}` on, the one before it from `{previous}`; hint: give all rotations, in order"
    )]
    Order {
        /// Size at which the key before it began.
        previous: u64,
        /// Size at which the new key begins.
        found: u64,
    },
    /// Both keys are the same.
    #[error("key `{key}` is named as its own successor; hint: a rotation needs a new key")]
    SameKey {
        /// Name and id.
        key: String,
    },
    /// One of the two keys has not signed.
    #[error("key `{key}` has not signed the rotation; hint: both the old and the new key sign it")]
    Unsigned {
        /// Name and id.
        key: String,
    },
    /// More rotations than a chain may have.
    #[error(
        "a chain of keys has at most 10000 rotations; hint: begin with a later key as the trusted one"
    )]
    TooMany,
    /// What is wrong with the note it is in.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl KeyError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Origin { .. } => "key.origin",
            Self::Form { .. } => "key.form",
            Self::OtherLog { .. } => "key.other_log",
            Self::Order { .. } => "key.order",
            Self::SameKey { .. } => "key.same_key",
            Self::Unsigned { .. } => "key.unsigned",
            Self::TooMany => "key.too_many",
            Self::Note(error) => error.code(),
        }
    }
}

/// A statement of the key of a log: the last tree it signs, and the key that signs all larger ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The log.
    pub origin: String,
    /// The last tree the old key vouches for. Trees of the new key have to be consistent with it.
    pub last: TreeHead,
    /// The key that signs every tree larger than `last`.
    pub new_key: VerifierKey,
}

impl Rotation {
    /// The rotation as a note, signed by the old key and, to show that somebody holds it, by the new one.
    ///
    /// Errors: [`KeyError::Origin`], [`KeyError::SameKey`], [`KeyError::Note`] for keys that are not of type Ed25519,
    /// [`KeyError::Unsigned`] where `new` is not the key the rotation names.
    pub fn sign(&self, old: &SignerKey, new: &SignerKey) -> Result<Note, KeyError> {
        check_origin(&self.origin)?;
        if *new.verifier() != self.new_key {
            return Err(KeyError::Unsigned {
                key: self.new_key.to_string_short(),
            });
        }
        if old.verifier().public_bytes() == new.verifier().public_bytes() {
            return Err(KeyError::SameKey {
                key: self.new_key.to_string_short(),
            });
        }
        let Self {
            origin,
            last,
            new_key,
        } = self;
        let mut note = Note::new(format!(
            "{HEADER}\n{origin}\n{}\n{}\n{new_key}\n",
            last.size,
            last.root.to_base64()
        ))?;
        note.sign(old)?;
        note.sign(new)?;
        Ok(note)
    }

    /// What a note says, without believing it. Errors: [`KeyError::Form`], [`KeyError::Origin`], [`KeyError::Note`].
    fn parse(note: &Note) -> Result<Self, KeyError> {
        let refuse = |what| KeyError::Form { what };
        let lines: Vec<&str> = note.text().lines().collect();
        let [HEADER, origin, size, root, new_key] = lines[..] else {
            return Err(refuse("it has not its first line, or not five lines"));
        };
        check_origin(origin)?;
        let size = text::decimal(size).filter(|size| *size <= MAX_TREE_SIZE);
        let last = TreeHead {
            size: size.ok_or_else(|| refuse("the size is none"))?,
            root: Hash::from_base64(root).ok_or_else(|| refuse("the root is no hash"))?,
        };
        let new_key = VerifierKey::parse(new_key)?;
        new_key.require(Algorithm::Ed25519)?;
        Ok(Self {
            origin: origin.to_owned(),
            last,
            new_key,
        })
    }
}

/// A log's name and the keys that sign its checkpoints, each from some size on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChain {
    origin: String,
    first: VerifierKey,
    rotations: Vec<Rotation>,
}

impl KeyChain {
    /// A log that is known by its origin and its first key.
    ///
    /// Errors: [`KeyError::Origin`] for an empty origin or one with line breaks, [`KeyError::Note`] for a key that is
    /// not of type Ed25519.
    pub fn new(origin: &str, first: VerifierKey) -> Result<Self, KeyError> {
        check_origin(origin)?;
        first.require(Algorithm::Ed25519)?;
        Ok(Self {
            origin: origin.to_owned(),
            first,
            rotations: Vec::new(),
        })
    }

    /// Believes one more rotation: it is of this log, signed by the newest key known so far and by the one it names,
    /// and later than the rotation before it.
    ///
    /// Errors: [`KeyError`], and the chain stays as it was.
    pub fn rotate(&mut self, note: &Note) -> Result<(), KeyError> {
        let rotation = Rotation::parse(note)?;
        if rotation.origin != self.origin {
            return Err(KeyError::OtherLog {
                expected: self.origin.clone(),
                found: text::shortened(&rotation.origin),
            });
        }
        if let Some(before) = self.rotations.last()
            && rotation.last.size <= before.last.size
        {
            return Err(KeyError::Order {
                previous: before.last.size + 1,
                found: rotation.last.size + 1,
            });
        }
        if self.rotations.len() >= MAX_ROTATIONS {
            return Err(KeyError::TooMany);
        }
        let old = self.newest();
        if old.public_bytes() == rotation.new_key.public_bytes() {
            return Err(KeyError::SameKey {
                key: old.to_string_short(),
            });
        }
        let signed = note.verify([old, &rotation.new_key])?;
        for key in [old, &rotation.new_key] {
            if signed.iter().all(|by| by.key != key) {
                return Err(KeyError::Unsigned {
                    key: key.to_string_short(),
                });
            }
        }
        self.rotations.push(rotation);
        Ok(())
    }

    /// The log's name: the first line of its checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The key that signs a tree of this size.
    pub fn key_at(&self, size: u64) -> &VerifierKey {
        let later = self
            .rotations
            .partition_point(|rotation| rotation.last.size < size);
        later
            .checked_sub(1)
            .and_then(|at| self.rotations.get(at))
            .map_or(&self.first, |rotation| &rotation.new_key)
    }

    /// The key that signs from now on.
    pub fn newest(&self) -> &VerifierKey {
        self.rotations
            .last()
            .map_or(&self.first, |rotation| &rotation.new_key)
    }

    /// All rotations so far. A tree larger than the last one's [`Rotation::last`] has to be consistent with that.
    pub fn rotations(&self) -> &[Rotation] {
        &self.rotations
    }
}

/// Whether a text can be the first line of a checkpoint.
pub(crate) fn is_origin(origin: &str) -> bool {
    !origin.is_empty() && origin.len() <= crate::checkpoint::MAX_LINE_BYTES && is_line(origin)
}

/// Whether a text can be a line of a note.
pub(crate) fn is_line(text: &str) -> bool {
    text.bytes().all(|byte| byte >= 0x20)
}

fn check_origin(origin: &str) -> Result<(), KeyError> {
    if is_origin(origin) {
        return Ok(());
    }
    Err(KeyError::Origin {
        origin: text::shortened(origin),
    })
}
