//! One backup a day.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::{folder::Folder, progress::size, take::take};
use crate::{clock::Clock, config::Config};

/// How long after a failure comes the next try.
const RETRY: Duration = Duration::from_secs(15 * 60);
/// How often the clock is looked at: the machine may sleep, or its clock be set.
const LOOK: Duration = Duration::from_secs(30);

/// Backs up every day at `time` (UTC), for ever; at once where the folder has no archive since that time last was.
pub async fn every_day(config: &Config, clock: &Clock, folder: &Folder, time: NaiveTime) {
    loop {
        let last = folder.newest(clock.now()).unwrap_or_default();
        let due = due(last, clock.now(), time);
        if clock.now() < due {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        match take(config, clock, folder).await {
            Ok(taken) => tracing::info!(
                path = %taken.path.display(),
                size = size(taken.bytes),
                seconds = taken.took.as_secs(),
                removed = taken.removed.len(),
                "backed up"
            ),
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the backup failed; the next try is in 15 minutes"
                );
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// When the next backup is due: at the last `time` that came since the `last` one, else at the next.
fn due(last: Option<DateTime<Utc>>, now: DateTime<Utc>, time: NaiveTime) -> DateTime<Utc> {
    let today = now.date_naive().and_time(time).and_utc();
    let passed = if today <= now { today } else { today - TimeDelta::days(1) };
    if last.is_some_and(|last| last >= passed) { passed + TimeDelta::days(1) } else { passed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_backup() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let three = NaiveTime::from_hms_opt(3, 0, 0).unwrap();
        for (last, now, expected) in [
            (None, "2026-11-23T12:00:00Z", "2026-11-23T03:00:00Z"),
            (None, "2026-11-23T02:00:00Z", "2026-11-22T03:00:00Z"),
            (Some("2026-11-23T03:00:00Z"), "2026-11-23T03:00:30Z", "2026-11-24T03:00:00Z"),
            (Some("2026-11-22T12:00:00Z"), "2026-11-23T02:59:59Z", "2026-11-23T03:00:00Z"),
            (Some("2026-11-22T12:00:00Z"), "2026-11-23T03:00:00Z", "2026-11-23T03:00:00Z"),
            (Some("2026-10-01T00:00:00Z"), "2026-11-23T02:00:00Z", "2026-11-22T03:00:00Z"),
        ] {
            assert_eq!(due(last.map(at), at(now), three), at(expected), "{last:?} {now}");
        }
    }
}
