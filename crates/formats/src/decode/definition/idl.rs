//! The IDL subset rosidl writes.

use super::{DefinitionError, MessageType, rosmsg::Section};
use std::collections::BTreeMap;

pub(super) fn parse(
    section: &Section<'_>,
    _types: &mut BTreeMap<String, MessageType>,
) -> Result<(), DefinitionError> {
    Err(DefinitionError::Unsupported {
        line: section.line_offset,
        feature: "idl",
    })
}
