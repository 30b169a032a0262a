//! Reelshelf, the self-hosted media library for automated video: everything of the binary but its `main`.
//!
//! Begin reading at `http/mod.rs`, then `library/ingest.rs`, then `store/ingest.rs`.

pub mod app;
pub mod blobs;
pub mod cli;
pub mod config;
pub mod fetch;
pub mod http;
pub mod jobs;
pub mod library;
pub mod store;
pub mod telemetry;
