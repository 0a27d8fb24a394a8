//! Members of a release: a file of it, not a table of the workspace.

use super::{RECORDING, Table, nanos, text};

/// Which stretches of which recordings a release has, and in which split.
pub const MEMBERS: Table = Table {
    name: "members",
    about: "One member of a release: a stretch of a recording.",
    key: &["recording_id", "start_ns", "end_ns"],
    groups: &[&[
        RECORDING,
        nanos("start_ns", "First moment, on the clock of the recording.")
            .null("it has no messages, or the row that made it a member says none"),
        nanos("end_ns", "Last moment.")
            .null("it has no messages, or the row that made it a member says none"),
        text("split", "The split it is in.").null("the release is not split"),
        text("split_group", "The group that was split as one.").null("the release is not split"),
    ]],
};
