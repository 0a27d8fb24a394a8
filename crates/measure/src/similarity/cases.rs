//! The measures of this subject by name.

use super::{Point, SimilarityError, displacement, dtw, edr, frechet, hausdorff, lcss};
use crate::registry::{About, Direction, Measure, call};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathsCase {
    #[serde(rename = "A")]
    a: Vec<Vec<f64>>,
    #[serde(rename = "B")]
    b: Vec<Vec<f64>>,
    eps: f64,
    window: Option<usize>,
}

#[derive(Serialize)]
struct PathsFound {
    dtw: f64,
    #[serde(flatten)]
    banded: serde_json::Map<String, serde_json::Value>,
    discrete_frechet: f64,
    hausdorff: f64,
    lcss_ratio: f64,
    edr: f64,
    ade_prefix: f64,
    fde_prefix: f64,
    n: usize,
}

/// Points in space; those in the plane lie at height 0, which changes no distance.
fn points(
    path: &'static str,
    rows: &[Vec<f64>],
    dimension: usize,
) -> Result<Vec<Point<3>>, SimilarityError> {
    rows.iter()
        .enumerate()
        .map(|(index, row)| match row.as_slice() {
            [x, y] if dimension == 2 => Ok([*x, *y, 0.0]),
            [x, y, z] if dimension == 3 => Ok([*x, *y, *z]),
            other => Err(SimilarityError::Dimension {
                path,
                index,
                seen: other.len(),
            }),
        })
        .collect()
}

fn compare(case: &PathsCase) -> Result<PathsFound, SimilarityError> {
    let dimension = case.a.first().map_or(2, Vec::len);
    let (a, b) = (
        points("A", &case.a, dimension)?,
        points("B", &case.b, dimension)?,
    );
    let matched = displacement(&a, &b)?;
    let mut banded = serde_json::Map::new();
    if let Some(window) = case.window {
        let value = dtw(&a, &b, Some(window))?;
        banded.insert(format!("dtw_window{window}"), value.into());
    }
    Ok(PathsFound {
        dtw: dtw(&a, &b, None)?,
        banded,
        discrete_frechet: frechet(&a, &b)?,
        hausdorff: hausdorff(&a, &b)?,
        lcss_ratio: lcss(&a, &b, case.eps)?,
        edr: edr(&a, &b, case.eps)?,
        ade_prefix: matched.average_meters,
        fde_prefix: matched.final_meters,
        n: matched.n,
    })
}

pub(crate) static MEASURES: &[Measure] = &[Measure {
    name: "similarity.paths",
    about: About {
        title: "How alike two paths are, by seven distances",
        formula: "Euclidean distance of points, meters. dtw: least sum over matchings in order; dtw_windowW: indices differ by at most W, or by the difference of lengths; discrete_frechet: least longest leash; hausdorff: largest distance to the nearest point; lcss_ratio: longest common subsequence within eps over the shorter length; edr: edits, points within eps being equal; ade_prefix, fde_prefix: mean and last distance by index over the shorter path",
        defaults: "window none: no dtw_windowW",
        direction: Direction::Lower,
        blind_spots: "dtw grows with the number of points; frechet and hausdorff are ruled by one outlier; hausdorff and the others know no time; eps decides lcss and edr; lcss_ratio alone is better when higher",
        peers: "scipy 1.17.1 directed_hausdorff, the larger of both directions",
        source: "Sakoe and Chiba 1978; Eiter and Mannila 1994; Vlachos, Kollios and Gunopulos 2002; Chen, Ozsu and Oria 2005",
    },
    example: r#"{"A": [[0, 0], [1, 0], [2, 0]], "B": [[0, 0.1], [1, 0.2], [2, 0.4]], "eps": 0.25, "window": 1}"#,
    run: |case| call(case, compare),
}];
