//! `plan-qa`: how many items of each stratum to review, and why.

use super::table::Opened;
use super::{Source, undefined};
use crate::EngineError;
use fieldassay_measure::sampling::SamplingError;
use fieldassay_measure::sampling::plan::{self, Planned, Stratum as Asked};
use fieldassay_model::plot::{About, Curves, Line};
use serde::Serialize;
use std::fmt::Write as _;

pub use fieldassay_measure::sampling::plan::{Claim, Reason};

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// Columns of a table of strata.
const PARTS: &[&str] = &[
    "stratum",
    "size",
    "expected_error",
    "cluster_size",
    "reviewer_miss",
];

/// Strata that are drawn; the dashed line is the claim.
const DRAWN: usize = 5;

/// Which strata, and what their review must show.
#[derive(Clone, Debug)]
pub struct Request {
    /// The strata, one per row.
    pub strata: Source,
    /// What is to be shown.
    pub claim: Claim,
}

/// What `plan-qa --json` promises.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.plan-qa`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The file.
    pub input: String,
    /// Accuracy that the review must show.
    pub claim: f64,
    /// With this confidence.
    pub confidence: f64,
    /// Whether the confidence is of all strata together.
    pub is_joint: bool,
    /// Share of every stratum that is reviewed anyway.
    pub floor: f64,
    /// Items of all strata.
    pub size: u64,
    /// Items to review in all.
    pub n: u64,
    /// One by one, as in the file.
    pub strata: Vec<Stratum>,
    /// What to mind.
    pub notes: Vec<String>,
    /// What is drawn.
    #[serde(skip)]
    curves: Curves,
}

/// The plan of one stratum.
#[derive(Clone, Debug, Serialize)]
pub struct Stratum {
    /// Its name.
    pub stratum: String,
    /// Items in it.
    pub size: u64,
    /// Items to review.
    pub n: u64,
    /// Share of its items that are reviewed.
    pub share: f64,
    /// Errors that may be found with the claim still shown.
    pub allowed: u64,
    /// Why as many.
    pub reason: Reason,
    /// The same in words.
    pub why: String,
    /// Reviews that the claim alone needs; null where no number does.
    pub required: Option<u64>,
    /// Reviews that the floor asks for.
    pub floor: u64,
    /// Reviews that are worth one independent review.
    pub design_effect: f64,
    /// Confidence of this stratum's own claim.
    pub confidence: f64,
    /// Chance that it passes at its expected share of errors; null without one.
    pub power: Option<f64>,
}

/// Plans the review of every stratum.
///
/// Errors: a table that cannot be read, no stratum, one without items or named twice, shares out of range. A claim that
/// no review can show is an answer. Cost: milliseconds per stratum.
pub fn run(request: &Request) -> Result<Document, EngineError> {
    let source = &request.strata;
    let table = Opened::new(source, PARTS)?;
    let names = table.full_codes("stratum")?;
    let sizes = table.counts("size")?;
    let expected = table.numbers_if_any("expected_error")?;
    let clusters = table.numbers_if_any("cluster_size")?;
    let misses = table.numbers_if_any("reviewer_miss")?;
    let name = |row: usize| {
        let code = names
            .cells
            .get(row)
            .map_or(usize::MAX, |&code| code as usize);
        names.names.get(code).cloned().unwrap_or_default()
    };
    let mut seen = vec![false; names.names.len()];
    let mut asked = Vec::with_capacity(sizes.len());
    for (row, code) in names.cells.iter().enumerate() {
        if let Some(is_seen) = seen.get_mut(*code as usize)
            && std::mem::replace(is_seen, true)
        {
            let what = format!(
                "the stratum `{}` stands twice\nhint: give each stratum one row with all its items",
                name(row)
            );
            return Err(table.bad_row(row, &what));
        }
        let of = |list: &[Option<f64>]| list.get(row).copied().flatten();
        asked.push(Asked {
            size: sizes.get(row).copied().unwrap_or(0),
            expected_error: of(&expected),
            cluster_size: of(&clusters),
            reviewer_miss: of(&misses),
        });
    }
    let planned = planned(source, &asked, &request.claim, name)?;
    let strata: Vec<Stratum> = (asked.iter().zip(&planned).enumerate())
        .map(|(row, (asked, planned))| stratum(name(row), asked, planned, &request.claim))
        .collect();
    Ok(Document {
        schema: "fieldassay.plan-qa",
        version: DOCUMENT_VERSION,
        input: source.path.display().to_string(),
        claim: request.claim.accuracy,
        confidence: request.claim.confidence,
        is_joint: request.claim.is_joint,
        floor: request.claim.floor,
        size: strata.iter().map(|s| s.size).sum(),
        n: strata.iter().map(|s| s.n).sum(),
        curves: curves(source, &strata, (&asked, &planned), request.claim.accuracy)?,
        notes: notes(&strata, request.claim.accuracy),
        strata,
    })
}

/// Plans the strata one by one, so that what is wrong with one names it.
fn planned(
    source: &Source,
    asked: &[Asked],
    claim: &Claim,
    name: impl Fn(usize) -> String,
) -> Result<Vec<Planned>, EngineError> {
    let of_one = |row: usize, error: SamplingError| match error {
        SamplingError::EmptyStratum { .. } => format!(
            "the stratum `{}` is empty\nhint: leave out strata without items; the others can be planned",
            name(row)
        ),
        error => format!("the stratum `{}`: {error}", name(row)),
    };
    if asked.is_empty() {
        let what = "there are no strata\nhint: one row per stratum, `stratum,size`";
        return Err(undefined(&source.path, what));
    }
    let all = plan::plan(asked, claim);
    let Err(error) = all else {
        return all.map_err(|error| undefined(&source.path, error));
    };
    // A claim that is out of range is wrong for every stratum, and no fault of the table.
    let sound = Asked {
        size: 1000,
        expected_error: None,
        cluster_size: None,
        reviewer_miss: None,
    };
    if let Err(of_claim) = plan::plan(&[sound], claim) {
        return Err(EngineError::Request {
            message: of_claim.to_string().replace("; hint: ", "\nhint: "),
        });
    }
    let wrong = (0..).zip(asked).find_map(|(row, one)| {
        let error = plan::plan(&[*one], claim).err()?;
        Some(of_one(row, error))
    });
    Err(undefined(
        &source.path,
        wrong.unwrap_or_else(|| error.to_string()),
    ))
}

fn stratum(name: String, asked: &Asked, planned: &Planned, claim: &Claim) -> Stratum {
    Stratum {
        stratum: name,
        size: asked.size,
        n: planned.n,
        share: planned.n as f64 / asked.size as f64,
        allowed: planned.allowed,
        reason: planned.reason,
        why: why(asked, planned, claim),
        required: planned.required,
        floor: planned.floor,
        design_effect: planned.design_effect,
        confidence: planned.confidence,
        power: planned.power,
    }
}

fn percent(share: f64) -> String {
    let text = format!("{:.3}", 100.0 * share);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Why a stratum needs as many reviews, in words.
fn why(asked: &Asked, planned: &Planned, claim: &Claim) -> String {
    let found = match planned.allowed {
        0 => "no error found".to_owned(),
        1 => "at most 1 error found".to_owned(),
        k => format!("at most {k} errors found"),
    };
    let right = format!(
        "at least {} right with {} confidence",
        percent(claim.accuracy),
        percent(planned.confidence)
    );
    let alone = planned.required.unwrap_or(planned.n);
    let mut text = match planned.reason {
        Reason::Claim => format!("{alone} reviews with {found} show {right}"),
        Reason::Floor => format!(
            "the floor of {} asks for {}; {alone} with {found} would do for the claim",
            percent(claim.floor),
            planned.floor
        ),
        Reason::Least => {
            format!("the least of any stratum; {alone} with {found} would do for the claim")
        }
        Reason::Whole => {
            format!("all there are, for the stratum is small; with {found} they show {right}")
        }
        Reason::NotProvable => {
            return format!(
                "all there are, and even so nothing shows {right}: {}",
                blame(asked, claim)
            );
        }
    };
    if let Some(miss) = asked.reviewer_miss.filter(|miss| *miss > 0.0) {
        let _ = write!(text, "; reviewers miss {} of errors", percent(miss));
    }
    if planned.design_effect > 1.0 {
        let _ = write!(
            text,
            "; {:.2} reviews of a cluster are worth one",
            planned.design_effect
        );
    }
    if let Some(power) = planned.power {
        let _ = write!(
            text,
            "; passes {:.1} % of the time if {} are wrong",
            100.0 * power,
            percent(asked.expected_error.unwrap_or(0.0))
        );
    }
    text
}

/// What makes a claim one that cannot be shown.
fn blame(asked: &Asked, claim: &Claim) -> String {
    match (asked.expected_error, asked.reviewer_miss) {
        (Some(expected), _) if expected >= 1.0 - claim.accuracy => format!(
            "{} errors are expected, the claim allows {}; repair first, or claim less",
            percent(expected),
            percent(1.0 - claim.accuracy)
        ),
        (_, Some(miss)) if miss > 0.0 => format!(
            "reviewers miss {} of errors; have it reviewed twice, or claim less",
            percent(miss)
        ),
        _ => "it holds too few items; join it with others, or claim less".to_owned(),
    }
}

fn notes(strata: &[Stratum], accuracy: f64) -> Vec<String> {
    let mut notes = Vec::new();
    if accuracy < 0.5 {
        notes.push(format!(
            "a claim of {accuracy} asks for that share to be right; to show that at most that share is wrong, claim {}",
            1.0 - accuracy
        ));
    }
    let without = |strata: &&Stratum| strata.reason == Reason::NotProvable;
    let names: Vec<&str> = (strata.iter().filter(without))
        .map(|s| s.stratum.as_str())
        .collect();
    if !names.is_empty() {
        notes.push(format!(
            "the claim cannot be shown for `{}`, whatever is reviewed",
            names.join("`, `")
        ));
    }
    if strata.len() > DRAWN {
        notes.push(format!(
            "the plot has the first {DRAWN} of {} strata",
            strata.len()
        ));
    }
    notes
}

/// Operating characteristics up to three times the errors of the claim.
fn curves(
    source: &Source,
    strata: &[Stratum],
    (asked, planned): (&[Asked], &[Planned]),
    claim: f64,
) -> Result<Curves, EngineError> {
    const POINTS: u32 = 240;
    let limit = 1.0 - claim;
    let most = (3.0 * limit).min(1.0);
    let risk = planned.first().map_or(0.0, |one| 1.0 - one.confidence);
    let mut lines = vec![Line {
        name: format!(
            "claim: above {} wrong at most {} pass",
            percent(limit),
            percent(risk)
        ),
        points: vec![
            (100.0 * limit, 1.0),
            (100.0 * limit, risk),
            (100.0 * most, risk),
        ],
    }];
    for ((stratum, asked), planned) in strata.iter().zip(asked).zip(planned).take(DRAWN) {
        let mut points = Vec::new();
        for step in 0..=POINTS {
            let share = most * f64::from(step) / f64::from(POINTS);
            let chance = plan::passes(asked, planned, share);
            points.push((
                100.0 * share,
                chance.map_err(|error| undefined(&source.path, error))?,
            ));
        }
        lines.push(Line {
            name: format!(
                "{}: {} of {}, {} allowed",
                stratum.stratum, stratum.n, stratum.size, stratum.allowed
            ),
            points,
        });
    }
    Ok(Curves {
        about: About {
            title: "Chance to pass".to_owned(),
            ..About::default()
        },
        x_label: "items that are wrong [%]".to_owned(),
        y_label: "chance to pass the review".to_owned(),
        lines,
        ..Curves::default()
    })
}

/// The operating characteristic of the plan as SVG.
pub fn svg(document: &Document) -> String {
    let title = format!(
        "Chance to pass: {} right at {} confidence",
        percent(document.claim),
        percent(document.confidence)
    );
    super::picture(&title, &document.curves)
}
