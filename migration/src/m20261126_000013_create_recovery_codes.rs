//! Codes for those who have lost their second factor.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum RecoveryCodes {
    Table,
    Id,
    UserId,
    CodeHash,
    CreatedAt,
    UsedAt,
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
        let recovery_codes = Table::create()
            .table(RecoveryCodes::Table)
            .col(pk_uuid(RecoveryCodes::Id))
            .col(uuid(RecoveryCodes::UserId))
            // A MAC: the codes themselves are kept nowhere.
            .col(blob(RecoveryCodes::CodeHash))
            .col(timestamp_with_time_zone(RecoveryCodes::CreatedAt))
            .col(timestamp_with_time_zone_null(RecoveryCodes::UsedAt))
            .foreign_key(
                ForeignKey::create()
                    .name("recovery_codes_user_id")
                    .from(RecoveryCodes::Table, RecoveryCodes::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(recovery_codes).await?;

        let of_user = Index::create()
            .name("recovery_codes_user_id_code_hash")
            .table(RecoveryCodes::Table)
            .col(RecoveryCodes::UserId)
            .col(RecoveryCodes::CodeHash)
            .unique()
            .to_owned();
        manager.create_index(of_user).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(RecoveryCodes::Table).to_owned()).await
    }
}
