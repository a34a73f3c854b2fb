//! Authenticator apps in the schema.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use super::{Totp, service};
use crate::{
    graphql::{RequestContext, Result},
    second_factor::graphql::SecondFactorEnrolled,
    user::graphql::UserNode,
};

/// An authenticator app that was set up.
#[derive(SimpleObject)]
#[graphql(name = "Totp")]
pub(crate) struct TotpObject {
    /// When.
    enabled_at: DateTime<Utc>,
    /// When a code of it was last taken; null before the first time.
    last_used_at: Option<DateTime<Utc>>,
}

impl From<Totp> for TotpObject {
    fn from(totp: Totp) -> Self {
        Self { enabled_at: totp.enabled_at, last_used_at: totp.last_used_at }
    }
}

/// An authenticator app that is being set up.
#[derive(SimpleObject)]
struct TotpEnrollment {
    /// For `confirmTotpEnrollment`.
    challenge: String,
    /// When the challenge runs out.
    challenge_expires_at: DateTime<Utc>,
    /// Base32, for typing.
    secret: String,
    /// For the QR code.
    otpauth_uri: String,
}

/// What `confirmTotpEnrollment` needs.
#[derive(InputObject)]
struct ConfirmTotpEnrollmentInput {
    /// From `TotpEnrollment`.
    challenge: String,
    /// The first code of the app.
    code: String,
}

/// Setting up an authenticator app, and removing it.
#[derive(Default)]
pub struct TotpMutation;

#[Object]
impl TotpMutation {
    /// Begins to set up an authenticator app, which takes the place of one that is there. Needs a recent sign-in or
    /// `reauthenticate`.
    async fn start_totp_enrollment(&self, ctx: &Context<'_>) -> Result<TotpEnrollment> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent_to_enroll()?;
        let enrollment = service::start_enrollment(&request.gateway, &viewer).await?;
        let challenge = enrollment.challenge.challenge(&request.gateway.session_key);
        Ok(TotpEnrollment {
            challenge: challenge.expose_secret().to_owned(),
            challenge_expires_at: enrollment.challenge.expires_at,
            secret: enrollment.secret.expose_secret().to_owned(),
            otpauth_uri: enrollment.uri.expose_secret().to_owned(),
        })
    }

    /// Takes the first code of an authenticator app: from now on the account has it. Needs a recent sign-in or
    /// `reauthenticate`.
    async fn confirm_totp_enrollment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The challenge, and the code.")] input: ConfirmTotpEnrollmentInput,
    ) -> Result<SecondFactorEnrolled> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent_to_enroll()?;
        let (challenge, code) = (&input.challenge, &input.code);
        let enrolled =
            service::confirm_enrollment(&request.gateway, &viewer, challenge, code, &request.client).await?;
        Ok(SecondFactorEnrolled::new(enrolled, *viewer.viewer()))
    }

    /// Removes the viewer's authenticator app. Needs a recent sign-in or `reauthenticate`.
    async fn disable_totp(&self, ctx: &Context<'_>) -> Result<UserNode> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent()?;
        let user = service::disable(&request.gateway, &viewer, &request.client).await?;
        Ok(UserNode::new(user, *viewer.viewer()))
    }
}
