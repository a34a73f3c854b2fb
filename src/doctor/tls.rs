//! The certificate of `SITE_URL`.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::tls::TlsInfo;
use url::Url;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

use super::{
    Check, Group, Installation,
    check::Subject,
    page::{self, NoPage},
};

static CERTIFICATE: Subject = Subject::new("certificate", Group::PublicAddress, "TLS certificate");

const RENEW: &str = "`certbot renew`, then `systemctl reload nginx`";
const SOON: TimeDelta = TimeDelta::days(21);
const LATE: TimeDelta = TimeDelta::days(7);

/// `None` where there is no TLS.
pub(super) async fn examine(installation: &Installation) -> Option<Check> {
    let site = Url::parse(&installation.config.site_url).ok().filter(|url| url.scheme() == "https")?;
    let host = site.host_str()?.to_owned();
    Some(CERTIFICATE.in_time(judge(&site, &host, installation.clock.now())).await)
}

/// One look as everybody looks, which says whether it is trusted; one that accepts everything, to see what it is.
async fn judge(site: &Url, host: &str, now: DateTime<Utc>) -> Check {
    let url = site.join("/health").unwrap_or_else(|_| site.clone());
    let (strict, lenient) = tokio::join!(ask(&url, false), ask(&url, true));
    let seen = match lenient {
        Ok(certificate) => certificate,
        Err(reason) => return CERTIFICATE.skipped(reason.at(site.as_str())),
    };
    let Some((_, certificate)) = seen.as_deref().and_then(|der| X509Certificate::from_der(der).ok()) else {
        return CERTIFICATE.failed("the server shows none that can be read", RENEW);
    };
    let left = expiry(&certificate).map_or(TimeDelta::zero(), |expiry| expiry - now);
    let names = names(&certificate);
    if left < TimeDelta::zero() {
        return CERTIFICATE.failed(format!("expired {} days ago", -left.num_days()), RENEW);
    }
    if !names.iter().any(|name| covers(name, host)) {
        let evidence = format!("made out to {:.200}, and not to {host}", names.join(", "));
        return CERTIFICATE.failed(evidence, format!("`certbot --nginx -d {host}`"));
    }
    if strict == Err(NoPage::Certificate) {
        return CERTIFICATE.failed(
            format!("issued by {:.100}, whom this machine does not trust", certificate.issuer()),
            "Serve the whole chain (`fullchain.pem`) of a public authority; a private one: install its root \
             certificate on every machine",
        );
    }
    let evidence = format!("{} days left, made out to {host}", left.num_days());
    if left < SOON { CERTIFICATE.wrong(left < LATE, evidence, RENEW) } else { CERTIFICATE.ok(evidence) }
}

/// The server's certificate, in DER.
async fn ask(url: &Url, accept_all: bool) -> Result<Option<Vec<u8>>, NoPage> {
    let client = page::builder().tls_info(true).danger_accept_invalid_certs(accept_all).build()?;
    let response = client.get(url.clone()).send().await?;
    let info = response.extensions().get::<TlsInfo>();
    Ok(info.and_then(TlsInfo::peer_certificate).map(<[u8]>::to_vec))
}

fn expiry(certificate: &X509Certificate<'_>) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)
}

/// The names it holds for (RFC 6125): the alternative ones alone, as browsers have it.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(alternatives)) = certificate.subject_alternative_name() else { return Vec::new() };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            ref bytes => {
                let bytes: [u8; 16] = bytes.try_into().ok()?;
                Some(format!("[{}]", std::net::Ipv6Addr::from(bytes)))
            }
        },
        _ => None,
    };
    alternatives.value.general_names.iter().filter_map(name).collect()
}

/// A star stands for one label.
fn covers(name: &str, host: &str) -> bool {
    let parent = |host: &str| host.split_once('.').map(|(_, parent)| parent.to_owned());
    match name.strip_prefix("*.") {
        Some(domain) => parent(host).is_some_and(|parent| parent.eq_ignore_ascii_case(domain)),
        None => name.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_label() {
        for (name, host, expected) in [
            ("a.example", "A.example", true),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
        ] {
            assert_eq!(covers(name, host), expected, "{name} {host}");
        }
    }
}
