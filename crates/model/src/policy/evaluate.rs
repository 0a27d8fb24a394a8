//! Facts and a policy give findings and a verdict.

use super::{Policy, Rule};
use crate::{
    CheckInfo, Compare, Fact, FactStatus, FactValue, Finding, Severity, Subject, Verdict, display,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Windows kept per finding.
const WINDOWS_PER_FINDING: usize = 100;

/// Judges facts: every fact beyond a threshold of its check is a finding; facts alike (same code,
/// subject and severity) make one finding that counts them and shows the worst.
///
/// The verdict is `fail` with an error, else `not_evaluated` when a required check has no
/// evaluated fact, else `warn` with a warning, else `pass`. Findings come worst first, then by
/// code and subject. Cost: O(facts × checks per fact name).
pub fn evaluate(policy: &Policy, catalog: &[CheckInfo], facts: &[Fact]) -> (Vec<Finding>, Verdict) {
    let judge = Judge::new(policy, catalog, facts);
    let mut groups: BTreeMap<(&str, &str, Severity), Vec<Hit<'_>>> = BTreeMap::new();
    let mut evaluated: BTreeSet<&str> = BTreeSet::new();
    let mut refused: BTreeMap<(&str, &str), &Fact> = BTreeMap::new();
    for fact in facts {
        for check in judge.checks_of(&fact.name) {
            let Some(rule) = policy
                .rule(check.code, &fact.subject)
                .filter(|rule| rule.enabled)
            else {
                continue;
            };
            if fact.status == FactStatus::NotEvaluated {
                if rule.required {
                    refused.entry((check.code, &fact.subject)).or_insert(fact);
                }
                continue;
            }
            evaluated.insert(check.code);
            if let Some(hit) = judge.judge(check, &rule, fact) {
                groups
                    .entry((check.code, &fact.subject, hit.severity))
                    .or_default()
                    .push(hit);
            }
        }
    }
    let mut findings: Vec<Finding> = groups
        .into_values()
        .filter_map(|hits| judge.finding(hits))
        .collect();
    findings.extend(judge.missing_channels());
    // A check required everywhere is met by one evaluated fact; one required for a channel is not.
    let unmet = judge.unmet(&evaluated, &refused);
    let incomplete = !unmet.is_empty();
    findings.extend(unmet);
    findings
        .sort_by(|a, b| (b.severity, &a.code, &a.subject).cmp(&(a.severity, &b.code, &b.subject)));
    let worst = findings.iter().map(|finding| finding.severity).max();
    let verdict = match worst {
        Some(Severity::Error) => Verdict::Fail,
        _ if incomplete => Verdict::NotEvaluated,
        Some(Severity::Warn) => Verdict::Warn,
        _ => Verdict::Pass,
    };
    (findings, verdict)
}

/// A fact beyond a threshold.
struct Hit<'a> {
    check: &'a CheckInfo,
    fact: &'a Fact,
    severity: Severity,
    threshold: f64,
    value: f64,
    /// How far beyond, for ordering.
    excess: f64,
}

struct Judge<'a> {
    policy: &'a Policy,
    catalog: &'a [CheckInfo],
    by_fact: BTreeMap<&'a str, Vec<&'a CheckInfo>>,
    /// Last fact of a name and subject, for messages.
    facts: BTreeMap<(&'a str, &'a str), &'a Fact>,
}

impl<'a> Judge<'a> {
    fn new(policy: &'a Policy, catalog: &'a [CheckInfo], facts: &'a [Fact]) -> Self {
        let mut by_fact: BTreeMap<&str, Vec<&CheckInfo>> = BTreeMap::new();
        for check in catalog {
            by_fact.entry(check.fact).or_default().push(check);
        }
        Self {
            policy,
            catalog,
            by_fact,
            facts: facts
                .iter()
                .map(|fact| ((fact.name.as_str(), fact.subject.as_str()), fact))
                .collect(),
        }
    }

    fn checks_of(&self, fact: &str) -> impl Iterator<Item = &'a CheckInfo> + use<'a, '_> {
        self.by_fact.get(fact).into_iter().flatten().copied()
    }

    fn judge(&self, check: &'a CheckInfo, rule: &Rule, fact: &'a Fact) -> Option<Hit<'a>> {
        if fact.n < rule.min_n {
            return None;
        }
        let mut value = fact.value.as_ref()?.as_f64()?;
        let declared = match check.compare {
            Compare::Declared => {
                let rate = self.policy.channel_rule(&fact.subject)?.rate_hz?;
                value = value / rate - 1.0;
                Some(rate)
            }
            _ => None,
        };
        let beyond = |threshold: f64| match check.compare {
            Compare::Above => value > threshold,
            Compare::AtLeast => value >= threshold,
            Compare::Below => value < threshold,
            Compare::Magnitude | Compare::Declared => value.abs() > threshold,
        };
        let (severity, threshold) = [
            (Severity::Error, rule.error),
            (Severity::Warn, rule.warn),
            (Severity::Info, rule.info),
        ]
        .into_iter()
        .find_map(|(severity, threshold)| {
            let threshold = threshold?;
            beyond(threshold).then_some((severity, threshold))
        })?;
        let severity = if self.matters(check, &fact.subject) {
            severity
        } else {
            Severity::Info
        };
        Some(Hit {
            check,
            fact,
            severity,
            threshold: declared.unwrap_or(threshold),
            value: fact.value.as_ref()?.as_f64()?,
            excess: match check.compare {
                Compare::Below => -value,
                Compare::Above | Compare::AtLeast => value,
                Compare::Magnitude | Compare::Declared => value.abs(),
            },
        })
    }

    /// Whether findings about this subject count; a pair counts when both sides do.
    fn matters(&self, check: &CheckInfo, subject: &str) -> bool {
        match check.subject {
            Subject::Recording | Subject::Frame => true,
            Subject::Channel | Subject::Pair => subject.split(" -> ").all(|topic| {
                self.policy
                    .channel_rule(topic)
                    .is_none_or(|rule| rule.matters)
            }),
        }
    }

    fn finding(&self, mut hits: Vec<Hit<'_>>) -> Option<Finding> {
        hits.sort_by(|a, b| {
            b.excess
                .total_cmp(&a.excess)
                .then(a.fact.window.cmp(&b.fact.window))
        });
        let worst = hits.first()?;
        Some(Finding {
            code: worst.check.code.to_owned(),
            severity: worst.severity,
            subject: worst.fact.subject.clone(),
            window: worst.fact.window,
            count: hits.len() as u64,
            message: self.message(worst, hits.len()),
            // What the fact itself advises is closer to the case than the check's advice.
            hint: match worst.fact.detail.get("hint") {
                Some(FactValue::Text(hint)) => hint.clone(),
                _ => fill(worst.check.hint, |name| {
                    self.placeholder(name, worst, hits.len())
                }),
            },
            facts: vec![worst.fact.name.clone()],
            windows: hits
                .iter()
                .filter_map(|hit| hit.fact.window)
                .take(WINDOWS_PER_FINDING)
                .collect(),
        })
    }

    fn message(&self, hit: &Hit<'_>, count: usize) -> String {
        let mut out = fill(hit.check.message, |name| self.placeholder(name, hit, count));
        if count > 1 && !hit.check.message.contains("{count}") {
            let count = display::integer(count as f64);
            let _ = write!(out, " (the worst of {count})");
        }
        out
    }

    fn placeholder(&self, name: &str, hit: &Hit<'_>, count: usize) -> Option<String> {
        let unit = hit.fact.unit.as_str();
        let number = |value: f64| display::quantity(value, unit);
        Some(match name {
            "value" => number(hit.value),
            "threshold" => number(hit.threshold),
            "low" => hit.fact.low.map_or_else(|| "unknown".to_owned(), number),
            "high" => hit.fact.high.map_or_else(|| "unknown".to_owned(), number),
            "unit" => unit.to_owned(),
            "times" if hit.value == 1.0 => "once".to_owned(),
            "times" => format!("{} times", display::integer(hit.value)),
            // Classes are identifiers in documents and words in sentences.
            "class" => match hit.fact.detail.get("class")? {
                FactValue::Text(class) => class.replace('_', " "),
                other => display::fact_value(other, ""),
            },
            "n" => display::integer(hit.fact.n as f64),
            "count" => display::integer(count as f64),
            "subject" => hit.fact.subject.clone(),
            name => {
                if let Some(value) = hit.fact.detail.get(name) {
                    display::fact_value(value, display::unit_of_name(name))
                } else {
                    let fact = self.facts.get(&(name, hit.fact.subject.as_str()))?;
                    match &fact.value {
                        Some(value) => display::fact_value(value, &fact.unit),
                        None => "unknown".to_owned(),
                    }
                }
            }
        })
    }

    /// Channels the policy requires and no message came on.
    fn missing_channels(&self) -> Vec<Finding> {
        let Some(check) = self
            .catalog
            .iter()
            .find(|check| check.code == "channel.missing")
        else {
            return Vec::new();
        };
        self.policy
            .channels
            .iter()
            .filter(|rule| rule.required)
            .filter(|rule| {
                !self.facts.values().any(|fact| {
                    fact.name == check.fact
                        && rule.topics.is_match(&fact.subject)
                        && fact.value.as_ref().and_then(FactValue::as_f64) > Some(0.0)
                })
            })
            .map(|rule| Finding {
                code: check.code.to_owned(),
                severity: Severity::Error,
                subject: rule.topics.as_str().to_owned(),
                window: None,
                count: 1,
                message: fill(check.message, |name| {
                    (name == "subject").then(|| rule.topics.as_str().to_owned())
                }),
                hint: check.hint.to_owned(),
                facts: vec![check.fact.to_owned()],
                windows: Vec::new(),
            })
            .collect()
    }

    /// Required checks without an evaluated fact, as information; the verdict says the rest.
    fn unmet(
        &self,
        evaluated: &BTreeSet<&str>,
        refused: &BTreeMap<(&str, &str), &Fact>,
    ) -> Vec<Finding> {
        let mut unmet = Vec::new();
        for (code, rule) in &self.policy.checks {
            if rule.required && rule.enabled && !evaluated.contains(code.as_str()) {
                let fact = refused
                    .iter()
                    .find(|((refused_code, _), _)| refused_code == code)
                    .map(|(_, fact)| *fact);
                unmet.push(self.unmet_finding(code, fact));
            }
        }
        for ((code, subject), fact) in refused {
            let everywhere = self
                .policy
                .checks
                .get(*code)
                .is_some_and(|rule| rule.required);
            let here = self.policy.channel_rule(subject).is_some();
            if here && !everywhere {
                unmet.push(self.unmet_finding(code, Some(fact)));
            }
        }
        unmet
    }

    fn unmet_finding(&self, code: &str, fact: Option<&Fact>) -> Finding {
        let reason = fact
            .and_then(|fact| fact.reason.as_deref())
            .unwrap_or("the recording holds nothing to measure it on");
        let title = self
            .catalog
            .iter()
            .find(|check| check.code == code)
            .map_or(code, |check| check.title);
        Finding {
            code: code.to_owned(),
            severity: Severity::Info,
            subject: fact.map_or_else(|| "recording".to_owned(), |fact| fact.subject.clone()),
            window: None,
            count: 1,
            message: format!("required by the policy but not evaluated: {title}: {reason}"),
            hint: "give a recording that holds what the check needs, or drop `required` from the policy"
                .to_owned(),
            facts: fact.map(|fact| fact.name.clone()).into_iter().collect(),
            windows: Vec::new(),
        }
    }
}

/// Replaces `{name}` by what `value` gives; names it does not know stay as they are.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        out.push_str(before);
        let Some(close) = after.find('}') else {
            out.push_str(after);
            return out;
        };
        let (name, tail) = after.split_at(close);
        let name = name.strip_prefix('{').unwrap_or(name);
        if let Some(text) = value(name) {
            out.push_str(&text);
        } else {
            let _ = write!(out, "{{{name}}}");
        }
        rest = tail.strip_prefix('}').unwrap_or(tail);
    }
    out.push_str(rest);
    out
}
