//! PostgreSQL for tests, in a folder of its own under the system's temporary folder, on a free port of loopback, thrown
//! away afterwards.
//!
//! Read [`Postgres`] first. Not here: which tests use it; they look at `FIELDASSAY_POSTGRES`.

use super::{free_port, shown};
use crate::shell::Step;
use anyhow::{Context as _, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// User that a server runs as where we are root, which it refuses to be.
const SERVER_USER: &str = "postgres";

/// A running server; dropping it stops it and removes its folder.
pub(super) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    is_root: bool,
    pub(super) url: String,
}

impl Postgres {
    pub(super) fn start(install: bool) -> Result<Self> {
        let programs = programs(install)?;
        let is_root = Step::new("id -u").output()?.trim() == "0";
        let port = free_port()?;
        let folder = std::env::temp_dir().join(format!("fieldassay-postgres-{port}"));
        std::fs::create_dir(&folder)
            .with_context(|| format!("`{}` could not be made", folder.display()))?;
        let server = Self {
            programs,
            folder,
            is_root,
            url: format!("postgres://fieldassay@127.0.0.1:{port}/postgres"),
        };
        if is_root {
            let owned = Step::new("chown")
                .with(SERVER_USER)
                .with(&shown(&server.folder));
            owned.run()?;
        }
        let data = shown(&server.folder.join("data"));
        let made = "--username=fieldassay --auth=trust --encoding=UTF8 --no-sync --pgdata";
        server.program(
            "initdb",
            &made.split(' ').chain([data.as_str()]).collect::<Vec<_>>(),
        )?;
        // What is thrown away need not survive a power cut.
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c max_connections=200 -c fsync=off",
            server.folder.display()
        );
        let log = shown(&server.folder.join("log"));
        let start = ["-D", &data, "-o", &options, "-l", &log, "-w", "start"];
        server.program("pg_ctl", &start)?;
        Ok(server)
    }

    fn program(&self, name: &str, arguments: &[&str]) -> Result<()> {
        let path = self.programs.join(name);
        let mut command = if self.is_root {
            let mut as_user = Command::new("runuser");
            as_user.args(["-u", SERVER_USER, "--"]).arg(&path);
            as_user
        } else {
            Command::new(&path)
        };
        let status = command
            .args(arguments)
            .current_dir(&self.folder)
            .stdout(Stdio::null())
            .status()
            .with_context(|| format!("`{}` could not be started", path.display()))?;
        if !status.success() {
            bail!(
                "`{name}` failed ({status}); see `{}`",
                self.folder.join("log").display()
            );
        }
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = shown(&self.folder.join("data"));
        // Nothing can be done about a server that will not stop, and its folder shows it.
        let stopped = self.program("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
        if stopped.is_ok() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Where the programs of the server are: on the path, or where Debian keeps those of its newest version.
fn programs(install: bool) -> Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    if !install {
        bail!(
            "PostgreSQL is not installed; `cargo xtask services --install -- COMMAND` installs it on Debian, elsewhere put `initdb` on the path"
        );
    }
    Step::new("apt-get install --yes --no-install-recommends postgresql").run()?;
    find().context("`initdb` is still missing after the installation")
}

fn find() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH")?;
    let debian = std::fs::read_dir("/usr/lib/postgresql").ok();
    let mut versions: Vec<(u32, PathBuf)> = debian
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    std::env::split_paths(&on_path)
        .chain(versions.into_iter().rev().map(|version| version.1))
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}
