//! What inputs are held to when they come in: contracts, and the ontology their labels are of.
//!
//! Read [`Rules`] first. A contract is kept with the workspace under its name and version: a version that breaks the one
//! before is refused, and so is another text under a number that was used.
//!
//! Not here: the rules themselves (`model::contract`), looking at messages (`crate::contract`).

use super::super::Gathered;
use super::super::opened::Workspace;
use super::super::rows::Value;
use super::super::settings;
use super::{Request, evidence};
use crate::EngineError;
use crate::contract::files::{Files, ontology};
use crate::contract::held;
use crate::contract::hold::{Known, Outcome, hold};
use crate::contract::lens::{Held, Seen};
use crate::contract::tables::Made;
use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, ArrayRef, RecordBatch, StringArray};
use fieldassay_model::contract::{ContractReference, Violation, accept, category_column};
use fieldassay_model::ontology::OntologyError;
use fieldassay_model::tables::Table;
use fieldassay_model::{
    Contract, Finding, Ontology, OntologyId, PolicyReference, Severity, Verdict,
};
use fieldassay_store::Versions;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// What made the findings, as `source` says it.
const SOURCE: &str = concat!("fieldassay contract ", env!("CARGO_PKG_VERSION"));
/// Folders in which versions are kept.
const CONTRACTS: &str = "contracts";
const ONTOLOGIES: &str = "ontologies";
/// Classes an ontology does not have that are told one by one.
const MOST_CLASSES: usize = 100;

/// Contracts and ontology of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    /// Each with the text of its file.
    contracts: Vec<(Files, String)>,
    /// The same, for files of labels.
    of_labels: Vec<Files>,
    labels: Option<Labels>,
}

/// The ontology labels are of that name none.
#[derive(Clone, Debug)]
struct Labels {
    id: OntologyId,
    /// The ontology, where it is at hand.
    ontology: Option<Ontology>,
}

/// An ontology by name, version and digest, as plans carry it.
#[derive(Clone, Debug, Serialize)]
pub struct OntologyReference {
    /// `name@version`.
    pub ontology: String,
    /// SHA-256 of its canonical JSON; null where only its name is known.
    pub sha256: Option<String>,
}

/// A contract an input was held to, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct HeldTo {
    /// Name, version and digest of the contract.
    #[serde(flatten)]
    pub contract: ContractReference,
    /// `pass`, `fail` or `not_evaluated`.
    pub verdict: &'static str,
    /// Violations.
    pub violations: u64,
    /// What could not be looked at.
    pub not_evaluated: u64,
}

impl Rules {
    /// The contracts and the ontology that settings and request name.
    ///
    /// Errors: files that cannot be read, with the line; a version the workspace refuses. Nothing is changed.
    pub(super) fn read(workspace: &Workspace, request: &Request<'_>) -> Result<Self, EngineError> {
        let settings = &workspace.settings;
        let mut paths = settings::files(&workspace.folder, &settings.contracts.files)?;
        paths.extend(request.contracts.iter().cloned());
        let at_hand = settings::files(&workspace.folder, &settings.ontology.files)?;
        let mut at_hand: Vec<String> = at_hand
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let named = request.ontology.clone();
        let named = named.or_else(|| settings.ontology.labels.clone());
        if let Some(named) = named.as_ref().filter(|named| Path::new(named).is_file()) {
            at_hand.push(named.clone());
        }
        let mut rules = Self::default();
        let mut seen = BTreeSet::new();
        for path in paths {
            let mut files = Files::read(&path, &at_hand, &[])?;
            if !seen.insert(files.reference().sha256) {
                continue;
            }
            if files.classes().is_none()
                && let Some(id) = &files.contract.ontology
            {
                files.know(kept_ontology(workspace, id)?);
            }
            let text = std::fs::read_to_string(&path)
                .map_err(|error| EngineError::io("read", &path, error))?;
            may_follow(workspace, &files)?;
            rules.of_labels.push(files.of_tables());
            rules.contracts.push((files, text));
        }
        rules.labels = labels(workspace, named.as_deref(), (&at_hand, &rules.contracts))?;
        Ok(rules)
    }

    /// The contracts, as plans carry them.
    pub(super) fn references(&self) -> Vec<ContractReference> {
        let all = self.contracts.iter();
        all.map(|(files, _)| files.reference()).collect()
    }

    /// The ontology of labels that name none, as plans carry it.
    pub(super) fn ontology(&self) -> Option<OntologyReference> {
        self.labels.as_ref().map(|labels| OntologyReference {
            ontology: labels.id.to_string(),
            sha256: labels.ontology.as_ref().map(Ontology::sha256),
        })
    }

    /// Keeps the files with the workspace, under name and version and as blobs.
    ///
    /// Errors: what the store says; another text that came in the meantime under the same number.
    pub(super) fn keep(&self, workspace: &Workspace) -> Result<(), EngineError> {
        keep(workspace, &self.contracts)?;
        let of_labels = self.labels.iter();
        let of_labels = of_labels.filter_map(|labels| labels.ontology.clone());
        keep_ontologies(workspace, of_labels)
    }

    /// The contracts as recordings are held to them.
    pub(super) fn held(&self) -> Vec<Held<'_>> {
        self.contracts
            .iter()
            .map(|(files, _)| held(files))
            .collect()
    }
}

/// What is known of an input that is to be judged.
pub(super) struct Judged<'j> {
    pub(super) id: &'j str,
    /// What was seen of its messages; none for labels.
    pub(super) seen: Option<&'j Seen<'j>>,
    pub(super) fields: &'j crate::context::Fields,
    pub(super) held: &'j [Held<'j>],
}

/// What came of judging an input.
#[derive(Default)]
pub(super) struct Judgement {
    pub(super) held_to: Vec<HeldTo>,
    pub(super) findings: Vec<Finding>,
    /// Tables that were looked at, with their rows.
    pub(super) rows: Vec<(&'static Table, RecordBatch)>,
    /// The worst of contracts and ontology.
    pub(super) verdict: Option<Verdict>,
}

impl Rules {
    /// Says which ontology rows are of that name none, holds the input to every contract, and adds findings to its rows.
    ///
    /// Errors: rows that cannot be made.
    pub(super) fn judge(
        &self,
        judged: &Judged<'_>,
        rows: &mut Gathered,
    ) -> Result<Judgement, EngineError> {
        let mut out = Judgement::default();
        if self.contracts.is_empty() && self.labels.is_none() {
            return Ok(out);
        }
        let asked = self
            .contracts
            .iter()
            .flat_map(|(files, _)| files.contract.tables.keys());
        let mut names: BTreeSet<&str> = asked.map(String::as_str).collect();
        names.extend(["labels", "objects", "predictions", "votes"]);
        for name in names {
            if let Some((table, batch)) = rows.take(name)? {
                let batch = match &self.labels {
                    Some(labels) => labels.named(table, batch)?,
                    None => batch,
                };
                out.rows.push((table, batch));
            }
        }
        if let Some(labels) = &self.labels {
            labels.unknown(judged.id, rows, &mut out)?;
        }
        let made = Made::new(&out.rows);
        let known = Known {
            context: Some(judged.fields),
            tables: Some(&made),
        };
        let of_labels: Vec<Held<'_>> = self.of_labels.iter().map(held).collect();
        let all = judged.seen.map_or(of_labels.as_slice(), |_| judged.held);
        for (at, ((files, _), one)) in self.contracts.iter().zip(all).enumerate() {
            if judged.seen.is_none() && one.contract.tables.is_empty() {
                continue;
            }
            let outcome = hold(one, judged.seen.map(|seen| (seen, at)), known)?;
            add(&files.reference(), outcome, (judged.id, rows), &mut out)?;
        }
        Ok(out)
    }
}

/// Adds what came of one contract.
fn add(
    reference: &ContractReference,
    outcome: Outcome,
    (id, rows): (&str, &mut Gathered),
    out: &mut Judgement,
) -> Result<(), EngineError> {
    let verdict = outcome.checked.verdict();
    let checked = outcome.checked;
    let mut findings: Vec<Finding> = checked.violations.iter().map(Violation::finding).collect();
    findings.extend(checked.not_evaluated.iter().map(|one| Finding {
        code: "contract.not_evaluated".to_owned(),
        severity: Severity::Warn,
        subject: one.stream.clone(),
        window: None,
        count: 1,
        message: match &one.field {
            Some(field) => format!("`{field}` of `{}`: {}", one.stream, one.reason),
            None => format!("`{}`: {}", one.stream, one.reason),
        },
        hint: "what cannot be looked at is no pass: `fieldassay contract check` says the same of the file".to_owned(),
        facts: Vec::new(),
        windows: Vec::new(),
    }));
    let policy = PolicyReference {
        name: reference.contract.clone(),
        version: reference.version,
        sha256: reference.sha256.clone(),
    };
    write(&findings, ("c", &policy), id, rows)?;
    out.held_to.push(HeldTo {
        contract: reference.clone(),
        verdict: evidence::verdict(verdict),
        violations: checked.violations.len() as u64,
        not_evaluated: checked.not_evaluated.len() as u64,
    });
    out.findings.extend(findings);
    out.worse(verdict);
    Ok(())
}

/// Adds findings to the rows of an input, under an id of their own.
fn write(
    findings: &[Finding],
    (letter, policy): (&str, &PolicyReference),
    id: &str,
    rows: &mut Gathered,
) -> Result<(), EngineError> {
    let digits: String = policy.sha256.chars().take(16).collect();
    let source = format!("{letter}-{digits}");
    for (row, finding) in findings.iter().enumerate() {
        let of = [
            ("recording_id", Value::Text(id)),
            ("source_id", Value::Text(&source)),
            ("source_row", row.into()),
            ("source", SOURCE.into()),
        ];
        evidence::add_finding(finding, of, policy, rows)?;
    }
    Ok(())
}

impl Judgement {
    fn worse(&mut self, verdict: Verdict) {
        let rank = |verdict: Verdict| match verdict {
            Verdict::Pass => 0,
            Verdict::Warn => 1,
            Verdict::NotEvaluated => 2,
            Verdict::Fail => 3,
        };
        if self.verdict.is_none_or(|known| rank(verdict) > rank(known)) {
            self.verdict = Some(verdict);
        }
    }

    /// What the policy says, and what contracts say.
    pub(super) fn on_top_of(&self, policy: Verdict) -> Verdict {
        match (policy, self.verdict) {
            (_, Some(Verdict::Fail)) | (Verdict::Fail, _) => Verdict::Fail,
            (_, Some(Verdict::NotEvaluated)) => Verdict::NotEvaluated,
            (Verdict::Pass, Some(Verdict::Warn)) => Verdict::Warn,
            (policy, _) => policy,
        }
    }
}

impl Labels {
    /// Rows that have a category and name no ontology are of this one.
    fn named(&self, table: &Table, batch: RecordBatch) -> Result<RecordBatch, EngineError> {
        let (Some(column), Ok(at)) = (
            category_column(table.name),
            batch.schema().index_of("ontology"),
        ) else {
            return Ok(batch);
        };
        let (Some(category), Some(texts)) = (
            batch.column_by_name(column),
            batch.column(at).as_string_opt::<i32>(),
        ) else {
            return Ok(batch);
        };
        let name = self.id.to_string();
        let rows = (0..batch.num_rows()).map(|row| {
            if texts.is_valid(row) {
                Some(texts.value(row))
            } else {
                category.is_valid(row).then_some(name.as_str())
            }
        });
        let filled: ArrayRef = Arc::new(rows.collect::<StringArray>());
        let mut columns = batch.columns().to_vec();
        if let Some(slot) = columns.get_mut(at) {
            *slot = filled;
        }
        RecordBatch::try_new(batch.schema(), columns).map_err(|error| EngineError::Request {
            message: format!(
                "the ontology of `{}` cannot be written: {error}",
                table.name
            ),
        })
    }

    /// A finding for every class rows of this ontology say and it does not have, or has no more.
    fn unknown(
        &self,
        id: &str,
        rows: &mut Gathered,
        out: &mut Judgement,
    ) -> Result<(), EngineError> {
        let Some(ontology) = &self.ontology else {
            return Ok(());
        };
        let labels = ontology.labels();
        let name = self.id.to_string();
        let mut odd: BTreeMap<(&str, String), u64> = BTreeMap::new();
        for (table, batch) in &out.rows {
            for class in said(table, batch, &name).filter(|class| !labels.contains(*class)) {
                *odd.entry((table.name, class.to_owned())).or_default() += 1;
            }
        }
        let findings: Vec<Finding> = odd
            .into_iter()
            .take(MOST_CLASSES)
            .map(|((table, class), count)| odd_class(ontology, (table, &class), count))
            .collect();
        let policy = PolicyReference {
            name: ontology.ontology.clone(),
            version: ontology.version,
            sha256: ontology.sha256(),
        };
        write(&findings, ("o", &policy), id, rows)?;
        if !findings.is_empty() {
            out.worse(Verdict::Warn);
        }
        out.findings.extend(findings);
        Ok(())
    }
}

/// Classes that rows of an ontology say.
fn said<'b>(
    table: &Table,
    batch: &'b RecordBatch,
    ontology: &'b str,
) -> impl Iterator<Item = &'b str> {
    let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
    let column = category_column(table.name).and_then(text);
    let pair = column.zip(text("ontology"));
    pair.into_iter().flat_map(move |(classes, named)| {
        (0..classes.len()).filter_map(move |row| {
            let is_of = named.is_valid(row) && named.value(row) == ontology;
            (is_of && classes.is_valid(row)).then(|| classes.value(row))
        })
    })
}

fn odd_class(ontology: &Ontology, (table, class): (&str, &str), count: u64) -> Finding {
    let id = ontology.id();
    let (code, message, hint) = match ontology.class(class) {
        Ok(found) if found.is_abstract => (
            "ontology.abstract_class",
            format!("`{class}` only holds other classes of `{id}` together"),
            "label with one of the classes below it".to_owned(),
        ),
        Ok(found) => {
            let successor = found
                .deprecated
                .as_ref()
                .and_then(|one| one.successor.as_ref());
            let hint = successor.map_or_else(
                || "label it again, or drop it".to_owned(),
                |successor| format!("use `{successor}`"),
            );
            let message = format!("`{class}` is deprecated in `{id}`");
            ("ontology.deprecated_class", message, hint)
        }
        Err(error) => {
            let near = match &error {
                OntologyError::UnknownClass { nearest, .. } => nearest.clone(),
                _ => None,
            };
            let hint = near.map_or_else(
                || "add it in a new version, or correct the label".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("`{id}` has no class `{class}`");
            ("ontology.unknown_class", message, hint)
        }
    };
    Finding {
        code: code.to_owned(),
        severity: Severity::Warn,
        subject: table.to_owned(),
        window: None,
        count,
        message,
        hint,
        facts: Vec::new(),
        windows: Vec::new(),
    }
}

/// An ontology the workspace keeps. Errors: what the store says; a text that is none.
pub(in crate::workspace) fn kept_ontology(
    workspace: &Workspace,
    id: &OntologyId,
) -> Result<Option<Ontology>, EngineError> {
    let kept = Versions::new(workspace.place.clone(), ONTOLOGIES);
    let text = workspace
        .runtime
        .block_on(kept.read(&id.name, id.version))?;
    text.map(|text| {
        Ontology::parse(&text).map_err(|source| EngineError::Contract {
            path: id.to_string().into(),
            source,
        })
    })
    .transpose()
}

/// Keeps contracts, each with its text, and the ontologies they name, under name and version and as blobs.
///
/// Errors: what the store says; another text that came in the meantime under the same number.
pub(in crate::workspace) fn keep(
    workspace: &Workspace,
    contracts: &[(Files, String)],
) -> Result<(), EngineError> {
    let versions = Versions::new(workspace.place.clone(), CONTRACTS);
    let runtime = &workspace.runtime;
    for (files, text) in contracts {
        let Contract {
            contract, version, ..
        } = &files.contract;
        let blob = workspace.blobs.keep_bytes(text.clone().into_bytes().into());
        runtime.block_on(blob)?;
        let other = runtime.block_on(versions.keep(contract, *version, text))?;
        if let Some(other) = other {
            same(files, &other)?;
        }
    }
    let ontologies = contracts.iter().filter_map(|(files, _)| files.ontology());
    keep_ontologies(workspace, ontologies)
}

fn keep_ontologies(
    workspace: &Workspace,
    ontologies: impl Iterator<Item = Ontology>,
) -> Result<(), EngineError> {
    let versions = Versions::new(workspace.place.clone(), ONTOLOGIES);
    for ontology in ontologies {
        // JSON is YAML: what is kept is what decides.
        let text = ontology.canonical_json();
        let kept = versions.keep(&ontology.ontology, ontology.version, &text);
        let other = workspace.runtime.block_on(kept)?;
        if other.is_some_and(|other| other != text) {
            return Err(EngineError::Request {
                message: format!(
                    "the workspace has another `{}`\nhint: raise `version` with every change",
                    ontology.id()
                ),
            });
        }
    }
    Ok(())
}

/// A contract of that name and version as the workspace keeps it, with the ontology it names; none where it has none.
///
/// Errors: what the store says; a text that is no contract any more.
pub(in crate::workspace) fn kept(
    workspace: &Workspace,
    (name, version): (&str, u32),
) -> Result<Option<Files>, EngineError> {
    let read = |folder, name: &str, version| {
        let versions = Versions::new(workspace.place.clone(), folder);
        workspace.runtime.block_on(versions.read(name, version))
    };
    let Some(text) = read(CONTRACTS, name, version)? else {
        return Ok(None);
    };
    let folder = tempfile::tempdir()
        .map_err(|error| EngineError::io("make a folder for", Path::new(name), error))?;
    let path = folder.path().join("contract.yaml");
    crate::output::write_text(&path, &text, true)?;
    let mut ontologies = Vec::new();
    let of = fieldassay_model::contract::Contract::parse(&text)
        .ok()
        .and_then(|contract| contract.ontology);
    if let Some(id) = of
        && let Some(text) = read(ONTOLOGIES, &id.name, id.version)?
    {
        let path = folder.path().join("ontology.yaml");
        crate::output::write_text(&path, &text, true)?;
        ontologies.push(path.display().to_string());
    }
    Files::read(&path, &ontologies, &[]).map(Some)
}

/// The ontology labels are of that name none: the one that is named, else the one all contracts name.
fn labels(
    workspace: &Workspace,
    named: Option<&str>,
    (at_hand, contracts): (&[String], &[(Files, String)]),
) -> Result<Option<Labels>, EngineError> {
    let Some(named) = named else {
        let ids = contracts
            .iter()
            .filter_map(|(files, _)| files.contract.ontology.clone());
        let ids: BTreeSet<OntologyId> = ids.collect();
        let mut ids = ids.into_iter();
        return Ok(match (ids.next(), ids.next()) {
            (Some(id), None) => {
                let found = contracts.iter().find_map(|(files, _)| files.ontology());
                Some(Labels {
                    id,
                    ontology: found,
                })
            }
            _ => None,
        });
    };
    if Path::new(named).is_file() {
        let found = ontology(named)?;
        return Ok(Some(Labels {
            id: found.id(),
            ontology: Some(found),
        }));
    }
    let id = OntologyId::try_from(named.to_owned())
        .map_err(|message| EngineError::Request { message })?;
    for path in at_hand {
        let found = ontology(path)?;
        if found.id() == id {
            return Ok(Some(Labels {
                id,
                ontology: Some(found),
            }));
        }
    }
    if let Some(found) = kept_ontology(workspace, &id)? {
        return Ok(Some(Labels {
            id,
            ontology: Some(found),
        }));
    }
    let found = ontology(named)?;
    Ok(Some(Labels {
        id,
        ontology: Some(found),
    }))
}

/// Whether the workspace takes this version of a contract: it is the one it has, or may follow the one before.
fn may_follow(workspace: &Workspace, files: &Files) -> Result<(), EngineError> {
    let Contract {
        contract, version, ..
    } = &files.contract;
    let kept = Versions::new(workspace.place.clone(), CONTRACTS);
    let numbers = workspace.runtime.block_on(kept.list(contract))?;
    let read = |number: u32| workspace.runtime.block_on(kept.read(contract, number));
    if numbers.contains(version)
        && let Some(text) = read(*version)?
    {
        return same(files, &text);
    }
    let before = numbers.into_iter().filter(|number| number < version).max();
    let Some(text) = before.map(read).transpose()?.flatten() else {
        return Ok(());
    };
    let old = parsed(contract, &text)?;
    let accepted = accept(&old, &files.contract, &files.ontologies);
    accepted.map(drop).map_err(|source| EngineError::Refused {
        source: Box::new(source),
    })
}

fn parsed(name: &str, text: &str) -> Result<Contract, EngineError> {
    Contract::parse(text).map_err(|source| EngineError::Contract {
        path: format!("{CONTRACTS}/{name}").into(),
        source,
    })
}

fn same(files: &Files, text: &str) -> Result<(), EngineError> {
    let new = &files.contract;
    let old = parsed(&new.contract, text)?;
    if old.reference().sha256 == new.reference().sha256 {
        return Ok(());
    }
    let difference = fieldassay_model::contract::compare(&old, new, &files.ontologies);
    let lines = difference.map(|all| {
        let lines = all.changes.into_iter().map(|change| {
            let field = change.field.map(|field| format!(" `{field}`"));
            format!(
                "  `{}`{}, {}: `{}` becomes `{}`",
                change.stream,
                field.unwrap_or_default(),
                change.part,
                change.before,
                change.after
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    Err(EngineError::Request {
        message: format!(
            "version `{}` of `{}` says something else than the one this workspace has:\n{}\nhint: raise `version` with every change",
            new.version,
            new.contract,
            lines.unwrap_or_default()
        ),
    })
}
