//! What a release is asked to be.

use super::LeakageKind;
use crate::strict::{digest, is_default};
use crate::{canonical_json, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Largest seed: what every reader of JSON keeps exactly.
pub const MAX_SEED: u64 = (1 << 53) - 1;
/// Largest part of a share.
const MAX_PARTS: u32 = 1_000_000;
/// Splits at most.
const MAX_SPLITS: usize = 64;
/// Names of splits where only shares are given.
const NAMES: [&str; 3] = ["train", "val", "test"];
/// Keys that are no fields of the context.
const KEYS: [&str; 5] = ["recording", "site", "day", "scene", "near_duplicate"];

/// What a release is asked to be, but for its name: the same request over the same content is the same release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The table whose rows are the members; recordings where none is named.
    #[serde(default, skip_serializing_if = "is_default")]
    pub from: Option<String>,
    /// The condition in SQL over that table.
    #[serde(default, rename = "where", skip_serializing_if = "is_default")]
    pub condition: Option<String>,
    /// Whether recordings that are kept apart come too.
    #[serde(default, skip_serializing_if = "is_default")]
    pub include_quarantined: bool,
    /// How members are split.
    #[serde(default, skip_serializing_if = "is_default")]
    pub split: Option<Split>,
    /// Contracts that the members are held to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub contracts: Vec<Reference>,
    /// Members of different splits of one rig, site or recording have to be at least so far apart.
    #[serde(default, skip_serializing_if = "is_default")]
    pub time_gap_ns: i64,
    /// Share of equal messages or rows from which on two members are near-duplicates by content.
    pub content_min_ratio: f64,
    /// Cosine of descriptors from which on two members are near-duplicates by scene.
    pub scene_min_cosine: f64,
    /// What may leak, said by whoever asked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_leakage: BTreeSet<LeakageKind>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            from: None,
            condition: None,
            include_quarantined: false,
            split: None,
            contracts: Vec::new(),
            time_gap_ns: 0,
            content_min_ratio: 0.8,
            scene_min_cosine: 0.999,
            allow_leakage: BTreeSet::new(),
        }
    }
}

impl Request {
    /// SHA-256 of its canonical JSON, hexadecimal.
    pub fn sha256(&self) -> String {
        digest(self)
    }

    /// Its canonical JSON.
    pub fn canonical(&self) -> String {
        canonical_json(self).unwrap_or_default()
    }

    /// Holds it to what a request can be. Errors: [`RequestError`].
    pub fn check(&self) -> Result<(), RequestError> {
        let in_range = |name, value: f64, low: f64| {
            if value > low && value <= 1.0 {
                return Ok(());
            }
            Err(RequestError::Ratio { name, value })
        };
        in_range("content_min_ratio", self.content_min_ratio, 0.0)?;
        in_range("scene_min_cosine", self.scene_min_cosine, -1.0)?;
        if self.time_gap_ns < 0 {
            return Err(RequestError::Gap {
                value: self.time_gap_ns,
            });
        }
        self.split.as_ref().map_or(Ok(()), Split::check)
    }
}

/// A named thing in a version, by its digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of its canonical form, hexadecimal.
    pub sha256: String,
}

/// How members are split: groups that share any key stay together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// `recording`, `site`, `day`, `scene`, `near_duplicate`, or a field of the context.
    pub by: Vec<String>,
    /// The splits and their shares.
    pub shares: Vec<Share>,
    /// A field of the context whose values every split gets its share of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stratify: Option<String>,
    /// What decides in which order groups are given out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub seed: u64,
}

/// A split and the share it is to get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Its name.
    pub name: String,
    /// Its part; shares are parts of the sum of all.
    pub parts: u32,
}

/// One member of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The recording.
    pub recording_id: String,
    /// First moment; null where it has no times.
    pub start_ns: Option<i64>,
    /// Last moment.
    pub end_ns: Option<i64>,
    /// The split it is in; null where none was asked for.
    pub split: Option<String>,
    /// The group it was split with.
    pub split_group: Option<String>,
}

/// Why a request is none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RequestError {
    /// Not the form of a split.
    #[error(
        "`{text}` says no split: {what}\nhint: `site:80/10/10`, `site+day:train=80,val=10,test=10`"
    )]
    Split {
        /// What was given.
        text: String,
        /// What is wrong with it.
        what: String,
    },
    /// A ratio that is none.
    #[error("`{name}` is `{value}`\nhint: give a number above 0, at most 1")]
    Ratio {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// A gap below zero.
    #[error("the time gap is `{value}` ns\nhint: give 0 or more")]
    Gap {
        /// What was given.
        value: i64,
    },
    /// A kind of leakage that is none.
    #[error("`{word}` is no kind of leakage\nhint: {}", near.as_deref().map_or_else(|| "one of `group`, `time`, `content`, `scene`".to_owned(), |near| format!("did you mean `{near}`?")))]
    Leakage {
        /// What was given.
        word: String,
        /// The nearest kind.
        near: Option<String>,
    },
}

impl RequestError {
    pub(super) fn leakage(word: &str) -> Self {
        let names = LeakageKind::ALL.iter().map(|kind| kind.name());
        Self::Leakage {
            word: word.to_owned(),
            near: nearest(word, names).map(str::to_owned),
        }
    }
}

impl Split {
    /// Reads `KEY[+KEY…]:80/10/10` (train, val and test) or `KEY[+KEY…]:name=80,name=20`.
    ///
    /// Errors: [`RequestError::Split`].
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let refused = |what: String| RequestError::Split {
            text: text.to_owned(),
            what,
        };
        let (keys, shares) = text
            .split_once(':')
            .ok_or_else(|| refused("there is no `:` between key and shares".to_owned()))?;
        let by: Vec<String> = keys.split('+').map(|key| key.trim().to_owned()).collect();
        let number = |word: &str| {
            let parts: Option<u32> = word.trim().parse().ok();
            parts.ok_or_else(|| refused(format!("`{word}` is not a whole number")))
        };
        let named = shares.contains('=');
        let shares: Vec<Share> = if named {
            let one = |word: &str| {
                let (name, parts) = word
                    .split_once('=')
                    .ok_or_else(|| refused(format!("`{word}` has no name")))?;
                Ok(Share {
                    name: name.trim().to_owned(),
                    parts: number(parts)?,
                })
            };
            shares.split(',').map(one).collect::<Result<_, _>>()?
        } else {
            let parts: Vec<&str> = shares.split('/').collect();
            if !(2..=NAMES.len()).contains(&parts.len()) {
                return Err(refused(format!(
                    "it has {} shares, and names are known for two (train, test) or three",
                    parts.len()
                )));
            }
            // Two are train and test, for a split without a part to tune on.
            let names = if parts.len() == 2 {
                &["train", "test"][..]
            } else {
                &NAMES[..]
            };
            let one = |(word, name): (&&str, &&str)| {
                Ok(Share {
                    name: (*name).to_owned(),
                    parts: number(word)?,
                })
            };
            parts.iter().zip(names).map(one).collect::<Result<_, _>>()?
        };
        let split = Self {
            by,
            shares,
            stratify: None,
            seed: 0,
        };
        split.check().map_err(|error| match error {
            RequestError::Split { what, .. } => refused(what),
            other => other,
        })?;
        Ok(split)
    }

    /// Holds it to what a split can be. Errors: [`RequestError::Split`].
    pub fn check(&self) -> Result<(), RequestError> {
        let refuse = |what: String| {
            Err(RequestError::Split {
                text: self.by.join("+"),
                what,
            })
        };
        if self.by.is_empty() || self.by.iter().any(String::is_empty) {
            return refuse("a key is empty".to_owned());
        }
        if self.by.iter().collect::<BTreeSet<_>>().len() < self.by.len() {
            return refuse("a key stands twice".to_owned());
        }
        if self.shares.len() < 2 || self.shares.len() > MAX_SPLITS {
            return refuse(format!(
                "it has {} splits, and 2 to {MAX_SPLITS} can be",
                self.shares.len()
            ));
        }
        let mut names = BTreeSet::new();
        for share in &self.shares {
            let is_word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
            if share.name.is_empty() || share.name.len() > 64 || !share.name.chars().all(is_word) {
                return refuse(format!(
                    "`{}` is no name of a split: letters, digits, `_` and `-`",
                    share.name
                ));
            }
            if !names.insert(&share.name) {
                return refuse(format!("split `{}` stands twice", share.name));
            }
            if share.parts == 0 || share.parts > MAX_PARTS {
                return refuse(format!(
                    "split `{}` has the share `{}`, and 1 to {MAX_PARTS} can be",
                    share.name, share.parts
                ));
            }
        }
        if self.seed > MAX_SEED {
            return refuse(format!("the seed `{}` is above 2^53 - 1", self.seed));
        }
        Ok(())
    }

    /// Words a key may be that are no fields of the context.
    pub const fn keys() -> &'static [&'static str] {
        &KEYS
    }
}
