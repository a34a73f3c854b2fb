//! Invitations in the schema.

use async_graphql::{Context, ID, InputObject, Object, connection::Connection};
use chrono::{DateTime, Utc};

use super::{
    Invitation, InvitationState, list,
    service::{self, NewInvitation},
};
use crate::{
    auth::{Admin, viewer::Role},
    error::Error,
    graphql::{
        RequestContext, Result,
        page::{List, PageArgs},
    },
    id::{InvitationId, TypedId, UserId},
    locale::Locale,
    store::page::Position,
    user::graphql::UserNode,
};

/// An invitation that an administrator may see.
pub struct InvitationNode {
    invitation: Invitation,
    admin: Admin,
}

impl InvitationNode {
    /// An invitation that a service has let `admin` see.
    #[must_use]
    pub fn new(invitation: Invitation, admin: Admin) -> Self {
        Self { invitation, admin }
    }

    async fn load_user(&self, ctx: &Context<'_>, id: Option<UserId>) -> Result<Option<UserNode>> {
        let Some(id) = id else { return Ok(None) };
        let user = RequestContext::of(ctx).loaders.users.try_load(id).await??;
        Ok(user.map(|user| UserNode::new(user, *self.admin.viewer())))
    }
}

/// An invitation to create an account.
#[Object(name = "Invitation")]
impl InvitationNode {
    /// Identifies the invitation.
    pub async fn id(&self) -> ID {
        self.invitation.id.to_wire().into()
    }

    /// Who is invited, and the address of the account.
    async fn email(&self) -> &str {
        &self.invitation.email
    }

    /// The role of the account.
    async fn role(&self) -> Role {
        self.invitation.role
    }

    /// What has become of it.
    async fn state(&self, ctx: &Context<'_>) -> InvitationState {
        self.invitation.state(RequestContext::of(ctx).gateway.clock.now())
    }

    /// When somebody was invited.
    async fn created_at(&self) -> DateTime<Utc> {
        self.invitation.created_at
    }

    /// When it runs out.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.invitation.expires_at
    }

    /// When the mail was last asked for.
    async fn last_sent_at(&self) -> DateTime<Utc> {
        self.invitation.last_sent_at
    }

    /// Who invited; null when that account is gone.
    async fn invited_by(&self, ctx: &Context<'_>) -> Result<Option<UserNode>> {
        self.load_user(ctx, self.invitation.invited_by).await
    }

    /// The account; null while there is none.
    async fn accepted_by(&self, ctx: &Context<'_>) -> Result<Option<UserNode>> {
        self.load_user(ctx, self.invitation.accepted_by).await
    }
}

/// What a connection of invitations knows beside its page.
pub struct InvitationConnectionFields {
    admin: Admin,
    state: Option<InvitationState>,
}

#[Object]
impl InvitationConnectionFields {
    /// How many invitations there are on all pages.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        Ok(list::count(&RequestContext::of(ctx).gateway, &self.admin, self.state).await?)
    }
}

/// A page of invitations.
pub type InvitationConnection = Connection<String, InvitationNode, InvitationConnectionFields>;

/// Questions about invitations.
#[derive(Default)]
pub struct InvitationQuery;

#[Object]
impl InvitationQuery {
    /// Invitations, the latest first. Administrators only.
    async fn invitations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many from the beginning: 1 to 100, 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only invitations behind this cursor.")] after: Option<String>,
        #[graphql(desc = "At most so many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only invitations before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only invitations of which this has become.")] state: Option<InvitationState>,
    ) -> Result<InvitationConnection> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let list = List::new(format!("invitations {state:?}"), &request.gateway.session_key);
        let page = list.page(&PageArgs { first, after, last, before })?;
        let slice = list::list_page(&request.gateway, &admin, state, &page).await?;
        let position =
            |invitation: &Invitation| Position { key: invitation.created_at, id: invitation.id.into() };
        let fields = InvitationConnectionFields { admin, state };
        Ok(list.connection(slice, fields, position, |invitation| InvitationNode::new(invitation, admin)))
    }
}

/// Whom `inviteUser` invites.
#[derive(InputObject)]
struct InviteUserInput {
    /// Where the mail goes, and the address of the account.
    email: String,
    /// The role of the account.
    #[graphql(default_with = "Role::User")]
    role: Role,
    /// For how many days it is good: 1 to 30.
    #[graphql(default_with = "service::DEFAULT_DAYS")]
    expires_in_days: u32,
    /// The language of the mail.
    locale: Option<Locale>,
}

/// Which invitation `resendInvitation` sends.
#[derive(InputObject)]
struct ResendInvitationInput {
    /// ID of the invitation.
    invitation_id: ID,
}

/// Which invitation `withdrawInvitation` withdraws.
#[derive(InputObject)]
struct WithdrawInvitationInput {
    /// ID of the invitation.
    invitation_id: ID,
}

/// Changes to invitations.
#[derive(Default)]
pub struct InvitationMutation;

#[Object]
impl InvitationMutation {
    /// Invites somebody by mail. Administrators only; inviting one needs a recent sign-in or `reauthenticate`.
    async fn invite_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom.")] input: InviteUserInput,
    ) -> Result<InvitationNode> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let new = NewInvitation {
            email: input.email,
            role: input.role,
            days: input.expires_in_days,
            locale: input.locale,
        };
        let invitation =
            service::invite(&request.gateway, &admin, request.require_recent(), new, &request.client).await?;
        Ok(InvitationNode::new(invitation, admin))
    }

    /// Sends an invitation once more, with a new link in place of the earlier one. Administrators only; for an
    /// administrator's needs a recent sign-in or `reauthenticate`.
    async fn resend_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: ResendInvitationInput,
    ) -> Result<InvitationNode> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let id = parse_id(&input.invitation_id)?;
        let invitation =
            service::resend(&request.gateway, &admin, request.require_recent(), id, &request.client).await?;
        Ok(InvitationNode::new(invitation, admin))
    }

    /// Makes an invitation useless. Administrators only.
    async fn withdraw_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: WithdrawInvitationInput,
    ) -> Result<InvitationNode> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let id = parse_id(&input.invitation_id)?;
        let invitation = service::withdraw(&request.gateway, &admin, id, &request.client).await?;
        Ok(InvitationNode::new(invitation, admin))
    }
}

fn parse_id(id: &ID) -> Result<InvitationId> {
    Ok(InvitationId::parse(id).ok_or(Error::NotFound("invitation"))?)
}
