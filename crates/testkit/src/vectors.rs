//! Inputs that the reference vectors describe by formulas, worked out.
//!
//! Read [`ClockCase`] and [`DriftCase`] first. The texts are read for their numbers, so a vector of the same form with
//! other numbers works as well.
//!
//! Not here: comparing; `cargo xtask conformance` does that.

use serde_json::Value;

/// Time units per second of the generated clocks: picoseconds, so that rounding to integers does not show at the
/// tolerance of the vectors.
pub const UNITS_PER_SEC: f64 = 1e12;

/// Numbers in a text, in order; digits inside words (`st0`) are not numbers.
pub fn numbers(text: &str) -> Vec<f64> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = if c.is_ascii_alphabetic() || c == '_' {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if c.is_ascii_digit() {
            let length = number_length(rest);
            found.extend(rest[..length].parse::<f64>().ok());
            length
        } else {
            c.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// Length of the number at the start: digits, a fraction, an exponent. `0..99` is two numbers.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| {
        text[from..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(text.len(), |n| from + n)
    };
    let mut end = digits(0);
    if text[end..].starts_with('.') && digits(end + 1) > end + 1 {
        end = digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

/// Two clocks with a queue between them: block `clock_hull` of `signals.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct ClockCase {
    /// Stamps of the sender, picoseconds.
    pub remote: Vec<i64>,
    /// Stamps of the receiver, picoseconds.
    pub local: Vec<i64>,
    /// Mean of the delays drawn, seconds: tells whether the generator was understood.
    pub mean_delay_secs: f64,
}

impl ClockCase {
    /// Works the block out; an error says which part has another form than expected.
    pub fn read(block: &Value) -> Result<Self, String> {
        let text = |key: &str| {
            block[key]
                .as_str()
                .map(numbers)
                .ok_or(format!("`{key}` is not a text"))
        };
        let number = |key: &str| {
            block[key]
                .as_f64()
                .ok_or(format!("`{key}` is not a number"))
        };
        let count = block["N"].as_u64().ok_or("`N` is not a count")?;
        let (start, step) = match text("remote")?[..] {
            [step] => (0.0, step),
            [start, step] => (start, step),
            _ => return Err("`remote` is not of the form `i*STEP`".to_owned()),
        };
        let [a, c, base, power, mut state, base_again, power_again] = text("lcg")?[..] else {
            return Err(
                "`lcg` is not of the form `st=(A*st+C) mod B^P, st0=S, u=st/B^P`".to_owned(),
            );
        };
        let [least, mean, one, cut] = text("delay")?[..] else {
            return Err("`delay` is not of the form `MIN+MEAN*(-ln(1-CUT u))`".to_owned());
        };
        let modulus = base.powf(power);
        let divisor = base_again.powf(power_again);
        let (skew, offset) = (1e-6 * number("true_skew_ppm")?, number("true_offset")?);
        let (mut remote, mut local, mut delays) = (Vec::new(), Vec::new(), 0.0);
        for i in 0..count {
            let drawn = i128::from(whole(a)) * i128::from(whole(state)) + i128::from(whole(c));
            state = (drawn % i128::from(whole(modulus))) as f64;
            let delay = least + mean * -(one - cut * (state / divisor)).ln();
            let x = start + i as f64 * step;
            let y = offset + (1.0 + skew) * x + delay;
            remote.push(whole((x * UNITS_PER_SEC).round()));
            local.push(whole((y * UNITS_PER_SEC).round()));
            delays += delay;
        }
        Ok(Self {
            remote,
            local,
            mean_delay_secs: delays / count as f64,
        })
    }
}

/// A sequence whose mean jumps: block `drift` of `signals.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftCase {
    /// The values.
    pub values: Vec<f64>,
}

impl DriftCase {
    /// Values the reference of the block rests on.
    pub const REFERENCE: usize = 50;

    /// Works the block out; an error says what has another form than expected.
    pub fn read(block: &Value) -> Result<Self, String> {
        let form = "`seq` is not of the form `A sin(i) i<N, then SHIFT+B sin(j) j=0..M`";
        let text = block["seq"].as_str().ok_or(form)?;
        let [before, count, shift, after, first, last] = numbers(text)[..] else {
            return Err(form.to_owned());
        };
        let steps = |from: f64, to: f64| {
            (0..)
                .map(move |i| from + f64::from(i))
                .take_while(move |x| *x < to)
        };
        let values = steps(0.0, count)
            .map(|i| before * i.sin())
            .chain(steps(first, last + 1.0).map(|j| shift + after * j.sin()))
            .collect();
        Ok(Self { values })
    }
}

/// A whole number held as a float.
#[expect(
    clippy::cast_possible_truncation,
    reason = "parameters and stamps of the vectors are far inside the range"
)]
fn whole(x: f64) -> i64 {
    x as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_between_words() {
        assert_eq!(
            numbers("st=(11*st+12) mod 2^31, st0=98, u=st/2^31"),
            [11.0, 12.0, 2.0, 31.0, 98.0, 2.0, 31.0]
        );
        assert_eq!(
            numbers("0.0005+0.002*(-ln(1-0.999999u))"),
            [0.0005, 0.002, 1.0, 0.999_999]
        );
        assert_eq!(numbers("1+1e-3 sin(j) j=0..99."), [1.0, 1e-3, 0.0, 99.0]);
        assert!(numbers("k0.5".trim_start_matches('k')).contains(&0.5));
        assert!(numbers("").is_empty());
    }

    #[test]
    fn another_form_is_refused() {
        assert!(ClockCase::read(&serde_json::json!({"N": 3, "remote": "i"})).is_err());
        assert!(DriftCase::read(&serde_json::json!({"seq": "0.1 sin(i)"})).is_err());
    }
}
