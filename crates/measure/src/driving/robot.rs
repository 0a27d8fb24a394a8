//! Scores of mobile robots: success weighted by path length, BARN, distance to people.
//!
//! Read [`spl`], [`barn`] and [`social`] first. Not here: planning and maps.

use super::{DrivingError, finite, positive, samples};
use crate::stats::{Estimate, Resampling, bootstrap};

/// Episodes of a navigation task, one entry each.
#[derive(Clone, Copy, Debug)]
pub struct Episodes<'a> {
    /// Whether the goal was reached, or how far from 0 to 1.
    pub success: &'a [f64],
    /// Shortest path to the goal, meters, above 0.
    pub shortest_meters: &'a [f64],
    /// Path taken, meters.
    pub actual_meters: &'a [f64],
}

/// Success weighted by path length: the mean of `S l / max(p, l)` (Anderson et al. 2018, eq. 1), with the
/// bootstrap over episodes where `how` asks for it.
///
/// Errors: no episodes, lists of different length, success outside 0 to 1, lengths below 0, a shortest path of 0.
pub fn spl(episodes: &Episodes<'_>, how: Option<Resampling>) -> Result<Estimate, DrivingError> {
    let n = episodes.success.len();
    if n == 0 {
        return Err(DrivingError::Empty {
            field: "success",
            least: 1,
        });
    }
    samples("success", episodes.success, n)?;
    samples("shortest", episodes.shortest_meters, n)?;
    samples("actual", episodes.actual_meters, n)?;
    episodes
        .success
        .iter()
        .try_for_each(|s| super::unit(&[("success", *s)]))?;
    episodes
        .shortest_meters
        .iter()
        .try_for_each(|l| positive(&[("shortest", *l)]))?;
    let lengths = episodes.shortest_meters.iter().zip(episodes.actual_meters);
    let each: Vec<f64> = episodes
        .success
        .iter()
        .zip(lengths)
        .map(|(s, (shortest, actual))| s * shortest / actual.max(*shortest))
        .collect();
    let mean = |drawn: &[usize]| {
        let sum: f64 = drawn.iter().filter_map(|&i| each.get(i)).sum();
        Some(sum / drawn.len() as f64)
    };
    let interval = how.and_then(|how| bootstrap(n, how, mean));
    Ok(Estimate::with(
        each.iter().sum::<f64>() / n as f64,
        interval,
        n,
    ))
}

/// The score of the BARN challenge of one run: `S OT / clip(AT, low OT, high OT)`, `OT` the time of the path at full
/// speed. ICRA 2022 clips to 4 and 8 times, later editions to 2 and 8.
///
/// Errors: success outside 0 to 1, a path, time or speed that is not positive.
pub fn barn(
    success: f64,
    path_meters: f64,
    actual_secs: f64,
    top_speed: f64,
    clip: [f64; 2],
) -> Result<f64, DrivingError> {
    super::unit(&[("success", success)])?;
    positive(&[
        ("path_length", path_meters),
        ("actual_time", actual_secs),
        ("v_max", top_speed),
        ("clip", clip[0]),
    ])?;
    let best = path_meters / top_speed;
    Ok(success * best / actual_secs.max(clip[0] * best).min(clip[1] * best))
}

/// Edges of the zones around people, meters (Hall 1966).
pub const ZONES_METERS: Zones = Zones {
    intimate: 0.45,
    personal: 1.2,
    social: 3.6,
};

/// Radii of the zones around a person, meters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zones {
    /// Arm's length.
    pub intimate: f64,
    /// Of friends.
    pub personal: f64,
    /// Of strangers.
    pub social: f64,
}

/// How near a robot came to people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Social {
    /// Least distance to anybody, meters; infinite where nobody was seen.
    pub least_meters: f64,
    /// Seconds with somebody in the intimate zone.
    pub intimate_secs: f64,
    /// Seconds with somebody in the personal zone or nearer.
    pub personal_secs: f64,
    /// Seconds with somebody in the social zone or nearer.
    pub social_secs: f64,
    /// Times the personal zone was entered.
    pub personal_entries: usize,
    /// Samples.
    pub n: usize,
}

/// Distances between a robot and people over time; one position of the robot and the positions of everybody seen per
/// sample, in one frame, meters.
///
/// Distances are between centers: take radii off the zones where bodies count. Errors: no samples, lists of different
/// length, numbers that are not finite, a step that is not positive. Cost: one pass.
pub fn social(
    robot: &[[f64; 2]],
    people: &[Vec<[f64; 2]>],
    step_secs: f64,
    zones: &Zones,
) -> Result<Social, DrivingError> {
    positive(&[("dt", step_secs)])?;
    if robot.is_empty() {
        return Err(DrivingError::Empty {
            field: "robot",
            least: 1,
        });
    }
    if people.len() != robot.len() {
        return Err(DrivingError::Lengths {
            field: "people",
            seen: people.len(),
            expected: robot.len(),
        });
    }
    let all = robot.iter().chain(people.iter().flatten()).flatten();
    all.into_iter()
        .try_for_each(|x| finite(&[("position", *x)]))?;
    let nearest: Vec<f64> = robot
        .iter()
        .zip(people)
        .map(|(r, seen)| {
            let distances = seen.iter().map(|p| (p[0] - r[0]).hypot(p[1] - r[1]));
            distances.fold(f64::INFINITY, f64::min)
        })
        .collect();
    let inside = |radius: f64| nearest.iter().filter(|d| **d < radius).count() as f64 * step_secs;
    let entered = |pair: (&f64, &f64)| *pair.0 >= zones.personal && *pair.1 < zones.personal;
    let begins_inside = usize::from(nearest.first().is_some_and(|d| *d < zones.personal));
    Ok(Social {
        least_meters: nearest.iter().copied().fold(f64::INFINITY, f64::min),
        intimate_secs: inside(zones.intimate),
        personal_secs: inside(zones.personal),
        social_secs: inside(zones.social),
        personal_entries: begins_inside
            + nearest
                .iter()
                .zip(nearest.iter().skip(1))
                .filter(|pair| entered(*pair))
                .count(),
        n: robot.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_by_hand() {
        let robot: Vec<[f64; 2]> = (0..10).map(|i| [f64::from(i), 0.0]).collect();
        // Somebody stands at (4, 1); nobody is seen in the last sample.
        let people: Vec<Vec<[f64; 2]>> = (0..10)
            .map(|i| if i < 9 { vec![[4.0, 1.0]] } else { vec![] })
            .collect();
        let found = social(&robot, &people, 0.5, &ZONES_METERS).expect("defined");
        assert_eq!(found.least_meters, 1.0);
        assert_eq!((found.intimate_secs, found.personal_secs), (0.0, 0.5));
        // |x - 4| < sqrt(3.6^2 - 1) = 3.46: x = 1 to 7.
        assert_eq!(found.social_secs, 3.5);
        assert_eq!(found.personal_entries, 1);
    }

    #[test]
    fn the_interval_of_spl_holds_its_estimate() {
        let success: Vec<f64> = (0..40).map(|i| f64::from(u8::from(i % 4 != 0))).collect();
        let shortest = vec![10.0; 40];
        let actual: Vec<f64> = (0..40).map(|i| 10.0 + f64::from(i % 5)).collect();
        let episodes = Episodes {
            success: &success,
            shortest_meters: &shortest,
            actual_meters: &actual,
        };
        let found = spl(&episodes, Some(Resampling::default())).expect("defined");
        assert!(found.low.is_some_and(|l| l < found.estimate));
        assert!(found.high.is_some_and(|h| h > found.estimate));
        let zero = Episodes {
            shortest_meters: &[0.0],
            success: &[1.0],
            actual_meters: &[1.0],
        };
        assert!(spl(&zero, None).is_err());
    }
}
