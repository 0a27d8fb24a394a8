//! Every single byte that is changed is found, or changes nothing that anybody vouches for.

use super::{Tree, entry, log_key, signed, signer, trust, vkeys, witness_key};
use crate::checkpoint::CosignRequest;
use crate::merkle::{Hash, TreeHead, leaf_hash, verify_consistency, verify_inclusion};
use crate::{Algorithm, Envelope, Note, Rotation, SignedCheckpoint, TlogProof, Trust, Witness};
use fieldassay_testkit::Lcg;

/// Every place with three other bytes: one bit, all bits and one from the generator.
fn changed(bytes: &[u8], mut each: impl FnMut(usize, &[u8])) {
    let mut random = Lcg::new(bytes.len() as u64);
    for at in 0..bytes.len() {
        let one = 1u8 << random.below(8);
        let any = 1 + u8::try_from(random.below(254)).expect("below 255");
        for flip in [one, 0xff, any] {
            let mut bad = bytes.to_vec();
            bad[at] ^= flip;
            each(at, &bad);
        }
    }
}

fn hash(bytes: &[u8]) -> Hash {
    Hash::from_slice(bytes).expect("32 bytes")
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.chunks(32).map(hash).collect()
}

#[test]
fn every_changed_byte_of_a_proof_root_or_leaf_is_found() {
    for size in [1, 2, 3, 5, 8, 13, 64, 100, 129] {
        let tree = Tree::of(size);
        let head = tree.head();
        let index = size * 2 / 3;
        let leaf = leaf_hash(&entry(index));
        let proof = tree.inclusion(index);
        let flat: Vec<u8> = proof.iter().flat_map(|hash| *hash.as_bytes()).collect();
        let refused = |head: &TreeHead, leaf, proof: &[Hash]| {
            assert!(verify_inclusion(head, index, leaf, proof).is_err());
        };
        changed(&flat, |_, bad| refused(&head, leaf, &hashes(bad)));
        changed(leaf.as_bytes(), |_, bad| refused(&head, hash(bad), &proof));
        changed(&entry(index), |_, bad| {
            refused(&head, leaf_hash(bad), &proof);
        });
        changed(head.root.as_bytes(), |_, bad| {
            refused(
                &TreeHead {
                    size,
                    root: hash(bad),
                },
                leaf,
                &proof,
            );
        });
        let old = Tree::of(size.div_ceil(2)).head();
        let proof = tree.consistency(old.size);
        let flat: Vec<u8> = proof.iter().flat_map(|hash| *hash.as_bytes()).collect();
        let refused = |old: &TreeHead, new: &TreeHead, proof: &[Hash]| {
            assert!(verify_consistency(old, new, proof).is_err());
        };
        changed(&flat, |_, bad| refused(&old, &head, &hashes(bad)));
        changed(old.root.as_bytes(), |_, bad| {
            refused(
                &TreeHead {
                    root: hash(bad),
                    ..old
                },
                &head,
                &proof,
            );
        });
        changed(head.root.as_bytes(), |_, bad| {
            refused(
                &old,
                &TreeHead {
                    size,
                    root: hash(bad),
                },
                &proof,
            );
        });
    }
}

#[test]
fn every_changed_byte_of_a_signed_note_is_found() {
    let key = signer("example.com/a", Algorithm::Ed25519, 1);
    let mut note = Note::new("first line\n\nlast line: \u{e4}\n").expect("a text");
    note.sign(&key).expect("Ed25519");
    let good = note.to_string();
    assert!(note.verify([key.verifier()]).is_ok());
    changed(good.as_bytes(), |at, bad| {
        let read = Note::parse(bad);
        let believed = read.is_ok_and(|note| note.verify([key.verifier()]).is_ok());
        assert!(!believed, "byte {at}");
    });
}

#[test]
fn every_changed_byte_of_a_witnessed_proof_file_is_found() {
    let tree = Tree::of(21);
    let mut checkpoint = signed(tree.head());
    let witness = Witness::new(super::chain(&log_key()), witness_key(1)).expect("a witness");
    let request = CosignRequest {
        old_size: 0,
        proof: vec![],
        checkpoint: checkpoint.clone(),
    };
    let known = vkeys(&[witness_key(1)]);
    let answer = witness
        .cosign(&TreeHead::EMPTY, &request, 1_700_000_000)
        .expect("new");
    checkpoint
        .add_cosignatures(&answer.to_string(), &known)
        .expect("good");
    let trust = Trust::witnessed(super::chain(&log_key()), known, 1).expect("sound");
    let proof = TlogProof {
        extra: Some(b"nobody vouches for this".to_vec()),
        index: 13,
        hashes: tree.inclusion(13),
        checkpoint,
    };
    let good = proof.to_string();
    assert!(proof.verify(&entry(13), &trust).is_ok());
    changed(good.as_bytes(), |at, bad| {
        let Ok(read) = TlogProof::parse(bad) else {
            return;
        };
        if read.verify(&entry(13), &trust).is_ok() {
            let only_extra = TlogProof {
                extra: proof.extra.clone(),
                ..read
            };
            assert_eq!(only_extra, proof, "byte {at}");
        }
    });
    changed(&entry(13), |at, bad| {
        assert!(proof.verify(bad, &trust).is_err(), "byte {at}");
    });
}

#[test]
fn every_changed_byte_of_a_checkpoint_is_found() {
    let good = signed(Tree::of(1234).head()).to_string();
    changed(good.as_bytes(), |at, bad| {
        let read = SignedCheckpoint::parse(bad);
        assert!(
            !read.is_ok_and(|read| read.open(&trust()).is_ok()),
            "byte {at}"
        );
    });
}

#[test]
fn every_changed_byte_of_a_rotation_is_found() {
    let next = signer("example.com/log", Algorithm::Ed25519, 2);
    let rotation = Rotation {
        origin: super::ORIGIN.to_owned(),
        last: Tree::of(3).head(),
        new_key: next.verifier().clone(),
    };
    let good = rotation
        .sign(&log_key(), &next)
        .expect("both keys")
        .to_string();
    changed(good.as_bytes(), |at, bad| {
        let mut chain = super::chain(&log_key());
        let read = Note::parse(bad);
        assert!(
            !read.is_ok_and(|note| chain.rotate(&note).is_ok()),
            "byte {at}"
        );
    });
}

#[test]
fn every_changed_byte_of_an_envelope_is_found_or_says_the_same() {
    let key = signer("a", Algorithm::Ed25519, 1);
    let known = vkeys(std::slice::from_ref(&key));
    let mut envelope = Envelope::new("text/x", b"what was done".to_vec());
    envelope.sign(&key).expect("Ed25519");
    let good = envelope.to_json();
    let mut same = 0;
    changed(good.as_bytes(), |at, bad| {
        // The log holds the bytes of the envelope, so there every change is found.
        assert_ne!(leaf_hash(bad), leaf_hash(good.as_bytes()));
        let Ok(read) = Envelope::parse(bad) else {
            return;
        };
        // On its own, it may differ in what nobody signs: the name of the key.
        if let Ok(content) = read.verify("text/x", &known, 1) {
            assert_eq!(content, b"what was done", "byte {at}");
            let (from, to) = (
                good.find("\"keyid\"").unwrap(),
                good.find(",\"sig\"").unwrap(),
            );
            assert!((from..to).contains(&at), "byte {at}");
            same += 1;
        }
    });
    assert!(same > 0);
}
