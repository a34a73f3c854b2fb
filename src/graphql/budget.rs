//! What a principal may spend: points of cost that come back over time, the same on all replicas.

use std::sync::Arc;

use async_graphql::{Name, Value, indexmap::IndexMap};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::RequestContext;
use crate::{
    auth::{Principal, Viewer},
    error::{Error, Result},
    gateway::Gateway,
    id::ApiKeyId,
    store::rate_limit::Quota,
};

/// The part of a budget that a replica takes at once, so that it asks Redis once for many small requests. What it does
/// not spend within a minute is lost to the principal.
const LEASE: u32 = 50;
/// Purses whose leases one process remembers.
const CAPACITY: u64 = 100_000;

/// Everybody's budget.
pub(super) struct Budget {
    quota: Quota,
    leases: moka::sync::Cache<Purse, Arc<Mutex<Lease>>>,
}

/// What is paid from: everybody has one, and an API key may have a smaller one besides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Purse {
    Principal(Principal),
    ApiKey(ApiKeyId),
}

impl Purse {
    fn name(&self) -> String {
        match self {
            Self::Principal(principal) => format!("cost:{principal}"),
            Self::ApiKey(id) => format!("cost:{id}"),
        }
    }
}

/// What this replica has taken of a purse and not spent yet.
#[derive(Default)]
struct Lease {
    points: u32,
    /// When the rest of the budget is full again.
    full_at: DateTime<Utc>,
}

/// What an operation cost, and what that leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Balance {
    requested: u32,
    remaining: u32,
    resets_at: DateTime<Utc>,
}

impl Balance {
    /// As `extensions.cost` has it.
    pub(super) fn into_value(self) -> Value {
        let resets_at = self.resets_at.to_rfc3339_opts(SecondsFormat::Millis, true);
        Value::Object(IndexMap::from([
            (Name::new("requested"), Value::from(self.requested)),
            (Name::new("remaining"), Value::from(self.remaining)),
            (Name::new("resetsAt"), Value::from(resets_at)),
        ]))
    }
}

impl Budget {
    pub(super) fn new(gateway: &Gateway) -> Self {
        let quota = Quota::per_minute(gateway.config.cost_per_minute);
        let leases = moka::sync::Cache::builder().max_capacity(CAPACITY).time_to_idle(quota.per).build();
        Self { quota, leases }
    }

    /// Pays for an operation of `cost` points: what an API key spends is its user's as well.
    ///
    /// # Errors
    /// `RATE_LIMITED` when so much is not left.
    pub(super) async fn spend(&self, request: &RequestContext, cost: u32) -> Result<Balance> {
        let own = Purse::Principal(request.principal());
        let Some((id, points)) = request.viewer().and_then(Viewer::key_budget) else {
            return self.take(request, own, self.quota, cost).await;
        };
        let (key, quota) = (Purse::ApiKey(id), Quota::per_minute(points.min(self.quota.burst)));
        // The key's first: one that is spent takes nothing of its user's.
        let of_key = self.take(request, key.clone(), quota, cost).await?;
        match self.take(request, own, self.quota, cost).await {
            Ok(of_user) if of_user.remaining < of_key.remaining => Ok(of_user),
            Ok(_) => Ok(of_key),
            Err(error) => {
                let lease = self.leases.get_with(key, Arc::default);
                let mut lease = lease.lock().await;
                lease.points = lease.points.saturating_add(cost);
                Err(error)
            }
        }
    }

    async fn take(&self, request: &RequestContext, purse: Purse, quota: Quota, cost: u32) -> Result<Balance> {
        let now = request.gateway.clock.now();
        let lease = self.leases.get_with_by_ref(&purse, Arc::default);
        // Whoever finds too little fetches more, and the others wait for it rather than fetch as much again.
        let mut lease = lease.lock().await;
        let missing = cost.saturating_sub(lease.points);
        if missing > 0 {
            let name = purse.name();
            let limiter = &request.gateway.limiter;
            let usual = missing.max(quota.burst / LEASE);
            let (points, taken) = match limiter.take(&name, usual, quota).await {
                Ok(left) => (usual, Ok(left)),
                // The rest may be enough.
                Err(_) => (missing, limiter.take(&name, missing, quota).await),
            };
            let left = taken.map_err(Error::RateLimited)?;
            lease.points = lease.points.saturating_add(points);
            lease.full_at = now + TimeDelta::from_std(left.full_in).unwrap_or_default();
        }
        lease.points -= cost;
        let resets_at = lease.full_at.max(now);
        let left = quota.left((resets_at - now).to_std().unwrap_or_default()).amount;
        let remaining = left.saturating_add(lease.points).min(quota.burst);
        Ok(Balance { requested: cost, remaining, resets_at })
    }
}
