//! Facts of one subject, written with few words.

use fieldassay_measure::stats::Interval;
use fieldassay_model::{Fact, FactValue};

/// Collects the facts of one subject.
pub(crate) struct Sheet {
    subject: String,
    n: usize,
    pub(crate) facts: Vec<Fact>,
}

/// A detail of a fact.
pub(crate) type Detail<'a> = (&'a str, FactValue);

/// A detail in seconds from nanoseconds.
pub(crate) fn secs_detail(key: &str, nanos: f64) -> Detail<'_> {
    (key, FactValue::Number(nanos / 1e9))
}

/// A detail that counts.
pub(crate) fn count_detail(key: &str, count: u64) -> Detail<'_> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    (key, FactValue::Integer(count))
}

/// A detail that names something.
pub(crate) fn text_detail<'a>(key: &'a str, text: &str) -> Detail<'a> {
    (key, FactValue::Text(text.to_owned()))
}

impl Sheet {
    /// Facts about `subject` that rest on `n` observations unless they say otherwise.
    pub(crate) fn new(subject: &str, n: usize) -> Self {
        Self {
            subject: subject.to_owned(),
            n,
            facts: Vec::new(),
        }
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str, value: f64, unit: &str, method: &str) -> &mut Fact {
        let fact = Fact::number(name, &self.subject, value, unit);
        self.push(fact, method)
    }

    /// A count.
    pub(crate) fn count(&mut self, name: &str, value: u64, method: &str) -> &mut Fact {
        let fact = Fact::count(name, &self.subject, value);
        self.push(fact, method)
    }

    /// A truth value.
    pub(crate) fn boolean(&mut self, name: &str, value: bool, method: &str) -> &mut Fact {
        let fact = Fact::new(name, &self.subject, FactValue::Bool(value), "bool");
        self.push(fact, method)
    }

    /// Something that could not be measured.
    pub(crate) fn none(&mut self, name: &str, unit: &str, reason: &str) {
        let fact = Fact::not_evaluated(name, &self.subject, unit, reason).with_n(self.n);
        self.facts.push(fact);
    }

    /// Several things that could not be measured for one reason.
    pub(crate) fn none_of(&mut self, names_and_units: &[(&str, &str)], reason: &str) {
        for (name, unit) in names_and_units {
            self.none(name, unit, reason);
        }
    }

    fn push(&mut self, fact: Fact, method: &str) -> &mut Fact {
        self.facts.push(fact.with_n(self.n).with_method(method, 1));
        let last = self.facts.len() - 1;
        &mut self.facts[last]
    }
}

/// Additions to a fact in place.
pub(crate) trait Annotate {
    /// Adds details.
    fn with(&mut self, details: &[Detail<'_>]) -> &mut Self;
    /// Adds the interval, where there is one.
    fn within(&mut self, interval: Option<Interval>) -> &mut Self;
    /// Says on which stretch of log time it rests.
    fn at(&mut self, start_ns: i64, end_ns: i64) -> &mut Self;
    /// Says how many observations it rests on.
    fn of(&mut self, n: usize) -> &mut Self;
}

impl Annotate for Fact {
    fn with(&mut self, details: &[Detail<'_>]) -> &mut Self {
        for (key, value) in details {
            if !matches!(value, FactValue::Number(x) if !x.is_finite()) {
                self.detail.insert((*key).to_owned(), value.clone());
            }
        }
        self
    }

    fn within(&mut self, interval: Option<Interval>) -> &mut Self {
        self.low = interval.map(|i| i.low).filter(|x| x.is_finite());
        self.high = interval.map(|i| i.high).filter(|x| x.is_finite());
        self
    }

    fn at(&mut self, start_ns: i64, end_ns: i64) -> &mut Self {
        self.window = Some(fieldassay_model::Window { start_ns, end_ns });
        self
    }

    fn of(&mut self, n: usize) -> &mut Self {
        self.n = n as u64;
        self
    }
}
