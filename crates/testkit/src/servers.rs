//! Servers that some tests need and `cargo xtask services` starts: a PostgreSQL, an object store.
//!
//! Read [`server`] and [`Database`] first. Not here: starting them.

use crate::loud;
use std::io::{Read, Write};
use std::net::TcpStream;

/// The URL of a server, from `FIELDASSAY_<kind>` (`POSTGRES`, `S3`), or none with one loud line.
///
/// # Panics
/// When `FIELDASSAY_REQUIRE_<kind>` is `1` and none is named.
pub fn server(kind: &str, test: &str) -> Option<String> {
    let variable = format!("FIELDASSAY_{kind}");
    if let Ok(url) = std::env::var(&variable) {
        return Some(url);
    }
    let required = std::env::var(format!("FIELDASSAY_REQUIRE_{kind}")).is_ok_and(|v| v == "1");
    assert!(!required, "{variable} is not set");
    loud(&format!(
        "SKIPPED: `{test}` ran without the server that {variable} names; `cargo xtask services --install -- cargo test` starts one"
    ));
    None
}

/// A database of a test's own on a PostgreSQL that trusts whoever connects; dropping it drops the database.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
    /// Its URL.
    pub url: String,
}

impl Database {
    /// Makes one on the server `FIELDASSAY_POSTGRES` names, as [`server`] finds it. Names must be of one test alone.
    ///
    /// # Panics
    /// When the server refuses.
    #[expect(clippy::panic, reason = "a helper of tests may fail loudly")]
    pub fn fresh(test: &str) -> Option<Self> {
        let server = server("POSTGRES", test)?;
        let name = format!("fieldassay_test_{test}_{}", std::process::id());
        let Some((base, _)) = server.rsplit_once('/') else {
            panic!("`{server}` names no database");
        };
        let url = format!("{base}/{name}");
        if let Err(error) = run(&server, &format!("CREATE DATABASE {name}")) {
            panic!("`{server}` makes no database: {error}");
        }
        Some(Self { server, name, url })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = run(
            &self.server,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        ) {
            loud(&format!("`{}` was left behind: {error}", self.url));
        }
    }
}

/// Runs one statement whose rows nobody wants, by version 3 of PostgreSQL's protocol.
fn run(server: &str, sql: &str) -> std::io::Result<()> {
    let wrong = |what: String| std::io::Error::other(what);
    let named = server.split_once("://").map_or(server, |(_, rest)| rest);
    let parts = named
        .split_once('@')
        .and_then(|(user, rest)| Some((user, rest.split_once('/')?)));
    let Some((user, (host, database))) = parts else {
        return Err(wrong(
            "its URL is not `postgres://user@host:port/database`".to_owned(),
        ));
    };
    let mut stream = TcpStream::connect(host)?;
    let names = format!("user\0{user}\0database\0{database}\0\0");
    let length = u32::try_from(8 + names.len()).map_err(std::io::Error::other)?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(&0x0003_0000_u32.to_be_bytes())?;
    stream.write_all(names.as_bytes())?;
    until_ready(&mut stream)?;
    let length = u32::try_from(5 + sql.len()).map_err(std::io::Error::other)?;
    stream.write_all(b"Q")?;
    stream.write_all(&length.to_be_bytes())?;
    stream.write_all(sql.as_bytes())?;
    stream.write_all(&[0])?;
    until_ready(&mut stream)
}

/// Reads messages until the server waits for the next statement; fails with what it says is wrong.
fn until_ready(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut failed = None;
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let [kind, length @ ..] = head;
        let rest = u64::from(u32::from_be_bytes(length)).saturating_sub(4);
        let mut body = Vec::new();
        stream.take(rest).read_to_end(&mut body)?;
        match kind {
            b'E' => failed = Some(String::from_utf8_lossy(&body).replace('\0', " ")),
            // Anything but "you may".
            b'R' if body != [0; 4] => {
                return Err(std::io::Error::other("it asks for a password"));
            }
            b'Z' => return failed.map_or(Ok(()), |what| Err(std::io::Error::other(what))),
            _ => {}
        }
        if kind == b'E' && body.starts_with(b"SFATAL") {
            return Err(std::io::Error::other(failed.unwrap_or_default()));
        }
    }
}
