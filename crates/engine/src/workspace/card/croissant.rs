//! A release as a data set of Croissant.

use super::evidence::{Counted, Evidence, NAMED_RECORDINGS};
use super::share;
use fieldassay_formats::croissant::{
    Creator, Dataset, Field, FileObject, Kind, Provenance, Rai, RecordSet,
};
use fieldassay_model::display::{integer, iso8601};
use fieldassay_model::release::{ColumnForm, TableForm};
use fieldassay_model::tables::{MEMBERS, Table, table};

/// The data set; what nobody said is absent.
pub(super) fn data_set(evidence: &Evidence) -> Dataset {
    let release = &evidence.release;
    let said = &evidence.said;
    Dataset {
        name: release.name.clone(),
        description: said.description.clone(),
        license: licenses(evidence)
            .iter()
            .map(|one| license_url(one))
            .collect(),
        url: said.url.clone(),
        creators: creators(evidence),
        date_published: iso8601(release.created_ns).get(..10).map(str::to_owned),
        version: Some(format!("{}.0.0", release.version)),
        cite_as: said.citation.clone(),
        keywords: said.keywords.clone(),
        usage: usage(evidence),
        files: files(evidence),
        record_sets: evidence.manifest.tables.iter().map(record_set).collect(),
        rai: rai(evidence),
        provenance: Some(provenance(evidence)),
    }
}

/// Terms of use: what is said for cards, else what the recordings say.
pub(super) fn licenses(evidence: &Evidence) -> Vec<String> {
    if let Some(license) = &evidence.said.license {
        return vec![license.clone()];
    }
    let values = evidence.values("license").into_iter();
    values.map(str::to_owned).collect()
}

fn license_url(license: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    if !license.is_empty() && license.chars().all(is_name) {
        format!("https://spdx.org/licenses/{license}")
    } else {
        license.to_owned()
    }
}

fn creators(evidence: &Evidence) -> Vec<Creator> {
    let of = |name: &str, url: Option<String>| Creator {
        name: name.to_owned(),
        url,
        is_person: false,
    };
    if let Some(name) = &evidence.said.creator {
        return vec![of(name, evidence.said.creator_url.clone())];
    }
    let owners = evidence.values("owner").into_iter();
    owners.map(|owner| of(owner, None)).collect()
}

/// For what it may be used, as recordings say it, with how many of them do.
pub(super) fn usage(evidence: &Evidence) -> Vec<String> {
    let all = evidence.recording_count();
    let fields = [
        "purposes",
        "consent",
        "exclusivity",
        "residency",
        "retention",
    ];
    let known = fields.iter().filter_map(|field| {
        let known = evidence.context.get(*field)?;
        let values = known.values.iter().take(20);
        let values = values.map(|one| format!("{} ({} of {all} recordings)", one.name, one.count));
        Some(format!(
            "{field}: {}",
            values.collect::<Vec<_>>().join(", ")
        ))
    });
    known.collect()
}

fn files(evidence: &Evidence) -> Vec<FileObject> {
    let release = &evidence.release;
    let manifest = FileObject {
        id: "manifest.json".to_owned(),
        description: "What the release is: its request, policies, contracts, splits and the digest of every file."
            .to_owned(),
        content_url: "manifest.json".to_owned(),
        encoding_format: "application/json".to_owned(),
        size_bytes: u64::try_from(release.manifest_bytes).unwrap_or(0),
        sha256: release.manifest_sha256.clone(),
    };
    let tables = evidence.manifest.files.iter().map(|file| FileObject {
        description: format!(
            "{} rows of the table of that name.",
            integer(file.rows as f64)
        ),
        id: file.path.clone(),
        content_url: file.path.clone(),
        encoding_format: "application/x-parquet".to_owned(),
        size_bytes: file.size_bytes,
        sha256: file.sha256.clone(),
    });
    std::iter::once(manifest).chain(tables).collect()
}

/// A table as it is declared.
fn declared(name: &str) -> Option<&'static Table> {
    if name == MEMBERS.name {
        return Some(&MEMBERS);
    }
    table(name)
}

fn record_set(form: &TableForm) -> RecordSet {
    let about = declared(&form.name);
    RecordSet {
        id: form.name.clone(),
        description: about.map_or_else(String::new, |table| table.about.to_owned()),
        file: format!("{}.parquet", form.name),
        key: form.key.clone(),
        fields: form.columns.iter().map(|one| field(form, one)).collect(),
    }
}

fn field(form: &TableForm, column: &ColumnForm) -> Field {
    let known = declared(&form.name).and_then(|table| table.column(&column.name));
    let mut description = known.map_or_else(String::new, |known| known.about.to_owned());
    if let Some(unit) = column.unit.as_deref().filter(|unit| !unit.is_empty()) {
        description = format!("{description} Unit: {unit}.");
    }
    let item = column.kind.strip_prefix("array<");
    let kind = match item.map_or(column.kind.as_str(), |item| item.trim_end_matches('>')) {
        "long" => Kind::Integer,
        "double" | "float" => Kind::Real,
        "boolean" => Kind::Boolean,
        _ => Kind::Text,
    };
    let is_recording = column.name == "recording_id" && form.name != "recordings";
    Field {
        name: column.name.clone(),
        description: description.trim().to_owned(),
        kind,
        is_list: item.is_some(),
        references: (is_recording && form.name == MEMBERS.name)
            .then(|| ("recordings".to_owned(), "recording_id".to_owned())),
    }
}

fn listed(all: &[Counted]) -> String {
    let names = all.iter().take(20);
    let names = names.map(|one| format!("{} ({})", one.name, integer(one.count as f64)));
    names.collect::<Vec<_>>().join(", ")
}

/// What evidence says of responsible use; a property without evidence is absent.
fn rai(evidence: &Evidence) -> Rai {
    let mut rai = Rai::new();
    let mut say = |name: &'static str, sentence: String| {
        if !sentence.is_empty() {
            let said: &mut Vec<String> = rai.entry(name).or_default();
            said.push(sentence);
        }
    };
    let all = evidence.recording_count();
    say("dataCollection", collection(evidence));
    if let Some((first, last)) = evidence.times {
        say("dataCollectionTimeframe", iso8601(first));
        say("dataCollectionTimeframe", iso8601(last));
    }
    if evidence.incomplete > 0 {
        say(
            "dataCollectionMissingData",
            format!(
                "Data of {} recordings was lost or cut off.",
                share(evidence.incomplete, all)
            ),
        );
    }
    if evidence
        .manifest
        .files
        .iter()
        .any(|file| file.path == "files.parquet")
    {
        say(
            "dataCollectionRawData",
            "Originals are kept unchanged; `files.parquet` has the SHA-256 of every one."
                .to_owned(),
        );
    }
    say(
        "dataPreprocessingProtocol",
        super::page::selection(evidence),
    );
    annotation(evidence, &mut say);
    biases(evidence, &mut say);
    for sentence in super::page::gaps(evidence) {
        say("dataLimitations", sentence);
    }
    use_of_it(evidence, &mut say);
    rai
}

/// The most frequent value of every field of context.
fn biases(evidence: &Evidence, say: &mut impl FnMut(&'static str, String)) {
    let all = evidence.recording_count();
    for (field, known) in &evidence.context {
        let is_about_use = [
            "purposes",
            "consent",
            "license",
            "owner",
            "retention",
            "residency",
            "exclusivity",
        ]
        .contains(&field.as_str());
        if let Some(first) = known.values.first().filter(|_| !is_about_use) {
            say(
                "dataBiases",
                format!(
                    "{field}: {} of the recordings are `{}`.",
                    share(first.count, all),
                    first.name
                ),
            );
        }
    }
}

/// For what it may be used, and until when.
fn use_of_it(evidence: &Evidence, say: &mut impl FnMut(&'static str, String)) {
    let all = evidence.recording_count();
    let consent = evidence.context.get("consent");
    if let Some(known) = consent {
        let values = listed(&known.values);
        let unknown = all.saturating_sub(known.recordings);
        say(
            "personalSensitiveInformation",
            format!(
                "Consent of the people recorded, by recordings: {values}; not known of {unknown}."
            ),
        );
    }
    let purposes = evidence
        .context
        .get("purposes")
        .map(|known| listed(&known.values));
    let purposes = purposes.unwrap_or_default();
    if !purposes.is_empty() {
        say(
            "dataUseCases",
            format!("Purposes that recordings state: {purposes}."),
        );
    }
    if let Some(known) = evidence.context.get("retention") {
        say(
            "dataReleaseMaintenancePlan",
            format!(
                "Recordings state how long they are kept: {}.",
                listed(&known.values)
            ),
        );
    }
}

fn collection(evidence: &Evidence) -> String {
    let formats = evidence.formats.iter();
    let formats = formats.map(|one| format!("{} {}", one.recordings, one.name));
    let mut text = format!(
        "{} recordings ({}).",
        evidence.recording_count(),
        formats.collect::<Vec<_>>().join(", ")
    );
    for (field, what) in [("rig", "Rigs"), ("site", "Sites"), ("region", "Regions")] {
        if let Some(known) = evidence.context.get(field) {
            text = format!("{text} {what}: {}.", listed(&known.values));
        }
    }
    match evidence.simulated() {
        0 => text,
        some => format!("{text} {some} of them say that a simulator or generator made them."),
    }
}

fn annotation(evidence: &Evidence, say: &mut impl FnMut(&'static str, String)) {
    let origins = listed(&evidence.origins);
    if !origins.is_empty() {
        say(
            "dataAnnotationProtocol",
            format!("Labels and objects by who said them: {origins}."),
        );
    }
    for (what, property, words) in [
        ("guideline", "dataAnnotationProtocol", "Guidelines followed"),
        ("ontology", "dataAnnotationProtocol", "Ontologies"),
        ("tool", "dataAnnotationPlatform", "Tools"),
        ("supplier", "dataAnnotationPlatform", "Suppliers"),
        ("model", "machineAnnotationTools", "Models"),
    ] {
        let names = listed(evidence.named(what));
        if !names.is_empty() {
            say(property, format!("{words}, by rows: {names}."));
        }
    }
    if let Some((least, median, most)) = evidence.votes {
        say(
            "annotationsPerItem",
            format!("{least} to {most} votes per item, median {median}."),
        );
    }
}

fn provenance(evidence: &Evidence) -> Provenance {
    let manifest = &evidence.manifest;
    let release = &evidence.release;
    let named = if evidence.recordings.len() < NAMED_RECORDINGS {
        evidence.recordings.as_slice()
    } else {
        // More than can be named: the file that names all.
        &[]
    };
    let mut derived: Vec<(String, String)> = named
        .iter()
        .map(|(_, name, sha256)| (format!("urn:sha256:{sha256}"), name.clone()))
        .collect();
    if derived.is_empty() {
        let file = manifest
            .files
            .iter()
            .find(|file| file.path == "recordings.parquet");
        derived.extend(file.map(|file| (format!("urn:sha256:{}", file.sha256), file.path.clone())));
    }
    let mut activity = format!(
        "release {} of the request {} over batch {} of the workspace",
        evidence.name(),
        manifest.request_sha256,
        release.tables_at
    );
    if let Some(entry) = evidence.entry {
        activity = format!("{activity}; entry {entry} of the log");
    }
    Provenance {
        activity,
        activity_id: format!("urn:sha256:{}", manifest.request_sha256),
        ended_at: Some(iso8601(release.created_ns)),
        software: concat!("fieldassay ", env!("CARGO_PKG_VERSION")).to_owned(),
        agent: (!release.actor.is_empty())
            .then(|| format!("urn:fieldassay:actor:{}", release.actor)),
        derived_from: derived,
    }
}
