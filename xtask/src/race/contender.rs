//! Who runs in the race and how each is asked for its report.
//!
//! Read [`PEERS`] first. Not here: timing, and judging what the reports say.

use super::{Programs, Row, timed};
use crate::released::environment;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// A program ready to run.
pub(super) struct Contender {
    pub(super) name: String,
    version: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    /// The command as the page shows it.
    shown: String,
    /// Takes minutes, so it runs fewer times.
    pub(super) slow: bool,
    /// Messages it says it read, from its output.
    pub(super) count: fn(&str) -> Option<u64>,
    /// A file to be made once before the race by these arguments.
    preparation: Option<(Vec<String>, PathBuf)>,
}

/// A released peer, installed by pip into an environment of its own.
struct Peer {
    package: &'static str,
    version: &'static str,
    /// Arguments; `FILE`, `SPEC` and `FOLDER` are filled in.
    arguments: &'static str,
    /// Arguments that print the file `SPEC`, where it needs one to judge anything.
    preparation: Option<&'static str>,
    slow: bool,
    count: fn(&str) -> Option<u64>,
}

const PEERS: &[Peer] = &[
    Peer {
        package: "rosbag-doctor",
        version: "0.1.1",
        arguments: "FILE",
        preparation: None,
        slow: false,
        count: before_messages,
    },
    Peer {
        package: "baglint",
        version: "0.2.1",
        arguments: "FILE --spec SPEC",
        // Without a spec it validates nothing; the one it makes from the recording itself is fair.
        preparation: Some("FILE --init"),
        slow: false,
        count: before_messages,
    },
    Peer {
        package: "clockdoctor",
        version: "0.1.0",
        // Its outputs would land beside the input.
        arguments: "FILE --out-dir FOLDER",
        preparation: None,
        slow: true,
        // It counts transforms, not messages.
        count: |_| None,
    },
    Peer {
        package: "deepen-bag-check",
        version: "1.2.0",
        arguments: "FILE",
        preparation: None,
        slow: true,
        count: sum_of_msgs,
    },
];

/// `check` with everything it can make, and the bare scan it is compared with.
pub(super) fn ours(programs: &Programs, input: &Path, place: &Path) -> Vec<Contender> {
    let file = input.to_string_lossy().into_owned();
    let page = place.join("report.html").to_string_lossy().into_owned();
    let own = |name: &str, program: &Path, arguments: Vec<String>, shown: &str| Contender {
        name: name.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        program: program.to_path_buf(),
        arguments,
        shown: shown.to_owned(),
        slow: false,
        count: own_count,
        preparation: None,
    };
    let check = ["check", &file, "--json", "--report", &page, "--force"].map(str::to_owned);
    vec![
        own(
            "fieldassay check",
            &programs.check,
            check.to_vec(),
            "fieldassay check FILE --json --report OUT.html",
        ),
        own("bare scan", &programs.scan, vec![file], "bare_scan FILE"),
    ]
}

/// Whether a peer has this name.
pub(super) fn is_peer(name: &str) -> bool {
    PEERS.iter().any(|peer| peer.package == name)
}

/// The peers, installed where they are not yet.
pub(super) fn peers(input: &Path, work: &Path) -> Result<Vec<Contender>> {
    PEERS
        .iter()
        .map(|peer| {
            let environment = environment(peer.package, peer.version)?;
            let spec = work.join(format!("{}.spec", peer.package));
            let folder = work.join(peer.package);
            std::fs::create_dir_all(&folder)?;
            let fill = |words: &str| -> Vec<String> {
                words
                    .split_whitespace()
                    .map(|word| match word {
                        "FILE" => input.to_string_lossy().into_owned(),
                        "SPEC" => spec.to_string_lossy().into_owned(),
                        "FOLDER" => folder.to_string_lossy().into_owned(),
                        other => other.to_owned(),
                    })
                    .collect()
            };
            Ok(Contender {
                name: peer.package.to_owned(),
                version: peer.version.to_owned(),
                program: environment.join("bin").join(peer.package),
                arguments: fill(peer.arguments),
                shown: format!("{} {}", peer.package, peer.arguments),
                slow: peer.slow,
                count: peer.count,
                preparation: peer.preparation.map(|words| (fill(words), spec.clone())),
            })
        })
        .collect()
}

impl Contender {
    /// Its row, without runs.
    pub(super) fn row(&self) -> Row {
        Row {
            name: self.name.clone(),
            version: self.version.clone(),
            command: self.shown.clone(),
            seconds: Vec::new(),
            peak_anon_bytes: 0,
            messages: None,
        }
    }

    /// Does what it needs once, untimed.
    pub(super) fn prepare(&self) -> Result<()> {
        if let Some((arguments, file)) = &self.preparation {
            let made = timed::run(&self.program, arguments, &self.name)?;
            std::fs::write(file, made.output)?;
        }
        Ok(())
    }
}

/// The first number before the word `messages`, thousands separated or not.
fn before_messages(output: &str) -> Option<u64> {
    let before = output.split(" messages").next()?;
    let number = before
        .rsplit(|c: char| !c.is_ascii_digit() && c != ',')
        .next()?;
    number.replace(',', "").parse().ok()
}

/// The sum of every `N msgs`; none where it lists no topic.
fn sum_of_msgs(output: &str) -> Option<u64> {
    output
        .lines()
        .filter_map(|line| {
            line.strip_suffix(" msgs")?
                .rsplit(' ')
                .next()?
                .parse::<u64>()
                .ok()
        })
        .reduce(|a, b| a + b)
}

/// Ours: `message_count` of the document, or the second word of the bare scan.
fn own_count(output: &str) -> Option<u64> {
    if let Ok(document) = serde_json::from_str::<serde_json::Value>(output) {
        return document["recordings"][0]["message_count"].as_u64();
    }
    output.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_from_each_form() {
        assert_eq!(
            before_messages("mcap · 1 file(s) · 8,197 messages · 97.36 s"),
            Some(8197)
        );
        assert_eq!(
            sum_of_msgs("  /a [x]  1.4 Hz  135 msgs\n  /b  1 msgs\n"),
            Some(136)
        );
        assert_eq!(own_count("path 12 digest"), Some(12));
        assert_eq!(
            own_count("{\"recordings\":[{\"message_count\":7}]}"),
            Some(7)
        );
    }
}
