//! Folders as recordings: data-set layouts whose files become messages of standard types.
//!
//! Read [`Files`] and [`open`] first, then [`Layout`]. A layout turns its files into a list of
//! [`Event`]s (when, which channel, where the bytes are) and a [`Maker`] that encodes one event as
//! a CDR payload when it is read; nothing is decoded before. Events are sorted by time; a unit is a
//! run of them. A new layout is one file here and one line in [`LAYOUTS`].
//!
//! Not here: the file system (`engine` implements [`Files`]); what the messages mean (`sensor`).

#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod argoverse;
mod contents;
mod euroc;
pub(crate) mod feather;
mod files;
mod images;
mod kitti;
pub(crate) mod lerobot;
mod nuscenes;
mod recording;
mod rlds;
mod rotation;
mod scene;

pub use contents::{Contents, Event, Failure, Maker};
pub use files::{FileBytes, Files, FolderError, MemoryFiles, OpenFiles, Part};
pub use lerobot::{LeRobotEpisode, lerobot_episodes};
pub(crate) use nuscenes::nanos as nanos_of_micros;
pub use recording::FolderRecording;
pub use rotation::quat_xyzw_from_rows;

use crate::{Format, Limits, Rule};

/// One layout: how it is recognized and how its files become messages.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Name in documents.
    pub format: Format,
    /// What it is recognized by, for people.
    pub mark: &'static str,
    /// Whether the folder has this layout. Looks at paths, and at the heads of few files.
    pub detect: fn(&dyn Files) -> bool,
    /// Lists what the files hold.
    pub list: List,
}

/// Lists what the files of a folder hold.
pub type List = for<'a> fn(&'a dyn Files, &Limits) -> Result<Contents<'a>, FolderError>;

/// Every layout, the more particular ones first.
pub const LAYOUTS: &[Layout] = &[
    lerobot::LAYOUT,
    rlds::LAYOUT,
    argoverse::LAYOUT,
    nuscenes::LAYOUT,
    euroc::LAYOUT,
    kitti::RAW,
    kitti::ODOMETRY,
    kitti::OBJECT,
];

/// The layout of a folder, none when it has no known one. Cost: a look at the sorted paths.
pub fn detect(files: &dyn Files) -> Option<Layout> {
    LAYOUTS
        .iter()
        .find(|layout| (layout.detect)(files))
        .copied()
}

/// Opens a folder as a recording.
///
/// # Errors
/// When nothing of the layout can be read; damaged or missing parts are in the account instead.
pub fn open(
    files: &dyn Files,
    layout: Layout,
    limits: Limits,
) -> Result<FolderRecording<'_>, FolderError> {
    let contents = (layout.list)(files, &limits)?;
    Ok(FolderRecording::new(files, layout.format, contents, limits))
}

/// Every code the notes and losses of folders and trajectory files carry.
pub const RULES: &[Rule] = &[
    rule(
        "loss.file",
        true,
        "A file that the layout needs or that a table names is missing or cannot be read.",
    ),
    rule(
        "loss.row",
        true,
        "A row of a table cannot be read as the layout defines it.",
    ),
    rule(
        "loss.too_large",
        true,
        "A file that would be one message exceeds the limit.",
    ),
    rule(
        "structure.calibration",
        true,
        "A calibration file cannot be read, or what it holds is no calibration.",
    ),
    rule(
        "structure.checksum",
        true,
        "A record does not match its checksum.",
    ),
    rule(
        "structure.episode_count",
        true,
        "The number of episodes or frames a data set states is not that of its tables or files.",
    ),
    rule(
        "structure.episode_rows",
        true,
        "The frames of an episode are not those its table or its other features state.",
    ),
    rule(
        "structure.episode_short",
        false,
        "An episode lasts less than a second.",
    ),
    rule(
        "structure.file_not_listed",
        false,
        "Files lie beside those a table lists, and no row names them.",
    ),
    rule(
        "structure.frame_times",
        true,
        "Times of frames do not follow from their numbers and the stated rate.",
    ),
    rule(
        "structure.lfs_pointer",
        true,
        "A file is the pointer Git LFS leaves in place of a content that was not fetched.",
    ),
    rule(
        "structure.media_missing",
        false,
        "None of the files that the tables name is there, so only the tables are checked.",
    ),
    rule(
        "structure.message_order",
        false,
        "A row has an earlier time than one before it.",
    ),
    rule(
        "structure.not_read",
        false,
        "The layout holds something of which no message is made.",
    ),
    rule(
        "structure.table_missing",
        true,
        "A table of the layout is missing.",
    ),
    rule(
        "structure.time_missing",
        false,
        "The layout holds no times: positions in the sequence stand for seconds.",
    ),
    rule(
        "structure.video",
        true,
        "A video cannot be read, or has another length or rate than the episodes it shows.",
    ),
];

const fn rule(code: &'static str, error: bool, meaning: &'static str) -> Rule {
    Rule {
        code,
        error,
        meaning,
    }
}
