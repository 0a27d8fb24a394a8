//! Checkpoints, witnesses, proof files and rotated keys.

use super::{ORIGIN, Tree, chain, entry, log_key, signed, signer, trust, vkeys, witness_key};
use crate::checkpoint::{CosignRequest, Refusal};
use crate::merkle::{Hash, TreeHead};
use crate::{
    Algorithm, Checkpoint, KeyChain, Note, Rotation, SignedCheckpoint, SignerKey, TlogProof, Trust,
    Witness,
};

#[test]
fn checkpoints_have_one_spelling() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    for good in [
        format!("example.com/behind-the-sofa\n20852163\n{root}\n"),
        format!("with blanks + plus\n0\n{root}\n"),
        format!("example.com/log\n4611686018427387904\n{root}\nmore\nand more\n"),
    ] {
        let checkpoint = Checkpoint::parse(&good).expect("good");
        assert_eq!(checkpoint.to_string(), good);
        assert_eq!(checkpoint.head().root.to_base64(), root);
    }
    for bad in [
        String::new(),
        "\n".to_owned(),
        format!("\n1\n{root}\n"),
        format!("a\n\n{root}\n"),
        "a\n1\n\n".to_owned(),
        "a\n1\n".to_owned(),
        format!("a\n01\n{root}\n"),
        format!("a\n+1\n{root}\n"),
        format!("a\n1 \n{root}\n"),
        format!("a\n4611686018427387905\n{root}\n"),
        format!("a\n18446744073709551616\n{root}\n"),
        format!("a\n1\n{root}"),
        format!("a\n1\n{root}\n\n"),
        format!("a\n1\n{root}\nmore\n\nmore\n"),
        format!("a\n1\n{}\n", root.trim_end_matches('=')),
        format!("a\n1\n{}\n", root.replace("2I=", "2J=")),
        format!("a\n1\n{root}{root}\n"),
        format!("a\n1\n{root}\n{}", "more\n".repeat(65)),
        format!("{}\n1\n{root}\n", "a".repeat(1025)),
    ] {
        assert!(Checkpoint::parse(&bad).is_err(), "{bad:?}");
    }
    for origin in ["", "a\nb", "a\0"] {
        assert!(
            Checkpoint::new(origin, TreeHead::EMPTY).is_err(),
            "{origin:?}"
        );
        assert!(KeyChain::new(origin, log_key().verifier().clone()).is_err());
    }
}

#[test]
fn a_checkpoint_is_trusted_only_with_the_signatures_asked_for() {
    let head = Tree::of(7).head();
    let mut checkpoint = signed(head);
    assert_eq!(checkpoint.open(&trust()).expect("signed").head, head);
    let witnesses: Vec<SignerKey> = (1..=3).map(witness_key).collect();
    let known = vkeys(&witnesses);
    let ask = |quorum| Trust::witnessed(chain(&log_key()), known.clone(), quorum).expect("sound");
    assert_eq!(
        checkpoint.open(&ask(1)).expect_err("none").code(),
        "checkpoint.witnesses"
    );
    for (count, witness) in (1..).zip(&witnesses) {
        let request = CosignRequest {
            old_size: 0,
            proof: vec![],
            checkpoint: checkpoint.clone(),
        };
        let witness = Witness::new(chain(&log_key()), witness.clone()).expect("a witness");
        let answer = witness
            .cosign(&TreeHead::EMPTY, &request, 1000 + count)
            .expect("new");
        let stranger = "\u{2014} somebody.example AAAAAAAA\n";
        let answer = format!("{stranger}{answer}\n");
        assert_eq!(
            checkpoint.add_cosignatures(&answer, &known).expect("good"),
            1
        );
        assert_eq!(
            checkpoint.add_cosignatures(&answer, &known).expect("there"),
            0
        );
        let quorum = usize::try_from(count).expect("small");
        let opened = checkpoint.open(&ask(quorum)).expect("enough");
        assert_eq!(opened.cosigners.len(), quorum);
        assert_eq!(opened.cosigners[quorum - 1].time_secs, 1000 + count);
    }
    let again = SignedCheckpoint::parse(checkpoint.to_string().as_bytes()).expect("printed");
    assert_eq!(again, checkpoint);
    assert_eq!(again.note().signatures().len(), 4);
    let other_log =
        KeyChain::new("example.com/other", log_key().verifier().clone()).expect("a log");
    let refused = checkpoint
        .open(&Trust::log(other_log))
        .expect_err("another origin");
    assert_eq!(refused.code(), "checkpoint.other_log");
    let stranger = signer(ORIGIN, Algorithm::Ed25519, 9);
    let refused = checkpoint
        .open(&Trust::log(chain(&stranger)))
        .expect_err("another key");
    assert_eq!(refused.code(), "checkpoint.not_by_log");
    // Witnesses alone do not make a checkpoint of the log.
    let by_witnesses = Trust::witnessed(chain(&stranger), known.clone(), 1).expect("sound");
    assert_eq!(
        checkpoint
            .open(&by_witnesses)
            .expect_err("not signed")
            .code(),
        "checkpoint.not_by_log"
    );
}

#[test]
fn trust_counts_every_party_once() {
    let log = || chain(&log_key());
    let (a, b) = (witness_key(1), witness_key(2));
    let twice = signer("another.name/w1", Algorithm::Cosignature, 101);
    let itself = signer("own.example", Algorithm::Cosignature, 1);
    let plain = signer("plain.example", Algorithm::Ed25519, 50);
    for (witnesses, quorum) in [
        (vec![a.clone(), a.clone()], 1),
        (vec![a.clone(), twice], 1),
        (vec![itself.clone()], 1),
        (vec![plain], 1),
        (vec![a.clone(), b.clone()], 3),
    ] {
        let refused = Trust::witnessed(log(), vkeys(&witnesses), quorum).expect_err("unsound");
        assert_eq!(refused.code(), "checkpoint.trust");
    }
    Trust::witnessed(log(), vkeys(&[a, b]), 2).expect("sound");
    assert!(Witness::new(log(), itself).is_err());
    assert!(Witness::new(log(), log_key()).is_err());
}

#[test]
fn a_log_signs_only_what_continues_what_it_signed() {
    let (old, new) = (Tree::of(6), Tree::of(9));
    let next = |head, signed: &TreeHead, proof: &[Hash]| {
        let checkpoint = Checkpoint::new(ORIGIN, head).expect("good");
        SignedCheckpoint::sign_next(checkpoint, &log_key(), signed, proof)
    };
    next(new.head(), &old.head(), &new.consistency(6)).expect("continues");
    next(new.head(), &new.head(), &[]).expect("the same again");
    next(new.head(), &TreeHead::EMPTY, &[]).expect("the first");
    // Restored from a copy that is older than what was published.
    let refused = next(old.head(), &new.head(), &[]).expect_err("shorter");
    assert_eq!(refused.code(), "checkpoint.contradicts");
    let mut other = Tree::of(5);
    other.push(b"changed");
    for size in 6..9 {
        other.push(&entry(size));
    }
    assert!(next(other.head(), &old.head(), &other.consistency(6)).is_err());
    assert!(next(other.head(), &new.head(), &[]).is_err());
}

#[test]
fn a_witness_signs_growth_and_says_why_it_does_not() {
    let log = || chain(&log_key());
    let witness = Witness::new(log(), witness_key(1)).expect("a witness");
    let (old, new) = (Tree::of(6), Tree::of(9));
    let good = CosignRequest {
        old_size: 6,
        proof: new.consistency(6),
        checkpoint: signed(new.head()),
    };
    let parsed = CosignRequest::parse(good.to_string().as_bytes()).expect("printed");
    assert_eq!(parsed, good);
    let cosign = |signed: &TreeHead, request: &CosignRequest| witness.cosign(signed, request, 77);
    cosign(&old.head(), &good).expect("grows");
    let same = CosignRequest {
        old_size: 9,
        proof: vec![],
        checkpoint: signed(new.head()),
    };
    cosign(&new.head(), &same).expect("the same size and root");
    let first = CosignRequest {
        old_size: 0,
        ..same.clone()
    };
    cosign(&TreeHead::EMPTY, &first).expect("the first of all");
    let status = |signed: &TreeHead, request: &CosignRequest| {
        let refusal = cosign(signed, request).expect_err("refused");
        (refusal.http_status(), refusal.code())
    };
    let with = |checkpoint| CosignRequest {
        checkpoint,
        ..good.clone()
    };
    let foreign = Checkpoint::new("example.com/other", new.head()).expect("good");
    let foreign = SignedCheckpoint::sign_first(foreign, &log_key()).expect("signed");
    assert_eq!(
        status(&old.head(), &with(foreign)),
        (404, "witness.unknown_log")
    );
    let unsigned = Checkpoint::new(ORIGIN, new.head()).expect("good");
    let stranger = signer(ORIGIN, Algorithm::Ed25519, 9);
    let unsigned = SignedCheckpoint::sign_first(unsigned, &stranger).expect("signed");
    assert_eq!(
        status(&old.head(), &with(unsigned)),
        (403, "witness.unsigned")
    );
    let back = CosignRequest {
        old_size: 9,
        proof: vec![],
        checkpoint: signed(old.head()),
    };
    assert_eq!(status(&new.head(), &back), (400, "witness.backwards"));
    // Back to an old size with an honest-looking request: what it signed last is larger.
    let hidden = CosignRequest {
        old_size: 0,
        proof: vec![],
        checkpoint: signed(old.head()),
    };
    assert_eq!(status(&new.head(), &hidden), (409, "witness.conflict"));
    assert_eq!(
        cosign(&new.head(), &hidden),
        Err(Refusal::Conflict { size: 9 })
    );
    assert_eq!(
        status(&Tree::of(5).head(), &good),
        (409, "witness.conflict")
    );
    let mut fork = Tree::of(8);
    fork.push(b"changed");
    let split = CosignRequest {
        checkpoint: signed(fork.head()),
        ..same.clone()
    };
    assert_eq!(status(&new.head(), &split), (409, "witness.split"));
    let rewritten = TreeHead {
        size: 6,
        root: fork.head().root,
    };
    assert_eq!(status(&rewritten, &good), (422, "witness.inconsistent"));
    for proof in [
        vec![],
        new.consistency(5),
        [good.proof.clone(), vec![new.head().root]].concat(),
    ] {
        let bad = CosignRequest {
            proof,
            ..good.clone()
        };
        assert_eq!(status(&old.head(), &bad), (422, "witness.inconsistent"));
    }
    let unneeded = CosignRequest {
        proof: vec![new.head().root],
        ..first
    };
    assert_eq!(
        status(&TreeHead::EMPTY, &unneeded),
        (422, "witness.inconsistent")
    );
}

#[test]
fn only_the_form_of_a_request_is_read() {
    let good = CosignRequest {
        old_size: 6,
        proof: Tree::of(9).consistency(6),
        checkpoint: signed(Tree::of(9).head()),
    }
    .to_string();
    let hash = Hash::of(b"").to_base64();
    for bad in [
        String::new(),
        "old 6\n".to_owned(),
        good.replacen("old 6", "old 06", 1),
        good.replacen("old 6", "old", 1),
        good.replacen("old 6", "Old 6", 1),
        good.replacen("old 6\n", "old 6\r\n", 1),
        good.replacen(
            "old 6\n",
            &format!("old 6\n{}", format!("{hash}\n").repeat(64)),
            1,
        ),
        good.replacen("old 6\n", "old 6\nAAAA\n", 1),
        good.replacen("\n\n", "\n", 1),
        good[..good.len() - 1].to_owned(),
    ] {
        assert!(CosignRequest::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

fn proof_of(tree: &Tree, index: u64) -> TlogProof {
    TlogProof {
        extra: None,
        index,
        hashes: tree.inclusion(index),
        checkpoint: signed(tree.head()),
    }
}

#[test]
fn a_proof_file_shows_its_entry_and_no_other() {
    let tree = Tree::of(37);
    for index in 0..37 {
        let mut proof = proof_of(&tree, index);
        if index % 2 == 0 {
            proof.extra = Some(b"where it was".to_vec());
        }
        let text = proof.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\n"));
        let read = TlogProof::parse(text.as_bytes()).expect("printed");
        assert_eq!(read, proof);
        let opened = read.verify(&entry(index), &trust()).expect("is there");
        assert_eq!(opened.head, tree.head());
        let refused = read
            .verify(&entry(index + 1), &trust())
            .expect_err("another");
        assert_eq!(refused.code(), "tlog_proof.not_included");
        let beyond = TlogProof { index: 37, ..read };
        assert!(beyond.verify(&entry(index), &trust()).is_err());
    }
}

#[test]
fn only_the_form_of_a_proof_file_is_read() {
    let good = proof_of(&Tree::of(37), 5).to_string();
    let hash = Hash::of(b"").to_base64();
    for bad in [
        String::new(),
        good.replacen("@v1", "@v2", 1),
        good.replacen("c2sp", " c2sp", 1),
        good.replacen("@v1\n", "@v1\r\n", 1),
        good.replacen("index 5", "index 05", 1),
        good.replacen("index 5", "index -5", 1),
        good.replacen("index 5", "index  5", 1),
        good.replacen("index 5\n", "", 1),
        good.replacen("index 5\n", "index 4611686018427387904\n", 1),
        good.replacen("index 5\n", "index 5\nextra AAAA\n", 1),
        good.replacen("index 5\n", "extra A\nindex 5\n", 1),
        good.replacen("index 5\n", "extra AAAA\nextra AAAA\nindex 5\n", 1),
        good.replacen("index 5\n", "index 5\nAAAA\n", 1),
        good.replacen(
            "index 5\n",
            &format!("index 5\n{}", format!("{hash}\n").repeat(58)),
            1,
        ),
        good.replacen("\n\n", "\n", 1),
        good.replacen("\n\n", "\n\n\n", 1),
        good[..good.len() - 1].to_owned(),
        format!("{good}\n"),
    ] {
        assert!(TlogProof::parse(bad.as_bytes()).is_err(), "{bad}");
    }
    let empty = good.replacen("index 5\n", "extra \nindex 5\n", 1);
    let read = TlogProof::parse(empty.as_bytes()).expect("no extra data is extra data of no bytes");
    assert_eq!(read.extra, Some(vec![]));
    assert_eq!(read.to_string(), empty);
}

/// A log of 30 entries whose key was changed after 10 and after 20.
fn rotated() -> (Vec<SignerKey>, Vec<Note>) {
    let keys: Vec<SignerKey> = (1..=3)
        .map(|seed| signer(ORIGIN, Algorithm::Ed25519, seed))
        .collect();
    let notes = [10, 20].iter().zip(keys.windows(2)).map(|(size, pair)| {
        let rotation = Rotation {
            origin: ORIGIN.to_owned(),
            last: Tree::of(*size).head(),
            new_key: pair[1].verifier().clone(),
        };
        let note = rotation.sign(&pair[0], &pair[1]).expect("both keys");
        Note::parse(note.to_string().as_bytes()).expect("printed")
    });
    let notes = notes.collect();
    (keys, notes)
}

#[test]
fn each_key_signs_its_own_sizes() {
    let (keys, notes) = rotated();
    let mut log = chain(&keys[0]);
    for note in &notes {
        log.rotate(note).expect("in order");
    }
    assert_eq!(log.newest(), keys[2].verifier());
    assert_eq!(log.rotations().len(), 2);
    let trust = Trust::log(log.clone());
    for size in 1..=30 {
        let at = usize::from(size > 10) + usize::from(size > 20);
        assert_eq!(log.key_at(size), keys[at].verifier(), "{size}");
        for (number, key) in keys.iter().enumerate() {
            let checkpoint = Checkpoint::new(ORIGIN, Tree::of(size).head()).expect("good");
            let signed = SignedCheckpoint::sign_first(checkpoint, key).expect("Ed25519");
            assert_eq!(
                signed.open(&trust).is_ok(),
                number == at,
                "{size} by {number}"
            );
        }
    }
    // The old key named a tree when it was given up: it cannot show another one of that size.
    let other = TreeHead {
        size: 10,
        root: Hash::of(b"another"),
    };
    let checkpoint = Checkpoint::new(ORIGIN, other).expect("good");
    let signed = SignedCheckpoint::sign_first(checkpoint, &keys[0]).expect("Ed25519");
    assert_eq!(
        signed.open(&trust).expect_err("another").code(),
        "checkpoint.contradicts"
    );
    // No rotation is a checkpoint, and no checkpoint a rotation.
    assert!(SignedCheckpoint::parse(notes[0].to_string().as_bytes()).is_err());
    assert_eq!(
        log.rotate(signed.note()).expect_err("none").code(),
        "key.form"
    );
}

#[test]
fn a_chain_takes_only_the_next_link() {
    let (keys, notes) = rotated();
    let start = || chain(&keys[0]);
    let code = |mut log: KeyChain, note: &Note| {
        let before = log.clone();
        let refused = log.rotate(note).expect_err("refused");
        assert_eq!(log, before);
        refused.code()
    };
    assert_eq!(code(start(), &notes[1]), "key.unsigned");
    let mut whole = start();
    whole.rotate(&notes[0]).expect("the next");
    assert_eq!(code(whole.clone(), &notes[0]), "key.order");
    let elsewhere = KeyChain::new("example.com/other", keys[0].verifier().clone()).expect("a log");
    assert_eq!(code(elsewhere, &notes[0]), "key.other_log");
    let rotation = |size, key: &SignerKey| Rotation {
        origin: ORIGIN.to_owned(),
        last: Tree::of(size).head(),
        new_key: key.verifier().clone(),
    };
    let early = rotation(10, &keys[2])
        .sign(&keys[1], &keys[2])
        .expect("both keys");
    assert_eq!(code(whole, &early), "key.order");
    // Half signed, by a stranger, by the wrong heir, to itself, to a witness.
    let text = notes[0].text();
    for signers in [
        vec![&keys[0]],
        vec![&keys[1]],
        vec![&keys[2]],
        vec![&keys[2], &keys[1]],
    ] {
        let mut note = Note::new(text).expect("a text");
        for key in signers {
            note.sign(key).expect("Ed25519");
        }
        let code = code(start(), &note);
        assert!(["key.unsigned", "note.unsigned"].contains(&code), "{code}");
    }
    assert!(rotation(10, &keys[1]).sign(&keys[0], &keys[2]).is_err());
    assert!(rotation(10, &keys[0]).sign(&keys[0], &keys[0]).is_err());
    assert!(
        rotation(10, &witness_key(1))
            .sign(&keys[0], &witness_key(1))
            .is_err()
    );
    for bad in [
        text.replacen("v1", "v2", 1),
        text.replacen("\n10\n", "\n010\n", 1),
        text.replacen("\n10\n", "\n10\n\n", 1),
        format!("{text}more\n"),
    ] {
        let mut note = Note::new(bad).expect("a text");
        note.sign(&keys[0]).expect("Ed25519");
        note.sign(&keys[1]).expect("Ed25519");
        assert_eq!(code(start(), &note), "key.form");
    }
}
