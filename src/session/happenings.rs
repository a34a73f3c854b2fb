//! How often people come and go.

use prometheus_client::metrics::counter::Counter;

use crate::{error::Result, metrics::Outcomes};

/// Counts since the start of this process.
#[derive(Debug, Clone, Default)]
pub struct Happenings {
    /// Accounts that people made for themselves.
    pub sign_ups: Counter,
    /// Attempts to sign in.
    pub sign_ins: Outcomes,
    /// Refresh tokens that were presented.
    pub refreshes: Outcomes,
    /// Sessions that ended before their time, by the reason.
    pub ends: Outcomes,
}

impl Happenings {
    /// What came of an attempt: `OK`, or the error's code.
    pub(super) fn outcome<T>(result: &Result<T>) -> &'static str {
        match result {
            Ok(_) => "OK",
            Err(error) => error.code().into(),
        }
    }
}
