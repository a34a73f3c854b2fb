//! Verifying addresses.

use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::requested::WriteMail;
use crate::{
    audit::{self, Entry, Kind},
    auth::{Client, RecentlyAuthenticated, secrets::fingerprint},
    email::Email,
    error::{Error, Result},
    gateway::Gateway,
    id::OneTimeTokenId,
    job,
    locale::Locale,
    mail::{self, Letter, MailKind},
    one_time_token::{
        self, Form, Purpose,
        service::{Issued, NewToken},
    },
    recovery,
    session::start::{self, Method, Origin, SignedIn},
    store::rate_limit::Quota,
    throttle::{self, Guess},
    user::{self, User, credential::Credential},
};

/// How long links and codes in mails are good.
pub const GOOD_FOR: TimeDelta = TimeDelta::minutes(30);
/// Mails of one kind that one account, or address, is sent an hour.
pub const MAILS_PER_HOUR: u32 = 5;

/// Sends the mail with link and code for the address of an account, in place of earlier ones.
///
/// # Errors
/// Internal only.
pub async fn send(gateway: &Gateway, db: &impl ConnectionTrait, user: &User) -> Result<Issued> {
    one_time_token::service::revoke_all(gateway, db, user.id, &[Purpose::VerifyEmail]).await?;
    let issued = issue(gateway, db, Some(user), &user.email).await?;
    let letter = Letter::to(user, MailKind::VerifyEmail).with_link(&issued);
    mail::service::send(gateway, db, letter).await?;
    Ok(issued)
}

/// A challenge like that of [`send`], for which no mail is sent and no code is right: whoever signs up with the address
/// of an account is told nothing else than others are.
///
/// # Errors
/// Internal only.
pub async fn issue_decoy(gateway: &Gateway, db: &impl ConnectionTrait, email: &str) -> Result<Issued> {
    issue(gateway, db, None, email).await
}

async fn issue(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    user: Option<&User>,
    email: &str,
) -> Result<Issued> {
    let new = NewToken {
        purpose: Purpose::VerifyEmail,
        user_id: user.map(|user| user.id),
        email: Some(email.to_owned()),
        data: Value::Null,
        lifetime: GOOD_FOR,
    };
    one_time_token::service::issue(gateway, db, new).await
}

/// Sends the mail once more to somebody who has just shown the right password. Past the limit nothing is sent.
///
/// # Errors
/// Internal only.
pub async fn send_again(gateway: &Gateway, user: &User) -> Result<()> {
    if limit_mails(gateway, "verify", &user.email).await.is_err() {
        return Ok(());
    }
    let transaction = gateway.begin().await?;
    send(gateway, &transaction, user).await?;
    transaction.commit().await?;
    job::service::wake(gateway);
    Ok(())
}

/// Bounds the mails of one kind to one address.
///
/// # Errors
/// `RATE_LIMITED`.
pub async fn limit_mails(gateway: &Gateway, kind: &str, email: &str) -> Result<()> {
    gateway.limit(&format!("mail:{kind}:{}", fingerprint(email)), Quota::per_hour(MAILS_PER_HOUR)).await
}

/// Has the mail of a sign-up that waits sent once more. Who asks learns nothing: neither whether the address has an
/// account, nor whether it is verified.
///
/// # Errors
/// `INVALID_INPUT` for what is no address; `RATE_LIMITED`.
pub async fn resend(gateway: &Gateway, email: &str, client: &Client) -> Result<Issued> {
    let email = user::service::parse_email("input.email", email)?;
    limit_requests(gateway, client).await?;
    limit_mails(gateway, "verify", email.as_str()).await?;
    let user = user::service::find_by_email(&gateway.db, email.as_str()).await?;
    let user = user.filter(|user| !user.email_verified);
    let transaction = gateway.begin().await?;
    let issued = issue(gateway, &transaction, user.as_ref(), email.as_str()).await?;
    WriteMail::Verification { token_id: issued.id }.enqueue(gateway, &transaction).await?;
    transaction.commit().await?;
    job::service::wake(gateway);
    Ok(issued)
}

/// Writes the mail that [`resend`] asked for, and makes earlier tokens useless.
///
/// # Errors
/// Internal only.
pub async fn write_again(gateway: &Gateway, token_id: OneTimeTokenId) -> Result<()> {
    let Some((token, issued)) = one_time_token::service::find_issued(gateway, token_id).await? else {
        return Ok(());
    };
    let Some(user_id) = token.user_id else { return Ok(()) };
    let Some(user) = user::service::load_active(&gateway.db, user_id).await? else { return Ok(()) };
    let transaction = gateway.begin().await?;
    one_time_token::service::revoke_others(gateway, &transaction, &token).await?;
    let letter = Letter::to(&user, MailKind::VerifyEmail).with_link(&issued);
    mail::service::send(gateway, &transaction, letter).await?;
    transaction.commit().await?;
    Ok(())
}

/// Bounds what one network may have mails sent for.
///
/// # Errors
/// `RATE_LIMITED`.
pub async fn limit_requests(gateway: &Gateway, client: &Client) -> Result<()> {
    let quota = Quota::per_hour(gateway.config.mail_requests_per_hour);
    gateway.limit(&format!("mail-requests:{}", client.network()), quota).await
}

/// Takes the link of a mail: the address is its owner's. Nobody is signed in by it, for the account may have been made
/// by somebody else, with another person's address.
///
/// # Errors
/// `INVALID_TOKEN`.
pub async fn verify_by_link(gateway: &Gateway, token: &str, client: &Client) -> Result<String> {
    let transaction = gateway.begin().await?;
    let token =
        one_time_token::service::redeem(gateway, &transaction, Purpose::VerifyEmail, Form::Link, token)
            .await?;
    let (Some(user_id), Some(email)) = (token.user_id, token.email) else { return Err(Error::InvalidToken) };
    let user = user::service::mark_verified(gateway, &transaction, user_id, &email).await?;
    let entry = Entry::by_user(user.id, Kind::EmailVerified).from(client).with("email", email.clone());
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    user::service::announce_change(gateway, user.id).await;
    Ok(email)
}

/// Takes the code of a mail, from whoever signed up: the address is theirs, and they are signed in.
///
/// # Errors
/// `INVALID_TOKEN`, also after five wrong codes; `INVALID_CODE`; `RATE_LIMITED`.
pub async fn verify_by_code(
    gateway: &Gateway,
    challenge: &str,
    code: &str,
    origin: &Origin,
) -> Result<SignedIn> {
    let purpose = Purpose::VerifyEmail;
    let asked = one_time_token::service::look_at(gateway, purpose, Form::Challenge, challenge).await?;
    let guess = Guess::at_email_code(gateway, &asked.email.unwrap_or_default(), origin).await?;
    throttle::service::attempt(gateway, &guess).await?;
    let token = one_time_token::service::check_code(gateway, purpose, challenge, code).await?;
    throttle::service::clear(gateway, &guess).await;
    let (Some(user_id), Some(email)) = (token.user_id, token.email) else { return Err(Error::InvalidToken) };
    let transaction = gateway.begin().await?;
    one_time_token::service::use_up(gateway, &transaction, token.id).await?;
    let user = user::service::mark_verified(gateway, &transaction, user_id, &email).await?;
    let entry =
        Entry::by_user(user.id, Kind::EmailVerified).from(&origin.client).with("email", email.clone());
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    user::service::announce_change(gateway, user.id).await;
    if user.has_second_factor {
        // It was set up in a session begun meanwhile: that way in is the one to take.
        return Err(Error::InvalidToken);
    }
    let credential = Credential::by_other_means(user);
    start::begin(gateway, credential, Method::EmailCode, origin, start::Begin::default()).await
}

/// Begins a change of the address: a link goes to the new one, and word of it to the old one. Who asks learns not whether
/// the new address has an account.
///
/// # Errors
/// `INVALID_INPUT`, `RATE_LIMITED`.
pub async fn request_change(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    new_email: &str,
    client: &Client,
) -> Result<()> {
    let new_email: Email = user::service::parse_email("input.newEmail", new_email)?;
    limit_requests(gateway, client).await?;
    limit_mails(gateway, "change", &viewer.user_id().to_string()).await?;
    // By network, or else one could keep another from the address.
    limit_mails(gateway, "change-to", &format!("{} {}", client.network(), new_email.as_str())).await?;
    let user = user::service::load_own(gateway, viewer.viewer()).await?;
    let owner = user::service::find_by_email(&gateway.db, new_email.as_str()).await?;
    let transaction = gateway.begin().await?;
    one_time_token::service::revoke_all(gateway, &transaction, user.id, &[Purpose::ChangeEmail]).await?;
    match owner {
        None => {
            let new = NewToken {
                purpose: Purpose::ChangeEmail,
                user_id: Some(user.id),
                email: Some(new_email.as_str().to_owned()),
                data: json!({ "from": user.email }),
                lifetime: GOOD_FOR,
            };
            let link = one_time_token::service::issue(gateway, &transaction, new).await?;
            let letter = Letter::to(&user, MailKind::ConfirmEmailChange).at(new_email.as_str());
            mail::service::send(gateway, &transaction, letter.with_link(&link)).await?;
        }
        Some(owner) => {
            let letter = already_registered(gateway, &transaction, &owner, owner.locale).await?;
            mail::service::send(gateway, &transaction, letter).await?;
        }
    }
    let letter = Letter::to(&user, MailKind::EmailChangeRequested).with("email", new_email.as_str());
    mail::service::send(gateway, &transaction, letter).await?;
    let entry = Entry::by(viewer.viewer(), Kind::EmailChangeRequested).from(client);
    let entry = entry.with("email", new_email.as_str());
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    job::service::wake(gateway);
    Ok(())
}

/// The mail for the owner of an account whose address somebody else has just tried.
///
/// # Errors
/// Internal only.
pub async fn already_registered(
    gateway: &Gateway,
    db: &impl ConnectionTrait,
    owner: &User,
    locale: Option<Locale>,
) -> Result<Letter> {
    let link = recovery::service::issue_reset(gateway, db, owner).await?;
    let owner = User { locale: owner.locale.or(locale), ..owner.clone() };
    Ok(Letter::to(&owner, MailKind::AlreadyRegistered).with_link(&link))
}

/// Takes the link that went to a new address: it is the account's from now on.
///
/// # Errors
/// `INVALID_TOKEN`, also when the address has changed otherwise meanwhile; `CONFLICT` when the new one was taken.
pub async fn confirm_change(gateway: &Gateway, token: &str, client: &Client) -> Result<String> {
    let transaction = gateway.begin().await?;
    let token =
        one_time_token::service::redeem(gateway, &transaction, Purpose::ChangeEmail, Form::Link, token)
            .await?;
    let (Some(user_id), Some(email), Some(from)) = (token.user_id, token.email, token.data["from"].as_str())
    else {
        return Err(Error::InvalidToken);
    };
    let user = user::service::change_email(gateway, &transaction, user_id, from, &email).await?;
    let old = [Purpose::VerifyEmail, Purpose::ResetPassword];
    one_time_token::service::revoke_all(gateway, &transaction, user_id, &old).await?;
    let letter = Letter::to(&user, MailKind::EmailChanged).at(from).with("email", email.clone());
    mail::service::send(gateway, &transaction, letter).await?;
    let entry = Entry::by_user(user_id, Kind::EmailChanged).from(client);
    let entry = entry.with("before", from).with("after", email.clone());
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    user::service::announce_change(gateway, user_id).await;
    job::service::wake(gateway);
    Ok(email)
}
