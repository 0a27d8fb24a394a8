//! A formula as a small program on a stack.
//!
//! Read [`Formula`] first. Every operator of the language is one of a few instructions here: bounds that do not begin
//! at 0 become shifts, `rise` and `fall` become a shift and a minimum.
//! Not here: the grammar (`parse`), running it (`robustness`, `monitor`).

use super::{LogicError, parse};

/// A formula of signal temporal logic over sampled signals.
///
/// Grammar and meaning are those of rtamt 0.4.10 in discrete time; from the tightest: `( )`, `abs sqrt exp pow ln`,
/// unary `-`, `* /`, `+ -`, comparisons `<= >= < > == !==`, `not`, then `always eventually historically once prev next
/// s_prev s_next` (prefix, with bounds `[a:b]` where they have an extent), `until unless since`, `and`, `or`, `->`,
/// `<->`, `xor`; binary operators associate to the left; `rise(f)` and `fall(f)` are functions. Symbols `! & | G F H O
/// U W S X Y implies iff` are the same words. Comments `//` and `/* */`, `name = ...;` around a formula are allowed.
/// Bounds are samples, or times with a unit (`s ms us ns`) that must be whole samples of the period (1 s by default).
///
/// Deviations: `a/b` is a division without spaces too (rtamt reads one name); `prev` at the first and `next` at the
/// last sample are `inf`, `s_prev` and `s_next` are `-inf`, as rtamt computes them (its text says otherwise); equal
/// infinities have difference 0 (rtamt: NaN); `until` and `since` follow rtamt: the left side need not hold when the
/// right one does.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    pub(super) program: Vec<Op>,
    pub(super) signals: Vec<String>,
}

impl Formula {
    /// Reads a formula; bounds are samples. Errors: [`LogicError::Text`] with the column. Cost: linear in the text.
    pub fn parse(text: &str) -> Result<Self, LogicError> {
        Self::with_period(text, 1.0)
    }

    /// Reads a formula whose bounds may have units, for samples `period_secs` apart.
    ///
    /// Errors: [`LogicError::Text`], also for bounds that are no whole number of samples; [`LogicError::Period`].
    pub fn with_period(text: &str, period_secs: f64) -> Result<Self, LogicError> {
        if !(period_secs > 0.0 && period_secs.is_finite()) {
            return Err(LogicError::Period {
                period: period_secs,
            });
        }
        parse::formula(text, period_secs)
    }

    /// The signals it uses, in the order of their first appearance: the order of values everywhere.
    pub fn signals(&self) -> &[String] {
        &self.signals
    }

    /// How many samples of the future one value needs; none where unbounded.
    pub fn horizon(&self) -> Option<usize> {
        let mut stack: Vec<Option<usize>> = Vec::new();
        for op in &self.program {
            let first = stack.pop();
            let next = match op {
                Op::Signal(_) | Op::Constant(_) => {
                    stack.extend(first);
                    Some(0)
                }
                Op::Unary(_) | Op::Window(_) | Op::Shift(_) => {
                    first.flatten().and_then(|h| h.checked_add(op.reach()?))
                }
                Op::Binary(_) | Op::Until(_) => {
                    let second = stack.pop().flatten();
                    let child = first.flatten().zip(second).map(|(a, b)| a.max(b));
                    child.and_then(|h| h.checked_add(op.reach()?))
                }
            };
            stack.push(next);
        }
        stack.pop().flatten()
    }
}

/// One instruction: takes its operands from the stack and leaves one value per sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    /// Index into the signals.
    Signal(usize),
    Constant(f64),
    Unary(Unary),
    Binary(Binary),
    Shift(Shift),
    Window(Window),
    Until(Until),
}

impl Op {
    /// Samples of the future it adds; none where unbounded.
    pub(super) fn reach(&self) -> Option<usize> {
        match self {
            Self::Shift(s) if s.direction == Toward::Future => Some(s.steps),
            Self::Window(w) if w.direction == Toward::Future => w.last,
            Self::Until(u) if u.direction == Toward::Future => {
                u.last.and_then(|last| last.checked_add(u.lead))
            }
            _ => Some(0),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Negate,
    Abs,
    Sqrt,
    Exp,
    Ln,
}

impl Unary {
    /// Whether it may have no result though its operand is a number.
    pub(super) fn may_fail(self) -> bool {
        matches!(self, Self::Sqrt | Self::Ln)
    }

    pub(super) fn apply(self, x: f64) -> f64 {
        match self {
            Self::Negate => -x,
            Self::Abs => x.abs(),
            Self::Sqrt => x.sqrt(),
            Self::Exp => x.exp(),
            Self::Ln => x.ln(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    /// `a >= b` as well: by how much.
    Subtract,
    /// `a <= b`: `b - a`.
    SubtractFrom,
    Multiply,
    Divide,
    Power,
    /// `and`.
    Minimum,
    /// `or`.
    Maximum,
    /// `max(-a, b)`.
    Implies,
    /// `-|a - b|`.
    Same,
    /// `|a - b|`.
    Different,
}

/// `a - b`, 0 for equal infinities.
fn difference(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { a - b }
}

impl Binary {
    /// Whether it may have no result though its operands are numbers.
    pub(super) fn may_fail(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Multiply | Self::Divide | Self::Power
        )
    }

    #[inline]
    pub(super) fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => difference(a, b),
            Self::SubtractFrom => difference(b, a),
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => a.powf(b),
            Self::Minimum => lesser(a, b),
            Self::Maximum => greater(a, b),
            Self::Implies => greater(-a, b),
            Self::Same => -difference(a, b).abs(),
            Self::Different => difference(a, b).abs(),
        }
    }
}

/// The lesser of two numbers; neither is NaN, so this is one machine instruction.
#[inline]
pub(super) fn lesser(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

/// The greater of two numbers.
#[inline]
pub(super) fn greater(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Toward {
    Past,
    Future,
}

/// The value `steps` samples away, `fill` outside the trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shift {
    pub(super) direction: Toward,
    pub(super) steps: usize,
    pub(super) fill: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extremum {
    Least,
    Greatest,
}

impl Extremum {
    /// What an empty window gives.
    pub(super) fn neutral(self) -> f64 {
        match self {
            Self::Least => f64::INFINITY,
            Self::Greatest => f64::NEG_INFINITY,
        }
    }

    #[inline]
    pub(super) fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Least => lesser(a, b),
            Self::Greatest => greater(a, b),
        }
    }
}

/// The extremum over the sample itself and the `last` next ones in a direction, all for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) extremum: Extremum,
    pub(super) direction: Toward,
    pub(super) last: Option<usize>,
}

/// Toward the future `until`, toward the past `since`, with bounds `[lead : lead + last]`; `weak` is `unless`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Until {
    pub(super) direction: Toward,
    pub(super) lead: usize,
    pub(super) last: Option<usize>,
    pub(super) weak: bool,
}
