//! The measures of this subject by name.

pub(crate) mod charts;
pub(crate) mod labels;
pub(crate) mod objects;
pub(crate) mod time;
