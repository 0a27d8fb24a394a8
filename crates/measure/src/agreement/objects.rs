//! Agreement on objects: which marks of different people mean the same thing, and whether they call it the same.

use super::AgreementError;
use super::krippendorff::NominalCounts;
use crate::boxes::{BoxError, Cuboid, Mask, Rect};
use crate::stats::{Estimate, Resampling, bootstrap};
use crate::tracking::{Assigner, Edge};
use serde::{Deserialize, Serialize};

/// What was drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A box along the axes of the image, pixels.
    Rect(Rect),
    /// An upright box in space, meters and radians.
    Cuboid(Cuboid),
    /// A mask.
    Mask(Mask),
    /// Joints in a fixed order.
    Points {
        /// x, y in pixels and visibility in turn; visibility 0 is not there.
        joints: Vec<f64>,
        /// Width and height of the image, pixels.
        size: [f64; 2],
    },
    /// A stretch of time, seconds.
    Span {
        /// Start.
        start_secs: f64,
        /// End, not before the start.
        end_secs: f64,
    },
}

impl Shape {
    /// Similarity, 0 to 1: `IoU` of boxes (exact also for turned ones, where kalos counts voxels), masks and spans; for
    /// joints 1 minus the mean over those that either shows of their distance in units of the image's diagonal (after
    /// scaling the image to a square), where a joint that only one shows is 1 away. None for shapes of different kinds.
    ///
    /// Errors: masks of different images.
    pub fn similarity(&self, other: &Self) -> Result<Option<f64>, BoxError> {
        Ok(match (self, other) {
            (Self::Rect(a), Self::Rect(b)) => Some(a.iou(b)),
            (Self::Cuboid(a), Self::Cuboid(b)) => Some(a.iou(b)),
            (Self::Mask(a), Self::Mask(b)) => Some(a.iou(b)?),
            (Self::Points { joints: a, size }, Self::Points { joints: b, .. })
                if a.len() == b.len() =>
            {
                Some(joint_similarity(a, b, *size))
            }
            (
                Self::Span {
                    start_secs: a,
                    end_secs: b,
                },
                Self::Span {
                    start_secs: c,
                    end_secs: d,
                },
            ) => {
                let both = (b.min(*d) - a.max(*c)).max(0.0);
                let either = (b - a) + (d - c) - both;
                Some(if either > 0.0 {
                    both / either
                } else {
                    f64::from(u8::from(a == c))
                })
            }
            _ => None,
        })
    }
}

fn joint_similarity(a: &[f64], b: &[f64], [width, height]: [f64; 2]) -> f64 {
    let (mut sum, mut n) = (0.0, 0_usize);
    for (p, q) in a.chunks_exact(3).zip(b.chunks_exact(3)) {
        let shown = usize::from(p[2] > 0.0) + usize::from(q[2] > 0.0);
        n += usize::from(shown > 0);
        sum += match shown {
            0 => 0.0,
            1 => 1.0,
            _ => ((p[0] - q[0]) / width).hypot((p[1] - q[1]) / height) / std::f64::consts::SQRT_2,
        };
    }
    if n > 0 {
        (1.0 - sum / n as f64).clamp(0.0, 1.0)
    } else {
        1.0
    }
}

/// A mark of an annotator on an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Marked {
    /// Position of the annotator in [`Scene::annotators`].
    pub by: usize,
    /// Code of the category.
    pub category: u32,
    /// What was drawn.
    pub shape: Shape,
}

/// All marks of all annotators on one image (sweep, clip).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Codes of the annotators who were to label it, those who drew nothing included.
    pub annotators: Vec<u32>,
    /// What they drew.
    pub objects: Vec<Marked>,
}

/// How marks are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// The most similar pair first; clusters grow and join while no annotator is in them twice.
    #[default]
    Greedy,
    /// One annotator after the other, each optimally assigned to what is there (as many as possible, then most similar).
    Shm,
    /// The best of [`Matching::Greedy`] and [`Matching::Shm`] from every annotator on, by the similarity it keeps.
    Best,
}

/// What makes a pair good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// Similarity alone.
    #[default]
    NegativeScore,
    /// Similarity, and 1 more for the same category.
    CategoryLenient,
}

/// How objects are compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObjectOptions {
    /// How marks are put together.
    pub matching: Matching,
    /// What makes a pair good.
    pub cost: Cost,
    /// Least similarity of a pair, above 0 and at most 1.
    pub threshold: f64,
}

impl Default for ObjectOptions {
    fn default() -> Self {
        Self {
            matching: Matching::Greedy,
            cost: Cost::NegativeScore,
            threshold: 0.5,
        }
    }
}

/// Marks that mean the same thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clustering {
    /// Positions of marks; every mark is in one cluster, each cluster has at most one of an annotator. Ascending, ordered
    /// by the first.
    pub clusters: Vec<Vec<usize>>,
    /// Similarity of all pairs within clusters, summed: what is to be as large as possible.
    pub objective: f64,
}

/// Pair of marks of different annotators that are similar enough.
#[derive(Clone, Copy, Debug)]
struct Pair {
    a: usize,
    b: usize,
    similarity: f64,
    gain: f64,
}

/// Similarity of every pair of different annotators, in the order of annotators and marks.
pub(super) fn similarities(scene: &Scene) -> Result<Vec<(usize, usize, f64)>, AgreementError> {
    let by = |annotator: usize| {
        let marks = scene.objects.iter().enumerate();
        marks.filter(move |(_, mark)| mark.by == annotator)
    };
    let mut out = Vec::new();
    for first in 0..scene.annotators.len() {
        for second in first + 1..scene.annotators.len() {
            for (a, mark) in by(first) {
                for (b, other) in by(second) {
                    let found = mark.shape.similarity(&other.shape)?;
                    let similarity = found.ok_or(AgreementError::Shapes { a, b })?;
                    if !similarity.is_finite() {
                        let expected = "sizes and coordinates must be finite";
                        return Err(AgreementError::BadValue {
                            value: similarity,
                            expected,
                        });
                    }
                    out.push((a, b, similarity));
                }
            }
        }
    }
    Ok(out)
}

fn check(scene: &Scene, options: ObjectOptions) -> Result<(), AgreementError> {
    if !(options.threshold > 0.0 && options.threshold <= 1.0) {
        let (name, value) = ("threshold", options.threshold);
        return Err(AgreementError::BadOption {
            name,
            value,
            expected: "above 0 and at most 1",
        });
    }
    let expected = scene.annotators.len();
    match scene.objects.iter().find(|mark| mark.by >= expected) {
        Some(mark) => Err(AgreementError::Length {
            what: "annotators of the image",
            found: mark.by + 1,
            expected,
        }),
        None => Ok(()),
    }
}

/// Puts the marks of one image together.
///
/// Errors: a threshold outside 0 to 1, shapes that cannot be compared. Cost: similarity of all pairs of marks of
/// different annotators, then near linear in the pairs kept ([`Matching::Greedy`]) or cubic in groups that overlap.
/// Source: greedy and `shm` of kalos 0.8.0 (Tschirschwitz et al., CVPR 2026); where it visits annotators in the order of
/// a set, which changes from run to run, this one takes the order given.
pub fn cluster(scene: &Scene, options: ObjectOptions) -> Result<Clustering, AgreementError> {
    check(scene, options)?;
    Ok(cluster_similar(scene, &similarities(scene)?, options))
}

fn cluster_similar(
    scene: &Scene,
    similar: &[(usize, usize, f64)],
    options: ObjectOptions,
) -> Clustering {
    let pair = |&(a, b, similarity): &(usize, usize, f64)| {
        let is_same = scene.objects[a].category == scene.objects[b].category;
        let extra = options.cost == Cost::CategoryLenient && is_same;
        (similarity >= options.threshold).then(|| Pair {
            a,
            b,
            similarity,
            gain: similarity + f64::from(u8::from(extra)),
        })
    };
    let pairs: Vec<Pair> = similar.iter().filter_map(pair).collect();
    let order: Vec<usize> = (0..scene.annotators.len()).collect();
    let mut ways = Vec::new();
    if options.matching != Matching::Shm {
        ways.push(greedy(scene, &pairs));
    }
    if options.matching != Matching::Greedy {
        ways.push(sequential(scene, &pairs, &order));
    }
    if options.matching == Matching::Best {
        for first in 1..order.len() {
            let mut order = order.clone();
            order.rotate_left(first);
            ways.push(sequential(scene, &pairs, &order));
        }
    }
    let mut best = Clustering {
        clusters: Vec::new(),
        objective: f64::NEG_INFINITY,
    };
    for cluster_of in ways {
        let found = finish(&cluster_of, &pairs);
        if found.objective > best.objective {
            best = found;
        }
    }
    best
}

/// No cluster yet.
const NONE: usize = usize::MAX;

/// Cluster of each mark, by taking the most similar pair first.
fn greedy(scene: &Scene, pairs: &[Pair]) -> Vec<usize> {
    let mut order: Vec<&Pair> = pairs.iter().collect();
    order.sort_by(|x, y| y.gain.total_cmp(&x.gain));
    let mut cluster_of = vec![NONE; scene.objects.len()];
    let mut members: Vec<Vec<usize>> = Vec::new();
    for pair in order {
        // A mark alone is a cluster of its own, so that joining is the only case.
        for mark in [pair.a, pair.b] {
            if cluster_of[mark] == NONE {
                cluster_of[mark] = members.len();
                members.push(vec![mark]);
            }
        }
        let (x, y) = (cluster_of[pair.a], cluster_of[pair.b]);
        let by = |mark: &usize| scene.objects[*mark].by;
        let shares_annotator = members[x]
            .iter()
            .any(|m| members[y].iter().any(|n| by(m) == by(n)));
        if x == y || shares_annotator {
            continue;
        }
        let moved = std::mem::take(&mut members[y]);
        for &mark in &moved {
            cluster_of[mark] = x;
        }
        members[x].extend(moved);
    }
    cluster_of
}

/// Cluster of each mark, by assigning one annotator after the other.
fn sequential(scene: &Scene, pairs: &[Pair], order: &[usize]) -> Vec<usize> {
    let mut cluster_of = vec![NONE; scene.objects.len()];
    let mut columns = 0;
    let mut assigner = Assigner::new();
    for (place, &annotator) in order.iter().enumerate() {
        let is_own = |mark: usize| scene.objects[mark].by == annotator;
        for &earlier in &order[..place] {
            // Columns that already have a mark of this annotator take no other.
            let is_taken = |column: usize| {
                let mut own = (0..scene.objects.len()).filter(|&m| is_own(m));
                own.any(|m| cluster_of[m] == column)
            };
            let edge = |pair: &Pair| {
                let (own, other) = if is_own(pair.a) {
                    (pair.a, pair.b)
                } else {
                    (pair.b, pair.a)
                };
                let fits = is_own(own)
                    && scene.objects[other].by == earlier
                    && cluster_of[own] == NONE
                    && !is_taken(cluster_of[other]);
                fits.then(|| Edge {
                    row: u32::try_from(other).unwrap_or(u32::MAX),
                    col: u32::try_from(own).unwrap_or(u32::MAX),
                    // As many as possible come first.
                    weight: 100.0 + pair.gain,
                })
            };
            let edges: Vec<Edge> = pairs.iter().filter_map(edge).collect();
            let n = scene.objects.len();
            for match_ in assigner.best(n, n, &edges) {
                cluster_of[match_.col as usize] = cluster_of[match_.row as usize];
            }
        }
        for mark in (0..scene.objects.len()).filter(|&m| is_own(m)) {
            if cluster_of[mark] == NONE {
                cluster_of[mark] = columns;
                columns += 1;
            }
        }
    }
    cluster_of
}

/// Lists of marks by cluster, ordered by their first mark; marks without a cluster are alone.
fn finish(cluster_of: &[usize], pairs: &[Pair]) -> Clustering {
    let mut clusters: Vec<Vec<usize>> = Vec::new();
    let mut place = std::collections::BTreeMap::new();
    for (mark, &cluster) in cluster_of.iter().enumerate() {
        if cluster == NONE {
            clusters.push(vec![mark]);
            continue;
        }
        let at = *place.entry(cluster).or_insert_with(|| {
            clusters.push(Vec::new());
            clusters.len() - 1
        });
        clusters[at].push(mark);
    }
    let is_kept = |p: &&Pair| cluster_of[p.a] != NONE && cluster_of[p.a] == cluster_of[p.b];
    Clustering {
        clusters,
        objective: pairs.iter().filter(is_kept).map(|p| p.similarity).sum(),
    }
}

/// One image as units of codes: 0 for an annotator who drew nothing there, else 1 more than the category.
struct ImageUnits {
    /// Annotator and value of each unit.
    units: Vec<Vec<(u32, u32)>>,
}

impl ImageUnits {
    fn of(scene: &Scene, clusters: &[Vec<usize>]) -> Self {
        let blank: Vec<(u32, u32)> = scene.annotators.iter().map(|a| (*a, 0)).collect();
        let mut units: Vec<Vec<(u32, u32)>> = clusters
            .iter()
            .map(|cluster| {
                let mut unit = blank.clone();
                for &mark in cluster {
                    let mark = &scene.objects[mark];
                    unit[mark.by].1 = mark.category + 1;
                }
                unit
            })
            .collect();
        // All agree that there is nothing.
        if units.is_empty() && !blank.is_empty() {
            units.push(blank);
        }
        Self { units }
    }
}

/// Alpha of units; 1 where nobody contradicts, as kalos defines it.
fn alpha<'a>(units: impl Iterator<Item = &'a Vec<(u32, u32)>>, without: Option<u32>) -> f64 {
    let mut counts = NominalCounts::default();
    let mut values = Vec::new();
    for unit in units {
        values.clear();
        values.extend(
            unit.iter()
                .filter(|(a, _)| Some(*a) != without)
                .map(|(_, v)| *v),
        );
        counts.push(&values);
    }
    counts.alpha().unwrap_or(1.0)
}

/// Agreement on objects.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectAgreement {
    /// Alpha over all images together, with an interval from drawing images again where asked for.
    pub global: Estimate,
    /// Mean of the images' alphas.
    pub mean: f64,
    /// Alpha of each image; 1 where all agree on one thing, or that there is nothing.
    pub images: Vec<f64>,
    /// Clusters of each image.
    pub clusters: Vec<Clustering>,
    /// Annotator, and alpha minus alpha without this annotator: below 0 the others agree better alone.
    pub vitality: Vec<(u32, f64)>,
    /// Category, and alpha over the units where someone saw it.
    pub categories: Vec<(u32, f64)>,
    /// Two annotators, matched by themselves, and their alpha; none where they share no image.
    pub pairs: Vec<(u32, u32, Option<f64>)>,
}

/// K-αLOS: Krippendorff's alpha of categories over marks that were put together by where they are; an annotator who drew
/// nothing for a cluster says "nothing".
///
/// Where nobody contradicts, alpha is 1 by definition. Errors: no images, options out of range, shapes that cannot be
/// compared. Cost: as [`cluster`] for each image, and again for each pair of annotators; `resamples` times all units.
/// Source: Tschirschwitz et al. 2026 (arXiv 2603.27197); same numbers as kalos 0.8.0.
pub fn object_agreement(
    scenes: &[Scene],
    options: ObjectOptions,
    how: Option<Resampling>,
) -> Result<ObjectAgreement, AgreementError> {
    if scenes.is_empty() {
        return Err(AgreementError::NoPairs);
    }
    let mut images = Vec::with_capacity(scenes.len());
    let mut units = Vec::with_capacity(scenes.len());
    let mut clusters = Vec::with_capacity(scenes.len());
    let mut similar = Vec::with_capacity(scenes.len());
    for scene in scenes {
        check(scene, options)?;
        let found = similarities(scene)?;
        let clustering = cluster_similar(scene, &found, options);
        let image = ImageUnits::of(scene, &clustering.clusters);
        images.push(alpha(image.units.iter(), None));
        units.push(image);
        clusters.push(clustering);
        similar.push(found);
    }
    let all = || units.iter().flat_map(|image| image.units.iter());
    let global = alpha(all(), None);
    let interval = how.and_then(|how| {
        bootstrap(units.len(), how, |drawn| {
            Some(alpha(
                drawn.iter().flat_map(|&i| units[i].units.iter()),
                None,
            ))
        })
    });
    let mut annotators: Vec<u32> = scenes
        .iter()
        .flat_map(|s| s.annotators.iter().copied())
        .collect();
    annotators.sort_unstable();
    annotators.dedup();
    let mut codes: Vec<u32> = scenes
        .iter()
        .flat_map(|s| s.objects.iter().map(|m| m.category))
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let seen =
        |category: u32| all().filter(move |unit| unit.iter().any(|(_, v)| *v == category + 1));
    // With two annotators none can be left out.
    let vitality = if annotators.len() > 2 {
        &annotators[..]
    } else {
        &[]
    };
    Ok(ObjectAgreement {
        global: Estimate::with(global, interval, scenes.len()),
        mean: images.iter().sum::<f64>() / images.len() as f64,
        vitality: vitality
            .iter()
            .map(|&a| (a, global - alpha(all(), Some(a))))
            .collect(),
        categories: codes.iter().map(|&c| (c, alpha(seen(c), None))).collect(),
        pairs: pairs(scenes, &similar, options, &annotators),
        images,
        clusters,
    })
}

fn pairs(
    scenes: &[Scene],
    similar: &[Vec<(usize, usize, f64)>],
    options: ObjectOptions,
    annotators: &[u32],
) -> Vec<(u32, u32, Option<f64>)> {
    let mut out = Vec::new();
    for (i, &first) in annotators.iter().enumerate() {
        for &second in &annotators[i + 1..] {
            let mut units = Vec::new();
            for (scene, similar) in scenes.iter().zip(similar) {
                let place = |who: u32| scene.annotators.iter().position(|a| *a == who);
                let (Some(a), Some(b)) = (place(first), place(second)) else {
                    continue;
                };
                units.extend(pair_units(scene, similar, options, [a, b]).units);
            }
            let found = (!units.is_empty()).then(|| alpha(units.iter(), None));
            out.push((first, second, found));
        }
    }
    out
}

/// One image as only two annotators see it.
fn pair_units(
    scene: &Scene,
    similar: &[(usize, usize, f64)],
    options: ObjectOptions,
    two: [usize; 2],
) -> ImageUnits {
    let mut place = vec![NONE; scene.objects.len()];
    let mut pair = Scene {
        annotators: two.iter().map(|&i| scene.annotators[i]).collect(),
        objects: Vec::new(),
    };
    for (mark, object) in scene.objects.iter().enumerate() {
        if let Some(by) = two.iter().position(|i| *i == object.by) {
            place[mark] = pair.objects.len();
            pair.objects.push(Marked {
                by,
                ..object.clone()
            });
        }
    }
    let kept = similar.iter().map(|(a, b, s)| (place[*a], place[*b], *s));
    let kept: Vec<_> = kept.filter(|(a, b, _)| *a != NONE && *b != NONE).collect();
    let found = cluster_similar(&pair, &kept, options);
    ImageUnits::of(&pair, &found.clusters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(by: usize, category: u32, x: f64) -> Marked {
        Marked {
            by,
            category,
            shape: Shape::Rect(Rect::from_corners([x, 0.0, x + 10.0, 10.0])),
        }
    }

    fn scene() -> Scene {
        Scene {
            annotators: vec![0, 1, 2],
            objects: vec![
                mark(0, 0, 0.0),
                mark(1, 0, 1.0),
                mark(2, 1, 0.5),
                mark(0, 0, 50.0),
                mark(1, 0, 51.0),
            ],
        }
    }

    #[test]
    fn marks_of_the_same_thing_come_together() {
        for matching in [Matching::Greedy, Matching::Shm, Matching::Best] {
            let found = cluster(
                &scene(),
                ObjectOptions {
                    matching,
                    ..ObjectOptions::default()
                },
            )
            .unwrap();
            assert_eq!(found.clusters, [vec![0, 1, 2], vec![3, 4]], "{matching:?}");
        }
    }

    #[test]
    fn the_best_matching_is_at_least_as_good_as_each() {
        // Three in a row, each overlapping the next: who is joined first matters.
        let chain = Scene {
            annotators: vec![0, 1, 2],
            objects: vec![
                mark(0, 0, 0.0),
                mark(1, 0, 3.0),
                mark(2, 0, 5.5),
                mark(0, 0, 6.0),
                mark(1, 0, 9.0),
            ],
        };
        let of = |matching| {
            let options = ObjectOptions {
                matching,
                threshold: 0.2,
                ..ObjectOptions::default()
            };
            cluster(&chain, options).unwrap().objective
        };
        assert!(of(Matching::Best) >= of(Matching::Greedy).max(of(Matching::Shm)));
    }

    #[test]
    fn agreement_and_its_parts() {
        let empty = Scene {
            annotators: vec![0, 1],
            objects: Vec::new(),
        };
        let scenes = [scene(), empty, scene()];
        let how = Some(Resampling {
            resamples: 50,
            seed: 1,
        });
        let found = object_agreement(&scenes, ObjectOptions::default(), how).unwrap();
        assert_eq!(found.images[1], 1.0);
        assert_eq!(found.pairs.len(), 3);
        assert_eq!(found.pairs[0].2, Some(1.0));
        assert!(found.vitality[2].1 < 0.0, "{:?}", found.vitality);
        assert!(found.global.low <= Some(found.global.estimate));
        assert!(object_agreement(&[], ObjectOptions::default(), None).is_err());
        let options = ObjectOptions {
            threshold: 0.0,
            ..ObjectOptions::default()
        };
        assert!(object_agreement(&scenes, options, None).is_err());
    }

    #[test]
    fn spans_and_points_are_compared() {
        let span = |a, b| Shape::Span {
            start_secs: a,
            end_secs: b,
        };
        assert_eq!(
            span(0.0, 2.0).similarity(&span(1.0, 3.0)).unwrap(),
            Some(1.0 / 3.0)
        );
        let points = |x| Shape::Points {
            joints: vec![x, 0.0, 2.0, 5.0, 5.0, 0.0],
            size: [10.0; 2],
        };
        let found = points(0.0).similarity(&points(2.0)).unwrap().unwrap();
        assert!((found - (1.0 - 0.2 / 2.0_f64.sqrt())).abs() < 1e-12);
        assert_eq!(points(0.0).similarity(&span(0.0, 1.0)).unwrap(), None);
    }
}
