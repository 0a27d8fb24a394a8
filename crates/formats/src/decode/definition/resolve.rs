//! Resolves the references of a bundle and refuses cycles, gaps and explosions.

use super::{
    DefinitionError, Definitions, Field, FieldType, MAX_DEPTH, MAX_FIXED_ELEMENTS, MessageType,
    Primitive, canonical_name, idl::Tables, rosmsg::Language,
};
use std::collections::{BTreeMap, BTreeSet};

/// Resolves every reference reachable from `root`; types nothing uses are kept unresolved.
pub(super) fn resolve(
    root: String,
    tables: Tables,
    language: Language,
) -> Result<Definitions, DefinitionError> {
    let mut resolver = Resolver {
        by_last_part: by_last_part(&tables.types),
        tables,
        language,
        pending: Vec::new(),
    };
    let root = resolver.root_name(root)?;
    resolver.pending.push(root.clone());
    let mut done = BTreeSet::new();
    while let Some(name) = resolver.pending.pop() {
        if !done.insert(name.clone()) {
            continue;
        }
        let Some(mut message) = resolver.tables.types.get(&name).cloned() else {
            continue;
        };
        for field in &mut message.fields {
            field.kind = resolver.kind(&field.kind, &name)?;
        }
        resolver.tables.types.insert(name, message);
    }
    let definitions = Definitions {
        root,
        types: resolver.tables.types,
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

struct Resolver {
    tables: Tables,
    language: Language,
    /// The only type of a last name; none when several have it.
    by_last_part: BTreeMap<String, Option<String>>,
    /// Types yet to be resolved.
    pending: Vec<String>,
}

fn by_last_part(types: &BTreeMap<String, MessageType>) -> BTreeMap<String, Option<String>> {
    let mut result = BTreeMap::new();
    for name in types.keys() {
        result
            .entry(last_part(name).to_owned())
            .and_modify(|only| *only = None)
            .or_insert_with(|| Some(name.clone()));
    }
    result
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl Resolver {
    fn only_of_last_part(&self, name: &str) -> Option<String> {
        self.by_last_part.get(last_part(name)).cloned().flatten()
    }

    /// The root as the bundle spells it; the schema of an IDL bundle may use other separators.
    fn root_name(&self, root: String) -> Result<String, DefinitionError> {
        if self.tables.types.contains_key(&root) {
            return Ok(root);
        }
        self.only_of_last_part(&root)
            .ok_or_else(|| DefinitionError::UnknownType {
                name: root,
                within: "the schema".to_owned(),
            })
    }

    /// A type with its reference resolved, seen from the type or alias `within`.
    fn kind(&mut self, kind: &FieldType, within: &str) -> Result<FieldType, DefinitionError> {
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
                FieldType::Message(reference) => match self.find(&reference, &within)? {
                    Target::Message(name) => {
                        self.pending.push(name.clone());
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

    /// Finds what a reference means: in its own package (and kind), by full name, well known, or
    /// the only type of that last name.
    fn find(&mut self, reference: &str, within: &str) -> Result<Target, DefinitionError> {
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
            if self.tables.types.contains_key(candidate) {
                return Ok(Target::Message(candidate.clone()));
            }
            if let Some(kind) = self.tables.aliases.get(candidate) {
                return Ok(Target::Alias(candidate.clone(), kind.clone()));
            }
        }
        for candidate in &candidates {
            if let Some(message) = well_known(candidate, self.language) {
                let name = message.name.clone();
                self.tables.types.insert(name.clone(), message);
                return Ok(Target::Message(name));
            }
        }
        self.only_of_last_part(&name)
            .map(Target::Message)
            .ok_or_else(|| DefinitionError::UnknownType {
                name: reference.to_owned(),
                within: within.to_owned(),
            })
    }
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
