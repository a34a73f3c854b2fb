//! Counting in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use super::{Count, Counter, Refused, Wait, to_duration, to_time};

/// Counters that one process remembers. Past it, those that have least to forget are forgotten.
const CAPACITY: usize = 100_000;

#[derive(Debug, Clone, Default)]
pub(super) struct Local(Arc<Mutex<HashMap<Uuid, Entry>>>);

#[derive(Debug)]
struct Entry {
    counter: Counter,
    count: Count,
}

impl Entry {
    fn until(&self) -> i64 {
        self.counter.patience.until(self.count)
    }
}

impl Local {
    pub(super) fn count(&self, counters: &[Counter], now: i64) -> Result<(), Refused> {
        let mut entries = self.lock();
        // Of equal waits the first is told.
        let waits = counters.iter().enumerate().rev().filter_map(|(by, counter)| {
            let left = entries.get(&counter.id)?.until() - now;
            (left > 0).then(|| Refused { by, wait: to_duration(left) })
        });
        if let Some(refused) = waits.max_by_key(|refused| refused.wait) {
            return Err(refused);
        }
        make_room(&mut entries, counters.len(), now);
        for counter in counters {
            let known = entries.get(&counter.id).map(|entry| entry.count);
            let count = counter.patience.add(known, now);
            entries.insert(counter.id, Entry { counter: counter.clone(), count });
        }
        Ok(())
    }

    pub(super) fn give_back(&self, counters: &[Counter], now: i64) {
        let mut entries = self.lock();
        for counter in counters {
            let Some(entry) = entries.get_mut(&counter.id) else { continue };
            match counter.patience.take_back(entry.count, now) {
                Some(count) => entry.count = count,
                None => drop(entries.remove(&counter.id)),
            }
        }
    }

    pub(super) fn forget(&self, ids: &[Uuid], now: i64) -> bool {
        let mut entries = self.lock();
        let forgotten = ids.iter().filter_map(|id| entries.remove(id));
        forgotten.filter(|entry| entry.until() > now).count() > 0
    }

    pub(super) fn forget_group(&self, group: Uuid) {
        self.lock().retain(|_, entry| entry.counter.group != Some(group));
    }

    pub(super) fn list(&self, most: usize, now: i64) -> Vec<Wait> {
        let entries = self.lock();
        let mut waiting: Vec<&Entry> = entries.values().filter(|entry| entry.until() > now).collect();
        waiting.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.until()));
        let wait = |entry: &&Entry| Wait {
            id: entry.counter.id,
            label: entry.counter.label.clone(),
            attempts: entry.counter.patience.attempts(entry.count),
            until: to_time(entry.until()),
        };
        waiting.iter().take(most).map(wait).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(entries: &mut HashMap<Uuid, Entry>, wanted: usize, now: i64) {
    if entries.len() + wanted <= CAPACITY {
        return;
    }
    let over_at = |entry: &Entry| entry.until().max(entry.count.forgiven_at);
    entries.retain(|_, entry| over_at(entry) > now);
    if entries.len() + wanted <= CAPACITY {
        return;
    }
    // A tenth at once, so that this is done seldom.
    let mut ends: Vec<i64> = entries.values().map(over_at).collect();
    let (_, kept_from, _) = ends.select_nth_unstable(CAPACITY / 10);
    let kept_from = *kept_from;
    entries.retain(|_, entry| over_at(entry) > kept_from);
}
