//! From YAML text to a [`Policy`]; every unknown key is an error with the nearest valid one.

use super::{ChannelRule, DEFAULT_YAML, Policy, PolicyError, Rule, RuleChange};
use crate::nearest;
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const TOP_KEYS: [&str; 7] = [
    "schema",
    "version",
    "name",
    "description",
    "extends",
    "channels",
    "checks",
];
const CHANNEL_KEYS: [&str; 5] = ["topics", "matters", "required", "rate_hz", "checks"];
const RULE_KEYS: [&str; 6] = ["info", "warn", "error", "min_n", "required", "enabled"];

pub(super) fn parse(yaml: &str) -> Result<Policy, PolicyError> {
    let top = read_yaml(yaml)?;
    only_keys(&top, "the policy", TOP_KEYS)?;
    if let Some(schema) = top.get("schema")
        && schema != "fieldassay.policy"
    {
        return Err(wrong("schema", schema, "`fieldassay.policy`"));
    }
    let base = match top.get("extends") {
        None => None,
        Some(Value::String(name)) => Some(Policy::built_in(name)?),
        Some(other) => return Err(wrong("extends", other, "the name of a built-in policy")),
    };
    let valid_codes = default_codes()?;
    let mut policy = Policy {
        name: text(&top, "name")?.unwrap_or_else(|| "unnamed".to_owned()),
        version: match top.get("version") {
            None => 1,
            Some(value) => value
                .as_u64()
                .and_then(|v| u32::try_from(v).ok())
                .ok_or_else(|| wrong("version", value, "a whole number from 0"))?,
        },
        description: text(&top, "description")?.unwrap_or_default(),
        channels: channels(&top, &valid_codes)?,
        checks: BTreeMap::new(),
    };
    if let Some(base) = base {
        policy.checks = base.checks;
        policy.channels.extend(base.channels);
    }
    for (code, change) in rule_changes(&top, "checks", &valid_codes)? {
        let before = policy.checks.remove(&code).unwrap_or(Rule {
            enabled: true,
            ..Rule::default()
        });
        policy.checks.insert(code, change.apply(&before));
    }
    Ok(policy)
}

fn read_yaml(yaml: &str) -> Result<Map<String, Value>, PolicyError> {
    let value: Value = serde_saphyr::from_str(yaml).map_err(|error| PolicyError::Yaml {
        message: error.to_string(),
    })?;
    match value {
        Value::Object(map) => Ok(map),
        other => Err(wrong("the policy", &other, "a mapping of keys to values")),
    }
}

/// The codes the default policy judges: the valid keys of `checks`.
fn default_codes() -> Result<Vec<String>, PolicyError> {
    let top = read_yaml(DEFAULT_YAML)?;
    Ok(match top.get("checks") {
        Some(Value::Object(checks)) => checks.keys().cloned().collect(),
        _ => Vec::new(),
    })
}

fn channels(
    top: &Map<String, Value>,
    valid_codes: &[String],
) -> Result<Vec<ChannelRule>, PolicyError> {
    let list = match top.get("channels") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(other) => return Err(wrong("channels", other, "a list of channel rules")),
    };
    let mut rules = Vec::new();
    for (index, item) in list.iter().enumerate() {
        let place = format!("channels[{index}]");
        let Value::Object(map) = item else {
            return Err(wrong(&place, item, "a mapping with the key `topics`"));
        };
        only_keys(map, &place, CHANNEL_KEYS)?;
        let pattern = match map.get("topics") {
            Some(Value::String(pattern)) => pattern,
            other => {
                return Err(wrong(
                    &format!("{place}.topics"),
                    other.unwrap_or(&Value::Null),
                    "a regular expression",
                ));
            }
        };
        let topics = Regex::new(pattern).map_err(|error| PolicyError::Value {
            place: format!("{place}.topics"),
            value: pattern.clone(),
            expected: format!("a regular expression ({error})"),
        })?;
        rules.push(ChannelRule {
            topics,
            matters: boolean(map, &place, "matters")?.unwrap_or(true),
            required: boolean(map, &place, "required")?.unwrap_or(false),
            rate_hz: match map.get("rate_hz") {
                None | Some(Value::Null) => None,
                Some(value) => {
                    Some(value.as_f64().filter(|rate| *rate > 0.0).ok_or_else(|| {
                        wrong(&format!("{place}.rate_hz"), value, "a rate above 0")
                    })?)
                }
            },
            checks: rule_changes(map, &format!("{place}.checks"), valid_codes)?,
        });
    }
    Ok(rules)
}

fn rule_changes(
    map: &Map<String, Value>,
    place: &str,
    valid_codes: &[String],
) -> Result<BTreeMap<String, RuleChange>, PolicyError> {
    let checks = match map.get("checks") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(checks)) => checks,
        Some(other) => {
            return Err(wrong(
                place,
                other,
                "a mapping of check codes to thresholds",
            ));
        }
    };
    let mut changes = BTreeMap::new();
    for (code, value) in checks {
        if !valid_codes.contains(code) {
            return Err(unknown(code, place, valid_codes.iter().map(String::as_str)));
        }
        changes.insert(
            code.clone(),
            rule_change(value, &format!("{place}.{code}"))?,
        );
    }
    Ok(changes)
}

fn rule_change(value: &Value, place: &str) -> Result<RuleChange, PolicyError> {
    // `time.gap: off` is the short form of `enabled: false`; YAML 1.1 readers make it a boolean.
    if value == "off" || value == &Value::Bool(false) {
        return Ok(RuleChange {
            enabled: Some(false),
            ..RuleChange::default()
        });
    }
    let Value::Object(map) = value else {
        return Err(wrong(
            place,
            value,
            "a mapping such as `{warn: 3, error: 5}`, or `off`",
        ));
    };
    only_keys(map, place, RULE_KEYS)?;
    let threshold = |key: &str| -> Result<Option<Option<f64>>, PolicyError> {
        match map.get(key) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(value) => value
                .as_f64()
                .filter(|threshold| threshold.is_finite())
                .map(|threshold| Some(Some(threshold)))
                .ok_or_else(|| {
                    wrong(
                        &format!("{place}.{key}"),
                        value,
                        "a number, or null for none",
                    )
                }),
        }
    };
    Ok(RuleChange {
        info: threshold("info")?,
        warn: threshold("warn")?,
        error: threshold("error")?,
        min_n: match map.get("min_n") {
            None => None,
            Some(value) => Some(
                value
                    .as_u64()
                    .ok_or_else(|| wrong(&format!("{place}.min_n"), value, "a whole number"))?,
            ),
        },
        required: boolean(map, place, "required")?,
        enabled: boolean(map, place, "enabled")?,
    })
}

fn text(map: &Map<String, Value>, key: &str) -> Result<Option<String>, PolicyError> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(wrong(key, other, "text")),
    }
}

fn boolean(map: &Map<String, Value>, place: &str, key: &str) -> Result<Option<bool>, PolicyError> {
    match map.get(key) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(other) => Err(wrong(&format!("{place}.{key}"), other, "`true` or `false`")),
    }
}

fn only_keys<const N: usize>(
    map: &Map<String, Value>,
    place: &str,
    valid: [&str; N],
) -> Result<(), PolicyError> {
    match map.keys().find(|key| !valid.contains(&key.as_str())) {
        Some(key) => Err(unknown(key, place, valid)),
        None => Ok(()),
    }
}

fn unknown<'a>(
    key: &str,
    place: &str,
    valid: impl IntoIterator<Item = &'a str> + Clone,
) -> PolicyError {
    PolicyError::UnknownKey {
        key: key.to_owned(),
        place: place.to_owned(),
        nearest: nearest(key, valid.clone()).map(str::to_owned),
        valid: valid.into_iter().map(str::to_owned).collect(),
    }
}

fn wrong(place: &str, value: &Value, expected: &str) -> PolicyError {
    PolicyError::Value {
        place: place.to_owned(),
        value: value.to_string().chars().take(60).collect(),
        expected: expected.to_owned(),
    }
}
