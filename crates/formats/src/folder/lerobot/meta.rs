//! The tables below `meta/`.

use super::super::{Contents, Failure, Files};
use super::columns::Parquet;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const INFO: &str = "meta/info.json";
const EPISODES: &str = "meta/episodes.jsonl";
const EPISODE_TABLES: &str = "meta/episodes/";

/// What of `info.json` is used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Info {
    pub(super) codebase_version: String,
    pub(super) robot_type: Option<String>,
    pub(super) fps: Option<f64>,
    pub(super) total_episodes: Option<u64>,
    pub(super) total_frames: Option<u64>,
    pub(super) chunks_size: Option<u64>,
    pub(super) data_path: Option<String>,
    pub(super) video_path: Option<String>,
    pub(super) features: BTreeMap<String, Feature>,
}

/// One feature of the frames.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Feature {
    pub(super) dtype: String,
    pub(super) names: Value,
}

impl Info {
    /// Whether files hold many episodes, as from 3.0 on.
    pub(super) fn is_pooled(&self) -> bool {
        let version = self.codebase_version.trim_start_matches('v');
        let major = version.split('.').next().unwrap_or_default();
        major.parse::<u32>().is_ok_and(|major| major >= 3)
    }

    /// Frames per second; 30, the default of the project, where none is given.
    pub(super) fn rate_hz(&self) -> f64 {
        self.fps
            .filter(|fps| fps.is_finite() && *fps > 0.0)
            .unwrap_or(30.0)
    }
}

impl Feature {
    /// Names of the values of a row: the list of names, also one level down (`{"motors": [...]}`);
    /// `dim_0`, … where there are none or another number.
    pub(super) fn value_names(&self, count: usize) -> Vec<String> {
        let list = match &self.names {
            Value::Array(list) => Some(list),
            Value::Object(map) if map.len() == 1 => map.values().next().and_then(Value::as_array),
            _ => None,
        };
        let names: Option<Vec<String>> = list.and_then(|list| {
            list.iter()
                .map(|name| name.as_str().map(str::to_owned))
                .collect()
        });
        names
            .filter(|names| names.len() == count)
            .unwrap_or_else(|| (0..count).map(|index| format!("dim_{index}")).collect())
    }
}

/// Where the frames of an episode are shown, in a file of many episodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) chunk: u64,
    pub(super) file: u64,
    pub(super) start_secs: f64,
    pub(super) end_secs: f64,
}

/// One episode as the tables have it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Episode {
    pub(super) index: u64,
    pub(super) length: u64,
    /// What is done in it, in words.
    pub(super) tasks: Vec<String>,
    /// Chunk and file of its frames; 3.0 only.
    pub(super) data: Option<(u64, u64)>,
    /// By video key; 3.0 only.
    pub(super) videos: BTreeMap<String, Stretch>,
}

#[derive(Deserialize)]
struct Line {
    episode_index: u64,
    length: u64,
    #[serde(default)]
    tasks: Vec<String>,
}

/// Whether a file is the pointer Git LFS leaves where it did not fetch the content.
pub(super) fn is_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"version https://git-lfs.github.com/spec/")
}

/// The episodes in order of their index.
pub(super) fn episodes(
    files: &dyn Files,
    info: &Info,
    contents: &mut Contents<'_>,
) -> Vec<Episode> {
    let mut found = if info.is_pooled() {
        pooled(files, info, contents)
    } else {
        lines(files, contents)
    };
    found.sort_by_key(|episode| episode.index);
    found
}

fn lines(files: &dyn Files, contents: &mut Contents<'_>) -> Vec<Episode> {
    let bytes = match files.read(EPISODES) {
        Ok(bytes) => bytes,
        Err(error) => {
            contents.lose(error.into());
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for line in crate::trajectory::text::rows(bytes.as_ref()) {
        match serde_json::from_slice::<Line>(line.text) {
            Ok(row) => found.push(Episode {
                index: row.episode_index,
                length: row.length,
                tasks: row.tasks,
                ..Episode::default()
            }),
            Err(error) => contents.lose(Failure {
                code: "loss.row",
                start: line.start as u64,
                end: line.start.saturating_add(line.text.len()) as u64,
                message: format!("`{EPISODES}` line `{}`: {error}", line.number),
            }),
        }
    }
    found
}

fn pooled(files: &dyn Files, info: &Info, contents: &mut Contents<'_>) -> Vec<Episode> {
    let mut found = Vec::new();
    let tables = files.under(EPISODE_TABLES);
    for path in tables.iter().filter(|path| path.ends_with(".parquet")) {
        let read = files.read(path).map_err(Failure::from);
        let read = read.and_then(|bytes| {
            table(bytes.as_ref(), info).map_err(|error| Failure {
                code: "loss.file",
                start: 0,
                end: bytes.as_ref().len() as u64,
                message: format!("`{path}` cannot be read as Parquet: {error}"),
            })
        });
        match read {
            Ok(mut episodes) => found.append(&mut episodes),
            Err(failure) => contents.lose(failure),
        }
    }
    if tables.is_empty() {
        contents.lose(Failure {
            code: "loss.file",
            start: 0,
            end: 0,
            message: format!("`{EPISODE_TABLES}` holds no table of episodes"),
        });
    }
    found
}

/// Whole numbers below 2^53 are exact.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole, not negative and small"
)]
fn whole(value: f64) -> Option<u64> {
    ((0.0..9e15).contains(&value) && value.fract() == 0.0).then_some(value as u64)
}

fn table(file: &[u8], info: &Info) -> parquet::errors::Result<Vec<Episode>> {
    let parquet = Parquet::open(file)?;
    let mut found = Vec::new();
    for (group, rows) in parquet.groups().enumerate() {
        let numbers = |name: &str| -> Vec<f64> {
            parquet
                .position(name)
                .and_then(|position| parquet.column(file, group, position).ok())
                .map(|column| column.firsts().collect())
                .unwrap_or_default()
        };
        let index = parquet.position("episode_index");
        let index = index.map(|position| parquet.column(file, group, position));
        let index: Vec<f64> = match index {
            Some(column) => column?.firsts().collect(),
            None => Vec::new(),
        };
        let length = numbers("length");
        let tasks = parquet.position("tasks");
        let tasks = tasks.and_then(|position| parquet.texts(file, group, position).ok());
        let data = [numbers("data/chunk_index"), numbers("data/file_index")];
        let videos: Vec<(&String, [Vec<f64>; 4])> = info
            .features
            .iter()
            .filter(|(_, feature)| feature.dtype == "video")
            .map(|(key, _)| {
                let of = [
                    "chunk_index",
                    "file_index",
                    "from_timestamp",
                    "to_timestamp",
                ];
                (key, of.map(|name| numbers(&format!("videos/{key}/{name}"))))
            })
            .collect();
        for row in 0..rows.min(index.len()) {
            let count = |values: &[f64]| whole(values.get(row).copied()?);
            let Some((index, length)) = count(&index).zip(count(&length)) else {
                return Err(parquet::errors::ParquetError::General(format!(
                    "row `{row}` has no `episode_index` or no `length`"
                )));
            };
            let [chunk, place] = &data;
            let stretches = videos.iter().filter_map(|(key, [chunk, file, from, to])| {
                let stretch = Stretch {
                    chunk: count(chunk)?,
                    file: count(file)?,
                    start_secs: from.get(row).copied()?,
                    end_secs: to.get(row).copied()?,
                };
                Some(((*key).clone(), stretch))
            });
            found.push(Episode {
                index,
                length,
                tasks: tasks
                    .as_ref()
                    .map(|tasks| tasks.row(row).to_vec())
                    .unwrap_or_default(),
                data: count(chunk).zip(count(place)),
                videos: stretches.collect(),
            });
        }
    }
    Ok(found)
}

/// A path out of the templates of `info.json`: `{name}` and `{name:03d}`; none where a name is unknown.
pub(super) fn path(template: &str, values: &[(&str, &str)]) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (field, behind) = after.split_once('}')?;
        let (name, form) = field.split_once(':').unwrap_or((field, ""));
        let value = values.iter().find(|(known, _)| *known == name)?.1;
        out.push_str(before);
        let width = form.trim_end_matches('d').trim_start_matches('0');
        let width: usize = width.parse().unwrap_or(0);
        for _ in value.len()..width.min(32) {
            out.push('0');
        }
        out.push_str(value);
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled() {
        let template = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet";
        let values = [("episode_chunk", "0"), ("episode_index", "12")];
        assert_eq!(
            path(template, &values).unwrap(),
            "data/chunk-000/episode_000012.parquet"
        );
        assert_eq!(path("a/{unknown}", &values), None);
        assert_eq!(path("a/{episode_index", &values), None);
        assert_eq!(path("a/{episode_index}.x", &values).unwrap(), "a/12.x");
    }

    #[test]
    fn names_are_taken_where_they_fit() {
        let feature = |names: Value| Feature {
            names,
            ..Feature::default()
        };
        let flat = feature(serde_json::json!(["a", "b"]));
        assert_eq!(flat.value_names(2), ["a", "b"]);
        assert_eq!(flat.value_names(1), ["dim_0"]);
        let nested = feature(serde_json::json!({"motors": ["m", "n"]}));
        assert_eq!(nested.value_names(2), ["m", "n"]);
        assert_eq!(feature(Value::Null).value_names(1), ["dim_0"]);
    }
}
