//! Roles by the word of a company's directory.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter,
};

use super::{User, deletion, entity, service};
use crate::{
    audit::{self, Entry, Kind, service::Recorded},
    auth::{Client, viewer::Role},
    error::Result,
    gateway::Gateway,
};

/// Gives a user the role that an identity provider says, if it is another one; after the commit,
/// [`service::announce_change`] makes it hold.
///
/// The last administrator who may sign in stays one, whatever the provider says.
///
/// # Errors
/// Internal only.
pub(crate) async fn follow_provider(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    user: &User,
    role: Role,
    provider: &str,
    client: &Client,
) -> Result<Option<(User, Recorded)>> {
    if user.role == role {
        return Ok(None);
    }
    if role == Role::User {
        deletion::hold_admins(transaction).await?;
        if deletion::is_none(transaction, deletion::other_admins(user.id)).await? {
            tracing::warn!(user = %user.id, provider, "the last administrator stays one, whatever the provider says");
            return Ok(None);
        }
    }
    let change = entity::ActiveModel { role: Set(role), ..service::changed_now(gateway, user.id) };
    let rows = entity::Entity::update_many()
        .set(entity::ActiveModel { id: NotSet, ..change })
        .filter(entity::Column::Id.eq(user.id))
        .exec_with_returning(transaction)
        .await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let entry = Entry::by_system(Kind::RoleChanged).about(user.id).from(client).with("provider", provider);
    let entry = entry.with("before", user.role.as_str()).with("after", role.as_str());
    let recorded = audit::service::record(transaction, &gateway.clock, entry).await?;
    Ok(Some((row.into(), recorded)))
}
