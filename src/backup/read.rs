//! Reading an archive: every byte of it is checked, and nothing of it is believed before.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::Path,
};

use anyhow::Context;

use super::{
    manifest::{self, Entry, Manifest},
    progress::Counter,
    seal,
    sum::{self, Comparison, Summing},
};

/// More than any manifest has.
const MANIFEST_BYTES: u64 = 1 << 20;
/// Memory that decompression may take, as a power of two: no archive of ours needs more.
const WINDOW_LOG: u32 = 23;
/// What tar ends with, with room.
const END_BYTES: u64 = 64 << 10;

/// An archive in which every byte was found to be right.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) manifest: Manifest,
    /// Whether there was a sum beside it. Without one all entries were checked, but not that the archive is the one
    /// that was written.
    pub(super) had_sum: bool,
}

/// Reads all of `archive`. Its entries are written to what `sink` gives for each, and no more than their size in
/// the manifest; they are good when this returns.
///
/// # Errors
/// The archive is damaged, cut off, not ours, not for this program, or encrypted for somebody else; or a sink failed.
pub(super) fn read(
    archive: &Path,
    identity: Option<&Path>,
    counter: &Counter,
    sink: impl FnMut(&Entry) -> anyhow::Result<Box<dyn Write>>,
) -> anyhow::Result<Checked> {
    let shown = archive.display();
    let file = File::open(archive).with_context(|| format!("cannot read {shown}"))?;
    let had_sum = match sum::compare(archive, counter)? {
        Comparison::Same => true,
        Comparison::Unknown => false,
        Comparison::Different { is, said } => anyhow::bail!(
            "{shown} is damaged: its SHA-256 is {is}, and {} says {said}; take another backup, or another copy of this one",
            sum::sidecar(archive).display()
        ),
    };
    let input = BufReader::new(counter.counting(file));
    let manifest =
        read_sealed(input, identity, sink).with_context(|| format!("{shown} cannot be restored"))?;
    Ok(Checked { manifest, had_sum })
}

fn read_sealed(
    input: impl BufRead,
    identity: Option<&Path>,
    sink: impl FnMut(&Entry) -> anyhow::Result<Box<dyn Write>>,
) -> anyhow::Result<Manifest> {
    let mut plain = BufReader::new(seal::open(input, identity)?);
    let mut zstd = zstd::Decoder::with_buffer(&mut plain)?.single_frame();
    zstd.window_log_max(WINDOW_LOG)?;
    let manifest = read_entries(&mut zstd, sink)?;
    // The checksum of the whole lies at its end.
    let end = io::copy(&mut zstd.by_ref().take(END_BYTES), &mut io::sink()).context(DAMAGED)?;
    anyhow::ensure!(end < END_BYTES, "it goes on after its end");
    drop(zstd);
    anyhow::ensure!(plain.fill_buf().context(DAMAGED)?.is_empty(), "it goes on after its end");
    Ok(manifest)
}

const DAMAGED: &str =
    "it is damaged, cut off, or no backup at all; take another backup, or another copy of this one";

/// Names are only compared with those that are expected, and never used as paths.
fn read_entries(
    input: impl Read,
    mut sink: impl FnMut(&Entry) -> anyhow::Result<Box<dyn Write>>,
) -> anyhow::Result<Manifest> {
    let mut archive = tar::Archive::new(input);
    let mut entries = archive.entries()?.raw(true);
    let mut next = |name: &str| {
        let entry = entries.next().with_context(|| format!("it ends where {name} should follow"))?;
        let entry = entry.context(DAMAGED)?;
        let found = entry.path_bytes();
        anyhow::ensure!(
            found == name.as_bytes(),
            "it has {:?} where {name} should be",
            String::from_utf8_lossy(&found)
        );
        anyhow::ensure!(entry.header().entry_type().is_file(), "its {name} is no plain file");
        drop(found);
        Ok(entry)
    };

    let first = next(manifest::FILE)?;
    anyhow::ensure!(first.size() <= MANIFEST_BYTES, "its manifest is too large");
    let mut json = Vec::new();
    first.take(MANIFEST_BYTES).read_to_end(&mut json).context(DAMAGED)?;
    let manifest = Manifest::read(&json)?;

    for expected in &manifest.entries {
        let entry = next(&expected.name)?;
        anyhow::ensure!(
            entry.size() == expected.bytes,
            "{} has {} bytes, and the manifest says {}",
            expected.name,
            entry.size(),
            expected.bytes
        );
        extract(entry, expected, sink(expected)?)?;
    }
    match entries.next() {
        None => Ok(manifest),
        Some(Ok(entry)) => anyhow::bail!(
            "it has an entry that its manifest does not name: {:?}",
            String::from_utf8_lossy(&entry.path_bytes())
        ),
        Some(Err(error)) => Err(error).context(DAMAGED),
    }
}

fn extract(content: impl Read, expected: &Entry, mut sink: Box<dyn Write>) -> anyhow::Result<()> {
    let mut content = Summing::new(content);
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = content.read(&mut buffer).context(DAMAGED)?;
        if read == 0 {
            break;
        }
        sink.write_all(&buffer[..read]).with_context(|| format!("cannot write {}", expected.name))?;
    }
    sink.flush().with_context(|| format!("cannot write {}", expected.name))?;
    let (_, sum, bytes) = content.finish();
    anyhow::ensure!(bytes == expected.bytes, "{} is cut off", expected.name);
    anyhow::ensure!(
        sum == expected.sha256,
        "{} is damaged: its SHA-256 is {sum}, and the manifest says {}",
        expected.name,
        expected.sha256
    );
    Ok(())
}
