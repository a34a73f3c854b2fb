//! Questions over HTTP, each with a deadline and a bound.

use std::{pin::Pin, time::Duration};

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

/// How long one question may take, body and all.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// What is read of an answer; keys and names are far smaller.
const MAX_BYTES: usize = 256 * 1024;

/// Asks one provider.
#[derive(Debug, Clone)]
pub struct Http(reqwest::Client);

/// Why there is no answer, in words for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub struct HttpError(#[from] anyhow::Error);

impl Http {
    /// For a provider at `address`. What is on this very machine is asked without a proxy.
    ///
    /// # Errors
    /// The certificates that this machine trusts cannot be read.
    pub fn new(address: &str) -> anyhow::Result<Self> {
        let builder = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            // GitHub refuses who does not say what asks.
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")));
        let is_here = crate::config::identity::is_loopback(address);
        Ok(Self(if is_here { builder.no_proxy() } else { builder }.build()?))
    }

    /// The JSON at an address.
    pub(super) async fn get_json<T: DeserializeOwned>(
        &self,
        url: &str,
        bearer: Option<&SecretString>,
    ) -> anyhow::Result<T> {
        let mut request = self.0.get(url).header(reqwest::header::ACCEPT, "application/json");
        if let Some(token) = bearer {
            request = request.bearer_auth(token.expose_secret());
        }
        let answer = self.execute(request.build()?).await?;
        anyhow::ensure!(answer.status() == http::StatusCode::OK, "{url} answers {}", answer.status());
        // The error would repeat what it read, which may be somebody's.
        serde_json::from_slice(answer.body())
            .map_err(|error| anyhow::anyhow!("{url} answers something else: line {}", error.line()))
    }

    /// Looks whether somebody answers at an address, whatever it is, as long as it is no fault.
    ///
    /// # Errors
    /// Why not, in words.
    pub async fn reach(&self, url: &str) -> anyhow::Result<()> {
        let status = self.execute(self.0.get(url).build()?).await?.status();
        anyhow::ensure!(!status.is_server_error(), "{url} answers {status}");
        Ok(())
    }

    async fn execute(&self, request: reqwest::Request) -> anyhow::Result<HttpResponse> {
        let place = place(request.url());
        let mut answer = self.0.execute(request).await.map_err(|error| reason(&place, error))?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| reason(&place, error))? {
            anyhow::ensure!(
                body.len() + part.len() <= MAX_BYTES,
                "{place} answers more than {MAX_BYTES} bytes"
            );
            body.extend_from_slice(&part);
        }
        let mut response = http::Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

/// For the requests that the `oauth2` crate makes.
impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(anyhow::Error::from)?;
            Ok(self.execute(request).await?)
        })
    }
}

/// Without what may be secret in an address.
fn place(url: &url::Url) -> String {
    let mut place = url.clone();
    place.set_query(None);
    place.into()
}

fn reason(place: &str, error: reqwest::Error) -> anyhow::Error {
    if error.is_timeout() {
        return anyhow::anyhow!("{place} does not answer within {} s", DEADLINE.as_secs());
    }
    anyhow::Error::new(error.without_url()).context(format!("{place} does not answer"))
}
