//! The list of users: search, filters, orders, pages.

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryTrait,
    sea_query::{Expr, ExprTrait, Order, SimpleExpr},
};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::{User, UserStatus, entity};
use crate::{
    auth::{Admin, viewer::Role},
    error::Result,
    gateway::Gateway,
    store::{
        page::{Page, Slice},
        pattern,
    },
};

/// Which users a list shows.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Part of the email address or name, in any letter case.
    pub search: Option<String>,
    /// Only this role.
    pub role: Option<Role>,
    /// Only this status.
    pub status: Option<UserStatus>,
}

/// How a list of users is ordered; equal keys by identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserOrder {
    /// By what.
    pub field: UserOrderField,
    /// Latest, or Z, first.
    pub descending: bool,
}

/// By what users can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum UserOrderField {
    /// Time of creation.
    CreatedAt,
    /// Time of the last sign-in; who never signed in is earliest.
    LastSignInAt,
    /// Email address.
    Email,
}

/// A user's place in an ordered list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UserKey {
    /// Of the orders by time.
    Time(DateTime<Utc>),
    /// Of the order by email.
    Text(String),
}

impl From<UserKey> for sea_orm::Value {
    fn from(key: UserKey) -> Self {
        match key {
            UserKey::Time(time) => time.into(),
            UserKey::Text(text) => text.into(),
        }
    }
}

impl UserOrderField {
    /// A user's key in this order.
    #[must_use]
    pub fn key(self, user: &User) -> UserKey {
        match self {
            Self::CreatedAt => UserKey::Time(user.created_at),
            Self::LastSignInAt => UserKey::Time(user.last_sign_in_at.unwrap_or(DateTime::UNIX_EPOCH)),
            Self::Email => UserKey::Text(user.email.clone()),
        }
    }

    fn column(self) -> SimpleExpr {
        match self {
            Self::CreatedAt => Expr::col(entity::Column::CreatedAt),
            // NULL sorts first on one back end and last on the other.
            Self::LastSignInAt => Expr::cust("COALESCE(last_sign_in_at, '1970-01-01T00:00:00+00:00')"),
            Self::Email => Expr::col(entity::Column::Email),
        }
    }
}

/// A page of users.
///
/// # Errors
/// Internal only.
pub async fn list_page(
    gateway: &Gateway,
    _: &Admin,
    filter: &UserFilter,
    order: UserOrder,
    page: &Page<UserKey>,
) -> Result<Slice<User>> {
    let list_order = if order.descending { Order::Desc } else { Order::Asc };
    let (key, id) = (order.field.column(), Expr::col(entity::Column::Id));
    let mut select = filtered(filter);
    page.order(QueryTrait::query(&mut select), &list_order, key, id);
    let rows = select.all(&gateway.db).await?;
    Ok(page.slice(rows.into_iter().map(User::from).collect()))
}

/// How many users a filter finds.
///
/// # Errors
/// Internal only.
pub async fn count(gateway: &Gateway, _: &Admin, filter: &UserFilter) -> Result<u64> {
    Ok(filtered(filter).count(&gateway.db).await?)
}

fn filtered(filter: &UserFilter) -> sea_orm::Select<entity::Entity> {
    let search = filter.search.as_deref().map(str::trim).filter(|search| !search.is_empty());
    entity::Entity::find()
        .apply_if(filter.role, |select, role| select.filter(entity::Column::Role.eq(role)))
        .apply_if(filter.status, |select, status| select.filter(entity::Column::Status.eq(status)))
        .apply_if(search, |select, search| {
            select.filter(Expr::col(entity::Column::SearchText).like(pattern::containing(&fold(search))))
        })
}

/// What the search takes for the same: letter case, width, and ways to write an accent do not matter.
pub(super) fn fold(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}
