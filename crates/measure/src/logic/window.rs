//! Extrema over moving windows of a whole trace.
//!
//! Read [`ahead`] first. Not here: traces that arrive sample by sample (`ring`).

use super::program::{Extremum, greater, lesser};

/// `out[t]` is the extremum of `x[t ..= t + last]`, cut at the end of the trace; of all that follows for none.
///
/// Blocks of the window's width, a backward scan inside each and a running extremum of the next one (van Herk 1992,
/// Gil and Werman 1993): three comparisons per sample whatever the width, no memory besides `out`, which is as long
/// as `x`. No value is NaN.
pub(super) fn ahead(extremum: Extremum, x: &[f64], last: Option<usize>, out: &mut [f64]) {
    match extremum {
        Extremum::Least => scan(lesser, x, last, out),
        Extremum::Greatest => scan(greater, x, last, out),
    }
}

fn scan(pick: impl Fn(f64, f64) -> f64 + Copy, x: &[f64], last: Option<usize>, out: &mut [f64]) {
    if last == Some(0) {
        out.copy_from_slice(x);
        return;
    }
    let width = last
        .map_or(x.len(), |last| last.saturating_add(1))
        .min(x.len());
    if width == 0 {
        return;
    }
    for (block, out) in x.chunks(width).zip(out.chunks_mut(width)) {
        let mut found = block.last().copied().unwrap_or_default();
        for (x, out) in block.iter().zip(out.iter_mut()).rev() {
            found = pick(found, *x);
            *out = found;
        }
    }
    for (out, next) in out.chunks_mut(width).zip(x.chunks(width).skip(1)) {
        let (Some(first), Some((_, out))) = (next.first(), out.split_first_mut()) else {
            continue;
        };
        let mut found = *first;
        let (both, beyond) = out.split_at_mut(next.len().min(out.len()));
        for (out, x) in both.iter_mut().zip(next) {
            found = pick(found, *x);
            *out = pick(*out, found);
        }
        for out in beyond {
            *out = pick(*out, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_by_definition(
            x in proptest::collection::vec(-9.0..9.0_f64, 1..60), last in proptest::option::of(0_usize..70),
        ) {
            for extremum in [Extremum::Least, Extremum::Greatest] {
                let mut out = vec![0.0; x.len()];
                ahead(extremum, &x, last, &mut out);
                for t in 0..x.len() {
                    let end = last.map_or(x.len(), |l| (t + l + 1).min(x.len()));
                    let plain = x[t..end].iter().copied().fold(extremum.neutral(), |a, b| extremum.of(a, b));
                    prop_assert_eq!(out[t], plain);
                }
            }
        }

        #[test]
        fn wider_windows_have_lesser_minima(
            x in proptest::collection::vec(-9.0..9.0_f64, 1..60), last in 0_usize..30, more in 0_usize..30,
        ) {
            let mut near = vec![0.0; x.len()];
            let mut far = near.clone();
            ahead(Extremum::Least, &x, Some(last), &mut near);
            ahead(Extremum::Least, &x, Some(last + more), &mut far);
            prop_assert!(near.iter().zip(&far).all(|(n, f)| f <= n));
        }
    }
}
