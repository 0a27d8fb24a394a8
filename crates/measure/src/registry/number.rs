//! Numbers at the JSON edge.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number that may be infinite: JSON has no infinities, so they are the strings `inf`, `-inf` and `nan`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Number(pub f64);

impl From<f64> for Number {
    fn from(x: f64) -> Self {
        Self(x)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.is_nan() {
            to.serialize_str("nan")
        } else if self.0.is_infinite() {
            to.serialize_str(if self.0 > 0.0 { "inf" } else { "-inf" })
        } else {
            to.serialize_f64(self.0)
        }
    }
}

struct Words;

impl Visitor<'_> for Words {
    type Value = Number;

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("a number, or `inf`, `-inf` or `nan`")
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<Number, E> {
        Ok(Number(x))
    }

    fn visit_i64<E: Error>(self, x: i64) -> Result<Number, E> {
        Ok(Number(x as f64))
    }

    fn visit_u64<E: Error>(self, x: u64) -> Result<Number, E> {
        Ok(Number(x as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        match text {
            "inf" => Ok(Number(f64::INFINITY)),
            "-inf" => Ok(Number(f64::NEG_INFINITY)),
            "nan" => Ok(Number(f64::NAN)),
            other => Err(E::custom(format!("`{other}` is no number"))),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_survive() {
        for (x, text) in [
            (1.5, "1.5"),
            (f64::INFINITY, "\"inf\""),
            (f64::NEG_INFINITY, "\"-inf\""),
        ] {
            assert_eq!(
                serde_json::to_string(&Number(x)).ok().as_deref(),
                Some(text)
            );
            assert_eq!(serde_json::from_str(text).ok(), Some(Number(x)));
        }
        assert!(serde_json::from_str::<Number>("\"nan\"").is_ok_and(|n| n.0.is_nan()));
        assert!(serde_json::from_str::<Number>("\"much\"").is_err());
    }
}
