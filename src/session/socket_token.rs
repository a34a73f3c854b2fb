//! The access token that keeps a WebSocket open, and its replacement while the socket is in use.

use tokio::sync::watch;

use crate::{
    auth::Viewer,
    error::{Error, Result},
    gateway::Gateway,
};

/// Who opened a socket, and until when that is proven.
#[derive(Debug)]
pub struct SocketToken(watch::Sender<Viewer>);

impl SocketToken {
    /// The token that a socket was opened with.
    #[must_use]
    pub fn new(viewer: Viewer) -> Self {
        Self(watch::Sender::new(viewer))
    }

    /// Who opened the socket, with the latest proof.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        *self.0.borrow()
    }

    /// The same as of now: whoever shows once more who it is shows it to the open socket as well.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when the proof holds no longer: the socket is about to be closed.
    pub async fn viewer_now(&self, gateway: &Gateway) -> Result<Viewer> {
        self.viewer().as_of_now(gateway).await
    }

    /// Puts a newer access token of the same session in place. One that runs out sooner changes nothing.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a token that is not valid, `FORBIDDEN` for one of another session.
    pub async fn renew(&self, gateway: &Gateway, token: &str) -> Result<Viewer> {
        let renewed = Viewer::authenticate(&gateway.access_tokens, gateway, token).await?;
        if renewed.credential() != self.viewer().credential() {
            return Err(Error::Forbidden("This token is of another session: open a socket of its own."));
        }
        self.0.send_if_modified(|viewer| {
            let is_later = renewed.expires_at() > viewer.expires_at();
            if is_later {
                *viewer = renewed;
            }
            is_later
        });
        gateway.note_use(&renewed);
        Ok(self.viewer())
    }

    /// Returns once no token is left that is still good.
    pub async fn expired(&self, gateway: &Gateway) {
        let mut renewals = self.0.subscribe();
        loop {
            let left = renewals.borrow_and_update().expires_at() - gateway.clock.now();
            tokio::select! {
                () = tokio::time::sleep(left.to_std().unwrap_or_default()) => return,
                // The sender is `self`: it is not gone.
                _ = renewals.changed() => {}
            }
        }
    }
}
