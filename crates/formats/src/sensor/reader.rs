//! Which schema gives which kind of sample, and how a payload is read.

use super::layout::{Form, LAYOUTS, Layout, Named};
use super::sample::{Sample, SensorKind};
use super::{boxes, motion, pictures, space};
use crate::Schema;
use crate::decode::DecodeError;
use crate::decode::fields::{FieldReader, Fields};

/// Reads the samples of one channel's messages, compiled once from its schema.
///
/// A type is known by its fields, names and shapes both; its name decides only between types of the
/// same fields (`CompressedImage` and `CompressedVideo`), for PX4, whose names of fields mean other units
/// elsewhere, and for JSON without a schema. Known are, as CDR, ROS 1, protobuf, JSON and FlatBuffers:
/// - `sensor_msgs`: Imu, `NavSatFix` (also `gps_msgs/GPSFix`), `CameraInfo`, Image, `CompressedImage`,
///   `PointCloud2`, `LaserScan`, `JointState`;
/// - `nav_msgs/Odometry`, `geometry_msgs/PoseStamped` and `PoseWithCovarianceStamped`;
/// - `vision_msgs/Detection3DArray` (the result of the highest score names the class),
///   `audio_common_msgs/AudioData` and `AudioDataStamped`, `FFMPEGPacket`, `fieldassay_msgs/Boxes3D`;
/// - `foxglove`: `CompressedImage`, `RawImage`, `CompressedVideo`, `CameraCalibration`, `PointCloud` (its
///   `pose` is not applied), `PoseInFrame`, Odometry, `LocationFix`, `LaserScan`, `JointState(s)`, `RawAudio`,
///   `CompressedAudio`, `SceneUpdate` (cubes; the class is the metadata `category`, `class` or `label`);
/// - PX4 (`px4/…` of `ULog`, `px4_msgs/…`): `sensor_combined`, `vehicle_attitude`, `vehicle_odometry`,
///   `vehicle_local_position`, `vehicle_gps_position`, `sensor_gps` and their estimator and ground truth twins.
#[derive(Clone, Debug)]
pub struct SensorReader {
    layout: &'static Layout,
    fields: FieldReader,
    /// Slots the schema says it has, one bit each.
    has: u32,
}

impl SensorReader {
    /// Compiles a reader; none when the schema does not describe a sensor. Cost: that of parsing the schema.
    pub fn new(schema: &Schema, message_encoding: &str) -> Option<Self> {
        let fields = Fields::parse(schema, message_encoding).ok()?;
        LAYOUTS.iter().find_map(|layout| {
            if !named(layout, &schema.name, fields.is_typed()) {
                return None;
            }
            let reader = fields.reader(layout.wanted);
            let found = layout.wanted.iter().zip(reader.found());
            let has = found
                .filter(|(_, found)| **found)
                .fold(0_u32, |has, (want, _)| has | bit(want.slot));
            let complete = layout.required.iter().all(|slot| has & bit(*slot) != 0);
            let typed = fields.is_typed();
            (complete || !typed).then_some(Self {
                layout,
                fields: reader,
                has: if typed { has } else { 0 },
            })
        })
    }

    /// What the channel measures.
    pub fn kind(&self) -> SensorKind {
        self.layout.kind
    }

    /// Reads one message; none where it states nothing of the kind (a scene whose entities stand in
    /// several frames). The stamp is left to [`crate::decode::StampReader`].
    ///
    /// Cost: a few tens of nanoseconds for fixed layouts; pixels, points and sound are borrowed
    /// (owned only from JSON).
    ///
    /// # Errors
    /// Where the payload is damaged or does not fit its schema.
    pub fn read<'a>(&self, payload: &'a [u8]) -> Result<Option<Sample<'a>>, DecodeError> {
        let fields = &self.fields;
        match self.layout.form {
            Form::Imu => motion::imu(fields, payload).map(Some),
            Form::Fix => motion::fix(fields, payload, |slot| self.has & bit(slot) != 0).map(Some),
            Form::Px4Fix => motion::px4_fix(fields, payload).map(Some),
            Form::Pose => motion::pose(fields, payload).map(Some),
            Form::Px4Pose => motion::px4_pose(fields, payload).map(Some),
            Form::Joints => motion::joints(fields, payload).map(Some),
            Form::JointList => motion::joint_list(fields, payload).map(Some),
            Form::CameraInfo => pictures::camera_info(fields, payload).map(Some),
            Form::RawImage => pictures::image(fields, payload, false).map(Some),
            Form::CompressedImage => pictures::image(fields, payload, true).map(Some),
            Form::Video => pictures::video(fields, payload).map(Some),
            Form::Audio => pictures::audio(fields, payload).map(Some),
            Form::RosCloud => space::cloud(fields, payload, true).map(Some),
            Form::FoxgloveCloud => space::cloud(fields, payload, false).map(Some),
            Form::RosScan => space::scan(fields, payload, true).map(Some),
            Form::FoxgloveScan => space::scan(fields, payload, false).map(Some),
            Form::Boxes => boxes::boxes(fields, payload).map(Some),
            Form::Scene => boxes::scene(fields, payload),
        }
    }
}

const fn bit(slot: u16) -> u32 {
    match 1_u32.checked_shl(slot as u32) {
        Some(bit) => bit,
        None => 0,
    }
}

/// Whether the type's name allows the layout.
fn named(layout: &Layout, name: &str, typed: bool) -> bool {
    let last = name.rsplit(['.', '/', ':']).next().unwrap_or_default();
    let known = layout.types.contains(&last);
    match layout.named {
        Named::Any => known || typed,
        Named::Type => known,
        Named::Package(packages) => {
            let first = name.split(['.', '/', ':']).next().unwrap_or_default();
            let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
            let last = plain(last);
            packages.contains(&first) && layout.types.iter().any(|name| plain(name) == last)
        }
    }
}
