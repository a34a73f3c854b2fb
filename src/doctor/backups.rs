//! Backups: whether there is one of today, and on another disk.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{Check, Group, Installation, check::Subject, system::nearest};

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
    let archives = fs::read_dir(folder).into_iter().flatten().flatten();
    let newest = archives.filter_map(|file| made_at(file.file_name().to_str()?)).max();
    let Some(newest) = newest else {
        return subject.wrong(production, format!("there is none in {}", folder.display()), DAILY);
    };
    let age = now - newest;
    let evidence = match age.num_hours() {
        hours @ ..48 => format!("{hours} hours old"),
        _ => format!("{} days old", age.num_days()),
    };
    if age <= OLDEST { subject.ok(evidence) } else { subject.wrong(production, evidence, DAILY) }
}

/// When an archive of this name was made: `fastgpt-platform-<yyyymmddThhmmssZ>.tar.zst`, encrypted or not.
fn made_at(name: &str) -> Option<DateTime<Utc>> {
    let name = name.strip_suffix(".age").unwrap_or(name);
    let time = name.strip_prefix("fastgpt-platform-")?.strip_suffix(".tar.zst")?;
    Some(NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").ok()?.and_utc())
}

fn place(subject: &Subject, folder: &Path, data: &Path) -> Check {
    let device = |path: &Path| fs::metadata(nearest(path)).map(|metadata| metadata.dev()).ok();
    if device(folder) == device(data) {
        let evidence = "BACKUP_DIR is on the file system of DATA_DIR: one broken disk takes both";
        return subject.warning(evidence, "BACKUP_DIR=/a/folder/on/another/disk, or copy archives elsewhere");
    }
    subject.ok("on another file system than DATA_DIR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_by_their_names() {
        for name in
            ["fastgpt-platform-20261123T020000Z.tar.zst", "fastgpt-platform-20261123T020000Z.tar.zst.age"]
        {
            assert_eq!(made_at(name).unwrap().to_rfc3339(), "2026-11-23T02:00:00+00:00");
        }
        for name in [
            "fastgpt-platform-20261123T020000Z.tar.zst.part",
            "fastgpt-platform-20261323T020000Z.tar.zst",
            "db_backup_20261123.sql.gz",
        ] {
            assert_eq!(made_at(name), None, "{name}");
        }
    }
}
