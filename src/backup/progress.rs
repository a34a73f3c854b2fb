//! How far it is, for somebody who waits at a terminal.

use std::{
    io::{self, IsTerminal, Read, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::task::AbortHandle;

/// What takes no longer is done before anyone asks.
const PATIENCE: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(250);

/// Work that goes on, and stops with this value.
#[derive(Debug)]
pub(super) struct Progress {
    counter: Counter,
    shown_by: Option<AbortHandle>,
}

impl Progress {
    /// Counts what passes the counter.
    pub(super) fn start(what: &'static str) -> Self {
        let counter = Counter::default();
        let counted = Arc::clone(&counter.bytes);
        Self { counter, shown_by: show(what, move || counted.load(Ordering::Relaxed)) }
    }

    /// Tells how large a file has become that somebody else writes.
    pub(super) fn of_file(what: &'static str, path: PathBuf) -> Self {
        let size = move || std::fs::metadata(&path).map_or(0, |file| file.len());
        Self { counter: Counter::default(), shown_by: show(what, size) }
    }

    pub(super) fn counter(&self) -> Counter {
        self.counter.clone()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.counter.is_over.store(true, Ordering::Relaxed);
        if let Some(task) = &self.shown_by {
            task.abort();
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn show(what: &'static str, bytes: impl Fn() -> u64 + Send + 'static) -> Option<AbortHandle> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let showing = tokio::spawn(async move {
        tokio::time::sleep(PATIENCE).await;
        loop {
            let _ = write!(io::stderr(), "\r\x1b[K{what}: {}", size(bytes()));
            tokio::time::sleep(INTERVAL).await;
        }
    });
    Some(showing.abort_handle())
}

/// Counts bytes for a [`Progress`], on whatever thread; after that has gone, what is counted fails. So a thread that
/// nobody can cancel ends when its caller has.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter {
    bytes: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Counter {
    pub(super) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn counting<R>(&self, inner: R) -> Counting<R> {
        Counting { inner, counter: self.clone() }
    }
}

/// A reader that is counted.
pub(super) struct Counting<R> {
    inner: R,
    counter: Counter,
}

impl<R> Counting<R> {
    pub(super) fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.counter.is_over.load(Ordering::Relaxed) {
            return Err(io::Error::other("stopped"));
        }
        let read = self.inner.read(buffer)?;
        self.counter.add(read);
        Ok(read)
    }
}

/// A size for people: `734 B`, `1.4 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        let sizes = [0, 1023, 1024, 1_468_006, 5 << 30, 7 << 50].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "1.4 MiB", "5.0 GiB", "7168.0 TiB"]);
    }
}
