//! Two versions of a contract: what changed, and for whom it matters.
//!
//! Read [`compare`] and [`Change`] first. A contract is the set of the data that meet it: a change is backward compatible
//! when everything the old version allows is allowed by the new one, so that readers of the new version can read old
//! data; forward compatible the other way round; full when both hold. What no version names is taken not to be there:
//! adding or dropping what is optional is a full change. Patterns of topics are compared as texts.
//!
//! Not here: bringing old data into the new form ([`super::Migration`]).

use super::values::list;
use super::{
    Categories, Channel, Contract, ContractReference, Field, MigrateError, Migration, Mode, Range,
    Step, TableRule,
};
use crate::display;
use crate::ontology::{Ontology, OntologyId};
use crate::unit::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Who can go on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Compatibility {
    /// Readers of either version read data of the other.
    Full,
    /// Readers of the new version read old data.
    Backward,
    /// Readers of the old version read new data.
    Forward,
    /// Neither.
    None,
}

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Readers of the new version, old data.
    Backward,
    /// Readers of the old version, new data.
    Forward,
}

impl Compatibility {
    const fn of(backward: bool, forward: bool) -> Self {
        match (backward, forward) {
            (true, true) => Self::Full,
            (true, false) => Self::Backward,
            (false, true) => Self::Forward,
            (false, false) => Self::None,
        }
    }

    /// Whether that side can go on.
    pub const fn keeps(self, side: Side) -> bool {
        matches!(
            (self, side),
            (Self::Full, _) | (Self::Backward, Side::Backward) | (Self::Forward, Side::Forward)
        )
    }

    /// What holds when both changes are made.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self::of(
            self.keeps(Side::Backward) && other.keeps(Side::Backward),
            self.keeps(Side::Forward) && other.keeps(Side::Forward),
        )
    }

    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Backward => "backward",
            Self::Forward => "forward",
            Self::None => "none",
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Topic, pattern, table, `context` or `contract`.
    pub stream: String,
    /// Field or column; null where it is about the whole.
    pub field: Option<String>,
    /// What changed: `presence`, `type`, `unit`, `range`, `allowed`, `nulls`, `finite`, `schema`, `encoding`, `frame`,
    /// `rate_hz`, `categories`, `ontology`, `deprecated`.
    pub part: String,
    /// What the old version says.
    pub before: String,
    /// What the new version says.
    pub after: String,
    /// Who can go on.
    pub compatibility: Compatibility,
    /// Why, in words.
    pub explanation: String,
    /// Whether the migration the new version declares takes care of it when old data is read.
    pub migrated: bool,
}

/// Everything that changed between two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changes {
    /// The old version.
    pub old: ContractReference,
    /// The new one.
    pub new: ContractReference,
    /// Changes by stream, field and part.
    pub changes: Vec<Change>,
    /// Who can go on without the migration.
    pub compatibility: Compatibility,
    /// Who can go on when the migration is applied to old data on read; it never helps readers of the old version.
    pub with_migration: Compatibility,
}

/// Why a new version is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// It is another contract.
    #[error("`{new}` is no version of `{old}`\nhint: versions of one contract have one name")]
    OtherContract {
        /// Name of the old one.
        old: String,
        /// Name of the new one.
        new: String,
    },
    /// Its version is not higher.
    #[error(
        "version `{new}` does not follow version `{old}`\nhint: raise `version` with every change"
    )]
    Version {
        /// Version of the old one.
        old: u32,
        /// Version of the new one.
        new: u32,
    },
    /// Its migration does not fit the old version.
    #[error(transparent)]
    Migration(#[from] MigrateError),
    /// It breaks what the old version says its next one keeps.
    #[error(
        "version `{}` must stay `{}` compatible and is not:\n{}\nhint: take the change back, declare a `migrate` step for old data, or give the contract a new name",
        .changes.new.version, mode_name(*.mode), breaking_lines(.changes, *.mode)
    )]
    Breaking {
        /// What must be kept.
        mode: Mode,
        /// All changes.
        changes: Box<Changes>,
    },
}

impl Refused {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherContract { .. } => "contract.other",
            Self::Version { .. } => "contract.version",
            Self::Migration(error) => error.code(),
            Self::Breaking { .. } => "contract.breaking",
        }
    }
}

const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Backward => "backward",
        Mode::Forward => "forward",
        Mode::Full => "full",
        Mode::None => "none",
    }
}

fn breaking_lines(changes: &Changes, mode: Mode) -> String {
    let lines = changes.breaking(mode).map(|change| {
        let place = match &change.field {
            Some(field) => format!("`{field}` of `{}`", change.stream),
            None => format!("`{}`", change.stream),
        };
        format!(
            "  {place}, {}: `{}` becomes `{}`: {}",
            change.part, change.before, change.after, change.explanation
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

impl Changes {
    /// The changes that break what is to be kept.
    pub fn breaking(&self, mode: Mode) -> impl Iterator<Item = &Change> {
        let backward = matches!(mode, Mode::Backward | Mode::Full);
        let forward = matches!(mode, Mode::Forward | Mode::Full);
        self.changes.iter().filter(move |change| {
            let breaks = |side| !change.compatibility.keeps(side);
            (backward && !change.migrated && breaks(Side::Backward))
                || (forward && breaks(Side::Forward))
        })
    }
}

/// What changed from one version to another, and who can go on. `ontologies` are those at hand; a change between
/// ontologies that are not is taken to break both sides.
///
/// Errors: [`MigrateError`] where the new version migrates from the old one by steps that do not fit it. Cost: one pass
/// over both.
pub fn compare(
    old: &Contract,
    new: &Contract,
    ontologies: &[Ontology],
) -> Result<Changes, MigrateError> {
    let plain = Comparison::run(old, new, (ontologies, &BTreeSet::new()));
    let migrates = new
        .migrate
        .as_ref()
        .is_some_and(|migrate| migrate.from == old.version);
    let after = if migrates {
        let migrated = Migration::between(old, new)?.contract(old);
        Comparison::run(&migrated?, new, (ontologies, &settled(new)))
    } else {
        plain.clone()
    };
    let is_in = |list: &[Change], change: &Change| {
        list.iter().any(|other| {
            (&other.stream, &other.field, &other.part)
                == (&change.stream, &change.field, &change.part)
                && other.compatibility == change.compatibility
        })
    };
    let overall = |list: &[Change]| {
        list.iter().fold(Compatibility::Full, |sum, change| {
            sum.and(change.compatibility)
        })
    };
    let compatibility = overall(&plain);
    let with_migration = Compatibility::of(
        overall(&after).keeps(Side::Backward),
        compatibility.keeps(Side::Forward),
    );
    let mut changes: Vec<Change> = after
        .iter()
        .filter(|change| !is_in(&plain, change))
        .cloned()
        .collect();
    changes.extend(plain.into_iter().map(|mut change| {
        change.migrated = !is_in(&after, &change);
        change
    }));
    changes.extend(deprecations(new));
    changes.sort();
    Ok(Changes {
        old: old.reference(),
        new: new.reference(),
        changes,
        compatibility,
        with_migration,
    })
}

/// The changes of a new version that may follow the old one: same name, higher version, and compatible as the old one
/// asks of its next.
///
/// Errors: [`Refused`] with the difference.
pub fn accept(old: &Contract, new: &Contract, ontologies: &[Ontology]) -> Result<Changes, Refused> {
    if old.contract != new.contract {
        return Err(Refused::OtherContract {
            old: old.contract.clone(),
            new: new.contract.clone(),
        });
    }
    if new.version <= old.version {
        return Err(Refused::Version {
            old: old.version,
            new: new.version,
        });
    }
    let changes = compare(old, new, ontologies)?;
    let mode = old.compatibility;
    if changes.breaking(mode).next().is_some() {
        return Err(Refused::Breaking {
            mode,
            changes: Box::new(changes),
        });
    }
    Ok(changes)
}

/// What one version allows and the other does not, both in words; none where there is nothing.
struct Difference {
    before: String,
    after: String,
    only_old: Option<String>,
    only_new: Option<String>,
}

/// What the new version says is not to be used any more, which nobody has to follow yet.
fn deprecations(new: &Contract) -> Vec<Change> {
    let steps = new.migrate.iter().flat_map(|migrate| &migrate.steps);
    let of_step = |step: &Step| {
        let Step::Deprecate(step) = step else {
            return None;
        };
        let word = step.category.as_ref().or(step.field.as_ref())?;
        let instead = step.successor.as_ref();
        let instead = instead.map(|successor| format!(", use `{successor}`"));
        Some(Change {
            stream: step.stream.clone(),
            field: step.field.clone(),
            part: "deprecated".to_owned(),
            before: "in use".to_owned(),
            after: "deprecated".to_owned(),
            compatibility: Compatibility::Full,
            explanation: format!(
                "`{word}` still counts, and is counted{}",
                instead.unwrap_or_default()
            ),
            migrated: false,
        })
    };
    steps.filter_map(of_step).collect()
}

/// Categories whose fate the migration declares, so that the ontology need not.
fn settled(new: &Contract) -> BTreeSet<String> {
    let steps = new.migrate.iter().flat_map(|migrate| &migrate.steps);
    steps
        .flat_map(|step| match step {
            Step::Split(step) => vec![step.category.clone()],
            Step::Merge(step) => step.categories.iter().cloned().collect(),
            _ => Vec::new(),
        })
        .collect()
}

struct Comparison<'a> {
    versions: (u32, u32),
    ontologies: &'a [Ontology],
    /// Old categories that need no place in the new ontology.
    settled: &'a BTreeSet<String>,
    out: Vec<Change>,
}

type Place<'p> = (&'p str, Option<&'p str>);

impl Comparison<'_> {
    fn run(
        old: &Contract,
        new: &Contract,
        (ontologies, settled): (&[Ontology], &BTreeSet<String>),
    ) -> Vec<Change> {
        let mut run = Comparison {
            versions: (old.version, new.version),
            ontologies,
            settled,
            out: Vec::new(),
        };
        run.ontology(old.ontology.as_ref(), new.ontology.as_ref());
        for (topic, sides) in both(&old.channels, &new.channels) {
            let place = (topic.as_str(), None);
            if run.presence(
                place,
                sides.map(|side| side.map(|channel| channel.required)),
            ) && let [Some(a), Some(b)] = sides
            {
                run.channel(topic.as_str(), a, b);
            }
        }
        run.fields("context", &old.context, &new.context);
        for (name, sides) in both(&old.tables, &new.tables) {
            let place = (name.as_str(), None);
            if run.presence(place, sides.map(|side| side.map(|table| table.required)))
                && let [Some(a), Some(b)] = sides
            {
                let classes = [
                    run.categories(a, old.ontology.as_ref()),
                    run.categories(b, new.ontology.as_ref()),
                ];
                run.table(name, (a, b), classes);
            }
        }
        run.out.sort();
        run.out
    }

    fn add(&mut self, place: Place<'_>, part: &str, difference: Difference) {
        let (old, new) = self.versions;
        let mut reasons = Vec::new();
        if let Some(only_new) = &difference.only_new {
            reasons.push(format!("readers of version {old} would meet {only_new}"));
        }
        if let Some(only_old) = &difference.only_old {
            reasons.push(format!(
                "data of version {old} may have {only_old}, which readers of version {new} do not expect"
            ));
        }
        if reasons.is_empty() {
            reasons.push("nobody is affected".to_owned());
        }
        self.out.push(Change {
            stream: place.0.to_owned(),
            field: place.1.map(str::to_owned),
            part: part.to_owned(),
            before: difference.before,
            after: difference.after,
            compatibility: Compatibility::of(
                difference.only_old.is_none(),
                difference.only_new.is_none(),
            ),
            explanation: reasons.join("; "),
            migrated: false,
        });
    }

    /// Whether both versions have it, after saying what changed about that.
    fn presence(&mut self, place: Place<'_>, required: [Option<bool>; 2]) -> bool {
        let word = |required: Option<bool>| match required {
            None => "absent",
            Some(true) => "required",
            Some(false) => "optional",
        };
        let [old, new] = required;
        if old != new {
            let name = place.1.unwrap_or(place.0);
            let missing = || Some(format!("no `{name}`"));
            self.add(
                place,
                "presence",
                Difference {
                    before: word(old).to_owned(),
                    after: word(new).to_owned(),
                    only_old: (new == Some(true)).then(missing).flatten(),
                    only_new: (old == Some(true)).then(missing).flatten(),
                },
            );
        }
        old.is_some() && new.is_some()
    }

    /// A word that must be that and no other.
    fn word(&mut self, place: Place<'_>, part: &str, sides: [Option<&str>; 2]) {
        let [old, new] = sides;
        if old == new {
            return;
        }
        let other = |mine: Option<&str>, theirs: Option<&str>| match (mine, theirs) {
            (_, None) => None,
            (Some(mine), Some(_)) => Some(format!("the {part} {mine}")),
            (None, Some(theirs)) => Some(format!("another {part} than {theirs}")),
        };
        let shown = |side: Option<&str>| side.unwrap_or("any").to_owned();
        self.add(
            place,
            part,
            Difference {
                before: shown(old),
                after: shown(new),
                only_old: other(old, new),
                only_new: other(new, old),
            },
        );
    }

    fn channel(&mut self, topic: &str, old: &Channel, new: &Channel) {
        let place = (topic, None);
        self.word(
            place,
            "schema",
            [old.schema.as_deref(), new.schema.as_deref()],
        );
        self.word(
            place,
            "encoding",
            [old.encoding.as_deref(), new.encoding.as_deref()],
        );
        self.word(place, "frame", [old.frame.as_deref(), new.frame.as_deref()]);
        let open = Range {
            min: None,
            max: None,
        };
        let rates = [old.rate_hz.unwrap_or(open), new.rate_hz.unwrap_or(open)];
        self.range(place, "rate_hz", rates, ("rates", " Hz"));
        self.fields(topic, &old.fields, &new.fields);
    }

    fn table(
        &mut self,
        name: &str,
        (old, new): (&TableRule, &TableRule),
        classes: [Result<Option<BTreeSet<String>>, String>; 2],
    ) {
        let place = (name, None);
        match classes {
            [Ok(a), Ok(b)] => self.words(place, "categories", [a.as_ref(), b.as_ref()]),
            [a, b] if old.categories != new.categories => {
                let reason = a.err().or(b.err()).unwrap_or_default();
                self.unknown(place, "categories", &reason);
            }
            _ => {}
        }
        self.fields(name, &old.fields, &new.fields);
    }

    /// A change nothing can be promised about.
    fn unknown(&mut self, place: Place<'_>, part: &str, reason: &str) {
        self.out.push(Change {
            stream: place.0.to_owned(),
            field: place.1.map(str::to_owned),
            part: part.to_owned(),
            before: "not known".to_owned(),
            after: "not known".to_owned(),
            compatibility: Compatibility::None,
            explanation: format!("{reason}, so nothing can be promised"),
            migrated: false,
        });
    }

    fn fields(
        &mut self,
        stream: &str,
        old: &BTreeMap<String, Field>,
        new: &BTreeMap<String, Field>,
    ) {
        for (name, sides) in both(old, new) {
            let place = (stream, Some(name.as_str()));
            if self.presence(place, sides.map(|side| side.map(|field| field.required)))
                && let [Some(a), Some(b)] = sides
            {
                self.field(place, a, b);
            }
        }
    }

    fn field(&mut self, place: Place<'_>, old: &Field, new: &Field) {
        self.kind(place, old, new);
        let units = [old.unit, new.unit].map(|unit| unit.map(Unit::name));
        self.word(place, "unit", units);
        // Numbers in different units cannot be compared; the unit says it all.
        if old.unit == new.unit || old.unit.is_none() || new.unit.is_none() {
            let ranges = [old, new].map(|field| Range {
                min: field.min,
                max: field.max,
            });
            let unit = new
                .unit
                .or(old.unit)
                .map(|unit| format!(" {unit}"))
                .unwrap_or_default();
            self.range(place, "range", ranges, ("values", &unit));
        }
        self.words(
            place,
            "allowed",
            [old.allowed.as_ref(), new.allowed.as_ref()],
        );
        let (a, b) = (old.nulls.largest_share(), new.nulls.largest_share());
        if a.total_cmp(&b).is_ne() {
            let shown = |share: f64| display::quantity(share, "share");
            let more = |share: f64| Some(format!("up to {} missing values", shown(share)));
            self.add(
                place,
                "nulls",
                Difference {
                    before: shown(a),
                    after: shown(b),
                    only_old: (a > b).then(|| more(a)).flatten(),
                    only_new: (b > a).then(|| more(b)).flatten(),
                },
            );
        }
        if old.finite != new.finite {
            let word = |finite| if finite { "finite" } else { "any" }.to_owned();
            let odd = |there: bool| there.then(|| "NaN or infinities".to_owned());
            self.add(
                place,
                "finite",
                Difference {
                    before: word(old.finite),
                    after: word(new.finite),
                    only_old: odd(new.finite),
                    only_new: odd(old.finite),
                },
            );
        }
    }

    fn kind(&mut self, place: Place<'_>, old: &Field, new: &Field) {
        if old.kind == new.kind {
            return;
        }
        let shown = |field: &Field| field.kind.map_or("any".to_owned(), |kind| kind.to_string());
        // Values of `mine` that are none of `theirs`.
        let beyond = |mine: &Field, theirs: &Field| match (mine.kind, theirs.kind) {
            (_, None) => None,
            (None, Some(kind)) => Some(format!("values that are no {kind}")),
            (Some(mine), Some(theirs)) => (!theirs.holds(mine))
                .then(|| format!("values of {mine} that {theirs} does not hold")),
        };
        self.add(
            place,
            "type",
            Difference {
                before: shown(old),
                after: shown(new),
                only_old: beyond(old, new),
                only_new: beyond(new, old),
            },
        );
    }

    fn range(
        &mut self,
        place: Place<'_>,
        part: &str,
        [old, new]: [Range; 2],
        (what, unit): (&str, &str),
    ) {
        if old == new {
            return;
        }
        let only_old = beyond(old, new, what, unit);
        let only_new = beyond(new, old, what, unit);
        if only_old.is_none() && only_new.is_none() {
            // Ends that differ by rounding of a conversion are the same.
            return;
        }
        self.add(
            place,
            part,
            Difference {
                before: old.text(unit),
                after: new.text(unit),
                only_old,
                only_new,
            },
        );
    }

    /// Lists of words; none allows all.
    fn words(&mut self, place: Place<'_>, part: &str, [old, new]: [Option<&BTreeSet<String>>; 2]) {
        if old == new {
            return;
        }
        let beyond = |mine: Option<&BTreeSet<String>>, theirs: Option<&BTreeSet<String>>| {
            let theirs = theirs?;
            let Some(mine) = mine else {
                return Some("values outside of the list".to_owned());
            };
            let more: Vec<_> = mine
                .difference(theirs)
                .map(|word| format!("`{word}`"))
                .collect();
            (!more.is_empty()).then(|| more.join(", "))
        };
        let shown = |side: Option<&BTreeSet<String>>| side.map_or("any".to_owned(), list);
        self.add(
            place,
            part,
            Difference {
                before: shown(old),
                after: shown(new),
                only_old: beyond(old, new),
                only_new: beyond(new, old),
            },
        );
    }

    fn found(&self, id: &OntologyId) -> Result<&Ontology, String> {
        let mut all = self.ontologies.iter();
        all.find(|ontology| ontology.id() == *id)
            .ok_or_else(|| format!("ontology `{id}` is not at hand"))
    }

    fn categories(
        &self,
        rule: &TableRule,
        ontology: Option<&OntologyId>,
    ) -> Result<Option<BTreeSet<String>>, String> {
        match (&rule.categories, ontology) {
            (None, _) => Ok(None),
            (Some(Categories::List(list)), _) => Ok(Some(list.clone())),
            (Some(Categories::Ontology), Some(id)) => Ok(Some(self.found(id)?.labels())),
            (Some(Categories::Ontology), None) => Err("no ontology is named".to_owned()),
        }
    }

    fn ontology(&mut self, old: Option<&OntologyId>, new: Option<&OntologyId>) {
        let place = ("contract", None);
        let (Some(a), Some(b)) = (old, new) else {
            let sides = [old, new].map(|side| side.map(ToString::to_string));
            self.word(
                place,
                "ontology",
                sides.each_ref().map(|side| side.as_deref()),
            );
            return;
        };
        if a == b {
            return;
        }
        let (from, to) = match (self.found(a), self.found(b)) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(reason), _) | (_, Err(reason)) => {
                self.unknown(place, "ontology", &reason);
                return;
            }
        };
        let said = |lost: &BTreeSet<String>| {
            let words: Vec<_> = lost.iter().map(|class| format!("`{class}`")).collect();
            (!words.is_empty())
                .then(|| format!("classes that have no one place: {}", words.join(", ")))
        };
        let mut old_lost = from.lost_to(to);
        old_lost.retain(|class| !self.settled.contains(class));
        let (only_old, only_new) = (said(&old_lost), said(&to.lost_to(from)));
        self.add(
            place,
            "ontology",
            Difference {
                before: a.to_string(),
                after: b.to_string(),
                only_old,
                only_new,
            },
        );
    }
}

/// What `mine` holds beyond `theirs`; ends within 1e-12 of each other are the same.
fn beyond(mine: Range, theirs: Range, what: &str, unit: &str) -> Option<String> {
    let apart = |a: f64, b: f64| (a - b).abs() > 1e-12 * a.abs().max(b.abs());
    let mut parts = Vec::new();
    if let Some(limit) = theirs.min
        && mine.min.is_none_or(|min| min < limit && apart(min, limit))
    {
        parts.push(format!("{what} below {limit}{unit}"));
    }
    if let Some(limit) = theirs.max
        && mine.max.is_none_or(|max| max > limit && apart(max, limit))
    {
        parts.push(format!("{what} above {limit}{unit}"));
    }
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// Every key of two maps with what each has.
fn both<'m, K: Ord, V>(
    old: &'m BTreeMap<K, V>,
    new: &'m BTreeMap<K, V>,
) -> impl Iterator<Item = (&'m K, [Option<&'m V>; 2])> {
    let keys: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    keys.into_iter()
        .map(move |key| (key, [old.get(key), new.get(key)]))
}
