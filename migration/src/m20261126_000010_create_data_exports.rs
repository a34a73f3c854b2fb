//! Copies of people's data, and what erasure and clean-up look for.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum DataExports {
    Table,
    Id,
    UserId,
    State,
    Progress,
    RunId,
    Salt,
    SizeBytes,
    RequestedAt,
    FinishedAt,
    ExpiresAt,
}

#[derive(DeriveIden)]
enum DataExportChunks {
    Table,
    ExportId,
    Number,
    Bytes,
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    DeletionScheduledAt,
}

#[derive(DeriveIden)]
enum Sessions {
    Table,
    ExpiresAt,
}

#[derive(DeriveIden)]
enum AuditEvents {
    Table,
    ActorId,
    Id,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let data_exports = Table::create()
            .table(DataExports::Table)
            .col(pk_uuid(DataExports::Id))
            .col(uuid(DataExports::UserId))
            .col(text(DataExports::State))
            .col(double(DataExports::Progress))
            // Whose attempt is under way: what an earlier one writes late is refused.
            .col(uuid_null(DataExports::RunId))
            // With the installation's secret it makes the link: what is stored opens nothing.
            .col(blob(DataExports::Salt))
            .col(big_integer(DataExports::SizeBytes))
            .col(timestamp_with_time_zone(DataExports::RequestedAt))
            .col(timestamp_with_time_zone_null(DataExports::FinishedAt))
            .col(timestamp_with_time_zone_null(DataExports::ExpiresAt))
            .foreign_key(
                ForeignKey::create()
                    .name("data_exports_user_id")
                    .from(DataExports::Table, DataExports::UserId)
                    .to(Users::Table, Users::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(data_exports).await?;

        let of_user = Index::create()
            .name("data_exports_user_id_id")
            .table(DataExports::Table)
            .col(DataExports::UserId)
            .col(DataExports::Id)
            .to_owned();
        manager.create_index(of_user).await?;

        // Of one account one is made at a time.
        let in_the_making = Index::create()
            .name("data_exports_in_the_making_user_id")
            .table(DataExports::Table)
            .col(DataExports::UserId)
            .unique()
            .and_where(Expr::col(DataExports::State).is_in(["QUEUED", "RUNNING"]))
            .to_owned();
        manager.create_index(in_the_making).await?;

        // A copy may be too large for one value, or for one answer of the database.
        let data_export_chunks = Table::create()
            .table(DataExportChunks::Table)
            .col(uuid(DataExportChunks::ExportId))
            .col(integer(DataExportChunks::Number))
            .col(blob(DataExportChunks::Bytes))
            .primary_key(Index::create().col(DataExportChunks::ExportId).col(DataExportChunks::Number))
            .foreign_key(
                ForeignKey::create()
                    .name("data_export_chunks_export_id")
                    .from(DataExportChunks::Table, DataExportChunks::ExportId)
                    .to(DataExports::Table, DataExports::Id)
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(data_export_chunks).await?;

        let to_be_erased = Index::create()
            .name("users_deletion_scheduled_at")
            .table(Users::Table)
            .col(Users::DeletionScheduledAt)
            .and_where(Expr::col(Users::DeletionScheduledAt).is_not_null())
            .to_owned();
        manager.create_index(to_be_erased).await?;

        let long_over = Index::create()
            .name("sessions_expires_at")
            .table(Sessions::Table)
            .col(Sessions::ExpiresAt)
            .to_owned();
        manager.create_index(long_over).await?;

        let of_actor = Index::create()
            .name("audit_events_actor_id_id")
            .table(AuditEvents::Table)
            .col(AuditEvents::ActorId)
            .col(AuditEvents::Id)
            .to_owned();
        manager.create_index(of_actor).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (index, table) in [
            ("audit_events_actor_id_id", AuditEvents::Table.into_table_ref()),
            ("sessions_expires_at", Sessions::Table.into_table_ref()),
            ("users_deletion_scheduled_at", Users::Table.into_table_ref()),
        ] {
            manager.drop_index(Index::drop().name(index).table(table).to_owned()).await?;
        }
        manager.drop_table(Table::drop().table(DataExportChunks::Table).to_owned()).await?;
        manager.drop_table(Table::drop().table(DataExports::Table).to_owned()).await
    }
}
