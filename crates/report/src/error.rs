//! Why a page could not be made.

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A list that runs parallel to the recordings has another length.
    #[error(
        "`{list}` has {seen} entries for {expected} recordings\nhint: pass one entry per recording, in the order of the document"
    )]
    Parallel {
        /// Name of the list.
        list: &'static str,
        /// Its entries.
        seen: usize,
        /// Recordings of the document.
        expected: usize,
    },
    /// The template could not be filled.
    #[error("the page template could not be filled")]
    Template(#[from] askama::Error),
}

impl ReportError {
    /// Stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Parallel { .. } => "report.parallel",
            Self::Template(_) => "report.template",
        }
    }
}
