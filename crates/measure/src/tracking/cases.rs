//! The measures of this subject by name.

use super::{
    Alphas, BoxXywh, ClearCounts, Coherence, HotaCounts, IdentityCounts, Observation, Sequence,
    Sighting, TimedPosition, TrackingCounts, TrackingError, TrackingSummary, View, ViewAgreement,
    ViewError, alphas, coherence, distance_in_time, reprojected_iou, tracking_counts,
    tracking_summary, view_agreement,
};
use crate::pose::Pose;
use crate::registry::{About, Direction, Measure, call};
use crate::stats::{Resampling, StatsError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A box of a frame, or its id alone where similarities are given.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Boxed(i64, [f64; 4]),
    Id(i64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameCase {
    gt: Vec<Entry>,
    tr: Vec<Entry>,
    similarity: Option<Vec<Vec<f64>>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BoxForm {
    #[default]
    Xywh,
    Xyxy,
}

fn half() -> f64 {
    0.5
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoresCase {
    #[serde(default)]
    frames: Vec<FrameCase>,
    #[serde(default)]
    sequences: Vec<Vec<FrameCase>>,
    #[serde(default, rename = "box")]
    form: BoxForm,
    #[serde(default = "half")]
    threshold: f64,
    bootstrap: Option<Resampling>,
}

/// Why a case has no scores.
#[derive(Debug, thiserror::Error)]
enum ScoresError {
    #[error(transparent)]
    Tracking(#[from] TrackingError),
    #[error(
        "frame `{frame}` has boxes without coordinates; hint: `[id, [x, y, w, h]]`, or ids alone with `similarity`"
    )]
    NoBoxes { frame: usize },
    #[error("both `frames` and `sequences` are given; hint: one of them")]
    Both,
}

fn id(entry: &Entry) -> i64 {
    match entry {
        Entry::Boxed(id, _) | Entry::Id(id) => *id,
    }
}

fn boxes(entries: &[Entry], form: BoxForm) -> Option<Vec<(i64, BoxXywh)>> {
    let of = |entry: &Entry| match (entry, form) {
        (Entry::Boxed(id, b), BoxForm::Xywh) => Some((*id, *b)),
        (Entry::Boxed(id, [a, b, c, d]), BoxForm::Xyxy) => Some((*id, [*a, *b, c - a, d - b])),
        (Entry::Id(_), _) => None,
    };
    entries.iter().map(of).collect()
}

fn sequence(frames: &[FrameCase], form: BoxForm) -> Result<Sequence, ScoresError> {
    let mut out = Sequence::new();
    for (frame, case) in frames.iter().enumerate() {
        if let Some(similarity) = &case.similarity {
            let ids = |entries: &[Entry]| entries.iter().map(id).collect::<Vec<i64>>();
            let flat: Vec<f64> = similarity.iter().flatten().copied().collect();
            out.push(&ids(&case.gt), &ids(&case.tr), &flat)?;
        } else {
            let of = |entries| boxes(entries, form).ok_or(ScoresError::NoBoxes { frame });
            out.push_boxes(&of(&case.gt)?, &of(&case.tr)?)?;
        }
    }
    Ok(out)
}

#[derive(Serialize)]
struct Scored {
    summary: TrackingSummary,
    #[serde(rename = "HOTA")]
    hota: Value,
    #[serde(rename = "CLEAR")]
    clear: Value,
    #[serde(rename = "Identity")]
    identity: Value,
    motmetrics: Value,
    alphas: Alphas,
}

fn hota_fields(counts: &HotaCounts) -> Value {
    let h = counts.scores();
    let rest = |all: u64| counts.matches.map(|tp| all - tp);
    let (hota, loc) = (h.hota[0], h.loc_a[0]);
    json!({
        "HOTA": h.hota, "DetA": h.deta, "AssA": h.assa, "DetRe": h.det_re, "DetPr": h.det_pr,
        "AssRe": h.ass_re, "AssPr": h.ass_pr, "LocA": h.loc_a, "OWTA": h.owta,
        "HOTA_TP": counts.matches, "HOTA_FN": rest(counts.gt), "HOTA_FP": rest(counts.tracker),
        "HOTA(0)": hota, "LocA(0)": loc, "HOTALocA(0)": hota * loc,
    })
}

fn clear_fields(counts: &ClearCounts) -> Value {
    let c = counts.scores();
    let [most, partly, lost] = c.tracked;
    json!({
        "MOTA": c.mota, "MOTP": c.motp, "MODA": c.moda, "CLR_Re": c.recall, "CLR_Pr": c.precision,
        "MTR": most, "PTR": partly, "MLR": lost, "sMOTA": c.smota, "CLR_F1": c.f1,
        "FP_per_frame": c.false_per_frame, "MOTAL": c.motal, "MOTP_sum": counts.similarity,
        "CLR_TP": counts.matches, "CLR_FN": counts.misses, "CLR_FP": counts.false_boxes,
        "IDSW": counts.switches, "MT": counts.mostly_tracked, "PT": counts.partly_tracked,
        "ML": counts.mostly_lost, "Frag": counts.fragmentations, "CLR_Frames": counts.frames,
    })
}

fn identity_fields(counts: &IdentityCounts) -> Value {
    let i = counts.scores();
    json!({
        "IDF1": i.idf1, "IDR": i.idr, "IDP": i.idp,
        "IDTP": counts.matches, "IDFN": counts.misses, "IDFP": counts.false_boxes,
    })
}

fn motmetrics_fields(counts: &TrackingCounts) -> Value {
    let (m, i) = (&counts.motmetrics, counts.identity.scores());
    let c = m.scores();
    json!({
        "mota": c.mota, "motp": c.motp.map(|p| 1.0 - p), "recall": c.recall, "precision": c.precision,
        "idf1": i.idf1, "idp": i.idp, "idr": i.idr, "num_switches": m.switches,
        "num_false_positives": m.false_boxes, "num_misses": m.misses,
        "num_fragmentations": m.fragmentations, "mostly_tracked": m.mostly_tracked,
        "partially_tracked": m.partly_tracked, "mostly_lost": m.mostly_lost,
    })
}

fn run_scores(case: &ScoresCase) -> Result<Scored, ScoresError> {
    if !case.frames.is_empty() && !case.sequences.is_empty() {
        return Err(ScoresError::Both);
    }
    let one = std::slice::from_ref(&case.frames);
    let all = if case.sequences.is_empty() {
        one
    } else {
        &case.sequences
    };
    let counts = all
        .iter()
        .map(|frames| {
            Ok(tracking_counts(
                &sequence(frames, case.form)?,
                case.threshold,
            )?)
        })
        .collect::<Result<Vec<TrackingCounts>, ScoresError>>()?;
    let total = TrackingCounts::sum(counts.iter());
    Ok(Scored {
        summary: tracking_summary(&counts, case.bootstrap)?,
        hota: hota_fields(&total.hota),
        clear: clear_fields(&total.clear),
        identity: identity_fields(&total.identity),
        motmetrics: motmetrics_fields(&total),
        alphas: alphas(),
    })
}

fn seventy() -> f64 {
    70.0
}

fn twentieth() -> f64 {
    0.05
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CoherenceCase {
    tracks: Vec<Vec<Observation>>,
    #[serde(default = "seventy")]
    most_meters_per_sec: f64,
    #[serde(default = "twentieth")]
    most_jitter_ratio: f64,
}

fn run_coherence(case: &CoherenceCase) -> Result<Coherence, StatsError> {
    coherence(
        &case.tracks,
        case.most_meters_per_sec,
        case.most_jitter_ratio,
    )
}

/// A camera: `x y z qx qy qz qw` of `world_from_camera`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ViewCase {
    world_from_camera: [f64; 7],
    focal_px: [f64; 2],
    center_px: [f64; 2],
    size_px: [f64; 2],
}

impl ViewCase {
    fn view(&self) -> View {
        let [x, y, z, qx, qy, qz, qw] = self.world_from_camera;
        let pose = Pose {
            translation_meters: [x, y, z],
            quat_xyzw: [qx, qy, qz, qw],
        };
        View {
            // What is no pose is refused where it is used.
            world_from_camera: pose.normalized().unwrap_or(pose),
            focal_px: self.focal_px,
            center_px: self.center_px,
            size_px: self.size_px,
        }
    }
}

fn one_degree() -> f64 {
    1.0_f64.to_radians()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ViewsCase {
    views: Vec<ViewCase>,
    points: Vec<Vec<Sighting>>,
    #[serde(default = "one_degree")]
    least_parallax_radians: f64,
}

fn run_views(case: &ViewsCase) -> Result<ViewAgreement, ViewError> {
    let views: Vec<View> = case.views.iter().map(ViewCase::view).collect();
    view_agreement(&views, &case.points, case.least_parallax_radians)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReprojectionCase {
    view: ViewCase,
    corners_meters: [[f64; 3]; 8],
    box_px: [f64; 4],
}

#[derive(Serialize)]
struct Reprojected {
    iou: Option<f64>,
}

fn run_reprojection(case: &ReprojectionCase) -> Result<Reprojected, ViewError> {
    let numbers = case.corners_meters.iter().flatten().chain(&case.box_px);
    if numbers.copied().any(|x| !x.is_finite()) {
        return Err(ViewError::BadNumber {
            what: "point",
            index: 0,
        });
    }
    Ok(Reprojected {
        iou: reprojected_iou(&case.view.view(), &case.corners_meters, case.box_px),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimedCase {
    first: TimedPosition,
    second: TimedPosition,
}

#[derive(Serialize)]
struct Apart {
    distance_meters: f64,
}

fn run_timed(case: &TimedCase) -> Result<Apart, ViewError> {
    let distance_meters = distance_in_time(&case.first, &case.second);
    if distance_meters.is_finite() {
        Ok(Apart { distance_meters })
    } else {
        Err(ViewError::BadNumber {
            what: "point",
            index: 0,
        })
    }
}

pub(crate) static MEASURES: &[Measure] = &[SCORES, COHERENCE, VIEWS, REPROJECTION, TIMED];

const SCORES: Measure = Measure {
    name: "tracking.scores",
    about: About {
        title: "HOTA, CLEAR MOT and identity scores of a tracker against ground truth",
        formula: "HOTA_a = sqrt(DetA_a AssA_a), DetA = TP / (TP + FN + FP), AssA = mean over matches c of TPA / (TPA + FNA + FPA), a = 0.05 to 0.95 by 0.05, one matching per frame by alignment times similarity. MOTA = 1 - (FN + FP + IDSW) / GT, MOTP = mean similarity of matches. IDF1 = 2 IDTP / (2 IDTP + IDFP + IDFN) with ids matched one to one over the sequence. Similarity of boxes: intersection over union",
        defaults: "box xywh|xyxy (xywh), threshold 0.5 (CLEAR and identity), one list of frames or several sequences; entries [id, [box]], or ids with a matrix similarity; bootstrap none, over sequences",
        direction: Direction::Higher,
        blind_spots: "MOTA is mostly detection and hardly sees identities; IDF1 hardly sees detection; HOTA balances both but hides which is at fault: look at DetA and AssA. Frames of one sequence are not independent: one sequence has no interval",
        peers: "TrackEval 1.3.0 (HOTA, CLEAR, Identity); it gives 0 where a ratio has no denominator, here that is null, and forgets the frames of sequences without tracker boxes. py-motmetrics 1.4.0 is kept beside as `motmetrics`: it counts fragmentations otherwise, takes 80 % itself as mostly tracked, and its motp is a distance",
        source: "Luiten et al. 2021; Bernardin and Stiefelhagen 2008; Ristani et al. 2016",
    },
    example: r#"{"frames": [{"gt": [[0, [10, 10, 20, 20]]], "tr": [[7, [11, 10, 20, 20]]]}, {"gt": [[0, [12, 10, 20, 20]]], "tr": [[7, [12, 11, 20, 20]], [8, [90, 90, 5, 5]]]}]}"#,
    run: |case| call(case, run_scores),
};

const COHERENCE: Measure = Measure {
    name: "tracking.coherence",
    about: About {
        title: "Do tracks jump, change size, flip, break or change class?",
        formula: "per track: teleports (more than 3 m beyond constant velocity, or faster than most_meters_per_sec, over steps of at most 1.5 s), size_jitter_ratio (largest std / median of length, width, height), heading flips (more than a right angle between neighboring frames, boxes of at least 2 m), gaps in frames, class changes; shares of tracks with each, Wilson's interval at 95 %",
        defaults: "most_meters_per_sec 70 (vehicles; pedestrians 10, cyclists 25), most_jitter_ratio 0.05 (rigid bodies), category 0",
        direction: Direction::Lower,
        blind_spots: "coherent tracks may be of the wrong object; boxes must be in a frame that does not move; shares take tracks as independent, those of one scene are less so",
        peers: "none that does all; nuScenes takes velocities over at most 1.5 s",
        source: "signals reference, B.12",
    },
    example: r#"{"tracks": [[{"secs": 0, "frame": 0, "center_meters": [0, 0, 0], "yaw_radians": 0, "size_meters": [4.5, 1.9, 1.6]}, {"secs": 0.1, "frame": 1, "center_meters": [1, 0, 0], "yaw_radians": 0, "size_meters": [4.5, 1.9, 1.6]}]]}"#,
    run: |case| call(case, run_coherence),
};

const VIEW_EXAMPLE: &str = r#"{"views": [{"world_from_camera": [0, 0, 0, 0, 0, 0, 1], "focal_px": [800, 800], "center_px": [640, 360], "size_px": [1280, 720]}, {"world_from_camera": [1, 0, 0, 0, 0, 0, 1], "focal_px": [800, 800], "center_px": [640, 360], "size_px": [1280, 720]}], "points": [[{"view": 0, "pixel": [720, 360]}, {"view": 1, "pixel": [640, 360.5]}]]}"#;

const VIEWS: Measure = Measure {
    name: "tracking.view_agreement",
    about: About {
        title: "Do several cameras agree on where points are?",
        formula: "per point the place in space with the least squared distances in pixels; rms_px of those distances; their median over points with its interval by ranks at 95 %",
        defaults: "least_parallax_radians 1 degree; cameras without distortion, z forward, x right, y down",
        direction: Direction::Lower,
        blind_spots: "errors along the ray of both cameras are invisible; points must be of the same moment (see tracking.time_agreement); two views hide errors along the epipolar line",
        peers: "OpenCV triangulatePoints minimizes an algebraic error instead",
        source: "Hartley and Zisserman 2004, chapter 12; signals reference, B.13",
    },
    example: VIEW_EXAMPLE,
    run: |case| call(case, run_views),
};

const REPROJECTION: Measure = Measure {
    name: "tracking.reprojected_iou",
    about: About {
        title: "Does a box in space fall onto its box in the image?",
        formula: "intersection over union of box_px (left, top, width, height) with the rectangle around the eight projected corners, cut to the image; null where a corner is behind the camera or nothing falls into the image",
        defaults: "none; camera without distortion, z forward, x right, y down",
        direction: Direction::Higher,
        blind_spots: "the rectangle around the corners is larger than the visible object, so even right boxes rarely reach 1; occlusion is not known",
        peers: "nuScenes devkit export_2d_annotations_as_json uses the same rectangle",
        source: "signals reference, B.13",
    },
    example: r#"{"view": {"world_from_camera": [0, 0, 0, 0, 0, 0, 1], "focal_px": [800, 800], "center_px": [640, 360], "size_px": [1280, 720]}, "corners_meters": [[-1, -1, 9], [1, -1, 9], [-1, 1, 9], [1, 1, 9], [-1, -1, 11], [1, -1, 11], [-1, 1, 11], [1, 1, 11]], "box_px": [551, 271, 178, 178]}"#,
    run: |case| call(case, run_reprojection),
};

const TIMED: Measure = Measure {
    name: "tracking.time_agreement",
    about: About {
        title: "How far apart two sensors have one object, once the time between them is allowed for",
        formula: "|p2 - (p1 + (v1 + v2) / 2 (t2 - t1))| meters",
        defaults: "none",
        direction: Direction::Lower,
        blind_spots: "a wrong velocity, or a wrong offset between the clocks, reads as distance; acceleration between the two times is ignored",
        peers: "none known",
        source: "signals reference, B.13",
    },
    example: r#"{"first": {"secs": 0, "position_meters": [0, 0, 0], "velocity_meters_per_sec": [28, 0, 0]}, "second": {"secs": 0.05, "position_meters": [1.5, 0, 0], "velocity_meters_per_sec": [28, 0, 0]}}"#,
    run: |case| call(case, run_timed),
};
