//! Damage to the bytes of a finished file: cut off, or with bits inverted.

use crate::rng::Rng;
use crate::{DriveSpec, Fault, FaultKind, SimulateError};
use std::io::{self, Write};

/// Counts bytes and forgets them.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    pub(crate) bytes: u64,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Which bytes of a file are damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    /// Where the file ends early.
    cut: Option<u64>,
    /// Inverted bits: offset and mask, ascending.
    flips: Vec<(u64, u8)>,
    /// Per fault: its number, the first damaged byte and one past the last.
    pub(crate) ranges: Vec<(usize, u64, u64)>,
}

/// Whether a fault damages bytes rather than messages.
pub(crate) const fn hits_bytes(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::TruncateBytes | FaultKind::TruncatePercent | FaultKind::FlipBytes
    )
}

/// A whole number that a magnitude was checked to be.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "magnitudes are checked to be positive and below 2^53; `as` saturates"
)]
pub(crate) fn whole(magnitude: f64) -> u64 {
    libm::round(magnitude) as u64
}

impl Damage {
    /// The damage a recipe asks for to a file of `total` bytes.
    pub(crate) fn plan(spec: &DriveSpec, total: u64) -> Result<Self, SimulateError> {
        let mut damage = Self {
            cut: None,
            flips: Vec::new(),
            ranges: Vec::new(),
        };
        for (number, fault) in spec.faults.iter().enumerate() {
            let missing = match fault.kind {
                FaultKind::TruncateBytes => whole(fault.magnitude),
                FaultKind::TruncatePercent => whole(total as f64 * fault.magnitude / 100.0).max(1),
                FaultKind::FlipBytes => {
                    damage.flip(spec.seed, number, fault, total)?;
                    continue;
                }
                _ => continue,
            };
            if missing >= total {
                return Err(too_small(fault, total));
            }
            let cut = total - missing;
            damage.cut = Some(damage.cut.unwrap_or(cut).min(cut));
            damage.ranges.push((number, cut, total));
        }
        damage.flips.sort_unstable();
        Ok(damage)
    }

    fn flip(
        &mut self,
        seed: u64,
        number: usize,
        fault: &Fault,
        total: u64,
    ) -> Result<(), SimulateError> {
        let count = whole(fault.magnitude);
        if count > total {
            return Err(too_small(fault, total));
        }
        let mut rng = Rng::new(seed, &format!("flip {number}"));
        let first = self.flips.len();
        while ((self.flips.len() - first) as u64) < count {
            let offset = rng.below(total);
            let mask = 1_u8 << rng.below(8);
            if self.flips.iter().all(|(known, _)| *known != offset) {
                self.flips.push((offset, mask));
            }
        }
        let offsets = self.flips.iter().skip(first).map(|(offset, _)| *offset);
        let low = offsets.clone().min().unwrap_or(0);
        let high = offsets.max().unwrap_or(0);
        self.ranges.push((number, low, high + 1));
        Ok(())
    }
}

fn too_small(fault: &Fault, total: u64) -> SimulateError {
    SimulateError::DoesNotFit {
        fault: fault.to_string(),
        reason: format!("the file has only {total} bytes"),
    }
}

/// Passes bytes on, damaged.
#[derive(Debug)]
pub(crate) struct DamagedSink<W> {
    inner: W,
    damage: Damage,
    offset: u64,
}

impl<W: Write> DamagedSink<W> {
    pub(crate) fn new(inner: W, damage: Damage) -> Self {
        Self {
            inner,
            damage,
            offset: 0,
        }
    }
}

impl<W: Write> Write for DamagedSink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = self.offset.saturating_add(bytes.len() as u64);
        let kept = self.damage.cut.unwrap_or(u64::MAX).clamp(self.offset, end) - self.offset;
        let mut kept = bytes
            .get(..usize::try_from(kept).unwrap_or(usize::MAX))
            .unwrap_or(bytes)
            .to_vec();
        for (offset, mask) in &self.damage.flips {
            let place = offset
                .checked_sub(self.offset)
                .and_then(|place| usize::try_from(place).ok())
                .and_then(|place| kept.get_mut(place));
            if let Some(byte) = place {
                *byte ^= mask;
            }
        }
        self.inner.write_all(&kept)?;
        self.offset = end;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
