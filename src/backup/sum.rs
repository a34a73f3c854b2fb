//! SHA-256 of what passes by, and the file of it beside an archive, as `sha256sum -c` reads it.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::progress::Counter;

/// What passes through is summed and counted.
pub(super) struct Summing<T> {
    inner: T,
    sum: Sha256,
    bytes: u64,
}

impl<T> Summing<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, sum: Sha256::new(), bytes: 0 }
    }

    /// What was summed, the sum in hexadecimal, and how many bytes those were.
    pub(super) fn finish(self) -> (T, String, u64) {
        (self.inner, hex::encode(self.sum.finalize()), self.bytes)
    }

    fn note(&mut self, passed: &[u8]) {
        self.sum.update(passed);
        self.bytes += passed.len() as u64;
    }
}

impl<W: Write> Write for Summing<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.note(&buffer[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Summing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.note(&buffer[..read]);
        Ok(read)
    }
}

/// The sum of a file, and its size.
pub(super) fn of_file(path: &Path, counter: &Counter) -> io::Result<(String, u64)> {
    let mut file = counter.counting(Summing::new(BufReader::new(File::open(path)?)));
    io::copy(&mut file, &mut io::sink())?;
    let (_, sum, bytes) = file.into_inner().finish();
    Ok((sum, bytes))
}

/// `<archive>.sha256`.
pub(super) fn sidecar(archive: &Path) -> PathBuf {
    let mut path: OsString = archive.into();
    path.push(".sha256");
    path.into()
}

/// The text of a sidecar.
pub(super) fn line(sum: &str, name: &str) -> String {
    format!("{sum}  {name}\n")
}

/// How an archive compares with the sum beside it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// It is what was written.
    Same,
    /// It is not; or the file of the sum is damaged itself.
    Different { is: String, said: String },
    /// There is no file with a sum.
    Unknown,
}

/// Compares `archive` with the sum beside it.
///
/// # Errors
/// One of the two cannot be read.
pub(super) fn compare(archive: &Path, counter: &Counter) -> anyhow::Result<Comparison> {
    let sidecar = sidecar(archive);
    let said = match fs::read_to_string(&sidecar) {
        Ok(text) => text.split_whitespace().next().unwrap_or("nothing").to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Comparison::Unknown),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", sidecar.display())),
    };
    let (is, _) = of_file(archive, counter).with_context(|| format!("cannot read {}", archive.display()))?;
    Ok(if is == said { Comparison::Same } else { Comparison::Different { is, said } })
}
