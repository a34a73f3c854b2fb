//! The open sockets of this replica, so that the end of a session closes them.

mod seats;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::{
    auth::viewer::{Role, Viewer},
    id::{SessionId, UserId},
};

pub use seats::{RunningOperation, Seat, Seats};

/// All sockets: those that authenticated by session, and how many there are.
#[derive(Debug, Clone, Default)]
pub struct Sockets {
    /// What bounds them.
    pub seats: Seats,
    by_session: Arc<Mutex<HashMap<SessionId, Entry>>>,
}

#[derive(Debug)]
struct Entry {
    owner: SocketOwner,
    revoked: CancellationToken,
    open: usize,
}

/// Whose sockets, and with what rights they were opened.
#[derive(Debug, Clone, Copy)]
pub struct SocketOwner {
    /// The session.
    pub session_id: SessionId,
    /// Its user.
    pub user_id: UserId,
    /// The user's role when the socket was opened.
    pub role: Role,
}

/// An open socket's place in the register; leaving it is dropping it.
#[derive(Debug)]
pub struct Registered {
    sockets: Sockets,
    session_id: SessionId,
    revoked: CancellationToken,
}

impl Registered {
    /// Returns once the socket must close because the session has ended or changed.
    pub async fn revoked(&self) {
        self.revoked.cancelled().await;
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut entries = self.sockets.lock();
        if self.revoked.is_cancelled() {
            // The entry has left already; another may have taken its key.
            return;
        }
        if let Some(entry) = entries.get_mut(&self.session_id) {
            entry.open -= 1;
            if entry.open == 0 {
                entries.remove(&self.session_id);
            }
        }
    }
}

impl Sockets {
    /// Adds a socket of the viewer's session.
    #[must_use]
    pub fn register(&self, viewer: &Viewer) -> Registered {
        let session_id = viewer.session_id();
        let mut entries = self.lock();
        let entry = entries.entry(session_id).or_insert_with(|| Entry {
            owner: SocketOwner { session_id, user_id: viewer.user_id(), role: viewer.role() },
            revoked: CancellationToken::new(),
            open: 0,
        });
        entry.open += 1;
        Registered { sockets: self.clone(), session_id, revoked: entry.revoked.clone() }
    }

    /// Tells the sockets of a session to close.
    pub fn revoke(&self, session_id: SessionId) {
        if let Some(entry) = self.lock().remove(&session_id) {
            entry.revoked.cancel();
        }
    }

    /// The owners of all open sockets, one for each session.
    #[must_use]
    pub fn owners(&self) -> Vec<SocketOwner> {
        self.lock().values().map(|entry| entry.owner).collect()
    }

    /// The owners of one user's open sockets.
    #[must_use]
    pub fn owners_of(&self, user_id: UserId) -> Vec<SocketOwner> {
        self.owners().into_iter().filter(|owner| owner.user_id == user_id).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Entry>> {
        self.by_session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
