//! The forms of single values; an error says what would be right.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use ipnet::IpNet;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};
use url::Url;

use super::{CorsOrigins, LogFormat, PersistedOperations, RegistrationMode, SecondFactorRequired, SmtpTls};
use crate::{email::Email, locale::Locale};

pub(super) fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("\"{text}\" is not a port; write a number from 0 to 65535"))
}

pub(super) fn parse_host(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| format!("\"{text}\" is not an IP address; write 127.0.0.1, 0.0.0.0 or ::"))
}

pub(super) fn parse_prefix(text: &str) -> Result<String, String> {
    let prefix = text.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    if prefix.len() > 1 && prefix.starts_with('/') && !prefix.contains("//") && prefix.chars().all(plain) {
        Ok(prefix.to_owned())
    } else {
        Err(format!("\"{text}\" is not a path; write one such as /api"))
    }
}

pub(super) fn parse_registration(text: &str) -> Result<RegistrationMode, String> {
    match text {
        "open" => Ok(RegistrationMode::Open),
        "invite" => Ok(RegistrationMode::Invite),
        "closed" => Ok(RegistrationMode::Closed),
        _ => Err(format!("\"{text}\" is none of open, invite and closed")),
    }
}

pub(super) fn parse_second_factor_required(text: &str) -> Result<SecondFactorRequired, String> {
    match text {
        "off" => Ok(SecondFactorRequired::None),
        "admin" => Ok(SecondFactorRequired::Admin),
        "all" => Ok(SecondFactorRequired::All),
        _ => Err(format!("\"{text}\" is none of off, admin and all")),
    }
}

pub(super) fn parse_smtp_tls(text: &str) -> Result<SmtpTls, String> {
    match text {
        "starttls" => Ok(SmtpTls::StartTls),
        "tls" => Ok(SmtpTls::Tls),
        "none" => Ok(SmtpTls::None),
        _ => Err(format!("\"{text}\" is none of starttls, tls and none")),
    }
}

pub(super) fn parse_locale(text: &str) -> Result<Locale, String> {
    Locale::of_tag(text).ok_or_else(|| format!("\"{text}\" is not a language; write zh-CN or en"))
}

pub(super) fn parse_sender(text: &str) -> Result<String, String> {
    text.parse::<lettre::message::Mailbox>()
        .map(|_| text.to_owned())
        .map_err(|_| format!("\"{text}\" is not a sender; write one such as FastGPT <no-reply@example.com>"))
}

/// Domains, in the form that addresses have them.
pub(super) fn parse_domains(text: &str) -> Result<Vec<String>, String> {
    let domains = text.split(',').map(str::trim).filter(|domain| !domain.is_empty());
    let normal = |domain: &str| {
        let address = Email::parse(&format!("a@{}", domain.trim_start_matches('@')));
        address
            .ok()
            .and_then(|address| Some(address.as_str().split_once('@')?.1.to_owned()))
            .ok_or_else(|| format!("\"{domain}\" is not a domain; write one such as example.com"))
    };
    domains.map(normal).collect()
}

pub(super) fn parse_base_url(text: &str) -> Result<String, String> {
    match Url::parse(text) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty() =>
        {
            Ok(url.as_str().trim_end_matches('/').to_owned())
        }
        _ => Err(format!("\"{text}\" is not an address; write one such as https://example.com")),
    }
}

pub(super) fn parse_origins(text: &str) -> Result<CorsOrigins, String> {
    let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    if items.contains(&"*") {
        return Ok(CorsOrigins::Any);
    }
    let origins = items.into_iter().map(|item| {
        let base = parse_base_url(item)?;
        let origin = Url::parse(&base).map_err(|error| error.to_string())?.origin().ascii_serialization();
        if origin == base {
            Ok(origin)
        } else {
            Err(format!("\"{item}\" has a path; an origin is scheme, host and port"))
        }
    });
    origins.collect::<Result<_, _>>().map(CorsOrigins::Only)
}

pub(super) fn parse_networks(text: &str) -> Result<Vec<IpNet>, String> {
    let parse = |item: &str| {
        let network = item.parse().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
        network.map_err(|_| format!("\"{item}\" is not a network; write addresses such as 10.0.0.0/8,::1"))
    };
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(parse).collect()
}

pub(super) fn loopback() -> Vec<IpNet> {
    vec![
        IpNet::new_assert([127, 0, 0, 0].into(), 8),
        IpNet::new_assert(std::net::Ipv6Addr::LOCALHOST.into(), 128),
    ]
}

/// A name or an address, an IPv6 one with or without brackets; the port has a key of its own.
pub(super) fn parse_redis_host(text: &str, port: u16) -> Result<Url, String> {
    let host = match text.parse::<Ipv6Addr>() {
        Ok(_) => format!("[{text}]"),
        Err(_) => text.to_owned(),
    };
    let url =
        url::Host::parse(&host).ok().and_then(|host| Url::parse(&format!("redis://{host}:{port}")).ok());
    url.ok_or_else(|| format!("\"{text}\" is not a host name or address; the port goes into REDIS_PORT"))
}

pub(super) fn parse_redis_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "redis" | "rediss") && url.has_host() => Ok(url),
        _ => Err("is not a Redis address; write redis://:password@host:6379/0".into()),
    }
}

pub(super) fn parse_log_level(text: &str) -> Result<String, String> {
    // A word that is no level would be a target, and silence all others.
    let is_directive = |part: &str| part.contains(['=', '[']) || part.trim().parse::<LevelFilter>().is_ok();
    match text.parse::<EnvFilter>() {
        Ok(_) if text.split(',').all(is_directive) => Ok(text.to_owned()),
        _ => Err(format!("\"{text}\" is not a log filter; write error, warn, info, debug or trace")),
    }
}

pub(super) fn parse_log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("\"{text}\" is not a log format; write pretty or json")),
    }
}

pub(super) fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(format!("\"{text}\" is neither on nor off")),
    }
}

pub(super) fn parse_persisted_operations(text: &str) -> Result<PersistedOperations, String> {
    match text {
        "optional" => Ok(PersistedOperations::Optional),
        "only" => Ok(PersistedOperations::Only),
        _ => Err(format!("\"{text}\" is not a mode; write optional or only")),
    }
}

/// `off` is no address.
pub(super) fn parse_metrics_address(text: &str) -> Result<Option<SocketAddr>, String> {
    match text {
        "off" => Ok(None),
        _ => text.parse().map(Some).map_err(|_| {
            format!("\"{text}\" is not an address with a port; write 127.0.0.1:9464, 0.0.0.0:9464 or off")
        }),
    }
}

pub(super) fn parse_ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err(format!("\"{text}\" is not a number from 0 to 1")),
    }
}

/// A private key in this place is not repeated.
pub(super) fn parse_age_recipients(text: &str) -> Result<Vec<String>, String> {
    let recipients = text.split(',').map(str::trim).filter(|recipient| !recipient.is_empty());
    let check = |recipient: &str| {
        recipient.parse::<age::x25519::Recipient>().map(|_| recipient.to_owned()).map_err(|_| {
            "are not age's public keys; `age-keygen -o key.txt` prints one, which begins with age1".to_owned()
        })
    };
    recipients.map(check).collect()
}

pub(super) fn parse_drain(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(drain) if drain <= Duration::from_secs(60) => Ok(drain),
        _ => Err(format!("\"{text}\" is not a length of time from 0s to 60s")),
    }
}
