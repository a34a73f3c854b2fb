//! The shapes of what is counted. Every part counts for itself; `http::metrics` names and lists it all.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
};

/// From a look into memory to a request that runs into its deadline, in seconds.
const BUCKETS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// How long something takes, in seconds.
#[derive(Debug, Clone)]
pub struct Latency(pub Histogram);

impl Default for Latency {
    fn default() -> Self {
        Self(new_histogram())
    }
}

impl Latency {
    /// Notes one duration.
    pub fn observe(&self, duration: Duration) {
        self.0.observe(duration.as_secs_f64());
    }
}

/// Durations by labels.
pub type Latencies<L> = Family<L, Histogram>;

/// Durations by labels, none yet.
#[must_use]
pub fn latencies<L: Clone + std::hash::Hash + Eq>() -> Latencies<L> {
    Family::new_with_constructor(new_histogram)
}

/// Counts by labels.
pub type Counts<L> = Family<L, Counter>;

/// What tells counts apart: one word of a fixed choice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Outcome {
    /// The word.
    pub outcome: &'static str,
}

/// Counts by outcome.
pub type Outcomes = Counts<Outcome>;

/// Counts of these outcomes, none yet. Those that an alert looks for are there from the start: what begins at one has,
/// for Prometheus, never risen.
#[must_use]
pub fn outcomes(words: impl IntoIterator<Item = &'static str>) -> Outcomes {
    let outcomes = Outcomes::default();
    for outcome in words {
        let _ = outcomes.get_or_create(&Outcome { outcome });
    }
    outcomes
}

/// Counts one more of `outcome`.
pub fn count(outcomes: &Outcomes, outcome: &'static str) {
    outcomes.get_or_create(&Outcome { outcome }).inc();
}

fn new_histogram() -> Histogram {
    Histogram::new(BUCKETS)
}
