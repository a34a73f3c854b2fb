//! PostgreSQL's own programs: which of them is used, and how.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

/// Where Debian and its kin put each major version, besides the folders of `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";
/// How long a program takes to tell its version.
const VERSION_DEADLINE: Duration = Duration::from_secs(10);
/// How long a dump takes at most; what takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(12 * 3600);
/// What is kept of the complaints of a program.
const STDERR_BYTES: u64 = 4096;

/// One of PostgreSQL's programs, of a version that will do.
#[derive(Debug)]
pub(super) struct Tool {
    path: PathBuf,
    name: &'static str,
    /// Its major version.
    pub(super) version: u32,
}

impl Tool {
    /// The first `name` in `folders`, else the newest that Debian has, whose major version is at least `at_least`, that
    /// of `needed_by`.
    ///
    /// # Errors
    /// There is none; the text says which package has it.
    pub(super) async fn find(
        name: &'static str,
        folders: &[PathBuf],
        at_least: u32,
        needed_by: &str,
    ) -> anyhow::Result<Self> {
        let mut newest_found = None;
        for path in folders.iter().cloned().chain(debian_folders()).map(|folder| folder.join(name)) {
            if let Some(version) = version(&path).await {
                if version >= at_least {
                    return Ok(Self { path, name, version });
                }
                newest_found = newest_found.max(Some(version));
            }
        }
        let install = format!("install the package postgresql-client-{at_least} (or a newer one)");
        match newest_found {
            Some(found) => anyhow::bail!("{name} {found} is too old for {needed_by} {at_least}; {install}"),
            None => anyhow::bail!("there is no {name}, which {needed_by} {at_least} needs; {install}"),
        }
    }

    /// Starts it with these arguments and nothing but `environment`; it ends with the value.
    pub(super) fn start<'a>(
        &self,
        arguments: &[&str],
        environment: impl IntoIterator<Item = (&'static str, &'a str)>,
        stdout: Stdio,
    ) -> anyhow::Result<Running> {
        let mut command = command(&self.path);
        command.args(arguments).envs(environment).stdout(stdout).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {}", self.path.display()))?;
        let stderr = child.stderr.take().map(|stderr| tokio::spawn(beginning_of(stderr)));
        Ok(Running { child, name: self.name, stderr })
    }
}

/// A program that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) child: Child,
    name: &'static str,
    stderr: Option<JoinHandle<String>>,
}

impl Running {
    /// Waits for its end, which must be a good one.
    pub(super) async fn finish(mut self) -> anyhow::Result<()> {
        let name = self.name;
        let status = timeout(DEADLINE, self.child.wait()).await;
        let status = status.with_context(|| format!("{name} took longer than 12 hours"))??;
        if status.success() {
            return Ok(());
        }
        let said = match self.stderr {
            Some(stderr) => stderr.await.unwrap_or_default(),
            None => String::new(),
        };
        anyhow::bail!("{name} failed ({status}): {}", said.trim())
    }
}

fn command(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.env_clear().env("LC_ALL", "C").stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Reads all, so that the program can go on writing, and keeps the first of it.
async fn beginning_of(mut stderr: impl AsyncRead + Unpin) -> String {
    let mut text = Vec::new();
    let _ = (&mut stderr).take(STDERR_BYTES).read_to_end(&mut text).await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&text).into_owned()
}

/// Newest first.
fn debian_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<u32> =
        versions.filter_map(|version| version.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable_by(|left, right| right.cmp(left));
    versions.into_iter().map(|version| format!("{DEBIAN}/{version}/bin").into()).collect()
}

async fn version(path: &Path) -> Option<u32> {
    if !path.is_file() {
        return None;
    }
    let output = command(path).arg("--version").output();
    let output = timeout(VERSION_DEADLINE, output).await.ok()?.ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// `pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)` → 15.
fn parse_version(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        for (text, version) in [
            ("pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n", Some(15)),
            ("pg_restore (PostgreSQL) 18beta1", Some(18)),
            ("pg_dump: unknown", None),
            ("", None),
        ] {
            assert_eq!(parse_version(text), version, "{text}");
        }
    }

    #[tokio::test]
    async fn names_both_versions_and_the_package() {
        let refused = Tool::find("pg_dump", &[], 99, "the server, PostgreSQL").await.unwrap_err().to_string();
        assert!(refused.contains("PostgreSQL 99") && refused.contains("postgresql-client-99"), "{refused}");
        let missing = Tool::find("pg_nothing", &[], 15, "the server, PostgreSQL").await.unwrap_err();
        assert!(missing.to_string().starts_with("there is no pg_nothing"), "{missing}");
    }
}
