//! How much of a list one page shows; what is left out is counted on the page.

/// Recordings with a section of their own; further ones are rows of the index.
pub(crate) const SECTIONS: usize = 40;
/// Rows of the index.
pub(crate) const INDEX_ROWS: usize = 2000;
/// Checks with findings per recording.
pub(crate) const GROUPS: usize = 100;
/// Places of a damaged file listed.
pub(crate) const LOSSES: usize = 200;
/// Edges of the transform tree.
pub(crate) const EDGES: usize = 400;
/// Faults listed beside findings.
pub(crate) const TRUTHS: usize = 200;
/// Findings marked on one strip.
pub(crate) const MARKS: usize = 40;
/// Characters of the policy.
pub(crate) const POLICY_CHARS: usize = 60_000;
/// Tables shown outright; further ones are one click away.
pub(crate) const TABLES_SHOWN: usize = 4;
/// Plots shown outright; further ones are one click away.
pub(crate) const PLOTS_SHOWN: usize = 6;

/// Pictures of one recording.
pub(crate) const PICTURES: usize = 24;
/// Bytes of one picture.
pub(crate) const PICTURE_BYTES: usize = 40 << 10;
/// Rows of a table of estimates.
pub(crate) const TABLE_ROWS: usize = 100;
/// Curves, pictures and tables beside the findings of one check.
pub(crate) const DRAWINGS_BESIDE: usize = 8;

/// What one recording may use of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Rows of findings.
    pub(crate) findings: usize,
    /// Rows of facts.
    pub(crate) facts: usize,
    /// Channels in table and timeline.
    pub(crate) channels: usize,
    /// Plots of one kind.
    pub(crate) plots: usize,
    /// Points of one clock plot.
    pub(crate) points: usize,
    /// Bins of one strip.
    pub(crate) bins: usize,
    /// Gaps hatched on one strip.
    pub(crate) gaps: usize,
}

impl Budget {
    /// The share of one of `sections` recordings, of which this one has `channels`.
    pub(crate) fn share(sections: usize, channels: usize) -> Self {
        let sections = sections.max(1);
        let busy = sections * channels.max(1);
        Self {
            findings: (1200 / sections).max(20),
            facts: (3000 / sections).max(60),
            channels: (600 / sections).max(30),
            plots: (96 / sections).max(4),
            points: (40_000 / busy).clamp(150, 1500),
            bins: (60_000 / busy).clamp(100, 600),
            gaps: (3000 / busy).clamp(8, 100),
        }
    }
}
