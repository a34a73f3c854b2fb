//! Users by identifier, many requests in one statement.

use std::{collections::HashMap, sync::Arc};

use dataloader::{BatchFn, non_cached::Loader};

use super::{User, service};
use crate::{
    error::{Error, Result},
    gateway::Gateway,
    id::UserId,
};

/// One loader a request: [`Loader::try_load`] answers for every key.
pub type UserLoader = Loader<UserId, Result<Option<Arc<User>>, Arc<Error>>, UserBatch>;

/// Loads the users of one batch.
pub struct UserBatch(Gateway);

/// A loader for one request.
#[must_use]
pub fn user_loader(gateway: &Gateway) -> UserLoader {
    Loader::new(UserBatch(gateway.clone()))
}

impl BatchFn<UserId, Result<Option<Arc<User>>, Arc<Error>>> for UserBatch {
    async fn load(&mut self, keys: &[UserId]) -> HashMap<UserId, Result<Option<Arc<User>>, Arc<Error>>> {
        match service::list_by_ids(&self.0.db, keys).await {
            Ok(users) => {
                let mut found: HashMap<_, _> =
                    users.into_iter().map(|user| (user.id, Arc::new(user))).collect();
                keys.iter().map(|id| (*id, Ok(found.remove(id)))).collect()
            }
            Err(error) => {
                let error = Arc::new(error);
                keys.iter().map(|id| (*id, Err(Arc::clone(&error)))).collect()
            }
        }
    }
}
