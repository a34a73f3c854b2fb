//! [`Gateway`]: everything a service needs, connected once and shared by all requests.

use std::{ops::Deref, sync::Arc, time::Duration};

use sea_orm::{DatabaseConnection, DatabaseTransaction};
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use crate::{
    api_key::StoredApiKey,
    auth::{
        NoPasskeys, RelyingParty, Viewer,
        access_token::AccessTokens,
        breach::BreachedPasswords,
        password::Hasher,
        secrets::{Secrets, SessionKey},
        viewer::Credential,
    },
    clock::Clock,
    config::Config,
    error::{Error, Result},
    id::{ApiKeyId, SessionId},
    identity_provider::IdentityProviders,
    log_level::service::CurrentLogLevel,
    mail::transport::Transport,
    session::{Session, happenings::Happenings, sockets::Sockets},
    store::{
        attempts::Attempts,
        bus::Bus,
        cache::Cache,
        database::{self, Statements},
        last_uses::LastUses,
        rate_limit::{Quota, RateLimiter},
        redis::Redis,
    },
    user::User,
};

/// How old cached session state may be: with every event lost, a revocation still acts within this time.
const CACHE_TTL: Duration = Duration::from_secs(5);
/// Sessions, users, and API keys, kept in memory.
const CACHE_CAPACITY: u64 = 100_000;

/// The connected platform. Cheap to clone; replicas share nothing but what lies behind it.
#[derive(Clone)]
pub struct Gateway(Arc<Parts>);

/// What a [`Gateway`] holds.
pub struct Parts {
    /// The configuration.
    pub config: Config,
    /// Time.
    pub clock: Clock,
    /// PostgreSQL or SQLite.
    pub db: DatabaseConnection,
    /// Redis, where one is configured.
    pub redis: Option<Redis>,
    /// Events between replicas.
    pub bus: Bus,
    /// Limits on how much comes.
    pub limiter: RateLimiter,
    /// Guesses at secrets.
    pub attempts: Attempts,
    /// Recently used sessions.
    pub sessions: Cache<Session>,
    /// Recently used accounts.
    pub users: Cache<User>,
    /// Recently used API keys.
    pub api_keys: Cache<StoredApiKey>,
    /// Password hashing.
    pub hasher: Hasher,
    /// Access tokens.
    pub access_tokens: AccessTokens,
    /// Authenticates refresh tokens and cursors, and seals secrets that have to be read again.
    pub session_key: SessionKey,
    /// What passkeys are made for, or why there are none.
    pub relying_party: Result<RelyingParty, NoPasskeys>,
    /// Session activity not yet written.
    pub activity: LastUses<SessionId>,
    /// Uses of API keys not yet written.
    pub api_key_uses: LastUses<ApiKeyId>,
    /// This replica's open sockets.
    pub sockets: Sockets,
    /// How often people came and went.
    pub happenings: Happenings,
    /// How much is logged for now.
    pub log_level: CurrentLogLevel,
    /// The way mails leave.
    pub mails: Transport,
    /// Who else may say who somebody is.
    pub identity_providers: IdentityProviders,
    /// How long the database took.
    pub statements: Statements,
}

impl Deref for Gateway {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Gateway {
    /// Connects to everything the configuration names. The database must answer; Redis may be away.
    /// Connections to Redis are kept up until `shutdown`.
    ///
    /// # Errors
    /// The database, the data folder or the parameters cannot be used; the message says which.
    pub async fn connect(config: Config, clock: Clock, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let mut db = database::connect(&config.database_url, config.database_max_connections).await?;
        let statements = Statements::of(&mut db);
        Self::assemble(config, clock, db, statements, shutdown)
    }

    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// Internal only.
    pub async fn begin(&self) -> Result<DatabaseTransaction> {
        Ok(database::begin(&self.db).await?)
    }

    /// Takes one from the quota of `key`.
    ///
    /// # Errors
    /// `RATE_LIMITED` when it is used up.
    pub async fn limit(&self, key: &str, quota: Quota) -> Result<()> {
        self.limiter.take(key, 1, quota).await.map(drop).map_err(Error::RateLimited)
    }

    /// Notes that the viewer's session or API key is in use.
    pub fn note_use(&self, viewer: &Viewer) {
        match viewer.credential() {
            Credential::Session(id) => self.activity.note(id, self.clock.now()),
            Credential::ApiKey(id) => self.api_key_uses.note(id, self.clock.now()),
        }
    }

    /// As [`Gateway::connect`], with a database that is connected already.
    ///
    /// # Errors
    /// The data folder or the parameters cannot be used; the message says which.
    pub fn with_database(
        config: Config,
        clock: Clock,
        db: DatabaseConnection,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Self> {
        Self::assemble(config, clock, db, Statements::default(), shutdown)
    }

    fn assemble(
        config: Config,
        clock: Clock,
        db: DatabaseConnection,
        statements: Statements,
        shutdown: CancellationToken,
    ) -> anyhow::Result<Self> {
        let secrets = Secrets::load(&config)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let breached = BreachedPasswords::open(config.breached_passwords.as_ref())?;
        let hasher = Hasher::new(config.argon2, cores, breached)?;
        let access_tokens = AccessTokens::new(
            &secrets.jwt,
            config.site_url.clone(),
            format!("{}{}", config.site_url, config.api_prefix),
            config.lifetimes.access_token,
            clock.clone(),
        )?;
        let redis = match &config.redis {
            Some(redis) => Some(Redis::connect(redis.url.expose_secret(), redis.key_prefix.clone())?),
            None => None,
        };
        let bus = match &redis {
            Some(redis) => Bus::redis(redis, &shutdown),
            None => Bus::in_process(),
        };
        Ok(Self(Arc::new(Parts {
            bus,
            limiter: redis.clone().map_or_else(RateLimiter::in_process, RateLimiter::redis),
            attempts: redis.clone().map_or_else(Attempts::in_process, Attempts::redis),
            sessions: Cache::new("session", CACHE_TTL, CACHE_CAPACITY, redis.clone()),
            users: Cache::new("user", CACHE_TTL, CACHE_CAPACITY, redis.clone()),
            api_keys: Cache::new("api-key", CACHE_TTL, CACHE_CAPACITY, redis.clone()),
            redis,
            db,
            hasher,
            access_tokens,
            session_key: secrets.session,
            relying_party: RelyingParty::of(&config),
            activity: LastUses::default(),
            api_key_uses: LastUses::default(),
            sockets: Sockets::default(),
            happenings: Happenings::default(),
            log_level: CurrentLogLevel::default(),
            mails: Transport::new(&config)?,
            identity_providers: IdentityProviders::new(&config, &clock)?,
            statements,
            config,
            clock,
        })))
    }
}
