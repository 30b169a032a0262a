//! The API and everything behind it, through the real router on a real socket.

mod budgets;
mod first;
mod support;
