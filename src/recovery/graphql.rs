//! Ways back into an account, in the schema.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use super::service;
use crate::{
    error::Error,
    graphql::{RequestContext, Result},
    invitation,
    one_time_token::{self, Form, Purpose},
};

/// A link that came by mail and is still good.
#[derive(SimpleObject)]
struct EmailedLink {
    /// What it is good for.
    purpose: EmailedLinkPurpose,
    /// The address that it is about.
    email: String,
    /// From when on it is refused.
    expires_at: DateTime<Utc>,
}

/// What a link is good for.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum EmailedLinkPurpose {
    /// `verifyEmail`.
    VerifyEmail,
    /// `resetPassword`.
    ResetPassword,
    /// `confirmEmailChange`.
    ChangeEmail,
    /// `signUp`.
    Invitation,
    /// `disownSignIn`.
    DisownSignIn,
}

/// What `requestPasswordReset` needs.
#[derive(InputObject)]
struct RequestPasswordResetInput {
    /// Address of the account.
    email: String,
}

/// What `resetPassword` needs.
#[derive(InputObject)]
struct ResetPasswordInput {
    /// From the link of the mail, or from `disownSignIn`.
    token: String,
    /// 8 to 128 characters, and not easy to guess.
    new_password: String,
}

/// What `disownSignIn` needs.
#[derive(InputObject)]
struct DisownSignInInput {
    /// From the link of the mail.
    token: String,
}

/// The session is ended.
#[derive(SimpleObject)]
struct SignInDisowned {
    /// For `resetPassword`: whoever signed in knows the password.
    password_reset_token: String,
}

/// Questions about links.
#[derive(Default)]
pub struct RecoveryQuery;

#[Object]
impl RecoveryQuery {
    /// What a link of a mail is good for; looking uses nothing up.
    async fn emailed_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token.")] token: String,
    ) -> Result<EmailedLink> {
        let request = RequestContext::of(ctx);
        let found = one_time_token::service::look_at_any(&request.gateway, Form::Link, &token).await?;
        let purpose = match found.purpose {
            Purpose::VerifyEmail => EmailedLinkPurpose::VerifyEmail,
            Purpose::ResetPassword => EmailedLinkPurpose::ResetPassword,
            Purpose::ChangeEmail => EmailedLinkPurpose::ChangeEmail,
            Purpose::Invitation => {
                invitation::service::of_link(&request.gateway, &token).await?;
                EmailedLinkPurpose::Invitation
            }
            Purpose::DisownSignIn => EmailedLinkPurpose::DisownSignIn,
            // No mail has a link for these.
            Purpose::SecondFactor
            | Purpose::TotpEnrollment
            | Purpose::PasskeyRegistration
            | Purpose::PasskeySignIn
            | Purpose::PasskeySecondFactor
            | Purpose::PasskeyReauthentication
            | Purpose::Provider => return Err(Error::InvalidToken.into()),
        };
        let email = found.email.ok_or(Error::InvalidToken)?;
        Ok(EmailedLink { purpose, email, expires_at: found.expires_at })
    }
}

/// Ways back into an account.
#[derive(Default)]
pub struct RecoveryMutation;

#[Object]
impl RecoveryMutation {
    /// Has a link sent to choose a new password with. The answer is the same whether the address has an account or not.
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: RequestPasswordResetInput,
    ) -> Result<bool> {
        let request = RequestContext::of(ctx);
        service::request_reset(&request.gateway, &input.email, &request.client).await?;
        Ok(true)
    }

    /// Replaces a forgotten password and ends all sessions of the account.
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token, and the new password.")] input: ResetPasswordInput,
    ) -> Result<bool> {
        let request = RequestContext::of(ctx);
        let new = input.new_password.into();
        service::reset(&request.gateway, &input.token, &new, &request.client).await?;
        Ok(true)
    }

    /// Ends a session that its owner did not begin, and gives the means to choose a new password.
    async fn disown_sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The link's token.")] input: DisownSignInInput,
    ) -> Result<SignInDisowned> {
        let request = RequestContext::of(ctx);
        let issued = service::disown(&request.gateway, &input.token, &request.client).await?;
        let link = issued.link(&request.gateway.session_key);
        Ok(SignInDisowned { password_reset_token: link.expose_secret().to_owned() })
    }
}
