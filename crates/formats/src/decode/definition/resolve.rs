//! Resolves the references of a bundle and refuses cycles, gaps and explosions.

use super::{
    DefinitionError, Definitions, Field, FieldType, MAX_DEPTH, MAX_FIXED_ELEMENTS, MessageType,
    Primitive, canonical_name, idl::Tables, rosmsg::Language,
};
use std::collections::{BTreeMap, BTreeSet};

/// Resolves every reference reachable from `root`; types nothing uses are kept unresolved.
pub(super) fn resolve(
    root: String,
    mut tables: Tables,
    language: Language,
) -> Result<Definitions, DefinitionError> {
    let root = root_name(root, &tables.types)?;
    let mut pending = vec![root.clone()];
    let mut done = BTreeSet::new();
    while let Some(name) = pending.pop() {
        if !done.insert(name.clone()) {
            continue;
        }
        let Some(mut message) = tables.types.get(&name).cloned() else {
            continue;
        };
        for field in &mut message.fields {
            field.kind = resolve_kind(&field.kind, &name, &mut tables, language, &mut pending)?;
        }
        tables.types.insert(name, message);
    }
    let definitions = Definitions {
        root,
        types: tables.types,
    };
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

/// A type with its reference resolved, seen from the type or alias `within`.
fn resolve_kind(
    kind: &FieldType,
    within: &str,
    tables: &mut Tables,
    language: Language,
    pending: &mut Vec<String>,
) -> Result<FieldType, DefinitionError> {
    // Containers met on the way, outermost first; aliases may add more.
    let mut containers = Vec::new();
    let mut kind = kind.clone();
    let mut within = within.to_owned();
    let mut resolved = loop {
        if containers.len() > MAX_DEPTH {
            return Err(too_deep());
        }
        match kind {
            FieldType::Sequence { element, bound } => {
                containers.push(Container::Sequence(bound));
                kind = *element;
            }
            FieldType::Array { element, length } => {
                containers.push(Container::Array(length));
                kind = *element;
            }
            FieldType::Message(reference) => match find(&reference, &within, tables, language)? {
                Target::Message(name) => {
                    pending.push(name.clone());
                    break FieldType::Message(name);
                }
                Target::Alias(name, target) => {
                    // An alias of an alias is a container of nothing: it still counts.
                    containers.push(Container::Alias);
                    within = name;
                    kind = target;
                }
            },
            other => break other,
        }
    };
    for container in containers.into_iter().rev() {
        let element = Box::new(resolved);
        resolved = match container {
            Container::Sequence(bound) => FieldType::Sequence { element, bound },
            Container::Array(length) => FieldType::Array { element, length },
            Container::Alias => *element,
        };
    }
    Ok(resolved)
}

enum Container {
    Sequence(Option<u32>),
    Array(u32),
    Alias,
}

/// What a reference means.
enum Target {
    Message(String),
    Alias(String, FieldType),
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

/// Finds what a reference means: in its own package (and kind), by full name, well known, or the
/// only type of that last name.
fn find(
    reference: &str,
    within: &str,
    tables: &mut Tables,
    language: Language,
) -> Result<Target, DefinitionError> {
    let name = canonical_name(reference);
    let mut candidates = Vec::new();
    // IDL scopes and ROS packages alike: the innermost enclosing name first.
    let mut scope = within;
    while let Some((outer, _)) = scope.rsplit_once('/') {
        candidates.push(canonical_name(&format!("{outer}/{name}")));
        // `pkg/Type` stands for `pkg/msg/Type`, whose neighbors may be written in full.
        candidates.push(format!("{outer}/msg/{name}"));
        scope = outer;
    }
    if name == "Header" {
        candidates.push("std_msgs/Header".to_owned());
    }
    candidates.push(name.clone());
    for candidate in &candidates {
        if tables.types.contains_key(candidate) {
            return Ok(Target::Message(candidate.clone()));
        }
        if let Some(kind) = tables.aliases.get(candidate) {
            return Ok(Target::Alias(candidate.clone(), kind.clone()));
        }
    }
    for candidate in &candidates {
        if let Some(message) = well_known(candidate, language) {
            let name = message.name.clone();
            tables.types.insert(name.clone(), message);
            return Ok(Target::Message(name));
        }
    }
    let last = last_part(&name);
    let mut matching = tables.types.keys().filter(|known| last_part(known) == last);
    if let (Some(only), None) = (matching.next(), matching.next()) {
        return Ok(Target::Message(only.clone()));
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
