//! Shapes on images as COCO: `coco/<split>.json`, or `coco/all.json` where nothing is split.
//!
//! Read [`write`] first. Boxes, polygons and masks of what people and simulators say; rows of one thing become one
//! annotation. Ids count from 1 and are the same for categories in every file. Left out and counted: what a model said,
//! turned boxes, ellipses, lines and points.

use super::Export;
use crate::EngineError;
use crate::workspace::release::cells::{Cells, every};
use fieldassay_measure::boxes::Mask;
use fieldassay_query::Session;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// An image: recording, item, step, camera.
type ImageKey = (String, String, Option<i64>, Option<String>);

#[derive(Serialize)]
struct Image<'a> {
    id: u64,
    file_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<i64>,
    recording_id: &'a str,
}

/// Columns of a shape, in the order of the question.
const SHAPES: &str = "SELECT o.recording_id, o.item, o.step, o.camera, o.source_id, o.object_id, o.category, o.shape, \
    o.x_px, o.y_px, o.width_px, o.height_px, o.rotation_rad, array_to_string(o.points_px, ' ') AS points, \
    array_to_string(o.part_point_counts, ' ') AS parts, o.mask_rle, o.origin, o.source_row";

/// Writes the files. Errors: [`EngineError::Request`] where the release has no shape that COCO can say.
pub(super) fn write(export: &mut Export<'_>) -> Result<(), EngineError> {
    let nothing = || {
        EngineError::Request {
        message: "the release has no boxes, polygons or masks on images, so there is nothing to write as COCO\nhint: --format parquet writes everything it has".to_owned(),
    }
    };
    if !export.has("objects") {
        return Err(nothing());
    }
    let session = export.session()?;
    let runtime = std::sync::Arc::clone(&export.workspace.runtime);
    let folder = export.below("coco")?;
    let categories = runtime.block_on(categories(&session))?;
    let splits = export
        .named
        .manifest
        .split
        .iter()
        .flat_map(|split| &split.parts);
    let mut splits: Vec<Option<String>> = splits.map(|part| Some(part.name.clone())).collect();
    if splits.is_empty() {
        splits.push(None);
    }
    let mut written = 0;
    for split in splits {
        let name = split.as_deref().unwrap_or("all");
        let mut one = Split {
            session: &session,
            has_items: export.has("items"),
            has_labels: export.has("labels"),
            condition: match &split {
                Some(split) => format!(
                    "recording_id IN (SELECT recording_id FROM release_members WHERE split = {})",
                    crate::workspace::ask::quoted(split)
                ),
                None => "true".to_owned(),
            },
            categories: &categories,
            sizes: BTreeMap::new(),
            images: BTreeMap::new(),
            left_out: &mut export.left_out,
        };
        written += runtime.block_on(one.write(&folder, name))?;
    }
    if written == 0 {
        return Err(nothing());
    }
    Ok(())
}

async fn categories(session: &Session) -> Result<BTreeMap<String, u64>, EngineError> {
    let mut names = std::collections::BTreeSet::new();
    let sql = "SELECT DISTINCT category FROM release_objects WHERE shape IS NOT NULL AND category IS NOT NULL";
    every(session, sql, |cells| {
        names.extend(cells.text(0).map(str::to_owned));
    })
    .await?;
    Ok(names.into_iter().zip(1..).collect())
}

struct Split<'a> {
    session: &'a Session,
    has_items: bool,
    has_labels: bool,
    condition: String,
    categories: &'a BTreeMap<String, u64>,
    /// Width and height by recording, item and step.
    sizes: BTreeMap<(String, String, Option<i64>), (i64, i64)>,
    images: BTreeMap<ImageKey, u64>,
    left_out: &'a mut BTreeMap<String, u64>,
}

/// One annotation, put together from the rows of one thing.
#[derive(Default)]
struct Annotation {
    /// Source and id of the thing; a thing without an id is a row.
    thing: (String, String),
    image: u64,
    category: u64,
    bbox: Option<[f64; 4]>,
    polygons: Vec<Vec<f64>>,
    mask: Option<(i64, i64, String)>,
    is_crowd: bool,
}

impl Split<'_> {
    /// Writes one file; gives its annotations.
    async fn write(&mut self, folder: &Path, name: &str) -> Result<u64, EngineError> {
        self.read_images().await?;
        let path = folder.join(format!("{name}.json"));
        let scratch = folder.join(format!("{name}.annotations"));
        let io = |error| EngineError::io("write", &path, error);
        let mut rows = BufWriter::new(File::create(&scratch).map_err(io)?);
        let count = self.write_annotations(&mut rows).await?;
        rows.flush().map_err(io)?;
        drop(rows);
        let mut out = BufWriter::new(File::create(&path).map_err(io)?);
        let mut write = |text: &str| out.write_all(text.as_bytes()).map_err(io);
        write("{\"info\":{\"description\":\"exported by fieldassay\"},\"images\":[")?;
        let mut images: Vec<(&ImageKey, u64)> =
            self.images.iter().map(|(key, id)| (key, *id)).collect();
        images.sort_by_key(|(_, id)| *id);
        for (at, (key, id)) in images.into_iter().enumerate() {
            let size = self.size(key);
            let image = Image {
                id,
                file_name: match key.2 {
                    Some(step) => format!("{}#{step}", key.1),
                    None => key.1.clone(),
                },
                width: size.map(|size| size.0),
                height: size.map(|size| size.1),
                recording_id: &key.0,
            };
            let comma = if at > 0 { ",\n" } else { "\n" };
            write(&format!("{comma}{}", json!(image)))?;
        }
        write("],\n\"categories\":[")?;
        for (at, (category, id)) in self.categories.iter().enumerate() {
            let comma = if at > 0 { ",\n" } else { "\n" };
            write(&format!("{comma}{}", json!({"id": id, "name": category})))?;
        }
        write("],\n\"annotations\":[")?;
        let mut rows = File::open(&scratch).map_err(io)?;
        std::io::copy(&mut rows, &mut out).map_err(io)?;
        out.write_all(b"]}\n").map_err(io)?;
        out.flush().map_err(io)?;
        std::fs::remove_file(&scratch).map_err(io)?;
        Ok(count)
    }

    fn size(&self, key: &ImageKey) -> Option<(i64, i64)> {
        let of = |step| self.sizes.get(&(key.0.clone(), key.1.clone(), step));
        of(key.2).or_else(|| of(None)).copied()
    }

    /// Images with and without labels, in the order of their names.
    async fn read_images(&mut self) -> Result<(), EngineError> {
        if self.has_items {
            let sql = format!(
                "SELECT recording_id, item, step, item_kind, width_px, height_px FROM release_items WHERE {} ORDER BY 1, 2, 3",
                self.condition
            );
            every(self.session, &sql, |cells| {
                let text = |column| cells.text(column).unwrap_or_default().to_owned();
                let key = (text(0), text(1), cells.integer(2));
                let whole = |side: f64| {
                    let text = format!("{side:.0}");
                    text.parse::<i64>()
                        .ok()
                        .filter(|_| side.fract() == 0.0 && side > 0.0)
                };
                let width = cells.real(4).and_then(whole);
                let height = cells.real(5).and_then(whole);
                if let Some(size) = width.zip(height) {
                    self.sizes.insert(key.clone(), size);
                }
                if cells.text(3) == Some("image") {
                    let next = self.images.len() as u64 + 1;
                    let key = (key.0, key.1, key.2, None);
                    self.images.entry(key).or_insert(next);
                }
            })
            .await?;
        }
        Ok(())
    }

    async fn write_annotations(&mut self, out: &mut impl Write) -> Result<u64, EngineError> {
        // What belongs to one thing stands together, as its source wrote it.
        let crowd = if self.has_labels {
            "LEFT JOIN (SELECT recording_id, source_id, object_row, max(label) AS crowd FROM release_labels \
             WHERE attribute = 'iscrowd' GROUP BY 1, 2, 3) l \
             ON l.recording_id = o.recording_id AND l.source_id = o.source_id AND l.object_row = o.source_row"
        } else {
            "CROSS JOIN (SELECT CAST(NULL AS VARCHAR) AS crowd) l"
        };
        let sql = format!(
            "{SHAPES}, l.crowd FROM (SELECT * FROM release_objects WHERE shape IS NOT NULL AND {}) o {crowd} \
             ORDER BY o.recording_id, o.source_id, o.source_row",
            self.condition
        );
        let (mut count, mut open, mut failed) = (0_u64, None::<Annotation>, None);
        let session = self.session;
        every(session, &sql, |cells| {
            let Some((thing, image, category)) = self.place(cells) else {
                return;
            };
            let is_same = open
                .as_ref()
                .is_some_and(|open| open.thing == thing && open.image == image);
            if !is_same && let Some(done) = open.take() {
                failed = failed.take().or(done.write(&mut count, out).err());
            }
            let annotation = open.get_or_insert_with(|| Annotation {
                thing,
                image,
                category,
                ..Annotation::default()
            });
            let size = self.size(&key_of(cells));
            if let Err(what) = annotation.add(cells, size) {
                *self.left_out.entry(what).or_default() += 1;
            }
        })
        .await?;
        if let Some(done) = open.take() {
            failed = failed.or(done.write(&mut count, out).err());
        }
        match failed {
            Some(error) => Err(EngineError::io("write", Path::new("coco"), error)),
            None => Ok(count),
        }
    }

    /// The thing a row is about, its image and its category; none for what is left out.
    fn place(&mut self, cells: &Cells<'_>) -> Option<((String, String), u64, u64)> {
        let text = |column| cells.text(column).unwrap_or_default();
        if text(16) == "model" {
            *self
                .left_out
                .entry("shapes a model said".to_owned())
                .or_default() += 1;
            return None;
        }
        let Some(category) = self.categories.get(text(6)).copied() else {
            *self
                .left_out
                .entry("shapes without a category".to_owned())
                .or_default() += 1;
            return None;
        };
        let key = key_of(cells);
        // An image that `items` names has no camera there; where two cameras share an item they are two images.
        let plain = (key.0.clone(), key.1.clone(), key.2, None);
        let image = if let Some(id) = self.images.get(&plain) {
            *id
        } else {
            let next = self.images.len() as u64 + 1;
            *self.images.entry(key).or_insert(next)
        };
        let row = cells.integer(17).unwrap_or(0);
        let thing = cells
            .text(5)
            .map_or_else(|| format!("row {row}"), |id| format!("id {id}"));
        Some(((text(4).to_owned(), thing), image, category))
    }
}

fn key_of(cells: &Cells<'_>) -> ImageKey {
    let text = |column| cells.text(column).unwrap_or_default().to_owned();
    (
        text(0),
        text(1),
        cells.integer(2),
        cells.text(3).map(str::to_owned),
    )
}

fn numbers<T: std::str::FromStr>(text: Option<&str>) -> Vec<T> {
    let words = text.unwrap_or_default().split(' ');
    words.filter_map(|word| word.parse().ok()).collect()
}

impl Annotation {
    /// Adds one shape of it. Errors: what COCO cannot say.
    fn add(&mut self, cells: &Cells<'_>, size: Option<(i64, i64)>) -> Result<(), String> {
        self.is_crowd |= matches!(cells.text(18), Some("1" | "true"));
        let corner = |column| cells.real(column);
        let bounds = corner(8)
            .zip(corner(9))
            .zip(corner(10).zip(corner(11)))
            .map(|((x, y), (width, height))| [x, y, width, height]);
        match cells.text(7).unwrap_or_default() {
            "box" if cells.real(12).is_none() => {
                self.bbox = bounds;
                Ok(())
            }
            "box" => Err("turned boxes".to_owned()),
            "polygon" => {
                let points: Vec<f64> = numbers(cells.text(13));
                let parts: Vec<usize> = numbers(cells.text(14));
                let parts = if parts.is_empty() {
                    vec![points.len() / 2]
                } else {
                    parts
                };
                let mut rest = points.as_slice();
                for part in parts {
                    let (these, others) = rest.split_at((2 * part).min(rest.len()));
                    rest = others;
                    // A ring of fewer than three points has no inside, and readers of COCO refuse it.
                    if these.len() >= 6 {
                        self.polygons.push(these.to_vec());
                    }
                }
                self.bbox = self.bbox.or(bounds);
                Ok(())
            }
            "mask" => {
                let (width, height) = size.ok_or("masks of images without a size")?;
                let text = cells.text(15).unwrap_or_default().to_owned();
                self.mask = Some((height, width, text));
                self.bbox = self.bbox.or(bounds);
                Ok(())
            }
            other => Err(format!("shapes of kind {other}")),
        }
    }

    /// Area as COCO counts it: of the mask, of the polygons, else of the box.
    fn area(&self) -> f64 {
        if let Some((height, width, text)) = &self.mask {
            let side = |side: i64| u32::try_from(side).unwrap_or(0);
            let mask = Mask::from_text([side(*height), side(*width)], text);
            return mask.map_or(0.0, |mask| mask.area() as f64);
        }
        if !self.polygons.is_empty() {
            return self.polygons.iter().map(|ring| shoelace(ring)).sum();
        }
        self.bbox
            .map_or(0.0, |[_, _, width, height]| width * height)
    }

    fn write(self, count: &mut u64, out: &mut impl Write) -> std::io::Result<()> {
        if self.bbox.is_none() && self.polygons.is_empty() && self.mask.is_none() {
            return Ok(());
        }
        *count += 1;
        let segmentation = match &self.mask {
            Some((height, width, text)) => json!({"size": [height, width], "counts": text}),
            None => json!(self.polygons),
        };
        let row = json!({
            "id": *count,
            "image_id": self.image,
            "category_id": self.category,
            "bbox": self.bbox.unwrap_or_default(),
            "area": self.area(),
            "iscrowd": u8::from(self.is_crowd),
            "segmentation": segmentation,
        });
        let comma = if *count > 1 { ",\n" } else { "\n" };
        write!(out, "{comma}{row}")
    }
}

/// Area within a ring of points, x and y in turn.
fn shoelace(ring: &[f64]) -> f64 {
    let points: Vec<(f64, f64)> = ring
        .chunks_exact(2)
        .filter_map(|point| Some((*point.first()?, *point.get(1)?)))
        .collect();
    let next = points.iter().cycle().skip(1);
    let twice: f64 = points
        .iter()
        .zip(next)
        .map(|((ax, ay), (bx, by))| ax * by - bx * ay)
        .sum();
    (twice / 2.0).abs()
}
