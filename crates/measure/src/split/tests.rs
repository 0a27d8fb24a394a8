use super::*;
use crate::stats::SplitMix;
use proptest::prelude::*;

fn turn(seed: u64, name: u64) -> [u8; 32] {
    let mut random = SplitMix::new(seed ^ name.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut turn = [0; 32];
    for part in turn.chunks_mut(8) {
        part.copy_from_slice(&random.next_u64().to_be_bytes());
    }
    turn
}

fn groups(sizes: &[u64], seed: u64) -> Vec<Group> {
    let groups = sizes.iter().enumerate();
    let group = |(name, size): (usize, &u64)| Group {
        turn: turn(seed, name as u64),
        members: vec![(0, *size)],
        stays: None,
    };
    groups.map(group).collect()
}

#[test]
fn shares_are_met_with_many_groups() {
    let groups = groups(&vec![1; 1000], 7);
    let done = assign(&groups, &[80.0, 10.0, 10.0]).expect("a split");
    assert_eq!(done.members, [800, 100, 100]);
}

#[test]
fn no_split_is_empty_that_can_be_filled() {
    let done = assign(&groups(&[1, 1, 1], 3), &[80.0, 10.0, 10.0]).expect("a split");
    assert_eq!(done.members, [1, 1, 1]);
    let done = assign(&groups(&[1000, 1, 1], 3), &[80.0, 10.0, 10.0]).expect("a split");
    assert!(done.groups.iter().all(|groups| *groups == 1), "{done:?}");
    let error = assign(&groups(&[5, 5], 3), &[80.0, 10.0, 10.0]).expect_err("too few");
    assert_eq!(
        error,
        SplitError::TooFewGroups {
            groups: 2,
            splits: 3
        }
    );
    assert_eq!(assign(&[], &[1.0, 1.0]), Err(SplitError::Empty));
    assert_eq!(
        assign(&groups(&[1, 1], 1), &[1.0, 0.0]),
        Err(SplitError::Shares)
    );
    assert_eq!(assign(&groups(&[1, 1], 1), &[1.0]), Err(SplitError::Shares));
    let mut all = groups(&[1, 1, 1], 3);
    for group in &mut all {
        group.stays = Some(0);
    }
    all[2].stays = None;
    let error = assign(&all, &[80.0, 10.0, 10.0]).expect_err("nothing left");
    assert_eq!(error, SplitError::NothingLeft { split: 2, free: 1 });
}

#[test]
fn strata_get_their_shares() {
    // Ten groups in a hundred are of the rare stratum.
    let groups: Vec<Group> = (0..200)
        .map(|name| Group {
            turn: turn(11, name),
            members: vec![(usize::from(name % 10 == 0), 5)],
            stays: None,
        })
        .collect();
    let done = assign(&groups, &[50.0, 50.0]).expect("a split");
    let rare = |split: usize| {
        let in_split = groups.iter().zip(&done.splits);
        in_split
            .filter(|(group, at)| **at == split && group.members[0].0 == 1)
            .count()
    };
    assert_eq!((rare(0), rare(1)), (10, 10));
    assert_eq!(done.members, [500, 500]);
}

#[test]
fn rows_that_share_a_word_are_joined() {
    let rows: Vec<Vec<String>> = ["a b", "c", "d", "b c", "", "d", ""]
        .iter()
        .map(|row| row.split_whitespace().map(str::to_owned).collect())
        .collect();
    let found = joined(rows.iter().map(Vec::as_slice));
    assert_eq!(found, [0, 0, 2, 0, 4, 2, 6]);
}

#[test]
fn the_share_of_equal_digests_is_estimated() {
    let set = |seed: u64, own: u64, common: u64| {
        let mut sketch = Sketch::default();
        let mut random = SplitMix::new(1);
        for _ in 0..common {
            sketch.add(random.next_u64());
        }
        let mut random = SplitMix::new(seed);
        for _ in 0..own {
            sketch.add(random.next_u64());
        }
        sketch
    };
    let (a, b) = (set(5, 1000, 8000), set(6, 1000, 8000));
    assert!((a.jaccard(&b) - 0.8).abs() < 0.1, "{}", a.jaccard(&b));
    // Small sets are compared exactly.
    let (a, b) = (set(5, 10, 30), set(6, 10, 30));
    assert!((a.jaccard(&b) - 0.6).abs() < 1e-12);
    assert!((Sketch::default().jaccard(&Sketch::default())).abs() < 1e-12);
}

#[test]
fn near_duplicates_among_many_are_found_in_buckets() {
    let count = 3000;
    let sketch = |row: u64| {
        // Row 2 n + 1 holds nine tenths of what row 2 n holds; no other two have anything in common.
        let mut random = SplitMix::new(row / 2 + 1);
        let mut sketch = Sketch::default();
        for at in 0..100 {
            let digest = random.next_u64();
            let own = row % 2 == 1 && at % 20 == 0;
            sketch.add(if own { digest ^ 0x5555 } else { digest });
        }
        sketch
    };
    let sketches: Vec<Sketch> = (0..count).map(sketch).collect();
    let found = similar_sketches(&sketches, 0.8);
    assert_eq!(found.len(), 1500);
    assert!(
        found
            .iter()
            .all(|pair| pair.first + 1 == pair.second && pair.first % 2 == 0)
    );
    let features = |row: u64| {
        let mut random = SplitMix::new(row / 2 + 1);
        let mut features = Features::default();
        for at in 0..40 {
            let more = if row % 2 == 1 {
                f64::from(at) * 0.001
            } else {
                0.0
            };
            features.add(random.next_u64(), random.unit() + more);
        }
        features
    };
    let rows: Vec<Features> = (0..2000).map(features).collect();
    let found = Features::alike(&rows, 0.99);
    assert!(found.len() >= 995, "{} of 1000", found.len());
    assert!(found.iter().all(|pair| pair.first + 1 == pair.second));
}

#[test]
fn cosines_are_those_of_vectors() {
    let of = |weights: &[(u64, f64)]| {
        let mut features = Features::default();
        for (feature, weight) in weights {
            features.add(*feature, *weight);
        }
        features
    };
    let (a, b) = (of(&[(1, 3.0), (2, 4.0)]), of(&[(1, 4.0), (2, 3.0)]));
    assert!((a.cosine(&b) - 0.96).abs() < 1e-12);
    assert!((a.cosine(&of(&[(3, 1.0)]))).abs() < 1e-12);
    assert!((a.cosine(&Features::default())).abs() < 1e-12);
    assert_eq!(of(&[(1, f64::NAN), (2, -1.0)]).len(), 0);
}

#[test]
fn stretches_that_overlap_or_nearly_touch_are_named() {
    let stretch = |stream, start_ns, end_ns, split, row| Stretch {
        stream,
        start_ns,
        end_ns,
        split,
        row,
    };
    let all = vec![
        stretch(0, 0, 100, 0, 0),
        stretch(0, 10, 20, 0, 1),
        stretch(0, 90, 95, 1, 2),
        stretch(0, 110, 120, 1, 3),
        stretch(1, 0, 100, 0, 4),
        stretch(1, 100, 200, 1, 5),
        stretch(2, 50, 60, 1, 6),
    ];
    let near = |gap_ns| {
        let found = near_in_time(all.clone(), gap_ns);
        let found = found
            .into_iter()
            .map(|near| (near.first, near.second, near.gap_ns));
        found.collect::<Vec<_>>()
    };
    assert_eq!(near(0), [(0, 2, -10), (4, 5, 0)]);
    assert_eq!(near(10), [(0, 2, -10), (4, 5, 0)]);
    assert_eq!(near(11), [(0, 2, -10), (0, 3, 10), (4, 5, 0)]);
}

proptest! {
    #[test]
    fn the_order_of_groups_does_not_matter_and_what_stays_stays(
        sizes in prop::collection::vec(1_u64..50, 3..60),
        seed in 0_u64..1000,
        more in prop::collection::vec(1_u64..50, 0..20),
    ) {
        let first = groups(&sizes, seed);
        let shares = [70.0, 20.0, 10.0];
        let done = assign(&first, &shares).expect("a split");
        prop_assert_eq!(done.members.iter().sum::<u64>(), sizes.iter().sum::<u64>());
        prop_assert!(done.groups.iter().all(|groups| *groups > 0));
        let mut backwards = first.clone();
        backwards.reverse();
        let mut again = assign(&backwards, &shares).expect("a split").splits;
        again.reverse();
        prop_assert_eq!(&again, &done.splits);
        let mut grown = groups(&[sizes.as_slice(), more.as_slice()].concat(), seed);
        for (group, split) in grown.iter_mut().zip(&done.splits) {
            group.stays = Some(*split);
        }
        let later = assign(&grown, &shares).expect("a split");
        prop_assert_eq!(&later.splits[..sizes.len()], done.splits.as_slice());
    }

    #[test]
    fn near_stretches_are_those_of_all_pairs(
        stretches in prop::collection::vec((0_usize..2, 0_i64..50, 0_i64..20, 0_usize..3), 0..30),
        gap_ns in 0_i64..5,
    ) {
        let all: Vec<Stretch> = stretches.iter().enumerate().map(|(row, (stream, start, length, split))| Stretch {
            stream: *stream, start_ns: *start, end_ns: start + length, split: *split, row,
        }).collect();
        let is_near = |a: &Stretch, b: &Stretch| {
            let gap = a.start_ns.max(b.start_ns) - a.end_ns.min(b.end_ns);
            a.stream == b.stream && a.split != b.split && (gap <= 0 || gap < gap_ns)
        };
        let any = all.iter().any(|a| all.iter().any(|b| is_near(a, b)));
        let found = near_in_time(all.clone(), gap_ns);
        prop_assert_eq!(any, !found.is_empty());
        for near in &found {
            prop_assert!(is_near(&all[near.first], &all[near.second]));
        }
        // Every stretch that has such a neighbor before it is named.
        for b in &all {
            let has = all.iter().any(|a| a < b && is_near(a, b));
            prop_assert_eq!(has, found.iter().any(|near| near.second == b.row));
        }
    }
}
