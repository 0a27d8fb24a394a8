//! Everything supported under the shared data in one run: counts are the known answers.

use crate::bench::Bench;
use fieldassay_engine::NoProgress;
use fieldassay_testkit::shared_data;
use serde_json::Value;
use std::fmt::Write as _;

fn count(bench: &Bench, from: &str) -> u64 {
    let rows = bench.ask(&format!("SELECT count(*) AS n FROM {from}"));
    rows[0]["n"].as_u64().expect("a count")
}

#[test]
fn all_shared_data_comes_in_and_counts_are_the_known_ones() {
    let Some(data) = shared_data("") else { return };
    let bench = Bench::new();
    let outcome = bench.ingest(&[&data], &NoProgress).expect("a run");
    let failed: Vec<String> = outcome
        .inputs
        .iter()
        .filter(|input| input.recording_id.is_none())
        .map(|input| {
            format!(
                "{}: {}",
                input.path,
                input.error.clone().unwrap_or_default()
            )
        })
        .collect();
    // Only forms in shares of the image, whose sizes nobody says.
    for line in &failed {
        assert!(
            line.contains("--image-sizes") || line.contains("--class-names"),
            "{line}"
        );
    }
    assert!(outcome.inputs.len() - failed.len() > 280, "{failed:?}");
    let of = |name: &str| {
        format!(
            "messages WHERE recording_id = (SELECT recording_id FROM recordings WHERE name = '{name}')"
        )
    };
    assert_eq!(count(&bench, &of("nav2_turtlebot.mcap")), 8197);
    assert_eq!(count(&bench, &of("example.bag")), 8647);
    assert_eq!(count(&bench, &of("example-bz2.bag")), 8647);
    assert_eq!(count(&bench, &of("talker.db3")), 20);
    // Bytes of forms that are put together again: a database with its metadata beside, poses with their times, a folder.
    let read = |name: &str| {
        let rows = bench.ask(&format!(
            "SELECT count(DISTINCT log_time_ns) AS n, count(data) AS read FROM {}",
            of(name)
        ));
        (
            rows[0]["n"].as_u64().expect("a count"),
            rows[0]["read"].as_u64().expect("a count"),
        )
    };
    assert_eq!(read("talker.db3").1, 20);
    assert_eq!(read("talker.db3"), read("talker.mcap"));
    // And the mount of its sensor.
    assert_eq!(read("euroc_v101_imu_gt").1, 7999 + 3340 + 1);
    let objects = |condition: &str| count(&bench, &format!("objects WHERE {condition}"));
    assert_eq!(
        objects("\"source\" = 'coco instances_val2014_100.json' AND shape = 'box'"),
        839
    );
    assert_eq!(objects("\"source\" LIKE 'coco_results %fakebbox100%'"), 734);
    assert_eq!(objects("\"source\" LIKE 'argoverse2 annotations%'"), 11364);
    let tracks = |source: &str| {
        let rows = bench.ask(&format!(
            "SELECT count(DISTINCT object_id) AS n FROM objects WHERE \"source\" = '{source}'"
        ));
        rows[0]["n"].as_u64().expect("a count")
    };
    assert_eq!(
        tracks("openlabel openlabel100_kitti_tracking_0003.json"),
        11
    );
    assert_eq!(
        tracks("openlabel openlabel100_kitti_tracking_0017.json"),
        13
    );
    assert_eq!(
        count(&bench, "votes"),
        4212 + 8070 + count(&bench, "votes WHERE \"source\" NOT LIKE '%answer.csv'")
    );
    let again = bench.ingest(&[&data], &NoProgress).expect("a run");
    let added = again
        .inputs
        .iter()
        .filter(|input| input.status == "added")
        .count();
    assert_eq!(added, 0);
}

/// Boxes of an image by class and corners, sorted.
fn boxes(bench: &Bench, recording_id: &str) -> Vec<(String, String, [f64; 4])> {
    let sql = format!(
        "SELECT item, category, x_px, y_px, width_px, height_px FROM objects \
         WHERE recording_id = '{recording_id}' AND shape = 'box'"
    );
    let rows = bench.ask(&sql);
    let mut all: Vec<(String, String, [f64; 4])> = rows
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let item = text("item")
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            let item = item
                .rsplit_once('.')
                .map_or(item.clone(), |(stem, _)| stem.to_owned());
            let number = |name: &str| row[name].as_f64().expect("a number");
            let place = ["x_px", "y_px", "width_px", "height_px"].map(number);
            (item, text("category"), place)
        })
        .collect();
    all.sort_by(|a, b| {
        let key = |one: &(String, String, [f64; 4])| {
            (
                one.0.clone(),
                one.1.clone(),
                one.2.map(|x| format!("{:08.0}", (x * 0.5).round())),
            )
        };
        key(a).cmp(&key(b))
    });
    all
}

#[test]
fn twins_in_other_forms_are_the_same_rows() {
    let Some(data) = shared_data("voc_gt_formats/gts") else {
        return;
    };
    let bench = Bench::new();
    let sizes = bench.inputs().join("sizes.csv");
    bench
        .ingest(&[&data.join("cvat_format/annotations.xml")], &NoProgress)
        .expect("a run");
    let rows = bench.ask("SELECT item, width_px, height_px FROM items WHERE width_px IS NOT NULL");
    let mut text = "name,width,height\n".to_owned();
    for row in rows.as_array().expect("rows") {
        let number = |value: &Value| value.as_f64().expect("a number");
        let _ = writeln!(
            text,
            "{},{},{}",
            row["item"].as_str().expect("a name"),
            number(&row["width_px"]),
            number(&row["height_px"])
        );
    }
    std::fs::write(&sizes, text).expect("a file");
    let outcome = bench
        .ingest_as(&[&data], &NoProgress, |request| {
            fieldassay_engine::workspace::ingest::Request {
                image_sizes: Some(sizes.clone()),
                ..request
            }
        })
        .expect("a run");
    let twins = |form: &str| {
        let inputs = outcome.inputs.iter();
        let of_form = inputs.filter(|input| input.format.as_deref() == Some(form));
        let ids: Vec<String> = of_form
            .filter_map(|input| input.recording_id.clone())
            .collect();
        assert!(!ids.is_empty(), "nothing is {form}");
        ids
    };
    let cvat = bench.ask("SELECT recording_id FROM recordings WHERE format = 'cvat'");
    let expected = boxes(&bench, cvat[0]["recording_id"].as_str().expect("an id"));
    assert!(expected.len() > 100);
    for (form, slack) in [
        ("coco", 0.0),
        ("voc", 0.0),
        ("yolo", 0.5),
        ("open_images", 0.5),
    ] {
        for id in twins(form) {
            let found = boxes(&bench, &id);
            assert_eq!(found.len(), expected.len(), "{form}");
            for (a, b) in expected.iter().zip(&found) {
                assert_eq!(a.0, b.0, "{form}");
                for (x, y) in a.2.iter().zip(&b.2) {
                    assert!((x - y).abs() <= slack + 1e-9, "{form}: {a:?} and {b:?}");
                }
            }
        }
    }
}
