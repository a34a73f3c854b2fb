//! The rule for people's names.

use unicode_normalization::UnicodeNormalization;

use crate::error::{Rule, Violation};

const MAX_CHARS: usize = 80;

/// A name of 1 to 80 characters: trimmed, in NFC, without control characters.
///
/// # Errors
/// The rule it breaks.
pub(crate) fn parse(field: &'static str, text: &str) -> Result<String, Violation> {
    let too_long = || {
        Violation::new(field, Rule::TooLong, format!("The name must have at most {MAX_CHARS} characters."))
    };
    // Refuse before normalising what cannot fit; a character has at most a few dozen bytes with its accents.
    if text.len() > MAX_CHARS * 64 {
        return Err(too_long());
    }
    let name: String = text.trim().nfc().collect();
    let length = name.chars().count();
    if length == 0 {
        return Err(Violation::new(field, Rule::TooShort, "The name must not be empty."));
    }
    if length > MAX_CHARS {
        return Err(too_long());
    }
    if name.chars().any(is_forbidden) {
        return Err(Violation::new(
            field,
            Rule::ForbiddenCharacter,
            "The name must not contain control characters.",
        ));
    }
    Ok(name)
}

/// Control characters, and those that turn the direction of the text around them (UTR 36).
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let rule = |text: &str| parse("input.name", text).map_err(|violation| violation.rule);
        assert_eq!(rule("  张三 "), Ok("张三".to_owned()));
        assert_eq!(rule(&"名".repeat(80)), Ok("名".repeat(80)));
        assert_eq!(rule(" \u{3000} "), Err(Rule::TooShort));
        assert_eq!(rule(&"名".repeat(81)), Err(Rule::TooLong));
        assert_eq!(rule(&"x".repeat(1 << 20)), Err(Rule::TooLong));
        assert_eq!(rule("Ada\u{0}"), Err(Rule::ForbiddenCharacter));
        assert_eq!(rule("Ada\u{202E}nimda"), Err(Rule::ForbiddenCharacter));
        assert_eq!(rule("line\nbreak"), Err(Rule::ForbiddenCharacter));
    }
}
