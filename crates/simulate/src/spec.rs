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

impl DriveSpec {
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
        Ok(())
    }
}
