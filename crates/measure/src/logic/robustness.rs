//! Robustness of whole traces.
//!
//! Read [`robustness`] first. Not here: traces that arrive sample by sample ([`super::Monitor`]).

use super::program::{Binary, Extremum, Op, Shift, Toward, Unary, Until, Window};
use super::window::ahead;
use super::{Formula, LogicError};

/// Robustness of a formula at every sample of a trace.
///
/// `signals`: name and samples, all of one length and sampled at the same times; more than the formula names are
/// fine, infinite values are fine. Semantics of rtamt 0.4.10, discrete time: comparisons give differences, `not` the
/// negative, `and` and `or` the lesser and greater, `->` `max(-a, b)`, `<->` `-|a - b|`, `xor` `|a - b|`; windows are
/// cut at the ends of the trace; a window wholly outside gives `inf` for `always` and `historically`, `-inf` for
/// `eventually`, `once`, `until` and `since` (Donze and Maler 2010; Donze, Ferrere and Maler 2013 for `until` by
/// windows). Errors: missing signals, lengths that differ, no samples, NaN, arithmetic without a result. Cost: a few
/// comparisons per sample and operator whatever the bounds; memory a few traces.
pub fn robustness(formula: &Formula, signals: &[(&str, &[f64])]) -> Result<Vec<f64>, LogicError> {
    let n = signals.first().map_or(0, |(_, samples)| samples.len());
    let traces: Result<Vec<&[f64]>, LogicError> = formula
        .signals()
        .iter()
        .map(|name| trace(name, signals, n))
        .collect();
    if n == 0 {
        return Err(LogicError::Empty);
    }
    let traces = traces?;
    let mut machine = Machine {
        n,
        stack: Vec::new(),
        spare: Vec::new(),
    };
    for op in &formula.program {
        match op {
            Op::Signal(index) => {
                let samples = traces.get(*index).copied().unwrap_or_default();
                machine.stack.push(Value::Trace(samples));
            }
            Op::Constant(x) => machine.stack.push(Value::Constant(*x)),
            Op::Unary(op) => machine.unary(*op)?,
            Op::Binary(op) => machine.binary(*op)?,
            Op::Shift(shift) => machine.shifted(shift),
            Op::Window(window) => machine.window(window),
            Op::Until(until) => machine.until(until),
        }
    }
    Ok(machine.pop())
}

fn trace<'a>(name: &str, signals: &[(&str, &'a [f64])], n: usize) -> Result<&'a [f64], LogicError> {
    let Some((_, samples)) = signals.iter().find(|(known, _)| *known == name) else {
        return Err(LogicError::NoSignal {
            name: name.to_owned(),
        });
    };
    if samples.len() != n {
        return Err(LogicError::Lengths {
            name: name.to_owned(),
            seen: samples.len(),
            expected: n,
        });
    }
    match samples.iter().position(|x| x.is_nan()) {
        Some(index) => Err(LogicError::Nan {
            name: name.to_owned(),
            index,
        }),
        None => Ok(samples),
    }
}

/// What lies on the stack.
enum Value<'a> {
    Trace(&'a [f64]),
    Constant(f64),
    Own(Vec<f64>),
}

struct Machine<'a> {
    n: usize,
    stack: Vec<Value<'a>>,
    /// Buffers to use again.
    spare: Vec<Vec<f64>>,
}

impl<'a> Machine<'a> {
    fn take(&mut self) -> Value<'a> {
        self.stack.pop().unwrap_or(Value::Constant(0.0))
    }

    /// The top of the stack in a buffer of its own.
    fn pop(&mut self) -> Vec<f64> {
        match self.take() {
            Value::Own(x) => x,
            Value::Trace(x) => {
                let mut own = self.empty();
                own.extend_from_slice(x);
                own
            }
            Value::Constant(x) => {
                let mut own = self.empty();
                own.resize(self.n, x);
                own
            }
        }
    }

    fn empty(&mut self) -> Vec<f64> {
        let mut own = self.spare.pop().unwrap_or_default();
        own.clear();
        own
    }

    fn zeros(&mut self) -> Vec<f64> {
        let mut own = self.spare.pop().unwrap_or_default();
        own.resize(self.n, 0.0);
        own
    }

    fn unary(&mut self, op: Unary) -> Result<(), LogicError> {
        let value = match self.take() {
            Value::Constant(x) => Value::Constant(op.apply(x)),
            other => {
                self.stack.push(other);
                let mut own = self.pop();
                for x in &mut own {
                    *x = op.apply(*x);
                }
                Value::Own(own)
            }
        };
        self.put(value, op.may_fail())
    }

    fn put(&mut self, value: Value<'a>, may_fail: bool) -> Result<(), LogicError> {
        let undefined = match &value {
            _ if !may_fail => None,
            Value::Constant(x) => x.is_nan().then_some(0),
            Value::Trace(x) => x.iter().position(|x| x.is_nan()),
            Value::Own(x) => x.iter().position(|x| x.is_nan()),
        };
        match undefined {
            Some(index) => Err(LogicError::Undefined { index }),
            None => {
                self.stack.push(value);
                Ok(())
            }
        }
    }

    fn binary(&mut self, op: Binary) -> Result<(), LogicError> {
        let (b, a) = (self.take(), self.take());
        // One arm per operator, so that each loop is compiled for its own and vectorized.
        let found = match op {
            Binary::Add => self.zip(a, b, |a, b| Binary::Add.apply(a, b)),
            Binary::Subtract => self.zip(a, b, |a, b| Binary::Subtract.apply(a, b)),
            Binary::SubtractFrom => self.zip(a, b, |a, b| Binary::SubtractFrom.apply(a, b)),
            Binary::Multiply => self.zip(a, b, |a, b| Binary::Multiply.apply(a, b)),
            Binary::Minimum => self.zip(a, b, |a, b| Binary::Minimum.apply(a, b)),
            Binary::Maximum => self.zip(a, b, |a, b| Binary::Maximum.apply(a, b)),
            Binary::Implies => self.zip(a, b, |a, b| Binary::Implies.apply(a, b)),
            rare => self.zip(a, b, move |a, b| rare.apply(a, b)),
        };
        self.put(found, op.may_fail())
    }

    fn zip(&mut self, a: Value<'a>, b: Value<'a>, f: impl Fn(f64, f64) -> f64) -> Value<'a> {
        use Value::{Constant, Own, Trace};
        let fill = |own: &mut Vec<f64>, x: &[f64], y: &[f64]| {
            own.extend(x.iter().zip(y).map(|(x, y)| f(*x, *y)));
        };
        let found = match (a, b) {
            (Constant(x), Constant(y)) => return Constant(f(x, y)),
            (Own(mut x), Constant(y)) => {
                x.iter_mut().for_each(|x| *x = f(*x, y));
                x
            }
            (Constant(x), Own(mut y)) => {
                y.iter_mut().for_each(|y| *y = f(x, *y));
                y
            }
            (Own(mut x), Trace(y)) => {
                x.iter_mut().zip(y).for_each(|(x, y)| *x = f(*x, *y));
                x
            }
            (Own(mut x), Own(y)) => {
                x.iter_mut().zip(&y).for_each(|(x, y)| *x = f(*x, *y));
                self.spare.push(y);
                x
            }
            (Trace(x), Own(mut y)) => {
                y.iter_mut().zip(x).for_each(|(y, x)| *y = f(*x, *y));
                y
            }
            (Trace(x), Trace(y)) => {
                let mut own = self.empty();
                fill(&mut own, x, y);
                own
            }
            (Trace(x), Constant(y)) => {
                let mut own = self.empty();
                own.extend(x.iter().map(|x| f(*x, y)));
                own
            }
            (Constant(x), Trace(y)) => {
                let mut own = self.empty();
                own.extend(y.iter().map(|y| f(x, *y)));
                own
            }
        };
        Own(found)
    }

    fn shifted(&mut self, shift: &Shift) {
        let mut x = self.pop();
        shift_by(&mut x, shift);
        self.stack.push(Value::Own(x));
    }

    fn window(&mut self, window: &Window) {
        let (mut x, mut out) = (self.pop(), self.zeros());
        mirrored(window.direction, &mut [&mut x]);
        ahead(window.extremum, &x, window.last, &mut out);
        mirrored(window.direction, &mut [&mut out]);
        self.spare.push(x);
        self.stack.push(Value::Own(out));
    }

    /// `p U[a:b] q = G[0:a-1] p and shift_a(F[0:b-a] q and p U q)`, exact for robustness as every part only picks
    /// among the values of `p` and `q`.
    fn until(&mut self, until: &Until) {
        let (mut q, mut p) = (self.pop(), self.pop());
        mirrored(until.direction, &mut [&mut p, &mut q]);
        let mut out = self.zeros();
        let mut held = f64::NEG_INFINITY;
        for ((out, p), q) in out.iter_mut().zip(&p).zip(&q).rev() {
            held = Extremum::Greatest.of(*q, Extremum::Least.of(*p, held));
            *out = held;
        }
        let mut other = self.zeros();
        let meet = |out: &mut [f64], with: &[f64], extremum: Extremum| {
            for (out, with) in out.iter_mut().zip(with) {
                *out = extremum.of(*out, *with);
            }
        };
        if until.last.is_some() {
            ahead(Extremum::Greatest, &q, until.last, &mut other);
            meet(&mut out, &other, Extremum::Least);
        }
        if until.lead > 0 {
            let shift = Shift {
                direction: Toward::Future,
                steps: until.lead,
                fill: f64::NEG_INFINITY,
            };
            shift_by(&mut out, &shift);
            ahead(Extremum::Least, &p, Some(until.lead - 1), &mut other);
            meet(&mut out, &other, Extremum::Least);
        }
        if until.weak {
            let whole = until.last.map(|last| last.saturating_add(until.lead));
            ahead(Extremum::Least, &p, whole, &mut other);
            meet(&mut out, &other, Extremum::Greatest);
        }
        mirrored(until.direction, &mut [&mut out]);
        self.spare.extend([p, q, other]);
        self.stack.push(Value::Own(out));
    }
}

/// Past operators are future ones on the reversed trace.
fn mirrored(direction: Toward, traces: &mut [&mut Vec<f64>]) {
    if direction == Toward::Past {
        traces.iter_mut().for_each(|x| x.reverse());
    }
}

fn shift_by(x: &mut [f64], shift: &Shift) {
    let steps = shift.steps.min(x.len());
    let kept = x.len() - steps;
    match shift.direction {
        Toward::Future => {
            x.copy_within(steps.., 0);
            x.iter_mut().skip(kept).for_each(|x| *x = shift.fill);
        }
        Toward::Past => {
            x.copy_within(..kept, steps);
            x.iter_mut().take(steps).for_each(|x| *x = shift.fill);
        }
    }
}

/// A run of samples at which a formula holds, or fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// First sample.
    pub begin: usize,
    /// One beyond the last sample.
    pub end: usize,
    /// Least robustness in the run: of a failing run its severity.
    pub least: f64,
    /// Greatest robustness in the run.
    pub greatest: f64,
}

/// The maximal runs of samples with robustness of at least 0 (`holding`) or below 0. Cost: one pass.
pub fn episodes(robustness: &[f64], holding: bool) -> Vec<Episode> {
    let mut found: Vec<Episode> = Vec::new();
    for (i, &x) in robustness.iter().enumerate() {
        if (x >= 0.0) != holding || x.is_nan() {
            continue;
        }
        match found.last_mut().filter(|run| run.end == i) {
            Some(run) => {
                run.end = i + 1;
                run.least = run.least.min(x);
                run.greatest = run.greatest.max(x);
            }
            None => found.push(Episode {
                begin: i,
                end: i + 1,
                least: x,
                greatest: x,
            }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;
    const A: [f64; 6] = [1.0, -2.0, 3.0, -4.0, 5.0, 0.5];
    const B: [f64; 6] = [-1.0, 2.0, 2.0, -3.0, 1.0, 4.0];

    fn of(text: &str) -> Result<Vec<f64>, LogicError> {
        robustness(&Formula::parse(text)?, &[("a", &A), ("b", &B)])
    }

    /// Values computed by rtamt 0.4.10.
    #[test]
    fn as_rtamt() {
        for (text, expected) in [
            ("once[1:2] (a>=0)", [-INF, 1.0, 1.0, 3.0, 3.0, 5.0]),
            (
                "historically[1:2] (a>=0)",
                [INF, 1.0, -2.0, -2.0, -4.0, -4.0],
            ),
            (
                "(a>=0) since[1:2] (b>=0)",
                [-INF, -2.0, 2.0, -4.0, -3.0, 0.5],
            ),
            ("(a>=0) since (b>=0)", [-1.0, 2.0, 2.0, -3.0, 1.0, 4.0]),
            (
                "(a>=0) until[1:2] (b>=0)",
                [1.0, -2.0, -3.0, -4.0, 4.0, -INF],
            ),
            ("(a>=0) until (b>=0)", [1.0, 2.0, 2.0, -3.0, 4.0, 4.0]),
            ("prev (a>=0)", [INF, 1.0, -2.0, 3.0, -4.0, 5.0]),
            ("next (a>=0)", [-2.0, 3.0, -4.0, 5.0, 0.5, INF]),
            ("s_prev a", [-INF, 1.0, -2.0, 3.0, -4.0, 5.0]),
            ("s_next a", [-2.0, 3.0, -4.0, 5.0, 0.5, -INF]),
            ("fall(a>=0)", [-1.0, 1.0, -3.0, 3.0, -5.0, -0.5]),
            ("rise(a>=0)", [1.0, -2.0, 2.0, -4.0, 4.0, -5.0]),
            ("(a>=0) xor (b>=0)", [2.0, 4.0, 1.0, 1.0, 4.0, 3.5]),
            ("(a>=0) unless[0:2] (b>=0)", [1.0, 2.0, 2.0, -3.0, 4.0, 4.0]),
            ("always[4:9] (a>=0)", [0.5, 0.5, INF, INF, INF, INF]),
            ("eventually[8:9] a", [-INF; 6]),
            ("a since[8:9] b", [-INF; 6]),
            ("a until[0:0] b", [-1.0, 2.0, 2.0, -3.0, 1.0, 4.0]),
            ("2 * 3 >= a", [5.0, 8.0, 3.0, 10.0, 1.0, 5.5]),
            ("pow(a, 2)", [1.0, 4.0, 9.0, 16.0, 25.0, 0.25]),
        ] {
            assert_eq!(of(text), Ok(expected.to_vec()), "{text}");
        }
    }

    #[test]
    fn what_has_no_value_is_refused() {
        assert_eq!(of("sqrt(a) >= 0"), Err(LogicError::Undefined { index: 1 }));
        assert!(matches!(of("c >= 0"), Err(LogicError::NoSignal { .. })));
        let formula = Formula::parse("a >= 0").expect("a formula");
        let nan = [1.0, f64::NAN];
        assert!(matches!(
            robustness(&formula, &[("a", &nan)]),
            Err(LogicError::Nan { index: 1, .. })
        ));
        assert_eq!(robustness(&formula, &[("a", &[])]), Err(LogicError::Empty));
        let short = robustness(
            &Formula::parse("a >= b").expect("a formula"),
            &[("a", &A), ("b", &nan)],
        );
        assert!(matches!(short, Err(LogicError::Lengths { .. })));
    }

    #[test]
    fn runs_carry_their_severity() {
        let found = episodes(&[1.0, -1.0, -3.0, 0.0, -2.0], false);
        let spans: Vec<_> = found.iter().map(|e| (e.begin, e.end, e.least)).collect();
        assert_eq!(spans, [(1, 3, -3.0), (4, 5, -2.0)]);
        assert_eq!(episodes(&[], true), []);
    }
}
