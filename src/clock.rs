//! Where time comes from: the system in production, a test's hand in tests.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// A source of the current time, cheap to clone.
///
/// Times are cut to microseconds, the precision of PostgreSQL, so that a time
/// read back from the database equals the time that was written.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Set(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// The clock of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `time` until [`Clock::advance`] moves it; all clones move together.
    #[must_use]
    pub fn fixed(time: DateTime<Utc>) -> Self {
        Self(Source::Set(Arc::new(Mutex::new(time.trunc_subsecs(6)))))
    }

    /// The current time, in UTC.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the one place where time enters")]
            Source::System => Utc::now().trunc_subsecs(6),
            Source::Set(time) => *time.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a fixed clock forward; the system clock is not ours to move.
    pub fn advance(&self, by: TimeDelta) {
        if let Source::Set(time) = &self.0 {
            *time.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}
