//! Which sessions may be used right now: the question of every request, answered from memory when warm.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::{
    Session,
    events::{SESSION_CHANGED, SessionChange},
    service,
    sockets::SocketOwner,
};
use crate::{
    auth::viewer::{LiveSession, LiveSessions},
    error::Result,
    gateway::Gateway,
    id::{SessionId, UserId},
    store::bus::Received,
    user::{self, USER_CHANGED, User, UserStatus},
};

/// How often open sockets are held against the database. Events close them within milliseconds;
/// this is for the day they do not arrive.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3);
/// Identifiers in one statement of the sweep.
const SWEEP_CHUNK: usize = 500;

impl LiveSessions for Gateway {
    async fn find_live(&self, id: SessionId) -> Result<Option<LiveSession>> {
        let load = async { Ok(service::list_by_ids(&self.db, &[id]).await?.pop()) };
        let Some(session) = self.sessions.get_or_load(id.into(), load).await? else { return Ok(None) };
        let user = user::service::find_cached(self, session.user_id).await?;
        Ok(user.and_then(|user| live(self, &session, &user)))
    }
}

fn live(gateway: &Gateway, session: &Session, user: &User) -> Option<LiveSession> {
    let over = session.ending(gateway.clock.now(), gateway.config.lifetimes.session_idle).is_some();
    (!over && user.status == UserStatus::Active).then_some(LiveSession { user_id: user.id, role: user.role })
}

/// Keeps this replica's caches and sockets true to what happens anywhere, until `shutdown`.
pub async fn follow_changes(gateway: Gateway, shutdown: CancellationToken) {
    let mut sessions = gateway.bus.subscribe(&SESSION_CHANGED);
    let mut users = gateway.bus.subscribe(&USER_CHANGED);
    let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            Some(received) = sessions.next() => match received {
                Received::Message(message) if message.change == SessionChange::Ended => {
                    gateway.sessions.forget_local(message.session_id.into());
                    gateway.sockets.revoke(message.session_id);
                }
                Received::Message(_) => {}
                Received::Gap => start_over(&gateway).await,
            },
            Some(received) = users.next() => match received {
                Received::Message(message) => {
                    gateway.users.forget_local(message.user_id.into());
                    let owners = gateway.sockets.owners_of(message.user_id);
                    revoke_dead(&gateway, owners).await;
                }
                Received::Gap => start_over(&gateway).await,
            },
            _ = sweep.tick() => revoke_dead(&gateway, gateway.sockets.owners()).await,
        }
    }
}

/// Nothing cached is believed any more.
async fn start_over(gateway: &Gateway) {
    gateway.sessions.flush_local();
    gateway.users.flush_local();
    revoke_dead(gateway, gateway.sockets.owners()).await;
}

/// Closes the sockets whose session may no longer be used, or whose user has another role by now.
async fn revoke_dead(gateway: &Gateway, owners: Vec<SocketOwner>) {
    for chunk in owners.chunks(SWEEP_CHUNK) {
        match dead_among(gateway, chunk).await {
            Ok(dead) => dead.into_iter().for_each(|id| gateway.sockets.revoke(id)),
            Err(error) => {
                // The next sweep tries again.
                tracing::warn!(error = format!("{error:#?}"), "open sockets could not be checked");
                return;
            }
        }
    }
}

async fn dead_among(gateway: &Gateway, owners: &[SocketOwner]) -> Result<Vec<SessionId>> {
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    let session_ids: Vec<SessionId> = owners.iter().map(|owner| owner.session_id).collect();
    let user_ids: Vec<UserId> = owners.iter().map(|owner| owner.user_id).collect();
    let sessions = service::list_by_ids(&gateway.db, &session_ids).await?;
    let users = user::service::list_by_ids(&gateway.db, &user_ids).await?;
    let sessions: HashMap<SessionId, Session> =
        sessions.into_iter().map(|session| (session.id, session)).collect();
    let users: HashMap<UserId, Arc<User>> = users.into_iter().map(|user| (user.id, Arc::new(user))).collect();
    let is_dead = |owner: &&SocketOwner| {
        let live = sessions
            .get(&owner.session_id)
            .zip(users.get(&owner.user_id))
            .and_then(|(session, user)| live(gateway, session, user));
        live.is_none_or(|live| live.role != owner.role)
    };
    Ok(owners.iter().filter(is_dead).map(|owner| owner.session_id).collect())
}
