//! Laws and worked examples of the transform tree.

use fieldassay_measure::transform::{
    DefectKind, EdgeSample, Sweep, TransformError, TransformTree, TreeBuilder, transformable,
};
use proptest::prelude::*;

const MAP: u32 = 0;
const ODOM: u32 = 1;
const BASE: u32 = 2;
const LIDAR: u32 = 3;

fn names() -> Vec<String> {
    ["map", "odom", "base_link", "lidar", "camera", "/odom", ""]
        .map(str::to_owned)
        .to_vec()
}

fn sample(parent: u32, child: u32, stamp_ns: i64) -> EdgeSample {
    EdgeSample {
        parent,
        child,
        stamp_ns,
        is_static: false,
        translation: [1.0, 2.0, 3.0],
        quat_xyzw: [0.0, 0.0, 0.0, 1.0],
    }
}

fn fixed(parent: u32, child: u32) -> EdgeSample {
    EdgeSample {
        is_static: true,
        ..sample(parent, child, 0)
    }
}

fn tree(samples: &[EdgeSample]) -> TransformTree {
    let mut builder = TreeBuilder::default();
    for s in samples {
        builder.push(s);
    }
    builder.finish(&names())
}

/// `map -> odom -> base_link` by 10 ns, `base_link -> lidar` static.
fn healthy() -> Vec<EdgeSample> {
    let mut samples = vec![fixed(BASE, LIDAR)];
    for i in 0..100 {
        samples.push(sample(MAP, ODOM, 10 * i));
        samples.push(sample(ODOM, BASE, 10 * i));
    }
    samples
}

fn kinds(tree: &TransformTree) -> Vec<DefectKind> {
    tree.defects.iter().map(|d| d.kind).collect()
}

#[test]
fn a_healthy_tree_has_no_defects() {
    let t = tree(&healthy());
    assert!(t.defects.is_empty() && t.cycles.is_empty() && t.reparents.is_empty());
    assert_eq!(t.components, vec![vec![MAP, ODOM, BASE, LIDAR]]);
    assert_eq!(t.roots, vec![MAP]);
    let edge = t.edges.iter().find(|e| e.child == BASE).unwrap();
    assert_eq!(
        (edge.count, edge.median_period_ns, edge.max_gap_ns),
        (100, Some(10.0), Some(10))
    );
    assert!((edge.rate_hz.unwrap() - 1e8).abs() < 1e-3);
}

#[test]
fn every_defect_has_its_name() {
    let of = |s: EdgeSample| kinds(&tree(&[s]));
    assert_eq!(of(sample(ODOM, ODOM, 5)), vec![DefectKind::SelfTransform]);
    assert_eq!(of(sample(6, ODOM, 5)), vec![DefectKind::EmptyFrame]);
    assert_eq!(of(sample(99, ODOM, 5)), vec![DefectKind::EmptyFrame]);
    assert_eq!(of(sample(MAP, 5, 5)), vec![DefectKind::LeadingSlash]);
    let nan = EdgeSample {
        translation: [0.0, f64::NAN, 0.0],
        ..sample(MAP, ODOM, 5)
    };
    assert_eq!(of(nan), vec![DefectKind::NonFinite]);
    let long = EdgeSample {
        quat_xyzw: [0.0, 0.0, 0.0, 1.006],
        ..sample(MAP, ODOM, 5)
    };
    assert_eq!(of(long), vec![DefectKind::Denormalized]);
    let nearly = EdgeSample {
        quat_xyzw: [0.0, 0.0, 0.0, 1.004],
        ..sample(MAP, ODOM, 5)
    };
    assert!(of(nearly).is_empty());
}

#[test]
fn statics_that_disagree() {
    let again = EdgeSample {
        stamp_ns: 50,
        ..fixed(BASE, LIDAR)
    };
    assert!(tree(&[fixed(BASE, LIDAR), again]).defects.is_empty());
    let turned = EdgeSample {
        quat_xyzw: [0.0, 0.0, 0.0, -1.0],
        ..again
    };
    assert!(
        tree(&[fixed(BASE, LIDAR), turned]).defects.is_empty(),
        "q and -q are one rotation"
    );
    let moved = EdgeSample {
        translation: [1.0, 2.0, 3.001],
        ..again
    };
    let t = tree(&[fixed(BASE, LIDAR), moved]);
    assert_eq!(
        (kinds(&t), t.defects[0].count, t.defects[0].first_ns),
        (vec![DefectKind::StaticChanged], 2, Some(50))
    );
    assert_eq!(
        kinds(&tree(&[fixed(BASE, LIDAR), fixed(ODOM, LIDAR)])),
        vec![DefectKind::ConflictingStatic]
    );
    assert_eq!(
        kinds(&tree(&[fixed(BASE, LIDAR), sample(BASE, LIDAR, 3)])),
        vec![DefectKind::StaticAndDynamic]
    );
}

#[test]
fn a_slash_does_not_split_the_tree() {
    let t = tree(&[sample(MAP, 5, 1), sample(ODOM, BASE, 1)]);
    assert_eq!(t.components, vec![vec![MAP, ODOM, BASE]]);
}

#[test]
fn a_cycle_has_its_time() {
    let mut samples = healthy();
    // From 300 to 400 base_link also is the parent of odom.
    samples.retain(|s| s.child != ODOM || s.stamp_ns < 300 || s.stamp_ns >= 400);
    samples.extend((30..40).map(|i| sample(BASE, ODOM, 10 * i)));
    let t = tree(&samples);
    assert_eq!(t.cycles.len(), 1);
    let c = &t.cycles[0];
    assert_eq!(
        (
            c.frames.clone(),
            c.windows,
            c.first_ns,
            c.last_ns,
            c.total_ns
        ),
        (vec![ODOM, BASE], 1, 300, 400, 100)
    );
    assert_eq!(t.reparents.len(), 1);
    assert_eq!(
        (
            t.reparents[0].child,
            t.reparents[0].changes,
            t.reparents[0].is_alternating
        ),
        (ODOM, 2, true)
    );
}

#[test]
fn a_static_cycle_lasts() {
    let mut samples = healthy();
    samples.extend([fixed(4, 7), fixed(7, 8), fixed(8, 4)]);
    let mut names = names();
    names.extend(["a".to_owned(), "b".to_owned()]);
    let mut builder = TreeBuilder::default();
    for s in &samples {
        builder.push(s);
    }
    let t = builder.finish(&names);
    assert_eq!(t.cycles.len(), 1);
    assert_eq!(
        (
            t.cycles[0].frames.clone(),
            t.cycles[0].first_ns,
            t.cycles[0].last_ns
        ),
        (vec![4, 8, 7], 0, 990)
    );
    assert_eq!(t.components.len(), 2);
}

#[test]
fn alternating_parents_are_told_from_a_handover() {
    let handover: Vec<EdgeSample> = (0..20)
        .map(|i| sample(if i < 10 { MAP } else { ODOM }, BASE, 10 * i))
        .collect();
    let t = tree(&handover);
    let r = &t.reparents[0];
    assert_eq!(
        (
            r.child,
            r.changes,
            r.is_alternating,
            r.first_ns,
            r.parents.clone()
        ),
        (BASE, 1, false, 100, vec![MAP, ODOM])
    );
    assert_eq!(
        (r.events[0].old_parent, r.events[0].new_parent),
        (MAP, ODOM)
    );
    let both: Vec<EdgeSample> = (0..20)
        .flat_map(|i| [sample(MAP, BASE, 10 * i), sample(ODOM, BASE, 10 * i + 5)])
        .collect();
    let t = tree(&both);
    assert_eq!(
        (t.reparents[0].changes, t.reparents[0].is_alternating),
        (39, true)
    );
}

#[test]
fn availability_follows_gaps() {
    let mut samples = healthy();
    samples.retain(|s| s.child != ODOM || s.stamp_ns < 300 || s.stamp_ns >= 500);
    let t = tree(&samples);
    let sweep = Sweep {
        start_ns: -100,
        end_ns: 1000,
        max_stale_ns: 50,
    };
    let path = t.path(LIDAR, MAP, &sweep).unwrap();
    assert_eq!(path.intervals, vec![(0, 340), (500, 1000)]);
    assert_eq!(path.longest_unavailable, Some((340, 500)));
    assert_eq!(path.interruptions, 2);
    assert!((path.share - 840.0 / 1100.0).abs() < 1e-12);
    let share = transformable(&[-50, 0, 340, 341, 499, 500, 999], &path).unwrap();
    assert_eq!((share.n, share.transformable), (7, 4));
    assert_eq!(transformable(&[], &path), Err(TransformError::NoStamps));
    // The static edge alone always connects, unknown frames never do.
    assert_eq!(t.path(LIDAR, BASE, &sweep).unwrap().share, 1.0);
    assert_eq!(t.path(LIDAR, 77, &sweep).unwrap().share, 0.0);
    assert_eq!(t.path(77, 77, &sweep).unwrap().share, 1.0);
    let empty = Sweep {
        end_ns: -100,
        ..sweep
    };
    assert!(matches!(
        t.path(LIDAR, MAP, &empty),
        Err(TransformError::EmptyWindow { .. })
    ));
    let negative = Sweep {
        max_stale_ns: -1,
        ..sweep
    };
    assert!(matches!(
        t.path(LIDAR, MAP, &negative),
        Err(TransformError::BadStaleness { .. })
    ));
}

#[test]
fn old_data_and_order_are_counted() {
    let second = 1_000_000_000;
    let t = tree(&[
        sample(MAP, ODOM, 20 * second),
        sample(MAP, ODOM, 5 * second),
        sample(MAP, ODOM, 20 * second),
    ]);
    let e = &t.edges[0];
    assert_eq!((e.old, e.regressions, e.duplicates), (1, 1, 1));
}

fn any_sample() -> impl Strategy<Value = EdgeSample> {
    (0_u32..5, 0_u32..5, 0_i64..200, any::<bool>(), 0_u8..3).prop_map(
        |(parent, child, stamp, is_static, value)| EdgeSample {
            is_static,
            translation: [f64::from(value), 0.0, 0.0],
            ..sample(parent, child, stamp)
        },
    )
}

proptest! {
    #[test]
    fn order_does_not_matter(samples in prop::collection::vec(any_sample(), 0..60), seed in any::<u64>()) {
        let mut shuffled = samples.clone();
        let mut state = seed;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let j = usize::try_from((state >> 33) % (i as u64 + 1)).unwrap();
            shuffled.swap(i, j);
        }
        let strip = |mut t: TransformTree| {
            for e in &mut t.edges {
                e.regressions = 0;
                e.old = 0;
            }
            t
        };
        prop_assert_eq!(strip(tree(&samples)), strip(tree(&shuffled)));
    }

    #[test]
    fn merging_parts_equals_the_whole(samples in prop::collection::vec(any_sample(), 0..60), cut in 0_usize..60) {
        let cut = cut.min(samples.len());
        let (mut a, mut b) = (TreeBuilder::default(), TreeBuilder::default());
        for s in &samples[..cut] { a.push(s); }
        for s in &samples[cut..] { b.push(s); }
        a.merge(b);
        prop_assert_eq!(a.finish(&names()), tree(&samples));
    }

    #[test]
    fn cycles_are_cycles(samples in prop::collection::vec(any_sample(), 0..60)) {
        let t = tree(&samples);
        for c in &t.cycles {
            prop_assert!(c.first_ns <= c.last_ns && c.windows >= 1);
            for (i, child) in c.frames.iter().enumerate() {
                let parent = c.frames[(i + 1) % c.frames.len()];
                prop_assert!(t.edges.iter().any(|e| e.child == *child && e.parent == parent));
            }
        }
    }

    #[test]
    fn paths_are_symmetric_and_grow_with_patience(samples in prop::collection::vec(any_sample(), 0..60), stale in 0_i64..100) {
        let t = tree(&samples);
        let sweep = |max_stale_ns| Sweep { start_ns: 0, end_ns: 250, max_stale_ns };
        let there = t.path(0, 4, &sweep(stale)).unwrap();
        prop_assert_eq!(&there, &t.path(4, 0, &sweep(stale)).unwrap());
        prop_assert!(there.share <= t.path(0, 4, &sweep(stale + 20)).unwrap().share + 1e-12);
    }
}
