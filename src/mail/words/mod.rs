//! What mails say, in each language.

mod en;
mod zh_cn;

use serde_json::{Map, Value};

use super::MailKind;
use crate::locale::Locale;

/// The parts of a mail's text.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) paragraphs: Vec<String>,
    /// What the button says that follows the link.
    pub(super) action: Option<&'static str>,
    /// What stands before the code.
    pub(super) before_code: Option<&'static str>,
    /// What stands below everything.
    pub(super) closing: &'static str,
}

/// What a mail tells; what is missing reads as nothing.
pub(super) struct Params<'a>(pub(super) &'a Map<String, Value>);

impl Params<'_> {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

pub(super) fn words(kind: MailKind, locale: Locale, params: &Params<'_>) -> Words {
    match locale {
        Locale::ZhCn => zh_cn::words(kind, params),
        Locale::En => en::words(kind, params),
    }
}
