//! Redis: reached, new enough, and not open to everybody.

use chrono::DateTime;
use redis::{AsyncConnectionConfig, Client, ErrorKind, InfoDict, RedisError, aio::MultiplexedConnection};
use secrecy::ExposeSecret;

use super::{
    Check, Finding, Group, Installation,
    check::{DEADLINE, Subject},
    clock::RoundTrip,
};

static REDIS: Subject = Subject::new("redis", Group::Storage, "Redis");
static VERSION: Subject = Subject::new("redis_version", Group::Storage, "Redis version");
static MEMORY: Subject = Subject::new("redis_memory", Group::Storage, "Redis memory");
static PASSWORD: Subject = Subject::new("redis_password", Group::Security, "Redis password");

pub(super) async fn examine(installation: &Installation) -> Finding {
    let (mut checks, connection) = reach(installation).await;
    if installation.production
        && let Some(url) = url(installation)
    {
        checks.push(password(&url));
    }
    let Some(mut connection) = connection else { return Finding { checks, time_ahead: None } };
    let asked = async {
        let trip = RoundTrip::begin(&installation.clock);
        let (seconds, micros): (i64, u32) = redis::cmd("TIME").query_async(&mut connection).await?;
        let time = DateTime::from_timestamp(seconds, micros * 1000);
        let ahead = time.map(|time| trip.ahead(time));
        let info: InfoDict = redis::cmd("INFO").query_async(&mut connection).await?;
        Ok::<_, RedisError>((ahead, info))
    };
    let Ok(Ok((time_ahead, info))) = tokio::time::timeout(DEADLINE, asked).await else {
        checks.push(VERSION.skipped("Redis does not answer INFO and TIME"));
        return Finding { checks, time_ahead: None };
    };
    checks.extend([version(&info), memory(&info)]);
    Finding { checks, time_ahead }
}

async fn reach(installation: &Installation) -> (Vec<Check>, Option<MultiplexedConnection>) {
    let keys = ["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"];
    if let Some(reason) = installation.unusable(&keys) {
        return (vec![REDIS.skipped(reason)], None);
    }
    let Some(url) = url(installation) else {
        return (vec![missing(installation)], None);
    };
    let place = format!("{}:{}", url.host_str().unwrap_or_default(), url.port().unwrap_or(6379));
    let trip = RoundTrip::begin(&installation.clock);
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(DEADLINE))
        .set_response_timeout(Some(DEADLINE));
    let reached = async {
        let mut connection =
            Client::open(url.as_str())?.get_multiplexed_async_connection_with_config(&config).await?;
        redis::cmd("PING").query_async::<()>(&mut connection).await?;
        Ok::<_, RedisError>(connection)
    };
    match tokio::time::timeout(DEADLINE, reached).await {
        Ok(Ok(connection)) => {
            (vec![REDIS.ok(format!("{place}, {} ms", trip.milliseconds()))], Some(connection))
        }
        Ok(Err(error)) => (vec![unusable(&place, &error)], None),
        Err(_) => (vec![silent(&place)], None),
    }
}

fn url(installation: &Installation) -> Option<url::Url> {
    url::Url::parse(installation.config.redis.as_ref()?.url.expose_secret()).ok()
}

fn missing(installation: &Installation) -> Check {
    let evidence = "none is configured: cache, events and limits live in the process";
    if installation.production {
        REDIS.warning(evidence, "REDIS_HOST=… (or REDIS_URL), needed for two replicas or more")
    } else {
        REDIS.skipped(evidence)
    }
}

fn unusable(place: &str, error: &RedisError) -> Check {
    let denied = error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"));
    if denied {
        return REDIS.failed(
            format!("{place} refuses the password, or the want of one"),
            "Write the value of `requirepass` (or of the ACL user) to REDIS_PASSWORD or REDIS_URL",
        );
    }
    if error.is_timeout() {
        return silent(place);
    }
    let reason = error.to_string();
    if error.is_connection_refusal() {
        REDIS.failed(
            format!("{place} refuses the connection"),
            "Start Redis (`systemctl start redis`, `docker compose up -d redis`), or correct REDIS_HOST and REDIS_PORT",
        )
    } else if reason.contains("lookup") {
        REDIS.failed(
            format!("the host name of {place} leads to no address"),
            "Correct REDIS_HOST (or REDIS_URL); between containers it is the service's name, such as redis",
        )
    } else {
        REDIS.failed(
            format!("{place} cannot be used: {reason}"),
            "Try `redis-cli -h … ping`, and read Redis' log",
        )
    }
}

fn silent(place: &str) -> Check {
    let fix =
        "Look for a firewall in between, correct REDIS_HOST and REDIS_PORT, or restart a Redis that hangs";
    REDIS.failed(format!("{place} does not answer within {} s", DEADLINE.as_secs()), fix)
}

fn version(info: &InfoDict) -> Check {
    let version: String = info.get("redis_version").unwrap_or_default();
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let number = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let fix = "Upgrade to Redis 7 or newer";
    match number {
        (7.., _) => VERSION.ok(format!("Redis {version}")),
        (6, 2..) => VERSION.warning(format!("Redis {version} works, and is no longer maintained"), fix),
        _ => VERSION.failed(format!("Redis {version} is older than 6.2"), fix),
    }
}

/// A Redis that is full either refuses writes or forgets limits and ended sessions before their time.
fn memory(info: &InfoDict) -> Check {
    let number = |key| info.get::<u64>(key).unwrap_or_default();
    let (used, most) = (number("used_memory"), number("maxmemory"));
    match used.saturating_mul(100).checked_div(most) {
        None => MEMORY.ok("no bound (maxmemory 0)"),
        Some(percent) if percent < 90 => MEMORY.ok(format!("{percent} % of maxmemory")),
        Some(percent) => MEMORY.warning(
            format!("{percent} % of maxmemory: limits and ended sessions are soon forgotten"),
            "Raise `maxmemory` of Redis, or give the platform a Redis of its own",
        ),
    }
}

fn password(url: &url::Url) -> Check {
    if url.password().is_some_and(|password| !password.is_empty()) {
        return PASSWORD.ok("set");
    }
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let fix = "Set `requirepass` in redis.conf, and REDIS_PASSWORD to the same";
    PASSWORD.wrong(!is_local, "none: whoever reaches Redis rules its data", fix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    fn info(text: &str) -> InfoDict {
        InfoDict::new(text)
    }

    #[test]
    fn versions_and_memory_are_judged() {
        for (text, expected) in [
            ("7.0.15", Status::Ok),
            ("8.2", Status::Ok),
            ("6.2.7", Status::Warning),
            ("6.0.16", Status::Failed),
            ("?", Status::Failed),
        ] {
            assert_eq!(version(&info(&format!("redis_version:{text}"))).status, expected, "{text}");
        }
        for (most, expected) in [(0, Status::Ok), (1000, Status::Ok), (101, Status::Warning)] {
            assert_eq!(
                memory(&info(&format!("used_memory:95\r\nmaxmemory:{most}"))).status,
                expected,
                "{most}"
            );
        }
    }
}
