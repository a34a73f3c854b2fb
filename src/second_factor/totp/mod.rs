//! Codes of authenticator apps (RFC 6238): SHA-1, six digits and thirty seconds, which is what every app knows.

mod entity;
pub(crate) mod export;
pub mod graphql;
pub mod service;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use totp_rs::{Algorithm, Builder};

use crate::auth::{
    relying_party::PLATFORM_NAME,
    secrets::{equal, random_bytes},
};

/// Seconds of a step (RFC 6238, section 5.2).
pub const STEP_SECONDS: i64 = 30;
/// How many steps a phone's clock may be off.
pub const SKEW: i64 = 1;
/// 160 bits, as RFC 4226 recommends in section 4.
const SECRET_BYTES: usize = 20;
const DIGITS: u8 = 6;
/// The longest text that is looked at as a code: apps show a gap, and people type it.
const MAX_CODE_CHARS: usize = 16;

/// An authenticator app that was set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totp {
    /// When.
    pub enabled_at: DateTime<Utc>,
    /// When a code of it was last taken.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// The secret that an app shares with the platform.
pub(super) struct TotpSecret(SecretSlice<u8>);

impl TotpSecret {
    fn generate() -> Self {
        Self(random_bytes::<SECRET_BYTES>().to_vec().into())
    }

    /// The step of time that `code` is of, if that is now, or next to it, and later than step `after`.
    fn step_of(&self, code: &str, now: DateTime<Utc>, after: i64) -> anyhow::Result<Option<i64>> {
        let Some(code) = digits(code) else { return Ok(None) };
        let totp = self.rfc6238()?;
        let current = now.timestamp() / STEP_SECONDS;
        for step in (current - SKEW)..=(current + SKEW) {
            let right = totp.generate(u64::try_from(step * STEP_SECONDS)?).to_string();
            if step > after && equal(right.as_bytes(), code.as_bytes()) {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// For typing (RFC 4648, section 6, without padding).
    fn base32(&self) -> anyhow::Result<SecretString> {
        Ok(self.rfc6238()?.secret().to_base32().into())
    }

    /// For a QR code: Google Authenticator's "Key URI Format".
    fn uri(&self, account: &str) -> anyhow::Result<SecretString> {
        let totp = self.builder().with_account_name(account).with_issuer(Some(PLATFORM_NAME)).build();
        let uri = totp.and_then(|totp| totp.to_url());
        Ok(uri.map_err(|error| anyhow!("otpauth address: {error}"))?.into())
    }

    fn rfc6238(&self) -> anyhow::Result<totp_rs::Totp> {
        self.builder().build().map_err(|error| anyhow!("TOTP secret: {error}"))
    }

    fn builder(&self) -> Builder {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_step_duration(STEP_SECONDS.unsigned_abs())
            .with_secret(self.0.expose_secret())
    }
}

/// Six digits, also from a keyboard that makes them full-width.
fn digits(code: &str) -> Option<String> {
    if code.chars().count() > MAX_CODE_CHARS {
        return None;
    }
    let plain = |c: char| match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
        '0'..='9' => Some(c),
        _ => None,
    };
    let digits: Option<String> =
        code.chars().filter(|c| !c.is_whitespace() && *c != '-').map(plain).collect();
    digits.filter(|digits| digits.len() == usize::from(DIGITS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    const NEVER: i64 = 0;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn step_of(secret: &TotpSecret, code: &str, now: DateTime<Utc>, after: i64) -> Option<i64> {
        secret.step_of(code, now, after).unwrap()
    }

    /// The secret of RFC 6238, appendix B, for SHA-1.
    fn of_the_rfc() -> TotpSecret {
        TotpSecret(b"12345678901234567890".to_vec().into())
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // Appendix B, of whose eight digits the last six are the code of six.
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let found = step_of(&of_the_rfc(), &code[2..], at(seconds), NEVER);
            assert_eq!(found, Some(seconds / STEP_SECONDS), "{code}");
            assert_eq!(step_of(&of_the_rfc(), code, at(seconds), NEVER), None, "eight digits are no code");
        }
    }

    #[test]
    fn a_code_is_good_for_the_steps_beside_its_own_and_no_others() {
        let (code, own) = ("050471", at(1_111_111_111));
        for (steps, is_good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let now = own + TimeDelta::seconds(steps * STEP_SECONDS);
            assert_eq!(step_of(&of_the_rfc(), code, now, NEVER).is_some(), is_good, "{steps}");
        }
    }

    #[test]
    fn a_used_step_and_those_before_it_are_refused() {
        let own = at(1_111_111_111);
        let step = step_of(&of_the_rfc(), "050471", own, NEVER).unwrap();
        assert_eq!(step_of(&of_the_rfc(), "050471", own, step), None);
        // The one before is of 1111111109.
        assert_eq!(step_of(&of_the_rfc(), "081804", own, step - 1), None);
        assert_eq!(step_of(&of_the_rfc(), "081804", own, step - 2), Some(step - 1));
    }

    #[test]
    fn people_type_codes_as_they_read_them() {
        let now = at(1_111_111_111);
        for code in ["050471", " 050 471 ", "050-471", "０５０４７１"] {
            assert!(step_of(&of_the_rfc(), code, now, NEVER).is_some(), "{code:?}");
        }
        let long = "0".repeat(1 << 20);
        for code in ["", "50471", "0504711", "+50471", "05047a", "验证码", "٠٥٠٤٧١", long.as_str()] {
            assert!(step_of(&of_the_rfc(), code, now, NEVER).is_none());
        }
    }

    #[test]
    fn apps_read_the_address() {
        let secret = of_the_rfc();
        assert_eq!(secret.base32().unwrap().expose_secret(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = secret.uri("张三@example.com").unwrap();
        let expected = "otpauth://totp/FastGPT%20Platform:%E5%BC%A0%E4%B8%89%40example.com\
            ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=FastGPT%20Platform";
        assert_eq!(uri.expose_secret(), expected);
    }

    proptest! {
        #[test]
        fn a_code_of_now_is_right_and_one_later_never_again(seconds in 60..10_000_000_000_i64) {
            let (secret, now) = (TotpSecret::generate(), at(seconds));
            let code = secret.rfc6238().unwrap().generate(seconds.unsigned_abs()).to_string();
            let step = step_of(&secret, &code, now, NEVER);
            prop_assert!(step.is_some());
            prop_assert_eq!(step_of(&secret, &code, now, seconds / STEP_SECONDS + SKEW), None);
        }

        #[test]
        fn no_text_is_too_strange(code in ".{0,40}") {
            let _ = step_of(&of_the_rfc(), &code, at(59), NEVER);
        }
    }
}
