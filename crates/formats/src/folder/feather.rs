//! Feather files, version 2: the Arrow IPC file format with LZ4 or Zstandard buffers.
//!
//! Source: Arrow columnar format, "IPC File Format". Read by `arrow-ipc`; before it sees a file, what
//! its buffers claim to unpack to is held to the limit, because the crate reserves what is claimed.
//! Not here: version 1 (`FEA1`), which pyarrow has not written by default since 2020.

use super::Failure;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::FileReader;
use arrow_ipc::{MessageHeader, root_as_footer, root_as_message};
use arrow_schema::DataType;
use std::io::Cursor;
use std::panic::catch_unwind;

/// Mark at the start and the end of a file.
const MAGIC: &[u8; 6] = b"ARROW1";
/// Mark before the length of a message.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// A table, decoded.
pub(crate) struct Table {
    names: Vec<String>,
    batches: Vec<RecordBatch>,
}

/// Reads a whole file, unpacked to `limit` bytes at most; one with nulls is refused where `nulls` is false. Cost: its
/// unpacked size, in memory.
pub(crate) fn read(path: &str, bytes: &[u8], limit: u64, nulls: bool) -> Result<Table, Failure> {
    let failure = |reason: String| Failure {
        code: "loss.file",
        start: 0,
        end: bytes.len() as u64,
        message: format!("`{path}` cannot be read as Feather: {reason}"),
    };
    let claimed = unpacked(bytes, nulls).map_err(failure)?;
    if claimed > limit {
        return Err(failure(format!(
            "it claims `{claimed}` bytes unpacked, the limit is `{limit}`"
        )));
    }
    // The crate asserts what a damaged file may contradict (buffers that are too short for their
    // column); it holds no state beyond this call, so unwinding out of it leaves nothing half done.
    let decoded = catch_unwind(|| {
        let reader = FileReader::try_new(Cursor::new(bytes), None)?;
        let schema = reader.schema();
        let names = schema.fields().iter().map(|field| field.name().clone());
        let names: Vec<String> = names.collect();
        let batches = reader.collect::<Result<Vec<_>, _>>();
        batches.map(|batches| Table { names, batches })
    });
    let table = decoded.map_err(|_| failure("its buffers contradict its columns".to_owned()))?;
    table.map_err(|error| failure(error.to_string()))
}

/// The sum of what the buffers of all batches claim.
fn unpacked(bytes: &[u8], nulls: bool) -> Result<u64, String> {
    let cut = || "it is cut off or no Arrow file".to_owned();
    let (body, mark) = bytes.split_last_chunk::<6>().ok_or_else(cut)?;
    if mark != MAGIC || !bytes.starts_with(MAGIC) {
        return Err(cut());
    }
    let (body, length) = body.split_last_chunk::<4>().ok_or_else(cut)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| cut())?;
    let start = body.len().checked_sub(length).ok_or_else(cut)?;
    let footer = root_as_footer(body.get(start..).unwrap_or_default());
    let footer = footer.map_err(|error| format!("footer: {error}"))?;
    let blocks = [footer.recordBatches(), footer.dictionaries()];
    let mut sum = 0_u64;
    for block in blocks.into_iter().flatten().flatten() {
        let at = usize::try_from(block.offset()).map_err(|_| cut())?;
        let head = usize::try_from(block.metaDataLength()).map_err(|_| cut())?;
        let length = usize::try_from(block.bodyLength()).map_err(|_| cut())?;
        let whole = bytes.get(at..).ok_or_else(cut)?;
        let content = whole.get(head..).and_then(|rest| rest.get(..length));
        let content = content.ok_or_else(cut)?;
        let message = whole.get(..head).unwrap_or_default();
        // Behind the mark, if there is one, and the length: alignment counts from there.
        let message = message.strip_prefix(&CONTINUATION).unwrap_or(message);
        let message = root_as_message(message.get(4..).unwrap_or_default());
        let message = message.map_err(|error| format!("message: {error}"))?;
        let batch = match message.header_type() {
            MessageHeader::RecordBatch => message.header_as_record_batch(),
            MessageHeader::DictionaryBatch => message
                .header_as_dictionary_batch()
                .and_then(|dictionary| dictionary.data()),
            _ => None,
        };
        let Some(batch) = batch else { continue };
        let mut nodes = batch.nodes().into_iter().flatten();
        if !nulls && nodes.any(|node| node.null_count() != 0) {
            return Err("it holds nulls, which no table of the layout has".to_owned());
        }
        let packed = batch.compression().is_some();
        for buffer in batch.buffers().into_iter().flatten() {
            let size = u64::try_from(buffer.length()).map_err(|_| cut())?;
            let at = usize::try_from(buffer.offset()).map_err(|_| cut())?;
            let inside = usize::try_from(size)
                .ok()
                .and_then(|size| content.get(at..)?.get(..size));
            let claimed = inside.ok_or_else(cut)?.first_chunk::<8>();
            let claimed = claimed.map(|claimed| i64::from_le_bytes(*claimed));
            // -1 marks a buffer that is not packed.
            sum = sum.saturating_add(match claimed {
                Some(claimed) if packed && size > 0 && claimed != -1 => {
                    u64::try_from(claimed).map_err(|_| cut())?
                }
                _ => size,
            });
        }
    }
    Ok(sum)
}

impl Table {
    /// Names of the columns, in order.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Rows of all batches.
    pub(crate) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    fn column<T>(
        &self,
        name: &str,
        add: impl Fn(&dyn Array, &mut Vec<T>) -> Option<()>,
    ) -> Option<Vec<T>> {
        let mut out = Vec::with_capacity(self.rows());
        for batch in &self.batches {
            add(batch.column_by_name(name)?, &mut out)?;
        }
        (out.len() == self.rows()).then_some(out)
    }

    /// A column of numbers. None when it is missing or holds something else.
    pub(crate) fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        self.column(name, numbers)
    }

    /// A column of whole numbers.
    pub(crate) fn integers(&self, name: &str) -> Option<Vec<i64>> {
        self.column(name, integers)
    }

    /// A column of text, plain or as a dictionary.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.column(name, texts)
    }
}

fn numbers(array: &dyn Array, out: &mut Vec<f64>) -> Option<()> {
    macro_rules! extend {
        ($kind:ty, $value:expr) => {{
            let convert: fn(_) -> f64 = $value;
            let values = array.as_primitive_opt::<$kind>()?.iter();
            out.extend(values.map(|value| value.map_or(f64::NAN, convert)));
        }};
    }
    match array.data_type() {
        DataType::Float16 => {
            let values = array.as_primitive_opt::<Float16Type>()?.iter();
            out.extend(values.map(|value| value.map_or(f64::NAN, f64::from)));
        }
        DataType::Float32 => extend!(Float32Type, f64::from),
        DataType::Float64 => extend!(Float64Type, |value: f64| value),
        _ => {
            let mut whole = Vec::new();
            integers(array, &mut whole)?;
            out.extend(whole.into_iter().map(|value| value as f64));
        }
    }
    Some(())
}

fn integers(array: &dyn Array, out: &mut Vec<i64>) -> Option<()> {
    if array.null_count() > 0 {
        return None;
    }
    macro_rules! extend {
        ($kind:ty) => {{
            let values = array.as_primitive_opt::<$kind>()?.values();
            out.extend(values.iter().map(|value| i64::from(*value)));
        }};
    }
    match array.data_type() {
        DataType::Int8 => extend!(Int8Type),
        DataType::Int16 => extend!(Int16Type),
        DataType::Int32 => extend!(Int32Type),
        DataType::Int64 => extend!(Int64Type),
        DataType::UInt8 => extend!(UInt8Type),
        DataType::UInt16 => extend!(UInt16Type),
        DataType::UInt32 => extend!(UInt32Type),
        _ => return None,
    }
    Some(())
}

fn texts(array: &dyn Array, out: &mut Vec<String>) -> Option<()> {
    match array.data_type() {
        DataType::Utf8 => {
            let values = array.as_string_opt::<i32>()?.iter();
            out.extend(values.map(|text| text.unwrap_or_default().to_owned()));
        }
        DataType::LargeUtf8 => {
            let values = array.as_string_opt::<i64>()?.iter();
            out.extend(values.map(|text| text.unwrap_or_default().to_owned()));
        }
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary_opt()?;
            let mut words = Vec::new();
            texts(dictionary.values().as_ref(), &mut words)?;
            if words.is_empty() {
                out.resize(out.len() + array.len(), String::new());
                return Some(());
            }
            let keys = dictionary.normalized_keys();
            for (index, key) in keys.into_iter().enumerate() {
                let word = (!array.is_null(index)).then(|| words.get(key).cloned());
                out.push(word.flatten().unwrap_or_default());
            }
        }
        _ => return None,
    }
    Some(())
}
