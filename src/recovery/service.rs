//! Resetting a forgotten password, and disowning a sign-in.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use secrecy::SecretString;
use serde_json::Value;

use crate::{
    api_key,
    audit::{self, Entry, Kind, service::Recorded},
    auth::Client,
    data_export, erasure,
    error::{Error, Result},
    gateway::Gateway,
    id::{SessionId, TypedId},
    job, known_device, linked_account,
    mail::{self, Letter, MailKind},
    one_time_token::{
        self, Form, Purpose,
        service::{Issued, NewToken},
    },
    second_factor,
    session::{self, EndReason},
    throttle,
    user::{self, User, UserStatus, credential},
    verification::{
        requested::WriteMail,
        service::{GOOD_FOR, limit_mails, limit_requests},
    },
};

/// Has a link sent to choose a new password with, if there is such an account. What is done before the answer is the
/// same for every address: a worker does the rest.
///
/// # Errors
/// `INVALID_INPUT` for what is no address; `RATE_LIMITED`.
pub async fn request_reset(gateway: &Gateway, email: &str, client: &Client) -> Result<()> {
    let email = user::service::parse_email("input.email", email)?;
    limit_requests(gateway, client).await?;
    limit_mails(gateway, "reset", email.as_str()).await?;
    let job = WriteMail::Reset { email: email.into_string(), client: client.clone() };
    job.enqueue(gateway, &gateway.db).await?;
    job::service::wake(gateway);
    Ok(())
}

/// Writes the mail that [`request_reset`] asked for.
///
/// # Errors
/// Internal only.
pub async fn write_reset(gateway: &Gateway, email: &str, client: &Client) -> Result<()> {
    let user = user::service::find_by_email(&gateway.db, email).await?;
    let Some(user) = user.filter(|user| user.status == UserStatus::Active) else { return Ok(()) };
    let transaction = gateway.begin().await?;
    let link = issue_reset(gateway, &transaction, &user).await?;
    let letter = Letter::to(&user, MailKind::ResetPassword).with_link(&link);
    mail::service::send(gateway, &transaction, letter).await?;
    let entry = Entry::by_anonymous(Kind::PasswordResetRequested).about(user.id).from(client);
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    Ok(())
}

/// A link to choose a new password with, in place of earlier ones.
///
/// # Errors
/// Internal only.
pub async fn issue_reset(gateway: &Gateway, db: &impl ConnectionTrait, user: &User) -> Result<Issued> {
    one_time_token::service::revoke_all(gateway, db, user.id, &[Purpose::ResetPassword]).await?;
    let new = NewToken {
        purpose: Purpose::ResetPassword,
        user_id: Some(user.id),
        email: Some(user.email.clone()),
        data: Value::Null,
        lifetime: GOOD_FOR,
    };
    one_time_token::service::issue(gateway, db, new).await
}

/// Takes such a link: the password is replaced, all sessions end, no device stands for the second factor any more, guesses
/// are forgotten, and the address was shown to be the owner's.
///
/// # Errors
/// `INVALID_TOKEN`; `INVALID_INPUT` for a password that breaks a rule, which uses the link up as little as looking does.
pub async fn reset(gateway: &Gateway, token: &str, new: &SecretString, client: &Client) -> Result<()> {
    let purpose = Purpose::ResetPassword;
    let looked_at = one_time_token::service::look_at(gateway, purpose, Form::Link, token).await?;
    let (Some(user_id), Some(email)) = (looked_at.user_id, looked_at.email) else {
        return Err(Error::InvalidToken);
    };
    let new = credential::check_reset(gateway, user_id, new).await?;
    let transaction = gateway.begin().await?;
    one_time_token::service::use_up(gateway, &transaction, looked_at.id).await?;
    let (user, ended) = session::service::replace_password_in(gateway, &transaction, new, None).await?;
    user::service::mark_verified(gateway, &transaction, user.id, &email).await?;
    known_device::service::forget_all(gateway, &transaction, user.id).await?;
    let others = [Purpose::SecondFactor, Purpose::ChangeEmail];
    one_time_token::service::revoke_all(gateway, &transaction, user.id, &others).await?;
    // Who has this address has the account again, and needs no other link to it. One that went to an earlier address stays.
    let disown = Purpose::DisownSignIn;
    one_time_token::service::revoke_sent_to(gateway, &transaction, user.id, &email, disown).await?;
    let letter = Letter::to(&user, MailKind::PasswordChanged);
    mail::service::send(gateway, &transaction, letter).await?;
    let entry = Entry::by_user(user.id, Kind::PasswordReset).from(client);
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    session::service::announce_ended(gateway, ended).await;
    user::service::announce_change(gateway, user.id).await;
    recorded.announce(gateway);
    throttle::service::forget_account(gateway, &user.email).await;
    job::service::wake(gateway);
    Ok(())
}

/// Puts the address back that an account had when somebody signed in, where it has another one by now; tells that one.
/// An account that was made with the address since then, and never verified, gives way: the link has shown whose the
/// address is. With any other account in its place the address stays as it is, and all else is undone.
async fn take_address_back(
    gateway: &Gateway,
    db: &DatabaseTransaction,
    user: User,
    email: Option<String>,
    signed_in_at: DateTime<Utc>,
    entry: &Entry,
) -> Result<(User, Option<Recorded>)> {
    let Some(email) = email.filter(|email| *email != user.email) else { return Ok((user, None)) };
    if let Some(holder) = user::service::find_by_email(db, &email).await? {
        if holder.email_verified || holder.created_at < signed_in_at {
            return Ok((user, None));
        }
        user::deletion::remove(db, holder.id).await?;
    }
    let before = user.email;
    let user = user::service::change_email(gateway, db, user.id, &before, &email).await?;
    let purposes = [Purpose::ResetPassword, Purpose::ChangeEmail];
    one_time_token::service::revoke_all(gateway, db, user.id, &purposes).await?;
    let letter = Letter::to(&user, MailKind::EmailChanged).at(&before).with("email", email.clone());
    mail::service::send(gateway, db, letter).await?;
    let entry = entry.clone().as_kind(Kind::EmailChanged).with("before", before).with("after", email);
    let recorded = audit::service::record(db, &gateway.clock, entry).await?;
    Ok((user, Some(recorded)))
}

/// Takes the "this wasn't me" of a mail: the session ends, what was added to the account with it or since then that
/// leads in goes as well, whoever added it, an erasure that was asked for since then is called off, the account has the
/// address again to which the mail went, and a new password is asked for. Gives the link for that.
///
/// # Errors
/// `INVALID_TOKEN`.
pub async fn disown(gateway: &Gateway, token: &str, client: &Client) -> Result<Issued> {
    let transaction = gateway.begin().await?;
    let token =
        one_time_token::service::redeem(gateway, &transaction, Purpose::DisownSignIn, Form::Link, token)
            .await?;
    let session_id: Option<SessionId> = serde_json::from_value(token.data["sessionId"].clone()).ok();
    let (Some(user_id), Some(session_id)) = (token.user_id, session_id) else {
        return Err(Error::InvalidToken);
    };
    let user = user::service::hold(gateway, &transaction, user_id).await?;
    if user.status != UserStatus::Active {
        return Err(Error::InvalidToken);
    }
    let ended = session::service::end_in(gateway, &transaction, session_id, EndReason::Disowned).await?;
    // Whoever signed in may have had this device remembered, or the data copied.
    known_device::service::forget_all(gateway, &transaction, user_id).await?;
    data_export::service::withdraw(&transaction, user_id).await?;
    let entry = Entry::by_user(user_id, Kind::SignInDisowned).from(client);
    // What came with the sign-in itself is as old as its session, and older than the mail about it.
    let signed_in_at: DateTime<Utc> = serde_json::from_value(token.data["signedInAt"].clone())
        .unwrap_or(token.expires_at - session::DISOWN_WITHIN);
    // Whoever got in may have signed in once more, and have had such a link sent elsewhere.
    let disown = Purpose::DisownSignIn;
    one_time_token::service::revoke_made_since(gateway, &transaction, user_id, signed_in_at, disown).await?;
    let (user, taken_back) =
        take_address_back(gateway, &transaction, user, token.email, signed_in_at, &entry).await?;
    let link = issue_reset(gateway, &transaction, &user).await?;
    let (keys, mut recorded) =
        api_key::service::revoke_made_since(gateway, &transaction, user_id, signed_in_at, &entry).await?;
    recorded.extend(
        second_factor::service::remove_added_since(gateway, &transaction, user_id, signed_in_at, &entry)
            .await?,
    );
    recorded.extend(
        linked_account::service::unlink_linked_since(gateway, &transaction, user_id, signed_in_at, &entry)
            .await?,
    );
    // Nor was it the owner who wanted the account erased.
    let erased_at = signed_in_at + erasure::GRACE;
    if user.deletion_scheduled_at.is_some_and(|at| at >= erased_at) {
        user::deletion::cancel(gateway, &transaction, user_id).await?;
        let entry = entry.clone().as_kind(Kind::DeletionCanceled);
        recorded.push(audit::service::record(&transaction, &gateway.clock, entry).await?);
    }
    recorded.extend(taken_back);
    let entry = entry.with("sessionId", session_id.to_wire());
    recorded.push(audit::service::record(&transaction, &gateway.clock, entry).await?);
    transaction.commit().await?;
    session::service::announce_ended(gateway, ended).await;
    api_key::service::announce_revoked(gateway, &keys).await;
    user::service::announce_change(gateway, user_id).await;
    recorded.into_iter().for_each(|recorded| recorded.announce(gateway));
    job::service::wake(gateway);
    Ok(link)
}
