//! Rules that need the whole file: what was declared against what was found.
//!
//! Read [`account`] first. Not here: rules about a single unit ([`super::unit`]).

use super::open::McapRecording;
use crate::UnitSummary;
use fieldassay_model::Account;

/// Notes and losses of the file as a whole.
pub(crate) fn account(recording: &McapRecording<'_>, _units: &[UnitSummary]) -> Account {
    let mut account = Account::default();
    recording.layout.notes.clone().finish(&mut account);
    account.losses.clone_from(&recording.layout.losses);
    account
}
