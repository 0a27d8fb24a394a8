//! What a drive is made from.

use crate::{Fault, FaultError};

/// The recipe of a drive: the same recipe gives the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct DriveSpec {
    /// Seed of everything random. Development uses seeds below 10,000, quoted figures seeds from there on.
    pub seed: u64,
    /// Length of the drive in seconds, more than 0 and at most a day.
    pub duration_secs: f64,
    /// When set, a recording of exactly this many small messages on eight IMU channels instead of
    /// the drive of a vehicle: the input of the speed races. `duration_secs` is then ignored.
    pub messages: Option<u64>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How much the sensors deliver.
    pub rates: Rates,
    /// When set, about this many bytes of three cameras (720p, JPEG, 30 Hz), a lidar of 65,536 points
    /// (10 Hz) and an IMU (400 Hz): the input of the race with sensors. Only `seed` matters besides.
    pub mixed_bytes: Option<u64>,
    /// Who drives.
    pub vehicle: Vehicle,
    /// What is recorded.
    pub sensors: Sensors,
    /// The cameras.
    pub camera: CameraSpec,
    /// The lidar.
    pub lidar: LidarSpec,
}

/// Who drives, and through what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vehicle {
    /// A car in a street of houses, parked cars and poles; brakes and turns.
    #[default]
    Car,
    /// A robot in a warehouse, over bumps.
    Robot,
    /// An arm with six joints; camera and IMU sit on its tool and turn in three dimensions.
    Arm,
}

/// Which channels are recorded. `/tf_static` always is; a camera brings its `camera_info` along, a
/// fault the channel it hits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sensors {
    /// Motion, satellites and small messages; no pictures, clouds, poses or sound.
    #[default]
    Core,
    /// Everything the vehicle has.
    All,
    /// These topics.
    Topics(Vec<String>),
}

/// What the cameras deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CameraSpec {
    /// Pictures per second, 1 to 120.
    pub hz: u32,
    /// Pixels, 16 to 4096.
    pub width: u32,
    /// Pixels, 16 to 4096.
    pub height: u32,
    /// How pictures are stored.
    pub encoding: Encoding,
}

/// How pictures are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// `sensor_msgs/Image`, `mono8`.
    #[default]
    Mono8,
    /// `sensor_msgs/CompressedImage`, JPEG of the same grey picture; the topic ends in `/compressed`.
    Jpeg,
}

impl Default for CameraSpec {
    fn default() -> Self {
        Self {
            hz: 10,
            width: 640,
            height: 480,
            encoding: Encoding::Mono8,
        }
    }
}

/// What the lidar delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LidarSpec {
    /// Rings, 1 to 128, from 15 degrees below to 15 degrees above.
    pub rings: u16,
    /// Beams per turn and ring, 16 to 4096.
    pub columns: u16,
}

impl Default for LidarSpec {
    fn default() -> Self {
        Self {
            rings: 16,
            columns: 900,
        }
    }
}

/// How much the sensors deliver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rates {
    /// IMU 200 Hz, joints 100 Hz, odometry and transforms 50 Hz, camera 30 Hz, lidar 10 Hz, GNSS 5 Hz.
    #[default]
    Full,
    /// The same channels at about a quarter of the rates, for a small file.
    Small,
}

impl Default for DriveSpec {
    fn default() -> Self {
        Self {
            seed: 1,
            duration_secs: 60.0,
            messages: None,
            faults: Vec::new(),
            rates: Rates::Full,
            mixed_bytes: None,
            vehicle: Vehicle::default(),
            sensors: Sensors::default(),
            camera: CameraSpec::default(),
            lidar: LidarSpec::default(),
        }
    }
}

/// Why no drive was written.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// A fault is not possible.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// The drive has no channel of this name, or the fault cannot hit it.
    #[error("fault `{fault}` cannot hit channel `{topic}`\nhint: channels it can hit are {known}")]
    Channel {
        /// The fault as written.
        fault: String,
        /// The topic asked for.
        topic: String,
        /// Topics it can hit.
        known: String,
    },
    /// The length is not possible.
    #[error("a drive of `{seconds}` s is not possible\nhint: give more than 0 and at most 86400 s")]
    Duration {
        /// What was asked for.
        seconds: f64,
    },
    /// The vehicle has no such sensor.
    #[error("there is no sensor `{topic}`\nhint: the vehicle has {known}")]
    Sensor {
        /// The topic asked for.
        topic: String,
        /// Topics there are.
        known: String,
    },
    /// A number of a camera or lidar is outside what can be simulated.
    #[error("`{value}` is not possible for {what}\nhint: give {least} to {most}")]
    Size {
        /// What the number is.
        what: &'static str,
        /// What was asked for.
        value: u64,
        /// Smallest possible.
        least: u64,
        /// Largest possible.
        most: u64,
    },
    /// A type of message has no definition; a fault of this program.
    #[error("there is no definition of `{type_name}`\nhint: please report this")]
    Definition {
        /// The type.
        type_name: &'static str,
    },
    /// A picture could not be compressed; a fault of this program.
    #[error("a picture cannot be compressed\nhint: please report this")]
    Picture(#[from] fieldassay_formats::media::MediaError),
    /// The number of messages is not possible.
    #[error("`{messages}` messages are not possible\nhint: give 1 to 1000000000")]
    Messages {
        /// What was asked for.
        messages: u64,
    },
    /// The fault does not fit into the drive.
    #[error(
        "fault `{fault}` does not fit into the drive: {reason}\nhint: lengthen the drive or lower the magnitude"
    )]
    DoesNotFit {
        /// The fault as written.
        fault: String,
        /// What is missing.
        reason: String,
    },
    /// More faults than one drive can have.
    #[error("`{count}` faults in one drive are too many\nhint: give at most 64")]
    TooManyFaults {
        /// How many were asked for.
        count: usize,
    },
    /// The table of fitted noise is damaged; a fault of this program.
    #[error("the built-in table of noise cannot be read\nhint: please report this")]
    Noise(#[from] serde_json::Error),
    /// Writing failed.
    #[error("writing the drive failed")]
    Write(#[from] std::io::Error),
}

/// What three cameras, lidar and IMU of [`DriveSpec::mixed_bytes`] deliver per second, measured.
const MIXED_BYTES_PER_SEC: f64 = 24.8e6;

impl DriveSpec {
    /// The recipe with what [`DriveSpec::mixed_bytes`] stands for written out.
    pub(crate) fn written_out(&self) -> Self {
        let Some(bytes) = self.mixed_bytes else {
            return self.clone();
        };
        Self {
            duration_secs: bytes as f64 / MIXED_BYTES_PER_SEC,
            messages: None,
            rates: Rates::Full,
            vehicle: Vehicle::Car,
            camera: CameraSpec {
                hz: 30,
                width: 1280,
                height: 720,
                encoding: Encoding::Jpeg,
            },
            lidar: LidarSpec {
                rings: 64,
                columns: 1024,
            },
            ..self.clone()
        }
    }

    /// Whether calibrations come at the usual 30 Hz, not at the rate of pictures.
    pub(crate) fn camera_info_only(&self) -> bool {
        self.sensors == Sensors::Core && self.mixed_bytes.is_none()
    }

    /// Whether the recipe is possible, before any byte is written.
    pub fn validate(&self) -> Result<(), SimulateError> {
        let seconds = self.duration_secs;
        if !(seconds > 0.0 && seconds <= 86_400.0) {
            return Err(SimulateError::Duration { seconds });
        }
        if let Some(messages) = self.messages
            && !(1..=1_000_000_000).contains(&messages)
        {
            return Err(SimulateError::Messages { messages });
        }
        for fault in &self.faults {
            fault.validate()?;
        }
        let sizes = [
            ("the rate of cameras", u64::from(self.camera.hz), 1, 120),
            (
                "the width of pictures",
                u64::from(self.camera.width),
                16,
                4096,
            ),
            (
                "the height of pictures",
                u64::from(self.camera.height),
                16,
                4096,
            ),
            (
                "the rings of the lidar",
                u64::from(self.lidar.rings),
                1,
                128,
            ),
            (
                "the beams of the lidar",
                u64::from(self.lidar.columns),
                16,
                4096,
            ),
            (
                "the size",
                self.mixed_bytes.unwrap_or(1_000_000),
                1_000_000,
                1 << 40,
            ),
        ];
        for (what, value, least, most) in sizes {
            if !(least..=most).contains(&value) {
                return Err(SimulateError::Size {
                    what,
                    value,
                    least,
                    most,
                });
            }
        }
        Ok(())
    }
}
