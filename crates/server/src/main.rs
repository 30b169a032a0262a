//! The `reelshelf` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: a child that shuts itself in has one thread and nothing of ours.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|verb| verb == "sandbox") {
        return reelshelf_media::child_main(arguments);
    }
    reelshelf::cli::main()
}
