//! The API and everything behind it, through the real router on a real socket.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

mod found_by_the_model;
mod model;
mod scenarios;
mod support;
