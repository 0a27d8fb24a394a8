//! The tree against the definitions of RFC 6962, written down literally.

use super::{Tree, entry};
use crate::merkle::{
    Frontier, Hash, MAX_TREE_SIZE, MerkleError, ProofPlan, TreeHead, leaf_hash, node_hash, root_of,
    verify_consistency, verify_inclusion,
};

/// `MTH(D)` of section 2.1.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(b""),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(mth(left), mth(right))
        }
    }
}

/// The largest power of two below `n`.
fn split(n: usize) -> usize {
    let mut k = 1;
    while 2 * k < n {
        k *= 2;
    }
    k
}

/// `PATH(m, D)` of section 2.1.1.
fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return vec![];
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, other) = if m < left.len() {
        (path(m, left), mth(right))
    } else {
        (path(m - left.len(), right), mth(left))
    };
    proof.push(other);
    proof
}

/// `SUBPROOF(m, D, b)` of section 2.1.2.
fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { vec![] } else { vec![mth(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, other) = if m <= left.len() {
        (subproof(m, left, whole), mth(right))
    } else {
        (subproof(m - left.len(), right, false), mth(left))
    };
    proof.push(other);
    proof
}

#[test]
fn every_proof_up_to_130_is_the_one_of_the_definition_and_verifies() {
    let leaves: Vec<Hash> = (0..130).map(|index| leaf_hash(&entry(index))).collect();
    let mut heads = vec![TreeHead::EMPTY];
    let mut tree = Tree::default();
    assert_eq!(tree.head(), TreeHead::EMPTY);
    for size in 1..=130u64 {
        tree.push(&entry(size - 1));
        let head = tree.head();
        let now = &leaves[..usize::try_from(size).unwrap()];
        assert_eq!(head.root, mth(now), "{size}");
        assert_eq!(root_of(now.iter().copied()), Ok(head));
        assert_eq!(tree.run(&ProofPlan::root(size).unwrap()), [head.root]);
        for (index, leaf) in now.iter().enumerate() {
            let proof = tree.inclusion(index as u64);
            assert_eq!(proof, path(index, now), "{index} in {size}");
            verify_inclusion(&head, index as u64, *leaf, &proof).expect("verifies");
        }
        heads.push(head);
        for (old, before) in heads.iter().enumerate() {
            let proof = tree.consistency(old as u64);
            if old > 0 {
                assert_eq!(proof, subproof(old, now, true), "{old} in {size}");
            }
            verify_consistency(before, &head, &proof).expect("verifies");
        }
    }
}

#[test]
fn a_proof_of_another_place_length_or_root_is_refused() {
    for size in 1..=40u64 {
        let tree = Tree::of(size);
        let head = tree.head();
        let other = TreeHead {
            size,
            root: Hash::of(b"another"),
        };
        for index in 0..size {
            let leaf = leaf_hash(&entry(index));
            let proof = tree.inclusion(index);
            let refused = |tree: &TreeHead, index, leaf, proof: &[Hash]| {
                assert!(verify_inclusion(tree, index, leaf, proof).is_err());
            };
            refused(&other, index, leaf, &proof);
            refused(&head, index, Hash::of(b"another"), &proof);
            for wrong in (0..size + 2).filter(|wrong| *wrong != index) {
                refused(&head, wrong, leaf, &proof);
            }
            for changed in misshapen(&proof, &[head.root, leaf]) {
                refused(&head, index, leaf, &changed);
            }
        }
        for old in 1..size {
            let before = Tree::of(old).head();
            let proof = tree.consistency(old);
            let refused = |old: &TreeHead, new: &TreeHead, proof: &[Hash]| {
                assert!(
                    verify_consistency(old, new, proof).is_err(),
                    "{old:?} {new:?}"
                );
            };
            refused(&other, &head, &proof);
            refused(&before, &other, &proof);
            refused(&head, &before, &proof);
            for (root_old, root_new) in [(head.root, before.root), (head.root, head.root)] {
                let (old, new) = (
                    TreeHead {
                        root: root_old,
                        ..before
                    },
                    TreeHead {
                        root: root_new,
                        ..head
                    },
                );
                refused(&old, &new, &proof);
            }
            for wrong in (0..size).filter(|wrong| *wrong != old) {
                refused(
                    &TreeHead {
                        size: wrong,
                        ..before
                    },
                    &head,
                    &proof,
                );
            }
            for changed in misshapen(&proof, &[head.root, before.root]) {
                refused(&before, &head, &changed);
            }
        }
    }
}

/// A proof with hashes missing, added, exchanged and changed: the mutations of transparency-dev/merkle's test data.
fn misshapen(proof: &[Hash], more: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    if !proof.is_empty() {
        all.extend([
            vec![],
            proof[1..].to_vec(),
            proof[..proof.len() - 1].to_vec(),
        ]);
    }
    for hash in more.iter().chain(proof.first()).chain([&Hash::of(b"")]) {
        all.push([&[*hash], proof].concat());
        all.push([proof, &[*hash]].concat());
    }
    for at in 0..proof.len() {
        let mut changed = proof.to_vec();
        let mut bytes = *changed[at].as_bytes();
        bytes[at % 32] ^= 1 << (at % 8);
        changed[at] = Hash::from_bytes(bytes);
        all.push(changed);
        let mut swapped = proof.to_vec();
        swapped.swap(0, at);
        if swapped != proof {
            all.push(swapped);
        }
    }
    all
}

#[test]
fn nothing_is_consistent_with_everything_only_if_it_is_nothing() {
    let head = Tree::of(5).head();
    assert_eq!(verify_consistency(&TreeHead::EMPTY, &head, &[]), Ok(()));
    assert_eq!(
        verify_consistency(&TreeHead::EMPTY, &TreeHead::EMPTY, &[]),
        Ok(())
    );
    let false_empty = TreeHead {
        size: 0,
        root: head.root,
    };
    assert!(verify_consistency(&false_empty, &head, &[]).is_err());
    assert!(verify_consistency(&TreeHead::EMPTY, &false_empty, &[]).is_err());
    let with_hash = verify_consistency(&TreeHead::EMPTY, &head, &[head.root]);
    assert_eq!(
        with_hash,
        Err(MerkleError::ProofLength {
            expected: 0,
            found: 1
        })
    );
}

#[test]
fn sizes_at_the_limit_are_planned_and_beyond_refused() {
    let max = MAX_TREE_SIZE;
    assert_eq!(ProofPlan::inclusion(max - 1, max).unwrap().len(), 62);
    assert_eq!(ProofPlan::consistency(max - 1, max).unwrap().len(), 63);
    assert_eq!(ProofPlan::consistency(max / 2 + 1, max).unwrap().len(), 63);
    assert_eq!(ProofPlan::root(max).unwrap().nodes().count(), 1);
    assert_eq!(ProofPlan::root(max - 1).unwrap().nodes().count(), 62);
    assert!(ProofPlan::root(0).unwrap().is_empty());
    for size in [max + 1, u64::MAX] {
        assert_eq!(
            ProofPlan::inclusion(0, size),
            Err(MerkleError::TooLarge { size })
        );
        assert_eq!(
            ProofPlan::consistency(0, size),
            Err(MerkleError::TooLarge { size })
        );
        assert_eq!(ProofPlan::root(size), Err(MerkleError::TooLarge { size }));
        assert!(Frontier::from_edges(size, vec![]).is_err());
        let head = TreeHead {
            size,
            root: Hash::of(b""),
        };
        assert!(verify_inclusion(&head, size - 1, Hash::of(b""), &[]).is_err());
        assert!(verify_consistency(&head, &head, &[]).is_err());
    }
    let mut full = Frontier::from_edges(max, vec![Hash::of(b"all")]).unwrap();
    let refused = full.append(Hash::of(b"one"), |_, _| ());
    assert_eq!(refused, Err(MerkleError::TooLarge { size: max + 1 }));
    assert_eq!(full.head().size, max);
}

#[test]
fn a_tree_goes_on_from_its_right_edge() {
    for size in 0..70 {
        let tree = Tree::of(size);
        let edges = tree.frontier.edges().to_vec();
        let again = Frontier::from_edges(size, edges.clone()).expect("as many as it gave");
        assert_eq!(again, tree.frontier);
        let more = [edges, vec![Hash::of(b"")]].concat();
        assert!(matches!(
            Frontier::from_edges(size, more),
            Err(MerkleError::Edges { .. })
        ));
    }
}
