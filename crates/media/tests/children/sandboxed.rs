//! For tests: a program that is nothing but the sandboxed child, as the server's own is among other things.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    reelshelf_media::child_main(env::args_os().skip(2))
}
