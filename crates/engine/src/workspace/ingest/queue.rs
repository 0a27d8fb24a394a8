//! Work handed out in order, done side by side, and taken back in order.

use super::Done;
use crate::EngineError;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};

/// Inputs that may be prepared before the one that is to be published next: they are held in memory.
const AHEAD: usize = 32;

/// Work handed out in order and taken back in order, never far ahead of what was taken back.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    count: usize,
}

#[derive(Default)]
struct State {
    handed_out: usize,
    taken_back: usize,
    waiting: BTreeMap<usize, Result<Option<Done>, EngineError>>,
    stopped: bool,
    /// Lanes that still work.
    lanes: usize,
}

impl Queue {
    pub(super) fn new(count: usize, lanes: usize) -> Self {
        Self {
            state: Mutex::new(State {
                lanes,
                ..State::default()
            }),
            changed: Condvar::new(),
            count,
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        state: std::sync::MutexGuard<'a, State>,
    ) -> std::sync::MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Works until nothing is left: `work` is given the number of what is to be done.
    pub(super) fn lane(&self, work: impl Fn(usize) -> Result<Option<Done>, EngineError>) {
        let _leaving = Lane(self);
        while let Some(index) = self.take() {
            self.put(index, work(index));
        }
    }

    fn take(&self) -> Option<usize> {
        let mut state = self.locked();
        loop {
            if state.stopped || state.handed_out >= self.count {
                return None;
            }
            if state.handed_out < state.taken_back + AHEAD {
                state.handed_out += 1;
                return Some(state.handed_out - 1);
            }
            state = self.wait(state);
        }
    }

    fn put(&self, index: usize, done: Result<Option<Done>, EngineError>) {
        self.locked().waiting.insert(index, done);
        self.changed.notify_all();
    }

    /// The next in order. Errors: what making it said; [`EngineError::Request`] where nobody is left to make it.
    pub(super) fn next(&self) -> Result<Option<Done>, EngineError> {
        let mut state = self.locked();
        loop {
            let index = state.taken_back;
            if let Some(done) = state.waiting.remove(&index) {
                state.taken_back += 1;
                self.changed.notify_all();
                return done;
            }
            if state.lanes == 0 {
                return Err(EngineError::Request {
                    message: "a thread that read an input ended before its work was done"
                        .to_owned(),
                });
            }
            state = self.wait(state);
        }
    }

    /// Hands nothing out any more.
    pub(super) fn stop(&self) {
        self.locked().stopped = true;
        self.changed.notify_all();
    }
}

/// A lane, which leaves however it ends.
struct Lane<'a>(&'a Queue);

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        self.0.locked().lanes -= 1;
        self.0.changed.notify_all();
    }
}
