//! When things were last used: noted in memory by every request, to be written in batches.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

/// Rows in one UPDATE.
pub const CHUNK: usize = 500;
/// Things remembered between two writes. More are not noted: their time then lags by one interval more.
const CAPACITY: usize = 200_000;

/// The uses not yet written.
#[derive(Debug)]
pub struct LastUses<Id>(Arc<Mutex<HashMap<Id, DateTime<Utc>>>>);

impl<Id> Default for LastUses<Id> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<Id: Copy + Eq + Hash + Ord> LastUses<Id> {
    /// Notes that something is in use.
    pub fn note(&self, id: Id, at: DateTime<Utc>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < CAPACITY || noted.contains_key(&id) {
            noted.insert(id, at);
        }
    }

    /// What was noted since the last time, to be written.
    #[must_use]
    pub fn take(&self) -> Vec<(Id, DateTime<Utc>)> {
        let noted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut noted: Vec<_> = noted.into_iter().collect();
        // Two replicas lock rows in the same order and cannot wait for each other.
        noted.sort_unstable_by_key(|(id, _)| *id);
        noted
    }
}
