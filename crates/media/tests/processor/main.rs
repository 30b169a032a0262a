//! What the server asks of media, in real children, on files that ffmpeg makes.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

mod pictures;
mod sound;
mod support;
mod video;
