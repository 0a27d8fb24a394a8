//! Facts about boxes and tracks.
use super::{At, Context, Outcome};
use fieldassay_formats::sensor::Boxes;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct BoxRow {
    pub(crate) t_nanos: i64,
    pub(crate) log_nanos: i64,
}

#[derive(Debug, Default)]
pub(crate) struct NameTable;
impl NameTable {
    pub(crate) fn merge(&mut self, _: Self, _: &mut [BoxRow]) {}
}
pub(crate) fn reduce(_: &Boxes<'_>, _: At, _: &mut Vec<BoxRow>, _: &mut NameTable) {}
pub(crate) fn outcome(_: &str, _: &str, _: &[BoxRow], _: &NameTable, _: &Context<'_>) -> Outcome {
    Outcome::default()
}
