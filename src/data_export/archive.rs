//! A ZIP archive (APPNOTE.TXT 6.3) that is written as its content comes, and taken away in chunks as it grows.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use chrono::{DateTime, Datelike, Timelike, Utc};
use zip::{
    CompressionMethod, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

/// Bytes of a chunk.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;

/// An archive in the making.
pub(super) struct Archive {
    zip: ZipWriter<StreamWriter<Sink>>,
    written: Sink,
    options: SimpleFileOptions,
}

/// What was written and not yet taken away.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Archive {
    /// An empty one, whose files are of this time.
    pub(super) fn new(at: DateTime<Utc>) -> Self {
        let part = |part: u32| u8::try_from(part).unwrap_or_default();
        let modified = zip::DateTime::from_date_and_time(
            u16::try_from(at.year()).unwrap_or_default(),
            part(at.month()),
            part(at.day()),
            part(at.hour()),
            part(at.minute()),
            part(at.second()),
        );
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(modified.unwrap_or_default())
            .unix_permissions(0o600);
        let written = Sink::default();
        Self { zip: ZipWriter::new_stream(written.clone()), written, options }
    }

    /// Begins the next file.
    pub(super) fn start_file(&mut self, name: &str) -> anyhow::Result<()> {
        self.zip.start_file(name, self.options).context("a file of an archive cannot be begun")
    }

    /// Writes on in the file.
    pub(super) fn write(&mut self, text: &str) -> anyhow::Result<()> {
        self.zip.write_all(text.as_bytes()).context("an archive cannot be written")
    }

    /// Takes the next whole chunk away.
    pub(super) fn take_chunk(&mut self) -> Option<Vec<u8>> {
        let mut written = self.written.0.lock().unwrap_or_else(PoisonError::into_inner);
        (written.len() >= CHUNK_BYTES).then(|| {
            let rest = written.split_off(CHUNK_BYTES);
            std::mem::replace(&mut *written, rest)
        })
    }

    /// Ends the archive, and gives what was not taken away.
    pub(super) fn finish(self) -> anyhow::Result<Vec<u8>> {
        self.zip.finish().context("an archive cannot be ended")?;
        Ok(std::mem::take(&mut *self.written.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
