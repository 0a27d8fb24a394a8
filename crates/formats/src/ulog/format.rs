//! Formats (`F`): fields, sizes, and the `ros1msg` text that says the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Formats nested deeper are taken for damage.
const DEPTH: usize = 16;
/// Longest text of a definition; what needs more is taken for damage.
const TEXT_BYTES: usize = 1 << 20;
/// Line between the parts of a concatenated definition.
const SEPARATOR: &str =
    "================================================================================";

/// One field of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Type as written, without the array suffix.
    pub(super) kind: String,
    /// Elements; none for a field that is no array.
    pub(super) count: Option<usize>,
    /// Name.
    pub(super) name: String,
}

/// The formats of a file by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Formats {
    by_name: BTreeMap<String, Vec<Field>>,
}

/// What reading messages of a format needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compiled {
    /// Bytes of a message without the padding at its end.
    pub(super) bytes: usize,
    /// Where its `uint64_t timestamp` is.
    pub(super) timestamp_at: Option<usize>,
    /// `ros1msg` text.
    pub(super) text: String,
}

/// Size and ROS name of a basic type.
fn basic(kind: &str) -> Option<(usize, &'static str)> {
    Some(match kind {
        "int8_t" => (1, "int8"),
        "uint8_t" => (1, "uint8"),
        "int16_t" => (2, "int16"),
        "uint16_t" => (2, "uint16"),
        "int32_t" => (4, "int32"),
        "uint32_t" => (4, "uint32"),
        "int64_t" => (8, "int64"),
        "uint64_t" => (8, "uint64"),
        "float" => (4, "float32"),
        "double" => (8, "float64"),
        "bool" => (1, "bool"),
        "char" => (1, "char"),
        _ => return None,
    })
}

/// A type with its array suffix (`float[3]`) apart.
fn split_array(kind: &str) -> Option<(&str, Option<usize>)> {
    match kind.split_once('[') {
        None => Some((kind, None)),
        Some((kind, rest)) => {
            let count = rest.strip_suffix(']')?.parse().ok()?;
            Some((kind, Some(count)))
        }
    }
}

impl Formats {
    /// Adds `name:type field;type field;…`; none when the text is not of that form.
    pub(super) fn add(&mut self, text: &str) -> Option<()> {
        let (name, fields) = text.split_once(':')?;
        if !is_name(name) {
            return None;
        }
        let fields: Option<Vec<Field>> = fields
            .split(';')
            .filter(|field| !field.trim().is_empty())
            .map(|field| {
                let (kind, name) = field.trim().split_once(' ')?;
                let (kind, count) = split_array(kind)?;
                let name = name.trim();
                (is_name(name) && is_name(kind)).then(|| Field {
                    kind: kind.to_owned(),
                    count,
                    name: name.to_owned(),
                })
            })
            .collect();
        self.by_name.insert(name.to_owned(), fields?);
        Some(())
    }

    /// Compiles a format; none when it, or one it uses, is not defined, nests too deep or is too large.
    pub(super) fn compile(&self, name: &str) -> Option<Compiled> {
        let mut fields: &[Field] = self.by_name.get(name)?;
        // The logger leaves padding at the end of a message out.
        while let Some((last, before)) = fields.split_last()
            && last.name.starts_with("_padding")
        {
            fields = before;
        }
        let (mut bytes, mut timestamp_at) = (0_usize, None);
        let mut sizes = BTreeMap::new();
        for field in fields {
            if field.name == "timestamp" && field.kind == "uint64_t" && field.count.is_none() {
                timestamp_at = Some(bytes);
            }
            bytes = bytes.checked_add(self.field_bytes(field, DEPTH, &mut sizes)?)?;
        }
        u16::try_from(bytes).ok()?;
        let text = self.text(name, fields)?;
        Some(Compiled {
            bytes,
            timestamp_at,
            text,
        })
    }

    /// The `ros1msg` text of a format: its fields, then every format it uses once.
    fn text(&self, name: &str, fields: &[Field]) -> Option<String> {
        let mut text = own_text(fields);
        let mut done = BTreeSet::from([name]);
        let mut waiting: Vec<&str> = nested(fields).collect();
        while let Some(used) = waiting.pop() {
            if !done.insert(used) {
                continue;
            }
            let fields = self.by_name.get(used)?;
            let _ = write!(text, "{SEPARATOR}\nMSG: px4/{used}\n{}", own_text(fields));
            waiting.extend(nested(fields));
            if text.len() > TEXT_BYTES {
                return None;
            }
        }
        Some(text)
    }

    /// Size of a field; `sizes` keeps that of every format met, so that each is summed once.
    fn field_bytes<'a>(
        &'a self,
        field: &'a Field,
        depth: usize,
        sizes: &mut BTreeMap<&'a str, usize>,
    ) -> Option<usize> {
        let known = basic(&field.kind).map(|(bytes, _)| bytes);
        let one = if let Some(bytes) = known.or_else(|| sizes.get(field.kind.as_str()).copied()) {
            bytes
        } else {
            let mut sum = 0_usize;
            for inner in self.by_name.get(&field.kind)? {
                let bytes = self.field_bytes(inner, depth.checked_sub(1)?, sizes)?;
                sum = sum.checked_add(bytes)?;
            }
            sizes.insert(&field.kind, sum);
            sum
        };
        let bytes = one.checked_mul(field.count.unwrap_or(1))?;
        u16::try_from(bytes).ok()?;
        Some(bytes)
    }
}

fn nested(fields: &[Field]) -> impl Iterator<Item = &str> {
    fields
        .iter()
        .map(|field| field.kind.as_str())
        .filter(|kind| basic(kind).is_none())
}

/// The fields as `ros1msg` text, one a line.
fn own_text(fields: &[Field]) -> String {
    let mut text = String::new();
    for field in fields {
        match basic(&field.kind) {
            Some((_, kind)) => text.push_str(kind),
            None => {
                let _ = write!(text, "px4/{}", field.kind);
            }
        }
        if let Some(count) = field.count {
            let _ = write!(text, "[{count}]");
        }
        let _ = writeln!(text, " {}", field.name);
    }
    text
}

/// Names are ASCII words; anything else is damage.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_become_ros1_text() {
        let mut formats = Formats::default();
        formats
            .add("vec:float x;float[2] yz;uint8_t[4] _padding0;")
            .unwrap();
        formats
            .add("esc:uint64_t timestamp;bool ok;vec[2] v;char[4] name;uint8_t[3] _padding0;")
            .unwrap();
        let esc = formats.compile("esc").unwrap();
        assert_eq!(esc.bytes, 8 + 1 + 2 * 16 + 4);
        assert_eq!(esc.timestamp_at, Some(0));
        expect_test::expect![[r"
            uint64 timestamp
            bool ok
            px4/vec[2] v
            char[4] name
            ================================================================================
            MSG: px4/vec
            float32 x
            float32[2] yz
            uint8[4] _padding0
        "]]
        .assert_eq(&esc.text);
    }

    #[test]
    fn what_is_no_format_is_none() {
        let mut formats = Formats::default();
        for text in [
            "",
            "a",
            "a:b",
            "a:float[x] b;",
            "a:float[-1] b;",
            ":float x;",
            "a:flo\u{1}at x;",
        ] {
            assert_eq!(formats.add(text), None, "{text}");
        }
        formats.add("ring:ring r;").unwrap();
        formats.add("missing:other o;").unwrap();
        formats.add("huge:uint8_t[99999999999] o;").unwrap();
        for name in ["ring", "missing", "huge", "absent"] {
            assert_eq!(formats.compile(name), None, "{name}");
        }
    }
}
