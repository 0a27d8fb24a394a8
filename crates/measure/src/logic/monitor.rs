//! Robustness sample by sample.
//!
//! Read [`Monitor`] first. Every operator knows how many samples it is late; a value is worked out at the tick at
//! which the last sample it needs has come. Not here: whole traces (`robustness`).

use super::program::{Binary, Extremum, Op, Shift, Toward, Unary, Until, Window, greater, lesser};
use super::ring::{Delay, Join, Span};
use super::{Formula, LogicError, MAX_MEMORY_SAMPLES};

/// Robustness of a formula as samples arrive, late by its horizon and equal to [`super::robustness`].
///
/// [`Monitor::push`] each sample, [`Monitor::finish`] at the end of the trace. Amortized constant time per sample and
/// operator; memory grows to the bounds of the formula and is used again.
#[derive(Clone, Debug)]
pub struct Monitor {
    parts: Vec<Part>,
    stack: Vec<f64>,
    names: Vec<String>,
    horizon: usize,
    clock: Clock,
}

/// How many samples came, and how many there are where that is known.
#[derive(Clone, Copy, Debug)]
struct Clock {
    now: usize,
    end: Option<usize>,
}

impl Clock {
    /// The time of a value that is `lag` samples late, none where it is outside the trace.
    fn time(&self, lag: usize) -> Option<usize> {
        let t = self.now.checked_sub(lag)?;
        self.end.is_none_or(|end| t < end).then_some(t)
    }
}

#[derive(Clone, Copy, Debug)]
struct Least(f64);

impl Join for Least {
    fn join(self, later: Self) -> Self {
        Self(lesser(self.0, later.0))
    }
}

#[derive(Clone, Copy, Debug)]
struct Greatest(f64);

impl Join for Greatest {
    fn join(self, later: Self) -> Self {
        Self(greater(self.0, later.0))
    }
}

/// `until` over a stretch: how well it is met inside, and how well the left side holds all through.
#[derive(Clone, Copy, Debug)]
struct Ahead {
    met: f64,
    held: f64,
}

impl Join for Ahead {
    fn join(self, later: Self) -> Self {
        Self {
            met: greater(self.met, lesser(self.held, later.met)),
            held: lesser(self.held, later.held),
        }
    }
}

/// `since` over a stretch, the mirror of [`Ahead`].
#[derive(Clone, Copy, Debug)]
struct Behind {
    met: f64,
    held: f64,
}

impl Join for Behind {
    fn join(self, later: Self) -> Self {
        Self {
            met: greater(later.met, lesser(self.met, later.held)),
            held: lesser(self.held, later.held),
        }
    }
}

/// An operator with its memory; `lag` is how late its operands are.
#[derive(Clone, Debug)]
enum Part {
    Signal(usize),
    Constant(f64),
    Unary(Unary, usize),
    Binary(Binary, Pair),
    Back(Shift, Delay, usize),
    Forward(Shift, usize),
    Least(Window, Span<Least>, usize),
    Greatest(Window, Span<Greatest>, usize),
    Until(Box<UntilPart>),
    Since(Box<SincePart>),
}

/// Two operands brought to the same lag.
#[derive(Clone, Debug)]
struct Pair {
    left: Delay,
    right: Delay,
    lag: usize,
}

impl Pair {
    fn new(left_lag: usize, right_lag: usize) -> Self {
        let lag = left_lag.max(right_lag);
        Self {
            left: Delay::new(lag - left_lag),
            right: Delay::new(lag - right_lag),
            lag,
        }
    }

    fn take(&mut self, stack: &mut Vec<f64>) -> (f64, f64) {
        let (right, left) = (pop(stack), pop(stack));
        (self.left.push(left), self.right.push(right))
    }
}

#[derive(Clone, Debug)]
struct UntilPart {
    pair: Pair,
    lead: usize,
    last: usize,
    met: Span<Ahead>,
    /// The left side over the lead, which lags by the width of the window.
    late: Delay,
    led: Span<Least>,
    weak: Option<Span<Least>>,
}

#[derive(Clone, Debug)]
struct SincePart {
    pair: Pair,
    lead: usize,
    last: Option<usize>,
    late: [Delay; 2],
    met: Span<Behind>,
    led: Span<Least>,
}

fn pop(stack: &mut Vec<f64>) -> f64 {
    stack.pop().unwrap_or_default()
}

impl Monitor {
    /// A monitor of a formula.
    ///
    /// Errors: [`LogicError::Unbounded`] for a future operator without bounds, [`LogicError::TooLong`] beyond
    /// [`MAX_MEMORY_SAMPLES`].
    pub fn new(formula: &Formula) -> Result<Self, LogicError> {
        let horizon = formula.horizon().ok_or(LogicError::Unbounded)?;
        let memory: usize = formula
            .program
            .iter()
            .map(memory)
            .fold(0, usize::saturating_add);
        // Operands that wait for later ones wait at most the horizon.
        let samples = memory.saturating_add(horizon);
        if samples > MAX_MEMORY_SAMPLES {
            return Err(LogicError::TooLong {
                samples,
                limit: MAX_MEMORY_SAMPLES,
            });
        }
        let mut lags: Vec<usize> = Vec::new();
        let mut parts = Vec::with_capacity(formula.program.len());
        for op in &formula.program {
            let (part, lag) = part(op, &mut lags);
            parts.push(part);
            lags.push(lag + op.reach().unwrap_or_default());
        }
        Ok(Self {
            parts,
            stack: Vec::new(),
            names: formula.signals.clone(),
            horizon,
            clock: Clock { now: 0, end: None },
        })
    }

    /// How many samples after its own time a value comes.
    pub fn horizon(&self) -> usize {
        self.horizon
    }

    /// Takes the values of all signals at the next sample, in the order of [`Formula::signals`]; gives the
    /// robustness of `horizon` samples ago once there is one.
    ///
    /// Errors: another number of values, NaN, arithmetic without a result; the monitor is then of no more use.
    pub fn push(&mut self, values: &[f64]) -> Result<Option<f64>, LogicError> {
        if values.len() != self.names.len() {
            return Err(LogicError::Values {
                seen: values.len(),
                expected: self.names.len(),
            });
        }
        if let Some((_, name)) = values.iter().zip(&self.names).find(|(x, _)| x.is_nan()) {
            return Err(LogicError::Nan {
                name: name.clone(),
                index: self.clock.now,
            });
        }
        self.tick(values)
    }

    /// The robustness of the samples still awaited, with their windows cut at the end of the trace.
    pub fn finish(mut self) -> Result<Vec<f64>, LogicError> {
        self.clock.end = Some(self.clock.now);
        let mut found = Vec::new();
        for _ in 0..self.horizon {
            found.extend(self.tick(&[])?);
        }
        Ok(found)
    }

    fn tick(&mut self, values: &[f64]) -> Result<Option<f64>, LogicError> {
        self.stack.clear();
        for part in &mut self.parts {
            let x = part.step(values, &mut self.stack, &self.clock)?;
            self.stack.push(x);
        }
        let found = self.clock.time(self.horizon).map(|_| pop(&mut self.stack));
        self.clock.now += 1;
        Ok(found)
    }
}

/// Samples an operator keeps, besides operands that wait for each other.
fn memory(op: &Op) -> usize {
    match op {
        Op::Shift(s) if s.direction == Toward::Past => s.steps,
        Op::Window(w) => w.last.map_or(0, |last| last.saturating_add(1)),
        Op::Until(u) => u.last.unwrap_or(0).saturating_add(u.lead).saturating_mul(4),
        _ => 0,
    }
}

/// The part for an operator, and how late its operands are.
fn part(op: &Op, lags: &mut Vec<usize>) -> (Part, usize) {
    match op {
        Op::Signal(index) => (Part::Signal(*index), 0),
        Op::Constant(x) => (Part::Constant(*x), 0),
        Op::Unary(op) => {
            let lag = lags.pop().unwrap_or_default();
            (Part::Unary(*op, lag), lag)
        }
        Op::Binary(op) => {
            let pair = pair(lags);
            let lag = pair.lag;
            (Part::Binary(*op, pair), lag)
        }
        Op::Shift(shift) => {
            let lag = lags.pop().unwrap_or_default();
            let part = match shift.direction {
                Toward::Past => Part::Back(*shift, Delay::new(shift.steps), lag),
                Toward::Future => Part::Forward(*shift, lag),
            };
            (part, lag)
        }
        Op::Window(window) => {
            let lag = lags.pop().unwrap_or_default();
            let drops = window.last.is_some();
            let part = match window.extremum {
                Extremum::Least => Part::Least(*window, Span::new(drops), lag),
                Extremum::Greatest => Part::Greatest(*window, Span::new(drops), lag),
            };
            (part, lag)
        }
        Op::Until(until) => {
            let pair = pair(lags);
            let lag = pair.lag;
            (until_part(until, pair), lag)
        }
    }
}

fn pair(lags: &mut Vec<usize>) -> Pair {
    let (right, left) = (
        lags.pop().unwrap_or_default(),
        lags.pop().unwrap_or_default(),
    );
    Pair::new(left, right)
}

fn until_part(until: &Until, pair: Pair) -> Part {
    match until.direction {
        Toward::Future => {
            let last = until.last.unwrap_or_default();
            Part::Until(Box::new(UntilPart {
                pair,
                lead: until.lead,
                last,
                met: Span::new(true),
                late: Delay::new(if until.lead > 0 { last + 1 } else { 0 }),
                led: Span::new(true),
                weak: until.weak.then(|| Span::new(true)),
            }))
        }
        Toward::Past => Part::Since(Box::new(SincePart {
            pair,
            lead: until.lead,
            last: until.last,
            late: [Delay::new(until.lead), Delay::new(until.lead)],
            met: Span::new(until.last.is_some()),
            led: Span::new(true),
        })),
    }
}

impl Part {
    /// The value at this tick; of no meaning where its time is outside the trace.
    fn step(
        &mut self,
        values: &[f64],
        stack: &mut Vec<f64>,
        clock: &Clock,
    ) -> Result<f64, LogicError> {
        Ok(match self {
            Self::Signal(index) => values.get(*index).copied().unwrap_or_default(),
            Self::Constant(x) => *x,
            Self::Unary(op, lag) => {
                let x = op.apply(pop(stack));
                return defined(x, *lag, clock);
            }
            Self::Binary(op, pair) => {
                let (a, b) = pair.take(stack);
                return defined(op.apply(a, b), pair.lag, clock);
            }
            Self::Back(shift, delay, lag) => {
                let x = delay.push(pop(stack));
                let inside = clock.time(*lag).is_some_and(|t| t >= shift.steps);
                if inside { x } else { shift.fill }
            }
            // The operand has come at the very tick at which it is needed.
            Self::Forward(shift, lag) => {
                let x = pop(stack);
                if clock.time(*lag).is_some() {
                    x
                } else {
                    shift.fill
                }
            }
            Self::Least(window, span, lag) => {
                windowed(window, span, *lag, Least(pop(stack)), clock)
                    .map_or(f64::INFINITY, |x| x.0)
            }
            Self::Greatest(window, span, lag) => {
                windowed(window, span, *lag, Greatest(pop(stack)), clock)
                    .map_or(f64::NEG_INFINITY, |x| x.0)
            }
            Self::Until(part) => part.step(stack, clock),
            Self::Since(part) => part.step(stack, clock),
        })
    }
}

fn defined(x: f64, lag: usize, clock: &Clock) -> Result<f64, LogicError> {
    match clock.time(lag) {
        Some(index) if x.is_nan() => Err(LogicError::Undefined { index }),
        Some(_) => Ok(x),
        None => Ok(0.0),
    }
}

fn windowed<T: Join>(
    window: &Window,
    span: &mut Span<T>,
    lag: usize,
    x: T,
    clock: &Clock,
) -> Option<T> {
    if clock.time(lag).is_some() {
        span.push(x);
    }
    match (window.direction, window.last) {
        (Toward::Past, None) => span.since(0),
        (Toward::Past, Some(last)) => span.since(clock.time(lag)?.saturating_sub(last)),
        (Toward::Future, last) => span.since(clock.time(lag + last.unwrap_or_default())?),
    }
}

impl UntilPart {
    fn step(&mut self, stack: &mut Vec<f64>, clock: &Clock) -> f64 {
        let (held, met) = self.pair.take(stack);
        let lag = self.pair.lag;
        let late = self.late.push(held);
        if clock.time(lag).is_some() {
            self.met.push(Ahead { met, held });
            if let Some(weak) = &mut self.weak {
                weak.push(Least(held));
            }
        }
        if self.lead > 0 && clock.time(lag + self.last + 1).is_some() {
            self.led.push(Least(late));
        }
        let Some(t) = clock.time(lag + self.last + self.lead) else {
            return 0.0;
        };
        let nothing = f64::NEG_INFINITY;
        let mut found = self.met.since(t + self.lead).map_or(nothing, |x| x.met);
        if self.lead > 0 {
            found = lesser(found, self.led.since(t).map_or(f64::INFINITY, |x| x.0));
        }
        match self.weak.as_mut().and_then(|weak| weak.since(t)) {
            Some(weak) => greater(found, weak.0),
            None => found,
        }
    }
}

impl SincePart {
    fn step(&mut self, stack: &mut Vec<f64>, clock: &Clock) -> f64 {
        let (held, met) = self.pair.take(stack);
        let lag = self.pair.lag;
        let [late_held, late_met] = [held, met];
        let late_held = self.late[0].push(late_held);
        let late_met = self.late[1].push(late_met);
        let Some(t) = clock.time(lag) else {
            return 0.0;
        };
        if t >= self.lead {
            self.met.push(Behind {
                met: late_met,
                held: late_held,
            });
        }
        let beyond = self
            .last
            .map_or(0, |last| t.saturating_sub(last + self.lead));
        let nothing = f64::NEG_INFINITY;
        let found = self.met.since(beyond).map_or(nothing, |x| x.met);
        if self.lead == 0 {
            return found;
        }
        self.led.push(Least(held));
        let led = self.led.since((t + 1).saturating_sub(self.lead));
        lesser(found, led.map_or(f64::INFINITY, |x| x.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::robustness;
    use super::*;
    use proptest::prelude::*;

    fn online(formula: &Formula, a: &[f64], b: &[f64]) -> Result<Vec<f64>, LogicError> {
        let mut monitor = Monitor::new(formula)?;
        let mut found = Vec::new();
        for (a, b) in a.iter().zip(b) {
            let values: Vec<f64> = formula
                .signals()
                .iter()
                .map(|name| if name == "a" { *a } else { *b })
                .collect();
            found.extend(monitor.push(&values)?);
        }
        found.extend(monitor.finish()?);
        Ok(found)
    }

    /// Formulas of bounded future.
    fn formulas() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec!["a", "b", "a >= 0.5", "b <= a", "a + b > 1"]);
        let leaf = leaf.prop_map(|s| format!("({s})"));
        leaf.prop_recursive(4, 24, 2, |inner| {
            let one = prop::sample::select(vec![
                "not",
                "always",
                "eventually",
                "once",
                "historically",
                "prev",
                "next",
                "s_prev",
                "s_next",
                "rise",
                "fall",
                "once*",
                "historically*",
            ]);
            let two = prop::sample::select(vec![
                "and", "or", "->", "<->", "xor", "until", "since", "unless", "since*",
            ]);
            let bounds =
                (0_usize..4, 0_usize..5).prop_map(|(a, more)| format!("[{a}:{}]", a + more));
            prop_oneof![
                (one, bounds.clone(), inner.clone()).prop_map(|(op, bounds, f)| match op {
                    "always" | "eventually" | "once" | "historically" =>
                        format!("({op}{bounds} {f})"),
                    other => format!("({} {f})", other.trim_end_matches('*')),
                }),
                (two, bounds, inner.clone(), inner).prop_map(|(op, bounds, f, g)| match op {
                    "until" | "since" | "unless" => format!("({f} {op}{bounds} {g})"),
                    other => format!("({f} {} {g})", other.trim_end_matches('*')),
                }),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn online_is_offline_late(
            text in formulas(), trace in proptest::collection::vec((-3.0..3.0_f64, -3.0..3.0_f64), 1..24),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = trace.into_iter().unzip();
            let formula = Formula::parse(&text).expect("a formula");
            let offline = robustness(&formula, &[("a", &a), ("b", &b)]);
            prop_assert_eq!(online(&formula, &a, &b), offline, "{}", text);
        }
    }

    #[test]
    fn what_cannot_run_online_is_refused() {
        let of = |text: &str| {
            Monitor::new(&Formula::parse(text).expect("a formula")).map(|m| m.horizon())
        };
        assert_eq!(of("always a"), Err(LogicError::Unbounded));
        assert_eq!(of("a until b"), Err(LogicError::Unbounded));
        assert!(matches!(
            of("once[0:4000000000] a"),
            Err(LogicError::TooLong { .. })
        ));
        assert_eq!(of("always[0:3] (a -> eventually[1:2] b)"), Ok(5));
        assert_eq!(of("historically a"), Ok(0));
    }
}
