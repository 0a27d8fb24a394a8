//! The frames of the episodes: which rows of which files, and whether they are what the tables say.

use super::super::{Contents, Failure, Files, FolderError};
use super::columns::Parquet;
use super::meta::{Episode, Info, is_pointer, path};
use std::collections::{BTreeMap, BTreeSet};

/// How far a time may be from `frame_index / fps`; the tolerance of the project's own loader.
const TOLERANCE_SECS: f64 = 1e-4;

/// One frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) file: u32,
    pub(super) group: u32,
    pub(super) at: u32,
    /// Seconds from the start of the episode; NaN where there is none.
    secs: f64,
    /// `frame_index`; NaN where there is none.
    frame: f64,
}

#[expect(clippy::cast_possible_truncation, reason = "saturates")]
pub(super) fn nanos(secs: f64) -> i64 {
    (secs * 1e9).round() as i64
}

/// The distance of single-precision numbers near a value.
fn single_step(value: f64) -> f64 {
    value.abs() * f64::from(f32::EPSILON)
}

impl Row {
    /// How far the time is from `frame_index / fps`; none where one of them is missing.
    fn off(&self, info: &Info) -> Option<f64> {
        let off = self.secs - self.frame / info.rate_hz();
        off.is_finite().then_some(off)
    }

    /// Nanoseconds from the start of the episode.
    pub(super) fn nanos(&self, info: &Info) -> i64 {
        let due = self.frame / info.rate_hz();
        let near = 1e-6 + 2.0 * single_step(self.secs);
        match self.off(info) {
            Some(off) if off.abs() > near => nanos(self.secs),
            _ if due.is_finite() => nanos(due),
            _ if self.secs.is_finite() => nanos(self.secs),
            _ => 0,
        }
    }
}

/// The file of an episode's frames.
fn data_path(info: &Info, episode: &Episode) -> Option<String> {
    let (template, chunk) = match episode.data {
        Some((chunk, _)) => (
            "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
            chunk,
        ),
        None => (
            "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
            episode.index / info.chunks_size.unwrap_or(1000).max(1),
        ),
    };
    let template = info.data_path.as_deref().unwrap_or(template);
    let (chunk, index) = (chunk.to_string(), episode.index.to_string());
    let file = episode.data.map(|(_, file)| file.to_string());
    let values = [
        ("chunk_index", chunk.as_str()),
        ("episode_chunk", chunk.as_str()),
        ("file_index", file.as_deref().unwrap_or("0")),
        ("episode_index", index.as_str()),
    ];
    path(template, &values)
}

/// The frames there are, by episode.
pub(super) fn rows_of(
    files: &dyn Files,
    info: &Info,
    episodes: &[Episode],
    contents: &mut Contents<'_>,
) -> BTreeMap<u64, Vec<Row>> {
    let mut wanted: BTreeMap<String, u64> = BTreeMap::new();
    for episode in episodes {
        match data_path(info, episode) {
            Some(path) => {
                wanted.entry(path).or_insert(episode.index);
            }
            None => contents.note("structure.episode_rows", || {
                format!("`data_path` names no file for episode `{}`", episode.index)
            }),
        }
    }
    let missing: BTreeSet<&String> = wanted.keys().filter(|path| !files.has(path)).collect();
    if missing.len() == wanted.len() {
        contents.note("structure.media_missing", || {
            format!(
                "none of the `{}` files of frames is there, so only the tables are read; hint: they may be left with Git LFS (`git lfs pull`)",
                wanted.len()
            )
        });
        return BTreeMap::new();
    }
    for path in missing {
        let path = path.clone();
        contents.lose(FolderError::Missing { path }.into());
    }
    let mut found = BTreeMap::new();
    for (path, episode) in wanted.iter().filter(|(path, _)| files.has(path)) {
        let only = (!info.is_pooled()).then_some(*episode);
        if let Err(failure) = read_file(files, path, only, (contents, &mut found)) {
            contents.lose(failure);
        }
    }
    found
}

/// Adds the rows of a file; `only` is the episode all of them belong to.
fn read_file(
    files: &dyn Files,
    path: &str,
    only: Option<u64>,
    (contents, found): (&mut Contents<'_>, &mut BTreeMap<u64, Vec<Row>>),
) -> Result<(), Failure> {
    let bytes = files.read(path)?;
    let bytes = bytes.as_ref();
    if is_pointer(bytes) {
        contents.note("structure.lfs_pointer", || {
            format!("`{path}` is a pointer of Git LFS, not the file; hint: `git lfs pull`")
        });
        return Ok(());
    }
    let failure = |error: parquet::errors::ParquetError| Failure {
        code: "loss.file",
        start: 0,
        end: bytes.len() as u64,
        message: format!("`{path}` cannot be read as Parquet: {error}"),
    };
    let parquet = Parquet::open(bytes).map_err(failure)?;
    let file = contents.file(path);
    for (group, count) in parquet.groups().enumerate() {
        let column = |name: &str| -> Result<Vec<f64>, Failure> {
            let Some(position) = parquet.position(name) else {
                return Ok(Vec::new());
            };
            let column = parquet.column(bytes, group, position).map_err(failure)?;
            Ok(column.firsts().collect())
        };
        let (secs, frames) = (column("timestamp")?, column("frame_index")?);
        let indices = column("episode_index")?;
        let rows = secs.len().max(frames.len()).max(indices.len()).min(count);
        for row in 0..rows {
            let of = |values: &[f64]| values.get(row).copied().unwrap_or(f64::NAN);
            let stated = of(&indices);
            let episode = only.unwrap_or_else(|| self::index(stated));
            if only.is_some() && stated.is_finite() && self::index(stated) != episode {
                contents.note("structure.episode_rows", || {
                    format!("row `{row}` of `{path}` says episode `{stated}`, its file is of episode `{episode}`")
                });
            }
            found.entry(episode).or_default().push(Row {
                file,
                group: u32::try_from(group).unwrap_or(u32::MAX),
                at: u32::try_from(row).unwrap_or(u32::MAX),
                secs: of(&secs),
                frame: of(&frames),
            });
        }
    }
    Ok(())
}

/// A number of an episode; anything that is none becomes one that no table has.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be not negative and small"
)]
pub(super) fn index(value: f64) -> u64 {
    if (0.0..9e15).contains(&value) {
        value as u64
    } else {
        u64::MAX
    }
}

/// Holds the rows of an episode to its length, their numbers and their times.
pub(super) fn compare(info: &Info, episode: &Episode, rows: &[Row], contents: &mut Contents<'_>) {
    let index = episode.index;
    if rows.len() as u64 != episode.length {
        contents.note("structure.episode_rows", || {
            format!(
                "episode `{index}` has `{}` frames, its table says `{}`",
                rows.len(),
                episode.length
            )
        });
    }
    let jumped = rows
        .iter()
        .enumerate()
        .find(|(row, found)| found.frame.is_finite() && (found.frame - *row as f64).abs() > 0.5);
    if let Some((row, found)) = jumped {
        contents.note("structure.episode_rows", || {
            format!(
                "`frame_index` of episode `{index}` is `{}` in row `{row}`, where it should count from 0 by 1",
                found.frame
            )
        });
        // Times are compared with the numbers, so they say nothing then.
        return;
    }
    let beyond = |row: &&Row| {
        row.off(info)
            .is_some_and(|off| off.abs() > TOLERANCE_SECS + 2.0 * single_step(row.secs))
    };
    let count = rows.iter().filter(beyond).count();
    if count > 0 {
        let worst = rows.iter().filter_map(|row| row.off(info));
        let worst = worst.fold(0.0_f64, |worst, off| worst.max(off.abs()));
        contents.note("structure.frame_times", || {
            format!(
                "`{count}` of `{}` timestamps of episode `{index}` are not `frame_index / fps`: up to `{worst:.4}` s beside it at `{}` frames per second",
                rows.len(),
                info.rate_hz()
            )
        });
    }
}
