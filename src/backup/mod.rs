//! Backups: one file that holds everything an installation cannot make again, and the way back.
//!
//! - [`take`]: a dump of the database while the server runs ([`postgres`], [`sqlite`]), and an archive of it.
//! - [`write`], [`read`]: the archive, `tar` in `zstd` in, where it is asked for, `age` ([`seal`]). The [`manifest`] is
//!   its first entry and has the size and sum of every other.
//! - [`draft`]: a file that has its name once it is whole.
//! - [`folder`]: where archives lie, under which [`name`], with a [`sum`] beside each; [`retention`] says which go.
//! - [`restore`]: checks all of an archive, and what is [`present`], before it changes anything, then changes all of it
//!   or nothing.
//! - [`schedule`]: one backup a day.
//!
//! No step holds more of a database in memory than its longest row.

mod draft;
pub mod folder;
mod manifest;
mod name;
mod postgres;
mod present;
pub mod progress;
mod read;
pub mod restore;
mod retention;
pub mod schedule;
mod schema;
mod seal;
mod sqlite;
mod sum;
pub mod take;
mod tools;
mod write;
