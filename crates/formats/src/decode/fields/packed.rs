//! Chosen fields of CDR, XCDR2 and ROS 1 payloads.
//!
//! The type is flattened, per dialect, into steps. Values of fixed size that lie in a row are one
//! [`Step::Run`]: one check of the bounds, then loads at known places. A run may go on for as long
//! as no value needs a larger alignment than its first one, because only then the padding inside is known.

use super::value::{Numbers, Value, decode};
use super::{Budget, Node, Shape};
use crate::decode::cdr::{Cursor, Dialect};
use crate::decode::definition::{Extensibility, Primitive};
use crate::decode::error::DecodeError;
use crate::decode::plan::{Kind, Plan, TimeForm, nanos_of, read_time};
use std::sync::Arc;

/// A compiled reader; one list of steps per dialect.
#[derive(Clone, Debug)]
pub(super) struct Program {
    plan: Arc<Plan>,
    ros1: bool,
    steps: [Vec<Step>; 4],
}

#[derive(Clone, Debug)]
enum Step {
    /// Values of fixed size in a row.
    Run(Run),
    /// Anything else, with the path of the field for messages of errors.
    Field { name: String, action: Action },
}

#[derive(Clone, Debug, Default)]
struct Run {
    align: usize,
    size: usize,
    reads: Vec<Read>,
    /// End of each field within the run, and its path.
    ends: Vec<(usize, String)>,
}

#[derive(Clone, Copy, Debug)]
struct Read {
    offset: usize,
    slot: u16,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Number(Primitive),
    /// So many doubles in a row, with slots in a row: vectors and quaternions.
    Doubles(usize),
    Numbers(Primitive, usize),
    Bytes(usize),
    Time(TimeForm),
}

#[derive(Clone, Debug)]
enum Action {
    Skip(Kind),
    SkipText,
    Text(u16),
    Texts(u16, Option<usize>),
    Time(u16, TimeForm),
    /// A counted list of numbers, as numbers or bytes.
    Numbers(u16, Primitive),
    Bytes(u16, usize),
    /// A struct with its size before it.
    Delimited(Option<Extensibility>, bool, Vec<Step>),
    /// A counted list, or an array of fixed length.
    List {
        slot: Option<u16>,
        length: Option<usize>,
        min_bytes: u64,
        steps: Vec<Step>,
    },
}

impl Program {
    pub(super) fn compile(plan: &Arc<Plan>, ros1: bool, tree: &Node, found: &mut [bool]) -> Self {
        let steps = Dialect::ALL.map(|dialect| {
            let needed = (dialect == Dialect::Ros1) == ros1;
            if !needed {
                return Vec::new();
            }
            let mut compiler = Compiler {
                plan,
                dialect,
                found,
                out: Out::default(),
            };
            compiler.structure(plan.root, tree, &mut String::new());
            compiler.out.finish()
        });
        Self {
            plan: Arc::clone(plan),
            ros1,
            steps,
        }
    }

    /// Compiled once for every sink that is not behind a pointer, so that the hot ones are inlined.
    pub(super) fn read<'a, S>(&self, payload: &'a [u8], sink: &mut S) -> Result<(), DecodeError>
    where
        S: FnMut(u16, Value<'a>) + ?Sized,
    {
        let cursor = Cursor::new(payload, self.ros1)?;
        let steps = self.steps.get(cursor.dialect().index());
        let mut reader = Reader {
            plan: &self.plan,
            cursor,
            budget: Budget::of(payload),
            sink,
        };
        reader.steps(steps.map_or(&[], Vec::as_slice))
    }
}

struct Reader<'p, 'a, 's, S: ?Sized> {
    plan: &'p Plan,
    cursor: Cursor<'a>,
    budget: Budget,
    sink: &'s mut S,
}

impl<'a, S: FnMut(u16, Value<'a>) + ?Sized> Reader<'_, 'a, '_, S> {
    fn steps(&mut self, steps: &[Step]) -> Result<(), DecodeError> {
        for step in steps {
            match step {
                Step::Run(run) => self.run(run)?,
                Step::Field { name, action } => {
                    self.action(action).map_err(|error| error.within(name))?;
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn run(&mut self, run: &Run) -> Result<(), DecodeError> {
        self.cursor.align(run.align);
        let big_endian = self.cursor.big_endian();
        let bytes = match self.cursor.take(run.size) {
            Ok(bytes) => bytes,
            Err(fault) => {
                let left = self.cursor.remaining();
                let cut = run.ends.iter().find(|(end, _)| *end > left);
                let name = cut.map_or("", |(_, name)| name.as_str());
                return Err(DecodeError::from(fault).within(name));
            }
        };
        for read in &run.reads {
            let rest = bytes.get(read.offset..).unwrap_or(&[]);
            let value = match read.what {
                What::Doubles(count) => {
                    let chunks = rest.as_chunks::<8>().0.get(..count).unwrap_or(&[]);
                    for (slot, chunk) in (read.slot..).zip(chunks) {
                        let number = if big_endian {
                            f64::from_be_bytes(*chunk)
                        } else {
                            f64::from_le_bytes(*chunk)
                        };
                        (self.sink)(slot, Value::Float(number));
                    }
                    continue;
                }
                What::Number(primitive) => decode(rest, primitive, big_endian),
                What::Numbers(primitive, size) => rest
                    .get(..size)
                    .map(|bytes| numbers(bytes, primitive, big_endian)),
                What::Bytes(size) => rest.get(..size).map(|bytes| Value::Bytes(bytes.into())),
                What::Time(form) => time(rest, form, big_endian),
            };
            if let Some(value) = value {
                (self.sink)(read.slot, value);
            }
        }
        Ok(())
    }

    fn action(&mut self, action: &Action) -> Result<(), DecodeError> {
        match action {
            Action::Skip(kind) => self.plan.skip(kind, &mut self.cursor)?,
            Action::SkipText => {
                self.cursor.text()?;
            }
            Action::Text(slot) => {
                let text = self.cursor.utf8()?;
                (self.sink)(*slot, Value::Text(text.into()));
            }
            Action::Texts(slot, length) => {
                let scope = self.cursor.enter_collection(false)?;
                let count = match length {
                    Some(length) => *length,
                    None => self.cursor.count(4)?,
                };
                for _ in 0..count {
                    self.budget.spend()?;
                    let text = self.cursor.utf8()?;
                    (self.sink)(*slot, Value::Text(text.into()));
                }
                self.cursor.leave(scope);
            }
            Action::Time(slot, form) => {
                let nanos = read_time(*form, &mut self.cursor)?;
                (self.sink)(*slot, Value::Integer(nanos));
            }
            Action::Numbers(slot, primitive) => {
                let count = self.cursor.count(primitive.size() as u64)?;
                let bytes = self.cursor.primitives(primitive.size(), count)?;
                let big_endian = self.cursor.big_endian();
                (self.sink)(*slot, numbers(bytes, *primitive, big_endian));
            }
            Action::Bytes(slot, size) => {
                let count = self.cursor.count(*size as u64)?;
                let bytes = self.cursor.primitives(*size, count)?;
                (self.sink)(*slot, Value::Bytes(bytes.into()));
            }
            Action::Delimited(extensibility, empty, steps) => {
                let scope = self.cursor.enter_struct(*extensibility, *empty)?;
                self.steps(steps)?;
                self.cursor.leave(scope);
            }
            Action::List {
                slot,
                length,
                min_bytes,
                steps,
            } => {
                let scope = self.cursor.enter_collection(false)?;
                let count = match length {
                    Some(length) => *length,
                    None => self.cursor.count(*min_bytes)?,
                };
                for _ in 0..count {
                    self.budget.spend()?;
                    if let Some(slot) = slot {
                        (self.sink)(*slot, Value::Element);
                    }
                    self.steps(steps)?;
                }
                self.cursor.leave(scope);
            }
        }
        Ok(())
    }
}

fn numbers(bytes: &[u8], primitive: Primitive, big_endian: bool) -> Value<'_> {
    Value::Numbers(Numbers::Raw {
        bytes,
        primitive,
        big_endian,
    })
}

fn time(bytes: &[u8], form: TimeForm, big_endian: bool) -> Option<Value<'static>> {
    let (secs, nanos) = match form {
        TimeForm::Ros1Time => (Primitive::U32, Primitive::U32),
        TimeForm::Ros1Duration => (Primitive::I32, Primitive::I32),
        TimeForm::Ros2 => (Primitive::I32, Primitive::U32),
    };
    let secs = decode(bytes, secs, big_endian)?.integer();
    let nanos = decode(bytes.get(4..)?, nanos, big_endian)?.integer();
    Some(Value::Integer(nanos_of(secs, nanos)))
}

/// Steps under construction; the last may be an open run.
#[derive(Debug, Default)]
struct Out {
    steps: Vec<Step>,
    run: Option<Run>,
    /// Steps up to and including the last that hands something over.
    needed: usize,
}

impl Out {
    fn close(&mut self) {
        if let Some(run) = self.run.take() {
            let wanted = !run.reads.is_empty();
            self.push(Step::Run(run), wanted);
        }
    }

    fn push(&mut self, step: Step, wanted: bool) {
        self.steps.push(step);
        if wanted {
            self.needed = self.steps.len();
        }
    }

    fn field(&mut self, name: &str, action: Action) {
        self.close();
        let wanted = !matches!(action, Action::Skip(_) | Action::SkipText);
        let name = name.to_owned();
        self.push(Step::Field { name, action }, wanted);
    }

    /// All steps: what follows inside a list or struct needs them.
    fn whole(mut self) -> Vec<Step> {
        self.close();
        self.steps
    }

    /// The steps up to the last wanted value.
    fn finish(mut self) -> Vec<Step> {
        self.close();
        self.steps.truncate(self.needed);
        self.steps
    }

    /// Makes room for a value of fixed size and gives its place in the run.
    fn reserve(&mut self, align: usize, size: usize, name: &str) -> (usize, &mut Run) {
        if self.run.as_ref().is_none_or(|run| run.align < align) {
            self.close();
        }
        let run = self.run.get_or_insert_with(|| Run {
            align,
            ..Run::default()
        });
        let offset = run.size.next_multiple_of(align);
        run.size = offset.saturating_add(size);
        run.ends.push((run.size, name.to_owned()));
        (offset, run)
    }
}

struct Compiler<'p, 'f> {
    plan: &'p Plan,
    dialect: Dialect,
    found: &'f mut [bool],
    out: Out,
}

impl Compiler<'_, '_> {
    /// Flattens a struct into the steps; depth is that of the wanted paths.
    fn structure(&mut self, index: usize, node: &Node, path: &mut String) {
        let Some(structure) = self.plan.structure(index) else {
            return;
        };
        let mutable = structure.extensibility == Some(Extensibility::Mutable);
        if mutable && self.dialect != Dialect::Ros1 {
            // Refused when read, with the type's name.
            self.out.field(path, Action::Skip(Kind::Struct(index)));
            self.out.needed = self.out.steps.len();
        }
        let delimited = self.dialect.is_delimited(structure.extensibility);
        let outer = delimited.then(|| std::mem::take(&mut self.out));
        if structure.fields.is_empty() && self.dialect != Dialect::Ros1 && !delimited {
            self.out.reserve(1, 1, path);
        }
        for field in &structure.fields {
            let before = path.len();
            if before > 0 {
                path.push('.');
            }
            path.push_str(&field.name);
            match node.child(&field.name) {
                Some(child) => self.wanted(&field.kind, child, path),
                None => self.unwanted(&field.kind, path),
            }
            path.truncate(before);
        }
        if let Some(outer) = outer {
            let inner = std::mem::replace(&mut self.out, outer);
            let wanted =
                inner.needed > 0 || inner.run.as_ref().is_some_and(|r| !r.reads.is_empty());
            let action = Action::Delimited(
                structure.extensibility,
                structure.fields.is_empty(),
                inner.finish(),
            );
            self.out.close();
            let step = Step::Field {
                name: String::new(),
                action,
            };
            self.out.push(step, wanted);
        }
    }

    fn align_of(&self, size: usize) -> usize {
        size.min(self.dialect.max_align())
    }

    fn fixed(&mut self, primitive: Primitive, count: usize, path: &str) -> (usize, &mut Run) {
        let align = self.align_of(primitive.size());
        let size = primitive.size().saturating_mul(count);
        self.out.reserve(align, size, path)
    }

    fn read(&mut self, primitive: Primitive, count: usize, path: &str, read: (u16, What)) {
        let (offset, run) = self.fixed(primitive, count, path);
        let (slot, mut what) = read;
        if matches!(what, What::Number(Primitive::F64)) {
            if let Some(last) = run.reads.last_mut()
                && let What::Doubles(before) = &mut last.what
                && last.offset.saturating_add(before.saturating_mul(8)) == offset
                && usize::from(slot) == usize::from(last.slot).saturating_add(*before)
            {
                *before = before.saturating_add(1);
                return;
            }
            what = What::Doubles(1);
        }
        run.reads.push(Read { offset, slot, what });
    }

    fn wanted(&mut self, kind: &Kind, node: &Node, path: &mut String) {
        match kind {
            Kind::Primitive(p) | Kind::Enum(p) => {
                if let Some(slot) = node.take(Shape::Number, self.found) {
                    return self.read(*p, 1, path, (slot, What::Number(*p)));
                }
            }
            Kind::Text => {
                if let Some(slot) = node.take(Shape::Text, self.found) {
                    return self.out.field(path, Action::Text(slot));
                }
            }
            Kind::Time(form) => {
                if let Some(slot) = node.take(Shape::Time, self.found) {
                    if *form == TimeForm::Ros2 && self.dialect.is_delimited(None) {
                        return self.out.field(path, Action::Time(slot, *form));
                    }
                    return self.read(Primitive::U32, 2, path, (slot, What::Time(*form)));
                }
            }
            Kind::Struct(index) if !node.children.is_empty() => {
                return self.structure(*index, node, path);
            }
            Kind::Sequence { element, min_bytes } => {
                if self.list(element, None, *min_bytes, (node, path.as_str())) {
                    return;
                }
            }
            Kind::Array { element, length } => {
                if self.list(element, Some(*length), 0, (node, path.as_str())) {
                    return;
                }
            }
            Kind::Struct(_) | Kind::WideText => {}
        }
        self.unwanted(kind, path);
    }

    /// A wanted list or array; false when it is not of the wanted shape.
    fn list(
        &mut self,
        element: &Kind,
        length: Option<usize>,
        min_bytes: u64,
        (node, path): (&Node, &str),
    ) -> bool {
        match element {
            Kind::Primitive(p) => {
                let byte = p.size() == 1 && *p != Primitive::Bool;
                if byte && let Some(slot) = node.take(Shape::Bytes, self.found) {
                    match length {
                        Some(length) => self.read(*p, length, path, (slot, What::Bytes(length))),
                        None => self.out.field(path, Action::Bytes(slot, p.size())),
                    }
                    return true;
                }
                let Some(slot) = node.take(Shape::Numbers, self.found) else {
                    return false;
                };
                match length {
                    Some(length) => {
                        let what = What::Numbers(*p, p.size().saturating_mul(length));
                        self.read(*p, length, path, (slot, what));
                    }
                    None => self.out.field(path, Action::Numbers(slot, *p)),
                }
                true
            }
            Kind::Text => match node.take(Shape::Text, self.found) {
                Some(slot) => {
                    self.out.field(path, Action::Texts(slot, length));
                    true
                }
                None => false,
            },
            Kind::Struct(index) => {
                let slot = node.take(Shape::List, self.found);
                if slot.is_none() && node.children.is_empty() {
                    return false;
                }
                let outer = std::mem::take(&mut self.out);
                self.structure(*index, node, &mut String::new());
                let steps = std::mem::replace(&mut self.out, outer).whole();
                let action = Action::List {
                    slot,
                    length,
                    min_bytes,
                    steps,
                };
                self.out.field(path, action);
                true
            }
            _ => false,
        }
    }

    /// Steps over a field nobody wants, inside the run where its size is known.
    fn unwanted(&mut self, kind: &Kind, path: &str) {
        match kind {
            Kind::Primitive(p) | Kind::Enum(p) => {
                self.fixed(*p, 1, path);
            }
            Kind::Array { element, length } if element.is_primitive() => {
                if let Kind::Primitive(p) = element.as_ref() {
                    self.fixed(*p, *length, path);
                }
            }
            Kind::Time(form) if *form != TimeForm::Ros2 || !self.dialect.is_delimited(None) => {
                self.fixed(Primitive::U32, 2, path);
            }
            Kind::Text => self.out.field(path, Action::SkipText),
            Kind::Struct(index) => match self.doubles(*index) {
                Some((primitive, count)) => {
                    self.fixed(primitive, count, path);
                }
                None if self.is_flat(*index) => {
                    let plan = self.plan;
                    for field in plan.structure(*index).map_or(&[][..], |s| &s.fields) {
                        self.unwanted(&field.kind, &format!("{path}.{}", field.name));
                    }
                }
                None => self.out.field(path, Action::Skip(kind.clone())),
            },
            _ => self.out.field(path, Action::Skip(kind.clone())),
        }
    }

    /// A struct of values, times and texts side by side, as headers are: its fields are stepped over one by one.
    fn is_flat(&self, index: usize) -> bool {
        self.plan.structure(index).is_some_and(|structure| {
            let is_flat = |kind: &Kind| match kind {
                Kind::Primitive(_) | Kind::Enum(_) | Kind::Text => true,
                Kind::Time(form) => *form != TimeForm::Ros2 || !self.dialect.is_delimited(None),
                _ => false,
            };
            !self.dialect.is_delimited(structure.extensibility)
                && structure.extensibility != Some(Extensibility::Mutable)
                && !structure.fields.is_empty()
                && structure.fields.iter().all(|field| is_flat(&field.kind))
        })
    }

    /// A struct made of nothing but numbers of one type, as vectors and quaternions are: so many of them.
    fn doubles(&self, index: usize) -> Option<(Primitive, usize)> {
        let structure = self.plan.structure(index)?;
        if self.dialect.is_delimited(structure.extensibility)
            || structure.extensibility == Some(Extensibility::Mutable)
        {
            return None;
        }
        let mut common = None;
        for field in &structure.fields {
            let Kind::Primitive(p) = field.kind else {
                return None;
            };
            if *common.get_or_insert(p) != p {
                return None;
            }
        }
        common.map(|p| (p, structure.fields.len()))
    }
}
