//! Table `invitations`.

use sea_orm::entity::prelude::*;

use super::Invitation;
use crate::{
    auth::viewer::Role,
    id::{InvitationId, OneTimeTokenId, UserId},
    locale::Locale,
};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub locale: Option<Locale>,
    pub invited_by: Option<UserId>,
    /// The link that was sent last.
    pub token_id: OneTimeTokenId,
    pub created_at: DateTimeUtc,
    pub last_sent_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub accepted_at: Option<DateTimeUtc>,
    pub accepted_by: Option<UserId>,
    pub withdrawn_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<Model> for Invitation {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            email: row.email,
            role: row.role,
            invited_by: row.invited_by,
            created_at: row.created_at,
            last_sent_at: row.last_sent_at,
            expires_at: row.expires_at,
            accepted_at: row.accepted_at,
            accepted_by: row.accepted_by,
            withdrawn_at: row.withdrawn_at,
        }
    }
}
