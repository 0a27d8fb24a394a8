//! Made exports: the forms are the documentation's and those of label-studio-sdk 2.1.2; the content is invented. The rows
//! of JSON-MIN are some of those the converter of that version writes from the tasks, and a field of data that looks like
//! an answer.

use super::super::content::Shape;
use super::*;

const TASKS: &str = r#"[{"id": 1, "data": {"image": "/data/a.jpg", "city": "X", "size": 3}, "annotations": [
 {"id": 10, "completed_by": {"id": 4, "email": "ann@example.com"}, "created_at": "2021-03-09T22:16:08.728353Z", "lead_time": 4.5,
  "was_cancelled": false, "ground_truth": true, "result": [
  {"id": "r1", "type": "rectanglelabels", "from_name": "box", "to_name": "image", "original_width": 200, "original_height": 100,
   "value": {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["car", "parked"]}},
  {"id": "r2", "type": "rectanglelabels", "from_name": "box", "to_name": "image", "original_width": 200, "original_height": 100, "parentID": "r1",
   "value": {"x": 50, "y": 10, "width": 10, "height": 20, "rotation": 90, "rectanglelabels": ["wheel"]}},
  {"id": "r3", "type": "polygonlabels", "from_name": "poly", "to_name": "image", "original_width": 200, "original_height": 100,
   "value": {"points": [[0, 0], [50, 0], [50, 50]], "closed": true, "polygonlabels": ["road"]}},
  {"id": "r4", "type": "keypointlabels", "from_name": "kp", "to_name": "image", "original_width": 200, "original_height": 100,
   "value": {"x": 5, "y": 6, "width": 0.2, "keypointlabels": ["nose"]}},
  {"id": "r5", "type": "ellipselabels", "from_name": "el", "to_name": "image", "original_width": 200, "original_height": 100,
   "value": {"x": 50, "y": 50, "radiusX": 5, "radiusY": 10, "rotation": 0, "ellipselabels": ["hole"]}},
  {"id": "r6", "type": "brushlabels", "from_name": "br", "to_name": "image", "original_width": 200, "original_height": 100,
   "value": {"format": "rle", "rle": [0, 1, 2], "brushlabels": ["sky"]}},
  {"id": "r1", "type": "choices", "from_name": "state", "to_name": "image", "original_width": 200, "original_height": 100,
   "value": {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "choices": ["dirty"]}},
  {"id": "r7", "type": "choices", "from_name": "weather", "to_name": "image", "value": {"choices": ["rain"]}},
  {"id": "r8", "type": "rating", "from_name": "stars", "to_name": "image", "value": {"rating": 4}},
  {"type": "relation", "from_id": "r2", "to_id": "r1", "direction": "right", "labels": ["belongs to"]}]},
 {"id": 11, "completed_by": 5, "created_at": "2021-03-10T00:00:00Z", "was_cancelled": false, "result": [
  {"id": "q", "type": "choices", "from_name": "weather", "to_name": "image", "value": {"choices": ["sun", "wind"]}}]},
 {"id": 12, "completed_by": 6, "was_cancelled": true, "result": []}],
 "predictions": [{"id": 3, "model_version": "m1", "score": 0.7, "result": [
  {"id": "p", "type": "rectanglelabels", "from_name": "box", "to_name": "image", "original_width": 200, "original_height": 100, "score": 0.9,
   "value": {"x": 0, "y": 0, "width": 50, "height": 50, "rectanglelabels": ["car"]}}]}, 77]},
 {"id": 2, "data": {"video": "b.mp4"}, "annotations": [{"id": 20, "completed_by": 5, "result": [
  {"id": "v", "type": "videorectangle", "from_name": "box", "to_name": "video", "value": {"framesCount": 100, "duration": 4, "labels": ["dog"], "sequence": [
   {"frame": 1, "enabled": true, "rotation": 0, "x": 10, "y": 10, "width": 20, "height": 20, "time": 0.04},
   {"frame": 50, "enabled": false, "rotation": 0, "x": 20, "y": 10, "width": 20, "height": 20, "time": 2.0}]}},
  {"id": "t", "type": "timelinelabels", "from_name": "tl", "to_name": "video", "value": {"ranges": [{"start": 3, "end": 9}], "timelinelabels": ["walk"]}},
  {"id": "s", "type": "labels", "from_name": "au", "to_name": "audio", "value": {"start": 0.5, "end": 1.5, "channel": 0, "labels": ["speech"]}}]}],
 "predictions": []}]"#;

const ROWS: &str = r#"[{"image": "/data/a.jpg", "city": "X", "size": 3, "id": 1, "box": [
 {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["car", "parked"], "original_width": 200, "original_height": 100}],
 "weather": "rain", "annotator": "ann@example.com", "annotation_id": 10, "created_at": "2021-03-09T22:16:08.728353Z", "updated_at": null, "lead_time": 4.5},
 {"image": "/data/a.jpg", "city": "X", "size": 3, "id": 1, "weather": {"choices": ["sun", "wind"]}, "talk": [{"author": "a", "text": "hello"}],
 "annotator": 5, "annotation_id": 11, "created_at": "2021-03-10T00:00:00Z", "updated_at": null, "lead_time": null}]"#;

fn read(text: &str) -> Result<Content, LabelError> {
    let size_of = |name: &str| (name == "b.mp4").then_some([400.0, 200.0]);
    let about = About {
        size_of: &size_of,
        answers: &["weather".to_owned()],
    };
    content("e.json", text.as_bytes(), about)
}

#[test]
fn tasks_give_shapes_answers_and_who_gave_them() {
    let found = read(TASKS).unwrap();
    assert_eq!(found.items[0].name, "/data/a.jpg");
    assert_eq!(found.items[0].size_px, Some([200.0, 100.0]));
    let seen: Vec<(&str, &str, &str)> = found
        .labels
        .iter()
        .map(|one| {
            (
                one.question.as_str(),
                one.category.as_str(),
                one.shape.name(),
            )
        })
        .collect();
    let expected = [
        ("box", "car", "box"),
        ("box", "parked", "box"),
        ("box", "wheel", "box"),
        ("poly", "road", "polygon"),
        ("kp", "nose", "points"),
        ("el", "hole", "ellipse"),
        ("state", "dirty", "none"),
        ("weather", "rain", "none"),
        ("stars", "4", "none"),
        ("weather", "sun", "none"),
        ("weather", "wind", "none"),
        ("box", "car", "box"),
        ("box", "dog", "box"),
        ("box", "dog", "box"),
        ("tl", "walk", "none"),
        ("au", "speech", "none"),
    ];
    assert_eq!(seen, expected);
    let labels = &found.labels;
    assert_eq!(labels[0].shape, Shape::upright([20.0, 20.0, 80.0, 60.0]));
    assert_eq!(
        labels[0].id, labels[6].id,
        "an answer about a region has its id"
    );
    assert_eq!(labels[2].part_of, Some(0));
    assert_eq!(labels[4].shape, Shape::Points(vec![[10.0, 6.0]]));
    assert_eq!(labels[7].annotator.as_deref(), Some("ann@example.com"));
    assert_eq!(labels[9].annotator.as_deref(), Some("5"));
    assert_eq!(labels[9].created_ns, Some(1_615_334_400_000_000_000));
    assert_eq!((labels[9].kind, labels[0].kind), (Kind::Tag, Kind::Object));
    assert!(labels[11].is_prediction);
    assert_eq!(labels[11].score, Some(0.9));
    assert_eq!(labels[11].annotator.as_deref(), Some("m1"));
    assert_eq!(found.left_out["brush masks"], 1);
    assert_eq!(found.left_out["cancelled annotations"], 1);
    assert_eq!(found.relations[0].category, "belongs to");
    assert_eq!(
        found.relations[0].subjects,
        [(Kind::Object, "r2".to_owned())]
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert!(labels[0].attributes.contains(&pair("ground_truth", "true")));
    assert!(found.items[0].fields.contains(&pair("city", "X")));
}

#[test]
fn videos_give_key_frames_and_ranges() {
    let found = read(TASKS).unwrap();
    let dog = &found.labels[13];
    assert_eq!(dog.shape, Shape::upright([80.0, 20.0, 160.0, 60.0]));
    assert_eq!(dog.steps, Some([50, 50]));
    assert_eq!(dog.track.as_deref(), Some("v"));
    let walk = &found.labels[14];
    assert_eq!((walk.kind, walk.steps), (Kind::Action, Some([3, 9])));
    assert_eq!(found.step_times()[&(Some(1), 50)], 2_000_000_000);
    let unknown = read(&TASKS.replace("b.mp4", "c.mp4")).unwrap();
    assert_eq!(unknown.left_out["shapes in percent of an unknown size"], 2);
    assert_eq!(unknown.labels[13].shape, Shape::Absent);
}

/// A box of 10 % x 20 % of 200 x 100 pixels, that is 20 x 20, turned by a quarter about its first corner (100, 10) lies to
/// the left of it.
#[test]
fn boxes_are_turned_about_their_first_corner() {
    let found = read(TASKS).unwrap();
    let Shape::Box2 {
        corners_px,
        rotation_radians,
    } = found.labels[2].shape
    else {
        panic!("a box")
    };
    assert!((rotation_radians - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
    for (found, expected) in corners_px.iter().zip([80.0, 10.0, 100.0, 30.0]) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
}

#[test]
fn rows_give_the_same_as_tasks() {
    let found = read(ROWS).unwrap();
    let tasks = read(TASKS).unwrap();
    assert_eq!(found.items.len(), 1, "one task annotated twice is one item");
    let brief = |label: &Label| {
        (
            label.question.clone(),
            label.category.clone(),
            label.shape.clone(),
            label.annotator.clone(),
            label.created_ns,
        )
    };
    let rows: Vec<_> = found.labels.iter().map(brief).collect();
    let same = [0, 1, 7, 9, 10].map(|at| brief(&tasks.labels[at]));
    assert_eq!(rows, same);
}

#[test]
fn wrong_regions_are_named() {
    for (from, to, said) in [
        (
            "\"x\": 10, \"y\": 20, \"width\": 30",
            "\"x\": \"a\", \"y\": 20, \"width\": 30",
            "`e.json` row `0`: `x` is `a`",
        ),
        ("\"width\": 30", "\"width\": -30", "`width` is `-30`"),
        ("[50, 50]", "[50]", "`points` is `[50]`"),
        (
            "\"original_width\": 200",
            "\"original_width\": 0",
            "`0 x 100`",
        ),
        (
            "\"frame\": 50",
            "\"frame\": \"x\"",
            "row `1`: a frame has no whole `frame`",
        ),
        (
            "\"predictions\": [{",
            "\"predictions\": {\"a\": [{",
            "e.json",
        ),
        ("\"data\"", "\"dat\"", "neither `data` nor"),
    ] {
        let error = read(&TASKS.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}
