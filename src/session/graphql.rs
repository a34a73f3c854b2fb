//! Sessions, and the ways into and out of them, in the schema.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject, Subscription, connection::Connection};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};

use super::{
    EndReason, Session, SessionState,
    device::{Device, DeviceKind},
    events::{self, SessionChange, SessionEvent},
    service,
};
use crate::{
    auth::Viewer,
    error::Error,
    graphql::{
        ApiError, RequestContext, Result,
        page::{List, PageArgs},
    },
    id::{SessionId, TypedId, UserId},
    owned::{CountKey, PageKey},
    store::page::Position,
    user::graphql::UserNode,
};

/// A session that the caller may see: an own one, or any for an administrator.
pub struct SessionNode {
    session: Session,
    seen_by: Viewer,
}

impl SessionNode {
    /// A session that a service has let `viewer` see.
    #[must_use]
    pub fn new(session: Session, viewer: Viewer) -> Self {
        Self { session, seen_by: viewer }
    }

    fn ending(&self, ctx: &Context<'_>) -> Option<super::Ending> {
        let gateway = &RequestContext::of(ctx).gateway;
        self.session.ending(gateway.clock.now(), gateway.config.lifetimes.session_idle)
    }
}

/// One signed-in device.
#[Object(name = "Session")]
impl SessionNode {
    /// Identifies the session.
    pub async fn id(&self) -> ID {
        self.session.id.to_wire().into()
    }

    /// Whose session it is.
    async fn user(&self, ctx: &Context<'_>) -> Result<UserNode> {
        let user = RequestContext::of(ctx).loaders.users.try_load(self.session.user_id).await??;
        Ok(UserNode::new(user.ok_or(Error::NotFound("user"))?, self.seen_by))
    }

    /// The device, as far as it told of itself.
    async fn device(&self) -> DeviceObject {
        DeviceObject::new(Device::parse(&self.session.user_agent), &self.session.user_agent)
    }

    /// Address from which it last signed in or refreshed.
    async fn ip(&self) -> &str {
        &self.session.ip
    }

    /// Time of the sign-in.
    async fn created_at(&self) -> DateTime<Utc> {
        self.session.created_at
    }

    /// Last request; may lag by a minute.
    async fn last_active_at(&self) -> DateTime<Utc> {
        self.session.last_active_at
    }

    /// When it ends at the latest, however much it is used.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.session.expires_at
    }

    /// Whether the caller is using it to ask.
    async fn is_current(&self) -> bool {
        Some(self.session.id) == self.seen_by.session_id()
    }

    /// Since when it is over; null while it lives.
    async fn ended_at(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        self.ending(ctx).map(|ending| ending.at)
    }

    /// Why it is over; null while it lives.
    async fn end_reason(&self, ctx: &Context<'_>) -> Option<EndReason> {
        self.ending(ctx).map(|ending| ending.reason)
    }
}

/// What a client said of itself in its User-Agent header; all of it is a guess.
#[derive(SimpleObject)]
#[graphql(name = "Device")]
pub(crate) struct DeviceObject {
    /// One line for people, such as `Chrome 130 · Windows 10`; empty when nothing is known.
    label: String,
    /// What sort of device it is.
    kind: DeviceKind,
    /// Name of the browser or program.
    browser: Option<String>,
    /// Version of the browser.
    browser_version: Option<String>,
    /// Name of the operating system.
    os: Option<String>,
    /// Version of the operating system.
    os_version: Option<String>,
    /// The header itself, cut to 512 bytes.
    user_agent: String,
}

impl DeviceObject {
    pub(crate) fn new(device: Device, user_agent: &str) -> Self {
        Self {
            label: device.label(),
            kind: device.kind,
            browser: device.browser,
            browser_version: device.browser_version,
            os: device.os,
            os_version: device.os_version,
            user_agent: user_agent.to_owned(),
        }
    }
}

/// What a connection of sessions knows beside its page.
pub struct SessionConnectionFields {
    key: CountKey<Option<SessionState>>,
}

#[Object]
impl SessionConnectionFields {
    /// How many sessions there are on all pages.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        Ok(RequestContext::of(ctx).loaders.session_counts.try_load(self.key).await??)
    }
}

/// A page of sessions.
pub type SessionConnection = Connection<String, SessionNode, SessionConnectionFields>;

/// A page of the sessions of a user whom `viewer` may see.
pub(crate) async fn user_sessions(
    request: &RequestContext,
    user_id: UserId,
    viewer: Viewer,
    state: Option<SessionState>,
    args: &PageArgs,
) -> Result<SessionConnection> {
    let list = List::new(format!("sessions of {user_id}"), &request.gateway.session_key);
    let page = list.page(args)?;
    let slice = request.loaders.session_pages.try_load(PageKey { user_id, filter: state, page }).await??;
    let fields = SessionConnectionFields { key: CountKey { user_id, filter: state } };
    let position = |session: &Session| Position { key: session.created_at, id: session.id.into() };
    Ok(list.connection(slice, fields, position, |session| SessionNode::new(session, viewer)))
}

/// Ends sessions.
#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Ends one session at once: an own one, or any for an administrator. Ending it again changes nothing.
    async fn end_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: EndSessionInput,
    ) -> Result<SessionNode> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_viewer()?;
        let id = SessionId::parse(&input.session_id).ok_or(Error::NotFound("session"))?;
        let session = service::end(&request.gateway, viewer, id, &request.client).await?;
        Ok(SessionNode::new(session, *viewer))
    }

    /// Ends all of the viewer's sessions but the one in use; answers how many those were.
    async fn end_other_sessions(&self, ctx: &Context<'_>) -> Result<usize> {
        let request = RequestContext::of(ctx);
        Ok(service::end_others(&request.gateway, request.require_viewer()?, &request.client).await?)
    }

    /// Replaces the viewer's password and ends all other sessions.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The current and the new password.")] input: ChangePasswordInput,
    ) -> Result<UserNode> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_signed_in()?;
        let (current, new) = (&input.current_password, &input.new_password);
        let user =
            service::change_password(&request.gateway, &viewer, current, new, &request.origin(None)).await?;
        Ok(UserNode::new(user, *viewer.viewer()))
    }
}

/// What `endSession` ends.
#[derive(InputObject)]
struct EndSessionInput {
    /// ID of the session.
    session_id: ID,
}

/// What `changePassword` needs.
#[derive(InputObject)]
struct ChangePasswordInput {
    /// The password that is to be replaced.
    current_password: String,
    /// 8 to 128 characters, and not easy to guess.
    new_password: String,
}

/// Something that happened to a session of the viewer's.
pub struct SessionEventObject {
    event: SessionEvent,
    viewer: Viewer,
}

/// Something that happened to a session.
#[Object(name = "SessionEvent")]
impl SessionEventObject {
    /// What happened.
    async fn kind(&self) -> SessionChange {
        self.event.change
    }

    /// When it happened.
    async fn occurred_at(&self) -> DateTime<Utc> {
        self.event.at
    }

    /// The session as it is now.
    async fn session(&self) -> SessionNode {
        SessionNode::new(self.event.session.clone(), self.viewer)
    }
}

/// Events of sessions.
#[derive(Default)]
pub struct SessionSubscription;

#[Subscription]
impl SessionSubscription {
    /// The viewer's own sessions being started, refreshed and ended, from now on.
    async fn session_events(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<SessionEventObject>> + use<>> {
        let request = RequestContext::of(ctx);
        let viewer = *request.require_viewer()?;
        let events = events::watch_own(&request.gateway, viewer);
        Ok(events.map(move |event| {
            event.map(|event| SessionEventObject { event, viewer }).map_err(ApiError::from)
        }))
    }
}
