//! From the rows of all streams to facts: who is measured, with what beside it.
//!
//! Read [`measure`] first.

use super::{
    Camera, CameraStream, CloudStream, Context, Mount, Outcome, Rig, Track, alignment, audio,
    calibration, camera, episodes, gnss, imu, joints, lidar, motion, stereo, tracking, trajectory,
    video,
};
use crate::collect::{Again, Arena, Collected, Column, SampleData, Segment, Stream};
use crate::run::Span;
use fieldassay_formats::Recording;
use fieldassay_formats::sensor::SensorKind;
use fieldassay_model::Calibration;
use rayon::prelude::*;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Rows of one stream, held while they are measured.
struct Held<'a> {
    topic: String,
    frame: String,
    parent: String,
    stream: Option<usize>,
    log: Column<'a>,
    rows: Column<'a>,
}

impl Held<'_> {
    fn track<T: FromBytes + Immutable + KnownLayout>(&self, start_nanos: i64) -> Track<'_, T> {
        Track {
            stream: self.stream,
            topic: &self.topic,
            frame: &self.frame,
            parent: &self.parent,
            log_nanos: &self.log,
            rows: typed(&self.rows),
            start_nanos,
        }
    }
}

/// Words as rows.
fn typed<T: FromBytes + Immutable + KnownLayout>(words: &[i64]) -> &[T] {
    <[T]>::ref_from_bytes(words.as_bytes()).unwrap_or_default()
}

/// Gathers what is known of the recording and measures every sensor of it.
///
/// Cost: linear in the rows, and what single subjects read again.
pub(crate) fn measure<'a>(
    recording: &dyn Recording,
    collected: &'a Collected<'a>,
    arena: &'a Arena<'a>,
    span: Option<Span>,
) -> (Outcome, Option<Calibration>) {
    let rows = Rows { collected, arena };
    let rig = rig(collected);
    let start_nanos = span.map_or(0, |span| span.start_ns);
    let imus = rows.of_kind(SensorKind::Imu);
    let fixes = rows.of_kind(SensorKind::Fix);
    let mut poses = rows.of_kind(SensorKind::Pose);
    poses.extend(rows.edges());
    let imus: Vec<_> = imus.iter().map(|held| held.track(start_nanos)).collect();
    let fixes: Vec<_> = fixes.iter().map(|held| held.track(start_nanos)).collect();
    let poses: Vec<_> = poses.iter().map(|held| held.track(start_nanos)).collect();
    let again = Again {
        recording,
        streams: &collected.streams,
        channels: &collected.channels,
        units: &collected.units,
    };
    let context = Context {
        rig: &rig,
        imus: &imus,
        poses: &poses,
        fixes: &fixes,
        reread: &again,
        start_nanos,
    };
    let (cameras, clouds) = (rows.cameras(), rows.clouds());
    let views: Vec<CameraStream<'_>> = cameras.iter().map(|held| held.camera(&context)).collect();
    let lidars: Vec<CloudStream<'_>> = clouds.iter().map(HeldTimes::clouds).collect();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for track in &imus {
        jobs.push(Box::new(|| imu::outcome(*track, &context)));
    }
    for track in &fixes {
        jobs.push(Box::new(|| gnss::outcome(*track, &context)));
    }
    // Odometry often goes out twice, as a topic and as a transform; the same would be told and drawn twice.
    let told = |track: &&Track<'_, _>| !poses.iter().any(|topic| trajectory::repeats(track, topic));
    for track in poses.iter().filter(told) {
        jobs.push(Box::new(|| trajectory::outcome(*track, &context)));
    }
    for (index, stream) in rows.sorted() {
        let job = stream_job(&rows, index, stream, &context);
        jobs.extend(job);
    }
    jobs.push(Box::new(|| motion::outcome(&context, &views)));
    jobs.push(Box::new(|| alignment::outcome(&context, &views, &lidars)));
    jobs.push(Box::new(|| stereo::outcome(&context, &views)));
    jobs.push(Box::new(|| sound(&rows, &views, &context)));
    jobs.push(Box::new(|| rows.episodes()));
    jobs.push(Box::new(|| video::of_files(recording.videos())));
    let outcomes: Vec<Outcome> = jobs.into_par_iter().map(|job| job()).collect();
    let mut all = Outcome::default();
    for outcome in outcomes {
        all.append(outcome);
    }
    all.append(calibration::outcome(&context));
    (all, calibration::artefact(&context))
}

type Job<'a> = Box<dyn FnOnce() -> Outcome + Send + 'a>;

/// What measures one stream that is not shared with others.
fn stream_job<'a>(
    rows: &'a Rows<'a>,
    index: usize,
    stream: &'a Stream,
    context: &'a Context<'a>,
) -> Option<Job<'a>> {
    let data = rows.collected.samples.get(index)?;
    let kind = stream.sensor.as_ref()?.kind();
    let (topic, frame) = (stream.topic.as_str(), data.frame.as_str());
    Some(match kind {
        SensorKind::Image => Box::new(move || {
            let (frames, looks) = (rows.gather(&data.rows), rows.gather(&data.looks));
            camera::outcome(
                (topic, frame),
                index,
                typed(&frames),
                typed(&looks),
                context,
            )
        }),
        SensorKind::Cloud | SensorKind::Scan => Box::new(move || {
            let (clouds, sweeps) = (rows.gather(&data.rows), rows.gather(&data.looks));
            lidar::outcome(
                (topic, frame),
                index,
                typed(&clouds),
                typed(&sweeps),
                context,
            )
        }),
        SensorKind::Video => Box::new(move || {
            let units = rows.gather(&data.rows);
            video::outcome(rows.track(index, &units, context), context)
        }),
        SensorKind::Audio => Box::new(move || {
            let onsets = rows.gather(&data.rows);
            audio::outcome(rows.track(index, &onsets, context), context)
        }),
        SensorKind::Joints => Box::new(move || {
            let table = rows.gather(&data.rows);
            joints::outcome(topic, &data.joints, typed(&table), context)
        }),
        SensorKind::Boxes => Box::new(move || {
            let table = rows.gather(&data.rows);
            tracking::outcome(topic, frame, typed(&table), &data.names, context)
        }),
        SensorKind::Imu | SensorKind::Fix | SensorKind::Pose | SensorKind::CameraInfo => {
            return None;
        }
    })
}

/// Facts about sound beside pictures.
fn sound(rows: &Rows<'_>, views: &[CameraStream<'_>], context: &Context<'_>) -> Outcome {
    let mut all = Outcome::default();
    for (index, stream) in rows.sorted() {
        let is_sound = stream
            .sensor
            .as_ref()
            .is_some_and(|sensor| sensor.kind() == SensorKind::Audio);
        if let (true, Some(data)) = (is_sound, rows.collected.samples.get(index)) {
            let onsets = rows.gather(&data.rows);
            let track = rows.track(index, &onsets, context);
            all.append(audio::sync(track, views, context));
        }
    }
    all
}

/// The samples of a recording, gathered stream by stream.
struct Rows<'a> {
    collected: &'a Collected<'a>,
    arena: &'a Arena<'a>,
}

impl<'a> Rows<'a> {
    fn gather(&self, segments: &[Segment]) -> Column<'a> {
        self.collected.store.gather(self.arena, segments, 0)
    }

    /// Rows that hold their log times themselves, as a track.
    fn track<'b, T: FromBytes + Immutable + KnownLayout>(
        &'b self,
        index: usize,
        words: &'b [i64],
        context: &Context<'_>,
    ) -> Track<'b, T> {
        let stream = self.collected.streams.get(index);
        let data = self.collected.samples.get(index);
        Track {
            stream: Some(index),
            topic: stream.map_or("", |stream| &stream.topic),
            frame: data.map_or("", |data| &data.frame),
            parent: "",
            log_nanos: &[],
            rows: typed(words),
            start_nanos: context.start_nanos,
        }
    }

    /// Streams by topic, schema and encoding.
    fn sorted(&self) -> Vec<(usize, &'a Stream)> {
        let mut streams: Vec<_> = self.collected.streams.iter().enumerate().collect();
        streams.sort_by_key(|(_, s)| (s.topic.as_str(), s.schema.as_str(), s.encoding.as_str()));
        streams
    }

    fn kind(&self, kind: SensorKind) -> impl Iterator<Item = (usize, &'a Stream, &'a SampleData)> {
        let collected = self.collected;
        self.sorted()
            .into_iter()
            .filter_map(move |(index, stream)| {
                let is_kind = stream.sensor.as_ref().is_some_and(|s| s.kind() == kind);
                let data = collected.samples.get(index).filter(|_| is_kind)?;
                (!data.rows.is_empty()).then_some((index, stream, data))
            })
    }

    /// Frame of the samples, else that of the first header.
    fn frame(&self, index: usize, data: &'a SampleData) -> &'a str {
        let header = self.collected.data.get(index);
        let of_header = header.and_then(|header| header.frame.as_deref());
        if data.frame.is_empty() {
            of_header.unwrap_or_default()
        } else {
            &data.frame
        }
    }

    /// Streams whose rows have their log times beside them.
    fn of_kind(&self, kind: SensorKind) -> Vec<Held<'a>> {
        let streams: Vec<_> = self.kind(kind).collect();
        streams
            .into_par_iter()
            .map(|(index, stream, data)| Held {
                topic: stream.topic.clone(),
                frame: self.frame(index, data).to_owned(),
                parent: data.parent.clone(),
                stream: Some(index),
                log: self.gather(&data.log),
                rows: self.gather(&data.rows),
            })
            .collect()
    }

    /// Facts about episodes beside each other.
    fn episodes(&self) -> Outcome {
        let streams: Vec<(usize, &str)> = self
            .kind(SensorKind::Joints)
            .map(|(index, stream, _)| (index, stream.topic.as_str()))
            .collect();
        episodes::outcome(&streams, |index| {
            let data = self.collected.samples.get(index);
            let words = self.gather(data.map_or(&[], |data| &data.rows));
            let rows: &[joints::JointRow] = typed(&words);
            rows.iter().map(|row| row.position).collect()
        })
    }

    /// Edges of the transform tree that move.
    fn edges(&self) -> Vec<Held<'a>> {
        let transforms = &self.collected.transforms;
        let name = |frame: u32| {
            let name = transforms.frames.get(frame as usize);
            name.map_or("", String::as_str).to_owned()
        };
        self.collected
            .pose_segments
            .iter()
            .filter(|(key, _)| {
                let edge = transforms.edges.get(*key);
                edge.is_some_and(|edge| edge.constant().is_none())
            })
            .filter_map(|(key, segments)| {
                let logs = self.collected.edge_segments.get(key)?;
                let (parent, frame) = (name(key.0), name(key.1));
                Some(Held {
                    topic: format!("{parent} -> {frame}"),
                    frame,
                    parent,
                    stream: None,
                    // The second column of a segment of stamps is log times.
                    log: self.collected.store.gather(self.arena, logs, 1),
                    rows: self.gather(segments),
                })
            })
            .collect()
    }

    fn clouds(&self) -> Vec<HeldTimes<'a>> {
        self.kind(SensorKind::Cloud)
            .map(|(index, stream, data)| {
                let rows = self.gather(&data.rows);
                let rows: &[lidar::CloudRow] = typed(&rows);
                let times = rows.iter().map(|row| (row.t_nanos, row.log_nanos));
                HeldTimes::new(stream, data, index, times.collect())
            })
            .collect()
    }

    fn cameras(&self) -> Vec<HeldTimes<'a>> {
        self.kind(SensorKind::Image)
            .map(|(index, stream, data)| {
                let rows = self.gather(&data.rows);
                let frames: &[camera::Frame] = typed(&rows);
                let times = frames.iter().map(|row| (row.t_nanos, row.log_nanos));
                HeldTimes::new(stream, data, index, times.collect())
            })
            .collect()
    }
}

/// When the messages of a stream were taken.
struct HeldTimes<'a> {
    topic: &'a str,
    frame: &'a str,
    stream: usize,
    t_nanos: Vec<i64>,
    log_nanos: Vec<i64>,
}

impl<'a> HeldTimes<'a> {
    fn new(
        stream: &'a Stream,
        data: &'a SampleData,
        index: usize,
        mut times: Vec<(i64, i64)>,
    ) -> Self {
        times.sort_unstable();
        Self {
            topic: &stream.topic,
            frame: &data.frame,
            stream: index,
            t_nanos: times.iter().map(|time| time.0).collect(),
            log_nanos: times.iter().map(|time| time.1).collect(),
        }
    }

    fn camera<'b>(&'b self, context: &Context<'b>) -> CameraStream<'b> {
        let calibration = context.rig.camera_of(self.topic, self.frame);
        CameraStream {
            topic: self.topic,
            frame: self.frame,
            stream: self.stream,
            t_nanos: &self.t_nanos,
            log_nanos: &self.log_nanos,
            info: calibration.map(|camera| &camera.info),
        }
    }

    fn clouds(&self) -> CloudStream<'_> {
        CloudStream {
            topic: self.topic,
            frame: self.frame,
            stream: self.stream,
            t_nanos: &self.t_nanos,
            log_nanos: &self.log_nanos,
        }
    }
}

/// Static transforms, and transforms that are published again and again with one value; calibrations of cameras.
fn rig(collected: &Collected<'_>) -> Rig {
    let transforms = &collected.transforms;
    let name = |frame: u32| {
        let name = transforms.frames.get(frame as usize);
        name.map_or("", String::as_str).to_owned()
    };
    let mounts = transforms
        .edges
        .iter()
        .filter_map(|((parent, child, is_static), edge)| {
            let value = if *is_static {
                edge.first()
            } else {
                edge.constant()
            };
            Some(Mount {
                parent: name(*parent),
                child: name(*child),
                parent_from_child: value?,
            })
        })
        .collect();
    let mut cameras: Vec<Camera> = collected
        .samples
        .iter()
        .filter_map(|data| Some(data.camera.as_ref()?.0.clone()))
        .collect();
    cameras.sort_by(|a, b| a.topic.cmp(&b.topic));
    Rig { mounts, cameras }
}
