//! The part of OMG IDL 4.2 that rosidl writes and plain DDS types use.
//!
//! Modules, structs, typedefs with arrays, enums, constants, sequences, bounded strings and
//! annotations. Unions, maps, bit sets, fixed-point numbers, `long double`, `@optional` members,
//! struct inheritance and constant expressions are refused by name. Several dimensions of one
//! declarator become one array of their product, as on the wire.

use super::lexer::{Lexer, Token, show};
use super::rosmsg::{Section, parse_length};
use super::{
    Constant, DefinitionError, Extensibility, Field, FieldType, MAX_DEPTH, MAX_FIXED_ELEMENTS,
    MessageType, Primitive, canonical_name,
};
use std::collections::BTreeMap;

/// What the sections of a bundle define together.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Structs by canonical name.
    pub(super) types: BTreeMap<String, MessageType>,
    /// Typedefs and enums by canonical name.
    pub(super) aliases: BTreeMap<String, FieldType>,
    /// Whole-number constants by canonical name.
    numbers: BTreeMap<String, String>,
    /// Constants of `module Type_Constants`, by the name of `Type`.
    constants: BTreeMap<String, Vec<Constant>>,
}

impl Tables {
    /// Gives the constants rosidl keeps in modules of their own back to their types.
    pub(super) fn attach_constants(&mut self) {
        for (name, constants) in std::mem::take(&mut self.constants) {
            if let Some(message) = self.types.get_mut(&name) {
                message.constants.extend(constants);
            }
        }
    }
}

/// Parses the structs of one section into `tables`; the first definition of a name stays.
pub(super) fn parse(section: &Section<'_>, tables: &mut Tables) -> Result<(), DefinitionError> {
    let mut parser = Parser {
        lexer: Lexer::new(section.text, section.line_offset.saturating_add(1)),
        scope: Vec::new(),
        tables,
    };
    while parser.lexer.peek()? != Token::End {
        parser.definition()?;
    }
    Ok(())
}

struct Parser<'a, 't> {
    lexer: Lexer<'a>,
    scope: Vec<&'a str>,
    tables: &'t mut Tables,
}

/// What annotations before a definition or member say.
#[derive(Default)]
struct Annotations {
    extensibility: Option<Extensibility>,
    bit_bound: Option<u32>,
    default: Option<String>,
}

impl<'a> Parser<'a, '_> {
    fn unsupported(&self, feature: &'static str) -> DefinitionError {
        DefinitionError::Unsupported {
            line: self.lexer.next_line(),
            feature,
        }
    }

    fn wrong(&self, expected: &'static str, found: Token<'_>) -> DefinitionError {
        DefinitionError::syntax(
            self.lexer.line(),
            expected,
            &show(found),
            "the definition must follow OMG IDL 4.2 as rosidl writes it",
        )
    }

    fn sign(&mut self, sign: char, expected: &'static str) -> Result<(), DefinitionError> {
        match self.lexer.next()? {
            Token::Sign(found) if found == sign => Ok(()),
            other => Err(self.wrong(expected, other)),
        }
    }

    /// Consumes the sign if it is next.
    fn accept(&mut self, sign: char) -> Result<bool, DefinitionError> {
        let found = self.lexer.peek()? == Token::Sign(sign);
        if found {
            self.lexer.next()?;
        }
        Ok(found)
    }

    fn word(&mut self, expected: &'static str) -> Result<&'a str, DefinitionError> {
        match self.lexer.next()? {
            Token::Word(word) => Ok(word),
            other => Err(self.wrong(expected, other)),
        }
    }

    fn full_name(&self, name: &str) -> String {
        let mut full = self.scope.join("/");
        if !full.is_empty() {
            full.push('/');
        }
        full.push_str(name);
        canonical_name(&full)
    }

    fn definition(&mut self) -> Result<(), DefinitionError> {
        let annotations = self.annotations()?;
        if self.accept(';')? {
            return Ok(());
        }
        match self.word("a definition")? {
            "module" => self.module(),
            "struct" => self.structure(annotations.extensibility),
            "typedef" => self.typedef(),
            "enum" => self.enumeration(annotations.bit_bound),
            "const" => self.constant(),
            "union" => Err(self.unsupported("union")),
            "bitmask" => Err(self.unsupported("bitmask")),
            "bitset" => Err(self.unsupported("bitset")),
            "interface" => Err(self.unsupported("interface")),
            "valuetype" => Err(self.unsupported("valuetype")),
            "exception" => Err(self.unsupported("exception")),
            other => Err(self.wrong(
                "`module`, `struct`, `typedef`, `enum` or `const`",
                Token::Word(other),
            )),
        }
    }

    fn module(&mut self) -> Result<(), DefinitionError> {
        if self.scope.len() >= MAX_DEPTH {
            return Err(DefinitionError::TooLarge {
                what: "levels of nesting",
                limit: MAX_DEPTH as u64,
            });
        }
        let name = self.word("the name of a module")?;
        self.scope.push(name);
        self.sign('{', "`{` after the name of a module")?;
        while !self.accept('}')? {
            self.definition()?;
        }
        self.scope.pop();
        self.accept(';')?;
        Ok(())
    }

    fn structure(&mut self, extensibility: Option<Extensibility>) -> Result<(), DefinitionError> {
        let name = self.word("the name of a struct")?;
        if self.accept(';')? {
            return Ok(());
        }
        if self.accept(':')? {
            return Err(self.unsupported("struct inheritance"));
        }
        self.sign('{', "`{` after the name of a struct")?;
        let mut fields = Vec::new();
        while !self.accept('}')? {
            let annotations = self.annotations()?;
            let kind = self.type_spec(0)?;
            loop {
                let (name, kind) = self.declarator(kind.clone())?;
                fields.push(Field {
                    name: name.to_owned(),
                    kind,
                    default: annotations.default.clone(),
                });
                if !self.accept(',')? {
                    break;
                }
            }
            self.sign(';', "`;` after a member")?;
        }
        self.accept(';')?;
        let name = self.full_name(name);
        self.tables
            .types
            .entry(name.clone())
            .or_insert(MessageType {
                name,
                // rosidl gives the struct of an empty message this member, which is the one
                // byte such a struct takes on the wire.
                fields: fields
                    .into_iter()
                    .filter(|f| f.name != "structure_needs_at_least_one_member")
                    .collect(),
                constants: Vec::new(),
                extensibility,
            });
        Ok(())
    }

    fn typedef(&mut self) -> Result<(), DefinitionError> {
        let kind = self.type_spec(0)?;
        loop {
            let (name, kind) = self.declarator(kind.clone())?;
            let name = self.full_name(name);
            self.tables.aliases.entry(name).or_insert(kind);
            if !self.accept(',')? {
                break;
            }
        }
        self.sign(';', "`;` after a typedef")
    }

    fn enumeration(&mut self, bit_bound: Option<u32>) -> Result<(), DefinitionError> {
        let name = self.word("the name of an enum")?;
        self.sign('{', "`{` after the name of an enum")?;
        while !self.accept('}')? {
            let _ = self.annotations()?;
            let _ = self.word("the name of an enumerator")?;
            self.accept(',')?;
        }
        self.accept(';')?;
        let primitive = match bit_bound {
            Some(0..=8) => Primitive::I8,
            Some(9..=16) => Primitive::I16,
            _ => Primitive::I32,
        };
        let name = self.full_name(name);
        self.tables
            .aliases
            .entry(name)
            .or_insert(FieldType::Enum(primitive));
        Ok(())
    }

    fn constant(&mut self) -> Result<(), DefinitionError> {
        let kind = self.type_spec(0)?;
        let name = self.word("the name of a constant")?;
        self.sign('=', "`=` after the name of a constant")?;
        let start = self.lexer.position();
        while self.lexer.peek()? != Token::Sign(';') {
            if self.lexer.next()? == Token::End {
                return Err(self.wrong("`;` after a constant", Token::End));
            }
        }
        let value = self
            .lexer
            .between(start, self.lexer.position())
            .trim()
            .to_owned();
        self.sign(';', "`;` after a constant")?;
        self.tables
            .numbers
            .insert(self.full_name(name), value.clone());
        let owner = self.scope.split_last().and_then(|(last, outer)| {
            let mut full = outer.join("/");
            full.push('/');
            full.push_str(last.strip_suffix("_Constants")?);
            Some(canonical_name(&full))
        });
        if let Some(owner) = owner {
            self.tables
                .constants
                .entry(owner)
                .or_default()
                .push(Constant {
                    name: name.to_owned(),
                    kind,
                    value,
                });
        }
        Ok(())
    }

    /// Name and array dimensions of a member or typedef.
    fn declarator(&mut self, kind: FieldType) -> Result<(&'a str, FieldType), DefinitionError> {
        let name = self.word("a name")?;
        let mut length = 1_u64;
        let mut array = false;
        while self.accept('[')? {
            array = true;
            length = length.saturating_mul(u64::from(self.number()?));
            self.sign(']', "`]` after an array length")?;
        }
        if !array {
            return Ok((name, kind));
        }
        let length = u32::try_from(length)
            .ok()
            .filter(|l| u64::from(*l) <= MAX_FIXED_ELEMENTS)
            .ok_or(DefinitionError::TooLarge {
                what: "elements of one array",
                limit: MAX_FIXED_ELEMENTS,
            })?;
        let kind = FieldType::Array {
            element: Box::new(kind),
            length,
        };
        Ok((name, kind))
    }

    /// A positive whole number, written out or by the name of a constant.
    fn number(&mut self) -> Result<u32, DefinitionError> {
        let line = self.lexer.line();
        let Token::Word(_) = self.lexer.peek()? else {
            return Err(self.unsupported("constant expression"));
        };
        if let Token::Word(text) = self.lexer.peek()?
            && text.starts_with(|c: char| c.is_ascii_digit())
        {
            self.lexer.next()?;
            return parse_length(text, line);
        }
        let name = self.scoped_name()?;
        let mut outer = self.scope.len();
        loop {
            let mut full = self.scope.get(..outer).unwrap_or(&[]).join("/");
            if !full.is_empty() {
                full.push('/');
            }
            full.push_str(&name);
            if let Some(value) = self.tables.numbers.get(&canonical_name(&full)) {
                return parse_length(value, line);
            }
            match outer.checked_sub(1) {
                Some(next) => outer = next,
                None => return Err(self.wrong("a number or constant", Token::Word(&name))),
            }
        }
    }

    fn scoped_name(&mut self) -> Result<String, DefinitionError> {
        if self.lexer.peek()? == Token::Scope {
            self.lexer.next()?;
        }
        let mut name = self.word("a name")?.to_owned();
        while self.lexer.peek()? == Token::Scope {
            self.lexer.next()?;
            name.push('/');
            name.push_str(self.word("a name after `::`")?);
        }
        Ok(name)
    }

    /// `<N>` after a string type.
    fn bound(&mut self) -> Result<Option<u32>, DefinitionError> {
        if !self.accept('<')? {
            return Ok(None);
        }
        let bound = self.number()?;
        self.sign('>', "`>` after a bound")?;
        Ok(Some(bound))
    }

    fn type_spec(&mut self, depth: usize) -> Result<FieldType, DefinitionError> {
        if depth >= MAX_DEPTH {
            return Err(DefinitionError::TooLarge {
                what: "levels of nesting",
                limit: MAX_DEPTH as u64,
            });
        }
        let _ = self.annotations()?;
        if self.lexer.peek()? == Token::Scope {
            return Ok(FieldType::Message(self.scoped_name()?));
        }
        let Token::Word(word) = self.lexer.peek()? else {
            let found = self.lexer.next()?;
            return Err(self.wrong("a type", found));
        };
        match word {
            "sequence" => {
                self.lexer.next()?;
                self.sign('<', "`<` after `sequence`")?;
                let element = Box::new(self.type_spec(depth.saturating_add(1))?);
                let bound = if self.accept(',')? {
                    Some(self.number()?)
                } else {
                    None
                };
                self.sign('>', "`>` after the elements of a sequence")?;
                Ok(FieldType::Sequence { element, bound })
            }
            "string" => {
                self.lexer.next()?;
                Ok(FieldType::Text {
                    bound: self.bound()?,
                })
            }
            "wstring" => {
                self.lexer.next()?;
                Ok(FieldType::WideText {
                    bound: self.bound()?,
                })
            }
            "map" => Err(self.unsupported("map")),
            "fixed" => Err(self.unsupported("fixed")),
            "any" => Err(self.unsupported("any")),
            "struct" | "union" | "enum" => Err(self.unsupported("type defined inside a member")),
            _ => match self.primitive(word)? {
                Some(primitive) => Ok(FieldType::Primitive(primitive)),
                None => Ok(FieldType::Message(self.scoped_name()?)),
            },
        }
    }

    /// A built-in number type of one to three words; none (and nothing consumed) for a name.
    fn primitive(&mut self, word: &str) -> Result<Option<Primitive>, DefinitionError> {
        let primitive = match word {
            "boolean" => Primitive::Bool,
            "octet" | "char" | "uint8" => Primitive::U8,
            "int8" => Primitive::I8,
            "wchar" | "uint16" => Primitive::U16,
            "short" | "int16" => Primitive::I16,
            "int32" => Primitive::I32,
            "uint32" => Primitive::U32,
            "int64" => Primitive::I64,
            "uint64" => Primitive::U64,
            "float" => Primitive::F32,
            "double" => Primitive::F64,
            "long" | "unsigned" => return self.long(word == "unsigned").map(Some),
            _ => return Ok(None),
        };
        self.lexer.next()?;
        Ok(Some(primitive))
    }

    fn long(&mut self, unsigned: bool) -> Result<Primitive, DefinitionError> {
        if unsigned {
            self.lexer.next()?;
        }
        match self.word("`long` or `short`")? {
            "short" => return Ok(Primitive::U16),
            "long" => {}
            other => return Err(self.wrong("`long` or `short`", Token::Word(other))),
        }
        match (self.lexer.peek()?, unsigned) {
            (Token::Word("long"), _) => {
                self.lexer.next()?;
                Ok(if unsigned {
                    Primitive::U64
                } else {
                    Primitive::I64
                })
            }
            (Token::Word("double"), false) => Err(self.unsupported("long double")),
            (_, true) => Ok(Primitive::U32),
            (_, false) => Ok(Primitive::I32),
        }
    }

    fn annotations(&mut self) -> Result<Annotations, DefinitionError> {
        let mut found = Annotations::default();
        while self.accept('@')? {
            let name = self.scoped_name()?;
            let arguments = self.arguments()?;
            match name.as_str() {
                "final" => found.extensibility = Some(Extensibility::Final),
                "appendable" => found.extensibility = Some(Extensibility::Appendable),
                "mutable" => found.extensibility = Some(Extensibility::Mutable),
                "extensibility" => {
                    found.extensibility = match arguments.rsplit(['=', ':']).next().map(str::trim) {
                        Some("FINAL") => Some(Extensibility::Final),
                        Some("APPENDABLE") => Some(Extensibility::Appendable),
                        Some("MUTABLE") => Some(Extensibility::Mutable),
                        _ => None,
                    };
                }
                "optional" if arguments.trim() != "FALSE" => {
                    return Err(self.unsupported("@optional"));
                }
                "bit_bound" => {
                    found.bit_bound = arguments
                        .rsplit('=')
                        .next()
                        .and_then(|text| text.trim().parse().ok());
                }
                "default" => {
                    let value = arguments.split_once('=').map_or(arguments, |(_, v)| v);
                    found.default = Some(value.trim().to_owned());
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// Text between the parentheses of an annotation, if it has any.
    fn arguments(&mut self) -> Result<&'a str, DefinitionError> {
        if !self.accept('(')? {
            return Ok("");
        }
        let start = self.lexer.position();
        let mut depth = 1_usize;
        loop {
            let before = self.lexer.position();
            match self.lexer.next()? {
                Token::Sign('(') => depth = depth.saturating_add(1),
                Token::Sign(')') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(self.lexer.between(start, before));
                    }
                }
                Token::End => {
                    return Err(self.wrong("`)` after the arguments of an annotation", Token::End));
                }
                _ => {}
            }
        }
    }
}
