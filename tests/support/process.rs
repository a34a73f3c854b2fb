//! Real processes of the server, each in an empty environment and a folder of its own.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    sync::{Arc, atomic::AtomicUsize, atomic::Ordering},
    time::{Duration, Instant},
};

use sea_orm::ConnectionTrait;
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use super::{
    ADMIN_EMAIL, ADMIN_PASSWORD, Client, PASSWORD,
    backend::{self, TestDatabase},
    email_of,
};

/// How long a test waits for what must happen; never how fast it has to be.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// What a busy machine may add to a promised time.
const SLACK: Duration = Duration::from_secs(1);

/// Waits until `attempt` has a value.
pub(crate) async fn until<T>(what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = attempt().await {
            return value;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: not after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What `work` gives, provided that it takes no longer than was promised.
pub(crate) async fn within<T>(promised: Duration, what: &str, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let value = tokio::time::timeout(PATIENCE, work).await;
    let value = value.unwrap_or_else(|_| panic!("{what}: not after {PATIENCE:?}"));
    assert!(started.elapsed() < promised + SLACK, "{what}: after {:?}", started.elapsed());
    value
}

/// The server that is tested: the one of this build, or the one that `PLATFORM_BINARY` names, of which one wants figures.
#[expect(clippy::disallowed_methods, reason = "says what is tested")]
fn binary() -> PathBuf {
    let named = std::env::var_os("PLATFORM_BINARY").map(|path| fs::canonicalize(path).unwrap());
    named.unwrap_or_else(|| env!("CARGO_BIN_EXE_fastgpt-platform").into())
}

/// The settings and the folder that processes share, and the database behind them.
#[derive(Clone)]
pub(crate) struct Installation {
    vars: BTreeMap<&'static str, OsString>,
    folder: Arc<TempDir>,
    processes: Arc<AtomicUsize>,
    /// On PostgreSQL: dropped with the last clone.
    database: Option<Arc<TestDatabase>>,
}

impl Installation {
    /// On the stores of this pass of the suite: PostgreSQL and Redis, or SQLite and the process's own memory.
    pub(crate) async fn new() -> Self {
        let installation = Self::on_sqlite();
        if backend::postgres().is_none() {
            return installation;
        }
        let database = TestDatabase::create().await;
        let installation = installation
            .with("DATABASE_URL", &database.url)
            .with("REDIS_URL", backend::redis().expect("comes with TEST_POSTGRES_URL"))
            .with("REDIS_KEY_PREFIX", backend::unique("process") + ":");
        Self { database: Some(Arc::new(database)), ..installation }
    }

    /// As [`Installation::new`], with a database that has nothing in it.
    pub(crate) async fn empty() -> Self {
        let installation = Self::new().await;
        installation.empty_database().await;
        installation
    }

    /// Loses the database and all that lies in the data folder.
    pub(crate) async fn lose_everything(&self) {
        self.empty_database().await;
        fs::remove_dir_all(self.var("DATA_DIR")).unwrap();
    }

    async fn empty_database(&self) {
        if let Some(database) = &self.database {
            let database = sea_orm::Database::connect(&database.url).await.unwrap();
            database.execute_unprepared("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
            database.close().await.unwrap();
        }
    }

    /// On SQLite, in whatever pass.
    pub(crate) fn on_sqlite() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let vars = BTreeMap::from([
            ("HOST", "127.0.0.1".into()),
            ("PORT", "0".into()),
            ("SITE_URL", "http://platform.test".into()),
            ("METRICS_ADDR", "off".into()),
            ("DATA_DIR", folder.path().join("data").into()),
            ("ARGON2_MEMORY_KIB", "8".into()),
            ("ARGON2_ITERATIONS", "1".into()),
            ("SIGN_IN_ATTEMPTS_PER_MINUTE", "100000".into()),
            ("SIGN_UPS_PER_HOUR", "100000".into()),
        ]);
        Self { vars, folder, processes: Arc::default(), database: None }
    }

    /// On PostgreSQL and Redis, as replicas need it. `None` in the pass without them: the test is then
    /// done in the other one.
    pub(crate) async fn for_replicas() -> Option<Self> {
        if backend::postgres().is_none() {
            println!("needs PostgreSQL and Redis: done in the pass of tests/run.sh that has them");
            return None;
        }
        Some(Self::new().await.with("JWT_SECRET", "j".repeat(48)).with("SESSION_SECRET", "s".repeat(48)))
    }

    /// As [`Installation::for_replicas`], with a database that has nothing in it.
    pub(crate) async fn empty_for_replicas() -> Option<Self> {
        let installation = Self::for_replicas().await?;
        installation.empty_database().await;
        Some(installation)
    }

    /// Changes the database behind the servers' backs.
    pub(crate) async fn sql(&self, statement: &str) {
        let url = match &self.database {
            Some(database) => database.url.clone(),
            None => format!("sqlite://{}/platform.db", self.var("DATA_DIR")),
        };
        let database = sea_orm::Database::connect(url).await.unwrap();
        database.execute_unprepared(statement).await.unwrap();
        database.close().await.unwrap();
    }

    pub(crate) fn is_on_postgres(&self) -> bool {
        self.database.is_some()
    }

    pub(crate) fn with(mut self, key: &'static str, value: impl Into<OsString>) -> Self {
        self.vars.insert(key, value.into());
        self
    }

    pub(crate) fn var(&self, key: &str) -> &str {
        self.vars[key].to_str().unwrap()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The passwords in the addresses of database and Redis.
    pub(crate) fn passwords_of_stores(&self) -> Vec<String> {
        let urls = ["DATABASE_URL", "REDIS_URL"].into_iter().filter_map(|key| self.vars.get(key)?.to_str());
        urls.filter_map(|url| Some(Url::parse(url).ok()?.password()?.to_owned())).collect()
    }

    /// What all processes have written, by the name of the file.
    pub(crate) fn logs(&self) -> Vec<(String, String)> {
        let files = fs::read_dir(self.folder()).unwrap().map(|file| file.unwrap().path());
        let logs = files.filter(|path| path.extension().is_some_and(|kind| kind == "out" || kind == "err"));
        logs.map(|path| (path.display().to_string(), plain(&path))).collect()
    }

    /// Within what time a change made by another process acts on a running server.
    pub(crate) fn promised(&self) -> Duration {
        Duration::from_secs(if self.vars.contains_key("REDIS_URL") { 1 } else { 5 })
    }

    pub(crate) fn spawn(&self, arguments: &[&str], input: &str) -> Process {
        let number = self.processes.fetch_add(1, Ordering::Relaxed);
        let path = |name: &str| self.folder().join(format!("{number}.{name}"));
        fs::write(path("in"), input).unwrap();
        let child = Command::new(binary())
            .args(arguments)
            .env_clear()
            .envs(&self.vars)
            .current_dir(self.folder())
            .stdin(File::open(path("in")).unwrap())
            .stdout(File::create(path("out")).unwrap())
            .stderr(File::create(path("err")).unwrap())
            .spawn();
        Process { child: child.unwrap(), out: path("out"), err: path("err"), _installation: self.clone() }
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with_input(arguments, "").await
    }

    pub(crate) async fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        let mut process = self.spawn(arguments, input);
        let status = process.exit().await;
        Finished { success: status.success(), out: process.out(), err: process.log() }
    }

    /// A server that listens.
    pub(crate) async fn serve(&self) -> Server {
        self.spawn(&[], "").listening().await
    }

    /// Runs an `admin` command, which must succeed, and gives what it printed.
    pub(crate) async fn admin(&self, arguments: &[&str], input: &str) -> String {
        let finished = self.run_with_input(&[&["admin"], arguments].concat(), input).await;
        assert!(finished.success, "{arguments:?}: {}", finished.err);
        finished.out
    }
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) success: bool,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A process that ends with the value.
pub(crate) struct Process {
    child: Child,
    out: PathBuf,
    err: PathBuf,
    /// Its folder and database stay as long as it does.
    _installation: Installation,
}

impl Process {
    /// A server that has said where it listens.
    pub(crate) async fn listening(mut self) -> Server {
        let port = until("the server starts", async || {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", self.log());
            port_in(&self.log())
        });
        let port = port.await;
        Server { process: self, port }
    }

    pub(crate) async fn exit(&mut self) -> ExitStatus {
        until("the process ends", async || self.child.try_wait().unwrap()).await
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// The processor time that it has taken so far, in steps of 10 ms.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(self.figures("stat")).unwrap();
        // The name in brackets may have spaces; utime and stime are the 14th and 15th field (proc_pid_stat(5)).
        let (_, after) = stat.rsplit_once(')').unwrap();
        let ticks = after.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap());
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }

    /// The memory that it holds now, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most that it has held since [`Process::forget_peak_memory`].
    pub(crate) fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    pub(crate) fn forget_peak_memory(&self) {
        fs::write(self.figures("clear_refs"), "5").unwrap();
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(self.figures("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
    }

    fn figures(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.child.id())
    }

    /// Ends it without a chance to do anything about it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn out(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }

    /// Standard error.
    pub(crate) fn log(&self) -> String {
        plain(&self.err)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text of a file, without colours.
fn plain(path: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let mut pieces = text.split('\x1b');
    let first = pieces.next().unwrap_or_default().to_owned();
    first + &pieces.filter_map(|piece| piece.split_once('m')).map(|(_, text)| text).collect::<String>()
}

fn port_in(log: &str) -> Option<u16> {
    let line = log.split_inclusive('\n').find(|line| line.ends_with('\n') && line.contains("serving"))?;
    let (_, after) = line.split_once("127.0.0.1:")?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A process that serves.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) port: u16,
}

impl Server {
    /// Stops it as an operator would, and expects it to end well.
    pub(crate) async fn stop(mut self) {
        self.process.signal("TERM");
        let status = self.process.exit().await;
        assert!(status.success(), "{status}: {}", self.process.log());
    }

    /// Somebody unknown.
    pub(crate) fn client(&self) -> Client {
        Client::new(&format!("http://127.0.0.1:{}", self.port), "/api/graphql")
    }

    /// The signed-in administrator.
    pub(crate) async fn admin(&self) -> Client {
        self.client().signed_in(ADMIN_EMAIL, ADMIN_PASSWORD).await
    }

    /// A new person with an account, signed in.
    pub(crate) async fn with_user(&self, name: &str) -> Client {
        let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";
        let input = json!({ "email": email_of(name), "password": PASSWORD, "name": name });
        let answer = self.client().query_with(sign_up, json!({ "input": input })).await;
        assert_eq!(answer.at("/signUp/__typename"), "SignedIn");
        self.sign_in(name).await
    }

    /// Another device of an existing person.
    pub(crate) async fn sign_in(&self, name: &str) -> Client {
        self.client().signed_in(&email_of(name), PASSWORD).await
    }

    /// `/health`: the HTTP status and the report.
    pub(crate) async fn health(&self) -> super::Response {
        let client = self.client();
        client.send(client.request(reqwest::Method::GET, "/health")).await
    }
}
