//! Joins with stretches against the engine's own way of trying every pair, on seeded random tables.

use super::FindStretches;
use crate::compared::{plan, rows, shown, sorted};
use datafusion::arrow::array::{
    ArrayRef, Int32Array, Int64Array, LargeStringArray, RecordBatch, StringArray, StringViewArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use fieldassay_testkit::Lcg;
use futures_util::{FutureExt as _, StreamExt as _};
use std::fmt::Write as _;
use std::sync::Arc;

/// How tables and questions are drawn; the second says whether times lie at the ends of what there is.
struct Draw(Lcg, bool);

impl Draw {
    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.0.below(choices.len())].clone()
    }

    /// One in so many.
    fn rarely(&mut self, in_so_many: usize) -> bool {
        self.0.below(in_so_many) == 0
    }

    fn time(&mut self) -> Option<i64> {
        let ends = [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX];
        match self.0.below(16) {
            0 => None,
            1 => Some(self.one_of(&ends)),
            _ if self.1 => Some(self.one_of(&ends)),
            _ => Some(i64::try_from(self.0.below(12)).expect("small") - 2),
        }
    }

    fn times(&mut self, count: usize) -> ArrayRef {
        let times: Vec<Option<i64>> = (0..count).map(|_| self.time()).collect();
        Arc::new(Int64Array::from(times))
    }

    /// Long words and short ones, so that views hold both.
    fn keys(&mut self, kind: &DataType, count: usize) -> ArrayRef {
        let numbers: Vec<Option<i32>> = (0..count)
            .map(|_| (!self.rarely(8)).then(|| i32::try_from(self.0.below(4)).expect("small") - 1))
            .collect();
        let words = ["", "r-1", "r-0000000000000001", "r-0000000000000002"];
        let word = |number: &Option<i32>| {
            let number = usize::try_from((*number)? + 1).expect("no less than -1");
            Some(words[number].to_owned())
        };
        let words: Vec<Option<String>> = numbers.iter().map(word).collect();
        match kind {
            DataType::Utf8View => Arc::new(words.into_iter().collect::<StringViewArray>()),
            DataType::LargeUtf8 => Arc::new(LargeStringArray::from(words)),
            DataType::Utf8 => Arc::new(StringArray::from(words)),
            _ => Arc::new(Int32Array::from(numbers)),
        }
    }

    /// Rows in parts of any size, also without rows, in so many partitions.
    fn table(&mut self, names: &[(&str, DataType)], count: usize) -> Arc<MemTable> {
        let fields = names.iter().map(|(name, kind)| {
            let kind = if *name == "n" { &DataType::Int64 } else { kind };
            Field::new(*name, kind.clone(), true)
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let mut partitions = vec![Vec::new(); 1 + self.0.below(3)];
        let (mut left, mut number) = (count, 0_i64);
        while left > 0 || self.rarely(3) {
            let rows = self.0.below(left + 1);
            let columns = names.iter().map(|(name, kind)| match *name {
                "n" => {
                    let numbers = (number..).take(rows).collect::<Vec<i64>>();
                    Arc::new(Int64Array::from(numbers)) as ArrayRef
                }
                "k" | "l" => self.keys(kind, rows),
                _ => self.times(rows),
            });
            let columns: Vec<ArrayRef> = columns.collect();
            let batch = RecordBatch::try_new(Arc::clone(&schema), columns).expect("rows");
            let at = self.0.below(partitions.len());
            partitions[at].push(batch);
            left -= rows;
            number += i64::try_from(rows).expect("few");
        }
        Arc::new(MemTable::try_new(schema, partitions).expect("a table"))
    }
}

const TEXT: DataType = DataType::Utf8View;

fn stretches(kind: &DataType) -> [(&'static str, DataType); 5] {
    let [k, l] = ["k", "l"].map(|name| (name, kind.clone()));
    [
        ("s", DataType::Int64),
        k,
        ("e", DataType::Int64),
        l,
        ("n", DataType::Int64),
    ]
}

fn moments(kind: &DataType) -> [(&'static str, DataType); 4] {
    let [k, l] = ["k", "l"].map(|name| (name, kind.clone()));
    [k, ("n", DataType::Int64), ("t", DataType::Int64), l]
}

/// A session over the tables `i` and `o`, which joins them as they are written: what is left is held.
fn session(
    tables: [&Arc<MemTable>; 2],
    (threads, batch_rows, is_partitioned): (usize, usize, bool),
    runtime: Option<&Arc<RuntimeEnv>>,
    with_rule: bool,
) -> SessionContext {
    let mut config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_batch_size(batch_rows);
    let optimizer = &mut config.options_mut().optimizer;
    optimizer.join_reordering = false;
    let (bytes, rows) = if is_partitioned {
        (0, 0)
    } else {
        (1 << 30, 1 << 30)
    };
    optimizer.hash_join_single_partition_threshold = bytes;
    optimizer.hash_join_single_partition_threshold_rows = rows;
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features();
    if let Some(runtime) = runtime {
        state = state.with_runtime_env(Arc::clone(runtime));
    }
    if with_rule {
        state = state.with_physical_optimizer_rule(Arc::new(FindStretches::new()));
    }
    let context = SessionContext::new_with_state(state.build());
    for (name, table) in ["i", "o"].into_iter().zip(tables) {
        context
            .register_table(name, Arc::clone(table) as _)
            .expect("a table");
    }
    context
}

/// Conditions that are all ways to be within a stretch.
const WITHIN: [&str; 8] = [
    "o.t between i.s and i.e",
    "i.s <= o.t and i.e >= o.t",
    "o.t >= i.s and o.t < i.e",
    "i.e > o.t and o.t >= i.s",
    "i.s < o.t and o.t <= i.e",
    "o.t <= i.e and o.t > i.s",
    "o.t < i.e and i.s < o.t",
    "i.e > o.t and i.s < o.t",
];

const SELECTED: [&str; 6] = [
    "*",
    "o.n, i.n",
    "i.l, o.k, i.e",
    "o.t, o.l, o.n",
    "count(*)",
    "i.k, count(*), sum(o.n), max(i.s)",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stretches_are_met_as_by_trying_every_pair() {
    let mut not_empty = 0;
    for seed in 0..300 {
        let mut draw = Draw(Lcg::new(seed), seed % 4 == 0);
        let draw = &mut draw;
        let kind = draw.one_of(&[
            TEXT,
            TEXT,
            DataType::Utf8,
            DataType::LargeUtf8,
            DataType::Int32,
        ]);
        let counts = [[0, 1, 20, 40, 40], [0, 30, 60, 90, 90]].map(|counts| draw.one_of(&counts));
        let held = draw.table(&stretches(&kind), counts[0]);
        let met = draw.table(&moments(&kind), counts[1]);
        let has_two_keys = draw.rarely(2);
        let (within, selected) = (draw.one_of(&WITHIN), draw.one_of(&SELECTED));
        let group = if selected.starts_with("i.k, count") {
            "group by i.k"
        } else {
            ""
        };
        let sql = |equal: [&str; 2]| {
            let mut sql = format!("select {selected} from i join o on {}", equal[0]);
            if has_two_keys {
                write!(sql, " and {}", equal[1]).expect("text");
            }
            format!("{sql} and {within} {group}")
        };
        let shape = (1 + draw.0.below(3), 1 + draw.0.below(9), draw.rarely(2));
        let ours = session([&held, &met], shape, None, true);
        let ours_plan = plan(&ours, &sql(["i.k = o.k", "i.l = o.l"])).await;
        let text = shown(&ours_plan);
        assert!(text.contains("StretchJoin: mode="), "{seed}: {text}");
        let found = collect(ours_plan, ours.task_ctx()).await.expect("rows");
        let largest = found.iter().map(RecordBatch::num_rows).max().unwrap_or(0);
        assert!(largest <= shape.1, "{seed}: {largest} rows of {}", shape.1);
        // No join by a key is made of this, so every pair is tried.
        let theirs = session([&held, &met], (1, 8192, false), None, false);
        let theirs_plan = plan(
            &theirs,
            &sql(["(i.k = o.k) is true", "(i.l = o.l) is true"]),
        )
        .await;
        let text = shown(&theirs_plan);
        assert!(text.contains("NestedLoopJoinExec"), "{seed}: {text}");
        let expected = collect(theirs_plan, theirs.task_ctx()).await.expect("rows");
        assert_eq!(
            sorted(&found),
            sorted(&expected),
            "{seed}: {}",
            sql(["k", "l"])
        );
        not_empty += usize::from(!rows(&expected).is_empty());
    }
    assert!(not_empty > 150, "{not_empty} joins had rows");
}

/// The time of a row by its number.
type Time = fn(i64) -> i64;

/// Tables with so many rows of one key, in three partitions.
fn tables(stretches: i64, bounds: [Time; 2], moments: i64) -> [Arc<MemTable>; 2] {
    let table = |names: [&str; 4], count: i64, times: [Time; 2]| {
        let fields = names.map(|name| {
            let kind = if name == "k" { TEXT } else { DataType::Int64 };
            Field::new(name, kind, true)
        });
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let part = |part: i64| {
            let numbers = || (0..count).filter(move |number| number % 3 == part);
            let [first, second] = times;
            let keys = numbers().map(|_| Some("r-0000000000000001"));
            let columns: Vec<ArrayRef> = vec![
                Arc::new(keys.collect::<StringViewArray>()),
                Arc::new(numbers().map(|n| Some(first(n))).collect::<Int64Array>()),
                Arc::new(numbers().map(|n| Some(second(n))).collect::<Int64Array>()),
                Arc::new(numbers().map(Some).collect::<Int64Array>()),
            ];
            vec![RecordBatch::try_new(Arc::clone(&schema), columns).expect("rows")]
        };
        let partitions = (0..3).map(part).collect();
        Arc::new(MemTable::try_new(schema, partitions).expect("a table"))
    };
    [
        table(["k", "s", "e", "n"], stretches, bounds),
        table(["k", "t", "u", "n"], moments, [|n| n, |n| n]),
    ]
}

/// Each stretch lasts until the next one begins.
fn many(stretches: i64, moments: i64) -> [Arc<MemTable>; 2] {
    tables(stretches, [|n| n, |n| n + 1], moments)
}

const PLAIN: &str = "select i.e, o.n from i join o on i.k = o.k and o.t between i.s and i.e";

/// Stretches that are themselves computed by several threads, so that nobody may run them twice.
const GROUPED: &str = "select i.e, o.n from (select k, s, max(e) as e from i group by k, s) as i
join o on i.k = o.k and o.t between i.s and i.e";

#[tokio::test]
async fn a_moment_in_many_stretches_comes_in_batches() {
    let [held, met] = tables(1000, [|n| -n, |n| 5000 + n], 5);
    let context = session([&held, &met], (2, 64, false), None, true);
    let plan = plan(&context, PLAIN).await;
    let found = collect(plan, context.task_ctx()).await.expect("rows");
    let largest = found.iter().map(RecordBatch::num_rows).max();
    assert_eq!(largest, Some(64));
    let mut rows = sorted(&found);
    assert_eq!(rows.len(), 5000);
    rows.dedup();
    assert_eq!(rows.len(), 5000);
}

#[tokio::test]
async fn what_is_not_such_a_join_stays_with_the_engine() {
    let mut draw = Draw(Lcg::new(7), false);
    let held = draw.table(&stretches(&TEXT), 5);
    let met = draw.table(&moments(&TEXT), 50);
    let context = session([&held, &met], (2, 16, false), None, true);
    let within = "i.k = o.k and o.t between i.s and i.e";
    let others = [
        format!("select i.n from i left join o on {within}"),
        format!("select o.n from i right join o on {within}"),
        format!("select o.n from i full join o on {within}"),
        format!("select o.n from o where exists (select 1 from i where {within})"),
        format!("select o.n from i join o on {within} and o.n < i.n"),
        "select o.n from i join o on i.k = o.k and o.t >= i.s".to_owned(),
        "select o.n from i join o on i.k = o.k and o.t >= i.s and o.n <= i.e".to_owned(),
        "select o.n from i join o on i.k = o.k and o.t >= i.s and o.t >= i.e".to_owned(),
        "select o.n from i join o on i.k = o.k and o.t between i.s + 1 and i.e".to_owned(),
        "select o.n from i join o on (i.k is not distinct from o.k) and o.t between i.s and i.e".to_owned(),
        "select o.n from i join o on cast(i.n as double) = cast(o.n as double) and o.t between i.s and i.e".to_owned(),
        // Moments are on the left, where what is held is.
        format!("select o.n from o join i on {within}"),
    ];
    for sql in others {
        let plan = shown(&plan(&context, &sql).await);
        assert!(!plan.contains("StretchJoin"), "{sql}\n{plan}");
    }
}

#[tokio::test]
async fn the_order_of_moments_is_kept_and_not_made_again() {
    let [held, met] = many(50, 200);
    let context = session([&held, &met], (1, 7, false), None, true);
    let sql = "select o.n from i join (select * from o order by n limit 150) as o
        on i.k = o.k and o.t between i.s and i.e order by o.n";
    let plan = plan(&context, sql).await;
    let text = shown(&plan);
    let (above, below) = text.split_once("StretchJoin").expect("such a join");
    assert!(!above.contains("Sort") && below.contains("Sort"), "{text}");
    let found = rows(&collect(plan, context.task_ctx()).await.expect("rows"));
    let numbers = found
        .iter()
        .map(|number| number.parse::<i64>().expect("a number"));
    assert_eq!(numbers.clone().count(), 100);
    assert!(numbers.is_sorted(), "{found:?}");
}

/// All partitions of a plan, each with what it gave.
async fn partitions(
    context: &SessionContext,
    plan: &Arc<dyn ExecutionPlan>,
) -> Vec<Result<Vec<RecordBatch>, DataFusionError>> {
    let streams: Vec<_> = (0..plan.properties().partitioning.partition_count())
        .map(|partition| {
            plan.execute(partition, context.task_ctx())
                .expect("a stream")
        })
        .collect();
    let mut found = Vec::new();
    for stream in streams {
        let batches: Vec<_> = stream.collect().await;
        found.push(batches.into_iter().collect());
    }
    found
}

fn limited(bytes: usize) -> Arc<RuntimeEnv> {
    let pool = GreedyMemoryPool::new(bytes);
    let made = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .build_arc();
    made.expect("a runtime")
}

#[tokio::test]
async fn too_little_memory_is_told_to_every_partition_and_given_back() {
    let [held, met] = many(3000, 300);
    let mut outcomes = [0, 0];
    for kib in [16, 64, 128, 256, 384, 512, 1024, 4096] {
        for is_partitioned in [false, true] {
            let runtime = limited(kib << 10);
            let context = session(
                [&held, &met],
                (3, 1024, is_partitioned),
                Some(&runtime),
                true,
            );
            let plan = plan(&context, PLAIN).await;
            assert!(shown(&plan).contains("StretchJoin"), "{}", shown(&plan));
            let found = partitions(&context, &plan).await;
            let errors: Vec<_> = found.iter().filter_map(|one| one.as_ref().err()).collect();
            for error in &errors {
                let root = error.find_root();
                let is_memory = matches!(root, DataFusionError::ResourcesExhausted(_));
                assert!(is_memory, "{kib} KiB: {error}");
            }
            if errors.is_empty() {
                let rows: usize = found
                    .iter()
                    .flatten()
                    .flatten()
                    .map(RecordBatch::num_rows)
                    .sum();
                assert_eq!(rows, 599, "{kib} KiB");
            } else if !is_partitioned {
                assert_eq!(errors.len(), found.len(), "{kib} KiB");
            }
            outcomes[usize::from(errors.is_empty())] += 1;
            drop((found, plan));
            assert_eq!(runtime.memory_pool.reserved(), 0, "{kib} KiB");
        }
    }
    assert!(outcomes.iter().all(|count| *count > 2), "{outcomes:?}");
}

#[tokio::test]
async fn an_error_of_computed_stretches_is_told_to_every_partition() {
    let [held, met] = many(3000, 300);
    // Enough to group, too little to hold.
    let sql = GROUPED.replace("max(e)", "max(e / (s - 1500))");
    let context = session([&held, &met], (3, 64, false), None, true);
    let plan = plan(&context, &sql).await;
    assert!(shown(&plan).contains("StretchJoin"), "{}", shown(&plan));
    let found = partitions(&context, &plan).await;
    assert!(found.len() > 1);
    for one in found {
        let error = one.expect_err("a division by zero");
        assert!(error.to_string().contains("Divide by zero"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_stops_nobody() {
    let [held, met] = many(3000, 300);
    for asked in [false, true] {
        let context = session([&held, &met], (3, 64, false), None, true);
        let plan = plan(&context, GROUPED).await;
        let count = plan.properties().partitioning.partition_count();
        assert!(
            count > 1 && shown(&plan).contains("StretchJoin"),
            "{}",
            shown(&plan)
        );
        let mut first = plan.execute(0, context.task_ctx()).expect("a stream");
        if asked {
            // It begins to read the stretches, and is gone before they are there.
            let _ = first.next().now_or_never();
        }
        drop(first);
        let mut rows = 0;
        for partition in 1..count {
            let stream = plan
                .execute(partition, context.task_ctx())
                .expect("a stream");
            let batches: Vec<_> = stream.collect().await;
            for batch in batches {
                rows += batch.expect("rows").num_rows();
            }
        }
        assert!(rows > 0);
    }
}

/// Every turn has the stretch of another key, of which the scan was told nothing.
#[tokio::test]
async fn a_repeated_part_of_a_query_meets_the_stretches_of_its_turn() {
    let [held, met] = many(0, 0);
    let context = session([&held, &met], (2, 8, false), None, true);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("links.parquet");
    let links = (0..9).map(|n| format!("('r-{n}', 'r-{}', {n})", n + 1));
    let links = links.collect::<Vec<_>>().join(", ");
    let copy = format!(
        "copy (select * from (values {links}) as t(k, next, t)) to '{}' stored as parquet",
        file.display()
    );
    let written = context.sql(&copy).await.expect("a statement");
    written.collect().await.expect("written");
    let shown_file = file.to_string_lossy();
    let options = ParquetReadOptions::default();
    let registered = context.register_parquet("links", &*shown_file, options);
    registered.await.expect("a table");
    let sql = "with recursive w(k, s, e) as (
        select arrow_cast('r-0', 'Utf8View'), 0, 100
        union all
        select l.next, w.s, w.e from w join links l on w.k = l.k and l.t between w.s and w.e
    ) select k from w";
    let plan = plan(&context, sql).await;
    let text = shown(&plan);
    let (_, below) = text.split_once("StretchJoin").expect("such a join");
    assert!(below.contains("DynamicFilter"), "{text}");
    let found = rows(&collect(plan, context.task_ctx()).await.expect("rows"));
    let expected: Vec<String> = (0..=9).map(|turn| format!("r-{turn}")).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_it_did_is_shown() {
    let [held, met] = many(50, 200);
    let context = session([&held, &met], (1, 64, false), None, true);
    let plan = plan(&context, PLAIN).await;
    let text = shown(&plan);
    let line = "StretchJoin: mode=CollectLeft, join_type=Inner, on=[(k@0, k@0)], filter=";
    assert!(text.contains(line) && !text.contains("HashJoin"), "{text}");
    collect(Arc::clone(&plan), context.task_ctx())
        .await
        .expect("rows");
    let metrics = plan.metrics().expect("metrics");
    assert_eq!(metrics.output_rows(), Some(100));
    let held = metrics
        .sum_by_name("build_mem_used")
        .map(|bytes| bytes.as_usize());
    assert!(held.is_some_and(|bytes| bytes > 50 * 28), "{held:?}");
}
