//! Email addresses as the platform compares and stores them.

use unicode_normalization::UnicodeNormalization;

/// The longest address that SMTP can carry, in bytes (RFC 5321, section 4.5.3.1.3).
const MAX_BYTES: usize = 254;
/// The longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_BYTES: usize = 64;

/// A well-formed address in lower case and NFKC, so that one mailbox is one account.
///
/// Accepted is what the HTML standard accepts for `<input type=email>`, plus letters beyond ASCII
/// (RFC 6531); the domain needs a dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailError {
    /// Longer than mail can carry.
    TooLong,
    /// Not of the form `name@example.com`.
    Malformed,
}

impl Email {
    /// Reads an address; white space around it is ignored.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(EmailError::TooLong);
        }
        let normal: String = text.nfkc().collect::<String>().to_lowercase();
        let (local, domain) = normal.rsplit_once('@').ok_or(EmailError::Malformed)?;
        if normal.len() > MAX_BYTES || local.len() > MAX_LOCAL_BYTES {
            return Err(EmailError::TooLong);
        }
        let well_formed = !local.is_empty()
            && local.chars().all(is_local_char)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && is_domain(domain);
        if well_formed { Ok(Self(normal)) } else { Err(EmailError::Malformed) }
    }

    /// Reads an address that somebody else vouches for: only the case of letters may differ from what is kept. What has
    /// to be normalised further is another mailbox there, whose owner need not be this one's.
    ///
    /// # Errors
    /// As [`Email::parse`].
    pub fn parse_as_written(text: &str) -> Result<Self, EmailError> {
        let is_normal = text.trim().len() == text.len() && text.nfkc().eq(text.chars());
        if is_normal { Self::parse(text) } else { Err(EmailError::Malformed) }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

fn is_local_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c) || (!c.is_ascii() && c.is_alphanumeric())
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    labels.len() > 1 && labels.iter().all(|label| is_label(label))
}

/// A label of a host name (RFC 1123, section 2.1), letters beyond ASCII included.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_is_one_address() {
        for text in ["Ada@Example.com", " ada@example.com ", "ADA@EXAMPLE.COM", "ａda@example.com"] {
            assert_eq!(Email::parse(text).unwrap().as_str(), "ada@example.com", "{text:?}");
        }
        assert_eq!(Email::parse("张三@例子.公司").unwrap().as_str(), "张三@例子.公司");
    }

    #[test]
    fn what_others_vouch_for_is_taken_as_it_is_written() {
        for text in ["Ada@Example.com", "张三@例子.公司", "É@example.com"] {
            assert_eq!(Email::parse_as_written(text), Email::parse(text), "{text:?}");
        }
        // A fullwidth letter, the sign of Kelvin, a ligature, white space, an accent apart, a fullwidth @.
        for text in [
            "\u{ff50}@example.com",
            "\u{212a}@example.com",
            "\u{fb01}@example.com",
            "p@example.com ",
            "p@example.com\u{3000}",
            "p@\u{ff45}xample.com",
            "cafe\u{301}@example.com",
            "p\u{ff20}example.com",
        ] {
            assert!(Email::parse(text).is_ok(), "{text:?}");
            assert_eq!(Email::parse_as_written(text), Err(EmailError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn malformed_addresses_are_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let malformed = [
            "",
            "@",
            "a",
            "a@",
            "@b.c",
            "a@b",
            "a b@c.d",
            "a@b..c",
            ".a@b.c",
            "a.@b.c",
            "a..b@c.d",
            "a@-b.c",
            "a@b-.c",
            "a@b.c\n",
            "a\u{0}@b.c",
            "a@b@c.d",
            "<a@b.c>",
            "\"a\"@b.c",
            "a@[127.0.0.1]",
        ];
        for text in malformed.iter().filter(|text| text.trim_end() == **text) {
            assert_eq!(Email::parse(text), Err(EmailError::Malformed), "{text:?}");
        }
        assert_eq!(Email::parse(&long_local), Err(EmailError::TooLong));
        assert_eq!(Email::parse(&format!("a@{}.com", "b".repeat(300))), Err(EmailError::TooLong));
    }
}
