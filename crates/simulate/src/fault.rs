//! Faults that can be injected, by name and magnitude.
//!
//! Read [`Fault::parse`] and [`fault_kinds`] first. The kinds are in `fault_table`; how a fault changes the
//! drive is in `stream` (times and messages), `scene` (contents) and `damage` (bytes).

use crate::fault_table::KINDS;
use fieldassay_model::nearest;
use std::fmt;

/// One fault: kind, magnitude in the unit of the kind, and the channel it hits.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How much of it, in the unit of the kind.
    pub magnitude: f64,
    /// Topic it hits; none means the default channel of the kind.
    pub channel: Option<String>,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// Header stamps differ from the true time by a constant.
    OffsetMs,
    /// The sensor clock runs fast.
    SkewPpm,
    /// The sensor clock jumps once.
    StepMs,
    /// Header stamps scatter.
    JitterMs,
    /// Messages are lost.
    DropPercent,
    /// Messages are delivered in one batch.
    BurstCount,
    /// The sensor falls silent once.
    StallS,
    /// The recorder writes nothing for a while, on all channels.
    RecorderStallS,
    /// Messages are recorded twice.
    DuplicatePercent,
    /// Neighboring messages arrive in the wrong order.
    ReorderCount,
    /// Stamps count from a later epoch.
    EpochOffsetS,
    /// Stamps count from the start of the sensor.
    UptimeS,
    /// Stamps are GPS time labeled UTC.
    LeapS,
    /// Stamps are TAI labeled UTC.
    TaiS,
    /// The transform tree closes to a ring.
    TransformCycleCount,
    /// A frame gets another parent.
    ReparentCount,
    /// The end of the file is missing, in bytes.
    TruncateBytes,
    /// The end of the file is missing, as a share.
    TruncatePercent,
    /// Bytes of the file have one bit inverted.
    FlipBytes,
    /// Pictures repeat, stamps go on.
    FreezeS,
    /// The lens is out of focus.
    BlurRatio,
    /// The exposure is too long.
    OverexposePercent,
    /// IMU values repeat, stamps go on.
    ImuStuckS,
    /// A shock clips the accelerometer.
    ImuSaturationCount,
    /// Forces are too large.
    AccelScalePercent,
    /// Angular rates have a bias.
    GyroBiasRadS,
    /// The claimed mount of a sensor is turned.
    ExtrinsicRotationDeg,
    /// The claimed mount of a sensor is moved.
    ExtrinsicShiftM,
    /// The claimed focal length is wrong.
    FocalPercent,
    /// Rings of the lidar are dead.
    DeadRingCount,
    /// A sector of the lidar is blocked.
    BlockedSectorDeg,
    /// Points have no time.
    NoPointTimeCount,
    /// Poses jump.
    PoseJumpM,
    /// Satellite positions jump.
    GnssJumpM,
    /// The satellite receiver has no fix.
    GnssOutageS,
    /// A joint stops at a limit.
    JointClipPercent,
    /// Sound is late.
    AudioLagMs,
}

/// What a kind of fault is, for help texts and documentation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultInfo {
    /// The kind.
    pub kind: FaultKind,
    /// Its name, with the unit in it.
    pub name: &'static str,
    /// Unit of the magnitude: `ms`, `ppm`, `s`, `percent`, `ratio`, `count`, `bytes`, `deg`, `m`, `rad/s`.
    pub unit: &'static str,
    /// What it does, in one sentence.
    pub what: &'static str,
    /// Topic it hits unless one is chosen; none for faults of the whole file.
    pub default_channel: Option<&'static str>,
    /// Smallest magnitude allowed.
    pub min: f64,
    /// Largest magnitude allowed.
    pub max: f64,
    /// Whether the magnitude is a whole number.
    pub whole: bool,
}

/// Every kind of fault, in the order of the documentation.
pub fn fault_kinds() -> &'static [FaultInfo] {
    &KINDS
}

impl FaultKind {
    /// What this kind is.
    pub fn info(self) -> &'static FaultInfo {
        KINDS
            .iter()
            .find(|info| info.kind == self)
            .unwrap_or(&KINDS[0])
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.info().name
    }
}

impl Fault {
    /// A fault on the default channel of its kind.
    pub fn new(kind: FaultKind, magnitude: f64) -> Self {
        Self {
            kind,
            magnitude,
            channel: None,
        }
    }

    /// Reads `KIND=MAGNITUDE` or `KIND=MAGNITUDE@/topic`.
    pub fn parse(text: &str) -> Result<Self, FaultError> {
        let Some((name, value)) = text.split_once('=') else {
            return Err(match find_kind(text.trim()) {
                Ok(info) => FaultError::NoMagnitude {
                    name: info.name,
                    unit: info.unit,
                },
                Err(error) => error,
            });
        };
        let info = find_kind(name.trim())?;
        let (number, channel) = match value.split_once('@') {
            Some((number, topic)) => (number.trim(), Some(topic.trim())),
            None => (value.trim(), None),
        };
        let magnitude = number
            .parse::<f64>()
            .ok()
            .filter(|magnitude| magnitude.is_finite())
            .ok_or_else(|| FaultError::NotANumber {
                name: info.name,
                unit: info.unit,
                value: number.to_owned(),
            })?;
        let fault = Self {
            kind: info.kind,
            magnitude,
            channel: channel.map(str::to_owned),
        };
        fault.validate()?;
        Ok(fault)
    }

    /// Whether the magnitude is one the kind allows, and a channel is named only where one is hit.
    pub fn validate(&self) -> Result<(), FaultError> {
        let info = self.kind.info();
        let magnitude = self.magnitude;
        let signed = info.min < 0.0;
        let allowed = magnitude.is_finite()
            && (info.min..=info.max).contains(&magnitude)
            && (signed || magnitude > 0.0)
            && (!info.whole || magnitude.fract() == 0.0);
        if !allowed {
            return Err(FaultError::OutOfRange {
                name: info.name,
                unit: info.unit,
                value: magnitude,
                range: range_text(info),
            });
        }
        match (&self.channel, info.default_channel) {
            (Some(topic), None) => Err(FaultError::NoChannel {
                name: info.name,
                topic: topic.clone(),
            }),
            (Some(topic), Some(default)) if !topic.starts_with('/') => Err(FaultError::BadTopic {
                name: info.name,
                topic: topic.clone(),
                default,
            }),
            _ => Ok(()),
        }
    }

    /// The topic it hits, none for faults of the whole file.
    pub fn topic(&self) -> Option<&str> {
        self.channel.as_deref().or(self.kind.info().default_channel)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.kind.name(), self.magnitude)?;
        match &self.channel {
            Some(topic) => write!(f, "@{topic}"),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        Self::parse(text)
    }
}

fn find_kind(name: &str) -> Result<&'static FaultInfo, FaultError> {
    KINDS
        .iter()
        .find(|info| info.name == name)
        .ok_or_else(|| FaultError::UnknownKind {
            name: name.to_owned(),
            suggestion: suggestion(name),
        })
}

/// The nearest kind, or the one whose name starts with what was written (`skew` for `skew_ppm`).
fn suggestion(name: &str) -> String {
    let stem = name.trim_end_matches('_');
    let by_stem = KINDS.iter().map(|info| info.name).find(|kind| {
        !stem.is_empty()
            && kind
                .strip_prefix(stem)
                .is_some_and(|rest| rest.starts_with('_'))
    });
    if let Some(kind) = by_stem.or_else(|| nearest(name, KINDS.iter().map(|info| info.name))) {
        format!("did you mean `{kind}`?")
    } else {
        let names: Vec<&str> = KINDS.iter().map(|info| info.name).collect();
        format!("the kinds are {}", names.join(", "))
    }
}

fn range_text(info: &FaultInfo) -> String {
    let FaultInfo { min, max, unit, .. } = info;
    let form = if info.whole {
        "a whole number of"
    } else {
        "a number of"
    };
    match *min {
        min if min < 0.0 => format!("{form} {unit} from {min} to {max}"),
        min if min > 0.0 => format!("{form} {unit} from {min} to {max}"),
        _ => format!("{form} {unit} above 0, at most {max}"),
    }
}

/// What is wrong with a fault as written.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FaultError {
    /// No such kind.
    #[error("`{name}` is not a kind of fault\nhint: {suggestion}")]
    UnknownKind {
        /// What was written.
        name: String,
        /// The nearest kind, or all of them.
        suggestion: String,
    },
    /// The magnitude is missing.
    #[error("fault `{name}` has no magnitude\nhint: write `{name}=MAGNITUDE`, in {unit}")]
    NoMagnitude {
        /// Kind.
        name: &'static str,
        /// Unit of the magnitude.
        unit: &'static str,
    },
    /// The magnitude is not a number.
    #[error(
        "magnitude `{value}` of fault `{name}` is not a number\nhint: give a plain number in {unit}, the unit is in the name"
    )]
    NotANumber {
        /// Kind.
        name: &'static str,
        /// Unit of the magnitude.
        unit: &'static str,
        /// What was written.
        value: String,
    },
    /// The magnitude is outside what the kind allows.
    #[error("magnitude `{value}` of fault `{name}` is not possible\nhint: it is {range} ({unit})")]
    OutOfRange {
        /// Kind.
        name: &'static str,
        /// Unit of the magnitude.
        unit: &'static str,
        /// What was written.
        value: f64,
        /// What is allowed.
        range: String,
    },
    /// A channel was named for a fault of the whole file.
    #[error(
        "fault `{name}` hits the whole file, not channel `{topic}`\nhint: leave out `@{topic}`"
    )]
    NoChannel {
        /// Kind.
        name: &'static str,
        /// What was written.
        topic: String,
    },
    /// The topic has no leading slash.
    #[error(
        "`{topic}` is not a topic\nhint: topics start with `/`, for example `{name}=1@{default}`"
    )]
    BadTopic {
        /// Kind.
        name: &'static str,
        /// What was written.
        topic: String,
        /// The default topic of the kind.
        default: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &expect_test::Expect) {
        expected.assert_eq(&match Fault::parse(text) {
            Ok(fault) => format!("{fault} {:?} {:?}", fault.kind, fault.topic()),
            Err(error) => error.to_string(),
        });
    }

    #[test]
    fn reads_kind_magnitude_and_channel() {
        check(
            "skew_ppm=200",
            &expect_test::expect![[r#"skew_ppm=200 SkewPpm Some("/imu")"#]],
        );
        check(
            "step_ms=-20@/odom",
            &expect_test::expect![[r#"step_ms=-20@/odom StepMs Some("/odom")"#]],
        );
        check(
            "flip_bytes=1",
            &expect_test::expect!["flip_bytes=1 FlipBytes None"],
        );
    }

    #[test]
    fn says_what_is_wrong_and_what_to_do() {
        check(
            "skw_ppm=200",
            &expect_test::expect![[r"
            `skw_ppm` is not a kind of fault
            hint: did you mean `skew_ppm`?"]],
        );
        check(
            "drop=1",
            &expect_test::expect![[r"
            `drop` is not a kind of fault
            hint: did you mean `drop_percent`?"]],
        );
        check(
            "offset_ms",
            &expect_test::expect![[r"
            fault `offset_ms` has no magnitude
            hint: write `offset_ms=MAGNITUDE`, in ms"]],
        );
        check(
            "offset_ms=20ms",
            &expect_test::expect![[r"
            magnitude `20ms` of fault `offset_ms` is not a number
            hint: give a plain number in ms, the unit is in the name"]],
        );
        check(
            "drop_percent=0",
            &expect_test::expect![[r"
            magnitude `0` of fault `drop_percent` is not possible
            hint: it is a number of percent above 0, at most 90 (percent)"]],
        );
        check(
            "burst_count=2.5",
            &expect_test::expect![[r"
            magnitude `2.5` of fault `burst_count` is not possible
            hint: it is a whole number of count from 2 to 100000 (count)"]],
        );
        check(
            "flip_bytes=1@/imu",
            &expect_test::expect![[r"
            fault `flip_bytes` hits the whole file, not channel `/imu`
            hint: leave out `@/imu`"]],
        );
        check(
            "skew_ppm=1@imu",
            &expect_test::expect![[r"
            `imu` is not a topic
            hint: topics start with `/`, for example `skew_ppm=1@/imu`"]],
        );
    }

    #[test]
    fn names_carry_their_unit() {
        for info in fault_kinds() {
            assert!(
                info.name
                    .ends_with(&format!("_{}", info.unit.replace('/', "_"))),
                "{}",
                info.name
            );
            assert_eq!(info.kind.name(), info.name);
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = Fault::parse(&text);
        }

        #[test]
        fn display_is_read_back(index in 0..KINDS.len(), magnitude in 1u32..80, topic in proptest::option::of("/[a-z]{1,8}")) {
            let info = &KINDS[index];
            let magnitude = f64::from(magnitude).clamp(info.min, info.max);
            let channel = topic.filter(|_| info.default_channel.is_some());
            let fault = Fault { kind: info.kind, magnitude, channel };
            prop_assert_eq!(Fault::parse(&fault.to_string()), Ok(fault));
        }

        #[test]
        fn what_is_accepted_is_within_the_range(index in 0..KINDS.len(), magnitude in proptest::num::f64::ANY) {
            let info = &KINDS[index];
            if let Ok(fault) = Fault::parse(&format!("{}={magnitude}", info.name)) {
                prop_assert!(fault.magnitude >= info.min && fault.magnitude <= info.max);
            }
        }
    }
}
