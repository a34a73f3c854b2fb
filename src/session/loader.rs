//! Pages of sessions and their counts for many users in one statement.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use dataloader::{BatchFn, non_cached::Loader};

use super::{
    Session, SessionState,
    list::{self, SessionPage},
};
use crate::{
    error::{Error, Result},
    gateway::Gateway,
    id::UserId,
    store::page::Slice,
};

/// Which sessions of one user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageKey {
    /// Whose.
    pub user_id: UserId,
    /// Living or ended; `None` for both.
    pub state: Option<SessionState>,
    /// Which of them.
    pub page: SessionPage,
}

/// Whose sessions to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountKey {
    /// Whose.
    pub user_id: UserId,
    /// Living or ended; `None` for both.
    pub state: Option<SessionState>,
}

type Loaded<T> = Result<T, Arc<Error>>;

/// Pages, one loader a request: `try_load` answers for every key.
pub type SessionPageLoader = Loader<PageKey, Loaded<Slice<Session>>, PageBatch>;
/// Counts, one loader a request: `try_load` answers for every key.
pub type SessionCountLoader = Loader<CountKey, Loaded<u64>, CountBatch>;

/// Loads the pages of one batch.
pub struct PageBatch(Gateway);
/// Counts for one batch.
pub struct CountBatch(Gateway);

/// A page loader for one request.
#[must_use]
pub fn session_page_loader(gateway: &Gateway) -> SessionPageLoader {
    Loader::new(PageBatch(gateway.clone()))
}

/// A count loader for one request.
#[must_use]
pub fn session_count_loader(gateway: &Gateway) -> SessionCountLoader {
    Loader::new(CountBatch(gateway.clone()))
}

impl BatchFn<PageKey, Loaded<Slice<Session>>> for PageBatch {
    /// One statement for each different page asked for; siblings of one field all ask for the same.
    async fn load(&mut self, keys: &[PageKey]) -> HashMap<PageKey, Loaded<Slice<Session>>> {
        let mut answers = HashMap::with_capacity(keys.len());
        for (state, page) in keys.iter().map(|key| (key.state, &key.page)).collect::<HashSet<_>>() {
            let alike = keys.iter().filter(|key| key.state == state && key.page == *page);
            let user_ids: Vec<UserId> = alike.clone().map(|key| key.user_id).collect();
            let mut slices = list::pages(&self.0, &user_ids, state, page).await.map_err(Arc::new);
            for key in alike {
                let answer = match &mut slices {
                    Ok(slices) => Ok(slices.remove(&key.user_id).unwrap_or_else(|| page.slice(Vec::new()))),
                    Err(error) => Err(Arc::clone(error)),
                };
                answers.insert(key.clone(), answer);
            }
        }
        answers
    }
}

impl BatchFn<CountKey, Loaded<u64>> for CountBatch {
    async fn load(&mut self, keys: &[CountKey]) -> HashMap<CountKey, Loaded<u64>> {
        let mut answers = HashMap::with_capacity(keys.len());
        for state in keys.iter().map(|key| key.state).collect::<HashSet<_>>() {
            let alike = keys.iter().filter(|key| key.state == state);
            let user_ids: Vec<UserId> = alike.clone().map(|key| key.user_id).collect();
            let counts = list::counts(&self.0, &user_ids, state).await.map_err(Arc::new);
            for key in alike {
                let answer = match &counts {
                    Ok(counts) => Ok(counts.get(&key.user_id).copied().unwrap_or(0)),
                    Err(error) => Err(Arc::clone(error)),
                };
                answers.insert(*key, answer);
            }
        }
        answers
    }
}
