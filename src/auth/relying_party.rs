//! What passkeys are made for: the name that browsers bind them to, and the pages that may ask for them.

use std::{fmt, time::Duration};

use url::{Host, Url};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::config::Config;

/// What the platform is called by passkeys, and in authenticator apps.
pub const PLATFORM_NAME: &str = "FastGPT Platform";

/// How long a browser waits for somebody to find the passkey and touch it.
pub const PASSKEY_TIMEOUT: Duration = Duration::from_secs(300);

/// The platform as a relying party of WebAuthn (Level 3, section 4).
///
/// Its identifier is the console's host, or that of `SITE_URL` where the console is below it. Passkeys are bound to that
/// name for good: under another one they are no longer found.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    webauthn: Webauthn,
    id: String,
}

/// Why there can be no passkeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPasskeys {
    /// The console is reached by an address, and passkeys are bound to names.
    NoDomain,
    /// It is reached over http, where browsers do not show their passkeys.
    NotSecure,
}

impl NoPasskeys {
    /// In a sentence for whoever asks for a passkey.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoDomain => {
                "Passkeys need a domain name: this site is reached by an IP address. Use localhost, or set SITE_URL \
                 to a name."
            }
            Self::NotSecure => "Passkeys need https: this site is reached over http.",
        }
    }
}

impl fmt::Display for NoPasskeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl RelyingParty {
    /// The relying party of an installation.
    ///
    /// # Errors
    /// Why the addresses of the installation allow none.
    pub fn of(config: &Config) -> Result<Self, NoPasskeys> {
        let console = Url::parse(&config.frontend_url).map_err(|_| NoPasskeys::NoDomain)?;
        let site = Url::parse(&config.site_url).map_err(|_| NoPasskeys::NoDomain)?;
        let id = id_of(&console, &site).ok_or(NoPasskeys::NoDomain)?;
        if !is_secure(&console) {
            return Err(NoPasskeys::NotSecure);
        }
        let builder = WebauthnBuilder::new(&id, &console).map_err(|_| NoPasskeys::NoDomain)?;
        let builder = builder.rp_name(PLATFORM_NAME).timeout(PASSKEY_TIMEOUT).append_allowed_origin(&site);
        let webauthn = builder.build().map_err(|_| NoPasskeys::NoDomain)?;
        Ok(Self { webauthn, id })
    }

    /// The name that passkeys are bound to.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What makes challenges and checks the answers.
    #[must_use]
    pub fn webauthn(&self) -> &Webauthn {
        &self.webauthn
    }
}

fn id_of(console: &Url, site: &Url) -> Option<String> {
    let (console, site) = (console.domain()?, site.domain());
    // A page may ask for passkeys of a name above its own, so that one name serves both.
    let above = site.filter(|site| site.contains('.') && console.ends_with(&format!(".{site}")));
    Some(above.unwrap_or(console).to_owned())
}

/// What browsers take for trustworthy (W3C Secure Contexts, section 3.1), as far as it has a name.
fn is_secure(url: &Url) -> bool {
    let is_local =
        matches!(url.host(), Some(Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost"));
    url.scheme() == "https" || is_local
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Vars;

    fn id(site: &str, console: &str) -> Result<String, NoPasskeys> {
        let vars: Vars = [("SITE_URL", site), ("FRONTEND_URL", console)]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let config = Config::from_vars(&vars).unwrap();
        RelyingParty::of(&config).map(|party| party.id().to_owned())
    }

    #[test]
    fn passkeys_are_bound_to_the_console_or_to_the_name_above_it() {
        for (site, console, expected) in [
            ("https://platform.example.com", "https://platform.example.com", "platform.example.com"),
            ("https://api.example.com", "https://console.example.com", "console.example.com"),
            ("https://example.com", "https://console.example.com", "example.com"),
            ("https://api.example.com", "https://example.com", "example.com"),
            ("http://localhost:5000", "http://localhost:5173", "localhost"),
            ("http://127.0.0.1:5000", "http://localhost:5173", "localhost"),
            ("https://平台.example.com", "https://平台.example.com", "xn--1lqs03n.example.com"),
        ] {
            let found = id(site, console);
            if console.is_ascii() {
                assert_eq!(found.as_deref(), Ok(expected), "{site} {console}");
            } else {
                assert!(found.is_ok_and(|id| id.starts_with("xn--") && id.ends_with(".example.com")));
            }
        }
    }

    #[test]
    fn where_browsers_show_none_there_are_none() {
        for (url, reason) in [
            ("http://127.0.0.1:5000", NoPasskeys::NoDomain),
            ("https://192.0.2.1", NoPasskeys::NoDomain),
            ("http://[::1]:5000", NoPasskeys::NoDomain),
            ("http://platform.example.com", NoPasskeys::NotSecure),
        ] {
            assert_eq!(id(url, url), Err(reason), "{url}");
        }
    }
}
