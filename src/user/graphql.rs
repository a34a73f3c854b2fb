//! Users in the schema.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, connection::Connection};
use chrono::{DateTime, Utc};

use super::{
    User, UserStatus,
    list::{self, UserFilter, UserOrder, UserOrderField},
    service::{self, ProfileChange},
};
use crate::{
    api_key::{
        ApiKeyState,
        graphql::{ApiKeyConnection, user_api_keys},
    },
    audit::graphql::{AuditEventConnection, user_activity},
    auth::{Admin, Viewer, viewer::Role},
    data_export::{self, graphql::DataExportNode},
    error::{Error, Rule, Violation},
    graphql::{
        RequestContext, Result,
        page::{List, PageArgs},
    },
    id::{TypedId, UserId},
    linked_account::graphql::{LinkedAccountNode, user_linked_accounts},
    locale::Locale,
    second_factor::{
        ReauthenticationMethod,
        graphql::{SecondFactors, user_reauthentication_methods, user_second_factors},
    },
    session::{
        SessionState,
        graphql::{SessionConnection, user_sessions},
    },
    store::page::Position,
};

/// Longest text that is searched for, in characters.
const MAX_SEARCH_CHARS: usize = 100;

/// A user whom the caller may see: the caller, or anyone for an administrator.
pub struct UserNode {
    user: Arc<User>,
    seen_by: Viewer,
}

impl UserNode {
    /// A user that a service has let `viewer` see.
    pub fn new(user: impl Into<Arc<User>>, viewer: Viewer) -> Self {
        Self { user: user.into(), seen_by: viewer }
    }
}

/// A person with an account.
#[Object(name = "User")]
impl UserNode {
    /// Identifies the user.
    pub async fn id(&self) -> ID {
        self.user.id.to_wire().into()
    }

    /// Address to sign in with, in lower case.
    async fn email(&self) -> &str {
        &self.user.email
    }

    /// What others call this person.
    async fn name(&self) -> &str {
        &self.user.name
    }

    /// What this person may do.
    async fn role(&self) -> Role {
        self.user.role
    }

    /// Whether this person may sign in.
    async fn status(&self) -> UserStatus {
        self.user.status
    }

    /// Whether the address was shown to be this person's.
    async fn email_verified(&self) -> bool {
        self.user.email_verified
    }

    /// When the account was created.
    async fn created_at(&self) -> DateTime<Utc> {
        self.user.created_at
    }

    /// When this person last signed in; null before the first time.
    async fn last_sign_in_at(&self) -> Option<DateTime<Utc>> {
        self.user.last_sign_in_at
    }

    /// Whether there is a password to sign in with.
    async fn has_password(&self) -> bool {
        self.user.has_password
    }

    /// When the account will be erased; null: it stays.
    async fn deletion_scheduled_at(&self) -> Option<DateTime<Utc>> {
        self.user.deletion_scheduled_at
    }

    /// This person's sessions, the latest sign-in first.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection, and a filter")]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many from the beginning: 1 to 100, 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only sessions behind this cursor.")] after: Option<String>,
        #[graphql(desc = "At most so many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only sessions before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only sessions that live, or that are over.")] state: Option<SessionState>,
    ) -> Result<SessionConnection> {
        let args = PageArgs { first, after, last, before };
        user_sessions(RequestContext::of(ctx), self.user.id, self.seen_by, state, &args).await
    }

    /// The latest copy of the data that was asked for; null: none, or somebody else's account.
    async fn data_export(&self, ctx: &Context<'_>) -> Result<Option<DataExportNode>> {
        // Whoever has the link of a copy has all of it: an API key is not good for that.
        let Ok(viewer) = self.seen_by.signed_in() else { return Ok(None) };
        if viewer.user_id() != self.user.id {
            return Ok(None);
        }
        let latest = data_export::service::find_latest(&RequestContext::of(ctx).gateway, &viewer).await?;
        Ok(latest.map(DataExportNode::new))
    }

    /// API keys of this account, the latest first.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a Relay connection, and a filter")]
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
        let args = PageArgs { first, after, last, before };
        user_api_keys(RequestContext::of(ctx), self.user.id, self.seen_by, state, &args).await
    }

    /// The language of mails to this person.
    async fn locale(&self, ctx: &Context<'_>) -> Locale {
        self.user.locale_or_default(&RequestContext::of(ctx).gateway.config)
    }

    /// Second factors of this account. Own, or for administrators.
    async fn second_factors(&self, ctx: &Context<'_>) -> Result<SecondFactors> {
        user_second_factors(RequestContext::of(ctx), &self.user).await
    }

    /// What the viewer can show to `reauthenticate`; empty for somebody else's account. PROVIDER: sign in again through
    /// one of `linkedAccounts`.
    async fn reauthentication_methods(&self, ctx: &Context<'_>) -> Result<Vec<ReauthenticationMethod>> {
        user_reauthentication_methods(RequestContext::of(ctx), &self.user, &self.seen_by).await
    }

    /// Accounts at identity providers that sign in to this one, the earliest first. Own, or for administrators.
    async fn linked_accounts(&self, ctx: &Context<'_>) -> Result<Vec<LinkedAccountNode>> {
        user_linked_accounts(RequestContext::of(ctx), self.user.id).await
    }

    /// What happened to this account, the latest first.
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many from the beginning: 1 to 100, 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only events behind this cursor.")] after: Option<String>,
        #[graphql(desc = "At most so many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only events before this cursor.")] before: Option<String>,
    ) -> Result<AuditEventConnection> {
        let args = PageArgs { first, after, last, before };
        user_activity(RequestContext::of(ctx), self.user.id, &args).await
    }
}

/// Which users a list shows; what is left out does not matter.
#[derive(InputObject, Default)]
#[graphql(name = "UserFilter")]
struct UserFilterInput {
    /// Part of the email address or name, in any letter case; at most 100 characters.
    search: Option<String>,
    /// Only users with this role.
    role: Option<Role>,
    /// Only users with this status.
    status: Option<UserStatus>,
}

impl UserFilterInput {
    fn check(self) -> crate::error::Result<UserFilter> {
        if self.search.as_ref().is_some_and(|search| search.chars().count() > MAX_SEARCH_CHARS) {
            let message = format!("Search for at most {MAX_SEARCH_CHARS} characters.");
            return Err(Violation::new("filter.search", Rule::TooLong, message).into());
        }
        if self.search.as_ref().is_some_and(|search| search.chars().any(char::is_control)) {
            let message = "The search must not contain control characters.";
            return Err(Violation::new("filter.search", Rule::ForbiddenCharacter, message).into());
        }
        Ok(UserFilter { search: self.search, role: self.role, status: self.status })
    }
}

/// How a list of users is ordered.
#[derive(InputObject)]
#[graphql(name = "UserOrder")]
struct UserOrderInput {
    /// By what.
    field: UserOrderField,
    /// In which direction.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
}

/// The direction of an order.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
enum OrderDirection {
    /// Smallest, or earliest, first.
    Asc,
    /// Greatest, or latest, first.
    Desc,
}

/// What a connection of users knows beside its page.
pub struct UserConnectionFields {
    filter: UserFilter,
    admin: Admin,
}

#[Object]
impl UserConnectionFields {
    /// How many users the filter finds on all pages.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        Ok(list::count(&RequestContext::of(ctx).gateway, &self.admin, &self.filter).await?)
    }
}

/// A page of users.
pub type UserConnection = Connection<String, UserNode, UserConnectionFields>;

/// Reads users.
#[derive(Default)]
pub struct UserQuery;

#[Object]
impl UserQuery {
    /// The signed-in user; null for an anonymous caller.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<UserNode>> {
        let request = RequestContext::of(ctx);
        let Some(viewer) = request.viewer() else { return Ok(None) };
        Ok(Some(UserNode::new(service::load_own(&request.gateway, viewer).await?, *viewer)))
    }

    /// One user. Administrators only.
    async fn user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the user.")] id: ID,
    ) -> Result<Option<UserNode>> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let id = UserId::parse(&id).ok_or(Error::NotFound("user"))?;
        let user = service::load(&request.gateway, &admin, id).await?;
        Ok(Some(UserNode::new(user, *admin.viewer())))
    }

    /// All users. Administrators only.
    #[allow(
        clippy::too_many_arguments,
        reason = "the arguments of a Relay connection, a filter and an order"
    )]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many from the beginning: 1 to 100, 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only users behind this cursor.")] after: Option<String>,
        #[graphql(desc = "At most so many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only users before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which users; all when left out.")] filter: Option<UserFilterInput>,
        #[graphql(desc = "In which order; the latest account first when left out.")] order_by: Option<
            UserOrderInput,
        >,
    ) -> Result<UserConnection> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let filter = filter.unwrap_or_default().check()?;
        let order =
            order_by.map_or(UserOrder { field: UserOrderField::CreatedAt, descending: true }, |order| {
                UserOrder { field: order.field, descending: order.direction == OrderDirection::Desc }
            });
        let list = List::new(format!("users by {order:?}"), &request.gateway.session_key);
        let page = list.page(&PageArgs { first, after, last, before })?;
        let slice = list::list_page(&request.gateway, &admin, &filter, order, &page).await?;
        let position = |user: &User| Position { key: order.field.key(user), id: user.id.into() };
        let fields = UserConnectionFields { filter, admin };
        Ok(list.connection(slice, fields, position, |user| UserNode::new(user, *admin.viewer())))
    }
}

/// Changes to one's own account.
#[derive(Default)]
pub struct UserMutation;

#[Object]
impl UserMutation {
    /// Changes the viewer's own name and language; what is left out stays.
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new values.")] input: UpdateProfileInput,
    ) -> Result<UserNode> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_viewer()?;
        let change = ProfileChange { name: input.name, locale: input.locale };
        let user = service::update_profile(&request.gateway, viewer, change, &request.client).await?;
        Ok(UserNode::new(user, *viewer))
    }
}

/// What `updateProfile` changes.
#[derive(InputObject)]
struct UpdateProfileInput {
    /// 1 to 80 characters, without control characters.
    name: Option<String>,
    /// The language of mails.
    locale: Option<Locale>,
}
