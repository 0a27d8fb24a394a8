//! What every recording format looks like to its readers.

use crate::media::video::Mp4Track;
use fieldassay_model::Account;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Format of a recording: a container, or the layout of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// MCAP, any profile.
    Mcap,
    /// ROS 1 bag, version 2.0.
    Rosbag1,
    /// rosbag2 with SQLite storage (`.db3`).
    Rosbag2Sqlite3,
    /// PX4 `ULog`.
    Ulog,
    /// Trajectory file as the TUM RGB-D benchmark has them.
    Tum,
    /// File of KITTI poses.
    KittiPoses,
    /// Ground truth as `EuRoC` has it.
    EurocPoses,
    /// Folder of the `EuRoC` form.
    Euroc,
    /// Folder of a KITTI raw drive.
    KittiRaw,
    /// Folder of a KITTI odometry sequence.
    KittiOdometry,
    /// Folder of the KITTI object benchmark.
    KittiObject,
    /// Folder with the tables of nuScenes, also in Lyft's form.
    NuScenes,
    /// Folder of one sensor log of Argoverse 2.
    Argoverse2,
    /// Folder of a `LeRobot` data set, 2.x or 3.x.
    LeRobot,
    /// Folder of episodes as RLDS and TensorFlow Datasets write them.
    Rlds,
}

impl Format {
    /// Every format, files first.
    pub const ALL: [Self; 15] = [
        Self::Mcap,
        Self::Rosbag1,
        Self::Rosbag2Sqlite3,
        Self::Ulog,
        Self::Tum,
        Self::KittiPoses,
        Self::EurocPoses,
        Self::Euroc,
        Self::KittiRaw,
        Self::KittiOdometry,
        Self::KittiObject,
        Self::NuScenes,
        Self::Argoverse2,
        Self::LeRobot,
        Self::Rlds,
    ];

    /// Whether it is a container that one recorder wrote from start to end; the others put files of
    /// a data set together, which nobody promised to cover the same stretch or to name every frame.
    pub const fn is_recorded(self) -> bool {
        matches!(
            self,
            Self::Mcap | Self::Rosbag1 | Self::Rosbag2Sqlite3 | Self::Ulog
        )
    }

    /// The name used in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mcap => "mcap",
            Self::Rosbag1 => "rosbag1",
            Self::Rosbag2Sqlite3 => "rosbag2_sqlite3",
            Self::Ulog => "ulog",
            Self::Tum => "tum",
            Self::KittiPoses => "kitti_poses",
            Self::EurocPoses => "euroc_poses",
            Self::Euroc => "euroc",
            Self::KittiRaw => "kitti_raw",
            Self::KittiOdometry => "kitti_odometry",
            Self::KittiObject => "kitti_object",
            Self::NuScenes => "nuscenes",
            Self::Argoverse2 => "argoverse2",
            Self::LeRobot => "lerobot",
            Self::Rlds => "rlds",
        }
    }
}

/// A message type as the recording defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Type name, `sensor_msgs/msg/Imu` or `foxglove.FrameTransform`.
    pub name: String,
    /// Encoding of `data`: `ros1msg`, `ros2msg`, `ros2idl`, `protobuf`, `jsonschema`, … or empty.
    pub encoding: String,
    /// The definition itself.
    pub data: Vec<u8>,
}

/// A channel as the recording defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Id within the recording: MCAP channel id, bag connection id, SQLite topic id.
    pub id: u32,
    /// Topic.
    pub topic: String,
    /// Message type; none for schemaless channels.
    pub schema: Option<Arc<Schema>>,
    /// Encoding of the payload: `cdr`, `ros1`, `protobuf`, `json`, …
    pub message_encoding: String,
    /// Further properties (`offered_qos_profiles`, `callerid`, `latching`, …).
    pub metadata: BTreeMap<String, String>,
}

/// One message; payload borrowed from the file or from the decompressed unit.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Id of its channel.
    pub channel: u32,
    /// Sequence number given by the container (MCAP) or by a ROS 1 header; none where the format has none.
    pub sequence: Option<u32>,
    /// When the recorder wrote it, nanoseconds.
    pub log_time: i64,
    /// When the publisher sent it, nanoseconds; none where the format has none.
    pub publish_time: Option<i64>,
    /// Encoded payload.
    pub data: &'a [u8],
}

/// Receives the content of a unit in file order.
pub trait Visitor {
    /// A channel definition inside the unit; may repeat one already known.
    fn channel(&mut self, channel: &Channel);
    /// A message. `data` lives only during the call.
    fn message(&mut self, message: &Message<'_>);
}

/// What reading one unit yielded besides its messages.
#[derive(Clone, Debug, Default)]
pub struct UnitSummary {
    /// Messages passed to the visitor.
    pub messages: u64,
    /// Those among them that a failed checksum makes suspect.
    pub suspect_messages: u64,
    /// Messages whose channel no definition seen so far names; they were passed on all the same.
    pub undefined_channel_messages: u64,
    /// Messages per channel id.
    pub channel_messages: BTreeMap<u32, u64>,
    /// Smallest and largest log time, none without messages.
    pub log_time_range: Option<(i64, i64)>,
    /// Damage and rule violations found inside the unit.
    pub account: Account,
    /// What the reader keeps for [`Recording::account`]; opaque to everyone else.
    pub detail: UnitDetail,
}

/// What a reader remembers of a unit for its account of the whole file.
#[derive(Clone, Debug, Default)]
pub struct UnitDetail {
    /// What the MCAP reader remembers.
    pub(crate) mcap: Option<Box<crate::mcap::UnitFacts>>,
}

/// Memory a reader works in; one per thread, reused from unit to unit.
#[derive(Debug, Default)]
pub struct Buffers {
    /// Decompressed bytes of the current unit.
    pub decompressed: Vec<u8>,
    /// Reusable zstd context, made on first use.
    pub(crate) zstd: Option<ZstdContext>,
}

/// Wrapper that gives the zstd context a `Debug`.
pub(crate) struct ZstdContext(pub(crate) zstd::bulk::Decompressor<'static>);

impl std::fmt::Debug for ZstdContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ZstdContext")
    }
}

/// Written limits of the readers (architecture idea 6); a claimed size never allocates more.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest decompressed unit, bytes. What lies beyond is reported as lost, never half-read silently.
    pub unit_bytes: usize,
    /// Notes kept per code and unit; further ones are counted in the last.
    pub notes_per_code: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unit_bytes: 1 << 30,
            notes_per_code: 20,
        }
    }
}

/// A recording that has been opened: its layout is known, its messages are read unit by unit.
///
/// Units can be read in parallel and in any order; concatenated by index they are file order.
/// Opening and reading never fail for damaged content: damage goes to the [`Account`]s.
pub trait Recording: Sync {
    /// Container format.
    fn format(&self) -> Format;
    /// Channels known before any unit is read, by id. With a sound index that is all of them.
    fn channels(&self) -> &[Channel];
    /// Number of units.
    fn unit_count(&self) -> usize;
    /// Smallest and largest log time a unit claims to hold, where it is known before reading.
    fn unit_log_times(&self, unit: usize) -> Option<(i64, i64)>;
    /// Bytes of the file a unit covers, for progress and batching.
    fn unit_bytes(&self, unit: usize) -> u64;
    /// The stretch of the file that is enough to read the unit ([`read_part`]); none where reading needs more than
    /// bytes of one file, and for an index out of range.
    fn unit_part(&self, _unit: usize) -> Option<UnitPart> {
        None
    }
    /// Reads one unit, with all checksums on. An index out of range reads nothing.
    fn read_unit(
        &self,
        unit: usize,
        buffers: &mut Buffers,
        visitor: &mut dyn Visitor,
    ) -> UnitSummary;
    /// Notes and losses of the file as a whole, given what all units yielded in order:
    /// those found on opening, plus what only a full pass can tell (declared against read counts).
    /// Without those of the units themselves; [`full_account`] puts both together.
    fn account(&self, units: &[UnitSummary]) -> Account;
    /// The profile the writer declared (`ros1`, `ros2`, …) and the library that wrote it; may be empty.
    fn origin(&self) -> (String, String);
    /// Video files that belong to the recording and are not passed on as messages.
    fn videos(&self) -> &[VideoFile] {
        &[]
    }
}

/// A stretch of a file that can be read by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitPart {
    /// First byte of it in the file.
    pub offset: u64,
    /// Bytes to read from there.
    pub length: u64,
    /// How its messages are compressed, by the name the format has for it; empty for not at all.
    pub compression: String,
    /// Bytes once decompressed, as the file claims.
    pub uncompressed_bytes: u64,
}

/// Reads a part of a file from its bytes alone, with all checksums on: what [`Recording::unit_part`] names, of a
/// recording of that format. Tells whether the format has such parts.
///
/// What is damaged is passed over: whoever kept the part has the account of the whole file. Channels stand in a part
/// where the file has them, which need not be before their messages.
pub fn read_part(
    format: Format,
    bytes: &[u8],
    limits: Limits,
    buffers: &mut Buffers,
    visitor: &mut dyn Visitor,
) -> bool {
    match format {
        Format::Mcap => crate::mcap::read_part(bytes, limits, buffers, visitor),
        Format::Rosbag1 => crate::rosbag1::read_part(bytes, limits, buffers, visitor),
        _ => return false,
    }
    true
}

/// A video file of a data set, by its tables.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoFile {
    /// What it shows, as the data set names it: `observation.images.top`.
    pub feature: String,
    /// Path within the data set.
    pub path: String,
    /// The track of pictures.
    pub track: Mp4Track,
}

/// Everything a reader has to say about a file that was read whole: the account of the file and of
/// all its units, losses in file order.
pub fn full_account(recording: &dyn Recording, units: &[UnitSummary]) -> Account {
    let mut account = recording.account(units);
    for unit in units {
        account.append(unit.account.clone());
    }
    account.losses.sort_by_key(|loss| (loss.start, loss.end));
    account
}
