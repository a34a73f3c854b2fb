//! Sessions: one a device that is signed in, from sign-in to its end.

pub mod activity;
pub mod device;
mod entity;
pub mod events;
pub(crate) mod export;
pub mod graphql;
pub mod happenings;
pub mod list;
pub mod live;
mod new_device;
pub mod reauthenticate;
pub mod refresh;
pub mod service;
pub mod sign_in;
pub mod socket_token;
pub mod sockets;
pub mod start;

use std::time::Duration;

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

pub use new_device::DISOWN_WITHIN;

use crate::id::{SessionId, UserId};

/// A session as everyone but [`service`] and [`refresh`] sees it: without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Identifier.
    pub id: SessionId,
    /// Whose session it is.
    pub user_id: UserId,
    /// What the client said of itself; parsed by [`device`].
    pub user_agent: String,
    /// Address of the client when it last signed in or refreshed.
    pub ip: String,
    /// Time of the sign-in.
    pub created_at: DateTime<Utc>,
    /// Last request; up to a minute late.
    pub last_active_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    /// When it was ended, unless it still lives or ran out.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it was ended.
    pub end_reason: Option<EndReason>,
    /// When its user last showed who it is: at the sign-in, or since.
    #[serde(default)]
    pub authenticated_at: DateTime<Utc>,
}

/// Why a session is over.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumIter, DeriveActiveEnum, Enum, IntoStaticStr,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[graphql(name = "SessionEndReason")]
pub enum EndReason {
    /// Its user signed out on that device.
    SignedOut,
    /// Its user ended it from another device.
    EndedByUser,
    /// An administrator ended it.
    EndedByAdmin,
    /// The password was changed or reset.
    PasswordChanged,
    /// Its owner said that the sign-in was not theirs.
    Disowned,
    /// An old refresh token came back: someone had copied it.
    RefreshTokenReused,
    /// It reached its greatest age, or was not used for too long. Never stored: time alone decides.
    Expired,
}

/// Lists by whether sessions still live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum SessionState {
    /// May be used.
    Active,
    /// Ended or expired.
    Ended,
}

/// How and when a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: EndReason,
}

impl Session {
    /// The session's end as of `now`; `None` while it may be used. `idle` is the longest pause it survives.
    #[must_use]
    pub fn ending(&self, now: DateTime<Utc>, idle: Duration) -> Option<Ending> {
        if let Some(at) = self.ended_at {
            return Some(Ending { at, reason: self.end_reason.unwrap_or(EndReason::Expired) });
        }
        let at = self.expires_at.min(self.last_active_at + idle);
        (at <= now).then_some(Ending { at, reason: EndReason::Expired })
    }
}
