//! Random message types and values, written by an encoder that shares nothing with the decoder.

use crate::support::{schema, to_rows};
use fieldassay_formats::Schema;
use fieldassay_formats::decode::{ColumnDecoder, StampKind, StampReader, TransformReader};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// A type of the test's own small language.
#[derive(Clone, Debug)]
pub(crate) enum T {
    /// Name in `.msg`, bytes.
    Number(&'static str, usize),
    Text,
    Wide,
    Time,
    /// Index of a later struct.
    Struct(usize),
    List(Box<T>),
    Array(Box<T>, usize),
}

/// Structs; each refers to later ones only, the first is the root.
#[derive(Clone, Debug)]
pub(crate) struct Types(pub(crate) Vec<Vec<T>>);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wire {
    Ros1,
    Xcdr1 { big: bool },
    Plain2 { big: bool },
    Delimited2 { big: bool },
}

const NUMBERS: [(&str, usize); 11] = [
    ("bool", 1),
    ("int8", 1),
    ("uint8", 1),
    ("int16", 2),
    ("uint16", 2),
    ("int32", 4),
    ("uint32", 4),
    ("int64", 8),
    ("uint64", 8),
    ("float32", 4),
    ("float64", 8),
];

const STRUCTS: usize = 4;

/// A type a struct at `depth` may use; nested lists only where the language has them.
fn a_type(depth: usize, idl: bool) -> BoxedStrategy<T> {
    let leaf = prop_oneof![
        6 => (0..NUMBERS.len()).prop_map(|i| T::Number(NUMBERS[i].0, NUMBERS[i].1)),
        2 => Just(T::Text),
        1 => Just(T::Time),
        u32::from(idl) => Just(T::Wide),
    ];
    let element = if depth + 1 < STRUCTS {
        prop_oneof![3 => leaf, 1 => (depth + 1..STRUCTS).prop_map(T::Struct)].boxed()
    } else {
        leaf.boxed()
    };
    let list = |inner: BoxedStrategy<T>| {
        prop_oneof![
            inner.clone().prop_map(|t| T::List(Box::new(t))),
            (inner, 1..4_usize).prop_map(|(t, n)| T::Array(Box::new(t), n)),
        ]
        .boxed()
    };
    let mut lists = list(element.clone());
    if idl {
        let nested = element
            .clone()
            .prop_map(|t| T::List(Box::new(T::List(Box::new(t)))));
        lists = prop_oneof![2 => lists, 1 => nested].boxed();
    }
    prop_oneof![2 => element, 1 => lists].boxed()
}

fn types(idl: bool) -> impl Strategy<Value = Types> {
    (0..STRUCTS)
        .map(|depth| prop::collection::vec(a_type(depth, idl), 0..5))
        .collect::<Vec<_>>()
        .prop_map(Types)
}

/// A value of a type, from a stream of random bytes.
fn make(types: &Types, t: &T, random: &mut dyn FnMut() -> u8) -> Value {
    let mut wide = || -> u64 { (0..8).fold(0, |all, _| (all << 8) | u64::from(random())) };
    match t {
        T::Number("bool", _) => json!(wide() % 2 == 1),
        T::Number("int8", _) => json!(wide().to_le_bytes()[0].cast_signed()),
        T::Number("uint8", _) => json!(wide().to_le_bytes()[0]),
        T::Number("int16", _) => json!((wide() >> 48).cast_signed() - (1 << 15)),
        T::Number("uint16", _) => json!(wide() >> 48),
        T::Number("int32", _) => json!((wide() >> 32).cast_signed() - (1 << 31)),
        T::Number("uint32", _) => json!(wide() >> 32),
        T::Number("int64", _) => json!(wide().cast_signed()),
        T::Number("uint64", _) => json!(wide()),
        T::Number("float32", _) => json!(f64::from((wide() >> 44) as u32) / 8.0),
        T::Number(..) => json!((wide() >> 12) as f64 / 1024.0),
        T::Text | T::Wide => {
            let length = wide() % 6;
            let letters = ['a', 'é', '🚗', '"', ' '];
            let pick = |_| letters[usize::try_from(wide() % 5).expect("small")];
            json!((0..length).map(pick).collect::<String>())
        }
        T::Time => json!((wide() % 4_000_000_000_000_000_000).cast_signed() / 2),
        T::Struct(index) => make_struct(types, *index, random),
        T::List(inner) => {
            let length = wide() % 4;
            (0..length).map(|_| make(types, inner, random)).collect()
        }
        T::Array(inner, length) => (0..*length).map(|_| make(types, inner, random)).collect(),
    }
}

fn make_struct(types: &Types, index: usize, random: &mut dyn FnMut() -> u8) -> Value {
    let fields = types.0[index].iter().enumerate();
    Value::Object(
        fields
            .map(|(i, t)| (format!("f{i}"), make(types, t, random)))
            .collect::<Map<_, _>>(),
    )
}

struct Encoder<'t> {
    types: &'t Types,
    wire: Wire,
    out: Vec<u8>,
}

impl Encoder<'_> {
    fn start(types: &Types, wire: Wire) -> Encoder<'_> {
        let out = match wire {
            Wire::Ros1 => vec![],
            Wire::Xcdr1 { big } => vec![0, u8::from(!big), 0, 0],
            Wire::Plain2 { big } => vec![0, if big { 6 } else { 7 }, 0, 0],
            Wire::Delimited2 { big } => vec![0, if big { 8 } else { 9 }, 0, 0],
        };
        Encoder { types, wire, out }
    }

    fn bytes(&mut self, value: u64, size: usize) {
        let largest = match self.wire {
            Wire::Ros1 => 1,
            Wire::Xcdr1 { .. } => 8,
            Wire::Plain2 { .. } | Wire::Delimited2 { .. } => 4,
        };
        // The encapsulation has four bytes: alignment to eight starts behind it.
        while !(self.out.len() + 4).is_multiple_of(size.min(largest)) {
            self.out.push(0);
        }
        let little = value.to_le_bytes();
        let big = match self.wire {
            Wire::Ros1 => false,
            Wire::Xcdr1 { big } | Wire::Plain2 { big } | Wire::Delimited2 { big } => big,
        };
        if big {
            self.out.extend(little[..size].iter().rev());
        } else {
            self.out.extend(&little[..size]);
        }
    }

    fn sized(&mut self, sized: bool, body: impl FnOnce(&mut Self)) {
        if !sized {
            return body(self);
        }
        self.bytes(0, 4);
        let start = self.out.len();
        body(self);
        let size = (self.out.len() - start) as u64;
        let tail = self.out.split_off(start);
        self.out.truncate(start - 4);
        self.bytes(size, 4);
        self.out.extend(tail);
    }

    fn structure(&mut self, index: usize, value: &Value) {
        let types = self.types;
        let delimited = matches!(self.wire, Wire::Delimited2 { .. });
        self.sized(delimited, |e| {
            for (i, t) in types.0[index].iter().enumerate() {
                e.value(t, &value[format!("f{i}")]);
            }
            if types.0[index].is_empty() && e.wire != Wire::Ros1 {
                e.out.push(0);
            }
        });
    }

    fn list(&mut self, inner: &T, items: &[Value], counted: bool) {
        let xcdr2 = matches!(self.wire, Wire::Plain2 { .. } | Wire::Delimited2 { .. });
        self.sized(xcdr2 && !matches!(inner, T::Number(..)), |e| {
            if counted {
                e.bytes(items.len() as u64, 4);
            }
            for item in items {
                e.value(inner, item);
            }
        });
    }

    fn value(&mut self, t: &T, value: &Value) {
        match t {
            T::Number("bool", _) => self.bytes(u64::from(value.as_bool().expect("bool")), 1),
            T::Number("float32", _) => {
                #[expect(clippy::cast_possible_truncation, reason = "made from an f32")]
                let v = value.as_f64().expect("float") as f32;
                self.bytes(u64::from(v.to_bits()), 4);
            }
            T::Number("float64", _) => self.bytes(value.as_f64().expect("float").to_bits(), 8),
            T::Number(_, size) => {
                let number = value
                    .as_u64()
                    .unwrap_or_else(|| value.as_i64().expect("integer").cast_unsigned());
                self.bytes(number, *size);
            }
            T::Text => {
                let text = value.as_str().expect("text");
                let closing = u64::from(self.wire != Wire::Ros1);
                self.bytes(text.len() as u64 + closing, 4);
                self.out.extend(text.as_bytes());
                self.out.extend(std::iter::repeat_n(
                    0,
                    usize::try_from(closing).expect("bit"),
                ));
            }
            T::Wide => {
                let units: Vec<u16> = value.as_str().expect("text").encode_utf16().collect();
                let xcdr2 = matches!(self.wire, Wire::Plain2 { .. } | Wire::Delimited2 { .. });
                self.bytes(units.len() as u64 * if xcdr2 { 2 } else { 1 }, 4);
                for unit in units {
                    self.bytes(u64::from(unit), 2);
                }
            }
            T::Time => {
                let nanos = value.as_i64().expect("time");
                let delimited = matches!(self.wire, Wire::Delimited2 { .. });
                self.sized(delimited, |e| {
                    e.bytes((nanos / 1_000_000_000).cast_unsigned(), 4);
                    e.bytes((nanos % 1_000_000_000).cast_unsigned(), 4);
                });
            }
            T::Struct(index) => self.structure(*index, value),
            T::List(inner) => self.list(inner, value.as_array().expect("list"), true),
            T::Array(inner, _) => self.list(inner, value.as_array().expect("list"), false),
        }
    }
}

pub(crate) fn encode(types: &Types, wire: Wire, value: &Value) -> Vec<u8> {
    let mut encoder = Encoder::start(types, wire);
    encoder.structure(0, value);
    encoder.out
}

/// The types as a `.msg` bundle.
fn msg_text(types: &Types, ros1: bool) -> String {
    let name = |t: &T| match t {
        T::Number(name, _) => (*name).to_owned(),
        T::Text => "string".to_owned(),
        T::Time if ros1 => "time".to_owned(),
        T::Time => "builtin_interfaces/Time".to_owned(),
        T::Struct(index) => format!("S{index}"),
        other => panic!("{other:?} is not an element of .msg"),
    };
    let mut text = String::new();
    for (index, fields) in types.0.iter().enumerate() {
        if index > 0 {
            text.push_str(&"=".repeat(80));
            write!(text, "\nMSG: test/S{index}\n# a comment\n").expect("memory");
        }
        for (i, t) in fields.iter().enumerate() {
            let kind = match t {
                T::List(inner) => format!("{}[]", name(inner)),
                T::Array(inner, n) => format!("{}[{n}]", name(inner)),
                other => name(other),
            };
            writeln!(text, "{kind} f{i} # field").expect("memory");
        }
    }
    text
}

/// The types as IDL, the later ones first as IDL wants it.
fn idl_text(types: &Types) -> String {
    fn name(t: &T) -> String {
        match t {
            T::Number("bool", _) => "boolean".to_owned(),
            T::Number("int16", _) => "short".to_owned(),
            T::Number("uint32", _) => "unsigned long".to_owned(),
            T::Number("int64", _) => "long long".to_owned(),
            T::Number("float32", _) => "float".to_owned(),
            T::Number("float64", _) => "double".to_owned(),
            T::Number(name, _) => (*name).to_owned(),
            T::Text => "string".to_owned(),
            T::Wide => "wstring".to_owned(),
            T::Time => "builtin_interfaces::msg::Time".to_owned(),
            T::Struct(index) => format!("test::msg::S{index}"),
            T::List(inner) => format!("sequence<{}>", name(inner)),
            T::Array(..) => panic!("arrays are declarators"),
        }
    }
    let mut text = "module builtin_interfaces { module msg { struct Time { long sec; unsigned long nanosec; }; }; };\nmodule test { module msg {\n".to_owned();
    for (index, fields) in types.0.iter().enumerate().rev() {
        writeln!(text, "struct S{index} {{").expect("memory");
        for (i, t) in fields.iter().enumerate() {
            let declaration = match t {
                T::Array(inner, n) => format!("{} f{i}[{n}]", name(inner)),
                other => format!(
                    "@verbatim (language=\"comment\", text=\"(;)\") {} f{i}",
                    name(other)
                ),
            };
            writeln!(text, "  {declaration}; // field").expect("memory");
        }
        if fields.is_empty() {
            text.push_str("  uint8 structure_needs_at_least_one_member;\n");
        }
        text.push_str("};\n");
    }
    text.push_str("}; };\n");
    text
}

pub(crate) fn schema_of(types: &Types, wire: Wire, idl: bool) -> (Schema, &'static str) {
    match (wire, idl) {
        (Wire::Ros1, _) => (schema("test/S0", "ros1msg", &msg_text(types, true)), "ros1"),
        (_, true) => (schema("test/msg/S0", "ros2idl", &idl_text(types)), "cdr"),
        (_, false) => (
            schema("test/msg/S0", "ros2msg", &msg_text(types, false)),
            "cdr",
        ),
    }
}

fn wires() -> impl Strategy<Value = (Wire, bool)> {
    (0..4_usize, any::<bool>(), any::<bool>()).prop_map(|(kind, big, idl)| {
        let wire = match kind {
            0 => Wire::Ros1,
            1 => Wire::Xcdr1 { big },
            2 => Wire::Plain2 { big },
            _ => Wire::Delimited2 { big },
        };
        (wire, idl && kind != 0)
    })
}

/// A type with two values of it and how they are written.
pub(crate) fn cases() -> impl Strategy<Value = (Types, Wire, bool, Value, Value)> {
    wires().prop_flat_map(|(wire, idl)| {
        (types(idl), prop::collection::vec(any::<u8>(), 4096)).prop_map(move |(types, bytes)| {
            let mut stream = bytes.into_iter().cycle();
            let mut random = || stream.next().unwrap_or(0);
            let first = make_struct(&types, 0, &mut random);
            let second = make_struct(&types, 0, &mut random);
            (types, wire, idl, first, second)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn decode_after_encode_gives_the_values((types, wire, idl, first, second) in cases()) {
        let (schema, encoding) = schema_of(&types, wire, idl);
        let mut decoder = ColumnDecoder::new(Some(&schema), encoding).expect("own definition");
        let payloads = [encode(&types, wire, &first), encode(&types, wire, &second)];
        for payload in &payloads {
            decoder.push(payload).expect("own bytes");
        }
        let rows = to_rows(&decoder.finish().expect("batch"));
        prop_assert_eq!(rows, vec![first, second]);
        // The next batch starts empty.
        prop_assert_eq!(decoder.finish().expect("empty").num_rows(), 0);
    }

    #[test]
    fn a_cut_anywhere_is_an_error_and_leaves_no_row((types, wire, idl, first, second) in cases()) {
        let (schema, encoding) = schema_of(&types, wire, idl);
        let mut decoder = ColumnDecoder::new(Some(&schema), encoding).expect("own definition");
        let whole = encode(&types, wire, &first);
        decoder.push(&whole).expect("own bytes");
        let cut_from = encode(&types, wire, &second);
        for cut in 0..cut_from.len() {
            let error = decoder.push(&cut_from[..cut]).expect_err("cut");
            prop_assert!(error.offset <= cut + 8, "{error} after a cut at {cut}");
        }
        prop_assert_eq!(decoder.rows(), 1);
        let rows = to_rows(&decoder.finish().expect("batch"));
        prop_assert_eq!(rows, vec![first]);
    }

    #[test]
    fn a_stamp_is_found_wherever_it_stands((mut types, wire, idl, _, _) in cases(), place in any::<usize>(), bytes in prop::collection::vec(any::<u8>(), 4096)) {
        let place = place % (types.0[0].len() + 1);
        types.0[0].insert(place, T::Time);
        let (mut schema, encoding) = schema_of(&types, wire, idl);
        let text = String::from_utf8(schema.data).expect("text");
        // The root comes last in IDL and first in `.msg`.
        let old = format!("ime f{place}");
        let at = if idl { text.rfind(&old) } else { text.find(&old) };
        let (before, after) = text.split_at(at.expect("field"));
        schema.data = format!("{before}ime stamp{}", &after[old.len()..]).into_bytes();
        let mut stream = bytes.into_iter().cycle();
        let value = make_struct(&types, 0, &mut || stream.next().unwrap_or(0));
        let payload = encode(&types, wire, &value);
        let reader = StampReader::new(Some(&schema), encoding);
        prop_assert_eq!(reader.kind(), &StampKind::Stamp);
        prop_assert_eq!(reader.stamp(&payload), value[format!("f{place}")].as_i64());
        for cut in 0..payload.len() {
            let _ = reader.stamp(&payload[..cut]);
        }
    }

    #[test]
    fn damage_never_panics((types, wire, idl, first, second) in cases(), flips in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
        let (schema, encoding) = schema_of(&types, wire, idl);
        let mut decoder = ColumnDecoder::new(Some(&schema), encoding).expect("own definition");
        let stamps = StampReader::new(Some(&schema), encoding);
        let mut payload = encode(&types, wire, &first);
        for (at, bits) in flips {
            let length = payload.len().max(1);
            if let Some(byte) = payload.get_mut(usize::from(at) % length) {
                *byte ^= bits;
            }
        }
        let _ = stamps.stamp(&payload);
        let damaged = decoder.push(&payload).is_ok();
        decoder.push(&encode(&types, wire, &second)).expect("own bytes");
        let rows = to_rows(&decoder.finish().expect("batch"));
        prop_assert_eq!(rows.len(), 1 + usize::from(damaged));
        prop_assert_eq!(&rows[rows.len() - 1], &second);
    }

    #[test]
    fn any_definition_text_is_parsed_or_refused(
        parts in prop::collection::vec(prop_oneof![
            Just("module a {"), Just("struct B {"), Just("};"), Just("long x;"), Just("sequence<"),
            Just(">"), Just("string<5> s;"), Just("typedef double d[9];"), Just("@final"), Just("("),
            Just(")"), Just("::"), Just("a/B[] b\n"), Just("B[3] c\n"), Just("string X=\"#\"\n"),
            Just("================================================================================\n"),
            Just("MSG: a/B\n"), Just("IDL: a/msg/B\n"), Just("int32[<=5] q 1\n"), Just("---\n"),
            Just("uint8 f\n"), Just("\u{0}é"), Just("'"), Just("/*"), Just("const long N = 3;"),
            Just("enum E { A, B };"), Just("d y[N];"),
        ], 0..40),
        payload in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let text: String = parts.concat();
        for (encoding, message) in [("ros1msg", "ros1"), ("ros2msg", "cdr"), ("ros2idl", "cdr"), ("jsonschema", "json"), ("protobuf", "protobuf")] {
            let schema = schema("a/msg/B", encoding, &text);
            let _ = StampReader::new(Some(&schema), message).stamp(&payload);
            let _ = TransformReader::new(&schema, message);
            match ColumnDecoder::new(Some(&schema), message) {
                Ok(mut decoder) => {
                    let ok = decoder.push(&payload).is_ok();
                    prop_assert_eq!(decoder.finish().expect("batch").num_rows(), usize::from(ok));
                }
                Err(error) => prop_assert!(error.to_string().contains("hint: ")),
            }
        }
    }
}
