//! Class lists of public vocabularies, with where they come from. Only names, numbers and which class is a kind of which.
//!
//! Read [`BUILT_IN`] first. Not here: definitions, which their owners hold.

use super::{Ontology, OntologyError, OntologyId};

/// Names of the vocabularies that come with the program.
pub const BUILT_IN: [&str; 5] = [
    "argoverse",
    "coco",
    "nuscenes",
    "nuscenes-detection",
    "openlabel",
];

const TEXTS: [&str; 5] = [
    include_str!("argoverse.yaml"),
    include_str!("coco.yaml"),
    include_str!("nuscenes.yaml"),
    include_str!("nuscenes-detection.yaml"),
    include_str!("openlabel.yaml"),
];

impl Ontology {
    /// A vocabulary that comes with the program, by name.
    ///
    /// Errors: [`OntologyError::UnknownVocabulary`].
    pub fn built_in(name: &str) -> Result<Self, OntologyError> {
        let place = BUILT_IN.iter().position(|known| *known == name);
        let text = place.and_then(|place| TEXTS.get(place));
        text.and_then(|text| Self::parse(text).ok()).ok_or_else(|| {
            OntologyError::UnknownVocabulary {
                name: name.to_owned(),
            }
        })
    }

    /// The vocabulary with that name and version, if it comes with the program.
    pub fn built_in_version(id: &OntologyId) -> Option<Self> {
        Self::built_in(&id.name)
            .ok()
            .filter(|found| found.version == id.version)
    }
}
