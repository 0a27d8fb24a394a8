//! Files of contracts and ontologies.
//!
//! Read [`Files`] first: a contract, the ontologies it may name, and the versions old data is of.

use crate::{EngineError, input};
use fieldassay_model::contract::{Contract, ContractReference, Migration, MigrationRecord};
use fieldassay_model::ontology::{BUILT_IN, Ontology, OntologyId};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Ending of files of ontologies that lie beside a contract.
const ENDING: &str = ".ontology.yaml";

fn text(path: &Path, what: &'static str) -> Result<String, EngineError> {
    let bytes = input::bytes(path, what, |path| EngineError::Request {
        message: format!(
            "the {what} `{}` does not exist\nhint: give the path of a YAML file",
            path.display()
        ),
    })?;
    String::from_utf8(bytes).map_err(|error| EngineError::Request {
        message: format!(
            "the {what} `{}` is no text: {error}\nhint: it is a YAML file in UTF-8",
            path.display()
        ),
    })
}

/// The contract in a file. Errors: a file that is not there, [`EngineError::Contract`] with the line.
pub fn contract(path: &Path) -> Result<Contract, EngineError> {
    let text = text(path, "contract")?;
    Contract::parse(&text).map_err(|source| EngineError::Contract {
        path: path.to_owned(),
        source,
    })
}

/// An ontology by the path of its file, or one that comes with the program by `name@version` or name.
///
/// Errors: as [`contract`]; a name that is neither.
pub fn ontology(named: &str) -> Result<Ontology, EngineError> {
    let path = Path::new(named);
    if path.exists() {
        let text = text(path, "ontology")?;
        return Ontology::parse(&text).map_err(|source| EngineError::Contract {
            path: path.to_owned(),
            source,
        });
    }
    let found = match OntologyId::try_from(named.to_owned()) {
        Ok(id) => Ontology::built_in_version(&id),
        Err(_) => Ontology::built_in(named).ok(),
    };
    found.ok_or_else(|| {
        let known: Vec<String> = BUILT_IN
            .iter()
            .filter_map(|name| Ontology::built_in(name).ok())
            .map(|one| format!("`{}`", one.id()))
            .collect();
        EngineError::Request {
            message: format!(
                "`{named}` is neither the file of an ontology nor one that comes with the program\nhint: give a path, or one of {}",
                known.join(", ")
            ),
        }
    })
}

/// A contract and what belongs to it.
#[derive(Clone, Debug)]
pub struct Files {
    /// Its file.
    pub path: PathBuf,
    /// The contract.
    pub contract: Contract,
    /// Ontologies at hand: those given, and those beside the contract.
    pub ontologies: Vec<Ontology>,
    /// How data of an older version is read.
    pub migration: Option<Migration>,
    classes: Option<BTreeSet<String>>,
}

impl Files {
    /// Reads a contract, ontologies by path or name, and versions old data is of, oldest first.
    ///
    /// Errors: files that cannot be read, with the line; versions that do not follow each other.
    pub fn read(
        path: &Path,
        ontologies: &[String],
        migrate_from: &[PathBuf],
    ) -> Result<Self, EngineError> {
        let contract = contract(path)?;
        let mut at_hand = ontologies
            .iter()
            .map(|named| ontology(named))
            .collect::<Result<Vec<_>, _>>()?;
        at_hand.extend(beside(path)?);
        let old = migrate_from.iter().map(|path| self::contract(path));
        let old = old.collect::<Result<Vec<_>, _>>()?;
        let versions: Vec<&Contract> = old.iter().chain([&contract]).collect();
        let migration = Migration::through(&versions).map_err(|error| EngineError::Refused {
            source: Box::new(error.into()),
        })?;
        let mut files = Self {
            path: path.to_owned(),
            contract,
            ontologies: at_hand,
            migration,
            classes: None,
        };
        files.classes = files.ontology().as_ref().map(Ontology::labels);
        Ok(files)
    }

    /// The ontology the contract names, where it is at hand.
    pub fn ontology(&self) -> Option<Ontology> {
        let id = self.contract.ontology.as_ref()?;
        let given = self.ontologies.iter().find(|one| one.id() == *id);
        given.cloned().or_else(|| Ontology::built_in_version(id))
    }

    /// Classes of that ontology.
    pub fn classes(&self) -> Option<&BTreeSet<String>> {
        self.classes.as_ref()
    }

    /// Takes an ontology that is kept elsewhere.
    #[cfg(feature = "platform")]
    pub(crate) fn know(&mut self, ontology: Option<Ontology>) {
        self.ontologies.extend(ontology);
        self.classes = self.ontology().as_ref().map(Ontology::labels);
    }

    /// What it asks of files of labels: nothing of channels.
    #[cfg(feature = "platform")]
    pub(crate) fn of_tables(&self) -> Self {
        let mut plain = self.clone();
        plain.contract.channels.clear();
        plain
    }

    /// Name, version and digest.
    pub fn reference(&self) -> ContractReference {
        self.contract.reference()
    }

    /// The migration as lineage keeps it.
    pub fn record(&self) -> Option<MigrationRecord> {
        self.migration.as_ref().map(Migration::record)
    }
}

/// Ontologies that lie beside a contract, by name of the file.
pub(crate) fn beside(path: &Path) -> Result<Vec<Ontology>, EngineError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let entries =
        std::fs::read_dir(folder).map_err(|error| EngineError::io("list", folder, error))?;
    let mut names: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(ENDING))
        .collect();
    names.sort();
    names
        .iter()
        .map(|path| ontology(&path.to_string_lossy()))
        .collect()
}
