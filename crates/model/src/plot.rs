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
