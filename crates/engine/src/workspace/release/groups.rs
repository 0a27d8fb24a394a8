//! Recordings to groups, and groups to splits.
//!
//! Read [`place`] first. Not here: which recordings are alike (`likeness`), the rule by which groups are given out
//! (`measure::split`).

use super::cells::every;
use super::likeness::Likeness;
use super::select::{Recording, Selected, about_members};
use super::{Making, Source};
use crate::EngineError;
use fieldassay_measure::split::{Group, SplitError, assign, joined};
use fieldassay_model::display::iso8601;
use fieldassay_model::release::{Part, Split, SplitReport, Stratum};
use fieldassay_store::Releases;
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};

/// By how much a split may miss its share before the report says so.
const TOLERANCE: f64 = 0.01;

/// Where recordings go.
#[derive(Clone, Debug, Default)]
pub(super) struct Placement {
    /// Names of the splits.
    pub(super) splits: Vec<String>,
    /// Names of the groups.
    pub(super) groups: Vec<String>,
    /// Group and split of every recording.
    pub(super) of: Vec<(usize, usize)>,
    /// What it came to.
    pub(super) report: Option<SplitReport>,
    /// Groups that stayed where earlier releases had them.
    pub(super) kept_groups: u64,
    /// What to mind that is not of the release itself.
    pub(super) notes: Vec<String>,
}

impl Placement {
    /// Split and group of a recording, by names.
    pub(super) fn names(&self, recording: usize) -> (Option<&str>, Option<&str>) {
        let Some((group, split)) = self.of.get(recording) else {
            return (None, None);
        };
        (
            self.splits.get(*split).map(String::as_str),
            self.groups.get(*group).map(String::as_str),
        )
    }
}

/// Values of fields of the context, by recording.
pub(super) type Fields = BTreeMap<String, BTreeMap<usize, BTreeSet<String>>>;

/// Reads fields of the context of all members.
pub(super) async fn fields(
    making: &Making,
    selected: &Selected,
    names: &BTreeSet<&str>,
) -> Result<Fields, EngineError> {
    let mut fields: Fields = BTreeMap::new();
    if names.is_empty() {
        return Ok(fields);
    }
    let list: Vec<String> = names.iter().map(|name| super::quoted(name)).collect();
    let sql = format!(
        "SELECT recording_id, field, value FROM context WHERE field IN ({}) AND {}",
        list.join(", "),
        about_members("recording_id")
    );
    every(&making.session, &sql, |cells| {
        let recording = cells.text(0).and_then(|id| selected.find(id));
        if let (Some(recording), Some(field), Some(value)) =
            (recording, cells.text(1), cells.text(2))
        {
            let of = fields.entry(field.to_owned()).or_default();
            of.entry(recording).or_default().insert(value.to_owned());
        }
    })
    .await?;
    Ok(fields)
}

/// Sequences that files of labels speak of, by recording.
async fn sequences(
    making: &Making,
    selected: &Selected,
) -> Result<BTreeMap<usize, BTreeSet<String>>, EngineError> {
    let mut found: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let sql = format!(
        "SELECT DISTINCT recording_id, item FROM items WHERE step IS NOT NULL AND {}",
        about_members("recording_id")
    );
    every(&making.session, &sql, |cells| {
        let recording = cells.text(0).and_then(|id| selected.find(id));
        if let (Some(recording), Some(item)) = (recording, cells.text(1)) {
            found.entry(recording).or_default().insert(item.to_owned());
        }
    })
    .await?;
    Ok(found)
}

/// Puts every recording into a group and every group into a split.
///
/// Errors: a field that nobody knows, [`EngineError::Request`] where a split would be empty.
pub(super) async fn place(
    making: &Making,
    selected: &Selected,
    (split, likeness): (&Split, &Likeness),
    kept: &[Source],
) -> Result<Placement, EngineError> {
    let names: BTreeSet<&str> = split
        .by
        .iter()
        .map(String::as_str)
        .chain(split.stratify.as_deref())
        .collect();
    let fields = fields(making, selected, &names).await?;
    let words = words(making, selected, split, (&fields, likeness)).await?;
    let roots = joined(words.iter().map(Vec::as_slice));
    let mut by_root: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (recording, root) in roots.iter().enumerate() {
        by_root.entry(*root).or_default().push(recording);
    }
    let name = |recordings: &[usize]| {
        let words = recordings.iter().filter_map(|at| words.get(*at)).flatten();
        words.min().cloned().unwrap_or_default()
    };
    let mut named: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for recordings in by_root.into_values() {
        named.insert(name(&recordings), recordings);
    }
    let memory = Memory::read(making, kept).await?;
    let strata = strata(split, &fields, selected)?;
    let mut placement = Placement {
        splits: split
            .shares
            .iter()
            .map(|share| share.name.clone())
            .collect(),
        of: vec![(0, 0); selected.recordings.len()],
        ..Placement::default()
    };
    let groups = named.iter().map(|(name, recordings)| {
        let stays = memory.split_of(name, recordings, selected);
        let mut known = placement.splits.iter();
        Group {
            turn: turn(split.seed, name),
            members: strata.members(recordings, selected),
            stays: stays.and_then(|split| known.position(|known| *known == split)),
        }
    });
    let groups: Vec<Group> = groups.collect();
    let stay = groups.iter().filter(|group| group.stays.is_some());
    placement.kept_groups = stay.count() as u64;
    let shares: Vec<f64> = split
        .shares
        .iter()
        .map(|share| f64::from(share.parts))
        .collect();
    let done = assign(&groups, &shares).map_err(|error| impossible(split, &error, named.len()))?;
    for (at, (recordings, split)) in named.values().zip(&done.splits).enumerate() {
        for recording in recordings {
            if let Some(place) = placement.of.get_mut(*recording) {
                *place = (at, *split);
            }
        }
    }
    let mut report = report(split, &shares, (&groups, &done.splits), &strata.names);
    report.deviations.extend(unknown(split, &named, selected));
    placement.report = Some(report);
    placement.groups = named.into_keys().collect();
    placement.notes = memory.notes(&placement, selected);
    Ok(placement)
}

fn turn(seed: u64, name: &str) -> [u8; 32] {
    let mut hash = sha2::Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(name.as_bytes());
    hash.finalize().into()
}

/// What ties a recording to others, a word per key and value.
async fn words(
    making: &Making,
    selected: &Selected,
    split: &Split,
    (fields, likeness): (&Fields, &Likeness),
) -> Result<Vec<Vec<String>>, EngineError> {
    let needs_sequences = split.by.iter().any(|key| key == "scene");
    let sequences = if needs_sequences {
        sequences(making, selected).await?
    } else {
        BTreeMap::new()
    };
    let none = BTreeSet::new();
    let values_of = |key: &str, at: usize, recording: &Recording| -> Vec<String> {
        let said = fields.get(key).and_then(|values| values.get(&at));
        match key {
            "recording" => vec![recording.id.clone()],
            "day" => {
                let start = recording.start_ns.map(iso8601);
                let day = start.as_ref().and_then(|start| start.get(..10));
                day.map(str::to_owned).into_iter().collect()
            }
            "near_duplicate" => {
                let first = selected.recordings.get(likeness.cluster(at));
                vec![first.unwrap_or(recording).id.clone()]
            }
            "scene" => {
                let said = said.or_else(|| sequences.get(&at));
                said.unwrap_or(&none).iter().cloned().collect()
            }
            _ => said.unwrap_or(&none).iter().cloned().collect(),
        }
    };
    let mut all: Vec<Vec<String>> = vec![Vec::new(); selected.recordings.len()];
    for key in &split.by {
        let mut is_known = false;
        for (at, (recording, words)) in selected.recordings.iter().zip(&mut all).enumerate() {
            let values = values_of(key, at, recording);
            is_known |= !values.is_empty();
            words.extend(values.iter().map(|value| format!("{key}={value}")));
        }
        if !is_known {
            return Err(nobody_knows(key));
        }
    }
    // What nothing is known of stays together: it cannot be shown to be of different groups.
    let nothing = format!("{}=", split.by.join("+"));
    for words in all.iter_mut().filter(|words| words.is_empty()) {
        words.push(nothing.clone());
    }
    Ok(all)
}

fn nobody_knows(key: &str) -> EngineError {
    let known = Split::keys().iter().copied();
    let known = known.chain(
        fieldassay_model::tables::CONTEXT_FIELDS
            .iter()
            .map(|field| field.name),
    );
    let near = fieldassay_model::nearest(key, known);
    let near = near.filter(|near| *near != key);
    let near = near.map_or_else(String::new, |near| format!(" Did you mean `{near}`?"));
    EngineError::Request {
        message: format!(
            "no member has a `{key}`, so it makes no groups\nhint: keys are {} and fields of the context; `fieldassay query \"select distinct field from context\"` lists these.{near}",
            Split::keys().join(", ")
        ),
    }
}

/// Members without a value of any key, which stay together.
fn unknown(
    split: &Split,
    named: &BTreeMap<String, Vec<usize>>,
    selected: &Selected,
) -> Option<String> {
    let recordings = named.get(&format!("{}=", split.by.join("+")))?;
    let members: usize = recordings
        .iter()
        .filter_map(|at| selected.recordings.get(*at))
        .map(|one| one.members)
        .sum();
    Some(format!(
        "{members} members have no `{}`: they stay together as one group",
        split.by.join("` and no `")
    ))
}

struct Strata {
    names: Vec<String>,
    of: BTreeMap<usize, usize>,
}

impl Strata {
    /// Members of these recordings by stratum.
    fn members(&self, recordings: &[usize], selected: &Selected) -> Vec<(usize, u64)> {
        let mut members: BTreeMap<usize, u64> = BTreeMap::new();
        for at in recordings {
            let stratum = self.of.get(at).copied().unwrap_or(0);
            let count = selected.recordings.get(*at).map_or(0, |one| one.members);
            *members.entry(stratum).or_default() += count as u64;
        }
        members.into_iter().collect()
    }
}

fn strata(split: &Split, fields: &Fields, selected: &Selected) -> Result<Strata, EngineError> {
    let Some(field) = &split.stratify else {
        return Ok(Strata {
            names: Vec::new(),
            of: BTreeMap::new(),
        });
    };
    let values = fields.get(field).ok_or_else(|| nobody_knows(field))?;
    let value_of = |at: usize| {
        let values = values.get(&at);
        let values = values.map(|values| values.iter().cloned().collect::<Vec<_>>().join(", "));
        values.unwrap_or_default()
    };
    let all: Vec<String> = (0..selected.recordings.len()).map(value_of).collect();
    let names: BTreeSet<&String> = all.iter().collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    let of = all.iter().enumerate().filter_map(|(at, value)| {
        let stratum = names.binary_search(value).ok()?;
        Some((at, stratum))
    });
    Ok(Strata {
        of: of.collect(),
        names,
    })
}

fn impossible(split: &Split, error: &SplitError, groups: usize) -> EngineError {
    let by = split.by.join("+");
    let message = match error {
        SplitError::TooFewGroups { splits, .. } => format!(
            "the shares cannot be met: `{by}` makes {groups} groups, and {splits} splits are asked for\nhint: groups are never torn apart; take a key with more values, or fewer splits"
        ),
        SplitError::NothingLeft { split: at, free } => {
            let name = split
                .shares
                .get(*at)
                .map_or("", |share| share.name.as_str());
            format!(
                "split `{name}` would be empty: of {groups} groups of `{by}` all but {free} stay in the splits that earlier versions gave them\nhint: take the shares of those, or another name or --seed"
            )
        }
        other => other.to_string(),
    };
    EngineError::Request { message }
}

fn report(
    split: &Split,
    shares: &[f64],
    (groups, splits): (&[Group], &[usize]),
    strata: &[String],
) -> SplitReport {
    let sum: f64 = shares.iter().sum();
    let size = |group: &Group| group.members.iter().map(|(_, count)| count).sum::<u64>();
    let total: u64 = groups.iter().map(size).sum();
    let (mut parts, mut deviations) = (Vec::new(), Vec::new());
    for (at, (share, wanted)) in split.shares.iter().zip(shares).enumerate() {
        let of = groups.iter().zip(splits).filter(|(_, split)| **split == at);
        let of: Vec<&Group> = of.map(|(group, _)| group).collect();
        let members: u64 = of.iter().map(|group| size(group)).sum();
        let counts = strata.iter().enumerate().map(|(stratum, value)| {
            let counts = of.iter().flat_map(|group| &group.members);
            let counts = counts.filter(|(one, _)| *one == stratum);
            Stratum {
                value: value.clone(),
                members: counts.map(|(_, count)| count).sum(),
            }
        });
        let ratio = members as f64 / total.max(1) as f64;
        let wanted_ratio = wanted / sum;
        if (ratio - wanted_ratio).abs() > TOLERANCE {
            let largest = of.iter().map(|group| size(group)).max().unwrap_or(0);
            deviations.push(format!(
                "`{}` has {:.1} % of the members where {:.1} % were asked for: there are {} groups, and the largest in it has {:.1} %",
                share.name,
                ratio * 100.0,
                wanted_ratio * 100.0,
                groups.len(),
                largest as f64 / total.max(1) as f64 * 100.0
            ));
        }
        parts.push(Part {
            name: share.name.clone(),
            wanted_ratio,
            ratio,
            members,
            groups: of.len() as u64,
            strata: counts.collect(),
        });
    }
    SplitReport {
        by: split.by.clone(),
        groups: groups.len() as u64,
        parts,
        deviations,
    }
}

/// Where earlier releases had what.
#[derive(Default)]
struct Memory {
    recordings: BTreeMap<String, String>,
    groups: BTreeMap<String, String>,
}

impl Memory {
    /// Reads the members of earlier releases, the newest first: what a newer one says of a group or a recording holds.
    async fn read(making: &Making, kept: &[Source]) -> Result<Self, EngineError> {
        let mut memory = Self::default();
        for (at, source) in kept.iter().enumerate() {
            let name = format!("kept_members_{at}");
            let path = making.scratch.path().join(format!("{name}.parquet"));
            let file = std::fs::File::create(&path);
            let mut file = file.map_err(|error| EngineError::io("write", &path, error))?;
            let releases = Releases::new(making.place.clone());
            let copied = releases.copy(&source.manifest_sha256, "members.parquet", &mut file);
            copied.await?;
            making.session.add_parquet(&name, &path).await?;
            let sql = format!(
                "SELECT recording_id, split_group, min(split) FROM {name} WHERE split IS NOT NULL GROUP BY 1, 2"
            );
            every(&making.session, &sql, |cells| {
                let Some(split) = cells.text(2) else { return };
                if let Some(id) = cells.text(0) {
                    let place = memory.recordings.entry(id.to_owned());
                    place.or_insert_with(|| split.to_owned());
                }
                if let Some(group) = cells.text(1) {
                    let place = memory.groups.entry(group.to_owned());
                    place.or_insert_with(|| split.to_owned());
                }
            })
            .await?;
        }
        Ok(memory)
    }

    /// The split of most of its members, else that of the group of its name.
    fn split_of(&self, name: &str, recordings: &[usize], selected: &Selected) -> Option<String> {
        let mut votes: BTreeMap<&String, usize> = BTreeMap::new();
        for recording in recordings
            .iter()
            .filter_map(|at| selected.recordings.get(*at))
        {
            if let Some(split) = self.recordings.get(&recording.id) {
                *votes.entry(split).or_default() += recording.members;
            }
        }
        let best = votes.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        let best = best.map(|(split, _)| (*split).clone());
        best.or_else(|| self.groups.get(name).cloned())
    }

    /// Recordings that are in another split than before, because what they were grouped with is now one group.
    fn notes(&self, placement: &Placement, selected: &Selected) -> Vec<String> {
        let all = selected.recordings.iter().enumerate();
        let moved = all.filter_map(|(at, recording)| {
            let before = self.recordings.get(&recording.id)?;
            let (now, group) = placement.names(at);
            let now = now.filter(|now| now != before)?;
            Some(format!(
                "`{}` moves from `{before}` to `{now}`: its group `{}` joins groups that were in both",
                recording.id,
                group.unwrap_or_default()
            ))
        });
        moved.take(20).collect()
    }
}
