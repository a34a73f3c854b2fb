//! Recording what happened, and reading it again.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::Value;

use super::{AuditEvent, Entry, entity, watch};
use crate::{
    auth::Viewer,
    clock::Clock,
    error::Result,
    gateway::Gateway,
    id::{AuditEventId, TypedId, UserId},
};

/// An event that is recorded, once its transaction commits.
#[derive(Debug)]
#[must_use = "whoever watches hears of it through `announce`, after the commit"]
pub struct Recorded {
    id: AuditEventId,
    subject_id: Option<UserId>,
}

impl Recorded {
    /// Tells those who watch, on every replica; for after the commit.
    pub fn announce(self, gateway: &Gateway) {
        watch::publish(gateway, self.id, self.subject_id);
    }
}

/// Records an event together with the change that it tells of.
///
/// # Errors
/// Internal only.
pub async fn record(db: &impl ConnectionTrait, clock: &Clock, entry: Entry) -> Result<Recorded> {
    let id = AuditEventId::generate();
    let subject_id = entry.subject_id;
    let (ip, user_agent, request_id) = match entry.client {
        Some(client) => (Some(client.ip), Some(client.user_agent), Some(client.request_id)),
        None => (None, None, None),
    };
    let row = entity::ActiveModel {
        id: Set(id),
        kind: Set(entry.kind),
        occurred_at: Set(clock.now()),
        actor: Set(entry.actor),
        actor_id: Set(entry.actor_id),
        subject_id: Set(subject_id),
        ip: Set(ip),
        user_agent: Set(user_agent),
        request_id: Set(request_id),
        details: Set(Value::Object(entry.details).to_string()),
    };
    entity::Entity::insert(row).exec_without_returning(db).await?;
    Ok(Recorded { id, subject_id })
}

/// Records an event that is no part of a change, such as a failure, and tells those who watch.
///
/// # Errors
/// Internal only.
pub async fn record_now(gateway: &Gateway, entry: Entry) -> Result<()> {
    record(&gateway.db, &gateway.clock, entry).await?.announce(gateway);
    Ok(())
}

/// One event: of the own account, or any when the viewer is an administrator.
///
/// # Errors
/// Internal only.
pub async fn find(gateway: &Gateway, viewer: &Viewer, id: AuditEventId) -> Result<Option<AuditEvent>> {
    let mut visible = entity::Entity::find_by_id(id);
    if viewer.admin().is_err() {
        visible = visible.filter(entity::Column::SubjectId.eq(viewer.user_id()));
    }
    Ok(visible.one(&gateway.db).await?.map(AuditEvent::from))
}
