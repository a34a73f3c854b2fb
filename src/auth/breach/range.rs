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
        // The address has the digits in it: an error, which is logged, must not tell it.
        let response = request.send().await.and_then(reqwest::Response::error_for_status);
        let mut response = response.map_err(reqwest::Error::without_url)?;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            anyhow::ensure!(answer.len() + chunk.len() <= MAX_ANSWER_BYTES, "the answer is too long");
            answer.extend_from_slice(&chunk);
        }
        let answer = String::from_utf8(answer)?;
        let mut lines = answer.lines().filter_map(|line| line.split_once(':'));
        // What is padding was seen zero times.
        Ok(lines.any(|(digest, count)| digest.eq_ignore_ascii_case(suffix) && count.trim() != "0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// Answers one request, and closes.
    async fn endpoint(answer: &'static str) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/range", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 1024]).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        });
        Endpoint::new(&url).unwrap()
    }

    #[tokio::test]
    async fn what_fails_tells_nothing_of_the_digest() {
        let wanted = Fingerprint::of("床前明月光疑是地上霜");
        let digits = &wanted.0[..PREFIX_CHARS];
        for endpoint in [
            Endpoint::new("http://127.0.0.1:1/range").unwrap(),
            endpoint("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").await,
            endpoint("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nA").await,
            endpoint("no HTTP\r\n\r\n").await,
        ] {
            let error = endpoint.contains(&wanted).await.unwrap_err();
            assert!(!format!("{error:#} {error:?}").contains(digits), "{error:#}");
        }
    }
}
