//! Second factors of many users at once.

use std::{collections::HashMap, sync::Arc};

use dataloader::{BatchFn, non_cached::Loader};

use super::{SecondFactors, passkey, recovery_code, totp};
use crate::{
    error::{Error, Result},
    gateway::Gateway,
    id::UserId,
    known_device,
};

/// One loader a request: [`Loader::try_load`] answers for every key.
pub type SecondFactorLoader = Loader<UserId, Result<SecondFactors, Arc<Error>>, SecondFactorBatch>;

/// Loads the factors of one batch of users.
pub struct SecondFactorBatch(Gateway);

/// A loader for one request.
#[must_use]
pub fn second_factor_loader(gateway: &Gateway) -> SecondFactorLoader {
    Loader::new(SecondFactorBatch(gateway.clone()))
}

impl BatchFn<UserId, Result<SecondFactors, Arc<Error>>> for SecondFactorBatch {
    async fn load(&mut self, keys: &[UserId]) -> HashMap<UserId, Result<SecondFactors, Arc<Error>>> {
        match list_of(&self.0, keys).await {
            Ok(mut found) => keys.iter().map(|id| (*id, Ok(found.remove(id).unwrap_or_default()))).collect(),
            Err(error) => {
                let error = Arc::new(error);
                keys.iter().map(|id| (*id, Err(Arc::clone(&error)))).collect()
            }
        }
    }
}

/// One statement for each kind of factor.
async fn list_of(gateway: &Gateway, user_ids: &[UserId]) -> Result<HashMap<UserId, SecondFactors>> {
    let mut totps = totp::service::list_of(&gateway.db, user_ids).await?;
    let mut passkeys = passkey::service::list_of(&gateway.db, user_ids).await?;
    let codes = recovery_code::service::count_left_of(gateway, user_ids).await?;
    let devices = known_device::service::count_remembered_of(gateway, user_ids).await?;
    let of_user = |id: &UserId| SecondFactors {
        totp: totps.remove(id),
        passkeys: passkeys.remove(id).unwrap_or_default(),
        recovery_codes_left: codes.get(id).copied().unwrap_or(0),
        remembered_devices: devices.get(id).copied().unwrap_or(0),
    };
    Ok(user_ids.iter().copied().zip(user_ids.iter().map(of_user)).collect())
}
