//! One data set of boxes in six forms: every reader must see the same boxes.

use fieldassay_formats::labels::content::{Content, Shape};
use fieldassay_formats::labels::voc::Corners;
use fieldassay_formats::labels::{coco, cvat, open_images, voc, yolo};
use fieldassay_formats::table;
use fieldassay_testkit::shared_data;
use std::collections::BTreeMap;
use std::path::Path;

/// Class and corners of the boxes of each image, sorted; images by their name without its ending.
type Boxes = BTreeMap<String, Vec<(String, [f64; 4])>>;

fn boxes(content: &Content) -> Boxes {
    let mut out = Boxes::new();
    let name = |at: usize| voc::stem(&content.items[at].name).to_owned();
    for at in 0..content.items.len() {
        out.entry(name(at)).or_default();
    }
    for label in &content.labels {
        if let Shape::Box2 { corners_px, .. } = label.shape {
            let image = name(label.item.expect("an image"));
            let row = (label.category.clone(), corners_px);
            out.entry(image).or_default().push(row);
        }
    }
    for rows in out.values_mut() {
        rows.sort_by(|a, b| {
            let corners =
                a.1.iter()
                    .zip(&b.1)
                    .map(|(a, b)| a.round().total_cmp(&b.round()));
            a.0.cmp(&b.0)
                .then_with(|| corners.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then))
        });
    }
    out
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a file")
}

/// Files of a folder, by name.
fn folder(path: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(path).expect("a folder");
    let mut out: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), read(&path))
        })
        .collect();
    out.sort();
    out
}

fn near(found: &Boxes, expected: &Boxes, tolerance: f64) {
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    for (image, rows) in expected {
        let seen = &found[image];
        assert_eq!(seen.len(), rows.len(), "{image}");
        for (seen, row) in seen.iter().zip(rows) {
            assert_eq!(seen.0, row.0, "{image}");
            for (seen, edge) in seen.1.iter().zip(row.1) {
                assert!((seen - edge).abs() <= tolerance, "{image}: {seen} {edge}");
            }
        }
    }
}

#[test]
fn every_form_gives_the_same_boxes() {
    let Some(root) = shared_data("voc_gt_formats/gts") else {
        return;
    };
    let bytes = read(&root.join("cvat_format/annotations.xml"));
    let of_cvat = cvat::content("annotations.xml", &bytes).expect("CVAT");
    let expected = boxes(&of_cvat);
    let count = |boxes: &Boxes| boxes.values().map(Vec::len).sum::<usize>();
    // Counted with Python's xml.etree.
    assert_eq!((expected.len(), count(&expected)), (100, 273));
    let sizes: BTreeMap<&str, [f64; 2]> = of_cvat
        .items
        .iter()
        .map(|item| (voc::stem(&item.name), item.size_px.expect("a size")))
        .collect();

    let mut of_voc = [Corners::Edges, Corners::Pixels].map(|_| Content::default());
    for (name, bytes) in folder(&root.join("pascalvoc_format")) {
        for (all, corners) in of_voc.iter_mut().zip([Corners::Edges, Corners::Pixels]) {
            all.append(voc::content(&name, &bytes, corners).expect("VOC"));
        }
    }
    let [edges, pixels] = of_voc.each_ref().map(boxes);
    assert_eq!(edges, expected);
    for item in &of_voc[0].items {
        assert_eq!(item.size_px, Some(sizes[voc::stem(&item.name)]));
    }
    let moved = |rows: &Vec<(String, [f64; 4])>| {
        let moved = |(class, [left, top, right, bottom]): &(String, [f64; 4])| {
            (class.clone(), [left - 1.0, top - 1.0, *right, *bottom])
        };
        rows.iter().map(moved).collect::<Vec<_>>()
    };
    let as_devkit: Boxes = (expected
        .iter()
        .map(|(image, rows)| (image.clone(), moved(rows))))
    .collect();
    assert_eq!(pixels, as_devkit);

    let bytes = read(&root.join("coco_format_v1/instances_default.json"));
    let of_coco = coco::content("instances_default.json", &bytes).expect("COCO");
    assert_eq!(boxes(&of_coco), expected);
    let bytes = read(&root.join("coco_format_v2/instances_v2.json"));
    let of_coco = coco::content("instances_v2.json", &bytes).expect("COCO");
    assert_eq!(count(&boxes(&of_coco)), 273);

    let names =
        yolo::names("obj.names", &read(&root.join("yolo_format/obj.names"))).expect("names");
    let mut of_yolo = Content::default();
    for (name, bytes) in folder(&root.join("yolo_format/obj_train_data")) {
        let image = voc::stem(&name);
        let about = yolo::About {
            image,
            size_px: sizes[image],
            names: Some(&names),
            ..yolo::About::default()
        };
        of_yolo.append(yolo::content(&name, &bytes, &about).expect("YOLO"));
    }
    near(&boxes(&of_yolo), &expected, 0.5);

    let bytes = read(&root.join("openimages_format/all_bounding_boxes.csv"));
    let table = table::read("all_bounding_boxes.csv", &bytes).expect("a table");
    let size_of = |image: &str| sizes.get(voc::stem(image)).copied();
    let of_open_images = open_images::content(&table, &BTreeMap::new(), &size_of);
    near(
        &boxes(&of_open_images.expect("Open Images")),
        &expected,
        0.5,
    );
}

/// Detections of one detector with relative centers and with COCO's corners.
#[test]
fn detections_agree_too() {
    let Some(root) = shared_data("voc_gt_formats") else {
        return;
    };
    let names =
        yolo::names("obj.names", &read(&root.join("gts/yolo_format/obj.names"))).expect("names");
    let mut count = 0;
    for (name, bytes) in folder(&root.join("dets/rel_xywh")) {
        let image = voc::stem(&name);
        let xml = format!("gts/pascalvoc_format/{image}.xml");
        let truth = voc::content(&xml, &read(&root.join(&xml)), Corners::Edges).expect("VOC");
        let about = yolo::About {
            image,
            size_px: truth.items[0].size_px.expect("a size"),
            names: Some(&names),
            confidence: yolo::Confidence::Second,
        };
        let found = yolo::content(&name, &bytes, &about).expect("detections");
        let absolute = read(&root.join("dets/abs_xyx2y2").join(&name));
        let absolute = String::from_utf8(absolute).expect("text");
        let rows: Vec<Vec<f64>> = absolute
            .lines()
            .map(|line| {
                line.split_whitespace()
                    .map(|cell| cell.parse().expect("a number"))
                    .collect()
            })
            .collect();
        assert_eq!(found.labels.len(), rows.len(), "{name}");
        for (label, row) in found.labels.iter().zip(&rows) {
            let Shape::Box2 { corners_px, .. } = label.shape else {
                panic!("a box")
            };
            assert_eq!(label.score, Some(row[1]), "{name}");
            for (found, expected) in corners_px.iter().zip(&row[2..]) {
                assert!(
                    (found - expected).abs() <= 0.5,
                    "{name}: {found} {expected}"
                );
            }
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}
