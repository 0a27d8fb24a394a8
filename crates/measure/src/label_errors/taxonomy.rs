//! The eighteen kinds of annotation error, as codes of failure modes.
//!
//! Read [`ErrorType`] first. Not here: the checks that find them; [`ErrorType::check`] says where each is.

use serde::{Deserialize, Serialize};

/// What an error takes from a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Something is not there.
    Completeness,
    /// Something is wrong.
    Accuracy,
    /// Things do not go together.
    Consistency,
}

macro_rules! error_types {
    ($($(#[doc = $doc:literal])* $name:ident $dimension:ident $check:literal;)*) => {
        /// Kinds of annotation error in perception systems (Saeeda et al., CAIN 2026; arXiv 2511.16410).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorType {
            $($(#[doc = $doc])* $name,)*
        }

        impl ErrorType {
            /// All of them, in the order of the paper.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What the error takes from a data set.
            pub const fn dimension(self) -> Dimension {
                match self {
                    $(Self::$name => Dimension::$dimension,)*
                }
            }

            /// How a machine can see it.
            pub const fn check(self) -> &'static str {
                match self {
                    $(Self::$name => $check,)*
                }
            }
        }
    };
}

error_types! {
    /// An attribute that should be there is not.
    AttributeOmission Completeness "required attributes of the schema: share missing per class and annotator";
    /// Errors found later do not reach the guidelines.
    MissingFeedbackLoop Completeness "age of open issues; errors found downstream without a change of the guideline";
    /// Faces, plates or consent were overlooked.
    PrivacyOmission Completeness "recall of a face and plate detector on frames said to be anonymized";
    /// Rare situations are not in the data.
    EdgeCaseOmission Completeness "coverage of scenario tags against the operational design domain";
    /// The data were not drawn from where the system will be.
    SelectionBias Completeness "two-sample tests against the distribution of the fleet";
    /// Sensors are not in step.
    SensorSynchronization Completeness "skew of stamps; reprojection residual against speed";
    /// The class is another.
    WrongClass Accuracy "label_errors.confident, swapped boxes of label_errors.objects, aggregation";
    /// The box does not fit.
    BoundingBox Accuracy "badly located boxes of label_errors.objects, physical limits, smoothness of tracks";
    /// Labeled at another level of the taxonomy.
    GranularityMismatch Accuracy "parent and child labels in the same scope";
    /// The guideline does not say enough.
    InsufficientGuidance Accuracy "fall of agreement per section of the guideline; rate of questions";
    /// A habit of an annotator, or a pre-label that was believed.
    BiasDriven Accuracy "label_errors.systematic by annotator and by pre-label";
    /// Annotators do not agree.
    InterAnnotatorDisagreement Consistency "agreement.votes, agreement.objects";
    /// The guideline can be read in two ways.
    AmbiguousInstructions Consistency "votes that fall into two camps";
    /// Annotators do not know what the labels are for.
    LackOfPurposeKnowledge Consistency "low accuracy on gold with high agreement with oneself";
    /// Something is lost between suppliers.
    MisalignedHandOffs Consistency "differences of schema and version between steps of the supply chain";
    /// Too little is reviewed, or it is not recorded.
    LimitedReview Consistency "share reviewed against the plan; gaps of the log";
    /// There is no specification to hold labels against.
    LackOfStandards Consistency "no reference to a specification or acceptance plan";
    /// Camera and lidar labels contradict each other.
    CrossModalityMisalignment Consistency "overlap of projected boxes; consistency of track ids";
}

/// A failure mode of a table of failure modes and effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureMode {
    /// Kind of error.
    #[serde(rename = "type")]
    pub kind: ErrorType,
    /// How bad, 1 to 10.
    #[serde(default = "one")]
    pub severity: u8,
    /// How frequent, 1 to 10.
    #[serde(default = "one")]
    pub occurrence: u8,
    /// How hard to detect, 1 to 10.
    #[serde(default = "one")]
    pub detection: u8,
}

fn one() -> u8 {
    1
}

/// How often a kind of error was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Kind of error.
    #[serde(rename = "type")]
    pub kind: ErrorType,
    /// What it takes.
    pub dimension: Dimension,
    /// How a machine can see it.
    pub check: &'static str,
    /// Findings.
    pub count: usize,
    /// Largest product of severity, occurrence and detection; 0 without findings.
    pub risk: u32,
}

/// Findings by kind, all eighteen, in the order of the paper; numbers outside 1 to 10 are taken as the nearer end.
pub fn tally(findings: &[FailureMode]) -> Vec<Tally> {
    let risk = |mode: &FailureMode| {
        let scale = |x: u8| u32::from(x.clamp(1, 10));
        scale(mode.severity) * scale(mode.occurrence) * scale(mode.detection)
    };
    let of = |&kind: &ErrorType| {
        let own = || findings.iter().filter(|mode| mode.kind == kind);
        Tally {
            kind,
            dimension: kind.dimension(),
            check: kind.check(),
            count: own().count(),
            risk: own().map(risk).max().unwrap_or(0),
        }
    };
    ErrorType::ALL.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_five_and_seven() {
        let count = |d| ErrorType::ALL.iter().filter(|t| t.dimension() == d).count();
        assert_eq!(
            [
                Dimension::Completeness,
                Dimension::Accuracy,
                Dimension::Consistency
            ]
            .map(count),
            [6, 5, 7]
        );
        let mode = FailureMode {
            kind: ErrorType::WrongClass,
            severity: 9,
            occurrence: 4,
            detection: 99,
        };
        let found = tally(&[mode]);
        assert_eq!((found.len(), found[6].count, found[6].risk), (18, 1, 360));
        let text = serde_json::to_string(&ErrorType::BoundingBox).unwrap();
        assert_eq!(text, "\"bounding_box\"");
    }
}
