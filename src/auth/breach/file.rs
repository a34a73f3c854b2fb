//! The whole list in a file: a line `SHA1` or `SHA1:COUNT` each, in the order of the digests. It has tens of gigabytes, so
//! that it is searched where it lies.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use super::Fingerprint;

const DIGEST_CHARS: usize = 40;
/// A digest, a colon, a count and the end of the line have fewer.
const MAX_LINE_BYTES: u64 = 80;

/// Halves what is left until the digest is found, or nothing is left.
pub(super) fn contains(path: &Path, wanted: &Fingerprint) -> anyhow::Result<bool> {
    let mut file = BufReader::with_capacity(256, File::open(path)?);
    // The wanted line begins within them, if there is one.
    let (mut low, mut high) = (0, file.seek(SeekFrom::End(0))?);
    while low < high {
        let middle = low + (high - low) / 2;
        let start = next_start(&mut file, middle)?;
        if start >= high {
            high = middle;
            continue;
        }
        let line = read_line(&mut file)?;
        let end = start + line.len() as u64;
        let digest = line.get(..DIGEST_CHARS).map(<[u8]>::to_ascii_uppercase);
        let digest = digest.filter(|digest| digest.iter().all(u8::is_ascii_hexdigit));
        let digest = digest.ok_or_else(|| anyhow::anyhow!("there is no digest at byte {start}"))?;
        match digest.as_slice().cmp(wanted.0.as_bytes()) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => low = end,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(false)
}

/// Where the first line begins that does not begin before `position`; the file is left there.
fn next_start(file: &mut BufReader<File>, position: u64) -> anyhow::Result<u64> {
    let Some(before) = position.checked_sub(1) else {
        return Ok(file.seek(SeekFrom::Start(0))?);
    };
    file.seek(SeekFrom::Start(before))?;
    let rest = read_line(file)?;
    Ok(before + rest.len() as u64)
}

/// What is left of a line, its end included.
fn read_line(file: &mut BufReader<File>) -> anyhow::Result<Vec<u8>> {
    let mut line = Vec::new();
    file.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
    anyhow::ensure!((line.len() as u64) < MAX_LINE_BYTES, "a line is too long to be one of digests");
    Ok(line)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use proptest::prelude::*;

    use super::*;

    fn search(text: &str, wanted: &str) -> anyhow::Result<bool> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        contains(file.path(), &Fingerprint(wanted.to_owned()))
    }

    proptest! {
        #[test]
        fn every_line_is_found_and_nothing_else(
            digests in proptest::collection::btree_set("[0-9A-F]{40}", 0..40),
            strangers in proptest::collection::vec("[0-9A-F]{40}", 5),
            counts: bool,
            crlf: bool,
            last_end: bool,
        ) {
            let end = if crlf { "\r\n" } else { "\n" };
            let line = |(number, digest): (usize, &String)| {
                if counts { format!("{digest}:{}", 7_usize.pow(number as u32 % 12)) } else { digest.clone() }
            };
            let digests: BTreeSet<String> = digests;
            let lines: Vec<String> = digests.iter().enumerate().map(line).collect();
            let text = lines.join(end) + if last_end && !lines.is_empty() { end } else { "" };
            for digest in &digests {
                prop_assert!(search(&text, digest).unwrap(), "{digest} in {text}");
            }
            for stranger in strangers {
                prop_assert_eq!(search(&text, &stranger).unwrap(), digests.contains(&stranger));
            }
        }
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        assert!(search("password\n123456\n", &"A".repeat(40)).is_err());
        assert!(search(&"x".repeat(10_000), &"A".repeat(40)).is_err());
    }
}
