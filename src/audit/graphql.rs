//! What happened, in the schema.

use async_graphql::{Context, ID, Json, Object, Subscription, connection::Connection};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use serde_json::{Map, Value};

use super::{Actor, AuditEvent, Kind, watch};
use crate::{
    graphql::{
        ApiError, RequestContext, Result,
        page::{List, PageArgs},
    },
    id::{TypedId, UserId},
    owned::{CountKey, PageKey},
    session::{device::Device, graphql::DeviceObject},
    store::page::Position,
};

/// An event that the caller may see: one about the own account, or any for an administrator.
pub struct AuditEventNode(AuditEvent);

impl AuditEventNode {
    /// An event that a service has let the caller see.
    #[must_use]
    pub fn new(event: AuditEvent) -> Self {
        Self(event)
    }
}

/// Something that happened.
#[Object(name = "AuditEvent")]
impl AuditEventNode {
    /// Identifies the event.
    pub async fn id(&self) -> ID {
        self.0.id.to_wire().into()
    }

    /// What happened.
    async fn kind(&self) -> Kind {
        self.0.kind
    }

    /// When.
    async fn occurred_at(&self) -> DateTime<Utc> {
        self.0.occurred_at
    }

    /// Who did it, seen from the account that it is about.
    async fn actor(&self) -> Actor {
        self.0.actor
    }

    /// Address that the request came from.
    async fn ip(&self) -> Option<&str> {
        self.0.ip.as_deref()
    }

    /// The device that the request came from, as far as it told of itself.
    async fn device(&self) -> Option<DeviceObject> {
        self.0
            .user_agent
            .as_deref()
            .map(|user_agent| DeviceObject::new(Device::parse(user_agent), user_agent))
    }

    /// Name of the request in the platform's log.
    async fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// What there is to tell beside, by kind: an object.
    async fn details(&self) -> Json<Map<String, Value>> {
        Json(self.0.details.clone())
    }
}

/// What a connection of events knows beside its page.
pub struct ActivityConnectionFields {
    user_id: UserId,
}

#[Object]
impl ActivityConnectionFields {
    /// How many events there are on all pages.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        let key = CountKey { user_id: self.user_id, filter: () };
        Ok(RequestContext::of(ctx).loaders.activity_counts.try_load(key).await??)
    }
}

/// A page of events.
pub type AuditEventConnection = Connection<String, AuditEventNode, ActivityConnectionFields>;

/// A page of what happened to the account of a user whom the caller may see.
pub(crate) async fn user_activity(
    request: &RequestContext,
    user_id: UserId,
    args: &PageArgs,
) -> Result<AuditEventConnection> {
    let list = List::new(format!("activity of {user_id}"), &request.gateway.session_key);
    let page = list.page(args)?;
    let slice = request.loaders.activity_pages.try_load(PageKey { user_id, filter: (), page }).await??;
    let position = |event: &AuditEvent| Position { key: event.occurred_at, id: event.id.into() };
    Ok(list.connection(slice, ActivityConnectionFields { user_id }, position, AuditEventNode::new))
}

/// Events as they are recorded.
#[derive(Default)]
pub struct AuditSubscription;

#[Subscription]
impl AuditSubscription {
    /// What happens to the viewer's own account, from now on.
    async fn my_activity(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<AuditEventNode>> + use<>> {
        let request = RequestContext::of(ctx);
        let events = watch::watch_own(&request.gateway, *request.require_viewer()?);
        Ok(events.map(|event| event.map(AuditEventNode::new).map_err(ApiError::from)))
    }
}
