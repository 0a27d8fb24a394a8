//! The verbs of a workspace: what they share.

pub(crate) mod card;
pub(crate) mod clip;
pub(crate) mod ingest;
pub(crate) mod init;
pub(crate) mod jobs;
pub(crate) mod lineage;
pub(crate) mod log;
pub(crate) mod ls;
pub(crate) mod query;
pub(crate) mod release;
pub(crate) mod releases;
pub(crate) mod show;
pub(crate) mod sql;
pub(crate) mod verify;

use fieldassay_engine::workspace::{Workspace, World};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Which workspace.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Where {
    /// The workspace: a folder with `fieldassay.toml`, or one below it; the current folder when not given.
    #[arg(long, value_name = "DIR", env = "FIELDASSAY_WORKSPACE")]
    workspace: Option<PathBuf>,
}

impl Where {
    fn folder(&self) -> PathBuf {
        self.workspace.clone().unwrap_or_else(|| PathBuf::from("."))
    }

    pub(crate) fn open(&self) -> anyhow::Result<Workspace> {
        in_world(|world| Ok(Workspace::open(&self.folder(), world)?))
    }
}

/// Nanoseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "an edge: the clock is asked here and passed in"
)]
fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

/// Fills bytes from the random source of the system.
fn random(bytes: &mut [u8; 32]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(std::io::Error::other)
}

/// Calls with the world as it is: clock, environment, who asks.
fn in_world<T>(call: impl FnOnce(&World<'_>) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let environment = |name: &str| std::env::var(name).ok();
    let names = ["FIELDASSAY_ACTOR", "USER", "USERNAME"];
    let actor = names.iter().find_map(|name| environment(name));
    let actor = actor.unwrap_or_else(|| "unknown".to_owned());
    let process = format!("p{}-{}", std::process::id(), now_ns());
    call(&World {
        now_ns: &now_ns,
        environment: &environment,
        actor: &actor,
        process: &process,
        random: &random,
    })
}
