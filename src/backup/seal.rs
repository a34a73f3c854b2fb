//! Encryption for the holders of age keys (<https://age-encryption.org/v1>).

use std::{
    io::{self, BufRead, Read, Write},
    path::Path,
};

use age::{DecryptError, Decryptor, Encryptor, IdentityFile, Recipient, stream::StreamWriter, x25519};
use anyhow::Context;

/// What every encrypted file begins with.
const MAGIC: &[u8] = b"age-encryption.org/";

/// A writer that encrypts where there is somebody to encrypt for.
pub(super) enum Sealing<W: Write> {
    Plain(W),
    Age(StreamWriter<W>),
}

/// Encrypts for `recipients`, each of whom can read it alone; without any, writes what it is given.
///
/// # Errors
/// A recipient is no age key, or the head cannot be written.
pub(super) fn seal<W: Write>(output: W, recipients: &[String]) -> anyhow::Result<Sealing<W>> {
    if recipients.is_empty() {
        return Ok(Sealing::Plain(output));
    }
    let keys = recipients.iter().map(|key| key.parse::<x25519::Recipient>().map_err(anyhow::Error::msg));
    let keys = keys.collect::<anyhow::Result<Vec<_>>>().context("BACKUP_AGE_RECIPIENTS")?;
    let encryptor = Encryptor::with_recipients(keys.iter().map(|key| key as &dyn Recipient))?;
    Ok(Sealing::Age(encryptor.wrap_output(output)?))
}

impl<W: Write> Sealing<W> {
    /// Ends the encryption: without its end it would be taken for cut off.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(output) => Ok(output),
            Self::Age(stream) => stream.finish(),
        }
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(output) => output.write(buffer),
            Self::Age(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(output) => output.flush(),
            Self::Age(stream) => stream.flush(),
        }
    }
}

/// What was sealed, encrypted or not; the file itself tells.
///
/// # Errors
/// It is encrypted and there is no key, none that fits, or the head is damaged.
pub(super) fn open<'a, R: BufRead + 'a>(
    mut input: R,
    identity: Option<&Path>,
) -> anyhow::Result<Box<dyn Read + 'a>> {
    if !input.fill_buf()?.starts_with(MAGIC) {
        return Ok(Box::new(input));
    }
    let path = identity.context("it is encrypted; name the file with the age key by --identity FILE")?;
    let keys = IdentityFile::from_file(path.to_string_lossy().into_owned())
        .with_context(|| format!("cannot read an age key from {}", path.display()))?
        .into_identities()?;
    let decryptor = Decryptor::new_buffered(input).map_err(damaged)?;
    match decryptor.decrypt(keys.iter().map(|key| &**key as _)) {
        Ok(plain) => Ok(Box::new(plain)),
        Err(DecryptError::NoMatchingKeys) => {
            anyhow::bail!("it is encrypted for other keys than the one in {}", path.display())
        }
        Err(error) => Err(damaged(error)),
    }
}

fn damaged(error: DecryptError) -> anyhow::Error {
    anyhow::Error::new(error).context("its encryption is damaged")
}
