//! The list behind an address: all digests that begin with the same five digits, of which one may be meant or none.
//! See <https://haveibeenpwned.com/API/v3#PwnedPasswords>.

use std::time::Duration;

use super::Fingerprint;

/// How long a password waits for the list.
pub const DEADLINE: Duration = Duration::from_secs(3);
/// A range has about forty kilobytes.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
const PREFIX_CHARS: usize = 5;

/// Where ranges are had.
#[derive(Debug, Clone)]
pub struct Endpoint {
    client: reqwest::Client,
    url: String,
}

impl Endpoint {
    pub(super) fn new(url: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(DEADLINE).redirect(reqwest::redirect::Policy::none());
        Ok(Self { client: client.build()?, url: url.trim_end_matches('/').to_owned() })
    }

    pub(super) async fn contains(&self, wanted: &Fingerprint) -> anyhow::Result<bool> {
        let (prefix, suffix) = wanted.0.split_at(PREFIX_CHARS);
        // Without padding the length of the answer would tell which range was asked for.
        let request = self.client.get(format!("{}/{prefix}", self.url)).header("Add-Padding", "true");
        let mut response = request.send().await?.error_for_status()?;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            anyhow::ensure!(answer.len() + chunk.len() <= MAX_ANSWER_BYTES, "the answer is too long");
            answer.extend_from_slice(&chunk);
        }
        let answer = String::from_utf8(answer)?;
        let mut lines = answer.lines().filter_map(|line| line.split_once(':'));
        // What is padding was seen zero times.
        Ok(lines.any(|(digest, count)| digest.eq_ignore_ascii_case(suffix) && count.trim() != "0"))
    }
}
