//! Entries of readers of a log: notes, checkpoints, proofs, tiles; see `entries.rs`.

use super::{Target, target};
use fieldassay_proof::checkpoint::CosignRequest;
use fieldassay_proof::merkle::{Hash, TreeHead, leaf_hash, verify_consistency, verify_inclusion};
use fieldassay_proof::statement::{Ingest, Statement};
use fieldassay_proof::{
    Algorithm, Checkpoint, EntryBundle, Envelope, KeyChain, Note, SignedCheckpoint, SignerKey,
    Tile, TileReader, TileWriter, TlogProof, Trust, VerifierKey,
};

/// What is fed here.
pub(crate) const TARGETS: &[Target] = &[
    target("log_texts", log_texts),
    target("log_tiles", log_tiles),
];

/// The key the committed inputs are signed with.
fn trust() -> Option<(Trust, KeyChain)> {
    let key = SignerKey::from_seed("example.com/log", Algorithm::Ed25519, &[1; 32]).ok()?;
    let log = KeyChain::new("example.com/log", key.verifier().clone()).ok()?;
    Some((Trust::log(log.clone()), log))
}

/// The bytes as every text of a log; what is read prints as it was.
fn log_texts(bytes: &[u8]) {
    let Some((trust, mut log)) = trust() else {
        return;
    };
    let same = |printed: String| assert_eq!(printed.as_bytes(), bytes, "printed as it was read");
    if let Ok(note) = Note::parse(bytes) {
        let _ = note.verify([log.newest()]);
        let _ = log.rotate(&note);
        same(note.to_string());
    }
    if let Ok(signed) = SignedCheckpoint::parse(bytes) {
        let _ = signed.open(&trust);
        same(signed.to_string());
    }
    if let Ok(request) = CosignRequest::parse(bytes) {
        let _ = verify_consistency(
            &TreeHead::EMPTY,
            request.checkpoint.unverified().head(),
            &request.proof,
        );
        same(request.to_string());
    }
    if let Ok(proof) = TlogProof::parse(bytes) {
        let _ = proof.verify(b"entry 5", &trust);
        same(proof.to_string());
    }
    if let Ok(envelope) = Envelope::parse(bytes) {
        let _ = Statement::<Ingest>::open(&envelope, std::slice::from_ref(log.newest()), 1);
        let again = Envelope::parse(envelope.to_json().as_bytes());
        assert_eq!(again.as_ref(), Ok(&envelope));
    }
    if let Ok(statement) = Statement::<Ingest>::parse(bytes)
        && let Ok(json) = statement.to_json()
    {
        assert_eq!(Statement::parse(json.as_bytes()), Ok(statement));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        same(checkpoint.to_string());
    }
    if let Ok(key) = VerifierKey::parse(text) {
        same(key.to_string());
    }
    if let Ok(key) = SignerKey::parse(text) {
        same(key.encode());
    }
    if let Ok(tile) = Tile::parse(text) {
        same(tile.path());
    }
    if let Ok(bundle) = EntryBundle::parse(text) {
        same(bundle.path());
    }
}

/// A byte of width and eight of the size of a tree, then a bundle, tiles and hashes of proofs.
fn log_tiles(bytes: &[u8]) {
    let Some(([width, size @ ..], rest)) = bytes.split_first_chunk::<9>() else {
        return;
    };
    let size = u64::from_be_bytes(*size);
    let bundle = EntryBundle {
        index: size / 256,
        width: u16::from(*width),
    };
    if let Ok(entries) = bundle.entries(rest) {
        assert_eq!(entries.len(), usize::from(bundle.width));
    }
    let root = Hash::of(rest);
    let head = TreeHead { size, root };
    let _ = TileWriter::open(&head, |_| Some(rest));
    let tiles = Tile::of_growth(size.saturating_sub(u64::from(*width)), size);
    let _ = TileReader::new(&head, tiles.into_iter().take(64).map(|tile| (tile, rest)));
    let odd = Tile {
        level: *width,
        index: size,
        width: u16::from(*width),
    };
    let _ = TileReader::new(&head, [(odd, rest)]);
    let proof: Vec<Hash> = rest.chunks(32).filter_map(Hash::from_slice).collect();
    let leaf = leaf_hash(rest);
    assert!(verify_inclusion(&head, u64::from(*width), leaf, &proof).is_err());
    let old = TreeHead {
        size: u64::from(*width),
        root,
    };
    let _ = verify_consistency(&old, &head, &proof);
}
