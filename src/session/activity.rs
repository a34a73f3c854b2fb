//! When each session was last used: noted in memory, written in batches.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{CaseStatement, Expr, ExprTrait, SimpleExpr},
};
use tokio_util::sync::CancellationToken;

use super::entity;
use crate::{error::Result, gateway::Gateway, id::SessionId};

/// How often activity is written; a session's `last_active_at` lags by this at most.
const FLUSH_INTERVAL: Duration = Duration::from_secs(60);
/// Sessions in one UPDATE.
const CHUNK: usize = 500;
/// Sessions remembered between two writes. More are not noted: their time then lags by one interval more.
const CAPACITY: usize = 200_000;

/// The activity not yet written.
#[derive(Debug, Clone, Default)]
pub struct Activity(Arc<Mutex<HashMap<SessionId, DateTime<Utc>>>>);

impl Activity {
    /// Notes that a session is in use.
    pub fn note(&self, session_id: SessionId, at: DateTime<Utc>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < CAPACITY || noted.contains_key(&session_id) {
            noted.insert(session_id, at);
        }
    }

    fn take(&self) -> Vec<(SessionId, DateTime<Utc>)> {
        let noted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut noted: Vec<_> = noted.into_iter().collect();
        // Two replicas lock rows in the same order and cannot wait for each other.
        noted.sort_unstable_by_key(|(session_id, _)| *session_id);
        noted
    }
}

/// Writes activity every minute until `shutdown`, and then once more.
pub async fn keep_flushing(gateway: Gateway, shutdown: CancellationToken) {
    let mut interval = tokio::time::interval(FLUSH_INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            _ = interval.tick() => false,
            () = shutdown.cancelled() => true,
        };
        if let Err(error) = flush(&gateway).await {
            tracing::warn!(error = format!("{error:#?}"), "session activity could not be written");
        }
        if last {
            return;
        }
    }
}

/// Writes what was noted; a later time never gives way to an earlier one.
///
/// # Errors
/// Internal only. What could not be written is forgotten: the next request notes it again.
pub async fn flush(gateway: &Gateway) -> Result<()> {
    for chunk in gateway.activity.take().chunks(CHUNK) {
        let mut times = CaseStatement::new();
        for (id, at) in chunk {
            times = times.case(entity::Column::Id.eq(*id), Expr::val(*at));
        }
        let times = SimpleExpr::Case(Box::new(times));
        entity::Entity::update_many()
            .col_expr(entity::Column::LastActiveAt, times.clone())
            .filter(entity::Column::Id.is_in(chunk.iter().map(|(id, _)| *id)))
            .filter(Expr::col(entity::Column::LastActiveAt).lt(times))
            .filter(Expr::col(entity::Column::EndedAt).is_null())
            .exec(&gateway.db)
            .await?;
    }
    Ok(())
}
