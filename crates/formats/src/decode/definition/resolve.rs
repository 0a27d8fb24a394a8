//! Resolves the references of a bundle and refuses cycles, gaps and explosions.

use super::{
    DefinitionError, Definitions, Field, FieldType, MAX_DEPTH, MAX_FIXED_ELEMENTS, MessageType,
    Primitive, canonical_name, rosmsg::Language,
};
use std::collections::{BTreeMap, BTreeSet};

/// Resolves every reference reachable from `root`; types nothing uses are kept unresolved.
pub(super) fn resolve(
    root: String,
    mut types: BTreeMap<String, MessageType>,
    language: Language,
) -> Result<Definitions, DefinitionError> {
    let root = root_name(root, &types)?;
    let mut pending = vec![root.clone()];
    let mut done = BTreeSet::new();
    while let Some(name) = pending.pop() {
        if !done.insert(name.clone()) {
            continue;
        }
        let Some(mut message) = types.get(&name).cloned() else {
            continue;
        };
        for field in &mut message.fields {
            let mut kind = &mut field.kind;
            loop {
                match kind {
                    FieldType::Sequence { element, .. } | FieldType::Array { element, .. } => {
                        kind = element;
                    }
                    FieldType::Message(reference) => {
                        let target = find(reference, &name, &mut types, language)?;
                        pending.push(target.clone());
                        *reference = target;
                        break;
                    }
                    _ => break,
                }
            }
        }
        types.insert(name, message);
    }
    let definitions = Definitions { root, types };
    let mut measured = BTreeMap::new();
    let mut open = Vec::new();
    measure(
        &definitions.root,
        &definitions.types,
        &mut open,
        &mut measured,
    )?;
    Ok(definitions)
}

/// The root as the bundle spells it; the schema of an IDL bundle may use other separators.
fn root_name(
    root: String,
    types: &BTreeMap<String, MessageType>,
) -> Result<String, DefinitionError> {
    if types.contains_key(&root) {
        return Ok(root);
    }
    let last = last_part(&root);
    let mut matching = types.keys().filter(|name| last_part(name) == last);
    match (matching.next(), matching.next()) {
        (Some(only), None) => Ok(only.clone()),
        _ => Err(DefinitionError::UnknownType {
            name: root,
            within: "the schema".to_owned(),
        }),
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Finds the type a reference means: in its own package (and kind), by full name, well known, or
/// the only one of that last name.
fn find(
    reference: &str,
    within: &str,
    types: &mut BTreeMap<String, MessageType>,
    language: Language,
) -> Result<String, DefinitionError> {
    let name = canonical_name(reference);
    let mut candidates = Vec::new();
    // IDL scopes and ROS packages alike: the innermost enclosing name first.
    let mut scope = within;
    while let Some((outer, _)) = scope.rsplit_once('/') {
        candidates.push(format!("{outer}/{name}"));
        scope = outer;
    }
    if name == "Header" {
        candidates.push("std_msgs/Header".to_owned());
    }
    candidates.push(name.clone());
    for candidate in &candidates {
        let candidate = canonical_name(candidate);
        if types.contains_key(&candidate) {
            return Ok(candidate);
        }
    }
    for candidate in &candidates {
        if let Some(message) = well_known(candidate, language) {
            let name = message.name.clone();
            types.insert(name.clone(), message);
            return Ok(name);
        }
    }
    let last = last_part(&name);
    let mut matching = types.keys().filter(|known| last_part(known) == last);
    if let (Some(only), None) = (matching.next(), matching.next()) {
        return Ok(only.clone());
    }
    Err(DefinitionError::UnknownType {
        name: reference.to_owned(),
        within: within.to_owned(),
    })
}

/// Types a bundle may leave out.
fn well_known(name: &str, language: Language) -> Option<MessageType> {
    let primitive = FieldType::Primitive;
    let text = || FieldType::Text { bound: None };
    let stamp = || {
        if language.ros1 {
            FieldType::Time
        } else {
            FieldType::Message("builtin_interfaces/Time".to_owned())
        }
    };
    let fields = match (name, language.ros1) {
        ("std_msgs/Header", true) => vec![
            ("seq", primitive(Primitive::U32)),
            ("stamp", stamp()),
            ("frame_id", text()),
        ],
        ("std_msgs/Header", false) => vec![("stamp", stamp()), ("frame_id", text())],
        ("builtin_interfaces/Time" | "builtin_interfaces/Duration", false) => vec![
            ("sec", primitive(Primitive::I32)),
            ("nanosec", primitive(Primitive::U32)),
        ],
        ("service_msgs/ServiceEventInfo", false) => vec![
            ("event_type", primitive(Primitive::U8)),
            ("stamp", stamp()),
            (
                "client_gid",
                FieldType::Array {
                    element: Box::new(primitive(Primitive::U8)),
                    length: 16,
                },
            ),
            ("sequence_number", primitive(Primitive::I64)),
        ],
        _ => return None,
    };
    Some(MessageType {
        name: name.to_owned(),
        fields: fields
            .into_iter()
            .map(|(name, kind)| Field {
                name: name.to_owned(),
                kind,
                default: None,
            })
            .collect(),
        constants: Vec::new(),
        extensibility: None,
    })
}

/// Nesting depth and number of fixed values of a type.
#[derive(Clone, Copy, Debug)]
struct Extent {
    depth: usize,
    values: u64,
}

/// Measures a type, refusing cycles and what exceeds the limits. Recursion is bounded by `MAX_DEPTH`.
fn measure(
    name: &str,
    types: &BTreeMap<String, MessageType>,
    open: &mut Vec<String>,
    measured: &mut BTreeMap<String, Extent>,
) -> Result<Extent, DefinitionError> {
    if let Some(extent) = measured.get(name) {
        return Ok(*extent);
    }
    if open.iter().any(|outer| outer == name) {
        return Err(DefinitionError::Recursive {
            name: name.to_owned(),
        });
    }
    if open.len() >= MAX_DEPTH {
        return Err(too_deep());
    }
    open.push(name.to_owned());
    let mut extent = Extent {
        depth: 1,
        values: 1,
    };
    for field in types.get(name).map_or(&[][..], |t| t.fields.as_slice()) {
        let mut levels = 1_usize;
        let mut factor = 1_u64;
        let mut kind = &field.kind;
        let inner = loop {
            match kind {
                FieldType::Sequence { element, .. } => {
                    levels = levels.saturating_add(1);
                    // What a sequence holds is bounded by the payload, not by the definition.
                    factor = factor.max(1);
                    kind = element;
                }
                FieldType::Array { element, length } => {
                    levels = levels.saturating_add(1);
                    factor = factor.saturating_mul(u64::from(*length));
                    kind = element;
                }
                FieldType::Message(target) => break measure(target, types, open, measured)?,
                _ => {
                    break Extent {
                        depth: 0,
                        values: 1,
                    };
                }
            }
        };
        extent.depth = extent.depth.max(inner.depth.saturating_add(levels));
        extent.values = extent
            .values
            .saturating_add(factor.saturating_mul(inner.values));
    }
    open.pop();
    if extent.depth > MAX_DEPTH {
        return Err(too_deep());
    }
    if extent.values > MAX_FIXED_ELEMENTS {
        return Err(DefinitionError::TooLarge {
            what: "values in fixed arrays of one message",
            limit: MAX_FIXED_ELEMENTS,
        });
    }
    measured.insert(name.to_owned(), extent);
    Ok(extent)
}

fn too_deep() -> DefinitionError {
    DefinitionError::TooLarge {
        what: "levels of nesting",
        limit: MAX_DEPTH as u64,
    }
}
