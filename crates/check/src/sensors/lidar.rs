//! Facts about point clouds and scans.
use super::{At, Context, Outcome};
use fieldassay_formats::sensor::{Cloud, Scan};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct CloudRow {
    pub(crate) t_nanos: i64,
    pub(crate) log_nanos: i64,
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Sweep {
    pub(crate) t_nanos: i64,
    pub(crate) log_nanos: i64,
}

pub(crate) fn reduce(_: &Cloud<'_>, _: At, _: &mut Vec<CloudRow>, _: &mut Vec<Sweep>) {}
pub(crate) fn reduce_scan(_: &Scan, _: At, _: &mut Vec<CloudRow>, _: &mut Vec<Sweep>) {}
pub(crate) fn outcome(
    _topic: &str,
    _frame: &str,
    _stream: usize,
    _: &[CloudRow],
    _: &[Sweep],
    _: &Context<'_>,
) -> Outcome {
    Outcome::default()
}
