//! Shapes, attributes and poses of `OpenLABEL`.
//!
//! Read [`entry`] first. Not here: which element and frame they belong to.

use super::super::content::{Fields, Shape, product, unit};
use super::super::rows::text_of;
use crate::folder::quat_xyzw_from_rows;
use serde_json::{Map, Value};

pub(super) const HINT: &str = "boxes are center and size, cuboids 9 values (Euler angles) or 10 (a quaternion), lines their numbers";
pub(super) const POSE_HINT: &str =
    "a pose is `matrix4x4`, or a `translation` with a `quaternion` (x y z w) or `euler_angles`";

/// One entry of an element's data.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    /// Its shape; none where it is an attribute.
    pub(super) shape: Option<Shape>,
    /// Its coordinate system.
    pub(super) frame: String,
    /// The attribute itself, or those of the shape and its name.
    pub(super) attributes: Fields,
}

/// What became of an entry.
pub(super) enum Read {
    Entry(Box<Entry>),
    LeftOut(String),
}

/// Reads one entry of a form. Errors: what is wrong with it.
pub(super) fn entry(form: &str, value: &Value) -> Result<Read, String> {
    let Some(given) = value.as_object() else {
        return Ok(Read::LeftOut(format!("`{form}`")));
    };
    let name = given.get("name").map_or_else(String::new, text_of);
    if ["num", "text", "boolean", "vec"].contains(&form) {
        let attributes = attribute(form, given).into_iter().collect();
        return Ok(Read::Entry(Box::new(Entry {
            attributes,
            ..Entry::default()
        })));
    }
    let numbers = || numbers(given.get("val"));
    let shape = match form {
        "bbox" => rectangle::<4>(numbers())?,
        "rbbox" => rectangle::<5>(numbers())?,
        "cuboid" => match given.get("val") {
            None | Some(Value::Null) => {
                return Ok(Read::LeftOut("cuboids without values".to_owned()));
            }
            Some(_) => cuboid(&numbers().ok_or("`val` of a cuboid is no list of numbers")?)?,
        },
        "point2d" => Some(Shape::Points(vec![fixed::<2>(form, numbers())?])),
        "point3d" => Some(Shape::Points3(vec![fixed::<3>(form, numbers())?])),
        "poly2d" => {
            let Some(shape) = line(given)? else {
                let mode = given.get("mode").map_or_else(String::new, text_of);
                return Ok(Read::LeftOut(format!("`poly2d` of mode `{mode}`")));
            };
            Some(shape)
        }
        "poly3d" => {
            let flat = numbers().ok_or("`val` of a `poly3d` is no list of numbers")?;
            if !flat.len().is_multiple_of(3) {
                return Err(format!("`val` of a `poly3d` has `{}` numbers", flat.len()));
            }
            let points = flat.chunks_exact(3);
            let points = points.map(|point| point.try_into().unwrap_or_default());
            Some(Shape::Points3(points.collect()))
        }
        other => return Ok(Read::LeftOut(format!("`{other}`"))),
    };
    let Some(shape) = shape else {
        return Ok(Read::LeftOut("boxes of a size below 0".to_owned()));
    };
    let mut attributes: Fields = Vec::new();
    if !name.is_empty() {
        attributes.push(("shape_name".to_owned(), name));
    }
    if let ("poly3d", Some(closed)) = (form, given.get("closed")) {
        attributes.push(("closed".to_owned(), text_of(closed)));
    }
    if let Some(Value::Object(nested)) = given.get("attributes") {
        attributes.extend(self::attributes(nested));
    }
    let frame = given
        .get("coordinate_system")
        .map_or_else(String::new, text_of);
    Ok(Read::Entry(Box::new(Entry {
        shape: Some(shape),
        frame,
        attributes,
    })))
}

/// The attributes of a map of lists `num`, `text`, `boolean` and `vec`.
pub(super) fn attributes(data: &Map<String, Value>) -> Fields {
    let mut out = Vec::new();
    for (form, list) in data {
        for one in list.as_array().into_iter().flatten() {
            out.extend(one.as_object().and_then(|given| attribute(form, given)));
        }
    }
    out
}

/// An attribute; one without a name goes by its form.
fn attribute(form: &str, given: &Map<String, Value>) -> Option<(String, String)> {
    let name = given.get("name").map_or_else(|| form.to_owned(), text_of);
    Some((name, text_of(given.get("val")?)))
}

/// A list of finite numbers.
fn numbers(value: Option<&Value>) -> Option<Vec<f64>> {
    let list = value?.as_array()?.iter();
    list.map(Value::as_f64).collect()
}

fn fixed<const N: usize>(form: &str, given: Option<Vec<f64>>) -> Result<[f64; N], String> {
    let seen = given.as_ref().map_or(0, Vec::len);
    let fixed = given.and_then(|given| given.try_into().ok());
    fixed.ok_or_else(|| format!("`val` of a `{form}` has `{seen}` numbers where `{N}` belong"))
}

/// Center, size and perhaps a turn; none where the size is below 0.
fn rectangle<const N: usize>(given: Option<Vec<f64>>) -> Result<Option<Shape>, String> {
    let form = if N == 4 { "bbox" } else { "rbbox" };
    let given: [f64; N] = fixed(form, given)?;
    let [x, y, width, height, rest @ ..] = given.as_slice() else {
        return Ok(None);
    };
    if *width < 0.0 || *height < 0.0 {
        return Ok(None);
    }
    let half = [0.5 * width, 0.5 * height];
    Ok(Some(Shape::Box2 {
        corners_px: [x - half[0], y - half[1], x + half[0], y + half[1]],
        rotation_radians: rest.first().copied().unwrap_or(0.0),
    }))
}

/// A cuboid; none where its size is below 0.
fn cuboid(given: &[f64]) -> Result<Option<Shape>, String> {
    let (center, quat, size) = match *given {
        [x, y, z, rx, ry, rz, sx, sy, sz] => {
            let turn = turns("ZYX", [rz, ry, rx]).unwrap_or([0.0, 0.0, 0.0, 1.0]);
            ([x, y, z], turn, [sx, sy, sz])
        }
        [x, y, z, qx, qy, qz, qw, sx, sy, sz] => ([x, y, z], [qx, qy, qz, qw], [sx, sy, sz]),
        _ => return Err(format!("`val` of a cuboid has `{}` numbers", given.len())),
    };
    if size.iter().any(|side| *side < 0.0) {
        return Ok(None);
    }
    let quat = unit(quat).ok_or("the quaternion of a cuboid has no direction")?;
    Ok(Some(Shape::Box3 {
        center_meters: center,
        quat_xyzw: quat,
        size_meters: size,
    }))
}

/// The quaternion of turns about axes in their order, the last applied first; none where a letter is no axis.
fn turns(axes: &str, angles: [f64; 3]) -> Option<[f64; 4]> {
    let mut out = [0.0, 0.0, 0.0, 1.0];
    let mut used = 0;
    for (axis, angle) in axes.chars().zip(angles) {
        let (sin, cos) = (0.5 * angle).sin_cos();
        let turn = match axis.to_ascii_uppercase() {
            'X' => [sin, 0.0, 0.0, cos],
            'Y' => [0.0, sin, 0.0, cos],
            'Z' => [0.0, 0.0, sin, cos],
            _ => return None,
        };
        out = product(out, turn);
        used += 1;
    }
    (used == 3 && axes.len() == 3).then_some(out)
}

/// A translation, meters, and a rotation, order x y z w.
pub(super) type Rigid = ([f64; 3], [f64; 4]);

/// A translation and a rotation; none where a matrix is no rotation.
pub(super) fn placed(given: &Map<String, Value>) -> Result<Option<Rigid>, String> {
    let list = |name: &str| numbers(given.get(name));
    if given.contains_key("matrix4x4") {
        let matrix: Option<[f64; 16]> = list("matrix4x4").and_then(|list| list.try_into().ok());
        let [a, b, c, x, d, e, f, y, g, h, i, z, ..] =
            matrix.ok_or("`matrix4x4` is no list of 16 numbers")?;
        let quat = quat_xyzw_from_rows(&[a, b, c, d, e, f, g, h, i]);
        return Ok(quat.map(|quat| ([x, y, z], quat)));
    }
    let translation: Option<[f64; 3]> = list("translation").and_then(|list| list.try_into().ok());
    let translation = translation.ok_or("it has neither `matrix4x4` nor `translation`")?;
    let quat: Option<[f64; 4]> = match (list("quaternion"), list("euler_angles")) {
        (Some(quat), _) => quat.try_into().ok().and_then(unit),
        (None, Some(angles)) => {
            let axes = given.get("sequence").and_then(Value::as_str);
            let angles = angles.try_into().ok();
            angles.and_then(|angles| turns(axes.unwrap_or("ZYX"), angles))
        }
        (None, None) => None,
    };
    let quat = quat.ok_or("its rotation is none")?;
    Ok(Some((translation, quat)))
}

/// A line of an image; none where its mode is not known.
fn line(given: &Map<String, Value>) -> Result<Option<Shape>, String> {
    let mode = given
        .get("mode")
        .and_then(Value::as_str)
        .unwrap_or("MODE_POLY2D_ABSOLUTE");
    let val = given.get("val");
    let points = match mode {
        "MODE_POLY2D_ABSOLUTE" | "MODE_POLY2D_RELATIVE" => {
            let flat = numbers(val).ok_or("`val` of a `poly2d` is no list of numbers")?;
            if !flat.len().is_multiple_of(2) {
                return Err(format!("`val` of a `poly2d` has `{}` numbers", flat.len()));
            }
            let pairs = flat.chunks_exact(2);
            let mut points: Vec<[f64; 2]> = pairs
                .map(|pair| pair.try_into().unwrap_or_default())
                .collect();
            if let ("MODE_POLY2D_RELATIVE", [first, rest @ ..]) = (mode, points.as_mut_slice()) {
                for point in rest {
                    *point = [point[0] + first[0], point[1] + first[1]];
                }
            }
            points
        }
        "MODE_POLY2D_SRF6DCC" => chain(val, Some([3, 15]))?,
        "MODE_POLY2D_RS6FCC" => chain(val, None)?,
        _ => return Ok(None),
    };
    let closed = given.get("closed").and_then(Value::as_bool);
    Ok(Some(if closed == Some(true) {
        Shape::Polygon(points)
    } else {
        Shape::Polyline(points)
    }))
}

/// A chain code, see [`chain`].
struct Chain {
    start: [i64; 2],
    /// How far the digits 6 and 7 go.
    ahead: [i64; 2],
    digits: Vec<u8>,
}

/// Reads texts x, y, (how far the digits 6 and 7 go, where `ahead` does not say it,) how many digits at the end are none,
/// and the digits, three bits each, in base 64.
fn chain_code(val: Option<&Value>, ahead: Option<[i64; 2]>) -> Option<Chain> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let given = val?.as_array()?;
    let number = |at: usize| {
        let text = text_of(given.get(at)?);
        text.parse::<i32>().ok().map(i64::from)
    };
    let rest = if ahead.is_some() { 2 } else { 4 };
    let ahead = match ahead {
        Some(ahead) => ahead,
        None => [number(2)?, number(3)?],
    };
    let unused = usize::try_from(number(rest)?).ok()?;
    let code = text_of(given.get(rest + 1)?);
    let mut digits = Vec::with_capacity(2 * code.len());
    for letter in code.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        let value = u8::try_from(value).ok()?;
        digits.extend([value >> 3, value & 7]);
    }
    digits.truncate(digits.len().saturating_sub(unused));
    Some(Chain {
        start: [number(0)?, number(1)?],
        ahead,
        digits,
    })
}

/// Points of a chain code. A digit turns and goes a pixel: 0 ahead, 1 and 2 an eighth of a turn right and left, 3 and 4 a
/// quarter; 5 turns about without going; 6 and 7 go ahead several pixels. It begins looking down the image; a run ahead
/// gives one point.
fn chain(val: Option<&Value>, ahead: Option<[i64; 2]>) -> Result<Vec<[f64; 2]>, String> {
    const STEPS: [[i64; 2]; 8] = [
        [1, 0],
        [1, 1],
        [0, 1],
        [-1, 1],
        [-1, 0],
        [-1, -1],
        [0, -1],
        [1, -1],
    ];
    const ABOUT: usize = 4;
    let code = chain_code(val, ahead).ok_or("`val` of a `poly2d` is no chain code")?;
    let ([mut x, mut y], mut direction, mut run) = (code.start, 2_usize, 0_i64);
    let mut points = vec![[x as f64, y as f64]];
    let mut go = |direction: usize, pixels: i64| {
        let [dx, dy] = STEPS.get(direction % 8).copied().unwrap_or_default();
        x = x.saturating_add(dx.saturating_mul(pixels));
        y = y.saturating_add(dy.saturating_mul(pixels));
        points.push([x as f64, y as f64]);
    };
    for digit in code.digits {
        let turn = match digit {
            0 | 6 | 7 => {
                let far = match digit {
                    0 => 1,
                    6 => code.ahead[0],
                    _ => code.ahead[1],
                };
                run = run.saturating_add(far);
                continue;
            }
            1 => 1,
            2 => 7,
            3 => 2,
            4 => 6,
            _ => ABOUT,
        };
        if run > 0 {
            go(direction, std::mem::take(&mut run));
        }
        direction = (direction + turn) % 8;
        if turn != ABOUT {
            go(direction, 1);
        }
    }
    if run > 0 {
        go(direction, run);
    }
    Ok(points)
}
