//! Passwords: the rules for new ones, and argon2id with a bound on what it may cost.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};
use prometheus_client::metrics::counter::Counter;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use unicode_normalization::UnicodeNormalization;

use super::breach::BreachedPasswords;
use crate::{
    config::Argon2Cost,
    error::{Error, Result, Rule, Violation},
    metrics::Latency,
};

/// Characters that a new password has at least.
pub const MIN_CHARS: usize = 8;
/// Characters that any password has at most.
pub const MAX_CHARS: usize = 128;
/// zxcvbn's "safely unguessable: moderate protection from offline slow-hash scenario".
const MIN_SCORE: zxcvbn::Score = zxcvbn::Score::Three;
/// How much of a password, and of each hint, is judged.
const JUDGED_CHARS: usize = 64;
/// How many callers may wait for each core that hashes.
const WAITING_PER_CORE: usize = 16;
/// About what a full queue takes to drain.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A password in NFKC, so that the same characters typed on another keyboard match
/// (RFC 8265 asks for NFC, which keeps full-width letters of a Chinese input method apart).
#[derive(Debug, Clone)]
pub struct Password(SecretString);

impl Password {
    /// A password that someone claims to be theirs: bounded, and not judged otherwise.
    ///
    /// # Errors
    /// Longer than any accepted password.
    pub fn claimed(field: &'static str, text: &str) -> Result<Self, Violation> {
        let normal = normalise(field, text)?;
        Ok(Self(normal.into()))
    }

    /// A password of 8 to 128 characters; whether it is easy to guess is for [`Hasher::judge`] to say.
    fn of_allowed_length(field: &'static str, text: &str) -> Result<Self, Violation> {
        let normal = normalise(field, text)?;
        if normal.chars().count() < MIN_CHARS {
            let message = format!("The password must have at least {MIN_CHARS} characters.");
            return Err(Violation::new(field, Rule::TooShort, message));
        }
        Ok(Self(normal.into()))
    }

    /// A password that the operator set in the configuration or at the command line; the operator's word counts.
    #[must_use]
    pub fn from_operator(text: &SecretString) -> Self {
        Self(text.expose_secret().nfkc().collect::<String>().into())
    }
}

fn normalise(field: &'static str, text: &str) -> Result<String, Violation> {
    let too_long = || {
        let message = format!("The password must have at most {MAX_CHARS} characters.");
        Violation::new(field, Rule::TooLong, message)
    };
    // Four bytes a character at most: refuse before normalising what cannot fit.
    if text.len() > MAX_CHARS * 16 {
        return Err(too_long());
    }
    let normal: String = text.nfkc().collect();
    if normal.chars().count() > MAX_CHARS { Err(too_long()) } else { Ok(normal) }
}

/// Hashes and verifies, on as many threads as there are cores and no more.
#[derive(Debug, Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    cores: usize,
    /// Seats: those who hash and those who wait.
    admission: Arc<Semaphore>,
    /// Cores.
    running: Arc<Semaphore>,
    /// What is verified for an account that does not exist.
    decoy: Arc<str>,
    breached: BreachedPasswords,
    /// What became of the work.
    pub work: Work,
}

/// The work of a [`Hasher`].
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// How long callers waited for a core.
    pub waited: Latency,
    /// How long the work itself took.
    pub took: Latency,
    /// Callers that the queue had no place for.
    pub refused: Counter,
}

/// How busy a [`Hasher`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Callers that have a core.
    pub running: usize,
    /// Callers that wait for one.
    pub waiting: usize,
}

/// The outcome of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Wrong password, or no such account.
    Wrong,
    /// Right.
    Right,
    /// Right, but hashed with other parameters than today's: store it anew.
    RightButOutdated,
}

impl Hasher {
    /// A hasher for `cores` cores; its own first hash is the decoy for unknown accounts.
    ///
    /// # Errors
    /// Parameters that argon2 does not take.
    pub fn new(cost: Argon2Cost, cores: usize, breached: BreachedPasswords) -> anyhow::Result<Self> {
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, None)
            .map_err(|error| anyhow!("argon2 parameters: {error}"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let decoy = hash_now(&argon2, b"no account has this password")?;
        Ok(Self {
            argon2,
            cores,
            admission: Arc::new(Semaphore::new(cores * (1 + WAITING_PER_CORE))),
            running: Arc::new(Semaphore::new(cores)),
            decoy: decoy.into(),
            breached,
            work: Work::default(),
        })
    }

    /// How many callers have a core, and how many wait for one.
    #[must_use]
    pub fn queue(&self) -> Queue {
        let running = self.cores - self.running.available_permits();
        let seated = self.cores * (1 + WAITING_PER_CORE) - self.admission.available_permits();
        Queue { running, waiting: seated.saturating_sub(running) }
    }

    /// Takes a new password: 8 to 128 characters, not easy to guess, also from `hints` such as the email address, and not
    /// known from a breach.
    ///
    /// # Errors
    /// `RATE_LIMITED` when the queue is full. The inner error is the rule that the password breaks.
    pub async fn judge(
        &self,
        field: &'static str,
        text: &str,
        hints: &[&str],
    ) -> Result<Result<Password, Violation>> {
        let password = match Password::of_allowed_length(field, text) {
            Ok(password) => password,
            Err(violation) => return Ok(Err(violation)),
        };
        // The judgement takes time that grows faster than the text, and needs no more of it.
        let judged = password.clone();
        let hints: Vec<String> = hints.iter().map(|hint| hint.chars().take(JUDGED_CHARS).collect()).collect();
        let score = self
            .run(move || {
                let text: String = judged.0.expose_secret().chars().take(JUDGED_CHARS).collect();
                let hints: Vec<&str> = hints.iter().map(String::as_str).collect();
                Ok(zxcvbn::zxcvbn(&text, &hints).score())
            })
            .await?;
        if score < MIN_SCORE {
            let message =
                "The password is too easy to guess. Add words or characters that others would not think of.";
            return Ok(Err(Violation::new(field, Rule::TooWeak, message)));
        }
        if self.is_breached(&password).await {
            let message = "The password is known from a data breach: others will try it. Choose another one.";
            return Ok(Err(Violation::new(field, Rule::Breached, message)));
        }
        Ok(Ok(password))
    }

    /// A list that cannot be read keeps nobody from signing up.
    async fn is_breached(&self, password: &Password) -> bool {
        self.breached.contains(password.0.expose_secret()).await.unwrap_or_else(|error| {
            tracing::warn!(
                error = format!("{error:#}"),
                "a new password was not held against known breaches"
            );
            false
        })
    }

    /// Hashes a password into a PHC string with a fresh salt.
    ///
    /// # Errors
    /// `RATE_LIMITED` when the queue is full.
    pub async fn hash(&self, password: Password) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.run(move || hash_now(&argon2, password.0.expose_secret().as_bytes())).await
    }

    /// Verifies a password against a stored hash; `None`, an unknown account, costs the same and is `Wrong`.
    ///
    /// # Errors
    /// `RATE_LIMITED` when the queue is full; a stored hash that cannot be read.
    pub async fn verify(&self, password: Password, stored: Option<&str>) -> Result<Verdict> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.decoy).to_owned();
        let argon2 = self.argon2.clone();
        self.run(move || {
            let hash =
                PasswordHash::new(&stored).map_err(|error| anyhow!("stored password hash: {error}"))?;
            let right = argon2.verify_password(password.0.expose_secret().as_bytes(), &hash).is_ok();
            Ok(match (known && right, is_current(&hash, argon2.params())) {
                (false, _) => Verdict::Wrong,
                (true, true) => Verdict::Right,
                (true, false) => Verdict::RightButOutdated,
            })
        })
        .await
    }

    /// Runs `work` on a blocking thread. The permits travel with it, so a caller who goes away
    /// does not let more hashes run than there are cores.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T> {
        let seat = Arc::clone(&self.admission).try_acquire_owned().map_err(|_| {
            self.work.refused.inc();
            Error::RateLimited(RETRY_AFTER)
        })?;
        let asked_at = Instant::now();
        let core = Arc::clone(&self.running).acquire_owned().await.map_err(anyhow::Error::from)?;
        self.work.waited.observe(asked_at.elapsed());
        let permits: [OwnedSemaphorePermit; 2] = [seat, core];
        let took = self.work.took.clone();
        let done = tokio::task::spawn_blocking(move || {
            let started_at = Instant::now();
            let outcome = work();
            took.observe(started_at.elapsed());
            drop(permits);
            outcome
        });
        Ok(done.await.map_err(anyhow::Error::from)??)
    }
}

fn hash_now(argon2: &Argon2<'_>, password: &[u8]) -> anyhow::Result<String> {
    Ok(argon2.hash_password(password).map_err(|error| anyhow!("argon2: {error}"))?.to_string())
}

fn is_current(hash: &PasswordHash, current: &Params) -> bool {
    Params::try_from(hash).is_ok_and(|params| {
        (params.m_cost(), params.t_cost(), params.p_cost())
            == (current.m_cost(), current.t_cost(), current.p_cost())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Argon2Cost = Argon2Cost { memory_kib: 8, iterations: 1, parallelism: 1 };

    fn claimed(text: &str) -> Password {
        Password::claimed("input.password", text).unwrap()
    }

    async fn rule(text: &str, hints: &[&str]) -> Option<Rule> {
        let hasher = Hasher::new(CHEAP, 1, BreachedPasswords::Off).unwrap();
        hasher.judge("input.password", text, hints).await.unwrap().err().map(|violation| violation.rule)
    }

    #[tokio::test]
    async fn new_passwords_are_bounded_and_hard_to_guess() {
        assert_eq!(rule("Zq8!x", &[]).await, Some(Rule::TooShort));
        assert_eq!(rule(&"Zq8!x中".repeat(22), &[]).await, Some(Rule::TooLong));
        assert_eq!(rule(&"a".repeat(1 << 20), &[]).await, Some(Rule::TooLong));
        assert_eq!(rule("password1", &[]).await, Some(Rule::TooWeak));
        assert_eq!(rule("zhang.wei@corp", &["zhang.wei@corp"]).await, Some(Rule::TooWeak));
        assert_eq!(rule("correct horse battery", &[]).await, None);
        assert_eq!(rule("清晨的露水打湿了石阶", &[]).await, None);
    }

    #[tokio::test]
    async fn width_of_letters_does_not_matter() {
        let hasher = Hasher::new(CHEAP, 1, BreachedPasswords::Off).unwrap();
        let hash = hasher.hash(claimed("ｐａｓｓ１２３４")).await.unwrap();
        assert_eq!(hasher.verify(claimed("pass1234"), Some(&hash)).await.unwrap(), Verdict::Right);
    }

    #[tokio::test]
    async fn verdicts() {
        let hasher = Hasher::new(CHEAP, 1, BreachedPasswords::Off).unwrap();
        let hash = hasher.hash(claimed("right one")).await.unwrap();
        assert_eq!(hasher.verify(claimed("wrong one"), Some(&hash)).await.unwrap(), Verdict::Wrong);
        assert_eq!(
            hasher.verify(claimed("no account has this password"), None).await.unwrap(),
            Verdict::Wrong
        );
        let stronger = Hasher::new(Argon2Cost { iterations: 2, ..CHEAP }, 1, BreachedPasswords::Off).unwrap();
        assert_eq!(
            stronger.verify(claimed("right one"), Some(&hash)).await.unwrap(),
            Verdict::RightButOutdated
        );
    }

    #[tokio::test]
    async fn queue_is_bounded_and_abandoned_hashes_keep_their_seat() {
        let hasher = Hasher::new(CHEAP, 1, BreachedPasswords::Off).unwrap();
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let abandoned = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.run(move || Ok(gate.recv()?)).await }
        });
        while hasher.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        abandoned.abort();
        assert!(abandoned.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.running.available_permits(), 0, "the hash goes on, and so does its permit");

        let waiting: Vec<_> = (0..WAITING_PER_CORE)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.hash(claimed("waits")).await })
            })
            .collect();
        while hasher.admission.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.queue(), Queue { running: 1, waiting: WAITING_PER_CORE });
        assert!(matches!(hasher.hash(claimed("one too many")).await, Err(Error::RateLimited(_))));
        assert_eq!(hasher.work.refused.get(), 1);

        release.send(()).unwrap();
        for task in waiting {
            task.await.unwrap().unwrap();
        }
    }
}
