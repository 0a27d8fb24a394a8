//! What the tests of a workspace share: a workspace in a folder of its own, recordings, and what it all comes to.

use fieldassay_engine::limits::Limits;
use fieldassay_engine::workspace::ask::{self, Asked};
use fieldassay_engine::workspace::ingest::{self, Outcome, Reached, Request, Watch};
use fieldassay_engine::workspace::{Format, Workspace, World, init};
use fieldassay_engine::{EngineError, Progress};
use fieldassay_formats::Schema;
use fieldassay_formats::mcap::{MessageHeader, Writer, WriterOptions};
use fieldassay_model::Policy;
use fieldassay_model::tables::TABLES;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tempfile::TempDir;

/// A folder with a workspace in `ws` and inputs in `in`.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
}

static CLOCK: AtomicI64 = AtomicI64::new(1_700_000_000_000_000_000);

fn tick() -> i64 {
    CLOCK.fetch_add(1_000_000, Ordering::Relaxed)
}

/// Calls in a made-up world: a clock that counts, no environment.
pub(crate) fn in_world<T>(call: impl FnOnce(&World<'_>) -> T) -> T {
    let process = format!("test-{}", tick());
    call(&World {
        now_ns: &tick,
        environment: &|_| None,
        actor: "tester",
        process: &process,
    })
}

/// Nobody watches.
pub(crate) struct Quiet;

impl Progress for Quiet {
    fn advance(&self, _bytes: u64) {}
}

impl Watch for Quiet {}

/// Ends the run at the step of this number, as a crash there would.
pub(crate) struct StopAt {
    at: usize,
    steps: AtomicUsize,
}

impl StopAt {
    pub(crate) const fn new(at: usize) -> Self {
        Self {
            at,
            steps: AtomicUsize::new(0),
        }
    }
}

impl Progress for StopAt {
    fn advance(&self, _bytes: u64) {}
}

impl Watch for StopAt {
    fn reached(&self, step: Reached) -> Result<(), EngineError> {
        if self.steps.fetch_add(1, Ordering::Relaxed) == self.at {
            return Err(EngineError::Io {
                action: "go on after",
                path: PathBuf::from(format!("{step:?}")),
                source: std::io::Error::other("a stop of the test"),
            });
        }
        Ok(())
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        std::fs::create_dir(bench.inputs()).expect("a folder");
        in_world(|world| init(&bench.path(), world).map(drop)).expect("a workspace");
        bench
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("ws")
    }

    pub(crate) fn inputs(&self) -> PathBuf {
        self.folder.path().join("in")
    }

    pub(crate) fn open(&self) -> Workspace {
        in_world(|world| Workspace::open(&self.path(), world)).expect("a workspace")
    }

    /// Brings inputs in.
    pub(crate) fn ingest(&self, inputs: &[&Path], watch: &dyn Watch) -> Result<Outcome, EngineError> {
        self.ingest_as(inputs, watch, |request| request)
    }

    /// Brings inputs in, after something happened once they were planned.
    pub(crate) fn ingest_after(&self, inputs: &[&Path], then: impl FnOnce()) -> Result<Outcome, EngineError> {
        self.planned(inputs, &Quiet, |request| request, then)
    }

    /// Brings inputs in with another request than the usual.
    pub(crate) fn ingest_as(
        &self,
        inputs: &[&Path],
        watch: &dyn Watch,
        change: impl FnOnce(Request<'_>) -> Request<'_>,
    ) -> Result<Outcome, EngineError> {
        self.planned(inputs, watch, change, || ())
    }

    fn planned(
        &self,
        inputs: &[&Path],
        watch: &dyn Watch,
        change: impl FnOnce(Request<'_>) -> Request<'_>,
        then: impl FnOnce(),
    ) -> Result<Outcome, EngineError> {
        let policy = Policy::built_in("default").expect("a policy");
        let inputs: Vec<String> = inputs.iter().map(|path| path.display().to_string()).collect();
        let request = change(Request {
            inputs: &inputs,
            policy: &policy,
            context: &[],
            context_file: None,
            form: None,
            image_sizes: None,
            class_names: None,
            columns: fieldassay_engine::statistics::Columns::default(),
            rehash: false,
            jobs: 2,
            limits: Limits::default(),
        });
        let workspace = self.open();
        let plan = ingest::plan(&workspace, &request)?;
        then();
        in_world(|world| ingest::run(&workspace, world, &request, &plan, watch))
    }

    /// The answer to a question, as JSON.
    pub(crate) fn ask(&self, sql: &str) -> serde_json::Value {
        let workspace = self.open();
        let asked = Asked::new(&workspace, None, ask::Limits::default()).expect("a session");
        let mut bytes = Vec::new();
        asked.write(sql, Format::Json, &mut bytes).expect(sql);
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// Everything it holds but for what is volatile: names of blobs, rows of tables by key.
    pub(crate) fn content(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let blobs = self.path().join(".fieldassay/blobs");
        let mut waiting = vec![blobs.clone()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    let name = path.strip_prefix(&blobs).expect("inside").display().to_string();
                    let size = std::fs::metadata(&path).expect("a file").len();
                    all.insert(name, size.to_string());
                }
            }
        }
        let workspace = self.open();
        let asked = Asked::new(&workspace, None, ask::Limits::default()).expect("a session");
        for table in TABLES {
            let columns = table.columns().filter(|column| !column.volatile);
            let columns: Vec<String> = columns.map(|column| format!("\"{}\"", column.name)).collect();
            let sql = format!(
                "SELECT {} FROM {} ORDER BY {}",
                columns.join(", "),
                table.name,
                table.key.join(", ")
            );
            let mut bytes = Vec::new();
            asked.write(&sql, Format::Json, &mut bytes).expect(table.name);
            all.insert(format!("table {}", table.name), String::from_utf8(bytes).expect("text"));
        }
        all
    }
}

/// Writes a recording of so many messages on two topics; different seeds give different ones.
pub(crate) fn recording(path: &Path, seed: u64, messages: u64) {
    let options = WriterOptions {
        library: "test, simulated".to_owned(),
        ..WriterOptions::default()
    };
    let file = std::fs::File::create(path).expect("a file");
    let mut writer = Writer::new(file, options).expect("a writer");
    let schema = Schema {
        name: "pose".to_owned(),
        encoding: "jsonschema".to_owned(),
        data: br#"{"type":"object","properties":{"x":{"type":"number"},"n":{"type":"integer"}}}"#.to_vec(),
    };
    let schema = writer.schema(&schema).expect("a schema");
    let channels = ["/a", "/b"].map(|topic| {
        let made = writer.channel(topic, schema, "json", &BTreeMap::new());
        made.expect("a channel")
    });
    for number in 0..messages {
        let time = 1_600_000_000_000_000_000 + seed * 1_000_000_000_000 + number * 10_000_000;
        let channel = channels[usize::try_from(number % 2).expect("small")];
        let data = format!(r#"{{"x":{}.5,"n":{}}}"#, number * seed, number);
        let header = MessageHeader {
            channel,
            sequence: u32::try_from(number).expect("small"),
            log_time: time,
            publish_time: time,
        };
        writer.message(&header, data.as_bytes()).expect("a message");
    }
    writer.finish().expect("a file");
}
