//! `LeRobot` data sets, 2.x (a file per episode) and 3.x (many episodes per file).
//!
//! Source: huggingface/lerobot, the data set formats 2.0, 2.1 and 3.0. Every vector of numbers below
//! `observation` and `action` is a channel of joint states per episode, `/episode_000000/action`;
//! videos stay files: their tables are compared with the episodes and told as properties of the
//! channel. Episodes follow each other on one time line, one frame apart, as `index` counts them;
//! a time that equals `frame_index / fps` to the accuracy of its single precision is taken as that.
//!
//! Memory: 32 bytes a frame, and up to eight columns of row groups.
//!
//! Not here: images inside Parquet, texts of tasks, statistics.

pub(crate) mod columns;
mod frames;
mod meta;
mod video;

use super::contents::stream_of;
use super::{Contents, Event, Failure, Files, FolderError, Layout, Maker, OpenFiles};
use crate::sensor::Joints;
use crate::{Format, Limits, message};
use columns::{Column, Parquet};
use frames::{Row, rows_of};
use meta::{Episode, INFO, Info};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) const LAYOUT: Layout = Layout {
    format: Format::LeRobot,
    mark: "LeRobot: `meta/info.json` with `codebase_version`",
    detect,
    list,
};

/// Columns of row groups kept decoded.
const KEPT_COLUMNS: usize = 8;
/// When the first episode starts: a stamp of 0 stands for none in ROS.
const START_NANOS: i64 = 1_000_000_000;
/// An episode below this is hardly one; the bound of lerobot-doctor.
const SHORT_SECS: f64 = 1.0;

fn detect(files: &dyn Files) -> bool {
    files.has(INFO)
        && files.read(INFO).is_ok_and(|bytes| {
            let mark = b"\"codebase_version\"";
            let bytes = bytes.as_ref();
            bytes.windows(mark.len()).any(|window| window == mark)
        })
}

/// One episode of a data set, and what is done in it.
#[derive(Clone, Debug, PartialEq)]
pub struct LeRobotEpisode {
    /// Its number.
    pub index: u64,
    /// Frames.
    pub length: u64,
    /// Tasks in words.
    pub tasks: Vec<String>,
    /// Its first frame, nanoseconds on the time line on which the episodes of a recording follow each other.
    pub start_ns: i64,
    /// Its last frame.
    pub end_ns: i64,
}

/// The episodes a data set states, by number, with times as its stated rate gives them; beside them what could not be
/// read of them, in words.
///
/// Errors: `meta/info.json` is missing or of another form. Cost: the tables of episodes.
pub fn lerobot_episodes(
    files: &dyn Files,
    limits: &Limits,
) -> Result<(Vec<LeRobotEpisode>, Vec<String>), FolderError> {
    let info = info(files)?;
    let mut contents = Contents::new(limits);
    let mut start_ns = START_NANOS;
    let nanos_of = |frames: u64| frames::nanos(frames as f64 / info.rate_hz());
    let episodes = meta::episodes(files, &info, &mut contents).into_iter();
    let episodes = episodes.map(|episode| {
        let first = start_ns;
        start_ns = first.saturating_add(nanos_of(episode.length));
        LeRobotEpisode {
            index: episode.index,
            length: episode.length,
            tasks: episode.tasks,
            start_ns: first,
            end_ns: first.saturating_add(nanos_of(episode.length.saturating_sub(1))),
        }
    });
    let episodes = episodes.collect();
    let lost = contents
        .account
        .losses
        .iter()
        .map(|loss| loss.message.clone());
    Ok((episodes, lost.collect()))
}

/// What `info.json` says.
fn info(files: &dyn Files) -> Result<Info, FolderError> {
    let info = files.read(INFO)?;
    serde_json::from_slice(info.as_ref()).map_err(|error| FolderError::Empty {
        layout: Format::LeRobot.name(),
        reason: format!("`{INFO}`: {error}"),
    })
}

fn list<'a>(files: &'a dyn Files, limits: &Limits) -> Result<Contents<'a>, FolderError> {
    let mut contents = Contents::new(limits);
    let info = info(files)?;
    contents.origin = format!("lerobot {}", info.codebase_version);
    let episodes = meta::episodes(files, &info, &mut contents);
    totals(&info, &episodes, &mut contents);
    let mut listing = Listing {
        files,
        info: &info,
        contents,
        streams: Vec::new(),
    };
    let rows = rows_of(files, &info, &episodes, &mut listing.contents);
    let shown = video::shown(files, &info, &episodes, &mut listing.contents);
    listing.episodes(&episodes, rows, &shown);
    let streams = listing.streams;
    Ok(listing.contents.made_by(LeRobot {
        streams,
        kept: Mutex::default(),
    }))
}

/// Holds what `info.json` says in sum to the table of episodes.
fn totals(info: &Info, episodes: &[Episode], contents: &mut Contents<'_>) {
    let frames = episodes
        .iter()
        .fold(0_u64, |sum, episode| sum.saturating_add(episode.length));
    let stated = [
        (
            info.total_episodes,
            episodes.len() as u64,
            "episodes",
            "the table of episodes has",
        ),
        (
            info.total_frames,
            frames,
            "frames",
            "the lengths of its episodes sum to",
        ),
    ];
    for (stated, counted, what, counted_by) in stated {
        if let Some(stated) = stated.filter(|stated| *stated != counted) {
            contents.note("structure.episode_count", || {
                format!(
                    "`{INFO}` says `{stated}` {what}, but {counted_by} `{counted}`; hint: episodes were removed or added without writing `{INFO}` again"
                )
            });
        }
    }
    for pair in episodes.windows(2) {
        if let [a, b] = pair
            && a.index == b.index
        {
            contents.note("structure.episode_rows", || {
                format!("episode `{}` is in the table twice", a.index)
            });
        }
    }
    for episode in episodes {
        let secs = episode.length as f64 / info.rate_hz();
        if secs < SHORT_SECS {
            contents.note("structure.episode_short", || {
                format!("episode `{}` lasts `{secs:.2}` s", episode.index)
            });
        }
    }
}

struct Listing<'a, 'i> {
    files: &'a dyn Files,
    info: &'i Info,
    contents: Contents<'a>,
    streams: Vec<Stream>,
}

/// A channel: one feature of one episode.
struct Stream {
    feature: Arc<str>,
    names: Arc<[String]>,
}

impl Listing<'_, '_> {
    fn episodes(
        &mut self,
        episodes: &[Episode],
        mut rows: BTreeMap<u64, Vec<Row>>,
        shown: &BTreeMap<u64, Vec<(String, String)>>,
    ) {
        let features = self.features(&rows);
        let mut start = START_NANOS;
        for episode in episodes {
            let Some(rows) = rows.remove(&episode.index) else {
                continue;
            };
            frames::compare(self.info, episode, &rows, &mut self.contents);
            let properties = shown.get(&episode.index).map_or(&[][..], Vec::as_slice);
            start = self.episode(episode.index, &rows, &features, start);
            for (key, value) in properties {
                self.contents.property(key, value.clone());
            }
        }
        for (index, rows) in rows {
            self.contents.note("structure.episode_rows", || {
                format!(
                    "`{}` frames belong to episode `{index}`, which the table of episodes does not have",
                    rows.len()
                )
            });
        }
    }

    /// The features that are read, with the names of their values.
    fn features(&mut self, rows: &BTreeMap<u64, Vec<Row>>) -> Vec<(Arc<str>, Arc<[String]>)> {
        let Some(first) = rows.values().next().and_then(|rows| rows.first()) else {
            return Vec::new();
        };
        let path = self.contents.path(first.file).to_owned();
        let Ok(bytes) = self.files.read(&path) else {
            return Vec::new();
        };
        let Ok(parquet) = Parquet::open(bytes.as_ref()) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for field in parquet.fields() {
            let wanted = field.starts_with("observation") || field.starts_with("action");
            let feature = self.info.features.get(field);
            let numbers = feature.is_none_or(|feature| feature.dtype.starts_with("float"));
            let Some(position) = parquet.position(field).filter(|_| wanted && numbers) else {
                continue;
            };
            let Ok(column) = parquet.column(bytes.as_ref(), first.group as usize, position) else {
                continue;
            };
            let count = column.row(0).len();
            let names = feature.map_or_else(
                || meta::Feature::default().value_names(count),
                |feature| feature.value_names(count),
            );
            found.push((Arc::from(field), Arc::from(names)));
        }
        found
    }

    /// The channels and events of an episode that starts at `start`; when the next one does.
    fn episode(
        &mut self,
        index: u64,
        rows: &[Row],
        features: &[(Arc<str>, Arc<[String]>)],
        start: i64,
    ) -> i64 {
        let mut end = start;
        for (feature, names) in features {
            let topic = format!("/episode_{index:06}/{feature}");
            let channel = self.contents.channel(topic, "sensor_msgs/msg/JointState");
            self.contents
                .property("fps", self.info.rate_hz().to_string());
            if let Some(robot) = &self.info.robot_type {
                self.contents.property("robot_type", robot.clone());
            }
            self.streams.push(Stream {
                feature: feature.clone(),
                names: names.clone(),
            });
            let bytes = names.len().saturating_mul(32).saturating_add(64);
            for row in rows {
                let time = start.saturating_add(row.nanos(self.info));
                end = end.max(time);
                self.contents.event(Event {
                    log_time: time,
                    channel,
                    file: row.file,
                    place: u64::from(row.group) << 32 | u64::from(row.at),
                    bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
                });
            }
        }
        end.saturating_add(frames::nanos(1.0 / self.info.rate_hz()))
    }
}

/// File, row group and feature of a decoded column.
type Key = (u32, u32, Arc<str>);

struct LeRobot {
    streams: Vec<Stream>,
    /// The last used come last. Units of neighboring rows are read at the same time, so columns are
    /// shared between threads; a column that two of them miss at once is decoded twice.
    kept: Mutex<Vec<(Key, Arc<Column>)>>,
}

impl LeRobot {
    fn column(&self, key: &Key, files: &mut OpenFiles<'_>) -> Result<Arc<Column>, Failure> {
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = kept.iter().position(|(known, _)| known == key) {
                let found = kept.remove(place);
                let column = found.1.clone();
                kept.push(found);
                return Ok(column);
            }
        }
        let (file, group, feature) = key;
        let path = files.path(*file);
        let bytes = files.bytes(*file)?;
        let column = Parquet::open(bytes).and_then(|parquet| {
            let position = parquet.position(feature).unwrap_or(usize::MAX);
            parquet.column(bytes, *group as usize, position)
        });
        let column = Arc::new(column.map_err(|error| Failure {
            code: "loss.file",
            start: 0,
            end: bytes.len() as u64,
            message: format!("`{feature}` of `{path}` cannot be read: {error}"),
        })?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_COLUMNS {
            kept.remove(0);
        }
        kept.push((key.clone(), column.clone()));
        Ok(column)
    }
}

impl Maker for LeRobot {
    fn make(
        &self,
        event: &Event,
        files: &mut OpenFiles<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let Some(stream) = stream_of(&self.streams, event) else {
            return Ok(());
        };
        let group = u32::try_from(event.place >> 32).unwrap_or(u32::MAX);
        let row = usize::try_from(event.place & 0xffff_ffff).unwrap_or(usize::MAX);
        let column = self.column(&(event.file, group, stream.feature.clone()), files)?;
        let names = stream.names.iter();
        let joints = Joints {
            names: names.map(|name| Cow::Borrowed(name.as_str())).collect(),
            position: column.row(row).to_vec(),
            velocity: Vec::new(),
            effort: Vec::new(),
        };
        message::joint_state(out, event.log_time, "", &joints);
        Ok(())
    }
}
