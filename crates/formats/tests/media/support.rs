//! Vectors of `conformance/media` and images from bytes.

use base64::Engine as _;
use fieldassay_formats::sensor::Image;
use fieldassay_testkit::repository_root;
use serde_json::Value;
use std::borrow::Cow;

pub(crate) fn vectors() -> Value {
    let path = repository_root().join("conformance/media/media.json");
    serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON")
}

pub(crate) fn stream(name: &str) -> Vec<u8> {
    std::fs::read(repository_root().join("conformance/media").join(name)).expect("stream")
}

pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().expect(key)
}

pub(crate) fn number(value: &Value, key: &str) -> u32 {
    u32::try_from(value[key].as_u64().expect(key)).expect(key)
}

pub(crate) fn bytes(value: &Value, key: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD
        .decode(text(value, key))
        .expect(key)
}

pub(crate) fn file<'a>(encoding: &'a str, data: &'a [u8]) -> Image<'a> {
    Image {
        frame: Cow::Borrowed(""),
        width: 0,
        height: 0,
        encoding: Cow::Borrowed(encoding),
        compressed: true,
        step: 0,
        big_endian: false,
        data: Cow::Borrowed(data),
    }
}

pub(crate) fn pixels<'a>(
    encoding: &'a str,
    size: (u32, u32),
    step: u32,
    data: &'a [u8],
) -> Image<'a> {
    Image {
        width: size.0,
        height: size.1,
        compressed: false,
        step,
        ..file(encoding, data)
    }
}
