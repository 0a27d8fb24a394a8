use super::*;
use crate::test_noise::Noise;

/// Units of a source whose shares vary from unit to unit: probabilities are mixed with a unit's own favorite.
struct Fleet {
    rows: Vec<(i64, String, &'static str, u64)>,
}

impl Fleet {
    fn add(
        &mut self,
        noise: &mut Noise,
        window: i64,
        units: usize,
        shares: &[(&'static str, f64)],
    ) {
        for unit in 0..units {
            let favorite = pick(noise, shares);
            let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
            for _ in 0..100 {
                let class = if noise.uniform() < 0.3 {
                    favorite
                } else {
                    pick(noise, shares)
                };
                *counts.entry(class).or_default() += 1;
            }
            for (class, count) in counts {
                self.rows
                    .push((window, format!("drive-{unit}"), class, count));
            }
        }
    }

    fn counts(&self) -> Vec<ClassCount<'_>> {
        let rows = self.rows.iter();
        rows.map(|(window, unit, class, count)| ClassCount {
            source: "vendor",
            window: *window,
            unit,
            class,
            count: *count,
        })
        .collect()
    }
}

fn pick(noise: &mut Noise, shares: &[(&'static str, f64)]) -> &'static str {
    let mut left = noise.uniform();
    for (class, share) in shares {
        left -= share;
        if left < 0.0 {
            return class;
        }
    }
    shares[0].0
}

const BEFORE: [(&str, f64); 4] = [
    ("car", 0.6),
    ("pedestrian", 0.25),
    ("bicycle", 0.1),
    ("other", 0.05),
];

fn drift_of(after: &[(&'static str, f64)], units: [usize; 2], seed: u64) -> TaxonomyDrift {
    let mut noise = Noise::new(seed);
    let mut fleet = Fleet { rows: Vec::new() };
    fleet.add(&mut noise, 0, units[0], &BEFORE);
    fleet.add(&mut noise, 1, units[1], after);
    taxonomy_drift(&fleet.counts(), &[], &TaxonomyOptions::default()).unwrap()
}

#[test]
fn without_drift_alarms_are_rare_and_intervals_hold_the_truth() {
    let (mut alarms, mut covered, mut all) = (0, 0, 0);
    for seed in 0..400 {
        let drift = drift_of(&BEFORE, [12, 8], seed);
        let window = &drift.windows[0];
        alarms += usize::from(
            window
                .classes
                .iter()
                .any(|class| class.fate != ClassFate::Kept),
        );
        for class in &window.classes {
            all += 1;
            let (low, high) = (
                class.difference.low.unwrap(),
                class.difference.high.unwrap(),
            );
            covered += u32::from(low <= 0.0 && high >= 0.0);
        }
    }
    // At most 5 % of 400 and three standard errors of 4.4.
    assert!(alarms <= 33, "{alarms}");
    let share = f64::from(covered) / f64::from(all);
    assert!((0.93..=0.99).contains(&share), "{share}");
}

#[test]
fn labels_taken_for_independent_would_alarm() {
    // The same labels, every label its own unit: the alarms that units prevent.
    let mut alarms = 0;
    for seed in 0..60 {
        let mut noise = Noise::new(seed);
        let mut fleet = Fleet { rows: Vec::new() };
        fleet.add(&mut noise, 0, 12, &BEFORE);
        fleet.add(&mut noise, 1, 8, &BEFORE);
        let single: Vec<_> = fleet
            .rows
            .iter()
            .flat_map(|row| {
                (0..row.3).map(move |i| (row.0, format!("{}{}{i}", row.1, row.2), row.2))
            })
            .collect();
        let counts: Vec<_> = single
            .iter()
            .map(|(window, unit, class)| ClassCount {
                source: "v",
                window: *window,
                unit,
                class,
                count: 1,
            })
            .collect();
        let drift = taxonomy_drift(&counts, &[], &TaxonomyOptions::default()).unwrap();
        alarms += usize::from(
            drift.windows[0]
                .classes
                .iter()
                .any(|class| class.fate != ClassFate::Kept),
        );
    }
    assert!(alarms > 20, "{alarms}");
}

#[test]
fn what_happened_is_named() {
    let after = [
        ("car", 0.25),
        ("Pedestrians", 0.25),
        ("bicycle", 0.1),
        ("other", 0.05),
        ("robot", 0.35),
    ];
    let drift = drift_of(&after, [30, 30], 5);
    let window = &drift.windows[0];
    let fate = |name: &str| {
        window
            .classes
            .iter()
            .find(|c| c.class == name)
            .unwrap()
            .fate
    };
    assert_eq!(fate("car"), ClassFate::Shifted);
    assert_eq!(fate("robot"), ClassFate::New);
    assert_eq!(fate("Pedestrians"), ClassFate::New);
    assert_eq!(fate("pedestrian"), ClassFate::Vanishing);
    assert_eq!(fate("bicycle"), ClassFate::Kept);
    let renamed: Vec<_> = window
        .renamed
        .iter()
        .map(|r| (r.from.as_str(), r.to.as_str()))
        .collect();
    assert_eq!(renamed, [("pedestrian", "Pedestrians")]);
    assert!((window.other[1].estimate - 0.05).abs() < 0.04);
    assert_eq!(window.units, [30, 30]);
}

#[test]
fn shapes_speak_for_and_against() {
    let rows = [(0, "a"), (0, "b"), (1, "c"), (1, "d")];
    let counts: Vec<_> = rows
        .iter()
        .flat_map(|(window, unit)| {
            let name = if *window == 0 { "person" } else { "human" };
            [(name, 30), ("car", 70)].map(|(class, count)| ClassCount {
                source: "s",
                window: *window,
                unit,
                class,
                count,
            })
        })
        .collect();
    let options = TaxonomyOptions::default();
    let shape = |window, class, mean| ClassShape {
        source: "s",
        window,
        class,
        features: vec![[mean, 0.2]],
    };
    let renamed = |shapes: &[ClassShape<'_>]| {
        taxonomy_drift(&counts, shapes, &options).unwrap().windows[0]
            .renamed
            .len()
    };
    assert_eq!(renamed(&[]), 0);
    assert_eq!(
        renamed(&[shape(0, "person", 1.70), shape(1, "human", 1.72)]),
        1
    );
    assert_eq!(
        renamed(&[shape(0, "person", 1.70), shape(1, "human", 4.0)]),
        0
    );
    let odd = [
        shape(0, "person", 1.7),
        ClassShape {
            source: "s",
            window: 1,
            class: "human",
            features: Vec::new(),
        },
    ];
    assert!(matches!(
        taxonomy_drift(&counts, &odd, &options),
        Err(DriftError::Mismatch { .. })
    ));
}

#[test]
fn few_units_are_not_judged_but_new_classes_are_named() {
    let row = |window, class| ClassCount {
        source: "s",
        window,
        unit: "u",
        class,
        count: 10,
    };
    let drift = taxonomy_drift(
        &[row(0, "car"), row(1, "van")],
        &[],
        &TaxonomyOptions::default(),
    )
    .unwrap();
    let window = &drift.windows[0];
    assert!(window.not_evaluated.is_some());
    let fates: Vec<_> = window
        .classes
        .iter()
        .map(|c| (c.class.as_str(), c.fate, c.p))
        .collect();
    assert_eq!(
        fates,
        [
            ("car", ClassFate::Kept, None),
            ("van", ClassFate::New, None)
        ]
    );
    assert!(matches!(
        taxonomy_drift(&[], &[], &TaxonomyOptions::default()),
        Err(DriftError::Empty { .. })
    ));
    let options = TaxonomyOptions {
        alpha: 0.0,
        ..TaxonomyOptions::default()
    };
    assert!(matches!(
        taxonomy_drift(&[row(0, "a")], &[], &options),
        Err(DriftError::BadOption { .. })
    ));
}
