//! Payloads straight into typed Arrow columns.
//!
//! Read [`ColumnDecoder`] first. `store` grows the columns; `packed` fills them from CDR, XCDR2 and
//! ROS 1, `protobuf`, `json` and `flatbuffer` from theirs.

mod flatbuffer;
mod json;
mod packed;
mod protobuf;
mod store;

use super::definition::{DefinitionError, Definitions};
use super::error::{DecodeCause, DecodeError};
use super::plan::Plan;
use crate::Schema;
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, SchemaRef};
use std::sync::Arc;
use store::Column;

/// Most rows of one batch.
const MAX_ROWS: usize = 1 << 24;
/// Most columns, nested ones included, a schema may unfold into.
const MAX_COLUMNS: usize = 16_384;

/// Decodes the messages of one channel into columns, one row per message.
///
/// Types: numbers keep their width and sign (unsigned ones too: tables that forbid them widen
/// later); truth values are Boolean; text is Utf8 (bytes that are not UTF-8 are replaced by
/// U+FFFD and counted, see [`ColumnDecoder::replaced_texts`]; wide text is converted); times and
/// durations are Int64 nanoseconds with field metadata `unit` = `ns`; nested messages are Struct;
/// sequences and fixed arrays are List, those of bytes (`uint8`, `char`, `octet`) Binary;
/// enumerations are their integers, with the names in field metadata `enum` where the schema has them.
///
/// ROS columns are never null. Protobuf: messages, `optional` and `oneof` fields are null when
/// absent, other absent fields have their default; maps are lists of `key` and `value`; a type
/// inside itself stays encoded, as Binary; a field given twice counts by its last value. JSON: every
/// column may be null; columns stand in the order of their names; properties the schema does not
/// declare are left out; integers beyond 64 signed bits are refused; what has no single
/// type becomes its JSON text as Utf8; without a schema the whole message is one column `json`.
/// `FlatBuffers`: absent numbers have their default, or are null when optional; what else is absent is
/// null; a table or struct of just seconds and nanoseconds is a time; unions, 64-bit vectors and a type
/// inside itself are left out.
#[derive(Debug)]
pub struct ColumnDecoder {
    source: Source,
    columns: Vec<Column>,
    rows: usize,
    replaced_texts: u64,
}

#[derive(Debug)]
enum Source {
    Packed { plan: Plan, ros1: bool },
    Protobuf(protobuf::Message),
    Json(json::Object),
    Flatbuffer(flatbuffer::Message),
    JsonText,
}

impl ColumnDecoder {
    /// Compiles a decoder. `message_encoding` is `cdr`, `ros1`, `protobuf`, `json` or `flatbuffer`;
    /// only JSON works without a schema. Cost: that of parsing the schema.
    ///
    /// # Errors
    /// When the schema does not parse, cannot describe such messages, or unfolds into more than
    /// 16,384 columns.
    pub fn new(schema: Option<&Schema>, message_encoding: &str) -> Result<Self, DefinitionError> {
        let pairing = || DefinitionError::Pairing {
            message_encoding: message_encoding.to_owned(),
            schema_encoding: schema.map(|s| s.encoding.clone()).unwrap_or_default(),
        };
        let mut budget = MAX_COLUMNS;
        let (source, columns) = match (message_encoding, schema) {
            ("cdr" | "ros1", Some(schema)) => {
                let definitions = Definitions::for_messages(schema, message_encoding)?;
                let plan = Plan::compile(&definitions);
                let columns = packed::columns(&plan, &mut budget)?;
                let ros1 = message_encoding == "ros1";
                (Source::Packed { plan, ros1 }, columns)
            }
            ("protobuf", Some(schema)) => {
                let (message, columns) = protobuf::compile(schema, &mut budget)?;
                (Source::Protobuf(message), columns)
            }
            ("flatbuffer", Some(schema)) => {
                let (message, columns) = flatbuffer::compile(schema, &mut budget)?;
                (Source::Flatbuffer(message), columns)
            }
            ("json", Some(schema)) if !schema.data.is_empty() => {
                match json::compile(schema, &mut budget)? {
                    Some((object, columns)) => (Source::Json(object), columns),
                    None => (Source::JsonText, vec![json::text_column()]),
                }
            }
            ("json", _) => (Source::JsonText, vec![json::text_column()]),
            _ => return Err(pairing()),
        };
        Ok(Self {
            source,
            columns,
            rows: 0,
            replaced_texts: 0,
        })
    }

    /// Decodes a message into the next row. Cost: linear in the payload.
    ///
    /// # Errors
    /// Names the field and the byte; the row is taken back whole, those before it stay.
    /// [`super::DecodeCause::BatchFull`] asks for [`ColumnDecoder::finish`].
    pub fn push(&mut self, payload: &[u8]) -> Result<(), DecodeError> {
        if self.rows >= MAX_ROWS {
            return Err(store::full(self.rows));
        }
        let replaced_before = self.replaced_texts;
        let columns = self.columns.as_mut_slice();
        let replaced = &mut self.replaced_texts;
        let result = match &self.source {
            Source::Packed { plan, ros1 } => packed::row(plan, *ros1, payload, columns, replaced),
            Source::Protobuf(message) => message.row(payload, columns, replaced),
            Source::Json(object) => object.row(payload, columns),
            Source::Flatbuffer(message) => message.row(payload, columns, replaced),
            Source::JsonText => json::text_row(payload, columns),
        };
        if result.is_ok() {
            self.rows = self.rows.saturating_add(1);
            return result;
        }
        self.replaced_texts = replaced_before;
        for column in &mut self.columns {
            column.truncate(self.rows);
        }
        result
    }

    /// Rows since the last batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Texts in which bytes that are not UTF-8 were replaced, since the decoder was made.
    pub fn replaced_texts(&self) -> u64 {
        self.replaced_texts
    }

    /// Bytes of values held, for deciding when to finish a batch.
    pub fn heap_bytes(&self) -> usize {
        self.columns.iter().map(Column::heap_bytes).sum()
    }

    /// Schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        Arc::new(arrow_schema::Schema::new(Column::fields(&self.columns)))
    }

    /// Hands out the rows so far and starts the next batch. A type without fields gives a batch of
    /// rows without columns.
    ///
    /// # Errors
    /// Only if Arrow refuses the arrays, which would be a fault of ours.
    pub fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let schema = self.schema();
        let rows = std::mem::take(&mut self.rows);
        let arrays = self
            .columns
            .iter_mut()
            .map(Column::take)
            .collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(schema, arrays, &options)
    }
}

/// Values one message may fill in, absent ones included: a schema of many optional columns and a
/// message of many empty elements multiply. Generous for any message people write.
#[derive(Debug)]
struct Cells {
    left: u64,
    limit: u64,
}

impl Cells {
    fn of(payload: &[u8]) -> Self {
        let limit = (payload.len() as u64)
            .saturating_mul(64)
            .saturating_add(1 << 20);
        Self { left: limit, limit }
    }

    fn spend(&mut self, cells: u64) -> Result<(), DecodeError> {
        match self.left.checked_sub(cells) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(DecodeError::new(
                0,
                DecodeCause::TooManyValues { limit: self.limit },
            )),
        }
    }
}

/// Counts columns against the limit.
fn spend(budget: &mut usize) -> Result<(), DefinitionError> {
    match budget.checked_sub(1) {
        Some(left) => {
            *budget = left;
            Ok(())
        }
        None => Err(DefinitionError::TooLarge {
            what: "columns",
            limit: MAX_COLUMNS as u64,
        }),
    }
}
