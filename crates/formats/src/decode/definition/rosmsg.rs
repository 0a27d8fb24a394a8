//! The `.msg` language of ROS 1 and ROS 2, and the sections of a bundle.
//!
//! Grammar: one field (`type name [default]`) or constant (`type NAME=value`) per line, `#` starts
//! a comment, a line of `=` followed by `MSG: package/Type` (or `IDL: …`) starts the next type.

use super::{
    Constant, DefinitionError, Field, FieldType, MAX_FIXED_ELEMENTS, MessageType, Primitive,
    canonical_name,
};
use std::collections::BTreeMap;

/// Which `.msg` language a bundle is written in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Language {
    /// ROS 1 rather than ROS 2.
    pub(super) ros1: bool,
}

/// The text of one type in a bundle.
#[derive(Debug)]
pub(super) struct Section<'a> {
    /// Canonical name.
    pub(super) name: String,
    /// Written in IDL.
    pub(super) idl: bool,
    /// Lines before `text` in the schema.
    pub(super) line_offset: usize,
    /// Lines of the section.
    pub(super) text: &'a str,
}

/// Cuts a bundle into its types; what precedes the first separator belongs to `root`.
pub(super) fn sections<'a>(
    text: &'a str,
    root: &str,
    root_idl: bool,
) -> Result<Vec<Section<'a>>, DefinitionError> {
    let mut result = Vec::new();
    let mut current = Section {
        name: root.to_owned(),
        idl: root_idl,
        line_offset: 0,
        text: "",
    };
    let mut start = 0_usize;
    let mut position = 0_usize;
    let mut after_separator: Option<usize> = None;
    for (index, raw) in text.split_inclusive('\n').enumerate() {
        let begin = position;
        position = position.saturating_add(raw.len());
        let line = raw.trim();
        if is_separator(line) {
            // Two separators in a row, or one at the very start (ros2idl bundles), open nothing new.
            if after_separator.is_none() {
                after_separator = Some(begin);
            }
            continue;
        }
        let Some(separator) = after_separator else {
            continue;
        };
        if line.is_empty() {
            continue;
        }
        let (name, idl) = if let Some(name) = line.strip_prefix("MSG:") {
            (name, false)
        } else if let Some(name) = line.strip_prefix("IDL:") {
            (name, true)
        } else {
            return Err(DefinitionError::syntax(
                index.saturating_add(1),
                "`MSG: package/Type` after a line of `=`",
                line,
                "each further type of a bundle starts with its name",
            ));
        };
        current.text = text.get(start..separator).unwrap_or("");
        let next = Section {
            name: canonical_name(name),
            idl,
            line_offset: index.saturating_add(1),
            text: "",
        };
        push(&mut result, std::mem::replace(&mut current, next));
        start = position;
        after_separator = None;
    }
    current.text = text
        .get(start..after_separator.unwrap_or(text.len()))
        .unwrap_or("");
    push(&mut result, current);
    Ok(result)
}

/// Keeps a section unless it is the empty one before a bundle that starts with a separator.
fn push<'a>(result: &mut Vec<Section<'a>>, section: Section<'a>) {
    if result.is_empty() && section.idl && section.text.trim().is_empty() {
        return;
    }
    result.push(section);
}

fn is_separator(line: &str) -> bool {
    line.len() >= 10 && line.bytes().all(|b| b == b'=')
}

/// Parses the types of one section (three for a service) into `types`; the first definition of a name stays.
pub(super) fn parse(
    section: &Section<'_>,
    language: Language,
    types: &mut BTreeMap<String, MessageType>,
) -> Result<(), DefinitionError> {
    let mut parts = vec![MessageType {
        name: section.name.clone(),
        fields: Vec::new(),
        constants: Vec::new(),
        extensibility: None,
    }];
    for (index, line) in section.text.lines().enumerate() {
        let number = section.line_offset.saturating_add(index).saturating_add(1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "---" {
            if parts.len() >= 2 {
                return Err(DefinitionError::syntax(
                    number,
                    "at most one `---`",
                    line,
                    "actions are not stored as one definition",
                ));
            }
            parts.push(MessageType {
                name: String::new(),
                fields: Vec::new(),
                constants: Vec::new(),
                extensibility: None,
            });
            continue;
        }
        let Some(target) = parts.last_mut() else {
            continue;
        };
        parse_line(line, number, language, target)?;
    }
    if parts.len() == 2 {
        service(&section.name, parts, types);
        return Ok(());
    }
    for part in parts {
        types.entry(part.name.clone()).or_insert(part);
    }
    Ok(())
}

/// Names the request and response of a service and adds the event rosbag2 records
/// (`service_msgs/ServiceEventInfo info`, `Request[<=1] request`, `Response[<=1] response`).
fn service(name: &str, parts: Vec<MessageType>, types: &mut BTreeMap<String, MessageType>) {
    let base = ["_Event", "_Request", "_Response"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name);
    let mut event = vec![Field {
        name: "info".to_owned(),
        kind: FieldType::Message("service_msgs/ServiceEventInfo".to_owned()),
        default: None,
    }];
    for (mut part, (suffix, field)) in parts
        .into_iter()
        .zip([("_Request", "request"), ("_Response", "response")])
    {
        part.name = format!("{base}{suffix}");
        event.push(Field {
            name: field.to_owned(),
            kind: FieldType::Sequence {
                element: Box::new(FieldType::Message(part.name.clone())),
                bound: Some(1),
            },
            default: None,
        });
        types.entry(part.name.clone()).or_insert(part);
    }
    let event_name = format!("{base}_Event");
    types.entry(event_name.clone()).or_insert(MessageType {
        name: event_name,
        fields: event,
        constants: Vec::new(),
        extensibility: None,
    });
}

fn parse_line(
    line: &str,
    number: usize,
    language: Language,
    target: &mut MessageType,
) -> Result<(), DefinitionError> {
    let (type_text, rest) = line
        .split_once(|c: char| c.is_ascii_whitespace())
        .ok_or_else(|| {
            DefinitionError::syntax(
                number,
                "a type and a name",
                line,
                "write one `type name` per line",
            )
        })?;
    let rest = rest.trim_start();
    let name_length = rest
        .bytes()
        .position(|b| !(b.is_ascii_alphanumeric() || b == b'_'))
        .unwrap_or(rest.len());
    let (name, rest) = rest.split_at_checked(name_length).unwrap_or((rest, ""));
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(DefinitionError::syntax(
            number,
            "a name of letters, digits and `_`",
            rest,
            "names start with a letter",
        ));
    }
    let kind = parse_type(type_text, number, language)?;
    let rest = rest.trim();
    if let Some(value) = rest.strip_prefix('=') {
        let is_text = matches!(kind, FieldType::Text { .. } | FieldType::WideText { .. });
        // A ROS 1 string constant runs to the end of its line, `#` included.
        let value = if is_text && language.ros1 {
            value.trim()
        } else {
            strip_comment(value).trim()
        };
        target.constants.push(Constant {
            name: name.to_owned(),
            kind,
            value: value.to_owned(),
        });
        return Ok(());
    }
    let default = strip_comment(rest).trim();
    if !default.is_empty() && language.ros1 {
        return Err(DefinitionError::syntax(
            number,
            "the end of the line or a comment",
            default,
            "ROS 1 messages have no default values",
        ));
    }
    target.fields.push(Field {
        name: name.to_owned(),
        kind,
        default: (!default.is_empty()).then(|| default.to_owned()),
    });
    Ok(())
}

/// Cuts a trailing comment; `#` inside quotes is text, `\` escapes the next character there.
fn strip_comment(text: &str) -> &str {
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') => return text.get(..index).unwrap_or(text),
            _ => {}
        }
    }
    // An apostrophe that never closes was no quote: the comment starts at the first `#`.
    if quote.is_some() {
        return text.split('#').next().unwrap_or(text);
    }
    text
}

fn parse_type(text: &str, number: usize, language: Language) -> Result<FieldType, DefinitionError> {
    let (base, suffix) = match text.split_once('[') {
        Some((base, suffix)) => (base, Some(suffix)),
        None => (text, None),
    };
    let element = parse_base(base, number, language)?;
    let Some(suffix) = suffix else {
        return Ok(element);
    };
    let inner = suffix.strip_suffix(']').ok_or_else(|| {
        DefinitionError::syntax(
            number,
            "`]` at the end of the type",
            text,
            "write `T[]`, `T[3]` or `T[<=3]`",
        )
    })?;
    let element = Box::new(element);
    let inner = inner.trim();
    if inner.is_empty() {
        return Ok(FieldType::Sequence {
            element,
            bound: None,
        });
    }
    if let Some(bound) = inner.strip_prefix("<=") {
        return Ok(FieldType::Sequence {
            element,
            bound: Some(parse_count(bound, number)?),
        });
    }
    Ok(FieldType::Array {
        element,
        length: parse_length(inner, number)?,
    })
}

fn parse_count(text: &str, number: usize) -> Result<u32, DefinitionError> {
    text.trim().parse().map_err(|_| {
        DefinitionError::syntax(
            number,
            "a number of elements",
            text,
            "bounds are whole numbers below 2^32",
        )
    })
}

/// The length of a fixed array: 1 to 2^24.
pub(super) fn parse_length(text: &str, number: usize) -> Result<u32, DefinitionError> {
    let length = parse_count(text, number)?;
    if length == 0 || u64::from(length) > MAX_FIXED_ELEMENTS {
        return Err(DefinitionError::syntax(
            number,
            "an array length from 1 to 16777216",
            text,
            "use a sequence for larger or empty lists",
        ));
    }
    Ok(length)
}

fn parse_base(base: &str, number: usize, language: Language) -> Result<FieldType, DefinitionError> {
    let (name, bound) = match base.split_once("<=") {
        Some((name, bound)) => (name, Some(parse_count(bound, number)?)),
        None => (base, None),
    };
    match name {
        "string" => return Ok(FieldType::Text { bound }),
        "wstring" if !language.ros1 => return Ok(FieldType::WideText { bound }),
        _ => {}
    }
    if bound.is_some() {
        return Err(DefinitionError::syntax(
            number,
            "a bound only on `string` and `wstring`",
            base,
            "write `T[<=N]` to bound a sequence",
        ));
    }
    let primitive = match name {
        "bool" => Primitive::Bool,
        "int8" => Primitive::I8,
        // ROS 1 wiki, msg: `byte` is deprecated for int8, `char` for uint8. ROS 2 made `byte` an octet.
        "byte" if language.ros1 => Primitive::I8,
        "byte" | "char" | "uint8" => Primitive::U8,
        "int16" => Primitive::I16,
        "uint16" => Primitive::U16,
        "int32" => Primitive::I32,
        "uint32" => Primitive::U32,
        "int64" => Primitive::I64,
        "uint64" => Primitive::U64,
        "float32" => Primitive::F32,
        "float64" => Primitive::F64,
        "time" => return Ok(FieldType::Time),
        "duration" => return Ok(FieldType::Duration),
        _ => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'/';
            if name.is_empty() || !name.bytes().all(plain) {
                return Err(DefinitionError::syntax(
                    number,
                    "a type",
                    base,
                    "types are built in, `Type` of the same package, or `package/Type`",
                ));
            }
            return Ok(FieldType::Message(name.to_owned()));
        }
    };
    Ok(FieldType::Primitive(primitive))
}
