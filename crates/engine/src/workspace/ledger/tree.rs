//! The files of the log's tree at the store: tiles, bundles of entries, the checkpoint.
//!
//! Read [`Tree`] first. Not here: who signs (`mod`), what is checked file by file (`verify`).

use super::keys::refused;
use crate::EngineError;
use fieldassay_proof::merkle::{Hash, TreeHead, leaf_hash};
use fieldassay_proof::{EntryBundle, Node, ProofPlan, Tile, TileReader, TileWriter};
use fieldassay_store::{Bytes, Objects};
use std::collections::BTreeMap;

/// Folder of the log in the store.
pub(in crate::workspace) const FOLDER: &str = "log";
/// Where the signed checkpoint is.
pub(in crate::workspace) const CHECKPOINT: &str = "log/checkpoint";
/// Entries of a full bundle.
const WIDTH: u64 = 256;

/// The tree of a log at a store.
#[derive(Clone, Debug)]
pub(in crate::workspace) struct Tree {
    pub(in crate::workspace) objects: Objects,
}

impl Tree {
    /// The bytes of a file of the tree. Where a partial one is gone because a wider one was written, that one.
    async fn file(&self, path: &str) -> Result<Option<Bytes>, EngineError> {
        let path = format!("{FOLDER}/{path}");
        if let Some(bytes) = self.objects.get(&path).await? {
            return Ok(Some(bytes));
        }
        let Some((full, width)) = path.rsplit_once(".p/") else {
            return Ok(None);
        };
        if let Some(bytes) = self.objects.get(full).await? {
            return Ok(Some(bytes));
        }
        let wanted: u64 = width.parse().unwrap_or(WIDTH);
        let listed = self.objects.list(&format!("{full}.p")).await?;
        let width = |path: &str| path.rsplit('/').next()?.parse::<u64>().ok();
        let wider = listed
            .iter()
            .find(|(path, _)| width(path).is_some_and(|width| width > wanted));
        match wider {
            Some((path, _)) => Ok(self.objects.get(path).await?),
            None => Ok(None),
        }
    }

    /// Tiles with their bytes; those that are not there are left out.
    pub(in crate::workspace) async fn tiles(
        &self,
        tiles: Vec<Tile>,
    ) -> Result<BTreeMap<Tile, Bytes>, EngineError> {
        let mut read = BTreeMap::new();
        for tile in tiles {
            if let Some(bytes) = self.file(&tile.path()).await? {
                read.insert(tile, bytes);
            }
        }
        Ok(read)
    }

    /// Hashes of the tree with this head that lead to its root.
    pub(in crate::workspace) async fn reader(
        &self,
        head: &TreeHead,
        nodes: Vec<Node>,
    ) -> Result<TileReader, EngineError> {
        let needed = TileReader::needed(head.size, nodes).map_err(refused)?;
        let read = self.tiles(needed).await?;
        let tiles = read.iter().map(|(tile, bytes)| (*tile, bytes.as_ref()));
        TileReader::new(head, tiles).map_err(refused)
    }

    /// The hashes of a proof in the tree with this head.
    pub(in crate::workspace) async fn prove(
        &self,
        head: &TreeHead,
        plan: &ProofPlan,
    ) -> Result<Vec<Hash>, EngineError> {
        if plan.is_empty() {
            return Ok(Vec::new());
        }
        let reader = self.reader(head, plan.nodes().collect()).await?;
        plan.run(|node| reader.hash(node)).map_err(refused)
    }

    /// The entry of this number in the tree of so many.
    pub(in crate::workspace) async fn entry(
        &self,
        index: u64,
        size: u64,
    ) -> Result<Vec<u8>, EngineError> {
        let first = index / WIDTH * WIDTH;
        let width = u16::try_from((size - first).min(WIDTH)).unwrap_or(u16::MAX);
        let bundle = EntryBundle {
            index: index / WIDTH,
            width,
        };
        let missing = || refused(format!("`{FOLDER}/{}` is missing", bundle.path()));
        let bytes = self.file(&bundle.path()).await?.ok_or_else(missing)?;
        let entries = bundle.entries(&bytes).map_err(refused)?;
        let at = usize::try_from(index - first).unwrap_or(usize::MAX);
        Ok(entries.get(at).ok_or_else(missing)?.to_vec())
    }

    /// Grows the tree in memory: the new head, and every file it takes, to be written before anybody signs it.
    ///
    /// Errors: files of the right edge that are missing, or that do not lead to the root.
    pub(in crate::workspace) async fn grow(
        &self,
        base: &TreeHead,
        entries: &[Vec<u8>],
    ) -> Result<Grown, EngineError> {
        let needed = TileWriter::needed(base.size).map_err(refused)?;
        let edge = self.tiles(needed).await?;
        let mut writer =
            TileWriter::open(base, |tile| edge.get(tile).map(Bytes::as_ref)).map_err(refused)?;
        let mut bundle = self.last_bundle(base, &edge).await?;
        let leaves = entries.iter().map(|entry| leaf_hash(entry));
        let tiles = writer.append(leaves).map_err(refused)?;
        let head = writer.head();
        let mut files: Vec<(String, Bytes)> = tiles
            .into_iter()
            .map(|(tile, bytes)| (format!("{FOLDER}/{}", tile.path()), bytes.into()))
            .collect();
        let mut rest = entries.iter();
        let mut at = base.size;
        for place in EntryBundle::of_growth(base.size, head.size) {
            let end = place.index * WIDTH + u64::from(place.width);
            while at < end
                && let Some(entry) = rest.next()
            {
                EntryBundle::push(&mut bundle, entry).map_err(refused)?;
                at += 1;
            }
            let bytes = std::mem::take(&mut bundle);
            files.push((format!("{FOLDER}/{}", place.path()), bytes.into()));
        }
        Ok(Grown { head, files })
    }

    /// The entries of the last bundle, where it is not full, compared with the hashes of the tree.
    async fn last_bundle(
        &self,
        base: &TreeHead,
        edge: &BTreeMap<Tile, Bytes>,
    ) -> Result<Vec<u8>, EngineError> {
        let mut content = Vec::new();
        let Ok(width @ 1..) = u16::try_from(base.size % WIDTH) else {
            return Ok(content);
        };
        let bundle = EntryBundle {
            index: base.size / WIDTH,
            width,
        };
        let path = format!("{FOLDER}/{}", bundle.path());
        let bytes = self.file(&bundle.path()).await?;
        let bytes = bytes
            .ok_or_else(|| refused(format!("`{path}` is missing\nhint: restore it from a copy")))?;
        let hashes = edge.get(&bundle.hashes());
        let hashes = hashes.map_or(&[][..], |bytes| bytes.as_ref());
        let entries = bundle.entries(&bytes).map_err(refused)?;
        for (entry, hash) in entries.iter().zip(hashes.chunks(32)) {
            if leaf_hash(entry).as_bytes() != hash {
                return Err(refused(format!(
                    "`{path}` holds other entries than the tree\nhint: restore it from a copy; nothing was signed"
                )));
            }
            EntryBundle::push(&mut content, entry).map_err(refused)?;
        }
        Ok(content)
    }

    /// Removes the partial files of a tree that a larger one has wider.
    pub(in crate::workspace) async fn prune(
        &self,
        base: &TreeHead,
        head: &TreeHead,
    ) -> Result<(), EngineError> {
        let kept = TileWriter::needed(head.size).map_err(refused)?;
        for tile in TileWriter::needed(base.size).map_err(refused)? {
            if kept.contains(&tile) {
                continue;
            }
            let mut paths = vec![tile.path()];
            if tile.level == 0 {
                let bundle = EntryBundle {
                    index: tile.index,
                    width: tile.width,
                };
                paths.push(bundle.path());
            }
            for path in paths {
                self.objects.remove(&format!("{FOLDER}/{path}")).await?;
            }
        }
        Ok(())
    }
}

/// What a tree becomes.
pub(in crate::workspace) struct Grown {
    pub(in crate::workspace) head: TreeHead,
    /// Files by path in the store.
    pub(in crate::workspace) files: Vec<(String, Bytes)>,
}
