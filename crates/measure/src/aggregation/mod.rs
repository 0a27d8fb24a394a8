//! From the votes of many people to one label per item, without losing how sure it is.
//!
//! Read [`Votes`] first, then [`soft_labels`] and [`dawid_skene`]; [`one_coin`], [`fast_dawid_skene`], [`glad`], [`mace`]
//! and [`crowdlab`] are other views of the same votes, [`annotator_quality`] says how good each annotator is. Votes are
//! never changed: every result is a view of them.
//!
//! Not here: how much annotators agree ([`crate::agreement`]), wrong labels where a model is known
//! ([`crate::label_errors`]).

pub(crate) mod cases;
mod crowdlab;
mod dawid_skene;
mod fast;
mod glad;
mod mace;
mod one_coin;
mod quality;
mod soft;
mod table;
mod truth;
mod votes;

pub use crate::stats::entropy;
pub use crowdlab::{Crowdlab, CrowdlabAnnotator, crowdlab};
pub use dawid_skene::{DawidSkene, EmOptions, Known, dawid_skene};
pub use fast::{FastDawidSkene, FastOptions, fast_dawid_skene};
pub use glad::{Glad, GladOptions, glad};
pub use mace::{Mace, MaceOptions, MaceStart, Spamming, mace, mace_from};
pub use one_coin::{OneCoin, one_coin};
pub use quality::{AnnotatorQuality, agreement_with_majority, annotator_quality};
pub use soft::{Choice, SoftLabels, choices, multipass, soft_labels};
pub use table::{Code, Names, VoteTable};
pub use truth::{accuracy, decided};
pub use votes::{Grouped, Votes, VotesError};
