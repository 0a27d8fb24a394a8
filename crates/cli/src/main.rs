//! The binary fieldassay: thin, over engine.

use std::process::ExitCode;

fn main() -> ExitCode {
    fieldassay_cli::main()
}
