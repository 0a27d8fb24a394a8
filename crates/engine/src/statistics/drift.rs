//! `drift`: has a table changed, column by column and all numbers together.

mod together;

use super::table::{Columns, Opened};
use super::{Estimate, Source, undefined};
use crate::EngineError;
use fieldassay_formats::table::{Codes, MISSING};
use fieldassay_measure::drift::{
    self, DriftError, Psi, PsiOptions, Sample, Units, bins_of, blocks, psi, psi_clustered,
};
use fieldassay_measure::label_errors;
use fieldassay_measure::stats::{Adjustment, Resampling, adjust, block_length};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

pub use together::{JointTest, Telling, Together};

/// Version of the JSON document.
pub const DOCUMENT_VERSION: u32 = 1;

/// Bins of numbers, by quantiles of the reference.
const BINS: usize = 10;

/// A population stability index that is worth knowing: a sample that could not show it cannot say that nothing changed.
const WORTH_KNOWING: f64 = 0.1;

/// How p-values of many columns are read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// No false alarm at all, with 95 %.
    Holm,
    /// At most 5 % false among the alarms, on average.
    Bh,
}

/// Which tables, and how they are compared.
#[derive(Clone, Debug)]
pub struct Request {
    /// The table as it was.
    pub reference: PathBuf,
    /// The table as it is.
    pub current: PathBuf,
    /// Columns to look at; all that both have where none is named.
    pub columns: Vec<String>,
    /// Columns whose numbers are names.
    pub categories: Vec<String>,
    /// Column of what belongs together: a drive, a day.
    pub cluster: Option<String>,
    /// Rows of a block that belong together; told by each column where not given. 1 takes rows as independent.
    pub block: Option<usize>,
    /// Level of the verdicts.
    pub alpha: f64,
    /// How p-values of many columns are read together.
    pub correction: Correction,
    /// Permutations.
    pub resampling: Resampling,
}

/// What is said of a column, and of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It changed.
    Drift,
    /// No change, and one worth knowing would have been seen.
    NoDrift,
    /// The data cannot tell.
    Inconclusive,
}

/// What kind of values a column has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Numbers.
    Numeric,
    /// Names.
    Category,
}

/// What `drift --json` promises.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `fieldassay.drift`.
    pub schema: &'static str,
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// The table as it was.
    pub reference: String,
    /// The table as it is.
    pub current: String,
    /// Of all columns: drift where one drifts.
    pub verdict: Verdict,
    /// Rows of the reference and of the current table.
    pub rows: [usize; 2],
    /// Level of the verdicts.
    pub alpha: f64,
    /// How p-values were read together, those of all columns and tests.
    pub correction: Correction,
    /// Column by column.
    pub columns: Vec<Column>,
    /// All numbers together; null below two columns of numbers.
    pub together: Option<Together>,
    /// What was left out, and what to mind.
    pub notes: Vec<String>,
}

/// One column.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    /// Its name.
    pub column: String,
    /// What kind of values it has.
    pub kind: Kind,
    /// Population stability index; `n` counts values of both tables here and below. Null where a table has no value.
    pub psi: Option<Estimate>,
    /// What the index would be without drift.
    pub psi_without_drift: Option<Null>,
    /// Largest difference of the distribution functions; null for names.
    pub ks: Option<Estimate>,
    /// Wasserstein distance, in the unit of the values; null for names.
    pub wasserstein: Option<Estimate>,
    /// Jensen-Shannon distance over the bins or names, 0 to 1.
    pub js: Option<Estimate>,
    /// Which test `p` is of: `kolmogorov_smirnov`, `chi_square`, `fisher` or `permutation`, or null without one.
    pub test: Option<&'static str>,
    /// Probability of such a difference or a larger one without drift.
    pub p: Option<f64>,
    /// The same with all tests of the document counted in.
    pub p_adjusted: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
    /// Why, in words.
    pub why: String,
    /// What a permutation deals: rows, blocks of rows or clusters of the reference and the current table.
    pub units: [usize; 2],
    /// Rows of a block; null with clusters.
    pub block: Option<usize>,
    /// Values that are missing.
    pub missing: Missing,
    /// Names that the reference does not have.
    pub new_categories: Vec<String>,
}

/// The index without drift, by chi-square for independent values, else by permutation.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Null {
    /// On average.
    pub expected: f64,
    /// What it stays below in 99 of 100 cases.
    pub bound99: f64,
}

/// Values that are missing.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Missing {
    /// Share of the reference.
    pub reference: f64,
    /// Share of the current table.
    pub current: f64,
    /// Probability of such a difference of the shares without drift; null where none is missing.
    pub p: Option<f64>,
    /// The same with all tests counted in.
    pub p_adjusted: Option<f64>,
}

/// Values of one column in both tables; those missing are none.
struct Values {
    name: String,
    kind: Kind,
    sides: [Vec<Option<f64>>; 2],
    names: Vec<String>,
}

/// Both tables.
pub(super) struct Tables<'a> {
    request: &'a Request,
    rows: [usize; 2],
    clusters: Option<[Vec<u32>; 2]>,
}

impl Tables<'_> {
    /// Units of the values at `rows` of both tables, with the length of blocks; none where they are independent.
    fn units(&self, rows: &[Vec<usize>; 2], block: usize) -> Result<Option<Dealt>, DriftError> {
        let codes: [Vec<u32>; 2] = match &self.clusters {
            Some(clusters) => [0, 1].map(|side| {
                let of = |row: &usize| clusters[side].get(*row).copied().unwrap_or(MISSING);
                rows[side].iter().map(of).collect()
            }),
            None if block <= 1 => return Ok(None),
            None => [0, 1].map(|side| {
                let all = blocks(self.rows[side], block);
                let of = |row: &usize| all.get(*row).copied().unwrap_or(MISSING);
                rows[side].iter().map(of).collect()
            }),
        };
        let [a, b] = &codes;
        let units = Units::new((a.len(), Some(a)), (b.len(), Some(b)))?;
        Ok(Some(Dealt { codes, units }))
    }

    /// Rows of a block that one column needs: as given, none with clusters, else by its own memory.
    fn block(&self, sides: &[Vec<f64>; 2]) -> usize {
        match (&self.clusters, self.request.block) {
            (Some(_), _) => 1,
            (None, Some(block)) => block.max(1),
            (None, None) => block_length(&sides[0]).max(block_length(&sides[1])),
        }
    }
}

/// What is dealt whole: codes per value of both sides, and the units.
pub(super) struct Dealt {
    codes: [Vec<u32>; 2],
    units: Units,
}

/// Says whether a table has changed.
///
/// Errors: tables that cannot be read, a column that is not there, no column in both, no row, a level outside (0, 1).
/// Too few units to tell are an answer. Cost: per column a sort and a pass per permutation.
pub fn run(request: &Request) -> Result<Document, EngineError> {
    let sources = [&request.reference, &request.current].map(|path| source(request, path));
    let [first, second] = &sources;
    let cluster: Vec<&str> = request.cluster.as_deref().into_iter().collect();
    let parts: Vec<&str> = (request.columns.iter().map(String::as_str))
        .chain(cluster.iter().copied())
        .collect();
    let opened = [Opened::new(first, &parts)?, Opened::new(second, &parts)?];
    for table in &opened {
        if table.rows() == 0 {
            let what = "there are no rows\nhint: both tables need some";
            return Err(undefined(table.path(), what));
        }
    }
    let mut notes = Vec::new();
    let names = asked(request, &opened, &mut notes)?;
    let tables = Tables {
        request,
        rows: [opened[0].rows(), opened[1].rows()],
        clusters: match request.cluster.as_deref() {
            Some(cluster) => Some([
                opened[0].full_codes(cluster)?.cells,
                opened[1].full_codes(cluster)?.cells,
            ]),
            None => None,
        },
    };
    let failed = |error: DriftError| undefined(&request.current, error);
    let (mut columns, mut numeric) = (Vec::new(), Vec::new());
    for name in &names {
        let values = read(request, &opened, name)?;
        if let Some(why) = unfit(&values) {
            notes.push(format!("`{name}` is left out: {why}"));
            continue;
        }
        columns.push(column(&tables, &values).map_err(failed)?);
        if values.kind == Kind::Numeric && !values.is_empty() {
            numeric.push((name.as_str(), values.sides));
        }
    }
    if columns.is_empty() {
        let what = "no column can be compared\nhint: name columns with `--columns`";
        return Err(undefined(&request.current, what));
    }
    let mut together = together::test(&tables, numeric).map_err(failed)?;
    adjusted(request, &mut columns, together.as_mut())?;
    for column in &mut columns {
        judge(request, column);
    }
    notes.extend(remarks(request, &columns, together.as_ref()));
    Ok(Document {
        schema: "fieldassay.drift",
        version: DOCUMENT_VERSION,
        reference: request.reference.display().to_string(),
        current: request.current.display().to_string(),
        verdict: overall(request, &columns, together.as_ref()),
        rows: tables.rows,
        alpha: request.alpha,
        correction: request.correction,
        columns,
        together,
        notes,
    })
}

/// Without columns by name all have their own names; places are columns of a file without a line of names.
fn source(request: &Request, path: &std::path::Path) -> Source {
    let names = request.columns.iter().chain(&request.cluster);
    let columns = if request.columns.is_empty() {
        Columns::default()
    } else {
        Columns::as_named(names.map(String::as_str))
    };
    Source::new(path, Some(&columns))
}

/// Names of the columns to look at, in the order of the reference.
fn asked(
    request: &Request,
    opened: &[Opened<'_>; 2],
    notes: &mut Vec<String>,
) -> Result<Vec<String>, EngineError> {
    let known = |table: &Opened<'_>| -> Vec<String> { table.names().map(str::to_owned).collect() };
    let [first, second] = [known(&opened[0]), known(&opened[1])];
    let wanted = (request.columns.iter())
        .chain(&request.categories)
        .chain(&request.cluster);
    for name in wanted {
        for (table, names) in opened.iter().zip([&first, &second]) {
            if !names.contains(name) {
                return Err(EngineError::Request {
                    message: format!(
                        "`{}` has no column `{name}`, but `{}`\nhint: name columns that both tables have",
                        table.path().display(),
                        names.join("`, `")
                    ),
                });
            }
        }
    }
    let is_cluster = |name: &String| request.cluster.as_ref() == Some(name);
    if !request.columns.is_empty() {
        let mut names = request.columns.clone();
        names.retain(|name| !is_cluster(name));
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        return Ok(names);
    }
    for (names, others, which) in [(&first, &second, "reference"), (&second, &first, "current")] {
        let alone: Vec<&str> = (names.iter())
            .filter(|name| !others.contains(name))
            .map(String::as_str)
            .collect();
        if !alone.is_empty() {
            notes.push(format!(
                "only the {which} table has `{}`",
                alone.join("`, `")
            ));
        }
    }
    Ok((first.into_iter())
        .filter(|name| second.contains(name) && !is_cluster(name))
        .collect())
}

fn read(request: &Request, opened: &[Opened<'_>; 2], name: &str) -> Result<Values, EngineError> {
    let is_named = request.categories.iter().any(|known| known == name);
    if !is_named && let (Ok(a), Ok(b)) = (opened[0].numbers(name), opened[1].numbers(name)) {
        // An infinite number is counted as missing: it has no distance to others.
        let known = |values: Vec<f64>| {
            let known = |x: f64| x.is_finite().then_some(x);
            values.into_iter().map(known).collect()
        };
        return Ok(Values {
            name: name.to_owned(),
            kind: Kind::Numeric,
            sides: [known(a), known(b)],
            names: Vec::new(),
        });
    }
    let codes = [opened[0].codes(name)?, opened[1].codes(name)?];
    let mut all: BTreeMap<&str, f64> = (codes.iter().flat_map(|codes| &codes.names))
        .map(|name| (name.as_str(), 0.0))
        .collect();
    let mut next = 0.0;
    for code in all.values_mut() {
        *code = next;
        next += 1.0;
    }
    let of = |codes: &Codes| -> Vec<Option<f64>> {
        let own: Vec<Option<f64>> = codes
            .names
            .iter()
            .map(|name| all.get(name.as_str()).copied())
            .collect();
        let cell = |code: &u32| own.get(*code as usize).copied().flatten();
        codes.cells.iter().map(cell).collect()
    };
    Ok(Values {
        name: name.to_owned(),
        kind: Kind::Category,
        sides: [of(&codes[0]), of(&codes[1])],
        names: all.keys().map(|name| (*name).to_owned()).collect(),
    })
}

impl Values {
    /// Rows with a value, and the values, of both tables.
    fn known(&self) -> ([Vec<usize>; 2], [Vec<f64>; 2]) {
        let rows = self.sides.each_ref().map(|side| {
            let known = side.iter().enumerate().filter(|(_, x)| x.is_some());
            known.map(|(row, _)| row).collect()
        });
        let values = (self.sides.each_ref()).map(|side| side.iter().copied().flatten().collect());
        (rows, values)
    }

    /// Whether a table has none.
    fn is_empty(&self) -> bool {
        (self.sides.iter()).any(|side| side.iter().all(Option::is_none))
    }
}

/// Why a column says nothing at all.
fn unfit(values: &Values) -> Option<String> {
    let known = |side: &Vec<Option<f64>>| side.iter().flatten().count();
    let [a, b] = values.sides.each_ref().map(known);
    if a + b == 0 {
        return Some("it has no value in either table".to_owned());
    }
    // Names of their own for nearly all rows of a table are keys: none of them can drift.
    let is_key =
        values.kind == Kind::Category && values.names.len() * 10 > a.max(b) * 9 && a + b > 20;
    is_key.then(|| format!("{} names for {} values are keys", values.names.len(), a + b))
}

/// Bins of all values, the reference first, and what they say.
struct Binned {
    psi: Psi,
    p: Option<f64>,
    test: Option<&'static str>,
    js: f64,
}

fn binned(
    bins: &[u32],
    bin_count: usize,
    first: usize,
    dealt: Option<&Dealt>,
    how: Resampling,
) -> Result<Binned, DriftError> {
    let count = |bins: &[u32]| {
        let mut counts = vec![0_u64; bin_count];
        for bin in bins {
            if let Some(count) = counts.get_mut(*bin as usize) {
                *count += 1;
            }
        }
        counts
    };
    let (old, new) = bins.split_at(first.min(bins.len()));
    let (old, new) = (count(old), count(new));
    let real = |counts: &[u64]| -> Vec<f64> { counts.iter().map(|c| *c as f64).collect() };
    let (a, b) = (real(&old), real(&new));
    let options = PsiOptions::default();
    let plain = psi(&a, &b, options)?;
    let js = drift::jensen_shannon(&a, &b)?.js_distance_base2;
    let by_permutation = |units: &Units| match psi_clustered(bins, bin_count, units, options, how) {
        Ok(found) => Ok((found, Some(found.p), Some("permutation"))),
        Err(DriftError::TooFewUnits { .. }) => Ok((plain, None, None)),
        Err(error) => Err(error),
    };
    let (psi, p, test) = match dealt {
        _ if plain.bins < 2 => (plain, Some(1.0), None),
        Some(dealt) => by_permutation(&dealt.units)?,
        None => match label_errors::association(&[old, new]) {
            Ok(found) if found.fisher.is_some() => {
                (plain, found.fisher.map(|[p, _]| p.min(1.0)), Some("fisher"))
            }
            Ok(found) if found.is_large_enough => (plain, Some(found.p_value), Some("chi_square")),
            _ => {
                let (_, p, test) =
                    by_permutation(&Units::new((first, None), (bins.len() - first, None))?)?;
                (plain, p, test)
            }
        },
    };
    Ok(Binned { psi, p, test, js })
}

/// One column, without what other columns say about it.
fn column(tables: &Tables<'_>, values: &Values) -> Result<Column, DriftError> {
    let how = tables.request.resampling;
    let missing = missing(tables, values)?;
    let (rows, known) = values.known();
    let n = known[0].len() + known[1].len();
    let block = tables.block(&known);
    let mut out = Column {
        column: values.name.clone(),
        kind: values.kind,
        psi: None,
        psi_without_drift: None,
        ks: None,
        wasserstein: None,
        js: None,
        test: None,
        p: None,
        p_adjusted: None,
        verdict: Verdict::Inconclusive,
        why: String::new(),
        units: [known[0].len(), known[1].len()],
        block: tables.clusters.is_none().then_some(block),
        missing,
        new_categories: Vec::new(),
    };
    if known.iter().any(Vec::is_empty) {
        return Ok(out);
    }
    let dealt = tables.units(&rows, block)?;
    if let Some(dealt) = &dealt {
        let (a, b) = dealt.units.counts();
        out.units = [a, b];
    }
    let (bins, count) = match values.kind {
        Kind::Numeric => bins_of(&known[0], &known[1], BINS)?,
        Kind::Category => (codes(&known), values.names.len()),
    };
    let found = binned(&bins, count, known[0].len(), dealt.as_ref(), how)?;
    out.psi = Some(Estimate::bare(found.psi.estimate, n));
    out.psi_without_drift = Some(Null {
        expected: found.psi.expected_without_drift,
        bound99: found.psi.bound99,
    });
    out.js = Some(Estimate::bare(found.js, n));
    (out.p, out.test) = (found.p, found.test);
    match values.kind {
        Kind::Numeric => numbers(&mut out, &known, dealt.as_ref(), how)?,
        Kind::Category => {
            let old: Vec<u32> = bins.iter().take(known[0].len()).copied().collect();
            let is_new = |code: &u32| bins.contains(code) && !old.contains(code);
            out.new_categories = (0_u32..)
                .zip(&values.names)
                .filter(|(code, _)| is_new(code))
                .map(|(_, name)| name.clone())
                .collect();
        }
    }
    Ok(out)
}

/// Codes of names as they are.
fn codes(known: &[Vec<f64>; 2]) -> Vec<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "codes, whole and not negative"
    )]
    let code = |x: &f64| *x as u32;
    known.iter().flatten().map(code).collect()
}

/// Distances of numbers, whose test takes the place of that of the bins.
fn numbers(
    out: &mut Column,
    known: &[Vec<f64>; 2],
    dealt: Option<&Dealt>,
    how: Resampling,
) -> Result<(), DriftError> {
    let n = known[0].len() + known[1].len();
    let plain = drift::distances(&known[0], &known[1])?;
    out.ks = Some(Estimate::bare(plain.ks, n));
    out.wasserstein = Some(Estimate::bare(plain.wasserstein, n));
    (out.p, out.test) = match dealt {
        None => {
            let found = drift::kolmogorov_smirnov(&known[0], &known[1])?;
            let p = found.p_exact.unwrap_or(found.p_asymp);
            (Some(p.clamp(0.0, 1.0)), Some("kolmogorov_smirnov"))
        }
        Some(Dealt { codes, .. }) => {
            let sample = |side: usize| Sample {
                values: &known[side],
                clusters: Some(&codes[side]),
            };
            match drift::two_sample(sample(0), sample(1), how) {
                Ok(found) => (Some(found.ks_p), Some("permutation")),
                Err(DriftError::TooFewUnits { .. }) => (None, None),
                Err(error) => return Err(error),
            }
        }
    };
    Ok(())
}

/// Whether the share of missing values changed.
fn missing(tables: &Tables<'_>, values: &Values) -> Result<Missing, DriftError> {
    let share = |side: &Vec<Option<f64>>| {
        side.iter().filter(|x| x.is_none()).count() as f64 / side.len().max(1) as f64
    };
    let [reference, current] = values.sides.each_ref().map(share);
    let mut out = Missing {
        reference,
        current,
        ..Missing::default()
    };
    if reference == 0.0 && current == 0.0 {
        return Ok(out);
    }
    let bins: Vec<u32> = (values.sides.iter().flatten())
        .map(|x| u32::from(x.is_none()))
        .collect();
    let flags = (values.sides.each_ref()).map(|side| {
        side.iter()
            .map(|x| f64::from(u8::from(x.is_none())))
            .collect()
    });
    let rows = tables.rows.map(|n| (0..n).collect::<Vec<usize>>());
    let dealt = tables.units(&rows, tables.block(&flags))?;
    let how = tables.request.resampling;
    out.p = binned(&bins, 2, values.sides[0].len(), dealt.as_ref(), how)?.p;
    Ok(out)
}

/// Reads the p-values of all tests together.
fn adjusted(
    request: &Request,
    columns: &mut [Column],
    together: Option<&mut Together>,
) -> Result<(), EngineError> {
    let mut tests: Vec<(f64, &mut Option<f64>)> = Vec::new();
    for column in columns {
        tests.extend(column.p.map(|p| (p, &mut column.p_adjusted)));
        tests.extend(
            column
                .missing
                .p
                .map(|p| (p, &mut column.missing.p_adjusted)),
        );
    }
    if let Some(together) = together {
        for test in &mut together.tests {
            tests.extend(test.p.map(|p| (p, &mut test.p_adjusted)));
        }
    }
    let how = match request.correction {
        Correction::Holm => Adjustment::Holm,
        Correction::Bh => Adjustment::BenjaminiHochberg,
    };
    let p: Vec<f64> = tests.iter().map(|(p, _)| *p).collect();
    let found = adjust(&p, request.alpha, how).map_err(|error| EngineError::Request {
        message: format!("`--alpha`: {error}"),
    })?;
    for ((_, to), p) in tests.into_iter().zip(found.p_adj) {
        *to = Some(p);
    }
    Ok(())
}

/// What follows for a column from its p-values and from what its sample could have shown.
fn judge(request: &Request, column: &mut Column) {
    let is_below = |p: Option<f64>| p.is_some_and(|p| p <= request.alpha);
    let bound = (column.psi_without_drift).map_or(f64::INFINITY, |null| null.bound99);
    let (verdict, why) = if is_below(column.p_adjusted) {
        (Verdict::Drift, "its values changed".to_owned())
    } else if is_below(column.missing.p_adjusted) {
        (
            Verdict::Drift,
            "the share of its missing values changed".to_owned(),
        )
    } else if column.psi.is_none() {
        (
            Verdict::Inconclusive,
            "one of the tables has no value".to_owned(),
        )
    } else if column.p.is_none() {
        (
            Verdict::Inconclusive,
            format!(
                "{} and {} units are too few to tell",
                column.units[0], column.units[1]
            ),
        )
    } else if is_below(column.p) {
        (
            Verdict::Inconclusive,
            "it would drift alone, but among so many tests this may be chance".to_owned(),
        )
    } else if bound >= WORTH_KNOWING {
        (
            Verdict::Inconclusive,
            format!("chance alone gives a PSI up to {bound:.2} here"),
        )
    } else {
        (
            Verdict::NoDrift,
            format!("a PSI of {WORTH_KNOWING} would have been seen"),
        )
    };
    (column.verdict, column.why) = (verdict, why);
}

fn overall(request: &Request, columns: &[Column], together: Option<&Together>) -> Verdict {
    let is_below = |p: Option<f64>| p.is_some_and(|p| p <= request.alpha);
    let has_joint = together.is_some_and(|all| all.tests.iter().any(|t| is_below(t.p_adjusted)));
    let has = |verdict: Verdict| columns.iter().any(|column| column.verdict == verdict);
    if has_joint || has(Verdict::Drift) {
        Verdict::Drift
    } else if has(Verdict::Inconclusive) {
        Verdict::Inconclusive
    } else {
        Verdict::NoDrift
    }
}

fn remarks(request: &Request, columns: &[Column], together: Option<&Together>) -> Vec<String> {
    let mut notes = Vec::new();
    let tests = columns.iter().filter(|c| c.p.is_some()).count()
        + together.map_or(0, |all| all.tests.len());
    let smallest = 1.0 / (1.0 + request.resampling.resamples as f64);
    let is_dealt = columns.iter().any(|c| c.test == Some("permutation"));
    if is_dealt && smallest * tests as f64 > request.alpha {
        notes.push(format!(
            "{tests} tests with {} permutations cannot be below {}: give more with `--permutations`",
            request.resampling.resamples, request.alpha
        ));
    }
    let in_blocks: Vec<String> = (columns.iter())
        .filter_map(|c| Some((c, c.block.filter(|block| *block > 1)?)))
        .map(|(c, block)| format!("`{}` {block}", c.column))
        .collect();
    if request.block.is_none() && !in_blocks.is_empty() {
        notes.push(format!(
            "rows in a row are alike, so blocks of them count as one: {}; give `--cluster`, or `--block 1` where the order of rows means nothing",
            in_blocks.join(", ")
        ));
    }
    for column in columns.iter().filter(|c| !c.new_categories.is_empty()) {
        let first: Vec<&str> = column
            .new_categories
            .iter()
            .take(5)
            .map(String::as_str)
            .collect();
        notes.push(format!(
            "`{}` has {} names that the reference does not have: `{}`",
            column.column,
            column.new_categories.len(),
            first.join("`, `")
        ));
    }
    notes
}
