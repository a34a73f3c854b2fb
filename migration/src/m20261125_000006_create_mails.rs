//! Mails: those to be sent, and those that were.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Mails {
    Table,
    Id,
    Kind,
    Recipient,
    Locale,
    UserId,
    TokenId,
    Params,
    State,
    Attempts,
    LastError,
    CreatedAt,
    NextAttemptAt,
    SentAt,
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
        // No foreign key to the token: it goes before the memory of its mail does.
        let mails = Table::create()
            .table(Mails::Table)
            .col(pk_uuid(Mails::Id))
            .col(text(Mails::Kind))
            .col(text(Mails::Recipient))
            .col(text(Mails::Locale))
            .col(uuid_null(Mails::UserId))
            .col(uuid_null(Mails::TokenId))
            .col(text(Mails::Params))
            .col(text(Mails::State))
            .col(integer(Mails::Attempts))
            .col(text_null(Mails::LastError))
            .col(timestamp_with_time_zone(Mails::CreatedAt))
            .col(timestamp_with_time_zone_null(Mails::NextAttemptAt))
            .col(timestamp_with_time_zone_null(Mails::SentAt))
            .foreign_key(
                ForeignKey::create()
                    .name("mails_user_id")
                    .from(Mails::Table, Mails::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(mails).await?;

        let by_creation = Index::create()
            .name("mails_created_at_id")
            .table(Mails::Table)
            .col(Mails::CreatedAt)
            .col(Mails::Id)
            .to_owned();
        manager.create_index(by_creation).await?;

        let of_user = Index::create().name("mails_user_id").table(Mails::Table).col(Mails::UserId).to_owned();
        manager.create_index(of_user).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Mails::Table).to_owned()).await
    }
}
