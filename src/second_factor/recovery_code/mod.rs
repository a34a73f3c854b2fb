//! Recovery codes: ten texts of 80 random bits, each good once, for those who have lost their second factor.

mod entity;
pub(crate) mod export;
pub mod graphql;
pub mod service;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use crate::{
    auth::secrets::{SessionKey, random_bytes},
    id::UserId,
};

/// How many an account has.
pub const COUNT: usize = 10;

/// Crockford's base 32: no letter of it looks like another, or like a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BITS: usize = 5;
const CHARS: usize = 16;
/// Characters between two dashes.
const GROUP: usize = 4;
/// The longest text that is looked at as a code.
const MAX_CHARS: usize = 64;

/// A code in its plain form: 16 characters of [`ALPHABET`].
pub(super) struct RecoveryCode(SecretString);

impl RecoveryCode {
    fn generate() -> Self {
        let bits = random_bytes::<{ CHARS * BITS / 8 }>()
            .into_iter()
            .fold(0_u128, |bits, byte| (bits << 8) | u128::from(byte));
        let char_at = |place: usize| char::from(ALPHABET[(bits >> (place * BITS)) as usize % ALPHABET.len()]);
        Self((0..CHARS).map(char_at).collect::<String>().into())
    }

    /// What somebody has copied, or typed with what looks alike.
    fn parse(text: &str) -> Option<Self> {
        if text.chars().count() > MAX_CHARS {
            return None;
        }
        let alike = |c: char| match c {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        let is_gap = |c: &char| c.is_whitespace() || matches!(c, '-' | '‐' | '–' | '—');
        let code: String =
            text.nfkc().flat_map(char::to_lowercase).filter(|c| !is_gap(c)).map(alike).collect();
        let is_one = code.len() == CHARS && code.bytes().all(|byte| ALPHABET.contains(&byte));
        is_one.then(|| Self(code.into()))
    }

    /// As it is shown: in groups.
    fn for_reading(&self) -> String {
        let chars: Vec<char> = self.0.expose_secret().chars().collect();
        chars.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
    }

    fn hash(&self, key: &SessionKey, user_id: UserId) -> Vec<u8> {
        key.mac("recovery-code", &[Uuid::from(user_id).as_bytes(), self.0.expose_secret().as_bytes()])
            .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TypedId;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn hash(text: &str) -> Option<Vec<u8>> {
        let key = SessionKey::from_secret("一把钥匙".to_owned().into());
        RecoveryCode::parse(text).map(|code| code.hash(&key, Uuid::nil().into()))
    }

    #[test]
    fn codes_are_read_as_they_are_shown_and_as_people_type_them() {
        for _ in 0..100 {
            let shown = RecoveryCode::generate().for_reading();
            assert_eq!(shown.len(), CHARS + 3);
            let own = hash(&shown);
            assert!(own.is_some(), "{shown}");
            let upper = shown.to_uppercase();
            let spaced = format!(" {} ", shown.replace('-', " "));
            let looks_alike = shown.replace('0', "O").replace('1', "l");
            let wide: String = shown
                .chars()
                .map(|c| if c == '-' { '－' } else { char::from_u32(u32::from(c) + 0xFEE0).unwrap() })
                .collect();
            for typed in [upper, spaced, looks_alike, wide, shown.replace('-', "")] {
                assert_eq!(hash(&typed), own, "{typed}");
            }
        }
    }

    #[test]
    fn every_code_is_another_one_and_every_accounts_are_its_own() {
        let codes: HashSet<String> = (0..1000).map(|_| RecoveryCode::generate().for_reading()).collect();
        assert_eq!(codes.len(), 1000);
        let letters: HashSet<char> = codes.iter().flat_map(|code| code.chars()).collect();
        assert_eq!(letters.len(), ALPHABET.len() + 1, "all letters, and the dash");
        let (key, code) = (SessionKey::from_secret("钥匙".to_owned().into()), RecoveryCode::generate());
        assert_ne!(code.hash(&key, UserId::generate()), code.hash(&key, UserId::generate()));
    }

    #[test]
    fn other_texts_are_none() {
        let long = "0".repeat(1 << 20);
        for text in
            ["", "0000-0000-0000-000", "0000-0000-0000-00000", "uuuu-0000-0000-0000", "恢复码", long.as_str()]
        {
            assert!(hash(text).is_none());
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in ".{0,80}") {
            let _ = hash(&text);
        }
    }
}
