//! Raw drives: `<drive>/{image_0*,velodyne_points,oxts}/{timestamps.txt,data/}`, calibration in the
//! folder of the day, which holds the drive, or beside the sensors.

use super::super::{Contents, Files, FolderError, Layout};
use super::calibration::{Calibration, Camera, Rigid};
use super::make::{Stream, bad_row};
use super::{Listing, VELODYNE};
use crate::sensor::Pose;
use crate::trajectory::text::{RowError, decimal_nanos, lines};
use crate::{Format, Limits};

pub(in super::super) const LAYOUT: Layout = Layout {
    format: Format::KittiRaw,
    mark: "KITTI raw: a drive with `timestamps.txt` and `data/` below `image_02/`, `velodyne_points/` or `oxts/`",
    detect: |files| drive(files).is_some(),
    list,
};

const CAMERAS: [&str; 4] = ["image_00", "image_01", "image_02", "image_03"];
/// Digits in the name of a frame.
const DIGITS: usize = 10;

/// The folder of the drive: this one, or the only drive in the folder of a day.
fn drive(files: &dyn Files) -> Option<String> {
    let is_drive = |prefix: &str| {
        CAMERAS
            .iter()
            .chain(&["velodyne_points", "oxts"])
            .any(|sensor| {
                files.has(&format!("{prefix}{sensor}/timestamps.txt"))
                    && !files.under(&format!("{prefix}{sensor}/data/")).is_empty()
            })
    };
    if is_drive("") {
        return Some(String::new());
    }
    if !files.has("calib_cam_to_cam.txt") {
        return None;
    }
    let mut drives = files
        .folders("")
        .into_iter()
        .map(|folder| format!("{folder}/"))
        .filter(|prefix| is_drive(prefix));
    match (drives.next(), drives.next()) {
        (Some(drive), None) => Some(drive),
        _ => None,
    }
}

fn list<'a>(files: &'a dyn Files, limits: &Limits) -> Result<Contents<'a>, FolderError> {
    let drive = drive(files).unwrap_or_default();
    let mut listing = Listing {
        files,
        contents: Contents::new(limits),
        streams: Vec::new(),
    };
    "kitti raw".clone_into(&mut listing.contents.origin);
    let calibration = Day::read(&mut listing, &drive);
    for (index, name) in CAMERAS.into_iter().enumerate() {
        let folder = format!("{drive}{name}/");
        if !files.under(&folder).is_empty() {
            let times = times(&mut listing, &folder);
            let camera = calibration.camera(index);
            listing.camera(name, &format!("{folder}data/"), &times, camera);
        }
    }
    let folder = format!("{drive}velodyne_points/");
    if !files.under(&folder).is_empty() {
        let times = times(&mut listing, &folder);
        listing.cloud(&format!("{folder}data/"), &times, DIGITS);
    }
    let folder = format!("{drive}oxts/");
    if !files.under(&folder).is_empty() {
        let times = times(&mut listing, &folder);
        let data = format!("{folder}data/");
        let imu = listing.channel("/oxts/imu".into(), "sensor_msgs/msg/Imu", Stream::OxtsImu);
        let _ = listing.frames(imu, &data, &times, DIGITS);
        let fix = "sensor_msgs/msg/NavSatFix";
        let fix = listing.channel("/oxts/fix".into(), fix, Stream::OxtsFix);
        let _ = listing.frames(fix, &data, &times, DIGITS);
    }
    let mounts = calibration.mounts(&mut listing);
    listing.finish(mounts, Format::KittiRaw.name())
}

/// The three calibration files of a day.
struct Day {
    cameras: Option<Calibration>,
    velodyne: Option<Calibration>,
    imu: Option<Calibration>,
}

impl Day {
    fn read(listing: &mut Listing<'_>, drive: &str) -> Self {
        let mut read = |name: &str| {
            let path = [format!("{drive}{name}"), name.to_owned()]
                .into_iter()
                .find(|path| listing.files.has(path));
            let Some(path) = path else {
                listing.contents.note("structure.calibration", || {
                    format!("`{name}` is not there; hint: put the calibration files of the day into the folder of the drive")
                });
                return None;
            };
            match listing.files.text(&path) {
                Ok(text) => Some(Calibration::parse(&text)),
                Err(error) => {
                    listing.contents.lose(error.into());
                    None
                }
            }
        };
        Self {
            cameras: read("calib_cam_to_cam.txt"),
            velodyne: read("calib_velo_to_cam.txt"),
            imu: read("calib_imu_to_velo.txt"),
        }
    }

    fn camera(&self, index: usize) -> Option<Camera> {
        let calibration = self.cameras.as_ref()?;
        let size = calibration.get::<2>(&format!("S_rect_0{index}"));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and a size that is none shows against the image"
        )]
        let size = size.map_or([0, 0], |size| size.map(|pixels| pixels as u32));
        Some(Camera {
            projection: calibration.get(&format!("P_rect_0{index}"))?,
            size,
        })
    }

    /// Scanner and cameras on the inertial unit, or cameras on the scanner where its own mount is not known.
    fn mounts(&self, listing: &mut Listing<'_>) -> Vec<Pose<'static>> {
        let mut mounts = Vec::new();
        let mut add = |rigid: Option<Rigid>, parent, child: &str| match rigid
            .and_then(|rigid| rigid.inverse().mount(parent, child))
        {
            Some(mount) => mounts.push(mount),
            None => listing.contents.note("structure.calibration", || {
                format!("the calibration files do not say how `{child}` is mounted on `{parent}`")
            }),
        };
        if let Some(imu) = &self.imu {
            add(imu.rigid("R", "T"), "imu", VELODYNE);
        }
        if let (Some(velodyne), Some(cameras)) = (&self.velodyne, &self.cameras) {
            let rectified = velodyne.rigid("R", "T").zip(cameras.get("R_rect_00"));
            let first = rectified.map(|(rigid, turn)| Rigid::rotated(turn).after(&rigid));
            for (index, name) in CAMERAS.into_iter().enumerate() {
                let shift = self.camera(index).and_then(|camera| camera.shift());
                if let Some(shift) = shift {
                    add(first.map(|first| shift.after(&first)), VELODYNE, name);
                }
            }
        }
        mounts
    }
}

/// The times of a sensor by frame; none where a line is empty or no time, which is a loss.
fn times(listing: &mut Listing<'_>, folder: &str) -> Vec<Option<i64>> {
    let path = format!("{folder}timestamps.txt");
    let bytes = match listing.files.read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            listing.contents.lose(error.into());
            return Vec::new();
        }
    };
    lines(bytes.as_ref())
        .map(|line| {
            let text = line.text.trim_ascii();
            if text.is_empty() {
                return None;
            }
            let time = date_nanos(text);
            if time.is_none() {
                let cause = RowError::cell(1, text, "a time `YYYY-MM-DD hh:mm:ss.fraction`");
                let place = (line.number, line.start, line.text.len());
                listing.contents.lose(bad_row(&path, place, &cause));
            }
            time
        })
        .collect()
}

/// `2011-09-26 13:02:25.964389445` as nanoseconds since 1970. The files name no time zone; it is
/// taken for UTC, so that differences are right and the day is what the file says.
fn date_nanos(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (date, clock) = text.split_once(' ')?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut clock = clock.splitn(3, ':');
    let hour: i64 = clock.next()?.parse().ok()?;
    let minute: i64 = clock.next()?.parse().ok()?;
    let nanos = decimal_nanos(clock.next()?.as_bytes())?;
    let sane = (1970..2200).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..61_000_000_000).contains(&nanos);
    if !sane {
        return None;
    }
    // Days since 1970 with the year starting in March (Hinnant, "chrono-compatible low-level date algorithms").
    let year = year - i64::from(month <= 2);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year
        - 719_468;
    Some((days * 86_400 + hour * 3600 + minute * 60) * 1_000_000_000 + nanos)
}

#[cfg(test)]
mod tests {
    use super::date_nanos;

    #[test]
    fn dates_become_nanoseconds_exactly() {
        for (text, nanos) in [
            // `date -u -d … +%s`
            (
                "2011-09-26 13:02:25.964389445",
                Some(1_317_042_145_964_389_445),
            ),
            ("2000-02-29 00:00:00", Some(951_782_400_000_000_000)),
            ("1970-01-01 00:00:00.000000001", Some(1)),
            ("2011-13-26 13:02:25", None),
            ("2011-09-26", None),
            ("x", None),
        ] {
            assert_eq!(date_nanos(text.as_bytes()), nanos, "{text}");
        }
    }
}
