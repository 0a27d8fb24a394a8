//! Sizes of images, for forms that say where things are in shares of them.
//!
//! Read [`Sizes`] first. Not here: decoding images (`formats::media`).

use crate::EngineError;
use crate::sources::map;
use fieldassay_formats::labels::voc::stem;
use fieldassay_formats::media;
use fieldassay_formats::sensor::Image;
use fieldassay_formats::table;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Names of images and their sizes in pixels, by their names without folder and ending.
#[derive(Clone, Debug, Default)]
pub(super) struct Sizes(BTreeMap<String, (String, [f64; 2])>);

/// Endings of images whose headers are read.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

impl Sizes {
    /// Reads a table with `name`, `width` and `height` (or `image`, `file_name`), or the headers of the images below a
    /// folder. Errors: neither.
    pub(super) fn read(path: &Path) -> Result<Self, EngineError> {
        if path.is_dir() {
            return Self::of_images(path);
        }
        let bytes = crate::input::bytes(path, "table", |path| EngineError::NoTable { path })?;
        let table = table::read(&path.display().to_string(), &bytes)?;
        let names = table.full_texts(table.either(&[
            "name",
            "image",
            "file_name",
            "filename",
            "image_id",
        ]))?;
        let widths = table.numbers(table.either(&["width", "width_px", "w"]))?;
        let heights = table.numbers(table.either(&["height", "height_px", "h"]))?;
        let rows = names.into_iter().zip(widths.into_iter().zip(heights));
        Ok(Self(
            rows.map(|(name, (width, height))| (stem(&name).to_owned(), (name, [width, height])))
                .collect(),
        ))
    }

    /// The headers of the images below a folder.
    fn of_images(root: &Path) -> Result<Self, EngineError> {
        let mut out = BTreeMap::new();
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            let io = |error| EngineError::io("read", &folder, error);
            for entry in std::fs::read_dir(&folder).map_err(io)? {
                let entry = entry.map_err(io)?;
                let path = entry.path();
                if entry.file_type().map_err(io)?.is_dir() {
                    waiting.push(path);
                } else if let Some(size) = size_of(&path) {
                    let name = path
                        .file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned();
                    out.insert(stem(&name).to_owned(), (name, size));
                }
            }
        }
        Ok(Self(out))
    }

    /// The name and size of an image by its name with or without ending.
    pub(super) fn get(&self, name: &str) -> Option<(&str, [f64; 2])> {
        let (name, size) = self.0.get(stem(name)).or_else(|| self.0.get(name))?;
        Some((name, *size))
    }
}

/// The image a file of labels lies beside, or in `images` where the labels lie in `labels`, and its size.
pub(super) fn beside(labels: &Path) -> Option<(String, [f64; 2])> {
    let twins = [Some(labels.to_owned()), in_images(labels)];
    let paths = twins.into_iter().flatten();
    let mut paths = paths.flat_map(|path| ENDINGS.map(|ending| path.with_extension(ending)));
    paths.find_map(|path| {
        let size = size_of(&path)?;
        Some((path.file_name()?.to_string_lossy().into_owned(), size))
    })
}

/// The same path with the last folder `labels` called `images`.
fn in_images(labels: &Path) -> Option<PathBuf> {
    let parts: Vec<_> = labels.components().collect();
    let at = parts
        .iter()
        .rposition(|part| part.as_os_str() == "labels")?;
    let parts = parts.iter().enumerate();
    Some(
        parts
            .map(|(place, part)| {
                if place == at {
                    "images".as_ref()
                } else {
                    part.as_os_str()
                }
            })
            .collect(),
    )
}

/// Width and height by the header of an image.
fn size_of(path: &Path) -> Option<[f64; 2]> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let format = match ending.as_str() {
        "png" => "png",
        "jpg" | "jpeg" => "jpeg",
        _ => return None,
    };
    let bytes = path.is_file().then(|| map(path).ok())??;
    let image = Image {
        frame: Cow::Borrowed(""),
        width: 0,
        height: 0,
        encoding: Cow::Borrowed(format),
        compressed: true,
        step: 0,
        big_endian: false,
        data: Cow::Borrowed(bytes.as_deref().unwrap_or_default()),
    };
    let info = media::probe(&image).ok()?;
    Some([f64::from(info.width), f64::from(info.height)])
}
