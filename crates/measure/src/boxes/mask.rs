//! Masks as run lengths, in COCO's form.
//!
//! Read [`Mask`] first; [`Segmentation`] is what COCO files hold. Not here: drawing polygons ([`super::rasterize`]).

use super::{BoxError, Rect, rasterize};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most pixels of an image: run lengths are 32-bit.
const MOST_PIXELS: u64 = 1 << 31;

/// Pixels that belong to something, as lengths of runs down the columns; the first run is background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    height: u32,
    width: u32,
    runs: Vec<u32>,
}

/// Checks the size of an image.
pub(crate) fn image_size(height: u32, width: u32) -> Result<(), BoxError> {
    let pixels = u64::from(height) * u64::from(width);
    if pixels == 0 || pixels > MOST_PIXELS {
        return Err(BoxError::Image { height, width });
    }
    Ok(())
}

/// Walks two lists of runs together: `see` gets the length of a stretch and whether it is inside each of them.
fn walk(a: &[u32], b: &[u32], mut see: impl FnMut(u32, bool, bool)) {
    let (mut a, mut b) = (a.iter().copied(), b.iter().copied());
    let (mut left_a, mut left_b) = (a.next().unwrap_or(0), b.next().unwrap_or(0));
    let (mut in_a, mut in_b) = (false, false);
    loop {
        while left_a == 0 {
            let Some(next) = a.next() else { break };
            (left_a, in_a) = (next, !in_a);
        }
        while left_b == 0 {
            let Some(next) = b.next() else { break };
            (left_b, in_b) = (next, !in_b);
        }
        let length = left_a.min(left_b);
        // Runs cover the same pixels, so both end together.
        if length == 0 {
            return;
        }
        see(length, in_a, in_b);
        left_a -= length;
        left_b -= length;
    }
}

impl Mask {
    /// From run lengths that begin with background and go down the columns; they must cover the image.
    pub fn new([height, width]: [u32; 2], runs: Vec<u32>) -> Result<Self, BoxError> {
        image_size(height, width)?;
        let covered: u64 = runs.iter().map(|&run| u64::from(run)).sum();
        if covered != u64::from(height) * u64::from(width) {
            return Err(BoxError::Runs {
                covered,
                height,
                width,
            });
        }
        Ok(Self {
            height,
            width,
            runs,
        })
    }

    /// From one pixel per byte in rows; anything but 0 is inside.
    pub fn from_rows([height, width]: [u32; 2], pixels: &[u8]) -> Result<Self, BoxError> {
        image_size(height, width)?;
        let (rows, columns) = (height as usize, width as usize);
        if pixels.len() != rows * columns {
            return Err(BoxError::Length {
                what: "pixels",
                found: pixels.len(),
                expected: rows * columns,
            });
        }
        let mut runs = Vec::new();
        let (mut inside, mut run) = (false, 0);
        for column in 0..columns {
            for row in 0..rows {
                if (pixels[row * columns + column] != 0) != inside {
                    runs.push(run);
                    (inside, run) = (!inside, 0);
                }
                run += 1;
            }
        }
        runs.push(run);
        Self::new([height, width], runs)
    }

    /// One byte per pixel in rows: 1 inside, 0 outside.
    pub fn to_rows(&self) -> Vec<u8> {
        let (rows, columns) = (self.height as usize, self.width as usize);
        let mut out = vec![0; rows * columns];
        let (mut at, mut inside) = (0, false);
        for &run in &self.runs {
            if inside {
                for pixel in at..at + run as usize {
                    out[(pixel % rows) * columns + pixel / rows] = 1;
                }
            }
            at += run as usize;
            inside = !inside;
        }
        out
    }

    /// From the compressed text of COCO files: 5 bits a character from `0`, signed differences to the run before the
    /// last from the fourth run on (`rleFrString` of pycocotools 2.0.11).
    pub fn from_text(size: [u32; 2], text: &str) -> Result<Self, BoxError> {
        let mut runs: Vec<u32> = Vec::new();
        let (mut value, mut shift) = (0_i64, 0);
        for (position, byte) in text.bytes().enumerate() {
            let damaged = BoxError::RunText { position };
            let bits = i64::from(byte) - 48;
            if !(0..64).contains(&bits) || shift > 30 {
                return Err(damaged);
            }
            value |= (bits & 0x1f) << shift;
            shift += 5;
            if bits & 0x20 != 0 {
                continue;
            }
            if bits & 0x10 != 0 {
                value |= -1 << shift;
            }
            if runs.len() > 2 {
                value += i64::from(runs[runs.len() - 2]);
            }
            runs.push(u32::try_from(value).map_err(|_| damaged)?);
            (value, shift) = (0, 0);
        }
        if shift != 0 {
            return Err(BoxError::RunText {
                position: text.len(),
            });
        }
        Self::new(size, runs)
    }

    /// The compressed text; [`Mask::from_text`] reads it.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for (i, &run) in self.runs.iter().enumerate() {
            let mut value = i64::from(run);
            if i > 2 {
                value -= i64::from(self.runs[i - 2]);
            }
            loop {
                let bits = value & 0x1f;
                value >>= 5;
                let is_last = value == if bits & 0x10 != 0 { -1 } else { 0 };
                let code = if is_last { bits } else { bits | 0x20 };
                out.push(char::from(u8::try_from(code + 48).unwrap_or(b'0')));
                if is_last {
                    break;
                }
            }
        }
        out
    }

    /// Height and width of the image.
    pub fn size(&self) -> [u32; 2] {
        [self.height, self.width]
    }

    /// The run lengths.
    pub fn runs(&self) -> &[u32] {
        &self.runs
    }

    /// Pixels inside.
    pub fn area(&self) -> u64 {
        let inside = self.runs.iter().skip(1).step_by(2);
        inside.map(|&run| u64::from(run)).sum()
    }

    /// The smallest box around the pixels inside; of size 0 where there is none (`rleToBbox` of pycocotools 2.0.11).
    pub fn bounds(&self) -> Rect {
        let (mut least, mut most) = ([u32::MAX; 2], [0; 2]);
        let mut at = 0;
        for pair in self.runs.chunks_exact(2) {
            let first = at + pair[0];
            at = first + pair[1];
            if pair[1] == 0 {
                continue;
            }
            let last = at - 1;
            let (left, right) = (first / self.height, last / self.height);
            let (upper, lower) = if left == right {
                (first % self.height, last % self.height)
            } else {
                (0, self.height - 1)
            };
            least = [least[0].min(left), least[1].min(upper)];
            most = [most[0].max(right), most[1].max(lower)];
        }
        if least[0] == u32::MAX {
            return Rect::default();
        }
        Rect {
            x: f64::from(least[0]),
            y: f64::from(least[1]),
            width: f64::from(most[0] - least[0]) + 1.0,
            height: f64::from(most[1] - least[1]) + 1.0,
        }
    }

    /// Pixels inside both. Errors: [`BoxError::Sizes`]. Cost: linear in the runs.
    pub fn intersection(&self, other: &Self) -> Result<u64, BoxError> {
        self.same_size(other)?;
        let mut common = 0;
        walk(&self.runs, &other.runs, |length, a, b| {
            if a && b {
                common += u64::from(length);
            }
        });
        Ok(common)
    }

    fn same_size(&self, other: &Self) -> Result<(), BoxError> {
        if self.size() == other.size() {
            return Ok(());
        }
        Err(BoxError::Sizes {
            a: self.size(),
            b: other.size(),
        })
    }

    /// Intersection over union; 0 where they do not meet, empty masks included (`rleIou` of pycocotools 2.0.11).
    pub fn iou(&self, other: &Self) -> Result<f64, BoxError> {
        let common = self.intersection(other)?;
        if common == 0 {
            return Ok(0.0);
        }
        Ok(common as f64 / (self.area() + other.area() - common) as f64)
    }

    /// The share of this mask that `region` covers: COCO's overlap with a crowd.
    pub fn covered_by(&self, region: &Self) -> Result<f64, BoxError> {
        let common = self.intersection(region)?;
        if common == 0 {
            return Ok(0.0);
        }
        Ok(common as f64 / self.area() as f64)
    }

    /// Pixels inside either. Errors: [`BoxError::Sizes`]. Cost: linear in the runs.
    pub fn union(&self, other: &Self) -> Result<Self, BoxError> {
        self.same_size(other)?;
        let (mut runs, mut inside, mut run) = (Vec::new(), false, 0);
        walk(&self.runs, &other.runs, |length, a, b| {
            if (a || b) != inside {
                runs.push(run);
                (inside, run) = (!inside, 0);
            }
            run += length;
        });
        runs.push(run);
        Self::new(self.size(), runs)
    }
}

/// Run lengths as a COCO file holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MaskCounts {
    /// Compressed text.
    Text(String),
    /// Plain numbers.
    Runs(Vec<u32>),
}

/// What an annotation covers, as a COCO file holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Segmentation {
    /// Polygons, x and y in turn, pixels; together they are one object.
    Polygons(Vec<Vec<f64>>),
    /// Run lengths, with height and width.
    Runs {
        /// Height and width.
        size: [u32; 2],
        /// The runs.
        counts: MaskCounts,
    },
}

impl Segmentation {
    /// The mask on an image of `size` (height, width); polygons are drawn as pycocotools draws them.
    ///
    /// Errors: runs of another size, runs or polygons that are damaged.
    pub fn mask(&self, size: [u32; 2]) -> Result<Mask, BoxError> {
        match self {
            Self::Polygons(polygons) => {
                let mut whole = Mask::new(size, vec![size[0].saturating_mul(size[1])])?;
                for (index, polygon) in polygons.iter().enumerate() {
                    whole = whole.union(&rasterize(index, polygon, size)?)?;
                }
                Ok(whole)
            }
            Self::Runs { size: own, .. } if *own != size => {
                Err(BoxError::Sizes { a: *own, b: size })
            }
            Self::Runs { counts, .. } => match counts {
                MaskCounts::Text(text) => Mask::from_text(size, text),
                MaskCounts::Runs(runs) => Mask::new(size, runs.clone()),
            },
        }
    }
}

impl<'de> Deserialize<'de> for MaskCounts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = MaskCounts;

            fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                to.write_str("run lengths as a text or as a list of numbers")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<MaskCounts, E> {
                Ok(MaskCounts::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<MaskCounts, A::Error> {
                let mut runs = Vec::new();
                while let Some(run) = list.next_element()? {
                    runs.push(run);
                }
                Ok(MaskCounts::Runs(runs))
            }
        }
        from.deserialize_any(Form)
    }
}

impl Serialize for MaskCounts {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => to.serialize_str(text),
            Self::Runs(runs) => runs.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Segmentation {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Segmentation;

            fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                to.write_str("a list of polygons, or run lengths with `size` and `counts`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Segmentation, A::Error> {
                let mut polygons = Vec::new();
                while let Some(polygon) = list.next_element()? {
                    polygons.push(polygon);
                }
                Ok(Segmentation::Polygons(polygons))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Segmentation, A::Error> {
                let (mut size, mut counts) = (None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "size" => size = Some(map.next_value()?),
                        "counts" => counts = Some(map.next_value()?),
                        _ => {
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Segmentation::Runs {
                    size: size.ok_or_else(|| A::Error::missing_field("size"))?,
                    counts: counts.ok_or_else(|| A::Error::missing_field("counts"))?,
                })
            }
        }
        from.deserialize_any(Form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn image() -> impl Strategy<Value = ([u32; 2], Vec<u8>)> {
        (1_u32..12, 1_u32..12).prop_flat_map(|(h, w)| {
            let pixels = proptest::collection::vec(0_u8..2, (h * w) as usize);
            (Just([h, w]), pixels)
        })
    }

    proptest! {
        #[test]
        fn every_form_gives_the_pixels_back((size, pixels) in image()) {
            let mask = Mask::from_rows(size, &pixels).unwrap();
            prop_assert_eq!(&mask.to_rows(), &pixels);
            prop_assert_eq!(&Mask::from_text(size, &mask.to_text()).unwrap(), &mask);
            let inside = pixels.iter().filter(|&&p| p != 0).count();
            prop_assert_eq!(mask.area(), inside as u64);
            let bounds = mask.bounds();
            let places: Vec<[usize; 2]> = (0..pixels.len())
                .filter(|&i| pixels[i] != 0)
                .map(|i| [i % size[1] as usize, i / size[1] as usize])
                .collect();
            for (axis, (start, length)) in
                [(bounds.x, bounds.width), (bounds.y, bounds.height)].into_iter().enumerate()
            {
                let along = || places.iter().map(|p| p[axis] as f64);
                let least = along().reduce(f64::min).unwrap_or(0.0);
                let most = along().reduce(f64::max).map_or(0.0, |m| m + 1.0);
                prop_assert_eq!((start, start + length), (least, most));
            }
        }

        #[test]
        fn overlaps_count_pixels((size, a) in image(), seed in 0_u64..1000) {
            let mut random = crate::stats::SplitMix::new(seed);
            let b: Vec<u8> = a.iter().map(|_| u8::from(random.unit() < 0.4)).collect();
            let of = |pixels: &[u8]| Mask::from_rows(size, pixels).unwrap();
            let either: Vec<u8> = a.iter().zip(&b).map(|(x, y)| x | y).collect();
            let both: Vec<u8> = a.iter().zip(&b).map(|(x, y)| x & y).collect();
            prop_assert_eq!(of(&a).union(&of(&b)).unwrap(), of(&either));
            prop_assert_eq!(of(&a).intersection(&of(&b)).unwrap(), of(&both).area());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = Mask::from_text([7, 5], &text);
        }
    }

    #[test]
    fn both_forms_of_a_file_are_read() {
        let of = |text: &str| serde_json::from_str::<Segmentation>(text);
        let runs = of(r#"{"size": [2, 3], "counts": [1, 2, 3]}"#).unwrap();
        let text = runs.mask([2, 3]).unwrap().to_text();
        let same = of(&format!(r#"{{"counts": "{text}", "size": [2, 3]}}"#)).unwrap();
        assert_eq!(same.mask([2, 3]), runs.mask([2, 3]));
        assert!(matches!(runs.mask([3, 2]), Err(BoxError::Sizes { .. })));
        assert!(of(r#"{"size": [2, 3]}"#).is_err());
        assert!(of(r#"[[0, 0, 2, 0, 2, 2]]"#).is_ok());
    }
}
