//! Lists of what users have, such as sessions: pages and counts of many users' lists in one statement each.

use std::{
    collections::{HashMap, HashSet},
    fmt::Debug,
    future::Future,
    hash::Hash,
    marker::PhantomData,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use dataloader::{BatchFn, non_cached::Loader};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::{Alias, Asterisk, Expr, ExprTrait, Order, Query, WindowStatement},
};

use crate::{
    error::{Error, Result},
    gateway::Gateway,
    id::UserId,
    store::page::{Page, Slice},
};

/// A page of a list ordered by a time, the latest first.
pub type OwnedPage = Page<DateTime<Utc>>;

type Loaded<T> = Result<T, Arc<Error>>;

/// A kind of list that each user has one of.
pub trait OwnedList: Send + Sync + 'static {
    /// What is in it.
    type Item: Clone + Send + 'static;
    /// What narrows it.
    type Filter: Copy + Debug + Eq + Hash + Send + Sync + 'static;

    /// The same page of each of these users' lists; users with nothing in it are left out.
    fn pages(
        gateway: &Gateway,
        user_ids: &[UserId],
        filter: Self::Filter,
        page: &OwnedPage,
    ) -> impl Future<Output = Result<HashMap<UserId, Slice<Self::Item>>>> + Send;

    /// How long each of these users' lists is; users without any are left out.
    fn counts(
        gateway: &Gateway,
        user_ids: &[UserId],
        filter: Self::Filter,
    ) -> impl Future<Output = Result<HashMap<UserId, u64>>> + Send;
}

/// Which page of one user's list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageKey<Filter> {
    /// Whose.
    pub user_id: UserId,
    /// What of it.
    pub filter: Filter,
    /// Which page.
    pub page: OwnedPage,
}

/// Whose list to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CountKey<Filter> {
    /// Whose.
    pub user_id: UserId,
    /// What of it.
    pub filter: Filter,
}

/// Pages, one loader a request: `try_load` answers for every key.
pub type PageLoader<L> =
    Loader<PageKey<<L as OwnedList>::Filter>, Loaded<Slice<<L as OwnedList>::Item>>, PageBatch<L>>;
/// Counts, one loader a request: `try_load` answers for every key.
pub type CountLoader<L> = Loader<CountKey<<L as OwnedList>::Filter>, Loaded<u64>, CountBatch<L>>;

/// Loads the pages of one batch.
pub struct PageBatch<L>(Gateway, PhantomData<L>);
/// Counts for one batch.
pub struct CountBatch<L>(Gateway, PhantomData<L>);

/// A page loader for one request.
#[must_use]
pub fn page_loader<L: OwnedList>(gateway: &Gateway) -> PageLoader<L> {
    Loader::new(PageBatch(gateway.clone(), PhantomData))
}

/// A count loader for one request.
#[must_use]
pub fn count_loader<L: OwnedList>(gateway: &Gateway) -> CountLoader<L> {
    Loader::new(CountBatch(gateway.clone(), PhantomData))
}

impl<L: OwnedList> BatchFn<PageKey<L::Filter>, Loaded<Slice<L::Item>>> for PageBatch<L> {
    /// One statement for each different page asked for; siblings of one field all ask for the same.
    async fn load(
        &mut self,
        keys: &[PageKey<L::Filter>],
    ) -> HashMap<PageKey<L::Filter>, Loaded<Slice<L::Item>>> {
        let mut answers = HashMap::with_capacity(keys.len());
        for (filter, page) in keys.iter().map(|key| (key.filter, &key.page)).collect::<HashSet<_>>() {
            let alike = keys.iter().filter(|key| key.filter == filter && key.page == *page);
            let user_ids: Vec<UserId> = alike.clone().map(|key| key.user_id).collect();
            let mut slices = L::pages(&self.0, &user_ids, filter, page).await.map_err(Arc::new);
            for key in alike {
                let answer = match &mut slices {
                    Ok(slices) => Ok(slices.remove(&key.user_id).unwrap_or_else(|| page.slice(Vec::new()))),
                    Err(error) => Err(Arc::clone(error)),
                };
                answers.insert(key.clone(), answer);
            }
        }
        answers
    }
}

impl<L: OwnedList> BatchFn<CountKey<L::Filter>, Loaded<u64>> for CountBatch<L> {
    async fn load(&mut self, keys: &[CountKey<L::Filter>]) -> HashMap<CountKey<L::Filter>, Loaded<u64>> {
        let mut answers = HashMap::with_capacity(keys.len());
        for filter in keys.iter().map(|key| key.filter).collect::<HashSet<_>>() {
            let alike = keys.iter().filter(|key| key.filter == filter);
            let user_ids: Vec<UserId> = alike.clone().map(|key| key.user_id).collect();
            let counts = L::counts(&self.0, &user_ids, filter).await.map_err(Arc::new);
            for key in alike {
                let answer = match &counts {
                    Ok(counts) => Ok(counts.get(&key.user_id).copied().unwrap_or(0)),
                    Err(error) => Err(Arc::clone(error)),
                };
                answers.insert(*key, answer);
            }
        }
        answers
    }
}

/// The columns that make a table a list of what users have.
#[derive(Debug, Clone, Copy)]
pub struct Columns<C> {
    /// Whose a row is.
    pub owner: C,
    /// The time that orders it, the latest first.
    pub time: C,
    /// The row's identifier.
    pub id: C,
}

/// The same page of each owner's rows, in one statement: rows are numbered within each owner.
///
/// # Errors
/// Internal only.
pub async fn select_pages<E, Item>(
    gateway: &Gateway,
    columns: Columns<E::Column>,
    which: Condition,
    page: &OwnedPage,
    owner_of: impl Fn(&E::Model) -> Option<UserId>,
) -> Result<HashMap<UserId, Slice<Item>>>
where
    E: EntityTrait,
    E::Model: FromQueryResult + Into<Item>,
{
    let (key, id) = (Expr::col(columns.time), Expr::col(columns.id));
    let reading_order = page.reading_order(&Order::Desc);
    let place = Alias::new("place");
    let within_owner = WindowStatement::partition_by(columns.owner)
        .order_by_expr(key.clone(), reading_order.clone())
        .order_by_expr(id.clone(), reading_order)
        .to_owned();
    let mut numbered = Query::select()
        .column(Asterisk)
        .expr_window_as(Expr::cust("ROW_NUMBER()"), within_owner, place.clone())
        .from(E::default())
        .cond_where(which)
        .to_owned();
    page.narrow(&mut numbered, &Order::Desc, &key, &id);
    let statement = Query::select()
        .column(Asterisk)
        .from_subquery(numbered, Alias::new("numbered"))
        .and_where(Expr::col(place.clone()).lte(page.limit()))
        .order_by(place, Order::Asc)
        .to_owned();
    let rows = E::Model::find_by_statement(gateway.db.get_database_backend().build(&statement))
        .all(&gateway.db)
        .await?;
    let mut of_owner: HashMap<UserId, Vec<Item>> = HashMap::new();
    for row in rows {
        if let Some(owner) = owner_of(&row) {
            of_owner.entry(owner).or_default().push(row.into());
        }
    }
    Ok(of_owner.into_iter().map(|(owner, items)| (owner, page.slice(items))).collect())
}

/// How many rows each owner has; owners without any are left out.
///
/// # Errors
/// Internal only.
pub async fn select_counts<E: EntityTrait>(
    gateway: &Gateway,
    owner: E::Column,
    which: Condition,
) -> Result<HashMap<UserId, u64>> {
    let counts: Vec<(UserId, i64)> = E::find()
        .select_only()
        .column(owner)
        .column_as(owner.count(), "count")
        .filter(which)
        .group_by(owner)
        .into_tuple()
        .all(&gateway.db)
        .await?;
    Ok(counts.into_iter().map(|(user_id, count)| (user_id, count.unsigned_abs())).collect())
}
