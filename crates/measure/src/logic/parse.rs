//! The grammar of formulas: precedence climbing straight into the program.
//!
//! Read [`formula`] first; the grammar is documented at [`Formula`]. Never panics; nesting is bounded.
//! Not here: words (`text`), meaning (`robustness`).

use super::program::{Binary, Extremum, Formula, Op, Shift, Toward, Unary, Until, Window};
use super::text::{Placed, Word, words};
use super::{LogicError, MAX_DEPTH};

/// Binding powers, loose to tight.
const XOR: u8 = 1;
const IFF: u8 = 2;
const IMPLIES: u8 = 3;
const OR: u8 = 4;
const AND: u8 = 5;
const UNTIL: u8 = 6;
const PREFIX: u8 = 7;
const NOT: u8 = 8;
const COMPARE: u8 = 9;
const SUM: u8 = 10;
const PRODUCT: u8 = 11;
const MINUS: u8 = 12;

/// What an infix word does.
#[derive(Clone, Copy)]
enum Infix {
    Plain(Binary),
    Until { direction: Toward, weak: bool },
}

/// What a prefix word does.
#[derive(Clone, Copy)]
enum Prefix {
    Window(Extremum, Toward),
    Shift(Toward, f64),
    Not,
}

/// Words that have a meaning, so that no signal may have their name.
const RESERVED: &[&str] = &[
    "abs", "sqrt", "exp", "pow", "ln", "rise", "fall", "true", "false",
];

fn infix(word: Word<'_>) -> Option<(u8, Infix)> {
    let (Word::Name(text) | Word::Symbol(text)) = word else {
        return None;
    };
    let plain = |power, op| Some((power, Infix::Plain(op)));
    let until = |direction, weak| Some((UNTIL, Infix::Until { direction, weak }));
    match text {
        "xor" => plain(XOR, Binary::Different),
        "iff" | "<->" => plain(IFF, Binary::Same),
        "implies" | "->" => plain(IMPLIES, Binary::Implies),
        "or" | "|" => plain(OR, Binary::Maximum),
        "and" | "&" => plain(AND, Binary::Minimum),
        "until" | "U" => until(Toward::Future, false),
        "unless" | "W" => until(Toward::Future, true),
        "since" | "S" => until(Toward::Past, false),
        ">=" | ">" => plain(COMPARE, Binary::Subtract),
        "<=" | "<" => plain(COMPARE, Binary::SubtractFrom),
        "==" => plain(COMPARE, Binary::Same),
        "!==" => plain(COMPARE, Binary::Different),
        "+" => plain(SUM, Binary::Add),
        "-" => plain(SUM, Binary::Subtract),
        "*" => plain(PRODUCT, Binary::Multiply),
        "/" => plain(PRODUCT, Binary::Divide),
        _ => None,
    }
}

fn prefix(word: Word<'_>) -> Option<Prefix> {
    let (Word::Name(text) | Word::Symbol(text)) = word else {
        return None;
    };
    let (plus, minus) = (f64::INFINITY, f64::NEG_INFINITY);
    match text {
        "always" | "G" => Some(Prefix::Window(Extremum::Least, Toward::Future)),
        "eventually" | "F" => Some(Prefix::Window(Extremum::Greatest, Toward::Future)),
        "historically" | "H" => Some(Prefix::Window(Extremum::Least, Toward::Past)),
        "once" | "O" => Some(Prefix::Window(Extremum::Greatest, Toward::Past)),
        "prev" | "Y" => Some(Prefix::Shift(Toward::Past, plus)),
        "s_prev" | "sY" => Some(Prefix::Shift(Toward::Past, minus)),
        "next" | "X" => Some(Prefix::Shift(Toward::Future, plus)),
        "s_next" | "sX" => Some(Prefix::Shift(Toward::Future, minus)),
        "not" | "!" => Some(Prefix::Not),
        _ => None,
    }
}

fn function(name: &str) -> Option<Unary> {
    match name {
        "abs" => Some(Unary::Abs),
        "sqrt" => Some(Unary::Sqrt),
        "exp" => Some(Unary::Exp),
        "ln" => Some(Unary::Ln),
        _ => None,
    }
}

/// Reads a whole formula. Errors: [`LogicError::Text`].
pub(super) fn formula(text: &str, period_secs: f64) -> Result<Formula, LogicError> {
    let words = words(text)?;
    let mut parser = Parser {
        words: &words,
        at: 0,
        depth: 0,
        period_secs,
        found: Formula {
            program: Vec::new(),
            signals: Vec::new(),
        },
    };
    // `out = formula;` as rtamt writes it.
    if matches!(parser.peek().word, Word::Name(_)) && parser.word_after() == Word::Symbol("=") {
        parser.at += 2;
    }
    parser.expression(0)?;
    if parser.peek().word == Word::Symbol(";") {
        parser.at += 1;
    }
    match parser.peek().word {
        Word::End => Ok(parser.found),
        _ => Err(parser.unexpected(
            "the end of the formula",
            "is an operator missing before it?",
        )),
    }
}

struct Parser<'a> {
    words: &'a [Placed<'a>],
    at: usize,
    depth: usize,
    period_secs: f64,
    found: Formula,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Placed<'a> {
        let last = || self.words.last().copied();
        let end = Placed {
            word: Word::End,
            column: 1,
        };
        self.words
            .get(self.at)
            .copied()
            .or_else(last)
            .unwrap_or(end)
    }

    fn word_after(&self) -> Word<'a> {
        self.words.get(self.at + 1).map_or(Word::End, |w| w.word)
    }

    fn take(&mut self) -> Placed<'a> {
        let word = self.peek();
        self.at += 1;
        word
    }

    fn unexpected(&self, expected: &str, hint: &'static str) -> LogicError {
        let placed = self.peek();
        let seen = match placed.word {
            Word::Number(x) => format!("`{x}`"),
            Word::Name(text) => format!("`{text}`"),
            Word::Symbol(text) => format!("`{text}`"),
            Word::End => "the end".to_owned(),
        };
        LogicError::Text {
            column: placed.column,
            why: format!("found {seen}, expected {expected}"),
            hint,
        }
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), LogicError> {
        if self.peek().word == Word::Symbol(symbol) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{symbol}`"), "close what is open"))
        }
    }

    fn emit(&mut self, op: Op) {
        self.found.program.push(op);
    }

    /// An expression of operators that bind at least as tightly as `power`.
    fn expression(&mut self, power: u8) -> Result<(), LogicError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(LogicError::Text {
                column: self.peek().column,
                why: format!("nested deeper than `{MAX_DEPTH}`"),
                hint: "split the formula",
            });
        }
        self.operand()?;
        while let Some((binds, what)) = infix(self.peek().word).filter(|(binds, _)| *binds >= power)
        {
            self.at += 1;
            match what {
                Infix::Plain(op) => {
                    self.expression(binds + 1)?;
                    self.emit(Op::Binary(op));
                }
                Infix::Until { direction, weak } => {
                    let (lead, last) = self.bounds()?;
                    self.expression(binds + 1)?;
                    self.emit(Op::Until(Until {
                        direction,
                        lead,
                        last,
                        weak,
                    }));
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn operand(&mut self) -> Result<(), LogicError> {
        let placed = self.peek();
        if let Some(what) = prefix(placed.word) {
            self.at += 1;
            return self.prefixed(what);
        }
        match placed.word {
            Word::Number(x) => {
                self.at += 1;
                self.emit(Op::Constant(x));
                Ok(())
            }
            Word::Symbol("(") => {
                self.at += 1;
                self.expression(0)?;
                self.expect(")")
            }
            Word::Symbol("-") => {
                self.at += 1;
                self.expression(MINUS)?;
                self.emit(Op::Unary(Unary::Negate));
                Ok(())
            }
            Word::Name(name) => self.name(name),
            _ => Err(self.unexpected("a signal, a number or `(`", "an operand is missing")),
        }
    }

    fn prefixed(&mut self, what: Prefix) -> Result<(), LogicError> {
        match what {
            Prefix::Not => {
                self.expression(NOT)?;
                self.emit(Op::Unary(Unary::Negate));
            }
            Prefix::Shift(direction, fill) => {
                self.expression(PREFIX)?;
                self.emit(Op::Shift(Shift {
                    direction,
                    steps: 1,
                    fill,
                }));
            }
            Prefix::Window(extremum, direction) => {
                let (lead, last) = self.bounds()?;
                self.expression(PREFIX)?;
                self.emit(Op::Window(Window {
                    extremum,
                    direction,
                    last,
                }));
                if lead > 0 {
                    self.emit(Op::Shift(Shift {
                        direction,
                        steps: lead,
                        fill: extremum.neutral(),
                    }));
                }
            }
        }
        Ok(())
    }

    fn name(&mut self, name: &str) -> Result<(), LogicError> {
        let opens = self.word_after() == Word::Symbol("(");
        if !opens && !RESERVED.contains(&name) && infix(Word::Name(name)).is_none() {
            self.at += 1;
            let known = self.found.signals.iter().position(|s| s == name);
            let index = known.unwrap_or(self.found.signals.len());
            if known.is_none() {
                self.found.signals.push(name.to_owned());
            }
            self.emit(Op::Signal(index));
            return Ok(());
        }
        let edge = match name {
            "rise" | "fall" => Some(name),
            _ => None,
        };
        let unary = function(name);
        if !opens || (edge.is_none() && unary.is_none() && name != "pow") {
            return Err(self.unexpected(
                "a signal, a number or `(`",
                "functions are abs, sqrt, exp, ln, pow, rise and fall; no signal may have their name or an operator's",
            ));
        }
        self.at += 2;
        let begin = self.found.program.len();
        self.expression(0)?;
        if name == "pow" {
            self.expect(",")?;
            self.expression(0)?;
            self.emit(Op::Binary(Binary::Power));
        } else if let Some(op) = unary {
            self.emit(Op::Unary(op));
        }
        self.expect(")")?;
        if let Some(edge) = edge {
            self.edge(begin, edge == "rise")?;
        }
        Ok(())
    }

    /// `rise(f) = min(-s_prev f, f)`, `fall(f) = min(prev f, -f)`: the operand is needed twice, so its program is
    /// repeated; the bound keeps nested edges from growing without end.
    fn edge(&mut self, begin: usize, rising: bool) -> Result<(), LogicError> {
        const MOST: usize = 65_536;
        let operand: Vec<Op> = self.found.program.get(begin..).unwrap_or_default().to_vec();
        if self.found.program.len() + operand.len() > MOST {
            return Err(LogicError::Text {
                column: self.peek().column,
                why: "`rise` and `fall` are nested too deep".to_owned(),
                hint: "split the formula",
            });
        }
        let negate = Op::Unary(Unary::Negate);
        let before = |fill| {
            Op::Shift(Shift {
                direction: Toward::Past,
                steps: 1,
                fill,
            })
        };
        if rising {
            self.emit(before(f64::NEG_INFINITY));
            self.emit(negate);
            self.found.program.extend(operand);
        } else {
            self.emit(before(f64::INFINITY));
            self.found.program.extend(operand);
            self.emit(negate);
        }
        self.emit(Op::Binary(Binary::Minimum));
        Ok(())
    }

    /// `[a:b]` as the first sample and how many follow; everything without.
    fn bounds(&mut self) -> Result<(usize, Option<usize>), LogicError> {
        if self.peek().word != Word::Symbol("[") {
            return Ok((0, None));
        }
        self.at += 1;
        let column = self.peek().column;
        let begin = self.bound()?;
        if !matches!(self.peek().word, Word::Symbol(":" | ",")) {
            return Err(self.unexpected("`:`", "bounds are `[a:b]`"));
        }
        self.at += 1;
        let end = self.bound()?;
        self.expect("]")?;
        match end.checked_sub(begin) {
            Some(last) => Ok((begin, Some(last))),
            None => Err(LogicError::Text {
                column,
                why: format!("bounds `[{begin}:{end}]` run backward"),
                hint: "the first must not be above the second",
            }),
        }
    }

    /// One bound in samples.
    fn bound(&mut self) -> Result<usize, LogicError> {
        let placed = self.peek();
        let Word::Number(value) = placed.word else {
            return Err(self.unexpected("a number of samples", "bounds are `[a:b]`"));
        };
        self.at += 1;
        let unit = match self.peek().word {
            Word::Name("s") => Some(1.0),
            Word::Name("ms") => Some(1e-3),
            Word::Name("us") => Some(1e-6),
            Word::Name("ns") => Some(1e-9),
            _ => None,
        };
        let samples = match unit {
            Some(secs) => {
                self.take();
                value * secs / self.period_secs
            }
            None => value,
        };
        let whole = samples.round();
        if (samples - whole).abs() > 1e-6 || whole > f64::from(u32::MAX) {
            return Err(LogicError::Text {
                column: placed.column,
                why: format!("a bound of `{samples}` samples"),
                hint: "bounds are whole samples; with units, whole periods",
            });
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "numbers of the text are not negative, and the bound above is u32::MAX"
        )]
        Ok(whole as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::robustness::robustness;
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str, x: &[f64]) -> Vec<f64> {
        let formula = Formula::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let y: Vec<f64> = x.iter().map(|v| 1.0 - v).collect();
        robustness(&formula, &[("a", x), ("b", &y)]).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn operators_bind_as_in_rtamt() {
        let x = [1.0, -2.0, 3.0, -4.0, 5.0, 0.5];
        for (bare, clear) in [
            (
                "a >= 0 or b >= 0 and a >= 1",
                "(a >= 0) or ((b >= 0) and (a >= 1))",
            ),
            ("always a -> b", "(always a) -> b"),
            ("not a and b", "(not a) and b"),
            ("not a >= 1", "not (a >= 1)"),
            ("a -> b -> a", "(a -> b) -> a"),
            ("a until b and a", "(a until b) and a"),
            ("always[1:2] a until b", "(always[1:2] a) until b"),
            ("a <-> b -> a", "a <-> (b -> a)"),
            ("a or b xor b and a", "(a or b) xor (b and a)"),
            ("a + b * 2 - a / 4", "(a + (b * 2)) - (a / 4)"),
            ("out = a U[0,2] b;", "a until[0:2] b"),
            ("-a * 2 >= -1", "((-a) * 2) >= (-1)"),
            ("a - b - a", "(a - b) - a"),
            ("a/b", "a / b // a comment"),
        ] {
            assert_eq!(value(bare, &x), value(clear, &x), "{bare}");
        }
    }

    #[test]
    fn errors_name_the_column() {
        for (text, column) in [
            ("a >= ", 6),
            ("always[3:1] a", 8),
            ("(a >= 1", 8),
            ("a b", 3),
            ("a ? b", 3),
            ("always[0.5:1] a", 8),
            ("a >= 1e999", 6),
            ("until", 1),
            ("", 1),
            ("abs a", 1),
        ] {
            match Formula::parse(text) {
                Err(LogicError::Text { column: seen, .. }) => assert_eq!(seen, column, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn bounds_with_units_are_whole_samples() {
        let at = |text| Formula::with_period(text, 0.1);
        assert_eq!(at("always[0s:500ms] a"), at("always[0:5] a"));
        assert!(at("always[0s:50ms] a").is_err());
        assert_eq!(
            Formula::parse("F[2s:3s] a"),
            Formula::parse("eventually[2:3] a")
        );
    }

    #[test]
    fn nesting_is_bounded() {
        for text in ["(", "not ", "-", "rise(", "always "] {
            let deep = format!("{}a", text.repeat(20_000));
            assert!(Formula::parse(&deep).is_err());
        }
        let edges = format!("{}a{}", "rise(".repeat(60), ")".repeat(60));
        assert!(Formula::parse(&edges).is_err());
        // Long is fine.
        let long = vec!["a >= 1"; 5_000].join(" and ");
        assert!(Formula::parse(&long).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ab019.()\\[\\]:<>=!&|+*/ -]{0,40}|.{0,40}") {
            if let Ok(formula) = Formula::parse(&text) {
                prop_assert!(!formula.program.is_empty());
                let _ = formula.horizon();
            }
        }

        #[test]
        fn words_in_any_order(parts in proptest::collection::vec(prop::sample::select(vec![
            "always", "until", "[0:2]", "(", ")", "a", "b", "not", "and", "or", "->", ">=", "1",
            "rise", "since", "prev", "-", "abs", "pow", ",", "unless", "[1:",
        ]), 0..12)) {
            let text = parts.join(" ");
            if let Ok(formula) = Formula::parse(&text) {
                let x = [1.0, -2.0, 0.5];
                let signals: Vec<(&str, &[f64])> =
                    formula.signals().iter().map(|s| (s.as_str(), &x[..])).collect();
                let _ = robustness(&formula, &signals);
            }
        }
    }
}
