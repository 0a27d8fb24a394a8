//! Files of labels and of predictions: bytes in, typed rows out.
//!
//! Read [`LabelError`] and [`Content`] first: every reader names the file and the row it cannot read, and those named
//! `content` give everything a layout says in one set of types. One file or folder per form: [`coco`] (LVIS too), [`voc`],
//! [`yolo`], [`open_images`], [`cvat`], [`label_studio`], [`openlabel`], [`commonroad`], [`kitti`], [`mot`], [`nuscenes`]
//! (scores) and [`nuscenes_tables`] (everything), [`av2`], and [`class_map`] for images of classes.
//!
//! Not here: which rows belong together, and scores (`measure`).

#![warn(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

pub mod av2;
pub mod class_map;
pub mod coco;
pub mod commonroad;
pub mod content;
pub mod cvat;
pub mod kitti;
pub mod label_studio;
pub mod mot;
pub mod nuscenes;
pub mod nuscenes_tables;
pub mod open_images;
pub mod openlabel;
mod rows;
pub mod voc;
mod xml;
pub mod yolo;

use crate::table::TableError;
use crate::trajectory::text::RowError;

pub use content::{Content, Item, Kind, Label, Shape};
pub use rows::{Rows, list, list_field};

/// Where in a file something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole file.
    File,
    /// A line of text, counted from 1.
    Line(u64),
    /// A row of a list or table, counted from 0.
    Row(usize),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File => Ok(()),
            Self::Line(line) => write!(f, " line `{line}`"),
            Self::Row(row) => write!(f, " row `{row}`"),
        }
    }
}

/// Why a file of labels or predictions cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LabelError {
    /// Not the form it should have.
    #[error("`{file}`{place}: {what}; hint: {hint}")]
    Form {
        /// The file as it was named.
        file: String,
        /// Where.
        place: Place,
        /// What was seen.
        what: String,
        /// What to do.
        hint: &'static str,
    },
    /// A value that is none.
    #[error("`{file}`{place}: `{name}` is `{value}`; hint: {hint}")]
    Value {
        /// The file as it was named.
        file: String,
        /// Where.
        place: Place,
        /// Which value.
        name: &'static str,
        /// What was seen.
        value: String,
        /// What belongs there.
        hint: &'static str,
    },
    /// A table that cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl LabelError {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form { .. } => "labels.form",
            Self::Value { .. } => "labels.value",
            Self::Table(error) => error.code(),
        }
    }
}

/// A place in a named file, to make errors of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) file: &'a str,
    pub(crate) place: Place,
}

impl At<'_> {
    pub(crate) fn form(self, what: impl Into<String>, hint: &'static str) -> LabelError {
        LabelError::Form {
            file: self.file.to_owned(),
            place: self.place,
            what: what.into(),
            hint,
        }
    }

    pub(crate) fn value(
        self,
        name: &'static str,
        value: impl std::fmt::Display,
        hint: &'static str,
    ) -> LabelError {
        let value: String = value.to_string().chars().take(40).collect();
        LabelError::Value {
            file: self.file.to_owned(),
            place: self.place,
            name,
            value,
            hint,
        }
    }

    pub(crate) fn row_error(self, cause: &RowError, hint: &'static str) -> LabelError {
        self.form(cause.to_string(), hint)
    }

    /// The number where it is finite.
    pub(crate) fn finite(self, name: &'static str, value: f64) -> Result<f64, LabelError> {
        if value.is_finite() {
            Ok(value)
        } else {
            Err(self.value(name, value, "numbers are finite; drop the row or repair it"))
        }
    }

    /// The number where it is finite and not below 0.
    pub(crate) fn size(self, name: &'static str, value: f64) -> Result<f64, LabelError> {
        if self.finite(name, value)? < 0.0 {
            return Err(self.value(
                name,
                value,
                "sizes are not below 0; look at the order of the corners",
            ));
        }
        Ok(value)
    }
}
