//! What happens to sessions, told to every replica and to the people who watch.

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};

use super::{Session, service};
use crate::{
    auth::Viewer,
    error::{Error, Result},
    gateway::Gateway,
    id::{SessionId, UserId},
    store::bus::{Received, Topic, until_first_error},
};

/// Topic of [`SessionChanged`].
pub const SESSION_CHANGED: Topic<SessionChanged> = Topic::new("session-changed");

/// What happened to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Enum)]
#[graphql(name = "SessionEventKind")]
pub enum SessionChange {
    /// Someone signed in.
    Started,
    /// Its tokens were replaced.
    Refreshed,
    /// Its user has shown once more who it is.
    Reauthenticated,
    /// It is over.
    Ended,
}

impl SessionChange {
    /// Whether what caches hold of the session is no longer true.
    #[must_use]
    pub fn makes_stale(self) -> bool {
        matches!(self, Self::Ended | Self::Reauthenticated)
    }
}

/// The message on the bus.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionChanged {
    /// What happened.
    pub change: SessionChange,
    /// To which session.
    pub session_id: SessionId,
    /// Whose session it is.
    pub user_id: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// A change, with the session as it is after it.
#[derive(Debug, Clone)]
pub struct SessionEvent {
    /// What happened.
    pub change: SessionChange,
    /// When.
    pub at: DateTime<Utc>,
    /// The session.
    pub session: Session,
}

/// Makes a committed change hold everywhere: caches forget the session, watchers hear of it.
pub(super) async fn announce(gateway: &Gateway, change: SessionChange, session: &Session) {
    if change.makes_stale() {
        gateway.sessions.invalidate(session.id.into()).await;
    }
    let message =
        SessionChanged { change, session_id: session.id, user_id: session.user_id, at: gateway.clock.now() };
    gateway.bus.publish(&SESSION_CHANGED, &message);
}

/// The viewer's own sessions' events from now on.
///
/// Ends with an error when events may have been missed: who watches then reads the list anew and subscribes again.
pub fn watch_own(gateway: &Gateway, viewer: Viewer) -> impl Stream<Item = Result<SessionEvent>> + use<> {
    let gateway = gateway.clone();
    let received = gateway.bus.subscribe(&SESSION_CHANGED);
    let events = received.filter_map(move |received| {
        let gateway = gateway.clone();
        async move {
            match received {
                Received::Gap => Some(Err(Error::EventsMissed)),
                Received::Message(message) if message.user_id == viewer.user_id() => {
                    load_event(&gateway, viewer, message).await.transpose()
                }
                Received::Message(_) => None,
            }
        }
    });
    until_first_error(events)
}

async fn load_event(
    gateway: &Gateway,
    viewer: Viewer,
    message: SessionChanged,
) -> Result<Option<SessionEvent>> {
    let session = service::find(gateway, &viewer, message.session_id).await?;
    Ok(session.map(|session| SessionEvent { change: message.change, at: message.at, session }))
}
