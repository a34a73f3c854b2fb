//! Reading a table for a copy of a person's data: each feature tells of its own rows.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use serde_json::Value;
use uuid::Uuid;

use crate::error::Result;

/// Rows that are read at once.
const PAGE: u64 = 200;

/// A row as the copy has it.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its identifier, behind which the next rows begin.
    pub id: Uuid,
    /// What it tells: a JSON object, without secrets.
    pub content: Value,
}

/// The next rows of a table behind an identifier, the earliest first.
///
/// # Errors
/// Internal only.
pub async fn next<E: EntityTrait>(
    db: &impl ConnectionTrait,
    which: Condition,
    id: E::Column,
    after: Option<Uuid>,
) -> Result<Vec<E::Model>> {
    let rows = E::find()
        .filter(which)
        .apply_if(after, |select, after| select.filter(id.gt(after)))
        .order_by_asc(id)
        .limit(PAGE);
    Ok(rows.all(db).await?)
}
