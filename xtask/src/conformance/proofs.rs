//! Vectors of logs and signatures: trees, proofs, notes, checkpoints and envelopes.
//!
//! Read [`tree`] first. Not here: the parser's own refusals, which the tests of `proof` hold.

use super::Outcome;
use super::measured::{Entries, list};
use fieldassay_proof::checkpoint::CosignRequest;
use fieldassay_proof::dsse::pre_authentication_encoding;
use fieldassay_proof::merkle::{
    Hash, Node, ProofPlan, TreeHead, leaf_hash, verify_consistency, verify_inclusion,
};
use fieldassay_proof::{
    Algorithm, Checkpoint, Envelope, Frontier, KeyChain, Note, SignedCheckpoint, SignerKey, Tile,
    TileReader, TileWriter, TlogProof, Trust, VerifierKey, Witness,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Bytes of a text in hexadecimal.
fn bytes(value: &Value) -> Result<Vec<u8>, String> {
    let text = value
        .as_str()
        .ok_or_else(|| format!("{value} is no text"))?;
    let digits = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).map_err(|e| e.to_string())?;
        u8::from_str_radix(pair, 16).map_err(|e| e.to_string())
    });
    digits.collect()
}

fn hash(value: &Value) -> Result<Hash, String> {
    Hash::from_slice(&bytes(value)?).ok_or_else(|| format!("{value} is no hash"))
}

fn hashes(value: &Value) -> Result<Vec<Hash>, String> {
    list(value).iter().map(hash).collect()
}

fn number(value: &Value) -> Result<u64, String> {
    value
        .as_u64()
        .ok_or_else(|| format!("{value} is no whole number"))
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{value} is no text"))
}

fn equal<T>(name: &str, found: &T, expected: &T) -> Result<(), String>
where
    T: PartialEq + std::fmt::Debug + ?Sized,
{
    if found == expected {
        return Ok(());
    }
    Err(format!("{name}: found {found:?}, expected {expected:?}"))
}

fn entry(name: String, compared: Result<(), String>) -> (String, Outcome) {
    let outcome = compared.map_or_else(Outcome::Failed, |()| Outcome::Passed);
    (name, outcome)
}

/// The tree of the first leaves of a vector, with its stored hashes.
struct Tree {
    heads: Vec<TreeHead>,
    nodes: BTreeMap<Node, Hash>,
    leaves: Vec<Hash>,
}

impl Tree {
    fn read(leaves: &Value) -> Result<Self, String> {
        let mut tree = Self {
            heads: vec![TreeHead::EMPTY],
            nodes: BTreeMap::new(),
            leaves: Vec::new(),
        };
        let mut frontier = Frontier::new();
        for leaf in list(leaves) {
            let leaf = leaf_hash(&bytes(leaf)?);
            let appended = frontier.append(leaf, |node, hash| {
                tree.nodes.insert(node, hash);
            });
            appended.map_err(|e| e.to_string())?;
            tree.heads.push(frontier.head());
            tree.leaves.push(leaf);
        }
        Ok(tree)
    }

    fn head(&self, size: u64) -> Result<&TreeHead, String> {
        let at = usize::try_from(size).unwrap_or(usize::MAX);
        self.heads
            .get(at)
            .ok_or_else(|| format!("no tree of {size} leaves"))
    }

    fn run(&self, plan: &ProofPlan) -> Result<Vec<Hash>, String> {
        plan.run(|node| {
            self.nodes
                .get(&node)
                .copied()
                .ok_or_else(|| format!("{node:?}"))
        })
    }

    fn inclusion(&self, case: &Value) -> Result<(), String> {
        let (index, size) = (number(&case["index"])?, number(&case["size"])?);
        let expected = hashes(&case["path_hex"])?;
        let plan = ProofPlan::inclusion(index, size).map_err(|e| e.to_string())?;
        equal("path", &self.run(&plan)?, &expected)?;
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let leaf = self.leaves.get(at).ok_or("no such leaf")?;
        verify_inclusion(self.head(size)?, index, *leaf, &expected).map_err(|e| e.to_string())
    }

    fn consistency(&self, case: &Value) -> Result<(), String> {
        let (old, new) = (number(&case["size1"])?, number(&case["size2"])?);
        let expected = hashes(&case["proof_hex"])?;
        let plan = ProofPlan::consistency(old, new).map_err(|e| e.to_string())?;
        equal("proof", &self.run(&plan)?, &expected)?;
        let (old, new) = (self.head(old)?, self.head(new)?);
        verify_consistency(old, new, &expected).map_err(|e| e.to_string())
    }
}

/// `tlog_vectors`: roots, proofs, a note and what an envelope signs.
pub(super) fn tree(_: &Path, file: &Value) -> Entries {
    let tree = match Tree::read(&file["leaves_hex"]) {
        Ok(tree) => tree,
        Err(why) => return vec![("leaves_hex".to_owned(), Outcome::Failed(why))],
    };
    let mut found = Vec::new();
    for (size, root) in file["roots_hex"].as_object().into_iter().flatten() {
        let compare = || {
            let size = size
                .parse::<u64>()
                .map_err(|_| format!("{size} is no size"))?;
            equal("root", &tree.head(size)?.root, &hash(root)?)
        };
        found.push(entry(format!("roots_hex.{size}"), compare()));
    }
    for case in list(&file["inclusion"]) {
        let name = format!("inclusion.{}.{}", case["index"], case["size"]);
        found.push(entry(name, tree.inclusion(case)));
    }
    for case in list(&file["consistency"]) {
        let name = format!("consistency.{}.{}", case["size1"], case["size2"]);
        found.push(entry(name, tree.consistency(case)));
    }
    found.push(entry(
        "dsse_pae".to_owned(),
        signed_bytes(&file["dsse_pae"]),
    ));
    found.push(entry("signed_note".to_owned(), note(&file["signed_note"])));
    found
}

fn signed_bytes(case: &Value) -> Result<(), String> {
    let (kind, payload) = (text(&case["type"])?, text(&case["payload"])?);
    let found = pre_authentication_encoding(kind, payload.as_bytes());
    equal("pae", found.as_slice(), text(&case["pae"])?.as_bytes())
}

fn note(case: &Value) -> Result<(), String> {
    let key = VerifierKey::parse(text(&case["vkey"])?).map_err(|e| e.to_string())?;
    equal("vkey", key.to_string().as_str(), text(&case["vkey"])?)?;
    let (body, line) = (text(&case["text"])?, text(&case["sig_line"])?);
    let printed = format!("{body}\n{line}\n");
    let note = Note::parse(printed.as_bytes()).map_err(|e| e.to_string())?;
    equal("note", &note.to_string(), &printed)?;
    note.verify([&key]).map(|_| ()).map_err(|e| e.to_string())
}

/// `checkpoints`: those of public logs, with the keys that signed them.
pub(super) fn checkpoints(_: &Path, file: &Value) -> Entries {
    let cases = list(&file["checkpoints"]).iter();
    cases
        .map(|case| entry(case["origin"].to_string(), checkpoint(case)))
        .collect()
}

fn checkpoint(case: &Value) -> Result<(), String> {
    let key = |line: &Value| VerifierKey::parse(text(line)?).map_err(|e| e.to_string());
    let printed = text(&case["checkpoint"])?;
    let signed = SignedCheckpoint::parse(printed.as_bytes()).map_err(|e| e.to_string())?;
    equal("checkpoint", signed.to_string().as_str(), printed)?;
    let witnesses: Vec<VerifierKey> = list(&case["witness_vkeys"])
        .iter()
        .map(key)
        .collect::<Result<_, _>>()?;
    let quorum = witnesses.len();
    let log = KeyChain::new(text(&case["origin"])?, key(&case["log_vkey"])?);
    let log = log.map_err(|e| e.to_string())?;
    let trust = Trust::witnessed(log, witnesses, quorum).map_err(|e| e.to_string())?;
    let opened = signed.open(&trust).map_err(|e| e.to_string())?;
    equal("size", &opened.head.size, &number(&case["size"])?)?;
    let root = opened.head.root.to_base64();
    equal("root", root.as_str(), text(&case["root_base64"])?)?;
    let time = number(&case["cosigned_secs"])?;
    let times: Vec<u64> = opened.cosigners.iter().map(|by| by.time_secs).collect();
    equal("times", &times, &vec![time; quorum])
}

/// `dsse_vectors`: envelopes that are accepted or refused.
pub(super) fn envelopes(_: &Path, file: &Value) -> Entries {
    let cases = list(&file["vectors"]).iter();
    cases
        .map(|case| entry(case["id"].to_string(), envelope(case, &file["keys"])))
        .collect()
}

fn envelope(case: &Value, keys: &Value) -> Result<(), String> {
    let key = |name: &Value| -> Result<VerifierKey, String> {
        let key = &keys[text(name)?];
        let [seed, public] = [&key["seed"], &key["public"]].map(bytes);
        let seed: [u8; 32] = seed?.try_into().map_err(|_| "a seed is no 32 bytes")?;
        let signer = SignerKey::from_seed(text(name)?, Algorithm::Ed25519, &seed);
        let verifier = signer.map_err(|e| e.to_string())?.verifier().clone();
        equal(
            "public",
            verifier.public_bytes().as_slice(),
            public?.as_slice(),
        )?;
        Ok(verifier)
    };
    let trusted = list(&case["trustedKeys"])
        .iter()
        .map(key)
        .collect::<Result<Vec<_>, _>>()?;
    let threshold = usize::try_from(number(&case["threshold"])?).unwrap_or(usize::MAX);
    let read = Envelope::parse(case["envelope"].to_string().as_bytes());
    let read = read.map_err(|e| e.to_string())?;
    let mut accepted = None;
    for kind in list(&case["supportedPayloadTypes"]) {
        if let Ok(payload) = read.verify(text(kind)?, &trusted, threshold) {
            accepted = Some(pre_authentication_encoding(text(kind)?, payload));
        }
    }
    equal(
        "accepted",
        &accepted.is_some(),
        &(text(&case["expect"])? == "accept"),
    )?;
    match accepted {
        Some(pae) => equal("pae", &pae, &bytes(&case["pae"])?),
        None => Ok(()),
    }
}

/// `tlog_made`: a log with all its files, by another program.
pub(super) fn made(_: &Path, file: &Value) -> Entries {
    let mut found = vec![
        entry("keys".to_owned(), keys(file)),
        entry("rotation".to_owned(), rotation(file)),
    ];
    let mut growing = Growing::default();
    for case in list(&file["logs"]) {
        found.push(entry(
            format!("logs.{}", case["size"]),
            growing.compare(file, case),
        ));
    }
    found
}

fn keys(file: &Value) -> Result<(), String> {
    for (secret, public) in [("log_skey", "log_vkey"), ("witness_skey", "witness_vkey")] {
        let key = signer(&file[secret])?;
        equal(secret, key.encode().as_str(), text(&file[secret])?)?;
        equal(
            public,
            key.verifier().to_string().as_str(),
            text(&file[public])?,
        )?;
    }
    Ok(())
}

fn signer(line: &Value) -> Result<SignerKey, String> {
    SignerKey::parse(text(line)?).map_err(|e| e.to_string())
}

fn log_of(file: &Value) -> Result<KeyChain, String> {
    let key = signer(&file["log_skey"])?.verifier().clone();
    let origin = key.name().to_owned();
    KeyChain::new(&origin, key).map_err(|e| e.to_string())
}

fn rotation(file: &Value) -> Result<(), String> {
    let note = Note::parse(text(&file["rotation"])?.as_bytes()).map_err(|e| e.to_string())?;
    let mut log = log_of(file)?;
    log.rotate(&note).map_err(|e| e.to_string())?;
    let newest = log.key_at(6).to_string();
    equal("key", newest.as_str(), text(&file["rotation_new_vkey"])?)?;
    equal(
        "key",
        log.key_at(5).to_string().as_str(),
        text(&file["log_vkey"])?,
    )
}

/// A log that grows from case to case, with the files it has written.
#[derive(Default)]
struct Growing {
    writer: TileWriter,
    files: BTreeMap<String, Vec<u8>>,
}

impl Growing {
    fn compare(&mut self, file: &Value, case: &Value) -> Result<(), String> {
        let before = self.writer.head();
        let (size, index) = (number(&case["size"])?, number(&case["index"])?);
        let leaves = (before.size..size).map(|at| leaf_hash(format!("entry {at}").as_bytes()));
        let written = self.writer.append(leaves).map_err(|e| e.to_string())?;
        let named = written
            .into_iter()
            .map(|(tile, content)| (tile.path(), content));
        self.files.extend(named);
        // A partial tile is a file of its own, and goes once something was added to it.
        let tiles = Tile::of_growth(0, size);
        let current: BTreeSet<String> = tiles.iter().map(Tile::path).collect();
        self.files.retain(|name, _| current.contains(name));
        let head = self.writer.head();
        let digests = self
            .files
            .iter()
            .map(|(name, content)| format!("{}  {name}\n", Hash::of(content)));
        let joined: String = digests.collect();
        equal(
            "tiles_sha256",
            &Hash::of(joined.as_bytes()),
            &hash(&case["tiles_sha256"])?,
        )?;
        let plan = ProofPlan::inclusion(index, size).map_err(|e| e.to_string())?;
        let path = self.proof(&head, &plan)?;
        let plan = ProofPlan::consistency(before.size, size).map_err(|e| e.to_string())?;
        let growth = self.proof(&head, &plan)?;
        proof_file(file, case, (&head, &path))?;
        request(file, case, (&before, &head, growth))
    }

    fn proof(&self, head: &TreeHead, plan: &ProofPlan) -> Result<Vec<Hash>, String> {
        let needed = TileReader::needed(head.size, plan.nodes()).map_err(|e| e.to_string())?;
        let read = needed
            .iter()
            .filter_map(|tile| Some((*tile, self.files.get(&tile.path())?.as_slice())));
        let reader = TileReader::new(head, read).map_err(|e| e.to_string())?;
        plan.run(|node| reader.hash(node))
            .map_err(|e| e.to_string())
    }
}

/// The proof file reads, verifies with the log and its witness, and is the one we make.
fn proof_file(
    file: &Value,
    case: &Value,
    (head, path): (&TreeHead, &[Hash]),
) -> Result<(), String> {
    let witnesses = vec![signer(&file["witness_skey"])?.verifier().clone()];
    let trust = Trust::witnessed(log_of(file)?, witnesses, 1).map_err(|e| e.to_string())?;
    let printed = text(&case["tlog_proof"])?;
    let read = TlogProof::parse(printed.as_bytes()).map_err(|e| e.to_string())?;
    equal("tlog_proof", read.to_string().as_str(), printed)?;
    equal("path", read.hashes.as_slice(), path)?;
    let content = format!("entry {}", case["index"]);
    let trusted = read
        .verify(content.as_bytes(), &trust)
        .map_err(|e| e.to_string())?;
    equal("head", &trusted.head, head)?;
    equal("refused", &read.verify(b"another", &trust).is_err(), &true)
}

/// The request is the one we make, and the witness answers it in the same bytes.
fn request(
    file: &Value,
    case: &Value,
    (before, head, proof): (&TreeHead, &TreeHead, Vec<Hash>),
) -> Result<(), String> {
    let log = log_of(file)?;
    let checkpoint = Checkpoint::new(log.origin(), *head).map_err(|e| e.to_string())?;
    let checkpoint =
        SignedCheckpoint::sign_next(checkpoint, &signer(&file["log_skey"])?, before, &proof);
    let request = CosignRequest {
        old_size: before.size,
        proof,
        checkpoint: checkpoint.map_err(|e| e.to_string())?,
    };
    equal(
        "request",
        request.to_string().as_str(),
        text(&case["request"])?,
    )?;
    let witness = Witness::new(log, signer(&file["witness_skey"])?).map_err(|e| e.to_string())?;
    let answer = witness.cosign(before, &request, 1_700_000_000 + head.size);
    let answer = format!("{}\n", answer.map_err(|e| e.to_string())?);
    equal("answer", answer.as_str(), text(&case["answer"])?)
}
