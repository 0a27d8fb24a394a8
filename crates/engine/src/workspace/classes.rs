//! `ontology drift`: what becomes of classes in the stream of labels a workspace keeps, by source and time.
//!
//! Read [`Request`] and [`run`] first. Labels of one recording, or of one image of a file of labels, are alike: they count
//! as one unit. A growing share of `other` and things that are labeled again as something else say that an ontology does
//! not fit any more.
//!
//! Not here: the statistics (`measure::drift`).

use super::ask::{Asked, Limits, Row};
use super::opened::Workspace;
use crate::EngineError;
use fieldassay_measure::drift::{ClassCount, ClassShape, DriftError, WindowDrift, taxonomy_drift};
use fieldassay_model::Ontology;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub use fieldassay_measure::drift::{ClassFate, TaxonomyOptions};

/// Nanoseconds of a day.
const DAY_NS: i64 = 86_400_000_000_000;
/// Columns that can say who labeled.
pub const BY: [&str; 6] = [
    "supplier",
    "tool",
    "annotator",
    "batch",
    "guideline",
    "source",
];

/// How drift is looked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The ontology labels should be of.
    pub ontology: &'a Ontology,
    /// Length of a window of time, days; above 0.
    pub window_days: u32,
    /// The column that says who labeled; supplier, else tool, else the form of the file where not given.
    pub by: Option<String>,
    /// How changes are judged.
    pub options: TaxonomyOptions,
}

/// The document of `ontology drift --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.ontology_drift`.
    pub schema: &'static str,
    /// Version of this form.
    pub version: u32,
    /// The ontology, `name@version`.
    pub ontology: String,
    /// Length of a window, days; window 0 begins in 1970.
    pub window_days: u32,
    /// Labels looked at.
    pub labels: u64,
    /// Every window of every source against those before it.
    pub windows: Vec<WindowDrift>,
    /// Classes in the stream that the ontology does not have, or has no more, with how many labels.
    pub unknown: BTreeMap<String, u64>,
    /// Classes of the ontology that nobody uses.
    pub unused: Vec<String>,
    /// Signs by source that the ontology does not fit.
    pub fragility: Vec<Fragility>,
    /// What to mind.
    pub notes: Vec<String>,
}

/// Signs that an ontology does not fit what is labeled.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fragility {
    /// The source.
    pub source: String,
    /// Labels.
    pub labels: u64,
    /// Share of labels of classes for everything else.
    pub other_share: f64,
    /// Things that were labeled at two moments or more, as far as sources say when.
    pub labeled_again: u64,
    /// Those among them that became something else; null where nothing was labeled twice.
    pub relabel_rate: Option<f64>,
}

/// Looks for drift in the tables `labels` and `objects`.
///
/// Errors: a column that cannot say who labeled; no labels at all; what the store says. Cost: two questions in SQL over
/// both tables; memory grows with units times classes.
pub fn run(workspace: &Workspace, request: &Request<'_>) -> Result<Document, EngineError> {
    let asked = Asked::new(workspace, None, Limits::default())?;
    let rows = asked.rows(&counts_sql(request)?)?;
    if rows.is_empty() {
        return Err(EngineError::Request {
            message: "the workspace has no labels\nhint: `fieldassay ingest` brings them in: files of labels, and folders of data sets with theirs".to_owned(),
        });
    }
    let counted: Vec<Counted<'_>> = rows.iter().filter_map(Counted::of).collect();
    let counts: Vec<ClassCount<'_>> = counted.iter().map(|one| one.count).collect();
    let shapes = shapes(&counted);
    let drift =
        taxonomy_drift(&counts, &shapes, &request.options).map_err(|error| refused(&error))?;
    let known = request.ontology.labels();
    let (mut unknown, mut used) = (BTreeMap::new(), BTreeSet::new());
    for one in &counts {
        used.insert(one.class);
        if !known.contains(one.class) {
            *unknown.entry(one.class.to_owned()).or_default() += one.count;
        }
    }
    let mut notes = Vec::new();
    if drift.windows.is_empty() {
        notes.push(format!(
            "no source has labels in two windows of {} days; --window makes them shorter",
            request.window_days
        ));
    }
    let unused = known.iter().filter(|class| !used.contains(class.as_str()));
    Ok(Document {
        schema: "fieldassay.ontology_drift",
        version: 1,
        ontology: request.ontology.id().to_string(),
        window_days: request.window_days,
        labels: counts.iter().map(|one| one.count).sum(),
        windows: drift.windows,
        unused: unused.cloned().collect(),
        unknown,
        fragility: fragility(&asked, request, &counts)?,
        notes,
    })
}

fn refused(error: &DriftError) -> EngineError {
    EngineError::Request {
        message: error.to_string(),
    }
}

/// Who labeled, in SQL.
fn source(request: &Request<'_>) -> Result<String, EngineError> {
    let Some(by) = &request.by else {
        return Ok("coalesce(l.supplier, l.tool, split_part(l.source, ' ', 1))".to_owned());
    };
    if !BY.contains(&by.as_str()) {
        return Err(EngineError::Request {
            message: format!(
                "`{by}` says nobody who labels\nhint: one of {}",
                BY.join(", ")
            ),
        });
    }
    Ok(format!("coalesce(l.{by}, 'not said')"))
}

/// Labels and objects in one form; columns are made anew, for those of two tables differ in what is noted of them. A
/// moment is when it was said, else what it is about, else when it came in.
fn stream(request: &Request<'_>) -> Result<String, EngineError> {
    let source = source(request)?;
    let one = |table: &str, class: &str, time: &str, thing: &str, size: &str| {
        format!(
            "SELECT {source} AS \"by\", \
             coalesce(l.said_ns, {time}, r.start_ns, r.ingested_ns) AS moment, \
             CASE WHEN r.message_count > 0 THEN l.recording_id \
             ELSE concat(l.recording_id, ' ', coalesce(l.batch, l.item, '')) END AS unit, \
             concat('{table} ', CASE WHEN r.message_count > 0 THEN l.recording_id ELSE '' END, ' ', \
             coalesce(l.item, ''), ' ', {thing}) AS thing, l.said_ns + 0 AS said, \
             concat(l.{class}, '') AS class, {size} AS size \
             FROM {table} l JOIN recordings r ON r.recording_id = l.recording_id \
             WHERE l.{class} IS NOT NULL"
        )
    };
    let labels = one(
        "labels",
        "label",
        "l.start_ns",
        "coalesce(cast(l.object_row AS text), '')",
        "cast(NULL AS double)",
    );
    let objects = one(
        "objects",
        "category",
        "l.t_ns",
        "coalesce(l.object_id, concat(l.source_id, cast(l.source_row AS text)))",
        "ln(nullif(coalesce(l.length_m * l.width_m * l.height_m, l.width_px * l.height_px), 0))",
    );
    Ok(format!("{labels} UNION ALL {objects}"))
}

fn counts_sql(request: &Request<'_>) -> Result<String, EngineError> {
    let window_ns = i64::from(request.window_days.max(1)) * DAY_NS;
    Ok(format!(
        "SELECT \"by\", cast(floor(cast(moment AS double) / {window_ns}) AS bigint) AS \"window\", unit, class, \
         count(*) AS n, count(size) AS sized, sum(size) AS total, sum(size * size) AS squares \
         FROM ({}) AS stream GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        stream(request)?
    ))
}

/// A row of counts.
struct Counted<'a> {
    count: ClassCount<'a>,
    /// Labels with a size, their sum and the sum of squares, of the logarithm.
    sizes: [f64; 3],
}

impl<'a> Counted<'a> {
    fn of(row: &'a Row) -> Option<Self> {
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        let real = |name: &str| row.get(name).and_then(Value::as_f64).unwrap_or(0.0);
        Some(Self {
            count: ClassCount {
                source: text("by")?,
                window: row.get("window").and_then(Value::as_i64).unwrap_or(0),
                unit: text("unit")?,
                class: text("class")?,
                count: row.get("n").and_then(Value::as_u64)?,
            },
            sizes: [real("sized"), real("total"), real("squares")],
        })
    }
}

/// What the things of every class look like: the logarithm of their size.
fn shapes<'a>(counted: &[Counted<'a>]) -> Vec<ClassShape<'a>> {
    let mut sums: BTreeMap<(&str, i64, &str), [f64; 3]> = BTreeMap::new();
    for one in counted.iter().filter(|one| one.sizes[0] > 0.0) {
        let count = one.count;
        let sum = sums
            .entry((count.source, count.window, count.class))
            .or_default();
        for (sum, more) in sum.iter_mut().zip(one.sizes) {
            *sum += more;
        }
    }
    let shapes = sums
        .into_iter()
        .map(|((source, window, class), [n, total, squares])| {
            let mean = total / n;
            let spread = (squares / n - mean * mean).max(0.0).sqrt();
            ClassShape {
                source,
                window,
                class,
                features: vec![[mean, spread]],
            }
        });
    shapes.collect()
}

fn fragility(
    asked: &Asked<'_>,
    request: &Request<'_>,
    counts: &[ClassCount<'_>],
) -> Result<Vec<Fragility>, EngineError> {
    let mut all: BTreeMap<&str, Fragility> = BTreeMap::new();
    for one in counts {
        let of = all.entry(one.source).or_default();
        of.labels += one.count;
        if request.options.other.contains(one.class) {
            of.other_share += one.count as f64;
        }
    }
    let again = asked.rows(&format!(
        "SELECT \"by\", count(*) AS things, sum(CASE WHEN classes > 1 THEN 1 ELSE 0 END) AS changed FROM \
         (SELECT \"by\", thing, count(DISTINCT said) AS times, count(DISTINCT class) AS classes \
         FROM ({}) AS stream GROUP BY 1, 2) AS things WHERE times > 1 GROUP BY 1 ORDER BY 1",
        stream(request)?
    ))?;
    for row in &again {
        let number = |name: &str| row.get(name).and_then(Value::as_u64).unwrap_or(0);
        let source = row.get("by").and_then(Value::as_str).unwrap_or_default();
        if let Some(of) = all.get_mut(source) {
            of.labeled_again = number("things");
            let share = number("changed") as f64 / of.labeled_again.max(1) as f64;
            of.relabel_rate = (of.labeled_again > 0).then_some(share);
        }
    }
    let named = all.into_iter().map(|(source, of)| Fragility {
        source: source.to_owned(),
        other_share: of.other_share / of.labels.max(1) as f64,
        ..of
    });
    Ok(named.collect())
}
