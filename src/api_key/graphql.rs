//! API keys in the schema.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject, connection::Connection};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use super::{
    ApiKey, ApiKeyState, list,
    service::{self, NewApiKey},
};
use crate::{
    auth::{Admin, Viewer, api_key_scopes::Scope},
    error::Error,
    graphql::{
        RequestContext, Result,
        page::{List, PageArgs},
    },
    id::{ApiKeyId, TypedId, UserId},
    owned::{CountKey, PageKey},
    store::page::Position,
    user::graphql::UserNode,
};

/// A key that the caller may see: an own one, or any for an administrator.
pub struct ApiKeyNode {
    key: ApiKey,
    seen_by: Viewer,
}

impl ApiKeyNode {
    /// A key that a service has let `viewer` see.
    #[must_use]
    pub fn new(key: ApiKey, viewer: Viewer) -> Self {
        Self { key, seen_by: viewer }
    }
}

/// A key that programs of a user's call the API with: as the bearer token of requests and of WebSockets.
#[Object(name = "ApiKey")]
impl ApiKeyNode {
    /// Identifies the key.
    pub async fn id(&self) -> ID {
        self.key.id.to_wire().into()
    }

    /// Whose key it is.
    async fn user(&self, ctx: &Context<'_>) -> Result<UserNode> {
        let user = RequestContext::of(ctx).loaders.users.try_load(self.key.user_id).await??;
        Ok(UserNode::new(user.ok_or(Error::NotFound("user"))?, self.seen_by))
    }

    /// What its user calls it.
    async fn name(&self) -> &str {
        &self.key.name
    }

    /// How the key begins: what is shown of it.
    async fn prefix(&self) -> &str {
        &self.key.prefix
    }

    /// What it is good for.
    async fn scopes(&self) -> Vec<Scope> {
        self.key.scopes.iter().collect()
    }

    /// Whether it may be used.
    async fn state(&self, ctx: &Context<'_>) -> ApiKeyState {
        self.key.state(RequestContext::of(ctx).gateway.clock.now())
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.key.created_at
    }

    /// From when on it is refused; null: it does not run out.
    async fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.key.expires_at
    }

    /// Its last request; may lag by a minute. Null before the first.
    async fn last_used_at(&self) -> Option<DateTime<Utc>> {
        self.key.last_used_at
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.key.revoked_at
    }

    /// Points of cost a minute; null: what holds for everybody.
    async fn budget_per_minute(&self) -> Option<u32> {
        self.key.budget_per_minute
    }
}

/// What a connection of keys knows beside its page.
pub struct ApiKeyConnectionFields(Whose);

enum Whose {
    User(CountKey<Option<ApiKeyState>>),
    Everybody(Admin, Option<ApiKeyState>),
}

#[Object]
impl ApiKeyConnectionFields {
    /// How many keys there are on all pages.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        let request = RequestContext::of(ctx);
        match &self.0 {
            Whose::User(key) => Ok(request.loaders.api_key_counts.try_load(*key).await??),
            Whose::Everybody(admin, state) => Ok(list::count(&request.gateway, admin, *state).await?),
        }
    }
}

/// A page of keys.
pub type ApiKeyConnection = Connection<String, ApiKeyNode, ApiKeyConnectionFields>;

/// A page of the keys of a user whom `viewer` may see.
pub(crate) async fn user_api_keys(
    request: &RequestContext,
    user_id: UserId,
    viewer: Viewer,
    state: Option<ApiKeyState>,
    args: &PageArgs,
) -> Result<ApiKeyConnection> {
    let list = List::new(format!("API keys of {user_id} {state:?}"), &request.gateway.session_key);
    let page = list.page(args)?;
    let slice = request.loaders.api_key_pages.try_load(PageKey { user_id, filter: state, page }).await??;
    let fields = ApiKeyConnectionFields(Whose::User(CountKey { user_id, filter: state }));
    Ok(list.connection(slice, fields, position, |key| ApiKeyNode::new(key, viewer)))
}

fn position(key: &ApiKey) -> Position<DateTime<Utc>> {
    Position { key: key.created_at, id: key.id.into() }
}

/// Questions about keys.
#[derive(Default)]
pub struct ApiKeyQuery;

#[Object]
impl ApiKeyQuery {
    /// All API keys, the latest first. Administrators only.
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many from the beginning: 1 to 100, 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only keys behind this cursor.")] after: Option<String>,
        #[graphql(desc = "At most so many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only keys before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only keys in this state.")] state: Option<ApiKeyState>,
    ) -> Result<ApiKeyConnection> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let list = List::new(format!("API keys {state:?}"), &request.gateway.session_key);
        let page = list.page(&PageArgs { first, after, last, before })?;
        let slice = list::list_page(&request.gateway, &admin, state, &page).await?;
        let fields = ApiKeyConnectionFields(Whose::Everybody(admin, state));
        Ok(list.connection(slice, fields, position, |key| ApiKeyNode::new(key, *admin.viewer())))
    }
}

/// The key that `createApiKey` makes.
#[derive(InputObject)]
struct CreateApiKeyInput {
    /// 1 to 80 characters.
    name: String,
    /// What it is to be good for. ADMIN is for administrators.
    scopes: Vec<Scope>,
    /// 1 to 365; null: it does not run out.
    #[graphql(default_with = "Some(service::DEFAULT_DAYS)")]
    expires_in_days: Option<u32>,
    /// Points of cost that it may spend a minute, within what its user may; null: just that.
    budget_per_minute: Option<u32>,
}

/// An API key that was made.
#[derive(SimpleObject)]
struct ApiKeyCreated {
    /// What is known of it from now on.
    api_key: ApiKeyNode,
    /// The key itself, shown once.
    key: String,
}

/// Which key `revokeApiKey` revokes.
#[derive(InputObject)]
struct RevokeApiKeyInput {
    /// ID of the key.
    api_key_id: ID,
}

/// Changes to keys.
#[derive(Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Makes an API key of the viewer's: at most 50 may be used at a time. Needs a recent sign-in or `reauthenticate`.
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is to be.")] input: CreateApiKeyInput,
    ) -> Result<ApiKeyCreated> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent()?;
        let new = NewApiKey {
            name: input.name,
            scopes: input.scopes,
            days: input.expires_in_days,
            budget_per_minute: input.budget_per_minute,
        };
        let created = service::create(&request.gateway, &viewer, new, &request.client).await?;
        Ok(ApiKeyCreated {
            api_key: ApiKeyNode::new(created.key, *viewer.viewer()),
            key: created.text.expose_secret().to_owned(),
        })
    }

    /// Makes an API key useless at once, and closes its WebSockets: an own one, or any for an administrator. Revoking it
    /// again changes nothing.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RevokeApiKeyInput,
    ) -> Result<ApiKeyNode> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_viewer()?;
        let id = ApiKeyId::parse(&input.api_key_id).ok_or(Error::NotFound("API key"))?;
        let key = service::revoke(&request.gateway, viewer, id, &request.client).await?;
        Ok(ApiKeyNode::new(key, *viewer))
    }
}
