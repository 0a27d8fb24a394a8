//! What the sensors measured: samples into facts.
//!
//! Read [`Track`], [`Context`] and [`Outcome`] first. One module per subject: it reduces each message
//! to rows while the recording is read, and turns the rows of a stream, or of a pair of streams, into
//! facts and drawings afterwards. What then needs payloads again asks [`Context::reread`] for them.
//!
//! Not here: maths (`measure`), decoding (`formats`), thresholds (`model`).

mod alignment;
pub(crate) mod audio;
mod calibration;
pub(crate) mod camera;
mod episodes;
mod gnss;
mod imu;
pub(crate) mod joints;
pub(crate) mod lidar;
mod measure;
mod motion;
mod rig;
mod stereo;
pub(crate) mod tracking;
mod trajectory;
pub(crate) mod video;

pub(crate) use measure::measure;
pub(crate) use rig::{Camera, Mount, Rig};

use fieldassay_formats::sensor::{CameraInfo, Sample};
use fieldassay_measure::gnss::Fix;
use fieldassay_measure::imu::Sample as ImuSample;
use fieldassay_measure::pose::StampedPose;
use fieldassay_model::Fact;
use fieldassay_model::plot::{Curves, Picture, Table};
use std::sync::{Mutex, PoisonError};

/// Facts and drawings of one subject.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) facts: Vec<Fact>,
    pub(crate) curves: Vec<Curves>,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) tables: Vec<Table>,
}

impl Outcome {
    /// Adds what another subject found.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.facts.append(&mut other.facts);
        self.curves.append(&mut other.curves);
        self.pictures.append(&mut other.pictures);
        self.tables.append(&mut other.tables);
    }
}

/// Where and when a message was read, for the functions that reduce messages to rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    /// Header stamp, or the log time where the message carries none; nanoseconds.
    pub(crate) t_nanos: i64,
    /// Log time, nanoseconds.
    pub(crate) log_nanos: i64,
    /// Whether this is one of the messages that are looked into (the first of its stretch of time).
    pub(crate) sampled: bool,
}

/// The samples of one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Track<'a, T> {
    /// Number of the stream, for [`Reread`]; none for transforms.
    pub(crate) stream: Option<usize>,
    /// Topic; for transforms `parent -> child`.
    pub(crate) topic: &'a str,
    /// Frame of the samples (the child frame for poses); empty where none is named.
    pub(crate) frame: &'a str,
    /// Frame the samples are expressed in, for poses; empty otherwise.
    pub(crate) parent: &'a str,
    /// Log times, nanoseconds, parallel to `rows`, in file order.
    pub(crate) log_nanos: &'a [i64],
    /// Samples; their times are header stamps, or log times where the messages carry none.
    pub(crate) rows: &'a [T],
    /// Smallest log time of the recording, nanoseconds; zero of the time axes of drawings.
    pub(crate) start_nanos: i64,
}

/// An image stream as other subjects see it: when its frames were taken, and its calibration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CameraStream<'a> {
    /// Topic of the images.
    pub(crate) topic: &'a str,
    /// Optical frame; empty where none is named.
    pub(crate) frame: &'a str,
    /// Number of the stream, for [`Reread`].
    pub(crate) stream: usize,
    /// Header stamps (log times where the messages carry none), nanoseconds, ascending.
    pub(crate) t_nanos: &'a [i64],
    /// Log times of the same frames, nanoseconds; not always ascending.
    pub(crate) log_nanos: &'a [i64],
    /// Calibration that belongs to it.
    pub(crate) info: Option<&'a CameraInfo>,
}

/// A stream of clouds as other subjects see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CloudStream<'a> {
    /// Topic of the clouds.
    pub(crate) topic: &'a str,
    /// Frame of the points; empty where none is named.
    pub(crate) frame: &'a str,
    /// Number of the stream, for [`Reread`].
    pub(crate) stream: usize,
    /// Header stamps (log times where the messages carry none), nanoseconds, ascending.
    pub(crate) t_nanos: &'a [i64],
    /// Log times of the same clouds, nanoseconds; not always ascending.
    pub(crate) log_nanos: &'a [i64],
}

/// Everything else that is known about the recording while one subject is measured.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// How sensors are mounted.
    pub(crate) rig: &'a Rig,
    /// Inertial sensors, by topic.
    pub(crate) imus: &'a [Track<'a, ImuSample>],
    /// Poses of topics and of dynamic transforms, by topic.
    pub(crate) poses: &'a [Track<'a, StampedPose>],
    /// Satellite receivers, by topic.
    pub(crate) fixes: &'a [Track<'a, Fix>],
    /// Reads messages again.
    pub(crate) reread: &'a dyn Reread,
    /// Smallest log time of the recording, nanoseconds; zero of the time axes of drawings.
    pub(crate) start_nanos: i64,
}

/// Reads messages a second time.
pub(crate) trait Reread: Sync {
    /// Reads the messages of a stream with these log times (ascending) and calls `each` with the position
    /// in `log_nanos`, the message's time and the sample, from any thread and in any order. Messages that cannot be
    /// read or decoded are left out. Cost: every unit that holds one is read once.
    fn samples(
        &self,
        stream: usize,
        log_nanos: &[i64],
        each: &(dyn Fn(usize, At, Sample<'_>) + Sync),
    );
}

impl Context<'_> {
    /// [`Reread::samples`] as a map: one entry per log time, none where there was nothing to read.
    pub(crate) fn reread_map<T: Send>(
        &self,
        stream: usize,
        log_nanos: &[i64],
        map: impl Fn(At, Sample<'_>) -> Option<T> + Sync,
    ) -> Vec<Option<T>> {
        let slots: Vec<Mutex<Option<T>>> = log_nanos.iter().map(|_| Mutex::new(None)).collect();
        self.reread
            .samples(stream, log_nanos, &|index, at, sample| {
                if let (Some(slot), Some(value)) = (slots.get(index), map(at, sample)) {
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
                }
            });
        slots
            .into_iter()
            .map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect()
    }
}

/// Nothing can be read again; for tests of single subjects.
#[cfg(test)]
pub(crate) struct NoReread;

#[cfg(test)]
impl Reread for NoReread {
    fn samples(&self, _: usize, _: &[i64], _: &(dyn Fn(usize, At, Sample<'_>) + Sync)) {}
}
