//! Where a request comes from.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Longest User-Agent header kept, in bytes.
const MAX_USER_AGENT_BYTES: usize = 512;

/// The sender of a request, as lists of sessions and the record of what happened show it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Client {
    /// Address, as far as trusted proxies vouch for it.
    pub ip: String,
    /// User-Agent header, cut to 512 bytes.
    pub user_agent: String,
    /// The request's name in the log.
    pub request_id: String,
}

impl Client {
    /// A client with a header that anyone can make as long as they like.
    #[must_use]
    pub fn new(ip: IpAddr, user_agent: &str, request_id: String) -> Self {
        let end = user_agent.floor_char_boundary(MAX_USER_AGENT_BYTES);
        // PostgreSQL takes every character but NUL.
        let user_agent = user_agent[..end].replace('\0', "");
        Self { ip: ip.to_string(), user_agent, request_id }
    }

    /// What counts as one client for limits: an IPv4 address, or the /64 that an IPv6 subscriber has to choose from.
    #[must_use]
    pub fn network(&self) -> String {
        match self.ip.parse() {
            Ok(IpAddr::V6(ip)) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            _ => self.ip.clone(),
        }
    }

    /// Whether the request was made on this very machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.ip.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }
}
