//! The steps that build the database, oldest first, one file each. Every step
//! runs unchanged on PostgreSQL 14+ and SQLite, inside a transaction on both, so
//! that a step either happened or did not.

pub use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

mod m20261123_000001_create_users;
mod m20261123_000002_create_sessions;

/// All steps in order. A step that has been released never changes; a new one follows it.
#[derive(Debug)]
pub struct Migrator;

#[sea_orm_migration::async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_create_users::Migration),
            Box::new(m20261123_000002_create_sessions::Migration),
        ]
    }
}
