//! Documentation and example of each measure.

use super::{
    run_align, run_ape, run_associate, run_consistency, run_kitti, run_loops, run_relative,
    run_rpe, run_scale,
};
use crate::registry::{About, Direction, Measure, call};

const ASSOCIATION: &str = "association: max_diff_secs 0.01, offset_secs 0 (added to the estimate), interpolate false, float_seconds false (true compares seconds as f64, as evo does), stamps strict (refuses unsorted ones, and repeated ones that a pair would use; as_they_are takes both, as evo does); prepare: start_secs and end_secs (of the reference), downsample, motion_filter {meters, radians}, plane xy|xz|yz, none by default; alignment: motion none|se3|yaw|origin (none), scale false, first (all pairs); relation translation_part; bootstrap none";

pub(crate) static MEASURES: &[Measure] = &[
    ASSOCIATE,
    ALIGN,
    APE,
    RPE,
    KITTI,
    RELATIVE,
    SCALE,
    LOOPS,
    CONSISTENCY,
];

const ASSOCIATE: Measure = Measure {
    name: "trajectory.associate",
    about: About {
        title: "Which poses of two paths belong together",
        formula: "for each stamp of the path with fewer poses the nearest stamp of the other one, where |dt| <= max_diff_secs; of two equally near the earlier",
        defaults: "association: max_diff_secs 0.01, offset_secs 0 (added to the estimate), float_seconds false, stamps strict|as_they_are (strict)",
        direction: Direction::Describes,
        blind_spots: "a constant offset between the clocks below max_diff_secs goes unseen and reads as an error of the path; a pose of the denser path may serve several pairs",
        peers: "evo 1.38.1 sync nearest_time, which lets unsorted stamps pass; TUM associate.py pairs greedily by |dt|, each pose once",
        source: "evo 1.38.1, observed",
    },
    example: r#"{"reference_secs": [0, 0.1, 0.2, 0.3], "estimate_secs": [0.102, 0.199]}"#,
    run: |case| call(case, run_associate),
};

const ALIGN: Measure = Measure {
    name: "trajectory.align",
    about: About {
        title: "The motion and scale that bring an estimate nearest to its reference",
        formula: "se3: R, t (and c with scale) minimizing sum |y - (c R x + t)|^2; yaw: R about z; origin: first pose onto first pose; scale alone: positions times c of Sim(3). rmse is what is left, meters",
        defaults: ASSOCIATION,
        direction: Direction::Describes,
        blind_spots: "fitted to the errors it is meant to show: alignment hides a constant error, and scale hides a wrong one. Paths on a line or in one place do not determine a rotation and are refused",
        peers: "evo 1.38.1 -a, -s, -as, --align_origin, --n_to_align; rpg_trajectory_evaluation posyaw",
        source: "Umeyama 1991, equations 34 to 43; Zhang and Scaramuzza 2018",
    },
    example: r#"{"reference": [[0, 0, 0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 0, 1], [2, 1, 1, 0, 0, 0, 0, 1]], "estimate": [[0, 5, 0, 0, 0, 0, 0, 1], [1, 5, 1, 0, 0, 0, 0, 1], [2, 4, 1, 0, 0, 0, 0, 1]], "alignment": {"motion": "se3"}}"#,
    run: |case| call(case, run_align),
};

const APE: Measure = Measure {
    name: "trajectory.ape",
    about: About {
        title: "Absolute pose error: how far an estimated path is from its reference",
        formula: "E = P_est^-1 P_ref of each pair after the alignment; translation_part |t_E| m, rotation_angle_rad and _deg |log R_E|, rotation_part |R_E - I|_F, full_transformation |E - I|_F, point_distance |p_est - p_ref| m; rmse, mean, median, std (over n), min, max, sse of them",
        defaults: ASSOCIATION,
        direction: Direction::Lower,
        blind_spots: "one number for a whole path: an early turn moves everything after it; grows with the length of the path; the alignment hides constant errors, so it is part of the result. Errors of neighbors are alike: intervals come from blocks (block_length pairs, Politis and White) and hold given the alignment; none where fewer than eight blocks fit, and too short with fewer than about fifty: they then held the truth in 82 to 90 of 100 simulated paths",
        peers: "evo 1.38.1 evo_ape, all relations and alignments; evo takes repeated and unsorted stamps as they are; here unsorted ones, and repeated ones that a pair would use, are refused unless asked for, and `repeated` counts those left out (the ground truth of TUM fr2/desk has one)",
        source: "Sturm et al. 2012; Politis and Romano 1992 for the intervals",
    },
    example: r#"{"reference": [[0, 0, 0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 0, 1], [2, 1, 1, 0, 0, 0, 0, 1]], "estimate": [[0, 0, 0.1, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 0, 1], [2, 1, 1.2, 0, 0, 0, 0, 1]]}"#,
    run: |case| call(case, run_ape),
};

const RPE: Measure = Measure {
    name: "trajectory.rpe",
    about: About {
        title: "Relative pose error: how far single steps of an estimated path are from those of its reference",
        formula: "E = (Q_i^-1 Q_j)^-1 (P_i^-1 P_j), Q reference, P estimate, for steps (i, j): frames (0, d), (d, 2d), …; meters and angles added up until they reach delta; seconds the nearest stamp. all_pairs: every (i, i + d); for every i the nearest j in meters or seconds within rel_tol delta; every two poses whose rotations differ by delta within rel_tol delta. point_distance ||dq| - |dp||, point_distance_error_ratio that in percent of |dq|",
        defaults: "delta 1, unit frames|meters|degrees|radians|seconds (frames), all_pairs false, rel_tol 0.1, pairs_from_reference false, from_first_cut false (true begins consecutive pairs in meters where the first step ends, as evo up to 1.36); as trajectory.ape otherwise",
        direction: Direction::Lower,
        blind_spots: "single steps say little about where the path ends up; noise of the reference counts in full over short steps; all pairs overlap, so they hold much less evidence than their number, and intervals of paths of few blocks are too short, as those of trajectory.ape; with steps along the estimate a wrong scale changes which pairs are compared",
        peers: "evo 1.38.1 evo_rpe, all units but seconds, which it has not; numbers that older evo published over meters need from_first_cut; TUM evaluate_rpe.py has seconds but draws pairs at random unless told otherwise",
        source: "Sturm et al. 2012; evo 1.38.1, observed",
    },
    example: r#"{"reference": [[0, 0, 0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 0, 1], [2, 1, 1, 0, 0, 0, 0, 1]], "estimate": [[0, 0, 0.1, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 0, 1], [2, 1, 1.2, 0, 0, 0, 0, 1]], "delta": 1, "unit": "seconds"}"#,
    run: |case| call(case, run_rpe),
};

const KITTI: Measure = Measure {
    name: "trajectory.kitti",
    about: About {
        title: "KITTI odometry errors: drift over segments of fixed length",
        formula: "from every 10th frame to the first one farther than each length along the reference: E = (P_f^-1 P_l)^-1 (Q_f^-1 Q_l); |t_E| / length and angle / length (rad/m), mean over all segments",
        defaults: "lengths_meters 100 to 800 by 100, step 10, float32 false (true holds distances and angles in 32 bits as the devkit does), period_secs 0.1, association as trajectory.ape for rows with stamps, else frame by frame; bootstrap none",
        direction: Direction::Lower,
        blind_spots: "long segments overlap almost entirely, so 2,000 of them are a handful of independent ones: most intervals cannot be given. Short lengths weigh more, as more segments fit",
        peers: "KITTI devkit evaluate_odometry; with float32 its rounding too",
        source: "Geiger, Lenz and Urtasun 2012; devkit of the odometry benchmark",
    },
    example: r#"{"reference": [[0, 0, 0, 0, 0, 0, 1], [60, 0, 0, 0, 0, 0, 1], [120, 0, 0, 0, 0, 0, 1]], "estimate": [[0, 0, 0, 0, 0, 0, 1], [61, 0, 0, 0, 0, 0, 1], [122, 1, 0, 0, 0, 0, 1]], "step": 1}"#,
    run: |case| call(case, run_kitti),
};

const RELATIVE: Measure = Measure {
    name: "trajectory.relative_errors",
    about: About {
        title: "Relative errors by distance covered, yaw and tilt apart",
        formula: "for every pose and the one nearest to length_meters further along the reference: E = (Q_i^-1 Q_j)^-1 (P_i^-1 P_j), turned into the world by R of P_j; |t_E| / length, |yaw|, sqrt(pitch^2 + roll^2), ||dp| / |dq| - 1|",
        defaults: "lengths_meters required (10 to 50 % of the path are common), rel_tol 0.2, alignment and association as trajectory.ape; bootstrap none",
        direction: Direction::Lower,
        blind_spots: "yaw and tilt mean the vertical only if the estimate is aligned with it: use alignment yaw or se3; overlapping stretches as with RPE: of paths of 200 poses 88 to 90 in 100 intervals held the truth",
        peers: "rpg_trajectory_evaluation (not run here); percentages there are ratios here",
        source: "Zhang and Scaramuzza 2018, IV.B",
    },
    example: r#"{"reference": [[0, 0, 0, 0, 0, 0, 1], [10, 0, 0, 0, 0, 0, 1], [20, 0, 0, 0, 0, 0, 1]], "estimate": [[0, 0, 0, 0, 0, 0, 1], [10, 0.1, 0, 0, 0, 0, 1], [20.3, 0, 0, 0, 0, 0, 1]], "lengths_meters": [10]}"#,
    run: |case| call(case, run_relative),
};

const SCALE: Measure = Measure {
    name: "trajectory.scale_drift",
    about: About {
        title: "How the scale of an estimate changes along the path",
        formula: "s_k = |dp| / |dq| over consecutive stretches of length_meters along the reference; slope of ln s over meters by least squares with Student's interval at 95 %",
        defaults: "length_meters required; association as trajectory.ape",
        direction: Direction::Describes,
        blind_spots: "a drift that comes and goes has no slope: look at the scales; noise of the estimate lengthens short stretches and reads as scale",
        peers: "none known that gives an interval",
        source: "Strasdat, Montiel and Davison 2010 for the effect; least squares",
    },
    example: r#"{"reference": [[0, 0, 0, 0, 0, 0, 1], [10, 0, 0, 0, 0, 0, 1], [20, 0, 0, 0, 0, 0, 1], [30, 0, 0, 0, 0, 0, 1]], "estimate": [[0, 0, 0, 0, 0, 0, 1], [10, 0, 0, 0, 0, 0, 1], [20.2, 0, 0, 0, 0, 0, 1], [30.5, 0, 0, 0, 0, 0, 1]], "length_meters": 10}"#,
    run: |case| call(case, run_scale),
};

const LOOP_EXAMPLE: &str = r#"{"path": [[0, 0, 0, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 1], [0.1, 0, 0, 0, 0, 0, 1]], "loops": [{"from": 0, "to": 3, "measured": [0, 0, 0, 0, 0, 0, 1]}, {"from": 1, "to": 2, "measured": [0, 1, 0, 0, 0, 0, 1]}], "translation_sigma_meters": 0.05, "rotation_sigma_radians": 0.01}"#;

const LOOPS: Measure = Measure {
    name: "trajectory.loop_residual",
    about: About {
        title: "How far loop closures are from the path",
        formula: "e = log(Z^-1 T_from^-1 T_to) in SE(3); squared_distance sum of e_k^2 / (sigma^2 + (drift x meters between)^2); p_value its tail of chi-squared with 6 degrees of freedom",
        defaults: "translation_sigma_meters and rotation_sigma_radians required; drift_meters_per_meter 0, drift_radians_per_meter 0",
        direction: Direction::Lower,
        blind_spots: "a path already optimized with these closures agrees with all of them, wrong ones too; sigmas are taken as given and the same along every axis",
        peers: "g2o and GTSAM compute the same residual inside their optimizers",
        source: "Grisetti et al. 2010, equations 4 and 5",
    },
    example: LOOP_EXAMPLE,
    run: |case| call(case, run_loops),
};

const CONSISTENCY: Measure = Measure {
    name: "trajectory.pairwise_consistency",
    about: About {
        title: "The largest set of loop closures that agree with one another",
        formula: "two closures agree where log(Z_a^-1 T_ik Z_b T_lj) has a p-value (chi-squared, 6 degrees of freedom) of at least least_p; the largest set of which every two agree, by branch and bound",
        defaults: "least_p 0.01; the others as trajectory.loop_residual",
        direction: Direction::Higher,
        blind_spots: "wrong closures that agree among themselves (repeating corridors) win if they are many; drift of the path must be given, or closures far apart seem to disagree; is_largest false says the search was cut short",
        peers: "PCM of Mangelson et al. finds the set by the heuristic of Pattabiraman; here the search is exact up to 200,000 nodes",
        source: "Mangelson et al. 2018; Tomita and Seki 2003",
    },
    example: LOOP_EXAMPLE,
    run: |case| call(case, run_consistency),
};
