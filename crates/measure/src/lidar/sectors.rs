//! Directions without returns.

use super::sweep::{SECTORS, Sweep};

/// Narrowest sector that is reported, degrees.
const LEAST_DEGREES: usize = 5;
/// Fewest sweeps in a row without a return, and fewest other sweeps to know how the sector is otherwise.
const LEAST_SWEEPS: usize = 3;
/// Share of the other sweeps in which a sector must have returns to be missed.
const USUAL_SHARE: f64 = 0.95;
/// Returns per degree below which an empty degree says nothing (clouds; scans have one beam or few).
const LEAST_RETURNS: u16 = 3;
/// Share of sweeps with returns up to which a sector counts as blind.
const BLIND_SHARE: f64 = 0.02;
/// Covered degrees from which on a sensor looks all around, so that a blind sector is one.
const ALL_AROUND_DEGREES: usize = 180;

/// A sector that had returns and then had none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Where it begins, degrees of azimuth from -180 to 179, counterclockwise.
    pub start_degrees: i32,
    /// Its width, degrees.
    pub width_degrees: usize,
    /// First sweep without returns.
    pub from: usize,
    /// First sweep after it, or the number of sweeps.
    pub to: usize,
}

/// What is known about directions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sectors {
    /// Sectors that stopped returning for a while or for good, widest first.
    pub blocked: Vec<Blocked>,
    /// Widest sector without returns in the whole recording (start, width), degrees, of a sensor that looks around.
    pub blind: Option<(i32, usize)>,
    /// Degrees that have returns in at least half of the sweeps.
    pub covered_degrees: usize,
}

/// Sectors of at least 5 degrees without returns on any ring.
///
/// Blocked: no return for at least 3 sweeps in a row, but returns in 95 % of at least 3 other sweeps, on neighboring
/// degrees at the same time (to a sweep). Blind: never a return; whether that is the vehicle itself, the mounting or
/// dirt that was there from the start cannot be told from the points, so it is given separately. Fewer than 6 sweeps
/// give no blocked sector. Cost: 360 per sweep.
pub fn sectors(sweeps: &[Sweep]) -> Sectors {
    let runs: Vec<Option<(usize, usize)>> = (0..SECTORS).map(|s| missing(sweeps, s)).collect();
    let mut blocked = Vec::new();
    for (start, width) in arcs(|a| runs.get(a).copied().flatten().is_some()) {
        split(&runs, (start, width), &mut blocked);
    }
    blocked.sort_by_key(|b: &Blocked| (std::cmp::Reverse(b.width_degrees), b.from));
    let share = |sector: usize| {
        let seen = sweeps.iter().filter(|s| returns(s, sector) > 0).count();
        seen as f64 / sweeps.len().max(1) as f64
    };
    let shares: Vec<f64> = (0..SECTORS).map(share).collect();
    let covered_degrees = shares.iter().filter(|s| **s >= 0.5).count();
    let is_blind = |a: usize| shares.get(a).is_some_and(|s| *s <= BLIND_SHARE);
    let blind = arcs(is_blind)
        .into_iter()
        .filter(|(_, width)| *width >= LEAST_DEGREES)
        .max_by_key(|(_, width)| *width)
        .filter(|_| covered_degrees >= ALL_AROUND_DEGREES)
        .map(|(start, width)| (degrees(start), width));
    Sectors {
        blocked,
        blind,
        covered_degrees,
    }
}

fn returns(sweep: &Sweep, sector: usize) -> u16 {
    sweep.azimuths.get(sector).copied().unwrap_or(0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "sectors are below 360"
)]
fn degrees(sector: usize) -> i32 {
    (sector % SECTORS) as i32 - 180
}

/// The longest run of sweeps without returns in a sector that has them otherwise.
fn missing(sweeps: &[Sweep], sector: usize) -> Option<(usize, usize)> {
    let mut best = (0, 0);
    let mut start = 0;
    for (index, sweep) in sweeps.iter().enumerate() {
        if returns(sweep, sector) > 0 {
            start = index + 1;
        } else if index + 1 - start > best.1 - best.0 {
            best = (start, index + 1);
        }
    }
    let is_inside = |index: usize| index >= best.0 && index < best.1;
    let others = sweeps.iter().enumerate().filter(|(i, _)| !is_inside(*i));
    let mut counts: Vec<u16> = others.map(|(_, s)| returns(s, sector)).collect();
    let seen = counts.iter().filter(|c| **c > 0).count();
    counts.sort_unstable();
    let usual = counts.get(counts.len() / 2).copied().unwrap_or(0);
    let is_scan = sweeps.first().is_some_and(Sweep::is_scan);
    let is_missed = best.1 - best.0 >= LEAST_SWEEPS
        && counts.len() >= LEAST_SWEEPS
        && seen as f64 >= USUAL_SHARE * counts.len() as f64
        && (is_scan || usual >= LEAST_RETURNS);
    is_missed.then_some(best)
}

/// Runs of sectors, around the circle: start and width.
fn arcs(is_in: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let Some(gap) = (0..SECTORS).find(|a| !is_in(*a)) else {
        return vec![(0, SECTORS)];
    };
    let mut found = Vec::new();
    let mut width = 0;
    for step in 1..=SECTORS {
        if is_in((gap + step) % SECTORS) {
            width += 1;
        } else if width > 0 {
            found.push(((gap + step - width) % SECTORS, width));
            width = 0;
        }
    }
    found
}

/// Cuts an arc where the time of the blockage changes by more than a sweep.
fn split(runs: &[Option<(usize, usize)>], arc: (usize, usize), blocked: &mut Vec<Blocked>) {
    let (start, width) = arc;
    let run_at = |offset: usize| runs.get((start + offset) % SECTORS).copied().flatten();
    let mut begin = 0;
    for offset in 1..=width {
        let same = (offset < width)
            && run_at(offset)
                .zip(run_at(begin))
                .is_some_and(|(a, b)| a.0.abs_diff(b.0) <= 1 && a.1.abs_diff(b.1) <= 1);
        if same {
            continue;
        }
        if let Some((from, to)) = run_at(usize::midpoint(begin, offset - 1))
            && offset - begin >= LEAST_DEGREES
        {
            blocked.push(Blocked {
                start_degrees: degrees(start + begin),
                width_degrees: offset - begin,
                from,
                to,
            });
        }
        begin = offset;
    }
}

#[cfg(test)]
mod tests {
    use super::super::sweep::Points;
    use super::*;

    /// A sweep all around without the sector (start, width).
    fn sweep(without: Option<(i32, i32)>) -> Sweep {
        let mut positions = Vec::new();
        for step in 0..1800 {
            let degrees = -180.0 + 0.2 * step as f32;
            let is_out = without.is_some_and(|(start, width)| {
                let inside = (degrees - start as f32).rem_euclid(360.0);
                inside < width as f32
            });
            if !is_out {
                let a = degrees.to_radians();
                positions.push([10.0 * a.cos(), 10.0 * a.sin(), 0.0]);
            }
        }
        let points = Points {
            positions: &positions,
            ..Points::default()
        };
        Sweep::of_cloud(0, 0, &points)
    }

    #[test]
    fn a_sector_blocked_from_a_moment_on_is_found_around_the_seam() {
        let mut sweeps = vec![sweep(None); 6];
        sweeps.extend(vec![sweep(Some((175, 10))); 14]);
        let found = sectors(&sweeps);
        assert_eq!(found.blocked.len(), 1, "{:?}", found.blocked);
        let arc = found.blocked[0];
        assert!(arc.width_degrees.abs_diff(10) <= 1, "{arc:?}");
        assert_eq!((arc.from, arc.to), (6, 20));
        assert!((arc.start_degrees - 175).abs() <= 1);
        assert_eq!(found.blind, None);
    }

    #[test]
    fn the_body_is_blind_and_not_blocked() {
        let found = sectors(&vec![sweep(Some((90, 30))); 20]);
        assert!(found.blocked.is_empty());
        let (start, width) = found.blind.unwrap();
        assert!((start - 90).abs() <= 1 && (29..=30).contains(&width));
    }

    #[test]
    fn short_and_narrow_losses_and_front_sensors_are_left_alone() {
        let mut sweeps = vec![sweep(None); 20];
        sweeps[5] = sweep(Some((0, 40)));
        sweeps[9] = sweep(Some((0, 3)));
        assert_eq!(sectors(&sweeps).blocked, vec![]);
        let front = sectors(&vec![sweep(Some((60, 240))); 20]);
        assert_eq!((front.blind, front.blocked.len()), (None, 0));
        assert_eq!(sectors(&[]).covered_degrees, 0);
    }
}
