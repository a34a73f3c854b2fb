//! Verifying and changing email addresses, in the schema.

use async_graphql::{Context, InputObject, Object, SimpleObject, Union};
use secrecy::ExposeSecret;

use super::service;
use crate::{
    error::{Error, Rule, Violation},
    graphql::{RequestContext, Result},
    session::sign_in::{
        EmailVerificationRequired, RefreshTokenDelivery, SignedIn, check_delivery, hand_over,
    },
};

/// The address is its owner's.
#[derive(SimpleObject)]
struct EmailVerified {
    /// The address.
    email: String,
}

/// What comes of verifying an address.
#[derive(Union)]
enum VerifyEmailResult {
    /// By the code, in the browser that signed up.
    SignedIn(SignedIn),
    /// By the link, wherever it was opened; nobody is signed in by it.
    EmailVerified(EmailVerified),
}

/// What `verifyEmail` needs: the token of a link, or challenge and code.
#[derive(InputObject)]
struct VerifyEmailInput {
    /// From the link of the mail.
    token: Option<String>,
    /// From the answer to `signUp` or `resendEmailVerification`.
    challenge: Option<String>,
    /// Six digits, from the mail.
    code: Option<String>,
    /// How the refresh token is to come back, where the code signs in.
    #[graphql(default_with = "RefreshTokenDelivery::Cookie")]
    refresh_token_delivery: RefreshTokenDelivery,
}

/// What `resendEmailVerification` needs.
#[derive(InputObject)]
struct ResendEmailVerificationInput {
    /// The address that was signed up with.
    email: String,
}

/// What `requestEmailChange` needs.
#[derive(InputObject)]
struct RequestEmailChangeInput {
    /// The address that the account is to have.
    new_email: String,
}

/// What `confirmEmailChange` needs.
#[derive(InputObject)]
struct ConfirmEmailChangeInput {
    /// From the link of the mail to the new address.
    token: String,
}

/// Whose an address is.
#[derive(Default)]
pub struct VerificationMutation;

#[Object]
impl VerificationMutation {
    /// Shows that an address is one's own: by the token of a link alone, or by challenge and code, which also signs in.
    async fn verify_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token, or challenge and code.")] input: VerifyEmailInput,
    ) -> Result<VerifyEmailResult> {
        let request = RequestContext::of(ctx);
        let gateway = &request.gateway;
        match (input.token, input.challenge, input.code) {
            (Some(token), None, None) => {
                let email = service::verify_by_link(gateway, &token, &request.client).await?;
                Ok(VerifyEmailResult::EmailVerified(EmailVerified { email }))
            }
            (None, Some(challenge), Some(code)) => {
                check_delivery(request, input.refresh_token_delivery)?;
                let origin = request.origin(None);
                let signed_in = service::verify_by_code(gateway, &challenge, &code, &origin).await?;
                let delivery = input.refresh_token_delivery;
                Ok(VerifyEmailResult::SignedIn(hand_over(request, signed_in, delivery)))
            }
            _ => {
                let message = "Give the `token` of a link, or `challenge` and `code`, and nothing else.";
                Err(Error::from(Violation::new("input.token", Rule::Exclusive, message)).into())
            }
        }
    }

    /// Has the mail of a sign-up sent once more. The answer is the same whether the address has an account or not.
    async fn resend_email_verification(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which address.")] input: ResendEmailVerificationInput,
    ) -> Result<EmailVerificationRequired> {
        let request = RequestContext::of(ctx);
        let issued = service::resend(&request.gateway, &input.email, &request.client).await?;
        Ok(EmailVerificationRequired {
            email: input.email,
            challenge: issued.challenge(&request.gateway.session_key).expose_secret().to_owned(),
            challenge_expires_at: issued.expires_at,
        })
    }

    /// Has a link sent to another address, which makes it the account's. Needs a recent sign-in or `reauthenticate`.
    async fn request_email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new address.")] input: RequestEmailChangeInput,
    ) -> Result<bool> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent()?;
        service::request_change(&request.gateway, &viewer, &input.new_email, &request.client).await?;
        Ok(true)
    }

    /// Makes the address that a link went to the account's.
    async fn confirm_email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token.")] input: ConfirmEmailChangeInput,
    ) -> Result<EmailVerified> {
        let request = RequestContext::of(ctx);
        let email = service::confirm_change(&request.gateway, &input.token, &request.client).await?;
        Ok(EmailVerified { email })
    }
}
