//! Tracks: `MOTChallenge` text and its kin.

use super::{list, near, refused, scored, vectors, write};
use fieldassay_testkit::shared_data;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Frames of the tracking vector as `MOTChallenge` text.
fn mot_text(vector: &Value, side: &str) -> String {
    let mut out = String::new();
    for (frame, boxes) in list(&vector["frames"]).iter().enumerate() {
        for row in list(&boxes[side]) {
            let xywh = list(&row[1])
                .iter()
                .map(Value::to_string)
                .collect::<Vec<_>>()
                .join(",");
            let _ = writeln!(out, "{},{},{xywh},1,-1,-1,-1", frame + 1, row[0]);
        }
    }
    out
}

#[test]
fn tracks_have_the_scores_of_trackeval_in_every_form() {
    let vector = vectors("H_tracking.json");
    let folder = tempfile::tempdir().expect("a folder");
    let (labels, tracks) = (mot_text(&vector, "gt"), mot_text(&vector, "tr"));
    let files = [
        write(folder.path(), "gt.txt", &labels),
        write(folder.path(), "tracks.txt", &tracks),
    ];
    let document = scored(&["mot", &files[0], &files[1]]);
    let summary = &document["summary"];
    near(&summary["mota"], &vector["CLEAR"]["MOTA"], 1e-12);
    near(&summary["motp"], &vector["CLEAR"]["MOTP"], 1e-12);
    near(
        &summary["motp_distance"],
        &vector["motmetrics_iou>=0.5"]["motp"],
        1e-12,
    );
    near(&summary["switches"], &vector["CLEAR"]["IDSW"], 0.0);
    near(&summary["fragmentations"], &vector["CLEAR"]["Frag"], 0.0);
    for (ours, theirs) in [("idf1", "IDF1"), ("idp", "IDP"), ("idr", "IDR")] {
        near(&summary[ours], &vector["Identity"][theirs], 1e-12);
    }
    let hota = list(&vector["HOTA"]["HOTA"]);
    let mean = hota.iter().filter_map(Value::as_f64).sum::<f64>() / hota.len() as f64;
    near(&summary["hota"], &json!(mean), 1e-12);
    // Folders, and tables with a column of sequences.
    write(folder.path(), "labels/A/gt/gt.txt", &labels);
    write(folder.path(), "labels/B/gt/gt.txt", &labels);
    write(folder.path(), "tracks/A.txt", &tracks);
    write(folder.path(), "tracks/data/B.txt", &tracks);
    let at = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let both = scored(&["mot", &at("labels"), &at("tracks"), "--by", "sequence"]);
    near(&both["summary"]["mota"], &vector["CLEAR"]["MOTA"], 1e-12);
    assert_eq!(both["summary"]["mota"]["n"], 2);
    assert_eq!(both["slices"]["values"][1]["value"], "B");
    near(
        &both["per_sequence"]["A"]["idf1"],
        &vector["Identity"]["IDF1"],
        1e-12,
    );
    let table = |text: &str| {
        let rows = text
            .lines()
            .map(|line| format!("S,{}\n", line.trim_end_matches(",-1,-1,-1")));
        let rows: String = rows.collect();
        format!("sequence,frame,id,left,top,width,height,confidence\n{rows}")
    };
    let tables = [
        write(folder.path(), "gt.csv", table(&labels)),
        write(folder.path(), "tr.csv", table(&tracks)),
    ];
    let of_tables = scored(&["mot", &tables[0], &tables[1]]);
    assert_eq!(of_tables["summary"], document["summary"]);
    let said = refused(&["mot", &at("labels"), &at("labels/A/gt")]);
    assert!(said.contains("no tracks of sequence `A`"), "{said}");
    let twice = write(folder.path(), "twice.txt", "1,1,1,1,1,1\n1,1,2,2,1,1\n");
    let said = refused(&["mot", &files[0], &twice]);
    assert!(
        said.contains("line `2`: id `1` is twice in frame `1`"),
        "{said}"
    );
}

#[test]
fn tud_campus_has_its_known_scores() {
    let Some(folder) = shared_data("mot_tud_campus/TUD-Campus") else {
        return;
    };
    let file = |name: &str| folder.join(name).to_str().expect("text").to_owned();
    let document = scored(&["mot", &file("gt.txt"), &file("test.txt")]);
    for (name, value, tolerance) in [
        ("mota", 0.526, 5e-4),
        ("idf1", 0.558, 5e-4),
        ("idp", 0.730, 5e-4),
        ("idr", 0.451, 5e-4),
        ("recall", 0.582, 5e-4),
        ("precision", 0.941, 5e-4),
        ("motp_distance", 0.277, 5e-4),
        ("hota", 0.391397, 1e-6),
        ("deta", 0.418047, 1e-6),
        ("assa", 0.369121, 1e-6),
        ("switches", 7.0, 0.0),
        ("fragmentations", 7.0, 0.0),
        ("objects", 8.0, 0.0),
        ("false_positives", 13.0, 0.0),
        ("misses", 150.0, 0.0),
    ] {
        let found = document["summary"][name]["estimate"]
            .as_f64()
            .expect("a number");
        assert!(
            (found - value).abs() <= tolerance,
            "{name}: {found}, known {value}"
        );
    }
}

#[test]
fn one_unit_has_no_interval_and_a_note_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let vector = vectors("H_tracking.json");
    let labels = write(folder.path(), "gt.txt", mot_text(&vector, "gt"));
    let tracks = write(folder.path(), "tracks.txt", mot_text(&vector, "tr"));
    let document = scored(&["mot", &labels, &tracks, "--intervals"]);
    assert_eq!(document["summary"]["hota"]["low"], Value::Null);
    assert_eq!(document["bootstrap"]["resamples"], 1000);
    let notes = document["notes"].to_string();
    assert!(notes.contains("takes at least two of them"), "{notes}");
}
