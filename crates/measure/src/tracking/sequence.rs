//! One sequence of a tracker beside its ground truth: which boxes resemble which, frame by frame.

use std::collections::BTreeMap;

/// Why a sequence cannot be scored.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum TrackingError {
    /// One id twice in a frame.
    #[error(
        "id `{id}` of the {whose} is twice in frame `{frame}`; hint: an object has one box per frame"
    )]
    Repeated {
        /// `ground truth` or `tracker`.
        whose: &'static str,
        /// The id.
        id: i64,
        /// Frame, from 0.
        frame: usize,
    },
    /// A similarity that is none.
    #[error("similarity `{value}` in frame `{frame}` is none; hint: 0 for apart to 1 for the same")]
    BadSimilarity {
        /// The number seen.
        value: f64,
        /// Frame, from 0.
        frame: usize,
    },
    /// A matrix of another size than the ids.
    #[error(
        "`{found}` similarities in frame `{frame}`, where `{expected}` belong; hint: one row per box of the ground truth, one column per box of the tracker"
    )]
    Size {
        /// Frame, from 0.
        frame: usize,
        /// Numbers given.
        found: usize,
        /// Boxes of the ground truth times boxes of the tracker.
        expected: usize,
    },
    /// A box that is none.
    #[error(
        "the box of id `{id}` of the {whose} in frame `{frame}` is not finite or has a negative size; hint: `x y width height`"
    )]
    BadBox {
        /// `ground truth` or `tracker`.
        whose: &'static str,
        /// The id.
        id: i64,
        /// Frame, from 0.
        frame: usize,
    },
    /// A threshold outside its range.
    #[error("threshold `{value}` is none; hint: above 0, at most 1; 0.5 is common")]
    BadThreshold {
        /// The number seen.
        value: f64,
    },
    /// Neither ground truth nor tracker has a box.
    #[error(
        "there is no box in ground truth or tracker; hint: look at the frame numbers and classes"
    )]
    Nothing,
}

/// A box of an image: left, top, width, height; pixels.
pub type BoxXywh = [f64; 4];

/// Two boxes of a frame that have something in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    /// Position in the frame.
    pub(super) gt: u32,
    /// Position in the frame.
    pub(super) tracker: u32,
    /// Number of the pair of ids.
    pub(super) ids: u32,
    /// Above 0, at most 1.
    pub(super) similarity: f64,
}

/// Boxes of one side.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    /// Dense number of the id of every box, frame by frame.
    pub(super) ids: Vec<u32>,
    /// Boxes of each id.
    pub(super) counts: Vec<u32>,
    numbers: BTreeMap<i64, u32>,
    last_frame: Vec<usize>,
}

impl Side {
    fn push(&mut self, id: i64, frame: usize, whose: &'static str) -> Result<(), TrackingError> {
        let next = u32::try_from(self.counts.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.counts.push(0);
            self.last_frame.push(usize::MAX);
        }
        let at = number as usize;
        if self.last_frame[at] == frame {
            return Err(TrackingError::Repeated { whose, id, frame });
        }
        self.last_frame[at] = frame;
        self.counts[at] += 1;
        self.ids.push(number);
        Ok(())
    }
}

/// Where the boxes and pairs of a frame end.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    gt: usize,
    tracker: usize,
    pairs: usize,
}

/// A frame as the scores see it.
pub(super) struct Frame<'a> {
    /// Numbers of the ids of the ground truth.
    pub(super) gt: &'a [u32],
    /// Numbers of the ids of the tracker.
    pub(super) tracker: &'a [u32],
    /// Pairs with something in common, by position, row by row.
    pub(super) pairs: &'a [Pair],
}

/// Frames of ground truth and tracker, with the similarity of their boxes. Pairs that have nothing in common take no
/// memory.
#[derive(Clone, Debug, Default)]
pub struct Sequence {
    pub(super) gt: Side,
    pub(super) tracker: Side,
    /// Numbers of the ids of each pair of ids.
    pub(super) id_pairs: Vec<(u32, u32)>,
    pairs_of_gt: Vec<Vec<(u32, u32)>>,
    pairs: Vec<Pair>,
    ends: Vec<Ends>,
}

impl Sequence {
    /// Without frames.
    pub fn new() -> Self {
        Self::default()
    }

    /// Frames so far.
    pub fn frames(&self) -> usize {
        self.ends.len()
    }

    /// Adds a frame: ids of both sides and the similarity of every two boxes, row by row of the ground truth, 0 for
    /// apart to 1 for the same. Ids may be any numbers.
    ///
    /// Errors: [`TrackingError::Repeated`], [`TrackingError::Size`], [`TrackingError::BadSimilarity`]; the sequence is
    /// then not to be used on. Cost: linear in the matrix.
    pub fn push(
        &mut self,
        gt: &[i64],
        tracker: &[i64],
        similarity: &[f64],
    ) -> Result<(), TrackingError> {
        let frame = self.frames();
        let expected = gt.len() * tracker.len();
        if similarity.len() != expected {
            return Err(TrackingError::Size {
                frame,
                found: similarity.len(),
                expected,
            });
        }
        let is_bad = |x: &&f64| !(0.0..=1.0 + 1e-9).contains(*x);
        if let Some(&value) = similarity.iter().find(is_bad) {
            return Err(TrackingError::BadSimilarity { value, frame });
        }
        self.open(gt.iter().copied(), tracker.iter().copied())?;
        for (i, row) in similarity.chunks_exact(tracker.len().max(1)).enumerate() {
            for (j, &s) in row.iter().enumerate() {
                if s > 0.0 {
                    self.add(i, j, s);
                }
            }
        }
        self.close();
        Ok(())
    }

    /// Adds a frame of boxes; the similarity is the intersection over union.
    ///
    /// Errors: [`TrackingError::Repeated`], [`TrackingError::BadBox`]. Cost: one comparison per two boxes.
    pub fn push_boxes(
        &mut self,
        gt: &[(i64, BoxXywh)],
        tracker: &[(i64, BoxXywh)],
    ) -> Result<(), TrackingError> {
        let frame = self.frames();
        for (boxes, whose) in [(gt, "ground truth"), (tracker, "tracker")] {
            let is_bad = |b: &BoxXywh| b.iter().any(|x| !x.is_finite()) || b[2] < 0.0 || b[3] < 0.0;
            if let Some(&(id, _)) = boxes.iter().find(|(_, b)| is_bad(b)) {
                return Err(TrackingError::BadBox { whose, id, frame });
            }
        }
        self.open(
            gt.iter().map(|(id, _)| *id),
            tracker.iter().map(|(id, _)| *id),
        )?;
        for (i, (_, a)) in gt.iter().enumerate() {
            let (right, bottom, area) = (a[0] + a[2], a[1] + a[3], a[2] * a[3]);
            for (j, (_, b)) in tracker.iter().enumerate() {
                let width = right.min(b[0] + b[2]) - a[0].max(b[0]);
                let height = bottom.min(b[1] + b[3]) - a[1].max(b[1]);
                if width > 0.0 && height > 0.0 {
                    let common = width * height;
                    let union = area + b[2] * b[3] - common;
                    if union > f64::EPSILON {
                        self.add(i, j, common / union);
                    }
                }
            }
        }
        self.close();
        Ok(())
    }

    fn open(
        &mut self,
        gt: impl Iterator<Item = i64>,
        tracker: impl Iterator<Item = i64>,
    ) -> Result<(), TrackingError> {
        let frame = self.frames();
        for id in gt {
            self.gt.push(id, frame, "ground truth")?;
        }
        for id in tracker {
            self.tracker.push(id, frame, "tracker")?;
        }
        self.pairs_of_gt.resize(self.gt.counts.len(), Vec::new());
        Ok(())
    }

    fn add(&mut self, i: usize, j: usize, similarity: f64) {
        let before = self.ends.last().copied().unwrap_or_default();
        let gt = self.gt.ids[before.gt + i];
        let tracker = self.tracker.ids[before.tracker + j];
        let known = &mut self.pairs_of_gt[gt as usize];
        let ids = match known.binary_search_by_key(&tracker, |k| k.0) {
            Ok(at) => known[at].1,
            Err(at) => {
                let next = u32::try_from(self.id_pairs.len()).unwrap_or(u32::MAX);
                known.insert(at, (tracker, next));
                self.id_pairs.push((gt, tracker));
                next
            }
        };
        self.pairs.push(Pair {
            gt: u32::try_from(i).unwrap_or(u32::MAX),
            tracker: u32::try_from(j).unwrap_or(u32::MAX),
            ids,
            similarity,
        });
    }

    fn close(&mut self) {
        self.ends.push(Ends {
            gt: self.gt.ids.len(),
            tracker: self.tracker.ids.len(),
            pairs: self.pairs.len(),
        });
    }

    /// Every frame, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Frame<'_>> {
        let starts = std::iter::once(Ends::default()).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| Frame {
            gt: &self.gt.ids[start.gt..end.gt],
            tracker: &self.tracker.ids[start.tracker..end.tracker],
            pairs: &self.pairs[start.pairs..end.pairs],
        })
    }
}

/// A share, none where there is nothing to take it of.
pub(super) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// Refuses thresholds that are none.
pub(super) fn check_threshold(value: f64) -> Result<(), TrackingError> {
    if value > 0.0 && value <= 1.0 {
        Ok(())
    } else {
        Err(TrackingError::BadThreshold { value })
    }
}
