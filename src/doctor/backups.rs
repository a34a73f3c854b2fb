//! Backups: whether there is one of today, and on another disk.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Check, Group, Installation, check::Subject, system::nearest};
use crate::backup::folder::Folder;

static LATEST: Subject = Subject::new("latest_backup", Group::Backups, "Latest backup");
static DISK: Subject = Subject::new("backup_filesystem", Group::Backups, "Place of backups");

/// A day, and what a backup may take.
const OLDEST: TimeDelta = TimeDelta::hours(26);

pub(super) async fn examine(installation: &Installation) -> Vec<Check> {
    let production = installation.production;
    let (folder, now) = (installation.config.backup.folder.clone(), installation.clock.now());
    let mut checks = vec![LATEST.on_disk(move |subject| latest(subject, &folder, now, production)).await];
    if production {
        let (folder, data) =
            (installation.config.backup.folder.clone(), installation.config.data_dir.clone());
        checks.push(DISK.on_disk(move |subject| place(subject, &folder, &data)).await);
    }
    checks
}

fn latest(subject: &Subject, folder: &Path, now: DateTime<Utc>, production: bool) -> Check {
    const DAILY: &str = "Run `fastgpt-platform backup` every day, from cron or a systemd timer";
    let newest = match Folder::new(folder.to_owned()).newest(now) {
        Ok(Some(newest)) => newest,
        Ok(None) => {
            return subject.wrong(production, format!("there is none in {}", folder.display()), DAILY);
        }
        Err(error) => {
            return subject.wrong(production, format!("{error:#}"), "Let this user read BACKUP_DIR");
        }
    };
    let age = now - newest;
    let evidence = match age.num_hours() {
        hours @ ..48 => format!("{hours} hours old"),
        _ => format!("{} days old", age.num_days()),
    };
    if age <= OLDEST { subject.ok(evidence) } else { subject.wrong(production, evidence, DAILY) }
}

fn place(subject: &Subject, folder: &Path, data: &Path) -> Check {
    let device = |path: &Path| fs::metadata(nearest(path)).map(|metadata| metadata.dev()).ok();
    if device(folder) == device(data) {
        let evidence = "BACKUP_DIR is on the file system of DATA_DIR: one broken disk takes both";
        return subject.warning(evidence, "BACKUP_DIR=/a/folder/on/another/disk, or copy archives elsewhere");
    }
    subject.ok("on another file system than DATA_DIR")
}
