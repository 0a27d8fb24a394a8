//! Entries of readers of labels, predictions and tables; see `entries.rs`.

use super::{Target, target};
use fieldassay_formats::labels::{LabelError, av2, class_map, coco, kitti, mot, nuscenes, voc};
use fieldassay_formats::table;
use serde_json::Value;

/// What is fed here.
pub(crate) const TARGETS: &[Target] = &[
    target("label_files", label_files),
    target("label_tables", label_tables),
];

/// The bytes as every file of labels and predictions there is; errors must name the file.
fn label_files(bytes: &[u8]) {
    fn named<T>(read: Result<T, LabelError>) {
        if let Err(error) = read {
            let said = error.to_string();
            assert!(said.contains("hint: ") && said.contains('`'), "{said}");
        }
    }
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
