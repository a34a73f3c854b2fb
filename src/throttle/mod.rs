//! Bounds on guessing.

pub mod service;

use crate::{
    auth::secrets::fingerprint, email::Email, error::Result, gateway::Gateway, id::UserId, known_device,
    session::start::Origin, user,
};

/// A guess at a secret of an account, counted before it is looked at.
#[derive(Debug, Clone)]
pub struct Guess {
    /// Stands for the account; of bounded length, and no address in clear.
    pub account: String,
    /// What counts as one client.
    pub network: String,
    /// The device, where the account was used from it before: strangers' guesses do not count for it.
    pub known_device: Option<String>,
}

impl Guess {
    /// A guess at the password of the account with this address, whether there is one or not.
    ///
    /// # Errors
    /// Internal only.
    pub async fn at_account(gateway: &Gateway, email: &str, origin: &Origin) -> Result<Self> {
        // All spellings of an address are one account.
        let account = Email::parse(email).map_or_else(|_| email.to_owned(), Email::into_string);
        let known_device = known_device_at(gateway, &account, origin).await?;
        Ok(Self { account: fingerprint(&account), network: origin.client.network(), known_device })
    }

    /// A guess at a second factor of an account. These are counted apart: whoever knows the password, and shows it in
    /// between, has no more of them for that.
    ///
    /// # Errors
    /// Internal only.
    pub async fn at_second_factor(gateway: &Gateway, user_id: UserId, origin: &Origin) -> Result<Self> {
        let device = known_device::service::find(gateway, user_id, origin.device.as_ref()).await?;
        Ok(Self {
            account: fingerprint(&format!("second factor of {user_id}")),
            network: origin.client.network(),
            known_device: device.map(|device| device.id.to_string()),
        })
    }
}

/// The device's part comes first, so that the account is looked for whether or not there is one.
async fn known_device_at(gateway: &Gateway, email: &str, origin: &Origin) -> Result<Option<String>> {
    let devices = known_device::service::list_of_token(gateway, origin.device.as_ref()).await?;
    if devices.is_empty() {
        return Ok(None);
    }
    let user = user::service::find_by_email(&gateway.db, email).await?;
    let own = user.and_then(|user| devices.into_iter().find(|device| device.user_id == user.id));
    Ok(own.map(|device| device.id.to_string()))
}
