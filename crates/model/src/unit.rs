//! Units: which there are, which measure the same thing, and how numbers go from one to another.
//!
//! Read [`Unit`] and [`Conversion`] first. A factor is kept as a quotient of whole numbers wherever it is one, so that
//! integers convert exactly or not at all, and 180 km/h are 50 m/s to the last bit.
//!
//! Not here: how quantities are shown ([`crate::display`]).

use crate::strict::unknown_word;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One unit of [`UNITS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Unit(usize);

/// A row of [`UNITS`].
#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    measures: &'static str,
    /// One of it is `numerator / denominator` of the first unit that measures the same, times pi where `turns`.
    numerator: i64,
    denominator: i64,
    turns: bool,
    /// Added after scaling, in hundredths of the first unit.
    offset_hundredths: i64,
}

const fn unit(name: &'static str, measures: &'static str, numerator: i64, denominator: i64) -> Row {
    Row {
        name,
        measures,
        numerator,
        denominator,
        turns: false,
        offset_hundredths: 0,
    }
}

/// The same for a unit that is that many times pi.
const fn turning(row: Row) -> Row {
    Row { turns: true, ..row }
}

/// Every unit, the first of a kind is the one others are given in. SI prefixes and units, the international inch, foot,
/// mile, knot and pound, standard gravity (CGPM 1901, 3rd), BIPM SI brochure 9th edition for the rest.
const UNITS: &[Row] = &[
    unit("1", "a plain number", 1, 1),
    unit("ratio", "a plain number", 1, 1),
    unit("share", "a plain number", 1, 1),
    unit("count", "a plain number", 1, 1),
    unit("%", "a plain number", 1, 100),
    unit("ppm", "a plain number", 1, 1_000_000),
    unit("s", "time", 1, 1),
    unit("ms", "time", 1, 1_000),
    unit("us", "time", 1, 1_000_000),
    unit("ns", "time", 1, 1_000_000_000),
    unit("min", "time", 60, 1),
    unit("h", "time", 3_600, 1),
    unit("Hz", "frequency", 1, 1),
    unit("kHz", "frequency", 1_000, 1),
    unit("MHz", "frequency", 1_000_000, 1),
    unit("m", "length", 1, 1),
    unit("km", "length", 1_000, 1),
    unit("cm", "length", 1, 100),
    unit("mm", "length", 1, 1_000),
    unit("um", "length", 1, 1_000_000),
    unit("in", "length", 254, 10_000),
    unit("ft", "length", 3_048, 10_000),
    unit("mi", "length", 1_609_344, 1_000),
    unit("m2", "area", 1, 1),
    unit("m3", "volume", 1, 1),
    unit("l", "volume", 1, 1_000),
    unit("m/s", "speed", 1, 1),
    unit("km/h", "speed", 10, 36),
    unit("cm/s", "speed", 1, 100),
    unit("mm/s", "speed", 1, 1_000),
    unit("ft/s", "speed", 3_048, 10_000),
    unit("mph", "speed", 1_609_344, 3_600_000),
    unit("kn", "speed", 1_852, 3_600),
    unit("m/s2", "acceleration", 1, 1),
    unit("g", "acceleration", 980_665, 100_000),
    unit("mg", "acceleration", 980_665, 100_000_000),
    unit("m/s3", "jerk", 1, 1),
    unit("rad", "angle", 1, 1),
    turning(unit("deg", "angle", 1, 180)),
    turning(unit("turn", "angle", 2, 1)),
    unit("rad/s", "angular speed", 1, 1),
    turning(unit("deg/s", "angular speed", 1, 180)),
    turning(unit("rpm", "angular speed", 2, 60)),
    unit("rad/s2", "angular acceleration", 1, 1),
    turning(unit("deg/s2", "angular acceleration", 1, 180)),
    unit("1/m", "curvature", 1, 1),
    unit("px", "pixels", 1, 1),
    unit("bytes", "size of data", 1, 1),
    unit("B", "size of data", 1, 1),
    unit("kB", "size of data", 1_000, 1),
    unit("MB", "size of data", 1_000_000, 1),
    unit("kg", "mass", 1, 1),
    unit("t", "mass", 1_000, 1),
    unit("lb", "mass", 45_359_237, 100_000_000),
    unit("N", "force", 1, 1),
    unit("kN", "force", 1_000, 1),
    unit("Nm", "torque", 1, 1),
    unit("Pa", "pressure", 1, 1),
    unit("hPa", "pressure", 100, 1),
    unit("mbar", "pressure", 100, 1),
    unit("kPa", "pressure", 1_000, 1),
    unit("bar", "pressure", 100_000, 1),
    unit("K", "temperature", 1, 1),
    Row {
        offset_hundredths: 27_315,
        ..unit("degC", "temperature", 1, 1)
    },
    unit("V", "voltage", 1, 1),
    unit("mV", "voltage", 1, 1_000),
    unit("A", "current", 1, 1),
    unit("mA", "current", 1, 1_000),
    unit("W", "power", 1, 1),
    unit("kW", "power", 1_000, 1),
    unit("J", "energy", 1, 1),
    unit("Wh", "energy", 3_600, 1),
    unit("kWh", "energy", 3_600_000, 1),
    unit("T", "magnetic field", 1, 1),
    unit("uT", "magnetic field", 1, 1_000_000),
    unit("gauss", "magnetic field", 1, 10_000),
    unit("lx", "illuminance", 1, 1),
    unit("dB", "level", 1, 1),
    unit("dBm", "power level", 1, 1),
];

impl Unit {
    /// The unit of that name; none for a name that is none.
    pub fn named(name: &str) -> Option<Self> {
        UNITS.iter().position(|row| row.name == name).map(Self)
    }

    /// The names of all units.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        UNITS.iter().map(|row| row.name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().map_or("1", |row| row.name)
    }

    /// What it measures: `speed`. Units of one kind convert into each other.
    pub fn measures(self) -> &'static str {
        self.row().map_or("a plain number", |row| row.measures)
    }

    /// How numbers in this unit become numbers in another; none where they measure different things.
    pub fn to(self, other: Self) -> Option<Conversion> {
        let (from, to) = (self.row()?, other.row()?);
        if from.measures != to.measures {
            return None;
        }
        let numerator = i128::from(from.numerator) * i128::from(to.denominator);
        let denominator = i128::from(from.denominator) * i128::from(to.numerator);
        let shared = divisor(numerator, denominator);
        // In hundredths of the first unit, then in the other unit; only temperatures have any, at scale 1.
        let offset = from.offset_hundredths - to.offset_hundredths;
        Some(Conversion {
            numerator: i64::try_from(numerator / shared).ok()?,
            denominator: i64::try_from(denominator / shared).ok()?,
            pi_power: i32::from(from.turns) - i32::from(to.turns),
            offset_hundredths: offset,
        })
    }

    fn row(self) -> Option<&'static Row> {
        UNITS.get(self.0)
    }
}

fn divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { divisor(b, a % b) }
}

impl TryFrom<String> for Unit {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::named(&name).ok_or_else(|| unknown_word("unit", &name, Self::names()))
    }
}

impl From<Unit> for &'static str {
    fn from(unit: Unit) -> Self {
        unit.name()
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl JsonSchema for Unit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Unit".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = Self::names().collect();
        schemars::json_schema!({"type": "string", "enum": names})
    }
}

/// `x * numerator / denominator * pi^pi_power + offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    numerator: i64,
    denominator: i64,
    pi_power: i32,
    offset_hundredths: i64,
}

impl Conversion {
    /// Whether every number stays what it is.
    pub fn is_identity(&self) -> bool {
        self.numerator == self.denominator && self.pi_power == 0 && self.offset_hundredths == 0
    }

    /// A number in the other unit: the factor's parts applied one after the other, so that a result that has an exact
    /// form gets it wherever the first product has one. NaN and infinities stay.
    pub fn real(&self, x: f64) -> f64 {
        let mut y = x;
        if self.pi_power > 0 {
            y *= std::f64::consts::PI;
        }
        y *= self.numerator as f64;
        y /= self.denominator as f64;
        if self.pi_power < 0 {
            y /= std::f64::consts::PI;
        }
        if self.offset_hundredths == 0 {
            y
        } else {
            y + self.offset_hundredths as f64 / 100.0
        }
    }

    /// A whole number in the other unit; none where it is not whole there, or beyond 64 bits.
    pub fn integer(&self, x: i64) -> Option<i64> {
        if self.pi_power != 0 {
            return (x == 0 && self.offset_hundredths == 0).then_some(0);
        }
        let hundred = 100 * i128::from(self.denominator);
        let scaled = i128::from(x) * i128::from(self.numerator) * 100
            + i128::from(self.offset_hundredths) * i128::from(self.denominator);
        if scaled % hundred != 0 {
            return None;
        }
        i64::try_from(scaled / hundred).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversion(from: &str, to: &str) -> Conversion {
        Unit::named(from)
            .unwrap()
            .to(Unit::named(to).unwrap())
            .unwrap()
    }

    #[test]
    fn known_values_convert_exactly() {
        for (x, from, to, y) in [
            (180.0, "km/h", "m/s", 50.0),
            (50.0, "m/s", "km/h", 180.0),
            (180.0, "deg", "rad", std::f64::consts::PI),
            (1.0, "turn", "deg", 360.0),
            (60.0, "rpm", "turn", f64::NAN),
            (20.0, "degC", "K", 293.15),
            (1.0, "g", "m/s2", 9.80665),
            (1.0, "mi", "m", 1609.344),
            (1.0, "kn", "km/h", 1.852),
            (1013.25, "hPa", "bar", 1.01325),
            (1.0, "lb", "kg", 0.453_592_37),
            (50.0, "%", "share", 0.5),
        ] {
            let (from, to) = (Unit::named(from).unwrap(), Unit::named(to).unwrap());
            match from.to(to) {
                Some(conversion) => {
                    assert_eq!(conversion.real(x).to_bits(), y.to_bits(), "{from} {to}");
                }
                None => assert!(y.is_nan(), "{from} {to}"),
            }
        }
    }

    #[test]
    fn integers_convert_exactly_or_not_at_all() {
        assert_eq!(conversion("us", "ns").integer(7), Some(7000));
        assert_eq!(conversion("ns", "us").integer(7000), Some(7));
        assert_eq!(conversion("ns", "us").integer(7001), None);
        assert_eq!(conversion("s", "ns").integer(i64::MAX), None);
        assert_eq!(conversion("deg", "rad").integer(90), None);
        assert_eq!(conversion("degC", "K").integer(1), None);
        assert_eq!(conversion("km/h", "m/s").integer(-18), Some(-5));
    }

    #[test]
    fn names_are_unique_and_first_units_have_factor_one() {
        let mut names: Vec<_> = Unit::names().collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), UNITS.len());
        for row in UNITS {
            let first = UNITS
                .iter()
                .find(|first| first.measures == row.measures)
                .unwrap();
            assert_eq!(
                (first.numerator, first.denominator, first.turns),
                (1, 1, false)
            );
        }
        assert!(conversion("B", "bytes").is_identity());
    }

    proptest::proptest! {
        #[test]
        fn back_and_forth_is_the_same(x in -1e6_f64..1e6, a in 0..UNITS.len(), b in 0..UNITS.len()) {
            let (a, b) = (Unit(a), Unit(b));
            if let (Some(there), Some(back)) = (a.to(b), b.to(a)) {
                let again = back.real(there.real(x));
                // Offsets of temperatures cost the bits of 273.
                proptest::prop_assert!((again - x).abs() <= 1e-15 * (x.abs() + 1000.0) * 4.0, "{a} {b} {x} {again}");
            }
        }
    }
}
