//! KITTI 000008: its own extrinsic is the truth.

use fieldassay_measure::calibration::alignment::{
    AlignmentError, CameraModel, Change, GreyView, RingCloud, Scene, SearchOptions, rings_by_order,
};
use fieldassay_measure::pose::Pose;
use fieldassay_testkit::shared_data;
use serde_json::Value;
use std::path::Path;

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    let row = |r: &Value| {
        r.as_array()
            .expect("a row")
            .iter()
            .map(|x| x.as_f64().expect("a number"))
            .collect()
    };
    value
        .as_array()
        .expect("a matrix")
        .iter()
        .map(row)
        .collect()
}

fn points(path: &Path) -> (Vec<[f32; 3]>, Vec<f32>) {
    let bytes = std::fs::read(path).expect("readable");
    let floats: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    floats
        .chunks_exact(4)
        .map(|p| ([p[0], p[1], p[2]], p[3]))
        .unzip()
}

/// Pixels of a PNG as the mean of its channels.
fn grey(path: &Path) -> (usize, usize, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).expect("readable"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG");
    let mut bytes = vec![0; reader.output_buffer_size().expect("small")];
    let info = reader.next_frame(&mut bytes).expect("pixels");
    let channels = info.line_size / info.width as usize;
    let mean = |p: &[u8]| (p.iter().map(|v| usize::from(*v)).sum::<usize>() / channels) as u8;
    let data = bytes[..info.buffer_size()]
        .chunks_exact(channels)
        .map(mean)
        .collect();
    (info.width as usize, info.height as usize, data)
}

#[test]
fn its_own_extrinsic_scores_best_among_perturbations() {
    let Some(folder) = shared_data("kitti_000008") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("000008_calibration_and_boxes.json"))
        .expect("readable");
    let info: Value = serde_json::from_str(&text).expect("JSON");
    let view = &info["data_list"][0]["images"]["CAM2"];
    let (inner, outer) = (matrix(&view["cam2img"]), matrix(&view["lidar2cam"]));
    // The projection has a fourth column: the color camera stands beside the rectified reference camera.
    let beside = [0, 1].map(|i| (inner[i][3] - inner[i][2] * inner[2][3]) / inner[i][i]);
    let rotation = [0, 1, 2].map(|i| [outer[i][0], outer[i][1], outer[i][2]]);
    let claimed = Pose::from_matrix(
        &rotation,
        [
            outer[0][3] + beside[0],
            outer[1][3] + beside[1],
            outer[2][3] + inner[2][3],
        ],
    );
    let (width, height, data) = grey(&folder.join("000008.png"));
    let k = [
        inner[0][0],
        0.0,
        inner[0][2],
        0.0,
        inner[1][1],
        inner[1][2],
        0.0,
        0.0,
        1.0,
    ];
    let camera = CameraModel::new(
        [width, height].map(|side| u32::try_from(side).expect("small")),
        &k,
        "plumb_bob",
        &[],
    )
    .expect("a camera");
    let (points, intensities) = points(&folder.join("000008.bin"));
    // KITTI's files name no ring; the points lie ring by ring.
    let rings = rings_by_order(&points, 0.5);
    let mut scene = Scene::new(&camera, &claimed);
    let image = GreyView {
        width,
        height,
        data: &data,
    };
    let cloud = RingCloud {
        points: &points,
        rings: &rings,
        intensities: &intensities,
    };
    let edges = scene.push(&image, &cloud).expect("a pair");
    assert!(edges > 500, "{edges} depth edges");
    // Two sizes of steps. Of the 728 changes of each, one scores up to 0.8 % higher than the claimed mounting: a shift
    // of 5 to 10 cm without any turn, which a single frame does not resolve. Every turned mounting is worse.
    let claimed_score = scene.edge_score(&Change::default());
    for (degrees, meters) in [(0.5_f64, 0.05), (1.0, 0.1)] {
        let share = scene.share_worse(degrees.to_radians(), meters);
        assert_eq!(share.tried, 728);
        assert!(share.worse >= 727, "{degrees} degrees: {share:?}");
        for index in (0..729_u32).filter(|index| index % 27 != 13) {
            let digit = |place: u32| f64::from(index / 3_u32.pow(place) % 3) - 1.0;
            let change = Change {
                rotation_radians: [0, 1, 2].map(|i| degrees.to_radians() * digit(i)),
                translation_meters: [3, 4, 5].map(|i| meters * digit(i)),
            };
            let score = scene.edge_score(&change);
            assert!(score < claimed_score, "{change:?}: {score}");
        }
    }
    // Turned by a degree about any axis, the mounting is far from the best.
    for axis in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]] {
        for degrees in [-1.0_f64, 1.0] {
            let rotation_radians = axis.map(|a: f64| a * degrees.to_radians());
            let change = Change {
                rotation_radians,
                ..Change::default()
            };
            assert!(scene.edge_score(&change) < scene.edge_score(&Change::default()));
        }
    }
    // Intensity says little about brightness under leaves, but something.
    let nid = scene.nid(&Change::default()).expect("intensities");
    assert!(nid > 0.9 && nid < 0.99, "{nid}");
    // One frame is too little to measure degrees.
    let refused = scene.decalibration(&SearchOptions::default());
    assert!(
        matches!(refused, Err(AlignmentError::FewEdges { frames: 1, .. })),
        "{refused:?}"
    );
}
