//! The refresh cookie (RFC 6265bis): out of reach of scripts and of other sites.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Utc};
use cookie::{Cookie, SameSite, time::Duration};
use secrecy::{ExposeSecret, SecretString};

use crate::{config::Config, graphql::context::CookieChange};

/// With `__Host-` a browser takes it only over https, from this very host; over plain http the prefix is forbidden.
fn name(config: &Config) -> &'static str {
    if is_secure(config) { "__Host-fastgpt_refresh" } else { "fastgpt_refresh" }
}

fn is_secure(config: &Config) -> bool {
    config.site_url.starts_with("https://")
}

/// The refresh token that the browser sent.
pub(super) fn read(config: &Config, headers: &HeaderMap) -> Option<SecretString> {
    let name = name(config);
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned().into())
}

/// The `Set-Cookie` header for a change.
pub(super) fn write(
    config: &Config,
    change: CookieChange,
    now: DateTime<Utc>,
) -> anyhow::Result<HeaderValue> {
    let (value, seconds) = match &change {
        CookieChange::Set(token, expires_at) => (token.expose_secret(), (*expires_at - now).num_seconds()),
        CookieChange::Clear => ("", 0),
    };
    let cookie = Cookie::build((name(config), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_secure(config))
        .max_age(Duration::seconds(seconds));
    let mut header = HeaderValue::from_str(&cookie.build().to_string())?;
    header.set_sensitive(true);
    Ok(header)
}
