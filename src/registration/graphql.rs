//! Who may sign up, in the schema.

use async_graphql::{Context, Object, SimpleObject};

use crate::{config::RegistrationMode, graphql::RequestContext};

/// Who may create an account here, and what it takes.
#[derive(SimpleObject)]
struct Registration {
    /// Everybody, those who were invited, or nobody.
    mode: RegistrationMode,
    /// The domains that an address may have; empty: every one.
    email_domains: Vec<String>,
    /// Whether an account can be used only once its address was verified.
    requires_email_verification: bool,
}

/// Questions before signing up.
#[derive(Default)]
pub struct RegistrationQuery;

#[Object]
impl RegistrationQuery {
    /// Who may create an account here.
    async fn registration(&self, ctx: &Context<'_>) -> Registration {
        let registration = &RequestContext::of(ctx).gateway.config.registration;
        Registration {
            mode: registration.mode,
            email_domains: registration.email_domains.clone(),
            requires_email_verification: registration.requires_email_verification,
        }
    }
}
