//! The measures of this subject by name.

use super::{
    Comparisons, Crowd, CrowdOptions, FitOptions, Hodge, Intransitivity, Losses, Method, Outcome,
    Pairs, Penalty, PlackettLuce, PreferenceError, SideBias, TieFit, Vote, bradley_terry,
    covariance, crowd, davidson, elo, fit_test, hodge, intransitivity, losses, page_rank,
    penalized, plackett_luce, rank_centrality, rao_kupper, robust_covariance, side_bias, strengths,
};
use crate::registry::{About, Direction, Measure, call};
use crate::stats::{Estimate, Resampling};
use serde::{Deserialize, Serialize};

/// Who of a pair.
#[derive(Clone, Copy, Deserialize)]
enum Winner {
    #[serde(rename = "i", alias = "left")]
    Left,
    #[serde(rename = "j", alias = "right")]
    Right,
    #[serde(rename = "tie")]
    Tie,
}

impl From<Winner> for Outcome {
    fn from(winner: Winner) -> Self {
        match winner {
            Winner::Left => Self::Left,
            Winner::Right => Self::Right,
            Winner::Tie => Self::Tie,
        }
    }
}

/// The columns of a table of comparisons.
struct Columns {
    items: usize,
    left: Vec<u32>,
    right: Vec<u32>,
    outcomes: Option<Vec<Outcome>>,
    weights: Option<Vec<f64>>,
}

impl Columns {
    fn as_comparisons(&self) -> Comparisons<'_> {
        Comparisons {
            items: self.items,
            left: &self.left,
            right: &self.right,
            outcomes: self.outcomes.as_deref(),
            weights: self.weights.as_deref(),
        }
    }
}

/// One more than the largest code.
fn items_of(codes: impl Iterator<Item = u32>) -> usize {
    codes.max().map_or(0, |c| (c as usize).saturating_add(1))
}

fn won(comparisons: &[(u32, u32)], weights: Option<&Vec<f64>>) -> Columns {
    let (left, right): (Vec<u32>, Vec<u32>) = comparisons.iter().copied().unzip();
    Columns {
        items: items_of(left.iter().chain(&right).copied()),
        left,
        right,
        outcomes: None,
        weights: weights.cloned(),
    }
}

fn ended(data: &[(u32, u32, Winner)]) -> Columns {
    let left: Vec<u32> = data.iter().map(|d| d.0).collect();
    let right: Vec<u32> = data.iter().map(|d| d.1).collect();
    Columns {
        items: items_of(left.iter().chain(&right).copied()),
        left,
        right,
        outcomes: Some(data.iter().map(|d| d.2.into()).collect()),
        weights: None,
    }
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MethodName {
    #[default]
    Newman,
    Mm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrengthCase {
    /// Winner and loser.
    comparisons: Option<Vec<(u32, u32)>>,
    /// Left, right and who won; ties count half.
    data: Option<Vec<(u32, u32, Winner)>>,
    #[serde(default)]
    method: MethodName,
    #[serde(default)]
    alpha: f64,
    weights: Option<Vec<f64>>,
    annotators: Option<Vec<u32>>,
}

#[derive(Serialize)]
struct StrengthFound {
    log_strengths: Vec<f64>,
    strengths: Vec<Estimate>,
    covariance: Vec<Vec<f64>>,
    log_likelihood: f64,
    iterations: usize,
}

fn columns_of(
    comparisons: Option<&Vec<(u32, u32)>>,
    data: Option<&Vec<(u32, u32, Winner)>>,
    weights: Option<&Vec<f64>>,
) -> Result<Columns, PreferenceError> {
    match (comparisons, data) {
        (Some(comparisons), _) => Ok(won(comparisons, weights)),
        (None, Some(data)) => Ok(ended(data)),
        (None, None) => Err(PreferenceError::Empty),
    }
}

fn strength(case: &StrengthCase) -> Result<StrengthFound, PreferenceError> {
    let columns = columns_of(
        case.comparisons.as_ref(),
        case.data.as_ref(),
        case.weights.as_ref(),
    )?;
    let comparisons = columns.as_comparisons();
    let pairs = Pairs::count(&comparisons)?;
    let options = FitOptions {
        method: match case.method {
            MethodName::Newman => Method::Newman,
            MethodName::Mm => Method::Mm,
        },
        alpha: case.alpha,
        ..FitOptions::default()
    };
    let fit = bradley_terry(&pairs, options)?;
    let spread = match &case.annotators {
        Some(annotators) => robust_covariance(&comparisons, annotators, &fit.log_strengths)?,
        None => covariance(&pairs, &fit.log_strengths)?,
    };
    Ok(StrengthFound {
        strengths: strengths(&pairs, &fit.log_strengths, &spread),
        covariance: spread
            .chunks_exact(pairs.items())
            .map(<[f64]>::to_vec)
            .collect(),
        log_strengths: fit.log_strengths,
        log_likelihood: fit.log_likelihood,
        iterations: fit.iterations,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PenalizedCase {
    comparisons: Vec<(u32, u32)>,
    penalty: f64,
}

#[derive(Serialize)]
struct PenalizedFound {
    log_strengths: Vec<f64>,
    log_likelihood: f64,
    iterations: usize,
}

fn shrunk(case: &PenalizedCase) -> Result<PenalizedFound, PreferenceError> {
    let columns = won(&case.comparisons, None);
    let pairs = Pairs::count(&columns.as_comparisons())?;
    let fit = penalized(&pairs, Penalty::Square(case.penalty))?;
    Ok(PenalizedFound {
        log_strengths: fit.log_strengths,
        log_likelihood: fit.log_likelihood,
        iterations: fit.iterations,
    })
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TieModel {
    #[default]
    Davidson,
    RaoKupper,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TieCase {
    data: Vec<(u32, u32, Winner)>,
    #[serde(default)]
    model: TieModel,
}

fn tied(case: &TieCase) -> Result<TieFit, PreferenceError> {
    let pairs = Pairs::count(&ended(&case.data).as_comparisons())?;
    match case.model {
        TieModel::Davidson => davidson(&pairs),
        TieModel::RaoKupper => rao_kupper(&pairs),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RankingCase {
    rankings: Vec<Vec<u32>>,
}

fn ranked(case: &RankingCase) -> Result<PlackettLuce, PreferenceError> {
    let items = items_of(case.rankings.iter().flatten().copied());
    plackett_luce(&case.rankings, items)
}

fn half() -> f64 {
    0.5
}

fn mostly_right() -> [f64; 2] {
    CrowdOptions::default().prior
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CrowdCase {
    /// Annotator, winner, loser.
    data: Vec<(u32, u32, u32)>,
    #[serde(default = "half")]
    penalty: f64,
    #[serde(default = "mostly_right")]
    prior: [f64; 2],
}

fn crowded(case: &CrowdCase) -> Result<Crowd, PreferenceError> {
    let votes: Vec<Vote> = case
        .data
        .iter()
        .map(|(annotator, winner, loser)| Vote {
            annotator: *annotator,
            winner: *winner,
            loser: *loser,
        })
        .collect();
    let items = items_of(votes.iter().flat_map(|v| [v.winner, v.loser]));
    let annotators = items_of(votes.iter().map(|v| v.annotator));
    let options = CrowdOptions {
        penalty: case.penalty,
        prior: case.prior,
        ..CrowdOptions::default()
    };
    crowd(&votes, items, annotators, options)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WinsCase {
    wins: Vec<Vec<f64>>,
    bootstrap: Option<Resampling>,
}

#[derive(Serialize)]
struct WinsFound {
    #[serde(flatten)]
    circles: Intransitivity,
    hodge: Hodge,
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<super::FitTest>,
}

fn circles(case: &WinsCase) -> Result<WinsFound, PreferenceError> {
    let pairs = Pairs::from_wins(&case.wins.concat(), case.wins.len())?;
    Ok(WinsFound {
        circles: intransitivity(&pairs),
        hodge: hodge(&pairs)?,
        fit: case
            .bootstrap
            .map(|how| fit_test(&pairs, how))
            .transpose()?,
    })
}

fn tenth() -> f64 {
    0.1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LossCase {
    delta_logratio: Vec<f64>,
    #[serde(default = "tenth")]
    beta: f64,
    #[serde(default = "tenth")]
    eps: f64,
}

fn loss(case: &LossCase) -> Result<Losses, PreferenceError> {
    losses(&case.delta_logratio, case.beta, case.eps)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoreCase {
    comparisons: Option<Vec<(u32, u32)>>,
    data: Option<Vec<(u32, u32, Winner)>>,
}

#[derive(Serialize)]
struct ScoreFound {
    rank_centrality: Vec<f64>,
    elo: Vec<f64>,
    page_rank: Vec<f64>,
}

fn scores(case: &ScoreCase) -> Result<ScoreFound, PreferenceError> {
    let columns = columns_of(case.comparisons.as_ref(), case.data.as_ref(), None)?;
    let comparisons = columns.as_comparisons();
    let pairs = Pairs::count(&comparisons)?;
    Ok(ScoreFound {
        rank_centrality: rank_centrality(&pairs)?,
        elo: elo(&comparisons, 1000.0, 4.0)?,
        page_rank: page_rank(&pairs, 0.85)?,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SideCase {
    data: Vec<(u32, u32, Winner)>,
}

fn side(case: &SideCase) -> Result<SideBias, PreferenceError> {
    side_bias(&ended(&case.data).as_comparisons())
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "preference.bradley_terry",
        about: About {
            title: "Strengths from comparisons of pairs, with intervals",
            formula: "P(i beats j) = p_i / (p_i + p_j), largest likelihood, log strengths of mean 0; covariance: pseudo-inverse of the information, or the sandwich over annotators; ties count half",
            defaults: "method newman, alpha 0, weights none, annotators none; `comparisons` (winner, loser) or `data` (left, right, i | j | tie)",
            direction: Direction::Describes,
            blind_spots: "one order must exist: test with preference.intransitivity. Answers of one annotator are alike: give annotators, at least thirty. An item that never lost is an error: use alpha",
            peers: "choix 0.4.1 (mm, ilsr, opt) and evalica 0.4.2 agree; crowd-kit 1.4.2 stops after two iterations whatever the tolerance, its scores are wrong",
            source: "Zermelo 1929; Bradley and Terry 1952; Hunter 2004; Newman 2023; Liang and Zeger 1986",
        },
        example: r#"{"comparisons": [[0, 1], [0, 1], [1, 0], [1, 2], [2, 0], [0, 2]]}"#,
        run: |case| call(case, strength),
    },
    Measure {
        name: "preference.bradley_terry_penalized",
        about: About {
            title: "Strengths that stay finite whatever was compared",
            formula: "log likelihood - penalty sum t^2",
            defaults: "penalty has none",
            direction: Direction::Describes,
            blind_spots: "pulls items with few comparisons to the middle",
            peers: "choix 0.4.1 opt_pairwise(alpha)",
            source: "Caron and Doucet 2012 for the prior's view",
        },
        example: r#"{"comparisons": [[0, 1], [0, 2]], "penalty": 0.5}"#,
        run: |case| call(case, shrunk),
    },
    Measure {
        name: "preference.ties",
        about: About {
            title: "Strengths and how readily a comparison is a tie",
            formula: "davidson: p_i : p_j : nu sqrt(p_i p_j); rao_kupper: P(i) = p_i / (p_i + eta p_j)",
            defaults: "model davidson",
            direction: Direction::Describes,
            blind_spots: "one tie parameter for all annotators and pairs",
            peers: "evalica 0.4.2 newman has v = nu / 2; scipy 1.12.0 maximum likelihood",
            source: "Davidson 1970; Rao and Kupper 1967; Newman 2023; Hunter 2004",
        },
        example: r#"{"data": [[0, 1, "i"], [0, 1, "tie"], [0, 1, "j"], [0, 1, "i"]]}"#,
        run: |case| call(case, tied),
    },
    Measure {
        name: "preference.plackett_luce",
        about: About {
            title: "Strengths from rankings, best first",
            formula: "prod_k p_k / sum_{l >= k} p_l",
            defaults: "none; partial rankings welcome",
            direction: Direction::Describes,
            blind_spots: "choices from the top down: rankings made by throwing out the worst follow another model",
            peers: "choix 0.4.1 mm_rankings, opt_rankings",
            source: "Plackett 1975; Hunter 2004, section 5",
        },
        example: r#"{"rankings": [[0, 1, 2], [1, 0, 2], [2, 0, 1]]}"#,
        run: |case| call(case, ranked),
    },
    Measure {
        name: "preference.crowd",
        about: About {
            title: "Strengths, reliability of each annotator and the weight of each answer",
            formula: "P = eta_k s(d) + (1 - eta_k) s(-d); objective: -log likelihood + penalty sum [ln(1+e^t) + ln(1+e^-t)]; q = eta s(d) / (eta s(d) + (1-eta) s(-d)); flip_rate 1 - mean q",
            defaults: "penalty 0.5, prior Beta(9, 1); prior [1, 1] is maximum likelihood, where a few lucky answers reach 1",
            direction: Direction::Describes,
            blind_spots: "all could be turned around: it starts where most annotators are right. Reliability is one number per annotator whatever the pair",
            peers: "own maximum likelihood by scipy 1.12.0; crowd-kit 1.4.2 NoisyBradleyTerry has a wrong gradient and rewards large scores",
            source: "Chen, Bennett, Collins-Thompson and Horvitz 2013",
        },
        example: r#"{"data": [[0, 0, 1], [0, 1, 2], [1, 1, 0], [1, 2, 0], [2, 0, 1], [2, 0, 2]]}"#,
        run: |case| call(case, crowded),
    },
    Measure {
        name: "preference.intransitivity",
        about: About {
            title: "Do preferences go in circles, and does one order explain them?",
            formula: "circular triples of majorities; d = n(n-1)(2n-1)/12 - sum s^2/2; strongly connected groups; HodgeRank of ln((w+1/2)/(l+1/2)): share of weighted squares left; fit: 2 ln of the ratio of likelihoods against Bradley-Terry, by chi-square and by draws from the fit",
            defaults: "bootstrap none: no fit; with it 1000 resamples, seed 1",
            direction: Direction::Lower,
            blind_spots: "majorities of few comparisons turn by chance: a quarter of triples are circular if all are coins",
            peers: "networkx 3.6.1 strongly connected components, numpy least squares",
            source: "Kendall and Babington Smith 1940; Jiang, Lim, Yao and Ye 2011",
        },
        example: r#"{"wins": [[0, 9, 1], [1, 0, 9], [9, 1, 0]], "bootstrap": {"resamples": 20, "seed": 1}}"#,
        run: |case| call(case, circles),
    },
    Measure {
        name: "preference.losses",
        about: About {
            title: "Losses of preference training under label noise",
            formula: "sigmoid -ln s(beta d); conservative (1-eps) l(+) + eps l(-); robust ((1-eps) l(+) - eps l(-)) / (1 - 2 eps)",
            defaults: "beta 0.1, eps 0.1",
            direction: Direction::Lower,
            blind_spots: "eps is one rate for all pairs: preference.crowd gives it per answer",
            peers: "TRL 1.10 loss_type sigmoid and robust; its sigmoid no longer smooths labels",
            source: "Rafailov and others 2023; Chowdhury, Kini and Natarajan 2024",
        },
        example: r#"{"delta_logratio": [-0.5, 0, 1.5]}"#,
        run: |case| call(case, loss),
    },
    Measure {
        name: "preference.scores",
        about: About {
            title: "Scores of other programs on the same comparisons",
            formula: "rank_centrality: log stationary shares, mean 0; elo: 1000 at first, step 4, in the order of the table; page_rank: damping 0.85, ties half",
            defaults: "none",
            direction: Direction::Describes,
            blind_spots: "no intervals; elo depends on the order of the table",
            peers: "choix 0.4.1 rank_centrality; evalica 0.4.2 elo",
            source: "Negahban, Oh and Shah 2017; Elo 1978; Page, Brin, Motwani and Winograd 1998",
        },
        example: r#"{"data": [[0, 1, "i"], [0, 1, "tie"], [0, 1, "j"], [0, 1, "i"]]}"#,
        run: |case| call(case, scores),
    },
    Measure {
        name: "preference.side_bias",
        about: About {
            title: "Does the side on which an answer is shown decide?",
            formula: "P(left wins) = s(t_l - t_r + b)",
            defaults: "none; `data` is (left, right, i | j | tie)",
            direction: Direction::Lower,
            blind_spots: "sides must have been drawn at random, else the better answers may sit left",
            peers: "BradleyTerry2 (R) has the same term for home advantage",
            source: "Davidson and Beaver 1977",
        },
        example: r#"{"data": [[0, 1, "i"], [1, 0, "i"], [0, 1, "j"], [1, 0, "i"], [0, 1, "i"], [1, 0, "j"]]}"#,
        run: |case| call(case, side),
    },
];
