//! Mails as those who get them read them.

use serde_json::Value;

use super::TestApp;

/// A mail that was sent.
#[derive(Debug, Clone)]
pub(crate) struct ReadMail {
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl ReadMail {
    /// What follows `#token=` in its link.
    pub(crate) fn token(&self) -> String {
        let (_, rest) = self.text.split_once("#token=").unwrap_or_else(|| panic!("no link: {}", self.text));
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// The line of six digits.
    pub(crate) fn code(&self) -> String {
        let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
        self.text.lines().find(is_code).unwrap_or_else(|| panic!("no code: {}", self.text)).to_owned()
    }
}

impl TestApp {
    /// The mails to this address, the latest first; those that wait are sent before.
    pub(crate) async fn mails_to(&self, address: &str) -> Vec<ReadMail> {
        self.run_jobs().await;
        let answer = self.client().query("{ developmentMails { recipient subject text } }").await;
        let text = |mail: &Value, name: &str| mail[name].as_str().unwrap().to_owned();
        let to_address =
            answer.list_at("/developmentMails").iter().filter(|mail| mail["recipient"] == address);
        to_address.map(|mail| ReadMail { subject: text(mail, "subject"), text: text(mail, "text") }).collect()
    }

    /// The latest mail to this address.
    pub(crate) async fn mail_to(&self, address: &str) -> ReadMail {
        let mails = self.mails_to(address).await;
        mails.first().unwrap_or_else(|| panic!("no mail to {address}")).clone()
    }
}
