//! Damaged files of every form: an error or content, never a panic, and content that refers to itself correctly.

use fieldassay_formats::labels::content::Content;
use fieldassay_formats::labels::voc::Corners;
use fieldassay_formats::labels::{
    LabelError, coco, commonroad, cvat, kitti, label_studio, nuscenes_tables, open_images,
    openlabel, voc, yolo,
};
use fieldassay_formats::table;
use proptest::prelude::*;
use std::collections::BTreeMap;

type Read = fn(&[u8]) -> Result<Content, LabelError>;

fn of_yolo(bytes: &[u8]) -> Result<Content, LabelError> {
    let names = yolo::names("data.yaml", b"names: [a, b]\nkpt_shape: [1, 3]\n")?;
    let about = yolo::About {
        image: "a.jpg",
        size_px: [64.0, 48.0],
        names: Some(&names),
        confidence: yolo::Confidence::Last,
    };
    yolo::content("a.txt", bytes, &about)
}

fn of_open_images(bytes: &[u8]) -> Result<Content, LabelError> {
    let table = table::read("t.csv", bytes)?;
    open_images::content(&table, &BTreeMap::new(), &|_| Some([10.0, 20.0]))
}

fn of_label_studio(bytes: &[u8]) -> Result<Content, LabelError> {
    let about = label_studio::About {
        size_of: &|_| Some([10.0, 20.0]),
        answers: &["q".to_owned()],
    };
    label_studio::content("e.json", bytes, about)
}

fn of_tables(bytes: &[u8]) -> Result<Content, LabelError> {
    let mut tables = bytes.split(|byte| *byte == 0xff);
    nuscenes_tables::content(|_| Ok::<_, LabelError>(tables.next().unwrap_or_default()))
}

const FORMS: [(&str, &str, Read); 9] = [
    (
        "coco",
        r#"{"images": [{"id": 1, "file_name": "a.jpg", "width": 10, "height": 20}], "categories": [{"id": 3, "name": "cat"}],
        "annotations": [{"id": 5, "image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 4, 2, 4, 6]], "keypoints": [1, 2, 2]}]}"#,
        |bytes| coco::content("f", bytes),
    ),
    (
        "voc",
        "<annotation><filename>a</filename><size><width>1</width><height>2</height></size><object><name>c</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></object></annotation>",
        |bytes| voc::content("f", bytes, Corners::Pixels),
    ),
    (
        "cvat",
        r#"<annotations><meta><task><id>1</id><name>t</name></task></meta><image id="0" name="a" width="1" height="2"><box label="c" xtl="1" ytl="2" xbr="3" ybr="4" rotation="9"><attribute name="b">c</attribute></box><polygon label="c" points="0,0;1,1"/><skeleton label="s"><points label="p" points="1,2"/></skeleton></image><track id="0" label="d"><box frame="1" outside="0" xtl="1" ytl="2" xbr="3" ybr="4"/></track></annotations>"#,
        |bytes| cvat::content("f", bytes),
    ),
    (
        "commonroad",
        r#"<commonRoad timeStepSize="0.1"><dynamicObstacle id="1"><type>car</type><shape><circle><radius>1</radius></circle></shape><initialState><position><point><x>1</x><y>2</y></point></position><orientation><intervalStart>0</intervalStart><intervalEnd>1</intervalEnd></orientation><time><exact>0</exact></time></initialState></dynamicObstacle></commonRoad>"#,
        |bytes| commonroad::content("f", bytes),
    ),
    (
        "openlabel",
        r#"{"openlabel": {"metadata": {}, "objects": {"1": {"name": "a", "type": "b", "frame_intervals": [{"frame_start": 0, "frame_end": 3}], "object_data": {"cuboid": [{"name": "c", "val": [1,2,3,0,0,0,1,1,1]}],
        "poly2d": [{"name": "p", "val": ["5", "5", "1", "mBIIOIII"], "mode": "MODE_POLY2D_SRF6DCC", "closed": true}]}}}, "frames": {"0": {"objects": {"1": {"object_data": {"bbox": [{"name": "b", "val": [1,2,3,4]}]}}}}}}}"#,
        |bytes| openlabel::content("f", bytes),
    ),
    (
        "label studio",
        r#"[{"id": 1, "data": {"image": "a"}, "annotations": [{"id": 2, "completed_by": 3, "result": [{"id": "r", "type": "rectanglelabels", "value": {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 5, "rectanglelabels": ["c"]}},
        {"id": "v", "parentID": "r", "value": {"labels": ["d"], "sequence": [{"frame": 1, "x": 1, "y": 2, "width": 3, "height": 4}]}}]}]}, {"id": 2, "annotator": 1, "q": "yes"}]"#,
        of_label_studio,
    ),
    (
        "yolo",
        "0 0.5 0.5 0.25 0.25 0.1 0.1 2 0.9\n1 0.5 0.5 0.25 0.25 0.5 0.5 1 1\n",
        of_yolo,
    ),
    (
        "open images",
        "ImageID,LabelName,XMin,XMax,YMin,YMax\na,b,0.1,\"0,5\",0,1\n",
        of_open_images,
    ),
    (
        "kitti",
        "Car 0.00 1 1.55 614.24 181.78 727.31 284.77 1.57 1.73 4.15 1.00 1.75 13.22 1.62 0.5\n",
        |bytes| kitti::content("f", bytes, "a", true),
    ),
];

/// What refers to something refers to what is there.
fn is_sound(content: &Content) -> bool {
    let items = content.items.len();
    let known = |item: Option<usize>| item.is_none_or(|item| item < items);
    content.labels.iter().enumerate().all(|(at, label)| {
        known(label.item)
            && label
                .part_of
                .is_none_or(|whole| whole < content.labels.len())
            && label
                .steps
                .is_none_or(|[first, last]| first <= last || at > 0)
    }) && content.steps.iter().all(|step| known(step.item))
        && content.relations.iter().all(|one| known(one.item))
        && content.poses.iter().all(|one| known(one.item))
}

#[test]
fn whole_files_are_read() {
    for (name, text, read) in FORMS {
        let found = read(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!found.labels.is_empty() && is_sound(&found), "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_do_not_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..6),
        cut in any::<prop::sample::Index>(),
        does_cut in proptest::bool::weighted(0.2),
    ) {
        for (name, text, read) in FORMS {
            let mut bytes = text.as_bytes().to_vec();
            for (at, byte, how) in &edits {
                let at = at.index(bytes.len());
                match how {
                    0 => bytes[at] = *byte,
                    1 => bytes.insert(at, *byte),
                    2 => {
                        bytes.remove(at);
                    }
                    // Digits become other digits, so that numbers change and the form stays.
                    _ => {
                        if let Some(digit) = bytes[at..].iter_mut().find(|byte| byte.is_ascii_digit()) {
                            *digit = b"0123456789-.e"[usize::from(*byte) % 13];
                        }
                    }
                }
                if bytes.is_empty() {
                    break;
                }
            }
            if does_cut && !bytes.is_empty() {
                let at = cut.index(bytes.len());
                bytes.truncate(at);
            }
            match read(&bytes) {
                Ok(found) => prop_assert!(is_sound(&found), "{name}"),
                Err(error) => {
                    let said = error.to_string();
                    prop_assert!(said.contains('`') && said.contains("hint: "), "{name}: {said}");
                }
            }
            let _ = of_tables(&bytes);
        }
    }
}

/// A few bytes that ask for many: refused, not done.
#[test]
fn repetitions_are_bounded() {
    let long = "x".repeat(1 << 20);
    let box_of = r#"<box frame="1" outside="0" xtl="1" ytl="2" xbr="3" ybr="4"/>"#;
    let track = format!(
        "<annotations><track id='0' label='{long}'>{}</track></annotations>",
        box_of.repeat(3000)
    );
    let error = cvat::content("f.xml", track.as_bytes()).expect_err("too much");
    assert!(
        error.to_string().contains("more than a gigabyte"),
        "{error}"
    );

    let span = r#"{"frame_start": 0, "frame_end": 1}"#;
    let shape = r#"{"name": "b", "val": [1,2,3,4]}"#;
    let text = format!(
        r#"{{"openlabel": {{"metadata": {{}}, "objects": {{"1": {{"name": "a", "type": "b", "frame_intervals": [{}], "object_data": {{"bbox": [{}]}}}}}}}}}}"#,
        vec![span; 20_000].join(","),
        vec![shape; 20_000].join(",")
    );
    let error = openlabel::content("f.json", text.as_bytes()).expect_err("too much");
    assert!(
        error
            .to_string()
            .contains("`f.json, object 1`: its labels repeat"),
        "{error}"
    );

    let classes = vec!["\"c\""; 20_000].join(",");
    let frames = vec![r#"{"start": 1, "end": 2}"#; 20_000].join(",");
    let text = format!(
        r#"[{{"data": {{}}, "annotations": [{{"result": [{{"value": {{"ranges": [{frames}], "timelinelabels": [{classes}]}}}}]}}]}}]"#
    );
    let error = of_label_studio(text.as_bytes()).expect_err("too much");
    assert!(
        error.to_string().contains("row `0`: its labels repeat"),
        "{error}"
    );
}
