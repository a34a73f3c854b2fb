//! Mails that are asked for with an address, by whoever: the answer must not tell, by its time either, whether there is
//! such an account. So the request queues a job whatever the address, and the job looks.

use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::service;
use crate::{
    auth::Client,
    error::Result,
    gateway::Gateway,
    id::OneTimeTokenId,
    job::{
        self, Job, JobKind,
        service::{NewJob, Outcome},
    },
    recovery,
};

/// What is to be written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum WriteMail {
    /// A link to choose a new password with.
    Reset {
        /// To whom.
        email: String,
        /// Who asked.
        client: Client,
    },
    /// Link and code of a token; of a decoy, nothing.
    Verification {
        /// The token.
        token_id: OneTimeTokenId,
    },
}

impl WriteMail {
    /// Queues it.
    ///
    /// # Errors
    /// Internal only.
    pub async fn enqueue(&self, gateway: &Gateway, db: &impl ConnectionTrait) -> Result<()> {
        let job = NewJob {
            kind: JobKind::WriteMail,
            payload: json!(self),
            run_at: gateway.clock.now(),
            unique_key: None,
        };
        job::service::enqueue(db, &gateway.clock, job).await
    }
}

/// Does a job of the kind `WRITE_MAIL`.
///
/// # Errors
/// Internal only.
pub async fn perform(gateway: &Gateway, job: &Job) -> Result<Outcome> {
    match serde_json::from_value(job.payload.clone()) {
        Ok(WriteMail::Reset { email, client }) => {
            recovery::service::write_reset(gateway, &email, &client).await?;
        }
        Ok(WriteMail::Verification { token_id }) => service::write_again(gateway, token_id).await?,
        Err(error) => return Ok(Outcome::Failed(error.to_string())),
    }
    Ok(Outcome::Done)
}
