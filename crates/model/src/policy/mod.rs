//! Policies: which facts matter, and how much of what is tolerated.
//!
//! Read [`Policy`] first; [`evaluate`] applies one to facts. A policy file is YAML; its keys and
//! thresholds are documented in the built-in `default.yaml`, which every other policy can extend.
//!
//! Not here: how facts are measured, and where a policy file comes from.

mod evaluate;
mod parse;

pub use evaluate::evaluate;

use regex::Regex;
use serde::Serialize;
use std::collections::BTreeMap;

/// Names of the built-in policies.
pub const BUILT_IN: [&str; 3] = ["default", "strict", "lenient"];

const DEFAULT_YAML: &str = include_str!("default.yaml");
const STRICT_YAML: &str = include_str!("strict.yaml");
const LENIENT_YAML: &str = include_str!("lenient.yaml");

/// A versioned set of thresholds; immutable once parsed.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its own version, raised by its author with every change.
    pub version: u32,
    /// What it is for.
    pub description: String,
    /// Rules for channels; the first whose pattern matches a topic applies.
    pub channels: Vec<ChannelRule>,
    /// Rule per check code.
    pub checks: BTreeMap<String, Rule>,
}

/// What is tolerated for one check.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Rule {
    /// Threshold of an information, in the unit of the fact.
    pub info: Option<f64>,
    /// Threshold of a warning.
    pub warn: Option<f64>,
    /// Threshold of an error.
    pub error: Option<f64>,
    /// Facts resting on fewer observations are not judged.
    pub min_n: u64,
    /// Whether a recording for which this could not be evaluated is refused a pass.
    pub required: bool,
    /// Whether it is judged at all.
    pub enabled: bool,
}

/// Change of a rule: what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuleChange {
    /// New threshold; `Some(None)` removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<Option<f64>>,
    /// New threshold; `Some(None)` removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn: Option<Option<f64>>,
    /// New threshold; `Some(None)` removes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Option<f64>>,
    /// New smallest number of observations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_n: Option<u64>,
    /// Whether it must be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Whether it is judged at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

impl RuleChange {
    /// The rule with this change applied.
    fn apply(&self, rule: &Rule) -> Rule {
        Rule {
            info: self.info.unwrap_or(rule.info),
            warn: self.warn.unwrap_or(rule.warn),
            error: self.error.unwrap_or(rule.error),
            min_n: self.min_n.unwrap_or(rule.min_n),
            required: self.required.unwrap_or(rule.required),
            enabled: self.enabled.unwrap_or(rule.enabled),
        }
    }
}

/// What holds for channels whose topic matches.
#[derive(Clone, Debug)]
pub struct ChannelRule {
    /// Pattern searched in the topic.
    pub topics: Regex,
    /// Whether findings about it count; otherwise they are information at most.
    pub matters: bool,
    /// Whether a recording without a message on such a channel fails.
    pub required: bool,
    /// Declared rate, hertz; judged by the check `time.rate`.
    pub rate_hz: Option<f64>,
    /// Changes of rules for these channels.
    pub checks: BTreeMap<String, RuleChange>,
}

/// What is wrong with a policy file.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not YAML.
    #[error("the policy is not valid YAML: {message}")]
    Yaml {
        /// What the parser says, with line and column.
        message: String,
    },
    /// A key no policy has.
    #[error("unknown key `{key}` in {place}{}", hint_of(.nearest.as_deref(), .valid))]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands, `checks.time.gap`.
        place: String,
        /// The valid key it is nearest to.
        nearest: Option<String>,
        /// All valid keys there (left out of the message when there are too many).
        valid: Vec<String>,
    },
    /// A value of the wrong type or out of range.
    #[error(
        "`{place}` is `{value}`, expected {expected}\nhint: correct the value in the policy file"
    )]
    Value {
        /// Where it stands.
        place: String,
        /// What was seen.
        value: String,
        /// What is expected.
        expected: String,
    },
    /// A name that is not a built-in policy.
    #[error("no policy is named `{name}`{}", hint_of(.nearest.as_deref(), &BUILT_IN.map(str::to_owned)))]
    UnknownPolicy {
        /// The name.
        name: String,
        /// The built-in policy it is nearest to.
        nearest: Option<String>,
    },
}

/// The `hint:` line of an unknown name.
fn hint_of(nearest: Option<&str>, valid: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("\nhint: did you mean `{nearest}`?"),
        None if valid.len() <= 12 => format!("\nhint: valid here are {}", quoted(valid)),
        None => "\nhint: `fieldassay checks` lists the valid codes".to_owned(),
    }
}

fn quoted(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl PolicyError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Yaml { .. } => "policy.yaml",
            Self::UnknownKey { .. } => "policy.unknown_key",
            Self::Value { .. } => "policy.value",
            Self::UnknownPolicy { .. } => "policy.unknown_policy",
        }
    }
}

impl Policy {
    /// A built-in policy by name.
    pub fn built_in(name: &str) -> Result<Self, PolicyError> {
        let text = match name {
            "default" => DEFAULT_YAML,
            "strict" => STRICT_YAML,
            "lenient" => LENIENT_YAML,
            _ => {
                return Err(PolicyError::UnknownPolicy {
                    name: name.to_owned(),
                    nearest: crate::nearest(name, BUILT_IN).map(str::to_owned),
                });
            }
        };
        parse::parse(text)
    }

    /// A policy from the text of a YAML file.
    ///
    /// A check code is valid when the default policy has it, so a slip is an error with the nearest
    /// valid code instead of a rule that never fires.
    pub fn parse(yaml: &str) -> Result<Self, PolicyError> {
        parse::parse(yaml)
    }

    /// The commented text of a built-in policy, to start one's own from.
    pub fn built_in_text(name: &str) -> Option<&'static str> {
        match name {
            "default" => Some(DEFAULT_YAML),
            "strict" => Some(STRICT_YAML),
            "lenient" => Some(LENIENT_YAML),
            _ => None,
        }
    }

    /// The channel rule for a topic, the first that matches.
    pub fn channel_rule(&self, topic: &str) -> Option<&ChannelRule> {
        self.channels
            .iter()
            .find(|rule| rule.topics.is_match(topic))
    }

    /// The rule for a check about a subject; channel rules refine it. For a pair `a -> b`
    /// both sides are looked up and the first side with a change wins.
    pub fn rule(&self, code: &str, subject: &str) -> Option<Rule> {
        let base = self.checks.get(code)?;
        let change = subject
            .split(" -> ")
            .filter_map(|topic| self.channel_rule(topic))
            .find_map(|channel| channel.checks.get(code));
        Some(change.map_or_else(|| base.clone(), |change| change.apply(base)))
    }

    /// Everything that decides a verdict, resolved, as JSON with sorted keys.
    pub fn canonical_json(&self) -> String {
        let channels: Vec<_> = self
            .channels
            .iter()
            .map(|rule| {
                serde_json::json!({
                    "topics": rule.topics.as_str(), "matters": rule.matters,
                    "required": rule.required, "rate_hz": rule.rate_hz, "checks": rule.checks,
                })
            })
            .collect();
        serde_json::json!({
            "name": self.name, "version": self.version, "channels": channels, "checks": self.checks,
        })
        .to_string()
    }

    /// Name, version and digest, as documents carry them.
    pub fn reference(&self) -> crate::PolicyReference {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(self.canonical_json().as_bytes());
        crate::PolicyReference {
            name: self.name.clone(),
            version: self.version,
            sha256: crate::digest::hexadecimal(&digest),
        }
    }

    /// The resolved policy as YAML that [`Policy::parse`] reads back to the same policy.
    pub fn to_yaml(&self) -> String {
        use std::fmt::Write as _;
        let mut out = String::new();
        let text = |value: &str| serde_json::Value::from(value).to_string();
        let _ = writeln!(out, "schema: fieldassay.policy\nname: {}", text(&self.name));
        let _ = writeln!(out, "version: {}", self.version);
        let _ = writeln!(out, "description: {}", text(&self.description));
        if !self.channels.is_empty() {
            out.push_str("channels:\n");
        }
        for rule in &self.channels {
            let _ = write!(out, "  - {{topics: {}", text(rule.topics.as_str()));
            let _ = write!(
                out,
                ", matters: {}, required: {}",
                rule.matters, rule.required
            );
            if let Some(rate) = rule.rate_hz {
                let _ = write!(out, ", rate_hz: {rate}");
            }
            if !rule.checks.is_empty() {
                let checks = serde_json::to_string(&rule.checks).unwrap_or_default();
                let _ = write!(out, ", checks: {checks}");
            }
            out.push_str("}\n");
        }
        out.push_str("checks:\n");
        for (code, rule) in &self.checks {
            let mut parts = Vec::new();
            for (name, threshold) in [
                ("info", rule.info),
                ("warn", rule.warn),
                ("error", rule.error),
            ] {
                if let Some(threshold) = threshold {
                    parts.push(format!("{name}: {threshold}"));
                }
            }
            if rule.min_n > 0 {
                parts.push(format!("min_n: {}", rule.min_n));
            }
            if rule.required {
                parts.push("required: true".to_owned());
            }
            if !rule.enabled {
                parts.push("enabled: false".to_owned());
            }
            let _ = writeln!(out, "  {code}: {{{}}}", parts.join(", "));
        }
        out
    }
}
