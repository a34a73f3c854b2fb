//! Passkeys in the schema.

use async_graphql::{Context, ID, InputObject, Json, Object, SimpleObject};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::{Passkey, PasskeyAssertion, service, sign_in};
use crate::{
    error::Error,
    graphql::{RequestContext, Result},
    id::{PasskeyId, TypedId},
    second_factor::graphql::SecondFactorEnrolled,
    session::sign_in::{RefreshTokenDelivery, SignedIn, check_delivery, hand_over},
    user::graphql::UserNode,
};

/// A passkey that the caller may see: an own one, or any for an administrator.
pub struct PasskeyNode(Passkey);

impl PasskeyNode {
    /// A passkey that a service has let the caller see.
    #[must_use]
    pub fn new(passkey: Passkey) -> Self {
        Self(passkey)
    }
}

/// A passkey: a key that a device, or a password manager, keeps for this site.
#[Object(name = "Passkey")]
impl PasskeyNode {
    /// Identifies the passkey.
    pub async fn id(&self) -> ID {
        self.0.id.to_wire().into()
    }

    /// What its owner calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last shown; null before the first time.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
}

/// A challenge for a passkey.
#[derive(SimpleObject)]
struct PasskeyChallenge {
    /// Comes back with the answer.
    challenge: String,
    /// When the challenge runs out.
    challenge_expires_at: DateTime<Utc>,
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON` (WebAuthn Level 3), the value
    /// of `publicKey` itself.
    options: Json<Value>,
}

impl PasskeyChallenge {
    fn new(request: &RequestContext, made: super::PasskeyChallenge) -> Self {
        Self {
            challenge: made.challenge.challenge(&request.gateway.session_key).expose_secret().to_owned(),
            challenge_expires_at: made.challenge.expires_at,
            options: Json(made.options),
        }
    }
}

/// A passkey's answer to a challenge.
#[derive(InputObject)]
pub(crate) struct PasskeyAssertionInput {
    /// From the `PasskeyChallenge`.
    challenge: String,
    /// `AuthenticationResponseJSON`.
    credential: Json<Value>,
}

impl From<PasskeyAssertionInput> for PasskeyAssertion {
    fn from(input: PasskeyAssertionInput) -> Self {
        Self { challenge: input.challenge, credential: input.credential.0 }
    }
}

/// What `startPasskeySecondFactor` needs.
#[derive(InputObject)]
struct StartPasskeySecondFactorInput {
    /// From `SecondFactorRequired`.
    challenge: String,
}

/// What `signInWithPasskey` needs.
#[derive(InputObject)]
struct SignInWithPasskeyInput {
    /// The passkey's answer to `startPasskeySignIn`.
    passkey: PasskeyAssertionInput,
    /// The secret of a device that keeps it itself, from an earlier `SignedIn.deviceToken`.
    device_token: Option<String>,
    /// How the refresh token is to come back.
    #[graphql(default_with = "RefreshTokenDelivery::Cookie")]
    refresh_token_delivery: RefreshTokenDelivery,
}

/// What `finishPasskeyRegistration` needs.
#[derive(InputObject)]
struct FinishPasskeyRegistrationInput {
    /// From the `PasskeyChallenge`.
    challenge: String,
    /// `RegistrationResponseJSON`.
    credential: Json<Value>,
    /// What its owner calls it: 1 to 80 characters.
    name: String,
}

/// What `renamePasskey` changes.
#[derive(InputObject)]
struct RenamePasskeyInput {
    /// ID of the passkey.
    passkey_id: ID,
    /// 1 to 80 characters.
    name: String,
}

/// What `removePasskey` removes.
#[derive(InputObject)]
struct RemovePasskeyInput {
    /// ID of the passkey.
    passkey_id: ID,
}

/// Adding, showing and removing passkeys.
#[derive(Default)]
pub struct PasskeyMutation;

#[Object]
impl PasskeyMutation {
    /// Begins to show a passkey as the second step of a sign-in; the answer goes into `completeSignIn.passkey` with this
    /// challenge.
    async fn start_passkey_second_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The challenge of the sign-in.")] input: StartPasskeySecondFactorInput,
    ) -> Result<PasskeyChallenge> {
        let request = RequestContext::of(ctx);
        let made = service::start_second_step(&request.gateway, &input.challenge).await?;
        Ok(PasskeyChallenge::new(request, made))
    }

    /// Begins to sign in with a passkey alone: one that the authenticator finds by itself.
    async fn start_passkey_sign_in(&self, ctx: &Context<'_>) -> Result<PasskeyChallenge> {
        let request = RequestContext::of(ctx);
        let made = sign_in::start(&request.gateway, &request.client).await?;
        Ok(PasskeyChallenge::new(request, made))
    }

    /// Signs in with a passkey alone, which is two factors in one.
    async fn sign_in_with_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The passkey.")] input: SignInWithPasskeyInput,
    ) -> Result<SignedIn> {
        let request = RequestContext::of(ctx);
        let delivery = input.refresh_token_delivery;
        check_delivery(request, delivery)?;
        let origin = request.origin(input.device_token);
        let signed_in = sign_in::sign_in(&request.gateway, &input.passkey.into(), &origin).await?;
        Ok(hand_over(request, signed_in, delivery))
    }

    /// Begins to show a passkey once more, for `reauthenticate.passkey`.
    async fn start_passkey_reauthentication(&self, ctx: &Context<'_>) -> Result<PasskeyChallenge> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_known()?.signed_in()?;
        let made = service::start_reauthentication(&request.gateway, &viewer).await?;
        Ok(PasskeyChallenge::new(request, made))
    }

    /// Begins to add a passkey. Needs a recent sign-in or `reauthenticate`.
    async fn start_passkey_registration(&self, ctx: &Context<'_>) -> Result<PasskeyChallenge> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent_to_enroll()?;
        let made = service::start_registration(&request.gateway, &viewer).await?;
        Ok(PasskeyChallenge::new(request, made))
    }

    /// Adds a passkey. Needs a recent sign-in or `reauthenticate`.
    async fn finish_passkey_registration(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The passkey, and its name.")] input: FinishPasskeyRegistrationInput,
    ) -> Result<SecondFactorEnrolled> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent_to_enroll()?;
        let (gateway, client) = (&request.gateway, &request.client);
        let (challenge, credential, name) = (&input.challenge, &input.credential.0, &input.name);
        let enrolled =
            service::finish_registration(gateway, &viewer, challenge, credential, name, client).await?;
        Ok(SecondFactorEnrolled::new(enrolled, *viewer.viewer()))
    }

    /// Gives one of the viewer's passkeys another name. Needs a recent sign-in or `reauthenticate`.
    async fn rename_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which passkey, and its new name.")] input: RenamePasskeyInput,
    ) -> Result<PasskeyNode> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent()?;
        let id = parse_id(&input.passkey_id)?;
        let passkey = service::rename(&request.gateway, &viewer, id, &input.name, &request.client).await?;
        Ok(PasskeyNode::new(passkey))
    }

    /// Removes one of the viewer's passkeys; `CONFLICT` where it is the last way in. Needs a recent sign-in or
    /// `reauthenticate`.
    async fn remove_passkey(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which passkey.")] input: RemovePasskeyInput,
    ) -> Result<UserNode> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent()?;
        let id = parse_id(&input.passkey_id)?;
        let user = service::remove(&request.gateway, &viewer, id, &request.client).await?;
        Ok(UserNode::new(user, *viewer.viewer()))
    }
}

fn parse_id(id: &ID) -> Result<PasskeyId> {
    Ok(PasskeyId::parse(id).ok_or(Error::NotFound("passkey"))?)
}
