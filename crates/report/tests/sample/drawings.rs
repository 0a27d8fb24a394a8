//! Drawings about sensors of the made-up recordings.

use fieldassay_model::plot::{About, Band, Curves, Line, Mark, Picture, RecordingPlots, Table};

/// A grey picture of 8 by 6 pixels (PNG).
const PNG: [u8; 87] = [
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 8, 0, 0, 0, 6, 8, 0, 0,
    0, 0, 219, 110, 128, 39, 0, 0, 0, 30, 73, 68, 65, 84, 120, 218, 99, 248, 127, 127, 255, 252,
    134, 5, 7, 30, 48, 96, 50, 24, 20, 28, 18, 234, 227, 237, 229, 49, 25, 0, 39, 219, 23, 233,
    201, 252, 188, 80, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
];

fn about(group: &'static str, subject: &str, title: &str, codes: Vec<&'static str>) -> About {
    About {
        subject: subject.to_owned(),
        group,
        codes,
        title: title.to_owned(),
        caption: "what to look for in one sentence".to_owned(),
    }
}

fn wave(name: &str, phase: f64) -> Line {
    let point = |i: u32| {
        let t = f64::from(i) * 0.1;
        (t, (t + phase).sin())
    };
    Line {
        name: name.to_owned(),
        points: (0..600).map(point).collect(),
    }
}

/// Adds curves, pictures and tables: some beside findings of the sample, some without.
pub(crate) fn add(plots: &mut RecordingPlots) {
    plots.curves = vec![
        Curves {
            about: about(
                "motion",
                "/imu/data",
                "Correlation over lag",
                vec!["clock.skew"],
            ),
            x_label: "lag [ms]".to_owned(),
            y_label: "correlation".to_owned(),
            equal_axes: false,
            lines: vec![wave("rate", 0.0)],
            marks: vec![Mark {
                x: 15.0,
                label: "peak at 15 ms".to_owned(),
            }],
            bands: Vec::new(),
        },
        Curves {
            about: about("imu", "/imu/data", "Angular rate", Vec::new()),
            x_label: "time [s]".to_owned(),
            y_label: "rad/s".to_owned(),
            equal_axes: false,
            lines: vec![wave("x", 0.0), wave("y", 1.0), wave("z", 2.0)],
            marks: Vec::new(),
            bands: vec![Band {
                start: 10.0,
                end: 14.0,
                label: "at rest".to_owned(),
            }],
        },
        Curves {
            about: about("trajectory", "/odom", "Path", Vec::new()),
            x_label: "x [m]".to_owned(),
            y_label: "y [m]".to_owned(),
            equal_axes: true,
            lines: vec![wave("path", 0.5)],
            marks: Vec::new(),
            bands: Vec::new(),
        },
    ];
    plots.pictures = ["/camera/front/image_raw", "/camera/rear/image_raw"]
        .map(|topic| Picture {
            about: about("camera", topic, "Frame", vec!["time.gap"]),
            log_nanos: plots.start_ns + 12_000_000_000,
            media_type: "image/png",
            width: 160,
            height: 120,
            bytes: PNG.to_vec(),
        })
        .to_vec();
    plots.tables = vec![Table {
        about: about("calibration", "recording", "Extrinsics", Vec::new()),
        columns: ["mount", "axis", "claimed", "estimate", "sigma"]
            .map(str::to_owned)
            .to_vec(),
        rows: vec![
            ["base_link -> camera", "yaw [°]", "0.00", "1.02", "0.05"]
                .map(str::to_owned)
                .to_vec(),
        ],
    }];
}
