//! Odometry sequences: `{image_0..3,velodyne}/`, `calib.txt`, `times.txt` and `poses.txt` in one
//! folder, or `sequences/<nn>/` with `poses/<nn>.txt` where the folder holds one sequence.

use super::super::images::size;
use super::super::{Contents, Event, Files, FolderError, Layout};
use super::calibration::{Calibration, Camera, Rigid};
use super::make::{Stream, bad_row};
use super::{Listing, VELODYNE};
use crate::trajectory::parse_times;
use crate::trajectory::text::rows;
use crate::{Format, Limits};

pub(in super::super) const LAYOUT: Layout = Layout {
    format: Format::KittiOdometry,
    mark: "KITTI odometry: a sequence with `times.txt` beside `image_0/` or `velodyne/`",
    detect: |files| sequence(files).is_some(),
    list,
};

const CAMERAS: [&str; 4] = ["image_0", "image_1", "image_2", "image_3"];
/// Digits in the name of a frame.
const DIGITS: usize = 6;

/// The folder of the sequence and the file of its poses.
fn sequence(files: &dyn Files) -> Option<(String, String)> {
    let is_sequence = |prefix: &str| {
        files.has(&format!("{prefix}times.txt"))
            && CAMERAS.iter().chain(&[VELODYNE]).any(|sensor| {
                let first = files.under(&format!("{prefix}{sensor}/")).first();
                first.is_some_and(|path| super::is_frame(path))
            })
    };
    if is_sequence("") {
        return Some((String::new(), "poses.txt".to_owned()));
    }
    let names = files.folders("sequences/");
    let mut found = names
        .iter()
        .filter(|name| is_sequence(&format!("sequences/{name}/")));
    match (found.next(), found.next()) {
        (Some(name), None) => Some((format!("sequences/{name}/"), format!("poses/{name}.txt"))),
        _ => None,
    }
}

fn list<'a>(files: &'a dyn Files, limits: &Limits) -> Result<Contents<'a>, FolderError> {
    let (root, poses) = sequence(files).unwrap_or_default();
    let mut listing = Listing {
        files,
        contents: Contents::new(limits),
        streams: Vec::new(),
    };
    "kitti odometry".clone_into(&mut listing.contents.origin);
    let path = format!("{root}times.txt");
    let bytes = files.read(&path)?;
    let mut times = Vec::new();
    for time in parse_times(bytes.as_ref()) {
        if let Err(error) = &time {
            let place = (error.line, error.start, error.end - error.start);
            listing.contents.lose(bad_row(&path, place, &error.cause));
        }
        times.push(time.ok());
    }
    let calibration = calibration(&mut listing, &root);
    let mut mounts = Vec::new();
    for (index, name) in CAMERAS.into_iter().enumerate() {
        let folder = format!("{root}{name}/");
        if files.under(&folder).is_empty() {
            continue;
        }
        let camera = calibration
            .get(&format!("P{index}"))
            .map(|projection| Camera {
                projection,
                // The calibration does not say it; images of a sequence are of one size.
                size: files
                    .first(&folder)
                    .and_then(|image| size(image.as_ref()))
                    .unwrap_or_default(),
            });
        listing.camera(name, &folder, &times, camera);
        let first = calibration.get("Tr").map(|rows| Rigid::from_rows(&rows));
        let mount = camera
            .and_then(|camera| camera.shift())
            .zip(first)
            .and_then(|(shift, first)| shift.after(&first).inverse().mount(VELODYNE, name));
        mounts.extend(mount);
    }
    let folder = format!("{root}velodyne/");
    if !files.under(&folder).is_empty() {
        listing.cloud(&folder, &times, DIGITS);
    }
    if files.has(&poses) {
        list_poses(&mut listing, &poses, &times)?;
    }
    listing.finish(mounts, Format::KittiOdometry.name())
}

fn calibration(listing: &mut Listing<'_>, root: &str) -> Calibration {
    let path = format!("{root}calib.txt");
    match listing.files.text(&path) {
        Ok(text) => Calibration::parse(&text),
        Err(error) => {
            listing
                .contents
                .note("structure.calibration", || error.to_string());
            Calibration::default()
        }
    }
}

fn list_poses(
    listing: &mut Listing<'_>,
    path: &str,
    times: &[Option<i64>],
) -> Result<(), FolderError> {
    let bytes = listing.files.read(path)?;
    let name = "geometry_msgs/msg/PoseStamped";
    let channel = listing.channel("/poses".to_owned(), name, Stream::Pose);
    let file = listing.contents.file(path);
    let rows: Vec<_> = rows(bytes.as_ref()).collect();
    if rows.len() != times.len() {
        let (poses, times) = (rows.len(), times.len());
        listing.contents.note("structure.file_not_listed", || {
            format!("`{path}` holds `{poses}` poses for `{times}` times")
        });
    }
    for (row, time) in rows.iter().zip(times) {
        if let Some(log_time) = *time {
            listing.contents.event(Event {
                log_time,
                channel,
                file,
                place: row.start as u64,
                bytes: u32::try_from(row.text.len()).unwrap_or(u32::MAX),
            });
        }
    }
    Ok(())
}
