//! Agreement on objects.

use crate::aggregation::{Code, Names};
use crate::agreement::{
    AgreementError, Disagreement, Marked, ObjectOptions, Scene, Shape, disagreement,
    location_agreement, object_agreement, threshold,
};
use crate::boxes::{Cuboid, Rect, Segmentation};
use crate::registry::{About, Direction, Measure, call};
use crate::stats::Resampling;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectCase {
    annotator: Code,
    category: Code,
    #[serde(default)]
    bbox: Option<Rect>,
    #[serde(default)]
    box3d: Option<[f64; 7]>,
    #[serde(default)]
    mask: Option<Segmentation>,
    #[serde(default)]
    keypoints: Option<Vec<f64>>,
    #[serde(default)]
    span: Option<[f64; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageCase {
    annotators: Vec<Code>,
    objects: Vec<ObjectCase>,
    /// Height and width, for masks and keypoints.
    #[serde(default)]
    size: [u32; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectsCase {
    images: Vec<ImageCase>,
    #[serde(default)]
    options: ObjectOptions,
    #[serde(default)]
    bootstrap: Option<Resampling>,
}

/// Scenes with the names of annotators and categories.
struct Named {
    scenes: Vec<Scene>,
    annotators: Names,
    categories: Names,
}

fn shape(object: &ObjectCase, size: [u32; 2], at: usize) -> Result<Shape, AgreementError> {
    if let Some(bbox) = object.bbox {
        return Ok(Shape::Rect(bbox.checked()?));
    }
    if let Some(array) = object.box3d {
        return Ok(Shape::Cuboid(Cuboid::from_array(array).checked()?));
    }
    if let Some(mask) = &object.mask {
        return Ok(Shape::Mask(mask.mask(size)?));
    }
    if let Some(joints) = &object.keypoints {
        let size = [f64::from(size[1]), f64::from(size[0])];
        if joints.len() % 3 != 0 || size.contains(&0.0) {
            let (found, expected) = (joints.len(), joints.len().next_multiple_of(3).max(3));
            return Err(AgreementError::Length {
                what: "keypoints (with the image's size)",
                found,
                expected,
            });
        }
        return Ok(Shape::Points {
            joints: joints.clone(),
            size,
        });
    }
    match object.span {
        Some([start_secs, end_secs]) if start_secs <= end_secs => Ok(Shape::Span {
            start_secs,
            end_secs,
        }),
        Some([start, end]) => Err(AgreementError::BadValue {
            value: end - start,
            expected: "a span must not end before it starts",
        }),
        None => Err(AgreementError::Shapes { a: at, b: at }),
    }
}

fn named(images: &[ImageCase]) -> Result<Named, AgreementError> {
    let annotators = Names::of(images.iter().flat_map(|i| &i.annotators));
    let categories = Names::of(
        images
            .iter()
            .flat_map(|i| i.objects.iter().map(|o| &o.category)),
    );
    let mut scenes = Vec::with_capacity(images.len());
    for image in images {
        let mut scene = Scene::default();
        scene
            .annotators
            .extend(image.annotators.iter().filter_map(|a| annotators.code(a)));
        for (at, object) in image.objects.iter().enumerate() {
            let by = image.annotators.iter().position(|a| *a == object.annotator);
            scene.objects.push(Marked {
                by: by.unwrap_or(image.annotators.len()),
                category: categories.code(&object.category).unwrap_or(0),
                shape: shape(object, image.size, at)?,
            });
        }
        scenes.push(scene);
    }
    Ok(Named {
        scenes,
        annotators,
        categories,
    })
}

fn objects(case: &ObjectsCase) -> Result<Value, AgreementError> {
    let named = named(&case.images)?;
    let found = object_agreement(&named.scenes, case.options, case.bootstrap)?;
    let who = |code: u32| named.annotators.0[code as usize].to_string();
    let what = |code: u32| named.categories.0[code as usize].to_string();
    let table = |list: Vec<(String, f64)>| -> Map<String, Value> {
        list.into_iter().map(|(name, x)| (name, json!(x))).collect()
    };
    let pairs: Vec<Value> = found
        .pairs
        .iter()
        .map(|(a, b, x)| json!({"a": who(*a), "b": who(*b), "alpha": x}))
        .collect();
    let location = location_agreement(&named.scenes, &found.clusters, case.bootstrap).ok();
    Ok(json!({
        "global": found.global, "mean": found.mean, "images": found.images,
        "clusters": found.clusters.iter().map(|c| &c.clusters).collect::<Vec<_>>(),
        "objective": found.clusters.iter().map(|c| c.objective).sum::<f64>(),
        "vitality": table(found.vitality.iter().map(|(a, x)| (who(*a), *x)).collect()),
        "categories": table(found.categories.iter().map(|(c, x)| (what(*c), *x)).collect()),
        "pairs": pairs,
        "location": location.map(|l| json!({
            "iou": l.iou, "center": l.center, "center_95": l.center_95, "size_ratio": l.size_ratio,
            "yaw_radians": l.yaw_radians, "flipped": l.flipped, "pairs": l.pairs,
        })),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThresholdCase {
    #[serde(default)]
    images: Vec<ImageCase>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    d_o: Vec<f64>,
    #[serde(default)]
    d_e: Vec<f64>,
}

fn least(case: &ThresholdCase) -> Result<Value, AgreementError> {
    let found = if case.images.is_empty() {
        Disagreement {
            observed: case.d_o.clone(),
            by_chance: case.d_e.clone(),
        }
    } else {
        disagreement(&named(&case.images)?.scenes, case.seed)?
    };
    let chosen = threshold(&found)?;
    Ok(json!({
        "tau_star": chosen.distance, "least_similarity": 1.0 - chosen.distance, "ks": chosen.ks,
        "d_o": found.observed, "d_e": found.by_chance,
    }))
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "agreement.objects",
        about: About {
            title: "How much annotators agree on which objects there are and what they are",
            formula: "marks of different annotators at least `threshold` similar are put into clusters with at most one mark of each; alpha (nominal) of categories over clusters, where an annotator who drew nothing says so; global over all images, mean over images' own; vitality = alpha - alpha without the annotator; similarity is IoU of bbox [x, y, width, height], box3d [x, y, z, length, width, height, yaw], mask or span [start, end], and 1 - mean distance of keypoints",
            defaults: "options {matching: greedy | shm | best, cost: negative_score | category_lenient, threshold: 0.5}; an image all left empty has alpha 1; `bootstrap` draws images again; location gives medians over pairs of marks of the same object",
            direction: Direction::Higher,
            blind_spots: "the threshold decides what is the same object: see agreement.objects_threshold; alpha does not see how exactly boxes are placed: see location",
            peers: "kalos 0.8.0; it compares boxes in space on a grid of 128 a side, this one exactly, and its shm visits annotators in an order that changes from run to run",
            source: "Tschirschwitz et al., CVPR 2026 (arXiv 2603.27197)",
        },
        example: r#"{"images": [{"annotators": ["ann", "bob"], "objects": [{"annotator": "ann", "category": "car", "bbox": [0, 0, 10, 10]}, {"annotator": "bob", "category": "car", "bbox": [1, 0, 10, 10]}, {"annotator": "ann", "category": "van", "bbox": [50, 0, 10, 10]}]}]}"#,
        run: |case| call(case, objects),
    },
    Measure {
        name: "agreement.objects_threshold",
        about: About {
            title: "From which similarity on two marks mean the same object",
            formula: "distances (1 - similarity) of every mark to the nearest of each other annotator of its image (d_o), and of a random annotator of another image (d_e); tau_star is where the density of d_o falls below that of d_e; ks is the largest gap of their distributions",
            defaults: "seed 0; densities by normal kernels of Scott's width on 1000 points; from images or from d_o and d_e",
            direction: Direction::Describes,
            blind_spots: "where objects stand in the same places in all images, chance is too similar; a low ks says that the similarity cannot tell objects apart",
            peers: "kalos 0.8.0 with scipy's gaussian_kde",
            source: "Tschirschwitz et al., CVPR 2026",
        },
        example: r#"{"d_o": [0.1, 0.2, 0.15, 0.3, 0.1], "d_e": [0.9, 1, 0.8, 0.95, 1]}"#,
        run: |case| call(case, least),
    },
];
