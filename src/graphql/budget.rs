//! What a principal may spend: points of cost that come back over time, the same on all replicas.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{Name, Value, indexmap::IndexMap};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::RequestContext;
use crate::{
    auth::Principal,
    error::{Error, Result},
    gateway::Gateway,
    store::rate_limit::Quota,
};

/// The part of a budget that a replica takes at once, so that it asks Redis once for many small requests. What it does
/// not spend within a minute is lost to the principal.
const LEASE: u32 = 50;
/// Principals whose leases one process remembers.
const CAPACITY: u64 = 100_000;

/// Everybody's budget.
pub(super) struct Budget {
    quota: Quota,
    leases: moka::sync::Cache<Principal, Arc<Mutex<Lease>>>,
}

/// What this replica has taken of a principal's budget and not spent yet.
#[derive(Default)]
struct Lease {
    points: u32,
    /// What was left of the budget itself then.
    left: u32,
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

    /// Pays for an operation of `cost` points.
    ///
    /// # Errors
    /// `RATE_LIMITED` when so much is not left.
    pub(super) async fn spend(&self, request: &RequestContext, cost: u32) -> Result<Balance> {
        let principal = request.principal();
        let lease = self.leases.get_with_by_ref(&principal, Arc::default);
        let spend = |taken: Option<Lease>| {
            let mut lease = lease.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(taken) = taken {
                *lease = Lease { points: lease.points.saturating_add(taken.points), ..taken };
            }
            lease.points = lease.points.checked_sub(cost)?;
            let remaining = lease.left.saturating_add(lease.points);
            Some(Balance { requested: cost, remaining, resets_at: lease.full_at })
        };
        if let Some(balance) = spend(None) {
            return Ok(balance);
        }
        let key = format!("cost:{principal}");
        let limiter = &request.gateway.limiter;
        let usual = cost.max(self.quota.burst / LEASE);
        let (points, taken) = match limiter.take(&key, usual, self.quota).await {
            Ok(left) => (usual, Ok(left)),
            // The rest may be enough.
            Err(_) => (cost, limiter.take(&key, cost, self.quota).await),
        };
        let left = taken.map_err(Error::RateLimited)?;
        let full_in = TimeDelta::from_std(left.full_in).unwrap_or_default();
        let full_at = request.gateway.clock.now() + full_in;
        let balance = spend(Some(Lease { points, left: left.amount, full_at }));
        balance.ok_or_else(|| Error::Internal(anyhow::anyhow!("a lease of {points} does not pay {cost}")))
    }
}
