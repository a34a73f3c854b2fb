//! The proxy in front: whether the server learns who asks, and from nobody else.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::Client;
use serde::Deserialize;

use super::{
    Check, Group, Installation,
    check::Subject,
    page::Page,
    site::{is_own, when},
};

static ADDRESS: Subject = Subject::new("client_address", Group::PublicAddress, "Address of the client");
static SCHEME: Subject = Subject::new("forwarded_scheme", Group::PublicAddress, "Forwarded scheme");
static SPOOFING: Subject = Subject::new("forged_address", Group::PublicAddress, "Forged address");

const FORWARD: &str = "In nginx: `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`";
/// Of a network that is kept for documentation (RFC 5737): nobody's.
const FORGED: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 77));

/// What `{API_PREFIX}/health/client` says of us.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Caller {
    address: IpAddr,
    scheme: String,
    proxied: bool,
    proxy_trusted: bool,
}

pub(super) async fn examine(installation: &Installation, client: &Client, reached: bool) -> [Check; 3] {
    if reached && is_own(&installation.config, &installation.config.site_url) {
        let reason = "SITE_URL is the server itself, without a proxy";
        return [&ADDRESS, &SCHEME, &SPOOFING].map(|subject| subject.skipped(reason));
    }
    let caller = async { if reached { ask(installation, client, None).await } else { None } };
    let forged = async { if reached { ask(installation, client, Some(FORGED)).await } else { None } };
    let (caller, forged) = tokio::join!(caller, forged);
    tokio::join!(
        when(reached, &ADDRESS, async { address(installation, caller.as_ref()) }),
        when(reached, &SCHEME, async { scheme(installation, caller.as_ref()) }),
        when(reached, &SPOOFING, async { spoofing(installation, caller.as_ref(), forged.as_ref()) }),
    )
    .into()
}

async fn ask(installation: &Installation, client: &Client, claim: Option<IpAddr>) -> Option<Caller> {
    // On the way that the API's requests take: that they are told apart by their clients is what counts.
    let config = &installation.config;
    let mut request = client.get(format!("{}{}/health/client", config.site_url, config.api_prefix));
    if let Some(claim) = claim {
        request = request.header("x-forwarded-for", claim.to_string());
    }
    Page::of(request).await.ok()?.json()
}

fn address(installation: &Installation, caller: Option<&Caller>) -> Check {
    let config = &installation.config;
    let Some(caller) = caller else {
        let prefix = &config.api_prefix;
        let fix = format!("In nginx: `location {prefix} {{ proxy_pass http://{}; }}`", config.own_address());
        return ADDRESS.failed(format!("{prefix} of SITE_URL does not lead to the server"), fix);
    };
    let seen = caller.address;
    if !caller.proxied {
        let evidence =
            format!("the proxy does not say for whom it asks: all people share {seen} and its limits");
        return ADDRESS.wrong(installation.production, evidence, FORWARD);
    }
    if !caller.proxy_trusted {
        let mut proxies: Vec<String> = config.trusted_proxies.iter().map(ToString::to_string).collect();
        proxies.push(seen.to_string());
        let evidence =
            format!("the word of the proxy at {seen} is not taken: all people share its address and limits");
        return ADDRESS.failed(evidence, format!("TRUSTED_PROXIES={}, then restart", proxies.join(",")));
    }
    ADDRESS.ok(format!("{seen}, as a trusted proxy says"))
}

fn scheme(installation: &Installation, caller: Option<&Caller>) -> Check {
    let Some(caller) = caller.filter(|caller| caller.proxied && caller.proxy_trusted) else {
        return SCHEME.skipped("no proxy says it");
    };
    let public = installation.config.site_url.split(':').next().unwrap_or_default();
    if caller.scheme == public {
        return SCHEME.ok(public);
    }
    SCHEME.warning(
        format!("the proxy says {}, while SITE_URL is {public}", caller.scheme),
        "In nginx: `proxy_set_header X-Forwarded-Proto $scheme;`",
    )
}

fn spoofing(installation: &Installation, caller: Option<&Caller>, forged: Option<&Caller>) -> Check {
    let trusted = &installation.config.trusted_proxies;
    let (Some(caller), Some(forged)) = (caller, forged) else {
        return SPOOFING.skipped("the API does not answer");
    };
    if forged.address != FORGED {
        return SPOOFING.ok("not believed");
    }
    if caller.proxied && trusted.iter().any(|network| network.contains(&caller.address)) {
        let evidence =
            format!("this machine, {}, is a trusted proxy itself: run it from another one", caller.address);
        return SPOOFING.skipped(evidence);
    }
    SPOOFING.failed("everybody can choose the address that limits and session lists go by", FORWARD)
}
