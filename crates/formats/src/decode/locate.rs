//! Finds fields that lie at a fixed byte of every payload, so that they are read without decoding.

use super::cdr::{Cursor, Dialect};
use super::error::DecodeError;
use super::plan::{Kind, Plan, TimeForm};

/// Fields to follow from the root, by index; a list on the way means its first element.
pub(crate) type Path = Vec<usize>;

/// Where a field lies in one dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Byte of the payload.
    pub(crate) offset: usize,
    /// Byte of the element count of the list on the way, if there is one.
    pub(crate) count_offset: Option<usize>,
}

/// A place that moves through a layout of fixed sizes.
struct Layout {
    position: usize,
    origin: usize,
    dialect: Dialect,
    count_offset: Option<usize>,
}

impl Layout {
    fn align(&mut self, size: usize) {
        let mask = size.min(self.dialect.max_align()).saturating_sub(1);
        let padding = self.origin.wrapping_sub(self.position) & mask;
        self.position = self.position.saturating_add(padding);
    }

    fn advance(&mut self, align: usize, size: usize) {
        self.align(align);
        self.position = self.position.saturating_add(size);
    }
}

/// The fixed place of the field at `path`; none when something of variable size precedes it.
pub(crate) fn locate(plan: &Plan, path: &[usize], dialect: Dialect) -> Option<Place> {
    let origin = if dialect == Dialect::Ros1 { 0 } else { 4 };
    let mut layout = Layout {
        position: origin,
        origin,
        dialect,
        count_offset: None,
    };
    let mut kind = &Kind::Struct(plan.root);
    for target in path {
        kind = first_element(kind, &mut layout)?;
        let Kind::Struct(index) = kind else {
            return None;
        };
        let structure = plan.structure(*index)?;
        if dialect.is_delimited(structure.extensibility) {
            layout.advance(4, 4);
        }
        for field in structure.fields.get(..*target)? {
            skip_fixed(plan, &field.kind, &mut layout)?;
        }
        kind = &structure.fields.get(*target)?.kind;
    }
    kind = first_element(kind, &mut layout)?;
    match kind {
        Kind::Time(form) => {
            if *form == TimeForm::Ros2 && dialect.is_delimited(None) {
                layout.advance(4, 4);
            }
            layout.align(4);
        }
        Kind::Primitive(p) | Kind::Enum(p) => layout.align(p.size()),
        _ => layout.align(4),
    }
    Some(Place {
        offset: layout.position,
        count_offset: layout.count_offset,
    })
}

/// Steps into a list, noting where its count lies. Two lists on one path have no fixed place.
fn first_element<'p>(kind: &'p Kind, layout: &mut Layout) -> Option<&'p Kind> {
    let Kind::Sequence { element, .. } = kind else {
        return Some(kind);
    };
    if layout.count_offset.is_some() {
        return None;
    }
    if layout.dialect.is_xcdr2() && !element.is_primitive() {
        layout.advance(4, 4);
    }
    layout.align(4);
    layout.count_offset = Some(layout.position);
    layout.advance(4, 4);
    Some(element)
}

fn skip_fixed(plan: &Plan, kind: &Kind, layout: &mut Layout) -> Option<()> {
    match kind {
        Kind::Primitive(p) | Kind::Enum(p) => layout.advance(p.size(), p.size()),
        Kind::Time(form) => {
            if *form == TimeForm::Ros2 && layout.dialect.is_delimited(None) {
                layout.advance(4, 4);
            }
            layout.advance(4, 8);
        }
        Kind::Array { element, length } => match element.as_ref() {
            Kind::Primitive(p) => {
                layout.advance(p.size(), p.size().saturating_mul(*length));
            }
            // Small arrays of structs are rare before a header; anything else is walked.
            _ => return None,
        },
        Kind::Struct(index) => {
            let structure = plan.structure(*index)?;
            // What a delimited struct holds at run time may be longer than this definition says.
            if layout.dialect.is_delimited(structure.extensibility) {
                return None;
            }
            if structure.fields.is_empty() && layout.dialect != Dialect::Ros1 {
                layout.advance(1, 1);
            }
            for field in &structure.fields {
                skip_fixed(plan, &field.kind, layout)?;
            }
        }
        Kind::Text | Kind::WideText | Kind::Sequence { .. } => return None,
    }
    Some(())
}

/// Moves a fresh cursor to the field at `path` by skipping what precedes it; none when a list on the way is empty.
pub(crate) fn walk<'p>(
    plan: &'p Plan,
    path: &[usize],
    cursor: &mut Cursor<'_>,
) -> Result<Option<&'p Kind>, DecodeError> {
    let root = Kind::Struct(plan.root);
    let mut found: Option<&'p Kind> = None;
    for target in path {
        let element = match found {
            Some(Kind::Sequence { element, min_bytes }) => {
                let _ = cursor.enter_collection(element.is_primitive())?;
                if cursor.count(*min_bytes)? == 0 {
                    return Ok(None);
                }
                element.as_ref()
            }
            Some(kind) => kind,
            None => &root,
        };
        let Kind::Struct(index) = element else {
            return Ok(None);
        };
        let Some(structure) = plan.structure(*index) else {
            return Ok(None);
        };
        let _ = Plan::enter(structure, cursor)?;
        for field in structure.fields.get(..*target).unwrap_or(&[]) {
            plan.skip(&field.kind, cursor)
                .map_err(|e| e.within(&field.name))?;
        }
        found = structure.fields.get(*target).map(|field| &field.kind);
        if found.is_none() {
            return Ok(None);
        }
    }
    Ok(found)
}
