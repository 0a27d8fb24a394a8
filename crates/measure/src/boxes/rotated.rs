//! Boxes that are turned about the vertical, seen from above and in space.
//!
//! Read [`Cuboid`] first; [`BirdsEye`] is its footprint. Everything is exact up to rounding: one footprint is clipped by
//! the four sides of the other, in the frame of the other. Not here: boxes that also pitch and roll.

use super::{BoxError, finite, size};

/// A rectangle on a plane, turned by its yaw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BirdsEye {
    /// Center, meters.
    pub center_meters: [f64; 2],
    /// Size along the heading, meters.
    pub length_meters: f64,
    /// Size across the heading, meters.
    pub width_meters: f64,
    /// Heading from the first axis towards the second, radians.
    pub yaw_radians: f64,
}

/// A box in space that stands upright.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuboid {
    /// What it covers from above.
    pub footprint: BirdsEye,
    /// Height of its center, meters.
    pub center_z_meters: f64,
    /// Size along the vertical, meters.
    pub height_meters: f64,
}

/// A rectangle clipped by four lines has at most 8 corners; rounding may split a few more off.
const MOST_CORNERS: usize = 16;

/// A convex polygon of few corners.
#[derive(Clone, Copy)]
struct Corners {
    points: [[f64; 2]; MOST_CORNERS],
    n: usize,
}

impl Corners {
    fn push(&mut self, point: [f64; 2]) {
        if let Some(place) = self.points.get_mut(self.n) {
            *place = point;
            self.n += 1;
        }
    }

    fn new(points: &[[f64; 2]]) -> Self {
        let mut out = Self {
            points: [[0.0; 2]; MOST_CORNERS],
            n: 0,
        };
        for &point in points {
            out.push(point);
        }
        out
    }

    fn as_slice(&self) -> &[[f64; 2]] {
        &self.points[..self.n]
    }

    /// The part with `sign * p[axis] <= limit` (Sutherland and Hodgman 1974).
    fn clip(&self, axis: usize, sign: f64, limit: f64) -> Self {
        let mut out = Self::new(&[]);
        let corners = self.as_slice();
        let Some(&last) = corners.last() else {
            return out;
        };
        let mut from = last;
        let mut from_beyond = sign * from[axis] - limit;
        for &to in corners {
            let beyond = sign * to[axis] - limit;
            if (from_beyond <= 0.0) != (beyond <= 0.0) {
                let share = from_beyond / (from_beyond - beyond);
                let other = 1 - axis;
                let mut cut = [0.0; 2];
                cut[axis] = sign * limit;
                cut[other] = from[other] + share * (to[other] - from[other]);
                out.push(cut);
            }
            if beyond <= 0.0 {
                out.push(to);
            }
            (from, from_beyond) = (to, beyond);
        }
        out
    }

    fn area(&self) -> f64 {
        polygon_area(self.as_slice())
    }
}

/// Area inside a polygon, by the shoelace formula around its first corner.
fn polygon_area(corners: &[[f64; 2]]) -> f64 {
    let Some((&[x, y], rest)) = corners.split_first() else {
        return 0.0;
    };
    let twice: f64 = rest
        .windows(2)
        .map(|pair| (pair[0][0] - x) * (pair[1][1] - y) - (pair[1][0] - x) * (pair[0][1] - y))
        .sum();
    twice.abs() / 2.0
}

/// Area of the convex hull (Andrew's monotone chain, 1979).
fn hull_area(points: &mut [[f64; 2]]) -> f64 {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let mut hull: Vec<[f64; 2]> = Vec::with_capacity(points.len() + 1);
    let turns_right = |a: [f64; 2], b: [f64; 2], c: [f64; 2]| {
        (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0.0
    };
    let mut half = |order: &mut dyn Iterator<Item = [f64; 2]>| {
        let start = hull.len();
        for point in order {
            while let [.., a, b] = hull[start..] {
                if !turns_right(a, b, point) {
                    break;
                }
                hull.pop();
            }
            hull.push(point);
        }
        // The end of one half is the start of the other.
        hull.pop();
    };
    half(&mut points.iter().copied());
    half(&mut points.iter().rev().copied());
    polygon_area(&hull)
}

impl BirdsEye {
    /// The rectangle where it is one: finite, and no size below 0.
    pub fn checked(self) -> Result<Self, BoxError> {
        finite("x", self.center_meters[0])?;
        finite("y", self.center_meters[1])?;
        finite("yaw", self.yaw_radians)?;
        size("length", self.length_meters)?;
        size("width", self.width_meters)?;
        Ok(self)
    }

    /// Area, square meters.
    pub fn area(&self) -> f64 {
        self.length_meters * self.width_meters
    }

    fn corners(&self) -> [[f64; 2]; 4] {
        let (l, w) = (self.length_meters / 2.0, self.width_meters / 2.0);
        [[l, w], [-l, w], [-l, -w], [l, -w]]
    }

    /// The corners of `other` in the frame of this one; the difference of centers comes first, so that boxes far from
    /// the origin lose nothing.
    fn corners_of(&self, other: &Self) -> [[f64; 2]; 4] {
        let (sin, cos) = self.yaw_radians.sin_cos();
        let dx = other.center_meters[0] - self.center_meters[0];
        let dy = other.center_meters[1] - self.center_meters[1];
        let center = [cos * dx + sin * dy, cos * dy - sin * dx];
        let (sin, cos) = (other.yaw_radians - self.yaw_radians).sin_cos();
        other
            .corners()
            .map(|[x, y]| [center[0] + cos * x - sin * y, center[1] + sin * x + cos * y])
    }

    /// Whether circles around the two do not meet.
    fn is_far(&self, other: &Self) -> bool {
        let radius = |b: &Self| b.length_meters.hypot(b.width_meters) / 2.0;
        let dx = other.center_meters[0] - self.center_meters[0];
        let dy = other.center_meters[1] - self.center_meters[1];
        let reach = radius(self) + radius(other);
        dx * dx + dy * dy > reach * reach
    }

    /// Area common to both, square meters; 0 where they only touch.
    pub fn intersection(&self, other: &Self) -> f64 {
        if self.is_far(other) {
            return 0.0;
        }
        let (l, w) = (self.length_meters / 2.0, self.width_meters / 2.0);
        Corners::new(&self.corners_of(other))
            .clip(0, 1.0, l)
            .clip(0, -1.0, l)
            .clip(1, 1.0, w)
            .clip(1, -1.0, w)
            .area()
    }

    /// Intersection over union, 0 to 1; 0 where they do not meet, rectangles without area included.
    ///
    /// Exact up to rounding. Agrees with the polygons of shapely 2.2.0. Cost: constant, no allocation.
    pub fn iou(&self, other: &Self) -> f64 {
        let common = self.intersection(other);
        if common <= 0.0 {
            return 0.0;
        }
        common / (self.area() + other.area() - common)
    }

    /// Area of the convex hull of both, square meters.
    pub fn hull_area(&self, other: &Self) -> f64 {
        let mut points = [[0.0; 2]; 8];
        points[..4].copy_from_slice(&self.corners());
        points[4..].copy_from_slice(&self.corners_of(other));
        hull_area(&mut points)
    }

    /// Generalized intersection over union, -1 to 1, with the convex hull as the enclosing shape
    /// (Rezatofighi et al. 2019, eq. 1).
    ///
    /// Errors: [`BoxError::NoArea`] where neither has an area.
    pub fn giou(&self, other: &Self) -> Result<f64, BoxError> {
        let common = self.intersection(other);
        generalized(
            common,
            self.area() + other.area() - common,
            self.hull_area(other),
        )
    }
}

fn generalized(common: f64, union: f64, hull: f64) -> Result<f64, BoxError> {
    if union <= 0.0 || hull <= 0.0 {
        return Err(BoxError::NoArea);
    }
    Ok(common / union - (hull - union) / hull)
}

impl Cuboid {
    /// From x, y, z of the center, length, width, height and yaw.
    pub fn from_array([x, y, z, length, width, height, yaw]: [f64; 7]) -> Self {
        Self {
            footprint: BirdsEye {
                center_meters: [x, y],
                length_meters: length,
                width_meters: width,
                yaw_radians: yaw,
            },
            center_z_meters: z,
            height_meters: height,
        }
    }

    /// The box where it is one: finite, and no size below 0.
    pub fn checked(self) -> Result<Self, BoxError> {
        self.footprint.checked()?;
        finite("z", self.center_z_meters)?;
        size("height", self.height_meters)?;
        Ok(self)
    }

    /// Volume, cubic meters.
    pub fn volume(&self) -> f64 {
        self.footprint.area() * self.height_meters
    }

    fn ends(&self) -> [f64; 2] {
        let half = self.height_meters / 2.0;
        [self.center_z_meters - half, self.center_z_meters + half]
    }

    /// Whether a point lies inside or on the surface.
    pub fn contains(&self, point_meters: [f64; 3]) -> bool {
        let [x, y, z] = point_meters;
        let point = BirdsEye {
            center_meters: [x, y],
            length_meters: 0.0,
            width_meters: 0.0,
            yaw_radians: self.footprint.yaw_radians,
        };
        let [[x, y], ..] = self.footprint.corners_of(&point);
        x.abs() <= self.footprint.length_meters / 2.0
            && y.abs() <= self.footprint.width_meters / 2.0
            && (z - self.center_z_meters).abs() <= self.height_meters / 2.0
    }

    /// Volume common to both, cubic meters.
    pub fn intersection(&self, other: &Self) -> f64 {
        let (a, b) = (self.ends(), other.ends());
        let height = a[1].min(b[1]) - a[0].max(b[0]);
        if height <= 0.0 {
            return 0.0;
        }
        height * self.footprint.intersection(&other.footprint)
    }

    /// Intersection over union, 0 to 1; 0 where they do not meet, boxes without volume included. Cost: constant.
    pub fn iou(&self, other: &Self) -> f64 {
        let common = self.intersection(other);
        if common <= 0.0 {
            return 0.0;
        }
        common / (self.volume() + other.volume() - common)
    }

    /// Generalized intersection over union, -1 to 1; the enclosing shape is the hull of the footprints between the
    /// lowest and the highest face, as trackers use it (Pang et al. 2021, `SimpleTrack`, 3.2).
    ///
    /// Errors: [`BoxError::NoArea`] where neither has a volume.
    pub fn giou(&self, other: &Self) -> Result<f64, BoxError> {
        let common = self.intersection(other);
        let (a, b) = (self.ends(), other.ends());
        let hull = self.footprint.hull_area(&other.footprint) * (a[1].max(b[1]) - a[0].min(b[0]));
        generalized(common, self.volume() + other.volume() - common, hull)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_box() -> impl Strategy<Value = Cuboid> {
        let size = 0.1..8.0;
        (
            (-5.0..5.0, -5.0..5.0, -2.0..2.0),
            (size.clone(), size.clone(), size),
            -7.0..7.0,
        )
            .prop_map(|((x, y, z), (l, w, h), yaw)| Cuboid::from_array([x, y, z, l, w, h, yaw]))
    }

    proptest! {
        #[test]
        fn iou_is_symmetric_bounded_and_free_of_the_frame(
            a in any_box(), b in any_box(), turn in -4.0..4.0, far in -1e4..1e4,
        ) {
            let iou = a.iou(&b);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&iou));
            prop_assert!((iou - b.iou(&a)).abs() < 1e-12);
            let moved = |c: Cuboid| {
                let (sin, cos) = f64::sin_cos(turn);
                let [x, y] = c.footprint.center_meters;
                let mut out = c;
                out.footprint.center_meters = [cos * x - sin * y + far, sin * x + cos * y - far];
                out.footprint.yaw_radians += turn;
                out
            };
            prop_assert!((moved(a).iou(&moved(b)) - iou).abs() < 1e-9);
            let giou = a.giou(&b).unwrap();
            prop_assert!(giou <= iou + 1e-12 && giou >= -1.0);
            prop_assert!((giou - b.giou(&a).unwrap()).abs() < 1e-9);
        }

        #[test]
        fn identical_boxes_overlap_wholly(a in any_box()) {
            prop_assert!((a.iou(&a) - 1.0).abs() < 1e-12);
            prop_assert!((a.giou(&a).unwrap() - 1.0).abs() < 1e-9);
            let mut turned = a;
            turned.footprint.yaw_radians += std::f64::consts::PI;
            prop_assert!((a.iou(&turned) - 1.0).abs() < 1e-12);
        }

        #[test]
        fn boxes_along_the_axes_are_rectangles(a in any_box(), b in any_box()) {
            let flat = |c: Cuboid| BirdsEye { yaw_radians: 0.0, ..c.footprint };
            let rect = |f: BirdsEye| super::super::Rect {
                x: f.center_meters[0] - f.length_meters / 2.0,
                y: f.center_meters[1] - f.width_meters / 2.0,
                width: f.length_meters,
                height: f.width_meters,
            };
            let (a, b) = (flat(a), flat(b));
            prop_assert!((a.iou(&b) - rect(a).iou(&rect(b))).abs() < 1e-12);
        }
    }

    #[test]
    fn a_square_and_its_eighth_turn_make_an_octagon() {
        let square = Cuboid::from_array([0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 0.0]);
        let mut turned = square;
        turned.footprint.yaw_radians = std::f64::consts::FRAC_PI_4;
        assert!((square.iou(&turned) - 0.5_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn what_is_no_box_is_refused() {
        let of = |array| Cuboid::from_array(array).checked();
        assert!(of([0.0, 0.0, f64::NAN, 1.0, 1.0, 1.0, 0.0]).is_err());
        assert!(of([0.0, 0.0, 0.0, -1.0, 1.0, 1.0, 0.0]).is_err());
        let point = Cuboid::from_array([0.0; 7]);
        assert_eq!(point.giou(&point), Err(BoxError::NoArea));
    }
}
