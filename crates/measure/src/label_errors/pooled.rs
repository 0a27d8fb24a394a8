//! Labels of many parts: pixels of a mask, frames of a track.

use super::confident::{Predictions, confident_joint};
use super::scores::{Score, label_scores};
use super::{FilterOptions, LabelError, find_issues};

/// A mean that leans to the smallest: weights `exp(-x / temperature)`. None of nothing.
///
/// Source: softmin of cleanlab 2.9.0.
pub fn soft_min(values: &[f64], temperature: f64) -> Option<f64> {
    let least = values.iter().copied().reduce(f64::min)?;
    let (mut sum, mut total) = (0.0, 0.0);
    for x in values {
        let weight = ((least - x) / temperature).exp();
        sum += weight * x;
        total += weight;
    }
    Some(sum / total)
}

/// Label errors of one mask.
#[derive(Clone, Debug, PartialEq)]
pub struct PixelIssues {
    /// Quality of the mask: pixels' probabilities of their labels, leaning to the smallest.
    pub quality: f64,
    /// Pixels that are likely mislabeled, ascending, after specks were taken out.
    pub pixels: Vec<u32>,
    /// Pixels of each label that are likely mislabeled, and of all.
    pub per_class: Vec<[usize; 2]>,
}

/// Label errors in masks, image by image; pixels of one image are not independent, so images are ranked, not pixels.
///
/// The joint is made over all images together, `widths` are the widths of images and `sizes` their numbers of pixels, row
/// by row in `predictions`. A pixel is an issue where [`find_issues`] takes it and at least two of its four neighbors too:
/// outlines of objects are always uncertain, and specks are not what an annotator can mend.
/// Errors: sizes that do not fit, options out of range. Cost: as [`find_issues`] over all pixels.
/// Source: the scores of cleanlab 2.9.0 `segmentation` (softmin); the neighborhood is our own.
pub fn pixel_issues(
    predictions: &Predictions,
    widths: &[usize],
    sizes: &[usize],
    options: FilterOptions,
    temperature: f64,
) -> Result<Vec<PixelIssues>, LabelError> {
    let all: usize = sizes.iter().sum();
    if all != predictions.len() || widths.len() != sizes.len() {
        let (found, expected) = (all, predictions.len());
        return Err(LabelError::Length {
            what: "pixels of images",
            found,
            expected,
        });
    }
    if !(temperature > 0.0 && temperature.is_finite()) {
        let (name, value) = ("temperature", temperature);
        return Err(LabelError::BadOption {
            name,
            value,
            expected: "above 0",
        });
    }
    let joint = confident_joint(predictions);
    let mut is_issue = vec![false; all];
    for item in find_issues(predictions, &joint, options)? {
        is_issue[item as usize] = true;
    }
    let scores = label_scores(predictions, Score::SelfConfidence);
    let (mut start, mut out) = (0, Vec::with_capacity(sizes.len()));
    for (&width, &size) in widths.iter().zip(sizes) {
        if width == 0 || size % width != 0 {
            return Err(LabelError::Length {
                what: "a row of pixels",
                found: size,
                expected: width,
            });
        }
        let range = start..start + size;
        let flags = &is_issue[range.clone()];
        let mut per_class = vec![[0; 2]; predictions.classes];
        let mut pixels = Vec::new();
        for (at, &label) in predictions.labels[range.clone()].iter().enumerate() {
            let column = at % width;
            let near = [
                at.checked_sub(width),
                (at + width < size).then_some(at + width),
                (column > 0).then(|| at - 1),
                (column + 1 < width).then_some(at + 1),
            ];
            let agreeing = near.iter().flatten().filter(|i| flags[**i]).count();
            let counts = &mut per_class[label as usize];
            counts[1] += 1;
            if flags[at] && agreeing >= 2 {
                counts[0] += 1;
                pixels.extend(u32::try_from(at));
            }
        }
        out.push(PixelIssues {
            quality: soft_min(&scores[range], temperature).unwrap_or(1.0),
            pixels,
            per_class,
        });
        start += size;
    }
    Ok(out)
}

/// What is wrong with one track.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackIssue {
    /// Code of the track.
    pub track: u32,
    /// Label of most of its frames; of equals the lowest.
    pub label: u32,
    /// Class the model gives the track as a whole: the largest mean probability.
    pub predicted: u32,
    /// Mean probability of the label.
    pub quality: f64,
    /// Whether the track as a whole is likely mislabeled.
    pub is_mislabeled: bool,
    /// Frames, by position in the rows, whose label differs from that of most: an object does not change its class.
    pub flips: Vec<u32>,
    /// Frames.
    pub frames: usize,
}

/// Label errors of tracks: one unit per track, because its frames are not independent.
///
/// `tracks` holds the code of the track of each row. Probabilities are averaged over a track's frames, and confident
/// learning runs over tracks. Errors: lists of other lengths, options out of range. Cost: one sort, then as
/// [`find_issues`] over tracks. Our own form of confident learning for tracks.
pub fn track_issues(
    predictions: &Predictions,
    tracks: &[u32],
    options: FilterOptions,
) -> Result<Vec<TrackIssue>, LabelError> {
    if tracks.len() != predictions.len() {
        let (found, expected) = (tracks.len(), predictions.len());
        return Err(LabelError::Length {
            what: "tracks",
            found,
            expected,
        });
    }
    let k = predictions.classes;
    let mut order: Vec<u32> = (0_u32..).take(tracks.len()).collect();
    order.sort_by_key(|&row| tracks[row as usize]);
    let (mut p, mut labels, mut out) = (Vec::new(), Vec::new(), Vec::new());
    for rows in order.chunk_by(|&a, &b| tracks[a as usize] == tracks[b as usize]) {
        let (mut mean, mut votes) = (vec![0.0; k], vec![0_usize; k]);
        for &row in rows {
            let at = row as usize;
            let row = &predictions.p[at * k..(at + 1) * k];
            mean.iter_mut()
                .zip(row)
                .for_each(|(m, x)| *m += x / rows.len() as f64);
            votes[predictions.labels[at] as usize] += 1;
        }
        let most = votes.iter().copied().max().unwrap_or(0);
        let label = (0_u32..)
            .zip(&votes)
            .find(|(_, n)| **n == most)
            .map_or(0, |(c, _)| c);
        let predicted = crate::stats::largest(&mean).0;
        let differs = |row: &&u32| predictions.labels[**row as usize] != label;
        out.push(TrackIssue {
            track: tracks[rows[0] as usize],
            label,
            predicted: u32::try_from(predicted).unwrap_or(label),
            quality: mean[label as usize],
            is_mislabeled: false,
            flips: rows.iter().filter(differs).copied().collect(),
            frames: rows.len(),
        });
        labels.push(label);
        p.extend(mean);
    }
    let whole = Predictions::new(k, &p, &labels)?;
    for track in find_issues(&whole, &confident_joint(&whole), options)? {
        out[track as usize].is_mislabeled = true;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_min_is_between_the_least_and_the_mean() {
        assert_eq!(soft_min(&[], 0.1), None);
        assert_eq!(soft_min(&[0.3, 0.3], 0.1), Some(0.3));
        let found = soft_min(&[0.1, 0.9, 0.9], 0.1).unwrap();
        assert!((0.1..0.11).contains(&found), "{found}");
    }

    #[test]
    fn a_wrong_patch_is_found_and_a_speck_is_not() {
        // 12 by 12 pixels of class 0, of which a patch and one speck are labeled 1 though the model is sure of 0; and a
        // stripe that rightly is 1.
        let (mut p, mut labels) = (Vec::new(), Vec::new());
        for y in 0..12 {
            for x in 0..12 {
                let is_stripe = y < 3;
                let is_patch = (6..9).contains(&y) && (2..5).contains(&x);
                let is_speck = (y, x) == (10, 10);
                let one = if is_stripe { 0.95 } else { 0.03 };
                p.extend([1.0 - one, one]);
                labels.push(u32::from(is_stripe || is_patch || is_speck));
            }
        }
        let predictions = Predictions::new(2, &p, &labels).unwrap();
        let options = FilterOptions {
            filter: crate::label_errors::Filter::PredictedNeqGiven,
            ..FilterOptions::default()
        };
        let found = pixel_issues(&predictions, &[12], &[144], options, 0.1).unwrap();
        assert_eq!(found[0].per_class, [[0, 98], [9, 46]]);
        assert!(!found[0].pixels.contains(&(10 * 12 + 10)));
        assert!(pixel_issues(&predictions, &[12], &[143], options, 0.1).is_err());
    }

    #[test]
    fn a_flip_is_a_frame_and_a_wrong_class_a_track() {
        let (mut p, mut labels, mut tracks) = (Vec::new(), Vec::new(), Vec::new());
        for track in 0..8_u32 {
            for frame in 0..5 {
                let truth = track % 2;
                let one = if truth == 1 { 0.9 } else { 0.1 };
                p.extend([1.0 - one, one]);
                let given = if track == 6 { 1 } else { truth };
                labels.push(if track == 3 && frame == 2 { 0 } else { given });
                tracks.push(track);
            }
        }
        let predictions = Predictions::new(2, &p, &labels).unwrap();
        let found = track_issues(&predictions, &tracks, FilterOptions::default()).unwrap();
        assert_eq!(found[3].flips, [17]);
        let wrong: Vec<u32> = found
            .iter()
            .filter(|t| t.is_mislabeled)
            .map(|t| t.track)
            .collect();
        assert_eq!(wrong, [6]);
    }
}
