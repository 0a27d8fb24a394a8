//! Reads messages a second time.

use super::registry::Stream;
use crate::collect::unit::stamp_of;
use crate::sensors::{At, Reread};
use fieldassay_formats::sensor::Sample;
use fieldassay_formats::{Buffers, Channel, Message, Recording, UnitSummary, Visitor};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Units of a recording that was read once, for reading some of them again.
pub(crate) struct Again<'a> {
    pub(crate) recording: &'a dyn Recording,
    pub(crate) streams: &'a [Stream],
    /// Stream of each channel id.
    pub(crate) channels: &'a BTreeMap<u32, u32>,
    pub(crate) units: &'a [UnitSummary],
}

impl Reread for Again<'_> {
    fn samples(
        &self,
        stream: usize,
        log_nanos: &[i64],
        each: &(dyn Fn(usize, At, Sample<'_>) + Sync),
    ) {
        let holds = |unit: &UnitSummary| {
            unit.log_time_range.is_some_and(|(first, last)| {
                let next = log_nanos.partition_point(|t| *t < first);
                log_nanos.get(next).is_some_and(|t| *t <= last)
            })
        };
        let Some(of) = self.streams.get(stream) else {
            return;
        };
        self.units
            .par_iter()
            .enumerate()
            .filter(|(_, unit)| holds(unit))
            .for_each_init(Buffers::default, |buffers, (index, _)| {
                let mut visitor = Wanted {
                    again: self,
                    number: stream,
                    stream: of,
                    log_nanos,
                    each,
                };
                self.recording.read_unit(index, buffers, &mut visitor);
            });
    }
}

/// Passes on the messages that are wanted.
struct Wanted<'a> {
    again: &'a Again<'a>,
    number: usize,
    stream: &'a Stream,
    log_nanos: &'a [i64],
    each: &'a (dyn Fn(usize, At, Sample<'_>) + Sync),
}

impl Visitor for Wanted<'_> {
    fn channel(&mut self, _channel: &Channel) {}

    fn message(&mut self, message: &Message<'_>) {
        let of = self.again.channels.get(&message.channel);
        if of.is_none_or(|of| *of as usize != self.number) {
            return;
        }
        let (Ok(place), Some(reader)) = (
            self.log_nanos.binary_search(&message.log_time),
            &self.stream.sensor,
        ) else {
            return;
        };
        let at = At {
            t_nanos: stamp_of(self.stream, message),
            log_nanos: message.log_time,
            sampled: true,
        };
        if let Ok(Some(sample)) = reader.read(message.data) {
            (self.each)(place, at, sample);
        }
    }
}
