//! What people call releases: `night-rain`, `night-rain@2`, `night-rain@golden`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest name or tag, bytes.
const MAX_NAME: usize = 100;

/// Why a name is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{seen}` is no {what}: {why}\nhint: lower-case letters, digits, `-`, `_` and `.`, beginning with a letter; `NAME@2` or `NAME@tag` names a version"
)]
pub struct NameError {
    /// What was given.
    pub seen: String,
    /// What it should be.
    pub what: &'static str,
    /// Why it is not.
    pub why: String,
}

/// Holds a name of a release or a tag to what it may be: it is part of paths and ids. A tag begins with a letter, so that
/// it is never taken for a version.
///
/// Errors: [`NameError`].
pub fn check_name(what: &'static str, name: &str) -> Result<(), NameError> {
    let refuse = |why: String| {
        Err(NameError {
            seen: name.chars().take(MAX_NAME).collect(),
            what,
            why,
        })
    };
    if name.len() > MAX_NAME {
        return refuse(format!("it has more than {MAX_NAME} bytes"));
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return refuse("it does not begin with a lower-case letter".to_owned());
    }
    // A recording is `r-…`, and where an id is asked for, both are understood.
    if name.starts_with("r-") {
        return refuse("`r-` begins the id of a recording".to_owned());
    }
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    match name.chars().find(|c| !is_part(*c)) {
        Some(other) => refuse(format!("`{}` is in it", other.escape_default())),
        None => Ok(()),
    }
}

/// A release as people name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReleaseRef {
    /// Its name.
    pub name: String,
    /// Which version.
    pub which: Which,
}

/// Which version of a release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Which {
    /// The newest.
    Newest,
    /// This one.
    Version(i64),
    /// The one that has this tag.
    Tag(String),
}

impl ReleaseRef {
    /// Reads `NAME`, `NAME@2`, `NAME@tag`. Errors: [`NameError`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (name, which) = match text.split_once('@') {
            None => (text, Which::Newest),
            Some((name, which)) => match which.parse::<i64>() {
                Ok(version) if version > 0 => (name, Which::Version(version)),
                Ok(version) => {
                    return Err(NameError {
                        seen: text.chars().take(MAX_NAME).collect(),
                        what: "version of a release",
                        why: format!("versions begin with 1, and `{version}` is none"),
                    });
                }
                Err(_) => {
                    check_name("tag", which)?;
                    (name, Which::Tag(which.to_owned()))
                }
            },
        };
        check_name("name of a release", name)?;
        Ok(Self {
            name: name.to_owned(),
            which,
        })
    }
}

impl fmt::Display for ReleaseRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.which {
            Which::Newest => f.write_str(&self.name),
            Which::Version(version) => write!(f, "{}@{version}", self.name),
            Which::Tag(tag) => write!(f, "{}@{tag}", self.name),
        }
    }
}
