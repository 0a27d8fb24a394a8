//! Worst-case time to collision: both do their worst from now on.
//!
//! Read [`worst_case_time`] first. Not here: what they are likely to do.

use super::{CriticalityError, MovingBox, not_negative};

/// Steps toward the first contact; each is safe, so a result after the last is still a lower bound.
const STEPS: usize = 10_000;

/// The earliest time at which the two could touch if each may accelerate by its limit in any direction: reachable
/// discs of radius `a t^2 / 2` about the coasting centers, bodies as their circumscribed circles
/// (Wachenfeld et al. 2016). Seconds; 0 in contact; infinite where even the worst does not meet.
///
/// Found by steps that never pass the first contact: while `D` meters are left, nothing closes faster than
/// `|dv| + a t` growing by `a`. Errors: numbers that are not finite, limits below zero.
pub fn worst_case_time(
    ego: &MovingBox,
    other: &MovingBox,
    accelerations: [f64; 2],
) -> Result<f64, CriticalityError> {
    ego.check()?;
    other.check()?;
    not_negative(&[("a_ego", accelerations[0]), ("a_other", accelerations[1])])?;
    let acceleration = accelerations[0] + accelerations[1];
    let velocity = |b: &MovingBox| {
        let (sin, cos) = b.heading_radians.sin_cos();
        [b.speed_meters_per_sec * cos, b.speed_meters_per_sec * sin]
    };
    let radius = |b: &MovingBox| 0.5 * f64::hypot(b.length_meters, b.width_meters);
    let (ve, vo) = (velocity(ego), velocity(other));
    let apart = [other.x_meters - ego.x_meters, other.y_meters - ego.y_meters];
    let drift = [vo[0] - ve[0], vo[1] - ve[1]];
    let reach = radius(ego) + radius(other);
    let speed = f64::hypot(drift[0], drift[1]);
    let left = |t: f64| {
        f64::hypot(apart[0] + drift[0] * t, apart[1] + drift[1] * t)
            - reach
            - 0.5 * acceleration * t * t
    };
    // Coasting discs part for good once they move away from each other.
    let nearest_secs = if speed > 0.0 {
        -(apart[0] * drift[0] + apart[1] * drift[1]) / (speed * speed)
    } else {
        0.0
    };
    let mut t = 0.0_f64;
    for _ in 0..STEPS {
        let room = left(t);
        if room <= 0.0 {
            return Ok(t);
        }
        let closing = speed + acceleration * t;
        if closing == 0.0 && acceleration == 0.0 || acceleration == 0.0 && t > nearest_secs {
            return Ok(f64::INFINITY);
        }
        let step = 2.0 * room / (closing + (closing * closing + 2.0 * acceleration * room).sqrt());
        if step <= 1e-13 * (1.0 + t) {
            return Ok(t);
        }
        t += step;
    }
    Ok(t)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64, speed: f64) -> MovingBox {
        MovingBox {
            x_meters: x,
            y_meters: y,
            heading_radians: 0.0,
            length_meters: 0.0,
            width_meters: 0.0,
            speed_meters_per_sec: speed,
        }
    }

    #[test]
    fn by_hand() {
        // Standing 20 m apart, both with 5 m/s^2: 20 = 5 t^2.
        let found = worst_case_time(&at(0.0, 0.0, 0.0), &at(20.0, 0.0, 0.0), [5.0, 5.0]);
        assert!(found.is_ok_and(|t| (t - 2.0).abs() < 1e-9));
        // Coasting head on without any freedom: plain time to collision.
        let found = worst_case_time(&at(0.0, 0.0, 10.0), &at(20.0, 0.0, 0.0), [0.0, 0.0]);
        assert!(found.is_ok_and(|t| (t - 2.0).abs() < 1e-9));
        // Passing at 3 m without freedom never meets; with freedom it does.
        let never = worst_case_time(&at(0.0, 0.0, 10.0), &at(20.0, 3.0, 0.0), [0.0, 0.0]);
        assert_eq!(never, Ok(f64::INFINITY));
        let meets = worst_case_time(&at(0.0, 0.0, 10.0), &at(20.0, 3.0, 0.0), [3.0, 3.0]);
        let t = meets.expect("defined");
        let residual = f64::hypot(20.0 - 10.0 * t, 3.0) - 3.0 * t * t;
        assert!(residual.abs() < 1e-6, "{t}");
    }

    #[test]
    fn more_freedom_is_never_later() {
        let mut last = f64::INFINITY;
        for a in [0.0, 0.5, 1.0, 2.0, 4.0, 8.0] {
            let t = worst_case_time(&at(0.0, 0.0, 4.0), &at(9.0, 7.0, 2.0), [a, 1.0]);
            let t = t.expect("defined");
            assert!(t <= last + 1e-9);
            last = t;
        }
    }
}
