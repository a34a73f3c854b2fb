//! The machine: room on its disks, permissions, limits.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Access, access, statvfs};

use super::{Check, Group, Installation, check::Subject};
use crate::config::Config;

static DATA_DISK: Subject = Subject::new("data_disk", Group::System, "Disk of DATA_DIR");
static BACKUP_DISK: Subject = Subject::new("backup_disk", Group::System, "Disk of BACKUP_DIR");
static DATA_FOLDER: Subject = Subject::new("data_folder", Group::System, "DATA_DIR");
static FILES: Subject = Subject::new("open_files", Group::System, "Open files");
static MEMORY: Subject = Subject::new("memory_limit", Group::System, "Memory limit");

const MIB: u64 = 1024 * 1024;
/// What the server needs besides the memory of password hashes.
const BASE_MEMORY: u64 = 200 * MIB;

pub(super) async fn examine(installation: &Installation) -> Vec<Check> {
    let config = &installation.config;
    let (data, backups) = (config.data_dir.clone(), config.backup.folder.clone());
    let (folder, wanted, needed) = (data.clone(), config.open_files(), memory_needed(config));
    let checks = tokio::join!(
        DATA_DISK.on_disk(move |subject| room(subject, &data)),
        BACKUP_DISK.on_disk(move |subject| room(subject, &backups)),
        DATA_FOLDER.on_disk(move |subject| permissions(subject, &folder)),
        FILES.on_disk(move |subject| open_files(subject, wanted)),
        MEMORY.on_disk(move |subject| memory(subject, memory_limit(), needed)),
    );
    <[Check; 5]>::from(checks).into()
}

/// The folder itself, or what it will be made in.
pub(super) fn nearest(folder: &Path) -> &Path {
    let found = folder.ancestors().find(|path| path.exists());
    found.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn room(subject: &Subject, folder: &Path) -> Check {
    let place = nearest(folder);
    let usage = match statvfs(place) {
        Ok(usage) => usage,
        Err(error) => return subject.skipped(format!("{} cannot be looked at: {error}", place.display())),
    };
    judge_room(subject, usage.f_bavail * usage.f_frsize, usage.f_blocks * usage.f_frsize)
}

fn judge_room(subject: &Subject, free: u64, size: u64) -> Check {
    let percent = (free * 100).checked_div(size).unwrap_or_default();
    let evidence = format!("{} MiB free, {percent} %", free / MIB);
    let fix =
        "Make room: `du -xh / | sort -h | tail`, `journalctl --vacuum-size=200M`, `docker system prune`";
    if percent < 2 || free < 200 * MIB {
        subject.failed(evidence, fix)
    } else if percent < 10 || free < 1024 * MIB {
        subject.warning(evidence, fix)
    } else {
        subject.ok(evidence)
    }
}

fn permissions(subject: &Subject, folder: &PathBuf) -> Check {
    let shown = folder.display();
    let mode = match fs::metadata(folder) {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return subject
                .skipped(format!("{shown} is not there yet; the server makes it when it needs it"));
        }
        Err(error) => {
            return subject
                .failed(format!("{shown}: {error}"), format!("Let the server's user into {shown}"));
        }
    };
    if access(folder, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let evidence = format!("{shown} cannot be written to by the user who runs this");
        return subject.warning(evidence, format!("chown -R <the server's user> {shown}"));
    }
    if mode & 0o077 != 0 {
        let evidence = format!("{shown} is open to others ({mode:04o})");
        return subject.warning(evidence, format!("chmod 700 {shown}"));
    }
    subject.ok(format!("{shown}, for its owner alone"))
}

/// The server raises the soft limit itself, up to the hard one.
fn open_files(subject: &Subject, needed: u64) -> Check {
    match rlimit::Resource::NOFILE.get() {
        Ok((_, most)) if most >= needed => subject.ok(format!("as many as MAX_CONNECTIONS needs, {needed}")),
        Ok((_, most)) => subject.warning(
            format!("at most {most}, while MAX_CONNECTIONS needs {needed}"),
            format!("LimitNOFILE={needed} in the systemd unit (`ulimit -Hn`), or a lower MAX_CONNECTIONS"),
        ),
        Err(error) => subject.skipped(error.to_string()),
    }
}

fn memory_needed(config: &Config) -> u64 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    u64::from(config.argon2.memory_kib) * 1024 * cores + BASE_MEMORY
}

/// The limit of this process's own group, or of the container as it looks from within (cgroups 2, then 1).
fn memory_limit() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or_default();
    let places = [
        format!("/sys/fs/cgroup{own}/memory.max"),
        "/sys/fs/cgroup/memory.max".to_owned(),
        "/sys/fs/cgroup/memory/memory.limit_in_bytes".to_owned(),
    ];
    let limit = places.iter().find_map(|place| fs::read_to_string(place).ok())?;
    // No limit is "max", or a number that no machine reaches.
    limit.trim().parse().ok().filter(|limit| *limit < 1 << 60)
}

fn memory(subject: &Subject, limit: Option<u64>, needed: u64) -> Check {
    let needed_mib = needed / MIB;
    match limit {
        None => subject.ok("none"),
        Some(limit) if limit >= needed => {
            subject.ok(format!("{} MiB, of which {needed_mib} MiB are needed", limit / MIB))
        }
        Some(limit) => subject.warning(
            format!("{} MiB, while sign-ins on all cores need {needed_mib} MiB", limit / MIB),
            format!("Allow {needed_mib} MiB (MemoryMax=, `mem_limit`), or lower ARGON2_MEMORY_KIB"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn room_is_judged_by_part_and_by_size() {
        let gib = 1024 * MIB;
        for (free, size, expected) in [
            (50 * gib, 100 * gib, Status::Ok),
            (9 * gib, 100 * gib, Status::Warning),
            (gib - 1, 4 * gib, Status::Warning),
            (gib, 100 * gib, Status::Failed),
            (199 * MIB, gib, Status::Failed),
            (0, 0, Status::Failed),
        ] {
            assert_eq!(judge_room(&DATA_DISK, free, size).status, expected, "{free} of {size}");
        }
    }

    #[test]
    fn memory_must_hold_the_hashes() {
        assert_eq!(memory(&MEMORY, None, BASE_MEMORY).status, Status::Ok);
        assert_eq!(memory(&MEMORY, Some(BASE_MEMORY), BASE_MEMORY).status, Status::Ok);
        assert_eq!(memory(&MEMORY, Some(BASE_MEMORY - 1), BASE_MEMORY).status, Status::Warning);
    }
}
