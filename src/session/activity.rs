//! When each session was last used: noted in memory, written in batches.

use std::time::Duration;

use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{CaseStatement, Expr, ExprTrait, SimpleExpr},
};
use tokio_util::sync::CancellationToken;

use super::entity;
use crate::{api_key, error::Result, gateway::Gateway, store::last_uses::CHUNK};

/// How often activity is written; a session's `last_active_at` lags by this at most.
const FLUSH_INTERVAL: Duration = Duration::from_secs(60);

/// Writes the activity of sessions, and of API keys, every minute until `shutdown`, and then once more.
pub async fn keep_flushing(gateway: Gateway, shutdown: CancellationToken) {
    let mut interval = tokio::time::interval(FLUSH_INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            _ = interval.tick() => false,
            () = shutdown.cancelled() => true,
        };
        for flushed in [flush(&gateway).await, api_key::usage::flush(&gateway).await] {
            if let Err(error) = flushed {
                tracing::warn!(error = format!("{error:#?}"), "activity could not be written");
            }
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
