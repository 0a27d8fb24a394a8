//! Notes and keys: published examples, and what is refused.

use super::{signer, vkeys, witness_key};
use crate::note::{MAX_SIGNATURES, Signature};
use crate::{Algorithm, Note, SignerKey, VerifierKey};

/// The example of Go's `golang.org/x/mod/sumdb/note`.
const PETER_SECRET: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn peter() -> VerifierKey {
    VerifierKey::parse(PETER).expect("published")
}

#[test]
fn the_example_of_go_is_made_and_verified() {
    let note = Note::parse(PETER_NOTE.as_bytes()).expect("published");
    assert_eq!(note.to_string(), PETER_NOTE);
    let keys = [peter()];
    let signed = note.verify(&keys).expect("published");
    assert_eq!(signed.len(), 1);
    assert_eq!(
        (signed[0].key.name(), signed[0].time_secs),
        ("PeterNeumann", None)
    );
    let secret = SignerKey::parse(PETER_SECRET).expect("published");
    assert_eq!(secret.encode(), PETER_SECRET);
    assert_eq!(secret.verifier().to_string(), PETER);
    assert_eq!(secret.verifier(), &keys[0]);
    let mut again = Note::new(note.text()).expect("a text");
    again.sign(&secret).expect("Ed25519");
    again.sign(&secret).expect("Ed25519");
    assert_eq!(again.to_string(), PETER_NOTE);
    assert!(!format!("{secret:?}").contains("AYEKFALV"));
}

#[test]
fn unknown_signers_are_kept_and_do_not_count() {
    let (known, other) = (
        signer("a", Algorithm::Ed25519, 1),
        signer("b", Algorithm::Ed25519, 2),
    );
    let mut note = Note::new("text\n").expect("a text");
    note.sign(&other).expect("Ed25519");
    note.sign(&known).expect("Ed25519");
    let note = Note::parse(note.to_string().as_bytes()).expect("printed");
    assert_eq!(note.signatures().len(), 2);
    let keys = vkeys(std::slice::from_ref(&known));
    let signed = note.verify(&keys).expect("signed");
    assert_eq!(signed.len(), 1);
    assert_eq!(signed[0].key.name(), "a");
    // The same name with another key, the same key with another name: neither is known.
    for stranger in [
        signer("a", Algorithm::Ed25519, 3),
        signer("c", Algorithm::Ed25519, 1),
    ] {
        let refused = note.verify([stranger.verifier()]).expect_err("unknown");
        assert_eq!(refused.code(), "note.unsigned");
        assert!(refused.to_string().contains("`b+"), "{refused}");
    }
    let nobody: [&VerifierKey; 0] = [];
    assert!(note.verify(nobody).is_err());
    assert!(Note::new("text\n").expect("a text").verify(&keys).is_err());
}

#[test]
fn a_bad_signature_of_a_known_key_spoils_the_note() {
    let (a, b) = (
        signer("a", Algorithm::Ed25519, 1),
        signer("b", Algorithm::Ed25519, 2),
    );
    let mut of_other = Note::new("another text\n").expect("a text");
    of_other.sign(&b).expect("Ed25519");
    let mut note = Note::new("text\n").expect("a text");
    note.sign(&a).expect("Ed25519");
    note.add(of_other.signatures()[0].clone()).expect("room");
    let refused = note.verify(&vkeys(&[a.clone(), b])).expect_err("forged");
    assert_eq!(refused.code(), "note.forged");
    note.verify([a.verifier()]).expect("b is unknown here");
}

#[test]
fn cosignatures_are_of_witnesses_and_carry_a_time() {
    let witness = witness_key(1);
    let mut note = Note::new("example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
        .expect("a text");
    let signature = note.cosign(&witness, 1_679_315_147).expect("a witness");
    assert_eq!(Signature::parse(&signature.to_string()), Ok(signature));
    let signed = note.verify([witness.verifier()]).expect("signed");
    assert_eq!(signed[0].time_secs, Some(1_679_315_147));
    assert!(note.sign(&witness).is_err());
    assert!(note.cosign(&signer("a", Algorithm::Ed25519, 1), 0).is_err());
    assert!(note.cosign(&witness, 1 << 63).is_err());
    note.cosign(&witness, (1 << 63) - 1)
        .expect("the last second");
    // The same bytes as a key of the other type have another id, so neither verifies for the other.
    let as_signer = signer("witness.example/w1", Algorithm::Ed25519, 101);
    assert_eq!(
        as_signer.verifier().public_bytes(),
        witness.verifier().public_bytes()
    );
    assert_ne!(as_signer.verifier().id(), witness.verifier().id());
    assert!(note.verify([as_signer.verifier()]).is_err());
}

#[test]
fn only_the_form_of_a_note_is_read() {
    let line = PETER_NOTE.lines().last().expect("a line");
    let note = |text: &str| Note::parse(text.as_bytes());
    let text_of = |text: &str| note(text).map(|note| note.text().to_owned());
    assert_eq!(
        text_of(&format!("a\n\nb\n\n{line}\n")).expect("the last empty line"),
        "a\n\nb\n"
    );
    assert_eq!(
        text_of(&format!("\n\n{line}\n")).expect("an empty line"),
        "\n"
    );
    assert_eq!(
        text_of(&format!("a\n\n\n{line}\n")).expect("ends empty"),
        "a\n\n"
    );
    for bad in [
        "",
        "\n",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        &format!("{line}\n"),
        &format!("text\n{line}\n"),
        &format!("text\n\n{line}"),
        &format!("text\n\n{line}\n\n"),
        &format!("text\n\n{line}\nmore\n"),
        &format!("text\n\n {line}\n"),
        &format!("text\n\n{}\n", line.replace('\u{2014}', "-")),
        &format!("text\n\n{}\n", line.replace("PeterNeumann", "")),
        &format!(
            "text\n\n{}\n",
            line.replace("PeterNeumann", "Peter+Neumann")
        ),
        &format!(
            "text\n\n{}\n",
            line.replace("PeterNeumann", "Peter\u{a0}Neumann")
        ),
        &format!("text\n\n{}\n", line.trim_end_matches('=')),
        &format!("text\n\n{line}=\n"),
        "text\n\n\u{2014} name x08gow==\n",
        "text\n\n\u{2014} name AAAA\n",
        &format!("te\rxt\n\n{line}\n"),
        &format!("te\0xt\n\n{line}\n"),
        &format!("te\txt\n\n{line}\n"),
        &format!("text\n\n{}", format!("{line}\n").repeat(MAX_SIGNATURES + 1)),
    ] {
        assert!(note(bad).is_err(), "{bad:?}");
    }
    assert!(
        note(&format!(
            "text\n\n{}",
            format!("{line}\n").repeat(MAX_SIGNATURES)
        ))
        .is_ok()
    );
    assert!(Note::parse(&[b"te\xffxt\n\n", line.as_bytes(), b"\n"].concat()).is_err());
    assert!(Note::parse(&vec![b'a'; 1_000_001]).is_err());
    for bad in ["", "text", "text\r\n", "te\0xt\n", &"a\n".repeat(300_000)] {
        assert!(Note::new(bad).is_err(), "{:?}", &bad[..bad.len().min(9)]);
    }
}

#[test]
fn a_note_takes_so_many_signatures_and_no_more() {
    let mut note = Note::new("text\n").expect("a text");
    let keys: Vec<SignerKey> = (0..=100)
        .map(|seed| signer("a", Algorithm::Ed25519, seed))
        .collect();
    for key in &keys[..MAX_SIGNATURES] {
        note.sign(key).expect("room");
    }
    assert_eq!(
        note.sign(&keys[MAX_SIGNATURES]).expect_err("full").code(),
        "note.too_many"
    );
    let signed = note.verify(&vkeys(&keys)).expect("all are good").len();
    assert_eq!(signed, MAX_SIGNATURES);
}

#[test]
fn only_the_form_of_a_key_is_read() {
    for good in [
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
        "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    ] {
        let key = VerifierKey::parse(good).expect("published");
        assert_eq!(key.to_string(), good);
    }
    for bad in [
        "",
        "+",
        "++",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a3+",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+0c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n",
        // Points of small order sign everything.
        "example.com/weak+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert!(VerifierKey::parse(bad).is_err(), "{bad}");
        let as_secret = format!("PRIVATE+KEY+{bad}");
        let refused = SignerKey::parse(&as_secret)
            .expect_err("no key")
            .to_string();
        assert!(!refused.contains("ARpc2Q"), "{refused}");
    }
    assert!(VerifierKey::new("weak", Algorithm::Ed25519, &[0; 32]).is_err());
    assert!(SignerKey::parse(PETER).is_err());
    assert!(VerifierKey::parse(PETER_SECRET).is_err());
    for name in ["", "a b", "a+b", "a\nb", "a\u{2003}b", &"a".repeat(256)] {
        assert!(
            SignerKey::from_seed(name, Algorithm::Ed25519, &[1; 32]).is_err(),
            "{name:?}"
        );
    }
}
