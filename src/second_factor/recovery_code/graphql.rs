//! Recovery codes in the schema.

use async_graphql::{Context, Object, SimpleObject};

use super::service;
use crate::graphql::{RequestContext, Result};

/// Codes for those who have lost their second factor, each good once.
#[derive(SimpleObject)]
struct RecoveryCodes {
    /// Ten, shown once.
    recovery_codes: Vec<String>,
}

/// Making recovery codes.
#[derive(Default)]
pub struct RecoveryCodeMutation;

#[Object]
impl RecoveryCodeMutation {
    /// Makes new recovery codes in the place of earlier ones. Needs a recent sign-in or `reauthenticate`.
    async fn generate_recovery_codes(&self, ctx: &Context<'_>) -> Result<RecoveryCodes> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent()?;
        let recovery_codes = service::generate(&request.gateway, &viewer, &request.client).await?;
        Ok(RecoveryCodes { recovery_codes })
    }
}
