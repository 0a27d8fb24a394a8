//! Facts about sound.
use super::Track;
use super::{At, Context, Outcome};
use fieldassay_formats::sensor::Audio;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct OnsetRow {
    pub(crate) t_nanos: i64,
    pub(crate) log_nanos: i64,
}

pub(crate) fn reduce(_: &Audio<'_>, _: At, _: &mut Vec<OnsetRow>) {}
pub(crate) fn outcome(_: Track<'_, OnsetRow>, _: &Context<'_>) -> Outcome {
    Outcome::default()
}
