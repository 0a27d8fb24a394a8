//! Real labels and recordings of several layouts in one release.

use crate::bench::{Bench, in_world};
use crate::releases::{asked, made, plan, request};
use fieldassay_engine::NoProgress;
use fieldassay_engine::workspace::release::export::{self, Format};
use fieldassay_engine::workspace::release::reproduce;
use fieldassay_model::release::{LeakageStatus, Request};
use std::collections::BTreeMap;
use std::path::Path;

/// The frame of KITTI among the shared data, laid out as the object benchmark is.
fn kitti(bench: &Bench, data: &Path) -> std::path::PathBuf {
    let from = data.join("kitti_000008");
    let to = bench.inputs().join("kitti");
    for (folder, file) in [("image_2", "000008.png"), ("velodyne", "000008.bin")] {
        let folder = to.join("training").join(folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::copy(from.join(file), folder.join(file)).expect("a copy");
    }
    let text = std::fs::read_to_string(from.join("000008_calibration_and_boxes.json"));
    let json: serde_json::Value = serde_json::from_str(&text.expect("a file")).expect("JSON");
    let frame = &json["data_list"][0];
    let rows = |matrix: &serde_json::Value, columns: usize| {
        let rows = matrix.as_array().expect("rows").iter().take(3);
        let numbers = rows.flat_map(|row| row.as_array().expect("a row").iter().take(columns));
        let numbers: Vec<String> = numbers.map(ToString::to_string).collect();
        numbers.join(" ")
    };
    let calibration = format!(
        "P2: {}\nR0_rect: {}\nTr_velo_to_cam: {}\n",
        rows(&frame["images"]["CAM2"]["cam2img"], 4),
        rows(&frame["images"]["R0_rect"], 3),
        rows(&frame["lidar_points"]["Tr_velo_to_cam"], 4)
    );
    let folder = to.join("training/calib");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("000008.txt"), calibration).expect("a file");
    to
}

#[test]
fn real_labels_and_recordings_become_a_release_and_its_coco_is_the_file_it_came_from() {
    let Some(data) = fieldassay_testkit::shared_data("") else {
        return;
    };
    let bench = Bench::new();
    let coco = data.join("coco_val2014_100/dataset/cocoapi/instances_val2014_100.json");
    let inputs = [
        coco.clone(),
        data.join("openlabel_dev/openlabel100_kitti_tracking_0003.json"),
        data.join("openlabel_dev/openlabel100_kitti_tracking_0017.json"),
        data.join("av2_sensor_7fab2350/sensor/val/7fab2350-7eaf-3b7e-a39d-6937a4c1bede"),
        data.join("rosbag2"),
        kitti(&bench, &data),
    ];
    let inputs: Vec<&Path> = inputs.iter().map(std::path::PathBuf::as_path).collect();
    let outcome = bench.ingest(&inputs, &NoProgress).expect("a run");
    let frame = outcome
        .inputs
        .iter()
        .find(|one| one.path.ends_with("kitti"));
    let codes: Vec<&str> = frame
        .expect("KITTI")
        .findings
        .iter()
        .map(|one| one.code.as_str())
        .collect();
    assert!(!codes.contains(&"calibration.intrinsics"), "{codes:?}");
    let all = made(&bench, &asked("all", request(None)), &NoProgress).expect("a release");
    let rows = |file: &str| {
        all.files
            .iter()
            .find(|one| one.path == file)
            .map(|one| one.rows)
    };
    let there = bench.ask("SELECT count(*) AS n FROM objects");
    assert_eq!(rows("objects.parquet"), there[0]["n"].as_u64());
    let formats = bench.ask("SELECT DISTINCT format AS f FROM recordings WHERE NOT quarantined");
    let formats = formats.as_array().expect("rows").iter();
    let formats: Vec<&str> = formats.filter_map(|row| row["f"].as_str()).collect();
    assert!(formats.contains(&"kitti_object"), "{formats:?}");
    let again = reproduce::run(&bench.open(), "all", 4).expect("made again");
    assert_eq!(again.differences, []);

    let output = bench.folder.path().join("coco");
    let workspace = bench.open();
    let request_of = export::Request {
        release: "all".to_owned(),
        format: Format::Coco,
        output: output.clone(),
        force: false,
    };
    in_world(|world| export::run(&workspace, world, &request_of)).expect("an export");
    let read = |path: &Path| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
    };
    let (before, after) = (read(&coco), read(&output.join("coco/all.json")));
    // By name of file, class and box: what the source says, and what came out.
    let said = |coco: &serde_json::Value| {
        let of = |list: &str, name: &str| -> BTreeMap<u64, String> {
            let list = coco[list].as_array().expect(list).iter();
            list.map(|one| {
                (
                    one["id"].as_u64().expect("an id"),
                    one[name].as_str().unwrap_or_default().to_owned(),
                )
            })
            .collect()
        };
        let (images, categories) = (of("images", "file_name"), of("categories", "name"));
        let annotations = coco["annotations"].as_array().expect("annotations").iter();
        let mut all: Vec<(String, String, String, u64, u64)> = annotations
            .map(|one| {
                let id = |name: &str| one[name].as_u64().expect(name);
                // Boxes are kept by their edges: a width comes back but for the last bits.
                let bbox: Vec<String> = one["bbox"]
                    .as_array()
                    .expect("a box")
                    .iter()
                    .filter_map(serde_json::Value::as_f64)
                    .map(|pixels| format!("{pixels:.9}"))
                    .collect();
                let parts = one["segmentation"].as_array().map_or(0, Vec::len) as u64;
                (
                    images[&id("image_id")].clone(),
                    categories[&id("category_id")].clone(),
                    format!("{bbox:?}"),
                    id("iscrowd"),
                    parts,
                )
            })
            .filter(|one| one.0.contains("COCO_val2014"))
            .collect();
        all.sort();
        all
    };
    assert_eq!(said(&before).len(), 839);
    assert_eq!(said(&after), said(&before));

    // The same messages in two containers: whichever split they are in, it is seen.
    let two = Request {
        condition: Some("name IN ('talker.db3', 'talker.mcap') AND message_count = 20".to_owned()),
        ..request(Some("recording:1/1"))
    };
    let planned = plan(&bench, &asked("two", two)).expect("a plan");
    assert_eq!(planned.members, 2);
    let content = &planned.leakage.checks[2];
    assert_eq!((content.status, content.count), (LeakageStatus::Found, 1));
    assert!(
        (content.findings[0].value - 1.0).abs() < 1e-12,
        "{content:?}"
    );
}
