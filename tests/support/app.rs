//! A platform of a test's own, served on a free port.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use fastgpt_platform::{
    auth::{Client as Origin, Operator, Viewer, viewer::Role},
    clock::Clock,
    config::{Config, Vars},
    gateway::Gateway,
    graphql::{Answer, Engine, Params, RequestContext, context::Cookies},
    http,
    id::{SessionId, UserId},
    job::worker::run_next,
    session::events::{SESSION_CHANGED, SessionChange, SessionChanged},
    store::database::{self, DatabaseUrl, StatementCounter},
    user::{self, User, service::NewUser},
    worker,
};
use futures_util::{StreamExt, stream::BoxStream};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TryGetable, Value};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Client, backend, backend::TestDatabase};

/// The administrator of the guide, whom the first start creates.
pub(crate) const ADMIN_EMAIL: &str = "admin@example.com";
pub(crate) const ADMIN_PASSWORD: &str = "Admin@123456";
/// The password of everybody else.
pub(crate) const PASSWORD: &str = "清晨的露水打湿了石阶";

/// Cached sessions and accounts are at most so old.
const CACHE_TTL: TimeDelta = TimeDelta::seconds(5);

/// The address of the person called `name`.
pub(crate) fn email_of(name: &str) -> String {
    format!("{name}@example.com")
}

/// A running platform on stores of its own. Its clock stands until [`TestApp::advance`], and jobs wait for
/// [`TestApp::run_jobs`].
pub(crate) struct TestApp {
    pub(crate) gateway: Gateway,
    /// Where it is reached, without a trailing slash.
    pub(crate) address: String,
    /// Every statement that ran since the last look.
    pub(crate) statements: StatementCounter,
    /// Ends the server.
    pub(crate) shutdown: CancellationToken,
    vars: Vars,
    /// `DATA_DIR`, removed with the last of the replicas.
    data: Arc<TempDir>,
    /// Replicas share it.
    database: Arc<TestDatabase>,
}

impl TestApp {
    /// With nothing configured but what makes a test fast.
    pub(crate) async fn start() -> Self {
        Self::configured(&[]).await
    }

    /// With these environment variables on top.
    pub(crate) async fn configured(extra: &[(&str, &str)]) -> Self {
        let database = Arc::new(TestDatabase::create().await);
        let data = Arc::new(tempfile::tempdir().unwrap());
        let mut vars = test_vars(&database.url);
        vars.insert("DATA_DIR".into(), data.path().to_str().unwrap().into());
        vars.extend(owned(extra));
        let url = DatabaseUrl::parse(&database.url).unwrap();
        let mut connection = database::connect(&url, 10).await.unwrap();
        let statements = database::count_statements(&mut connection);
        let clock = Clock::fixed(start_of_time());
        let app = Self::serve(vars, data, database, connection, statements, clock).await;
        user::service::ensure_first_admin(&app.gateway).await.unwrap();
        app
    }

    /// Another server on the same database, Redis and clock, with these variables on top. Without
    /// Redis it hears nothing of what the first one does.
    pub(crate) async fn replica(&self, extra: &[(&str, &str)]) -> Self {
        let mut vars = self.vars.clone();
        vars.extend(owned(extra));
        let (connection, clock) = (self.gateway.db.clone(), self.gateway.clock.clone());
        let data = Arc::clone(&self.data);
        Self::serve(vars, data, Arc::clone(&self.database), connection, self.statements.clone(), clock).await
    }

    async fn serve(
        vars: Vars,
        data: Arc<TempDir>,
        database: Arc<TestDatabase>,
        connection: DatabaseConnection,
        statements: StatementCounter,
        clock: Clock,
    ) -> Self {
        let config = Config::from_vars(&vars).unwrap();
        let shutdown = CancellationToken::new();
        let gateway = Gateway::with_database(config, clock, connection, shutdown.clone()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = http::Server::new(gateway.clone(), shutdown.clone()).unwrap();
        tokio::spawn(server.serve(listener));
        Self { gateway, address, statements, shutdown, vars, data, database }
    }

    /// Somebody unknown.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.address, &self.gateway.config.graphql_path())
    }

    /// Somebody unknown at another address, for which the loopback proxy vouches.
    pub(crate) fn client_at(&self, ip: &str) -> Client {
        self.client().with_header("x-forwarded-for", ip)
    }

    /// The signed-in administrator.
    pub(crate) async fn admin(&self) -> Client {
        self.client().signed_in(ADMIN_EMAIL, ADMIN_PASSWORD).await
    }

    /// A new person with an account, signed in.
    pub(crate) async fn with_user(&self, name: &str) -> Client {
        self.account(name).await;
        self.sign_in(name).await
    }

    /// Another device of an existing person.
    pub(crate) async fn sign_in(&self, name: &str) -> Client {
        self.client().signed_in(&email_of(name), PASSWORD).await
    }

    /// What the platform makes of a signed-in device's token.
    pub(crate) async fn viewer(&self, client: &Client) -> Viewer {
        Viewer::authenticate(&self.gateway.access_tokens, &self.gateway, &client.token()).await.unwrap()
    }

    /// The answers to a subscription to `sessionEvents`, whatever the transport. It begins when first polled.
    pub(crate) async fn session_events(
        &self,
        viewer: Option<Viewer>,
    ) -> BoxStream<'static, serde_json::Value> {
        let origin = Origin::new([203, 0, 113, 9].into(), "", "request-of-tests".into());
        let context = RequestContext::over_http(self.gateway.clone(), viewer, origin, Cookies::default());
        let (context, id) = (Arc::new(context), "request-of-tests");
        let engine = Engine::new(&self.gateway, None, TaskTracker::new()).unwrap();
        // From here on the budget is at hand, and Redis is not asked first.
        let first = engine.admit(Params::of("{ errorCodes }"), Arc::clone(&context)).await.unwrap();
        engine.execute(first, id).await;
        let params = Params::of("subscription { sessionEvents { kind session { id } } }");
        let answers = engine.execute_stream(params, context, id.into());
        let answer = |answer| match answer {
            Answer::Executed(response) => serde_json::to_value(response).unwrap(),
            Answer::Refused(errors) => json!({ "errors": errors }),
        };
        answers.map(answer).boxed()
    }

    /// Tells everybody who listens that the viewer's session was refreshed, which it was not.
    pub(crate) fn tell_of_refresh(&self, viewer: &Viewer) {
        let message = SessionChanged {
            change: SessionChange::Refreshed,
            session_id: viewer.session_id().unwrap(),
            user_id: viewer.user_id(),
            at: self.now(),
        };
        self.gateway.bus.publish(&SESSION_CHANGED, &message);
    }

    /// A new account that nobody has signed in to.
    pub(crate) async fn account(&self, name: &str) -> User {
        self.account_with_email(name, &email_of(name)).await
    }

    pub(crate) async fn account_with_email(&self, name: &str, email: &str) -> User {
        let new = NewUser { email: email.into(), password: PASSWORD.to_owned().into(), name: name.into() };
        user::service::create(&self.gateway, &operator(), new, Role::User).await.unwrap()
    }

    pub(crate) async fn set_role(&self, name: &str, role: Role) {
        user::service::set_role(&self.gateway, &operator(), &email_of(name), role).await.unwrap();
    }

    /// Does what waits in the queue and is due, until nothing is left.
    pub(crate) async fn run_jobs(&self) {
        while run_next(&self.gateway, &worker::perform).await.unwrap() {}
    }

    /// Changes the status of the person called `name`, which no service can do yet; like a
    /// service, it leaves nothing stale in the cache.
    pub(crate) async fn set_status(&self, name: &str, status: &str) {
        let email = email_of(name);
        self.sql("UPDATE users SET status = $1 WHERE email = $2", [status.into(), email.as_str().into()])
            .await;
        let select = "SELECT id FROM users WHERE email = $1";
        let id: UserId = self.sql_value(select, [email.into()]).await;
        self.gateway.users.invalidate(id.into()).await;
    }

    /// Runs a statement past the platform; values are `$1`, `$2`… on both back ends. Answers how many rows it changed.
    pub(crate) async fn sql(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> u64 {
        let db = &self.gateway.db;
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        db.execute_raw(statement).await.unwrap().rows_affected()
    }

    /// The first column of the only row that a statement finds.
    pub(crate) async fn sql_value<T: TryGetable>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> T {
        let mut found = self.sql_values(sql, values).await;
        assert_eq!(found.len(), 1, "{sql}");
        found.remove(0)
    }

    /// The first column of every row that a statement finds.
    pub(crate) async fn sql_values<T: TryGetable>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Vec<T> {
        let db = &self.gateway.db;
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        let rows = db.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.gateway.clock.now()
    }

    /// Lets time pass. Caches, which count in the machine's time, forget what would be too old by then.
    pub(crate) async fn advance(&self, by: TimeDelta) {
        self.gateway.clock.advance(by);
        if by >= CACHE_TTL {
            for id in self.sql_values::<SessionId>("SELECT id FROM sessions", []).await {
                self.gateway.sessions.invalidate(id.into()).await;
            }
            for id in self.sql_values::<UserId>("SELECT id FROM users", []).await {
                self.gateway.users.invalidate(id.into()).await;
            }
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// When every test begins.
pub(crate) fn start_of_time() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-23T08:00:00Z").unwrap().to_utc()
}

/// The configuration of a test on the back ends of the suite.
pub(crate) fn test_vars(database_url: &str) -> Vars {
    let fixed = [
        ("APP_ENV", "test"),
        ("DATABASE_URL", database_url),
        ("JWT_SECRET", "a secret of tests that signs access tokens"),
        ("SESSION_SECRET", "a secret of tests that hashes refresh tokens"),
        ("ARGON2_MEMORY_KIB", "8"),
        ("ARGON2_ITERATIONS", "1"),
        // Tests come from one address, and limits count in the machine's time.
        ("SIGN_IN_ATTEMPTS_PER_MINUTE", "100000"),
        ("SIGN_UPS_PER_HOUR", "100000"),
        ("SHUTDOWN_TIMEOUT", "5s"),
    ];
    let mut vars: Vars = fixed.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    if let Some(redis) = backend::redis() {
        vars.insert("REDIS_URL".into(), redis);
        vars.insert("REDIS_KEY_PREFIX".into(), format!("{}:", backend::unique("test")));
    }
    vars
}

fn owned(pairs: &[(&str, &str)]) -> Vars {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn operator() -> Operator {
    Operator::at_the_command_line()
}
