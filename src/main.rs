//! The `fastgpt-platform` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    fastgpt_platform::cli::main()
}
