//! Keyset paging: a page begins after a row, never after a number of rows, so that it costs
//! the same everywhere in the list and rows that come and go do not shift it.

use sea_orm::sea_query::{Expr, ExprTrait, Order, SelectStatement, SimpleExpr};
use uuid::Uuid;

/// Rows a page has when nobody says.
pub const DEFAULT_PAGE_SIZE: u64 = 20;
/// Rows a page has at most.
pub const MAX_PAGE_SIZE: u64 = 100;

/// A row's place in a list: the key of the list's order, then the identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position<K> {
    /// Value of the column the list is ordered by.
    pub key: K,
    /// The row's identifier, which makes places unique.
    pub id: Uuid,
}

/// Which rows of a list are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Page<K> {
    /// How many, at most; from 0 to [`MAX_PAGE_SIZE`].
    pub size: u64,
    /// From which end of what `after` and `before` leave.
    pub end: End,
    /// Only rows behind this place.
    pub after: Option<Position<K>>,
    /// Only rows before this place.
    pub before: Option<Position<K>>,
}

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// The first rows (`first`).
    First,
    /// The last rows (`last`).
    Last,
}

/// The rows of a page, in the list's order.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Whether rows precede them.
    pub has_previous: bool,
    /// Whether rows follow them.
    pub has_next: bool,
}

impl<K: Clone + Into<sea_orm::Value>> Page<K> {
    /// The direction in which rows are read from the database.
    #[must_use]
    pub fn reading_order(&self, list_order: &Order) -> Order {
        match (self.end, list_order) {
            (End::First, Order::Desc) | (End::Last, Order::Asc) => Order::Desc,
            _ => Order::Asc,
        }
    }

    /// Leaves out what `after` and `before` exclude from a list ordered by `(key, id)`.
    pub fn narrow(
        &self,
        select: &mut SelectStatement,
        list_order: &Order,
        key: &SimpleExpr,
        id: &SimpleExpr,
    ) {
        let row = Expr::tuple([key.clone(), id.clone()]);
        let place =
            |position: &Position<K>| Expr::tuple([Expr::val(position.key.clone()), Expr::val(position.id)]);
        let ascending = !matches!(list_order, Order::Desc);
        if let Some(after) = &self.after {
            let behind = if ascending { row.clone().gt(place(after)) } else { row.clone().lt(place(after)) };
            select.and_where(behind);
        }
        if let Some(before) = &self.before {
            let ahead = if ascending { row.clone().lt(place(before)) } else { row.gt(place(before)) };
            select.and_where(ahead);
        }
    }

    /// Has a statement read the page's rows of a list ordered by `(key, id)`, and one more.
    pub fn order(&self, select: &mut SelectStatement, list_order: &Order, key: SimpleExpr, id: SimpleExpr) {
        self.narrow(select, list_order, &key, &id);
        let reading_order = self.reading_order(list_order);
        select.order_by_expr(key, reading_order.clone()).order_by_expr(id, reading_order).limit(self.limit());
    }

    /// How many rows to read: one more than wanted tells whether there are more.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.size + 1
    }

    /// Makes the page of rows read with [`Page::limit`] in [`Page::reading_order`].
    #[must_use]
    pub fn slice<T>(&self, mut rows: Vec<T>) -> Slice<T> {
        let more = rows.len() as u64 > self.size;
        if more {
            rows.pop();
        }
        match self.end {
            End::First => Slice { rows, has_previous: self.after.is_some(), has_next: more },
            End::Last => {
                rows.reverse();
                Slice { rows, has_previous: more, has_next: self.before.is_some() }
            }
        }
    }
}
