//! Little-endian numbers at a place, none where the bytes end.

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

pub(super) fn u8_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

/// Microseconds since boot as nanoseconds; none beyond 64 bits signed.
pub(super) fn nanos(micros: u64) -> Option<i64> {
    i64::try_from(micros).ok()?.checked_mul(1000)
}

/// The value of an information or parameter message as text.
pub(super) fn value_text(kind: &str, value: &[u8]) -> String {
    fn read<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
        value.try_into().ok()
    }
    let number = match kind {
        "int8_t" => read(value).map(|b| i8::from_le_bytes(b).to_string()),
        "uint8_t" | "bool" => read(value).map(|b| u8::from_le_bytes(b).to_string()),
        "int16_t" => read(value).map(|b| i16::from_le_bytes(b).to_string()),
        "uint16_t" => read(value).map(|b| u16::from_le_bytes(b).to_string()),
        "int32_t" => read(value).map(|b| i32::from_le_bytes(b).to_string()),
        "uint32_t" => read(value).map(|b| u32::from_le_bytes(b).to_string()),
        "int64_t" => read(value).map(|b| i64::from_le_bytes(b).to_string()),
        "uint64_t" => read(value).map(|b| u64::from_le_bytes(b).to_string()),
        "float" => read(value).map(|b| f32::from_le_bytes(b).to_string()),
        "double" => read(value).map(|b| f64::from_le_bytes(b).to_string()),
        _ => None,
    };
    number.unwrap_or_else(|| {
        if kind.starts_with("char") {
            String::from_utf8_lossy(value)
                .trim_end_matches('\0')
                .to_owned()
        } else {
            fieldassay_model::hexadecimal(value)
        }
    })
}
