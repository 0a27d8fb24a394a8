//! Runs the transcript of the README word for word.
//!
//! Read [`Transcript`] first. Every fenced block marked `console` is a session in the
//! repository's root: lines that begin with `$ ` are commands, the lines up to the next one are
//! their standard output. Not here: standard error, which holds progress and is not promised.

use crate::shell;
use anyhow::{Context as _, Result, bail};
use std::process::{Command, Stdio};

/// One command with the output the page promises.
#[derive(Debug, PartialEq, Eq)]
struct Transcript {
    line: usize,
    command: String,
    output: String,
}

/// Runs every transcript of the page and compares; `--write` puts what is printed into the page.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let write = match arguments {
        [] => false,
        [flag] if flag == "--write" => true,
        _ => bail!("`readme` takes nothing but `--write`"),
    };
    let path = shell::root().join("README.md");
    let page = std::fs::read_to_string(&path).context("`README.md` could not be read")?;
    let transcripts = transcripts(&page);
    if transcripts.is_empty() {
        bail!("`README.md` holds no `console` block with a `$ ` command");
    }
    let mut updated = page.clone();
    for transcript in &transcripts {
        println!("$ {}", transcript.command);
        let printed = output(&transcript.command)?;
        if write {
            let command = format!("$ {}\n", transcript.command);
            let promised = format!("{command}{}", transcript.output);
            updated = updated.replacen(&promised, &format!("{command}{printed}"), 1);
        } else if printed != transcript.output {
            bail!(
                "README.md:{}: `{}` prints something else\n{}",
                transcript.line,
                transcript.command,
                first_difference(&transcript.output, &printed)
            );
        }
    }
    if updated != page {
        std::fs::write(&path, updated)?;
    }
    Ok(())
}

/// Standard output of a command, whatever its exit code: a verdict may be a failure.
fn output(command: &str) -> Result<String> {
    let output = Command::new("bash")
        .args(["-c", command])
        .current_dir(shell::root())
        .stderr(Stdio::inherit())
        .output()
        .context("`bash` could not be started")?;
    String::from_utf8(output.stdout).context("the output is not UTF-8")
}

fn transcripts(page: &str) -> Vec<Transcript> {
    let mut found: Vec<Transcript> = Vec::new();
    let mut inside = false;
    let mut recording = false;
    for (index, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
            recording = false;
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            recording = true;
            found.push(Transcript {
                line: index + 1,
                command: command.to_owned(),
                output: String::new(),
            });
        } else if let Some(last) = found.last_mut().filter(|_| recording) {
            last.output.push_str(line);
            last.output.push('\n');
        }
    }
    found
}

/// The first lines that differ, as promised and as printed.
fn first_difference(promised: &str, printed: &str) -> String {
    let (mut left, mut right) = (promised.lines(), printed.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (left.next(), right.next()) {
            (None, None) => return "they differ in line breaks only".to_owned(),
            (a, b) if a == b => {}
            (a, b) => {
                return format!(
                    "output line {number}\n  promised: {}\n  printed:  {}",
                    a.unwrap_or("(nothing more)"),
                    b.unwrap_or("(nothing more)")
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_console_blocks_are_read() {
        let page = "# A\n```sh\n$ no\n```\n```console\n$ echo a\na\n\nb\n$ true\n```\ntext\n";
        let found = transcripts(page);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].output, "a\n\nb\n");
        assert_eq!((found[1].line, found[1].output.as_str()), (10, ""));
    }

    #[test]
    fn the_first_difference_is_named() {
        assert!(first_difference("a\nb\n", "a\nc\n").starts_with("output line 2"));
        assert!(first_difference("a\n", "a").contains("line breaks"));
    }
}
