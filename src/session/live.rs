//! Which sessions may be used right now: the question of every request, answered from memory when warm.

use std::{collections::HashMap, time::Duration};

use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::{
    Session,
    events::{SESSION_CHANGED, SessionChange},
    service,
    sockets::SocketOwner,
};
use crate::{
    api_key::{self, API_KEY_REVOKED},
    auth::viewer::{Credential, LiveApiKey, LiveCredentials, LiveSession, Role},
    error::Result,
    gateway::Gateway,
    id::{ApiKeyId, SessionId, UserId},
    store::bus::Received,
    user::{self, USER_CHANGED, User, UserStatus},
};

/// How often open sockets are held against the database. Events close them within milliseconds;
/// this is for the day they do not arrive.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3);
/// Identifiers in one statement of the sweep.
const SWEEP_CHUNK: usize = 500;

impl LiveCredentials for Gateway {
    async fn find_live(&self, id: SessionId) -> Result<Option<LiveSession>> {
        let load = async { Ok(service::list_by_ids(&self.db, &[id]).await?.pop()) };
        let Some(session) = self.sessions.get_or_load(id.into(), load).await? else { return Ok(None) };
        let user = user::service::find_cached(self, session.user_id).await?;
        Ok(user.and_then(|user| live(self, &session, &user)))
    }

    async fn find_live_key(&self, key: &str) -> Result<Option<LiveApiKey>> {
        api_key::live::find(self, key).await
    }

    async fn find_live_key_by_id(&self, id: ApiKeyId) -> Result<Option<LiveApiKey>> {
        api_key::live::find_by_id(self, id).await
    }
}

fn live(gateway: &Gateway, session: &Session, user: &User) -> Option<LiveSession> {
    let over = session.ending(gateway.clock.now(), gateway.config.lifetimes.session_idle).is_some();
    (!over && user.status == UserStatus::Active).then(|| LiveSession {
        user_id: user.id,
        role: user.role,
        authenticated_at: session.authenticated_at,
        lacks_second_factor: user.lacks_second_factor(&gateway.config),
    })
}

/// Keeps this replica's caches and sockets true to what happens anywhere, until `shutdown`.
pub async fn follow_changes(gateway: Gateway, shutdown: CancellationToken) {
    let mut sessions = gateway.bus.subscribe(&SESSION_CHANGED);
    let mut users = gateway.bus.subscribe(&USER_CHANGED);
    let mut keys = gateway.bus.subscribe(&API_KEY_REVOKED);
    let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            Some(received) = sessions.next() => match received {
                Received::Message(message) if message.change.makes_stale() => {
                    gateway.sessions.forget_local(message.session_id.into());
                    if message.change == SessionChange::Ended {
                        gateway.sockets.revoke(Credential::Session(message.session_id));
                    }
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
            Some(received) = keys.next() => match received {
                Received::Message(message) => {
                    gateway.api_keys.forget_local(message.id.into());
                    gateway.sockets.revoke(Credential::ApiKey(message.id));
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
    gateway.api_keys.flush_local();
    revoke_dead(gateway, gateway.sockets.owners()).await;
}

/// Closes the sockets whose session or key may no longer be used, or whose user has another role by now.
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

async fn dead_among(gateway: &Gateway, owners: &[SocketOwner]) -> Result<Vec<Credential>> {
    let mut session_ids = Vec::new();
    let mut key_ids = Vec::new();
    for owner in owners {
        match owner.credential {
            Credential::Session(id) => session_ids.push(id),
            Credential::ApiKey(id) => key_ids.push(id),
        }
    }
    let mut roles = roles_of_sessions(gateway, &session_ids).await?;
    for key in api_key::live::list_by_ids(gateway, &key_ids).await? {
        roles.insert(Credential::ApiKey(key.id), key.role);
    }
    let is_dead = |owner: &&SocketOwner| roles.get(&owner.credential) != Some(&owner.role);
    Ok(owners.iter().filter(is_dead).map(|owner| owner.credential).collect())
}

/// The role that each session stands for which may still be used.
async fn roles_of_sessions(gateway: &Gateway, ids: &[SessionId]) -> Result<HashMap<Credential, Role>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sessions = service::list_by_ids(&gateway.db, ids).await?;
    let user_ids: Vec<UserId> = sessions.iter().map(|session| session.user_id).collect();
    let users = user::service::list_by_ids(&gateway.db, &user_ids).await?;
    let users: HashMap<UserId, User> = users.into_iter().map(|user| (user.id, user)).collect();
    let live = sessions.iter().filter_map(|session| {
        let live = live(gateway, session, users.get(&session.user_id)?)?;
        Some((Credential::Session(session.id), live.role))
    });
    Ok(live.collect())
}
