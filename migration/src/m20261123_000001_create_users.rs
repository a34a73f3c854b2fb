//! People who can sign in.

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    Email,
    Name,
    PasswordHash,
    Role,
    Status,
    EmailVerified,
    SearchText,
    CreatedAt,
    UpdatedAt,
    LastSignInAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = Table::create()
            .table(Users::Table)
            .col(pk_uuid(Users::Id))
            // Always lower-case, so that UNIQUE is about people and not about spelling.
            .col(text_uniq(Users::Email))
            .col(text(Users::Name))
            .col(text(Users::PasswordHash))
            .col(text(Users::Role).check(Expr::col(Users::Role).is_in(["USER", "ADMIN"])))
            .col(text(Users::Status).check(Expr::col(Users::Status).is_in([
                "ACTIVE",
                "SUSPENDED",
                "DEACTIVATED",
            ])))
            .col(boolean(Users::EmailVerified))
            // Folded by the service: the two back ends' LOWER() differ beyond ASCII.
            .col(text(Users::SearchText))
            .col(timestamp_with_time_zone(Users::CreatedAt))
            .col(timestamp_with_time_zone(Users::UpdatedAt))
            .col(timestamp_with_time_zone_null(Users::LastSignInAt))
            .to_owned();
        manager.create_table(users).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            // In the order of its bytes, as SQLite has it: the same list on every server, whatever its locale.
            let collate = "ALTER TABLE users ALTER COLUMN email TYPE text COLLATE \"C\"";
            manager.get_connection().execute_unprepared(collate).await?;
        }

        let by_creation = Index::create()
            .name("users_created_at_id")
            .table(Users::Table)
            .col(Users::CreatedAt)
            .col(Users::Id)
            .to_owned();
        manager.create_index(by_creation).await?;

        // Raw, since sea-query writes no expression index for SQLite. A query uses the index only
        // when it spells the expression the same way, with the literal in the text and not bound.
        manager
            .get_connection()
            .execute_unprepared(
                "CREATE INDEX users_last_sign_in_at_id ON users \
                 ((COALESCE(last_sign_in_at, '1970-01-01T00:00:00+00:00')), id)",
            )
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Users::Table).to_owned()).await
    }
}
