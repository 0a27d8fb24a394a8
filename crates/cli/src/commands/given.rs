//! Arguments that several verbs share: predictions with labels, and a picture.

use crate::render;
use fieldassay_engine::pictures;
use fieldassay_engine::statistics::{Columns, Source};
use std::path::PathBuf;

/// What a model said of items, and what they are.
#[derive(Debug, clap::Args)]
pub(crate) struct Given {
    /// What the model said, one item per row.
    #[arg(value_name = "PROBS")]
    predictions: PathBuf,
    /// What is true, one item per row.
    #[arg(value_name = "LABELS")]
    labels: PathBuf,
    /// Columns of PROBS under other names: `item=id,confidence=score`.
    #[arg(long, value_name = "PART=NAME,…")]
    columns: Option<Columns>,
    /// Columns of LABELS under other names: `item=id,label=class`.
    #[arg(long, value_name = "PART=NAME,…")]
    truth_columns: Option<Columns>,
}

impl Given {
    /// The tables of predictions and of labels.
    pub(crate) fn sources(&self) -> (Source, Source) {
        (
            Source::new(&self.predictions, self.columns.as_ref()),
            Source::of_truth(&self.labels, self.truth_columns.as_ref()),
        )
    }
}

/// A picture beside the answer.
#[derive(Debug, clap::Args)]
pub(crate) struct Picture {
    /// Draw it to this file.
    #[arg(long, value_name = "OUT.svg")]
    plot: Option<PathBuf>,
    /// Replace an existing picture.
    #[arg(long, requires = "plot")]
    force: bool,
}

impl Picture {
    /// An error where the picture cannot be written; ask before the work.
    pub(crate) fn refuse(&self) -> anyhow::Result<()> {
        if let Some(file) = &self.plot {
            pictures::refuse(file, self.force)?;
        }
        Ok(())
    }

    /// Writes the picture, where one is asked for.
    pub(crate) fn write(&self, svg: impl FnOnce() -> String) -> anyhow::Result<()> {
        if let Some(file) = &self.plot {
            pictures::write(&svg(), file, self.force)?;
            render::note(&format!("picture written to {}", file.display()));
        }
        Ok(())
    }
}
