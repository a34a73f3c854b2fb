//! Relay's global object identification.

use async_graphql::{Context, ID, Interface, Object};

use super::{RequestContext, Result};
use crate::{
    api_key::{self, graphql::ApiKeyNode},
    audit::{self, graphql::AuditEventNode},
    data_export::{self, graphql::DataExportNode},
    error::Error,
    id::{
        ApiKeyId, AuditEventId, DataExportId, InvitationId, LinkedAccountId, MailId, PasskeyId, SessionId,
        TypedId, UserId,
    },
    invitation::{self, graphql::InvitationNode},
    linked_account::{self, graphql::LinkedAccountNode},
    mail::{self, graphql::MailNode},
    second_factor::passkey::{self, graphql::PasskeyNode},
    session::{self, graphql::SessionNode},
    user::{self, graphql::UserNode},
};

/// An object that can be read again by its ID.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Identifies the object among all objects of every type."))]
pub(super) enum Node {
    /// A user.
    User(UserNode),
    /// A session.
    Session(SessionNode),
    /// A passkey.
    Passkey(PasskeyNode),
    /// Something that happened.
    AuditEvent(AuditEventNode),
    /// A copy of the viewer's data.
    DataExport(DataExportNode),
    /// An account at an identity provider.
    LinkedAccount(LinkedAccountNode),
    /// A mail.
    Mail(MailNode),
    /// An invitation.
    Invitation(InvitationNode),
    /// An API key.
    ApiKey(ApiKeyNode),
}

/// Reads one object of any type.
#[derive(Default)]
pub(super) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Any object by its ID, as far as the caller may see it.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID of the object.")] id: ID,
    ) -> Result<Option<Node>> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_viewer()?;
        if let Some(id) = UserId::parse(&id) {
            let user =
                user::service::find(&request.gateway, viewer, id).await?.ok_or(Error::NotFound("user"))?;
            return Ok(Some(Node::User(UserNode::new(user, *viewer))));
        }
        if let Some(id) = SessionId::parse(&id) {
            let session = session::service::find(&request.gateway, viewer, id)
                .await?
                .ok_or(Error::NotFound("session"))?;
            return Ok(Some(Node::Session(SessionNode::new(session, *viewer))));
        }
        if let Some(id) = PasskeyId::parse(&id) {
            let passkey = passkey::service::find(&request.gateway, viewer, id).await?;
            return Ok(Some(Node::Passkey(PasskeyNode::new(passkey.ok_or(Error::NotFound("passkey"))?))));
        }
        if let Some(id) = AuditEventId::parse(&id) {
            let event = audit::service::find(&request.gateway, viewer, id).await?;
            let event = event.ok_or(Error::NotFound("event"))?;
            return Ok(Some(Node::AuditEvent(AuditEventNode::new(event))));
        }
        if let Some(id) = DataExportId::parse(&id) {
            let export = match viewer.signed_in() {
                Ok(viewer) => data_export::service::find(&request.gateway, &viewer, id).await?,
                Err(_) => None,
            };
            return Ok(Some(Node::DataExport(DataExportNode::new(export.ok_or(Error::NotFound("copy"))?))));
        }
        if let Some(id) = LinkedAccountId::parse(&id) {
            let account = linked_account::service::find(&request.gateway, viewer, id).await?;
            let account = account.ok_or(Error::NotFound("linked account"))?;
            return Ok(Some(Node::LinkedAccount(LinkedAccountNode::new(account))));
        }
        if let Some(id) = ApiKeyId::parse(&id) {
            let key = api_key::service::find(&request.gateway, viewer, id).await?;
            let key = key.ok_or(Error::NotFound("API key"))?;
            return Ok(Some(Node::ApiKey(ApiKeyNode::new(key, *viewer))));
        }
        // What only administrators may see is, for others, not there.
        if let Ok(admin) = viewer.admin() {
            if let Some(id) = MailId::parse(&id) {
                let mail = mail::list::find(&request.gateway, &admin, id).await?;
                return Ok(Some(Node::Mail(MailNode::new(mail.ok_or(Error::NotFound("mail"))?))));
            }
            if let Some(id) = InvitationId::parse(&id) {
                let invitation = invitation::list::find(&request.gateway, &admin, id).await?;
                let invitation = invitation.ok_or(Error::NotFound("invitation"))?;
                return Ok(Some(Node::Invitation(InvitationNode::new(invitation, admin))));
            }
        }
        Err(Error::NotFound("object").into())
    }
}
