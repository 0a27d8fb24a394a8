//! Recorded votes, and labels with human verdicts; skipped loudly where the data are absent.

use super::files::{cells, numpy};
use fieldassay_measure::aggregation::{
    Code, EmOptions, Known, SoftLabels, VoteTable, choices, dawid_skene, soft_labels,
};
use fieldassay_measure::agreement::{Level, agreement_report};
use fieldassay_measure::label_errors::{
    FilterOptions, Predictions, Score, confident_joint, find_issues, label_scores, ranked_issues,
};
use fieldassay_testkit::shared_data;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Votes and truth of a crowd: files, separator, header lines, columns of item, annotator and label.
struct Crowd {
    votes: &'static str,
    truth: &'static str,
    separator: char,
    header: usize,
    columns: [usize; 3],
    /// Accuracies: majority vote with ties shared, Dawid and Skene.
    expected: [f64; 2],
}

const CROWDS: [Crowd; 3] = [
    Crowd {
        votes: "crowd_survey_dev/d_Duck_Identification/answer.csv",
        truth: "crowd_survey_dev/d_Duck_Identification/truth.csv",
        separator: ',',
        header: 1,
        columns: [0, 1, 2],
        expected: [0.759, 0.898],
    },
    Crowd {
        votes: "crowd_survey_dev/s4_Dog_data/answer.csv",
        truth: "crowd_survey_dev/s4_Dog_data/truth.csv",
        separator: ',',
        header: 1,
        columns: [0, 1, 2],
        expected: [0.822, 0.843],
    },
    Crowd {
        votes: "gal_dev/BarzanMozafari/labels.txt",
        truth: "gal_dev/BarzanMozafari/evaluation.txt",
        separator: '\t',
        header: 0,
        columns: [1, 0, 2],
        expected: [0.696, 0.712],
    },
];

/// Share of items that are right, ties shared.
fn accuracy(table: &VoteTable, soft: &SoftLabels, truth: &BTreeMap<String, String>) -> f64 {
    let (mut right, mut n) = (0.0, 0.0);
    for (item, row) in table.items.texts().iter().zip(soft.rows()) {
        let Some(label) = truth.get(item) else {
            continue;
        };
        let most = row.iter().copied().fold(0.0, f64::max);
        let best: Vec<usize> = (0..row.len()).filter(|&i| row[i] >= most - 1e-12).collect();
        n += 1.0;
        let is_true = |i: &&usize| table.labels.0[**i].to_string() == *label;
        right += best.iter().filter(is_true).count() as f64 / best.len() as f64;
    }
    right / n
}

#[test]
fn dawid_and_skene_beat_the_majority_on_recorded_crowds() {
    for crowd in &CROWDS {
        let (Some(votes), Some(truth)) = (shared_data(crowd.votes), shared_data(crowd.truth))
        else {
            return;
        };
        let text = |cell: &String| Code::Text(cell.clone());
        let [item, annotator, label] = crowd.columns;
        let rows: Vec<(Code, Code, Code)> = cells(&votes, crowd.separator, crowd.header)
            .iter()
            .map(|row| (text(&row[item]), text(&row[annotator]), text(&row[label])))
            .collect();
        let table = VoteTable::from_rows(&rows).unwrap();
        let rows = cells(&truth, crowd.separator, crowd.header).into_iter();
        let truth: BTreeMap<String, String> =
            rows.map(|row| (row[0].clone(), row[1].clone())).collect();
        let majority = accuracy(&table, &soft_labels(&table.votes, 0.0).unwrap(), &truth);
        let found = dawid_skene(&table.votes, Known::default(), EmOptions::default()).unwrap();
        let ours = accuracy(&table, &found.soft, &truth);
        eprintln!(
            "{}: majority {majority:.4}, Dawid and Skene {ours:.4}",
            crowd.votes
        );
        assert!(
            (majority - crowd.expected[0]).abs() < 0.001,
            "{} {majority}",
            crowd.votes
        );
        assert!(
            (ours - crowd.expected[1]).abs() < 0.006,
            "{} {ours}",
            crowd.votes
        );
        assert!(ours > majority);
        for pair in found.elbo.windows(2) {
            assert!(pair[1] >= pair[0] - 1e-6);
        }
        let report = agreement_report(&table.votes, Level::Nominal, &[]).unwrap();
        let alpha = report.alpha;
        assert!(alpha.low < Some(alpha.estimate) && Some(alpha.estimate) < alpha.high);
    }
}

/// Probabilities, labels and human verdicts.
fn labeled(folder: &str, name: &str) -> Option<(usize, Vec<f64>, Vec<u32>, PathBuf)> {
    let p = shared_data(&format!(
        "{folder}/cross_validated_predicted_probabilities/{name}_test_set_pyx.npy"
    ))?;
    let labels = shared_data(&format!(
        "{folder}/original_test_labels/{name}_test_set_original_labels.npy"
    ))?;
    let verdicts = shared_data(&format!("{folder}/mturk/{name}_mturk.json"))?;
    let (shape, p) = numpy(&p);
    let codes = numpy(&labels).1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "codes of labels"
    )]
    let codes = codes.into_iter().map(|x| x as u32).collect();
    Some((shape[1], p, codes, verdicts))
}

/// Items that people looked at, and whether most say that the label given is not right.
fn verdicts(path: &PathBuf) -> Vec<(u32, bool)> {
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    rows.iter()
        .filter_map(|row| {
            let id = u32::try_from(row["id"].as_u64()?).ok()?;
            let given = row["mturk"]["given"].as_u64()?;
            Some((id, given <= 2))
        })
        .collect()
}

#[test]
fn suspected_labels_are_those_that_people_reject() {
    // Accuracy is counted with numpy; cleanlab's notebook prints 15 and 95 as its estimates of errors, from an older rule.
    for (folder, name, accuracy, errors) in [
        ("cleanlab_mnist", "mnist", 0.9913, 5..40),
        ("cleanlab_20news", "20news", 0.9234, 30..200),
    ] {
        let Some((k, p, labels, path)) = labeled(folder, name) else {
            return;
        };
        let predictions = Predictions::new(k, &p, &labels).unwrap();
        let right = predictions
            .rows()
            .filter(|(y, row)| row.iter().all(|x| *x <= row[*y]))
            .count() as f64;
        assert!((right / labels.len() as f64 - accuracy).abs() < 5e-5);
        let joint = confident_joint(&predictions);
        let issues = find_issues(&predictions, &joint, FilterOptions::default()).unwrap();
        eprintln!(
            "{name}: {} estimated, {} issues",
            joint.estimated_errors,
            issues.len()
        );
        assert!(errors.contains(&issues.len()), "{name}: {}", issues.len());
        // Of what people looked at, what they reject scores lower.
        let scores = label_scores(&predictions, Score::SelfConfidence);
        let judged = verdicts(&path);
        let mean = |wanted: bool| {
            let own: Vec<f64> = judged
                .iter()
                .filter(|(_, bad)| *bad == wanted)
                .map(|(id, _)| scores[*id as usize])
                .collect();
            (own.iter().sum::<f64>() / own.len() as f64, own.len())
        };
        let ((bad, rejected), (good, kept)) = (mean(true), mean(false));
        eprintln!("{name}: rejected {rejected} at {bad:.4}, kept {kept} at {good:.4}");
        assert!(rejected > 3 && kept > 3 && bad < good, "{bad} {good}");
        let (_, ranked) = ranked_issues(
            &predictions,
            FilterOptions::default(),
            Score::SelfConfidence,
        )
        .unwrap();
        assert_eq!(ranked.len(), issues.len());
    }
}

#[test]
fn people_are_sure_of_most_small_pictures() {
    let Some(path) = shared_data("cifar10h/cifar10h-counts.npy") else {
        return;
    };
    let (shape, counts) = numpy(&path);
    assert_eq!(shape, [10_000, 10]);
    let mut p = counts;
    let mut votes = 0.0;
    for row in p.chunks_exact_mut(10) {
        let total: f64 = row.iter().sum();
        votes += total;
        for x in row.iter_mut() {
            *x /= total;
        }
    }
    assert_eq!(votes, 511_000.0);
    let soft = SoftLabels { labels: 10, p };
    let found = choices(&soft);
    let mean = found.iter().map(|c| c.probability).sum::<f64>() / 10_000.0;
    let entropy = found.iter().map(|c| c.entropy).sum::<f64>() / 10_000.0;
    assert!((0.94..0.97).contains(&mean), "{mean}");
    assert!((0.1..0.3).contains(&entropy), "{entropy}");
}
