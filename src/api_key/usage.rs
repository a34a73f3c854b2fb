//! When each API key was last used: noted in memory, written in batches.

use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{CaseStatement, Expr, ExprTrait, SimpleExpr},
};

use super::entity;
use crate::{error::Result, gateway::Gateway, store::last_uses::CHUNK};

/// Writes what was noted; a later time never gives way to an earlier one.
///
/// # Errors
/// Internal only. What could not be written is forgotten: the next request notes it again.
pub async fn flush(gateway: &Gateway) -> Result<()> {
    for chunk in gateway.api_key_uses.take().chunks(CHUNK) {
        let mut times = CaseStatement::new();
        for (id, at) in chunk {
            times = times.case(entity::Column::Id.eq(*id), Expr::val(*at));
        }
        let times = SimpleExpr::Case(Box::new(times));
        let is_later =
            entity::Column::LastUsedAt.is_null().or(Expr::col(entity::Column::LastUsedAt).lt(times.clone()));
        entity::Entity::update_many()
            .col_expr(entity::Column::LastUsedAt, times)
            .filter(entity::Column::Id.is_in(chunk.iter().map(|(id, _)| *id)))
            .filter(is_later)
            .exec(&gateway.db)
            .await?;
    }
    Ok(())
}
