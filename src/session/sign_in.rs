//! Signing up, signing in, refreshing and signing out, in the schema.

use async_graphql::{ComplexObject, Context, Enum, InputObject, Object, SimpleObject, Union};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::{
    service,
    start::{self, FirstStep},
};
use crate::{
    error::{Error, Rule, Violation},
    graphql::{RequestContext, Result, context::CookieChange},
    known_device::service::KNOWN_FOR,
    locale::Locale,
    registration::{
        self,
        service::{SignUp, SignedUp},
    },
    second_factor::{self, SecondFactorMethod},
    user::{graphql::UserNode, service::NewUser},
};

/// How the refresh token reaches the client.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshTokenDelivery {
    /// In an HttpOnly cookie, where no script can read it: for browsers.
    Cookie,
    /// In `SignedIn.refreshToken`: for clients that keep it themselves.
    Body,
}

/// A session that may be used from now on.
#[derive(SimpleObject)]
pub(crate) struct SignedIn {
    /// For the `Authorization: Bearer` header of requests.
    access_token: String,
    /// When the access token runs out; refresh the session before.
    access_token_expires_at: DateTime<Utc>,
    /// For the next `refreshSession`, good once; null when it went into the cookie.
    refresh_token: Option<String>,
    /// The device's secret, for its next sign-in; null when it went into a cookie, or has not changed.
    device_token: Option<String>,
    /// The user who is signed in.
    viewer: UserNode,
}

/// A WebSocket stays open with a newer access token.
#[derive(SimpleObject)]
struct RenewedToken {
    /// When the new token runs out.
    access_token_expires_at: DateTime<Utc>,
}

/// The password was right, and a second factor is asked for.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct SecondFactorRequired {
    /// Stands for the first step when the second one is sent.
    pub(crate) challenge: String,
    /// When the challenge runs out.
    pub(crate) challenge_expires_at: DateTime<Utc>,
}

#[ComplexObject]
impl SecondFactorRequired {
    /// What can be shown.
    async fn methods(&self, ctx: &Context<'_>) -> Result<Vec<SecondFactorMethod>> {
        let gateway = &RequestContext::of(ctx).gateway;
        Ok(second_factor::service::look_at_challenge(gateway, &self.challenge).await?.methods)
    }
}

/// A mail with a link was sent; the account can be used once the link was opened.
#[derive(SimpleObject)]
pub(crate) struct EmailVerificationRequired {
    /// Where the mail went.
    pub(crate) email: String,
    /// For `verifyEmail` with the code of the mail.
    pub(crate) challenge: String,
    /// When link and code run out.
    pub(crate) challenge_expires_at: DateTime<Utc>,
}

/// What comes of signing in.
#[derive(Union)]
enum SignInResult {
    /// Done.
    SignedIn(SignedIn),
    /// One more step.
    SecondFactorRequired(SecondFactorRequired),
}

/// What comes of signing up.
#[derive(Union)]
enum SignUpResult {
    /// Done.
    SignedIn(SignedIn),
    /// One more step.
    EmailVerificationRequired(EmailVerificationRequired),
}

/// What `signUp` needs.
#[derive(InputObject)]
struct SignUpInput {
    /// Address to sign in with; letter case does not matter.
    email: String,
    /// 8 to 128 characters, and not easy to guess.
    password: String,
    /// What others call this person: 1 to 80 characters.
    name: String,
    /// The language of mails.
    locale: Option<Locale>,
    /// From the link of an invitation, which the address has to be of.
    invitation_token: Option<String>,
    /// The secret of a device that keeps it itself, from an earlier `SignedIn.deviceToken`.
    device_token: Option<String>,
    /// How the refresh token is to come back.
    #[graphql(default_with = "RefreshTokenDelivery::Cookie")]
    refresh_token_delivery: RefreshTokenDelivery,
}

/// What `signIn` needs.
#[derive(InputObject)]
struct SignInInput {
    /// Address of the account; letter case does not matter.
    email: String,
    /// Password of the account.
    password: String,
    /// The secret of a device that keeps it itself, from an earlier `SignedIn.deviceToken`.
    device_token: Option<String>,
    /// How the refresh token is to come back.
    #[graphql(default_with = "RefreshTokenDelivery::Cookie")]
    refresh_token_delivery: RefreshTokenDelivery,
}

/// What `refreshSession` needs of a client that keeps the refresh token itself.
#[derive(InputObject)]
struct RefreshSessionInput {
    /// The refresh token; the next one comes back in the body. Left out: the cookie is used.
    refresh_token: Option<String>,
}

/// What `renewToken` needs.
#[derive(InputObject)]
struct RenewTokenInput {
    /// An access token of the same session.
    access_token: String,
}

/// Ways into and out of a session.
#[derive(Default)]
pub struct SignInMutation;

#[Object]
impl SignInMutation {
    /// Creates an account and signs it in.
    async fn sign_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new account.")] input: SignUpInput,
    ) -> Result<SignUpResult> {
        let request = RequestContext::of(ctx);
        check_delivery(request, input.refresh_token_delivery)?;
        let new = NewUser { email: input.email, password: input.password.into(), name: input.name };
        let sign_up = SignUp { new, locale: input.locale, invitation: input.invitation_token };
        let origin = request.origin(input.device_token);
        match registration::service::sign_up(&request.gateway, sign_up, &origin).await? {
            SignedUp::SignedIn(signed_in) => {
                Ok(SignUpResult::SignedIn(hand_over(request, *signed_in, input.refresh_token_delivery)))
            }
            SignedUp::VerificationRequired(email, issued) => {
                let challenge = issued.challenge(&request.gateway.session_key).expose_secret().to_owned();
                let challenge_expires_at = issued.expires_at;
                let required = EmailVerificationRequired { email, challenge, challenge_expires_at };
                Ok(SignUpResult::EmailVerificationRequired(required))
            }
        }
    }

    /// Signs in with email address and password.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The credentials.")] input: SignInInput,
    ) -> Result<SignInResult> {
        let request = RequestContext::of(ctx);
        check_delivery(request, input.refresh_token_delivery)?;
        let origin = request.origin(input.device_token);
        match start::sign_in(&request.gateway, &input.email, &input.password, &origin).await? {
            FirstStep::SignedIn(signed_in) => {
                Ok(SignInResult::SignedIn(hand_over(request, *signed_in, input.refresh_token_delivery)))
            }
            FirstStep::SecondFactorRequired(issued) => {
                Ok(SignInResult::SecondFactorRequired(SecondFactorRequired {
                    challenge: issued.challenge(&request.gateway.session_key).expose_secret().to_owned(),
                    challenge_expires_at: issued.expires_at,
                }))
            }
        }
    }

    /// Exchanges a refresh token, which is then used up, for a new access token and a new refresh token.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Left out by browsers, whose cookie is used.")] input: Option<RefreshSessionInput>,
    ) -> Result<SignedIn> {
        let request = RequestContext::of(ctx);
        let from_body: Option<SecretString> =
            input.and_then(|input| input.refresh_token).map(SecretString::from);
        let delivery = match from_body {
            Some(_) => RefreshTokenDelivery::Body,
            None => RefreshTokenDelivery::Cookie,
        };
        let token = from_body.as_ref().or(request.cookies.refresh.presented());
        let token = token.ok_or(Error::Unauthenticated("There is no refresh token. Sign in."))?;
        match start::refresh(&request.gateway, token, &request.client).await {
            Ok(signed_in) => Ok(hand_over(request, signed_in, delivery)),
            Err(error) => {
                if delivery == RefreshTokenDelivery::Cookie && matches!(error, Error::Unauthenticated(_)) {
                    request.cookies.refresh.change(CookieChange::Clear);
                }
                Err(error.into())
            }
        }
    }

    /// Puts a newer access token in place of the one that this WebSocket was opened with, so that its subscriptions
    /// outlive that one.
    async fn renew_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The newer token.")] input: RenewTokenInput,
    ) -> Result<RenewedToken> {
        let request = RequestContext::of(ctx);
        let socket_token = request
            .socket_token()
            .ok_or(Error::BadRequest("Send this over a WebSocket that was opened with an access token."))?;
        let viewer = socket_token.renew(&request.gateway, &input.access_token).await?;
        Ok(RenewedToken { access_token_expires_at: viewer.expires_at() })
    }

    /// Ends the session in use and removes the cookie.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<bool> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_known()?.signed_in()?;
        service::sign_out(&request.gateway, &viewer, &request.client).await?;
        request.cookies.refresh.change(CookieChange::Clear);
        Ok(true)
    }
}

pub(crate) fn check_delivery(request: &RequestContext, delivery: RefreshTokenDelivery) -> Result<()> {
    if delivery == RefreshTokenDelivery::Cookie && !request.cookies.refresh.is_possible() {
        let message = "Over WebSocket no cookie can be set: ask for BODY, or sign in over HTTP.";
        return Err(
            Error::from(Violation::new("input.refreshTokenDelivery", Rule::Exclusive, message)).into()
        );
    }
    Ok(())
}

pub(crate) fn hand_over(
    request: &RequestContext,
    signed_in: start::SignedIn,
    delivery: RefreshTokenDelivery,
) -> SignedIn {
    let text = |secret: &SecretString| secret.expose_secret().to_owned();
    let (refresh_token, device_token) = match delivery {
        RefreshTokenDelivery::Body => {
            let device = signed_in.device.as_ref().map(|device| text(device.text()));
            (Some(text(&signed_in.refresh_token)), device)
        }
        RefreshTokenDelivery::Cookie => {
            let change = CookieChange::Set(signed_in.refresh_token, signed_in.session_expires_at);
            request.cookies.refresh.change(change);
            if let Some(device) = signed_in.device {
                let until = request.gateway.clock.now() + KNOWN_FOR;
                request.cookies.device.change(CookieChange::Set(device.text().clone(), until));
            }
            (None, None)
        }
    };
    SignedIn {
        access_token: text(&signed_in.access_token.token),
        access_token_expires_at: signed_in.access_token.expires_at,
        refresh_token,
        device_token,
        viewer: UserNode::new(signed_in.user, signed_in.viewer),
    }
}
