//! GitHub: OAuth 2.0 with its own addresses for who somebody is
//! (<https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>).

use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, Scope, TokenResponse};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::{
    Answer, Identity, Journey, Prompt, ProviderError,
    http::Http,
    token::{self, Endpoints, Plain, Ready},
};
use crate::{config::identity::GitHub as Config, email::Email};

/// GitHub, as it is configured.
#[derive(Debug)]
pub(super) struct GitHub {
    config: Config,
    callback: String,
    http: Http,
}

/// Who somebody is; names change, the number does not.
#[derive(Debug, Deserialize)]
struct User {
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Address {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

impl GitHub {
    pub(super) fn new(config: Config, callback: String) -> anyhow::Result<Self> {
        let http = Http::new(&config.api_url)?;
        Ok(Self { config, callback, http })
    }

    fn client(&self) -> anyhow::Result<Ready<Plain>> {
        let login = format!("{}/login/oauth", self.config.base_url);
        let endpoints = Endpoints {
            authorization: &format!("{login}/authorize"),
            token: &format!("{login}/access_token"),
            callback: &self.callback,
            secret_in_form: true,
        };
        token::client(&self.config.client, &endpoints)
    }

    pub(super) fn authorization_url(&self, journey: &Journey, prompt: Prompt) -> Result<Url, ProviderError> {
        let verifier = PkceCodeVerifier::new(journey.pkce_verifier.expose_secret().to_owned());
        let client = self.client()?;
        let mut request = client
            .authorize_url(|| CsrfToken::new(journey.state.expose_secret().to_owned()))
            .add_scopes(["read:user", "user:email"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if prompt == Prompt::Login {
            // GitHub has no way to have somebody sign in again; it asks at least which account it is to be.
            request = request.add_extra_param("prompt", "select_account");
        }
        Ok(request.url().0)
    }

    pub(super) async fn identify(
        &self,
        answer: &Answer,
        journey: &Journey,
    ) -> Result<Identity, ProviderError> {
        let exchanged = token::exchange(&self.client()?, &self.http, answer, journey).await?;
        let token: SecretString = exchanged.access_token().secret().clone().into();
        let api = &self.config.api_url;
        let user: User = self.http.get_json(&format!("{api}/user"), Some(&token)).await?;
        let addresses: Vec<Address> =
            self.http.get_json(&format!("{api}/user/emails?per_page=100"), Some(&token)).await?;
        let address = addresses.into_iter().find(|address| address.primary);
        let email = address.as_ref().and_then(|address| Email::parse_as_written(&address.email).ok());
        Ok(Identity {
            subject: user.id.to_string(),
            email,
            email_verified: address.is_some_and(|address| address.verified),
            name: user.name.filter(|name| !name.trim().is_empty()).or(Some(user.login)),
            role: None,
            groups: None,
            // It does not say.
            authenticated_at: None,
        })
    }
}
