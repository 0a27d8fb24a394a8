//! Rows of what a check found out about a recording.

use super::super::Gathered;
use super::super::rows::Value;
use super::tee::Seen;
use crate::EngineError;
use fieldassay_formats::Channel;
use fieldassay_measure::pose::normalized;
use fieldassay_model::{
    Calibration, ChannelReport, Fact, FactStatus, FactValue, Finding, PolicyReference,
    RecordingReport, Severity, Verdict, Window, hexadecimal,
};
use serde_json::json;
use sha2::Digest as _;
use std::collections::BTreeMap;

/// What made facts and findings, as `source` says it.
pub(super) const SOURCE: &str = concat!("fieldassay check ", env!("CARGO_PKG_VERSION"));

/// The id of the recipe by which facts are made: `e-` and 16 digits of a SHA-256 over program and catalogue of checks.
pub(super) fn recipe() -> String {
    let checks: Vec<&str> = crate::catalog().iter().map(|check| check.code).collect();
    let text = json!({"program": SOURCE, "checks": checks}).to_string();
    let digest = hexadecimal(&sha2::Sha256::digest(text.as_bytes()));
    format!("e-{}", digest.chars().take(16).collect::<String>())
}

/// Adds channels, losses, facts, findings and calibration of a recording.
pub(super) fn rows(
    report: &RecordingReport,
    (id, blob): (&str, Option<&str>),
    seen: &Seen,
    policy: &PolicyReference,
    out: &mut Gathered,
) -> Result<(), EngineError> {
    channels(report, (id, blob), seen, out)?;
    if let Some(blob) = blob {
        chunks((id, blob), seen, out)?;
    }
    let losses = out.table("losses")?;
    for (number, loss) in report.loss.reasons.iter().enumerate() {
        losses.add([
            ("recording_id", id.into()),
            ("loss", number.into()),
            ("code", Value::Text(&loss.code)),
            ("start_bytes", loss.start.into()),
            ("end_bytes", loss.end.into()),
            ("message_count", loss.messages.into()),
            ("suspect_message_count", loss.suspect_messages.into()),
            ("message", Value::Text(&loss.message)),
        ]);
    }
    let recipe = recipe();
    for (row, fact) in report.facts.iter().enumerate() {
        add_fact(fact, (id, &recipe, row), out)?;
    }
    for (row, finding) in report.findings.iter().enumerate() {
        add_finding(finding, source((id, &recipe, row)), policy, out)?;
    }
    if let Some(calibration) = &report.calibration {
        add_calibration(calibration, id, out)?;
    }
    Ok(())
}

fn channels(
    report: &RecordingReport,
    (id, blob): (&str, Option<&str>),
    seen: &Seen,
    out: &mut Gathered,
) -> Result<(), EngineError> {
    let rows = out.table("channels")?;
    for (number, channel) in &seen.channels {
        let tally = seen.tallies.get(number).copied().unwrap_or_default();
        let schema = channel.schema.as_deref();
        let digest = schema.map(|schema| hexadecimal(&sha2::Sha256::digest(&schema.data)));
        let known = reported(&report.channels, channel);
        let metadata = (!channel.metadata.is_empty()).then(|| json!(channel.metadata).to_string());
        rows.add([
            ("recording_id", id.into()),
            ("channel", Value::Integer(i64::from(*number))),
            ("topic", Value::Text(&channel.topic)),
            (
                "schema_name",
                schema.map(|schema| schema.name.as_str()).into(),
            ),
            (
                "schema_encoding",
                schema.map(|schema| schema.encoding.as_str()).into(),
            ),
            ("schema_sha256", digest.as_deref().into()),
            ("message_encoding", Value::Text(&channel.message_encoding)),
            ("message_count", tally.messages.into()),
            ("size_bytes", tally.bytes.into()),
            ("start_ns", tally.times.map(|times| times.0).into()),
            ("end_ns", tally.times.map(|times| times.1).into()),
            ("rate_hz", known.and_then(|known| known.rate_hz).into()),
            (
                "median_period_ns",
                known.and_then(|known| known.median_period_ns).into(),
            ),
            (
                "max_gap_ns",
                known.and_then(|known| known.max_gap_ns).into(),
            ),
            ("blob_sha256", blob.filter(|_| tally.messages > 0).into()),
            ("metadata_json", metadata.as_deref().into()),
        ]);
    }
    Ok(())
}

fn chunks((id, blob): (&str, &str), seen: &Seen, out: &mut Gathered) -> Result<(), EngineError> {
    let rows = out.table("chunks")?;
    let parts = seen.units.values();
    let parts = parts.filter_map(|unit| Some((unit.part.as_ref()?, &unit.tallies)));
    for (number, (part, tallies)) in parts.enumerate() {
        let channels: Vec<i64> = tallies.keys().map(|id| i64::from(*id)).collect();
        let counts: Vec<i64> = tallies
            .values()
            .map(|tally| i64::try_from(tally.messages).unwrap_or(i64::MAX))
            .collect();
        let times = tallies.values().filter_map(|tally| tally.times);
        let times = times.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
        rows.add([
            ("recording_id", id.into()),
            ("chunk", number.into()),
            ("blob_sha256", blob.into()),
            ("offset_bytes", part.offset.into()),
            ("length_bytes", part.length.into()),
            ("compression", Value::Text(&part.compression)),
            ("uncompressed_bytes", part.uncompressed_bytes.into()),
            ("start_ns", times.map(|times| times.0).into()),
            ("end_ns", times.map(|times| times.1).into()),
            ("message_count", counts.iter().sum::<i64>().into()),
            ("channels", Value::Integers(&channels)),
            ("channel_message_counts", Value::Integers(&counts)),
        ]);
    }
    Ok(())
}

/// What the check says of a channel; nothing where several channels share a topic and type, for it speaks of all of them.
fn reported<'a>(reports: &'a [ChannelReport], channel: &Channel) -> Option<&'a ChannelReport> {
    let schema = channel
        .schema
        .as_ref()
        .map_or("", |schema| schema.name.as_str());
    reports.iter().find(|report| {
        report.topic == channel.topic
            && report.schema == schema
            && report.encoding == channel.message_encoding
    })
}

fn window(window: Option<&Window>) -> [(&'static str, Value<'static>); 2] {
    [
        (
            "window_start_ns",
            window.map(|window| window.start_ns).into(),
        ),
        ("window_end_ns", window.map(|window| window.end_ns).into()),
    ]
}

fn source<'a>((id, recipe, row): (&'a str, &'a str, usize)) -> [(&'static str, Value<'a>); 4] {
    [
        ("recording_id", id.into()),
        ("source_id", recipe.into()),
        ("source_row", row.into()),
        ("source", SOURCE.into()),
    ]
}

fn add_fact(fact: &Fact, of: (&str, &str, usize), out: &mut Gathered) -> Result<(), EngineError> {
    let value = fact.value.as_ref();
    let (mut integer, mut boolean, mut text) = (None, None, None);
    match value {
        Some(FactValue::Integer(number)) => integer = Some(*number),
        Some(FactValue::Bool(truth)) => boolean = Some(*truth),
        Some(FactValue::Text(name)) => text = Some(name.as_str()),
        Some(FactValue::Number(_)) | None => {}
    }
    let detail = (!fact.detail.is_empty()).then(|| json!(fact.detail).to_string());
    let status = match fact.status {
        FactStatus::Ok => "ok",
        FactStatus::NotEvaluated => "not_evaluated",
    };
    let values = [
        ("name", Value::Text(&fact.name)),
        ("subject", Value::Text(&fact.subject)),
        ("value", value.and_then(FactValue::as_f64).into()),
        ("value_integer", integer.into()),
        ("value_boolean", boolean.into()),
        ("value_text", text.into()),
        ("unit", Value::Text(&fact.unit)),
        ("low", fact.low.into()),
        ("high", fact.high.into()),
        ("n", fact.n.into()),
    ];
    let last = [
        ("method", Value::Text(&fact.method)),
        ("version", Value::Integer(i64::from(fact.version))),
        ("status", status.into()),
        ("reason", fact.reason.as_deref().into()),
        ("detail_json", detail.as_deref().into()),
    ];
    let all = source(of).into_iter().chain(values);
    let all = all.chain(window(fact.window.as_ref())).chain(last);
    out.table("facts")?.add(all);
    Ok(())
}

/// The word of a severity.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warn => "warn",
        Severity::Error => "error",
    }
}

/// The word of a verdict.
pub(super) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
        Verdict::NotEvaluated => "not_evaluated",
    }
}

/// A verdict by its word.
pub(super) fn known_verdict(word: &str) -> Option<&'static str> {
    let all = [
        Verdict::Pass,
        Verdict::Warn,
        Verdict::Fail,
        Verdict::NotEvaluated,
    ];
    all.into_iter().map(verdict).find(|known| *known == word)
}

pub(super) fn add_finding(
    finding: &Finding,
    of: [(&'static str, Value<'_>); 4],
    policy: &PolicyReference,
    out: &mut Gathered,
) -> Result<(), EngineError> {
    let starts: Vec<i64> = finding
        .windows
        .iter()
        .map(|window| window.start_ns)
        .collect();
    let ends: Vec<i64> = finding.windows.iter().map(|window| window.end_ns).collect();
    let values = [
        ("policy_sha256", Value::Text(&policy.sha256)),
        ("policy_name", Value::Text(&policy.name)),
        ("policy_version", Value::Integer(i64::from(policy.version))),
        ("code", Value::Text(&finding.code)),
        ("severity", severity(finding.severity).into()),
        ("subject", Value::Text(&finding.subject)),
    ];
    let last = [
        ("count", finding.count.into()),
        ("message", Value::Text(&finding.message)),
        ("hint", Value::Text(&finding.hint)),
        ("facts", Value::Texts(&finding.facts)),
        ("window_starts_ns", Value::Integers(&starts)),
        ("window_ends_ns", Value::Integers(&ends)),
    ];
    let all = of.into_iter().chain(values);
    let all = all.chain(window(finding.window.as_ref())).chain(last);
    out.table("findings")?.add(all);
    Ok(())
}

/// Cameras and mounts of a calibration, as the recording says them.
fn add_calibration(
    calibration: &Calibration,
    id: &str,
    out: &mut Gathered,
) -> Result<(), EngineError> {
    let of = |row: usize| {
        [
            ("recording_id", id.into()),
            ("source_id", id.into()),
            ("source_row", row.into()),
            ("source", Value::Text("recording calibration")),
        ]
    };
    let cameras = out.table("cameras")?;
    for (row, camera) in calibration.content.cameras.iter().enumerate() {
        let some = |list: &'_ [f64]| list.iter().any(|value| *value != 0.0);
        let values = [
            ("topic", Value::Text(&camera.topic)),
            ("frame", Value::Text(&camera.frame)),
            (
                "width_px",
                (camera.width > 0).then(|| f64::from(camera.width)).into(),
            ),
            (
                "height_px",
                (camera.height > 0).then(|| f64::from(camera.height)).into(),
            ),
            ("distortion_model", Value::Text(&camera.distortion_model)),
            ("distortion", Value::Reals(&camera.d)),
            ("intrinsic_matrix_px", Value::Reals(&camera.k)),
            (
                "rectification_matrix",
                some(&camera.r).then_some(camera.r.as_slice()).into(),
            ),
            (
                "projection_matrix_px",
                some(&camera.p).then_some(camera.p.as_slice()).into(),
            ),
        ];
        cameras.add(of(row).into_iter().chain(values));
    }
    let transforms = out.table("transforms")?;
    for (row, mount) in calibration.content.mounts.iter().enumerate() {
        let [x, y, z] = mount.translation_meters;
        let Some([qx, qy, qz, qw]) = normalized(&mount.quat_xyzw) else {
            continue;
        };
        let values = [
            ("frame", Value::Text(&mount.parent)),
            ("child_frame", Value::Text(&mount.child)),
            ("x_m", x.into()),
            ("y_m", y.into()),
            ("z_m", z.into()),
            ("qw", qw.into()),
            ("qx", qx.into()),
            ("qy", qy.into()),
            ("qz", qz.into()),
        ];
        transforms.add(of(row).into_iter().chain(values));
    }
    Ok(())
}

/// Definitions of message types, each once, by the digest that `channels` names.
pub(super) fn definitions(seen: &Seen) -> Vec<Vec<u8>> {
    let mut all: BTreeMap<[u8; 32], &[u8]> = BTreeMap::new();
    for schema in seen
        .channels
        .values()
        .filter_map(|channel| channel.schema.as_deref())
    {
        all.insert(sha2::Sha256::digest(&schema.data).into(), &schema.data);
    }
    all.into_values().map(<[u8]>::to_vec).collect()
}
