//! Secrets of authenticator apps, at most one an account.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum TotpSecrets {
    Table,
    UserId,
    Sealed,
    LastUsedStep,
    EnabledAt,
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
        let totp_secrets = Table::create()
            .table(TotpSecrets::Table)
            .col(pk_uuid(TotpSecrets::UserId))
            // Encrypted under a key that is derived of the installation's secret.
            .col(blob(TotpSecrets::Sealed))
            // Codes of this step of time, and of earlier ones, are refused.
            .col(big_integer(TotpSecrets::LastUsedStep))
            .col(timestamp_with_time_zone(TotpSecrets::EnabledAt))
            .col(timestamp_with_time_zone_null(TotpSecrets::LastUsedAt))
            .foreign_key(
                ForeignKey::create()
                    .name("totp_secrets_user_id")
                    .from(TotpSecrets::Table, TotpSecrets::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(totp_secrets).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(TotpSecrets::Table).to_owned()).await
    }
}
