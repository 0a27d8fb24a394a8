//! Samples of boxes: lists of them, and cubes of scene entities.

use super::motion::place;
use super::sample::{Box3, Boxes, Sample};
use super::slots::boxes as b;
use crate::decode::DecodeError;
use crate::decode::fields::{FieldReader, Value};
use std::borrow::Cow;

/// Keys of an entity's metadata that name its class, the first found counts.
const CATEGORY_KEYS: [&str; 3] = ["category", "class", "label"];

/// A value of the box that was begun last.
fn place_box<'a>(target: Option<&mut Box3<'a>>, slot: u16, value: Value<'a>) {
    let Some(target) = target else {
        return;
    };
    match slot {
        b::TRACK => target.track = value.text(),
        b::CATEGORY => target.category = value.text(),
        b::POINTS => target.points = u64::try_from(value.integer()).ok(),
        b::CENTER..b::QUAT => {
            if let Some(target) = place(&mut target.center_meters, b::CENTER, slot) {
                *target = value.float();
            }
        }
        b::QUAT..b::SIZE => {
            if let Some(target) = place(&mut target.quat_xyzw, b::QUAT, slot) {
                *target = value.float();
            }
        }
        b::SIZE..b::POINTS => {
            if let Some(target) = place(&mut target.size_meters, b::SIZE, slot) {
                *target = value.float();
            }
        }
        _ => {}
    }
}

/// The class of the best of several results.
#[derive(Default)]
struct Best<'a> {
    class: Cow<'a, str>,
    score: f64,
    so_far: Option<(f64, Cow<'a, str>)>,
}

impl<'a> Best<'a> {
    /// Compares the result that has been read; its class may come before or after its score.
    fn close(&mut self) {
        let class = std::mem::take(&mut self.class);
        let better = self
            .so_far
            .as_ref()
            .is_none_or(|(score, _)| self.score > *score);
        if better && !class.is_empty() {
            self.so_far = Some((self.score, class));
        }
        self.score = 0.0;
    }

    /// The class of the box, and a fresh start.
    fn take(&mut self) -> Option<Cow<'a, str>> {
        self.close();
        self.so_far.take().map(|(_, class)| class)
    }
}

pub(super) fn boxes<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
) -> Result<Sample<'a>, DecodeError> {
    let mut boxes = Boxes::default();
    let mut best = Best::default();
    let name = |boxes: &mut Boxes<'a>, best: &mut Best<'a>| {
        if let (Some(class), Some(last)) = (best.take(), boxes.boxes.last_mut()) {
            last.category = class;
        }
    };
    reader.read(payload, &mut |slot, value| match slot {
        b::FRAME => boxes.frame = value.text(),
        b::BOX => {
            name(&mut boxes, &mut best);
            boxes.boxes.push(Box3::default());
        }
        b::RESULT => best.close(),
        b::CLASS => best.class = value.text(),
        b::CLASS_NUMBER => best.class = Cow::Owned(value.integer().to_string()),
        b::SCORE => best.score = value.float(),
        _ => place_box(boxes.boxes.last_mut(), slot, value),
    })?;
    name(&mut boxes, &mut best);
    Ok(Sample::Boxes(boxes))
}

/// What an entity says of all its cubes, which may come before or after them.
#[derive(Default)]
struct Entity<'a> {
    /// Boxes before its own.
    first: usize,
    open: bool,
    frame: Cow<'a, str>,
    id: Cow<'a, str>,
    key: Cow<'a, str>,
    category: Option<(usize, Cow<'a, str>)>,
}

impl<'a> Entity<'a> {
    /// Names its boxes; false when they stand in another frame than those before.
    fn close(self, boxes: &mut Boxes<'a>) -> bool {
        let own = boxes.boxes.get_mut(self.first..).unwrap_or(&mut []);
        if !self.open || own.is_empty() {
            return true;
        }
        let category = self.category.map(|(_, name)| name).unwrap_or_default();
        for each in own {
            each.track.clone_from(&self.id);
            each.category.clone_from(&category);
        }
        if self.first == 0 {
            boxes.frame = self.frame;
            return true;
        }
        boxes.frame == self.frame
    }
}

/// The cubes of a scene; none when its entities stand in several frames, because a sample has one.
pub(super) fn scene<'a>(
    reader: &FieldReader,
    payload: &'a [u8],
) -> Result<Option<Sample<'a>>, DecodeError> {
    let mut boxes = Boxes::default();
    let mut entity = Entity::default();
    let mut one_frame = true;
    reader.read(payload, &mut |slot, value| match slot {
        b::ENTITY => {
            one_frame &= std::mem::take(&mut entity).close(&mut boxes);
            entity.first = boxes.boxes.len();
            entity.open = true;
        }
        b::FRAME => entity.frame = value.text(),
        b::ENTITY_ID => entity.id = value.text(),
        b::KEY => entity.key = value.text(),
        b::VALUE => {
            let rank = CATEGORY_KEYS.iter().position(|key| *key == entity.key);
            let known = entity.category.as_ref().map(|(rank, _)| *rank);
            if let Some(rank) = rank.filter(|rank| known.is_none_or(|known| *rank < known)) {
                entity.category = Some((rank, value.text()));
            }
        }
        b::BOX => boxes.boxes.push(Box3::default()),
        _ => place_box(boxes.boxes.last_mut(), slot, value),
    })?;
    one_frame &= entity.close(&mut boxes);
    Ok(one_frame.then_some(Sample::Boxes(boxes)))
}
