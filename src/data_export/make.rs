//! Making a copy.

use std::fmt::Write;

use anyhow::Context;
use strum::IntoEnumIterator;
use tokio::time::timeout;

use super::{
    Subject,
    archive::{Archive, CHUNK_BYTES},
    service::{self, Run, is_too_large},
};
use crate::{
    error::{Error, Result},
    gateway::Gateway,
    id::DataExportId,
    job::{Job, JobKind, service::Outcome},
    locale::Locale,
    user,
};

/// Does a job of the kind `EXPORT_DATA`. An attempt that comes to nothing is followed by another, which begins anew.
///
/// # Errors
/// Internal only.
pub async fn perform(gateway: &Gateway, job: &Job) -> Result<Outcome> {
    let id: Option<DataExportId> = serde_json::from_value(job.payload["exportId"].clone()).ok();
    let Some(id) = id else { return Ok(Outcome::Failed("no copy is named".into())) };
    let Some(run) = service::begin(gateway, id).await? else { return Ok(Outcome::Done) };
    // Earlier than the worker would, so that the last attempt can say that it was the last.
    let deadline = JobKind::ExportData.lease() * 8 / 10;
    let made = timeout(deadline, make(gateway, &run)).await;
    let error = match made.unwrap_or(Err(Error::Timeout)) {
        Ok(Made::Whole) => return Ok(Outcome::Done),
        Ok(Made::TooLarge) => {
            run.fail(gateway).await?;
            return Ok(Outcome::Done);
        }
        Err(Error::Conflict(reason)) => {
            tracing::debug!(%id, reason, "a copy of somebody's data is left to others");
            return Ok(Outcome::Done);
        }
        Err(error) => error,
    };
    if job.is_last_attempt() {
        run.fail(gateway).await?;
    }
    Err(error)
}

/// What came of an attempt.
enum Made {
    Whole,
    TooLarge,
}

async fn make(gateway: &Gateway, run: &Run) -> Result<Made> {
    let user = user::service::list_by_ids(&gateway.db, &[run.user_id]).await?.pop();
    // Without an account there is no copy either, so that the next write would say the same.
    let user = user.ok_or(Error::Conflict("The account is gone."))?;
    let mut pieces = Pieces { gateway, run, archive: Archive::new(gateway.clock.now()), stored: 0, bytes: 0 };
    pieces.archive.start_file("README.txt")?;
    pieces.archive.write(&read_me(gateway))?;
    let parts = Subject::iter().count() + 1;
    for (done, subject) in Subject::iter().enumerate() {
        if let Made::TooLarge = pieces.add(subject).await? {
            return Ok(Made::TooLarge);
        }
        run.note_progress(gateway, (done + 1) as f64 / parts as f64).await?;
    }
    match pieces.finish().await? {
        Made::Whole => run.finish(gateway, &user).await.map(|()| Made::Whole),
        Made::TooLarge => Ok(Made::TooLarge),
    }
}

/// An archive that goes into the database as it grows.
struct Pieces<'a> {
    gateway: &'a Gateway,
    run: &'a Run,
    archive: Archive,
    /// How many are stored.
    stored: i32,
    /// How much is stored.
    bytes: u64,
}

impl Pieces<'_> {
    async fn add(&mut self, subject: Subject) -> Result<Made> {
        self.archive.start_file(subject.file())?;
        let mut separator = if subject.is_single() { "" } else { "[\n" };
        let mut after = None;
        loop {
            let rows = subject.next_rows(&self.gateway.db, self.run.user_id, after).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            for row in rows {
                let text = serde_json::to_string_pretty(&row.content).context("a row of a copy")?;
                self.archive.write(separator)?;
                self.archive.write(&text)?;
                separator = ",\n";
            }
            while let Some(chunk) = self.archive.take_chunk() {
                if let Made::TooLarge = self.store(chunk).await? {
                    return Ok(Made::TooLarge);
                }
            }
        }
        let end = match (subject.is_single(), separator) {
            (true, _) => "\n",
            (false, ",\n") => "\n]\n",
            (false, _) => "[]\n",
        };
        self.archive.write(end)?;
        Ok(Made::Whole)
    }

    async fn store(&mut self, chunk: Vec<u8>) -> Result<Made> {
        self.bytes += chunk.len() as u64;
        if is_too_large(self.bytes) {
            tracing::warn!(user = %self.run.user_id, "the copy of somebody's data is too large, and is given up");
            return Ok(Made::TooLarge);
        }
        self.run.store(self.gateway, self.stored, chunk).await?;
        self.stored += 1;
        Ok(Made::Whole)
    }

    async fn finish(mut self) -> Result<Made> {
        // The archive is ended by value; what it leaves may be more than one chunk.
        let archive = std::mem::replace(&mut self.archive, Archive::new(self.gateway.clock.now()));
        for chunk in archive.finish()?.chunks(CHUNK_BYTES) {
            if let Made::TooLarge = self.store(chunk.to_vec()).await? {
                return Ok(Made::TooLarge);
            }
        }
        Ok(Made::Whole)
    }
}

/// What the files are, in both languages.
fn read_me(gateway: &Gateway) -> String {
    let (site, made) = (&gateway.config.site_url, gateway.clock.now().format("%Y-%m-%d %H:%M UTC"));
    let files = |locale| {
        Subject::iter().fold(String::new(), |mut lines, subject| {
            // Writing to a text cannot fail.
            let _ = writeln!(lines, "  {:<24}{}", subject.file(), subject.explanation(locale));
            lines
        })
    };
    format!(
        "FastGPT Platform · {site}\n{made}\n\n\
         这是平台所保存的您的个人数据副本，均为 JSON 文件，时间为 UTC（RFC 3339）。其中不含密码、密钥等任何登录凭据。\n\n{}\n\
         This is a copy of the personal data that the platform keeps about you: JSON files, times in UTC (RFC 3339). It has \
         no passwords, keys or anything else that signs in.\n\n{}",
        files(Locale::ZhCn),
        files(Locale::En),
    )
}
