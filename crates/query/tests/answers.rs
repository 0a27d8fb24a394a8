//! Answers in every form, limits of memory, stretches of recordings.
#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "helpers of tests may fail loudly"
)]

mod workspace;

use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use expect_test::expect;
use fieldassay_formats::{Channel, Message};
use fieldassay_query::arrow::array::{AsArray as _, RecordBatch};
use fieldassay_query::arrow::datatypes::{Float64Type, Int64Type};
use fieldassay_query::arrow::ipc::reader::FileReader;
use fieldassay_query::output::write;
use fieldassay_query::recordings::Stretch;
use fieldassay_query::{ErrorKind, Format, Options, QueryError, Session, Spill};
use fieldassay_store::{Place, Tables};
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use workspace::{CHUNKED, MESSAGES, WHOLE};

fn memory() -> Place {
    Place::open("memory:///", &BTreeMap::new(), &|_| None).expect("a place")
}

async fn bytes(session: &Session, sql: &str, format: Format, shown: usize) -> Vec<u8> {
    let answer = session.run(sql).await.expect("an answer");
    let mut bytes = Vec::new();
    write(answer, format, shown, &mut bytes)
        .await
        .expect("written");
    bytes
}

async fn text(session: &Session, sql: &str, format: Format, shown: usize) -> String {
    String::from_utf8(bytes(session, sql, format, shown).await).expect("text")
}

const MIXED: &str = "select * from (values
    (9007199254740993, 0.1, 'a,\"b\"', true, [1, null], x'0aff'),
    (-1, 1e300, '', false, [], null),
    (null, 2.0, null, null, null, null)) as t(\"whole\", \"Real\", txt, flag, list, bin)";

#[tokio::test]
async fn texts_are_exact() {
    let session = workspace::open(&memory(), workspace::options()).await;
    expect![[r#"
        [{"whole":9007199254740993,"Real":0.1,"txt":"a,\"b\"","flag":true,"list":[1,null],"bin":"0aff"},{"whole":-1,"Real":1.0e300,"txt":"","flag":false,"list":[],"bin":null},{"whole":null,"Real":2.0,"txt":null,"flag":null,"list":null,"bin":null}]
    "#]]
    .assert_eq(&text(&session, MIXED, Format::Json, 0).await);
    expect![[r#"
        whole,Real,txt,flag,list,bin
        9007199254740993,0.1,"a,""b""",true,"[1,null]",0aff
        -1,1.0e300,"",false,[],
        ,2.0,,,,
    "#]]
    .assert_eq(&text(&session, MIXED, Format::Csv, 0).await);
    expect![[r#"
                   whole     Real  txt    flag   list      bin
        ────────────────  ───────  ─────  ─────  ────────  ────
        9007199254740993      0.1  a,"b"  true   [1,null]  0aff
                      -1  1.0e300         false  []        null
        3 rows, the first 2 shown
    "#]]
    .assert_eq(&text(&session, MIXED, Format::Table, 2).await);
    let none = "select 1 as a where false";
    assert_eq!(text(&session, none, Format::Json, 0).await, "[]\n");
    assert_eq!(text(&session, none, Format::Csv, 0).await, "a\n");
    assert_eq!(
        text(&session, none, Format::Table, 9).await,
        "a\n─\n0 rows\n"
    );
    // Two columns of one name are both there.
    let twice = "select a.x, b.x from (select 1 as x) a, (select 2 as x) b";
    assert_eq!(
        text(&session, twice, Format::Json, 0).await,
        "[{\"x\":1,\"x_2\":2}]\n"
    );
}

#[tokio::test]
async fn files_give_back_what_was_asked_with_units() {
    let session = workspace::workspace(&memory()).await;
    let sql = "select source_row, x_m from objects order by recording_id, source_row";
    let parquet = bytes(&session, sql, Format::Parquet, 0).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(parquet));
    let reader = reader.expect("a file").build().expect("a reader");
    let parquet: Vec<RecordBatch> = reader.collect::<Result<_, _>>().expect("rows");
    let arrow = bytes(&session, sql, Format::Arrow, 0).await;
    let reader = FileReader::try_new(std::io::Cursor::new(arrow), None).expect("a file");
    let arrow: Vec<RecordBatch> = reader.collect::<Result<_, _>>().expect("rows");
    for batches in [&parquet, &arrow] {
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(rows, 10);
        let first = batches.first().expect("a batch");
        assert_eq!(first.column(0).as_primitive::<Int64Type>().value(1), 1);
        assert_eq!(first.column(1).as_primitive::<Float64Type>().value(1), 0.1);
        let schema = first.schema();
        let unit = schema.field(1).metadata().get("fieldassay.unit");
        assert_eq!(unit.map(String::as_str), Some("m"));
    }
}

/// A sort of more than the memory allows.
const SORT: &str = "select value from generate_series(1, 400000) order by -value";

#[tokio::test(flavor = "multi_thread")]
async fn memory_has_a_limit_and_the_disk_helps() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = Options {
        memory_bytes: 3 << 20,
        ..workspace::options()
    };
    let session = workspace::open(&memory(), small.clone()).await;
    let answer = session.run(SORT).await.expect("a plan");
    let error = answer.collect().await.expect_err("too much");
    assert!(matches!(error, QueryError::Memory { .. }), "{error}");
    assert_eq!(error.to_string().lines().count(), 2, "{error}");
    assert_eq!(
        (error.code(), error.kind()),
        ("query.memory", ErrorKind::System)
    );
    let spilling = Options {
        spill: Spill::Folder(folder.path().to_owned()),
        ..small
    };
    let session = workspace::open(&memory(), spilling).await;
    let answer = session.run(SORT).await.expect("a plan");
    let batches = answer.collect().await.expect("rows");
    assert_eq!(
        batches.iter().map(RecordBatch::num_rows).sum::<usize>(),
        400_000
    );
    let first = batches.first().expect("a batch").column(0);
    assert_eq!(first.as_primitive::<Int64Type>().value(0), 400_000);
}

#[tokio::test]
async fn stretches_of_recordings_are_passed_in_order() {
    let session = workspace::workspace(&memory()).await;
    let start = 1_700_000_000_000_000_000;
    let stretch = Stretch {
        recording_id: CHUNKED.to_owned(),
        start_ns: start + 100_000_000,
        end_ns: start + 110_000_000,
        topics: vec!["/other".to_owned()],
    };
    let mut seen = Vec::new();
    let mut take = |channel: &Channel, message: &Message<'_>| {
        assert_eq!(channel.topic, "/other");
        assert!(
            channel
                .schema
                .as_ref()
                .is_some_and(|schema| !schema.data.is_empty())
        );
        seen.push(message.log_time - start);
        ControlFlow::Continue(())
    };
    session
        .messages_between(&stretch, &mut take)
        .await
        .expect("read");
    let expected: Vec<i64> = (100..=110).map(|n| n * 1_000_000).collect();
    assert_eq!(seen, expected);
    let all = Stretch {
        recording_id: CHUNKED.to_owned(),
        start_ns: i64::MIN,
        end_ns: i64::MAX,
        topics: Vec::new(),
    };
    let mut count = 0;
    let mut take = |_: &Channel, _: &Message<'_>| {
        count += 1;
        ControlFlow::Continue(())
    };
    session
        .messages_between(&all, &mut take)
        .await
        .expect("read");
    assert_eq!(count, 2 * MESSAGES);
    let whole = Stretch {
        recording_id: WHOLE.to_owned(),
        start_ns: start + 3_000_000,
        ..all
    };
    let mut seen = Vec::new();
    let mut take = |_: &Channel, message: &Message<'_>| {
        seen.push(message.log_time - start);
        if seen.len() == 2 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    session
        .messages_between(&whole, &mut take)
        .await
        .expect("read");
    assert_eq!(seen, [3_000_000, 4_000_000]);
}

#[tokio::test]
async fn a_blob_that_is_gone_is_told() {
    let place = memory();
    let session = workspace::workspace(&place).await;
    let tables = Tables::new(place.clone());
    let chunk = json!({
        "recording_id": "r-00000000000000cc", "chunk": 0, "blob_sha256": "0".repeat(64),
        "offset_bytes": 0, "length_bytes": 10, "start_ns": 0, "end_ns": 1, "message_count": 1,
        "channels": [1], "channel_message_counts": [1],
    });
    let channel = json!({
        "recording_id": "r-00000000000000cc", "channel": 1, "topic": "/x", "message_encoding": "cdr",
        "message_count": 1,
    });
    workspace::put(&tables, "chunks", 2, &[chunk]).await;
    workspace::put(&tables, "channels", 2, &[channel]).await;
    workspace::put(
        &tables,
        "recordings",
        2,
        &[json!({"recording_id": "r-00000000000000cc", "format": "mcap"})],
    )
    .await;
    drop(session);
    let session = workspace::open(&place, workspace::options()).await;
    let sql = "select data from messages where recording_id = 'r-00000000000000cc'";
    let answer = session.run(sql).await.expect("a plan");
    let error = answer.collect().await.expect_err("nothing to read");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

#[tokio::test]
async fn names_are_there_for_completion() {
    let session = workspace::open(&memory(), workspace::options()).await;
    let has = |name: &str| session.names().iter().any(|known| known.name == name);
    for name in [
        "objects",
        "messages",
        "track_id",
        "wilson_low",
        "read_topic",
        "count",
        "row_number",
    ] {
        assert!(has(name), "{name}");
    }
}
