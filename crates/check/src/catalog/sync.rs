//! Checks between streams.

use fieldassay_model::{CheckInfo, Compare, Subject};

pub(super) const CHECKS: &[CheckInfo] = &[
    CheckInfo {
        code: "sync.unmatched",
        title: "samples without a partner",
        fact: "sync.unmatched",
        subject: Subject::Pair,
        compare: Compare::Above,
        unit: "share",
        meaning: "For this share of the first channel's messages the second has none close enough in time to be used with it.",
        formula: "for each header stamp of the slower channel, the nearest of the faster; unmatched when further than half the faster one's period + 2 ms; within the time both cover",
        source: "half a period plus 2 ms, after the pairing rule of Argoverse 2",
        blind_spots: "At most 12 channels, sensor types first, each paired with the next faster and with the fastest one. A constant offset between the stamps is not seen here.",
        message: "{value} of the messages of the first stream find no partner within {tolerance_secs} (nearest: median {p50_secs}, 95 % {p95_secs}, worst {max_secs}; tolerated {threshold})",
        hint: "leave those moments out of fused samples; look at the gaps of both channels",
    },
    CheckInfo {
        code: "sync.spread",
        title: "stamps of one set lie apart",
        fact: "sync.spread",
        subject: Subject::Pair,
        compare: Compare::Above,
        unit: "s",
        meaning: "Channels of the same rate (cameras of one rig) are matched into sets; in one set of twenty the stamps lie further apart than this.",
        formula: "95 % quantile of largest - smallest stamp of sets with one stamp per channel, for channels of one type whose periods agree within 5 %",
        source: "set spread of ROS message_filters ApproximateTime; 10 ms is usual for triggered rigs, 50 ms for free-running ones",
        blind_spots: "Says nothing about a common offset of the whole rig.",
        message: "stamps of matched samples lie up to {value} apart (tolerated {threshold})",
        hint: "trigger the sensors together, or interpolate; free-running sensors of the same rate drift through each other",
    },
];
