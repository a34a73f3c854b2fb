//! Links, codes and challenges that are good once.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum OneTimeTokens {
    Table,
    Id,
    Purpose,
    UserId,
    Email,
    Data,
    Salt,
    Attempts,
    CreatedAt,
    ExpiresAt,
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
        let one_time_tokens = Table::create()
            .table(OneTimeTokens::Table)
            .col(pk_uuid(OneTimeTokens::Id))
            .col(text(OneTimeTokens::Purpose))
            .col(uuid_null(OneTimeTokens::UserId))
            .col(text_null(OneTimeTokens::Email))
            .col(text(OneTimeTokens::Data))
            // With the installation's secret it makes the token again: what is stored opens nothing.
            .col(blob(OneTimeTokens::Salt))
            .col(integer(OneTimeTokens::Attempts))
            .col(timestamp_with_time_zone(OneTimeTokens::CreatedAt))
            .col(timestamp_with_time_zone(OneTimeTokens::ExpiresAt))
            .col(timestamp_with_time_zone_null(OneTimeTokens::UsedAt))
            .foreign_key(
                ForeignKey::create()
                    .name("one_time_tokens_user_id")
                    .from(OneTimeTokens::Table, OneTimeTokens::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(one_time_tokens).await?;

        let of_user = Index::create()
            .name("one_time_tokens_user_id_purpose")
            .table(OneTimeTokens::Table)
            .col(OneTimeTokens::UserId)
            .col(OneTimeTokens::Purpose)
            .to_owned();
        manager.create_index(of_user).await?;

        let by_end = Index::create()
            .name("one_time_tokens_expires_at")
            .table(OneTimeTokens::Table)
            .col(OneTimeTokens::ExpiresAt)
            .to_owned();
        manager.create_index(by_end).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(OneTimeTokens::Table).to_owned()).await
    }
}
