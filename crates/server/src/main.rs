//! The `reelshelf` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    reelshelf::cli::main()
}
