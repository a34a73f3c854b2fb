//! Asking an address over HTTP, and saying in an operator's words why it does not answer.

use std::{error::Error, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{Client, RequestBuilder, StatusCode, header, header::HeaderMap};

/// Less than a check has, which can so say what it was that did not answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(4);
/// What is read of an answer; nothing that is looked for lies behind it.
const MAX_BYTES: usize = 256 * 1024;

/// Asks as a browser would, but follows no redirects: where they lead is itself of interest.
pub(super) fn client() -> anyhow::Result<Client> {
    Ok(builder().build()?)
}

pub(super) fn builder() -> reqwest::ClientBuilder {
    Client::builder()
        .timeout(ANSWER_DEADLINE)
        .no_proxy()
        // Each question has a connection of its own, and its answer is nobody else's.
        .pool_max_idle_per_host(0)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "-doctor/", env!("CARGO_PKG_VERSION")))
}

/// An answer, whatever it says.
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoPage {
    Unresolved,
    Refused,
    Silent,
    /// The certificate is not accepted.
    Certificate,
    /// It speaks, and not HTTP.
    Other(String),
}

impl Page {
    pub(super) async fn get(client: &Client, url: &str) -> Result<Self, NoPage> {
        Self::of(client.get(url)).await
    }

    pub(super) async fn of(request: RequestBuilder) -> Result<Self, NoPage> {
        let mut response = request.send().await?;
        let mut body = Vec::new();
        while body.len() < MAX_BYTES
            && let Some(part) = response.chunk().await?
        {
            body.extend_from_slice(&part);
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        Ok(Self { status: response.status(), headers: std::mem::take(response.headers_mut()), text })
    }

    pub(super) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.text).ok()
    }

    /// What the answer's `Date` says (RFC 9110, section 6.6.1), which is cut to whole seconds.
    pub(super) fn date(&self) -> Option<DateTime<Utc>> {
        let date = DateTime::parse_from_rfc2822(self.header(header::DATE)?).ok()?;
        Some(date.to_utc() + chrono::TimeDelta::milliseconds(500))
    }

    /// Who it was, in few words.
    pub(super) fn describe(&self) -> String {
        let by = self.header(header::SERVER).map(|server| format!(" by {server:.40}")).unwrap_or_default();
        match self.header(header::LOCATION) {
            Some(place) => format!("{}{by}, which leads to {place:.100}", self.status),
            None => format!("{}{by}", self.status),
        }
    }
}

impl NoPage {
    /// What happened at `url`.
    pub(super) fn at(&self, url: &str) -> String {
        match self {
            Self::Unresolved => format!("the name in {url} leads to no address"),
            Self::Refused => format!("nothing listens at {url}"),
            Self::Silent => format!("{url} does not answer within {} s", ANSWER_DEADLINE.as_secs()),
            Self::Certificate => format!("the certificate of {url} is not accepted"),
            Self::Other(reason) => format!("{url} does not answer in HTTP: {reason}"),
        }
    }
}

impl From<reqwest::Error> for NoPage {
    fn from(error: reqwest::Error) -> Self {
        let causes = std::iter::successors(error.source(), |cause| (*cause).source());
        let words: Vec<String> = causes.map(ToString::to_string).collect();
        let says = |part: &str| words.iter().any(|cause| cause.contains(part));
        if error.is_timeout() {
            Self::Silent
        } else if says("Connection refused") {
            Self::Refused
        } else if says("dns error") || says("failed to lookup") {
            Self::Unresolved
        } else if says("certificate") {
            Self::Certificate
        } else {
            Self::Other(words.last().cloned().unwrap_or_else(|| "the connection broke off".to_owned()))
        }
    }
}
