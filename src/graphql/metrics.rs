//! What operations take and come to.

use std::sync::Arc;

use async_graphql::{ServerError, parser::types::OperationType, resolver_utils::EnumType};
use prometheus_client::{encoding::EncodeLabelSet, metrics::counter::Counter};

use super::answer::Answer;
use crate::{
    error::ErrorCode,
    metrics::{Counts, Latencies, Outcomes, latencies, outcomes},
};

/// Counts since the start of this process.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// How long queries and mutations took.
    pub operations: Latencies<Operation>,
    /// Subscriptions that were begun.
    pub subscriptions: Counter,
    /// Events that subscriptions were told of.
    pub events: Counter,
    /// Errors of answers.
    pub errors: Counts<Code>,
    /// How documents were known.
    pub documents: Outcomes,
    /// Points that were paid for operations.
    pub cost: Counter,
}

/// Which operation it was. Callers name operations as they like: only trusted documents are told apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Operation {
    /// `query` or `mutation`.
    pub(super) r#type: &'static str,
    /// Its name in a trusted document, or `other`.
    pub(super) name: Arc<str>,
}

/// What kind of failure it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Code {
    code: &'static str,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let errors = Counts::default();
        for code in ErrorCode::items() {
            let _ = errors.get_or_create(&Code { code: code.value.into() });
        }
        Self {
            operations: latencies(),
            subscriptions: Counter::default(),
            events: Counter::default(),
            errors,
            documents: outcomes(["TRUSTED", "CACHED", "PARSED", "SHARED", "UNKNOWN"]),
            cost: Counter::default(),
        }
    }

    /// Counts the errors of an answer.
    pub(super) fn note(&self, answer: &Answer) {
        let errors = match answer {
            Answer::Executed(response) => &response.errors,
            Answer::Refused(errors) => errors,
        };
        for error in errors {
            self.errors.get_or_create(&Code { code: code_of(error).into() }).inc();
        }
    }
}

impl Operation {
    pub(super) fn new(kind: OperationType, name: Option<&Arc<str>>) -> Self {
        let r#type = match kind {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        };
        Self { r#type, name: name.map_or_else(|| "other".into(), Arc::clone) }
    }
}

fn code_of(error: &ServerError) -> ErrorCode {
    super::answer::code_of(std::slice::from_ref(error)).unwrap_or(ErrorCode::Internal)
}
