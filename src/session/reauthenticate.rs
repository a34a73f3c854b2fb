//! Showing once more who one is, in a session that goes on.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::service;
use crate::graphql::{RequestContext, Result};

/// What `reauthenticate` needs.
#[derive(InputObject)]
struct ReauthenticateInput {
    /// The viewer's password.
    password: String,
}

/// The viewer has shown who it is.
#[derive(SimpleObject)]
struct Reauthenticated {
    /// Until when that counts as recent.
    valid_until: DateTime<Utc>,
}

/// Showing once more who one is.
#[derive(Default)]
pub struct ReauthenticateMutation;

#[Object]
impl ReauthenticateMutation {
    /// Shows once more who the viewer is, for what answers `REAUTHENTICATION_REQUIRED` otherwise.
    async fn reauthenticate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The proof.")] input: ReauthenticateInput,
    ) -> Result<Reauthenticated> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_known()?.signed_in()?;
        let valid_until =
            service::reauthenticate(&request.gateway, &viewer, &input.password, &request.origin(None))
                .await?;
        Ok(Reauthenticated { valid_until })
    }
}
