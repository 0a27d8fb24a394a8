//! Which recordings are near-duplicates: by what they hold, and by the scene they show.
//!
//! Read [`Likeness`] first. Content is the set of digests of messages, or of rows where there are no messages, and the
//! digests of files; a scene is a vector of how often what is where. Not here: sketches and cosines
//! (`measure::split`), what follows from it (`leaks`).

use super::Making;
use super::cells::every;
use super::select::{Selected, about_members};
use crate::EngineError;
use fieldassay_measure::split::{Alike, Features, Sketch, joined, similar_sketches};
use fieldassay_model::release::Request;
use fieldassay_model::tables::{Table, table};
use fieldassay_query::{Format, output};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// Recordings whose messages are asked for with one question.
const AT_ONCE: usize = 16;
/// Features below which a scene says nothing.
const LEAST_FEATURES: usize = 8;
/// Tables whose rows are the content of what has no messages.
const CONTENT: [&str; 7] = [
    "objects",
    "labels",
    "votes",
    "predictions",
    "intervals",
    "events",
    "outcomes",
];
/// Columns that say where a row is from or who said it, not what it says.
const NOT_CONTENT: [&str; 14] = [
    "recording_id",
    "source_id",
    "source_row",
    "source",
    "object_row",
    "part_of_row",
    "annotator",
    "supplier",
    "tool",
    "batch",
    "guideline",
    "ontology",
    "said_ns",
    "spent_ns",
];

/// Two recordings that hold the same file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SameFile {
    pub(super) first: usize,
    pub(super) second: usize,
    pub(super) sha256: String,
}

/// What is alike.
#[derive(Clone, Debug, Default)]
pub(super) struct Likeness {
    /// Pairs that hold nearly the same.
    pub(super) content: Vec<Alike>,
    /// Recordings whose content was looked at.
    pub(super) with_content: usize,
    /// Pairs that hold the same file.
    pub(super) files: Vec<SameFile>,
    /// Pairs that show nearly the same.
    pub(super) scenes: Vec<Alike>,
    /// Recordings whose scene says enough to be compared.
    pub(super) with_scene: usize,
    clusters: Vec<usize>,
}

impl Likeness {
    /// Looks at all members.
    pub(super) async fn find(
        making: &Making,
        selected: &Selected,
        request: &Request,
    ) -> Result<Self, EngineError> {
        let mut sketches = vec![Sketch::default(); selected.recordings.len()];
        sketch_messages(making, selected, &mut sketches).await?;
        sketch_rows(making, selected, &mut sketches).await?;
        let files = same_files(making, selected).await?;
        let features = scenes(making, selected).await?;
        let content = similar_sketches(&sketches, request.content_min_ratio);
        let scenes = Features::alike(&features, request.scene_min_cosine);
        let pairs = content.iter().map(|pair| (pair.first, pair.second));
        let pairs = pairs
            .chain(scenes.iter().map(|pair| (pair.first, pair.second)))
            .chain(files.iter().map(|pair| (pair.first, pair.second)));
        let mut words: Vec<Vec<String>> = vec![Vec::new(); selected.recordings.len()];
        for (first, second) in pairs {
            for at in [first, second] {
                if let Some(words) = words.get_mut(at) {
                    words.push(format!("{first} {second}"));
                }
            }
        }
        Ok(Self {
            clusters: joined(words.iter().map(Vec::as_slice)),
            with_content: sketches.iter().filter(|sketch| !sketch.is_empty()).count(),
            with_scene: features.iter().filter(|one| !one.is_empty()).count(),
            content,
            files,
            scenes,
        })
    }

    /// The first recording of the cluster of near-duplicates that a recording is in.
    pub(super) fn cluster(&self, recording: usize) -> usize {
        self.clusters.get(recording).copied().unwrap_or(recording)
    }
}

/// The first 64 bits of a digest.
fn digest(parts: &[&[u8]]) -> u64 {
    let mut hash = blake3::Hasher::new();
    for part in parts {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let bytes = hash.finalize();
    let first = bytes.as_bytes().first_chunk::<8>();
    first.map_or(0, |first| u64::from_be_bytes(*first))
}

async fn sketch_messages(
    making: &Making,
    selected: &Selected,
    sketches: &mut [Sketch],
) -> Result<(), EngineError> {
    let with = selected.recordings.iter().filter(|one| one.has_messages);
    let ids: Vec<String> = with.map(|one| super::quoted(&one.id)).collect();
    for some in ids.chunks(AT_ONCE) {
        let sql = format!(
            "SELECT recording_id, topic, data FROM messages WHERE recording_id IN ({})",
            some.join(", ")
        );
        every(&making.session, &sql, |cells| {
            let sketch = cells.text(0).and_then(|id| selected.find(id));
            if let Some(sketch) = sketch.and_then(|at| sketches.get_mut(at)) {
                let topic = cells.text(1).unwrap_or_default();
                let data = cells.bytes(2).unwrap_or_default();
                sketch.add(digest(&[topic.as_bytes(), data]));
            }
        })
        .await?;
    }
    Ok(())
}

async fn sketch_rows(
    making: &Making,
    selected: &Selected,
    sketches: &mut [Sketch],
) -> Result<(), EngineError> {
    if selected.recordings.iter().all(|one| one.has_messages) {
        return Ok(());
    }
    for table in CONTENT.into_iter().filter_map(table) {
        let sql = content_sql(table);
        let answer = making.session.run(&sql).await?;
        let mut lines = Lines {
            table: table.name,
            selected,
            sketches,
            line: Vec::new(),
            is_quoted: false,
            is_header: true,
        };
        output::write(answer, Format::Csv, usize::MAX, &mut lines).await?;
    }
    Ok(())
}

fn content_sql(table: &Table) -> String {
    let columns = table
        .columns()
        .filter(|column| !column.volatile && !NOT_CONTENT.contains(&column.name));
    let columns: Vec<String> = columns.map(|one| format!("\"{}\"", one.name)).collect();
    format!(
        "SELECT recording_id, {} FROM {} WHERE {} AND recording_id IN (SELECT recording_id FROM recordings WHERE message_count = 0)",
        columns.join(", "),
        table.name,
        about_members("recording_id")
    )
}

/// Rows as lines of CSV on their way into sketches: the id first, which is never quoted, then what the row says.
struct Lines<'a> {
    table: &'a str,
    selected: &'a Selected,
    sketches: &'a mut [Sketch],
    line: Vec<u8>,
    is_quoted: bool,
    is_header: bool,
}

impl Lines<'_> {
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.is_header) {
            return;
        }
        let cut = line.iter().position(|byte| *byte == b',');
        let (id, rest) = line.split_at(cut.unwrap_or(line.len()));
        let found = std::str::from_utf8(id).ok();
        let found = found.and_then(|id| self.selected.find(id));
        if let Some(sketch) = found.and_then(|at| self.sketches.get_mut(at)) {
            sketch.add(digest(&[self.table.as_bytes(), rest]));
        }
    }
}

impl Write for Lines<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for byte in bytes {
            match byte {
                b'\n' if !self.is_quoted => self.end_line(),
                byte => {
                    self.is_quoted ^= *byte == b'"';
                    self.line.push(*byte);
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn same_files(making: &Making, selected: &Selected) -> Result<Vec<SameFile>, EngineError> {
    let about = about_members("recording_id");
    // What belongs to a layout and not to a scene, such as maps and calibration, may well be the same.
    let of = format!(
        "FROM files WHERE role IN ('recording', 'media', 'labels', 'table') AND size_bytes > 0 AND {about}"
    );
    let sql = format!(
        "SELECT DISTINCT sha256, recording_id {of} AND sha256 IN \
         (SELECT sha256 {of} GROUP BY sha256 HAVING count(DISTINCT recording_id) > 1) ORDER BY 1, 2"
    );
    let mut by_digest: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    every(&making.session, &sql, |cells| {
        let found = cells.text(1).and_then(|id| selected.find(id));
        if let (Some(sha256), Some(at)) = (cells.text(0), found) {
            by_digest.entry(sha256.to_owned()).or_default().push(at);
        }
    })
    .await?;
    let mut seen = BTreeSet::new();
    let mut pairs = Vec::new();
    for (sha256, recordings) in by_digest {
        // Each with the first and with the one before: enough to join them all, and to see every split among them.
        let before = recordings.windows(2).filter_map(|pair| match pair {
            [a, b] => Some((*a, *b)),
            _ => None,
        });
        let first = recordings.first().copied().unwrap_or(0);
        let with_first = recordings.iter().skip(1).map(|at| (first, *at));
        for (first, second) in with_first.chain(before) {
            if seen.insert((first, second)) {
                pairs.push(SameFile {
                    first,
                    second,
                    sha256: sha256.clone(),
                });
            }
        }
    }
    Ok(pairs)
}

/// What is counted where: a feature in SQL and the table it is of.
const SCENE: [(&str, &str); 4] = [
    (
        "concat_ws('|', 'o3', category, CAST(CAST(floor(x_m / 5) AS BIGINT) AS VARCHAR), CAST(CAST(floor(y_m / 5) AS BIGINT) AS VARCHAR))",
        "objects WHERE x_m IS NOT NULL AND y_m IS NOT NULL",
    ),
    (
        "concat_ws('|', 'o2', camera, category, CAST(CAST(floor(x_px / 64) AS BIGINT) AS VARCHAR), CAST(CAST(floor(y_px / 64) AS BIGINT) AS VARCHAR))",
        "objects WHERE x_px IS NOT NULL AND y_px IS NOT NULL",
    ),
    (
        "concat_ws('|', 'p', frame, child_frame, CAST(CAST(floor(x_m / 10) AS BIGINT) AS VARCHAR), CAST(CAST(floor(y_m / 10) AS BIGINT) AS VARCHAR))",
        "poses WHERE true",
    ),
    ("concat_ws('|', 'l', attribute, label)", "labels WHERE true"),
];

/// The vector of every recording: logarithms of how often what is where, and its context. Without enough of the former
/// it is left empty.
async fn scenes(making: &Making, selected: &Selected) -> Result<Vec<Features>, EngineError> {
    let mut all = vec![Features::default(); selected.recordings.len()];
    for (feature, from) in SCENE {
        let sql = format!(
            "SELECT recording_id, {feature} AS feature, count(*) FROM {from} AND {} GROUP BY 1, 2 ORDER BY 1, 2",
            about_members("recording_id")
        );
        every(&making.session, &sql, |cells| {
            let found = cells.text(0).and_then(|id| selected.find(id));
            if let (Some(features), Some(name)) =
                (found.and_then(|at| all.get_mut(at)), cells.text(1))
            {
                let weight = (cells.count(2) as f64).ln_1p();
                features.add(digest(&[name.as_bytes()]), weight);
            }
        })
        .await?;
    }
    for features in &mut all {
        if features.len() < LEAST_FEATURES {
            *features = Features::default();
        }
    }
    let sql = format!(
        "SELECT DISTINCT recording_id, field, value FROM context WHERE {} ORDER BY 1, 2, 3",
        about_members("recording_id")
    );
    every(&making.session, &sql, |cells| {
        let found = cells.text(0).and_then(|id| selected.find(id));
        let features = found.and_then(|at| all.get_mut(at));
        if let Some(features) = features.filter(|features| !features.is_empty()) {
            let (field, value) = (cells.text(1), cells.text(2));
            let parts = ["c", field.unwrap_or_default(), value.unwrap_or_default()];
            features.add(digest(&parts.map(str::as_bytes)), 1.0_f64.ln_1p());
        }
    })
    .await?;
    Ok(all)
}
