//! Facts about LiDARs against cameras: how many degrees the mounting is off, and when exposure and beam meet.

use super::lidar::{Carrier, Columns, Platform};
use super::{CameraStream, CloudStream, Context, Outcome};
use crate::facts::sheet::{Annotate, Sheet, count_detail, secs_detail};
use fieldassay_formats::media::{Limits, Scale, grey};
use fieldassay_formats::sensor::cloud::CloudView;
use fieldassay_formats::sensor::{CameraInfo, Sample};
use fieldassay_measure::calibration::alignment::{
    CameraModel, Decalibration, GreyView, RingCloud, Scene, SearchOptions,
};
use fieldassay_measure::pose::Pose;
use fieldassay_measure::stats::{Interval, median, quantile};
use fieldassay_model::FactValue;
use fieldassay_model::plot::{About, Table};
use rayon::prelude::*;

/// Most pairs of frames that are read again, and pairs of streams that are looked at.
const MOST_FRAMES: usize = 32;
const MOST_PAIRS: usize = 12;
/// Pairs of frames that are read first, and the upper end of the interval below which they settle it, radians (half a
/// degree; policies warn from more).
const FIRST_FRAMES: usize = 6;
const SETTLED_RADIANS: f64 = 0.008_726_646_259_971_648;
/// Candidates per frame wanted, from which the calmest is taken.
const CANDIDATES: usize = 4;
/// Largest distance in time of a pair, nanoseconds: half a turn at 10 Hz and a little.
const MOST_APART_NANOS: i64 = 60_000_000;
/// Half width of the sector around the camera's axis in which points tell when the beam passed, radians (5 degrees).
const AXIS_RADIANS: f64 = 0.087;
/// Fewest points there, and fewest frames, for a time.
const LEAST_AXIS_POINTS: usize = 5;
const LEAST_PAIRINGS: usize = 5;

const NAMES: [(&str, &str); 3] = [
    ("calibration.lidar_camera", "deg"),
    ("calibration.lidar_camera_at_least", "deg"),
    ("lidar.camera_pairing", "s"),
];

/// Facts about every camera with every LiDAR, at most 12 pairs. Cost: 6 images and clouds per pair of streams are read
/// again, 16 where those leave a doubt.
pub(crate) fn outcome(
    context: &Context<'_>,
    cameras: &[CameraStream<'_>],
    lidars: &[CloudStream<'_>],
) -> Outcome {
    let pairs: Vec<_> = cameras
        .iter()
        .flat_map(|camera| lidars.iter().map(move |lidar| (camera, lidar)))
        .take(MOST_PAIRS)
        .collect();
    let outcomes: Vec<Outcome> = pairs
        .par_iter()
        .map(|(camera, lidar)| pair(camera, lidar, context))
        .collect();
    let mut all = Outcome::default();
    for outcome in outcomes {
        all.append(outcome);
    }
    all
}

fn pair(camera: &CameraStream<'_>, lidar: &CloudStream<'_>, context: &Context<'_>) -> Outcome {
    let subject = format!("{} -> {}", lidar.topic, camera.topic);
    let mut sheet = Sheet::new(&subject, 0);
    let mut outcome = Outcome::default();
    match look(camera, lidar, context) {
        Err(reason) => sheet.none_of(&NAMES, &reason),
        Ok((views, fit)) => {
            pairing(&views, &mut sheet);
            match fit {
                Err(reason) => sheet.none_of(NAMES.get(..2).unwrap_or_default(), &reason),
                Ok(fit) => {
                    alignment(&fit, &views, &mut sheet);
                    outcome.tables.push(table(&subject, &fit.found));
                }
            }
        }
    }
    outcome.facts = sheet.facts;
    outcome
}

/// The mounting that fits, and how many others fit worse than the claimed one.
struct Fit {
    found: Decalibration,
    worse_ratio: f64,
}

impl Fit {
    fn of(scene: &Scene) -> Result<Self, String> {
        let found = scene.decalibration(&SearchOptions::default());
        let found = found.map_err(|error| statement(&error.to_string()))?;
        let worse = scene.share_worse(0.5_f64.to_radians(), 0.05);
        Ok(Self {
            found,
            worse_ratio: worse.ratio(),
        })
    }

    /// By how much the mounting that fits best scores above the claimed one, as a part of that.
    fn gain(&self) -> f64 {
        self.found.best_score / self.found.claimed_score - 1.0
    }

    /// Whether others fit so much better than the claimed mounting that it is wrong.
    fn is_doubted(&self) -> bool {
        let gain = self.gain();
        gain >= CLEAR_GAIN || (gain >= LEAST_GAIN && self.worse_ratio < HARDLY_ANY)
    }

    /// Whether more pairs could not change the answer: the claimed mounting fits, and a large error is excluded.
    fn is_settled(&self) -> bool {
        !self.is_doubted() && self.found.angle().2 < SETTLED_RADIANS
    }
}

/// Pairs read again.
struct Views {
    scene: Scene,
    camera_from_lidar: Pose,
    /// See [`passes_after`].
    passed_nanos: i64,
    /// Camera stamp minus the time the beam crossed the camera's axis, seconds, where points carry times.
    crossings_secs: Vec<f64>,
    /// Topic of the poses sweeps were moved to the exposure by, none where nothing was corrected, and how many were.
    moved_by: Option<String>,
    moved: u64,
    /// Largest turn between exposure and stamp of the cloud among the pairs, radians; NaN where nothing tells.
    turn_radians: f64,
}

/// The model of a camera whose images come as they are; none for images reduced by binning or cut by a region.
fn model_of(info: &CameraInfo) -> Result<CameraModel, String> {
    if info.binning.iter().any(|b| *b > 1) || info.roi.iter().any(|r| *r > 0) {
        return Err("images with binning or a region of interest are not compared".to_owned());
    }
    CameraModel::new(
        [info.width, info.height],
        &info.k,
        &info.distortion_model,
        &info.d,
    )
    .map_err(|error| statement(&error.to_string()))
}

/// Reads a few pairs again, and the others where those leave a doubt; what fits them.
fn look(
    camera: &CameraStream<'_>,
    lidar: &CloudStream<'_>,
    context: &Context<'_>,
) -> Result<(Views, Result<Fit, String>), String> {
    let info = camera.info.ok_or("the camera has no calibration")?;
    let model = model_of(info)?;
    let camera_frame = if camera.frame.is_empty() {
        &info.frame
    } else {
        camera.frame
    };
    let camera_from_lidar = context
        .rig
        .between(camera_frame, lidar.frame)
        .ok_or("no rigid transform between camera and LiDAR")?;
    let platform = Platform::new(context);
    let passed_nanos = passes_after(lidar, &camera_from_lidar, context);
    let chosen = choose((camera, lidar), passed_nanos, &platform);
    if chosen.is_empty() {
        return Err("no image within 60 ms of a cloud".to_owned());
    }
    let mut views = Views {
        scene: Scene::new(&model, &camera_from_lidar),
        camera_from_lidar,
        passed_nanos,
        crossings_secs: Vec::new(),
        moved_by: None,
        moved: 0,
        turn_radians: f64::NAN,
    };
    let tools = Tools {
        carrier: Carrier::of(lidar.frame, context),
        platform,
        context,
    };
    // Every third first, so that the first look covers the whole recording.
    let (first, rest): (Vec<_>, Vec<_>) = chosen
        .iter()
        .enumerate()
        .partition(|(i, _)| i % chosen.len().div_ceil(FIRST_FRAMES) == 0);
    let plain = |pairs: Vec<(usize, &Chosen)>| -> Vec<Chosen> {
        pairs.into_iter().map(|(_, pair)| *pair).collect()
    };
    let mut refused = views.read((camera, lidar), &plain(first), &tools);
    let mut fit = Fit::of(&views.scene);
    if !rest.is_empty() && !fit.as_ref().is_ok_and(Fit::is_settled) {
        refused = views
            .read((camera, lidar), &plain(rest), &tools)
            .or(refused);
        fit = Fit::of(&views.scene);
    }
    if views.scene.is_empty() {
        return Err(refused.unwrap_or_else(|| "no pair could be decoded".to_owned()));
    }
    Ok((views, fit))
}

/// What reading pairs needs besides them.
struct Tools<'a> {
    carrier: Option<Carrier<'a>>,
    platform: Platform<'a>,
    context: &'a Context<'a>,
}

impl Views {
    /// Reads pairs again; the last reason one was refused.
    fn read(
        &mut self,
        (camera, lidar): (&CameraStream<'_>, &CloudStream<'_>),
        chosen: &[Chosen],
        tools: &Tools<'_>,
    ) -> Option<String> {
        let images = read_images(camera, chosen, tools.context);
        let logs: Vec<i64> = chosen.iter().map(|pair| pair.lidar.1).collect();
        let mut clouds = read_clouds(lidar, &logs, tools.context);
        let mut refused = None;
        for (pair, (image, cloud)) in chosen.iter().zip(images.iter().zip(&mut clouds)) {
            let (Some(image), Some(columns)) = (image, cloud) else {
                continue;
            };
            if let Some(passed) = crossing(columns, &self.camera_from_lidar) {
                let apart = pair.apart() as f64 / 1e9;
                self.crossings_secs.push(apart - passed);
            }
            if let Some(carrier) = &tools.carrier
                && carrier.move_points(columns, pair.lidar.0, pair.camera.0)
            {
                self.moved += 1;
                self.moved_by = Some(carrier.topic.to_owned());
            }
            if let Err(error) = self.push(image, columns) {
                refused = Some(error);
                continue;
            }
            if let Some(rate) = tools.platform.rate(pair.camera.0) {
                let apart = pair.apart().saturating_sub(self.passed_nanos).abs();
                self.turn_radians = self.turn_radians.max(rate * apart as f64 / 1e9);
            }
        }
        refused
    }

    fn push(&mut self, image: &GreyPixels, columns: &Columns) -> Result<(), String> {
        let (width, height, data) = image;
        let view = GreyView {
            width: *width,
            height: *height,
            data,
        };
        let rings = RingCloud {
            points: &columns.positions,
            rings: &columns.rings,
            intensities: &columns.intensities,
        };
        let pushed = self.scene.push(&view, &rings);
        pushed
            .map(|_| ())
            .map_err(|error| statement(&error.to_string()))
    }
}

/// An error without its hint.
fn statement(text: &str) -> String {
    text.split("; hint").next().unwrap_or_default().to_owned()
}

/// An image and a cloud: stamps and log times.
#[derive(Clone, Copy)]
struct Chosen {
    camera: (i64, i64),
    lidar: (i64, i64),
}

impl Chosen {
    /// Stamp of the image minus that of the cloud, nanoseconds.
    fn apart(&self) -> i64 {
        self.camera.0.saturating_sub(self.lidar.0)
    }
}

/// Nanoseconds after the stamp of a cloud at which the beam crosses the camera's axis, by the sweep in the middle of
/// the recording; 0 where points carry no time.
fn passes_after(lidar: &CloudStream<'_>, camera_from_lidar: &Pose, context: &Context<'_>) -> i64 {
    let middle = lidar.log_nanos.get(lidar.log_nanos.len() / 2).copied();
    let chosen: Vec<i64> = middle.into_iter().collect();
    let found = read_clouds(lidar, &chosen, context);
    let secs = found
        .iter()
        .flatten()
        .find_map(|columns| crossing(columns, camera_from_lidar));
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a time within a sweep, and the cast saturates"
    )]
    secs.map_or(0, |secs| (secs * 1e9) as i64)
}

/// Pairs spread over the recording, by the time at which the beam crosses the camera's axis: of a few candidates in each stretch the one with the least motion between image
/// and cloud, ties by distance in time.
fn choose(
    streams: (&CameraStream<'_>, &CloudStream<'_>),
    passed_nanos: i64,
    platform: &Platform<'_>,
) -> Vec<Chosen> {
    let (camera, lidar) = streams;
    let frames: Vec<(i64, i64)> = camera
        .t_nanos
        .iter()
        .copied()
        .zip(camera.log_nanos.iter().copied())
        .collect();
    let nearest = |t: i64| {
        let after = frames.partition_point(|frame| frame.0 < t);
        let near = [after.checked_sub(1), Some(after)].into_iter().flatten();
        near.filter_map(|i| frames.get(i))
            .min_by_key(|frame| frame.0.abs_diff(t))
            .copied()
    };
    let pairs: Vec<Chosen> = lidar
        .t_nanos
        .iter()
        .copied()
        .zip(lidar.log_nanos.iter().copied())
        .filter_map(|sweep| {
            Some(Chosen {
                camera: nearest(sweep.0.saturating_add(passed_nanos))?,
                lidar: sweep,
            })
        })
        .filter(|pair| pair.apart().saturating_sub(passed_nanos).abs() <= MOST_APART_NANOS)
        .collect();
    let stretch = pairs.len().div_ceil(MOST_FRAMES).max(1);
    let mut chosen = Vec::new();
    for group in pairs.chunks(stretch) {
        let stride = group.len().div_ceil(CANDIDATES).max(1);
        let cost = |pair: &Chosen| {
            let rate = platform.rate(pair.camera.0).unwrap_or(0.0);
            let speed = platform.speed(pair.camera.0).unwrap_or(0.0);
            // Seconds a sweep's points may be away from the exposure, and radians at 10 m.
            let secs = 0.03 + pair.apart().saturating_sub(passed_nanos).abs() as f64 / 1e9;
            // A vehicle at rest sees the same edges again and again: a little motion is worth having.
            let still = if rate < 0.02 && speed < 0.05 {
                0.005
            } else {
                0.0
            };
            secs * (rate + speed / 10.0) + still
        };
        let best = group
            .iter()
            .step_by(stride)
            .min_by(|a, b| cost(a).total_cmp(&cost(b)));
        chosen.extend(best.copied());
    }
    chosen
}

type GreyPixels = (usize, usize, Vec<u8>);

fn read_images(
    camera: &CameraStream<'_>,
    chosen: &[Chosen],
    context: &Context<'_>,
) -> Vec<Option<GreyPixels>> {
    let logs: Vec<i64> = chosen.iter().map(|pair| pair.camera.1).collect();
    in_order(&logs, |logs| {
        context.reread_map(camera.stream, logs, |_, sample| {
            let Sample::Image(image) = sample else {
                return None;
            };
            let found = grey(&image, Scale::Full, Limits::default()).ok()?;
            Some((found.width as usize, found.height as usize, found.data))
        })
    })
}

fn read_clouds(
    lidar: &CloudStream<'_>,
    chosen: &[i64],
    context: &Context<'_>,
) -> Vec<Option<Columns>> {
    in_order(chosen, |logs| {
        context.reread_map(lidar.stream, logs, |at, sample| {
            let Sample::Cloud(cloud) = sample else {
                return None;
            };
            let view = CloudView::new(&cloud).ok()?;
            view.has_ring().then(|| Columns::read(&view, at.t_nanos))
        })
    })
}

/// Reads at ascending log times, each once, and gives the results in the order asked for.
pub(super) fn in_order<T: Clone>(
    logs: &[i64],
    read: impl Fn(&[i64]) -> Vec<Option<T>>,
) -> Vec<Option<T>> {
    let mut sorted = logs.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let found = read(&sorted);
    let of = |log: &i64| {
        let index = sorted.binary_search(log).ok()?;
        found.get(index)?.clone()
    };
    logs.iter().map(of).collect()
}

/// Seconds after the cloud's stamp at which the beam crossed the camera's axis; none without times or points there.
fn crossing(columns: &Columns, camera_from_lidar: &Pose) -> Option<f64> {
    let axis = camera_from_lidar.inverse();
    let forward = axis.apply(&[0.0, 0.0, 1.0]);
    let [x, y] = [0, 1].map(|i| forward[i] - axis.translation_meters[i]);
    let [x, y] = [x, y].map(|v| v / x.hypot(y));
    let least = AXIS_RADIANS.cos();
    let mut times: Vec<f64> = columns
        .positions
        .iter()
        .zip(&columns.times_secs)
        .filter(|(p, secs)| {
            let (px, py) = (f64::from(p[0]), f64::from(p[1]));
            let ahead = px * x + py * y;
            // Within the angle: the cosine, without the root.
            ahead > 0.0 && ahead * ahead > least * least * (px * px + py * py) && secs.is_finite()
        })
        .map(|(_, secs)| *secs)
        .collect();
    (times.len() >= LEAST_AXIS_POINTS).then(|| median(&mut times).ok())?
}

fn pairing(views: &Views, sheet: &mut Sheet) {
    let (name, unit) = NAMES[2];
    let mut secs = views.crossings_secs.clone();
    let n = secs.len();
    if n < LEAST_PAIRINGS {
        return sheet.none(
            name,
            unit,
            "fewer than 5 sweeps say when the beam crossed the camera's axis",
        );
    }
    let middle = median(&mut secs).unwrap_or(f64::NAN);
    let mut sizes: Vec<f64> = views.crossings_secs.iter().map(|s| s.abs()).collect();
    let p95 = quantile(&mut sizes, 0.95).unwrap_or(f64::NAN);
    sheet
        .number(
            name,
            middle,
            unit,
            "camera stamp - time of the points at the camera's axis",
        )
        .with(&[secs_detail("p95_secs", p95 * 1e9)])
        .of(n);
}

/// Gains in score from which on the claimed mounting is doubted: alone, and where some other mountings half a degree and
/// 5 cm away fit better as well. 1 degree of error brings 3 % and more, a sound mounting up to 2.2 % while hardly any other
/// fits better (seen in 700 simulated drives of a car and a robot with 16 rings).
const CLEAR_GAIN: f64 = 0.03;
const LEAST_GAIN: f64 = 0.02;
/// Share of mountings half a degree and 5 cm away that fit worse, below which some others do fit better.
const HARDLY_ANY: f64 = 0.985;

fn alignment(fit: &Fit, views: &Views, sheet: &mut Sheet) {
    let found = &fit.found;
    let (low, angle, high) = found.angle();
    let [x, y, z] = found
        .rotation_radians
        .map(|r| FactValue::Number(round(r.to_degrees())));
    let nid = views
        .scene
        .nid(&fieldassay_measure::calibration::alignment::Change::default());
    let details = [
        ("x_degrees", x),
        ("y_degrees", y),
        ("z_degrees", z),
        ("share_worse_ratio", FactValue::Number(fit.worse_ratio)),
        ("score_gain_ratio", FactValue::Number(fit.gain())),
        (
            "information_distance",
            FactValue::Number(nid.unwrap_or(f64::NAN)),
        ),
        (
            "turn_between_degrees",
            FactValue::Number(views.turn_radians.to_degrees()),
        ),
        count_detail("edges", found.edges as u64),
        count_detail("moved_sweeps", views.moved),
    ];
    let method = match &views.moved_by {
        Some(topic) => {
            format!("depth edges on image edges, sweeps moved to the exposure by {topic}")
        }
        None => "depth edges on image edges, motion not corrected".to_owned(),
    };
    let interval = Interval {
        low: low.to_degrees(),
        high: high.to_degrees(),
    };
    sheet
        .number(NAMES[0].0, angle.to_degrees(), "deg", &method)
        .within(Some(interval))
        .with(&details)
        .of(found.frames);
    sheet
        .number(
            NAMES[1].0,
            if fit.is_doubted() {
                low.to_degrees()
            } else {
                0.0
            },
            "deg",
            "low end of calibration.lidar_camera; 0 where the best mounting fits hardly better than the claimed one",
        )
        .with(&details)
        .of(found.frames);
}

/// To hundredths, as messages show it.
fn round(degrees: f64) -> f64 {
    (100.0 * degrees).round() / 100.0
}

fn table(subject: &str, found: &Decalibration) -> Table {
    let axes = ["about x (right)", "about y (down)", "about z (forward)"];
    let rows = axes
        .iter()
        .zip(found.rotation_radians.iter().zip(found.sigma_radians));
    Table {
        about: About {
            subject: subject.to_owned(),
            group: "calibration",
            codes: vec!["calibration.lidar_camera"],
            title: "rotation between the claimed mounting and the one that fits the images"
                .to_owned(),
            caption:
                "Camera axes; sigma holds the scatter between frames and what beams cannot resolve."
                    .to_owned(),
        },
        columns: ["axis", "estimate [deg]", "sigma [deg]"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows
            .map(|(axis, (angle, sigma))| {
                vec![
                    (*axis).to_owned(),
                    format!("{:.2}", angle.to_degrees()),
                    format!("{:.2}", sigma.to_degrees()),
                ]
            })
            .collect(),
    }
}
