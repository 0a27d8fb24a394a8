//! Video streams, as far as their headers tell: frame types, sizes, parameter sets.
//!
//! Read [`VideoParser`] and [`AccessUnit`] first; [`Mp4Summary`] reads the tables of an MP4 file.
//! H.264 and H.265 with start codes or lengths, and AV1.
//!
//! Not here: decoding of pixels. A picture whose headers are sound may still be damaged inside.

mod av1;
mod bits;
mod h264;
mod h265;
mod mp4;

pub use mp4::{Mp4Error, Mp4Summary, Mp4Track};

use std::collections::BTreeMap;

/// Coding of a video stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VideoCodec {
    /// ITU-T H.264, AVC.
    H264,
    /// ITU-T H.265, HEVC.
    H265,
    /// AV1.
    Av1,
}

impl VideoCodec {
    /// From the format of a message: `h264`, `avc`, `h265`, `hevc`, `av1`, in any case; none for others (`vp9`).
    pub fn from_format(format: &str) -> Option<Self> {
        match format.to_ascii_lowercase().as_str() {
            "h264" | "avc" | "avc1" | "h.264" => Some(Self::H264),
            "h265" | "hevc" | "h.265" => Some(Self::H265),
            "av1" | "av01" => Some(Self::Av1),
            _ => None,
        }
    }
}

/// How NAL units are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Start codes (annex B), as in messages. For AV1, the low-overhead format.
    StartCodes,
    /// A length of this many bytes (1 to 4) before each unit, as in MP4. Not for AV1.
    Lengths(u8),
}

/// What the headers of one access unit say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccessUnit {
    /// Length of the unit.
    pub bytes: usize,
    /// Whether decoding can begin here: IDR (H.264), IDR, CRA or BLA (H.265), a shown key frame (AV1).
    pub is_key: bool,
    /// Pictures that begin here and are shown.
    pub pictures: u32,
    /// Slices (AV1: frame headers).
    pub slices: u32,
    /// Intra slices.
    pub i_slices: u32,
    /// Slices predicted from earlier pictures.
    pub p_slices: u32,
    /// Slices that may be predicted from two pictures. (Low-delay H.265 encoders write them without reordering.)
    pub b_slices: u32,
    /// Video parameter sets in the unit.
    pub video_sets: u32,
    /// Sequence parameter sets in the unit.
    pub sequence_sets: u32,
    /// Picture parameter sets in the unit; AV1 sequence headers count as both.
    pub picture_sets: u32,
    /// Access unit or temporal delimiters.
    pub delimiters: u32,
    /// Pixels (width, height), from the parameter sets the slices name; none where they are unknown.
    pub size: Option<(u32, u32)>,
    /// Frames per second the parameter sets state.
    pub fps: Option<f64>,
    /// Whether a slice names parameter sets that were not seen in this unit or before.
    pub lacks_parameter_sets: bool,
    /// What is wrong first; none for a sound unit.
    pub damage: Option<&'static str>,
}

impl AccessUnit {
    fn damage(&mut self, what: &'static str) {
        self.damage.get_or_insert(what);
    }

    /// Whether the unit brings all parameter sets a decoder needs.
    pub const fn has_parameter_sets(&self) -> bool {
        self.sequence_sets > 0 && self.picture_sets > 0
    }
}

/// Parameter sets seen so far.
#[derive(Clone, Debug, Default)]
struct Stream {
    /// Size and frame rate by identity.
    sequences: BTreeMap<u32, ((u32, u32), Option<f64>)>,
    /// Sequence, and bits that come before the slice type, by identity.
    pictures: BTreeMap<u32, (u32, u32)>,
}

impl Stream {
    fn define_sequence(&mut self, id: u32, size: (u32, u32), fps: Option<f64>) {
        self.sequences.insert(id, (size, fps));
    }

    fn define_picture(&mut self, id: u32, sequence: u32, extra_bits: u32) {
        self.pictures.insert(id, (sequence, extra_bits));
    }

    /// 0 where the set is unknown: encoders that use such bits write layered video.
    fn extra_bits(&self, picture: u32) -> u32 {
        self.pictures.get(&picture).map_or(0, |(_, extra)| *extra)
    }

    fn resolve(&self, picture: u32, out: &mut AccessUnit) {
        let sequence = self.pictures.get(&picture);
        match sequence.and_then(|(sequence, _)| self.sequences.get(sequence)) {
            Some((size, fps)) => {
                out.size = Some(*size);
                out.fps = *fps;
            }
            None => out.lacks_parameter_sets = true,
        }
    }
}

/// Reads the access units of one stream in order and remembers their parameter sets.
#[derive(Clone, Debug)]
pub struct VideoParser {
    codec: VideoCodec,
    framing: Framing,
    stream: Stream,
}

impl VideoParser {
    /// A parser that has seen no parameter sets.
    pub const fn new(codec: VideoCodec, framing: Framing) -> Self {
        Self {
            codec,
            framing,
            stream: Stream {
                sequences: BTreeMap::new(),
                pictures: BTreeMap::new(),
            },
        }
    }

    /// Reads one access unit; parameter sets that are kept elsewhere may be given as a unit of their own before.
    ///
    /// Never fails: what is wrong is in [`AccessUnit::damage`], the rest is as far as the headers could be read.
    /// Without parameter sets frame types are still known. Cost: one pass over the bytes, about 1 ns per byte for
    /// start codes, less for lengths.
    pub fn push(&mut self, unit: &[u8]) -> AccessUnit {
        let mut out = AccessUnit {
            bytes: unit.len(),
            ..AccessUnit::default()
        };
        if self.codec == VideoCodec::Av1 {
            av1::temporal_unit(unit, &mut self.stream, &mut out);
            return out;
        }
        let units = match self.framing {
            Framing::StartCodes => {
                let units = bits::annex_b(unit);
                if units.is_empty() {
                    out.damage("no start code");
                }
                units
            }
            Framing::Lengths(bytes) => {
                let (units, whole) = bits::length_prefixed(unit, usize::from(bytes.clamp(1, 4)));
                if !whole || units.is_empty() {
                    out.damage("the lengths of NAL units do not fill the access unit");
                }
                units
            }
        };
        for nal in units {
            match self.codec {
                VideoCodec::H264 => h264::unit(nal, &mut self.stream, &mut out),
                _ => h265::unit(nal, &mut self.stream, &mut out),
            }
        }
        if out.slices == 0 && out.sequence_sets + out.picture_sets + out.video_sets == 0 {
            out.damage("no picture");
        }
        out
    }
}
