//! The log itself: its checkpoint, its files, its entries and their signatures.
//!
//! Read [`Log`] and [`read`] first. Not here: the documents that entries are about (`stored`).

use super::{Findings, read_checkpoint};
use crate::EngineError;
use crate::workspace::ledger::head_of;
use crate::workspace::ledger::say::{Entry, describe};
use crate::workspace::ledger::tree::{CHECKPOINT, FOLDER, Tree};
use crate::workspace::opened::Workspace;
use fieldassay_model::hexadecimal;
use fieldassay_proof::merkle::{Frontier, Hash, leaf_hash, node_hash};
use fieldassay_proof::{EntryBundle, KeyChain, SignedCheckpoint, Tile, TreeHead, Trust};
use sha2::Digest as _;
use std::collections::BTreeMap;
use std::path::Path;

/// Hashes of a tile, entries of a bundle.
const WIDTH: usize = 256;

/// The log as it was read and held to its checkpoint.
pub(super) struct Log {
    pub(super) head: TreeHead,
    pub(super) checkpoint: Option<String>,
    /// Entries by number; none where it cannot be read or is not signed.
    pub(super) entries: Vec<Option<Entry>>,
    /// The root at every size.
    roots: BTreeMap<u64, Hash>,
    /// Paths of the files of the tree.
    pub(super) files: Vec<String>,
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&sha2::Sha256::digest(bytes))
}

/// Reads the log and holds it to its checkpoint, its heads and its signatures.
pub(super) async fn read(
    workspace: &Workspace,
    chain: &KeyChain,
    findings: &mut Findings,
) -> Result<Log, EngineError> {
    let tree = Tree::of(workspace);
    let (head, checkpoint) = head(workspace, &tree, chain, findings).await?;
    let listed = tree.objects.list(&format!("{FOLDER}/tile")).await?;
    let files: Vec<String> = listed.into_iter().map(|(path, _)| path).collect();
    let mut bytes = BTreeMap::new();
    for path in &files {
        if let Some(content) = tree.objects.get(path).await? {
            bytes.insert(path.clone(), content);
        }
    }
    let stored = Stored { bytes };
    let raw = stored.entries(head.size, findings);
    let rows = stored.rows(&head, &raw, findings);
    stored.hold_to(&rows, &raw, head.size, findings);
    let mut log = Log {
        head,
        checkpoint,
        entries: Vec::new(),
        roots: BTreeMap::new(),
        files,
    };
    let mut tree = Frontier::new();
    for leaf in rows.first().into_iter().flatten() {
        if tree.append(*leaf, |_, _| ()).is_err() {
            break;
        }
        log.roots.insert(tree.size(), tree.head().root);
    }
    for (number, (entry, leaf)) in raw
        .iter()
        .zip(rows.first().into_iter().flatten())
        .enumerate()
    {
        let is_own = entry
            .as_ref()
            .is_some_and(|entry| leaf_hash(entry) == *leaf);
        let Some(entry) = entry.as_ref().filter(|_| is_own) else {
            log.entries.push(None);
            continue;
        };
        let key = chain.key_at(number as u64 + 1).clone();
        match describe(entry, &[key]) {
            Ok(said) => {
                findings.counted("entries", 1);
                log.entries.push(Some(said));
            }
            Err(error) => {
                let place = format!("entry {number}");
                findings.wrong("entry", place, "a statement signed by the log", &error);
                log.entries.push(None);
            }
        }
    }
    heads(workspace, chain, &log, findings).await?;
    Ok(log)
}

/// The head that is signed: the checkpoint of the store, compared with what the catalogue has.
async fn head(
    workspace: &Workspace,
    tree: &Tree,
    chain: &KeyChain,
    findings: &mut Findings,
) -> Result<(TreeHead, Option<String>), EngineError> {
    let trust = Trust::log(chain.clone());
    let published = workspace.catalog.log_head(None).await?;
    let bytes = tree.objects.get(CHECKPOINT).await?;
    let text = bytes
        .as_ref()
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let opened = bytes
        .as_ref()
        .map(|bytes| SignedCheckpoint::parse(bytes).and_then(|signed| signed.open(&trust)));
    let signed = match opened {
        None => {
            findings.wrong("checkpoint", CHECKPOINT, "a signed checkpoint", "nothing");
            None
        }
        Some(Err(error)) => {
            findings.wrong(
                "checkpoint",
                CHECKPOINT,
                "a checkpoint signed by the log",
                error,
            );
            None
        }
        Some(Ok(opened)) => {
            findings.counted("checkpoints", 1);
            Some(opened.head)
        }
    };
    let claimed = published.as_ref().and_then(|head| head_of(head).ok());
    if let Some(published) = &published
        && text.as_deref() != Some(published.checkpoint.as_str())
    {
        let found = text.as_deref().unwrap_or("nothing");
        findings.wrong(
            "checkpoint",
            CHECKPOINT,
            one_line(&published.checkpoint),
            one_line(found),
        );
    }
    if published.is_none() {
        findings.wrong(
            "head of the log",
            "catalogue, `log_heads`",
            "the head that was signed last",
            "nothing",
        );
    }
    // The larger one: a store or a catalogue that was cut off is held against what the other knows.
    let head = [signed, claimed]
        .into_iter()
        .flatten()
        .max_by_key(|head| head.size);
    Ok((head.unwrap_or(TreeHead::EMPTY), text))
}

/// A text on one line, for a message.
fn one_line(text: &str) -> String {
    text.trim_end().replace('\n', " / ")
}

/// Every head that was ever published, against the roots of the tree.
async fn heads(
    workspace: &Workspace,
    chain: &KeyChain,
    log: &Log,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let trust = Trust::log(chain.clone());
    for (sequence, head) in workspace.catalog.log_heads().await? {
        let place = format!("catalogue, `log_heads` {sequence}");
        let signed = SignedCheckpoint::parse(head.checkpoint.as_bytes())
            .and_then(|signed| signed.open(&trust));
        let signed = match signed {
            Ok(signed) => signed.head,
            Err(error) => {
                findings.wrong(
                    "head of the log",
                    place,
                    "a checkpoint signed by the log",
                    error,
                );
                continue;
            }
        };
        let says = |head: &TreeHead| format!("{} entries, root {}", head.size, head.root);
        let claimed = head_of(&head).map_or_else(|error| error.to_string(), |head| says(&head));
        if claimed != says(&signed) {
            findings.wrong("head of the log", &place, says(&signed), claimed);
        }
        log.holds(&signed, &place, findings);
    }
    Ok(())
}

impl Log {
    /// Whether the tree has this head in its past.
    fn holds(&self, head: &TreeHead, place: &str, findings: &mut Findings) {
        let expected = format!("root {} over its first {} entries", head.root, head.size);
        match self.roots.get(&head.size) {
            _ if *head == TreeHead::EMPTY => findings.counted("heads", 1),
            Some(root) if *root == head.root => findings.counted("heads", 1),
            Some(root) => findings.wrong("history of the log", place, expected, root),
            None => {
                let found = format!("a log of {} entries", self.roots.len());
                findings.wrong("history of the log", place, expected, found);
            }
        }
    }
}

/// Whether the log continues a checkpoint that was kept elsewhere.
pub(super) fn hold_to(
    log: &Log,
    chain: &KeyChain,
    file: &Path,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let place = file.display().to_string();
    match read_checkpoint(file, chain)? {
        Ok(head) => log.holds(&head, &place, findings),
        Err(error) => findings.wrong("checkpoint", place, "a checkpoint signed by the log", error),
    }
    Ok(())
}

/// The files of the tree as they are stored.
struct Stored {
    bytes: BTreeMap<String, fieldassay_store::Bytes>,
}

fn tile_path(tile: &Tile) -> String {
    format!("{FOLDER}/{}", tile.path())
}

fn bundle_path(bundle: &EntryBundle) -> String {
    format!("{FOLDER}/{}", bundle.path())
}

impl Stored {
    /// The entries of a log of this size, as they are; none where one cannot be read.
    fn entries(&self, size: u64, findings: &mut Findings) -> Vec<Option<Vec<u8>>> {
        let mut all = Vec::new();
        for bundle in EntryBundle::of_growth(0, size) {
            let path = bundle_path(&bundle);
            let read = match self.bytes.get(&path) {
                None => Err("nothing".to_owned()),
                Some(bytes) => bundle.entries(bytes).map_err(|error| error.to_string()),
            };
            match read {
                Ok(entries) => all.extend(entries.into_iter().map(|entry| Some(entry.to_vec()))),
                Err(error) => {
                    findings.wrong(
                        "entries of the log",
                        path,
                        "the entries that were signed",
                        error,
                    );
                    all.extend(std::iter::repeat_n(None, usize::from(bundle.width)));
                }
            }
        }
        all
    }

    /// The hashes of every level of tiles: from the entries where they lead to the root, else from the tiles where these
    /// do, so that what is wrong is told from what is right.
    fn rows(
        &self,
        head: &TreeHead,
        raw: &[Option<Vec<u8>>],
        findings: &mut Findings,
    ) -> Vec<Vec<Hash>> {
        let of_entries: Option<Vec<Hash>> = raw
            .iter()
            .map(|entry| entry.as_deref().map(leaf_hash))
            .collect();
        let leads = |leaves: &Option<Vec<Hash>>| {
            leaves.as_ref().is_some_and(|leaves| root(leaves) == *head)
        };
        if leads(&of_entries) {
            findings.counted("trees", 1);
            return levels(of_entries.unwrap_or_default());
        }
        let of_tiles = self.leaves(head.size);
        if leads(&of_tiles) {
            return levels(of_tiles.unwrap_or_default());
        }
        let found = of_entries
            .as_ref()
            .or(of_tiles.as_ref())
            .map(|leaves| root(leaves));
        let found = found.map_or_else(
            || "files from which no root can be made".to_owned(),
            |found| format!("root {}", found.root),
        );
        let expected = format!("root {} over {} entries", head.root, head.size);
        findings.wrong("tree of the log", format!("{FOLDER}/tile"), expected, found);
        levels(of_entries.or(of_tiles).unwrap_or_default())
    }

    /// Hashes of entries as the tiles of the lowest level have them.
    fn leaves(&self, size: u64) -> Option<Vec<Hash>> {
        let mut leaves = Vec::new();
        for bundle in EntryBundle::of_growth(0, size) {
            let tile = bundle.hashes();
            let bytes = self.bytes.get(&tile_path(&tile))?;
            let hashes = bytes.chunks_exact(32).take(usize::from(tile.width));
            leaves.extend(hashes.filter_map(Hash::from_slice));
        }
        Some(leaves).filter(|leaves| leaves.len() as u64 == size)
    }

    /// Every file against what the tree says it holds, and every one that has to be there.
    fn hold_to(
        &self,
        rows: &[Vec<Hash>],
        raw: &[Option<Vec<u8>>],
        size: u64,
        findings: &mut Findings,
    ) {
        for (path, bytes) in &self.bytes {
            let name = path.strip_prefix("log/").unwrap_or(path);
            let expected = match (Tile::parse(name), EntryBundle::parse(name)) {
                (Ok(tile), _) => tile_bytes(&tile, rows),
                (_, Ok(bundle)) => bundle_bytes(&bundle, rows, raw),
                _ => None,
            };
            match expected {
                Some(expected) if expected == bytes.as_ref() => {
                    findings.counted("files of the log's tree", 1);
                }
                Some(expected) => {
                    findings.wrong(
                        "file of the log's tree",
                        path,
                        sha256(&expected),
                        sha256(bytes),
                    );
                }
                None => {
                    // Entries that are wrong themselves were told with their bundle.
                    let is_told = findings.problems.iter().any(|told| told.place == *path);
                    if !is_told {
                        findings.wrong(
                            "file of the log's tree",
                            path,
                            "nothing, or what the tree holds there",
                            sha256(bytes),
                        );
                    }
                }
            }
        }
        let tiles = Tile::of_growth(0, size)
            .into_iter()
            .map(|tile| tile_path(&tile));
        for path in tiles {
            if !self.bytes.contains_key(&path) {
                findings.wrong(
                    "file of the log's tree",
                    path,
                    "hashes of the tree",
                    "nothing",
                );
            }
        }
    }
}

fn root(leaves: &[Hash]) -> TreeHead {
    let read = fieldassay_proof::merkle::root_of(leaves.iter().copied());
    read.unwrap_or(TreeHead::EMPTY)
}

/// The hashes of every level of tiles, from those of the entries.
fn levels(leaves: Vec<Hash>) -> Vec<Vec<Hash>> {
    let mut rows = vec![leaves];
    while let Some(last) = rows.last()
        && last.len() >= WIDTH
    {
        let next = last.chunks_exact(WIDTH).map(folded).collect();
        rows.push(next);
    }
    rows
}

/// The hash over a full tile.
fn folded(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let pairs = level.chunks(2).filter_map(|pair| match pair {
            [left, right] => Some(node_hash(*left, *right)),
            _ => None,
        });
        level = pairs.collect();
    }
    level.first().copied().unwrap_or(TreeHead::EMPTY.root)
}

fn stretch(index: u64, width: u16) -> Option<std::ops::Range<usize>> {
    let first = usize::try_from(index).ok()?.checked_mul(WIDTH)?;
    Some(first..first.checked_add(usize::from(width))?)
}

fn tile_bytes(tile: &Tile, rows: &[Vec<Hash>]) -> Option<Vec<u8>> {
    let row = rows.get(usize::from(tile.level))?;
    let hashes = row.get(stretch(tile.index, tile.width)?)?;
    Some(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect())
}

/// The bytes of a bundle whose entries all are those of the tree; none where one is not known.
fn bundle_bytes(
    bundle: &EntryBundle,
    rows: &[Vec<Hash>],
    raw: &[Option<Vec<u8>>],
) -> Option<Vec<u8>> {
    let stretch = stretch(bundle.index, bundle.width)?;
    let leaves = rows.first()?.get(stretch.clone())?;
    let mut content = Vec::new();
    for (entry, leaf) in raw.get(stretch)?.iter().zip(leaves) {
        let entry = entry.as_ref().filter(|entry| leaf_hash(entry) == *leaf)?;
        EntryBundle::push(&mut content, entry).ok()?;
    }
    Some(content)
}
