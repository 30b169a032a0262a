//! The real program: started as an operator starts it, commanded, stopped and killed.
//!
//! The product has no hooks for these tests. A kill is aimed by what the program does to its files, which the tests
//! watch (`steps.rs`), or falls at random under load (`kill.rs`). Here, and only here, tests live in real time.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

mod api;
mod cli_held;
mod cli_import;
mod cli_old;
mod cli_resume;
mod cli_rm;
mod cli_sync;
mod cli_torture;
mod cli_upload;
mod cli_verbs;
mod commands;
mod desk;
mod first_start;
mod hostile;
#[path = "../hostile_set/mod.rs"]
mod hostile_set;
mod import;
mod kill;
mod load;
mod nodes;
mod processing;
mod program;
mod resume;
mod retries;
#[path = "../it/support/samples.rs"]
mod samples;
mod settings;
mod steps;
mod stop;
mod verify;
#[path = "../it/support/world.rs"]
mod world;
