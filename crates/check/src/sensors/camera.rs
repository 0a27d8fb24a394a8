//! Facts about images.
use super::{At, Context, Outcome};
use fieldassay_formats::sensor::Image;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Frame {
    pub(crate) t_nanos: i64,
    pub(crate) log_nanos: i64,
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Look {
    pub(crate) t_nanos: i64,
    pub(crate) log_nanos: i64,
}

pub(crate) fn reduce(_: &Image<'_>, _: At, _: &mut Vec<Frame>, _: &mut Vec<Look>) {}
pub(crate) fn outcome(
    _topic: &str,
    _stream: usize,
    _: &[Frame],
    _: &[Look],
    _: &Context<'_>,
) -> Outcome {
    Outcome::default()
}
