//! How many sockets each principal has open, and how many operations run over all of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::auth::Principal;

/// Counts that go back by themselves.
#[derive(Debug, Clone, Default)]
pub struct Seats {
    taken: Arc<Mutex<HashMap<Principal, u32>>>,
    operations: Arc<AtomicUsize>,
}

/// A socket's place among those of its principal, until dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    principal: Principal,
}

/// An operation that runs over a socket, until dropped.
#[derive(Debug)]
pub struct RunningOperation(Arc<AtomicUsize>);

impl Seats {
    /// A place for one more socket, unless `principal` has `most` open already.
    #[must_use]
    pub fn take(&self, principal: Principal, most: u32) -> Option<Seat> {
        let mut taken = self.lock();
        let count = taken.entry(principal.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Seat { seats: self.clone(), principal })
    }

    /// Counts an operation.
    #[must_use]
    pub fn begin_operation(&self) -> RunningOperation {
        self.operations.fetch_add(1, Ordering::Relaxed);
        RunningOperation(Arc::clone(&self.operations))
    }

    /// Open sockets of all principals.
    #[must_use]
    pub fn sockets(&self) -> usize {
        self.lock().values().map(|count| *count as usize).sum()
    }

    /// Operations that run over them.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.operations.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Principal, u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        if let Some(count) = taken.get_mut(&self.principal) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.principal);
            }
        }
    }
}

impl Drop for RunningOperation {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
