//! Numbers the fields of each kind of sample go by between the table of layouts and the builders of samples.

/// Slots of inertial measurements; vectors take consecutive slots.
pub(super) mod imu {
    pub(crate) const GYRO: u16 = 0;
    pub(crate) const ACCEL: u16 = 3;
    pub(crate) const QUAT: u16 = 6;
    pub(crate) const GYRO_COVARIANCE: u16 = 10;
    pub(crate) const ACCEL_COVARIANCE: u16 = 11;
    pub(crate) const QUAT_COVARIANCE: u16 = 12;
    pub(crate) const GYRO_LIST: u16 = 13;
    pub(crate) const ACCEL_LIST: u16 = 14;
}

/// Slots of satellite positions.
pub(super) mod fix {
    pub(crate) const STATUS: u16 = 0;
    pub(crate) const LATITUDE: u16 = 1;
    pub(crate) const LONGITUDE: u16 = 2;
    pub(crate) const ALTITUDE: u16 = 3;
    pub(crate) const COVARIANCE: u16 = 4;
    pub(crate) const COVARIANCE_TYPE: u16 = 5;
    pub(crate) const HDOP: u16 = 6;
    pub(crate) const LATITUDE_E7: u16 = 7;
    pub(crate) const LONGITUDE_E7: u16 = 8;
    pub(crate) const ALTITUDE_MM: u16 = 9;
    pub(crate) const EPH: u16 = 10;
    pub(crate) const EPV: u16 = 11;
    pub(crate) const FIX_TYPE: u16 = 12;
}

/// Slots of poses.
pub(super) mod pose {
    pub(crate) const PARENT: u16 = 0;
    pub(crate) const CHILD: u16 = 1;
    pub(crate) const POSITION: u16 = 2;
    pub(crate) const QUAT: u16 = 5;
    pub(crate) const QUAT_LIST: u16 = 9;
    pub(crate) const POSITION_LIST: u16 = 10;
    pub(crate) const HEADING: u16 = 11;
    pub(crate) const POSE_FRAME: u16 = 12;
}

/// Slots of joint states.
pub(super) mod joints {
    pub(crate) const NAME: u16 = 0;
    pub(crate) const POSITION: u16 = 1;
    pub(crate) const VELOCITY: u16 = 2;
    pub(crate) const EFFORT: u16 = 3;
    pub(crate) const JOINT: u16 = 4;
}

/// Slots of calibrations.
pub(super) mod camera {
    pub(crate) const FRAME: u16 = 0;
    pub(crate) const WIDTH: u16 = 1;
    pub(crate) const HEIGHT: u16 = 2;
    pub(crate) const MODEL: u16 = 3;
    pub(crate) const D: u16 = 4;
    pub(crate) const K: u16 = 5;
    pub(crate) const R: u16 = 6;
    pub(crate) const P: u16 = 7;
    pub(crate) const BINNING: u16 = 8;
    pub(crate) const ROI: u16 = 10;
}

/// Slots of images, videos and sound.
pub(super) mod media {
    pub(crate) const FRAME: u16 = 0;
    pub(crate) const WIDTH: u16 = 1;
    pub(crate) const HEIGHT: u16 = 2;
    pub(crate) const FORMAT: u16 = 3;
    pub(crate) const STEP: u16 = 4;
    pub(crate) const BIG_ENDIAN: u16 = 5;
    pub(crate) const DATA: u16 = 6;
    pub(crate) const SAMPLE_RATE: u16 = 7;
    pub(crate) const CHANNELS: u16 = 8;
}

/// Slots of clouds.
pub(super) mod cloud {
    pub(crate) const FRAME: u16 = 0;
    pub(crate) const WIDTH: u16 = 1;
    pub(crate) const HEIGHT: u16 = 2;
    pub(crate) const FIELD: u16 = 3;
    pub(crate) const FIELD_NAME: u16 = 4;
    pub(crate) const FIELD_OFFSET: u16 = 5;
    pub(crate) const FIELD_TYPE: u16 = 6;
    pub(crate) const FIELD_COUNT: u16 = 7;
    pub(crate) const POINT_STEP: u16 = 8;
    pub(crate) const ROW_STEP: u16 = 9;
    pub(crate) const DENSE: u16 = 10;
    pub(crate) const BIG_ENDIAN: u16 = 11;
    pub(crate) const DATA: u16 = 12;
}

/// Slots of planar scans.
pub(super) mod scan {
    pub(crate) const FRAME: u16 = 0;
    pub(crate) const START: u16 = 1;
    pub(crate) const STEP: u16 = 2;
    pub(crate) const END: u16 = 3;
    pub(crate) const STEP_SECS: u16 = 4;
    pub(crate) const LEAST: u16 = 5;
    pub(crate) const MOST: u16 = 6;
    pub(crate) const RANGES: u16 = 7;
    pub(crate) const INTENSITIES: u16 = 8;
}

/// Slots of boxes.
pub(super) mod boxes {
    pub(crate) const FRAME: u16 = 0;
    pub(crate) const BOX: u16 = 1;
    pub(crate) const TRACK: u16 = 2;
    pub(crate) const CATEGORY: u16 = 3;
    pub(crate) const CENTER: u16 = 4;
    pub(crate) const QUAT: u16 = 7;
    pub(crate) const SIZE: u16 = 11;
    pub(crate) const POINTS: u16 = 14;
    pub(crate) const RESULT: u16 = 15;
    pub(crate) const CLASS: u16 = 16;
    pub(crate) const CLASS_NUMBER: u16 = 17;
    pub(crate) const SCORE: u16 = 18;
    pub(crate) const ENTITY: u16 = 19;
    pub(crate) const ENTITY_ID: u16 = 20;
    pub(crate) const KEY: u16 = 21;
    pub(crate) const VALUE: u16 = 22;
}
