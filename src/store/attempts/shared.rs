//! Counting in Redis: the rules of [`super::Patience`] once more, in scripts that run as a whole.
//!
//! Of each counter there are two keys: the count, until all is forgiven, and, for as long as it lasts, the wait. A sorted
//! set has the waits by their ends, another one for each group the counters in it.

use std::{sync::Arc, time::Duration};

use redis::{Script, ScriptInvocation};
use uuid::Uuid;

use super::{Counter, MOST_IN_GROUP, MOST_LISTED, Refused, Wait, millis, to_duration, to_time};
use crate::store::redis::Redis;

/// How long a guess waits to be counted: longer than other requests wait for Redis, since each replica on its own lets
/// more through.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub(super) struct Shared {
    redis: Redis,
    scripts: Arc<Scripts>,
}

#[derive(Debug)]
struct Scripts {
    count: Script,
    give_back: Script,
    forget: Script,
    forget_group: Script,
    list: Script,
}

impl Shared {
    pub(super) fn new(redis: Redis) -> Self {
        let script = |body: &str| Script::new(&format!("{COMMON}{body}"));
        let scripts = Scripts {
            count: script(COUNT),
            give_back: script(GIVE_BACK),
            forget: script(FORGET),
            forget_group: script(FORGET_GROUP),
            list: script(LIST),
        };
        Self { redis, scripts: Arc::new(scripts) }
    }

    pub(super) async fn count(&self, counters: &[Counter], now: i64) -> Option<Result<(), Refused>> {
        let mut call = self.call(&self.scripts.count, now);
        call.arg(MOST_LISTED).arg(MOST_IN_GROUP);
        for counter in counters {
            tell(&mut call, counter);
        }
        let mut connection = self.redis.connection();
        let counted = call.invoke_async::<(usize, i64)>(&mut connection);
        Some(match self.redis.run_within(PATIENCE, counted).await.ok()? {
            (0, _) => Ok(()),
            (place, wait) => Err(Refused { by: place - 1, wait: to_duration(wait) }),
        })
    }

    pub(super) async fn give_back(&self, counters: &[Counter], now: i64) {
        let mut call = self.call(&self.scripts.give_back, now);
        for counter in counters {
            tell(&mut call, counter);
        }
        self.redis.attempt(call.invoke_async::<()>(&mut self.redis.connection())).await;
    }

    pub(super) async fn forget(&self, ids: &[Uuid], now: i64) -> Option<bool> {
        let mut call = self.call(&self.scripts.forget, now);
        for id in ids {
            call.arg(id.to_string());
        }
        self.redis.attempt(call.invoke_async::<bool>(&mut self.redis.connection())).await
    }

    pub(super) async fn forget_group(&self, group: Uuid) {
        let mut call = self.call(&self.scripts.forget_group, 0);
        call.arg(group.to_string());
        self.redis.attempt(call.invoke_async::<()>(&mut self.redis.connection())).await;
    }

    pub(super) async fn list(&self, most: usize, now: i64) -> Option<Vec<Wait>> {
        let mut call = self.call(&self.scripts.list, now);
        call.arg(most);
        let mut connection = self.redis.connection();
        let answer = call.invoke_async::<Vec<(String, String, u32, i64)>>(&mut connection);
        let waits = self.redis.attempt(answer).await?.into_iter();
        let read = |(id, label, attempts, until): (String, String, u32, i64)| {
            Some(Wait { id: Uuid::try_parse(&id).ok()?, label, attempts, until: to_time(until) })
        };
        Some(waits.filter_map(read).collect())
    }

    fn call<'a>(&self, script: &'a Script, now: i64) -> ScriptInvocation<'a> {
        let mut call = script.key(self.redis.key("attempts:"));
        call.arg(now);
        call
    }
}

fn tell(call: &mut ScriptInvocation<'_>, counter: &Counter) {
    let patience = counter.patience;
    call.arg(counter.id.to_string())
        .arg(counter.group.map(|group| group.to_string()).unwrap_or_default())
        .arg(patience.allowance.max(1))
        .arg(patience.interval())
        .arg(millis(patience.first_wait))
        .arg(millis(patience.longest_wait))
        .arg(&counter.label);
}

/// What every script begins with.
const COMMON: &str = r"
    local prefix, now = KEYS[1], tonumber(ARGV[1])
    local waits = prefix .. 'waits'
    local function text(number) return string.format('%.0f', number) end
    local function count_key(id) return prefix .. 'count:' .. id end
    local function wait_key(id) return prefix .. 'wait:' .. id end
    local function group_key(group) return prefix .. 'group:' .. group end
    -- At least so long, and no shorter than it was.
    local function keep(key, time)
        redis.call('PEXPIRE', key, text(math.max(time, redis.call('PTTL', key), 1)))
    end
    local function forget(id)
        redis.call('DEL', count_key(id), wait_key(id))
        redis.call('ZREM', waits, id)
    end
    local function read(from)
        local counter = { id = ARGV[from], group = ARGV[from + 1], allowance = tonumber(ARGV[from + 2]),
            interval = tonumber(ARGV[from + 3]), first = tonumber(ARGV[from + 4]), longest = tonumber(ARGV[from + 5]),
            label = ARGV[from + 6] }
        local known = redis.call('HMGET', count_key(counter.id), 'forgiven_at', 'last_at')
        counter.known = known[1] and true or false
        counter.forgiven_at, counter.last_at = tonumber(known[1] or 0), tonumber(known[2] or 0)
        return counter
    end
    local function attempts(counter)
        return math.ceil(math.max(counter.forgiven_at - counter.last_at, 0) / counter.interval)
    end
    local function ends_at(counter)
        local beyond = attempts(counter) - counter.allowance
        if beyond < 0 then
            return counter.last_at
        end
        return counter.last_at + math.min(counter.first * 2 ^ math.min(beyond, 31), counter.longest)
    end
    local function write(counter)
        local key, until_ = count_key(counter.id), ends_at(counter)
        redis.call('HSET', key, 'forgiven_at', text(counter.forgiven_at), 'last_at', text(counter.last_at))
        redis.call('PEXPIRE', key, text(math.max(counter.forgiven_at, until_) - now))
        if until_ > now then
            key = wait_key(counter.id)
            redis.call('HSET', key, 'label', counter.label, 'attempts', attempts(counter), 'until', text(until_))
            redis.call('PEXPIRE', key, text(until_ - now))
            redis.call('ZADD', waits, text(until_), counter.id)
            keep(waits, until_ - now)
        else
            redis.call('DEL', wait_key(counter.id))
            redis.call('ZREM', waits, counter.id)
        end
    end
";

/// [`super::Attempts::count`]: 0, or the place of the counter that says wait, from 1, and how long.
const COUNT: &str = r"
    local counters, longest, place = {}, 0, 0
    for from = 4, #ARGV, 7 do
        local counter = read(from)
        table.insert(counters, counter)
        local left = ends_at(counter) - now
        if left > longest then
            longest, place = left, #counters
        end
    end
    if place > 0 then
        return {place, longest}
    end
    for _, counter in ipairs(counters) do
        counter.forgiven_at, counter.last_at = math.max(counter.forgiven_at, now) + counter.interval, now
        write(counter)
        if counter.group ~= '' then
            local key = group_key(counter.group)
            redis.call('ZADD', key, text(counter.forgiven_at), counter.id)
            redis.call('ZREMRANGEBYSCORE', key, '-inf', text(now))
            redis.call('ZREMRANGEBYRANK', key, 0, -1 - tonumber(ARGV[3]))
            keep(key, counter.forgiven_at - now)
        end
    end
    redis.call('ZREMRANGEBYSCORE', waits, '-inf', text(now))
    redis.call('ZREMRANGEBYRANK', waits, 0, -1 - tonumber(ARGV[2]))
    return {0, 0}
";

const GIVE_BACK: &str = r"
    for from = 2, #ARGV, 7 do
        local counter = read(from)
        counter.forgiven_at = counter.forgiven_at - counter.interval
        if counter.known and counter.forgiven_at > now then
            write(counter)
        else
            forget(counter.id)
        end
    end
";

/// [`super::Attempts::forget`]: 1 where there was a wait.
const FORGET: &str = r"
    local waited = 0
    for place = 2, #ARGV do
        if tonumber(redis.call('ZSCORE', waits, ARGV[place]) or 0) > now then
            waited = 1
        end
        forget(ARGV[place])
    end
    return waited
";

const FORGET_GROUP: &str = r"
    local key = group_key(ARGV[2])
    for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do
        forget(id)
    end
    redis.call('DEL', key)
";

const LIST: &str = r"
    local found = {}
    for _, id in ipairs(redis.call('ZRANGE', waits, '+inf', '(' .. text(now), 'BYSCORE', 'REV', 'LIMIT', 0, ARGV[2])) do
        local wait = redis.call('HMGET', wait_key(id), 'label', 'attempts', 'until')
        if wait[1] then
            table.insert(found, {id, wait[1], tonumber(wait[2]), tonumber(wait[3])})
        end
    end
    return found
";
