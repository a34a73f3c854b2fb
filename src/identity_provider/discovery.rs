//! What a provider tells of itself (OpenID Connect Discovery 1.0).

use serde::Deserialize;
use url::Url;

use super::http::Http;
use crate::config::identity::is_loopback;

/// The part that is used here.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) jwks_uri: String,
    pub(super) userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207, section 3.
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    pub(super) async fn fetch(http: &Http, issuer: &str) -> anyhow::Result<Self> {
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Self = http.get_json(&address, None).await?;
        metadata.check(issuer)?;
        Ok(metadata)
    }

    /// Section 4.3: a document of another issuer is none.
    fn check(&self, issuer: &str) -> anyhow::Result<()> {
        anyhow::ensure!(self.issuer == issuer, "it calls itself {:?}, not {issuer:?}", self.issuer);
        let endpoints = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        for endpoint in endpoints.into_iter().chain(&self.userinfo_endpoint) {
            let scheme = Url::parse(endpoint).map(|url| url.scheme().to_owned()).unwrap_or_default();
            let is_safe =
                scheme == "https" || scheme == "http" && is_loopback(endpoint) && is_loopback(issuer);
            anyhow::ensure!(is_safe, "its address {endpoint:?} is not one with https");
        }
        Ok(())
    }

    /// Whether the secret goes into the form, where it cannot go into the header (section 3: the header is the default).
    pub(super) fn takes_secret_in_form(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let takes = |method: &str| methods.iter().any(|known| known == method);
        takes("client_secret_post") && !takes("client_secret_basic")
    }
}

/// Looks whether a provider tells of itself as it should.
///
/// # Errors
/// Why it does not, in words.
pub async fn check_discovery(http: &Http, issuer: &str) -> anyhow::Result<()> {
    Metadata::fetch(http, issuer).await.map(drop)
}
