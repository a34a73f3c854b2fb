//! The log level in the schema.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{LogLevelChange, service};
use crate::{
    graphql::{RequestContext, Result},
    telemetry::LogLevel,
};

/// How much the platform logs.
#[derive(SimpleObject)]
struct LogSetting {
    /// The filter that every replica starts with.
    configured: String,
    /// What holds in its place; null: nothing does.
    change: Option<LogLevelChangeNode>,
}

/// A log level that holds for a while.
#[derive(SimpleObject)]
#[graphql(name = "LogLevelChange")]
struct LogLevelChangeNode {
    /// How much is logged.
    level: LogLevel,
    /// When the configured filter holds again.
    until: DateTime<Utc>,
}

impl From<LogLevelChange> for LogLevelChangeNode {
    fn from(LogLevelChange { level, until }: LogLevelChange) -> Self {
        Self { level, until }
    }
}

/// What `changeLogLevel` needs.
#[derive(InputObject)]
struct ChangeLogLevelInput {
    /// How much is to be logged.
    level: LogLevel,
    /// For how long: 1 to 1440 minutes.
    #[graphql(default = 30)]
    minutes: u32,
}

/// Questions about the log.
#[derive(Default)]
pub struct LogLevelQuery;

#[Object]
impl LogLevelQuery {
    /// How much the platform logs, for administrators.
    async fn log_setting(&self, ctx: &Context<'_>) -> Result<LogSetting> {
        let request = RequestContext::of(ctx);
        let change = service::find(&request.gateway, &request.require_admin()?);
        let configured = request.gateway.config.log_level.clone();
        Ok(LogSetting { configured, change: change.map(Into::into) })
    }
}

/// Changes of the log.
#[derive(Default)]
pub struct LogLevelMutation;

#[Object]
impl LogLevelMutation {
    /// Has all replicas log more, or less, for a while; for administrators.
    async fn change_log_level(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The level, and for how long.")] input: ChangeLogLevelInput,
    ) -> Result<LogLevelChangeNode> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        Ok(service::change(&request.gateway, &admin, input.level, input.minutes)?.into())
    }

    /// Has all replicas log as configured again; for administrators.
    async fn reset_log_level(&self, ctx: &Context<'_>) -> Result<bool> {
        let request = RequestContext::of(ctx);
        service::reset(&request.gateway, &request.require_admin()?);
        Ok(true)
    }
}
