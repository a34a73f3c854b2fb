//! Second factors in the schema.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{
    Proof, ReauthenticationMethod,
    passkey::graphql::{PasskeyAssertionInput, PasskeyNode},
    second_step,
    service::{self, Enrolled},
    totp::graphql::TotpObject,
};
use crate::{
    auth::Viewer,
    error::{Error, Rule, Violation},
    graphql::{RequestContext, Result},
    id::{TypedId, UserId},
    session::sign_in::{RefreshTokenDelivery, SecondFactorRequired, SignedIn, check_delivery, hand_over},
    user::{User, graphql::UserNode},
};

/// Second factors of an account.
#[derive(SimpleObject)]
pub(crate) struct SecondFactors {
    /// The authenticator app; null: none is set up.
    totp: Option<TotpObject>,
    /// The earliest first.
    passkeys: Vec<PasskeyNode>,
    /// Recovery codes that were not used yet.
    recovery_codes_left: u64,
    /// Whether the role needs a second factor.
    required: bool,
    /// Devices that are not asked for a second factor for a while.
    remembered_devices: u64,
}

/// The factors of a user whom the caller may see.
pub(crate) async fn user_second_factors(request: &RequestContext, user: &User) -> Result<SecondFactors> {
    let factors = request.loaders.second_factors.try_load(user.id).await??;
    Ok(SecondFactors {
        totp: factors.totp.map(TotpObject::from),
        passkeys: factors.passkeys.into_iter().map(PasskeyNode::new).collect(),
        recovery_codes_left: factors.recovery_codes_left,
        required: request.gateway.config.second_factor_required.for_role(user.role),
        remembered_devices: factors.remembered_devices,
    })
}

/// What the viewer can show to `reauthenticate`; nothing for somebody else's account.
pub(crate) async fn user_reauthentication_methods(
    request: &RequestContext,
    user: &User,
    viewer: &Viewer,
) -> Result<Vec<ReauthenticationMethod>> {
    if user.id != viewer.user_id() {
        return Ok(Vec::new());
    }
    Ok(service::reauthentication_methods(&request.gateway, viewer).await?)
}

/// A factor was added.
#[derive(SimpleObject)]
pub(crate) struct SecondFactorEnrolled {
    /// The account.
    user: UserNode,
    /// Ten, shown once; null where the account has some already.
    recovery_codes: Option<Vec<String>>,
}

impl SecondFactorEnrolled {
    pub(super) fn new(enrolled: Enrolled, viewer: Viewer) -> Self {
        Self { user: UserNode::new(enrolled.user, viewer), recovery_codes: enrolled.recovery_codes }
    }
}

/// What `completeSignIn` needs: the challenge, and exactly one of `totpCode`, `recoveryCode` and `passkey`.
#[derive(InputObject)]
struct CompleteSignInInput {
    /// From `SecondFactorRequired`.
    challenge: String,
    /// A code of the authenticator app.
    totp_code: Option<String>,
    /// One of the codes that were shown once.
    recovery_code: Option<String>,
    /// A passkey's answer to `startPasskeySecondFactor`.
    passkey: Option<PasskeyAssertionInput>,
    /// Not to be asked for 30 days on this device.
    #[graphql(default = false)]
    remember_device: bool,
    /// The secret of a device that keeps it itself, from an earlier `SignedIn.deviceToken`.
    device_token: Option<String>,
    /// How the refresh token is to come back.
    #[graphql(default_with = "RefreshTokenDelivery::Cookie")]
    refresh_token_delivery: RefreshTokenDelivery,
}

fn one_of(
    totp_code: Option<String>,
    recovery_code: Option<String>,
    passkey: Option<PasskeyAssertionInput>,
) -> crate::error::Result<Proof> {
    let rule = match (totp_code, recovery_code, passkey) {
        (Some(code), None, None) => return Ok(Proof::Totp(code)),
        (None, Some(code), None) => return Ok(Proof::RecoveryCode(code)),
        (None, None, Some(passkey)) => return Ok(Proof::Passkey(passkey.into())),
        (None, None, None) => Rule::Required,
        _ => Rule::Exclusive,
    };
    Err(Violation::new("input", rule, "Give exactly one of totpCode, recoveryCode and passkey.").into())
}

/// What `resetSecondFactors` needs.
#[derive(InputObject)]
struct ResetSecondFactorsInput {
    /// ID of the user who has lost them.
    user_id: ID,
}

/// Questions about the second step of a sign-in.
#[derive(Default)]
pub struct SecondFactorQuery;

#[Object]
impl SecondFactorQuery {
    /// What a challenge of a sign-in asks for: for those who come from an identity provider.
    async fn second_factor_challenge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The challenge.")] challenge: String,
    ) -> Result<SecondFactorRequired> {
        let step = service::look_at_challenge(&RequestContext::of(ctx).gateway, &challenge).await?;
        Ok(SecondFactorRequired { challenge, challenge_expires_at: step.expires_at })
    }
}

/// The second step of a sign-in, and what concerns all factors.
#[derive(Default)]
pub struct SecondFactorMutation;

#[Object]
impl SecondFactorMutation {
    /// Second step of a sign-in: exactly one of `totpCode`, `recoveryCode` and `passkey`.
    async fn complete_sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The challenge, and the factor.")] input: CompleteSignInInput,
    ) -> Result<SignedIn> {
        let request = RequestContext::of(ctx);
        let delivery = input.refresh_token_delivery;
        check_delivery(request, delivery)?;
        let proof = one_of(input.totp_code, input.recovery_code, input.passkey)?;
        let origin = request.origin(input.device_token);
        let (gateway, remembers) = (&request.gateway, input.remember_device);
        let signed_in = second_step::complete(gateway, &input.challenge, &proof, remembers, &origin).await?;
        Ok(hand_over(request, signed_in, delivery))
    }

    /// Has all of the viewer's devices asked for a second factor again; answers how many those were.
    async fn forget_remembered_devices(&self, ctx: &Context<'_>) -> Result<u64> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_signed_in()?;
        Ok(service::forget_remembered_devices(&request.gateway, &viewer, &request.client).await?)
    }

    /// Removes all second factors of a user who has lost them, and ends the sessions. Administrators only; needs a recent
    /// sign-in or `reauthenticate`.
    async fn reset_second_factors(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose.")] input: ResetSecondFactorsInput,
    ) -> Result<UserNode> {
        let request = RequestContext::of(ctx);
        let (admin, recent) = (request.require_admin()?, request.require_recent()?);
        let id = UserId::parse(&input.user_id).ok_or(Error::NotFound("user"))?;
        let user = service::reset(&request.gateway, &admin, &recent, id, &request.client).await?;
        Ok(UserNode::new(user, *admin.viewer()))
    }
}
