//! What a batch says in the log: statements about its document and what it made.
//!
//! Read [`Said`] first; [`Told::entry`] makes an entry of the log of one, [`describe`] tells what an entry says. Not
//! here: where entries go (`mod`).

use super::keys::refused;
use crate::EngineError;
use fieldassay_model::{Verdict, display::iso8601};
use fieldassay_proof::statement::{
    Check, Contract, DigestSet, Ingest, KeyChange, Operation, PAYLOAD_TYPE, Performed, Predicate,
    Reference, Release, Resource, Tag,
};
use fieldassay_proof::{Envelope, SignerKey, Statement, VerifierKey};
use serde::{Deserialize, Serialize};

/// Something that is said of a batch. All but the first two are said besides one of these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::workspace) enum Said {
    /// Inputs were brought in, and so many could not be since the batch before.
    Ingest { failed: u64 },
    /// Something else was done.
    Performed,
    /// Recordings were judged; the worst verdict.
    Check { policy: Reference, verdict: Verdict },
    /// Data was held against a contract. Without subjects it is the data of the batch.
    Contract {
        contract: Reference,
        verdict: Verdict,
        violations: u64,
        subjects: Vec<Resource>,
    },
    /// A release was made from these.
    Release {
        name: String,
        version: u32,
        manifest_sha256: String,
        members: u64,
        held_to: Vec<Reference>,
        inputs: Vec<Resource>,
    },
    /// A version of a release has a name.
    Tag {
        tag: String,
        release: String,
        version: u32,
        manifest_sha256: String,
    },
    /// The key was changed by this note, which is kept at this path.
    KeyChange { path: String, note: String },
}

/// The document of a batch, which most statements are about, and what they all say.
pub(super) struct About<'a> {
    pub(super) batch: u64,
    pub(super) verb: &'a str,
    pub(super) plan_sha256: &'a str,
    pub(super) actor: &'a str,
    pub(super) time_ns: i64,
    /// The document, and the documents of earlier batches where this one vouches for them.
    pub(super) documents: Vec<Resource>,
}

/// A thing with a name.
pub(in crate::workspace) fn named(name: &str, sha256: &str) -> Resource {
    Resource {
        name: Some(name.to_owned()),
        digest: DigestSet {
            sha256: sha256.to_owned(),
            blake3: None,
        },
    }
}

impl About<'_> {
    fn operation(&self, inputs: &[Resource]) -> Operation {
        let mut inputs = inputs.to_vec();
        inputs.sort();
        Operation {
            plan_sha256: self.plan_sha256.to_owned(),
            inputs,
            actor: self.actor.to_owned(),
            time: iso8601(self.time_ns),
        }
    }

    fn sealed<P: Predicate>(
        &self,
        subjects: Vec<Resource>,
        predicate: P,
    ) -> Result<Envelope, EngineError> {
        let subjects = if subjects.is_empty() {
            self.documents.clone()
        } else {
            subjects
        };
        let statement = Statement {
            subjects,
            predicate,
        };
        statement.seal().map_err(refused)
    }

    /// The entry that says it, signed: the same bytes whenever it is made again.
    pub(super) fn entry(&self, said: &Said, key: &SignerKey) -> Result<Vec<u8>, EngineError> {
        let mut envelope = self.envelope(said)?;
        envelope.sign(key).map_err(refused)?;
        Ok(envelope.to_json().into_bytes())
    }

    fn envelope(&self, said: &Said) -> Result<Envelope, EngineError> {
        let operation = self.operation(&[]);
        let batch = self.batch;
        match said {
            Said::Ingest { failed } => {
                let failed = *failed;
                let said = Ingest {
                    operation,
                    batch,
                    failed,
                };
                self.sealed(Vec::new(), said)
            }
            Said::Performed => {
                let verb = self.verb.to_owned();
                let said = Performed {
                    operation,
                    verb,
                    batch,
                };
                self.sealed(Vec::new(), said)
            }
            Said::Check { policy, verdict } => {
                let said = Check {
                    operation,
                    policy: policy.clone(),
                    verdict: *verdict,
                };
                self.sealed(Vec::new(), said)
            }
            Said::Contract {
                contract,
                verdict,
                violations,
                subjects,
            } => {
                let said = Contract {
                    operation,
                    contract: contract.clone(),
                    verdict: *verdict,
                    violations: *violations,
                };
                self.sealed(subjects.clone(), said)
            }
            other => self.of_release(other),
        }
    }

    /// What is said of releases and keys.
    fn of_release(&self, said: &Said) -> Result<Envelope, EngineError> {
        match said {
            Said::Release {
                name,
                version,
                manifest_sha256,
                members,
                held_to,
                inputs,
            } => {
                let mut held_to = held_to.clone();
                held_to.sort();
                let said = Release {
                    operation: self.operation(inputs),
                    name: name.clone(),
                    version: *version,
                    members: *members,
                    held_to,
                };
                let subject = named(&format!("{name}@{version}"), manifest_sha256);
                self.sealed(vec![subject], said)
            }
            Said::Tag {
                tag,
                release,
                version,
                manifest_sha256,
            } => {
                let said = Tag {
                    operation: self.operation(&[]),
                    tag: tag.clone(),
                    release: release.clone(),
                    version: *version,
                };
                let subject = named(&format!("{release}@{version}"), manifest_sha256);
                self.sealed(vec![subject], said)
            }
            Said::KeyChange { path, note } => {
                let said = KeyChange {
                    operation: self.operation(&[]),
                    note: note.clone(),
                };
                let digest = fieldassay_proof::merkle::Hash::of(note.as_bytes()).to_string();
                self.sealed(vec![named(path, &digest)], said)
            }
            // Said above; a statement about the batch is never wrong.
            _ => self.sealed(
                Vec::new(),
                Performed {
                    operation: self.operation(&[]),
                    verb: self.verb.to_owned(),
                    batch: self.batch,
                },
            ),
        }
    }
}

/// What an entry of the log says, of whom and what it is about.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::workspace) struct Entry {
    /// What the catalogue calls it: `ingest`, `check`, …
    pub(in crate::workspace) kind: String,
    /// What the catalogue says it is about; none where that is the batch.
    pub(in crate::workspace) subject: Option<String>,
    pub(in crate::workspace) subjects: Vec<Resource>,
    pub(in crate::workspace) operation: Operation,
    /// The batch, where it says so.
    pub(in crate::workspace) batch: Option<u64>,
    pub(in crate::workspace) said: Said,
}

/// What a signed entry says. Errors: nobody of these keys has signed it, or it is no statement of ours.
pub(in crate::workspace) fn describe(
    entry: &[u8],
    keys: &[VerifierKey],
) -> Result<Entry, EngineError> {
    let envelope = Envelope::parse(entry).map_err(refused)?;
    // One spelling: nothing can be hidden in what a parser leaves out.
    if envelope.to_json().as_bytes() != entry {
        return Err(refused("the envelope is not spelled as it is written"));
    }
    let json = envelope.verify(PAYLOAD_TYPE, keys, 1).map_err(refused)?;
    read(json)
}

/// The statement of this type, if it is one.
fn of<P: Predicate>(json: &[u8]) -> Result<Option<Statement<P>>, EngineError> {
    Statement::<P>::of_type(json).map_err(refused)
}

fn read(json: &[u8]) -> Result<Entry, EngineError> {
    if let Some(statement) = of::<Ingest>(json)? {
        let Ingest {
            operation,
            batch,
            failed,
        } = statement.predicate;
        return Ok(Entry {
            kind: "ingest".to_owned(),
            subject: None,
            subjects: statement.subjects,
            operation,
            batch: Some(batch),
            said: Said::Ingest { failed },
        });
    }
    if let Some(statement) = of::<Performed>(json)? {
        let Performed {
            operation,
            verb,
            batch,
        } = statement.predicate;
        return Ok(Entry {
            kind: verb,
            subject: None,
            subjects: statement.subjects,
            operation,
            batch: Some(batch),
            said: Said::Performed,
        });
    }
    if let Some(statement) = of::<Check>(json)? {
        let Check {
            operation,
            policy,
            verdict,
        } = statement.predicate;
        return Ok(Entry {
            kind: "check".to_owned(),
            subject: None,
            subjects: statement.subjects,
            operation,
            batch: None,
            said: Said::Check { policy, verdict },
        });
    }
    read_more(json)
}

fn read_more(json: &[u8]) -> Result<Entry, EngineError> {
    if let Some(statement) = of::<Contract>(json)? {
        let subjects = statement.subjects;
        let Contract {
            operation,
            contract,
            verdict,
            violations,
        } = statement.predicate;
        return Ok(Entry {
            kind: "contract".to_owned(),
            subject: Some(format!("contract:{}@{}", contract.name, contract.version)),
            subjects: subjects.clone(),
            operation,
            batch: None,
            said: Said::Contract {
                contract,
                verdict,
                violations,
                subjects,
            },
        });
    }
    if let Some(statement) = of::<Release>(json)? {
        let said = statement.predicate;
        let manifest_sha256 = first_digest(&statement.subjects);
        return Ok(Entry {
            kind: "release".to_owned(),
            subject: Some(format!("{}@{}", said.name, said.version)),
            subjects: statement.subjects,
            operation: said.operation.clone(),
            batch: None,
            said: Said::Release {
                name: said.name,
                version: said.version,
                manifest_sha256,
                members: said.members,
                held_to: said.held_to,
                inputs: said.operation.inputs,
            },
        });
    }
    read_names(json)
}

fn read_names(json: &[u8]) -> Result<Entry, EngineError> {
    if let Some(statement) = of::<Tag>(json)? {
        let said = statement.predicate;
        let manifest_sha256 = first_digest(&statement.subjects);
        return Ok(Entry {
            kind: "tag".to_owned(),
            subject: Some(format!("{}@{}", said.release, said.tag)),
            subjects: statement.subjects,
            operation: said.operation,
            batch: None,
            said: Said::Tag {
                tag: said.tag,
                release: said.release,
                version: said.version,
                manifest_sha256,
            },
        });
    }
    let Some(statement) = of::<KeyChange>(json)? else {
        return Err(refused(
            "the entry is no statement this version knows\nhint: a newer version wrote it",
        ));
    };
    let path = statement.subjects.iter().find_map(|one| one.name.clone());
    Ok(Entry {
        kind: "key_change".to_owned(),
        subject: path.clone(),
        subjects: statement.subjects,
        operation: statement.predicate.operation,
        batch: None,
        said: Said::KeyChange {
            path: path.unwrap_or_default(),
            note: statement.predicate.note,
        },
    })
}

fn first_digest(subjects: &[Resource]) -> String {
    let first = subjects.first();
    first.map_or_else(String::new, |one| one.digest.sha256.clone())
}
