//! The API and everything behind it, through the real router on a real socket.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

mod bad_input;
mod bad_wire;
mod budgets;
mod delivery;
mod fetch_guard;
mod fetch_servers;
mod fetch_shares;
#[path = "../../../media/src/unzip/forge.rs"]
mod forge;
mod found_by_the_model;
mod found_by_users;
mod imports;
mod imports_under_way;
mod leftovers;
mod model;
mod panel;
mod privacy;
mod processing;
mod processing_films;
mod processing_limits;
mod rehearsals;
mod resumable;
mod retries;
mod roles;
mod scenarios;
mod searching;
mod spellings;
mod storage;
mod support;
mod transfers;
mod unpack;
mod zip;
