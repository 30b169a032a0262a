//! Pictures of every kind, made by ffmpeg and by the crates' own encoders, become the pictures that were ordered.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod sizes;
mod support;
