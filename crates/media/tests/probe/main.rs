//! What the probe says of real files, against what ffprobe says of them.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod agreement;
mod compare;
mod counting;
mod kept;
mod made;
mod matrix;
mod mutants;
mod samples;
mod truth;
