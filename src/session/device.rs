//! What a User-Agent header says of a device. Everything here is the client's own claim.

use async_graphql::Enum;
use woothee::parser::Parser;

/// A guess at a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What sort of device it is.
    pub kind: DeviceKind,
    /// Name of the browser or program.
    pub browser: Option<String>,
    /// Its version.
    pub browser_version: Option<String>,
    /// Name of the operating system.
    pub os: Option<String>,
    /// Its version.
    pub os_version: Option<String>,
}

/// A sort of device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum DeviceKind {
    /// A computer.
    Desktop,
    /// A phone or tablet.
    Mobile,
    /// A program that says so.
    Bot,
    /// Anything else.
    Other,
}

impl Device {
    /// Reads a User-Agent header; programs that are no browsers are known by the first word of theirs.
    #[must_use]
    pub fn parse(user_agent: &str) -> Self {
        match Parser::new().parse(user_agent) {
            Some(found) if known(found.name).is_some_and(|name| name != "HTTP Library") => Self {
                kind: kind(found.category),
                browser: known(found.name),
                browser_version: known(found.version).map(|version| major(&version)),
                os: known(found.os).map(|os| if os == "Mac OSX" { "macOS".to_owned() } else { os }),
                os_version: known(&found.os_version),
            },
            _ => Self {
                kind: DeviceKind::Other,
                browser: program(user_agent),
                browser_version: None,
                os: None,
                os_version: None,
            },
        }
    }

    /// One line for people, such as `Chrome 130 · Windows 10`; empty when nothing is known.
    #[must_use]
    pub fn label(&self) -> String {
        let part = |name: &Option<String>, version: &Option<String>| {
            let words: Vec<&str> = [name, version].into_iter().flatten().map(String::as_str).collect();
            (!words.is_empty()).then(|| words.join(" "))
        };
        let parts = [part(&self.browser, &self.browser_version), part(&self.os, &None)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

fn known(text: &str) -> Option<String> {
    (!text.is_empty() && text != "UNKNOWN").then(|| text.to_owned())
}

fn major(version: &str) -> String {
    version.split('.').next().unwrap_or(version).to_owned()
}

fn kind(category: &str) -> DeviceKind {
    match category {
        "pc" => DeviceKind::Desktop,
        "smartphone" | "mobilephone" => DeviceKind::Mobile,
        "crawler" => DeviceKind::Bot,
        _ => DeviceKind::Other,
    }
}

/// `curl/8.0.1 …` → `curl`.
fn program(user_agent: &str) -> Option<String> {
    let name = user_agent.split(['/', ' ', ';']).next().unwrap_or_default();
    let plain = !name.is_empty()
        && name.len() <= 40
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    plain.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_programs_and_silence() {
        let label = |user_agent: &str| Device::parse(user_agent).label();
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
        assert_eq!(label(chrome), "Chrome 130 · Windows 10");
        assert_eq!(label(safari), "Safari 17 · iPhone");
        assert_eq!(Device::parse(chrome).kind, DeviceKind::Desktop);
        assert_eq!(Device::parse(safari).kind, DeviceKind::Mobile);
        assert_eq!(label("curl/8.0.1"), "curl");
        assert_eq!(label("my-client"), "my-client");
        assert_eq!(label(""), "");
        assert_eq!(label("<script>"), "");
    }
}
