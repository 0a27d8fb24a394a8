//! Entries of readers of labels, predictions and tables; see `entries.rs`.

use super::{Target, target};
use fieldassay_formats::labels::{
    Content, LabelError, av2, class_map, coco, commonroad, cvat, kitti, label_studio, mot,
    nuscenes, nuscenes_tables, open_images, openlabel, voc, yolo,
};
use fieldassay_formats::table;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is fed here.
pub(crate) const TARGETS: &[Target] = &[
    target("label_files", label_files),
    target("label_tables", label_tables),
    target("label_layouts", label_layouts),
];

/// An error that names the file and says what to do.
fn named<T>(read: Result<T, LabelError>) -> Option<T> {
    read.inspect_err(|error| {
        let said = error.to_string();
        assert!(said.contains("hint: ") && said.contains('`'), "{said}");
    })
    .ok()
}

/// The bytes as every layout of labels there is; what refers to an item or a label refers to one that is there.
fn label_layouts(bytes: &[u8]) {
    let size_of = |_: &str| Some([64.0, 48.0]);
    let sound = |read: Result<Content, LabelError>| {
        let Some(content) = named(read) else { return };
        let (items, labels) = (content.items.len(), content.labels.len());
        let is_item = |item: Option<usize>| item.is_none_or(|item| item < items);
        assert!(content.labels.iter().all(|label| {
            is_item(label.item) && label.part_of.is_none_or(|whole| whole < labels)
        }));
        assert!(content.steps.iter().all(|step| is_item(step.item)));
        assert!(content.poses.iter().all(|pose| is_item(pose.item)));
        let mut twice = content.clone();
        twice.append(content);
        assert_eq!(twice.labels.len(), 2 * labels);
    };
    sound(coco::content("f", bytes));
    sound(voc::content("f", bytes, voc::Corners::Pixels));
    sound(cvat::content("f", bytes));
    sound(commonroad::content("f", bytes));
    sound(openlabel::content("f", bytes));
    sound(kitti::content("f", bytes, "i", false));
    sound(label_studio::content(
        "f",
        bytes,
        label_studio::About {
            size_of: &size_of,
            answers: &["weather".to_owned()],
        },
    ));
    let names = ["f.yaml", "f.names"].map(|name| named(yolo::names(name, bytes)));
    for names in names.iter().map(Option::as_ref).chain([None]) {
        sound(yolo::content(
            "f",
            bytes,
            &yolo::About {
                image: "i",
                size_px: [64.0, 48.0],
                names,
                confidence: yolo::Confidence::Last,
            },
        ));
    }
    if let Some(table) = named(table::read("f.csv", bytes).map_err(LabelError::from)) {
        sound(open_images::content(&table, &BTreeMap::new(), &size_of));
        sound(av2::content(&table, false));
        named(av2::poses(&table));
    }
    // One table after the other, separated by a byte that is in none.
    let mut tables = bytes.split(|byte| *byte == 0xff);
    sound(nuscenes_tables::content(|_| {
        Ok::<_, LabelError>(tables.next().unwrap_or_default())
    }));
}

/// The bytes as every file of labels and predictions there is; errors must name the file.
fn label_files(bytes: &[u8]) {
    named(coco::labels::<Value, Value, Value>("f", bytes));
    named(coco::results::<Value>("f", bytes));
    named(coco::field("f", bytes, "id"));
    named(kitti::read("f", bytes, true));
    named(kitti::read("f", bytes, false));
    named(mot::read("f", bytes));
    named(voc::annotation("f", bytes));
    named(voc::results("f", "c", bytes));
    named(nuscenes::submission("f", bytes, true));
    named(class_map::read("f", bytes));
    // One table after the other, separated by a byte that is in none.
    let mut tables = bytes.split(|byte| *byte == 0xff);
    named(nuscenes::tables(|_| {
        Ok::<_, LabelError>(tables.next().unwrap_or_default())
    }));
}

/// The bytes as a table of each form, and the table as rows of each kind.
fn label_tables(bytes: &[u8]) {
    for name in ["t.csv", "t.jsonl", "t.npz"] {
        let Ok(table) = table::read(name, bytes) else {
            continue;
        };
        for column in table.names() {
            for length in [
                table.numbers(column).map(|cells| cells.len()),
                table.integers(column).map(|cells| cells.len()),
                table.texts(column).map(|cells| cells.len()),
            ] {
                assert!(
                    length.is_err() || length == Ok(table.rows()),
                    "a column is as long as its table"
                );
            }
        }
        let _ = mot::from_table(&table);
        let _ = voc::from_table(&table);
        let _ = (av2::rows(&table, true), av2::rows(&table, false));
    }
}
