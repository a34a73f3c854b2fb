//! Identity providers: Google and GitHub, whose addresses are known, and any others by their issuers.

use std::net::IpAddr;

use secrecy::SecretString;
use url::{Host, Url};

use super::{parse::parse_base_url, reader::Reader};

/// Begins the keys of a provider with a name.
const PREFIX: &str = "OIDC_";
const GITHUB: &str = "https://github.com";
const GITHUB_API: &str = "https://api.github.com";
/// The name becomes part of an address.
const MAX_NAME_CHARS: usize = 32;
const MAX_LABEL_CHARS: usize = 40;

/// Credentials of this platform at an identity provider.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    /// Public identifier.
    pub client_id: String,
    /// Secret.
    pub client_secret: SecretString,
}

/// GitHub, or an installation of GitHub Enterprise.
#[derive(Debug, Clone)]
pub struct GitHub {
    /// This platform's credentials there.
    pub client: OAuthClient,
    /// Where people sign in, without a trailing slash.
    pub base_url: String,
    /// Where programs ask, without a trailing slash.
    pub api_url: String,
}

/// A provider that speaks OpenID Connect.
#[derive(Debug, Clone)]
pub struct OpenIdProvider {
    /// Its name in lower case: part of addresses, and stored with linked accounts.
    pub id: String,
    /// What people know it by.
    pub label: String,
    /// Its issuer, as it writes it itself.
    pub issuer: String,
    /// This platform's credentials there.
    pub client: OAuthClient,
    /// What is asked for; `openid` is always among it.
    pub scopes: Vec<String>,
    /// Where its word decides about roles.
    pub role: Option<RoleClaim>,
    /// The claim with a person's groups.
    pub groups_claim: Option<String>,
}

/// A claim that decides about roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleClaim {
    /// Its name, or the way to it with dots between.
    pub claim: String,
    /// Who has one of these is an administrator; everybody else is not.
    pub admin_values: Vec<String>,
}

pub(super) fn read_client(
    reader: &mut Reader<'_>,
    id_key: &'static str,
    secret_key: &'static str,
) -> Option<OAuthClient> {
    let [id, secret] = read_together(reader, [id_key.to_owned(), secret_key.to_owned()])?;
    Some(OAuthClient { client_id: id, client_secret: secret.into() })
}

/// The values of keys that are good for something only all together.
fn read_together<const N: usize>(reader: &mut Reader<'_>, keys: [String; N]) -> Option<[String; N]> {
    let values = keys.clone().map(|key| reader.text(&key).map(str::to_owned));
    let there = keys.iter().zip(&values).find(|(_, value)| value.is_some()).map(|(key, _)| key.clone())?;
    for (key, _) in keys.into_iter().zip(&values).filter(|(_, value)| value.is_none()) {
        reader.problem(key, format!("is missing; set it together with {there}"));
    }
    let complete: Option<Vec<String>> = values.into_iter().collect();
    complete?.try_into().ok()
}

pub(super) fn read_github(reader: &mut Reader<'_>) -> Option<GitHub> {
    let base_url = reader.parsed("GITHUB_BASE_URL", parse_safe_base_url);
    let api_url = reader.parsed("GITHUB_API_URL", parse_safe_base_url);
    let client = read_client(reader, "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET")?;
    let base_url = base_url.unwrap_or_else(|| GITHUB.to_owned());
    let api_url = api_url.unwrap_or_else(|| match base_url.as_str() {
        GITHUB => GITHUB_API.to_owned(),
        enterprise => format!("{enterprise}/api/v3"),
    });
    Some(GitHub { client, base_url, api_url })
}

pub(super) fn read_open_id(reader: &mut Reader<'_>) -> Vec<OpenIdProvider> {
    let required = ["_ISSUER", "_CLIENT_ID", "_CLIENT_SECRET"];
    let mut names: Vec<&str> =
        required.iter().flat_map(|suffix| reader.names_between(PREFIX, suffix)).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter_map(|name| read_one(reader, name)).collect()
}

fn read_one(reader: &mut Reader<'_>, name: &str) -> Option<OpenIdProvider> {
    let key = |suffix: &str| format!("{PREFIX}{name}_{suffix}");
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(fits) {
        let rule = format!("has no name of 1 to {MAX_NAME_CHARS} capital letters, digits and _ after OIDC_");
        reader.problem(key("ISSUER"), rule);
        return None;
    }
    if ["GOOGLE", "GITHUB"].contains(&name) {
        reader.problem(key("ISSUER"), format!("{name} has keys of its own; choose another name"));
        return None;
    }
    let client = read_together(reader, [key("ISSUER"), key("CLIENT_ID"), key("CLIENT_SECRET")]);
    let issuer = reader.parsed(key("ISSUER"), parse_issuer);
    let label = reader.parsed(key("LABEL"), parse_label).unwrap_or_else(|| name.to_owned());
    let scopes = reader.parsed(key("SCOPES"), parse_scopes).unwrap_or_else(|| words("openid email profile"));
    let role = read_role(reader, key("ROLE_CLAIM"), key("ADMIN_VALUES"));
    let [_, client_id, secret] = client?;
    Some(OpenIdProvider {
        id: name.to_lowercase(),
        label,
        issuer: issuer?,
        client: OAuthClient { client_id, client_secret: secret.into() },
        scopes,
        role,
        groups_claim: reader.text(&key("GROUPS_CLAIM")).map(str::to_owned),
    })
}

fn read_role(reader: &mut Reader<'_>, claim_key: String, values_key: String) -> Option<RoleClaim> {
    let [claim, values] = read_together(reader, [claim_key, values_key])?;
    let values = values.split(',').map(str::trim).filter(|value| !value.is_empty());
    Some(RoleClaim { claim, admin_values: values.map(str::to_owned).collect() })
}

/// Compared letter by letter with what the provider says, so it stays as it was written.
fn parse_issuer(text: &str) -> Result<String, String> {
    parse_safe_base_url(text).map(|_| text.to_owned())
}

/// Secrets go to it, and who somebody is comes from it: never in clear, but on this very machine.
fn parse_safe_base_url(text: &str) -> Result<String, String> {
    let base = parse_base_url(text)?;
    if base.starts_with("https://") || is_loopback(&base) {
        return Ok(base);
    }
    Err(format!("\"{text}\" is not safe from eavesdroppers; write an address with https"))
}

/// Whether an address is of this very machine.
#[must_use]
pub fn is_loopback(url: &str) -> bool {
    match Url::parse(url).as_ref().ok().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

fn parse_label(text: &str) -> Result<String, String> {
    if text.chars().count() <= MAX_LABEL_CHARS && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!("is not a name of at most {MAX_LABEL_CHARS} characters"))
    }
}

fn parse_scopes(text: &str) -> Result<Vec<String>, String> {
    let scopes = words(text);
    if scopes.iter().any(|scope| scope == "openid") {
        Ok(scopes)
    } else {
        Err(format!("\"{text}\" lacks openid; write one such as openid email profile"))
    }
}

fn words(text: &str) -> Vec<String> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
