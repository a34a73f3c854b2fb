//! Signing up, signing in, refreshing and signing out, in the schema.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject, Union};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::{service, start};
use crate::{
    error::{Error, Rule, Violation},
    graphql::{RequestContext, Result, context::CookieChange},
    user::{graphql::UserNode, service::NewUser},
};

/// How the refresh token reaches the client.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum RefreshTokenDelivery {
    /// In an HttpOnly cookie, where no script can read it: for browsers.
    Cookie,
    /// In `SignedIn.refreshToken`: for clients that keep it themselves.
    Body,
}

/// A session that may be used from now on.
#[derive(SimpleObject)]
struct SignedIn {
    /// For the `Authorization: Bearer` header of requests.
    access_token: String,
    /// When the access token runs out; refresh the session before.
    access_token_expires_at: DateTime<Utc>,
    /// For the next `refreshSession`, good once; null when it went into the cookie.
    refresh_token: Option<String>,
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
struct SecondFactorRequired {
    /// Stands for the first step when the second one is sent.
    challenge: String,
    /// When the challenge runs out.
    challenge_expires_at: DateTime<Utc>,
}

/// A mail with a link was sent; the account can be used once the link was opened.
#[derive(SimpleObject)]
struct EmailVerificationRequired {
    /// Where the mail went.
    email: String,
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
        let signed_in = start::sign_up(&request.gateway, new, &request.client).await?;
        Ok(SignUpResult::SignedIn(hand_over(request, signed_in, input.refresh_token_delivery)))
    }

    /// Signs in with email address and password.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The credentials.")] input: SignInInput,
    ) -> Result<SignInResult> {
        let request = RequestContext::of(ctx);
        check_delivery(request, input.refresh_token_delivery)?;
        let signed_in =
            start::sign_in(&request.gateway, &input.email, &input.password, &request.client).await?;
        Ok(SignInResult::SignedIn(hand_over(request, signed_in, input.refresh_token_delivery)))
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
        let token = from_body.as_ref().or(request.refresh_cookie.presented());
        let token = token.ok_or(Error::Unauthenticated("There is no refresh token. Sign in."))?;
        match start::refresh(&request.gateway, token, &request.client).await {
            Ok(signed_in) => Ok(hand_over(request, signed_in, delivery)),
            Err(error) => {
                if delivery == RefreshTokenDelivery::Cookie && matches!(error, Error::Unauthenticated(_)) {
                    request.refresh_cookie.change(CookieChange::Clear);
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
        Ok(RenewedToken { access_token_expires_at: viewer.token_expires_at() })
    }

    /// Ends the session in use and removes the cookie.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<bool> {
        let request = RequestContext::of(ctx);
        service::sign_out(&request.gateway, request.require_viewer()?).await?;
        request.refresh_cookie.change(CookieChange::Clear);
        Ok(true)
    }
}

fn check_delivery(request: &RequestContext, delivery: RefreshTokenDelivery) -> Result<()> {
    if delivery == RefreshTokenDelivery::Cookie && !request.refresh_cookie.is_possible() {
        let message = "Over WebSocket no cookie can be set: ask for BODY, or sign in over HTTP.";
        return Err(
            Error::from(Violation::new("input.refreshTokenDelivery", Rule::Exclusive, message)).into()
        );
    }
    Ok(())
}

fn hand_over(
    request: &RequestContext,
    signed_in: start::SignedIn,
    delivery: RefreshTokenDelivery,
) -> SignedIn {
    let refresh_token = match delivery {
        RefreshTokenDelivery::Body => Some(signed_in.refresh_token.expose_secret().to_owned()),
        RefreshTokenDelivery::Cookie => {
            let change = CookieChange::Set(signed_in.refresh_token, signed_in.session_expires_at);
            request.refresh_cookie.change(change);
            None
        }
    };
    SignedIn {
        access_token: signed_in.access_token.token.expose_secret().to_owned(),
        access_token_expires_at: signed_in.access_token.expires_at,
        refresh_token,
        viewer: UserNode::new(signed_in.user, signed_in.viewer),
    }
}
