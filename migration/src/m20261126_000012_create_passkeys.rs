//! Passkeys.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Passkeys {
    Table,
    Id,
    UserId,
    Name,
    CredentialId,
    Credential,
    Transports,
    SignCount,
    CreatedAt,
    LastUsedAt,
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
        let passkeys = Table::create()
            .table(Passkeys::Table)
            .col(pk_uuid(Passkeys::Id))
            .col(uuid(Passkeys::UserId))
            .col(text(Passkeys::Name))
            .col(blob(Passkeys::CredentialId))
            // Its public key and what else was said of it at registration, as JSON.
            .col(text(Passkeys::Credential))
            // How a browser may reach it: names, separated by commas.
            .col(text(Passkeys::Transports))
            // 0 for one that does not count; otherwise it only rises.
            .col(big_integer(Passkeys::SignCount))
            .col(timestamp_with_time_zone(Passkeys::CreatedAt))
            .col(timestamp_with_time_zone_null(Passkeys::LastUsedAt))
            .foreign_key(
                ForeignKey::create()
                    .name("passkeys_user_id")
                    .from(Passkeys::Table, Passkeys::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(passkeys).await?;

        let by_credential = Index::create()
            .name("passkeys_credential_id")
            .table(Passkeys::Table)
            .col(Passkeys::CredentialId)
            .unique()
            .to_owned();
        manager.create_index(by_credential).await?;

        let of_user = Index::create()
            .name("passkeys_user_id_created_at")
            .table(Passkeys::Table)
            .col(Passkeys::UserId)
            .col(Passkeys::CreatedAt)
            .to_owned();
        manager.create_index(of_user).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Passkeys::Table).to_owned()).await
    }
}
