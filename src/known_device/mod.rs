//! Browsers and clients that somebody has signed in with before.
//!
//! A device keeps a secret of its own, in a cookie or by itself, whoever signs in with it. It is good for nothing alone:
//! it tells a sign-in from a new device, has guesses of strangers not stand in its owner's way, and, where its owner
//! wished so, stands for the second factor for a while.

mod entity;
pub(crate) mod export;
pub mod service;

use chrono::{DateTime, Utc};

use crate::id::{KnownDeviceId, UserId};

/// A device from which somebody has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDevice {
    /// Identifier.
    pub id: KnownDeviceId,
    /// Who signed in.
    pub user_id: UserId,
    /// Until when it stands for the second factor.
    pub remembered_until: Option<DateTime<Utc>>,
}

impl KnownDevice {
    /// Whether it stands for the second factor.
    #[must_use]
    pub fn is_remembered(&self, now: DateTime<Utc>) -> bool {
        self.remembered_until.is_some_and(|until| now < until)
    }
}
