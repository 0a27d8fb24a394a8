//! Facts about video streams.
use super::Track;
use super::{At, Context, Outcome};
use fieldassay_formats::sensor::Video;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct UnitRow {
    pub(crate) t_nanos: i64,
    pub(crate) log_nanos: i64,
}

pub(crate) fn reduce(_: &Video<'_>, _: At, _: &mut Vec<UnitRow>) {}
pub(crate) fn outcome(_: Track<'_, UnitRow>, _: &Context<'_>) -> Outcome {
    Outcome::default()
}
