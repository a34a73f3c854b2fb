//! Browsers and clients that somebody has signed in with before.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum KnownDevices {
    Table,
    Id,
    UserId,
    TokenHash,
    UserAgent,
    CreatedAt,
    LastSeenAt,
    RememberedUntil,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let known_devices = Table::create()
            .table(KnownDevices::Table)
            .col(pk_uuid(KnownDevices::Id))
            .col(uuid(KnownDevices::UserId))
            .col(blob(KnownDevices::TokenHash))
            .col(text(KnownDevices::UserAgent))
            .col(timestamp_with_time_zone(KnownDevices::CreatedAt))
            .col(timestamp_with_time_zone(KnownDevices::LastSeenAt))
            // Until then it stands for the second factor.
            .col(timestamp_with_time_zone_null(KnownDevices::RememberedUntil))
            .foreign_key(
                ForeignKey::create()
                    .name("known_devices_user_id")
                    .from(KnownDevices::Table, KnownDevices::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(known_devices).await?;

        let of_user = Index::create()
            .name("known_devices_user_id_token_hash")
            .table(KnownDevices::Table)
            .col(KnownDevices::UserId)
            .col(KnownDevices::TokenHash)
            .unique()
            .to_owned();
        manager.create_index(of_user).await?;

        let by_token = Index::create()
            .name("known_devices_token_hash")
            .table(KnownDevices::Table)
            .col(KnownDevices::TokenHash)
            .to_owned();
        manager.create_index(by_token).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(KnownDevices::Table).to_owned()).await
    }
}
