//! Time: tokens and limits are wrong where the clocks of the machines differ.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Check, Group, check::Subject};
use crate::clock::Clock;

static CLOCK: Subject = Subject::new("clock", Group::Clock, "Clocks");

const WARNING: TimeDelta = TimeDelta::seconds(2);
const FAILED: TimeDelta = TimeDelta::seconds(30);

/// Compares this machine with the others, each by how far it is ahead of this one.
pub(super) fn compare(others: &[(&str, Option<TimeDelta>)]) -> Check {
    let known: Vec<(&str, TimeDelta)> =
        others.iter().filter_map(|(name, ahead)| Some((*name, (*ahead)?))).collect();
    let Some(worst) = known.iter().map(|(_, ahead)| ahead.abs()).max() else {
        return CLOCK.skipped("there is no other clock to compare this machine's with");
    };
    let seconds = |ahead: TimeDelta| ahead.num_milliseconds() as f64 / 1000.0;
    let differences: Vec<String> =
        known.iter().map(|(name, ahead)| format!("{name} {:+.1} s", seconds(*ahead))).collect();
    let evidence = differences.join(", ");
    if worst <= WARNING {
        return CLOCK.ok(evidence);
    }
    let fix =
        "Keep the time of every machine by NTP: `timedatectl set-ntp true`; access tokens count in seconds";
    CLOCK.wrong(worst > FAILED, evidence, fix)
}

/// Measures a round trip, so that what another machine said can be set against the middle of it.
pub(super) struct RoundTrip<'a> {
    clock: &'a Clock,
    began: DateTime<Utc>,
}

impl<'a> RoundTrip<'a> {
    pub(super) fn begin(clock: &'a Clock) -> Self {
        Self { clock, began: clock.now() }
    }

    pub(super) fn milliseconds(&self) -> i64 {
        (self.clock.now() - self.began).num_milliseconds()
    }

    /// How far the clock that said `time` is ahead.
    pub(super) fn ahead(&self, time: DateTime<Utc>) -> TimeDelta {
        time - (self.began + (self.clock.now() - self.began) / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn small_differences_are_none_and_great_ones_count_either_way() {
        let status =
            |ahead: i64| compare(&[("database", Some(TimeDelta::milliseconds(ahead))), ("Redis", None)]);
        for (ahead, expected) in [
            (0, Status::Ok),
            (-2_000, Status::Ok),
            (2_001, Status::Warning),
            (-30_000, Status::Warning),
            (30_001, Status::Failed),
            (-3_600_000, Status::Failed),
        ] {
            assert_eq!(status(ahead).status, expected, "{ahead}");
        }
        assert_eq!(status(-2_500).evidence, "database -2.5 s");
        assert_eq!(compare(&[("Redis", None)]).status, Status::Skipped);
    }
}
