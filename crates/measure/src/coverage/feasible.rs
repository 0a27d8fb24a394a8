//! Which combinations of levels can exist at all.

use super::CoverageError;

/// A combination that cannot exist: pairs of attribute and level, all at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    parts: Vec<(usize, u32)>,
}

impl Forbidden {
    /// From pairs of attribute and level. Errors: [`CoverageError::Empty`] without any, which would forbid everything.
    pub fn new(parts: Vec<(usize, u32)>) -> Result<Self, CoverageError> {
        if parts.is_empty() {
            return Err(CoverageError::Empty);
        }
        Ok(Self { parts })
    }

    pub(super) fn parts(&self) -> &[(usize, u32)] {
        &self.parts
    }

    fn is_hit(&self, levels: &[Option<u32>]) -> bool {
        self.parts
            .iter()
            .all(|(attribute, level)| levels.get(*attribute) == Some(&Some(*level)))
    }

    fn touches(&self, attribute: usize) -> bool {
        self.parts.iter().any(|part| part.0 == attribute)
    }
}

/// Decides whether a partial assignment can be completed without a forbidden combination.
pub(super) struct Feasible<'a> {
    forbidden: &'a [Forbidden],
    levels: &'a [u32],
    /// Attributes that some forbidden combination names: only these must be tried.
    named: Vec<usize>,
}

impl<'a> Feasible<'a> {
    pub(super) fn new(forbidden: &'a [Forbidden], levels: &'a [u32]) -> Self {
        let named = (0..levels.len())
            .filter(|a| forbidden.iter().any(|f| f.touches(*a)))
            .collect();
        Self {
            forbidden,
            levels,
            named,
        }
    }

    /// Exact, by trying levels of the named attributes; `levels` is as it was afterwards.
    pub(super) fn can_be_completed(&self, levels: &mut [Option<u32>]) -> bool {
        if self.forbidden.iter().any(|f| f.is_hit(levels)) {
            return false;
        }
        // Only attributes of combinations that are not contradicted yet can still do harm.
        let open = self.named.iter().find(|a| {
            levels[**a].is_none()
                && self.forbidden.iter().any(|f| {
                    f.touches(**a)
                        && f.parts
                            .iter()
                            .all(|(b, level)| levels[*b].is_none_or(|l| l == *level))
                })
        });
        let Some(&open) = open else {
            return true;
        };
        for level in 0..self.levels[open] {
            levels[open] = Some(level);
            let is_possible = self.can_be_completed(levels);
            levels[open] = None;
            if is_possible {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consequences_of_several_rules_are_seen() {
        // a=0 forbids b=0, a=0 forbids b=1: with two levels of b, a=0 cannot exist.
        let rules = [
            Forbidden::new(vec![(0, 0), (1, 0)]).unwrap(),
            Forbidden::new(vec![(0, 0), (1, 1)]).unwrap(),
        ];
        let levels = [2, 2, 2];
        let feasible = Feasible::new(&rules, &levels);
        assert!(!feasible.can_be_completed(&mut [Some(0), None, None]));
        assert!(feasible.can_be_completed(&mut [None, Some(0), None]));
        assert!(feasible.can_be_completed(&mut [Some(1), None, Some(1)]));
        assert!(Forbidden::new(Vec::new()).is_err());
    }
}
