//! From what the outbox keeps to what a mail program shows.

use askama::Template;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::{
    MailKind,
    words::{self, Params, Words},
};
use crate::locale::Locale;

/// A mail as it is sent. Its texts may hold a link that lets somebody in.
#[derive(Clone)]
pub struct Rendered {
    /// Subject.
    pub subject: String,
    /// For programs that show no HTML.
    pub text: SecretString,
    /// For the others.
    pub html: SecretString,
}

/// The secrets of a mail: what follows the link, and the code.
#[derive(Default)]
pub(super) struct Secrets {
    pub(super) link: Option<SecretString>,
    pub(super) code: Option<SecretString>,
}

/// Tables and inline styles: mail programs know no others.
#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<!doctype html>
<html lang="{{ lang }}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ words.subject }}</title></head>
<body style="margin:0;padding:24px;background:#f5f6f8;color:#1f2329;font:16px/1.6 system-ui,'PingFang SC','Microsoft YaHei',sans-serif">
<table role="presentation" width="100%" cellspacing="0" cellpadding="0"><tr><td align="center">
<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="max-width:560px;background:#ffffff;border-radius:12px"><tr><td style="padding:32px">
<h1 style="margin:0 0 16px;font-size:20px;line-height:1.4">{{ words.subject }}</h1>
{% for paragraph in words.paragraphs %}<p style="margin:0 0 16px">{{ paragraph }}</p>
{% endfor %}{% if let Some((label, address)) = action %}<p style="margin:24px 0"><a href="{{ address }}" style="display:inline-block;padding:10px 20px;background:#3370ff;color:#ffffff;border-radius:8px;text-decoration:none">{{ label }}</a></p>
<p style="margin:0 0 16px;font-size:13px;color:#646a73;word-break:break-all">{{ address }}</p>
{% endif %}{% if let Some((before, code)) = code %}<p style="margin:0 0 8px">{{ before }}</p>
<p style="margin:0 0 16px;font-size:28px;letter-spacing:6px;font-family:monospace">{{ code }}</p>
{% endif %}<p style="margin:24px 0 0;font-size:13px;color:#646a73">{{ words.closing }}</p>
</td></tr></table></td></tr></table>
</body>
</html>
"##
)]
struct Page<'a> {
    lang: &'static str,
    words: &'a Words,
    action: Option<(&'static str, &'a str)>,
    code: Option<(&'static str, &'a str)>,
}

pub(super) fn render(
    kind: MailKind,
    locale: Locale,
    params: &Map<String, Value>,
    secrets: &Secrets,
) -> anyhow::Result<Rendered> {
    let words = words::words(kind, locale, &Params(params));
    let with = |label: Option<&'static str>, secret: &'_ Option<SecretString>| {
        label.zip(secret.as_ref().map(|secret| secret.expose_secret().to_owned()))
    };
    let action = with(words.action, &secrets.link);
    let code = with(words.before_code, &secrets.code);
    let page = Page {
        lang: locale.tag(),
        words: &words,
        action: action.as_ref().map(|(label, address)| (*label, address.as_str())),
        code: code.as_ref().map(|(before, code)| (*before, code.as_str())),
    };
    let html = page.render()?.into();
    let mut parts = words.paragraphs.clone();
    parts.extend(action.map(|(label, address)| format!("{label}:\n{address}")));
    parts.extend(code.map(|(before, code)| format!("{before}\n{code}")));
    parts.push(words.closing.to_owned());
    let text = (parts.join("\n\n") + "\n").into();
    Ok(Rendered { subject: words.subject, text, html })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;
    use serde_json::json;

    fn secrets() -> Secrets {
        Secrets {
            link: Some("https://a.example/verify-email#token=abc".to_owned().into()),
            code: Some("012345".to_owned().into()),
        }
    }

    #[test]
    fn every_mail_is_complete_in_every_language() {
        let params = json!({ "name": "张三", "email": "新@例子.公司", "device": "Firefox", "ip": "203.0.113.9",
            "invitedBy": "李四", "expiresAt": "2026-12-01", "at": "2026-12-09", "keyName": "笔记本",
            "provider": "公司目录" });
        for kind in MailKind::iter() {
            for locale in [Locale::ZhCn, Locale::En] {
                let mail = render(kind, locale, params.as_object().unwrap(), &secrets()).unwrap();
                let (text, html) = (mail.text.expose_secret(), mail.html.expose_secret());
                assert!(!mail.subject.is_empty() && html.contains(&mail.subject), "{kind:?}");
                assert!(text.contains("张三") && html.contains("张三"), "{kind:?} {locale:?}: {text}");
                assert!(!text.contains("  ") && !text.contains("()"), "{kind:?} {locale:?}: {text}");
                let chinese = text.chars().any(|c| c == '您' || c == '的');
                assert_eq!(chinese, locale == Locale::ZhCn, "{kind:?} {locale:?}: {text}");
            }
        }
    }

    #[test]
    fn what_people_wrote_is_text_and_no_markup() {
        let params = json!({ "name": "<img src=x onerror=alert(1)>" });
        let mail =
            render(MailKind::VerifyEmail, Locale::En, params.as_object().unwrap(), &secrets()).unwrap();
        let html = mail.html.expose_secret();
        assert!(!html.contains("<img"), "{html}");
        assert!(
            html.contains("012345") && html.contains("https://a.example/verify-email#token=abc"),
            "{html}"
        );
    }
}
