//! Which archives go.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Utc};

/// Of these archives, those to delete: all but the last of each of the newest `keep_daily` days, and of each of the
/// newest `keep_weekly` ISO weeks, that have one. Days and weeks are those of UTC; the newest archive always stays.
pub(super) fn retain(
    archives: &[DateTime<Utc>],
    keep_daily: u32,
    keep_weekly: u32,
) -> BTreeSet<DateTime<Utc>> {
    let all: BTreeSet<_> = archives.iter().copied().collect();
    let mut kept: BTreeSet<_> = all.last().copied().into_iter().collect();
    kept.extend(last_of_each(&all, keep_daily, DateTime::date_naive));
    kept.extend(last_of_each(&all, keep_weekly, |archive| {
        (archive.iso_week().year(), archive.iso_week().week())
    }));
    all.difference(&kept).copied().collect()
}

/// The last archive of each of the newest `count` periods.
fn last_of_each<P: PartialEq>(
    archives: &BTreeSet<DateTime<Utc>>,
    count: u32,
    period: impl Fn(&DateTime<Utc>) -> P,
) -> Vec<DateTime<Utc>> {
    let mut newest_first: Vec<_> = archives.iter().rev().copied().collect();
    newest_first.dedup_by_key(|archive| period(archive));
    newest_first.truncate(count as usize);
    newest_first
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn keeps_days_and_weeks() {
        let days = ["2026-11-23", "2026-11-22", "2026-11-21", "2026-11-16", "2026-11-15", "2026-11-09"];
        let mut archives: Vec<_> = days.iter().map(|day| at(&format!("{day}T03:00:00Z"))).collect();
        archives.push(at("2026-11-22T02:59:59Z"));
        let removed = retain(&archives, 2, 3);
        // Days: the 23rd, the 22nd at 3. Weeks: the 23rd (48), the 22nd (47), the 15th (46).
        let expected =
            ["2026-11-09T03:00:00Z", "2026-11-16T03:00:00Z", "2026-11-21T03:00:00Z", "2026-11-22T02:59:59Z"];
        assert_eq!(removed.into_iter().collect::<Vec<_>>(), expected.map(at));
    }

    #[test]
    fn a_year_ends_in_the_middle_of_a_week() {
        let archives = [at("2026-12-30T00:00:00Z"), at("2027-01-02T00:00:00Z"), at("2027-01-04T00:00:00Z")];
        assert_eq!(retain(&archives, 1, 2).into_iter().collect::<Vec<_>>(), [archives[0]]);
    }

    proptest! {
        #[test]
        fn holds_its_promises(
            seconds in vec(0_i64..120 * 86_400, 0..80), keep_daily in 0_u32..10, keep_weekly in 0_u32..6,
        ) {
            let archives: Vec<_> =
                seconds.iter().map(|second| at("2026-10-01T00:00:00Z") + chrono::TimeDelta::seconds(*second)).collect();
            let removed = retain(&archives, keep_daily, keep_weekly);
            let kept: Vec<_> = archives.iter().copied().filter(|archive| !removed.contains(archive)).collect();
            let distinct: BTreeSet<_> = kept.iter().copied().collect();

            prop_assert_eq!(kept.iter().max(), archives.iter().max(), "the newest stays");
            prop_assert!(distinct.len() <= (keep_daily + keep_weekly).max(1) as usize);
            prop_assert!(retain(&kept, keep_daily, keep_weekly).is_empty(), "once is enough");
            prop_assert!(removed.iter().all(|archive| archives.contains(archive)));

            let days: BTreeSet<_> = archives.iter().map(DateTime::date_naive).collect();
            for day in days.iter().rev().take(keep_daily as usize) {
                let last = archives.iter().filter(|archive| archive.date_naive() == *day).max().unwrap();
                prop_assert!(distinct.contains(last), "the last of {}", day);
            }
            let weeks: BTreeSet<_> = archives.iter().map(|archive| archive.iso_week()).collect();
            for week in weeks.iter().rev().take(keep_weekly as usize) {
                let last = archives.iter().filter(|archive| archive.iso_week() == *week).max().unwrap();
                prop_assert!(distinct.contains(last), "the last of {:?}", week);
            }
        }
    }
}
