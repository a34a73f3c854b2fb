//! Accounts at identity providers that sign in to accounts here.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum LinkedAccounts {
    Table,
    Id,
    UserId,
    Provider,
    Subject,
    Email,
    GroupNames,
    LinkedAt,
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
        let linked_accounts = Table::create()
            .table(LinkedAccounts::Table)
            .col(pk_uuid(LinkedAccounts::Id))
            .col(uuid(LinkedAccounts::UserId))
            .col(text(LinkedAccounts::Provider))
            .col(text(LinkedAccounts::Subject))
            .col(text_null(LinkedAccounts::Email))
            // A JSON list, where the provider is asked for groups.
            .col(text_null(LinkedAccounts::GroupNames))
            .col(timestamp_with_time_zone(LinkedAccounts::LinkedAt))
            .col(timestamp_with_time_zone_null(LinkedAccounts::LastUsedAt))
            .foreign_key(
                ForeignKey::create()
                    .name("linked_accounts_user_id")
                    .from(LinkedAccounts::Table, LinkedAccounts::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(linked_accounts).await?;

        // Whoever signs in there signs in to one account here.
        let of_subject = Index::create()
            .name("linked_accounts_provider_subject")
            .table(LinkedAccounts::Table)
            .col(LinkedAccounts::Provider)
            .col(LinkedAccounts::Subject)
            .unique()
            .to_owned();
        manager.create_index(of_subject).await?;

        let of_user = Index::create()
            .name("linked_accounts_user_id_index")
            .table(LinkedAccounts::Table)
            .col(LinkedAccounts::UserId)
            .to_owned();
        manager.create_index(of_user).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(LinkedAccounts::Table).to_owned()).await
    }
}
