//! What the tests of a workspace share: a workspace in a folder of its own, recordings, and what it all comes to.

use fieldassay_engine::workspace::ask::{self, Asked};
use fieldassay_engine::workspace::clip;
use fieldassay_engine::workspace::ingest::{self, Outcome, Reached, Request, Watch};
use fieldassay_engine::workspace::{Format, Workspace, World, init};
use fieldassay_engine::{EngineError, NoProgress, Progress};
use fieldassay_formats::Schema;
use fieldassay_formats::mcap::{MessageHeader, Writer, WriterOptions};
use fieldassay_model::tables::TABLES;
use fieldassay_model::{Policy, TimeBound};
use fieldassay_store::{Blobs, Catalog, Log, Place, StoreError};
use fieldassay_testkit::servers::{Database, server};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
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

/// Where the keys of all tests are.
static KEYS: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

/// Calls in a made-up world: a clock that counts, nothing in the environment but a place for keys.
pub(crate) fn in_world<T>(call: impl FnOnce(&World<'_>) -> T) -> T {
    let environment =
        |name: &str| (name == "FIELDASSAY_KEYS").then(|| KEYS.path().display().to_string());
    in_world_with(&environment, call)
}

/// Calls in a made-up world with this environment.
pub(crate) fn in_world_with<T>(
    environment: &(dyn Fn(&str) -> Option<String> + Sync),
    call: impl FnOnce(&World<'_>) -> T,
) -> T {
    let process = format!("test-{}", tick());
    call(&World {
        now_ns: &tick,
        environment,
        actor: "tester",
        process: &process,
        random: &|bytes| {
            let (first, _) = bytes.split_at_mut(8);
            first.copy_from_slice(&tick().to_le_bytes());
            Ok(())
        },
    })
}

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
        bench.init();
        bench
    }

    /// A workspace of its own whose catalogue is this database.
    pub(crate) fn with_catalog(url: &str) -> Self {
        let bench = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        std::fs::create_dir_all(bench.path().join(".fieldassay")).expect("a folder");
        let settings = format!("version = 1\ncatalog = \"{url}\"\nstore = \".fieldassay\"\n");
        std::fs::write(bench.path().join("fieldassay.toml"), settings).expect("settings");
        bench.init();
        bench
    }

    fn init(&self) {
        std::fs::create_dir(self.inputs()).expect("a folder");
        in_world(|world| init(&self.path(), world).map(drop)).expect("a workspace");
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("ws")
    }

    pub(crate) fn inputs(&self) -> PathBuf {
        self.folder.path().join("in")
    }

    /// A drive of twenty messages among the inputs.
    pub(crate) fn drive(&self, seed: u64) -> PathBuf {
        let path = self.inputs().join(format!("drive{seed}.mcap"));
        recording(&path, seed, 20);
        path
    }

    /// Brings in `drive.mcap` of a thousand messages on two topics; gives its id.
    pub(crate) fn brought(&self) -> String {
        let path = self.inputs().join("drive.mcap");
        recording(&path, 2, 1000);
        let outcome = self.ingest(&[&path], &NoProgress).expect("a run");
        outcome.inputs[0].recording_id.clone().expect("an id")
    }

    pub(crate) fn open(&self) -> Workspace {
        in_world(|world| Workspace::open(&self.path(), world)).expect("a workspace")
    }

    /// Brings inputs in.
    pub(crate) fn ingest(
        &self,
        inputs: &[&Path],
        watch: &dyn Watch,
    ) -> Result<Outcome, EngineError> {
        self.ingest_as(inputs, watch, |request| request)
    }

    /// Brings inputs in, after something happened once they were planned.
    pub(crate) fn ingest_after(
        &self,
        inputs: &[&Path],
        then: impl FnOnce(),
    ) -> Result<Outcome, EngineError> {
        self.planned(inputs, &NoProgress, |request| request, then)
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
        let inputs: Vec<String> = inputs
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let request = change(Request {
            jobs: 2,
            ..Request::new(&inputs, &policy)
        });
        let workspace = self.open();
        let plan = ingest::plan(&workspace, &request)?;
        then();
        in_world(|world| ingest::run(&workspace, world, &request, &plan, watch))
    }

    /// Brings inputs in with another environment.
    pub(crate) fn ingest_in(
        &self,
        inputs: &[&Path],
        environment: &(dyn Fn(&str) -> Option<String> + Sync),
    ) -> Result<Outcome, EngineError> {
        let policy = Policy::built_in("default").expect("a policy");
        let inputs = inputs.iter().map(|path| path.display().to_string());
        let inputs: Vec<String> = inputs.collect();
        let request = Request::new(&inputs, &policy);
        let workspace = self.open();
        let plan = ingest::plan(&workspace, &request)?;
        in_world_with(environment, |world| {
            ingest::run(&workspace, world, &request, &plan, &NoProgress)
        })
    }

    /// The line of its private key.
    pub(crate) fn key_line(&self) -> String {
        let settings = std::fs::read_to_string(self.path().join("fieldassay.toml"));
        let settings = settings.expect("settings");
        let origin = settings
            .lines()
            .find_map(|line| line.strip_prefix("origin = "));
        let origin = origin.expect("a log").trim_matches('"');
        let file = KEYS
            .path()
            .join(format!("{}.key", origin.replace('/', "_")));
        let line = std::fs::read_to_string(file).expect("a key");
        line.trim().to_owned()
    }

    /// Forgets what this machine signed last.
    pub(crate) fn forget_last(&self) {
        let key = self.key_line();
        let origin = key.split('+').nth(2).expect("a name").replace('/', "_");
        std::fs::remove_file(KEYS.path().join(format!("{origin}.last"))).expect("gone");
    }

    /// Makes it a workspace of a version that signed nothing: no key, no tree, no batch of its beginning.
    pub(crate) fn forget_log(&self) {
        let file = self.path().join("fieldassay.toml");
        let text = std::fs::read_to_string(&file).expect("settings");
        let (before, _) = text.split_once("\n[log]").expect("a log");
        std::fs::write(&file, before).expect("settings");
        let log = self.path().join(".fieldassay/log");
        std::fs::remove_dir_all(log.join("tile")).expect("gone");
        std::fs::remove_file(log.join("checkpoint")).expect("gone");
        self.change_catalog(
            "DELETE FROM settings WHERE name = 'log'; DELETE FROM log_heads; DELETE FROM log_entries; \
             DELETE FROM commitments; DELETE FROM batches WHERE sequence = 0",
        );
    }

    /// Changes the catalogue behind the program's back.
    pub(crate) fn change_catalog(&self, sql: &str) {
        let file = self.path().join(".fieldassay/catalog.db");
        let database = rusqlite::Connection::open(file).expect("a database");
        database
            .pragma_update(None, "foreign_keys", false)
            .expect("a setting");
        database.execute_batch(sql).expect(sql);
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
        let place = Place::folder(&self.path().join(".fieldassay")).expect("a place");
        self.content_at(&place)
    }

    fn content_at(&self, place: &Place) -> BTreeMap<String, String> {
        let blobs = Blobs::new(place.clone());
        let mut all = BTreeMap::new();
        for sha256 in waited(blobs.list()).expect("a list") {
            let size = waited(blobs.verify(&sha256)).expect("a whole blob");
            all.insert(sha256, size.to_string());
        }
        let workspace = self.open();
        let asked = Asked::new(&workspace, None, ask::Limits::default()).expect("a session");
        for table in TABLES {
            let columns = table.columns().filter(|column| !column.volatile);
            let columns: Vec<String> = columns
                .map(|column| format!("\"{}\"", column.name))
                .collect();
            let sql = format!(
                "SELECT {} FROM {} ORDER BY {}",
                columns.join(", "),
                table.name,
                table.key.join(", ")
            );
            let mut bytes = Vec::new();
            asked
                .write(&sql, Format::Json, &mut bytes)
                .expect(table.name);
            all.insert(
                format!("table {}", table.name),
                String::from_utf8(bytes).expect("text"),
            );
        }
        all
    }
}

/// What a team shares: a database and a folder of an object store, of one test alone.
pub(crate) struct Team {
    /// Dropped with it.
    database: Database,
    place: Place,
    settings: String,
    /// Its name is nobody else's.
    _folder: TempDir,
}

impl Team {
    /// None, with a loud line, where a server is missing.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let bucket = server("S3", test)?;
        let database = Database::fresh(test)?;
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().file_name().expect("a name").to_string_lossy();
        let store = format!("{bucket}/{test}{own}");
        let named = ["ENDPOINT", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION"].map(|name| {
            let value = std::env::var(format!("AWS_{name}")).ok()?;
            Some((format!("aws_{}", name.to_lowercase()), value))
        });
        let options: BTreeMap<String, String> = named.into_iter().flatten().collect();
        let place = Place::open(&store, &options, &|_| None).expect("a place");
        let lines = options
            .iter()
            .map(|(name, value)| format!("{name} = \"{value}\"\n"));
        let settings = format!(
            "version = 1\ncatalog = \"{}\"\nstore = \"{store}\"\n[store_options]\n{}",
            database.url,
            lines.collect::<String>()
        );
        Some(Self {
            database,
            place,
            settings,
            _folder: folder,
        })
    }

    /// A machine of one of the team, with settings of its own that name what is shared.
    pub(crate) fn bench(&self) -> Bench {
        let bench = Bench {
            folder: tempfile::tempdir().expect("a folder"),
        };
        std::fs::create_dir(bench.path()).expect("a folder");
        std::fs::write(bench.path().join("fieldassay.toml"), &self.settings).expect("settings");
        bench.init();
        bench
    }

    /// Everything the team's workspace holds, as [`Bench::content`].
    pub(crate) fn content(&self, bench: &Bench) -> BTreeMap<String, String> {
        bench.content_at(&self.place)
    }

    /// A writer takes the right to publish for 20 ms of the made-up clock, and says nothing more. Gives whether that right
    /// is gone, asked later.
    pub(crate) fn died_publishing(&self) -> impl Fn() -> bool {
        let url = self.database.url.clone();
        let now_us = tick() / 1000;
        let gone = waited(async {
            let catalog = Catalog::open(&url).await.expect("a catalogue");
            let taken = catalog.take_publisher("gone", now_us, now_us + 20_000);
            taken.await.expect("an answer").expect("the right")
        });
        move || {
            let kept = waited(async {
                let catalog = Catalog::open(&url).await.expect("a catalogue");
                catalog.keep_publisher(&gone, i64::MAX).await
            });
            matches!(kept, Err(StoreError::Fenced))
        }
    }

    /// Numbers of the entries of its log.
    pub(crate) fn log(&self) -> Vec<i64> {
        waited(Log::new(self.place.clone()).list()).expect("a log")
    }
}

fn waited<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(future)
}

/// A clip of the second second of one topic.
pub(crate) fn a_second(recording: &str, output: &Path) -> clip::Request {
    clip::Request {
        recording: recording.to_owned(),
        start: TimeBound::FromStart(1_000_000_000),
        end: TimeBound::FromStart(2_000_000_000),
        topics: vec!["/b".to_owned()],
        output: output.to_owned(),
        force: false,
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
        data: br#"{"type":"object","properties":{"x":{"type":"number"},"n":{"type":"integer"}}}"#
            .to_vec(),
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
