//! Erasing one's account, in the schema.

use async_graphql::{Context, InputObject, Object};

use super::service;
use crate::{
    graphql::{RequestContext, Result},
    user::graphql::UserNode,
};

/// What `deleteMyAccount` needs.
#[derive(InputObject)]
struct DeleteMyAccountInput {
    /// The password; left out by accounts that have none.
    password: Option<String>,
}

/// The end of one's account.
#[derive(Default)]
pub struct ErasureMutation;

#[Object]
impl ErasureMutation {
    /// Has the viewer's account erased in 14 days and ends all other sessions. Needs a recent sign-in or
    /// `reauthenticate`.
    async fn delete_my_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The proof.")] input: DeleteMyAccountInput,
    ) -> Result<UserNode> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_recent()?;
        let (password, origin) = (input.password.as_deref(), request.origin(None));
        let user = service::schedule(&request.gateway, &viewer, password, &origin).await?;
        Ok(UserNode::new(user, *viewer.viewer()))
    }

    /// Keeps the account.
    async fn cancel_account_deletion(&self, ctx: &Context<'_>) -> Result<UserNode> {
        let request = RequestContext::of(ctx);
        let viewer = request.require_signed_in()?;
        let user = service::cancel(&request.gateway, &viewer, &request.origin(None)).await?;
        Ok(UserNode::new(user, *viewer.viewer()))
    }
}
