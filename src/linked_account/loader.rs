//! Linked accounts of users, many requests in one statement.

use std::{collections::HashMap, sync::Arc};

use dataloader::{BatchFn, non_cached::Loader};

use super::{LinkedAccount, service};
use crate::{
    error::{Error, Result},
    gateway::Gateway,
    id::UserId,
};

type Loaded = Result<Vec<LinkedAccount>, Arc<Error>>;

/// One loader a request: [`Loader::try_load`] answers for every key.
pub type LinkedAccountsLoader = Loader<UserId, Loaded, LinkedAccountsBatch>;

/// Loads the linked accounts of one batch.
pub struct LinkedAccountsBatch(Gateway);

/// A loader for one request.
#[must_use]
pub fn linked_accounts_loader(gateway: &Gateway) -> LinkedAccountsLoader {
    Loader::new(LinkedAccountsBatch(gateway.clone()))
}

impl BatchFn<UserId, Loaded> for LinkedAccountsBatch {
    async fn load(&mut self, keys: &[UserId]) -> HashMap<UserId, Loaded> {
        match service::list_by_users(&self.0.db, keys).await {
            Ok(mut found) => keys.iter().map(|id| (*id, Ok(found.remove(id).unwrap_or_default()))).collect(),
            Err(error) => {
                let error = Arc::new(error);
                keys.iter().map(|id| (*id, Err(Arc::clone(&error)))).collect()
            }
        }
    }
}
