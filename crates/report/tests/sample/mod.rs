//! Made-up documents for tests and the example page. Nothing here was measured.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::type_complexity,
    clippy::unwrap_used,
    clippy::assigning_clones,
    reason = "small known numbers, written down plainly"
)]

mod drawings;

use fieldassay_model::plot::{
    ChannelPlot, ClockPlot, GapMark, Histogram, RecordingPlots, TransformEdge,
};
use fieldassay_model::{
    ChannelReport, CheckDocument, CheckInfo, Compare, Fact, FactValue, Finding, Loss, LossReason,
    PolicyReference, RecordingId, RecordingReport, Regressions, Severity, Subject, Verdict, Window,
};
use fieldassay_report::{ReportInput, TruthMark};

/// 2026-03-14T09:26:53.589Z.
pub(crate) const START: i64 = 1_773_480_413_589_793_238;
const SECOND: i64 = 1_000_000_000;

/// The checks the made-up findings name.
pub(crate) const CATALOG: [CheckInfo; 5] = [
    check(
        "time.gap",
        "long gap",
        "time.max_gap_ratio",
        "A pause of several periods: whatever happened in it is not in the recording.",
        "Compare buffer sizes and disk speed of the recorder; a gap on all channels at once is the recorder's.",
    ),
    check(
        "time.jitter",
        "irregular period",
        "time.jitter_p95",
        "Messages come at uneven times, so interpolation between them is less accurate than the rate suggests.",
        "Check CPU load on the sensor host and whether the driver stamps on arrival.",
    ),
    check(
        "clock.skew",
        "clock runs at another speed",
        "clock.skew_ppm",
        "The sensor clock and the recorder clock drift apart, so their offset at the end differs from the one at the start.",
        "Synchronise the sensor host by PTP or NTP, or correct stamps by the hull model.",
    ),
    check(
        "transform.cycle",
        "transforms form a cycle",
        "transform.cycle_count",
        "No frame is the root, so a lookup between these frames has no defined answer.",
        "Find the two publishers that disagree about the parent and stop one of them.",
    ),
    check(
        "structure.unindexed",
        "no index",
        "structure.unindexed_count",
        "Players must read the whole file to seek.",
        "Write the recording again with `fieldassay recover`.",
    ),
];

const fn check(
    code: &'static str,
    title: &'static str,
    fact: &'static str,
    meaning: &'static str,
    hint: &'static str,
) -> CheckInfo {
    CheckInfo {
        code,
        title,
        fact,
        subject: Subject::Channel,
        compare: Compare::Above,
        unit: "count",
        meaning,
        formula: "max of t[i+1] - t[i], divided by the median period",
        source: "made up for this sample",
        blind_spots: "Streams below two messages.",
        message: "{value}",
        hint,
    }
}

/// A small generator, so that samples are the same everywhere.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.next()).ln()
    }
}

pub(crate) fn window(from_secs: f64, to_secs: f64) -> Window {
    Window {
        start_ns: START + (from_secs * 1e9) as i64,
        end_ns: START + (to_secs * 1e9) as i64,
    }
}

/// A channel of regular messages with gaps, and its plots.
pub(crate) fn channel(
    topic: &str,
    schema: &str,
    rate: f64,
    secs: f64,
    gaps: &[(f64, f64, &str)],
) -> (ChannelReport, ChannelPlot) {
    let mut noise = Noise::new(topic.bytes().map(u64::from).sum());
    let mut times = Vec::new();
    let mut t = noise.next() / rate;
    while t < secs {
        if !gaps.iter().any(|(from, to, _)| t > *from && t < *to) {
            times.push(t + noise.exponential(0.02 / rate));
        }
        t += 1.0 / rate;
    }
    let mut activity = vec![0u32; 600];
    for t in &times {
        activity[((t / secs * 600.0) as usize).min(599)] += 1;
    }
    let mut counts = vec![0u64; 60];
    for pair in times.windows(2) {
        let bin = (pair[1] - pair[0]) * rate / 2.0 * 60.0;
        counts[(bin.max(0.0) as usize).min(59)] += 1;
    }
    let longest = times.windows(2).map(|p| p[1] - p[0]).fold(0.0, f64::max);
    let report = ChannelReport {
        topic: topic.to_owned(),
        schema: schema.to_owned(),
        encoding: "cdr".to_owned(),
        message_count: times.len() as u64,
        rate_hz: (times.len() > 1).then(|| (times.len() - 1) as f64 / secs),
        median_period_ns: (times.len() > 1).then(|| (1e9 / rate) as i64),
        max_gap_ns: (times.len() > 1).then_some((longest * 1e9) as i64),
        regressions: Regressions {
            log_time: 0,
            publish_time: Some(0),
            header_time: (rate > 5.0).then_some(0),
        },
        worst: None,
    };
    let plot = ChannelPlot {
        topic: topic.to_owned(),
        activity,
        gaps: gaps
            .iter()
            .map(|(from, to, class)| GapMark {
                start_ns: START + (from * 1e9) as i64,
                end_ns: START + (to * 1e9) as i64,
                class: (*class).to_owned(),
            })
            .collect(),
        periods: Histogram {
            low: 0.0,
            high: 2.0 / rate,
            counts,
        },
        clock: (rate > 5.0).then(|| clock(35.0, secs, rate)),
    };
    (report, plot)
}

/// Latencies with exponential queueing over a skewed clock.
pub(crate) fn clock(skew_ppm: f64, secs: f64, rate: f64) -> ClockPlot {
    let mut noise = Noise::new((rate * 1000.0) as u64);
    let points: Vec<(f64, f64)> = (0..1500)
        .map(|i| {
            let x = f64::from(i) / 1500.0 * secs;
            (x, 0.0005 + skew_ppm * 1e-6 * x + noise.exponential(0.0015))
        })
        .collect();
    let mut hull: Vec<(f64, f64)> = Vec::new();
    for p in &points {
        while let [.., a, b] = hull[..] {
            if (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0) > 0.0 {
                break;
            }
            hull.pop();
        }
        hull.push(*p);
    }
    ClockPlot {
        points,
        hull,
        hull_skew_ppm: skew_ppm + 0.4,
        hull_offset_secs: 0.0005,
        linear_skew_ppm: skew_ppm - 4.0,
        linear_offset_secs: 0.0021,
    }
}

pub(crate) fn finding(
    code: &str,
    severity: Severity,
    subject: &str,
    at: Option<Window>,
    message: &str,
) -> Finding {
    let info = CATALOG.iter().find(|info| info.code == code);
    Finding {
        code: code.to_owned(),
        severity,
        subject: subject.to_owned(),
        window: at,
        count: 1,
        message: message.to_owned(),
        hint: info.map_or("", |info| info.hint).to_owned(),
        facts: info.map(|info| info.fact.to_owned()).into_iter().collect(),
        windows: at.into_iter().collect(),
    }
}

fn edge(parent: &str, child: &str, rate_hz: Option<f64>) -> TransformEdge {
    TransformEdge {
        parent: parent.to_owned(),
        child: child.to_owned(),
        is_static: rate_hz.is_none(),
        count: rate_hz.map_or(1, |rate| (rate * 60.0) as u64),
        rate_hz,
        codes: Vec::new(),
    }
}

pub(crate) fn report(path: &str, channels: Vec<ChannelReport>) -> RecordingReport {
    let sha256 = "9f".repeat(32);
    RecordingReport {
        path: path.to_owned(),
        id: Some(RecordingId::from_sha256(&sha256)),
        format: "mcap".to_owned(),
        size_bytes: 48_322_118,
        sha256: Some(sha256),
        blake3: Some("3c".repeat(32)),
        message_count: channels.iter().map(|c| c.message_count).sum(),
        start_ns: Some(START),
        end_ns: Some(START + 60 * SECOND),
        complete: true,
        loss: Loss {
            messages: Some(0),
            ..Loss::default()
        },
        channels,
        calibration: None,
        facts: Vec::new(),
        findings: Vec::new(),
        verdict: Verdict::Pass,
        error: None,
    }
}

/// A recording with one of everything.
pub(crate) fn troubled() -> (RecordingReport, RecordingPlots) {
    let stall = (21.0, 21.9, "recorder_stall");
    let specs: [(&str, &str, f64, Vec<(f64, f64, &str)>); 11] = [
        (
            "/camera/front/camera_info",
            "sensor_msgs/msg/CameraInfo",
            30.0,
            vec![stall],
        ),
        (
            "/camera/front/image_raw",
            "sensor_msgs/msg/Image",
            30.0,
            vec![stall, (40.0, 43.5, "sensor_drop"), (50.1, 50.3, "unknown")],
        ),
        ("/cmd_vel", "geometry_msgs/msg/Twist", 0.8, vec![]),
        (
            "/diagnostics",
            "diagnostic_msgs/msg/DiagnosticArray",
            1.0,
            vec![],
        ),
        ("/gnss/fix", "sensor_msgs/msg/NavSatFix", 5.0, vec![stall]),
        (
            "/imu/data",
            "sensor_msgs/msg/Imu",
            200.0,
            vec![stall, (12.0, 12.4, "stamping_fault")],
        ),
        (
            "/lidar/points",
            "sensor_msgs/msg/PointCloud2",
            10.0,
            vec![stall],
        ),
        (
            "/odom",
            "nav_msgs/msg/Odometry",
            50.0,
            vec![stall, (0.0, 4.0, "unknown")],
        ),
        ("/rosout", "rcl_interfaces/msg/Log", 0.2, vec![]),
        ("/tf", "tf2_msgs/msg/TFMessage", 60.0, vec![stall]),
        ("/tf_static", "tf2_msgs/msg/TFMessage", 0.016, vec![]),
    ];
    let mut channels = Vec::new();
    let mut plots = RecordingPlots {
        start_ns: START,
        end_ns: START + 60 * SECOND,
        ..RecordingPlots::default()
    };
    for (topic, schema, rate, gaps) in &specs {
        let (report, plot) = channel(topic, schema, *rate, 60.0, gaps);
        channels.push(report);
        plots.channels.push(plot);
    }
    channels.push(ChannelReport {
        topic: "/ultrasonic/rear".to_owned(),
        schema: "sensor_msgs/msg/Range".to_owned(),
        encoding: "cdr".to_owned(),
        message_count: 0,
        rate_hz: None,
        median_period_ns: None,
        max_gap_ns: None,
        regressions: Regressions::default(),
        worst: None,
    });
    channels[1].worst = Some(Severity::Error);
    channels[5].worst = Some(Severity::Warn);
    plots.transforms = vec![
        edge("map", "odom", Some(20.0)),
        edge("odom", "base_link", Some(50.0)),
        edge("base_link", "imu_link", None),
        edge("base_link", "lidar_link", None),
        edge("base_link", "camera_link", None),
        edge("camera_link", "camera_optical", None),
        edge("lidar_link", "odom", Some(9.8)),
        edge("gnss_origin", "antenna", None),
    ];
    let mut out = report("drives/2026-03-14/yard_loop_07.mcap", channels);
    out.findings = troubled_findings();
    out.facts = troubled_facts(&out.channels);
    out.verdict = Verdict::Fail;
    drawings::add(&mut plots);
    (out, plots)
}

fn troubled_findings() -> Vec<Finding> {
    let mut gap = finding(
        "time.gap",
        Severity::Error,
        "/camera/front/image_raw",
        Some(window(40.0, 43.5)),
        "gap of 3.5 s, 105 periods; tolerated are 30 periods (the worst of 3)",
    );
    gap.count = 3;
    gap.windows = vec![window(40.0, 43.5), window(21.0, 21.9), window(50.1, 50.3)];
    vec![
        gap,
        finding(
            "transform.cycle",
            Severity::Error,
            "lidar_link -> odom",
            Some(window(5.0, 60.0)),
            "`odom` is above and below `lidar_link` at the same time",
        ),
        finding(
            "clock.skew",
            Severity::Warn,
            "/imu/data",
            None,
            "the clock of `imu_link` gains 35.4 ppm; tolerated are 20 ppm",
        ),
        finding(
            "time.gap",
            Severity::Warn,
            "/imu/data",
            Some(window(12.0, 12.4)),
            "gap of 400 ms, 80 periods; tolerated are 30 periods",
        ),
        finding(
            "time.gap",
            Severity::Warn,
            "/odom",
            Some(window(0.0, 4.0)),
            "gap of 4 s at the start",
        ),
        finding(
            "time.jitter",
            Severity::Warn,
            "/gnss/fix",
            None,
            "95 % of periods are within 31 ms of the median; tolerated are 20 ms",
        ),
        finding(
            "structure.unindexed",
            Severity::Info,
            "recording",
            None,
            "no summary section; the file was read from start to end",
        ),
    ]
}

fn troubled_facts(channels: &[ChannelReport]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for channel in channels {
        let n = usize::try_from(channel.message_count).unwrap();
        let subject = channel.topic.as_str();
        facts.push(Fact::count("channel.messages", subject, channel.message_count).with_n(n));
        let Some(rate) = channel.rate_hz else {
            facts.push(Fact::not_evaluated(
                "time.rate",
                subject,
                "Hz",
                "fewer than two messages",
            ));
            continue;
        };
        facts.push(
            Fact::number("time.rate", subject, rate, "Hz")
                .with_n(n)
                .with_interval(rate * 0.999, rate * 1.001)
                .with_method("(n - 1) / span", 1),
        );
        facts.push(
            Fact::number("time.jitter_p95", subject, 0.031 / rate, "s")
                .with_n(n)
                .with_interval(0.029 / rate, 0.034 / rate)
                .with_method("p95 of |d - median d|", 1),
        );
        let gap = channel.max_gap_ns.unwrap_or(0) as f64 * 1e-9 * rate;
        facts.push(
            Fact::number("time.max_gap_ratio", subject, gap, "periods")
                .with_n(n)
                .with_window(START + 40 * SECOND, START + 43 * SECOND)
                .with_method("max d / median d", 2)
                .with_detail("class", FactValue::Text("sensor_drop".to_owned())),
        );
    }
    facts.push(
        Fact::number("clock.skew_ppm", "/imu/data", 35.4, "ppm")
            .with_n(12_000)
            .with_interval(33.1, 37.2)
            .with_method("lower convex hull", 1)
            .with_detail("linear_ppm", FactValue::Number(31.1)),
    );
    facts.push(Fact::count(
        "transform.cycle_count",
        "lidar_link -> odom",
        1,
    ));
    facts.push(Fact::not_evaluated(
        "clock.publish_latency",
        "/imu/data",
        "s",
        "publish time equals log time for all messages, so it is not independent",
    ));
    facts
}

/// A cut file, a clean one and one that is no recording.
pub(crate) fn others() -> Vec<(RecordingReport, Option<RecordingPlots>)> {
    let (channel_report, plot) = channel("/imu/data", "sensor_msgs/msg/Imu", 100.0, 60.0, &[]);
    let mut cut = report(
        "drives/2026-03-14/yard_loop_08.mcap",
        vec![channel_report.clone()],
    );
    cut.complete = false;
    cut.verdict = Verdict::Warn;
    cut.loss = Loss {
        messages: None,
        bytes: 18_233,
        suspect_messages: 112,
        reasons: vec![
            LossReason {
                code: "loss.chunk_crc".to_owned(),
                start: 4_118_022,
                end: 4_380_166,
                messages: Some(0),
                suspect_messages: 112,
                message: "CRC of the chunk is `0x1f2e3d4c`, expected `0x5a6b7c8d`".to_owned(),
            },
            LossReason {
                code: "loss.truncated".to_owned(),
                start: 48_303_885,
                end: 48_322_118,
                messages: None,
                suspect_messages: 0,
                message: "the file ends inside a chunk of 262144 bytes".to_owned(),
            },
        ],
    };
    cut.findings = vec![finding(
        "loss.truncated",
        Severity::Warn,
        "recording",
        None,
        "the file ends inside a chunk",
    )];
    let plots = RecordingPlots {
        start_ns: START,
        end_ns: START + 60 * SECOND,
        channels: vec![plot],
        ..RecordingPlots::default()
    };
    let clean = report("drives/2026-03-14/yard_loop_09.mcap", vec![channel_report]);
    let mut unread = report("drives/2026-03-14/notes.txt", Vec::new());
    unread.start_ns = None;
    unread.end_ns = None;
    unread.size_bytes = 1312;
    unread.format = "unknown".to_owned();
    unread.verdict = Verdict::Fail;
    unread.error = Some(
        "`notes.txt` is no recording; supported are MCAP, ROS 1 bag and rosbag2 SQLite".to_owned(),
    );
    vec![
        (cut, Some(plots.clone())),
        (clean, Some(plots)),
        (unread, None),
    ]
}

/// A document over these recordings.
pub(crate) fn document(recordings: Vec<RecordingReport>) -> CheckDocument {
    CheckDocument {
        schema: "fieldassay.check".to_owned(),
        version: 1,
        policy: PolicyReference {
            name: "default".to_owned(),
            version: 1,
            sha256: "b7".repeat(32),
        },
        recordings,
    }
}

/// The input of a page, nothing known about faults.
pub(crate) fn input<'a>(
    document: &'a CheckDocument,
    plots: &'a [Option<RecordingPlots>],
) -> ReportInput<'a> {
    ReportInput {
        document,
        plots,
        policy_yaml: "name: default\nversion: 1\nchecks:\n  time.gap:\n    warn: 30 # periods\n    error: 100\n",
        catalog: &CATALOG,
        power: &[],
        simulated: false,
        truth: None,
        title: "yard_loop_07.mcap",
        tool_version: "0.1.0",
    }
}

/// The faults put into [`troubled`], and nothing into the others.
pub(crate) fn truth(recordings: usize) -> Vec<Vec<TruthMark>> {
    let mark = |kind: &str, channel: &str, at, magnitude, unit: &str| TruthMark {
        kind: kind.to_owned(),
        channel: channel.to_owned(),
        window: at,
        magnitude,
        unit: unit.to_owned(),
    };
    let mut truth = vec![Vec::new(); recordings];
    truth[0] = vec![
        mark(
            "drop",
            "/camera/front/image_raw",
            Some(window(40.0, 43.5)),
            Some(3.5),
            "s",
        ),
        mark(
            "skew_ppm",
            "/imu/data",
            Some(window(0.0, 60.0)),
            Some(35.0),
            "ppm",
        ),
        mark(
            "transform_cycle",
            "lidar_link -> odom",
            Some(window(5.0, 60.0)),
            None,
            "",
        ),
        mark(
            "duplicate",
            "/lidar/points",
            Some(window(0.0, 60.0)),
            Some(0.01),
            "share",
        ),
    ];
    truth
}
