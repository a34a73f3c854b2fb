//! The address of a download: whoever has it may download, until the copy is gone. So it is shown to the owner alone.
//!
//! Like a one-time token it is `identifier ‖ MAC` in base64url, the MAC under `SESSION_SECRET` over the copy, its owner and
//! its salt; unlike one it is good as often as wanted.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;
use uuid::Uuid;

use super::{DataExport, DataExportState};
use crate::{
    auth::secrets::{SessionKey, equal},
    gateway::Gateway,
    id::DataExportId,
};

const UUID_BYTES: usize = 16;
const TAG_BYTES: usize = 24;

impl DataExport {
    /// Where it can be downloaded; `None` unless it is ready.
    #[must_use]
    pub fn download_url(&self, gateway: &Gateway) -> Option<SecretString> {
        if self.state != DataExportState::Ready {
            return None;
        }
        let tag = self.tag(&gateway.session_key);
        let token = URL_SAFE_NO_PAD.encode([Uuid::from(self.id).as_bytes().as_slice(), &tag].concat());
        let config = &gateway.config;
        Some(format!("{}{}/data-export/{token}", config.site_url, config.api_prefix).into())
    }

    /// Whether a token that names this copy is the right one.
    pub(super) fn is_opened_by(&self, token: &Token, key: &SessionKey) -> bool {
        equal(&self.tag(key), &token.tag)
    }

    fn tag(&self, key: &SessionKey) -> [u8; TAG_BYTES] {
        let parts = [Uuid::from(self.id), Uuid::from(self.user_id)];
        let mac = key.mac("data-export", &[parts[0].as_bytes(), parts[1].as_bytes(), &self.salt]);
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&mac[..TAG_BYTES]);
        tag
    }
}

/// What follows `/data-export/`.
pub(super) struct Token {
    /// Which copy.
    pub(super) id: DataExportId,
    tag: [u8; TAG_BYTES],
}

impl Token {
    /// Reads a token; `None` for what cannot be one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; UUID_BYTES + TAG_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        if length != bytes.len() {
            return None;
        }
        let (id, rest) = bytes.split_first_chunk::<UUID_BYTES>()?;
        let (tag, _) = rest.split_first_chunk::<TAG_BYTES>()?;
        Some(Self { id: Uuid::from_bytes(*id).into(), tag: *tag })
    }
}
