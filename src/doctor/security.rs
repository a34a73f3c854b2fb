//! Secrets that are none, and doors that stand open. What the server itself refuses is a problem of the configuration.

use std::{net::IpAddr, path::Path};

use secrecy::{ExposeSecret, SecretString};

use super::{Check, Group, Installation, check::Subject};

static VARIETY: Subject = Subject::new("secret_variety", Group::Security, "Variety of secrets");
static DISTINCT: Subject = Subject::new("distinct_secrets", Group::Security, "Secrets differ");
static DATABASE_PASSWORD: Subject = Subject::new("database_password", Group::Security, "Database password");
static LISTENER: Subject = Subject::new("open_listener", Group::Security, "Listening address");

const NEW_SECRET: &str = "`openssl rand -base64 48` prints a good one; write another to each key";
/// Sixteen random bytes in hexadecimal have fewer only once in thousands of times.
const LEAST_VARIETY: usize = 8;

pub(super) fn examine(installation: &Installation) -> Vec<Check> {
    let mut checks = Vec::new();
    if installation.production {
        checks.extend([variety(installation), distinct(installation)]);
        checks.extend(database_password(installation));
    }
    if installation.config.site_url.starts_with("https://") {
        checks.push(listener(installation.config.host, installation.config.port, in_container()));
    }
    checks
}

/// Those that the configuration has no complaint about.
fn secrets(installation: &Installation) -> impl Iterator<Item = (&'static str, &SecretString)> {
    let config = &installation.config;
    let jwt = config.jwt_secrets.iter().map(|secret| ("JWT_SECRET", secret));
    let all = jwt.chain(config.session_secret.iter().map(|secret| ("SESSION_SECRET", secret)));
    all.filter(|(key, _)| installation.unusable(&[key]).is_none())
}

fn variety(installation: &Installation) -> Check {
    let is_monotonous = |secret: &SecretString| {
        let mut bytes = secret.expose_secret().as_bytes().to_vec();
        bytes.sort_unstable();
        bytes.dedup();
        bytes.len() < LEAST_VARIETY
    };
    match secrets(installation).find(|(_, secret)| is_monotonous(secret)) {
        Some((key, _)) => {
            let evidence =
                format!("{key} has fewer than {LEAST_VARIETY} different characters: it can be guessed");
            VARIETY.failed(evidence, NEW_SECRET)
        }
        None if secrets(installation).next().is_none() => VARIETY.skipped("no secret can be used"),
        None => VARIETY.ok("as in random ones"),
    }
}

fn distinct(installation: &Installation) -> Check {
    let config = &installation.config;
    let Some(session) = &config.session_secret else { return DISTINCT.skipped("no secret is configured") };
    let same = config.jwt_secrets.iter().any(|jwt| jwt.expose_secret() == session.expose_secret());
    if same {
        DISTINCT.failed("JWT_SECRET and SESSION_SECRET are the same: who learns one has both", NEW_SECRET)
    } else {
        DISTINCT.ok("JWT_SECRET and SESSION_SECRET")
    }
}

/// `None` where the database has no password.
fn database_password(installation: &Installation) -> Option<Check> {
    let url = &installation.config.database_url;
    if installation.unusable(&["DATABASE_URL"]).is_some() || url.file().is_some() {
        return None;
    }
    Some(if url.has_published_password() {
        DATABASE_PASSWORD.failed(
            "it stands in guides and examples",
            "`ALTER USER … PASSWORD '…'` with the output of `openssl rand -hex 24`, and the same in DATABASE_URL",
        )
    } else {
        DATABASE_PASSWORD.ok("not one of guides and examples")
    })
}

/// Behind a proxy, the port itself needs to be open to nobody else. In a container the outside decides that.
fn listener(host: IpAddr, port: u16, in_container: bool) -> Check {
    if !host.is_unspecified() {
        LISTENER.ok(host.to_string())
    } else if in_container {
        LISTENER.ok(format!("{host}, within a container"))
    } else {
        LISTENER.warning(
            format!("{host}: port {port} can be reached past the proxy and without TLS"),
            format!("HOST=127.0.0.1, or `ufw deny {port}/tcp`"),
        )
    }
}

fn in_container() -> bool {
    ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn a_port_behind_a_proxy_is_open_to_the_proxy_alone() {
        for (host, in_container, expected) in [
            ("127.0.0.1", false, Status::Ok),
            ("10.0.0.7", false, Status::Ok),
            ("0.0.0.0", true, Status::Ok),
            ("0.0.0.0", false, Status::Warning),
            ("::", false, Status::Warning),
        ] {
            let check = listener(host.parse().unwrap(), 5000, in_container);
            assert_eq!(check.status, expected, "{host}");
        }
    }
}
