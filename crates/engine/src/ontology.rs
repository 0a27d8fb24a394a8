//! `ontology`: the file of an ontology, where its classes go, and what a new version changes.
//!
//! Read [`check`], [`map`] and [`compare`]: each reads files and gives a document.
//!
//! Not here: the rules (`model::ontology`), drift of classes in a workspace (`workspace::classes`).

use crate::EngineError;
use crate::contract::files::ontology;
use fieldassay_model::ontology::{Loss, OntologyError, OntologyId, Problem, Relation};
use fieldassay_model::{Ontology, nearest};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// Version of the documents.
const DOCUMENT_VERSION: u32 = 1;

/// The document of `ontology check --json`.
#[derive(Clone, Debug, Serialize)]
pub struct CheckDocument {
    /// `fieldassay.ontology_check`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// `name@version`.
    pub ontology: String,
    /// SHA-256 of its canonical JSON.
    pub sha256: String,
    /// Classes.
    pub classes: usize,
    /// Those labels may say: neither abstract nor deprecated.
    pub labels: usize,
    /// Those that are not to be used any more.
    pub deprecated: Vec<String>,
    /// Classes without a definition, which annotators have to guess.
    pub without_definition: Vec<String>,
    /// Its mappings.
    pub mappings: Vec<CheckedMapping>,
}

/// A mapping, held to what it leads to.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedMapping {
    /// Where it leads.
    pub to: String,
    /// Whether that is at hand; nothing was looked at where it is not.
    pub at_hand: bool,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// What it cannot keep.
    pub losses: Vec<Loss>,
}

/// Holds the file of an ontology to its rules, and its mappings to what they lead to: what is given, lies beside it or
/// comes with the program.
///
/// Errors: files that cannot be read, with the line.
pub fn check(named: &str, others: &[String]) -> Result<CheckDocument, EngineError> {
    let one = ontology(named)?;
    let at_hand = at_hand(named, others)?;
    let mut mappings = Vec::new();
    for mapping in &one.mappings {
        let target = found(&at_hand, &mapping.to);
        let problems = target.as_ref().map(|target| one.problems(target));
        mappings.push(CheckedMapping {
            to: mapping.to.to_string(),
            at_hand: target.is_some(),
            problems: problems.transpose().map_err(wrong)?.unwrap_or_default(),
            losses: one.losses(&mapping.to).map_err(wrong)?,
        });
    }
    let named = |keep: &dyn Fn(&fieldassay_model::ontology::Class) -> bool| {
        let classes = one.classes.iter().filter(|(_, class)| keep(class));
        classes.map(|(name, _)| name.clone()).collect()
    };
    Ok(CheckDocument {
        schema: "fieldassay.ontology_check",
        version: DOCUMENT_VERSION,
        ontology: one.id().to_string(),
        sha256: one.sha256(),
        classes: one.classes.len(),
        labels: one.labels().len(),
        deprecated: named(&|class| class.deprecated.is_some()),
        without_definition: named(&|class| {
            class.definition.is_empty() && class.deprecated.is_none()
        }),
        mappings,
    })
}

/// The document of `ontology map --json`.
#[derive(Clone, Debug, Serialize)]
pub struct MapDocument {
    /// `fieldassay.ontology_map`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// From where, `name@version`.
    pub ontology: String,
    /// Where to.
    pub to: String,
    /// Every class labels may say or could say once, by name.
    pub classes: Vec<MappedClass>,
    /// What the mapping cannot keep.
    pub losses: Vec<Loss>,
    /// What is wrong with it, where what it leads to is at hand.
    pub problems: Vec<Problem>,
}

/// Where one class goes.
#[derive(Clone, Debug, Serialize)]
pub struct MappedClass {
    /// The class.
    pub class: String,
    /// How well it fits.
    pub relation: Relation,
    /// The classes there; none where it has no place.
    pub classes: Vec<String>,
    /// The class whose entry was used, where it is not its own.
    pub through: Option<String>,
    /// Whether it is not to be used any more.
    pub deprecated: bool,
}

/// Where each class of an ontology goes in another: `name@version`, the name of one that comes with the program, or a file.
///
/// Errors: files that cannot be read; a mapping it does not have, with those it has.
pub fn map(named: &str, to: &str) -> Result<MapDocument, EngineError> {
    let one = ontology(named)?;
    let target = match OntologyId::try_from(to.to_owned()) {
        Ok(id) if !Path::new(to).exists() => (found(&at_hand(named, &[])?, &id), id),
        _ => {
            let known = one.mappings.iter().find(|mapping| mapping.to.name == to);
            if let Some(mapping) = known.filter(|_| !Path::new(to).exists()) {
                (Ontology::built_in(to).ok(), mapping.to.clone())
            } else {
                let target = ontology(to)?;
                let id = target.id();
                (Some(target), id)
            }
        }
    };
    let (target, to) = target;
    let mut classes = Vec::new();
    for (name, class) in one.classes.iter().filter(|(_, class)| !class.is_abstract) {
        let mapped = one.map(&to, name).map_err(wrong)?;
        classes.push(MappedClass {
            class: name.clone(),
            relation: mapped.relation,
            classes: mapped.classes,
            through: mapped.through,
            deprecated: class.deprecated.is_some(),
        });
    }
    let problems = target.filter(|target| target.id() == to);
    let problems = problems.map(|target| one.problems(&target)).transpose();
    Ok(MapDocument {
        schema: "fieldassay.ontology_map",
        version: DOCUMENT_VERSION,
        ontology: one.id().to_string(),
        losses: one.losses(&to).map_err(wrong)?,
        problems: problems.map_err(wrong)?.unwrap_or_default(),
        to: to.to_string(),
        classes,
    })
}

/// The document of `ontology compare --json`.
#[derive(Clone, Debug, Serialize)]
pub struct CompareDocument {
    /// `fieldassay.ontology_compare`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// The old one, `name@version`.
    pub old: String,
    /// The new one.
    pub new: String,
    /// Classes only the new one has.
    pub added: Vec<String>,
    /// Classes only the old one has.
    pub removed: Vec<String>,
    /// Classes the new one says are not to be used any more.
    pub deprecated: Vec<String>,
    /// Classes whose definition, parent, number or attributes changed, and in what.
    pub changed: Vec<ChangedClass>,
    /// Old labels that have no one place in the new version: they need a look, or are lost.
    pub lost: Vec<LostClass>,
}

/// A class that changed.
#[derive(Clone, Debug, Serialize)]
pub struct ChangedClass {
    /// The class.
    pub class: String,
    /// `definition`, `parent`, `id`, `attributes`, `abstract`.
    pub parts: Vec<&'static str>,
}

/// An old label without one place.
#[derive(Clone, Debug, Serialize)]
pub struct LostClass {
    /// The class.
    pub class: String,
    /// The class of the new version with the nearest name.
    pub nearest: Option<String>,
}

/// What a new version of an ontology changes, and which old labels have no one place in it.
///
/// Errors: files that cannot be read; another ontology, or a version that is not higher.
pub fn compare(old: &str, new: &str) -> Result<CompareDocument, EngineError> {
    let (old, new) = (ontology(old)?, ontology(new)?);
    if old.ontology != new.ontology || old.version >= new.version {
        return Err(EngineError::Request {
            message: format!(
                "`{}` does not follow `{}`\nhint: versions of one ontology have one name, and the new one a higher number; `fieldassay ontology map` is for others",
                new.id(),
                old.id()
            ),
        });
    }
    let names = |one: &Ontology| one.classes.keys().cloned().collect::<BTreeSet<_>>();
    let (before, after) = (names(&old), names(&new));
    let labels = new.labels();
    let lost = old.lost_to(&new).into_iter().map(|class| LostClass {
        nearest: nearest(&class, labels.iter().map(String::as_str)).map(str::to_owned),
        class,
    });
    let is_deprecated = |one: &Ontology, name: &str| {
        let class = one.classes.get(name);
        class.is_some_and(|class| class.deprecated.is_some())
    };
    let deprecated = after
        .iter()
        .filter(|name| is_deprecated(&new, name) && !is_deprecated(&old, name));
    Ok(CompareDocument {
        schema: "fieldassay.ontology_compare",
        version: DOCUMENT_VERSION,
        old: old.id().to_string(),
        new: new.id().to_string(),
        added: after.difference(&before).cloned().collect(),
        removed: before.difference(&after).cloned().collect(),
        deprecated: deprecated.cloned().collect(),
        changed: changed(&old, &new),
        lost: lost.collect(),
    })
}

fn changed(old: &Ontology, new: &Ontology) -> Vec<ChangedClass> {
    let both = old.classes.iter().filter_map(|(name, before)| {
        let after = new.classes.get(name)?;
        let parts = [
            ("definition", before.definition != after.definition),
            ("parent", before.parent != after.parent),
            ("id", before.id != after.id),
            ("attributes", before.attributes != after.attributes),
            ("abstract", before.is_abstract != after.is_abstract),
        ];
        let parts = parts.iter().filter(|(_, differs)| *differs);
        Some(ChangedClass {
            class: name.clone(),
            parts: parts.map(|(part, _)| *part).collect(),
        })
    });
    both.filter(|one| !one.parts.is_empty()).collect()
}

/// Ontologies that are given, and those that lie beside a file.
fn at_hand(named: &str, others: &[String]) -> Result<Vec<Ontology>, EngineError> {
    let given = others.iter().map(|named| ontology(named));
    let mut all = given.collect::<Result<Vec<_>, _>>()?;
    if Path::new(named).is_file() {
        all.extend(crate::contract::files::beside(Path::new(named))?);
    }
    Ok(all)
}

fn found(at_hand: &[Ontology], id: &OntologyId) -> Option<Ontology> {
    let given = at_hand.iter().find(|one| one.id() == *id);
    given.cloned().or_else(|| Ontology::built_in_version(id))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "given to `map_err`, which passes errors on"
)]
fn wrong(error: OntologyError) -> EngineError {
    EngineError::Request {
        message: error.to_string(),
    }
}
