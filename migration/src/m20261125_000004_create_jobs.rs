//! Work that is done behind the answers, by whichever replica takes it.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Jobs {
    Table,
    Id,
    Kind,
    Payload,
    UniqueKey,
    State,
    CreatedAt,
    RunAt,
    Attempts,
    LeaseId,
    LeaseExpiresAt,
    LastError,
    FinishedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let jobs = Table::create()
            .table(Jobs::Table)
            .col(pk_uuid(Jobs::Id))
            .col(text(Jobs::Kind))
            .col(text(Jobs::Payload))
            .col(text_null(Jobs::UniqueKey))
            .col(text(Jobs::State))
            .col(timestamp_with_time_zone(Jobs::CreatedAt))
            .col(timestamp_with_time_zone(Jobs::RunAt))
            .col(integer(Jobs::Attempts))
            .col(uuid_null(Jobs::LeaseId))
            .col(timestamp_with_time_zone_null(Jobs::LeaseExpiresAt))
            .col(text_null(Jobs::LastError))
            .col(timestamp_with_time_zone_null(Jobs::FinishedAt))
            .to_owned();
        manager.create_table(jobs).await?;

        // Of work that is still to be done there is little, whatever the table keeps of the past.
        let to_do = Index::create()
            .name("jobs_to_do_run_at_id")
            .table(Jobs::Table)
            .col(Jobs::RunAt)
            .col(Jobs::Id)
            .and_where(Expr::col(Jobs::FinishedAt).is_null())
            .to_owned();
        manager.create_index(to_do).await?;

        let unique = Index::create()
            .name("jobs_unique_key")
            .table(Jobs::Table)
            .col(Jobs::UniqueKey)
            .unique()
            .and_where(Expr::col(Jobs::FinishedAt).is_null())
            .to_owned();
        manager.create_index(unique).await?;

        let finished =
            Index::create().name("jobs_finished_at").table(Jobs::Table).col(Jobs::FinishedAt).to_owned();
        manager.create_index(finished).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Jobs::Table).to_owned()).await
    }
}
