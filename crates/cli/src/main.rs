//! The binary fieldassay: thin, over engine.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// The system's own grows the memory of threads page by page: a tenth and more of the time of an ingest in which nothing
/// changed.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    fieldassay_cli::main()
}
