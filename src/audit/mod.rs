//! The record of what happened: append-only, written in the transaction of the change that it tells of.

mod entity;
pub(crate) mod export;
pub mod forget;
pub mod graphql;
mod kind;
pub mod list;
pub mod service;
pub mod watch;

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde_json::{Map, Value};

pub use kind::Kind;

use crate::{
    auth::{Admin, Client, Viewer, viewer::Credential},
    id::{AuditEventId, UserId},
};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// Identifier.
    pub id: AuditEventId,
    /// What happened.
    pub kind: Kind,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// Who did it, seen from the account that it is about.
    pub actor: Actor,
    /// The user who did it, where one did.
    pub actor_id: Option<UserId>,
    /// The account that it is about.
    pub subject_id: Option<UserId>,
    /// Address that the request came from.
    pub ip: Option<String>,
    /// User-Agent header of the request.
    pub user_agent: Option<String>,
    /// Name of the request in the log.
    pub request_id: Option<String>,
    /// What there is to tell beside, by kind; never a secret.
    pub details: Map<String, Value>,
}

/// Who did something, seen from the account that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Enum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
#[graphql(name = "AuditActor")]
pub enum Actor {
    /// The account's own user.
    #[graphql(name = "SELF")]
    Own,
    /// An administrator.
    Admin,
    /// An API key of the account.
    ApiKey,
    /// The operator, at the command line.
    Operator,
    /// The platform itself.
    System,
    /// Somebody who was not signed in.
    Anonymous,
}

/// An event to be recorded.
#[derive(Debug, Clone)]
#[must_use = "an entry does nothing until `service::record`"]
pub struct Entry {
    kind: Kind,
    actor: Actor,
    actor_id: Option<UserId>,
    subject_id: Option<UserId>,
    client: Option<Client>,
    details: Map<String, Value>,
}

impl Entry {
    fn new(kind: Kind, actor: Actor) -> Self {
        Self { kind, actor, actor_id: None, subject_id: None, client: None, details: Map::new() }
    }

    /// What a known caller did to the own account.
    pub fn by(viewer: &Viewer, kind: Kind) -> Self {
        let actor = match viewer.credential() {
            Credential::Session(_) => Actor::Own,
            Credential::ApiKey(_) => Actor::ApiKey,
        };
        let user_id = Some(viewer.user_id());
        Self { actor_id: user_id, subject_id: user_id, ..Self::new(kind, actor) }
    }

    /// What a user did to the own account while signing in or proving otherwise who it is.
    pub fn by_user(user_id: UserId, kind: Kind) -> Self {
        Self { actor_id: Some(user_id), subject_id: Some(user_id), ..Self::new(kind, Actor::Own) }
    }

    /// What an administrator did.
    pub fn by_admin(admin: &Admin, kind: Kind) -> Self {
        Self { actor_id: Some(admin.viewer().user_id()), ..Self::new(kind, Actor::Admin) }
    }

    /// What the operator did.
    pub fn by_operator(kind: Kind) -> Self {
        Self::new(kind, Actor::Operator)
    }

    /// What the platform did by itself.
    pub fn by_system(kind: Kind) -> Self {
        Self::new(kind, Actor::System)
    }

    /// What somebody did who was not signed in.
    pub fn by_anonymous(kind: Kind) -> Self {
        Self::new(kind, Actor::Anonymous)
    }

    /// The same about something else that happened with it.
    pub fn as_kind(self, kind: Kind) -> Self {
        Self { kind, details: Map::new(), ..self }
    }

    /// The account that it is about.
    pub fn about(self, user_id: UserId) -> Self {
        Self { subject_id: Some(user_id), ..self }
    }

    /// Where the request came from.
    pub fn from(self, client: &Client) -> Self {
        Self { client: Some(client.clone()), ..self }
    }

    /// A detail; its name is in camelCase, its value no secret.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}
