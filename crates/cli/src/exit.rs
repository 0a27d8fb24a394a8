//! Exit codes, decided in one place.

use crate::render;
use fieldassay_engine::{EngineError, ErrorKind};
use std::process::ExitCode;

/// Done.
pub(crate) const DONE: u8 = 0;
/// An input yielded nothing, or the system refused.
pub(crate) const FAILED: u8 = 1;
/// Wrong arguments.
pub(crate) const USAGE: u8 = 2;
/// Done with data loss or skipped parts.
pub(crate) const LOSS: u8 = 3;
/// A gate said no.
pub(crate) const GATE: u8 = 4;

/// What happened, as far as the exit code goes; where several apply it is 2, 1, 3, then 4.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Happened {
    /// An input yielded nothing.
    pub(crate) failed: bool,
    /// Something was lost or is suspect.
    pub(crate) loss: bool,
    /// A gate said no.
    pub(crate) refused: bool,
}

impl Happened {
    /// The exit code.
    pub(crate) const fn code(self) -> u8 {
        if self.failed {
            FAILED
        } else if self.loss {
            LOSS
        } else if self.refused {
            GATE
        } else {
            DONE
        }
    }
}

/// Shows an error, its causes and its hint on standard error, and gives its exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    // A reader that closes the pipe early (`| head`) is not a failure of ours.
    let broken_pipe = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    });
    if broken_pipe {
        return ExitCode::from(DONE);
    }
    render::error(error);
    let code = match error.downcast_ref::<EngineError>().map(EngineError::kind) {
        Some(ErrorKind::Usage) => USAGE,
        Some(ErrorKind::Gate) => GATE,
        Some(ErrorKind::Input | ErrorKind::System) => FAILED,
        None => {
            if error.is::<UsageError>() {
                USAGE
            } else {
                FAILED
            }
        }
    };
    ExitCode::from(code)
}

/// Arguments that make no sense; the text says what to do.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}
