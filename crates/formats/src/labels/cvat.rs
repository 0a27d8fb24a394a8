//! CVAT's XML, version 1.1: labels of images, and tracks of videos.
//!
//! Read [`content`] first. Source: CVAT's documentation, "XML annotation format", and what its exporter writes: corners
//! are edges in pixels, `rotation` is degrees about the center, clockwise on the screen. An export for images holds
//! `<image>`s; one for videos holds `<track>`s whose shapes stand at each frame, with `outside` where the object is not
//! seen; a shape that is no track is written as one of two frames, the second outside.
//!
//! Not here: what lies between key frames, which CVAT writes itself; masks (run-length), which are counted as left out;
//! cuboids become their eight corners as points.

use super::LabelError;
use super::content::{Budget, Content, Fields, Item, Kind, Label, Shape, too_much};
use super::xml::{self, Element};
use std::collections::BTreeMap;

/// Nodes of one file at most: about a gigabyte of tree.
const MOST_NODES: u32 = 1 << 24;
const HINT: &str = "CVAT's XML 1.1 is `<annotations>` with `<image>`s or `<track>`s of `<box>`, `<polygon>`, `<polyline>`, `<points>`, `<cuboid>`, `<ellipse>`, `<skeleton>` or `<tag>`";
/// Attributes of a shape that are read otherwise.
const KNOWN: [&str; 14] = [
    "label", "points", "frame", "outside", "rotation", "xtl", "ytl", "xbr", "ybr", "cx", "cy",
    "rx", "ry", "id",
];
/// Corners of a cuboid: front then back, each left top, left bottom, right top, right bottom.
const CUBOID: [[&str; 2]; 8] = [
    ["xtl1", "ytl1"],
    ["xbl1", "ybl1"],
    ["xtr1", "ytr1"],
    ["xbr1", "ybr1"],
    ["xtl2", "ytl2"],
    ["xbl2", "ybl2"],
    ["xtr2", "ytr2"],
    ["xbr2", "ybr2"],
];

/// Reads an export.
///
/// Images become items with their size. Tracks become labels at their frames; their item is the task (of a project's
/// export, the task the track names), and what is `outside` is left out, since the object is not there. Attributes of an
/// element and `<attribute>`s below it become attributes; parts of a skeleton are points that are part of it. Errors: no
/// XML, another root, a shape without its numbers, numbers that are none; file and line are named. Cost: the file in
/// memory as a tree.
pub fn content(file: &str, bytes: &[u8]) -> Result<Content, LabelError> {
    let document = xml::parse(file, bytes, HINT, MOST_NODES)?;
    let root = Element::root(file, &document, &["annotations"], HINT)?;
    let mut out = Content::default();
    for image in root.all("image") {
        let size = [
            image.number_attribute("width")?,
            image.number_attribute("height")?,
        ];
        let fields = image.attributes();
        let fields = fields.filter(|(name, _)| !["name", "width", "height"].contains(name));
        let item = Some(out.item(Item {
            name: image.need_attribute("name")?.to_owned(),
            size_px: Some(size).filter(|size| size.iter().all(|side| *side > 0.0)),
            fields: owned(fields),
            ..Item::default()
        }));
        for shape in image.elements() {
            let base = Label {
                item,
                category: shape.need_attribute("label")?.to_owned(),
                ..Label::default()
            };
            add(&mut out, shape, base)?;
        }
    }
    tracks(&mut out, root)?;
    Ok(out)
}

fn owned<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Fields {
    fields
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The tasks of the file, as items, by their id; only where there are tracks to belong to them.
fn tasks(out: &mut Content, root: Element<'_, '_>) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let Some(meta) = root.find("meta") else {
        return found;
    };
    // A task's export has one task, or its job; a project's has a list of tasks.
    let listed = meta
        .find("project")
        .and_then(|project| project.find("tasks"));
    let listed = listed.into_iter().flat_map(|tasks| tasks.all("task"));
    let single = ["task", "job"]
        .into_iter()
        .filter_map(|name| meta.find(name));
    for task in single.chain(listed) {
        let size = task
            .find("original_size")
            .or_else(|| meta.find("original_size"));
        let side = |name| size?.text_of(name)?.parse::<f64>().ok();
        let size = side("width").zip(side("height")).map(<[f64; 2]>::from);
        let texts = ["id", "size", "mode", "start_frame", "stop_frame", "source"];
        let fields = texts
            .into_iter()
            .filter_map(|name| Some((name, task.text_of(name)?)));
        let name = task.text_of("name").or(task.text_of("source"));
        let id = task.text_of("id").unwrap_or_default();
        let item = out.item(Item {
            name: name.unwrap_or(id).to_owned(),
            size_px: size.filter(|size| size.iter().all(|side| side.is_finite() && *side > 0.0)),
            fields: owned(fields),
            ..Item::default()
        });
        found.insert(id.to_owned(), item);
    }
    found
}

fn tracks(out: &mut Content, root: Element<'_, '_>) -> Result<(), LabelError> {
    if root.find("track").is_none() {
        return Ok(());
    }
    let tasks = tasks(out, root);
    let mut budget = Budget::default();
    for track in root.all("track") {
        let id = track.need_attribute("id")?;
        let task = track.attribute("task_id");
        let item = task.and_then(|task| tasks.get(task));
        let item = item.or_else(|| tasks.values().next().filter(|_| tasks.len() == 1));
        // Ids count from 0 again in each task of a project.
        let track_name = task.map_or(id.to_owned(), |task| format!("{task}/{id}"));
        let shared = ["source", "group_id", "subset"];
        let shared = shared
            .into_iter()
            .filter_map(|name| Some((name, track.attribute(name)?)));
        let shared = owned(shared);
        for shape in track.elements() {
            if shape.attribute("outside") == Some("1") {
                continue;
            }
            let frame = shape.whole("frame", shape.need_attribute("frame")?)?;
            let base = Label {
                item: item.copied(),
                steps: Some([frame; 2]),
                category: track.need_attribute("label")?.to_owned(),
                track: Some(track_name.clone()),
                attributes: shared.clone(),
                ..Label::default()
            };
            budget.spend(|| too_much(shape.at()), &base, 1)?;
            add(out, shape, base)?;
        }
    }
    Ok(())
}

/// Adds the label of a shape, and those of its parts.
fn add(out: &mut Content, node: Element<'_, '_>, mut base: Label) -> Result<(), LabelError> {
    let said = node.attributes();
    let said = said.filter(|(name, _)| !KNOWN.contains(name) && !is_corner(name));
    base.attributes.extend(owned(said));
    for attribute in node.all("attribute") {
        let name = attribute.need_attribute("name")?.to_owned();
        base.attributes.push((name, attribute.text().to_owned()));
    }
    match node.name() {
        "tag" => base.kind = Kind::Tag,
        "skeleton" => {
            let item = (base.item, base.steps);
            let whole = out.label(base);
            for part in node.elements().filter(|part| part.name() != "attribute") {
                if part.attribute("outside") == Some("1") {
                    continue;
                }
                let base = Label {
                    item: item.0,
                    steps: item.1,
                    category: part.need_attribute("label")?.to_owned(),
                    part_of: Some(whole),
                    shape: shape(part)?.unwrap_or_default(),
                    ..Label::default()
                };
                out.label(base);
            }
            return Ok(());
        }
        name => {
            let Some(shape) = shape(node)? else {
                out.leave_out(&format!("`<{name}>`"));
                return Ok(());
            };
            base.shape = shape;
        }
    }
    out.label(base);
    Ok(())
}

fn is_corner(name: &str) -> bool {
    CUBOID.iter().flatten().any(|corner| *corner == name)
}

/// The shape of an element; none where its form is not read.
fn shape(node: Element<'_, '_>) -> Result<Option<Shape>, LabelError> {
    let turn = match node.attribute("rotation") {
        Some(text) => node.finite("rotation", text)?.to_radians(),
        None => 0.0,
    };
    Ok(Some(match node.name() {
        "box" => {
            let corners_px = [
                node.number_attribute("xtl")?,
                node.number_attribute("ytl")?,
                node.number_attribute("xbr")?,
                node.number_attribute("ybr")?,
            ];
            let [left, top, right, bottom] = corners_px;
            if left > right || top > bottom {
                return Err(node.wrong("`xbr` or `ybr` lies before `xtl` or `ytl`"));
            }
            Shape::Box2 {
                corners_px,
                rotation_radians: turn,
            }
        }
        "ellipse" => Shape::Ellipse {
            center_px: [node.number_attribute("cx")?, node.number_attribute("cy")?],
            radii_px: [node.number_attribute("rx")?, node.number_attribute("ry")?],
            rotation_radians: turn,
        },
        "polygon" => Shape::Polygon(points(node)?),
        "polyline" => Shape::Polyline(points(node)?),
        "points" => Shape::Points(points(node)?),
        "cuboid" => {
            let corner = |[x, y]: [&'static str; 2]| -> Result<[f64; 2], LabelError> {
                Ok([node.number_attribute(x)?, node.number_attribute(y)?])
            };
            Shape::Points(CUBOID.into_iter().map(corner).collect::<Result<_, _>>()?)
        }
        _ => return Ok(None),
    }))
}

/// `x,y;x,y;…`
fn points(node: Element<'_, '_>) -> Result<Vec<[f64; 2]>, LabelError> {
    let text = node.need_attribute("points")?;
    let pairs = text.split(';').filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| {
            let split = pair.split_once(',');
            let (x, y) = split.ok_or_else(|| node.wrong("`points` are not `x,y;x,y;…`"))?;
            Ok([node.finite("points", x)?, node.finite("points", y)?])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGES: &str = r#"<annotations><version>1.1</version>
<image id="0" name="a.jpg" width="100" height="50" subset="train">
<box label="car" source="manual" occluded="1" xtl="1" ytl="2" xbr="3.5" ybr="4" rotation="90" z_order="0"><attribute name="color">red</attribute></box>
<polygon label="road" occluded="0" points="0,0;1,0;1,1"/>
<polyline label="line" points="0,0;1.5,2"/>
<points label="wheel" points="5,6"/>
<ellipse label="hole" cx="5" cy="6" rx="2" ry="1"/>
<cuboid label="van" xtl1="1" ytl1="2" xbl1="3" ybl1="4" xtr1="5" ytr1="6" xbr1="7" ybr1="8" xtl2="9" ytl2="10" xbl2="11" ybl2="12" xtr2="13" ytr2="14" xbr2="15" ybr2="16"/>
<skeleton label="man"><points label="head" outside="0" points="1,2"/><points label="foot" outside="1" points="1,2"/></skeleton>
<mask label="sky" rle="1, 2" left="0" top="0" width="3" height="1"/>
<tag label="night"/>
</image></annotations>"#;

    const VIDEO: &str = r#"<annotations><meta><task><id>5</id><name>drive</name><mode>interpolation</mode>
<original_size><width>640</width><height>480</height></original_size></task></meta>
<track id="7" label="car" source="manual">
<box frame="3" outside="0" occluded="0" keyframe="1" xtl="1" ytl="2" xbr="3" ybr="4"><attribute name="parked">true</attribute></box>
<box frame="4" outside="1" occluded="0" keyframe="1" xtl="1" ytl="2" xbr="3" ybr="4"/>
</track></annotations>"#;

    #[test]
    fn shapes_of_images_are_read() {
        let found = content("a.xml", IMAGES.as_bytes()).unwrap();
        assert_eq!(found.items[0].size_px, Some([100.0, 50.0]));
        let shapes: Vec<&str> = found.labels.iter().map(|one| one.shape.name()).collect();
        let expected = [
            "box", "polygon", "polyline", "points", "ellipse", "points", "none", "points", "none",
        ];
        assert_eq!(shapes, expected);
        let car = &found.labels[0];
        let Shape::Box2 {
            corners_px,
            rotation_radians,
        } = car.shape
        else {
            panic!("a box")
        };
        assert_eq!(corners_px, [1.0, 2.0, 3.5, 4.0]);
        assert!((rotation_radians - std::f64::consts::FRAC_PI_2).abs() < 1e-15);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert!(car.attributes.contains(&pair("occluded", "1")));
        assert!(car.attributes.contains(&pair("color", "red")));
        assert_eq!(found.labels[7].part_of, Some(6));
        assert_eq!(found.labels[8].kind, Kind::Tag);
        assert_eq!(found.left_out["`<mask>`"], 1);
    }

    #[test]
    fn tracks_of_videos_are_read() {
        let found = content("a.xml", VIDEO.as_bytes()).unwrap();
        assert_eq!(found.items[0].name, "drive");
        assert_eq!(found.items[0].size_px, Some([640.0, 480.0]));
        assert_eq!(found.labels.len(), 1);
        let car = &found.labels[0];
        assert_eq!((car.item, car.steps), (Some(0), Some([3, 3])));
        assert_eq!(car.track.as_deref(), Some("7"));
        assert_eq!(car.category, "car");
    }

    #[test]
    fn wrong_elements_are_named() {
        for (text, from, to, said) in [
            (
                IMAGES,
                "xtl=\"1\"",
                "xtl=\"one\"",
                "`a.xml` line `3`: `xtl` is `one`",
            ),
            (IMAGES, "xtl=\"1\" ", "", "line `3`: `<box>` has no `xtl`"),
            (IMAGES, "xtl=\"1\"", "xtl=\"9\"", "lies before"),
            (IMAGES, "0,0;1,0", "0,0;1", "line `4`: `points` are not"),
            (IMAGES, "label=\"car\"", "", "`<box>` has no `label`"),
            (
                IMAGES,
                "annotations",
                "annotation",
                "its root is `<annotation>`",
            ),
            (VIDEO, "frame=\"3\"", "frame=\"x\"", "`frame` is `x`"),
        ] {
            let error = content("a.xml", text.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
