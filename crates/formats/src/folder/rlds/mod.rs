//! Episodes as RLDS has them and TensorFlow Datasets writes them: `TFRecord` files of `tf.train.Example`,
//! one an episode, its steps flattened (`steps/action`, `steps/observation/image`), beside
//! `features.json` and `dataset_info.json`.
//!
//! Source: google-research/rlds and TensorFlow Datasets (`folder_dataset`). Vectors of numbers are joint
//! states, encoded images are images, `/episode_000000/action`. The form holds no times: steps stand a
//! second apart, episodes follow each other.
//!
//! Cost of opening: one pass over all bytes, for the checksums.
//!
//! Not here: other record formats, raw images that are lists of numbers, texts.

mod example;
mod tfrecord;

use super::contents::stream_of;
use super::{Contents, Event, Failure, Files, FolderError, Layout, Maker, OpenFiles};
use crate::sensor::{Image, Joints};
use crate::{Format, Limits, message};
use example::{Values, feature, features};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use tfrecord::{Found, records};

pub(super) const LAYOUT: Layout = Layout {
    format: Format::Rlds,
    mark: "RLDS: `features.json`, `dataset_info.json` and TFRecord files",
    detect,
    list,
};

const FEATURES: &str = "features.json";
const INFO: &str = "dataset_info.json";
/// A step without a time stands for a second.
const STEP_NANOS: i64 = 1_000_000_000;
/// Nested features are followed so far.
const DEPTH: usize = 16;
/// Values of one step at most; more is no vector of joints.
const WIDEST: usize = 4096;

fn shards(files: &dyn Files) -> impl Iterator<Item = &String> {
    files.paths().iter().filter(|path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        !path.contains('/') && name.contains(".tfrecord")
    })
}

fn detect(files: &dyn Files) -> bool {
    files.has(FEATURES) && files.has(INFO) && shards(files).next().is_some()
}

/// A feature of the steps as `features.json` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    /// Values of a step; none where a dimension is open.
    width: Option<usize>,
    is_image: bool,
}

/// A channel: a feature of one episode.
struct Stream {
    key: String,
    /// Values of a step; 0 for images.
    width: usize,
    names: Vec<String>,
    frame: String,
}

fn list<'a>(files: &'a dyn Files, limits: &Limits) -> Result<Contents<'a>, FolderError> {
    let mut contents = Contents::new(limits);
    let mut json = |path: &str| -> Result<Value, FolderError> {
        let bytes = files.read(path)?;
        Ok(
            serde_json::from_slice(bytes.as_ref()).unwrap_or_else(|error| {
                contents.lose(Failure {
                    code: "loss.file",
                    start: 0,
                    end: bytes.as_ref().len() as u64,
                    message: format!("`{path}`: {error}"),
                });
                Value::Null
            }),
        )
    };
    let (info, described) = (json(INFO)?, json(FEATURES)?);
    let mut shapes = BTreeMap::new();
    walk(&described, "", DEPTH, &mut shapes);
    contents.origin = info
        .get("name")
        .and_then(Value::as_str)
        .map_or_else(|| "rlds".to_owned(), |name| format!("rlds {name}"));
    contents.note("structure.time_missing", || {
        "steps of RLDS have no times; a step stands for a second".to_owned()
    });
    let mut listing = Listing {
        contents,
        shapes,
        streams: Vec::new(),
        payloads: Vec::new(),
        // A stamp of 0 stands for none in ROS.
        start: STEP_NANOS,
    };
    let mut lengths = BTreeMap::new();
    for path in shards(files) {
        match files.read(path) {
            Ok(bytes) => {
                let count = listing.shard(path, bytes.as_ref());
                lengths.insert(path.as_str(), count);
            }
            Err(error) => listing.contents.lose(error.into()),
        }
    }
    count(&info, &lengths, &mut listing.contents);
    if listing.contents.first_time().is_none() {
        return Err(FolderError::Empty {
            layout: Format::Rlds.name(),
            reason: "no record holds steps with numbers or images".to_owned(),
        });
    }
    let (streams, payloads) = (listing.streams, listing.payloads);
    Ok(listing.contents.made_by(Rlds { streams, payloads }))
}

/// Collects the features of `features.json` by key: `steps/observation/state`.
fn walk(node: &Value, key: &str, depth: usize, out: &mut BTreeMap<String, Shape>) {
    if depth == 0 {
        return;
    }
    if let Some(features) = node
        .pointer("/featuresDict/features")
        .and_then(Value::as_object)
    {
        for (name, feature) in features {
            let below = if key.is_empty() {
                name.clone()
            } else {
                format!("{key}/{name}")
            };
            walk(feature, &below, depth - 1, out);
        }
    } else if let Some(feature) = node.pointer("/sequence/feature") {
        walk(feature, key, depth - 1, out);
    } else {
        let is_image = node.get("image").is_some();
        let shape = node
            .pointer("/tensor/shape")
            .or_else(|| node.pointer("/image/shape"));
        let dimensions = shape
            .and_then(|shape| shape.get("dimensions"))
            .and_then(Value::as_array);
        let width = dimensions.map_or(Some(1), |dimensions| {
            dimensions.iter().try_fold(1_usize, |product, dimension| {
                let text = dimension.as_str().map(str::to_owned);
                let text = text.unwrap_or_else(|| dimension.to_string());
                product.checked_mul(text.parse().ok()?)
            })
        });
        out.insert(key.to_owned(), Shape { width, is_image });
    }
}

/// Holds the records of the files to what `dataset_info.json` says of its shards.
fn count(info: &Value, lengths: &BTreeMap<&str, u64>, contents: &mut Contents<'_>) {
    let splits = info.get("splits").and_then(Value::as_array);
    for split in splits.into_iter().flatten() {
        let name = split
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let stated = split.get("shardLengths").and_then(Value::as_array);
        let Some(stated) = stated.filter(|_| !name.is_empty()) else {
            continue;
        };
        let number = |value: &Value| {
            value
                .as_u64()
                .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
        };
        let mark = format!("-{name}.tfrecord");
        let mut shards = lengths.iter().filter(|(path, _)| path.contains(&mark));
        for (index, stated) in stated.iter().enumerate() {
            let Some(stated) = number(stated) else {
                continue;
            };
            match shards.next() {
                Some((_, found)) if *found == stated => {}
                Some((path, found)) => contents.note("structure.episode_count", || {
                    format!("`{path}` holds `{found}` episodes, `{INFO}` says `{stated}`")
                }),
                None => contents.lose(Failure {
                    code: "loss.file",
                    start: 0,
                    end: 0,
                    message: format!(
                        "the file of shard `{index}` of `{name}` with `{stated}` episodes is missing"
                    ),
                }),
            }
        }
    }
}

struct Listing<'a> {
    contents: Contents<'a>,
    shapes: BTreeMap<String, Shape>,
    streams: Vec<Stream>,
    payloads: Vec<Range<usize>>,
    /// When the next episode starts.
    start: i64,
}

impl Listing<'_> {
    /// Reads a file; how many records it holds.
    fn shard(&mut self, path: &str, bytes: &[u8]) -> u64 {
        let file = self.contents.file(path);
        let mut count = 0;
        for (index, found) in records(bytes).into_iter().enumerate() {
            match found {
                Found::Broken { at, reason } => self.contents.lose(Failure {
                    code: "loss.row",
                    start: at as u64,
                    end: bytes.len() as u64,
                    message: format!("`{path}` from byte `{at}` on: {reason}"),
                }),
                Found::Record { payload, sound } => {
                    count += 1;
                    if !sound {
                        self.contents.note("structure.checksum", || {
                            format!("record `{index}` of `{path}` does not match its checksum; it is read all the same")
                        });
                    }
                    let example = bytes.get(payload.clone()).unwrap_or_default();
                    self.payloads.push(payload);
                    self.episode(file, example);
                }
            }
        }
        count
    }

    fn episode(&mut self, file: u32, example: &[u8]) {
        let number = self.payloads.len() - 1;
        let Some(steps) = self.steps(example) else {
            self.contents.note("structure.episode_rows", || {
                format!("episode `{number}` has no feature that tells its number of steps")
            });
            return;
        };
        for (key, values) in features(example) {
            let Ok(key) = std::str::from_utf8(key) else {
                continue;
            };
            let Some(name) = key.strip_prefix("steps/") else {
                continue;
            };
            let count = values.count();
            let width = self.width(key, values, count, steps);
            if width.checked_mul(steps) != Some(count) {
                self.contents.note("structure.episode_rows", || {
                    format!(
                        "`{key}` of episode `{number}` has `{count}` values, `{steps}` steps of `{width}` would be `{}`",
                        width.saturating_mul(steps)
                    )
                });
                continue;
            }
            if name.starts_with("observation") || name.starts_with("action") {
                self.stream((file, number), key, (values, width), steps);
            }
        }
        let steps = i64::try_from(steps).unwrap_or(0);
        let length = steps.saturating_mul(STEP_NANOS);
        self.start = self.start.saturating_add(length);
    }

    /// Steps of an episode, by the features that hold one value a step, or one of known width.
    fn steps(&self, example: &[u8]) -> Option<usize> {
        let marks = ["is_first", "is_last", "is_terminal", "reward", "discount"];
        let mark = marks
            .iter()
            .find_map(|mark| feature(example, &format!("steps/{mark}")))
            .map(Values::count);
        mark.or_else(|| {
            features(example).find_map(|(key, values)| {
                let key = std::str::from_utf8(key).ok()?;
                let width = self.shapes.get(key)?.width.filter(|width| *width > 0)?;
                (key.starts_with("steps/") && !matches!(values, Values::Bytes(_)))
                    .then(|| values.count() / width)
            })
        })
        .filter(|steps| *steps > 0)
    }

    /// Values of a step.
    fn width(&self, key: &str, values: Values<'_>, count: usize, steps: usize) -> usize {
        // Bytes are images, texts or serialized tensors: one a step.
        if matches!(values, Values::Bytes(_)) {
            return 1;
        }
        let stated = self.shapes.get(key).and_then(|shape| shape.width);
        stated.unwrap_or(count / steps.max(1))
    }

    fn stream(
        &mut self,
        (file, number): (u32, usize),
        key: &str,
        (values, width): (Values<'_>, usize),
        steps: usize,
    ) {
        let name = key.strip_prefix("steps/").unwrap_or(key);
        let topic = format!("/episode_{number:06}/{name}");
        let image = matches!(values, Values::Bytes(_));
        if image {
            let known = self.shapes.get(key).is_some_and(|shape| shape.is_image);
            let first = values.bytes(0).unwrap_or_default();
            if !known || encoding(first).is_none() {
                return;
            }
        } else if width > WIDEST || width == 0 {
            self.contents.note("structure.not_read", || {
                format!("`{key}` has `{width}` values a step, which is no vector of joints")
            });
            return;
        }
        let type_name = if image {
            "sensor_msgs/msg/CompressedImage"
        } else {
            "sensor_msgs/msg/JointState"
        };
        let channel = self.contents.channel(topic, type_name);
        self.streams.push(Stream {
            key: key.to_owned(),
            width: if image { 0 } else { width },
            names: (0..width).map(|index| format!("dim_{index}")).collect(),
            frame: name.to_owned(),
        });
        for step in 0..steps {
            let bytes = if image {
                values.bytes(step).map_or(0, <[u8]>::len)
            } else {
                width.saturating_mul(32)
            };
            let time = i64::try_from(step).unwrap_or(i64::MAX);
            let time = time.saturating_mul(STEP_NANOS);
            self.contents.event(Event {
                log_time: self.start.saturating_add(time),
                channel,
                file,
                place: (number as u64) << 32 | step as u64,
                bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            });
        }
    }
}

/// The `format` of an encoded image by its first bytes.
fn encoding(image: &[u8]) -> Option<&'static str> {
    if image.starts_with(b"\x89PNG") {
        Some("png")
    } else if image.starts_with(&[0xff, 0xd8]) {
        Some("jpeg")
    } else {
        None
    }
}

struct Rlds {
    streams: Vec<Stream>,
    /// Where the records lie in their files, by number of the episode.
    payloads: Vec<Range<usize>>,
}

impl Maker for Rlds {
    fn make(
        &self,
        event: &Event,
        files: &mut OpenFiles<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let Some(stream) = stream_of(&self.streams, event) else {
            return Ok(());
        };
        let payload = usize::try_from(event.place >> 32)
            .ok()
            .and_then(|number| self.payloads.get(number))
            .cloned()
            .unwrap_or_default();
        let step = usize::try_from(event.place & 0xffff_ffff).unwrap_or(usize::MAX);
        let path = files.path(event.file);
        let (start, end) = (payload.start as u64, payload.end as u64);
        let bytes = files.bytes(event.file)?.get(payload).unwrap_or_default();
        let gone = || Failure {
            code: "loss.row",
            start,
            end,
            message: format!("`{path}`: step `{step}` of `{}` cannot be read", stream.key),
        };
        let values = feature(bytes, &stream.key).ok_or_else(gone)?;
        if stream.width == 0 {
            let data = values.bytes(step).ok_or_else(gone)?;
            let image = Image {
                frame: Cow::Borrowed(&stream.frame),
                width: 0,
                height: 0,
                encoding: Cow::Borrowed(encoding(data).unwrap_or_default()),
                compressed: true,
                step: 0,
                big_endian: false,
                data: Cow::Borrowed(data),
            };
            message::compressed_image(out, event.log_time, &image);
            return Ok(());
        }
        let position = values.numbers(step.saturating_mul(stream.width), stream.width);
        if position.len() != stream.width {
            return Err(gone());
        }
        let names = stream.names.iter();
        let joints = Joints {
            names: names.map(|name| Cow::Borrowed(name.as_str())).collect(),
            position,
            velocity: Vec::new(),
            effort: Vec::new(),
        };
        message::joint_state(out, event.log_time, "", &joints);
        Ok(())
    }
}
