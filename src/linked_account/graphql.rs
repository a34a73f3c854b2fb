//! Identity providers and linked accounts in the schema.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{LinkedAccount, journey::BrowserSecret, journey::LIFETIME, service};
use crate::{
    error::Error,
    graphql::{RequestContext, Result, context::CookieChange},
    id::{LinkedAccountId, TypedId, UserId},
    identity_provider::{IdentityProvider, ProviderKind},
    user::graphql::UserNode,
};

/// An identity provider.
#[derive(SimpleObject)]
struct AuthProvider {
    /// Its part of the address: `{API_PREFIX}/auth/{id}`; also `LinkedAccount.provider`.
    id: String,
    /// What people know it by.
    label: String,
    /// Which sort.
    kind: ProviderKind,
}

impl AuthProvider {
    fn of(provider: &IdentityProvider) -> Self {
        Self { id: provider.id.clone(), label: provider.label.clone(), kind: provider.kind }
    }
}

/// A linked account that the caller may see: an own one, or any for an administrator.
pub struct LinkedAccountNode(LinkedAccount);

impl LinkedAccountNode {
    /// A linked account that a service has let the caller see.
    #[must_use]
    pub fn new(account: LinkedAccount) -> Self {
        Self(account)
    }
}

/// An account at an identity provider that signs in to this one.
#[Object(name = "LinkedAccount")]
impl LinkedAccountNode {
    /// Identifies the linked account.
    pub async fn id(&self) -> ID {
        self.0.id.to_wire().into()
    }

    /// `AuthProvider.id`; the provider may not be configured any more.
    async fn provider(&self) -> &str {
        &self.0.provider
    }

    /// What people know the provider by.
    async fn label(&self, ctx: &Context<'_>) -> String {
        service::label(&RequestContext::of(ctx).gateway, &self.0.provider).to_owned()
    }

    /// Address at the provider, as of the last sign-in.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// When it was linked.
    async fn linked_at(&self) -> DateTime<Utc> {
        self.0.linked_at
    }

    /// When somebody last signed in with it; null before the first time.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_used_at
    }
}

/// The linked accounts of a user whom the caller may see.
pub(crate) async fn user_linked_accounts(
    request: &RequestContext,
    user_id: UserId,
) -> Result<Vec<LinkedAccountNode>> {
    let accounts = request.loaders.linked_accounts.try_load(user_id).await??;
    Ok(accounts.into_iter().map(LinkedAccountNode::new).collect())
}

/// Questions about identity providers.
#[derive(Default)]
pub struct LinkedAccountQuery;

#[Object]
impl LinkedAccountQuery {
    /// Identity providers that people can sign in with, in the order of the configuration; empty: none is configured.
    async fn auth_providers(&self, ctx: &Context<'_>) -> Vec<AuthProvider> {
        let providers = RequestContext::of(ctx).gateway.identity_providers.iter();
        providers.map(|provider| AuthProvider::of(provider)).collect()
    }
}

/// What `startAccountLink` needs.
#[derive(InputObject)]
struct StartAccountLinkInput {
    /// `AuthProvider.id`.
    provider: String,
    /// Local path to come back to.
    next: Option<String>,
}

/// Linking has begun.
#[derive(SimpleObject)]
struct AccountLinkStarted {
    /// Where to send the browser.
    authorization_url: String,
}

/// What `unlinkAccount` needs.
#[derive(InputObject)]
struct UnlinkAccountInput {
    /// ID of the linked account.
    linked_account_id: ID,
}

/// Linking and unlinking.
#[derive(Default)]
pub struct LinkedAccountMutation;

#[Object]
impl LinkedAccountMutation {
    /// Begins linking: send the browser to the answer's address. Needs a recent sign-in or `reauthenticate`. Over HTTP
    /// only (it sets a cookie that binds the browser).
    async fn start_account_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "With which provider.")] input: StartAccountLinkInput,
    ) -> Result<AccountLinkStarted> {
        let request = RequestContext::of(ctx);
        let recent = request.require_recent()?;
        let cookie = &request.cookies.provider;
        if !cookie.is_possible() {
            return Err(Error::BadRequest("Over WebSocket no cookie can be set: link over HTTP.").into());
        }
        let browser = BrowserSecret::presented_or_new(cookie.presented());
        let gateway = &request.gateway;
        let next = input.next.as_deref();
        let url =
            service::start_link(gateway, &recent, &input.provider, &browser, next, &request.client).await?;
        cookie.change(CookieChange::Set(browser.text().clone(), gateway.clock.now() + LIFETIME));
        Ok(AccountLinkStarted { authorization_url: url.into() })
    }

    /// Unlinks; CONFLICT where it is the last way in. Needs a recent sign-in or `reauthenticate`.
    async fn unlink_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which linked account.")] input: UnlinkAccountInput,
    ) -> Result<UserNode> {
        let request = RequestContext::of(ctx);
        let recent = request.require_recent()?;
        let id = LinkedAccountId::parse(&input.linked_account_id).ok_or(Error::NotFound("linked account"))?;
        let user = service::unlink(&request.gateway, &recent, id, &request.client).await?;
        Ok(UserNode::new(user, *recent.viewer()))
    }
}
