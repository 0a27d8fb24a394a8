//! What labels, votes, predictions, events and outcomes say, as rows of the workspace's tables.
//!
//! Read [`gather`] first; [`gather_of_folder`] gives what a recording that is a folder says besides its messages. `said`
//! turns what readers of layouts say into rows, `tables` turns rows of somebody's table into ours.
//!
//! Not here: what is a layout of labels (`layouts`), reading one (`formats::labels`).

mod folder;
mod forms;
mod moment;
mod reports;
mod said;
mod sink;
mod sizes;
mod tables;

pub(crate) use folder::gather_of_folder;

use super::Gathered;
use super::layouts::{LabelInput, table_of};
use crate::EngineError;
use crate::statistics::Columns;
use fieldassay_formats::labels::LabelError;
use fieldassay_formats::labels::voc::Corners;
use fieldassay_formats::labels::yolo::Confidence;
use forms::Forms;
use sink::Sink;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What stands in an input and is not read: how often, by its name.
pub(crate) type LeftOut = BTreeMap<String, u64>;

/// What files do not say themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// `--image-sizes`: a table with `name,width,height`, or a folder of images whose headers are read.
    pub(crate) image_sizes: Option<PathBuf>,
    /// Names of classes that YOLO's or Open Images' files count or code, where none lie beside them.
    pub(crate) class_names: Option<PathBuf>,
    /// `--columns item=question,annotator=worker`: which column of a table plays which part; `item=0` counts places in a
    /// file without a line of names.
    pub(crate) columns: Columns,
    /// What corners of VOC are.
    pub(crate) corners: Corners,
    /// Where a line of YOLO says how sure a detector is.
    pub(crate) confidence: Confidence,
}

/// Files of one input that are told of one by one when they cannot be read.
const MOST_DAMAGED: usize = 100;

/// Adds the rows of one input, whose id is both the recording and the source.
///
/// Of an input of many files those that cannot be read are left out with the reason. Errors: nothing can be read; a size
/// or a name is needed that nobody says. Cost: one file in memory at a time.
pub(crate) fn gather(
    input: &LabelInput,
    id: &str,
    options: &Options,
    out: &mut Gathered,
) -> Result<LeftOut, EngineError> {
    let mut left_out = LeftOut::new();
    let forms = Forms::open(input, options)?;
    let (mut first, mut read) = (None, 0_usize);
    for file in forms.files() {
        let source = format!("{} {}", input.form.name(), relative(&input.path, file));
        let mut sink = Sink::new(out, id, source, &mut left_out);
        let done = match table_of(input.form) {
            Some(table) => tables::gather(&mut sink, input.form, table, file, &options.columns),
            None => forms.gather(&mut sink, file),
        };
        match done {
            Ok(()) => read += 1,
            Err(error) if matches!(error, EngineError::Rows { .. }) => return Err(error),
            Err(error) => {
                if left_out.len() < MOST_DAMAGED {
                    left_out.insert(error.to_string(), 1);
                }
                *left_out
                    .entry("files that cannot be read".to_owned())
                    .or_default() += 1;
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) if read == 0 => Err(error),
        _ => Ok(left_out),
    }
}

/// A path within an input, `/` between parts; the name where the input is the file.
fn relative(root: &Path, path: &Path) -> String {
    let inside = path
        .strip_prefix(root)
        .ok()
        .filter(|inside| !inside.as_os_str().is_empty());
    let inside = inside.unwrap_or_else(|| Path::new(path.file_name().unwrap_or_default()));
    let parts = inside
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

fn wrong(source: LabelError) -> EngineError {
    EngineError::Labels { source }
}

#[cfg(test)]
mod tests;
