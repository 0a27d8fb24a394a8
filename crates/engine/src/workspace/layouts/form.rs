//! The forms of labels, votes, predictions, events and outcomes a workspace takes in.
//!
//! Read [`Form`] first. Not here: how one is told (`sniff`).

use crate::EngineError;

/// What a file or a folder that is no recording holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// COCO or LVIS: labels as an object of lists.
    Coco,
    /// Results for COCO: a list of boxes or masks with scores.
    CocoResults,
    /// Pascal VOC: one XML file per image.
    Voc,
    /// YOLO: one text file per image.
    Yolo,
    /// CVAT's XML.
    Cvat,
    /// Exports of Label Studio.
    LabelStudio,
    /// ASAM `OpenLABEL`.
    OpenLabel,
    /// Scenarios of `CommonRoad`.
    CommonRoad,
    /// Tables of boxes of Open Images.
    OpenImages,
    /// KITTI's text files of objects, one per image.
    Kitti,
    /// Argoverse 2: tables of cuboids and poses.
    Argoverse2,
    /// `MOTChallenge`'s text files of tracks.
    Mot,
    /// A table of votes.
    Votes,
    /// A matrix of how often each class was given to each item.
    VoteCounts,
    /// A table of labels.
    Labels,
    /// A table of predictions, or a matrix of probabilities.
    Predictions,
    /// A table of events.
    Events,
    /// A table of stretches of time.
    Intervals,
    /// A table of how things ended: trials, crashes, disengagements.
    Outcomes,
}

impl Form {
    /// Every form, layouts first.
    pub const ALL: [Self; 19] = [
        Self::Coco,
        Self::CocoResults,
        Self::Voc,
        Self::Yolo,
        Self::Cvat,
        Self::LabelStudio,
        Self::OpenLabel,
        Self::CommonRoad,
        Self::OpenImages,
        Self::Kitti,
        Self::Argoverse2,
        Self::Mot,
        Self::Votes,
        Self::VoteCounts,
        Self::Labels,
        Self::Predictions,
        Self::Events,
        Self::Intervals,
        Self::Outcomes,
    ];

    /// Its name: `format` of `recordings`, and what `--as` takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coco => "coco",
            Self::CocoResults => "coco_results",
            Self::Voc => "voc",
            Self::Yolo => "yolo",
            Self::Cvat => "cvat",
            Self::LabelStudio => "label_studio",
            Self::OpenLabel => "openlabel",
            Self::CommonRoad => "commonroad",
            Self::OpenImages => "open_images",
            Self::Kitti => "kitti_labels",
            Self::Argoverse2 => "argoverse2_labels",
            Self::Mot => "mot",
            Self::Votes => "votes",
            Self::VoteCounts => "vote_counts",
            Self::Labels => "labels",
            Self::Predictions => "predictions",
            Self::Events => "events",
            Self::Intervals => "intervals",
            Self::Outcomes => "outcomes",
        }
    }

    /// Whether a folder of files, one per image, is one input.
    pub(crate) const fn is_of_many_files(self) -> bool {
        matches!(self, Self::Voc | Self::Yolo | Self::Kitti)
    }

    /// Endings of its files.
    pub(super) const fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Coco | Self::LabelStudio | Self::OpenLabel => &["json"],
            Self::CocoResults => &["json", "jsonl", "ndjson"],
            Self::Voc | Self::Cvat | Self::CommonRoad => &["xml"],
            Self::Yolo | Self::Kitti => &["txt"],
            Self::Mot => &["txt", "csv"],
            Self::VoteCounts => &["npy", "csv", "tsv", "parquet"],
            Self::OpenImages
            | Self::Argoverse2
            | Self::Votes
            | Self::Labels
            | Self::Predictions
            | Self::Events
            | Self::Intervals
            | Self::Outcomes => &[
                "csv", "tsv", "txt", "jsonl", "ndjson", "json", "parquet", "feather", "arrow",
                "npy", "npz",
            ],
        }
    }
}

/// Names of all forms, for messages.
pub(super) fn names() -> String {
    let names: Vec<&str> = Form::ALL.iter().map(|form| form.name()).collect();
    names.join(", ")
}

impl std::str::FromStr for Form {
    type Err = EngineError;

    /// Errors: a name that is none, with all names.
    fn from_str(text: &str) -> Result<Self, EngineError> {
        let word = text.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        let found = Self::ALL.into_iter().find(|form| form.name() == word);
        found.ok_or_else(|| EngineError::Request {
            message: format!(
                "`{text}` is no form of labels\nhint: the forms are {}",
                names()
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_found_by_their_names() {
        for form in Form::ALL {
            assert_eq!(form.name().parse::<Form>().expect("a form"), form);
        }
        assert_eq!(
            "Label-Studio".parse::<Form>().expect("a form"),
            Form::LabelStudio
        );
        let error = "vcd".parse::<Form>().expect_err("none").to_string();
        assert!(
            error.contains("`vcd`") && error.contains("openlabel"),
            "{error}"
        );
    }
}
