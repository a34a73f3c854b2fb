//! Sign-ins from devices that an account was not used from before.

use chrono::TimeDelta;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{Session, device::Device, entity, start::Origin};
use crate::{
    error::Result,
    gateway::Gateway,
    known_device,
    mail::{self, Letter, MailKind},
    one_time_token::{self, Purpose, service::NewToken},
    user::User,
};

/// How long the "this wasn't me" of a mail is good.
pub const DISOWN_WITHIN: TimeDelta = TimeDelta::days(7);

/// Whether the account was used before, and not from this device.
///
/// A client that keeps no secret is known by its address and header.
pub(super) async fn is_new(gateway: &Gateway, user: &User, origin: &Origin) -> Result<bool> {
    // Of an account whose devices were never noted nothing is known.
    if user.last_sign_in_at.is_none() || !known_device::service::has_any(&gateway.db, user.id).await? {
        return Ok(false);
    }
    if known_device::service::find(gateway, user.id, origin.device.as_ref()).await?.is_some() {
        return Ok(false);
    }
    if origin.device.is_some() {
        return Ok(true);
    }
    let alike = entity::Entity::find()
        .filter(entity::Column::UserId.eq(user.id))
        .filter(entity::Column::Ip.eq(&origin.client.ip))
        .filter(entity::Column::UserAgent.eq(&origin.client.user_agent));
    Ok(alike.one(&gateway.db).await?.is_none())
}

/// Has a mail tell the owner, with a link that ends the session.
pub(super) async fn send_alert(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user: &User,
    session: &Session,
) -> Result<()> {
    let new = NewToken {
        purpose: Purpose::DisownSignIn,
        user_id: Some(user.id),
        email: Some(user.email.clone()),
        data: json!({ "sessionId": session.id, "signedInAt": session.created_at }),
        lifetime: DISOWN_WITHIN,
    };
    let link = one_time_token::service::issue(gateway, db, new).await?;
    let letter = Letter::to(user, MailKind::NewDevice)
        .with_link(&link)
        .with("device", Device::parse(&session.user_agent).label())
        .with("ip", session.ip.clone());
    mail::service::send(gateway, db, letter).await
}
