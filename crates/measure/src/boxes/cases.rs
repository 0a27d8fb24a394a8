//! The measures of this subject by name.

use super::{Bitmap, BoxError, COCO_SIGMAS, Cuboid, Keypoints, Rect, Segmentation};
use crate::registry::{About, Direction, Measure, call};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rects {
    a: Rect,
    b: Rect,
}

#[derive(Serialize)]
struct Overlap {
    iou: f64,
    giou: f64,
}

fn rects(case: &Rects) -> Result<Overlap, BoxError> {
    let (a, b) = (case.a.checked()?, case.b.checked()?);
    // First, since it refuses two boxes without area.
    let giou = a.giou(&b)?;
    Ok(Overlap {
        iou: a.iou(&b),
        giou,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cuboids {
    a: [f64; 7],
    b: [f64; 7],
}

#[derive(Serialize)]
struct CuboidOverlap {
    bev_iou: f64,
    bev_giou: f64,
    iou3d: f64,
    giou3d: f64,
}

fn cuboids(case: &Cuboids) -> Result<CuboidOverlap, BoxError> {
    let a = Cuboid::from_array(case.a).checked()?;
    let b = Cuboid::from_array(case.b).checked()?;
    Ok(CuboidOverlap {
        giou3d: a.giou(&b)?,
        bev_giou: a.footprint.giou(&b.footprint)?,
        bev_iou: a.footprint.iou(&b.footprint),
        iou3d: a.iou(&b),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Masks {
    /// Height and width.
    size: [u32; 2],
    a: Segmentation,
    b: Segmentation,
}

#[derive(Serialize)]
struct MaskOverlap {
    iou: f64,
    a_covered: f64,
    area_a: u64,
    area_b: u64,
    bounds_a: Rect,
    bounds_b: Rect,
    counts_a: String,
    counts_b: String,
}

fn masks(case: &Masks) -> Result<MaskOverlap, BoxError> {
    let (a, b) = (case.a.mask(case.size)?, case.b.mask(case.size)?);
    if a.area() == 0 && b.area() == 0 {
        return Err(BoxError::NoArea);
    }
    Ok(MaskOverlap {
        iou: a.iou(&b)?,
        a_covered: a.covered_by(&b)?,
        area_a: a.area(),
        area_b: b.area(),
        bounds_a: a.bounds(),
        bounds_b: b.bounds(),
        counts_a: a.to_text(),
        counts_b: b.to_text(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Boundaries {
    size: [u32; 2],
    a: Segmentation,
    b: Segmentation,
    #[serde(default = "two_percent")]
    ratio: f64,
}

fn two_percent() -> f64 {
    0.02
}

#[derive(Serialize)]
struct BoundaryOverlap {
    boundary_iou: f64,
    dilation: usize,
    boundary_a: usize,
    boundary_b: usize,
}

fn boundaries(case: &Boundaries) -> Result<BoundaryOverlap, BoxError> {
    let [height, width] = case.size.map(|n| n as usize);
    let dilation = super::boundary_width(height, width, super::finite("ratio", case.ratio)?);
    let edge = |segmentation: &Segmentation| {
        let rows = segmentation.mask(case.size)?.to_rows();
        let pixels = rows.iter().map(|&p| p != 0).collect();
        super::boundary(&Bitmap { width, pixels }, dilation)
    };
    let (a, b) = (edge(&case.a)?, edge(&case.b)?);
    let [both, either] = super::boundary::overlap(&a, &b)?;
    if either == 0 {
        return Err(BoxError::NoArea);
    }
    let count = |edge: &Bitmap| edge.pixels.iter().filter(|&&p| p).count();
    Ok(BoundaryOverlap {
        boundary_iou: both as f64 / either as f64,
        dilation,
        boundary_a: count(&a),
        boundary_b: count(&b),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Skeletons {
    truth: Vec<f64>,
    found: Vec<f64>,
    area: f64,
    #[serde(default)]
    bbox: Rect,
    #[serde(default = "coco_sigmas")]
    sigmas: Vec<f64>,
}

fn coco_sigmas() -> Vec<f64> {
    COCO_SIGMAS.to_vec()
}

#[derive(Serialize)]
struct Similarity {
    oks: f64,
}

fn skeletons(case: &Skeletons) -> Result<Similarity, BoxError> {
    let truth = Keypoints {
        joints: &case.truth,
        area: super::size("area", case.area)?,
        bounds: case.bbox.checked()?,
    };
    let oks = super::oks(&truth, &case.found, &case.sigmas)?;
    Ok(Similarity { oks })
}

pub(crate) static MEASURES: &[Measure] = &[
    Measure {
        name: "boxes.iou",
        about: About {
            title: "How much two boxes along the axes of an image overlap",
            formula: "IoU = |A and B| / |A or B|; GIoU = IoU - (|C| - |A or B|) / |C| with C the smallest box around both; boxes are [x, y, width, height] in pixels",
            defaults: "no pixel is added to a size",
            direction: Direction::Higher,
            blind_spots: "0 for all boxes that do not meet, however far (use GIoU); a shift of two pixels is nothing to a large box and all to a small one",
            peers: "pycocotools 2.0.11 `maskUtils.iou`, to the last bit; Pascal VOC's tools add a pixel to each size",
            source: "Rezatofighi et al. 2019, eq. 1; pycocotools 2.0.11",
        },
        example: r#"{"a": [0, 0, 4, 2], "b": [2, 0, 4, 2]}"#,
        run: |case| call(case, rects),
    },
    Measure {
        name: "boxes.iou_rotated",
        about: About {
            title: "How much two upright boxes overlap, from above and in space",
            formula: "a box is [x, y, z, length, width, height, yaw], z of its center, meters and radians; `bev_iou` over areas of the footprints, `iou3d` over volumes; the enclosing shape of `bev_giou` is the convex hull, that of `giou3d` the hull from the lowest to the highest face",
            defaults: "none",
            direction: Direction::Higher,
            blind_spots: "takes no pitch or roll; a box turned by half a turn is the same box, so a wrong heading costs nothing",
            peers: "shapely 2.2.0 (same to 1e-9); peers with voxel grids (kalos 0.8.0: 128 a side) or float32 kernels differ from 1e-3 on",
            source: "Sutherland and Hodgman 1974 (clipping); Rezatofighi et al. 2019; Pang et al. 2021 (GIoU in space)",
        },
        example: r#"{"a": [0, 0, 0, 2, 2, 2, 0], "b": [0, 0, 0, 2, 2, 2, 0.7853981633974483]}"#,
        run: |case| call(case, cuboids),
    },
    Measure {
        name: "boxes.mask_iou",
        about: About {
            title: "How much two masks overlap",
            formula: "pixels in both over pixels in either; `a_covered` is the share of a inside b, COCO's overlap with a crowd; masks are COCO's polygons or run lengths (compressed or not) on an image of `size` [height, width]",
            defaults: "polygons are drawn as pycocotools draws them: outline on a grid of fifths of a pixel",
            direction: Direction::Higher,
            blind_spots: "large masks hide errors along their outline: see `boxes.boundary_iou`",
            peers: "pycocotools 2.0.11 `frPyObjects`, `merge`, `iou`, `area`, `toBbox`, exactly",
            source: "pycocotools 2.0.11, maskApi",
        },
        example: r#"{"size": [5, 6], "a": [[1, 1, 4, 1, 4, 3, 1, 3]], "b": {"size": [5, 6], "counts": [6, 2, 3, 2, 17]}}"#,
        run: |case| call(case, masks),
    },
    Measure {
        name: "boxes.boundary_iou",
        about: About {
            title: "How much the outlines of two masks overlap",
            formula: "IoU of the pixels of each mask that lie within d of its outside; d = max(1, round(ratio * diagonal of the image)), half to even; beyond the image is outside",
            defaults: "ratio 0.02",
            direction: Direction::Higher,
            blind_spots: "for masks thinner than 2 d it is the ordinary IoU; what is right inside does not count",
            peers: "boundary-iou-api with OpenCV 5.0.0, exactly",
            source: "Cheng et al. 2021, eq. 2",
        },
        example: r#"{"size": [8, 8], "a": [[1, 1, 7, 1, 7, 7, 1, 7]], "b": [[2, 1, 7, 1, 7, 7, 2, 7]]}"#,
        run: |case| call(case, boundaries),
    },
    Measure {
        name: "boxes.oks",
        about: About {
            title: "How close two skeletons are",
            formula: "mean over labeled joints of exp(-d^2 / (2 area (2 sigma)^2)); joints are x, y, visibility in turn, pixels; where no joint is labeled, d is the distance to the box made three times as large",
            defaults: "COCO's 17 sigmas; bbox [0, 0, 0, 0], which only matters where no joint is labeled",
            direction: Direction::Higher,
            blind_spots: "joints that are not labeled are free; visibility of the found joints is not looked at",
            peers: "pycocotools 2.0.11 `computeOks`",
            source: "Ronchi and Perona 2017, eq. 1; pycocotools 2.0.11",
        },
        example: r#"{"truth": [10, 20, 2, 30, 40, 1], "found": [11, 20, 1, 30, 42, 1], "area": 400, "sigmas": [0.05, 0.05]}"#,
        run: |case| call(case, skeletons),
    },
];
