//! The log of a workspace that others can check: what every batch says, signed, in a tree that only grows.
//!
//! Read [`Ledger`] first: it adds the entries of a batch and signs the new head, and only one that continues what was
//! signed before. [`found`] makes the log of a workspace, [`keys`] keeps private keys apart from the data, [`say`] makes
//! statements, [`tree`] reads and writes the files of the tree.
//!
//! Not here: the order of a batch (`ingest::publish`), checking everything that is stored (`verify`).

mod found;
pub(in crate::workspace) mod keys;
pub(in crate::workspace) mod proofs;
pub(in crate::workspace) mod say;
pub(in crate::workspace) mod tree;

pub use found::Log;
pub(in crate::workspace) use found::{Identity, before, found};

use super::ingest::{Reached, Watch};
use super::opened::{Workspace, World};
use crate::EngineError;
use fieldassay_model::hexadecimal;
use fieldassay_proof::merkle::{Hash, TreeHead, verify_consistency};
use fieldassay_proof::{
    Checkpoint, KeyChain, Note, ProofPlan, Rotation, SignedCheckpoint, SignerKey, Trust,
    VerifierKey,
};
use fieldassay_store::{LogEntry, LogHead, Objects, Recorded};
use keys::{Keys, refused};
use say::{About, Said};
use serde_json::Value as Json;
use sha2::Digest as _;
use std::collections::BTreeMap;
use tree::{CHECKPOINT, Tree};

/// Where the notes by which keys were changed are.
pub(in crate::workspace) const ROTATIONS: &str = "log/rotations";

/// The log of a workspace and its key, ready to sign.
pub(in crate::workspace) struct Ledger {
    origin: String,
    trust: Trust,
    keys: Keys,
    tree: Tree,
}

/// What a batch adds to the log.
pub(in crate::workspace) struct Adding<'a> {
    /// Number of the batch.
    pub(in crate::workspace) sequence: i64,
    /// Its document.
    pub(in crate::workspace) document: &'a BTreeMap<String, Json>,
    /// The same as it is stored.
    pub(in crate::workspace) text: &'a str,
    /// What is said.
    pub(in crate::workspace) said: &'a [Said],
}

impl Ledger {
    /// The log of a workspace, with the keys of whoever asks.
    ///
    /// Errors: a workspace without a log, keys that do not follow each other, what the store says.
    pub(in crate::workspace) async fn open(
        workspace: &Workspace,
        world: &World<'_>,
    ) -> Result<Self, EngineError> {
        let identity = Identity::of(workspace).await?.ok_or_else(|| EngineError::Log {
            message: "the workspace has no log that is signed: an earlier version made it\nhint: `fieldassay init` in its folder begins one; all that is there stays"
                .to_owned(),
        })?;
        let tree = Tree::of(workspace);
        let chain = chain(&tree.objects, &identity.origin, &identity.public_key).await?;
        Ok(Self {
            origin: identity.origin,
            trust: Trust::log(chain),
            keys: Keys::of(world),
            tree,
        })
    }

    /// The key that signs from now on. Errors: it is not here.
    pub(in crate::workspace) fn key(&self) -> Result<SignerKey, EngineError> {
        self.keys.find(&self.origin, self.trust.keys().newest())
    }

    /// Makes the key that follows, and what the one before says of it.
    pub(in crate::workspace) fn next_key(
        &self,
        world: &World<'_>,
        last: TreeHead,
    ) -> Result<Said, EngineError> {
        let old = self.key()?;
        let new = self.keys.make_next(world, &self.origin)?;
        let rotation = Rotation {
            origin: self.origin.clone(),
            last,
            new_key: new.verifier().clone(),
        };
        let note = rotation.sign(&old, &new).map_err(refused)?;
        let number = self.chain().rotations().len() + 1;
        Ok(Said::KeyChange {
            path: format!("{ROTATIONS}/{number:020}.note"),
            note: note.to_string(),
        })
    }

    /// The keys of the log through time.
    pub(in crate::workspace) fn chain(&self) -> &KeyChain {
        self.trust.keys()
    }

    /// Adds the entries of a batch to the tree and signs it: tiles, then the checkpoint beside the private key, then the
    /// checkpoint of the store. Doing it again for the same batch writes the same.
    ///
    /// Errors: a head that does not continue what was signed before, with nothing signed; a missing key; what the store
    /// says.
    pub(in crate::workspace) async fn append(
        &self,
        base: &TreeHead,
        adding: &Adding<'_>,
        watch: &dyn Watch,
    ) -> Result<Recorded, EngineError> {
        let key = self.key()?;
        let sequence = adding.sequence;
        let entries = adding.entries(&key)?;
        let grown = self.tree.grow(base, &entries).await?;
        self.may_follow(base, &grown.head).await?;
        for (path, bytes) in grown.files {
            self.tree.objects.settle(&path, bytes).await?;
        }
        watch.reached(Reached::Tiles)?;
        let signed = self.sign(base, grown.head, &key).await?;
        let text = signed.to_string();
        self.keys.keep_last(&self.origin, &text)?;
        watch.reached(Reached::Remembered)?;
        self.tree
            .objects
            .put(CHECKPOINT, text.clone().into())
            .await?;
        watch.reached(Reached::Checkpoint)?;
        let mut recorded = Recorded {
            head: Some(LogHead {
                size: i64::try_from(grown.head.size).unwrap_or(i64::MAX),
                root: grown.head.root.to_string(),
                checkpoint: text,
            }),
            ..Recorded::default()
        };
        for (number, entry) in (base.size..).zip(&entries) {
            let said = say::describe(entry, &[key.verifier().clone()])?;
            recorded.entries.push(LogEntry {
                entry: i64::try_from(number).unwrap_or(i64::MAX),
                sequence,
                kind: said.kind,
                subject: said.subject.unwrap_or_else(|| format!("batch:{sequence}")),
            });
        }
        Ok(recorded)
    }

    /// Removes files of the tree before, which the new one has wider.
    pub(in crate::workspace) async fn prune(
        &self,
        base: &TreeHead,
        head: &LogHead,
    ) -> Result<(), EngineError> {
        self.tree.prune(base, &head_of(head)?).await
    }

    async fn sign(
        &self,
        base: &TreeHead,
        head: TreeHead,
        key: &SignerKey,
    ) -> Result<SignedCheckpoint, EngineError> {
        let checkpoint = Checkpoint::new(&self.origin, head).map_err(refused)?;
        let plan = ProofPlan::consistency(base.size, head.size).map_err(refused)?;
        let proof = self.tree.prove(&head, &plan).await?;
        SignedCheckpoint::sign_next(checkpoint, key, base, &proof).map_err(refused)
    }

    /// Whether a head may be signed after this base: what the store and this machine know to be signed is the base, the
    /// head itself (where a run was cut off), or, for this machine, something before the base.
    async fn may_follow(&self, base: &TreeHead, head: &TreeHead) -> Result<(), EngineError> {
        match self.tree.objects.get(CHECKPOINT).await? {
            Some(bytes) => {
                let signed = self.opened(&bytes, CHECKPOINT)?;
                if signed != *base && signed != *head {
                    return Err(contradicts(CHECKPOINT, &signed, base));
                }
            }
            None if base.size > 0 => {
                return Err(EngineError::Log {
                    message: format!(
                        "`{CHECKPOINT}` is missing from the store, where the catalogue knows of {} entries\nhint: restore the store; nothing was signed",
                        base.size
                    ),
                });
            }
            None => {}
        }
        let Some((file, bytes)) = self.keys.last(&self.origin)? else {
            return Ok(());
        };
        let place = file.display().to_string();
        let signed = self.opened(&bytes, &place)?;
        if signed == *head {
            return Ok(());
        }
        if signed.size > base.size {
            return Err(contradicts(&place, &signed, base));
        }
        let plan = ProofPlan::consistency(signed.size, base.size).map_err(refused)?;
        let proof = self.tree.prove(base, &plan).await?;
        verify_consistency(&signed, base, &proof).map_err(|_| contradicts(&place, &signed, base))
    }

    fn opened(&self, bytes: &[u8], place: &str) -> Result<TreeHead, EngineError> {
        let opened = SignedCheckpoint::parse(bytes).and_then(|signed| signed.open(&self.trust));
        opened
            .map(|opened| opened.head)
            .map_err(|error| EngineError::Log {
                message: format!("`{place}` is no checkpoint of this log: {error}"),
            })
    }
}

fn contradicts(place: &str, signed: &TreeHead, base: &TreeHead) -> EngineError {
    EngineError::Log {
        message: format!(
            "the log has signed a tree of {} entries with root {} (`{place}`), and this workspace has one of {} with root {}, which it does not continue: it was restored from an older copy, or changed\nhint: bring the newer store and catalogue back; nothing was signed, so that nobody is shown two histories",
            signed.size, signed.root, base.size, base.root
        ),
    }
}

impl Adding<'_> {
    /// What is said, each as an entry.
    fn entries(&self, key: &SignerKey) -> Result<Vec<Vec<u8>>, EngineError> {
        let text = |name: &str| {
            let value = self.document.get(name).and_then(Json::as_str);
            value.unwrap_or_default()
        };
        let sha256 = |text: &str| hexadecimal(&sha2::Sha256::digest(text.as_bytes()));
        let mut documents = vec![say::named(
            &document_path(self.sequence),
            &sha256(self.text),
        )];
        let earlier = self.document.get("earlier").and_then(Json::as_array);
        // More are vouched for by the document, which names them all.
        for one in earlier.into_iter().flatten().take(MOST_EARLIER) {
            let field = |name: &str| one.get(name).and_then(Json::as_str).unwrap_or_default();
            documents.push(say::named(field("path"), field("sha256")));
        }
        let actor = text("actor");
        let is_commitment = actor.len() == 64 && actor.bytes().all(|one| one.is_ascii_hexdigit());
        let about = About {
            batch: u64::try_from(self.sequence).unwrap_or(0),
            verb: text("verb"),
            plan_sha256: text("plan_sha256"),
            // A batch that an earlier version opened names a person, whom the log does not.
            actor: &(if is_commitment {
                actor.to_owned()
            } else {
                sha256(self.text)
            }),
            time_ns: self
                .document
                .get("time_ns")
                .and_then(Json::as_i64)
                .unwrap_or(0),
            documents,
        };
        let all = self.said.iter().map(|said| about.entry(said, key));
        all.collect()
    }
}

/// Documents of earlier batches that the first entry names itself: entries have at most 65,535 bytes.
const MOST_EARLIER: usize = 200;

/// Writes the notes of changes of the key that a batch makes: from then on only the new key signs.
pub(in crate::workspace) async fn change_key(
    workspace: &Workspace,
    said: &[Said],
) -> Result<(), EngineError> {
    for one in said {
        if let Said::KeyChange { path, note } = one {
            let note = note.clone().into();
            Tree::of(workspace).objects.settle(path, note).await?;
        }
    }
    Ok(())
}

/// Where the document of a batch is in the store.
pub(in crate::workspace) fn document_path(sequence: i64) -> String {
    format!("log/{sequence:020}.json")
}

impl Tree {
    /// The tree of a workspace.
    pub(in crate::workspace) fn of(workspace: &Workspace) -> Self {
        Self {
            objects: Objects::new(workspace.place.clone()),
        }
    }
}

/// A head as the catalogue has it. Errors: no head at all.
pub(in crate::workspace) fn head_of(head: &LogHead) -> Result<TreeHead, EngineError> {
    let digits = |at: usize| {
        let pair = head.root.get(2 * at..2 * at + 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    let root: Option<Vec<u8>> = (0..32).map(digits).collect();
    let root = root.filter(|_| head.root.len() == 64);
    let root = root.as_deref().and_then(Hash::from_slice);
    match (u64::try_from(head.size), root) {
        (Ok(size), Some(root)) => Ok(TreeHead { size, root }),
        _ => Err(EngineError::Log {
            message: format!(
                "the catalogue has a head of the log that is none: size `{}`, root `{}`\nhint: restore the catalogue from a copy",
                head.size, head.root
            ),
        }),
    }
}

/// The keys of a log through time: the first, and those that followed it by notes in the store.
///
/// Errors: a note that does not follow from the key before it, what the store says.
pub(in crate::workspace) async fn chain(
    objects: &Objects,
    origin: &str,
    first: &VerifierKey,
) -> Result<KeyChain, EngineError> {
    let mut chain = KeyChain::new(origin, first.clone()).map_err(refused)?;
    for (path, _) in objects.list(ROTATIONS).await? {
        let bytes = objects.get(&path).await?.unwrap_or_default();
        let note = Note::parse(&bytes).map_err(fieldassay_proof::keys::KeyError::from);
        let rotated = note.and_then(|note| chain.rotate(&note));
        rotated.map_err(|error| refused(format!("`{path}`: {error}")))?;
    }
    Ok(chain)
}
