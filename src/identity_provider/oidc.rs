//! A provider that speaks OpenID Connect: authorization code flow with PKCE.

use std::sync::Arc;

use anyhow::Context;
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier, Scope, TokenResponse};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{
    Answer, Identity, Journey, Prompt, ProviderError,
    cached::Cached,
    claims,
    discovery::Metadata,
    http::Http,
    id_token::{self, Claims, Expected},
    keys::Keys,
    token::{self, Endpoints, Ready, WithIdToken},
};
use crate::{clock::Clock, config::identity::OpenIdProvider};

/// OpenID Connect Core 1.0, section 3.1.2.1: whoever sends `max_age` is told when the person was authenticated
/// (`auth_time`), which it need not be otherwise. In seconds, as long as a session may be at the longest: nobody is made to
/// sign in at the provider again because of it.
const ANY_AGE: u32 = 10 * 365 * 24 * 3600;

/// A provider, and what it has told of itself.
#[derive(Debug)]
pub(super) struct OpenId {
    config: OpenIdProvider,
    callback: String,
    http: Http,
    clock: Clock,
    metadata: Cached<Metadata>,
    keys: Cached<Keys>,
}

impl OpenId {
    pub(super) fn new(config: OpenIdProvider, callback: String, clock: Clock) -> anyhow::Result<Self> {
        let http = Http::new(&config.issuer)?;
        let (metadata, keys) = (Cached::new(clock.clone()), Cached::new(clock.clone()));
        Ok(Self { config, callback, http, clock, metadata, keys })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.config.issuer
    }

    async fn metadata(&self) -> anyhow::Result<Arc<Metadata>> {
        self.metadata.get(Metadata::fetch(&self.http, &self.config.issuer)).await
    }

    fn client(&self, metadata: &Metadata) -> anyhow::Result<Ready<WithIdToken>> {
        let endpoints = Endpoints {
            authorization: &metadata.authorization_endpoint,
            token: &metadata.token_endpoint,
            callback: &self.callback,
            secret_in_form: metadata.takes_secret_in_form(),
        };
        token::client(&self.config.client, &endpoints)
    }

    pub(super) async fn authorization_url(
        &self,
        journey: &Journey,
        prompt: Prompt,
    ) -> Result<Url, ProviderError> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata)?;
        let verifier = PkceCodeVerifier::new(journey.pkce_verifier.expose_secret().to_owned());
        let mut request = client
            .authorize_url(|| CsrfToken::new(journey.state.expose_secret().to_owned()))
            .add_scopes(self.config.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_extra_param("nonce", journey.nonce.expose_secret().to_owned())
            .add_extra_param("max_age", ANY_AGE.to_string());
        if prompt == Prompt::Login {
            request = request.add_extra_param("prompt", "login");
        }
        Ok(request.url().0)
    }

    pub(super) async fn identify(
        &self,
        answer: &Answer,
        journey: &Journey,
    ) -> Result<Identity, ProviderError> {
        let metadata = self.metadata().await?;
        // RFC 9207, section 2.4: an answer that is another provider's would take the code there.
        match &answer.issuer {
            Some(issuer) if *issuer != self.config.issuer => {
                return Err(ProviderError::NotGood("the answer is another provider's"));
            }
            None if metadata.authorization_response_iss_parameter_supported => {
                return Err(ProviderError::NotGood("the answer does not say whose it is"));
            }
            _ => {}
        }
        let exchanged = token::exchange(&self.client(&metadata)?, &self.http, answer, journey).await?;
        let token = exchanged.extra_fields().id_token.as_deref().context("it gives no ID token")?;
        let claims = self.verify(&metadata, token, journey).await.context("its ID token is not good")?;
        let authenticated_at = id_token::authenticated_at(&claims);
        let access_token = exchanged.access_token().secret().clone().into();
        let claims = self.complete(&metadata, claims, &access_token).await?;
        let identity =
            claims::identity(&claims, self.config.role.as_ref(), self.config.groups_claim.as_deref());
        Ok(Identity { authenticated_at, ..identity })
    }

    /// Keys change: one that is not known yet is asked for once.
    async fn verify(&self, metadata: &Metadata, token: &str, journey: &Journey) -> anyhow::Result<Claims> {
        let header = id_token::header_of(token)?;
        let fetch = || Keys::fetch(&self.http, &metadata.jwks_uri);
        let mut keys = self.keys.get(fetch()).await?;
        if keys.find(&header).is_none() {
            keys = self.keys.renew(&keys, fetch()).await?;
        }
        let expected = Expected {
            issuer: &self.config.issuer,
            client_id: &self.config.client.client_id,
            nonce: &journey.nonce,
            now: self.clock.now(),
        };
        id_token::verify(token, &header, &keys, &expected)
    }

    /// What is wanted and not in the token may be told to whoever asks (section 5.3); the token's own word counts first.
    async fn complete(
        &self,
        metadata: &Metadata,
        claims: Claims,
        access_token: &SecretString,
    ) -> anyhow::Result<Claims> {
        let role = self.config.role.as_ref().map(|role| role.claim.as_str());
        let wanted =
            ["email", "email_verified"].into_iter().chain(role).chain(self.config.groups_claim.as_deref());
        let is_complete = wanted.into_iter().all(|name| claims::find(&claims, name).is_some());
        let Some(address) = metadata.userinfo_endpoint.as_ref().filter(|_| !is_complete) else {
            return Ok(claims);
        };
        let mut told: Claims = self.http.get_json(address, Some(access_token)).await?;
        // Section 5.3.2: the answer may be somebody else's.
        let same = told.get("sub").is_some_and(|sub: &Value| Some(sub) == claims.get("sub"));
        anyhow::ensure!(same, "{address} tells of somebody else");
        // Whether an address is verified is said of that very address.
        if claims.contains_key("email") && told.get("email") != claims.get("email") {
            told.remove("email_verified");
        }
        told.extend(claims);
        Ok(told)
    }
}
