//! The measures of this subject by name.

use super::{
    Abundance, CoverageError, Difference, Discovery, Driving, DrivingNeeds, Forbidden, Incidence,
    IncidenceRichness, Missing, PoissonRate, Richness, TWay, Table, Vendi, WeightedCoverage,
    accumulation, binomial_rate, discovery, driving_to_safety, extrapolate, poisson_rate, rarefy,
    richness, t_way, t_way_difference, vendi, vendi_of_rows, weighted_coverage,
};
use crate::registry::{About, Direction, Measure, call};
use crate::rows::Rows;
use crate::stats::{Resampling, StatsError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RichnessCase {
    counts: Vec<u64>,
    #[serde(default)]
    sizes: Vec<u64>,
}

#[derive(Serialize)]
struct RichnessFound {
    #[serde(flatten)]
    richness: Richness,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    curve: BTreeMap<u64, f64>,
}

fn species(case: &RichnessCase) -> Result<RichnessFound, CoverageError> {
    let abundance = Abundance::new(&case.counts)?;
    let n = abundance.individuals();
    let mut curve = accumulation(2 * n, &case.sizes, |_| 0.0);
    for (size, expected) in &mut curve {
        *expected = if *size <= n {
            rarefy(&abundance, *size)?
        } else {
            extrapolate(&abundance, *size)?
        };
    }
    Ok(RichnessFound {
        richness: richness(&abundance),
        curve,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IncidenceCase {
    unit_counts: Option<Vec<u64>>,
    pairs: Option<Vec<(u32, u32)>>,
    units: u64,
}

fn incidence(case: &IncidenceCase) -> Result<IncidenceRichness, CoverageError> {
    let found = match (&case.unit_counts, &case.pairs) {
        (Some(counts), _) => Incidence::new(counts, case.units)?,
        (None, Some(pairs)) => Incidence::from_pairs(&mut pairs.clone(), case.units)?,
        (None, None) => return Err(CoverageError::Empty),
    };
    Ok(found.richness())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VendiCase {
    #[serde(rename = "K")]
    kernel: Option<Vec<Vec<f64>>>,
    #[serde(rename = "X")]
    rows: Option<Vec<Vec<f64>>>,
}

#[derive(Serialize)]
struct VendiFound {
    #[serde(flatten)]
    vendi: Vendi,
    check_q1: f64,
}

fn variety(case: &VendiCase) -> Result<VendiFound, CoverageError> {
    let vendi = match (&case.kernel, &case.rows) {
        (Some(kernel), _) => vendi(&kernel.concat(), kernel.len())?,
        (None, Some(rows)) => vendi_of_rows(&Rows::from_nested(rows)?)?,
        (None, None) => return Err(CoverageError::Empty),
    };
    Ok(VendiFound {
        check_q1: vendi.vs_q1,
        vendi,
    })
}

fn three() -> usize {
    3
}

fn twenty() -> usize {
    20
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TWayCase {
    rows: Vec<Vec<Value>>,
    levels: Vec<Vec<Value>>,
    /// Each a map from the attribute's position to its level.
    #[serde(default)]
    forbidden: Vec<BTreeMap<usize, Value>>,
    #[serde(default = "three")]
    most_order: usize,
    #[serde(default = "twenty")]
    most_missing: usize,
}

#[derive(Serialize)]
struct TWayFound {
    total_configs: u64,
    covered: u64,
    coverage: f64,
    infeasible: u64,
    forbidden_rows: usize,
    per_combination: Vec<(Vec<usize>, u64, u64)>,
    simple_t_way_full: f64,
    phi50: f64,
    phi75: f64,
    missing: Vec<Missing>,
}

impl From<TWay> for TWayFound {
    fn from(found: TWay) -> Self {
        Self {
            total_configs: found.feasible,
            covered: found.covered,
            coverage: found.coverage(),
            infeasible: found.infeasible,
            forbidden_rows: found.forbidden_rows,
            simple_t_way_full: found.completeness(1.0),
            phi50: found.completeness(0.5),
            phi75: found.completeness(0.75),
            per_combination: found
                .combinations
                .into_iter()
                .map(|c| (c.attributes, c.covered, c.feasible))
                .collect(),
            missing: found.missing,
        }
    }
}

/// The code of a level; one beyond the last where it is not listed.
fn code(levels: &[Value], level: &Value) -> u32 {
    let at = levels.iter().position(|l| l == level);
    u32::try_from(at.unwrap_or(levels.len())).unwrap_or(u32::MAX)
}

/// Codes attribute by attribute.
fn coded(rows: &[Vec<Value>], levels: &[Vec<Value>]) -> Result<Vec<Vec<u32>>, CoverageError> {
    if let Some(row) = rows.iter().find(|r| r.len() != levels.len()) {
        return Err(CoverageError::Mismatch {
            seen: row.len(),
            expected: levels.len(),
            hint: "every row has a level per attribute",
        });
    }
    let columns = levels.iter().enumerate();
    Ok(columns
        .map(|(a, levels)| rows.iter().map(|row| code(levels, &row[a])).collect())
        .collect())
}

/// Levels per attribute.
fn counts_of(levels: &[Vec<Value>]) -> Vec<u32> {
    let count = |l: &Vec<Value>| u32::try_from(l.len()).unwrap_or(u32::MAX);
    levels.iter().map(count).collect()
}

fn two() -> usize {
    2
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DifferenceCase {
    field: Vec<Vec<Value>>,
    data: Vec<Vec<Value>>,
    levels: Vec<Vec<Value>>,
    #[serde(default = "two")]
    order: usize,
    #[serde(default = "twenty")]
    most_missing: usize,
}

fn difference(case: &DifferenceCase) -> Result<Difference, CoverageError> {
    let counts = counts_of(&case.levels);
    let (field, data) = (
        coded(&case.field, &case.levels)?,
        coded(&case.data, &case.levels)?,
    );
    t_way_difference(
        &Table::new(&field, &counts)?,
        &Table::new(&data, &counts)?,
        case.order,
        case.most_missing,
    )
}

fn combinations(case: &TWayCase) -> Result<BTreeMap<String, TWayFound>, CoverageError> {
    let attributes = case.levels.len();
    let columns = coded(&case.rows, &case.levels)?;
    let counts = counts_of(&case.levels);
    let empty = Vec::new();
    let forbidden: Vec<Forbidden> = case
        .forbidden
        .iter()
        .map(|rule| {
            let part = |(a, level): (&usize, &Value)| {
                (*a, code(case.levels.get(*a).unwrap_or(&empty), level))
            };
            Forbidden::new(rule.iter().map(part).collect())
        })
        .collect::<Result<_, _>>()?;
    let table = Table::new(&columns, &counts)?;
    (1..=case.most_order.min(attributes))
        .map(|order| {
            let found = t_way(&table, order, &forbidden, case.most_missing)?;
            Ok((format!("t{order}"), TWayFound::from(found)))
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightedCase {
    field: Vec<(u32, u32)>,
    train: Vec<u64>,
    #[serde(default = "five")]
    least: u64,
    #[serde(default)]
    bootstrap: Resampling,
}

fn five() -> u64 {
    5
}

fn weighted(case: &WeightedCase) -> Result<WeightedCoverage, CoverageError> {
    weighted_coverage(&case.field, &case.train, case.least, case.bootstrap)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BinomialCase {
    x: u64,
    n: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PoissonCase {
    events: u64,
    exposure: f64,
}

fn rate(case: &PoissonCase) -> Result<PoissonRate, StatsError> {
    poisson_rate(case.events, case.exposure)
}

fn usual_confidence() -> f64 {
    0.95
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DiscoveryCase {
    first_seen: Vec<f64>,
    end: f64,
    window: f64,
    #[serde(default = "usual_confidence")]
    confidence: f64,
    limit: Option<f64>,
}

fn trailing(case: &DiscoveryCase) -> Result<Discovery, CoverageError> {
    discovery(
        &case.first_seen,
        case.end,
        case.window,
        case.confidence,
        case.limit,
    )
}

fn driving(case: &Driving) -> Result<DrivingNeeds, CoverageError> {
    driving_to_safety(case)
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "coverage.richness",
        about: About {
            title: "How many kinds there are, and how much is unseen, from counts per kind",
            formula: "Chao1 S + f1 (f1-1) / (2 (f2+1)); Good-Turing f1/n; Chao-Jost 1 - f1/n ((n-1) f1)/((n-1) f1 + 2 f2); Hill numbers exp(-sum p ln p), 1/sum p^2; Hurlbert's rarefaction sum 1 - C(n-Ni,m)/C(n,m); beyond n, S + f0 (1 - (1 - f1/(n f0 + f1))^m*)",
            defaults: "sizes none: no `curve` besides rarefaction at 1, 2, 5, n/2 and n",
            direction: Direction::Describes,
            blind_spots: "individuals are taken as independent: for clips of the same drives use coverage.incidence. Chao1 and ACE are lower bounds; never show them without the interval. Curves end at twice the sample",
            peers: "scikit-bio 0.7.4; its Esty interval leaves 0 to 1 (-0.15 where no kind was seen once): `missing_ci95` is held inside, `esty_ci95_missing` is as there",
            source: "Chao 1984, 1987; Chao and Lee 1992; Good 1953; Chao and Jost 2012; Hurlbert 1971; Chao and others 2014; Esty 1983; McAllester and Schapire 2000",
        },
        example: r#"{"counts": [12, 7, 3, 1, 1, 2], "sizes": [13, 40]}"#,
        run: |case| call(case, species),
    },
    Measure {
        name: "coverage.incidence",
        about: About {
            title: "How many kinds there are, from the drives, days or places each was seen in",
            formula: "Chao2 S + (m-1)/m Q1 (Q1-1) / (2 (Q2+1)) with its log-normal interval; coverage 1 - Q1/U ((m-1) Q1)/((m-1) Q1 + 2 Q2), U all incidences; accumulation S(t) = sum 1 - C(m-Q,t)/C(m,t)",
            defaults: "`unit_counts` (units per kind) or `pairs` (unit, kind)",
            direction: Direction::Describes,
            blind_spots: "units must be independent and alike: drives of one fleet in one season. A lower bound",
            peers: "EstimateS 9, iNEXT 3: same formulas, corrected for bias",
            source: "Chao 1987; Chao and Jost 2012; Colwell and others 2012",
        },
        example: r#"{"pairs": [[0, 0], [0, 1], [1, 0], [2, 2], [3, 0]], "units": 4}"#,
        run: |case| call(case, incidence),
    },
    Measure {
        name: "coverage.vendi",
        about: About {
            title: "Effective number of different things, from how alike they are",
            formula: "exp(-sum l ln l), 1/sum l^2, 1/max l over the eigenvalues l of K/n; `X` takes the cosine kernel of the rows",
            defaults: "`K` a kernel with ones on the diagonal, or `X` rows",
            direction: Direction::Higher,
            blind_spots: "only as good as the kernel: what it takes for equal counts once. Grows with n for order 1",
            peers: "vendi-score 0.0.3",
            source: "Friedman and Dieng 2023; Pasarkar and Dieng 2024 for orders 2 and infinity",
        },
        example: r#"{"K": [[1, 0.5], [0.5, 1]]}"#,
        run: |case| call(case, variety),
    },
    Measure {
        name: "coverage.t_way",
        about: About {
            title: "Which combinations of attribute levels a data set holds, and which are missing",
            formula: "per order t over all sets of t attributes: covered / feasible configurations; simple_t_way_full: share of sets fully covered; phi50, phi75: share with at least that part; missing: by rows x product of marginal shares",
            defaults: "most_order 3, most_missing 20, forbidden none; a rule is a map from the attribute's position to its level",
            direction: Direction::Higher,
            blind_spots: "one row covers as much as a thousand: set a minimum per cell with coverage.weighted. Rare does not mean dangerous: weigh missing ones by severity",
            peers: "NIST CCM (IR 7878, 19 of 24 pairs in its example); allpairspy 2.5.1 arrays cover all pairs",
            source: "Kuhn, Mendoza, Kacker and Lei 2013, NIST IR 7878",
        },
        example: r#"{"rows": [["day", "dry"], ["night", "dry"], ["day", "wet"]], "levels": [["day", "night"], ["dry", "wet", "icy"]], "forbidden": [{"0": "day", "1": "icy"}]}"#,
        run: |case| call(case, combinations),
    },
    Measure {
        name: "coverage.t_way_difference",
        about: About {
            title: "Combinations that occur in the field and not in the data set",
            formula: "per set of `order` attributes: configurations of the field less those of the data; missing: by rows of the field",
            defaults: "order 2, most_missing 20",
            direction: Direction::Lower,
            blind_spots: "one row of the field makes a combination: wrong tags do too",
            peers: "NIST CCM's combinatorial coverage difference",
            source: "Kuhn, Kacker, Lei and Raunak 2020 (combinatorial coverage difference)",
        },
        example: r#"{"field": [["day", "dry"], ["night", "wet"]], "data": [["day", "dry"], ["day", "wet"]], "levels": [["day", "night"], ["dry", "wet"]]}"#,
        run: |case| call(case, difference),
    },
    Measure {
        name: "coverage.weighted",
        about: About {
            title: "Share of what the field holds that a data set covers",
            formula: "sum p_field(cell) [n_train(cell) >= least], interval by bootstrap over field units",
            defaults: "least 5, bootstrap 1000 resamples, seed 1; `field` lists (unit, cell), `train` independent units per cell",
            direction: Direction::Higher,
            blind_spots: "the field sample must be the field: what was never recorded is not weighed",
            peers: "none known",
            source: "reference, scenarios B.3 (3)",
        },
        example: r#"{"field": [[0, 0], [0, 1], [1, 0], [2, 0]], "train": [9, 2]}"#,
        run: |case| call(case, weighted),
    },
    Measure {
        name: "coverage.binomial_rate",
        about: About {
            title: "A share of rare events with exact, score and Bayesian intervals",
            formula: "Clopper-Pearson, Wilson, Jeffreys at 95 %; rule of three 3/n for no event",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "trials must be independent; the rule of three is 0.1 % above the exact bound",
            peers: "scipy 1.17.1 `binomtest(..).proportion_ci`, `beta.ppf`",
            source: "Clopper and Pearson 1934; Wilson 1927; Brown, Cai and DasGupta 2001",
        },
        example: r#"{"x": 0, "n": 100}"#,
        run: |case| call(case, |c: &BinomialCase| binomial_rate(c.x, c.n)),
    },
    Measure {
        name: "coverage.poisson_rate",
        about: About {
            title: "A rate of events per exposure with its exact interval",
            formula: "Garwood: chi2(0.025; 2x)/2E to chi2(0.975; 2x+2)/2E; one-sided chi2(0.95; 2x+2)/2E",
            defaults: "none",
            direction: Direction::Lower,
            blind_spots: "a constant rate: clumps of events (one bad day) make it look surer than it is",
            peers: "scipy 1.17.1 `chi2.ppf`",
            source: "Garwood 1936",
        },
        example: r#"{"events": 3, "exposure": 250000}"#,
        run: |case| call(case, rate),
    },
    Measure {
        name: "coverage.discovery",
        about: About {
            title: "Bound of the future rate of discoveries, from those of the last stretch",
            formula: "x first-ever kinds in a window of exposure E: chi2(confidence; 2x+2)/2E; with x = 0 it is 3.0/E",
            defaults: "confidence 0.95, limit none",
            direction: Direction::Lower,
            blind_spots: "sampling must not change inside the window and after it: cut it at releases, sites and seasons",
            peers: "none known",
            source: "Garwood 1936; the expected rate of discovery of exchangeable sampling cannot rise (Efron and Thisted 1976)",
        },
        example: r#"{"first_seen": [1, 5, 9, 40, 310], "end": 1000, "window": 500, "limit": 0.005}"#,
        run: |case| call(case, trailing),
    },
    Measure {
        name: "coverage.driving_to_safety",
        about: About {
            title: "How far to drive to show a rate of events",
            formula: "-ln(1-C)/R without failures; (z/precision)^2/R within the precision; (1-A) ((z_C + z_power)/A)^2/R for an improvement A; years = miles / (fleet x mph x 24 x 365)",
            defaults: "conf 0.95, precision 0.2, improvement 0.2, power 0.8, fleet 100, mph 25",
            direction: Direction::Lower,
            blind_spots: "a Poisson process at one rate and normal approximations; says nothing of severity. Keys keep the report's names whatever the precision and improvement",
            peers: "RAND RR-1478 table 1: 275 million miles, 8.8 and 11 billion; the report rounds",
            source: "Kalra and Paddock 2016, RAND RR-1478",
        },
        example: r#"{"kind": "fatality", "rate_per_mile": 1.09e-8}"#,
        run: |case| call(case, driving),
    },
];
