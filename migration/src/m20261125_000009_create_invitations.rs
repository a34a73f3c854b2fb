//! Invitations of people who have no account yet.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Invitations {
    Table,
    Id,
    Email,
    Role,
    Locale,
    InvitedBy,
    TokenId,
    CreatedAt,
    LastSentAt,
    ExpiresAt,
    AcceptedAt,
    AcceptedBy,
    WithdrawnAt,
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
        let invitations = Table::create()
            .table(Invitations::Table)
            .col(pk_uuid(Invitations::Id))
            .col(text(Invitations::Email))
            .col(text(Invitations::Role))
            .col(text_null(Invitations::Locale))
            .col(uuid_null(Invitations::InvitedBy))
            .col(uuid(Invitations::TokenId))
            .col(timestamp_with_time_zone(Invitations::CreatedAt))
            .col(timestamp_with_time_zone(Invitations::LastSentAt))
            .col(timestamp_with_time_zone(Invitations::ExpiresAt))
            .col(timestamp_with_time_zone_null(Invitations::AcceptedAt))
            .col(uuid_null(Invitations::AcceptedBy))
            .col(timestamp_with_time_zone_null(Invitations::WithdrawnAt))
            .foreign_key(
                ForeignKey::create()
                    .name("invitations_invited_by")
                    .from(Invitations::Table, Invitations::InvitedBy)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::SetNull),
            )
            .foreign_key(
                ForeignKey::create()
                    .name("invitations_accepted_by")
                    .from(Invitations::Table, Invitations::AcceptedBy)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::SetNull),
            )
            .to_owned();
        manager.create_table(invitations).await?;

        let by_creation = Index::create()
            .name("invitations_created_at_id")
            .table(Invitations::Table)
            .col(Invitations::CreatedAt)
            .col(Invitations::Id)
            .to_owned();
        manager.create_index(by_creation).await?;

        // Of one address one invitation waits; one that ran out gives way when the next is made.
        let waiting = Index::create()
            .name("invitations_waiting_email")
            .table(Invitations::Table)
            .col(Invitations::Email)
            .unique()
            .and_where(Expr::col(Invitations::AcceptedAt).is_null())
            .and_where(Expr::col(Invitations::WithdrawnAt).is_null())
            .to_owned();
        manager.create_index(waiting).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Invitations::Table).to_owned()).await
    }
}
