//! Definitions as recordings carry them.

use crate::support::{rows, schema};
use fieldassay_formats::decode::definition::{Definitions, Extensibility, FieldType, Primitive};
use serde_json::json;
use std::fmt::Write as _;

fn fields(definitions: &Definitions) -> Vec<(String, String)> {
    let root = definitions.root_type().expect("root");
    root.fields
        .iter()
        .map(|f| (f.name.clone(), show(&f.kind)))
        .collect()
}

fn show(kind: &FieldType) -> String {
    match kind {
        FieldType::Primitive(p) => format!("{p:?}"),
        FieldType::Enum(p) => format!("enum {p:?}"),
        FieldType::Text { bound } => format!(
            "text{}",
            bound.map(|b| format!("<{b}>")).unwrap_or_default()
        ),
        FieldType::WideText { bound } => format!(
            "wide{}",
            bound.map(|b| format!("<{b}>")).unwrap_or_default()
        ),
        FieldType::Time => "time".to_owned(),
        FieldType::Duration => "duration".to_owned(),
        FieldType::Message(name) => name.clone(),
        FieldType::Sequence { element, bound } => {
            format!(
                "{}[{}]",
                show(element),
                bound.map(|b| format!("<={b}")).unwrap_or_default()
            )
        }
        FieldType::Array { element, length } => format!("{}[{length}]", show(element)),
    }
}

fn check(encoding: &str, text: &str, expected: &[(&str, &str)]) -> Definitions {
    let definitions =
        Definitions::parse(&schema("pkg/msg/Root", encoding, text)).expect("definition");
    let found = fields(&definitions);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(n, k)| (n.as_str(), k.as_str()))
        .collect();
    assert_eq!(found, expected);
    definitions
}

fn refused(encoding: &str, text: &str, code: &str, place: &str) {
    let error = Definitions::parse(&schema("pkg/msg/Root", encoding, text)).expect_err("refused");
    assert_eq!(error.code(), code, "{error}");
    let message = error.to_string();
    assert!(
        message.contains(place) && message.contains("hint: "),
        "{message}"
    );
}

#[test]
fn ros1_in_full() {
    let text = "# comment\n  Header header  # trailing\r\nstring GREETING= hello # not a comment\nint32 X=-7 # comment\nbyte b\nchar c\ntime[2] times\nduration d\nother_pkg/Thing[] things\nThing own\nfloat64[36] covariance\n================================================================================\nMSG: other_pkg/Thing\nuint8 a\n================================================================================\nMSG: pkg/Thing\nuint16 b\n";
    let definitions = check(
        "ros1msg",
        text,
        &[
            ("header", "std_msgs/Header"),
            ("b", "I8"),
            ("c", "U8"),
            ("times", "time[2]"),
            ("d", "duration"),
            ("things", "other_pkg/Thing[]"),
            ("own", "pkg/Thing"),
            ("covariance", "F64[36]"),
        ],
    );
    let constants = &definitions.root_type().expect("root").constants;
    assert_eq!(constants[0].value, "hello # not a comment");
    assert_eq!(
        (constants[1].name.as_str(), constants[1].value.as_str()),
        ("X", "-7")
    );
    assert_eq!(definitions.types["std_msgs/Header"].fields.len(), 3);
}

#[test]
fn ros2_in_full() {
    let text = "string<=10 short_name \"a # b\" # comment\nint32[<=5] few [1, 2]\nstring<=3[<=4] words\nwstring wide\nuint8 LEVEL=3\nbyte raw\nchar letter 65\nfloat64[3] xyz [0.0, 1.0, 2.0]\nbuiltin_interfaces/Time stamp\nNeighbor near\nstring apostrophe it's # comment\n================================================================================\nMSG: pkg/Neighbor\nbool on true\n";
    let definitions = check(
        "ros2msg",
        text,
        &[
            ("short_name", "text<10>"),
            ("few", "I32[<=5]"),
            ("words", "text<3>[<=4]"),
            ("wide", "wide"),
            ("raw", "U8"),
            ("letter", "U8"),
            ("xyz", "F64[3]"),
            ("stamp", "builtin_interfaces/Time"),
            ("near", "pkg/Neighbor"),
            ("apostrophe", "text"),
        ],
    );
    let root = definitions.root_type().expect("root");
    let defaults: Vec<Option<&str>> = root.fields.iter().map(|f| f.default.as_deref()).collect();
    assert_eq!(
        defaults,
        [
            Some("\"a # b\""),
            Some("[1, 2]"),
            None,
            None,
            None,
            Some("65"),
            Some("[0.0, 1.0, 2.0]"),
            None,
            None,
            Some("it's")
        ]
    );
}

/// As `ros2 bag` writes it: the IDL rosidl generates from `.msg`, root first.
const ROS2_IDL: &str = r#"================================================================================
IDL: pkg/msg/Root
// generated from rosidl_adapter/resource/msg.idl.em
// with input from pkg/msg/Root.msg

#include "builtin_interfaces/msg/Time.idl"
#include "pkg/msg/Part.idl"

module pkg {
  module msg {
    typedef double double__9[9];
    typedef pkg::msg::Part pkg__msg__Part__2[2];
    module Root_Constants {
      const octet KIND_A = 1;
      @verbatim (language="comment", text="a \" ) quote")
      const string NAME = "x;y";
    };
    @verbatim (language="comment", text=
      "Lines" "\n" "of (comment)")
    struct Root {
      @verbatim (language="comment", text="stamp")
      builtin_interfaces::msg::Time stamp;

      @unit (value="m")
      double__9 covariance;

      pkg__msg__Part__2 parts;

      sequence<pkg::msg::Part, 5> some;

      string<10> label;

      @default (value=7)
      int32 count;

      sequence<wstring<4>> wides;
      pkg::msg::Color color;
      boolean flag, other[2][3];
    };
  };
};

================================================================================
IDL: pkg/msg/Part
module pkg { module msg {
  @bit_bound(8) enum Color { RED, @value(5) GREEN };
  @final @nested struct Part { unsigned long long id; };
}; };

================================================================================
IDL: builtin_interfaces/msg/Time
module builtin_interfaces {
  module msg {
    struct Time { long sec; unsigned long nanosec; };
  };
};
"#;

#[test]
fn ros2_idl_as_rosidl_writes_it() {
    let definitions = check(
        "ros2idl",
        ROS2_IDL,
        &[
            ("stamp", "builtin_interfaces/Time"),
            ("covariance", "F64[9]"),
            ("parts", "pkg/Part[2]"),
            ("some", "pkg/Part[<=5]"),
            ("label", "text<10>"),
            ("count", "I32"),
            ("wides", "wide<4>[]"),
            ("color", "enum I8"),
            ("flag", "Bool"),
            ("other", "Bool[6]"),
        ],
    );
    let root = definitions.root_type().expect("root");
    assert_eq!(root.fields[5].default.as_deref(), Some("7"));
    let constants: Vec<(&str, &str)> = root
        .constants
        .iter()
        .map(|c| (c.name.as_str(), c.value.as_str()))
        .collect();
    assert_eq!(constants, [("KIND_A", "1"), ("NAME", "\"x;y\"")]);
    assert_eq!(root.constants[0].kind, FieldType::Primitive(Primitive::U8));
    assert_eq!(
        definitions.types["pkg/Part"].extensibility,
        Some(Extensibility::Final)
    );
}

#[test]
fn plain_dds_idl() {
    let text = "const long SIZE = 4; module M { @appendable struct Inner { long a; }; typedef sequence<Inner> Inners; };\n@extensibility(FINAL) struct Root { M::Inners list; float values[SIZE]; ::M::Inner one; };";
    let definitions = check(
        "omgidl",
        text,
        &[
            ("list", "M/Inner[]"),
            ("values", "F32[4]"),
            ("one", "M/Inner"),
        ],
    );
    assert_eq!(definitions.root, "Root");
    assert_eq!(
        definitions.types["M/Inner"].extensibility,
        Some(Extensibility::Appendable)
    );
}

#[test]
fn service_events_of_rosbag2() {
    let text = "int64 a\nint64 b\n---\nint64 sum\n";
    let event = schema("example_interfaces/srv/AddTwoInts_Event", "ros2msg", text);
    let mut payload = vec![0, 1, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0];
    payload.extend(1..=16);
    payload.extend([0; 4]);
    payload.extend(9_u64.to_le_bytes());
    payload.extend([0, 0, 0, 0, 1, 0, 0, 0]);
    payload.extend(3_i64.to_le_bytes());
    let found = rows(&event, "cdr", &[&payload]).remove(0);
    assert_eq!(
        found,
        json!({
            "info": {"event_type": 1, "stamp": 5_000_000_006_i64, "client_gid": (1..=16).collect::<Vec<u8>>(), "sequence_number": 9},
            "request": [],
            "response": [{"sum": 3}],
        })
    );
}

#[test]
fn refusals_name_the_line_and_what_to_do() {
    refused("ros1msg", "int32 a\nint32\n", "definition.syntax", "line 2");
    refused("ros1msg", "int32 a 5\n", "definition.syntax", "default");
    refused("ros1msg", "int32[ a\n", "definition.syntax", "line 1");
    refused(
        "ros2msg",
        "int32[0] a\n",
        "definition.syntax",
        "1 to 16777216",
    );
    refused(
        "ros2msg",
        "Nowhere a\n",
        "definition.unknown_type",
        "`Nowhere`",
    );
    refused("ros2msg", "Root a\n", "definition.recursive", "pkg/Root");
    refused(
        "ros2msg",
        "int32 a\n================================================================================\nint32 b\n",
        "definition.syntax",
        "line 3",
    );
    refused(
        "ros2idl",
        "module pkg { module msg {\n struct Root { long double x; }; }; };",
        "definition.unsupported",
        "long double",
    );
    refused(
        "ros2idl",
        "struct Root {\n\n union x; };",
        "definition.unsupported",
        "line 3",
    );
    refused(
        "ros2idl",
        "struct Root { @optional long x; };",
        "definition.unsupported",
        "@optional",
    );
    refused(
        "ros2idl",
        "struct Root { long x",
        "definition.syntax",
        "the end of the text",
    );
    refused(
        "ros2idl",
        "struct Root { sequence<Root> x; };",
        "definition.recursive",
        "Root",
    );
    refused("cbor", "", "definition.encoding", "cbor");
}

#[test]
fn explosions_are_refused() {
    let mut text = "S1[4096] a\n".to_owned();
    for i in 1..4 {
        write!(text, "================================================================================\nMSG: pkg/S{i}\nS{}[4096] a\n", i + 1).expect("memory");
    }
    text.push_str("================================================================================\nMSG: pkg/S4\nuint8 a\n");
    refused("ros2msg", &text, "definition.too_large", "fixed arrays");

    let deep = "sequence<".repeat(100_000);
    refused(
        "ros2idl",
        &format!("struct Root {{ {deep}"),
        "definition.too_large",
        "levels of nesting",
    );
    let deep = "module a { ".repeat(100_000);
    refused(
        "ros2idl",
        &deep,
        "definition.too_large",
        "levels of nesting",
    );

    let mut text = "S1 a\n".to_owned();
    for i in 1..60 {
        write!(text, "================================================================================\nMSG: pkg/S{i}\nS{} a\n", i + 1).expect("memory");
    }
    text.push_str("================================================================================\nMSG: pkg/S60\nuint8 a\n");
    refused(
        "ros2msg",
        &text,
        "definition.too_large",
        "levels of nesting",
    );

    let typedefs: Vec<String> = (1..200)
        .map(|i| format!("typedef T{} T{i};", i - 1))
        .collect();
    let chain = typedefs.concat();
    refused(
        "ros2idl",
        &format!("typedef long T0; {chain} struct Root {{ T199 x; }};"),
        "definition.too_large",
        "levels of nesting",
    );
    refused(
        "ros2idl",
        "typedef A B; typedef B A; struct Root { A x; };",
        "definition.too_large",
        "levels of nesting",
    );
}
