//! What clients can know of the API itself.

use async_graphql::{Context, Object, resolver_utils::EnumType};

use super::RequestContext;
use crate::error::ErrorCode;

/// Questions about the API.
#[derive(Default)]
pub(super) struct AboutQuery;

#[Object]
impl AboutQuery {
    /// Every code that `extensions.code` of an error may carry.
    async fn error_codes(&self) -> Vec<ErrorCode> {
        ErrorCode::items().iter().map(|item| item.value).collect()
    }

    /// Whether the caller may introspect the schema; GraphiQL at `/api-docs` is there for those who may.
    async fn introspection_allowed(&self, ctx: &Context<'_>) -> bool {
        RequestContext::of(ctx).may_introspect()
    }
}
