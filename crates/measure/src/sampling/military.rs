//! Sampling plans of MIL-STD-105E (10 May 1989; US Government work), tables I, II-A, II-B and II-C.
//!
//! Read [`code_letter`] and [`single_plan`] first. The master tables are regular: sample sizes and quality limits grow by
//! the fifth root of ten, so the number accepted hangs on the diagonal alone, with arrows between; the tables are written
//! down here in that form. An acceptance quality limit is no claim about a lot: [`super::acceptance`] shows what passes.
//! Not here: double and multiple sampling.

use super::SamplingError;
use super::acceptance::AcceptancePlan;
use serde::{Deserialize, Serialize};

/// Letters of the tables, from the smallest sample; I and O are left out.
pub const LETTERS: &[u8; 16] = b"ABCDEFGHJKLMNPQR";

/// Acceptance quality limits of the tables, in percent (or errors per hundred units above 10).
pub const LIMITS_PERCENT: [f64; 26] = [
    0.010, 0.015, 0.025, 0.040, 0.065, 0.10, 0.15, 0.25, 0.40, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0,
    15.0, 25.0, 40.0, 65.0, 100.0, 150.0, 250.0, 400.0, 650.0, 1000.0,
];

/// Sample sizes by letter, and the one beyond R that tightened inspection has (S).
const NORMAL_SIZES: [u64; 17] = [
    2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000, 3150,
];

/// Sample sizes of reduced inspection by letter.
const REDUCED_SIZES: [u64; 16] = [
    2, 2, 2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800,
];

/// How much is looked at for the size of the lot: table I.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum Level {
    /// Special 1.
    #[serde(rename = "S-1")]
    S1,
    /// Special 2.
    #[serde(rename = "S-2")]
    S2,
    /// Special 3.
    #[serde(rename = "S-3")]
    S3,
    /// Special 4.
    #[serde(rename = "S-4")]
    S4,
    /// Less than usual.
    I,
    /// The usual one.
    #[default]
    II,
    /// More than usual.
    III,
}

/// Largest lot of each row of table I but the last, and the letters of the levels in the order of [`Level`].
const ROWS: [(u64, &[u8; 7]); 15] = [
    (8, b"AAAAAAB"),
    (15, b"AAAAABC"),
    (25, b"AABBBCD"),
    (50, b"ABBCCDE"),
    (90, b"BBCCCEF"),
    (150, b"BBCDDFG"),
    (280, b"BCDEEGH"),
    (500, b"BCDEFHJ"),
    (1_200, b"CCEFGJK"),
    (3_200, b"CDEGHKL"),
    (10_000, b"CDFGJLM"),
    (35_000, b"CDFHKMN"),
    (150_000, b"DEGJLNP"),
    (500_000, b"DEGJMPQ"),
    (u64::MAX, b"DEHKNQR"),
];

/// The sample size letter of a lot (table I).
///
/// Errors: [`SamplingError::OutOfRange`] for a lot below 2, which the table does not have. Cost: constant.
pub fn code_letter(lot: u64, level: Level) -> Result<char, SamplingError> {
    super::range(
        "lot",
        lot as f64,
        lot >= 2,
        "at least 2; review a single item as it is",
    )?;
    let row = ROWS.iter().find(|(most, _)| lot <= *most);
    let letters = row.map_or(b"DEHKNQR", |(_, letters)| *letters);
    let column = match level {
        Level::S1 => 0,
        Level::S2 => 1,
        Level::S3 => 2,
        Level::S4 => 3,
        Level::I => 4,
        Level::II => 5,
        Level::III => 6,
    };
    Ok(char::from(letters[column]))
}

/// How hard a supplier is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Inspection {
    /// Table II-A.
    #[default]
    Normal,
    /// Table II-B, after lots failed.
    Tightened,
    /// Table II-C, after many passed.
    Reduced,
}

/// A plan of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TablePlan {
    /// Items reviewed; a sample as large as the lot means a full review.
    pub n: u64,
    /// Errors with which the lot passes.
    pub accept: u64,
    /// Errors with which it fails. Between the two (reduced only) it passes, and normal inspection comes back.
    pub reject: u64,
}

impl TablePlan {
    /// The plan for its operating characteristic.
    pub fn plan(&self) -> AcceptancePlan {
        AcceptancePlan {
            n: self.n,
            accept: self.accept,
        }
    }
}

/// Numbers accepted along the diagonals 17 to 26 of table II-A, where letter and limit number add to that.
const NORMAL: [u64; 10] = [1, 2, 3, 5, 7, 10, 14, 21, 30, 44];
/// The same along 18 to 26 of table II-B.
const TIGHTENED: [u64; 9] = [1, 2, 3, 5, 8, 12, 18, 27, 41];
/// Accepted and refused along 17 to 26 of table II-C.
const REDUCED: [(u64, u64); 10] = [
    (0, 2),
    (1, 3),
    (1, 4),
    (2, 5),
    (3, 6),
    (5, 8),
    (7, 10),
    (10, 13),
    (14, 17),
    (21, 24),
];
/// The corner of table II-C: letters A (from 25 on) and B (from 25 on), limits 25 to 1000.
const REDUCED_A: [(u64, u64); 9] = [
    (1, 2),
    (2, 3),
    (3, 4),
    (5, 6),
    (7, 8),
    (10, 11),
    (14, 15),
    (21, 22),
    (30, 31),
];
const REDUCED_B: [(u64, u64); 9] = [
    (1, 3),
    (2, 4),
    (3, 5),
    (5, 6),
    (7, 8),
    (10, 11),
    (14, 15),
    (21, 22),
    (30, 31),
];

/// The plan printed at a letter and limit; none where the table has an arrow.
fn printed(inspection: Inspection, letter: usize, limit: usize) -> Option<TablePlan> {
    let diagonal = letter + limit;
    // Letters from F on end at 21, 18 and 10 accepted; below they go on.
    let last = if letter < 5 { 26 } else { 24 };
    if diagonal > last {
        return None;
    }
    let of = |(accept, reject)| TablePlan {
        n: match inspection {
            Inspection::Reduced => REDUCED_SIZES[letter.min(15)],
            _ => NORMAL_SIZES[letter],
        },
        accept,
        reject,
    };
    let next = |accept: &u64| of((*accept, accept + 1));
    match inspection {
        Inspection::Normal | Inspection::Reduced if diagonal == 14 => Some(of((0, 1))),
        Inspection::Normal => NORMAL.get(diagonal.checked_sub(17)?).map(next),
        Inspection::Tightened if diagonal == 15 && letter > 0 => Some(of((0, 1))),
        Inspection::Tightened => TIGHTENED.get(diagonal.checked_sub(18)?).map(next),
        Inspection::Reduced if letter == 0 && limit >= 17 => {
            REDUCED_A.get(limit - 17).copied().map(of)
        }
        Inspection::Reduced if letter == 1 && limit >= 17 => {
            REDUCED_B.get(limit - 17).copied().map(of)
        }
        Inspection::Reduced => REDUCED.get(diagonal.checked_sub(17)?).copied().map(of),
    }
}

/// The single plan of a letter and a quality limit in percent; arrows are followed to the plan they point at, whose sample
/// size then holds.
///
/// Errors: [`SamplingError::OutOfRange`] for a letter or limit the tables do not have. Cost: constant.
pub fn single_plan(
    inspection: Inspection,
    letter: char,
    limit_percent: f64,
) -> Result<TablePlan, SamplingError> {
    let row = LETTERS.iter().position(|l| char::from(*l) == letter);
    let Some(row) = row else {
        return Err(SamplingError::OutOfRange {
            field: "letter",
            value: f64::from(u32::from(letter)),
            hint: "A to R without I and O",
        });
    };
    let is_near = |l: &f64| (l - limit_percent).abs() <= 1e-9 * l;
    let Some(limit) = LIMITS_PERCENT.iter().position(is_near) else {
        return Err(SamplingError::OutOfRange {
            field: "limit_percent",
            value: limit_percent,
            hint: "one of 0.010, 0.015, 0.025, 0.040, 0.065, 0.10 and so on to 1000",
        });
    };
    let diagonal = row + limit;
    let rows = match inspection {
        Inspection::Tightened => 17,
        _ => 16,
    };
    let up = || (0..=row).rev().find_map(|r| printed(inspection, r, limit));
    let down = || (row..rows).find_map(|r| printed(inspection, r, limit));
    // Arrows point down before the first plans and between 0 and 1, but just below 0 they point up.
    let is_up = match inspection {
        Inspection::Tightened => diagonal > 18,
        _ => diagonal == 15 || diagonal > 17,
    };
    let found = if is_up {
        up().or_else(down)
    } else {
        down().or_else(up)
    };
    found.ok_or(SamplingError::OutOfRange {
        field: "limit_percent",
        value: limit_percent,
        hint: "no plan of the table has this limit",
    })
}

/// Where a series of lots stands (MIL-STD-105E, 4.7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Switching {
    /// What the next lot is looked at with.
    pub inspection: Inspection,
    /// Whether lots are no longer taken.
    pub is_discontinued: bool,
    /// The last lots under this inspection, at most ten, the newest last.
    recent: Vec<bool>,
    /// Lots since tightened inspection began.
    tightened: u32,
}

impl Switching {
    /// Takes the outcome of a lot; `is_marginal` for a reduced plan's number of errors between accept and reject.
    ///
    /// Normal to tightened: two of five lots in a row not accepted. Tightened to normal: five accepted in a row; ten lots on
    /// tightened end it all. Normal to reduced: ten accepted in a row, and `may_reduce` (production steady, few errors in all:
    /// table VIII, which the caller holds). Reduced to normal: a lot not accepted or marginal.
    pub fn take(&mut self, is_accepted: bool, is_marginal: bool, may_reduce: bool) {
        if self.is_discontinued {
            return;
        }
        if self.recent.len() == 10 {
            self.recent.remove(0);
        }
        self.recent.push(is_accepted);
        let refused_of_five = self.recent.iter().rev().take(5).filter(|a| !**a).count();
        let accepted_in_row = self.recent.iter().rev().take_while(|a| **a).count();
        match self.inspection {
            Inspection::Normal if refused_of_five >= 2 => self.switch(Inspection::Tightened),
            Inspection::Normal if accepted_in_row >= 10 && may_reduce => {
                self.switch(Inspection::Reduced);
            }
            Inspection::Tightened => {
                self.tightened += 1;
                if accepted_in_row >= 5 {
                    self.switch(Inspection::Normal);
                } else if self.tightened >= 10 {
                    self.is_discontinued = true;
                }
            }
            Inspection::Reduced if !is_accepted || is_marginal => self.switch(Inspection::Normal),
            _ => {}
        }
    }

    fn switch(&mut self, to: Inspection) {
        self.inspection = to;
        self.recent.clear();
        self.tightened = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(inspection: Inspection, letter: char, limit: f64) -> (u64, u64, u64) {
        let found = single_plan(inspection, letter, limit).unwrap();
        (found.n, found.accept, found.reject)
    }

    #[test]
    fn well_known_plans() {
        use Inspection::{Normal, Reduced, Tightened};
        assert_eq!(of(Normal, 'K', 1.0), (125, 3, 4));
        assert_eq!(of(Tightened, 'K', 1.0), (125, 2, 3));
        assert_eq!(of(Reduced, 'K', 1.0), (50, 1, 4));
        assert_eq!(of(Normal, 'J', 2.5), (80, 5, 6));
        assert_eq!(of(Normal, 'A', 10.0), (5, 1, 2));
        assert_eq!(of(Normal, 'R', 0.015), (800, 0, 1));
        assert_eq!(of(Tightened, 'Q', 0.025), (3150, 1, 2));
        assert_eq!(of(Reduced, 'C', 1000.0), (2, 30, 31));
        assert!(single_plan(Normal, 'I', 1.0).is_err() && single_plan(Normal, 'A', 2.0).is_err());
    }

    #[test]
    fn letters_of_lots() {
        assert_eq!(code_letter(1000, Level::II).unwrap(), 'J');
        assert_eq!(code_letter(3201, Level::II).unwrap(), 'L');
        assert_eq!(code_letter(2, Level::III).unwrap(), 'B');
        assert_eq!(code_letter(u64::MAX, Level::S4).unwrap(), 'K');
        assert!(code_letter(1, Level::II).is_err());
    }

    #[test]
    fn every_cell_has_a_plan_and_tightened_ones_pass_less() {
        for letter in LETTERS {
            for limit in LIMITS_PERCENT {
                let passes = |inspection| {
                    let found = single_plan(inspection, char::from(*letter), limit).unwrap();
                    assert!(found.reject > found.accept);
                    found.plan().passes((limit / 100.0).min(0.5)).unwrap()
                };
                let (normal, tightened) =
                    (passes(Inspection::Normal), passes(Inspection::Tightened));
                assert!(
                    tightened <= normal,
                    "{letter} {limit}: {tightened} {normal}"
                );
                passes(Inspection::Reduced);
            }
        }
    }

    #[test]
    fn lots_switch() {
        let mut at = Switching::default();
        at.take(false, false, false);
        at.take(true, false, false);
        at.take(false, false, false);
        assert_eq!(at.inspection, Inspection::Tightened);
        for _ in 0..5 {
            at.take(true, false, false);
        }
        assert_eq!(at.inspection, Inspection::Normal);
        for _ in 0..10 {
            at.take(true, false, true);
        }
        assert_eq!(at.inspection, Inspection::Reduced);
        at.take(true, true, true);
        assert_eq!(at.inspection, Inspection::Normal);
        at.take(false, false, false);
        at.take(false, false, false);
        for i in 0..10 {
            at.take(i % 4 != 3, false, false);
        }
        assert!(at.is_discontinued);
    }
}
