//! `richness`: how many kinds there are, seen or not, and how much more it takes to see them.

use super::table::Opened;
use super::{Estimate, Source, undefined};
use crate::EngineError;
use fieldassay_formats::table::{Codes, MISSING};
use fieldassay_measure::coverage::{self, Abundance, CoverageError, Incidence, Richness};
use fieldassay_measure::stats::Interval;
use fieldassay_model::plot::{About, Curves, Line};
use serde::Serialize;

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// Columns of a table of counts.
const PARTS: &[&str] = &["category", "count", "unit"];

/// Points of the curve up to the sample, and as many beyond.
const POINTS: u64 = 50;

/// Coverages for which it is told how many more samples they take.
const TARGETS: [f64; 2] = [0.95, 0.99];

/// Which table.
#[derive(Clone, Debug)]
pub struct Request {
    /// The counts: `category,count`, or `unit,category`.
    pub counts: Source,
    /// Units in all, where some without any category are not in the table.
    pub units: Option<u64>,
}

/// What a sample consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Individuals, each of one category, taken as independent.
    Counts,
    /// Units (drives, days, places), each with the categories seen in it.
    Units,
}

/// What `richness --json` promises.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.richness`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The file.
    pub input: String,
    /// What a sample consists of.
    pub basis: Basis,
    /// Individuals or units.
    pub samples: u64,
    /// Categories seen.
    pub observed: u64,
    /// Categories seen once, or in one unit.
    pub once: u64,
    /// Categories seen twice, or in two units.
    pub twice: u64,
    /// Lower bound of the number of categories from counts; null for units.
    pub chao1: Option<Estimate>,
    /// Lower bound of the number of categories from units; null for counts.
    pub chao2: Option<Estimate>,
    /// Abundance-based estimate; null for units, and where every rare category was seen once.
    pub ace: Option<Estimate>,
    /// How much of what comes next is of a category already seen.
    pub coverage: Coverage,
    /// Evenness, for counts: categories as many as equally common ones would be.
    pub hill: Option<Hill>,
    /// Samples it takes for more coverage.
    pub more: Vec<More>,
    /// Categories expected in smaller and larger samples, `n` counts samples.
    pub curve: Vec<Estimate>,
    /// What to mind.
    pub notes: Vec<String>,
}

/// How much of what comes next is of a category already seen.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Coverage {
    /// Good and Turing: the share that is not of categories seen once, with Esty's interval for counts.
    pub good_turing: Estimate,
    /// Chao and Jost 2012, less biased.
    pub chao_jost: Estimate,
}

/// Hill numbers.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Hill {
    /// Order 1, `exp` of Shannon's entropy.
    pub shannon: Estimate,
    /// Order 2, `1 / sum p^2`.
    pub simpson: Estimate,
}

/// How many more samples a coverage takes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct More {
    /// The coverage.
    pub coverage: f64,
    /// Samples to add; 0 where it is reached, null where no number can be told.
    pub samples: Option<u64>,
    /// Whether that is beyond twice the sample, where it is only a rough figure.
    pub is_rough: bool,
}

/// The statistics of either basis.
enum Kinds {
    Counts(Abundance),
    Units(Incidence, u64),
}

/// Says how many categories there are, seen or not.
///
/// Errors: a table that cannot be read, counts that are no whole numbers, nothing counted. Cost: one sort.
pub fn run(request: &Request) -> Result<Document, EngineError> {
    let source = &request.counts;
    let table = Opened::new(source, PARTS)?;
    let failed = |error: CoverageError| undefined(&source.path, error);
    let categories = table.codes("category")?;
    let mut notes = Vec::new();
    let kinds = if table.has("unit")? {
        by_unit(request, &table, &categories)?
    } else if request.units.is_some() {
        return Err(EngineError::Request {
            message: "`--units` is given, but the table has no column of units\nhint: it counts units of a table `unit,category`".to_owned(),
        });
    } else {
        let counts = if table.has("count")? {
            table.counts("count")?
        } else {
            notes.push("the table has no column `count`: every row counts 1".to_owned());
            vec![1; table.rows()]
        };
        let mut sums = vec![0_u64; categories.names.len()];
        for (row, (code, count)) in categories.cells.iter().zip(&counts).enumerate() {
            match sums.get_mut(*code as usize) {
                Some(sum) => *sum = sum.saturating_add(*count),
                None if *count == 0 => {}
                None => {
                    let what = "the category is empty\nhint: name it, or drop the row";
                    return Err(table.bad_row(row, what));
                }
            }
        }
        Kinds::Counts(Abundance::new(&sums).map_err(failed)?)
    };
    document(source, &kinds, notes).map_err(failed)
}

/// Units with the categories seen in each; a unit whose category is empty has none.
fn by_unit(
    request: &Request,
    table: &Opened<'_>,
    categories: &Codes,
) -> Result<Kinds, EngineError> {
    let units = table.full_codes("unit")?;
    // A category counted 0 times was not seen in the unit.
    let counts = if table.has("count")? {
        Some(table.counts("count")?)
    } else {
        None
    };
    let is_seen = |row: usize, code: u32| {
        let count = counts.as_ref().and_then(|counts| counts.get(row));
        code != MISSING && count != Some(&0)
    };
    let rows = units.cells.iter().zip(&categories.cells).enumerate();
    let mut pairs: Vec<(u32, u32)> = rows
        .filter(|(row, (_, code))| is_seen(*row, **code))
        .map(|(_, (unit, code))| (*unit, *code))
        .collect();
    let known = units.names.len() as u64;
    let all = request.units.unwrap_or(known);
    if all < known {
        return Err(EngineError::Request {
            message: format!(
                "`--units {all}` is less than the {known} units of the table\nhint: give all units, those without any category too"
            ),
        });
    }
    let found = Incidence::from_pairs(&mut pairs, all);
    let found = found.map_err(|error| undefined(&request.counts.path, error))?;
    Ok(Kinds::Units(found, all))
}

fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn between([low, high]: [f64; 2]) -> Interval {
    Interval { low, high }
}

fn document(
    source: &Source,
    kinds: &Kinds,
    mut notes: Vec<String>,
) -> Result<Document, CoverageError> {
    let samples = kinds.samples();
    let n = size(samples);
    let mut out = Document {
        schema: "fieldassay.richness",
        version: DOCUMENT_VERSION,
        input: source.path.display().to_string(),
        basis: Basis::Counts,
        samples,
        observed: 0,
        once: 0,
        twice: 0,
        chao1: None,
        chao2: None,
        ace: None,
        coverage: Coverage {
            good_turing: Estimate::bare(0.0, n),
            chao_jost: Estimate::bare(0.0, n),
        },
        hill: None,
        more: Vec::new(),
        curve: curve(kinds)?,
        notes: Vec::new(),
    };
    match kinds {
        Kinds::Counts(abundance) => of_counts(&mut out, abundance, &coverage::richness(abundance)),
        Kinds::Units(incidence, _) => {
            let found = incidence.richness();
            out.basis = Basis::Units;
            out.observed = found.sobs;
            out.once = found.q1;
            out.twice = found.q2;
            out.chao2 = Some(Estimate::with(
                found.chao2,
                Some(between(found.chao2_ci95)),
                n,
            ));
            out.coverage.good_turing = Estimate::bare(1.0 - found.new_share, n);
            out.coverage.chao_jost = Estimate::bare(found.coverage, n);
        }
    }
    for target in TARGETS {
        let more = kinds.more(target)?;
        out.more.push(More {
            coverage: target,
            samples: more,
            is_rough: more.is_some_and(|more| more > samples),
        });
    }
    if out.once == out.observed {
        notes.push(
            "every category was seen once only: the sample says little about the rest".to_owned(),
        );
    }
    if out.basis == Basis::Counts {
        notes.push(
            "counts are taken as independent; where they come from drives, give `unit,category` instead"
                .to_owned(),
        );
    } else if samples < 10 {
        notes.push(format!("{samples} units are few: intervals are rough"));
    }
    out.notes = notes;
    Ok(out)
}

fn of_counts(out: &mut Document, abundance: &Abundance, found: &Richness) {
    let n = size(found.n);
    out.observed = found.sobs;
    out.once = found.f1;
    out.twice = found.f2;
    out.chao1 = Some(Estimate::with(
        found.chao1_bias_corrected,
        Some(between(found.chao1_ci95)),
        n,
    ));
    out.ace = abundance.ace();
    let missing = found.missing_ci95;
    out.coverage.good_turing = Estimate::with(
        found.goods_coverage,
        Some(between([1.0 - missing.high, 1.0 - missing.low])),
        n,
    );
    out.coverage.chao_jost = Estimate::bare(found.coverage_chao_jost2012, n);
    out.hill = Some(Hill {
        shannon: Estimate::bare(found.hill_q1, n),
        simpson: Estimate::bare(found.hill_q2, n),
    });
}

impl Kinds {
    fn samples(&self) -> u64 {
        match self {
            Self::Counts(abundance) => abundance.individuals(),
            Self::Units(_, units) => *units,
        }
    }

    fn more(&self, target: f64) -> Result<Option<u64>, CoverageError> {
        match self {
            Self::Counts(abundance) => abundance.more_for_coverage(target),
            Self::Units(incidence, _) => incidence.more_for_coverage(target),
        }
    }
}

/// Categories expected in samples of even steps up to the sample, and on to twice of it.
fn curve(kinds: &Kinds) -> Result<Vec<Estimate>, CoverageError> {
    let samples = kinds.samples();
    let steps = POINTS.min(samples);
    let mut sizes: Vec<u64> = (1..=2 * steps)
        .map(|step| u64::try_from(u128::from(samples) * u128::from(step) / u128::from(steps)))
        .filter_map(Result::ok)
        .collect();
    sizes.insert(0, 1);
    sizes.dedup();
    let at = |size: u64| match kinds {
        Kinds::Counts(abundance) => abundance.expected_kinds(size),
        Kinds::Units(incidence, _) => incidence.expected_kinds(size),
    };
    sizes.into_iter().map(at).collect()
}

/// The accumulation curve with its interval as SVG.
pub fn svg(document: &Document) -> String {
    let what = match document.basis {
        Basis::Counts => "samples",
        Basis::Units => "units",
    };
    let n = size(document.samples);
    let of = |is_wanted: &dyn Fn(&Estimate) -> bool, y: &dyn Fn(&Estimate) -> Option<f64>| {
        let points = document.curve.iter().filter(|at| is_wanted(at));
        let points = points.filter_map(|at| Some((at.n as f64, y(at)?)));
        points.collect::<Vec<(f64, f64)>>()
    };
    let mut band = of(&|_| true, &|at| at.low);
    // A gap, so that both ends are one line of the legend.
    band.push((f64::NAN, f64::NAN));
    band.extend(of(&|_| true, &|at| at.high));
    let line = |name: String, points| Line { name, points };
    let curves = Curves {
        about: About {
            title: "Categories".to_owned(),
            ..About::default()
        },
        x_label: what.to_owned(),
        y_label: "categories".to_owned(),
        lines: vec![
            line("95 % interval".to_owned(), band),
            line(
                format!("seen on average in so many of the {what}"),
                of(&|at| at.n <= n, &|at| Some(at.estimate)),
            ),
            line(
                format!("expected beyond the {n} {what}"),
                of(&|at| at.n >= n, &|at| Some(at.estimate)),
            ),
        ],
        ..Curves::default()
    };
    let title = format!("{} categories in {n} {what}", document.observed);
    super::picture(&title, &curves)
}
