//! The open sockets of this replica, so that the end of a session, or of an API key, closes them.

mod seats;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::{
    auth::viewer::{Credential, Role, Viewer},
    id::UserId,
};

pub use seats::{RunningOperation, Seat, Seats};

/// All sockets: those that authenticated by what they did it with, and how many there are.
#[derive(Debug, Clone, Default)]
pub struct Sockets {
    /// What bounds them.
    pub seats: Seats,
    by_credential: Arc<Mutex<HashMap<Credential, Entry>>>,
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
    /// What they were opened with.
    pub credential: Credential,
    /// Its user.
    pub user_id: UserId,
    /// The user's role when the socket was opened.
    pub role: Role,
}

/// An open socket's place in the register; leaving it is dropping it.
#[derive(Debug)]
pub struct Registered {
    sockets: Sockets,
    credential: Credential,
    revoked: CancellationToken,
}

impl Registered {
    /// Returns once the socket must close because what it was opened with has ended or changed.
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
        if let Some(entry) = entries.get_mut(&self.credential) {
            entry.open -= 1;
            if entry.open == 0 {
                entries.remove(&self.credential);
            }
        }
    }
}

impl Sockets {
    /// Adds a socket of the viewer's.
    #[must_use]
    pub fn register(&self, viewer: &Viewer) -> Registered {
        let credential = viewer.credential();
        let mut entries = self.lock();
        let entry = entries.entry(credential).or_insert_with(|| Entry {
            owner: SocketOwner { credential, user_id: viewer.user_id(), role: viewer.role() },
            revoked: CancellationToken::new(),
            open: 0,
        });
        entry.open += 1;
        Registered { sockets: self.clone(), credential, revoked: entry.revoked.clone() }
    }

    /// Tells the sockets that were opened with this to close.
    pub fn revoke(&self, credential: Credential) {
        if let Some(entry) = self.lock().remove(&credential) {
            entry.revoked.cancel();
        }
    }

    /// The owners of all open sockets, one for each credential.
    #[must_use]
    pub fn owners(&self) -> Vec<SocketOwner> {
        self.lock().values().map(|entry| entry.owner).collect()
    }

    /// The owners of one user's open sockets.
    #[must_use]
    pub fn owners_of(&self, user_id: UserId) -> Vec<SocketOwner> {
        self.owners().into_iter().filter(|owner| owner.user_id == user_id).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Credential, Entry>> {
        self.by_credential.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
