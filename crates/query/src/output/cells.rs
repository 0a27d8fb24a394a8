//! Values as text, one cell at a time.

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use std::sync::LazyLock;

static OPTIONS: LazyLock<EncoderOptions> =
    LazyLock::new(|| EncoderOptions::default().with_explicit_nulls(true));

/// Cells of a batch: numbers as JSON writes them, texts bare, lists and structs as JSON.
pub(super) struct Cells<'a> {
    columns: Vec<(NullableEncoder<'a>, bool)>,
    buffer: Vec<u8>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        let fields = batch.schema_ref().fields();
        let columns = fields.iter().zip(batch.columns()).map(|(field, array)| {
            let encoder = make_encoder(field, array.as_ref(), &OPTIONS)?;
            let nested = matches!(
                array.data_type(),
                DataType::List(_)
                    | DataType::LargeList(_)
                    | DataType::ListView(_)
                    | DataType::LargeListView(_)
                    | DataType::FixedSizeList(_, _)
                    | DataType::Struct(_)
                    | DataType::Map(_, _)
            );
            Ok((encoder, nested))
        });
        Ok(Self {
            columns: columns.collect::<Result<_, ArrowError>>()?,
            buffer: Vec::new(),
        })
    }

    /// A cell, none where it is null.
    pub(super) fn cell(&mut self, column: usize, row: usize) -> Option<String> {
        let (encoder, nested) = self.columns.get_mut(column)?;
        if encoder.is_null(row) {
            return None;
        }
        self.buffer.clear();
        encoder.encode(row, &mut self.buffer);
        if !*nested && self.buffer.first() == Some(&b'"') {
            // A text: JSON's own reading takes the quotes and escapes off.
            return serde_json::from_slice(&self.buffer).ok();
        }
        Some(String::from_utf8_lossy(&self.buffer).into_owned())
    }
}
