//! Stretches of time of different splits that overlap or nearly touch.

use std::collections::BTreeMap;

/// A stretch of time of one stream: a recording, a rig, a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// Number of the stream.
    pub stream: usize,
    /// First moment, nanoseconds.
    pub start_ns: i64,
    /// Last moment, which belongs to it.
    pub end_ns: i64,
    /// Its split.
    pub split: usize,
    /// What the caller calls it.
    pub row: usize,
}

/// Two stretches of one stream and of different splits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near {
    /// The one that begins first.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// From the end of the first to the start of the second, nanoseconds; 0 or less where they overlap.
    pub gap_ns: i64,
}

/// Stretches of different splits of one stream that share a moment, or between which less than `gap_ns` lies. Every
/// stretch is named with the one of each other split that reaches farthest before it, so that their number is at most
/// stretches times splits. Cost: one sort, then linear in stretches times splits.
pub fn near_in_time(mut stretches: Vec<Stretch>, gap_ns: i64) -> Vec<Near> {
    stretches.sort_unstable();
    let mut found = Vec::new();
    let mut stream = None;
    // What reaches farthest of every split so far.
    let mut farthest: BTreeMap<usize, (i64, usize)> = BTreeMap::new();
    for one in stretches {
        if stream != Some(one.stream) {
            stream = Some(one.stream);
            farthest.clear();
        }
        for (split, (end_ns, row)) in &farthest {
            let gap = one.start_ns.saturating_sub(*end_ns);
            if *split != one.split && (gap <= 0 || gap < gap_ns) {
                found.push(Near {
                    first: *row,
                    second: one.row,
                    gap_ns: gap,
                });
            }
        }
        let reach = farthest.entry(one.split).or_insert((one.end_ns, one.row));
        if one.end_ns > reach.0 {
            *reach = (one.end_ns, one.row);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
