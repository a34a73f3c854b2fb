//! Taking what tells of a person out of the record. That something happened stays, with bare identifiers that lead nowhere
//! any more.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};

use super::entity::{ActiveModel, Column, Entity};
use crate::{
    error::Result,
    id::{AuditEventId, UserId},
    store::pattern,
};

/// Events that one statement looks through.
const AT_ONCE: u64 = 20_000;

/// Forgets what is told of the account that was erased, and from where its owner did what is told of others.
///
/// # Errors
/// Internal only.
pub async fn forget_person(db: &impl ConnectionTrait, user_id: UserId) -> Result<()> {
    let from_nowhere =
        ActiveModel { ip: Set(None), user_agent: Set(None), request_id: Set(None), ..Default::default() };
    let is_about = Column::SubjectId.eq(user_id);
    Entity::update_many()
        .set(ActiveModel { details: Set(nothing()), ..from_nowhere.clone() })
        .filter(is_about.clone())
        .exec(db)
        .await?;
    let is_about_others =
        Condition::any().add(Column::SubjectId.is_null()).add(Column::SubjectId.ne(user_id));
    Entity::update_many()
        .set(from_nowhere)
        .filter(Column::ActorId.eq(user_id))
        .filter(is_about_others)
        .exec(db)
        .await?;
    Ok(())
}

/// Forgets the details that name an address, of events until then: an administrator had invited somebody there, or the
/// like. No index finds them, so that all of the record is looked through, a part at a time.
///
/// # Errors
/// Internal only.
pub async fn forget_address(db: &impl ConnectionTrait, address: &str, until: DateTime<Utc>) -> Result<()> {
    // As JSON writes it: nothing in an address needs an escape.
    let named = pattern::containing(&format!("\"{address}\""));
    let mut after: Option<AuditEventId> = None;
    loop {
        let last: Option<AuditEventId> = Entity::find()
            .select_only()
            .column(Column::Id)
            .apply_if(after, |select, after| select.filter(Column::Id.gt(after)))
            .order_by_asc(Column::Id)
            .offset(AT_ONCE - 1)
            .limit(1)
            .into_tuple()
            .one(db)
            .await?;
        Entity::update_many()
            .set(ActiveModel { details: Set(nothing()), ..Default::default() })
            .apply_if(after, |update, after| update.filter(Column::Id.gt(after)))
            .apply_if(last, |update, last| update.filter(Column::Id.lte(last)))
            .filter(Column::OccurredAt.lte(until))
            .filter(Expr::col(Column::Details).like(named.clone()))
            .exec(db)
            .await?;
        match last {
            Some(last) => after = Some(last),
            None => return Ok(()),
        }
    }
}

fn nothing() -> String {
    "{}".to_owned()
}
