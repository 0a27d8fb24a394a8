//! What can go wrong before or after the content: paths, files, policies, outputs.

use std::path::{Path, PathBuf};

/// Why an operation could not be done.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nothing is at a path.
    #[error("`{}` does not exist\nhint: give a recording, a folder or a glob; the formats are {FORMATS}", path.display())]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// A folder or glob without recordings.
    #[error("no recording is in `{}`\nhint: looked for files ending in .mcap, .bag, .db3 and .ulg, and for folders laid out as a data set:\n  {}", path.display(), layouts())]
    NothingThere {
        /// The folder or pattern.
        path: PathBuf,
    },
    /// A file or folder that is no recording, and nothing in it is of a form of labels or tables.
    #[error("`{}` is neither a recording nor labels, votes, predictions, events or outcomes: {seen}\nhint: looked for files ending in .mcap, .bag, .db3 and .ulg, for folders laid out as a data set, and for labels and tables; say what it is with `--as`, one of {forms}; name the columns of a table with `--columns`", path.display())]
    NothingKnown {
        /// The file or folder.
        path: PathBuf,
        /// What its files are.
        seen: String,
        /// Names of the forms.
        forms: String,
    },
    /// A glob that cannot be read as one.
    #[error(
        "`{pattern}` is not a valid pattern: {message}\nhint: quote it so that the shell does not change it"
    )]
    Glob {
        /// The pattern.
        pattern: String,
        /// What the parser says.
        message: String,
    },
    /// An object-store URL, which the light build does not read.
    #[error(
        "`{url}` is an object-store URL, which this build does not read\nhint: download it first, or build with `--features platform` once that is available"
    )]
    Remote {
        /// The URL.
        url: String,
    },
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried: `read`, `write`, …
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not a recording of a known format.
    #[error("`{}` is not a recording this version reads: {reason}\nhint: the formats are {FORMATS}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What was seen.
        reason: String,
    },
    /// An output where something is that is no file: a folder, a device, a pipe.
    #[error("`{}` is no file that could be replaced\nhint: choose another name; what is written without a name goes to standard output", path.display())]
    NoFile {
        /// The output.
        path: PathBuf,
    },
    /// An output that is already there.
    #[error("`{}` is already there\nhint: choose another name, or give --force to replace it", path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// The folder of an output is not there.
    #[error("the folder `{}` does not exist\nhint: create it first, or write elsewhere", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The output is the input.
    #[error("`{}` is the input itself; an input is never changed\nhint: write to another file", path.display())]
    SameFile {
        /// The path.
        path: PathBuf,
    },
    /// The file of a policy.
    #[error("{}: {source}", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        source: fieldassay_model::PolicyError,
    },
    /// A request that makes no sense.
    #[error("{message}")]
    Request {
        /// What is wrong and what to do.
        message: String,
    },
    /// The simulator refused.
    #[error("the drive could not be simulated: {message}")]
    Simulate {
        /// What is wrong and what to do.
        message: String,
    },
    /// A case of a measure, which cannot be run.
    #[error("`{}`: {message}", path.display())]
    Case {
        /// The file; `-` for standard input.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// A path of poses that cannot be read or measured.
    #[error("`{input}`{}: {message}", place.as_deref().map(|place| format!(", {place}")).unwrap_or_default())]
    Poses {
        /// The input as given.
        input: String,
        /// Its line or message, where one is to blame.
        place: Option<String>,
        /// What is wrong and what to do.
        message: String,
    },
    /// Labels or predictions that are not there.
    #[error("`{}` does not exist\nhint: give the file or folder of the labels, then that of the predictions", path.display())]
    NoLabels {
        /// The path.
        path: PathBuf,
    },
    /// Labels or predictions that cannot be read.
    #[error("{source}")]
    Labels {
        /// What is wrong, with file and row.
        source: fieldassay_formats::labels::LabelError,
    },
    /// Predictions that cannot be scored.
    #[error("`{}` cannot be scored against `{}`: {message}", predictions.display(), labels.display())]
    Score {
        /// The labels.
        labels: PathBuf,
        /// The predictions.
        predictions: PathBuf,
        /// What is wrong, with the row, and what to do.
        message: String,
    },
    /// A table that is not there.
    #[error("`{}` does not exist\nhint: give a table; {}", path.display(), fieldassay_formats::table::FORMS)]
    NoTable {
        /// The path.
        path: PathBuf,
    },
    /// A table for which a statistic is not defined.
    #[error("`{}`: {message}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the row, and what to do.
        message: String,
    },
    /// Rows that a table of the workspace does not declare.
    #[error("rows for table `{table}` cannot be made: {what}")]
    #[cfg(feature = "platform")]
    Rows {
        /// The table.
        table: &'static str,
        /// What is wrong with them.
        what: String,
    },
    /// Settings of a workspace that cannot be used.
    #[error("`{}`: {message}", path.display())]
    #[cfg(feature = "platform")]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line, and what to do.
        message: String,
    },
    /// A workspace of a newer version.
    #[error("`{}` is of a newer version of fieldassay (its version is `{version}`)\nhint: use that version; nothing was changed", path.display())]
    #[cfg(feature = "platform")]
    NewerWorkspace {
        /// The settings.
        path: PathBuf,
        /// Their version.
        version: i64,
    },
    /// A folder that is in no workspace.
    #[error("`{}` is in no workspace\nhint: `fieldassay init` makes one of this folder; `--workspace DIR` names another", path.display())]
    #[cfg(feature = "platform")]
    NoWorkspace {
        /// The folder.
        path: PathBuf,
    },
    /// A workspace whose catalogue is gone.
    #[error("`{}` is not there: the workspace has lost its catalogue, which knows what is in its tables\nhint: put the file back from a backup, or name the catalogue as `catalog` in `fieldassay.toml`; nothing was changed", path.display())]
    #[cfg(feature = "platform")]
    NoCatalog {
        /// Where it was.
        path: PathBuf,
    },
    /// A recording that the workspace does not have.
    #[error("the workspace has no recording `{seen}`\nhint: {}", near.as_deref().map_or_else(|| "`fieldassay ls` lists them".to_owned(), |near| format!("did you mean `{near}`?")))]
    #[cfg(feature = "platform")]
    NoRecording {
        /// As it was given.
        seen: String,
        /// The nearest id or name.
        near: Option<String>,
    },
    /// A release that the workspace does not have.
    #[error("the workspace has no release `{seen}`\nhint: {}", near.as_deref().map_or_else(|| "`fieldassay release ls` lists them".to_owned(), |near| format!("did you mean `{near}`?")))]
    #[cfg(feature = "platform")]
    NoRelease {
        /// As it was given.
        seen: String,
        /// The nearest name or version.
        near: Option<String>,
    },
    /// The log cannot be signed, or what is kept of it is not what was signed.
    #[error("{message}")]
    #[cfg(feature = "platform")]
    Log {
        /// What is wrong, and what to do.
        message: String,
    },
    /// The file of a contract or an ontology.
    #[error("{}: {source}", path.display())]
    Contract {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        source: fieldassay_model::FileError,
    },
    /// A version of a contract that may not follow the one before.
    #[error("{source}")]
    Refused {
        /// Why, with the difference.
        source: Box<fieldassay_model::contract::Refused>,
    },
    /// A context that cannot be used.
    #[error("{place}: {message}")]
    Context {
        /// The flag or the file with its line.
        place: String,
        /// What is wrong, and what to do.
        message: String,
    },
    /// A statement that cannot be answered.
    #[error(transparent)]
    #[cfg(feature = "platform")]
    Query(#[from] fieldassay_query::QueryError),
    /// The store of the workspace refused.
    #[error(transparent)]
    #[cfg(feature = "platform")]
    Store(#[from] fieldassay_store::StoreError),
    /// The page could not be made.
    #[error("the report could not be made: {message}")]
    Report {
        /// What is wrong.
        message: String,
    },
}

/// Every layout of a folder and what it is recognized by, a line each.
fn layouts() -> String {
    let marks = fieldassay_formats::folder::LAYOUTS.iter();
    let marks: Vec<&str> = marks.map(|layout| layout.mark).collect();
    marks.join("\n  ")
}

/// The recording formats, for messages.
pub(crate) const FORMATS: &str = "MCAP (.mcap), ROS 1 bag (.bag), rosbag2 SQLite (.db3), PX4 ULog (.ulg), trajectories (TUM, KITTI, EuRoC) and folders of EuRoC, KITTI, nuScenes, Argoverse 2, LeRobot and RLDS";

/// What the caller can do about an error; edges map it to exit code, HTTP status or exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong: exit 2.
    Usage,
    /// The input yields nothing: exit 1.
    Input,
    /// The system refused: exit 1.
    System,
    /// A gate said no: exit 4.
    Gate,
}

impl EngineError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "input.not_found",
            Self::NothingThere { .. } => "input.nothing_there",
            Self::NothingKnown { .. } => "input.nothing_known",
            Self::Glob { .. } => "input.glob",
            Self::Remote { .. } => "input.remote",
            Self::Io { .. } => "io",
            Self::Unsupported { .. } => "input.unsupported",
            Self::NoFile { .. } => "output.no_file",
            Self::Exists { .. } => "output.exists",
            Self::NoFolder { .. } => "output.no_folder",
            Self::SameFile { .. } => "output.same_file",
            Self::Policy { source, .. } => source.code(),
            Self::Request { .. } => "request",
            Self::Simulate { .. } => "simulate",
            Self::NoLabels { .. } => "labels.not_found",
            Self::Labels { source } => source.code(),
            Self::Score { .. } => "score",
            Self::NoTable { .. } => "table.not_found",
            Self::Table { .. } => "table",
            Self::Report { .. } => "report",
            #[cfg(feature = "platform")]
            Self::Rows { .. } => "rows",
            #[cfg(feature = "platform")]
            Self::Store(source) => source.code(),
            #[cfg(feature = "platform")]
            Self::Query(source) => source.code(),
            #[cfg(feature = "platform")]
            Self::Settings { .. } => "workspace.settings",
            #[cfg(feature = "platform")]
            Self::NewerWorkspace { .. } => "workspace.newer",
            #[cfg(feature = "platform")]
            Self::NoWorkspace { .. } => "workspace.none",
            #[cfg(feature = "platform")]
            Self::NoCatalog { .. } => "workspace.no_catalog",
            #[cfg(feature = "platform")]
            Self::NoRecording { .. } => "workspace.no_recording",
            #[cfg(feature = "platform")]
            Self::NoRelease { .. } => "workspace.no_release",
            #[cfg(feature = "platform")]
            Self::Log { .. } => "log",
            Self::Context { .. } => "workspace.context",
            Self::Contract { source, .. } => source.code(),
            Self::Refused { source } => source.code(),
            Self::Case { .. } => "input.case",
            Self::Poses { .. } => "input.poses",
        }
    }

    /// What the caller can do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Glob { .. }
            | Self::NothingKnown { .. }
            | Self::NoFile { .. }
            | Self::Exists { .. }
            | Self::NoFolder { .. }
            | Self::SameFile { .. }
            | Self::Policy { .. }
            | Self::Simulate { .. }
            | Self::Request { .. } => ErrorKind::Usage,
            Self::NotFound { .. }
            | Self::NothingThere { .. }
            | Self::Remote { .. }
            | Self::NoLabels { .. }
            | Self::NoTable { .. }
            | Self::Table { .. }
            | Self::Labels { .. }
            | Self::Score { .. }
            | Self::Unsupported { .. }
            | Self::Case { .. }
            | Self::Poses { .. } => ErrorKind::Input,
            #[cfg(feature = "platform")]
            Self::Store(source) => of_store(source.kind()),
            #[cfg(feature = "platform")]
            Self::Query(source) => of_store(source.kind()),
            #[cfg(feature = "platform")]
            Self::Settings { .. } | Self::NewerWorkspace { .. } | Self::NoWorkspace { .. } => {
                ErrorKind::Usage
            }
            Self::Context { .. } | Self::Contract { .. } => ErrorKind::Usage,
            Self::Refused { .. } => ErrorKind::Gate,
            #[cfg(feature = "platform")]
            Self::NoRecording { .. } | Self::NoRelease { .. } => ErrorKind::Input,
            #[cfg(feature = "platform")]
            Self::Rows { .. } | Self::Log { .. } | Self::NoCatalog { .. } => ErrorKind::System,
            Self::Io { .. } | Self::Report { .. } => ErrorKind::System,
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

#[cfg(feature = "platform")]
const fn of_store(kind: fieldassay_store::ErrorKind) -> ErrorKind {
    match kind {
        fieldassay_store::ErrorKind::Usage => ErrorKind::Usage,
        fieldassay_store::ErrorKind::NotFound | fieldassay_store::ErrorKind::Damage => {
            ErrorKind::Input
        }
        fieldassay_store::ErrorKind::System => ErrorKind::System,
    }
}
