//! The ways into an account, one of which has to stay.

use sea_orm::ConnectionTrait;

use super::service;
use crate::{
    error::{Error, Result},
    id::UserId,
    linked_account,
    second_factor::passkey,
};

/// Checks that an account has a way in that stays when another one goes: a password, a passkey, or an account at an
/// identity provider. What removes one holds the account's row, so that two that go at once leave one.
///
/// # Errors
/// `CONFLICT` when there is one way left.
pub async fn check_one_may_go(db: &impl ConnectionTrait, user_id: UserId) -> Result<()> {
    let has_password = service::load_row(db, user_id).await?.has_password;
    let ways = u64::from(has_password)
        + passkey::service::count(db, user_id).await?
        + linked_account::service::count(db, user_id).await?;
    if ways > 1 {
        return Ok(());
    }
    Err(Error::Conflict("This is the last way into your account: set a password, or add another way, first."))
}
