//! The videos of the episodes: their tables against the length and the rate of the frames.

use super::super::{Contents, Files, FolderError};
use super::meta::{Episode, Info, Stretch, is_pointer, path};
use crate::VideoFile;
use crate::media::video::{Mp4Summary, Mp4Track};
use std::collections::BTreeMap;

/// How many frames a video may have more or less; the bound of lerobot-doctor.
const FRAMES: f64 = 2.0;
/// How far its rate may be off, frames per second; the bound of lerobot-doctor.
const RATE_HZ: f64 = 1.0;

/// What is said about the videos of an episode, by its index: keys and values.
pub(super) type Shown = BTreeMap<u64, Vec<(String, String)>>;

/// The path of the video of an episode.
fn video_path(info: &Info, key: &str, episode: &Episode) -> Option<String> {
    let stretch = episode.videos.get(key);
    let (template, chunk) = match stretch {
        Some(stretch) => (
            "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
            stretch.chunk,
        ),
        None => (
            "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
            episode.index / info.chunks_size.unwrap_or(1000).max(1),
        ),
    };
    let template = info.video_path.as_deref().unwrap_or(template);
    let (chunk, index) = (chunk.to_string(), episode.index.to_string());
    let file = stretch.map(|stretch| stretch.file.to_string());
    let values = [
        ("chunk_index", chunk.as_str()),
        ("episode_chunk", chunk.as_str()),
        ("file_index", file.as_deref().unwrap_or("0")),
        ("episode_index", index.as_str()),
        ("video_key", key),
    ];
    path(template, &values)
}

/// Episodes of one video file, with the stretch of each where the file holds many.
type Episodes<'e> = Vec<(&'e Episode, Option<Stretch>)>;

/// Reads the tables of all videos and compares them with the episodes.
pub(super) fn shown(
    files: &dyn Files,
    info: &Info,
    episodes: &[Episode],
    contents: &mut Contents<'_>,
) -> Shown {
    let keys = info.features.iter();
    let keys = keys.filter(|(_, feature)| feature.dtype == "video");
    let mut shown = Shown::new();
    for (key, _) in keys {
        let mut wanted: BTreeMap<String, Episodes<'_>> = BTreeMap::new();
        for episode in episodes {
            // In files of many episodes an episode without a stretch has no video.
            let stretch = episode.videos.get(key).copied();
            if info.is_pooled() && stretch.is_none() {
                continue;
            }
            if let Some(path) = video_path(info, key, episode) {
                wanted.entry(path).or_default().push((episode, stretch));
            }
        }
        let missing = wanted.keys().filter(|path| !files.has(path)).count();
        if missing > 0 && missing == wanted.len() {
            contents.note("structure.media_missing", || {
                format!("none of the `{missing}` videos of `{key}` is there; hint: they may be left with Git LFS (`git lfs pull`)")
            });
            continue;
        }
        for (path, episodes) in &wanted {
            if let Some(track) = track(files, path, contents) {
                compare(info, path, &track, (episodes, contents));
                for (episode, _) in episodes {
                    let said = shown.entry(episode.index).or_default();
                    said.extend(properties(key, path, &track));
                }
                contents.video(VideoFile {
                    feature: key.clone(),
                    path: path.clone(),
                    track,
                });
            }
        }
    }
    shown
}

fn properties(key: &str, path: &str, track: &Mp4Track) -> Vec<(String, String)> {
    let rate = track.fps().map(|fps| format!("{fps:.3}"));
    let said = [
        ("file", Some(path.to_owned())),
        ("codec", Some(track.codec.to_string())),
        ("size", Some(format!("{}x{}", track.width, track.height))),
        ("frames", Some(track.samples.to_string())),
        ("fps", rate),
    ];
    let said = said.into_iter();
    said.filter_map(|(name, value)| Some((format!("{key}.{name}"), value?)))
        .collect()
}

/// The picture track of a file; what is wrong with the file is said.
fn track(files: &dyn Files, path: &str, contents: &mut Contents<'_>) -> Option<Mp4Track> {
    if !files.has(path) {
        let path = path.to_owned();
        contents.lose(FolderError::Missing { path }.into());
        return None;
    }
    let bytes = match files.read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            contents.lose(error.into());
            return None;
        }
    };
    if is_pointer(bytes.as_ref()) {
        contents.note("structure.lfs_pointer", || {
            format!("`{path}` is a pointer of Git LFS, not the file; hint: `git lfs pull`")
        });
        return None;
    }
    let found = match Mp4Summary::parse(bytes.as_ref()) {
        Ok(summary) => {
            let missing = summary.video().map_or(0, |track| track.missing_samples);
            if summary.truncated || missing > 0 {
                contents.note("structure.video", || {
                    format!("`{path}` is cut off: `{missing}` frames lie beyond its end")
                });
            }
            summary.video().cloned()
        }
        Err(error) => {
            contents.note("structure.video", || format!("`{path}`: {error}"));
            return None;
        }
    };
    if found.is_none() {
        contents.note("structure.video", || format!("`{path}` holds no pictures"));
    }
    found
}

/// Compares a video with the episodes it shows.
fn compare(
    info: &Info,
    path: &str,
    track: &Mp4Track,
    (episodes, contents): (&Episodes<'_>, &mut Contents<'_>),
) {
    let rate = info.rate_hz();
    if let Some(fps) = track.fps().filter(|fps| (fps - rate).abs() > RATE_HZ) {
        contents.note("structure.video", || {
            format!("`{path}` runs at `{fps:.2}` frames per second, the data set says `{rate}`")
        });
    }
    let lengths = episodes.iter().map(|(episode, _)| episode.length as f64);
    let length: f64 = lengths.sum();
    let frames = track.samples as f64;
    if (frames - length).abs() > FRAMES {
        contents.note("structure.video", || {
            format!("`{path}` holds `{frames}` frames, its episodes have `{length}`")
        });
    }
    for (episode, stretch) in episodes {
        let Some(stretch) = stretch else { continue };
        let frames = (stretch.end_secs - stretch.start_secs) * rate;
        // Not a number is as wrong as one that is too far off.
        let near = (frames - episode.length as f64).abs() <= FRAMES;
        if !near {
            contents.note("structure.video", || {
                format!(
                    "episode `{}` is shown from `{}` to `{}` s of `{path}`, its table says `{}` frames",
                    episode.index, stretch.start_secs, stretch.end_secs, episode.length
                )
            });
        }
    }
}
