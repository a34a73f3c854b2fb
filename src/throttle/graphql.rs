//! Who has to wait after too many attempts, in the schema.

use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};

use super::{Block, BlockKind, service};
use crate::{
    error::Error,
    graphql::{RequestContext, Result},
    id::{BlockId, TypedId},
};

/// A block that an administrator may see.
pub struct BlockObject(Block);

/// A wait after too many attempts. Devices that an account was used from before do not wait for others.
#[Object(name = "Block")]
impl BlockObject {
    /// Identifies the block for as long as it lasts.
    async fn id(&self) -> ID {
        self.0.id.to_wire().into()
    }

    /// Whom it is for.
    async fn kind(&self) -> BlockKind {
        self.0.whom.kind
    }

    /// The account's address, where it has one, for ACCOUNT and ACCOUNT_AND_NETWORK.
    async fn account(&self) -> Option<&str> {
        self.0.whom.account.as_deref()
    }

    /// The network, for NETWORK and ACCOUNT_AND_NETWORK: an IPv4 address or an IPv6 /64.
    async fn network(&self) -> Option<&str> {
        self.0.whom.network.as_deref()
    }

    /// Attempts that are not forgiven yet.
    async fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// When the next attempt is let through.
    async fn until(&self) -> DateTime<Utc> {
        self.0.until
    }
}

/// Questions about blocks.
#[derive(Default)]
pub struct ThrottleQuery;

#[Object]
impl ThrottleQuery {
    /// Who has to wait after too many attempts. Administrators only. At most 100, the longest wait first.
    async fn blocks(&self, ctx: &Context<'_>) -> Result<Vec<BlockObject>> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let blocks = service::list_blocks(&request.gateway, &admin).await;
        Ok(blocks.into_iter().map(BlockObject).collect())
    }
}

/// Which block `clearBlock` ends.
#[derive(InputObject)]
struct ClearBlockInput {
    /// ID of the block.
    block_id: ID,
}

/// Changes to blocks.
#[derive(Default)]
pub struct ThrottleMutation;

#[Object]
impl ThrottleMutation {
    /// Ends a wait at once, and forgets the attempts before it; false where it was over already. Administrators only.
    async fn clear_block(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which block.")] input: ClearBlockInput,
    ) -> Result<bool> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let id = BlockId::parse(&input.block_id).ok_or(Error::NotFound("block"))?;
        Ok(service::clear_block(&request.gateway, &admin, id, &request.client).await?)
    }
}
