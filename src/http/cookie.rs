//! The cookies (RFC 6265bis): out of reach of scripts and of other sites.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Utc};
use cookie::{Cookie, SameSite, time::Duration};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    config::Config,
    graphql::context::{CookieChange, Cookies, SecretCookie},
};

/// A browser's refresh token.
pub(super) const REFRESH: &str = "fastgpt_refresh";
/// A browser's secret, whoever signs in with it.
const DEVICE: &str = "fastgpt_device";
/// What a browser keeps while it is away at an identity provider.
const PROVIDER: &str = "fastgpt_provider";

/// With `__Host-` a browser takes it only over https, from this very host; over plain http the prefix is forbidden.
pub(super) fn full_name(config: &Config, name: &str) -> String {
    if is_secure(config) { format!("__Host-{name}") } else { name.to_owned() }
}

fn is_secure(config: &Config) -> bool {
    config.site_url.starts_with("https://")
}

/// What the browser sent under this name.
pub(super) fn read(config: &Config, headers: &HeaderMap, name: &str) -> Option<SecretString> {
    let name = full_name(config, name);
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned().into())
}

/// All that the browser sent.
pub(super) fn read_all(config: &Config, headers: &HeaderMap) -> Cookies {
    let cookie = |name| SecretCookie::over_http(read(config, headers, name));
    Cookies { refresh: cookie(REFRESH), device: cookie(DEVICE), provider: cookie(PROVIDER) }
}

/// Has an answer change what is to be changed.
pub(super) fn write_all(
    config: &Config,
    cookies: &Cookies,
    now: DateTime<Utc>,
    headers: &mut HeaderMap,
) -> anyhow::Result<()> {
    let all = [(REFRESH, &cookies.refresh), (DEVICE, &cookies.device), (PROVIDER, &cookies.provider)];
    for (name, cookie) in all {
        if let Some(change) = cookie.take_change() {
            headers.append(header::SET_COOKIE, write(config, name, change, now)?);
        }
    }
    Ok(())
}

/// The `Set-Cookie` header for a change.
pub(super) fn write(
    config: &Config,
    name: &str,
    change: CookieChange,
    now: DateTime<Utc>,
) -> anyhow::Result<HeaderValue> {
    let (value, seconds) = match &change {
        CookieChange::Set(token, expires_at) => (token.expose_secret(), (*expires_at - now).num_seconds()),
        CookieChange::Clear => ("", 0),
    };
    let cookie = Cookie::build((full_name(config, name), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_secure(config))
        .max_age(Duration::seconds(seconds));
    let mut header = HeaderValue::from_str(&cookie.build().to_string())?;
    header.set_sensitive(true);
    Ok(header)
}
