//! Writing mails, and sending them.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::{
    Letter, Mail, MailKind, MailState, Rendered, entity,
    render::{self, Secrets},
    transport::SendError,
};
use crate::{
    audit::{self, Entry, Kind},
    auth::{Admin, Client, secrets::fingerprint},
    error::{Error, Result},
    gateway::Gateway,
    id::{MailId, TypedId},
    job::{self, Job, JobKind, service::NewJob, service::Outcome},
    one_time_token,
    store::{pattern, rate_limit::Quota},
};

/// How much of an error is kept.
const MAX_ERROR_BYTES: usize = 500;
/// How long a mail is remembered.
pub const KEPT_FOR: TimeDelta = TimeDelta::days(30);
/// Notices of one kind that go to one address an hour.
pub const NOTICES_PER_HOUR: u32 = 20;
/// Mails that the development mailbox shows.
const DEVELOPMENT_MAILS: u64 = 50;

/// Writes a mail into the outbox, with the change that it tells of; [`job::service::wake`] comes after the commit. Of
/// notices of one kind an account gets [`NOTICES_PER_HOUR`] and no more: nobody fills a mailbox, or the queue that
/// everybody's mails wait in.
///
/// # Errors
/// Internal only.
pub async fn send(gateway: &Gateway, db: &impl ConnectionTrait, letter: Letter) -> Result<()> {
    if letter.kind.is_notice() && is_flooded(gateway, &letter).await {
        return Ok(());
    }
    let now = gateway.clock.now();
    let id = MailId::generate();
    let row = entity::ActiveModel {
        id: Set(id),
        kind: Set(letter.kind),
        recipient: Set(letter.recipient),
        locale: Set(letter.locale.unwrap_or(gateway.config.default_locale)),
        user_id: Set(letter.user_id),
        token_id: Set(letter.token_id),
        params: Set(Value::Object(letter.params).to_string()),
        state: Set(MailState::Queued),
        attempts: Set(0),
        created_at: Set(now),
        next_attempt_at: Set(Some(now)),
        ..Default::default()
    };
    entity::Entity::insert(row).exec_without_returning(db).await?;
    enqueue(gateway, db, id).await
}

async fn is_flooded(gateway: &Gateway, letter: &Letter) -> bool {
    let (kind, recipient): (&str, _) = (letter.kind.into(), fingerprint(&letter.recipient));
    let limited =
        gateway.limit(&format!("notice:{kind}:{recipient}"), Quota::per_hour(NOTICES_PER_HOUR)).await;
    limited.is_err()
}

async fn enqueue(gateway: &Gateway, db: &impl ConnectionTrait, id: MailId) -> Result<()> {
    let job = NewJob {
        kind: JobKind::SendMail,
        payload: json!({ "mailId": id }),
        run_at: gateway.clock.now(),
        unique_key: Some(format!("send:{id}")),
    };
    job::service::enqueue(db, &gateway.clock, job).await
}

/// Does a job of the kind `SEND_MAIL`. A mail that was sent is not sent again; one whose sending nobody could note is.
///
/// # Errors
/// Internal only.
pub async fn perform(gateway: &Gateway, job: &Job) -> Result<Outcome> {
    let id: Option<MailId> = serde_json::from_value(job.payload["mailId"].clone()).ok();
    let Some(id) = id else { return Ok(Outcome::Failed("no mail is named".into())) };
    let row = entity::Entity::find_by_id(id).one(&gateway.db).await?;
    let Some(row) = row.filter(|row| row.state == MailState::Queued) else { return Ok(Outcome::Done) };
    let sent = match secrets_of(gateway, &row).await? {
        Some(secrets) => {
            let mail = render(&row, &secrets)?;
            gateway.mails.send(id, &row.recipient, &mail).await
        }
        None => {
            note(gateway, id, MailState::Failed, Some("its link had run out before it could be sent"), None)
                .await?;
            return Ok(Outcome::Done);
        }
    };
    let mut outcome = Outcome::Done;
    let (state, error, next) = match sent {
        Ok(()) => (MailState::Sent, None, None),
        Err(SendError::ForGood(error)) => {
            let error = format!("{error:#}");
            tracing::warn!(mail = %id, error, "a mail was refused for good");
            (MailState::Failed, Some(error), None)
        }
        Err(SendError::ForNow(error)) => {
            let error = format!("{error:#}");
            outcome = Outcome::Failed(error.clone());
            let next = (!job.is_last_attempt()).then(|| gateway.clock.now() + job::pause_after(job.attempts));
            (if next.is_some() { MailState::Queued } else { MailState::Failed }, Some(error), next)
        }
    };
    if row.kind == MailKind::AccountErased && state != MailState::Queued {
        // Of whom it went to nothing else is left.
        remove(gateway, id).await?;
    } else {
        note(gateway, id, state, error.as_deref(), next).await?;
    }
    Ok(outcome)
}

async fn remove(gateway: &Gateway, id: MailId) -> Result<()> {
    entity::Entity::delete_by_id(id).exec(&gateway.db).await?;
    Ok(())
}

async fn note(
    gateway: &Gateway,
    id: MailId,
    state: MailState,
    error: Option<&str>,
    next_attempt_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let now = gateway.clock.now();
    let error = error.map(|error| error[..error.floor_char_boundary(MAX_ERROR_BYTES)].to_owned());
    entity::Entity::update_many()
        .set(entity::ActiveModel {
            state: Set(state),
            last_error: Set(error),
            next_attempt_at: Set(next_attempt_at),
            sent_at: Set((state == MailState::Sent).then_some(now)),
            ..Default::default()
        })
        .col_expr(entity::Column::Attempts, Expr::col(entity::Column::Attempts).add(1))
        .filter(entity::Column::Id.eq(id))
        .exec(&gateway.db)
        .await?;
    Ok(())
}

/// Link and code of a mail; `None` when they are no longer good.
async fn secrets_of(gateway: &Gateway, row: &entity::Model) -> Result<Option<Secrets>> {
    let Some(token_id) = row.token_id else {
        // What it leads to is for whoever signs in there.
        let page = (row.kind == MailKind::DataExportReady).then_some("security");
        let link = page.map(|page| format!("{}/{page}", gateway.config.frontend_url).into());
        return Ok(Some(Secrets { link, code: None }));
    };
    let found = one_time_token::service::find_issued(gateway, token_id).await?;
    Ok(found.map(|(_, token)| Secrets {
        link: Some(address_of(gateway, row.kind, &token.link(&gateway.session_key))),
        code: Some(token.code(&gateway.session_key)),
    }))
}

fn render(row: &entity::Model, secrets: &Secrets) -> Result<Rendered> {
    let params: Map<String, Value> = serde_json::from_str(&row.params).unwrap_or_default();
    Ok(render::render(row.kind, row.locale, &params, secrets)?)
}

/// In the fragment, which no server sees and no `Referer` tells.
fn address_of(gateway: &Gateway, kind: MailKind, link: &SecretString) -> SecretString {
    let page = match kind {
        MailKind::VerifyEmail => "verify-email",
        MailKind::AlreadyRegistered | MailKind::ResetPassword => "reset-password",
        MailKind::ConfirmEmailChange => "confirm-email",
        MailKind::Invitation => "invitation",
        MailKind::NewDevice => "not-me",
        _ => "",
    };
    format!("{}/{page}#token={}", gateway.config.frontend_url, link.expose_secret()).into()
}

/// Gives a mail that was given up another round of tries.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` for a mail that was sent.
pub async fn retry(gateway: &Gateway, admin: &Admin, client: &Client, id: MailId) -> Result<Mail> {
    let transaction = gateway.begin().await?;
    let row = entity::Entity::find_by_id(id).one(&transaction).await?.ok_or(Error::NotFound("mail"))?;
    if row.state == MailState::Sent {
        return Err(Error::Conflict("This mail was sent already."));
    }
    let change = entity::ActiveModel {
        id: Set(id),
        state: Set(MailState::Queued),
        next_attempt_at: Set(Some(gateway.clock.now())),
        ..Default::default()
    };
    let row = entity::Entity::update(change).exec(&transaction).await?;
    enqueue(gateway, &transaction, id).await?;
    let entry = Entry::by_admin(admin, Kind::MailRetried).from(client).with("mailId", id.to_wire());
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    job::service::wake(gateway);
    Ok(row.into())
}

/// A mail as the development mailbox shows it.
#[derive(Clone)]
pub struct DevelopmentMail {
    /// The mail.
    pub mail: Mail,
    /// Its text.
    pub rendered: Rendered,
}

/// The latest mails of an installation on somebody's own machine, with the links that are still good.
///
/// # Errors
/// `FORBIDDEN` in production, where mails really leave, and for whoever does not ask from this very machine.
pub async fn list_development_mails(gateway: &Gateway, client: &Client) -> Result<Vec<DevelopmentMail>> {
    let config = &gateway.config;
    if config.is_production() || config.mail.smtp.is_some() || !client.is_local() {
        return Err(Error::Forbidden("Mails can be read here in development alone, on the same machine."));
    }
    let rows = entity::Entity::find()
        .order_by_desc(entity::Column::CreatedAt)
        .order_by_desc(entity::Column::Id)
        .limit(DEVELOPMENT_MAILS)
        .all(&gateway.db)
        .await?;
    let mut mails = Vec::new();
    for row in rows {
        let secrets = secrets_of(gateway, &row).await?.unwrap_or_default();
        mails.push(DevelopmentMail { rendered: render(&row, &secrets)?, mail: row.into() });
    }
    Ok(mails)
}

/// Forgets mails of long ago.
///
/// # Errors
/// Internal only.
pub async fn remove_old(gateway: &Gateway) -> Result<u64> {
    let long_ago = entity::Column::CreatedAt.lt(gateway.clock.now() - KEPT_FOR);
    Ok(entity::Entity::delete_many().filter(long_ago).exec(&gateway.db).await?.rows_affected)
}

/// Removes the mails of until then to an address that belong to no account, such as invitations, and those to others
/// that tell of it.
///
/// # Errors
/// Internal only.
pub async fn forget_address(db: &impl ConnectionTrait, address: &str, until: DateTime<Utc>) -> Result<()> {
    let is_to_it =
        Condition::all().add(entity::Column::Recipient.eq(address)).add(entity::Column::UserId.is_null());
    // As JSON writes it: nothing in an address needs an escape.
    let tells_of_it = Expr::col(entity::Column::Params).like(pattern::containing(&format!("\"{address}\"")));
    entity::Entity::delete_many()
        .filter(Condition::any().add(is_to_it).add(tells_of_it))
        .filter(entity::Column::CreatedAt.lte(until))
        .exec(db)
        .await?;
    Ok(())
}

/// How many mails were given up, for `doctor` and the metrics.
///
/// # Errors
/// Internal only.
pub async fn count_failed(db: &impl ConnectionTrait) -> Result<u64> {
    Ok(entity::Entity::find().filter(entity::Column::State.eq(MailState::Failed)).count(db).await?)
}
