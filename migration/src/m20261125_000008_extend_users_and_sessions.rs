//! What accounts and sessions need for verification, second factors, linked accounts and erasure.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Users {
    Table,
    Locale,
    HasPassword,
    HasSecondFactor,
    DeletionScheduledAt,
}

#[derive(DeriveIden)]
enum Sessions {
    Table,
    AuthenticatedAt,
    KnownDeviceId,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    // SQLite adds one column a statement.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let of_users = [
            text_null(Users::Locale),
            // Without one the hash is of a password that nobody knows, so that checking it costs the same.
            boolean(Users::HasPassword).default(true).take(),
            boolean(Users::HasSecondFactor).default(false).take(),
            timestamp_with_time_zone_null(Users::DeletionScheduledAt),
        ];
        for column in of_users {
            manager.alter_table(Table::alter().table(Users::Table).add_column(column).to_owned()).await?;
        }
        // Sessions begun by an older release have neither.
        let of_sessions =
            [timestamp_with_time_zone_null(Sessions::AuthenticatedAt), uuid_null(Sessions::KnownDeviceId)];
        for column in of_sessions {
            manager.alter_table(Table::alter().table(Sessions::Table).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [Sessions::KnownDeviceId, Sessions::AuthenticatedAt] {
            manager.alter_table(Table::alter().table(Sessions::Table).drop_column(column).to_owned()).await?;
        }
        let of_users =
            [Users::DeletionScheduledAt, Users::HasSecondFactor, Users::HasPassword, Users::Locale];
        for column in of_users {
            manager.alter_table(Table::alter().table(Users::Table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
