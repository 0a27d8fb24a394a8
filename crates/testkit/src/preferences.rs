//! Real preferences of people between two answers.

use crate::shared_data;
use serde_json::Value;
use std::io::Read as _;

/// A prompt with the answer that a person chose and the one rejected.
#[derive(Clone, Debug)]
pub struct Preference {
    /// The talk up to the answers.
    pub prompt: String,
    /// The answer preferred.
    pub chosen: String,
    /// The other.
    pub rejected: String,
}

/// The 2,312 preferences of hh-rlhf; none where the data are absent. Some texts are offensive: never print them.
///
/// # Panics
/// On data that are not as published.
#[expect(clippy::expect_used, reason = "a test helper may panic")]
pub fn preferences() -> Option<Vec<Preference>> {
    let path = shared_data("hh_rlhf/harmless-base/test.jsonl.gz")?;
    let bytes = std::fs::read(path).expect("readable");
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice())
        .read_to_string(&mut text)
        .expect("gzip of UTF-8");
    let split = |whole: &Value| -> (String, String) {
        let whole = whole.as_str().expect("text");
        let at = whole.rfind("\n\nAssistant:").expect("an answer");
        (whole[..at].to_owned(), whole[at..].to_owned())
    };
    let rows = text.lines().map(|line| {
        let row: Value = serde_json::from_str(line).expect("JSON lines");
        let (prompt, chosen) = split(&row["chosen"]);
        let (_, rejected) = split(&row["rejected"]);
        Preference {
            prompt,
            chosen,
            rejected,
        }
    });
    Some(rows.collect())
}
