//! Writing an archive.

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
};

use super::{
    manifest::{self, Entry, Manifest},
    progress::Counter,
    seal::seal,
    sum::Summing,
};

/// zstd's own default: a dump of a gigabyte in seconds, at a quarter of its size.
const LEVEL: i32 = 3;

/// An entry and what is in it.
pub(super) struct Part {
    pub(super) entry: Entry,
    pub(super) content: Box<dyn Read + Send>,
}

/// Writes the manifest and `parts`, in its order, to `file`, and tells the sum of the whole.
///
/// # Errors
/// The disk is full or fails, or a recipient is no age key.
pub(super) fn write(
    file: &mut File,
    manifest: &Manifest,
    parts: Vec<Part>,
    recipients: &[String],
    counter: &Counter,
) -> anyhow::Result<String> {
    let sealing = seal(Summing::new(BufWriter::new(file)), recipients)?;
    let mut zstd = zstd::Encoder::new(sealing, LEVEL)?;
    zstd.include_checksum(true)?;
    let mut tar = tar::Builder::new(zstd);
    let json = serde_json::to_vec_pretty(manifest)?;
    append(&mut tar, manifest, manifest::FILE, json.len() as u64, &json[..])?;
    for part in parts {
        let content = counter.counting(part.content);
        append(&mut tar, manifest, &part.entry.name, part.entry.bytes, content)?;
    }
    let (mut file, sum, _) = tar.into_inner()?.finish()?.finish()?.finish();
    file.flush()?;
    Ok(sum)
}

fn append(
    tar: &mut tar::Builder<impl Write>,
    manifest: &Manifest,
    name: &str,
    bytes: u64,
    content: impl Read,
) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(manifest.created_at.timestamp().unsigned_abs());
    tar.append_data(&mut header, name, content)
}
