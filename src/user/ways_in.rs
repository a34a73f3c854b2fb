//! The ways into an account, one of which has to stay.

use sea_orm::DatabaseTransaction;

use super::service;
use crate::{
    error::{Error, Result},
    gateway::Gateway,
    id::UserId,
    linked_account,
    second_factor::passkey,
};

/// Checks, in the transaction that has just taken a way into an account away, that another one is left: a password, a
/// passkey where there can be any, or an account at an identity provider that is configured. The transaction holds the
/// account's row, so that of two ways that go at once one stays.
///
/// # Errors
/// `CONFLICT` when none is left; the transaction has to be given up then.
pub(crate) async fn check_one_is_left(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    user_id: UserId,
) -> Result<()> {
    let is_left = service::load_row(transaction, user_id).await?.has_password
        || gateway.relying_party.is_ok() && passkey::service::count(transaction, user_id).await? > 0
        || linked_account::service::has_usable(gateway, transaction, user_id).await?;
    if is_left {
        return Ok(());
    }
    Err(Error::Conflict("This is the last way into your account: set a password, or add another way, first."))
}
