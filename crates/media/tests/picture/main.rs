//! Pictures of every kind, made by ffmpeg and by encoders, become the pictures that were ordered.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod animations;
mod bombs;
mod colors;
mod forge;
mod kinds;
mod memory;
mod mutants;
mod orientations;
mod sizes;
mod support;
