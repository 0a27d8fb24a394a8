//! One run of a program: wall time, peak anonymous memory, output.
//!
//! Not here: which programs run.

use crate::shell::memory_bytes;
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the memory of the program is looked at.
const POLL: Duration = Duration::from_millis(5);

/// What one run showed.
pub(super) struct Run {
    pub(super) seconds: f64,
    pub(super) peak_anon_bytes: u64,
    /// What it wrote to standard output.
    pub(super) output: String,
}

/// Runs a program to its end. A verdict may be an exit code, so only a start that fails, a signal
/// or silence is an error.
#[expect(
    clippy::disallowed_methods,
    reason = "an edge: races are about wall time"
)]
pub(super) fn run(program: &Path, arguments: &[String], name: &str) -> Result<Run> {
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        // Keys of the workspaces of a race are nobody's.
        .env(
            "FIELDASSAY_KEYS",
            std::env::temp_dir().join("fieldassay-race-keys"),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{}` could not be started", program.display()))?;
    let status_file = format!("/proc/{}/status", child.id());
    let ended = AtomicBool::new(false);
    let stderr = child.stderr.take();
    let (output, status, seconds, peak) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = 0;
            while !ended.load(Ordering::Relaxed) {
                peak = peak.max(memory_bytes(&status_file, "RssAnon"));
                std::thread::sleep(POLL);
            }
            peak
        });
        let errors = scope.spawn(move || stderr.map(std::io::read_to_string));
        let output = child.stdout.take().map(std::io::read_to_string);
        let status = child.wait();
        let seconds = start.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        let peak = watcher.join().unwrap_or(0);
        let errors = errors.join().ok().flatten().and_then(Result::ok);
        (
            (
                output.and_then(Result::ok).unwrap_or_default(),
                errors.unwrap_or_default(),
            ),
            status,
            seconds,
            peak,
        )
    });
    let (output, errors) = output;
    let status = status?;
    // 1 and 2 are how peers say that they found something; a crash leaves no output.
    if status.code().is_none() || (!status.success() && output.trim().is_empty()) {
        let last: Vec<&str> = errors.lines().rev().take(5).collect();
        bail!("{name} failed ({status}): {}", last.join(" | "));
    }
    Ok(Run {
        seconds,
        peak_anon_bytes: peak,
        output,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_kept_and_a_crash_is_an_error() {
        let words = |script: &str| ["-c".to_owned(), script.to_owned()];
        let shell = Path::new("sh");
        let good = run(shell, &words("echo 1; exit 2"), "good").expect("runs");
        assert_eq!(good.output, "1\n");
        assert!(run(shell, &words("exit 1"), "bad").is_err());
        assert!(run(Path::new("no-such-program"), &[], "none").is_err());
    }
}
