//! Table `users`.

use sea_orm::entity::prelude::*;

use super::{User, UserStatus};
use crate::{auth::viewer::Role, id::UserId, locale::Locale};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    #[sea_orm(unique)]
    pub email: String,
    pub name: String,
    pub password_hash: String,
    pub role: Role,
    pub status: UserStatus,
    pub email_verified: bool,
    /// Email and name, folded by `list::fold`: what the search looks through, alike on both back ends.
    pub search_text: String,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub last_sign_in_at: Option<DateTimeUtc>,
    pub locale: Option<Locale>,
    /// Without one the hash is of a password that nobody knows.
    pub has_password: bool,
    pub has_second_factor: bool,
    pub deletion_scheduled_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for User {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            email: row.email,
            name: row.name,
            role: row.role,
            status: row.status,
            email_verified: row.email_verified,
            created_at: row.created_at,
            last_sign_in_at: row.last_sign_in_at,
            locale: row.locale,
            has_password: row.has_password,
            has_second_factor: row.has_second_factor,
            deletion_scheduled_at: row.deletion_scheduled_at,
        }
    }
}
