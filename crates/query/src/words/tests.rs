//! Groups by words against the engine's own, on seeded random tables.

use super::FindWordGroups;
use super::codes::{Codes, Groups};
use crate::compared::{plan, rows, shown, sorted};
use crate::memory::Pool;
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, Float64Array, Int64Array, RecordBatch, StringViewArray,
    StringViewBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{SessionConfig, SessionContext};
use fieldassay_testkit::Lcg;
use std::sync::Arc;

const SQL: [&str; 14] = [
    "select k, count(*) from t group by k",
    "select k, l, count(*), sum(n), min(x), max(n) from t group by k, l",
    "select l, k, m, count(x), avg(n) from t group by l, k, m",
    "select distinct k, l from t",
    "select k, count(*) filter (where n > 30), sum(n) filter (where x > 0.5) from t group by k",
    "select m, sum(n + 1), count(distinct n) from t where n % 3 = 0 group by m",
    "select k, quantile(x, 0.5), quantile(x, 0.5) + count(*) from t group by k",
    "select count(*) from (select l, m from t group by l, m)",
    "select l, max(x), bool_and(n > 3) from t group by l having count(*) > 1",
    "select k, exact_mean(x), exact_sum(x) from t group by k",
    "select k, l from t where k = 'r-1' group by k, l",
    "select k, max(named_struct('a', n)) from t where n > 55 group by k",
    UNION,
    "select upper(k), c from (select k, count(*) as c from t group by k)",
];

const UNION: &str = "select k, count(*) from (select distinct k from t union all select distinct l from t) group by k";

fn schema() -> Arc<Schema> {
    let text = |name| Field::new(name, DataType::Utf8View, true);
    Arc::new(Schema::new(vec![
        text("k"),
        text("l"),
        text("m"),
        Field::new("n", DataType::Int64, true),
        Field::new("x", DataType::Float64, true),
    ]))
}

/// Words that fit into a view and words that do not, of a dictionary of these rows.
fn words(draw: &mut Lcg, kinds: usize, count: usize) -> ArrayRef {
    let word = |number: usize| match number {
        0 => String::new(),
        number if number % 2 == 0 => format!("r-{number}"),
        number => format!("r-{number:020}"),
    };
    let mut all = StringViewBuilder::new().with_deduplicate_strings();
    for _ in 0..count {
        let number = draw.below(kinds + 1);
        all.append_option((number < kinds).then(|| word(number)));
    }
    Arc::new(all.finish())
}

/// Rows in parts of any size, also without rows.
fn table(draw: &mut Lcg, count: usize, kinds: [usize; 3]) -> Arc<MemTable> {
    let mut partitions = vec![Vec::new(); 2 + draw.below(2)];
    let mut left = count;
    while left > 0 {
        let rows = draw.below(left.min(20_000) + 1);
        let numbers = |draw: &mut Lcg| {
            let number = |draw: &mut Lcg| match draw.below(60) {
                0 => None,
                number => i64::try_from(number).ok(),
            };
            (0..rows).map(|_| number(draw)).collect::<Vec<_>>()
        };
        let n = numbers(draw);
        let x = numbers(draw).into_iter();
        let x: Vec<Option<f64>> = x.map(|x| x.map(|x| x as f64 / 64.0)).collect();
        let mut columns: Vec<ArrayRef> = Vec::new();
        columns.extend(kinds.map(|kinds| words(draw, kinds, rows)));
        columns.push(Arc::new(Int64Array::from(n)));
        columns.push(Arc::new(Float64Array::from(x)));
        let batch = RecordBatch::try_new(schema(), columns).expect("rows");
        let at = draw.below(partitions.len());
        partitions[at].push(batch);
        left -= rows;
    }
    Arc::new(MemTable::try_new(schema(), partitions).expect("a table"))
}

fn session(
    table: &Arc<MemTable>,
    (threads, batch_rows): (usize, usize),
    runtime: Option<Arc<RuntimeEnv>>,
    with_rule: bool,
) -> SessionContext {
    let config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_batch_size(batch_rows);
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features();
    if let Some(runtime) = runtime {
        state = state.with_runtime_env(runtime);
    }
    if with_rule {
        state = state.with_physical_optimizer_rule(Arc::new(FindWordGroups::new()));
    }
    let mut state = state.build();
    crate::functions::register(&mut state).expect("functions");
    let context = SessionContext::new_with_state(state);
    context
        .register_table("t", Arc::clone(table) as _)
        .expect("a table");
    context
}

async fn answer(context: &SessionContext, sql: &str) -> (String, Vec<RecordBatch>) {
    let (plan, found) = asked(context, sql).await;
    let found = found.unwrap_or_else(|error| panic!("{sql}: {error}"));
    (shown(&plan), found)
}

type Asked = (
    Arc<dyn ExecutionPlan>,
    Result<Vec<RecordBatch>, DataFusionError>,
);

async fn asked(context: &SessionContext, sql: &str) -> Asked {
    let plan = plan(context, sql).await;
    let found = collect(Arc::clone(&plan), context.task_ctx()).await;
    (plan, found)
}

/// How many partitions of groups of words the engine went on with; none where there are no such groups.
fn left_to_engine(plan: &Arc<dyn ExecutionPlan>) -> Option<usize> {
    if plan.name() == "WordGroups" {
        let metrics = plan.metrics().expect("metrics");
        return metrics
            .sum_by_name("left_to_engine")
            .map(|sum| sum.as_usize());
    }
    plan.children().into_iter().find_map(left_to_engine)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_are_those_of_the_engine() {
    let (mut ours_were_used, mut not_empty) = (0, 0);
    for seed in 0..200 {
        let draw = &mut Lcg::new(seed);
        let kinds = [1, 2, 3, 7, 40].map(|most| 1 + draw.below(most));
        let count = [0, 1, 50, 400][draw.below(4)];
        let kinds = [0; 3].map(|_: usize| kinds[draw.below(5)]);
        let table = table(draw, count, kinds);
        let sql = SQL[draw.below(SQL.len())];
        let shape = (2 + draw.below(2), 1 + draw.below(90));
        let ours = session(&table, shape, None, true);
        let (text, found) = answer(&ours, sql).await;
        let theirs = session(&table, shape, None, false);
        let (plain, expected) = answer(&theirs, sql).await;
        assert!(!plain.contains("WordGroups"), "{plain}");
        assert_eq!(sorted(&found), sorted(&expected), "{seed}: {sql}\n{text}");
        ours_were_used += usize::from(text.contains("WordGroups: mode=Partial"));
        not_empty += usize::from(!rows(&expected).is_empty());
    }
    assert!(ours_were_used > 150, "{ours_were_used} plans were of ours");
    assert!(not_empty > 130, "{not_empty} had rows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_words_and_many_groups_are_left_to_the_engine() {
    // Few words; each word new; more pairs than have a place.
    let (pairs, all) = ([SQL[1], SQL[2]], [SQL[1], SQL[2], UNION]);
    for (kinds, count, asked_for, is_left) in [
        ([30, 30, 2], 150_000, &all[..], false),
        ([1 << 30, 2, 2], 150_000, &all, true),
        ([3000, 3000, 2], 60_000, &pairs, true),
    ] {
        let table = table(&mut Lcg::new(7), count, kinds);
        for sql in asked_for {
            let ours = session(&table, (2, 8192), None, true);
            let (plan, found) = asked(&ours, sql).await;
            let left = left_to_engine(&plan).expect("groups of words");
            assert_eq!(left > 0, is_left, "{kinds:?}: {left}");
            let theirs = session(&table, (2, 8192), None, false);
            let (_, expected) = answer(&theirs, sql).await;
            assert_eq!(
                sorted(&found.expect("rows")),
                sorted(&expected),
                "{kinds:?}: {sql}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_little_memory_the_engine_goes_on() {
    let table = table(&mut Lcg::new(7), 6000, [40, 300, 7]);
    let (mut failed, mut done, mut done_with_less) = (0, 0, 0);
    for sql in [SQL[0], SQL[1], SQL[6], SQL[8]] {
        let theirs = session(&table, (2, 8192), None, false);
        let (_, expected) = answer(&theirs, sql).await;
        for kib in [64, 128, 256, 1024, 4096, 16_384] {
            let pool = Pool::new(kib << 10);
            let made = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(pool));
            let runtime = made.build_arc().expect("a runtime");
            let ours = session(&table, (2, 256), Some(runtime), true);
            let (plan, found) = asked(&ours, sql).await;
            let left = left_to_engine(&plan).expect("groups of words");
            match found {
                Ok(found) => {
                    assert_eq!(sorted(&found), sorted(&expected), "{kib} KiB: {sql}");
                    done += 1;
                    done_with_less += usize::from(left > 0);
                }
                Err(error) => {
                    let root = error.find_root();
                    let is_memory = matches!(root, DataFusionError::ResourcesExhausted(_));
                    assert!(is_memory, "{kib} KiB: {error}");
                    failed += 1;
                }
            }
        }
    }
    assert!(
        failed > 0 && done > done_with_less && done_with_less > 0,
        "{failed} {done} {done_with_less}"
    );
}

#[tokio::test]
async fn what_is_no_group_of_words_stays_with_the_engine() {
    let draw = &mut Lcg::new(3);
    let table = table(draw, 300, [3, 4, 5]);
    let context = session(&table, (2, 64), None, true);
    for sql in [
        "select n, count(*) from t group by n",
        "select k, n, count(*) from t group by k, n",
        "select upper(k), count(*) from t group by upper(k)",
        "select count(*) from t",
        "select k, l, count(*) from t group by rollup(k, l)",
        "select k, array_agg(n order by n) from t group by k",
        "select distinct k from t limit 2",
    ] {
        let plan = plan(&context, sql).await;
        assert!(
            !shown(&plan).contains("WordGroups"),
            "{sql}\n{}",
            shown(&plan)
        );
    }
}

#[test]
fn words_of_other_buffers_are_read_again() {
    let long = |word: &str| {
        let words = [word, "short", word].map(Some);
        words.into_iter().collect::<StringViewArray>()
    };
    let (mut codes, mut found) = (Codes::default(), Vec::new());
    // Each in a buffer of its own, at the same place of it; dropped at once, so that the next may lie where it lay.
    for (word, expected) in [
        ("a word that is long", 0),
        ("a word that is other", 2),
        ("a word that is long", 0),
        ("a word that is third", 3),
    ] {
        codes.of(&long(word), &mut found);
        assert_eq!(found, [expected, 1, expected], "{word}");
    }
    let nothing = StringViewArray::new_null(2);
    codes.of(&nothing, &mut found);
    assert_eq!(found, [4, 4]);
}

#[test]
fn parts_of_columns_have_the_groups_of_their_rows() {
    let draw = &mut Lcg::new(5);
    let whole = [5, 9, 3].map(|kinds| words(draw, kinds, 500));
    let mut groups = Groups::new(3);
    assert!(groups.of(&whole.each_ref()).expect("words"));
    let all = groups.rows.clone();
    for (from, count) in [(0, 1), (17, 200), (499, 1), (250, 0), (3, 497)] {
        let part = whole.each_ref().map(|column| column.slice(from, count));
        assert!(groups.of(&part.each_ref()).expect("words"));
        assert_eq!(groups.rows, all[from..from + count]);
    }
    let told = groups.columns();
    for (column, told) in whole.iter().zip(&told) {
        let (column, told) = (column.as_string_view(), told.as_string_view());
        for (row, group) in all.iter().enumerate() {
            assert_eq!(column.is_valid(row), told.is_valid(*group));
            assert!(column.is_null(row) || column.value(row) == told.value(*group));
        }
    }
}

#[test]
fn more_words_than_are_kept_in_sight_keep_their_codes() {
    let count = 20_000;
    let all: StringViewArray = (0..count).map(|n| Some(format!("w{n}"))).collect();
    let mut groups = Groups::new(1);
    let column: ArrayRef = Arc::new(all);
    for _ in 0..2 {
        assert!(groups.of(&[&column]).expect("words"));
        assert!(groups.rows.iter().copied().eq(0..count));
    }
    assert_eq!(groups.len(), count);
    let words = groups.columns();
    assert_eq!(words[0].as_string_view(), column.as_string_view());
    // One of them is seen again before it is forgotten.
    let twice: ArrayRef = Arc::new(
        ["w1", "w1"]
            .map(Some)
            .into_iter()
            .collect::<StringViewArray>(),
    );
    let read = groups.read();
    assert!(groups.of(&[&twice]).expect("words"));
    assert_eq!(
        (groups.read() - read, groups.rows.as_slice()),
        (1, &[1, 1][..])
    );
}

#[test]
fn more_pairs_than_have_a_place_are_refused() {
    let numbered = |count: usize| -> ArrayRef {
        let words = (0..4096).map(|n| Some(format!("w{}", n % count)));
        Arc::new(words.collect::<StringViewArray>())
    };
    let mut groups = Groups::new(2);
    let (few, many) = (numbered(2), numbered(1025));
    assert!(groups.of(&[&few, &many]).expect("words"));
    let before = groups.len();
    assert_eq!(before, 2050);
    assert!(!groups.of(&[&many, &many]).expect("words"));
    assert_eq!((groups.len(), groups.rows.len()), (before, 0));
    assert_eq!(groups.columns().len(), 2);
    assert!(groups.columns().iter().all(|column| column.len() == before));
    // At the third column, when the first two have grown.
    let mut groups = Groups::new(3);
    assert!(groups.of(&[&few, &few, &many]).expect("words"));
    let before = groups.len();
    let some = numbered(600);
    assert!(!groups.of(&[&some, &few, &many]).expect("words"));
    assert_eq!((groups.len(), groups.rows.len()), (before, 0));
    assert!(groups.columns().iter().all(|column| column.len() == before));
}
