//! Every class real label files name is in the list of its vocabulary that comes with the program.

use fieldassay_formats::labels::{Content, av2, coco, openlabel};
use fieldassay_formats::table;
use fieldassay_model::Ontology;
use fieldassay_testkit::shared_data;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn read(path: &PathBuf) -> Vec<u8> {
    std::fs::read(path).expect("a file")
}

fn categories(content: &Content) -> BTreeSet<&str> {
    let labels = content.labels.iter();
    labels.map(|label| label.category.as_str()).collect()
}

/// Classes that are in the content and not in the list; there must be classes at all.
fn missing<'a>(vocabulary: &str, content: &'a Content) -> Vec<&'a str> {
    let labels = Ontology::built_in(vocabulary)
        .expect("a vocabulary")
        .labels();
    let named = categories(content);
    assert!(!named.is_empty());
    named
        .into_iter()
        .filter(|name| !labels.contains(*name))
        .collect()
}

#[test]
fn argoverse_names_are_in_the_list() {
    let files: [(&str, &[&str]); 3] = [
        ("av2_detection_eval/data/labels.feather", &[]),
        (
            "av2_sensor_7fab2350/sensor/val/7fab2350-7eaf-3b7e-a39d-6937a4c1bede/annotations.feather",
            &[],
        ),
        // The scenario mining challenge adds the vehicle itself, which is no annotation.
        (
            "av2_scenario_mining_3bffdcff/data/3bffdcff-c3a7-38b6-a0f2-64196d130958/annotations_with_ego.feather",
            &["EGO_VEHICLE"],
        ),
    ];
    for (path, beside) in files {
        let Some(path) = shared_data(path) else {
            return;
        };
        let table = table::read("annotations.feather", &read(&path)).expect("a table");
        let content = av2::content(&table, false).expect("annotations");
        assert_eq!(missing("argoverse", &content), beside);
    }
}

#[test]
fn coco_names_and_numbers_are_those_of_the_list() {
    let path = "coco_val2014_100/dataset/cocoapi/instances_val2014_100.json";
    let Some(path) = shared_data(path) else {
        return;
    };
    let bytes = read(&path);
    let content = coco::content("i.json", &bytes).expect("COCO");
    assert_eq!(missing("coco", &content), [""; 0]);
    let list = Ontology::built_in("coco").expect("a vocabulary");
    let file: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let stated: BTreeSet<(String, i64)> = file["categories"]
        .as_array()
        .expect("categories")
        .iter()
        .filter_map(|c| Some((c["name"].as_str()?.to_owned(), c["id"].as_i64()?)))
        .collect();
    let listed: BTreeSet<(String, i64)> = list
        .classes
        .iter()
        .filter_map(|(name, class)| Some((name.clone(), class.id?)))
        .collect();
    assert_eq!(listed, stated);
}

#[test]
fn names_of_the_nuscenes_detection_task_are_in_the_list() {
    let path = "mmdet3d_lidar/tests/data/nuscenes/nus_infos_mono3d.coco.json";
    let Some(path) = shared_data(path) else {
        return;
    };
    let file: serde_json::Value = serde_json::from_slice(&read(&path)).expect("JSON");
    let stated: BTreeSet<String> = file["categories"]
        .as_array()
        .expect("categories")
        .iter()
        .filter_map(|category| Some(category["name"].as_str()?.to_owned()))
        .collect();
    let list = Ontology::built_in("nuscenes-detection").expect("a vocabulary");
    assert_eq!(list.labels(), stated);
    // Every one of them is reached from the full list.
    let full = Ontology::built_in("nuscenes").expect("a vocabulary");
    let reached: BTreeSet<String> = full
        .labels()
        .iter()
        .flat_map(|label| full.map(&list.id(), label).expect("a mapping").classes)
        .collect();
    assert_eq!(reached, stated);
}

/// The files are KITTI's words in the form of `OpenLABEL`, not its road users: the list must say so, with the nearest.
#[test]
fn words_of_another_vocabulary_are_not_taken_for_openlabel() {
    let Some(path) = shared_data("openlabel_dev/openlabel100_kitti_tracking_0003.json") else {
        return;
    };
    let content = openlabel::content("o.json", &read(&path)).expect("OpenLABEL");
    let outside = missing("openlabel", &content);
    assert!(
        outside.contains(&"Car") && outside.contains(&"DontCare"),
        "{outside:?}"
    );
}
