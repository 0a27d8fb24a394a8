//! Reads the time a message carries, without decoding its payload.
//!
//! Read [`StampReader`] first; it is compiled once per channel. For CDR, XCDR2 and ROS 1 the stamp
//! lies at a fixed byte whenever only values of fixed size precede it (every standard sensor type),
//! and is one eight-byte read; otherwise the values before it are skipped. Protobuf is walked to
//! the field, JSON scanned to the key; neither builds a tree.

use super::cdr::{Cursor, Dialect};
use super::definition::{Definitions, Primitive};
use super::json::{self, Scanner};
use super::locate::{self, Path, Place};
use super::plan::{Kind, Plan, TimeForm, nanos_of, read_time};
use super::proto;
use super::stamp_fields;
use super::wire::{WireReader, WireValue};
use crate::Schema;
use std::sync::Arc;

/// Where [`StampReader`] finds the time of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StampKind {
    /// `header.stamp` of a `std_msgs/Header` or a field of the same form.
    Header,
    /// A top-level field `stamp`.
    Stamp,
    /// A top-level field `timestamp`.
    Timestamp,
    /// The stamp of the first element of a list (`tf2_msgs/TFMessage`, `foxglove.FrameTransforms`).
    FirstElement,
    /// JSON without a schema: whichever of `header.stamp`, `timestamp` and `stamp` a message has.
    Probe,
    /// No time can be read; says why.
    None(String),
}

/// Reads the header stamps of one channel's messages, compiled once from its schema.
///
/// The stamp is `header.stamp` where the type has one, else a top-level `stamp` or `timestamp`,
/// else, for a type whose first field is a list of such messages, that of its first element. Only
/// fields of a time type count: an integer `timestamp` has no known unit and is not read, except that of
/// PX4 topics (`px4/…`, `px4_msgs/…`), microseconds since the autopilot started.
#[derive(Clone, Debug)]
pub struct StampReader {
    kind: StampKind,
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    None,
    Packed(Box<PackedRule>),
    Protobuf(Box<ProtobufRule>),
    Json {
        first_of: Option<&'static [u8]>,
    },
    Fields(Box<stamp_fields::Rule>),
    Micros {
        ros1: bool,
        places: [Option<Place>; 4],
    },
}

/// Rule for CDR, XCDR2 and ROS 1.
#[derive(Clone, Debug)]
struct PackedRule {
    ros1: bool,
    form: TimeForm,
    /// By dialect, where the place is fixed.
    stamp: [Option<Place>; 4],
    frame: [Option<Place>; 4],
    sequence: Option<Place>,
    stamp_path: Path,
    frame_path: Option<Path>,
    plan: Arc<Plan>,
}

/// Rule for protobuf: field numbers to follow.
#[derive(Clone, Debug)]
struct ProtobufRule {
    path: Vec<u32>,
    secs: u32,
    nanos: u32,
    frame: Option<Vec<u32>>,
}

impl StampReader {
    /// Compiles a reader; never fails, [`StampReader::kind`] tells what it can read. Cost: that of
    /// parsing the schema.
    pub fn new(schema: Option<&Schema>, message_encoding: &str) -> Self {
        let compiled = match message_encoding {
            "cdr" | "ros1" => packed(schema, message_encoding == "ros1"),
            "protobuf" => protobuf(schema),
            "json" => json_rule(schema),
            "flatbuffer" => flatbuffer(schema),
            other => Err(format!("message encoding `{other}` is not read")),
        };
        match compiled {
            Ok((kind, rule)) => Self { kind, rule },
            Err(reason) => Self {
                kind: StampKind::None(reason),
                rule: Rule::None,
            },
        }
    }

    /// What the reader reads.
    pub fn kind(&self) -> &StampKind {
        &self.kind
    }

    /// The time the message carries, nanoseconds, as written: zero, negative and nanoseconds beyond
    /// a second are passed on. None when the payload is too short, not of the declared encoding, or
    /// carries no time (an empty list, an absent protobuf message).
    ///
    /// Cost: a few nanoseconds for a fixed place; else linear in what precedes the field.
    #[inline]
    pub fn stamp(&self, payload: &[u8]) -> Option<i64> {
        match &self.rule {
            Rule::Packed(rule) => rule.stamp(payload),
            Rule::None => None,
            Rule::Protobuf(rule) => rule.stamp(payload),
            Rule::Json { first_of } => json_stamp(payload, *first_of),
            Rule::Fields(rule) => rule.stamp(payload),
            Rule::Micros { ros1, places } => micros(payload, *ros1, places),
        }
    }

    /// The frame that belongs to the stamp, where the type has one: `frame_id` beside the stamp
    /// (foxglove: `frame_id` or `parent_frame_id`). None when it is not UTF-8, or in JSON written
    /// with escapes. Cost: that of [`StampReader::stamp`].
    pub fn frame_id<'a>(&self, payload: &'a [u8]) -> Option<&'a str> {
        match &self.rule {
            Rule::Packed(rule) => rule.frame_id(payload),
            Rule::None | Rule::Micros { .. } => None,
            Rule::Protobuf(rule) => {
                let bytes = follow(payload, rule.frame.as_deref()?)?.bytes()?;
                std::str::from_utf8(bytes).ok()
            }
            Rule::Json { first_of } => json_frame(payload, *first_of),
            Rule::Fields(rule) => rule.frame_id(payload),
        }
    }

    /// The sequence number of a ROS 1 header (`seq`); none for every other encoding.
    pub fn header_sequence(&self, payload: &[u8]) -> Option<u32> {
        let Rule::Packed(rule) = &self.rule else {
            return None;
        };
        let place = rule.sequence?;
        Some(u32::from_le_bytes(read_place(payload, place, false)?))
    }
}

/// Four bytes at a place, if the list on the way is not empty.
#[inline]
fn read_place(payload: &[u8], place: Place, big_endian: bool) -> Option<[u8; 4]> {
    if let Some(count) = place.count_offset
        && word(payload, count, big_endian)? == 0
    {
        return None;
    }
    payload.get(place.offset..)?.first_chunk::<4>().copied()
}

#[inline]
fn word(payload: &[u8], offset: usize, big_endian: bool) -> Option<u32> {
    let bytes = payload.get(offset..)?.first_chunk::<4>()?;
    Some(if big_endian {
        u32::from_be_bytes(*bytes)
    } else {
        u32::from_le_bytes(*bytes)
    })
}

/// Dialect and byte order of a payload.
#[inline]
fn layout(payload: &[u8], ros1: bool) -> Option<(Dialect, bool)> {
    if ros1 {
        return Some((Dialect::Ros1, false));
    }
    let [high, low, _, _] = payload.first_chunk::<4>()?;
    Dialect::of_representation(u16::from_be_bytes([*high, *low]))
}

/// A `timestamp` of PX4, microseconds, as nanoseconds; saturates.
fn micros(payload: &[u8], ros1: bool, places: &[Option<Place>; 4]) -> Option<i64> {
    let (dialect, big_endian) = layout(payload, ros1)?;
    let place = places.get(dialect.index()).copied().flatten()?;
    let bytes = *payload.get(place.offset..)?.first_chunk::<8>()?;
    let micros = if big_endian {
        u64::from_be_bytes(bytes)
    } else {
        u64::from_le_bytes(bytes)
    };
    let micros = i64::try_from(micros).unwrap_or(i64::MAX);
    Some(micros.saturating_mul(1000))
}

/// The rule for PX4 topics, `px4/…` and `px4_msgs/…`: their first field tells microseconds since start,
/// which the type of the field alone does not say.
fn px4(schema: &Schema, plan: &Plan, ros1: bool) -> Option<(StampKind, Rule)> {
    let package = schema.name.split(['/', ':']).next()?;
    let known = matches!(package, "px4" | "px4_msgs");
    let fields = &plan.root()?.fields;
    let index = fields.iter().position(|field| {
        field.name == "timestamp" && matches!(field.kind, Kind::Primitive(Primitive::U64))
    })?;
    let places = Dialect::ALL.map(|dialect| locate::locate(plan, &[index], dialect));
    known.then_some((StampKind::Timestamp, Rule::Micros { ros1, places }))
}

impl PackedRule {
    #[inline]
    fn stamp(&self, payload: &[u8]) -> Option<i64> {
        let (dialect, big_endian) = layout(payload, self.ros1)?;
        let Some(place) = self.stamp.get(dialect.index()).copied().flatten() else {
            return self.walk_stamp(payload);
        };
        if let Some(count) = place.count_offset
            && word(payload, count, big_endian)? == 0
        {
            return None;
        }
        let bytes = payload.get(place.offset..)?.first_chunk::<8>()?;
        let [a, b, c, d, e, f, g, h] = *bytes;
        let (secs, nanos) = if big_endian {
            (
                u32::from_be_bytes([a, b, c, d]),
                u32::from_be_bytes([e, f, g, h]),
            )
        } else {
            (
                u32::from_le_bytes([a, b, c, d]),
                u32::from_le_bytes([e, f, g, h]),
            )
        };
        let secs = match self.form {
            TimeForm::Ros1Time => i64::from(secs),
            TimeForm::Ros2 | TimeForm::Ros1Duration => i64::from(secs.cast_signed()),
        };
        Some(nanos_of(secs, i64::from(nanos)))
    }

    #[cold]
    fn walk_stamp(&self, payload: &[u8]) -> Option<i64> {
        let mut cursor = Cursor::new(payload, self.ros1).ok()?;
        match locate::walk(&self.plan, &self.stamp_path, &mut cursor).ok()? {
            Some(Kind::Time(form)) => read_time(*form, &mut cursor).ok(),
            _ => None,
        }
    }

    fn frame_id<'a>(&self, payload: &'a [u8]) -> Option<&'a str> {
        let path = self.frame_path.as_deref()?;
        let (dialect, big_endian) = layout(payload, self.ros1)?;
        let Some(place) = self.frame.get(dialect.index()).copied().flatten() else {
            let mut cursor = Cursor::new(payload, self.ros1).ok()?;
            let _ = locate::walk(&self.plan, path, &mut cursor).ok()??;
            return cursor.utf8().ok();
        };
        let bytes = read_place(payload, place, big_endian)?;
        let length = if big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        };
        let start = place.offset.checked_add(4)?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        let text = payload.get(start..end)?;
        let text = match text {
            [rest @ .., 0] if !self.ros1 => rest,
            _ => text,
        };
        std::str::from_utf8(text).ok()
    }
}

/// Compiles the rule for CDR and ROS 1 payloads.
fn packed(schema: Option<&Schema>, ros1: bool) -> Result<(StampKind, Rule), String> {
    let schema = schema.ok_or("the channel has no schema")?;
    let definitions = Definitions::for_messages(schema, if ros1 { "ros1" } else { "cdr" })
        .map_err(|e| e.to_string())?;
    let plan = Plan::compile(&definitions);
    if let Some(found) = px4(schema, &plan, ros1) {
        return Ok(found);
    }
    let (kind, mut path) = find_stamp(&plan, plan.root)
        .or_else(|| Some((StampKind::FirstElement, first_list(&plan)?)))
        .ok_or_else(|| no_stamp(&schema.name))?;
    let stamp_path = path.clone();
    let form = time_form(&plan, &stamp_path).ok_or_else(|| no_stamp(&schema.name))?;
    // The frame and the sequence number stand beside the stamp.
    path.pop();
    let beside = |name: &str, wanted: fn(&Kind) -> bool| -> Option<Path> {
        let owner = owner(&plan, &path)?;
        let index = owner
            .fields
            .iter()
            .position(|f| f.name == name && wanted(&f.kind))?;
        let mut found = path.clone();
        found.push(index);
        Some(found)
    };
    let frame_path = beside("frame_id", |k| matches!(k, Kind::Text));
    let sequence_path = beside("seq", |k| matches!(k, Kind::Primitive(Primitive::U32)));
    let places = |path: &[usize]| Dialect::ALL.map(|d| locate::locate(&plan, path, d));
    let rule = PackedRule {
        ros1,
        form,
        stamp: places(&stamp_path),
        frame: frame_path.as_deref().map(places).unwrap_or_default(),
        sequence: sequence_path
            .filter(|_| ros1)
            .and_then(|p| locate::locate(&plan, &p, Dialect::Ros1)),
        stamp_path,
        frame_path,
        plan: Arc::new(plan),
    };
    Ok((kind, Rule::Packed(Box::new(rule))))
}

fn no_stamp(name: &str) -> String {
    format!("type `{name}` has no `header`, `stamp` or `timestamp` of a time type")
}

/// `header.stamp`, else `stamp`, else `timestamp` of a struct.
fn find_stamp(plan: &Plan, index: usize) -> Option<(StampKind, Path)> {
    let structure = plan.structure(index)?;
    let time = |k: &Kind| matches!(k, Kind::Time(TimeForm::Ros2 | TimeForm::Ros1Time));
    for (position, field) in structure.fields.iter().enumerate() {
        if field.name != "header" {
            continue;
        }
        if let Kind::Struct(header) = field.kind
            && let Some(stamp) = plan
                .structure(header)?
                .fields
                .iter()
                .position(|f| f.name == "stamp" && time(&f.kind))
        {
            return Some((StampKind::Header, vec![position, stamp]));
        }
    }
    for (name, kind) in [
        ("stamp", StampKind::Stamp),
        ("timestamp", StampKind::Timestamp),
    ] {
        if let Some(position) = structure
            .fields
            .iter()
            .position(|f| f.name == name && time(&f.kind))
        {
            return Some((kind, vec![position]));
        }
    }
    // Recorded service calls carry their time in `info`.
    let position = structure.fields.iter().position(|f| f.name == "info")?;
    if let Kind::Struct(info) = structure.fields.get(position)?.kind
        && let Some(stamp) = plan
            .structure(info)?
            .fields
            .iter()
            .position(|f| f.name == "stamp" && time(&f.kind))
    {
        return Some((StampKind::Stamp, vec![position, stamp]));
    }
    None
}

/// The stamp of the first element, if the root's first field is a list of stamped messages.
fn first_list(plan: &Plan) -> Option<Path> {
    let Kind::Sequence { element, .. } = &plan.root()?.fields.first()?.kind else {
        return None;
    };
    let Kind::Struct(index) = element.as_ref() else {
        return None;
    };
    let (_, inner) = find_stamp(plan, *index)?;
    let mut path = vec![0];
    path.extend(inner);
    Some(path)
}

/// The struct a path leads to.
fn owner<'p>(plan: &'p Plan, path: &[usize]) -> Option<&'p super::plan::StructPlan> {
    let mut structure = plan.root()?;
    for target in path {
        let mut kind = &structure.fields.get(*target)?.kind;
        if let Kind::Sequence { element, .. } = kind {
            kind = element;
        }
        let Kind::Struct(index) = kind else {
            return None;
        };
        structure = plan.structure(*index)?;
    }
    Some(structure)
}

fn time_form(plan: &Plan, path: &[usize]) -> Option<TimeForm> {
    let (last, before) = path.split_last()?;
    match owner(plan, before)?.fields.get(*last)?.kind {
        Kind::Time(form) => Some(form),
        _ => None,
    }
}

/// Follows field numbers into nested messages.
fn follow<'a>(payload: &'a [u8], path: &[u32]) -> Option<WireValue<'a>> {
    let (last, before) = path.split_last()?;
    let mut bytes = payload;
    for number in before {
        bytes = WireReader::new(bytes).find(*number)?.bytes()?;
    }
    WireReader::new(bytes).find(*last)
}

impl ProtobufRule {
    fn stamp(&self, payload: &[u8]) -> Option<i64> {
        let bytes = follow(payload, &self.path)?.bytes()?;
        proto::time(bytes, self.secs, self.nanos).ok()
    }
}

fn protobuf(schema: Option<&Schema>) -> Result<(StampKind, Rule), String> {
    let schema = schema.ok_or("the channel has no schema")?;
    let root = proto::message(schema).map_err(|e| e.to_string())?;
    let (kind, prefix, owner) = if let Some(found) = proto::stamp_field(&root) {
        (found, Vec::new(), root)
    } else if let Some((number, element)) = proto::first_list(&root)
        && proto::stamp_field(&element).is_some()
    {
        (StampKind::FirstElement, vec![number], element)
    } else {
        return Err(no_stamp(&schema.name));
    };
    let stamp = proto::stamp_path(&owner).ok_or_else(|| no_stamp(&schema.name))?;
    let with_prefix = |path: Vec<u32>| {
        let mut full = prefix.clone();
        full.extend(path);
        full
    };
    let rule = ProtobufRule {
        path: with_prefix(stamp.path),
        secs: stamp.secs,
        nanos: stamp.nanos,
        frame: proto::frame_path(&owner).map(with_prefix),
    };
    Ok((kind, Rule::Protobuf(Box::new(rule))))
}

fn flatbuffer(schema: Option<&Schema>) -> Result<(StampKind, Rule), String> {
    let schema = schema.ok_or("the channel has no schema")?;
    let found = stamp_fields::compile(schema)?;
    let (kind, rule) = found.ok_or_else(|| no_stamp(&schema.name))?;
    Ok((kind, Rule::Fields(Box::new(rule))))
}

/// Compiles the rule for JSON: what the schema's properties promise, or a probe without one.
fn json_rule(schema: Option<&Schema>) -> Result<(StampKind, Rule), String> {
    let probe = (StampKind::Probe, Rule::Json { first_of: None });
    let Some(schema) = schema.filter(|s| !s.data.is_empty()) else {
        return Ok(probe);
    };
    if schema.encoding != "jsonschema" {
        return Ok(probe);
    }
    let value: serde_json::Value = serde_json::from_slice(&schema.data)
        .map_err(|e| format!("the JSON schema does not parse: {e}"))?;
    let Some(properties) = value.get("properties").and_then(|p| p.as_object()) else {
        return Ok(probe);
    };
    let direct = [
        ("header", StampKind::Header),
        ("timestamp", StampKind::Timestamp),
        ("stamp", StampKind::Stamp),
    ];
    for (name, kind) in direct {
        if properties.contains_key(name) {
            return Ok((kind, Rule::Json { first_of: None }));
        }
    }
    if properties.contains_key("transforms") {
        let first_of = Some(&b"transforms"[..]);
        return Ok((StampKind::FirstElement, Rule::Json { first_of }));
    }
    Err(no_stamp(&schema.name))
}

/// Moves a scanner to the object that carries the stamp.
fn json_start<'a>(payload: &'a [u8], first_of: Option<&[u8]>) -> Option<Scanner<'a>> {
    let mut scanner = Scanner::new(payload);
    let Some(list) = first_of else {
        return Some(scanner);
    };
    scanner.enter_object().ok()?;
    while let Some(key) = scanner.key().ok()? {
        if key == list {
            scanner.enter_array().ok()?;
            return scanner.element().ok()?.then_some(scanner);
        }
        scanner.skip().ok()?;
    }
    None
}

/// `header.stamp`, `timestamp` or `stamp`, whichever comes first in the text.
fn json_stamp(payload: &[u8], first_of: Option<&[u8]>) -> Option<i64> {
    let mut scanner = json_start(payload, first_of)?;
    scanner.enter_object().ok()?;
    while let Some(key) = scanner.key().ok()? {
        match key {
            b"header" if scanner.peek() == Some(b'{') => {
                scanner.enter_object().ok()?;
                while let Some(key) = scanner.key().ok()? {
                    if key == b"stamp" {
                        return json::time(&mut scanner).ok()?;
                    }
                    scanner.skip().ok()?;
                }
            }
            b"timestamp" | b"stamp" => {
                if let Some(stamp) = json::time(&mut scanner).ok()? {
                    return Some(stamp);
                }
            }
            _ => scanner.skip().ok()?,
        }
    }
    None
}

/// `header.frame_id`, `frame_id` or `parent_frame_id`, whichever comes first in the text.
fn json_frame<'a>(payload: &'a [u8], first_of: Option<&[u8]>) -> Option<&'a str> {
    let mut scanner = json_start(payload, first_of)?;
    scanner.enter_object().ok()?;
    let plain = |scanner: &mut Scanner<'a>| -> Option<&'a str> {
        match scanner.string().ok()? {
            std::borrow::Cow::Borrowed(text) => Some(text),
            std::borrow::Cow::Owned(_) => None,
        }
    };
    while let Some(key) = scanner.key().ok()? {
        match key {
            b"header" if scanner.peek() == Some(b'{') => {
                scanner.enter_object().ok()?;
                while let Some(key) = scanner.key().ok()? {
                    if key == b"frame_id" {
                        return plain(&mut scanner);
                    }
                    scanner.skip().ok()?;
                }
            }
            b"frame_id" | b"parent_frame_id" => return plain(&mut scanner),
            _ => scanner.skip().ok()?,
        }
    }
    None
}
