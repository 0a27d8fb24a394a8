//! What the long simulations share: their command line, trials on several jobs, and results committed as data.
//!
//! Read [`Asked`], [`trials`] and [`Stored`] first. Not here: what is tried and counted (`power`, `coverage`).

use crate::shell::{Words, root};
use anyhow::{Context as _, Result, bail, ensure};
use fieldassay_measure::stats::wilson;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What becomes of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are printed.
    Print,
    /// They are stored as the committed ones.
    Write,
    /// A part of the committed ones is repeated and compared.
    Check,
}

/// What every simulation is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Trials that run at the same time.
    pub(crate) jobs: usize,
    pub(crate) mode: Mode,
}

impl Asked {
    /// Reads `[--jobs N] [--write | --check]`. Every other word goes to `own`, with the words behind it; it says whether
    /// the word is known.
    pub(crate) fn read(
        chore: &str,
        arguments: &[String],
        mut own: impl FnMut(&str, &mut Words<'_>) -> Result<bool>,
    ) -> Result<Self> {
        let mut asked = Self {
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            mode: Mode::Print,
        };
        let mut words = Words::new(arguments);
        while let Some(word) = words.next() {
            match word {
                "--jobs" => asked.jobs = words.value(word)?.parse::<usize>()?.max(1),
                "--write" => asked.mode = Mode::Write,
                "--check" => asked.mode = Mode::Check,
                _ if own(word, &mut words)? => {}
                _ => bail!("`{chore}` does not know `{word}`"),
            }
        }
        Ok(asked)
    }
}

/// Runs one trial per key on all jobs; outcomes come in the order of the keys. Errors: that of the first trial in this
/// order that has one.
pub(crate) fn trials<K: Sync, T: Send>(
    keys: &[K],
    jobs: usize,
    trial: impl Fn(&K) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(keys.len()));
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(key) = keys.get(place) else { break };
            let outcome = trial(key);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((place, outcome));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Wilson 95 % interval of a share, to four decimals: more says nothing with a few hundred trials. Without trials the
/// share may be anything.
pub(crate) fn interval(found: u64, tried: u64) -> Result<(f64, f64)> {
    if tried == 0 {
        return Ok((0.0, 1.0));
    }
    let rounded = |share: f64| (share * 1e4).round() / 1e4;
    let interval = wilson(found, tried)?;
    Ok((rounded(interval.low), rounded(interval.high)))
}

/// Nothing may differ from what is committed.
pub(crate) fn no_difference(what: &str, differences: &[String], command: &str) -> Result<()> {
    ensure!(
        differences.is_empty(),
        "{what} from the committed results:\n{}\nhint: repeat with `{command}`",
        differences.join("\n"),
    );
    Ok(())
}

/// Committed results of the form `T`, with rows `R`.
pub(crate) struct Stored<T, R> {
    /// The file, from the root of the repository.
    pub(crate) file: &'static str,
    /// The key of the list of rows in it.
    pub(crate) key: &'static str,
    /// The same list in `T`.
    pub(crate) rows: fn(&mut T) -> &mut Vec<R>,
}

impl<T: Clone + Serialize + DeserializeOwned, R: Serialize> Stored<T, R> {
    pub(crate) fn path(&self) -> PathBuf {
        root().join(self.file)
    }

    /// The results, none before the first were written.
    pub(crate) fn read(&self) -> Result<Option<T>> {
        match std::fs::read_to_string(self.path()) {
            Ok(text) => Ok(Some(serde_json::from_str(&text).context(self.file)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn write(&self, results: &T) -> Result<()> {
        let path = self.path();
        std::fs::create_dir_all(path.with_file_name(""))?;
        Ok(std::fs::write(path, self.render(results)?)?)
    }

    /// JSON with one row per line, so that a changed row is a changed line.
    pub(crate) fn render(&self, results: &T) -> Result<String> {
        let mut head = results.clone();
        let rows = std::mem::take((self.rows)(&mut head));
        let head = serde_json::to_string(&head)?;
        let lines: Vec<String> = rows
            .iter()
            .map(|row| Ok(format!("\n{}", serde_json::to_string(row)?)))
            .collect::<Result<_>>()?;
        let key = self.key;
        let rows = format!("\"{key}\":[{}\n]", lines.join(","));
        let whole = head.replacen(&format!("\"{key}\":[]"), &rows, 1);
        Ok(format!("{whole}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn outcomes_come_in_the_order_of_keys_for_any_number_of_jobs() {
        let keys: Vec<u64> = (0..50).collect();
        let of = |jobs| trials(&keys, jobs, |key| Ok(key * key)).unwrap();
        assert_eq!(of(1), of(3));
        let some = |key: &u64| if *key < 7 { Ok(()) } else { bail!("{key}") };
        let refused = trials(&keys, 3, some).unwrap_err();
        assert_eq!(refused.to_string(), "7");
    }

    #[test]
    fn a_row_is_a_line() {
        type Lists = BTreeMap<String, Vec<[u8; 2]>>;
        let stored: Stored<Lists, [u8; 2]> = Stored {
            file: "no/such/file.json",
            key: "rows",
            rows: |lists| lists.entry("rows".to_owned()).or_default(),
        };
        let rows = ("rows".to_owned(), vec![[1, 2], [3, 4]]);
        let text = stored.render(&Lists::from([rows])).unwrap();
        assert_eq!(text, "{\"rows\":[\n[1,2],\n[3,4]\n]}\n");
        assert_eq!(stored.read().unwrap(), None);
    }
}
