//! Checks of cameras against LiDARs and of stereo pairs.

use fieldassay_model::{CheckInfo, Compare, Subject};

pub(super) const CHECKS: &[CheckInfo] = &[
    CheckInfo {
        code: "calibration.lidar_camera",
        title: "LiDAR turned against the camera",
        fact: "calibration.lidar_camera_at_least",
        subject: Subject::Pair,
        compare: Compare::Above,
        unit: "deg",
        meaning: "Depth edges of the LiDAR fall beside the edges of the image; turning the mounting by this angle brings them together. Boxes and colors land on the wrong things.",
        formula: "angle of the rotation that maximizes how well depth edges of up to 16 sweeps fall on image edges, judged by the low end of its 95 % interval where less than 98.5 % of the mountings half a degree and 5 cm away fit worse than the claimed one; the axis is in the camera's frame (x right, y down, z forward)",
        source: "score after Levinson and Thrun, Automatic online calibration of cameras and lasers, RSS 2013; rotation and its covariance from the score's peak and the scatter between frames",
        blind_spots: "Takes intrinsics and shift as right: 5 cm at 10 m look like 0.3 degrees, and so does a time offset while turning. Sees up to 3 degrees. Needs rings and 300 depth edges in 5 frames. Points are moved to the moment of exposure where they carry times and poses of the same body are recorded (the method says so); otherwise nothing is corrected. Pairs at low speed and rate are preferred.",
        message: "the LiDAR is turned by {calibration.lidar_camera} against the camera (at least {value}, tolerated {threshold}; about x {x_degrees}, y {y_degrees}, z {z_degrees} degrees of the camera)",
        hint: "calibrate the extrinsic again, after the intrinsics and the time offset are known to be right",
    },
    CheckInfo {
        code: "calibration.stereo",
        title: "stereo pair off its epipolar lines",
        fact: "calibration.stereo_at_least",
        subject: Subject::Pair,
        compare: Compare::Above,
        unit: "px",
        meaning: "Points of the left image are not where the calibration says they must lie in the right one: depth from stereo is wrong or missing.",
        formula: "median over matched corners of the distance from the epipolar line (rows of a rectified pair), frames sampled over the recording; judged by the low end of its 95 % interval",
        source: "Hartley and Zisserman 2004, 11.4; thresholds of the signals reference, B.9.5",
        blind_spots: "A wrong baseline length and turns about the baseline by the same angle in both cameras leave the lines as they are. Cameras must be exposed together.",
        message: "matched points miss their epipolar lines by {calibration.stereo} (at least {value}, tolerated {threshold}; bias {bias_pixels} px)",
        hint: "calibrate the pair again; check that both cameras expose at the same time",
    },
    CheckInfo {
        code: "lidar.camera_pairing",
        title: "exposure and beam at different times",
        fact: "lidar.camera_pairing",
        subject: Subject::Pair,
        compare: Compare::Magnitude,
        unit: "s",
        meaning: "When the camera exposes, the beam of the LiDAR points elsewhere: moving things are seen at different places.",
        formula: "median of camera stamp - time at which the beam crossed the camera's axis in the nearest sweep, from the times of the points within 5 degrees of that direction",
        source: "signals reference, B.3; Argoverse 2 exposes its cameras as the sweep passes",
        blind_spots: "Rolling shutters and exposures are not known; free-running cameras vary by half a period.",
        message: "the camera exposes {value} away from the moment the beam passes (95 % of the frames within {p95_secs})",
        hint: "trigger the camera by the angle of the LiDAR, or correct boxes for motion",
    },
];
