//! Chosen fields against the values that were written, for random types, choices and layouts.

use crate::roundtrip::{T, Types, cases, encode, schema_of};
use fieldassay_formats::decode::fields::{Fields, Numbers, Shape, Value as Found, Wanted};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a field of a type is read as; none for what has no shape.
fn shape(t: &T) -> Option<Shape> {
    match t {
        T::Number(..) => Some(Shape::Number),
        T::Text => Some(Shape::Text),
        T::Time => Some(Shape::Time),
        T::List(inner) | T::Array(inner, _) => match inner.as_ref() {
            T::Number("int8" | "uint8", _) => Some(Shape::Bytes),
            T::Number(..) => Some(Shape::Numbers),
            T::Text => Some(Shape::Text),
            T::Struct(_) => Some(Shape::List),
            _ => None,
        },
        T::Wide | T::Struct(_) => None,
    }
}

fn inner(t: &T) -> Option<usize> {
    match t {
        T::Struct(index) => Some(*index),
        T::List(element) | T::Array(element, _) => match element.as_ref() {
            T::Struct(index) => Some(*index),
            _ => None,
        },
        _ => None,
    }
}

/// Every path of a type that has a shape.
fn paths(types: &Types, index: usize, prefix: &str, out: &mut Vec<(String, Shape)>) {
    for (i, t) in types.0[index].iter().enumerate() {
        let path = format!("{prefix}f{i}");
        if let Some(shape) = shape(t) {
            out.push((path.clone(), shape));
        }
        if let Some(index) = inner(t) {
            paths(types, index, &format!("{path}."), out);
        }
    }
}

fn number(value: &Value) -> Value {
    match value {
        Value::Bool(truth) => json!(i64::from(*truth)),
        Value::Number(n) if n.is_u64() => {
            json!(i64::try_from(n.as_u64().unwrap_or(0)).unwrap_or(i64::MAX))
        }
        other => other.clone(),
    }
}

fn float(value: &Value) -> f64 {
    number(value).as_f64().expect("number")
}

/// What a sink should see of a struct's value, in order.
struct Expected<'w> {
    types: &'w Types,
    wanted: &'w [(String, Shape)],
    events: Vec<(u16, Value)>,
}

impl Expected<'_> {
    fn structure(&mut self, index: usize, value: &Value, prefix: &str) {
        let types = self.types;
        for (i, t) in types.0[index].iter().enumerate() {
            let path = format!("{prefix}f{i}");
            self.field(t, &value[format!("f{i}")], &path);
        }
    }

    fn field(&mut self, t: &T, value: &Value, path: &str) {
        let slot = self.wanted.iter().position(|(wanted, _)| wanted == path);
        let slot = slot.map(|slot| u16::try_from(slot).expect("small"));
        let list = || value.as_array().expect("list").iter();
        match (t, shape(t)) {
            (T::Struct(index), _) => self.structure(*index, value, &format!("{path}.")),
            (_, Some(Shape::List)) => {
                let index = inner(t).expect("struct");
                for element in list() {
                    self.events
                        .extend(slot.map(|slot| (slot, json!("element"))));
                    self.structure(index, element, &format!("{path}."));
                }
            }
            (T::List(_) | T::Array(..), Some(Shape::Text)) => {
                let texts = list().filter_map(|text| Some((slot?, text.clone())));
                self.events.extend(texts);
            }
            (_, Some(Shape::Bytes)) => {
                let bytes: Vec<i64> = list().map(|v| v.as_i64().expect("byte") & 0xff).collect();
                self.events.extend(slot.map(|slot| (slot, json!(bytes))));
            }
            (_, Some(Shape::Numbers)) => {
                let numbers: Vec<f64> = list().map(float).collect();
                self.events.extend(slot.map(|slot| (slot, json!(numbers))));
            }
            (_, Some(_)) => self.events.extend(slot.map(|slot| (slot, number(value)))),
            (_, None) => {}
        }
    }
}

fn seen(value: Found<'_>) -> Value {
    match value {
        Found::Integer(number) => json!(number),
        Found::Float(number) => json!(number),
        Found::Text(text) => json!(text),
        Found::Bytes(bytes) => json!(bytes),
        Found::Numbers(numbers) => {
            let mut list = Vec::new();
            numbers.extend(&mut list);
            assert_eq!(numbers.len(), list.len());
            assert_eq!(numbers.get(0), list.first().copied());
            assert!(matches!(numbers, Numbers::Raw { .. }));
            json!(list)
        }
        Found::Element => json!("element"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn chosen_fields_have_the_values_written((types, wire, idl, value, _) in cases(), choice in prop::collection::vec(any::<bool>(), 64)) {
        let mut wanted = Vec::new();
        paths(&types, 0, "", &mut wanted);
        let mut choice = choice.into_iter().cycle();
        wanted.retain(|_| choice.next().unwrap_or(true));
        let (schema, encoding) = schema_of(&types, wire, idl);
        let payload = encode(&types, wire, &value);
        let list: Vec<Wanted<'_>> = wanted
            .iter()
            .zip(0_u16..)
            .map(|((path, shape), slot)| Wanted { path, slot, shape: *shape })
            .collect();
        let reader = Fields::parse(&schema, encoding).expect("own definition").reader(&list);
        prop_assert!(reader.found().iter().all(|found| *found));
        let mut events = Vec::new();
        reader.read(&payload, &mut |slot, value| events.push((slot, seen(value)))).expect("own bytes");
        let mut expected = Expected { types: &types, wanted: &wanted, events: Vec::new() };
        expected.structure(0, &value, "");
        prop_assert_eq!(&events, &expected.events);
        // What is cut is an error that lies within, or lies behind the last wanted field.
        for cut in 0..payload.len() {
            let mut before = Vec::new();
            let read = reader.read(&payload[..cut], &mut |slot, value| before.push((slot, seen(value))));
            prop_assert_eq!(&before[..], &events[..before.len()]);
            match read {
                Ok(()) => prop_assert_eq!(before.len(), events.len()),
                Err(error) => prop_assert!(error.offset <= cut + 8, "{error} after a cut at {cut}"),
            }
        }
    }
}
