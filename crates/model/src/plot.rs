//! Reduced series for plots: small, bounded, made in the same pass as the facts.

/// Everything the report draws about one recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordingPlots {
    /// Smallest log time, nanoseconds.
    pub start_ns: i64,
    /// Largest log time, nanoseconds.
    pub end_ns: i64,
    /// One entry per channel with messages, by topic.
    pub channels: Vec<ChannelPlot>,
    /// Edges of the transform tree, static ones included.
    pub transforms: Vec<TransformEdge>,
    /// Curves about sensors, in the order they are shown.
    pub curves: Vec<Curves>,
    /// Pictures of what sensors saw, in the order they are shown.
    pub pictures: Vec<Picture>,
    /// Tables of estimates, in the order they are shown.
    pub tables: Vec<Table>,
}

/// What a drawing about sensors is about; the report puts it beside findings of the same subject and codes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// Topic, pair `a -> b` or `recording`, as in facts.
    pub subject: String,
    /// Subject of the checks: `imu`, `gnss`, `camera`, `lidar`, `motion`, `calibration`, …
    pub group: &'static str,
    /// Codes of the checks it illustrates.
    pub codes: Vec<&'static str>,
    /// What is drawn, a few words.
    pub title: String,
    /// What to look for, a sentence; may be empty.
    pub caption: String,
}

/// Lines over a common axis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// What it is about.
    pub about: About,
    /// Label and unit of the horizontal axis: `time [s]`, `lag [ms]`, `x [m]`.
    pub x_label: String,
    /// Label and unit of the vertical axis.
    pub y_label: String,
    /// Whether one unit is as long on both axes, as for maps.
    pub equal_axes: bool,
    /// At most 6 lines of at most 1500 points; a gap is a point that is not finite.
    pub lines: Vec<Line>,
    /// Vertical marks, at most 20.
    pub marks: Vec<Mark>,
    /// Shaded stretches of the horizontal axis, at most 100.
    pub bands: Vec<Band>,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Name in the legend.
    pub name: String,
    /// Points.
    pub points: Vec<(f64, f64)>,
}

/// A vertical mark.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mark {
    /// Where.
    pub x: f64,
    /// What it marks.
    pub label: String,
}

/// A shaded stretch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Band {
    /// Where it begins.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
    /// What happens there.
    pub label: String,
}

/// A small picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// What it is about.
    pub about: About,
    /// Log time of the message, nanoseconds.
    pub log_nanos: i64,
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The file, at most 40 kB; at most 24 pictures per recording.
    pub bytes: Vec<u8>,
}

/// A table of estimates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What it is about.
    pub about: About,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// Rows, at most 100, each as long as `columns`.
    pub rows: Vec<Vec<String>>,
}

/// Series of one channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelPlot {
    /// Topic.
    pub topic: String,
    /// Messages in equal bins of log time from start to end of the recording, at most 600 bins.
    pub activity: Vec<u32>,
    /// Gaps, longest first, at most 100.
    pub gaps: Vec<GapMark>,
    /// Histogram of the periods (differences of consecutive log times).
    pub periods: Histogram,
    /// Recorder against sensor clock; none without header stamps.
    pub clock: Option<ClockPlot>,
}

/// A gap on the time line.
#[derive(Clone, Debug, PartialEq)]
pub struct GapMark {
    /// Log time of the message before, nanoseconds.
    pub start_ns: i64,
    /// Log time of the message after, nanoseconds.
    pub end_ns: i64,
    /// `recorder_stall`, `sensor_drop`, `stamping_fault` or `unknown`.
    pub class: String,
}

/// Equal-width bins over `[low, high]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Lower edge of the first bin, seconds.
    pub low: f64,
    /// Upper edge of the last bin, seconds.
    pub high: f64,
    /// Counts, at most 60 bins; values outside are in the first or last.
    pub counts: Vec<u64>,
}

/// `log_time - header_time` over header time, with both clock models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClockPlot {
    /// At most 1500 points, seconds since the first header stamp and seconds of latency.
    pub points: Vec<(f64, f64)>,
    /// Vertices of the lower convex hull in the same coordinates, at most 200.
    pub hull: Vec<(f64, f64)>,
    /// Skew of the hull model, parts per million.
    pub hull_skew_ppm: f64,
    /// Latency of the hull model at the first stamp, seconds.
    pub hull_offset_secs: f64,
    /// Skew of the least-squares line, parts per million.
    pub linear_skew_ppm: f64,
    /// Latency of the least-squares line at the first stamp, seconds.
    pub linear_offset_secs: f64,
}

/// One edge of the transform tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransformEdge {
    /// Parent frame.
    pub parent: String,
    /// Child frame.
    pub child: String,
    /// Whether it came from a static topic.
    pub is_static: bool,
    /// Transforms seen.
    pub count: u64,
    /// Rate, hertz; none for static edges and single samples.
    pub rate_hz: Option<f64>,
    /// Codes of findings about this edge, filled in when the page is made.
    pub codes: Vec<String>,
}
