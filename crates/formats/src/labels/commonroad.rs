//! `CommonRoad`'s XML of scenarios, versions 2018b and 2020a: boxes of obstacles through time.
//!
//! Read [`content`] first. Source: the `CommonRoad` XML specification 2020.3 and commonroad-io 2026.1, whose counts and
//! states the tests compare. Positions are meters in the scenario's own plane, orientations radians from x to y; time
//! steps are whole numbers of `timeStepSize`, and times count from the start of the scenario.
//!
//! Where a state is uncertain (an interval, a region), the box stands in its middle and the bounds are attributes; an
//! obstacle predicted by sets stands as the box around each set. The plane has no height: z is 0 and the height NaN.
//!
//! Not here: lanelets, signs, lights and planning problems, of which only the number is said; the protobuf form.

use super::LabelError;
use super::content::{Budget, Content, Fields, Item, Label, Shape, Step, about_z, too_much};
use super::xml::{self, Element};
use std::collections::BTreeSet;

/// Nodes of one file at most: about a gigabyte of tree.
const MOST_NODES: u32 = 1 << 24;
const HINT: &str = "a scenario is `<commonRoad>` with `timeStepSize` and obstacles of `<shape>`, `<initialState>` and `<trajectory>` or `<occupancySet>`";
/// The coordinate frame of everything.
pub const MAP: &str = "map";
/// Largest time step, so that times fit 64 bits of nanoseconds.
const MOST_SECS: f64 = 3600.0;
const MOST_STEP: i64 = 1 << 40;

/// Reads a scenario: one item, its time steps, and a box per obstacle and state.
///
/// The category is the obstacle's type, its track the obstacle's id; velocities and the like are attributes in the words
/// of the form. A static obstacle holds for all steps. Errors: no XML, another root, a state without position or time,
/// numbers that are none; file and line are named. Cost: the file in memory as a tree.
pub fn content(file: &str, bytes: &[u8]) -> Result<Content, LabelError> {
    let document = xml::parse(file, bytes, HINT, MOST_NODES)?;
    let root = Element::root(file, &document, &["commonRoad"], HINT)?;
    let step_secs = root.number_attribute("timeStepSize")?;
    if step_secs <= 0.0 || step_secs > MOST_SECS {
        let hint = "steps last longer than 0 and at most an hour";
        return Err(root.at().value("timeStepSize", step_secs, hint));
    }
    let mut out = Content::default();
    let item = Some(out.item(Item {
        name: root.attribute("benchmarkID").unwrap_or(file).to_owned(),
        fields: about(root),
        ..Item::default()
    }));
    let mut budget = Budget::default();
    for node in root.elements() {
        let role = match node.name() {
            "staticObstacle" => "static",
            "dynamicObstacle" => "dynamic",
            // 2018b has one element for both.
            "obstacle" => node.text_of("role").unwrap_or("dynamic"),
            "environmentObstacle" | "phantomObstacle" => {
                out.leave_out(&format!("`<{}>`", node.name()));
                continue;
            }
            _ => continue,
        };
        let obstacle = Obstacle {
            node,
            is_static: role == "static",
            base: Label {
                item,
                category: node.text_of("type").unwrap_or_default().to_owned(),
                track: Some(node.need_attribute("id")?.to_owned()),
                frame: MAP.to_owned(),
                attributes: vec![("role".to_owned(), role.to_owned())],
                ..Label::default()
            },
        };
        obstacle.add(&mut out, &mut budget)?;
    }
    let numbers = out.labels.iter().filter_map(|label| label.steps);
    let numbers: BTreeSet<i64> = numbers.flatten().collect();
    out.steps = numbers
        .into_iter()
        .map(|number| Step {
            item,
            number,
            time_ns: Some(nanos(number, step_secs)),
            ..Step::default()
        })
        .collect();
    Ok(out)
}

/// The time of a step; both factors are within limits that fit.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a float beyond 64 bits is clamped when cast"
)]
fn nanos(number: i64, step_secs: f64) -> i64 {
    (number as f64 * step_secs * 1e9).round() as i64
}

/// What the scenario says about itself, and how many of what it has.
fn about(root: Element<'_, '_>) -> Fields {
    let said = root.attributes().filter(|(name, _)| *name != "benchmarkID");
    let mut fields: Fields = said
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if let Some(location) = root.find("location") {
        for name in ["geoNameId", "gpsLatitude", "gpsLongitude"] {
            if let Some(text) = location.text_of(name) {
                fields.push((name.to_owned(), text.to_owned()));
            }
        }
    }
    if let Some(tags) = root.find("scenarioTags") {
        let names: Vec<&str> = tags.elements().map(Element::name).collect();
        fields.push(("tags".to_owned(), names.join(" ")));
    }
    for (name, counted) in [
        ("lanelets", "lanelet"),
        ("traffic_signs", "trafficSign"),
        ("traffic_lights", "trafficLight"),
        ("planning_problems", "planningProblem"),
    ] {
        fields.push((name.to_owned(), root.all(counted).count().to_string()));
    }
    fields
}

struct Obstacle<'a, 'i> {
    node: Element<'a, 'i>,
    is_static: bool,
    base: Label,
}

impl Obstacle<'_, '_> {
    fn add(&self, out: &mut Content, budget: &mut Budget) -> Result<(), LabelError> {
        let shape = self.node.find("shape").map(Extent::of).transpose()?;
        let initial = self.node.find("initialState").into_iter();
        let listed = self.node.find("trajectory");
        let listed = listed.into_iter().flat_map(|path| path.all("state"));
        for state in initial.chain(listed) {
            let label = self.state(state, shape.as_ref())?;
            budget.spend(|| too_much(state.at()), &label, 1)?;
            out.label(label);
        }
        let sets = self.node.find("occupancySet");
        for set in sets.into_iter().flat_map(|sets| sets.all("occupancy")) {
            let extent = Extent::of(set.need("shape")?)?;
            let mut label = self.base.clone();
            label.steps = Some(steps(set.need("time")?)?);
            extent.place(&mut label, [0.0, 0.0], 0.0);
            add_field(&mut label.attributes, "occupancy", "set");
            budget.spend(|| too_much(set.at()), &label, 1)?;
            out.label(label);
        }
        Ok(())
    }

    /// The label of a state.
    fn state(&self, state: Element<'_, '_>, shape: Option<&Extent>) -> Result<Label, LabelError> {
        let mut label = self.base.clone();
        if !self.is_static {
            label.steps = Some(steps(state.need("time")?)?);
        }
        let mut turn = 0.0;
        for value in state.elements() {
            let name = value.name();
            if ["position", "time"].contains(&name) {
                continue;
            }
            let [low, high] = interval(value)?;
            if name == "orientation" {
                turn = 0.5 * low + 0.5 * high;
            }
            if low != high {
                add_field(&mut label.attributes, &format!("{name}_low"), low);
                add_field(&mut label.attributes, &format!("{name}_high"), high);
            } else if name != "orientation" {
                add_field(&mut label.attributes, name, low);
            }
        }
        let position = state.need("position")?;
        let region = match position.find("point") {
            Some(point) => Extent {
                center: xy(point)?,
                ..Extent::default()
            },
            None => Extent::of(position)?,
        };
        if region.size != [0.0; 2] {
            add_field(&mut label.attributes, "region_length", region.size[0]);
            add_field(&mut label.attributes, "region_width", region.size[1]);
        }
        match shape {
            Some(shape) => shape.place(&mut label, region.center, turn),
            // An obstacle without a shape of its own is as large as the region it may be in.
            None => region.place(&mut label, [0.0, 0.0], 0.0),
        }
        Ok(label)
    }
}

fn add_field(fields: &mut Fields, name: &str, value: impl std::fmt::Display) {
    fields.push((name.to_owned(), value.to_string()));
}

/// `<x>` and `<y>` of an element.
fn xy(node: Element<'_, '_>) -> Result<[f64; 2], LabelError> {
    Ok([node.need("x")?.number("x")?, node.need("y")?.number("y")?])
}

/// `<exact>`, or `<intervalStart>` and `<intervalEnd>`; a number that stands alone is exact.
fn interval(node: Element<'_, '_>) -> Result<[f64; 2], LabelError> {
    if let Some(exact) = node.find("exact") {
        return Ok([exact.number("exact")?; 2]);
    }
    if node.elements().next().is_none() {
        return Ok([node.number("number")?; 2]);
    }
    let low = node.need("intervalStart")?.number("intervalStart")?;
    let high = node.need("intervalEnd")?.number("intervalEnd")?;
    Ok([low, high])
}

/// First and last step.
fn steps(time: Element<'_, '_>) -> Result<[i64; 2], LabelError> {
    let [first, last] = interval(time)?;
    let whole = |value: f64| {
        let is_whole = value.fract() == 0.0 && value.abs() < MOST_STEP as f64;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and below 2^40, checked before"
        )]
        let number = value as i64;
        is_whole.then_some(number)
    };
    let known = whole(first).zip(whole(last));
    let known = known.filter(|(first, last)| first <= last);
    let wrong = || time.wrong(format!("time `{first}` to `{last}` are no steps"));
    known.map(<[i64; 2]>::from).ok_or_else(wrong)
}

/// A box in a plane, in the axes of what it belongs to.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    center: [f64; 2],
    turn: f64,
    /// Along its own axes.
    size: [f64; 2],
    /// What it is the box around, where it is not one itself.
    form: Option<&'static str>,
}

impl Extent {
    /// The box of the shapes in an element: a rectangle is its own, all else is between its outermost points.
    fn of(node: Element<'_, '_>) -> Result<Self, LabelError> {
        let mut shapes = Vec::new();
        for shape in node.elements() {
            let center = || shape.find("center").map_or(Ok([0.0; 2]), xy);
            let length = |name: &'static str| -> Result<f64, LabelError> {
                let element = shape.need(name)?;
                let value = element.number(name)?;
                if value < 0.0 {
                    let hint = "sizes are not below 0";
                    return Err(element.at().value(name, value, hint));
                }
                Ok(value)
            };
            shapes.push(match shape.name() {
                "rectangle" => Self {
                    center: center()?,
                    turn: match shape.find("orientation") {
                        Some(turn) => turn.number("orientation")?,
                        None => 0.0,
                    },
                    size: [length("length")?, length("width")?],
                    form: None,
                },
                "circle" => Self {
                    center: center()?,
                    size: [2.0 * length("radius")?; 2],
                    form: Some("circle"),
                    ..Self::default()
                },
                "polygon" => {
                    let points = shape.all("point").map(xy).collect::<Result<Vec<_>, _>>()?;
                    let around = Self::around(&points, "polygon");
                    around.ok_or_else(|| shape.wrong("a polygon has no `<point>`"))?
                }
                name => return Err(node.wrong(format!("`<{name}>` is no shape"))),
            });
        }
        if let [only] = shapes.as_slice() {
            return Ok(*only);
        }
        let corners: Vec<[f64; 2]> = shapes.iter().flat_map(Self::corners).collect();
        let around = Self::around(&corners, "group");
        around.ok_or_else(|| node.wrong(format!("`<{}>` has no shape", node.name())))
    }

    fn around(points: &[[f64; 2]], form: &'static str) -> Option<Self> {
        let (mut low, mut high) = (*points.first()?, *points.first()?);
        for point in points {
            for ((low, high), value) in low.iter_mut().zip(&mut high).zip(point) {
                *low = low.min(*value);
                *high = high.max(*value);
            }
        }
        Some(Self {
            center: [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1])],
            turn: 0.0,
            size: [high[0] - low[0], high[1] - low[1]],
            form: Some(form),
        })
    }

    fn corners(&self) -> [[f64; 2]; 4] {
        let [x, y] = self.size.map(|side| 0.5 * side);
        [[x, y], [-x, y], [-x, -y], [x, -y]].map(|corner| moved(corner, self.center, self.turn))
    }

    /// Puts it where what it belongs to is.
    fn place(&self, label: &mut Label, center: [f64; 2], turn: f64) {
        if let Some(form) = self.form {
            add_field(&mut label.attributes, "shape", form);
        }
        let [x, y] = moved(self.center, center, turn);
        label.shape = Shape::Box3 {
            center_meters: [x, y, 0.0],
            quat_xyzw: about_z(turn + self.turn),
            size_meters: [self.size[0], self.size[1], f64::NAN],
        };
    }
}

/// A point turned, then moved.
fn moved([x, y]: [f64; 2], by: [f64; 2], turn: f64) -> [f64; 2] {
    let (sin, cos) = turn.sin_cos();
    [by[0] + cos * x - sin * y, by[1] + sin * x + cos * y]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"<commonRoad commonRoadVersion="2020a" benchmarkID="A-1" timeStepSize="0.5"><scenarioTags><urban/></scenarioTags>
<lanelet id="1"/>
<dynamicObstacle id="3"><type>car</type><shape><rectangle><length>4</length><width>2</width><center><x>1</x><y>0</y></center></rectangle></shape>
<initialState><position><point><x>10</x><y>20</y></point></position><orientation><exact>1.5707963267948966</exact></orientation><time><exact>0</exact></time><velocity><intervalStart>1</intervalStart><intervalEnd>2</intervalEnd></velocity></initialState>
<trajectory><state><position><circle><radius>1</radius><center><x>5</x><y>6</y></center></circle></position><orientation><exact>0</exact></orientation><time><exact>3</exact></time></state></trajectory></dynamicObstacle>
<staticObstacle id="4"><type>building</type><shape><polygon><point><x>0</x><y>0</y></point><point><x>2</x><y>1</y></point></polygon></shape>
<initialState><position><point><x>1</x><y>1</y></point></position><orientation><exact>0</exact></orientation><time><exact>0</exact></time></initialState></staticObstacle>
<dynamicObstacle id="5"><type>bus</type><shape><circle><radius>2</radius></circle></shape><initialState><position><point><x>0</x><y>0</y></point></position><orientation><exact>0</exact></orientation><time><exact>0</exact></time></initialState>
<occupancySet><occupancy><shape><rectangle><length>6</length><width>2</width><orientation>0.5</orientation><center><x>7</x><y>8</y></center></rectangle></shape><time><intervalStart>1</intervalStart><intervalEnd>2</intervalEnd></time></occupancy></occupancySet></dynamicObstacle></commonRoad>"#;

    #[test]
    fn obstacles_become_boxes_in_the_plane() {
        let found = content("a.xml", TEXT.as_bytes()).unwrap();
        let box3 = |at: usize| match &found.labels[at].shape {
            Shape::Box3 {
                center_meters,
                quat_xyzw,
                size_meters,
            } => (*center_meters, *quat_xyzw, *size_meters),
            other => panic!("{other:?}"),
        };
        let near = |found: [f64; 3], expected: [f64; 3]| {
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{found} {expected}");
            }
        };
        // The shape lies a meter before the point, and the car looks along y.
        let (center, quat, size) = box3(0);
        near(center, [10.0, 21.0, 0.0]);
        assert!((2.0 * quat[2].atan2(quat[3]) - std::f64::consts::FRAC_PI_2).abs() < 1e-12);
        assert_eq!((size[0], size[1], size[2].is_nan()), (4.0, 2.0, true));
        near(box3(1).0, [6.0, 6.0, 0.0]);
        assert_eq!(found.labels[1].steps, Some([3, 3]));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert!(
            found.labels[0]
                .attributes
                .contains(&pair("velocity_high", "2"))
        );
        assert!(
            found.labels[1]
                .attributes
                .contains(&pair("region_length", "2"))
        );
        near(box3(2).0, [2.0, 1.5, 0.0]);
        assert_eq!(found.labels[2].steps, None);
        assert!(
            found.labels[2]
                .attributes
                .contains(&pair("shape", "polygon"))
        );
        near(box3(4).0, [7.0, 8.0, 0.0]);
        assert_eq!(found.labels[4].steps, Some([1, 2]));
        let times: Vec<Option<i64>> = found.steps.iter().map(|step| step.time_ns).collect();
        let expected = [0, 500_000_000, 1_000_000_000, 1_500_000_000].map(Some);
        assert_eq!(times, expected);
        assert!(found.items[0].fields.contains(&pair("lanelets", "1")));
        assert!(found.items[0].fields.contains(&pair("tags", "urban")));
    }

    #[test]
    fn wrong_states_are_named() {
        for (from, to, said) in [
            (
                "<exact>3</exact>",
                "<exact>3.5</exact>",
                "line `5`: time `3.5` to `3.5` are no steps",
            ),
            ("<radius>1", "<radius>-1", "`radius` is `-1`"),
            ("<x>10<", "<x>ten<", "line `4`: `x` is `ten`"),
            (
                "timeStepSize=\"0.5\"",
                "timeStepSize=\"0\"",
                "`timeStepSize` is `0`",
            ),
            ("circle", "cube", "`<cube>` is no shape"),
        ] {
            let error = content("a.xml", TEXT.replace(from, to).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
