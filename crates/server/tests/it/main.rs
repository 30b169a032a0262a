//! The API and everything behind it, through the real router on a real socket.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

mod bad_input;
mod bad_wire;
mod budgets;
mod delivery;
mod found_by_the_model;
mod found_by_users;
mod leftovers;
mod model;
mod privacy;
mod roles;
mod scenarios;
mod storage;
mod support;
mod transfers;
