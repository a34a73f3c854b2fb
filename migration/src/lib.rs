//! The steps that build the database, oldest first, one file each. Every step
//! runs unchanged on PostgreSQL 14+ and SQLite, inside a transaction on both, so
//! that a step either happened or did not.

pub use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

mod m20261123_000001_create_users;
mod m20261123_000002_create_sessions;
mod m20261125_000003_create_audit_events;
mod m20261125_000004_create_jobs;
mod m20261125_000005_create_one_time_tokens;
mod m20261125_000006_create_mails;
mod m20261125_000007_create_known_devices;
mod m20261125_000008_extend_users_and_sessions;
mod m20261125_000009_create_invitations;
mod m20261126_000010_create_data_exports;
mod m20261126_000011_create_totp_secrets;
mod m20261126_000012_create_passkeys;
mod m20261126_000013_create_recovery_codes;
mod m20261126_000014_create_linked_accounts;
mod m20261126_000015_create_api_keys;

/// All steps in order. A step that has been released never changes; a new one follows it.
#[derive(Debug)]
pub struct Migrator;

#[sea_orm_migration::async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_create_users::Migration),
            Box::new(m20261123_000002_create_sessions::Migration),
            Box::new(m20261125_000003_create_audit_events::Migration),
            Box::new(m20261125_000004_create_jobs::Migration),
            Box::new(m20261125_000005_create_one_time_tokens::Migration),
            Box::new(m20261125_000006_create_mails::Migration),
            Box::new(m20261125_000007_create_known_devices::Migration),
            Box::new(m20261125_000008_extend_users_and_sessions::Migration),
            Box::new(m20261125_000009_create_invitations::Migration),
            Box::new(m20261126_000010_create_data_exports::Migration),
            Box::new(m20261126_000011_create_totp_secrets::Migration),
            Box::new(m20261126_000012_create_passkeys::Migration),
            Box::new(m20261126_000013_create_recovery_codes::Migration),
            Box::new(m20261126_000014_create_linked_accounts::Migration),
            Box::new(m20261126_000015_create_api_keys::Migration),
        ]
    }
}
