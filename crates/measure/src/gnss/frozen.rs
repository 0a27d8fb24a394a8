//! Receivers that repeat a position.

use super::Fix;

/// Runs of bit-identical latitude and longitude that last longer than `least_secs`: first and last report of each.
///
/// Whether the receiver moved meanwhile is for the caller to say: receivers that hold still may repeat themselves.
/// Cost: one pass.
pub fn frozen_runs(fixes: &[Fix], least_secs: f64) -> Vec<(usize, usize)> {
    let mut runs = Vec::new();
    let mut start = 0;
    for i in 1..=fixes.len() {
        let same = fixes.get(i).is_some_and(|fix| {
            fix.latitude_degrees.to_bits() == fixes[start].latitude_degrees.to_bits()
                && fix.longitude_degrees.to_bits() == fixes[start].longitude_degrees.to_bits()
        });
        if same {
            continue;
        }
        let span = fixes[i - 1].t_nanos.saturating_sub(fixes[start].t_nanos);
        if i - start >= 3 && span as f64 / 1e9 > least_secs && fixes[start].is_position() {
            runs.push((start, i - 1));
        }
        start = i;
    }
    runs
}
