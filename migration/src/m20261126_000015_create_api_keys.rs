//! API keys: what programs of a user's call the API with.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum ApiKeys {
    Table,
    Id,
    UserId,
    Name,
    Prefix,
    SecretHash,
    Scopes,
    BudgetPerMinute,
    CreatedAt,
    ExpiresAt,
    RevokedAt,
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
        let api_keys = Table::create()
            .table(ApiKeys::Table)
            .col(pk_uuid(ApiKeys::Id))
            .col(uuid(ApiKeys::UserId))
            .col(text(ApiKeys::Name))
            .col(text(ApiKeys::Prefix))
            .col(blob(ApiKeys::SecretHash))
            .col(text(ApiKeys::Scopes))
            .col(integer_null(ApiKeys::BudgetPerMinute))
            .col(timestamp_with_time_zone(ApiKeys::CreatedAt))
            .col(timestamp_with_time_zone_null(ApiKeys::ExpiresAt))
            .col(timestamp_with_time_zone_null(ApiKeys::RevokedAt))
            .col(timestamp_with_time_zone_null(ApiKeys::LastUsedAt))
            .foreign_key(
                ForeignKey::create()
                    .name("api_keys_user_id")
                    .from(ApiKeys::Table, ApiKeys::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(api_keys).await?;

        let of_user = Index::create()
            .name("api_keys_user_id_created_at_id")
            .table(ApiKeys::Table)
            .col(ApiKeys::UserId)
            .col(ApiKeys::CreatedAt)
            .col(ApiKeys::Id)
            .to_owned();
        manager.create_index(of_user).await?;

        let of_everyone = Index::create()
            .name("api_keys_created_at_id")
            .table(ApiKeys::Table)
            .col(ApiKeys::CreatedAt)
            .col(ApiKeys::Id)
            .to_owned();
        manager.create_index(of_everyone).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(ApiKeys::Table).to_owned()).await
    }
}
