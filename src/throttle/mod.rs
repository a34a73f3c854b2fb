//! Bounds on guessing, counted before a guess is looked at, so that guesses made at once cannot pass them.
//!
//! Strangers share what there is of an account from everywhere, and wait for it; a device that its owner has signed in
//! from before has an allowance of its own, so that no stranger keeps the owner out. [`policy`] has the numbers.

pub mod graphql;
pub mod policy;
pub mod service;

use std::sync::atomic::AtomicBool;

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    auth::secrets::fingerprint,
    email::Email,
    error::Result,
    gateway::Gateway,
    id::{BlockId, KnownDeviceId, TypedId, UserId},
    known_device,
    session::start::Origin,
    store::attempts::Counter,
    user,
};

/// A guess at a secret of an account.
#[derive(Debug)]
pub struct Guess {
    secret: Secret,
    /// Stands for the account; of bounded length, and no address in clear.
    account: String,
    /// The account's address, for administrators; `None` for what cannot be one.
    address: Option<String>,
    /// What counts as one client.
    network: String,
    /// The device, where the account was used from it before: strangers' guesses do not count for it.
    known_device: Option<KnownDeviceId>,
    /// What was not counted cannot be given back.
    is_counted: AtomicBool,
}

/// What is guessed at. Whoever knows one of them has guesses at another forgiven by it no more than strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
enum Secret {
    Password,
    EmailCode,
    SecondFactor,
}

/// What a guess is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::EnumIter)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Stop {
    /// The account together with the network.
    AccountAndNetwork,
    /// The network.
    Network,
    /// The account.
    Account,
    /// The account together with a device that it was used from before.
    Device,
}

/// For whom there is a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Enum, strum::IntoStaticStr)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum BlockKind {
    /// Whoever tries to get into one account from one network, or from one device.
    AccountAndNetwork,
    /// Whoever tries to get into accounts from one network.
    Network,
    /// Whoever tries to get into one account, but from devices that it was used from before.
    Account,
}

/// A wait after too many attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Identifier.
    pub id: BlockId,
    /// Whom it is for.
    pub whom: Blocked,
    /// Attempts that are not forgiven.
    pub attempts: u32,
    /// Its end.
    pub until: DateTime<Utc>,
}

/// Who has to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// What they have in common.
    pub kind: BlockKind,
    /// The account's address.
    pub account: Option<String>,
    /// The network.
    pub network: Option<String>,
}

impl Guess {
    /// A guess at the password of the account with this address, whether there is one or not.
    ///
    /// # Errors
    /// Internal only.
    pub async fn at_account(gateway: &Gateway, email: &str, origin: &Origin) -> Result<Self> {
        Self::at_address(gateway, Secret::Password, email, origin).await
    }

    /// A guess at a code that went to this address, whether it has an account or not.
    ///
    /// # Errors
    /// Internal only.
    pub async fn at_email_code(gateway: &Gateway, email: &str, origin: &Origin) -> Result<Self> {
        Self::at_address(gateway, Secret::EmailCode, email, origin).await
    }

    async fn at_address(gateway: &Gateway, secret: Secret, email: &str, origin: &Origin) -> Result<Self> {
        // All spellings of an address are one account.
        let address = Email::parse(email).ok().map(Email::into_string);
        let account = address.as_deref().unwrap_or(email);
        let known_device = known_device_at(gateway, account, origin).await?;
        let account = fingerprint(account);
        Ok(Self::new(secret, account, address, known_device, origin))
    }

    /// A guess at a second factor of a user. These are counted apart: whoever knows the password, and shows it in between,
    /// has no more of them for that.
    ///
    /// # Errors
    /// Internal only.
    pub async fn at_second_factor(gateway: &Gateway, user_id: UserId, origin: &Origin) -> Result<Self> {
        let device = known_device::service::find(gateway, user_id, origin.device.as_ref()).await?;
        let address = user::service::find_cached(gateway, user_id).await?.map(|user| user.email.clone());
        let known_device = device.map(|device| device.id);
        Ok(Self::new(Secret::SecondFactor, user_id.to_wire(), address, known_device, origin))
    }

    /// The same from a device that the account is used from, whether or not it has shown its secret: that of a session.
    #[must_use]
    pub fn on_device(self, device: Option<KnownDeviceId>) -> Self {
        Self { known_device: self.known_device.or(device), ..self }
    }

    fn new(
        secret: Secret,
        account: String,
        address: Option<String>,
        known_device: Option<KnownDeviceId>,
        origin: &Origin,
    ) -> Self {
        let network = origin.client.network();
        Self { secret, account, address, network, known_device, is_counted: AtomicBool::new(false) }
    }

    /// What counts it, with what it is.
    fn counters(&self, attempts_per_minute: u32) -> Vec<(Stop, Counter)> {
        let stops: &[Stop] = match self.known_device {
            Some(_) => &[Stop::Device],
            None => &[Stop::AccountAndNetwork, Stop::Network, Stop::Account],
        };
        stops.iter().map(|stop| (*stop, self.counter(*stop, attempts_per_minute))).collect()
    }

    fn counter(&self, stop: Stop, attempts_per_minute: u32) -> Counter {
        let (secret, name): (&str, &str) = (self.secret.into(), stop.into());
        let device = self.known_device.map(TypedId::to_wire).unwrap_or_default();
        let id = match stop {
            Stop::AccountAndNetwork => id_of(&[name, secret, &self.account, &self.network]),
            Stop::Account => id_of(&[name, secret, &self.account]),
            Stop::Device => id_of(&[name, secret, &self.account, &device]),
            // Of a network's guesses it does not matter what they are at.
            Stop::Network => id_of(&[name, &self.network]),
        };
        let of_account = stop != Stop::Network;
        let blocked = Blocked {
            kind: match stop {
                Stop::AccountAndNetwork | Stop::Device => BlockKind::AccountAndNetwork,
                Stop::Network => BlockKind::Network,
                Stop::Account => BlockKind::Account,
            },
            account: self.address.clone().filter(|_| of_account),
            network: (stop != Stop::Account).then(|| self.network.clone()),
        };
        Counter {
            id,
            patience: policy::patience(self.secret, stop, attempts_per_minute),
            // A reset of the password has nothing to say about other secrets.
            group: (of_account && self.secret == Secret::Password).then(|| group_of(&self.account)),
            label: serde_json::json!(blocked).to_string(),
        }
    }
}

/// What the counters of an account's password are forgotten by.
fn group_of(account: &str) -> Uuid {
    id_of(&["PASSWORD_OF", account])
}

/// The same for the same parts, and for no others.
fn id_of(parts: &[&str]) -> Uuid {
    let digest = Sha256::digest(serde_json::json!(parts).to_string());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The device's part comes first, so that the account is looked for whether or not there is one.
async fn known_device_at(gateway: &Gateway, email: &str, origin: &Origin) -> Result<Option<KnownDeviceId>> {
    let devices = known_device::service::list_of_token(gateway, origin.device.as_ref()).await?;
    if devices.is_empty() {
        return Ok(None);
    }
    let user = user::service::find_by_email(&gateway.db, email).await?;
    let own = user.and_then(|user| devices.into_iter().find(|device| device.user_id == user.id));
    Ok(own.map(|device| device.id))
}
