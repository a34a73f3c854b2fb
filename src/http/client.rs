//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};
use ipnet::IpNet;

use crate::auth::Client;

/// The client, as the session lists will show it.
pub(super) fn client(
    trusted_proxies: &[IpNet],
    peer: SocketAddr,
    headers: &HeaderMap,
    request_id: &str,
) -> Client {
    let user_agent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let ip = client_ip(trusted_proxies, peer, headers);
    Client::new(ip, &user_agent.unwrap_or_default(), request_id.to_owned())
}

/// The address of the client. Each trusted proxy vouches for the address it appended to `X-Forwarded-For`,
/// so that list is read from its end up to the first address that nobody vouches for.
pub(super) fn client_ip(trusted_proxies: &[IpNet], peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    let mut client = peer.ip().to_canonical();
    let lists = headers.get_all("x-forwarded-for").into_iter().rev();
    let hops = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.rsplit(','));
    for hop in hops {
        let Some(address) = is_trusted(trusted_proxies, client).then(|| parse_hop(hop)).flatten() else {
            break;
        };
        client = address;
    }
    client
}

/// Whether the word of a peer at this address is taken.
pub(super) fn is_trusted(trusted_proxies: &[IpNet], address: IpAddr) -> bool {
    trusted_proxies.iter().any(|network| network.contains(&address))
}

/// An address, with or without a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let address = hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str]) -> String {
        let proxies = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append("x-forwarded-for", list.parse().unwrap());
        }
        client_ip(&proxies, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_proxies_are_believed() {
        assert_eq!(seen("203.0.113.9:1", &["1.2.3.4"]), "203.0.113.9", "a client's own claim");
        assert_eq!(seen("10.0.0.1:1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            seen("10.0.0.1:1", &["6.6.6.6, 198.51.100.7"]),
            "198.51.100.7",
            "a claim before the proxy"
        );
        assert_eq!(seen("10.0.0.1:1", &["6.6.6.6", "198.51.100.7, 10.0.0.2"]), "198.51.100.7", "two proxies");
        assert_eq!(seen("10.0.0.1:1", &["nonsense"]), "10.0.0.1");
        assert_eq!(seen("[::1]:1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(seen("[::ffff:10.0.0.1]:1", &["198.51.100.7"]), "198.51.100.7");
    }
}
