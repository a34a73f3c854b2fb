//! The two secrets of an installation, and what is derived from them.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    Key, KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{config::Config, store::data_folder};

/// The file in the data folder of a generated `JWT_SECRET`.
pub const JWT_FILE: &str = "jwt_secret";
/// The file in the data folder of a generated `SESSION_SECRET`.
pub const SESSION_FILE: &str = "session_secret";

/// Bytes of a generated secret.
const SECRET_BYTES: usize = 48;

/// The secrets in force.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Sign access tokens; the first signs, all verify. Never empty.
    pub jwt: Vec<SecretString>,
    /// Authenticates refresh tokens and cursors.
    pub session: SessionKey,
}

impl Secrets {
    /// Takes the configured secrets; a missing one (never so in production) is read from the data folder,
    /// and made there on the first start, readable by the owner alone.
    ///
    /// # Errors
    /// The data folder cannot be read or written.
    pub fn load(config: &Config) -> anyhow::Result<Self> {
        let jwt = match config.jwt_secrets.as_slice() {
            [] => vec![load_or_create(&config.data_dir, JWT_FILE)?],
            configured => configured.to_vec(),
        };
        let session = match &config.session_secret {
            None => load_or_create(&config.data_dir, SESSION_FILE)?,
            Some(configured) => configured.clone(),
        };
        Ok(Self { jwt, session: SessionKey::from_secret(session) })
    }
}

/// The names of the files in the data folder that hold what is not configured.
#[must_use]
pub fn files_in_use(config: &Config) -> Vec<&'static str> {
    let jwt = config.jwt_secrets.is_empty().then_some(JWT_FILE);
    let session = config.session_secret.is_none().then_some(SESSION_FILE);
    jwt.into_iter().chain(session).collect()
}

/// Puts the secret of a backup in the place of the data folder's own.
///
/// # Errors
/// The data folder cannot be written.
pub fn replace_file(folder: &Path, name: &str, secret: &[u8]) -> anyhow::Result<()> {
    data_folder::create(folder)?;
    let path = folder.join(name);
    let replaced = write_draft(folder, secret).and_then(|draft| fs::rename(draft, &path));
    replaced.with_context(|| format!("cannot write {}", path.display()))
}

fn load_or_create(folder: &Path, name: &str) -> anyhow::Result<SecretString> {
    data_folder::create(folder)?;
    let path = folder.join(name);
    if !path.exists() {
        create(folder, &path).with_context(|| format!("cannot create {}", path.display()))?;
    }
    let secret = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    anyhow::ensure!(
        secret.trim().len() >= SECRET_BYTES,
        "{} is damaged; remove it to have a new one made (everyone signs in again)",
        path.display()
    );
    Ok(secret.trim().to_owned().into())
}

/// Puts a whole secret in place at once; where another process was faster, its secret stays.
fn create(folder: &Path, path: &Path) -> std::io::Result<()> {
    let secret = URL_SAFE_NO_PAD.encode(random_bytes::<SECRET_BYTES>());
    let draft = write_draft(folder, secret.as_bytes())?;
    let placed = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match placed {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        placed => placed,
    }
}

fn write_draft(folder: &Path, secret: &[u8]) -> std::io::Result<PathBuf> {
    let draft = folder.join(format!(".draft-{}", URL_SAFE_NO_PAD.encode(random_bytes::<12>())));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(secret)?;
    file.sync_all()?;
    Ok(draft)
}

/// Bytes from the operating system's generator.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    rand::random()
}

/// Bytes of the nonce before a sealed secret: so many that drawing them never gives the same twice.
const NONCE_BYTES: usize = 24;

/// `SESSION_SECRET`: the key under which refresh tokens and cursors are authenticated, and secrets sealed that have to be
/// read again.
#[derive(Debug, Clone)]
pub struct SessionKey(SecretString);

impl SessionKey {
    /// A key of any length.
    #[must_use]
    pub fn from_secret(secret: SecretString) -> Self {
        Self(secret)
    }

    /// HMAC-SHA-256 (RFC 2104) of `parts` for one `purpose`; the parts' lengths are part of the message,
    /// so that no two different lists of parts meet.
    #[must_use]
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()).expect("any key length");
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// Encrypts a secret that has to be read again, for one `purpose`, so that it opens with the same `context` alone:
    /// nobody can put one account's in the place of another's (XChaCha20-Poly1305, with a key derived for the purpose).
    ///
    /// # Errors
    /// A secret longer than the cipher takes.
    pub fn seal(&self, purpose: &str, context: &[u8], secret: &[u8]) -> anyhow::Result<Vec<u8>> {
        let nonce = random_bytes::<NONCE_BYTES>();
        let payload = Payload { msg: secret, aad: context };
        let sealed = self.cipher(purpose).encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| anyhow::anyhow!("a secret is too long to be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what was sealed for the same purpose and context; `None` for everything else.
    #[must_use]
    pub fn open(&self, purpose: &str, context: &[u8], sealed: &[u8]) -> Option<SecretSlice<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: context };
        let secret = self.cipher(purpose).decrypt(&XNonce::from(*nonce), payload).ok()?;
        Some(secret.into())
    }

    fn cipher(&self, purpose: &str) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.mac("seal", &[purpose.as_bytes()])))
    }
}

/// A short, fixed-length stand-in for a text in keys and logs. Not secret: who guesses the text can check it.
#[must_use]
pub fn fingerprint(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text.as_bytes())[..12])
}

/// Compares without telling by its time where the difference is.
#[must_use]
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(secret: &str) -> SessionKey {
        SessionKey::from_secret(secret.to_owned().into())
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_in_its_place_alone(
            secret in proptest::collection::vec(any::<u8>(), 0..64),
            bit in 0..8_u8,
            place: prop::sample::Index,
        ) {
            let own = key("一把钥匙");
            let mut sealed = own.seal("totp", b"zhang", &secret).unwrap();
            prop_assert_ne!(&sealed, &own.seal("totp", b"zhang", &secret).unwrap(), "each time anew");
            let opened = own.open("totp", b"zhang", &sealed).unwrap();
            prop_assert_eq!(opened.expose_secret(), secret.as_slice());
            prop_assert!(own.open("totp", b"li", &sealed).is_none());
            prop_assert!(own.open("other", b"zhang", &sealed).is_none());
            prop_assert!(key("另一把").open("totp", b"zhang", &sealed).is_none());
            prop_assert!(own.open("totp", b"zhang", &sealed[..sealed.len() - 1]).is_none());
            let place = place.index(sealed.len());
            sealed[place] ^= 1 << bit;
            prop_assert!(own.open("totp", b"zhang", &sealed).is_none());
        }
    }

    #[test]
    fn what_is_too_short_opens_nothing() {
        assert!(key("一把钥匙").open("totp", b"", &[0; 10]).is_none());
    }
}
