//! Asking for copies, storing and giving them.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    DOWNLOADS_PER_HOUR, DataExport, DataExportState, KEPT_FOR, MAX_BYTES, REQUESTS_PER_DAY,
    entity::{self, chunk},
    link::Token,
    watch,
};
use crate::{
    audit::{self, Entry, Kind},
    auth::{Client, RecentlyAuthenticated, SignedInViewer, secrets::random_bytes},
    error::{Error, Result},
    gateway::Gateway,
    id::{DataExportId, TypedId, UserId},
    job::{self, JobKind, service::NewJob},
    mail::{self, Letter, MailKind},
    store::rate_limit::Quota,
    user::{self, User},
};

const SALT_BYTES: usize = 16;
/// How long it is remembered that a copy was asked for.
const REMEMBERED_FOR: TimeDelta = TimeDelta::days(30);
/// When a copy that nobody makes any more is given up.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::days(1);

/// Has a copy of the viewer's data made. While one is being made, that one is the answer.
///
/// # Errors
/// `RATE_LIMITED` for more than three within a day.
pub async fn request(
    gateway: &Gateway,
    viewer: &RecentlyAuthenticated,
    client: &Client,
) -> Result<DataExport> {
    let (now, user_id) = (gateway.clock.now(), viewer.user_id());
    let transaction = gateway.begin().await?;
    let id = DataExportId::generate();
    let row = entity::ActiveModel {
        id: Set(id),
        user_id: Set(user_id),
        state: Set(DataExportState::Queued),
        progress: Set(0.0),
        run_id: Set(None),
        salt: Set(random_bytes::<SALT_BYTES>().to_vec()),
        size_bytes: Set(0),
        requested_at: Set(now),
        finished_at: Set(None),
        expires_at: Set(None),
    };
    let one_at_a_time = OnConflict::new().do_nothing().to_owned();
    match entity::Entity::insert(row).on_conflict(one_at_a_time).exec_without_returning(&transaction).await {
        Ok(1) => {}
        Ok(_) | Err(DbErr::RecordNotInserted) => {
            transaction.rollback().await?;
            return find_latest(gateway, viewer.signed_in()).await?.ok_or(Error::NotFound("copy"));
        }
        Err(error) => return Err(error.into()),
    }
    // The new one counts, so that two callers at once cannot both have the last.
    if let Some(wait) = wait_for(&transaction, user_id, now).await? {
        return Err(Error::RateLimited(wait));
    }
    let job = NewJob {
        kind: JobKind::ExportData,
        payload: json!({ "exportId": id }),
        run_at: now,
        unique_key: Some(format!("export:{id}")),
    };
    job::service::enqueue(&transaction, &gateway.clock, job).await?;
    let entry = Entry::by(viewer.viewer(), Kind::DataExportRequested).from(client);
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    let row = entity::Entity::find_by_id(id).one(&transaction).await?.ok_or(Error::NotFound("copy"))?;
    transaction.commit().await?;
    recorded.announce(gateway);
    watch::publish(gateway, user_id);
    job::service::wake(gateway);
    Ok((row, now).into())
}

/// How long until one more may be asked for, where those of the last day are too many.
async fn wait_for(
    db: &impl ConnectionTrait,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Option<std::time::Duration>> {
    let lately = entity::Entity::find()
        .filter(entity::Column::UserId.eq(user_id))
        .filter(entity::Column::RequestedAt.gt(now - TimeDelta::days(1)))
        .order_by_desc(entity::Column::Id)
        .limit(REQUESTS_PER_DAY + 1)
        .all(db)
        .await?;
    let too_early = lately.get(REQUESTS_PER_DAY as usize);
    Ok(too_early.map(|row| (row.requested_at + TimeDelta::days(1) - now).to_std().unwrap_or_default()))
}

/// The viewer's latest copy.
///
/// # Errors
/// Internal only.
pub async fn find_latest(gateway: &Gateway, viewer: &SignedInViewer) -> Result<Option<DataExport>> {
    let latest = entity::Entity::find()
        .filter(entity::Column::UserId.eq(viewer.user_id()))
        .order_by_desc(entity::Column::RequestedAt)
        .order_by_desc(entity::Column::Id)
        .limit(1);
    Ok(latest.one(&gateway.db).await?.map(|row| (row, gateway.clock.now()).into()))
}

/// One of the viewer's copies.
///
/// # Errors
/// Internal only.
pub async fn find(
    gateway: &Gateway,
    viewer: &SignedInViewer,
    id: DataExportId,
) -> Result<Option<DataExport>> {
    let own = entity::Entity::find_by_id(id).filter(entity::Column::UserId.eq(viewer.user_id()));
    Ok(own.one(&gateway.db).await?.map(|row| (row, gateway.clock.now()).into()))
}

/// The copy of a link, which is downloaded now.
///
/// # Errors
/// `INVALID_TOKEN`, the same whatever is wrong with the link; `RATE_LIMITED`.
pub async fn open(gateway: &Gateway, token: &str, client: &Client) -> Result<DataExport> {
    let token = Token::parse(token).ok_or(Error::InvalidToken)?;
    let row = entity::Entity::find_by_id(token.id).one(&gateway.db).await?.ok_or(Error::InvalidToken)?;
    let export = DataExport::from((row, gateway.clock.now()));
    if !export.is_opened_by(&token, &gateway.session_key) || export.state != DataExportState::Ready {
        return Err(Error::InvalidToken);
    }
    let user = user::service::load_active(&gateway.db, export.user_id).await?;
    let user = user.ok_or(Error::InvalidToken)?;
    gateway.limit(&format!("data-export:{}", export.id), Quota::per_hour(DOWNLOADS_PER_HOUR)).await?;
    let entry = Entry::by_user(user.id, Kind::DataExportDownloaded).from(client);
    audit::service::record_now(gateway, entry).await?;
    Ok(export)
}

/// The next piece of a copy that was opened; `None` behind the last one.
///
/// # Errors
/// Internal only.
pub async fn load_chunk(gateway: &Gateway, id: DataExportId, number: i32) -> Result<Option<Vec<u8>>> {
    let row = chunk::Entity::find_by_id((id, number)).one(&gateway.db).await?;
    Ok(row.map(Vec::from))
}

/// An attempt at a copy. What it writes is refused once another attempt has begun, or the account is gone.
#[derive(Debug, Clone)]
pub struct Run {
    id: DataExportId,
    run_id: Uuid,
    /// Whose data it is.
    pub user_id: UserId,
}

/// What an attempt is told that is no longer the one.
const ANOTHER: Error = Error::Conflict("Another worker has begun this copy anew, or it is no longer wanted.");

impl Run {
    fn is_current(&self) -> Condition {
        Condition::all()
            .add(entity::Column::Id.eq(self.id))
            .add(entity::Column::State.eq(DataExportState::Running))
            .add(entity::Column::RunId.eq(self.run_id))
    }

    async fn change(&self, db: &impl ConnectionTrait, change: entity::ActiveModel) -> Result<()> {
        let changed = entity::Entity::update_many().set(change).filter(self.is_current()).exec(db).await?;
        if changed.rows_affected == 1 { Ok(()) } else { Err(ANOTHER) }
    }

    /// Stores the next piece.
    ///
    /// # Errors
    /// `CONFLICT` when this attempt is no longer the one.
    pub async fn store(&self, gateway: &Gateway, number: i32, bytes: Vec<u8>) -> Result<()> {
        let transaction = gateway.begin().await?;
        let added = Expr::col(entity::Column::SizeBytes).add(bytes.len() as i64);
        let changed = entity::Entity::update_many()
            .col_expr(entity::Column::SizeBytes, added)
            .filter(self.is_current())
            .exec(&transaction)
            .await?;
        if changed.rows_affected != 1 {
            return Err(ANOTHER);
        }
        let row = chunk::ActiveModel { export_id: Set(self.id), number: Set(number), bytes: Set(bytes) };
        chunk::Entity::insert(row).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Tells how much is made, from 0 to 1.
    ///
    /// # Errors
    /// `CONFLICT` when this attempt is no longer the one.
    pub async fn note_progress(&self, gateway: &Gateway, progress: f64) -> Result<()> {
        let change = entity::ActiveModel { progress: Set(progress), ..Default::default() };
        self.change(&gateway.db, change).await?;
        watch::publish(gateway, self.user_id);
        Ok(())
    }

    /// Has the copy be ready, in place of an earlier one, and has a mail tell the owner.
    ///
    /// # Errors
    /// `CONFLICT` when this attempt is no longer the one.
    pub async fn finish(&self, gateway: &Gateway, user: &User) -> Result<()> {
        let now = gateway.clock.now();
        let change = entity::ActiveModel {
            state: Set(DataExportState::Ready),
            progress: Set(1.0),
            finished_at: Set(Some(now)),
            expires_at: Set(Some(now + KEPT_FOR)),
            ..Default::default()
        };
        let transaction = gateway.begin().await?;
        self.change(&transaction, change).await?;
        let earlier =
            Condition::all().add(entity::Column::UserId.eq(self.user_id)).add(entity::Column::Id.ne(self.id));
        expire(&transaction, earlier).await?;
        mail::service::send(gateway, &transaction, Letter::to(user, MailKind::DataExportReady)).await?;
        transaction.commit().await?;
        watch::publish(gateway, self.user_id);
        job::service::wake(gateway);
        Ok(())
    }

    /// Gives the copy up.
    ///
    /// # Errors
    /// Internal only; where this attempt is no longer the one, nothing happens.
    pub async fn fail(&self, gateway: &Gateway) -> Result<()> {
        let transaction = gateway.begin().await?;
        let given_up = give_up(gateway, &transaction, self.is_current()).await?;
        transaction.commit().await?;
        given_up.into_iter().for_each(|user_id| watch::publish(gateway, user_id));
        Ok(())
    }
}

/// Begins a copy, or begins it anew; `None` where it is not to be made any more.
///
/// # Errors
/// Internal only.
pub async fn begin(gateway: &Gateway, id: DataExportId) -> Result<Option<Run>> {
    let run_id = Uuid::from_bytes(random_bytes());
    let change = entity::ActiveModel {
        state: Set(DataExportState::Running),
        run_id: Set(Some(run_id)),
        progress: Set(0.0),
        size_bytes: Set(0),
        ..Default::default()
    };
    let transaction = gateway.begin().await?;
    let begun = entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(id))
        .filter(is_open())
        .exec_with_returning(&transaction)
        .await?;
    let Some(row) = begun.into_iter().next() else { return Ok(None) };
    remove_chunks(&transaction, id).await?;
    transaction.commit().await?;
    watch::publish(gateway, row.user_id);
    Ok(Some(Run { id, run_id, user_id: row.user_id }))
}

/// Whether so many bytes are more than a copy may have.
#[must_use]
pub fn is_too_large(bytes: u64) -> bool {
    bytes > MAX_BYTES
}

fn is_open() -> Condition {
    Condition::all().add(entity::Column::State.is_in([DataExportState::Queued, DataExportState::Running]))
}

async fn remove_chunks(db: &impl ConnectionTrait, id: DataExportId) -> Result<()> {
    chunk::Entity::delete_many().filter(chunk::Column::ExportId.eq(id)).exec(db).await?;
    Ok(())
}

/// Gives copies up that are not made any more, and tells whose those were.
async fn give_up(gateway: &Gateway, db: &impl ConnectionTrait, which: Condition) -> Result<Vec<UserId>> {
    let change = entity::ActiveModel {
        state: Set(DataExportState::Failed),
        finished_at: Set(Some(gateway.clock.now())),
        size_bytes: Set(0),
        ..Default::default()
    };
    let given_up = entity::Entity::update_many()
        .set(change)
        .filter(which)
        .filter(is_open())
        .exec_with_returning(db)
        .await?;
    for row in &given_up {
        remove_chunks(db, row.id).await?;
    }
    Ok(given_up.into_iter().map(|row| row.user_id).collect())
}

/// Takes the downloads of copies away, and tells whose those were.
async fn expire(db: &impl ConnectionTrait, which: Condition) -> Result<Vec<UserId>> {
    let change = entity::ActiveModel {
        state: Set(DataExportState::Expired),
        size_bytes: Set(0),
        ..Default::default()
    };
    let expired = entity::Entity::update_many()
        .set(change)
        .filter(which)
        .filter(entity::Column::State.eq(DataExportState::Ready))
        .exec_with_returning(db)
        .await?;
    for row in &expired {
        remove_chunks(db, row.id).await?;
    }
    Ok(expired.into_iter().map(|row| row.user_id).collect())
}

/// Takes a user's downloads away: somebody else may have the link.
///
/// # Errors
/// Internal only.
pub async fn withdraw(db: &impl ConnectionTrait, user_id: UserId) -> Result<()> {
    expire(db, Condition::all().add(entity::Column::UserId.eq(user_id))).await?;
    Ok(())
}

/// Removes what has run out, gives up what nobody makes any more, and forgets what was long ago. Tells how many downloads
/// went.
///
/// # Errors
/// Internal only.
pub async fn remove_expired(gateway: &Gateway) -> Result<usize> {
    let now = gateway.clock.now();
    let transaction = gateway.begin().await?;
    let run_out = Condition::all().add(entity::Column::ExpiresAt.lte(now));
    let expired = expire(&transaction, run_out).await?;
    let abandoned = Condition::all().add(entity::Column::RequestedAt.lt(now - GIVEN_UP_AFTER));
    let given_up = give_up(gateway, &transaction, abandoned).await?;
    entity::Entity::delete_many()
        .filter(entity::Column::RequestedAt.lt(now - REMEMBERED_FOR))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    let count = expired.len();
    expired.into_iter().chain(given_up).for_each(|user_id| watch::publish(gateway, user_id));
    Ok(count)
}
