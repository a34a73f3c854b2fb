//! Inviting people, and letting them in.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryTrait,
};
use serde_json::{Value, json};

use super::{Invitation, InvitationState, entity};
use crate::{
    audit::{self, Entry, Kind},
    auth::{Admin, Client, RecentlyAuthenticated, viewer::Role},
    config::RegistrationMode,
    error::{Error, Result, Rule, Violation},
    gateway::Gateway,
    id::{InvitationId, OneTimeTokenId, TypedId, UserId},
    job,
    locale::Locale,
    mail::{self, Letter, MailKind},
    one_time_token::{
        self, Form, Purpose,
        service::{Issued, NewToken},
    },
    store::database::is_unique_violation,
    user,
};

/// For how many days an invitation may be good.
pub const DAYS: std::ops::RangeInclusive<u32> = 1..=30;
/// For how many days it is, unless the administrator says.
pub const DEFAULT_DAYS: u32 = 7;

const NONE_SUCH: Error = Error::NotFound("invitation");
const ALREADY_INVITED: Error =
    Error::Conflict("An invitation waits for this address already: send it again.");

/// Whom to invite.
#[derive(Debug)]
pub struct NewInvitation {
    /// As typed.
    pub email: String,
    /// The role of the account.
    pub role: Role,
    /// For how many days it is good.
    pub days: u32,
    /// The language of the mail.
    pub locale: Option<Locale>,
}

/// Invites somebody by mail; an administrator only by one of whom it is known at this moment who it is.
///
/// # Errors
/// `INVALID_INPUT`; `CONFLICT` for an address that has an account, or an invitation that waits; `REGISTRATION_CLOSED`; what
/// `recent` has instead of a proof.
pub async fn invite(
    gateway: &Gateway,
    admin: &Admin,
    recent: Result<RecentlyAuthenticated>,
    new: NewInvitation,
    client: &Client,
) -> Result<Invitation> {
    check_may_grant(new.role, recent)?;
    check_open(gateway)?;
    let email = user::service::parse_email("input.email", &new.email)?;
    if !DAYS.contains(&new.days) {
        let message = format!("An invitation may be good for {} to {} days.", DAYS.start(), DAYS.end());
        return Err(Violation::new("input.expiresInDays", Rule::OutOfRange, message).into());
    }
    let now = gateway.clock.now();
    let expires_at = now + TimeDelta::days(new.days.into());
    let transaction = gateway.begin().await?;
    if user::service::find_by_email(&transaction, email.as_str()).await?.is_some() {
        return Err(Error::Conflict("This email address has an account already."));
    }
    withdraw_expired(gateway, &transaction, email.as_str()).await?;
    let id = InvitationId::generate();
    let link = issue(gateway, &transaction, id, email.as_str(), expires_at - now).await?;
    let row = entity::ActiveModel {
        id: Set(id),
        email: Set(email.as_str().to_owned()),
        role: Set(new.role),
        locale: Set(new.locale),
        invited_by: Set(Some(admin.viewer().user_id())),
        token_id: Set(link.id),
        created_at: Set(now),
        last_sent_at: Set(now),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    let row = match entity::Entity::insert(row).exec_with_returning(&transaction).await {
        Ok(row) => row,
        Err(error) if is_unique_violation(&error) => return Err(ALREADY_INVITED),
        Err(error) => return Err(error.into()),
    };
    let row = send(gateway, transaction, admin, row, &link, client).await?;
    Ok(row.into())
}

fn check_open(gateway: &Gateway) -> Result<()> {
    match gateway.config.registration.mode {
        RegistrationMode::Open | RegistrationMode::Invite => Ok(()),
        RegistrationMode::Closed => {
            Err(Error::RegistrationClosed("Registration is closed, also to those who are invited."))
        }
    }
}

fn check_may_grant(role: Role, recent: Result<RecentlyAuthenticated>) -> Result<()> {
    match role {
        Role::Admin => recent.map(drop),
        Role::User => Ok(()),
    }
}

/// One that ran out gives way to another of the same address.
async fn withdraw_expired(gateway: &Gateway, db: &impl ConnectionTrait, email: &str) -> Result<()> {
    let now = gateway.clock.now();
    entity::Entity::update_many()
        .set(entity::ActiveModel { withdrawn_at: Set(Some(now)), ..Default::default() })
        .filter(entity::Column::Email.eq(email))
        .filter(entity::Column::AcceptedAt.is_null())
        .filter(entity::Column::WithdrawnAt.is_null())
        .filter(entity::Column::ExpiresAt.lte(now))
        .exec(db)
        .await?;
    Ok(())
}

async fn issue(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    id: InvitationId,
    email: &str,
    lifetime: TimeDelta,
) -> Result<Issued> {
    let new = NewToken {
        purpose: Purpose::Invitation,
        user_id: None,
        email: Some(email.to_owned()),
        data: json!({ "invitationId": id }),
        lifetime,
    };
    one_time_token::service::issue(gateway, db, new).await
}

/// Writes the mail and what is recorded of it, and commits.
async fn send(
    gateway: &Gateway,
    transaction: sea_orm::DatabaseTransaction,
    admin: &Admin,
    row: entity::Model,
    link: &Issued,
    client: &Client,
) -> Result<entity::Model> {
    let inviter = user::service::load_active(&transaction, admin.viewer().user_id()).await?;
    let letter = Letter::to_address(&row.email, row.locale, MailKind::Invitation)
        .with("invitedBy", inviter.map_or_else(String::new, |inviter| inviter.name))
        .with("expiresAt", row.expires_at.format("%Y-%m-%d %H:%M UTC").to_string());
    mail::service::send(gateway, &transaction, letter.with_link(link)).await?;
    let entry = Entry::by_admin(admin, Kind::InvitationSent).from(client);
    let entry = entry.with("email", row.email.clone()).with("role", row.role.as_str());
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    job::service::wake(gateway);
    Ok(row)
}

/// Sends an invitation once more, with another link in place of the earlier one, good for as long as it was at first.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` for one that was accepted or withdrawn; `REGISTRATION_CLOSED`; for an administrator's, what
/// `recent` has instead of a proof.
pub async fn resend(
    gateway: &Gateway,
    admin: &Admin,
    recent: Result<RecentlyAuthenticated>,
    id: InvitationId,
    client: &Client,
) -> Result<Invitation> {
    check_open(gateway)?;
    let now = gateway.clock.now();
    let transaction = gateway.begin().await?;
    let row = load_open(&transaction, id).await?;
    check_may_grant(row.role, recent)?;
    one_time_token::service::revoke(gateway, &transaction, row.token_id).await?;
    let lifetime = row.expires_at - row.last_sent_at;
    let link = issue(gateway, &transaction, id, &row.email, lifetime).await?;
    let change = entity::ActiveModel {
        token_id: Set(link.id),
        last_sent_at: Set(now),
        expires_at: Set(now + lifetime),
        // Whoever sends it answers for it.
        invited_by: Set(Some(admin.viewer().user_id())),
        ..Default::default()
    };
    let row = change_open(&transaction, id, Some(row.token_id), change).await?;
    let row = send(gateway, transaction, admin, row, &link, client).await?;
    Ok(row.into())
}

/// Makes an invitation useless.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` for one that was accepted or withdrawn.
pub async fn withdraw(
    gateway: &Gateway,
    admin: &Admin,
    id: InvitationId,
    client: &Client,
) -> Result<Invitation> {
    let transaction = gateway.begin().await?;
    let row = load_open(&transaction, id).await?;
    one_time_token::service::revoke(gateway, &transaction, row.token_id).await?;
    let change = entity::ActiveModel { withdrawn_at: Set(Some(gateway.clock.now())), ..Default::default() };
    let row = change_open(&transaction, id, Some(row.token_id), change).await?;
    let entry = Entry::by_admin(admin, Kind::InvitationWithdrawn).from(client);
    let entry = entry.with("email", row.email.clone());
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    Ok(row.into())
}

async fn load_open(db: &impl ConnectionTrait, id: InvitationId) -> Result<entity::Model> {
    let row = entity::Entity::find_by_id(id).one(db).await?.ok_or(NONE_SUCH)?;
    if row.accepted_at.is_some() || row.withdrawn_at.is_some() {
        return Err(Error::Conflict("This invitation was accepted or withdrawn already."));
    }
    Ok(row)
}

/// Changes an invitation that is open still, and has this link still.
async fn change_open(
    db: &impl ConnectionTrait,
    id: InvitationId,
    token_id: Option<OneTimeTokenId>,
    change: entity::ActiveModel,
) -> Result<entity::Model> {
    let changed = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(id))
        .filter(entity::Column::AcceptedAt.is_null())
        .filter(entity::Column::WithdrawnAt.is_null())
        .apply_if(token_id, |update, token_id| update.filter(entity::Column::TokenId.eq(token_id)))
        .exec_with_returning(db)
        .await?;
    changed
        .into_iter()
        .next()
        .ok_or(Error::Conflict("This invitation was changed by somebody else at this moment."))
}

/// The invitation of a link that is still good; looking uses nothing up.
///
/// # Errors
/// `INVALID_TOKEN`.
pub async fn of_link(gateway: &Gateway, link: &str) -> Result<Invitation> {
    let token = one_time_token::service::look_at(gateway, Purpose::Invitation, Form::Link, link).await?;
    let id = invitation_of(&token.data)?;
    let row = entity::Entity::find_by_id(id).one(&gateway.db).await?.ok_or(Error::InvalidToken)?;
    let is_backed = is_backed(&gateway.db, &row).await?;
    let invitation = Invitation::from(row);
    if is_backed && invitation.state(gateway.clock.now()) == InvitationState::Pending {
        Ok(invitation)
    } else {
        Err(Error::InvalidToken)
    }
}

/// Whether an invitation still has somebody behind it who may give that role: what makes an administrator is worth no
/// more than the one who sent it.
async fn is_backed(db: &impl ConnectionTrait, row: &entity::Model) -> Result<bool> {
    if row.role != Role::Admin {
        return Ok(true);
    }
    let Some(inviter) = row.invited_by else { return Ok(false) };
    let inviter = user::service::load_active(db, inviter).await?;
    Ok(inviter.is_some_and(|inviter| inviter.role == Role::Admin))
}

fn invitation_of(data: &Value) -> Result<InvitationId> {
    serde_json::from_value(data["invitationId"].clone()).map_err(|_| Error::InvalidToken)
}

/// Uses an invitation up for the account that is created by it.
///
/// # Errors
/// `INVALID_TOKEN` when it was used, withdrawn or sent anew meanwhile.
pub async fn accept(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    link: &str,
    user_id: UserId,
    client: &Client,
) -> Result<audit::service::Recorded> {
    let token = one_time_token::service::redeem(gateway, db, Purpose::Invitation, Form::Link, link).await?;
    let id = invitation_of(&token.data)?;
    let row = change_open(db, id, Some(token.id), accepted(gateway, user_id)).await;
    let row = row.map_err(|_| Error::InvalidToken)?;
    if !is_backed(db, &row).await? {
        return Err(Error::InvalidToken);
    }
    record_acceptance(gateway, db, row, user_id, client).await
}

/// The invitation that waits for this address.
///
/// # Errors
/// Internal only.
pub async fn find_waiting(gateway: &Gateway, email: &str) -> Result<Option<Invitation>> {
    let waiting = entity::Entity::find()
        .filter(entity::Column::Email.eq(email))
        .filter(entity::Column::AcceptedAt.is_null())
        .filter(entity::Column::WithdrawnAt.is_null())
        .filter(entity::Column::ExpiresAt.gt(gateway.clock.now()));
    let Some(row) = waiting.one(&gateway.db).await? else { return Ok(None) };
    Ok(is_backed(&gateway.db, &row).await?.then(|| row.into()))
}

/// Uses an invitation up for the account of somebody who has shown by other means than its link whose the address is.
///
/// # Errors
/// `CONFLICT` when it was used or withdrawn meanwhile.
pub async fn accept_vouched(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    id: InvitationId,
    user_id: UserId,
    client: &Client,
) -> Result<audit::service::Recorded> {
    let row = change_open(db, id, None, accepted(gateway, user_id)).await?;
    if !is_backed(db, &row).await? {
        return Err(Error::Conflict("This invitation has nobody behind it any more."));
    }
    one_time_token::service::revoke(gateway, db, row.token_id).await?;
    record_acceptance(gateway, db, row, user_id, client).await
}

fn accepted(gateway: &Gateway, user_id: UserId) -> entity::ActiveModel {
    let (at, by) = (Some(gateway.clock.now()), Some(user_id));
    entity::ActiveModel { accepted_at: Set(at), accepted_by: Set(by), ..Default::default() }
}

async fn record_acceptance(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    row: entity::Model,
    user_id: UserId,
    client: &Client,
) -> Result<audit::service::Recorded> {
    let entry = Entry::by_user(user_id, Kind::InvitationAccepted).from(client);
    let entry = entry.with("email", row.email).with("role", row.role.as_str());
    audit::service::record(db, &gateway.clock, entry).await
}

/// Removes the invitations of a person whose account is erased: the one by which it was created, and those to its
/// address. Answers where they went, and until when that address was the person's.
///
/// # Errors
/// Internal only.
pub async fn forget_person(
    db: &impl ConnectionTrait,
    user_id: UserId,
    email: &str,
) -> Result<Vec<(String, DateTime<Utc>)>> {
    let to_address =
        Condition::all().add(entity::Column::Email.eq(email)).add(entity::Column::AcceptedBy.is_null());
    let removed = entity::Entity::delete_many()
        .filter(Condition::any().add(entity::Column::AcceptedBy.eq(user_id)).add(to_address))
        .exec_with_returning(db)
        .await?;
    Ok(removed.into_iter().filter_map(|row| Some((row.email, row.accepted_at?))).collect())
}
