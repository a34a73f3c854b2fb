//! Putting work into the queue, taking it, and saying how it went.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, Iterable,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{CaseStatement, Expr, ExprTrait, LockBehavior, LockType, OnConflict, Order, Query},
};
use serde_json::Value;
use uuid::Uuid;

use super::{Job, JobKind, JobState, entity, pause_after};
use crate::{
    auth::secrets::random_bytes,
    clock::Clock,
    error::Result,
    gateway::Gateway,
    id::{JobId, TypedId},
    store::{bus::Topic, pattern},
};

/// Says that there may be work; a worker that does not hear it looks by itself.
pub(super) const WORK_WAITS: Topic<()> = Topic::new("work-waits");

/// How much of an error is kept.
const MAX_ERROR_BYTES: usize = 1000;
/// How long what was done is kept.
pub const KEPT_FOR: TimeDelta = TimeDelta::days(7);

/// Work to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// What.
    pub kind: JobKind,
    /// With what.
    pub payload: Value,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// While a job of this key waits or runs, no other is queued.
    pub unique_key: Option<String>,
}

/// Queues a job together with the change that needs it; [`wake`] comes after the commit.
///
/// # Errors
/// Internal only.
pub async fn enqueue(db: &impl ConnectionTrait, clock: &Clock, new: NewJob) -> Result<()> {
    let row = entity::ActiveModel {
        id: Set(JobId::generate()),
        kind: Set(new.kind),
        payload: Set(new.payload.to_string()),
        unique_key: Set(new.unique_key),
        state: Set(JobState::Queued),
        created_at: Set(clock.now()),
        run_at: Set(new.run_at),
        attempts: Set(0),
        ..Default::default()
    };
    let already_there = OnConflict::new().do_nothing().to_owned();
    match entity::Entity::insert(row).on_conflict(already_there).exec_without_returning(db).await {
        Ok(_) | Err(DbErr::RecordNotInserted) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Tells the workers of all replicas that there is work.
pub fn wake(gateway: &Gateway) {
    gateway.bus.publish(&WORK_WAITS, &());
}

/// A job that this worker has until its lease runs out.
#[derive(Debug, Clone)]
pub struct Leased {
    /// The job.
    pub job: Job,
    lease_id: Uuid,
}

/// Takes the next job whose time has come: one that waits, or one whose worker did not come back. Kinds that a newer
/// release has brought are left to it.
///
/// Replicas that ask at once get different jobs: PostgreSQL skips rows that another one is taking, SQLite has one writer.
///
/// # Errors
/// Internal only.
pub async fn take(gateway: &Gateway) -> Result<Option<Leased>> {
    let (now, lease_id) = (gateway.clock.now(), Uuid::from_bytes(random_bytes()));
    let backend = gateway.db.get_database_backend();
    let mut next = Query::select()
        .column(entity::Column::Id)
        .from(entity::Entity)
        .cond_where(is_due(now))
        .order_by(entity::Column::RunAt, Order::Asc)
        .order_by(entity::Column::Id, Order::Asc)
        .limit(1)
        .to_owned();
    if backend == DbBackend::Postgres {
        next.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let mut until = CaseStatement::new();
    for kind in JobKind::iter() {
        until = until.case(entity::Column::Kind.eq(kind), Expr::val(now + kind.lease()));
    }
    let statement = Query::update()
        .table(entity::Entity)
        .value(entity::Column::State, JobState::Running)
        .value(entity::Column::LeaseId, lease_id)
        .value(entity::Column::LeaseExpiresAt, Expr::expr(until))
        .value(entity::Column::Attempts, Expr::col(entity::Column::Attempts).add(1))
        .and_where(Expr::col(entity::Column::Id).in_subquery(next))
        .returning_all()
        .to_owned();
    let row = entity::Model::find_by_statement(backend.build(&statement)).one(&gateway.db).await?;
    Ok(row.map(|row| Leased { job: row.into(), lease_id }))
}

fn is_due(now: DateTime<Utc>) -> Condition {
    let abandoned = Condition::all()
        .add(entity::Column::State.eq(JobState::Running))
        .add(entity::Column::LeaseExpiresAt.lte(now));
    let waits =
        Condition::all().add(entity::Column::State.eq(JobState::Queued)).add(entity::Column::RunAt.lte(now));
    Condition::all()
        .add(entity::Column::FinishedAt.is_null())
        .add(entity::Column::Kind.is_in(JobKind::iter()))
        .add(Condition::any().add(waits).add(abandoned))
}

/// How an attempt went.
#[derive(Debug)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It is done, and to be done again at this time.
    Again(DateTime<Utc>),
    /// It failed; the text is for administrators.
    Failed(String),
}

/// Says how an attempt went. A worker whose lease ran out meanwhile has no say any more.
///
/// # Errors
/// Internal only.
pub async fn settle(gateway: &Gateway, leased: &Leased, outcome: Outcome) -> Result<()> {
    let now = gateway.clock.now();
    // What was done keeps nothing of the people whom it was done for.
    let finished = |state| entity::ActiveModel {
        state: Set(state),
        payload: Set(Value::Null.to_string()),
        unique_key: Set(None),
        finished_at: Set(Some(now)),
        ..Default::default()
    };
    let queued = |run_at| entity::ActiveModel {
        state: Set(JobState::Queued),
        run_at: Set(run_at),
        ..Default::default()
    };
    let change = match outcome {
        Outcome::Done => entity::ActiveModel { last_error: Set(None), ..finished(JobState::Succeeded) },
        Outcome::Again(at) => entity::ActiveModel { attempts: Set(0), ..queued(at) },
        Outcome::Failed(mut error) => {
            error.truncate(error.floor_char_boundary(MAX_ERROR_BYTES));
            let change = if leased.job.is_last_attempt() {
                finished(JobState::Failed)
            } else {
                queued(now + pause_after(leased.job.attempts))
            };
            entity::ActiveModel { last_error: Set(Some(error)), ..change }
        }
    };
    let change = entity::ActiveModel { lease_id: Set(None), lease_expires_at: Set(None), ..change };
    entity::Entity::update_many()
        .set(change)
        .filter(entity::Column::Id.eq(leased.job.id))
        .filter(entity::Column::LeaseId.eq(leased.lease_id))
        .exec(&gateway.db)
        .await?;
    Ok(())
}

/// Takes an address out of the errors of jobs that were given up.
///
/// # Errors
/// Internal only.
pub async fn forget_address(db: &impl ConnectionTrait, address: &str) -> Result<()> {
    entity::Entity::update_many()
        .set(entity::ActiveModel { last_error: Set(None), ..Default::default() })
        .filter(entity::Column::FinishedAt.is_not_null())
        .filter(Expr::col(entity::Column::LastError).like(pattern::containing(address)))
        .exec(db)
        .await?;
    Ok(())
}

/// When the next job is due; `None` when none waits.
///
/// # Errors
/// Internal only.
pub async fn next_due(gateway: &Gateway) -> Result<Option<DateTime<Utc>>> {
    let waiting = entity::Entity::find()
        .select_only()
        .column(entity::Column::RunAt)
        .filter(entity::Column::FinishedAt.is_null())
        .filter(entity::Column::Kind.is_in(JobKind::iter()))
        .filter(entity::Column::State.eq(JobState::Queued))
        .order_by_asc(entity::Column::RunAt)
        .limit(1);
    Ok(waiting.into_tuple().one(&gateway.db).await?)
}

/// How much work waits whose time has come, or is under way.
///
/// # Errors
/// Internal only.
pub async fn backlog(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64> {
    let waiting = entity::Entity::find()
        .filter(entity::Column::FinishedAt.is_null())
        .filter(entity::Column::RunAt.lte(now));
    Ok(waiting.count(db).await?)
}

/// Removes what was done, or given up, a week ago or earlier.
///
/// # Errors
/// Internal only.
pub async fn remove_finished(gateway: &Gateway) -> Result<u64> {
    let long_over = entity::Column::FinishedAt.lt(gateway.clock.now() - KEPT_FOR);
    Ok(entity::Entity::delete_many().filter(long_over).exec(&gateway.db).await?.rows_affected)
}
