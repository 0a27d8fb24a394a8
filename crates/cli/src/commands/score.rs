//! `score`: predictions against labels.

use super::resampling;
use crate::render;
use fieldassay_engine::score::{self, Benchmark, Request, Shape};
use std::path::PathBuf;

/// Score predictions against labels by the rules of a benchmark, with the lines it is known for.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("drawn").multiple(true))]
pub(crate) struct Arguments {
    /// Whose rules.
    benchmark: Rules,
    /// Labels: a file, or a folder laid out as the benchmark has it.
    #[arg(value_name = "GT")]
    labels: PathBuf,
    /// Predictions: a file or a folder.
    #[arg(value_name = "PRED")]
    predictions: PathBuf,
    /// Score slices too, one per value of this field of the images, annotations, sequences or table.
    #[arg(long, value_name = "FIELD")]
    by: Option<String>,
    /// Least overlap of a hit (coco, lvis, voc, mot); the benchmark's own when not given.
    #[arg(long, value_name = "X")]
    iou: Option<f64>,
    /// What is compared (coco, lvis); bbox when not given.
    #[arg(long = "type", value_name = "bbox|segm|keypoints")]
    shape: Option<Kind>,
    /// Number of pixels without a class (miou); 255 when not given.
    #[arg(long, value_name = "N")]
    ignore: Option<u32>,
    /// How many classes there are (miou); told by the pixels when not given.
    #[arg(long, value_name = "N")]
    classes: Option<u32>,
    /// Give intervals at 95 % by drawing images or sequences again, 1000 times.
    #[arg(long, group = "drawn")]
    intervals: bool,
    /// The same with so many draws.
    #[arg(long, value_name = "N", group = "drawn")]
    bootstrap: Option<usize>,
    /// Seed of the draws; the same seed gives the same intervals.
    #[arg(long, value_name = "S", default_value_t = 1, requires = "drawn")]
    seed: u64,
    /// Threads; one per core when not given.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

/// The benchmarks by name.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Rules {
    /// COCO: boxes, masks or keypoints; both files in its JSON forms.
    Coco,
    /// LVIS: boxes or masks; both files in its JSON forms.
    Lvis,
    /// Pascal VOC: a folder of XML; `comp4_det_*.txt` or a table.
    Voc,
    /// nuScenes detection: the tables or boxes in the form of a submission; a submission.
    Nuscenes,
    /// KITTI objects: `label_2` and a folder of results.
    Kitti,
    /// Argoverse 2 detection: two tables.
    Av2,
    /// `MOTChallenge` tracking: `gt.txt` and tracks, or folders of them.
    Mot,
    /// Classes of pixels: folders of PNG files or arrays.
    Miou,
}

/// What COCO compares.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    Bbox,
    Segm,
    Keypoints,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let request = Request {
        benchmark: match arguments.benchmark {
            Rules::Coco => Benchmark::Coco,
            Rules::Lvis => Benchmark::Lvis,
            Rules::Voc => Benchmark::Voc,
            Rules::Nuscenes => Benchmark::Nuscenes,
            Rules::Kitti => Benchmark::Kitti,
            Rules::Av2 => Benchmark::Av2,
            Rules::Mot => Benchmark::Mot,
            Rules::Miou => Benchmark::Miou,
        },
        labels: arguments.labels.clone(),
        predictions: arguments.predictions.clone(),
        by: arguments.by.clone(),
        overlap: arguments.iou,
        shape: arguments.shape.map(|kind| match kind {
            Kind::Bbox => Shape::Bbox,
            Kind::Segm => Shape::Segm,
            Kind::Keypoints => Shape::Keypoints,
        }),
        ignored: arguments.ignore,
        classes: arguments.classes,
        bootstrap: resampling(arguments.intervals, arguments.bootstrap, arguments.seed),
        jobs: arguments.jobs,
    };
    let document = score::run(&request)?;
    render::answer(arguments.json, &document, render::score::document)?;
    Ok(crate::exit::DONE)
}
