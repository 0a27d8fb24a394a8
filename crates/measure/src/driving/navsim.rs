//! NAVSIM's predictive driver model scores (navsim 0a380a90).
//!
//! Read [`Pdms`] and [`Epdms`] first. Not here: the simulation behind the parts.

use super::{DrivingError, unit};

/// Parts of the first score, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pdms {
    /// No at-fault collision.
    pub no_collision: f64,
    /// Drivable area kept.
    pub drivable_area: f64,
    /// Time to collision kept.
    pub ttc: f64,
    /// Ego progress.
    pub progress: f64,
    /// Comfort.
    pub comfort: f64,
}

impl Pdms {
    /// `NC DAC (5 EP + 5 TTC + 2 C) / 12` (Dauner et al. 2024, eq. 1). Errors: a part outside 0 to 1.
    pub fn score(&self) -> Result<f64, DrivingError> {
        unit(&[
            ("NC", self.no_collision),
            ("DAC", self.drivable_area),
            ("TTC", self.ttc),
            ("EP", self.progress),
            ("C", self.comfort),
        ])?;
        let weighted = 5.0 * self.progress + 5.0 * self.ttc + 2.0 * self.comfort;
        Ok(self.no_collision * self.drivable_area * weighted / 12.0)
    }
}

/// Parts of the extended score, each from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epdms {
    /// No at-fault collision.
    pub no_collision: f64,
    /// Drivable area kept.
    pub drivable_area: f64,
    /// Driving direction kept.
    pub driving_direction: f64,
    /// Traffic lights kept.
    pub traffic_lights: f64,
    /// Time to collision kept.
    pub ttc: f64,
    /// Ego progress.
    pub progress: f64,
    /// History comfort.
    pub history_comfort: f64,
    /// Lane kept.
    pub lane_keeping: f64,
    /// Extended comfort.
    pub extended_comfort: f64,
}

impl Epdms {
    /// Every part full.
    pub const PERFECT: Self = Self {
        no_collision: 1.0,
        drivable_area: 1.0,
        driving_direction: 1.0,
        traffic_lights: 1.0,
        ttc: 1.0,
        progress: 1.0,
        history_comfort: 1.0,
        lane_keeping: 1.0,
        extended_comfort: 1.0,
    };

    fn gates(&self) -> [f64; 4] {
        [
            self.no_collision,
            self.drivable_area,
            self.driving_direction,
            self.traffic_lights,
        ]
    }

    fn weighted(&self) -> [f64; 5] {
        [
            self.ttc,
            self.progress,
            self.history_comfort,
            self.lane_keeping,
            self.extended_comfort,
        ]
    }

    fn check(&self) -> Result<(), DrivingError> {
        let names = ["NC", "DAC", "DDC", "TLC", "TTC", "EP", "HC", "LK", "EC"];
        let parts = self.gates().into_iter().chain(self.weighted());
        names
            .into_iter()
            .zip(parts)
            .try_for_each(|part| unit(&[part]))
    }

    /// Product of NC, DAC, DDC and TLC times `(5 TTC + 5 EP + 2 HC + 2 LK + 2 EC) / 16`; a part the human driver
    /// scored 0 at counts as 1 (Cao et al. 2025, "Pseudo-simulation", eq. 2). Errors: a part outside 0 to 1.
    pub fn score(&self, human: &Self) -> Result<f64, DrivingError> {
        const WEIGHTS: [f64; 5] = [5.0, 5.0, 2.0, 2.0, 2.0];
        self.check()?;
        human.check()?;
        let excused = |(agent, human): (f64, f64)| if human == 0.0 { 1.0 } else { agent };
        let gates: f64 = self
            .gates()
            .into_iter()
            .zip(human.gates())
            .map(excused)
            .product();
        let parts = self
            .weighted()
            .into_iter()
            .zip(human.weighted())
            .map(excused);
        let weighted: f64 = parts.zip(WEIGHTS).map(|(part, weight)| part * weight).sum();
        Ok(gates * weighted / 16.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_drive_scores_1_and_what_the_human_missed_is_excused() {
        let full = Epdms::PERFECT;
        assert_eq!(full.score(&full), Ok(1.0));
        let no_comfort = Epdms {
            extended_comfort: 0.0,
            ..full
        };
        // A published navhard row.
        assert_eq!(no_comfort.score(&full), Ok(0.875));
        assert_eq!(no_comfort.score(&no_comfort), Ok(1.0));
        let red = Epdms {
            traffic_lights: 0.0,
            ..full
        };
        assert_eq!(red.score(&full), Ok(0.0));
        assert!(
            Epdms {
                ttc: f64::NAN,
                ..full
            }
            .score(&full)
            .is_err()
        );
    }
}
