//! What ties members of different splits together: the checks that may refuse a release.
//!
//! Read [`look`] first. Not here: how likeness is measured (`likeness`), the sweep over time (`measure::split`).

use super::cells::every;
use super::groups::{Fields, Placement};
use super::likeness::Likeness;
use super::select::Selected;
use super::{MEMBERS_TABLE, Making};
use crate::EngineError;
use fieldassay_measure::split::{Alike, Near, Stretch, near_in_time};
use fieldassay_model::release::{
    KEPT_FINDINGS, LeakageCheck, LeakageFinding, LeakageKind, LeakageReport, LeakageStatus, Member,
    Request,
};
use std::collections::BTreeMap;

/// Fields of the context whose members see the same at the same time.
pub(super) const STREAMS: [&str; 2] = ["rig", "site"];

/// What is looked at.
pub(super) struct Looked<'a> {
    pub(super) making: &'a Making,
    pub(super) selected: &'a Selected,
    pub(super) placement: &'a Placement,
    pub(super) likeness: &'a Likeness,
    pub(super) fields: &'a Fields,
    pub(super) request: &'a Request,
}

/// One kind as it was found, before it is said whether that is allowed.
struct Found {
    rule: String,
    looked_at: u64,
    /// Why nothing could be looked at, or in which members not.
    reason: Option<String>,
    is_evaluated: bool,
    count: u64,
    findings: Vec<LeakageFinding>,
}

/// Looks for every kind of leakage between the splits of the file of members as it will be kept.
pub(super) async fn look(looked: &Looked<'_>) -> Result<LeakageReport, EngineError> {
    let mut checks = Vec::new();
    for kind in LeakageKind::ALL {
        let found = match kind {
            LeakageKind::Group => looked.groups().await?,
            LeakageKind::Time => looked.times(),
            LeakageKind::Content => looked.contents(),
            LeakageKind::Scene => looked.scenes(),
        };
        let is_allowed = looked.request.allow_leakage.contains(&kind);
        let status = match (found.is_evaluated, found.count > 0) {
            (false, _) => LeakageStatus::NotEvaluated,
            (true, false) => LeakageStatus::None,
            (true, true) if is_allowed => LeakageStatus::Allowed,
            (true, true) => LeakageStatus::Found,
        };
        checks.push(LeakageCheck {
            kind,
            status,
            reason: found.reason,
            rule: found.rule,
            looked_at: found.looked_at,
            count: found.count,
            findings: found.findings,
        });
    }
    Ok(LeakageReport { checks })
}

impl Looked<'_> {
    fn member(&self, at: usize) -> Member {
        self.selected
            .member(at, &|index| self.placement.names(index))
    }

    /// The first member of a recording.
    fn first_of(&self, recording: usize) -> Member {
        let first = self.selected.recordings.get(recording);
        self.member(first.map_or(0, |first| first.first))
    }

    fn split(&self, recording: usize) -> Option<usize> {
        self.placement.of.get(recording).map(|(_, split)| *split)
    }

    /// The members as they were written, by recording and by group: each may be in one split only.
    async fn groups(&self) -> Result<Found, EngineError> {
        let mut found = Found {
            rule: "a recording, or a group of the key, is in more than one split".to_owned(),
            looked_at: self.placement.groups.len() as u64,
            reason: None,
            is_evaluated: true,
            count: 0,
            findings: Vec::new(),
        };
        for key in ["recording_id", "split_group"] {
            let sql = format!(
                "SELECT {key}, count(DISTINCT split) AS splits, min(split), max(split), min(recording_id), max(recording_id) \
                 FROM {MEMBERS_TABLE} GROUP BY {key} HAVING count(DISTINCT split) > 1 ORDER BY 1"
            );
            every(&self.making.session, &sql, |cells| {
                found.count += 1;
                if found.findings.len() >= KEPT_FINDINGS {
                    return;
                }
                let text = |column| cells.text(column).unwrap_or_default().to_owned();
                let group = text(0);
                let one = |split: usize, id: usize| Member {
                    recording_id: text(id),
                    start_ns: None,
                    end_ns: None,
                    split: Some(text(split)),
                    split_group: Some(group.clone()),
                };
                found.findings.push(LeakageFinding {
                    first: one(2, 4),
                    second: one(3, 5),
                    measure: "splits".to_owned(),
                    value: cells.count(1) as f64,
                    unit: "count".to_owned(),
                    message: format!("`{group}` is in {} splits", cells.count(1)),
                });
            })
            .await?;
        }
        Ok(found)
    }

    /// What members are of each stream; how many recordings are of any.
    fn stretches(&self) -> (Streams, Vec<Stretch>, u64) {
        let mut streams = Streams::default();
        let mut stretches = Vec::new();
        let mut looked_at = 0;
        for (at, recording) in self.selected.recordings.iter().enumerate() {
            let clock = recording.clock.as_deref();
            let is_timed = clock.is_some_and(|clock| clock != "counted");
            let Some(split) = self.split(at).filter(|_| is_timed) else {
                continue;
            };
            let mut of: Vec<usize> = Vec::new();
            for field in STREAMS {
                let values = self.fields.get(field).and_then(|values| values.get(&at));
                for value in values.into_iter().flatten() {
                    of.push(streams.number(format!("{field} `{value}`")));
                }
            }
            looked_at += u64::from(!of.is_empty());
            let spans = self.selected.spans(recording).enumerate();
            let timed = spans.filter_map(|(span, (start, end))| Some((span, start?, end?)));
            for (span, start_ns, end_ns) in timed {
                stretches.extend(of.iter().map(|stream| Stretch {
                    stream: *stream,
                    start_ns,
                    end_ns,
                    split,
                    row: recording.first + span,
                }));
            }
            streams.of.insert(at, of);
        }
        (streams, stretches, looked_at)
    }

    fn times(&self) -> Found {
        let (streams, stretches, looked_at) = self.stretches();
        let mut near = near_in_time(stretches, self.request.time_gap_ns);
        near.dedup_by_key(|near| (near.first, near.second));
        let finding = |near: &Near| {
            let recordings = [near.first, near.second].map(|at| self.selected.recording_of(at));
            let stream = streams.of_both(recordings);
            let seconds = near.gap_ns as f64 * 1e-9;
            LeakageFinding {
                first: self.member(near.first),
                second: self.member(near.second),
                measure: "gap".to_owned(),
                value: seconds,
                unit: "s".to_owned(),
                message: if near.gap_ns <= 0 {
                    format!("both are of {stream} and overlap by {:.3} s", -seconds)
                } else {
                    format!("both are of {stream} and lie {seconds:.3} s apart")
                },
            }
        };
        let all = self.selected.recordings.len() as u64;
        Found {
            rule: format!(
                "members of one rig or site and of different splits overlap, or less than {} s lie between them",
                self.request.time_gap_ns as f64 * 1e-9
            ),
            reason: left_out(looked_at, all, "a `rig` or `site` and times"),
            is_evaluated: looked_at > 0,
            looked_at,
            count: near.len() as u64,
            findings: near.iter().take(KEPT_FINDINGS).map(finding).collect(),
        }
    }

    fn across<'a>(&'a self, pairs: &'a [Alike]) -> impl Iterator<Item = &'a Alike> {
        pairs
            .iter()
            .filter(|pair| self.split(pair.first) != self.split(pair.second))
    }

    fn contents(&self) -> Found {
        let files = self.likeness.files.iter();
        let files = files.filter(|pair| self.split(pair.first) != self.split(pair.second));
        let of_file = files.map(|pair| LeakageFinding {
            first: self.first_of(pair.first),
            second: self.first_of(pair.second),
            measure: "equal_file".to_owned(),
            value: 1.0,
            unit: String::new(),
            message: format!("both hold the file of SHA-256 `{}`", pair.sha256),
        });
        let alike = self.across(&self.likeness.content).map(|pair| {
            let first = self.selected.recordings.get(pair.first);
            let what = if first.is_some_and(|first| first.has_messages) {
                "messages"
            } else {
                "rows"
            };
            LeakageFinding {
                first: self.first_of(pair.first),
                second: self.first_of(pair.second),
                measure: format!("equal_{what}"),
                value: pair.value,
                unit: String::new(),
                message: format!(
                    "{:.1} % of what both hold together are equal {what}",
                    pair.value * 100.0
                ),
            }
        });
        let all: Vec<LeakageFinding> = of_file.chain(alike).collect();
        let recordings = self.selected.recordings.len() as u64;
        let looked_at = self.likeness.with_content as u64;
        Found {
            rule: format!(
                "recordings of different splits hold the same file, or at least {} % of their messages or rows are equal",
                self.request.content_min_ratio * 100.0
            ),
            reason: left_out(looked_at, recordings, "messages or rows"),
            is_evaluated: looked_at > 0 || !all.is_empty(),
            looked_at,
            count: all.len() as u64,
            findings: all.into_iter().take(KEPT_FINDINGS).collect(),
        }
    }

    fn scenes(&self) -> Found {
        let pairs: Vec<&Alike> = self.across(&self.likeness.scenes).collect();
        let finding = |pair: &&Alike| LeakageFinding {
            first: self.first_of(pair.first),
            second: self.first_of(pair.second),
            measure: "cosine".to_owned(),
            value: pair.value,
            unit: String::new(),
            message: "objects, poses, labels and context of both are nearly the same".to_owned(),
        };
        let recordings = self.selected.recordings.len() as u64;
        let looked_at = self.likeness.with_scene as u64;
        Found {
            rule: format!(
                "the cosine of what recordings of different splits show is at least {}",
                self.request.scene_min_cosine
            ),
            reason: left_out(
                looked_at,
                recordings,
                "objects, poses and labels enough to tell scenes apart",
            ),
            is_evaluated: looked_at > 1,
            looked_at,
            count: pairs.len() as u64,
            findings: pairs.iter().take(KEPT_FINDINGS).map(finding).collect(),
        }
    }
}

/// Rigs and sites that members are of.
#[derive(Default)]
struct Streams {
    numbers: BTreeMap<String, usize>,
    names: Vec<String>,
    /// Those of every recording.
    of: BTreeMap<usize, Vec<usize>>,
}

impl Streams {
    fn number(&mut self, name: String) -> usize {
        let next = self.names.len();
        let number = *self.numbers.entry(name.clone()).or_insert(next);
        if number == next {
            self.names.push(name);
        }
        number
    }

    /// The first that both recordings are of.
    fn of_both(&self, [first, second]: [usize; 2]) -> &str {
        let of = |recording| self.of.get(&recording).map_or(&[][..], Vec::as_slice);
        let mut both = of(first).iter().filter(|one| of(second).contains(one));
        let name = both.next().and_then(|one| self.names.get(*one));
        name.map_or("", String::as_str)
    }
}

fn left_out(looked_at: u64, all: u64, what: &str) -> Option<String> {
    match all.saturating_sub(looked_at) {
        0 => None,
        left if left == all => Some(format!("no recording has {what}")),
        left => Some(format!("{left} of {all} recordings have no {what}")),
    }
}
