//! What happened on the platform: one row an event, written with the change that it tells of.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum AuditEvents {
    Table,
    Id,
    Kind,
    OccurredAt,
    Actor,
    ActorId,
    SubjectId,
    Ip,
    UserAgent,
    RequestId,
    Details,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // No foreign keys: what happened is remembered after those it happened to are gone.
        let audit_events = Table::create()
            .table(AuditEvents::Table)
            .col(pk_uuid(AuditEvents::Id))
            .col(text(AuditEvents::Kind))
            .col(timestamp_with_time_zone(AuditEvents::OccurredAt))
            .col(text(AuditEvents::Actor))
            .col(uuid_null(AuditEvents::ActorId))
            .col(uuid_null(AuditEvents::SubjectId))
            .col(text_null(AuditEvents::Ip))
            .col(text_null(AuditEvents::UserAgent))
            .col(text_null(AuditEvents::RequestId))
            .col(text(AuditEvents::Details))
            .to_owned();
        manager.create_table(audit_events).await?;

        let of_subject = Index::create()
            .name("audit_events_subject_id_occurred_at_id")
            .table(AuditEvents::Table)
            .col(AuditEvents::SubjectId)
            .col(AuditEvents::OccurredAt)
            .col(AuditEvents::Id)
            .to_owned();
        manager.create_index(of_subject).await?;

        let by_time = Index::create()
            .name("audit_events_occurred_at_id")
            .table(AuditEvents::Table)
            .col(AuditEvents::OccurredAt)
            .col(AuditEvents::Id)
            .to_owned();
        manager.create_index(by_time).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(AuditEvents::Table).to_owned()).await
    }
}
