//! Showing once more who one is, in a session that goes on.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::service;
use crate::{
    error::{Error, Rule, Violation},
    graphql::{RequestContext, Result},
    second_factor::{self, Proof, passkey::graphql::PasskeyAssertionInput},
};

/// What `reauthenticate` needs: exactly one of these.
#[derive(InputObject)]
struct ReauthenticateInput {
    /// The viewer's password.
    password: Option<String>,
    /// A code of the viewer's authenticator app.
    totp_code: Option<String>,
    /// A passkey's answer to `startPasskeyReauthentication`.
    passkey: Option<PasskeyAssertionInput>,
}

/// What is shown.
enum Shown {
    Password(String),
    Factor(Proof),
}

impl ReauthenticateInput {
    fn shown(self) -> Result<Shown, Violation> {
        match (self.password, self.totp_code, self.passkey) {
            (Some(password), None, None) => Ok(Shown::Password(password)),
            (None, Some(code), None) => Ok(Shown::Factor(Proof::Totp(code))),
            (None, None, Some(passkey)) => Ok(Shown::Factor(Proof::Passkey(passkey.into()))),
            (None, None, None) => {
                Err(Violation::new("input", Rule::Required, "Give a password, a code or a passkey."))
            }
            _ => {
                Err(Violation::new("input", Rule::Exclusive, "Give only one of password, code and passkey."))
            }
        }
    }
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
        let (gateway, origin) = (&request.gateway, request.origin(None));
        let valid_until = match input.shown().map_err(Error::from)? {
            Shown::Password(password) => {
                service::reauthenticate(gateway, &viewer, &password, &origin).await?
            }
            Shown::Factor(proof) => {
                second_factor::service::reauthenticate(gateway, &viewer, &proof, &origin).await?
            }
        };
        Ok(Reauthenticated { valid_until })
    }
}
