//! Tables hold what was written, once, and every version stays readable.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests may fail loudly"
)]

mod places;

use deltalake_core::arrow::array::{
    Array, ArrayRef, Int64Array, RecordBatch, StringArray, new_null_array,
};
use deltalake_core::arrow::datatypes::DataType;
use fieldassay_model::tables::{TABLES, Table, table};
use fieldassay_store::{Step, StoreError, Tables, schema};
use object_store::ObjectStoreExt as _;
use places::places;
use std::sync::Arc;

fn events() -> &'static Table {
    table("events").expect("a table")
}

/// Rows of `events` with these places in their source, everything else alike or unknown.
fn rows(recording: &str, numbers: &[i64]) -> RecordBatch {
    let schema = schema(events());
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| -> ArrayRef {
            let n = numbers.len();
            match (field.name().as_str(), field.data_type()) {
                ("recording_id", _) => Arc::new(StringArray::from(vec![recording; n])),
                ("source_row", _) => Arc::new(Int64Array::from(numbers.to_vec())),
                (_, DataType::Utf8) if !field.is_nullable() => {
                    Arc::new(StringArray::from(vec!["x"; n]))
                }
                (_, DataType::Int64) if !field.is_nullable() => {
                    Arc::new(Int64Array::from(vec![7; n]))
                }
                (_, kind) => new_null_array(kind, n),
            }
        })
        .collect();
    RecordBatch::try_new(schema, columns).expect("rows")
}

fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    let of = |batch: &RecordBatch| -> Vec<i64> {
        let column = batch.column_by_name("source_row").expect("a column");
        let column = column
            .as_any()
            .downcast_ref::<Int64Array>()
            .expect("integers");
        column.iter().flatten().collect()
    };
    batches.iter().flat_map(of).collect()
}

async fn all(tables: &Tables, version: Option<u64>) -> Vec<i64> {
    let snapshot = tables.snapshot("events", version).await.unwrap();
    let mut out = Vec::new();
    for file in &snapshot.files {
        let batches = tables.read("events", file).await.unwrap();
        assert_eq!(
            batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64,
            file.rows()
        );
        out.extend(numbers(&batches));
    }
    out.sort_unstable();
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_can_be_created_twice() {
    for (name, place) in places("tables").all {
        let tables = Tables::new(place);
        for table in TABLES {
            tables.create(table).await.unwrap();
            tables.create(table).await.unwrap();
            assert_eq!(tables.snapshot(table.name, None).await.unwrap().version, 0);
        }
        let error = tables.snapshot("nowhere", None).await.unwrap_err();
        assert!(
            matches!(error, StoreError::NoTable { .. }),
            "{name}: {error}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_committed_once_and_versions_stay() {
    for (_, place) in places("steps").all {
        let tables = Tables::new(place);
        tables.create(events()).await.unwrap();
        let first = tables
            .write(events(), &rows("r-1", &[2, 0, 1]))
            .await
            .unwrap()
            .unwrap();
        let again = tables
            .write(events(), &rows("r-1", &[1, 2, 0]))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(first, again);
        assert_eq!((first.rows(), first.sha256().len()), (3, 64));
        assert_eq!(all(&tables, None).await, [0_i64; 0]);
        let step = |number| Step {
            writer: "test",
            number,
        };
        let one = tables
            .append("events", step(1), std::slice::from_ref(&first))
            .await
            .unwrap();
        let same = tables
            .append("events", step(1), std::slice::from_ref(&first))
            .await
            .unwrap();
        assert_eq!((one, same), (1, 1));
        let more = tables
            .write(events(), &rows("r-2", &[5, 4]))
            .await
            .unwrap()
            .unwrap();
        let two = tables
            .append("events", step(2), std::slice::from_ref(&more))
            .await
            .unwrap();
        // An earlier step that comes late has been done.
        assert_eq!(
            tables
                .append("events", step(1), std::slice::from_ref(&first))
                .await
                .unwrap(),
            two
        );
        assert_eq!(all(&tables, None).await, [0, 1, 2, 4, 5]);
        assert_eq!(all(&tables, Some(one)).await, [0, 1, 2]);
        let merged = rows("r-1", &[0, 1, 2, 4, 5]);
        let merged = tables.write(events(), &merged).await.unwrap().unwrap();
        tables
            .replace("events", step(3), (&[first, more], &[merged]))
            .await
            .unwrap();
        assert_eq!(
            tables.snapshot("events", None).await.unwrap().files.len(),
            1
        );
        assert_eq!(all(&tables, None).await, [0, 1, 2, 4, 5]);
        assert_eq!(all(&tables, Some(two)).await, [0, 1, 2, 4, 5]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_at_once_lose_nothing() {
    for (name, place) in places("writers").all {
        let creators = (0..6).map(|_| {
            let tables = Tables::new(place.clone());
            tokio::spawn(async move { tables.create(events()).await.unwrap() })
        });
        for creator in creators.collect::<Vec<_>>() {
            creator.await.unwrap();
        }
        let tasks: Vec<_> = (0..6)
            .map(|writer: i64| {
                let tables = Tables::new(place.clone());
                tokio::spawn(async move {
                    let name = format!("w{writer}");
                    for number in 1..=4 {
                        let batch = rows(&name, &[writer * 10 + number]);
                        let file = tables.write(events(), &batch).await.unwrap().unwrap();
                        let step = Step {
                            writer: &name,
                            number,
                        };
                        tables.append("events", step, &[file]).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let expected: Vec<i64> = (0..6)
            .flat_map(|w| (1..=4).map(move |n| w * 10 + n))
            .collect();
        assert_eq!(all(&Tables::new(place), None).await, expected, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_break_a_rule_are_refused() {
    let (_, place) = places("rules").all.swap_remove(1);
    let tables = Tables::new(place);
    tables.create(events()).await.unwrap();
    let twice = tables
        .write(events(), &rows("r-1", &[3, 1, 3]))
        .await
        .unwrap_err();
    assert!(
        twice
            .to_string()
            .contains("`2` rows have the same recording_id"),
        "{twice}"
    );
    let fewer = rows("r-1", &[1]).project(&[0, 1]).unwrap();
    assert!(tables.write(events(), &fewer).await.is_err());
    let none = tables.write(events(), &rows("r-1", &[])).await.unwrap();
    assert_eq!(none, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_told() {
    for (name, place) in places("damage").all {
        let tables = Tables::new(place.clone());
        tables.create(events()).await.unwrap();
        let file = tables
            .write(events(), &rows("r-1", &[1, 2]))
            .await
            .unwrap()
            .unwrap();
        let path = file.location("events");
        let read = place.store().get(&path).await.unwrap();
        let mut bytes = read.bytes().await.unwrap().to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        place.store().put(&path, bytes.into()).await.unwrap();
        let error = tables.read("events", &file).await.unwrap_err();
        assert!(
            matches!(error, StoreError::Damaged { .. }),
            "{name}: {error}"
        );
    }
}
