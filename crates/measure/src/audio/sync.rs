//! How far sound is ahead of the picture.

use super::phat::gcc_phat;
use crate::stats::Interval;

/// Step of the common grid, seconds.
const GRID_SECS: f64 = 0.01;
/// Blocks of the jackknife.
const BLOCKS: usize = 8;
/// Two-sided 95 % quantile of Student's t with 7 degrees of freedom.
const T_7: f64 = 2.3646;
/// Smallest standard error, seconds: stamps of sound cards and cameras hardly mean less.
const LEAST_SIGMA_SECS: f64 = 0.001;

/// What is demanded of an estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SyncOptions {
    /// Largest offset searched, seconds either way.
    pub max_offset_secs: f64,
    /// Least overlap, seconds.
    pub min_overlap_secs: f64,
    /// Least peak over the root mean square of the correlation elsewhere.
    pub min_contrast: f64,
    /// Largest second peak over the best.
    pub max_second_ratio: f64,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            max_offset_secs: 1.0,
            min_overlap_secs: 5.0,
            min_contrast: 8.0,
            max_second_ratio: 0.7,
        }
    }
}

/// Why there is no offset.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SyncError {
    /// Sound and picture overlap too little.
    #[error("sound and picture overlap for {seen_secs} s, at least {needed_secs} s are needed")]
    TooShort {
        /// Seconds both cover.
        seen_secs: f64,
        /// Seconds needed.
        needed_secs: f64,
    },
    /// The pictures come too slowly.
    #[error("pictures come at {seen_hz} Hz, at least 5 Hz are needed")]
    TooSlow {
        /// Motion samples per second.
        seen_hz: f64,
    },
    /// Nothing sounds or nothing moves.
    #[error("the {what} never changes")]
    Flat {
        /// `sound` or `picture`.
        what: &'static str,
    },
    /// No lag stands out.
    #[error("no lag stands out: contrast {contrast}, second peak {second_ratio} of the first")]
    NotAlike {
        /// Peak over the root mean square elsewhere.
        contrast: f64,
        /// Second peak over the first.
        second_ratio: f64,
    },
    /// Parts of the recording disagree.
    #[error("parts of the recording disagree by {sigma_secs} s")]
    Unsteady {
        /// Standard error of the jackknife, seconds.
        sigma_secs: f64,
    },
}

/// How far sound is ahead of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AvSync {
    /// Time of the picture minus time of the sound for the same event, seconds: positive when sound is ahead.
    pub offset_secs: f64,
    /// 95 % interval of the jackknife.
    pub interval: Interval,
    /// Peak over the root mean square of the correlation elsewhere.
    pub contrast: f64,
    /// Second peak over the first.
    pub second_ratio: f64,
    /// Seconds both cover.
    pub overlap_secs: f64,
}

/// Estimates how far sound is ahead of the picture from onsets of sound and motion in the picture.
///
/// `onsets` are (time of the middle of a frame, strength as of [`super::onsets`]), `motion` are (time of a picture, how
/// much it differs from the one before); times in seconds on one clock, ascending, of any zero. A difference may have
/// arisen anywhere between its picture and the one before, so it is spread over that time. Onsets are resampled on a grid
/// of 10 ms; the correlation is [`gcc_phat`] between 0.2 Hz and 0.4 of the picture rate. The interval is a jackknife
/// over 8 equal blocks of time. Entries that are not finite are left out.
///
/// Sound that travels lags by 2.9 ms per meter ([`super::SOUND_MILLIS_PER_METER`]); the estimate is of what was recorded and not
/// corrected for it. Errors: [`SyncError`]. Cost: 30 transforms of the grid.
/// Source: Knapp and Carter 1976; sign and thresholds of use: ITU-R BT.1359-1.
pub fn av_sync(
    onsets: &[(f64, f64)],
    motion: &[(f64, f64)],
    options: &SyncOptions,
) -> Result<AvSync, SyncError> {
    let (sound, picture) = (clean(onsets), clean(motion));
    let (start, end) = overlap(&sound, &picture);
    let seconds = (end - start).max(0.0);
    if seconds < options.min_overlap_secs {
        return Err(SyncError::TooShort {
            seen_secs: seconds,
            needed_secs: options.min_overlap_secs,
        });
    }
    let inside = picture.iter().filter(|(t, _)| (start..=end).contains(t));
    let rate = inside.count() as f64 / seconds;
    if rate < 5.0 {
        return Err(SyncError::TooSlow { seen_hz: rate });
    }
    let sound = spikes(&sound, start, seconds);
    let picture = steps(&picture, start, seconds);
    for (values, what) in [(&sound, "sound"), (&picture, "picture")] {
        let first = values.first().copied().unwrap_or(0.0);
        if values.iter().all(|&v| v == first) {
            return Err(SyncError::Flat { what });
        }
    }
    let band = (0.2 * GRID_SECS, (0.4 * rate * GRID_SECS).min(0.25));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number"
    )]
    let reach = (options.max_offset_secs.clamp(0.05, 10.0) / GRID_SECS) as usize;
    let flat = SyncError::NotAlike {
        contrast: 0.0,
        second_ratio: 1.0,
    };
    let peak = gcc_phat(&sound, &picture, band, reach).ok_or(flat)?;
    if peak.contrast < options.min_contrast || peak.second_ratio > options.max_second_ratio {
        return Err(SyncError::NotAlike {
            contrast: peak.contrast,
            second_ratio: peak.second_ratio,
        });
    }
    let sigma = jackknife(&sound, &picture, band, reach).ok_or(flat)?;
    // Blocks that lead to other lags altogether: the peak is not of the whole recording.
    if sigma > 0.05 {
        return Err(SyncError::Unsteady { sigma_secs: sigma });
    }
    let offset = peak.lag * GRID_SECS;
    let half = T_7 * sigma.max(LEAST_SIGMA_SECS);
    Ok(AvSync {
        offset_secs: offset,
        interval: Interval {
            low: offset - half,
            high: offset + half,
        },
        contrast: peak.contrast,
        second_ratio: peak.second_ratio,
        overlap_secs: seconds,
    })
}

fn clean(samples: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let finite = samples
        .iter()
        .filter(|(t, v)| t.is_finite() && v.is_finite());
    finite.copied().collect()
}

fn overlap(a: &[(f64, f64)], b: &[(f64, f64)]) -> (f64, f64) {
    let start = |s: &[(f64, f64)]| s.first().map_or(f64::INFINITY, |p| p.0);
    let end = |s: &[(f64, f64)]| s.last().map_or(f64::NEG_INFINITY, |p| p.0);
    (start(a).max(start(b)), end(a).min(end(b)))
}

fn cells(seconds: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive and bounded: a grid of a million cells is almost three hours"
    )]
    let cells = (seconds / GRID_SECS).clamp(0.0, 1e6) as usize;
    cells
}

/// Where a time is on the grid, in cells.
fn place(time: f64, start: f64) -> f64 {
    (time - start) / GRID_SECS
}

/// Sums of strengths on the grid, each shared by the two nearest cells.
fn spikes(samples: &[(f64, f64)], start: f64, seconds: f64) -> Vec<f64> {
    let mut grid = vec![0.0; cells(seconds)];
    for &(time, strength) in samples {
        let at = place(time, start);
        if at < 0.0 || at >= grid.len() as f64 {
            continue;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within the grid"
        )]
        let cell = at as usize;
        let rest = at - cell as f64;
        for (offset, share) in [(0, 1.0 - rest), (1, rest)] {
            if let Some(value) = grid.get_mut(cell + offset) {
                *value += strength * share;
            }
        }
    }
    grid
}

/// Each difference over the time since the picture before.
fn steps(samples: &[(f64, f64)], start: f64, seconds: f64) -> Vec<f64> {
    let mut at = 1;
    (0..cells(seconds))
        .map(|cell| {
            let time = start + cell as f64 * GRID_SECS;
            while samples.get(at).is_some_and(|sample| sample.0 < time) {
                at += 1;
            }
            samples.get(at).map_or(0.0, |sample| sample.1)
        })
        .collect()
}

/// Standard error from leaving out one block of sound after the other, seconds.
fn jackknife(sound: &[f64], picture: &[f64], band: (f64, f64), reach: usize) -> Option<f64> {
    let mut lags = Vec::with_capacity(BLOCKS);
    for block in 0..BLOCKS {
        let (from, to) = (
            block * sound.len() / BLOCKS,
            (block + 1) * sound.len() / BLOCKS,
        );
        let mut kept = sound.to_vec();
        kept.get_mut(from..to)?.fill(0.0);
        lags.push(gcc_phat(&kept, picture, band, reach)?.lag * GRID_SECS);
    }
    let count = BLOCKS as f64;
    let mean = lags.iter().sum::<f64>() / count;
    let square: f64 = lags.iter().map(|lag| (lag - mean).powi(2)).sum();
    Some((square * (count - 1.0) / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldassay_testkit::Lcg;

    type Series = Vec<(f64, f64)>;

    fn unit(random: &mut Lcg) -> f64 {
        f64::from(random.next_u32()) / f64::from(u32::MAX)
    }

    /// Events at random times: bangs in the sound, jumps in the picture `offset` later; noise in both.
    fn scene(seed: u64, offset: f64, fps: f64, events: usize) -> (Series, Series) {
        let mut random = Lcg::new(seed);
        let mut times: Vec<f64> = (0..events)
            .map(|_| 1.0 + 28.0 * unit(&mut random))
            .collect();
        times.sort_by(f64::total_cmp);
        let energies: Vec<f64> = (0..3000)
            .map(|i| {
                // A frame holds what happens before its end.
                let t = f64::from(i + 1) * 0.01;
                let bang: f64 = times
                    .iter()
                    .map(|&e| {
                        if t >= e {
                            0.1 * (-(t - e) / 0.05).exp()
                        } else {
                            0.0
                        }
                    })
                    .sum();
                bang + 1e-5 * (0.5 + unit(&mut random))
            })
            .collect();
        let strengths = crate::audio::onsets(&energies);
        let sound = (0..)
            .zip(strengths)
            .map(|(i, s)| (f64::from(i) * 0.01 + 0.005, s))
            .collect();
        let mut picture = Vec::new();
        let mut t = unit(&mut random) / fps;
        while t < 30.0 {
            let moved = times
                .iter()
                .filter(|&&e| e + offset > t - 1.0 / fps && e + offset <= t)
                .count();
            picture.push((t, moved as f64 * 5.0 + 0.5 * unit(&mut random)));
            t += 1.0 / fps;
        }
        (sound, picture)
    }

    #[test]
    fn offsets_are_found_within_a_third_of_a_frame() {
        let mut covered = 0;
        for (seed, offset) in [
            (1, 0.0),
            (2, 0.06),
            (3, -0.12),
            (4, 0.2),
            (5, -0.25),
            (6, 0.0),
            (7, 0.1),
            (8, -0.06),
        ] {
            let (sound, picture) = scene(seed, offset, 30.0, 25);
            let found = av_sync(&sound, &picture, &SyncOptions::default()).unwrap();
            assert!(
                (found.offset_secs - offset).abs() < 0.011,
                "{offset}: {found:?}"
            );
            covered += u32::from(found.interval.contains(offset));
        }
        assert!(covered >= 7, "{covered} of 8");
    }

    #[test]
    fn unrelated_sound_and_picture_give_no_offset() {
        for seed in 0..300 {
            let (sound, _) = scene(seed, 0.0, 30.0, 20);
            let (_, picture) = scene(seed + 1000, 0.0, 30.0, 20);
            let found = av_sync(&sound, &picture, &SyncOptions::default());
            assert!(found.is_err(), "{seed}: {found:?}");
        }
    }

    #[test]
    fn too_little_is_said() {
        let (sound, picture) = scene(1, 0.0, 30.0, 10);
        let options = SyncOptions::default();
        let short = av_sync(&sound[..200], &picture, &options).unwrap_err();
        assert!(matches!(short, SyncError::TooShort { .. }));
        let slow: Vec<(f64, f64)> = picture.iter().step_by(10).copied().collect();
        assert!(matches!(
            av_sync(&sound, &slow, &options).unwrap_err(),
            SyncError::TooSlow { .. }
        ));
        let still: Vec<(f64, f64)> = picture.iter().map(|&(t, _)| (t, 1.0)).collect();
        assert_eq!(
            av_sync(&sound, &still, &options).unwrap_err(),
            SyncError::Flat { what: "picture" }
        );
        assert!(av_sync(&[], &[], &options).is_err());
    }
}
