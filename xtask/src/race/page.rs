//! `docs/performance.md` from the results of races.
//!
//! Not here: measuring.

use super::kernels::{KernelResult, KernelRow};
use super::measure;
use super::results::{RaceResult, Results, Row};
use super::{release, store};
use crate::shell::root;
use anyhow::{Context as _, Result};
use std::fmt::Write as _;

/// Writes the page.
pub(super) fn write(results: &Results) -> Result<()> {
    std::fs::write(root().join("docs/performance.md"), render(results)?)?;
    Ok(())
}

/// The page as text.
pub(super) fn render(results: &Results) -> Result<String> {
    let mut page = String::from(
        "# Performance\n\n\
         Made by `cargo xtask race check`, `cargo xtask race measure`, `cargo xtask race store` and `cargo xtask race release` from `bench/results/`; run it again on your machine, the ratios are what carries over. `--only messages,mixed,image,allan` runs some of the parts.\n\n\
         Programs that are compared run their released versions on the same input in the same run, in turn, round after round; times are medians.\n",
    );
    page.push_str(&messages(&results.messages)?);
    if let Some(found) = &results.mixed {
        page.push_str(&mixed(found)?);
    }
    if let Some(found) = &results.image {
        page.push_str(&image(found)?);
    }
    if let Some(found) = &results.allan {
        page.push_str(&allan(found)?);
    }
    for duel in &results.measures {
        page.push_str(&measure::section(duel)?);
    }
    page.push_str(&store::sections(&results.store)?);
    page.push_str(&release::sections(&results.release)?);
    Ok(page)
}

/// Many small messages, beside released peers.
pub(super) fn messages(result: &RaceResult) -> Result<String> {
    let (ours, scan) = ours(result)?;
    let mut page = String::new();
    write!(
        page,
        "\n## Small messages\n\n\
         - Machine: {}.\n\
         - Input: a simulated drive of {} messages, seed {}, {:.0} MB; read from a warm cache.\n\
         - `fieldassay check` makes its full report: every fact and finding as JSON, both digests and the HTML page. The bare scan reads every message with all checksums and makes both digests, and nothing else.\n\
         - Repeat with `{}`.\n\n",
        result.machine,
        grouped(result.input.messages),
        result.input.seed,
        megabytes(result.input.bytes),
        result.command,
    )?;
    rows(&mut page, result, ours)?;
    let fastest: Option<&Row> = result
        .rows
        .iter()
        .skip(2)
        .min_by(|a, b| a.median().total_cmp(&b.median()));
    if let Some(fastest) = fastest {
        writeln!(
            page,
            "\nThe full report takes 1/{} of the time of the fastest peer, {}, and {} times that of the bare scan.",
            ratio(fastest.median() / ours.median()),
            fastest.name,
            ratio(ours.median() / scan.median()),
        )?;
    }
    page.push_str("\nPeers answer fewer questions: rosbag-doctor and baglint look at log times, clockdoctor fits a line per topic, deepen-bag-check judges readiness for calibration. clockdoctor counts transforms instead of messages. Peers that take minutes run fewer times; the table says how often.\n");
    memory(&mut page, result)?;
    Ok(page)
}

/// Cameras, LiDAR and IMU beside the bare scan.
pub(super) fn mixed(result: &RaceResult) -> Result<String> {
    let (ours, scan) = ours(result)?;
    let mut page = String::new();
    write!(
        page,
        "\n## Cameras, LiDAR and IMU\n\n\
         - Machine: {}.\n\
         - Input: a simulated drive with three cameras (720p, JPEG, 30 Hz), a LiDAR of 65,536 points (10 Hz) and an IMU (400 Hz): {} messages, seed {}, {:.0} MB; read from a warm cache.\n\
         - `fieldassay check` samples as it does by default and makes its full report: every fact and finding as JSON, both digests and the HTML page.\n\
         - Repeat with `{}`.\n\n",
        result.machine,
        grouped(result.input.messages),
        result.input.seed,
        megabytes(result.input.bytes),
        result.command,
    )?;
    rows(&mut page, result, ours)?;
    writeln!(
        page,
        "\nThe full report takes {} times the time of the bare scan (the aim is at most 2), at {:.0} MB/s.",
        ratio(ours.median() / scan.median()),
        megabytes(result.input.bytes) / ours.median(),
    )?;
    Ok(page)
}

/// A first look at an image beside blur alone.
pub(super) fn image(result: &KernelResult) -> Result<String> {
    let mut page = String::new();
    kernel(&mut page, "A first look at an image", result)?;
    let (ours, fastest) = fastest(result)?;
    writeln!(
        page,
        "\nBlur, histogram and freeze together take {:.2} ms; the fastest form of blur alone takes {:.2} ms, {} times as long. The variances agree within {:.0e}.",
        1e3 * ours.median(),
        1e3 * fastest.median(),
        ratio(fastest.median() / ours.median()),
        result.largest_difference.max(1e-15),
    )?;
    Ok(page)
}

/// Overlapping Allan deviation beside allantools.
pub(super) fn allan(result: &KernelResult) -> Result<String> {
    let mut page = String::new();
    kernel(&mut page, "Allan deviation", result)?;
    let (ours, fastest) = fastest(result)?;
    writeln!(
        page,
        "\n{} takes {} times as long (the aim is at least 5). The {} deviations agree within {:.0e}.",
        fastest.name,
        ratio(fastest.median() / ours.median()),
        result.values,
        result.largest_difference.max(1e-15),
    )?;
    Ok(page)
}

fn ours(result: &RaceResult) -> Result<(&Row, &Row)> {
    let ours = result.rows.first().context("the result has no rows")?;
    let scan = result.rows.get(1).context("the result has no bare scan")?;
    Ok((ours, scan))
}

/// Our row, which is the first, and the fastest of a peer: ours may be there in other ways too.
pub(super) fn fastest(result: &KernelResult) -> Result<(&KernelRow, &KernelRow)> {
    let (ours, others) = result
        .rows
        .split_first()
        .context("the result has no rows")?;
    let fastest = others
        .iter()
        .filter(|row| row.name != ours.name)
        .min_by(|a, b| a.median().total_cmp(&b.median()))
        .context("the result has no peer")?;
    Ok((ours, fastest))
}

/// The table of programs that read recordings.
fn rows(page: &mut String, result: &RaceResult, ours: &Row) -> Result<()> {
    page.push_str(
        "| program | version | command | runs | median, s | times the time of `fieldassay check` | peak anonymous memory, MB | messages read |\n|---|---|---|---:|---:|---:|---:|---:|\n",
    );
    for row in &result.rows {
        writeln!(
            page,
            "| {} | {} | `{}` | {} | {:.3} | {} | {:.0} | {} |",
            row.name,
            row.version,
            row.command,
            row.seconds.len(),
            row.median(),
            ratio(row.median() / ours.median()),
            megabytes(row.peak_anon_bytes),
            row.messages.map_or("not said".to_owned(), grouped),
        )?;
    }
    Ok(())
}

/// Head and table of a single computation.
pub(super) fn kernel(page: &mut String, title: &str, result: &KernelResult) -> Result<()> {
    let (ours, _) = fastest(result)?;
    let has_memory = result.rows.iter().all(|row| row.peak_anon_bytes > 0);
    let (head, line) = if has_memory {
        (" peak anonymous memory, MB |", "---:|")
    } else {
        ("", "")
    };
    write!(
        page,
        "\n## {title}\n\n\
         - Machine: {}.\n\
         - Input: {}.\n\
         - Repeat with `{}`.\n\n\
         | program | version | what it does | rounds | median, ms | times our time |{head}\n|---|---|---|---:|---:|---:|{line}\n",
        result.machine, result.input, result.command,
    )?;
    for row in &result.rows {
        let memory = if has_memory {
            format!(" {:.0} |", megabytes(row.peak_anon_bytes))
        } else {
            String::new()
        };
        writeln!(
            page,
            "| {} | {} | {} | {} | {:.2} | {} |{memory}",
            row.name,
            row.version,
            row.does,
            row.seconds.len(),
            1e3 * row.median(),
            ratio(row.median() / ours.median()),
        )?;
    }
    Ok(())
}

/// Peak memory by length of the input.
fn memory(page: &mut String, result: &RaceResult) -> Result<()> {
    page.push_str("\n### Memory\n\nPeak anonymous memory of `fieldassay check` (the file itself is a memory map and not counted); per-message columns beyond a fixed bound go to a temporary file, so memory stays bounded however long the recording is.\n\n| messages | file, MB | peak anonymous memory, MB | time, s |\n|---:|---:|---:|---:|\n");
    for memory in &result.memory {
        writeln!(
            page,
            "| {} | {:.0} | {:.0} | {:.2} |",
            grouped(memory.messages),
            megabytes(memory.bytes),
            megabytes(memory.peak_anon_bytes),
            memory.seconds,
        )?;
    }
    Ok(())
}

/// Bytes in megabytes of a million bytes.
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Two significant digits above one, three below ten.
pub(super) fn ratio(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Thousands separated by commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::results::{Input, Memory};
    use super::*;

    #[test]
    fn the_page_names_the_fastest_peer_and_both_ratios() {
        let row = |name: &str, seconds: f64| Row {
            name: name.to_owned(),
            version: "1".to_owned(),
            command: "c".to_owned(),
            seconds: vec![seconds],
            peak_anon_bytes: 1_000_000,
            messages: Some(1_234_567),
        };
        let result = RaceResult {
            command: "r".to_owned(),
            machine: "m".to_owned(),
            input: Input {
                messages: 1000,
                bytes: 1,
                seed: 1,
            },
            rows: vec![
                row("ours", 0.5),
                row("bare scan", 0.25),
                row("slow", 50.0),
                row("fast", 6.0),
            ],
            memory: vec![Memory {
                messages: 1000,
                bytes: 1,
                peak_anon_bytes: 1,
                seconds: 0.5,
            }],
        };
        let page = messages(&result).expect("renders");
        assert!(page.contains("1/12.0 of the time of the fastest peer, fast, and 2.00 times"));
        assert!(page.contains("1,234,567"));
    }
    #[test]
    fn a_single_computation_is_compared_with_the_fastest_peer() {
        let row = |name: &str, seconds: f64| KernelRow {
            name: name.to_owned(),
            version: "1".to_owned(),
            does: "it".to_owned(),
            seconds: vec![seconds],
            peak_anon_bytes: 0,
        };
        let result = KernelResult {
            command: "r".to_owned(),
            machine: "m".to_owned(),
            input: "i".to_owned(),
            rows: vec![row("ours", 0.5), row("slow", 5.0), row("fast", 3.0)],
            values: 18,
            largest_difference: 2e-13,
        };
        let page = allan(&result).expect("renders");
        assert!(page.contains("fast takes 6.00 times as long"), "{page}");
        assert!(page.contains("The 18 deviations agree within 2e-13"));
    }
}
