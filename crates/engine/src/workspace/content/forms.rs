//! Which reader reads the files of an input, and what it needs besides.
//!
//! Read [`Forms`] first. Not here: what becomes of what they say (`said`).

use super::sink::Sink;
use super::sizes::{self, Sizes};
use super::{Options, folder, said, wrong};
use crate::EngineError;
use crate::sources::map;
use crate::workspace::layouts::{Form, LabelInput};
use fieldassay_formats::labels::label_studio::About as LabelStudio;
use fieldassay_formats::labels::voc::stem;
use fieldassay_formats::labels::{
    Content, Item, Label, LabelError, Shape, coco, commonroad, cvat, kitti, label_studio, mot,
    open_images, openlabel, voc, yolo,
};
use fieldassay_formats::table;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the files of an input are read with.
pub(super) struct Forms<'a> {
    form: Form,
    options: &'a Options,
    files: Vec<&'a Path>,
    names: Option<yolo::Names>,
    codes: BTreeMap<String, String>,
    sizes: Sizes,
}

impl<'a> Forms<'a> {
    /// Errors: names of classes or sizes of images that cannot be read.
    pub(super) fn open(input: &'a LabelInput, options: &'a Options) -> Result<Self, EngineError> {
        let is_helper = |path: &PathBuf| is_helper(input.form, path);
        let mut helpers: Vec<&Path> = Vec::new();
        let mut files: Vec<&Path> = Vec::new();
        for path in &input.files {
            let to = if is_helper(path) {
                &mut helpers
            } else {
                &mut files
            };
            to.push(path);
        }
        if let Some(names) = &options.class_names {
            helpers = vec![names];
        }
        let (mut names, mut codes) = (None, BTreeMap::new());
        if let Some(path) = helpers.first() {
            let bytes = read(path)?;
            let name = path.display().to_string();
            match input.form {
                Form::Yolo => names = Some(yolo::names(&name, &bytes).map_err(wrong)?),
                Form::OpenImages => codes = open_images::names(&name, &bytes).map_err(wrong)?,
                _ => {}
            }
        }
        let sizes = options
            .image_sizes
            .as_deref()
            .map(Sizes::read)
            .transpose()?;
        Ok(Self {
            form: input.form,
            options,
            files,
            names,
            codes,
            sizes: sizes.unwrap_or_default(),
        })
    }

    /// The files that hold labels.
    pub(super) fn files(&self) -> impl Iterator<Item = &'a Path> + use<'a> {
        self.files.clone().into_iter()
    }

    /// Adds the rows of a file.
    pub(super) fn gather(&self, sink: &mut Sink<'_>, file: &Path) -> Result<(), EngineError> {
        let bytes = read(file)?;
        let name = file.display().to_string();
        if self.form == Form::Argoverse2 {
            let table = table::read(&name, &bytes)?;
            return folder::argoverse(sink, &table);
        }
        let content = self.content(file, &name, &bytes)?;
        said::add(sink, Some(self.form), &content)
    }

    fn content(&self, file: &Path, name: &str, bytes: &[u8]) -> Result<Content, EngineError> {
        let size_of = |image: &str| self.sizes.get(image).map(|(_, size)| size);
        let found = match self.form {
            Form::Coco => coco::content(name, bytes),
            Form::CocoResults => coco::results_content(name, bytes),
            Form::Voc => voc::content(name, bytes, self.options.corners),
            Form::Yolo => return self.yolo(file, name, bytes),
            Form::Cvat => cvat::content(name, bytes),
            Form::LabelStudio => {
                let about = LabelStudio {
                    size_of: &size_of,
                    answers: &[],
                };
                label_studio::content(name, bytes, about)
            }
            Form::OpenLabel => openlabel::content(name, bytes),
            Form::CommonRoad => commonroad::content(name, bytes),
            Form::OpenImages => {
                let table = table::read(name, bytes)?;
                if let Some(image) = table
                    .full_texts("ImageID")?
                    .iter()
                    .find(|image| size_of(image).is_none())
                {
                    return Err(no_size(file, image));
                }
                open_images::content(&table, &self.codes, &size_of)
            }
            Form::Kitti if is_sequence(bytes) => kitti::tracks(name, bytes, stem(name)),
            Form::Kitti => kitti::content(name, bytes, stem(name), is_scored(bytes)),
            Form::Mot => tracks(file, name, bytes),
            form => {
                return Err(EngineError::Request {
                    message: format!("`{name}` is no file of `{}`", form.name()),
                });
            }
        };
        found.map_err(wrong)
    }

    fn yolo(&self, file: &Path, name: &str, bytes: &[u8]) -> Result<Content, EngineError> {
        let labels = stem(name);
        let known = self
            .sizes
            .get(labels)
            .map(|(image, size)| (image.to_owned(), size));
        let known = known.or_else(|| sizes::beside(file));
        let (image, size_px) = known.ok_or_else(|| no_size(file, labels))?;
        let about = yolo::About {
            image: &image,
            size_px,
            names: self.names.as_ref(),
            confidence: self.options.confidence,
        };
        yolo::content(name, bytes, &about).map_err(wrong)
    }
}

fn no_size(file: &Path, image: &str) -> EngineError {
    EngineError::Request {
        message: format!(
            "`{}` says where things are in shares of the image, and nobody says how large `{image}` is\nhint: give `--image-sizes` a table with the columns name,width,height, or the folder of the images",
            file.display()
        ),
    }
}

/// The bytes of a file.
pub(super) fn read(
    path: &Path,
) -> Result<impl std::ops::Deref<Target = [u8]> + use<>, EngineError> {
    if !path.exists() {
        return Err(EngineError::NoLabels {
            path: path.to_owned(),
        });
    }
    Ok(Mapped(map(path)?))
}

/// A mapped file, which may be empty.
struct Mapped<M>(Option<M>);

impl<M: std::ops::Deref<Target = [u8]>> std::ops::Deref for Mapped<M> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Whether a file of an input only helps to read the others.
fn is_helper(form: Form, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match form {
        Form::Yolo => name == "classes.txt" || !name.to_ascii_lowercase().ends_with(".txt"),
        Form::OpenImages => name.starts_with("class-descriptions"),
        _ => false,
    }
}

/// Whether lines of KITTI's form begin with a frame and a track.
fn is_sequence(bytes: &[u8]) -> bool {
    first_cells(bytes)
        .next()
        .is_some_and(|cell| cell.iter().all(u8::is_ascii_digit))
}

/// The cells of the first line that has some.
fn first_cells(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    first
        .split(u8::is_ascii_whitespace)
        .filter(|cell| !cell.is_empty())
}

/// Whether lines of KITTI's form end with how sure a detector is.
fn is_scored(bytes: &[u8]) -> bool {
    first_cells(bytes).count() == 16
}

/// The tracks of a sequence, which its folder names. What is not called `gt` is of a tracker, or of a detector, which
/// knows no tracks.
fn tracks(file: &Path, name: &str, bytes: &[u8]) -> Result<Content, LabelError> {
    const PARTS: [&str; 3] = ["gt", "det", "data"];
    let folders = file.parent().into_iter().flat_map(Path::ancestors);
    let folders = folders.filter_map(|folder| folder.file_name()?.to_str());
    let is_truth = stem(name) == "gt";
    let of_folder = folders.into_iter().find(|folder| !PARTS.contains(folder));
    let is_named = PARTS.contains(&stem(name)) || stem(name) == "test";
    let sequence = of_folder.filter(|_| is_named).unwrap_or(stem(name));
    let mut out = Content::default();
    out.items.push(Item {
        name: sequence.to_owned(),
        ..Item::default()
    });
    out.labels = mot::read(name, bytes)?
        .into_iter()
        .map(|row| {
            let [left, top, width, height] = row.xywh;
            let considered = ("confidence".to_owned(), row.confidence.to_string());
            Label {
                item: Some(0),
                steps: Some([i64::from(row.frame); 2]),
                category: row.class.map(|class| class.to_string()).unwrap_or_default(),
                track: (row.id >= 0).then(|| row.id.to_string()),
                shape: Shape::Box2 {
                    corners_px: [left, top, left + width, top + height],
                    rotation_radians: 0.0,
                },
                is_prediction: !is_truth,
                score: Some(row.confidence).filter(|score| !is_truth && *score >= 0.0),
                attributes: is_truth.then_some(considered).into_iter().collect(),
                ..Label::default()
            }
        })
        .collect();
    Ok(out)
}
