//! Croissant 1.1: what a data set is, in JSON-LD that catalogues and loaders of machine learning read.
//!
//! Read [`Dataset`] first: [`Dataset::document`] writes it. [`problems`] holds any document to what the specification
//! requires; the reference loader lets most of that pass.
//!
//! Source: Croissant Format Specification 1.1 (`MLCommons`, 2026-01-29), sections "Dataset-level Information", "Resources",
//! "`RecordSets`" and appendix 1; Croissant RAI 1.0 for the properties `rai:`; W3C PROV-O for `prov:`.
//!
//! Not here: where facts come from (`engine`), and loading data by a document.

mod validate;
mod write;

pub use validate::{Problem, problems};
pub use write::{Creator, Dataset, Field, FileObject, Kind, Provenance, Rai, RecordSet};

/// The version that documents say they conform to.
pub const CONFORMS_TO: &str = "http://mlcommons.org/croissant/1.1";
/// And of its extension for responsible use.
pub const RAI_CONFORMS_TO: &str = "http://mlcommons.org/croissant/RAI/1.0";

/// Properties of Croissant RAI.
pub const RAI: [&str; 20] = [
    "annotationsPerItem",
    "annotatorDemographics",
    "dataAnnotationAnalysis",
    "dataAnnotationPlatform",
    "dataAnnotationProtocol",
    "dataBiases",
    "dataCollection",
    "dataCollectionMissingData",
    "dataCollectionRawData",
    "dataCollectionTimeframe",
    "dataCollectionType",
    "dataImputationProtocol",
    "dataLimitations",
    "dataManipulationProtocol",
    "dataPreprocessingProtocol",
    "dataReleaseMaintenancePlan",
    "dataSocialImpact",
    "dataUseCases",
    "machineAnnotationTools",
    "personalSensitiveInformation",
];
