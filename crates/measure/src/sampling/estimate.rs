//! What a review says about the whole: strata, clusters and reviewers who miss things.
//!
//! Read [`Reviewed`] and [`stratified`] first, then [`clustered`] and [`corrected`]. Not here: planning a review.

use super::{SamplingError, open_unit, range};
use crate::stats::{
    Interval, StatsError, clopper_pearson_lower, clopper_pearson_upper, normal_quantile,
    student_quantile,
};
use serde::{Deserialize, Serialize};

/// What was reviewed of one stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    /// Items in it.
    pub size: u64,
    /// Items reviewed, drawn at random without repetition.
    pub reviewed: u64,
    /// Errors found.
    pub errors: u64,
}

/// Share of errors over all strata.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stratified {
    /// Share of the whole in each stratum.
    pub weights: Vec<f64>,
    /// Share of errors, `sum W_h k_h / n_h`.
    pub p_strat: f64,
    /// Unbiased variance with finite population correction (Cochran 1977, 5.3): exact 0 for strata reviewed in full.
    pub var_unbiased_fpc: f64,
    /// Its root.
    pub se: f64,
    /// Interval at 95 % by the normal approximation, cut to 0 to 1; says nothing where no error was found.
    pub interval: Interval,
    /// Exact upper bound at 95 %: Clopper and Pearson per stratum at 5 % over their number, weighted.
    pub upper95: f64,
    /// Errors over reviews without weights: biased wherever some strata were reviewed more closely.
    pub naive_pooled: f64,
    /// Errors in the whole (Horvitz and Thompson).
    pub horvitz_thompson_total_errors: f64,
    /// `sum n sum(w^2) / (sum w)^2` with the weight `N_h / n_h` of each review (Kish 1965).
    pub design_effect_kish: f64,
}

/// Stratified estimate of the share of errors.
///
/// Errors: [`SamplingError`] for no strata, a stratum without reviews or counts out of order; a stratum reviewed once
/// and not in full has no variance ([`SamplingError::TooFew`]). Cost: `O(strata)` and one beta quantile each.
pub fn stratified(strata: &[Reviewed]) -> Result<Stratified, SamplingError> {
    if strata.is_empty() {
        return Err(SamplingError::EmptyStratum { index: 0 });
    }
    let size: f64 = strata.iter().map(|s| s.size as f64).sum();
    let risk = 0.05 / strata.len() as f64;
    let mut found = Stratified {
        weights: Vec::with_capacity(strata.len()),
        p_strat: 0.0,
        var_unbiased_fpc: 0.0,
        se: 0.0,
        interval: Interval {
            low: 0.0,
            high: 1.0,
        },
        upper95: 0.0,
        naive_pooled: 0.0,
        horvitz_thompson_total_errors: 0.0,
        design_effect_kish: 1.0,
    };
    let (mut reviews, mut errors, mut sum_w, mut sum_w2) = (0.0, 0.0, 0.0, 0.0);
    for (index, stratum) in strata.iter().enumerate() {
        checked(index, stratum)?;
        let (n, k, whole) = (
            stratum.reviewed as f64,
            stratum.errors as f64,
            stratum.size as f64,
        );
        let (weight, share) = (whole / size, k / n);
        found.weights.push(weight);
        found.p_strat += weight * share;
        if stratum.reviewed < stratum.size {
            if stratum.reviewed < 2 {
                return Err(SamplingError::TooFew {
                    field: "reviewed",
                    seen: 1,
                    least: 2,
                });
            }
            found.var_unbiased_fpc +=
                weight * weight * (1.0 - n / whole) * share * (1.0 - share) / (n - 1.0);
            found.upper95 +=
                weight * clopper_pearson_upper(stratum.errors, stratum.reviewed, risk)?;
        } else {
            found.upper95 += weight * share;
        }
        found.horvitz_thompson_total_errors += k * whole / n;
        reviews += n;
        errors += k;
        sum_w += whole;
        sum_w2 += n * (whole / n) * (whole / n);
    }
    found.se = found.var_unbiased_fpc.sqrt();
    let around = Interval::normal(found.p_strat, found.se);
    found.interval = Interval {
        low: around.low.max(0.0),
        high: around.high.min(1.0),
    };
    found.naive_pooled = errors / reviews;
    found.design_effect_kish = reviews * sum_w2 / (sum_w * sum_w);
    Ok(found)
}

fn checked(index: usize, stratum: &Reviewed) -> Result<(), SamplingError> {
    if stratum.size == 0 {
        return Err(SamplingError::EmptyStratum { index });
    }
    let Reviewed {
        size,
        reviewed,
        errors,
    } = *stratum;
    if reviewed == 0 || errors > reviewed || reviewed > size {
        return Err(SamplingError::BadCounts {
            index,
            errors,
            reviewed,
            size,
        });
    }
    Ok(())
}

/// Share of errors from whole clusters (frames, clips) drawn at random.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Clustered {
    /// Errors over items of all clusters (a ratio).
    pub share: f64,
    /// Standard error by leaving each cluster out (delete-one jackknife).
    pub se: f64,
    /// Interval at 95 % by Student's t with one degree less than clusters, cut to 0 to 1.
    pub interval: Interval,
    /// Intraclass correlation of errors (analysis of variance), at least 0.
    pub rho: f64,
    /// Variance against that of as many independent items.
    pub design_effect: f64,
    /// Independent items that would say as much.
    pub effective_n: f64,
}

/// Ratio estimate over clusters `(errors, items)`; those without items do not count.
///
/// Errors: [`SamplingError::TooFew`] below two clusters, [`SamplingError::BadCounts`]. Cost: `O(clusters)`.
pub fn clustered(clusters: &[(u64, u64)]) -> Result<Clustered, SamplingError> {
    let used: Vec<(f64, f64)> = clusters
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(k, n)| (*k as f64, *n as f64))
        .collect();
    if let Some(index) = clusters.iter().position(|(k, n)| k > n) {
        let (errors, reviewed) = clusters[index];
        return Err(SamplingError::BadCounts {
            index,
            errors,
            reviewed,
            size: reviewed,
        });
    }
    if used.len() < 2 {
        return Err(SamplingError::TooFew {
            field: "clusters",
            seen: used.len(),
            least: 2,
        });
    }
    let m = used.len() as f64;
    let (errors, items) = used
        .iter()
        .fold((0.0, 0.0), |(k, n), (a, b)| (k + a, n + b));
    let share = errors / items;
    let left_out: Vec<f64> = used
        .iter()
        .map(|(k, n)| (errors - k) / (items - n))
        .collect();
    let mean = left_out.iter().sum::<f64>() / m;
    let squares: f64 = left_out.iter().map(|x| (x - mean) * (x - mean)).sum();
    let se = ((m - 1.0) / m * squares).sqrt();
    let half = student_quantile(0.025, m - 1.0)? * se;
    let rho = intraclass(&used, share, items);
    let alone = share * (1.0 - share) / items;
    let design_effect = if alone > 0.0 { se * se / alone } else { 1.0 };
    Ok(Clustered {
        share,
        se,
        interval: Interval {
            low: (share - half).max(0.0),
            high: (share + half).min(1.0),
        },
        rho,
        design_effect,
        effective_n: if design_effect > 0.0 {
            items / design_effect
        } else {
            items
        },
    })
}

/// Intraclass correlation of a yes or no by one-way analysis of variance (Ridout, Demétrio and Firth 1999), at least 0.
fn intraclass(clusters: &[(f64, f64)], share: f64, items: f64) -> f64 {
    let m = clusters.len() as f64;
    let (mut within, mut between, mut squares) = (0.0, 0.0, 0.0);
    for (k, n) in clusters {
        within += k * (1.0 - k / n);
        between += n * (k / n - share) * (k / n - share);
        squares += n * n;
    }
    if items <= m {
        return 0.0;
    }
    let (within, between) = (within / (items - m), between / (m - 1.0));
    let typical = (items - squares / items) / (m - 1.0);
    let all = between + (typical - 1.0) * within;
    if all > 0.0 {
        ((between - within) / all).max(0.0)
    } else {
        0.0
    }
}

/// Counts from a check of the reviewers themselves: planted errors and items known to be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewerCheck {
    /// Planted errors.
    pub planted: u64,
    /// Planted errors that were found.
    pub found: u64,
    /// Items known to be right.
    pub right: u64,
    /// Of those, items that were passed.
    pub passed: u64,
}

/// The share of errors behind what imperfect reviewers found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Corrected {
    /// What was found, errors over reviews.
    pub observed: f64,
    /// Share of planted errors found.
    pub sensitivity: f64,
    /// Share of right items passed.
    pub specificity: f64,
    /// `(observed + specificity - 1) / (sensitivity + specificity - 1)`, cut to 0 to 1 (Rogan and Gladen 1978).
    pub share: f64,
    /// Lower bound, conservative.
    pub low: f64,
    /// Upper bound: with `low` at least 95 % together, whatever the truth.
    pub high: f64,
}

/// Corrects a share of errors for what reviewers miss and what they find without cause.
///
/// The bounds combine one-sided exact bounds of the three shares at a third of 2.5 % each (Bonferroni), in the direction that
/// widens. Reviewers who may be no better than chance give an upper bound of 1.
/// Errors: [`SamplingError::UselessReview`], [`StatsError::BadCounts`]. Cost: six beta quantiles.
pub fn corrected(
    errors: u64,
    reviewed: u64,
    check: &ReviewerCheck,
) -> Result<Corrected, SamplingError> {
    let risk = 0.025 / 3.0;
    let share = |k: u64, n: u64| -> Result<(f64, f64, f64), StatsError> {
        let low = clopper_pearson_lower(k, n, risk)?;
        Ok((low, k as f64 / n as f64, clopper_pearson_upper(k, n, risk)?))
    };
    let observed = share(errors, reviewed)?;
    let sensitivity = share(check.found, check.planted)?;
    let specificity = share(check.passed, check.right)?;
    if sensitivity.1 + specificity.1 <= 1.0 {
        return Err(SamplingError::UselessReview {
            sensitivity: sensitivity.1,
            specificity: specificity.1,
        });
    }
    // Falls with the sensitivity, grows with what was found and with the specificity.
    let behind = |observed: f64, sensitivity: f64, specificity: f64| {
        let power = sensitivity + specificity - 1.0;
        let excess = observed + specificity - 1.0;
        if excess <= 0.0 {
            0.0
        } else if power <= excess {
            1.0
        } else {
            excess / power
        }
    };
    Ok(Corrected {
        observed: observed.1,
        sensitivity: sensitivity.1,
        specificity: specificity.1,
        share: behind(observed.1, sensitivity.1, specificity.1),
        low: behind(observed.0, sensitivity.2, specificity.0),
        high: behind(observed.2, sensitivity.0, specificity.2),
    })
}

/// Whether a claim is shown by a stratified review: the one-sided upper bound of the share of errors at `confidence` by the
/// normal approximation, against `limit`. For rare errors use exact bounds ([`Stratified::upper95`]).
///
/// Errors: [`SamplingError::OutOfRange`]. Cost: constant.
pub fn upper_normal(found: &Stratified, confidence: f64) -> Result<f64, SamplingError> {
    open_unit("confidence", confidence)?;
    range("se", found.se, found.se.is_finite(), "finite")?;
    Ok((found.p_strat + normal_quantile(confidence)? * found.se).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::SplitMix;

    #[test]
    fn enumerated_samples_are_right_on_average() {
        // Two strata of 3 and 4 items with 1 and 2 errors, every sample of 2 and 2.
        let strata = [vec![1, 0, 0], vec![1, 0, 0, 1]];
        let (mut estimates, mut variances) = (vec![], vec![]);
        let pairs = |n: usize| (0..n).flat_map(move |i| (i + 1..n).map(move |j| (i, j)));
        for (a, b) in pairs(3) {
            for (c, d) in pairs(4) {
                let errors = [strata[0][a] + strata[0][b], strata[1][c] + strata[1][d]];
                let of = |size, errors| Reviewed {
                    size,
                    reviewed: 2,
                    errors,
                };
                let found = stratified(&[of(3, errors[0]), of(4, errors[1])]).unwrap();
                estimates.push(found.p_strat);
                variances.push(found.var_unbiased_fpc);
            }
        }
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let center = mean(&estimates);
        assert!((center - 3.0 / 7.0).abs() < 1e-12);
        let spread = mean(
            &estimates
                .iter()
                .map(|x| (x - center).powi(2))
                .collect::<Vec<_>>(),
        );
        assert!((spread - mean(&variances)).abs() < 1e-12);
    }

    #[test]
    fn bad_strata_are_said() {
        let of = |size, reviewed, errors| {
            stratified(&[Reviewed {
                size,
                reviewed,
                errors,
            }])
        };
        assert!(of(0, 0, 0).is_err() && of(5, 0, 0).is_err() && of(5, 6, 0).is_err());
        assert!(of(5, 3, 4).is_err() && of(5, 1, 0).is_err() && stratified(&[]).is_err());
        assert_eq!(of(5, 5, 1).unwrap().se, 0.0);
        assert!(clustered(&[(0, 5)]).is_err() && clustered(&[(3, 2), (0, 2)]).is_err());
    }

    #[test]
    fn stratified_and_clustered_intervals_cover() {
        let mut random = SplitMix::new(3);
        let (mut strata_covered, mut upper_covered, mut cluster_covered) = (0, 0, 0);
        for _ in 0..500 {
            let mut draw = |n: u64, p: f64| (0..n).filter(|_| random.unit() < p).count() as u64;
            let of = |size, reviewed, errors| Reviewed {
                size,
                reviewed,
                errors,
            };
            let a = draw(150, 0.1);
            let b = draw(150, 0.3);
            let found = stratified(&[of(800_000, 150, a), of(200_000, 150, b)]).unwrap();
            strata_covered += usize::from(found.interval.contains(0.14));
            upper_covered += usize::from(found.upper95 >= 0.14);
            // Clusters of ten that are either good or bad: strongly correlated errors, 15 % on the whole.
            let clusters: Vec<(u64, u64)> = (0..60)
                .map(|_| {
                    let p = if draw(1, 0.25) == 1 { 0.48 } else { 0.04 };
                    (draw(10, p), 10)
                })
                .collect();
            let found = clustered(&clusters).unwrap();
            cluster_covered += usize::from(found.interval.contains(0.15));
        }
        assert!(strata_covered >= 460, "{strata_covered}");
        assert!(upper_covered >= 475, "{upper_covered}");
        assert!(cluster_covered >= 455, "{cluster_covered}");
    }

    #[test]
    fn clusters_tell_their_correlation() {
        let alike: Vec<(u64, u64)> = (0..40)
            .map(|i| (if i % 4 == 0 { 10 } else { 0 }, 10))
            .collect();
        let found = clustered(&alike).unwrap();
        assert!(
            found.rho > 0.99 && (found.effective_n - 40.0).abs() < 3.0,
            "{found:?}"
        );
        let apart: Vec<(u64, u64)> = (0..40).map(|_| (2, 10)).collect();
        assert_eq!(clustered(&apart).unwrap().rho, 0.0);
    }

    #[test]
    fn reviewers_who_miss_are_seen_through() {
        let check = ReviewerCheck {
            planted: 100,
            found: 80,
            right: 200,
            passed: 200,
        };
        let found = corrected(8, 1000, &check).unwrap();
        assert!(
            (found.share - 0.01).abs() < 1e-12 && found.high > 0.015,
            "{found:?}"
        );
        let blind = ReviewerCheck {
            found: 40,
            passed: 100,
            ..check
        };
        assert!(matches!(
            corrected(8, 1000, &blind),
            Err(SamplingError::UselessReview { .. })
        ));
        let mut random = SplitMix::new(9);
        let mut covered = 0;
        for _ in 0..400 {
            let mut draw = |n: u64, p: f64| (0..n).filter(|_| random.unit() < p).count() as u64;
            let check = ReviewerCheck {
                planted: 80,
                found: draw(80, 0.85),
                right: 300,
                passed: draw(300, 0.98),
            };
            let seen = draw(600, 0.06 * 0.85 + 0.94 * 0.02);
            let found = corrected(seen, 600, &check).unwrap();
            covered += usize::from(found.low <= 0.06 && 0.06 <= found.high);
        }
        assert!(covered >= 380, "{covered}");
    }
}
