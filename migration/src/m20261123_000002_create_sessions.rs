//! Sign-ins of a person: one row a browser or client, living or ended.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Sessions {
    Table,
    Id,
    UserId,
    UserAgent,
    Ip,
    CreatedAt,
    LastActiveAt,
    ExpiresAt,
    EndedAt,
    EndReason,
    RefreshHash,
    PreviousRefreshHash,
    RefreshSalt,
    RefreshedAt,
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
        let sessions = Table::create()
            .table(Sessions::Table)
            .col(pk_uuid(Sessions::Id))
            .col(uuid(Sessions::UserId))
            .col(text(Sessions::UserAgent))
            .col(text(Sessions::Ip))
            .col(timestamp_with_time_zone(Sessions::CreatedAt))
            .col(timestamp_with_time_zone(Sessions::LastActiveAt))
            .col(timestamp_with_time_zone(Sessions::ExpiresAt))
            .col(timestamp_with_time_zone_null(Sessions::EndedAt))
            .col(text_null(Sessions::EndReason))
            .col(blob(Sessions::RefreshHash))
            .col(blob_null(Sessions::PreviousRefreshHash))
            .col(blob_null(Sessions::RefreshSalt))
            .col(timestamp_with_time_zone(Sessions::RefreshedAt))
            .foreign_key(
                ForeignKey::create()
                    .name("sessions_user_id")
                    .from(Sessions::Table, Sessions::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(sessions).await?;

        let of_user = Index::create()
            .name("sessions_user_id_created_at_id")
            .table(Sessions::Table)
            .col(Sessions::UserId)
            .col(Sessions::CreatedAt)
            .col(Sessions::Id)
            .to_owned();
        manager.create_index(of_user).await?;

        // Nearly every session has ended; what runs at sign-in and refresh reads the few others.
        let active_of_user = Index::create()
            .name("sessions_active_user_id_created_at_id")
            .table(Sessions::Table)
            .col(Sessions::UserId)
            .col(Sessions::CreatedAt)
            .col(Sessions::Id)
            .and_where(Expr::col(Sessions::EndedAt).is_null())
            .to_owned();
        manager.create_index(active_of_user).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Sessions::Table).to_owned()).await
    }
}
