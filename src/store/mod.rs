//! What the platform keeps and shares: the database (PostgreSQL or SQLite), and a cache, a bus, a rate limiter and
//! counters of attempts that use Redis where there is one and this process where there is none.
//!
//! Redis is a help, never a condition: with it away everything here keeps answering.

pub mod attempts;
pub mod bus;
pub mod cache;
pub mod data_folder;
pub mod database;
pub mod last_uses;
pub mod page;
pub mod pattern;
pub mod rate_limit;
pub mod redis;
pub mod texts;

#[cfg(test)]
mod test_redis;
