//! The schema: the features' roots merged. [`Engine`] runs requests through it.

mod about;
pub mod answer;
mod budget;
mod completion;
pub mod context;
mod documents;
mod engine;
pub mod error;
pub mod limits;
pub mod loaders;
pub mod metrics;
mod node;
pub mod page;
pub mod params;
mod refusal;
mod variables;

use async_graphql::{MergedObject, MergedSubscription};
use chrono::{DateTime, Utc};

use about::AboutQuery;
pub use answer::Answer;
pub use context::RequestContext;
pub use engine::{Admitted, Engine, within};
pub use error::{ApiError, Result};
use node::{Node, NodeQuery};
pub use params::Params;
pub use refusal::Refusal;

use crate::{
    api_key::graphql::{ApiKeyConnection, ApiKeyMutation, ApiKeyQuery},
    audit::graphql::{AuditEventConnection, AuditSubscription},
    data_export::graphql::{DataExportMutation, DataExportSubscription},
    erasure::graphql::ErasureMutation,
    invitation::graphql::{InvitationConnection, InvitationMutation, InvitationQuery},
    linked_account::graphql::{LinkedAccountMutation, LinkedAccountQuery},
    log_level::graphql::{LogLevelMutation, LogLevelQuery},
    mail::graphql::{MailConnection, MailMutation, MailQuery},
    recovery::graphql::{RecoveryMutation, RecoveryQuery},
    registration::graphql::RegistrationQuery,
    second_factor::{
        graphql::{SecondFactorMutation, SecondFactorQuery},
        passkey::graphql::PasskeyMutation,
        recovery_code::graphql::RecoveryCodeMutation,
        totp::graphql::TotpMutation,
    },
    session::{
        graphql::{SessionConnection, SessionMutation, SessionSubscription},
        reauthenticate::ReauthenticateMutation,
        sign_in::SignInMutation,
    },
    throttle::graphql::{ThrottleMutation, ThrottleQuery},
    user::graphql::{UserConnection, UserMutation, UserQuery},
    verification::graphql::VerificationMutation,
};

/// How deep selections may nest, fragments included, since validation and execution are recursive;
/// fields have a limit of their own.
const MAX_RECURSION: usize = 32;

/// What can be read.
#[derive(MergedObject, Default)]
pub struct Query(
    UserQuery,
    NodeQuery,
    AboutQuery,
    RegistrationQuery,
    SecondFactorQuery,
    LinkedAccountQuery,
    RecoveryQuery,
    InvitationQuery,
    MailQuery,
    ApiKeyQuery,
    ThrottleQuery,
    LogLevelQuery,
);

/// What can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(
    SignInMutation,
    SessionMutation,
    ReauthenticateMutation,
    SecondFactorMutation,
    TotpMutation,
    PasskeyMutation,
    RecoveryCodeMutation,
    UserMutation,
    VerificationMutation,
    RecoveryMutation,
    LinkedAccountMutation,
    InvitationMutation,
    DataExportMutation,
    ErasureMutation,
    MailMutation,
    ApiKeyMutation,
    ThrottleMutation,
    LogLevelMutation,
);

/// What can be watched.
#[derive(MergedSubscription, Default)]
pub struct Subscription(SessionSubscription, AuditSubscription, DataExportSubscription);

/// The schema of the platform.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Builds the schema. It holds no state: everything comes with the request.
#[must_use]
pub fn schema() -> Schema {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<Node>()
        .override_output_type_description::<UserConnection>("A page of users.")
        .override_output_type_description::<SessionConnection>("A page of sessions.")
        .override_output_type_description::<ApiKeyConnection>("A page of API keys.")
        .override_output_type_description::<AuditEventConnection>("A page of events.")
        .override_output_type_description::<InvitationConnection>("A page of invitations.")
        .override_output_type_description::<MailConnection>("A page of mails.")
        .override_output_type_description::<DateTime<Utc>>("A moment in UTC, as RFC 3339 writes it.")
        .limit_recursive_depth(MAX_RECURSION)
        .finish()
}
