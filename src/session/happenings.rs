//! How often people come and go.

use prometheus_client::metrics::counter::Counter;
use sea_orm::Iterable;

use super::EndReason;
use crate::{
    error::{ErrorCode, Result},
    metrics::{Outcomes, outcomes},
    throttle::Stop,
};

/// Counts since the start of this process.
#[derive(Debug, Clone)]
pub struct Happenings {
    /// Accounts that people made for themselves.
    pub sign_ups: Counter,
    /// Attempts to sign in.
    pub sign_ins: Outcomes,
    /// Second steps of sign-ins.
    pub second_steps: Outcomes,
    /// Guesses that were not looked at, by what said wait.
    pub refused_guesses: Outcomes,
    /// Refresh tokens that were presented.
    pub refreshes: Outcomes,
    /// Sessions that ended before their time, by the reason.
    pub ends: Outcomes,
}

impl Default for Happenings {
    fn default() -> Self {
        let codes = |codes: &[ErrorCode]| -> Outcomes {
            outcomes(["OK"].into_iter().chain(codes.iter().map(|code| code.into())))
        };
        Self {
            sign_ups: Counter::default(),
            sign_ins: codes(&[
                ErrorCode::InvalidCredentials,
                ErrorCode::InvalidCode,
                ErrorCode::Forbidden,
                ErrorCode::RateLimited,
                ErrorCode::Internal,
            ]),
            second_steps: codes(&[
                ErrorCode::InvalidCode,
                ErrorCode::InvalidToken,
                ErrorCode::RateLimited,
                ErrorCode::Internal,
            ]),
            refused_guesses: outcomes(Stop::iter().map(Into::into)),
            refreshes: codes(&[ErrorCode::Unauthenticated, ErrorCode::RateLimited, ErrorCode::Internal]),
            ends: outcomes(EndReason::iter().filter(|reason| *reason != EndReason::Expired).map(Into::into)),
        }
    }
}

impl Happenings {
    /// What came of an attempt: `OK`, or the error's code.
    pub(crate) fn outcome<T>(result: &Result<T>) -> &'static str {
        match result {
            Ok(_) => "OK",
            Err(error) => error.code().into(),
        }
    }
}
