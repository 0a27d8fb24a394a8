//! Topics by pattern.
//!
//! Read [`Pattern`] first. Not here: regular expressions; a contract is read by people who name topics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A topic, or a pattern of topics: `*` stands for any run of letters within one level, `**` for any levels or none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names one topic only.
    pub fn is_topic(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether a topic is one of those meant. Cost: levels of the pattern times levels of the topic, for a pattern with
    /// one `**`.
    pub fn matches(&self, topic: &str) -> bool {
        let pattern: Vec<&str> = self.0.split('/').collect();
        let topic: Vec<&str> = topic.split('/').collect();
        levels(&pattern, &topic)
    }
}

/// Greedy with one place to come back to, so that the cost is bounded by the product of the lengths.
fn levels(pattern: &[&str], topic: &[&str]) -> bool {
    walk(pattern, topic, |p| *p == "**", |p, t| level(p, t))
}

fn level(pattern: &str, level: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let level: Vec<char> = level.chars().collect();
    walk(&pattern, &level, |p| *p == '*', |p, c| p == c)
}

fn walk<P, T>(
    pattern: &[P],
    text: &[T],
    is_star: impl Fn(&P) -> bool,
    is_same: impl Fn(&P, &T) -> bool,
) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while let Some(item) = text.get(t) {
        match pattern.get(p) {
            Some(star) if is_star(star) => {
                back = Some((p, t));
                p += 1;
            }
            Some(part) if is_same(part, item) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star, taken)) = back else {
                    return false;
                };
                back = Some((star, taken + 1));
                p = star + 1;
                t = taken + 1;
            }
        }
    }
    pattern.iter().skip(p).all(is_star)
}

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn stars_stay_within_a_level_and_two_do_not() {
        for (pattern, topic, expected) in [
            ("/camera/*/image", "/camera/front/image", true),
            ("/camera/*/image", "/camera/front/left/image", false),
            ("/camera/**/image", "/camera/front/left/image", true),
            ("/camera/**/image", "/camera/image", true),
            ("/camera/**", "/camera", true),
            ("/cam*_*/image", "/camera_front/image", true),
            ("/cam*_*/image", "/camera/image", false),
            ("**", "odom", true),
            ("/odom", "/odom2", false),
            ("/a*b*c", "/axxbyybc", true),
            ("/**/x/**/y", "/a/x/b/x/c/y", true),
        ] {
            assert_eq!(
                Pattern::from(pattern).matches(topic),
                expected,
                "{pattern} {topic}"
            );
        }
    }
}
