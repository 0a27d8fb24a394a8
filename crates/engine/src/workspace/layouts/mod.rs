//! Labels, votes, predictions, events and outcomes in the files and folders a user names, as far as they are no recordings.
//!
//! Read [`find`], [`Survey`] and [`LabelInput`] first.
//!
//! Not here: what is in them (`content`), recordings (`sources`).

mod columns;
mod form;
mod json;
mod sniff;

pub(super) use columns::{as_utf8, classes, declared, normal, shares, table_of};
pub use form::Form;

use crate::EngineError;
use crate::context::is_context;
use crate::limits::Limits;
use crate::sources::map;
use rayon::prelude::*;
use serde::Serialize;
use sniff::{Seen, ending};
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A file or folder that is no recording but holds labels, votes, predictions, events or outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LabelInput {
    /// What the user would name it: a file, or the folder of a layout.
    pub(crate) path: PathBuf,
    /// What it is.
    pub(crate) form: Form,
    /// All files that belong to it, sorted.
    pub(crate) files: Vec<PathBuf>,
}

/// Files nothing is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The first of them.
    pub path: PathBuf,
    /// Why, for people.
    pub reason: String,
    /// How many of one folder have this reason.
    pub count: u64,
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}: {}", self.path.display(), self.more(), self.reason)
    }
}

impl Skipped {
    /// Whether the reason says what the files are, not only that they are of no form.
    pub fn is_telling(&self) -> bool {
        !sniff::is_plain(&self.reason)
    }

    /// How many there are besides the first, in words.
    fn more(&self) -> String {
        if self.count > 1 {
            format!(" and {} more", self.count - 1)
        } else {
            String::new()
        }
    }
}

/// What there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    /// What rows can be made of, sorted by path.
    pub(crate) inputs: Vec<LabelInput>,
    /// What is left, sorted by path; at most [`MOST_SKIPPED`].
    pub(crate) skipped: Vec<Skipped>,
    /// Files that are left, those not listed too.
    pub(crate) skipped_count: u64,
}

/// The form of a file that was looked into before and has not changed since.
pub(crate) type KnownForm<'a> = &'a (dyn Fn(&Path) -> Option<Form> + Sync);

/// Reasons a survey lists at most for each of its inputs.
pub(crate) const MOST_SKIPPED: usize = 1000;
/// Table of poses that makes its folder a log of Argoverse 2.
pub(super) const AV2_POSES: &str = "city_SE3_egovehicle.feather";
/// Folders above that are looked into for names of classes.
const FOLDERS_ABOVE: usize = 3;

/// Everything of that kind in what the user named, sorted by path; `taken` are recordings already, which nothing is looked
/// for in. `form` is what the user says a file or the files of a folder are.
///
/// Errors: a path that is not there, a file or folder the user named that holds nothing we know and no recording.
pub(crate) fn find(
    inputs: &[PathBuf],
    taken: &[PathBuf],
    form: Option<Form>,
    known: KnownForm<'_>,
) -> Result<Survey, EngineError> {
    let mut all = Survey::default();
    for input in inputs {
        let found = survey(std::slice::from_ref(input), taken, form, known)?;
        let holds_taken = taken.iter().any(|path| path.starts_with(input));
        if found.inputs.is_empty() && !holds_taken {
            return Err(nothing(input, &found));
        }
        all.inputs.extend(found.inputs);
        all.skipped.extend(found.skipped);
        all.skipped_count += found.skipped_count;
    }
    all.inputs.sort_by(|a, b| a.path.cmp(&b.path));
    all.inputs.dedup();
    Ok(all)
}

/// Reasons an error names at most.
const MOST_REASONS: usize = 3;

fn nothing(path: &Path, found: &Survey) -> EngineError {
    let within = |one: &Skipped| {
        let name = one.path.strip_prefix(path).unwrap_or(&one.path);
        let are = if one.count > 1 { "are" } else { "is" };
        format!("`{}`{} {are} {}", name.display(), one.more(), one.reason)
    };
    let seen = match found.skipped.as_slice() {
        [] => "it holds no file".to_owned(),
        [one] if one.path == path => format!("it is {}", one.reason),
        all => {
            // What says nothing of its form is named last.
            let (told, plain): (Vec<&Skipped>, Vec<&Skipped>) =
                all.iter().partition(|one| one.is_telling());
            let named = told.into_iter().chain(plain).take(MOST_REASONS);
            let mut reasons: Vec<String> = named.map(within).collect();
            if all.len() > MOST_REASONS {
                reasons.push(format!("{} files in all", found.skipped_count));
            }
            reasons.join("; ")
        }
    };
    EngineError::NothingKnown {
        path: path.to_owned(),
        seen,
        forms: form::names(),
    }
}

/// What everything under the given paths is, without an error for what is nothing we know, and without a look into files
/// that are known.
///
/// Errors: a path that is not there, a folder that cannot be listed, too many files. Cost: a look at the beginning of
/// every other file.
pub(crate) fn survey(
    inputs: &[PathBuf],
    taken: &[PathBuf],
    form: Option<Form>,
    known: KnownForm<'_>,
) -> Result<Survey, EngineError> {
    let mut walk = Walk {
        taken: taken.iter().map(|path| path.as_os_str()).collect(),
        beside: taken.iter().filter_map(|path| path.parent()).collect(),
        form,
        known,
        files: 0,
        inputs: Vec::new(),
        skipped: BTreeMap::new(),
    };
    for input in inputs {
        if taken.iter().any(|taken| input.starts_with(taken)) {
            continue;
        }
        if input.is_dir() {
            let open = walk.folder(input)?;
            walk.nameless(open, input);
        } else if input.exists() {
            walk.file(input)?;
        } else {
            return Err(EngineError::NoLabels {
                path: input.clone(),
            });
        }
    }
    walk.inputs.sort_by(|a, b| a.path.cmp(&b.path));
    walk.inputs.dedup();
    let skipped_count = walk.skipped.values().map(|(_, count)| count).sum();
    let skipped = walk
        .skipped
        .into_iter()
        .map(|((_, reason), (path, count))| Skipped {
            path,
            reason,
            count,
        });
    let mut skipped: Vec<Skipped> = skipped.collect();
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    skipped.truncate(MOST_SKIPPED);
    Ok(Survey {
        inputs: walk.inputs,
        skipped,
        skipped_count,
    })
}

/// A search under way.
struct Walk<'a> {
    taken: HashSet<&'a OsStr>,
    /// Folders of recordings.
    beside: HashSet<&'a Path>,
    form: Option<Form>,
    known: KnownForm<'a>,
    files: usize,
    inputs: Vec<LabelInput>,
    /// By folder and reason: the first file, and how many.
    skipped: BTreeMap<(PathBuf, String), (PathBuf, u64)>,
}

/// What the files of one folder are.
#[derive(Default)]
struct Folder {
    labels: BTreeMap<Form, Vec<PathBuf>>,
    names: Vec<PathBuf>,
    codes: Vec<PathBuf>,
    empty: Vec<PathBuf>,
}

impl Walk<'_> {
    /// Goes through a folder; what it returns are files of YOLO whose names of classes lie in no folder so far.
    fn folder(&mut self, path: &Path) -> Result<Vec<PathBuf>, EngineError> {
        let io = |error| EngineError::io("read", path, error);
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(path).map_err(io)? {
            let entry = entry.map_err(io)?;
            let kind = entry.file_type().map_err(io)?;
            let entry = entry.path();
            if self.taken.contains(entry.as_os_str()) {
                continue;
            }
            // Links to folders are not followed, so they cannot make a loop.
            if kind.is_dir() {
                folders.push(entry);
            } else if kind.is_file() || entry.is_file() {
                files.push(entry);
            }
        }
        files.retain(|file| !self.is_of_recording(path, file));
        files.sort();
        folders.sort();
        self.files += files.len();
        let most = Limits::default().files;
        if self.files > most {
            return Err(EngineError::Request {
                message: format!(
                    "more than `{most}` files in one run\nhint: split the run by folder"
                ),
            });
        }
        let mut found = self.look(files);
        let mut open = found.labels.remove(&Form::Yolo).unwrap_or_default();
        if !open.is_empty() {
            // Images without objects.
            open.append(&mut found.empty);
            open.sort();
        }
        let is_log = path.join(AV2_POSES).is_file() && found.labels.contains_key(&Form::Argoverse2);
        if is_log {
            let mut files = found.labels.remove(&Form::Argoverse2).unwrap_or_default();
            let mounts = path.join("calibration");
            for name in ["egovehicle_SE3_sensor.feather", "intrinsics.feather"] {
                files.extend(Some(mounts.join(name)).filter(|path| path.is_file()));
            }
            folders.retain(|folder| *folder != mounts);
            self.add(path, Form::Argoverse2, files);
        }
        for folder in folders {
            open.append(&mut self.folder(&folder)?);
        }
        Ok(self.claim(path, found, open))
    }

    /// Whether a file of a folder speaks of a recording: its context, or what a rosbag2 has beside it.
    fn is_of_recording(&self, folder: &Path, file: &Path) -> bool {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        is_context(&name) || (name == "metadata.yaml" && self.beside.contains(folder))
    }

    /// What files of one folder are.
    fn look(&mut self, files: Vec<PathBuf>) -> Folder {
        let (form, known) = (self.form, self.known);
        let seen: Vec<Seen> = files
            .par_iter()
            .map(|path| match known(path) {
                Some(known) if form.is_none() => Seen::Labels(known),
                _ => look(path, form),
            })
            .collect();
        let mut found = Folder::default();
        for (path, seen) in files.into_iter().zip(seen) {
            match seen {
                Seen::Labels(form) => found.labels.entry(form).or_default().push(path),
                Seen::Names => found.names.push(path),
                Seen::OpenImagesNames => found.codes.push(path),
                Seen::Empty => found.empty.push(path),
                Seen::No(reason) => self.skip(path, reason),
            }
        }
        found
    }

    /// Makes inputs of the files of one folder; returns what waits for names of classes.
    fn claim(&mut self, path: &Path, mut found: Folder, open: Vec<PathBuf>) -> Vec<PathBuf> {
        let mut left = Vec::new();
        if open.is_empty() {
            for name in found.names {
                self.skip(
                    name,
                    "names of classes, but no file of YOLO lies beside or below".to_owned(),
                );
            }
        } else if found.names.is_empty() {
            left = open;
        } else {
            let mut files = open;
            files.append(&mut found.names);
            self.add(path, Form::Yolo, files);
        }
        for (form, mut files) in found.labels {
            if form.is_of_many_files() {
                if form == Form::Kitti {
                    files.append(&mut found.empty);
                }
                self.add(path, form, files);
                continue;
            }
            for file in files {
                let mut all = vec![file.clone()];
                if form == Form::OpenImages {
                    all.append(&mut found.codes.clone());
                }
                self.add(&file, form, all);
            }
        }
        for path in found.empty {
            self.skip(path, "an empty file".to_owned());
        }
        left
    }

    /// Files of YOLO below a folder the user named that has no names of classes: those above it may be theirs, and who
    /// says that it is YOLO may do without.
    fn nameless(&mut self, open: Vec<PathBuf>, root: &Path) {
        if open.is_empty() {
            return;
        }
        let names = names_above(root);
        if names.is_empty() && self.form != Some(Form::Yolo) {
            for path in open {
                self.skip(
                    path,
                    "text in YOLO's form without names of classes (`data.yaml`, `obj.names`, `classes.txt`); say `--as yolo` where it is".to_owned(),
                );
            }
            return;
        }
        let mut files = open;
        files.extend(names);
        self.add(root, Form::Yolo, files);
    }

    /// One file the user named.
    fn file(&mut self, path: &Path) -> Result<(), EngineError> {
        map(path)?;
        match look(path, self.form) {
            Seen::Labels(Form::Yolo) => {
                let mut files = vec![path.to_owned()];
                files.extend(names_above(path.parent().unwrap_or(path)));
                self.add(path, Form::Yolo, files);
            }
            Seen::Labels(form) => self.add(path, form, vec![path.to_owned()]),
            Seen::Names | Seen::OpenImagesNames => {
                self.skip(
                    path.to_owned(),
                    "names of classes without labels".to_owned(),
                );
            }
            Seen::Empty => self.skip(path.to_owned(), "an empty file".to_owned()),
            Seen::No(reason) => self.skip(path.to_owned(), reason),
        }
        Ok(())
    }

    fn add(&mut self, path: &Path, form: Form, mut files: Vec<PathBuf>) {
        files.sort();
        // A folder of one file is that file.
        let path = match files.as_slice() {
            [one] => one.clone(),
            _ => path.to_owned(),
        };
        self.inputs.push(LabelInput { path, form, files });
    }

    fn skip(&mut self, path: PathBuf, reason: String) {
        let folder = path.parent().unwrap_or(&path).to_owned();
        let known = self.skipped.entry((folder, reason)).or_insert((path, 0));
        known.1 += 1;
    }
}

/// What a file is, or what the user says the files with such an ending are.
fn look(path: &Path, form: Option<Form>) -> Seen {
    let bytes = match map(path) {
        Ok(bytes) => bytes,
        Err(error) => return Seen::No(format!("a file that cannot be read: {error}")),
    };
    let seen = sniff::look(path, bytes.as_deref().unwrap_or_default());
    match form {
        // What helps to read others stays so.
        Some(_) if matches!(seen, Seen::Names | Seen::OpenImagesNames) => seen,
        Some(form) if form.endings().contains(&ending(path).as_str()) => match seen {
            Seen::Empty => Seen::Empty,
            _ => Seen::Labels(form),
        },
        Some(form) => Seen::No(format!(
            "a file whose name does not end as those of `{}`",
            form.name()
        )),
        None => seen,
    }
}

/// Names of classes in a folder or the next ones above it.
fn names_above(folder: &Path) -> Vec<PathBuf> {
    for folder in folder.ancestors().take(FOLDERS_ABOVE) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            break;
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let is_named =
            |path: &PathBuf| ["yaml", "yml", "names", "txt"].contains(&ending(path).as_str());
        let mut found: Vec<PathBuf> = paths
            .filter(|path| is_named(path) && path.is_file() && look(path, None) == Seen::Names)
            .collect();
        if !found.is_empty() {
            found.sort();
            return found;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests;
