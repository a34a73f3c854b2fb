//! Messages between parts of the platform, within this process and, through Redis, between replicas.

use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc};

use futures_util::{
    Stream,
    stream::{self, BoxStream, StreamExt},
};
use prometheus_client::metrics::counter::Counter;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

use self::relay::Relay;
use super::redis::Redis;
use crate::metrics::Latency;

mod relay;

/// How many messages a subscriber may fall behind before it misses some.
const BACKLOG: usize = 1024;

/// A name for messages of one type; the type is part of the name's meaning.
pub struct Topic<T> {
    name: &'static str,
    message: PhantomData<fn(T) -> T>,
}

impl<T> Topic<T> {
    /// The topic called `name`; one type for one name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, message: PhantomData }
    }
}

impl<T> fmt::Debug for Topic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Topic({})", self.name)
    }
}

/// What a subscriber is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received<T> {
    /// A message.
    Message(T),
    /// Messages were missed, or may have been: what was derived from them is to be read anew.
    Gap,
}

/// The messages of one topic from the moment of the subscription on; ends with the bus.
pub type BusStream<T> = BoxStream<'static, Received<T>>;

/// Publishes to all subscribers, on all replicas.
///
/// Subscribers in this process are given a message at once, whatever Redis does. Other replicas
/// are given each message once, or a [`Received::Gap`] in its place.
#[derive(Debug, Clone)]
pub struct Bus {
    local: broadcast::Sender<Event>,
    relay: Option<Arc<Relay>>,
    /// What went through it.
    pub traffic: Traffic,
}

/// What goes through a bus.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// Messages of this process.
    pub published: Counter,
    /// Messages of other replicas.
    pub received: Counter,
    /// Times at which messages of other replicas were missed, or may have been.
    pub gaps: Counter,
    /// How long a message takes to Redis and back, as one of ours that we hear again.
    pub round_trip: Latency,
}

#[derive(Debug, Clone)]
enum Event {
    Message(Arc<Message>),
    Gap,
}

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    topic: Cow<'static, str>,
    payload: Value,
}

impl Bus {
    /// A bus for one process.
    #[must_use]
    pub fn in_process() -> Self {
        Self { local: broadcast::Sender::new(BACKLOG), relay: None, traffic: Traffic::default() }
    }

    /// A bus for all replicas on this Redis, which may be away: the connection is made, and made
    /// again, until `shutdown`. To be called in a Tokio runtime.
    #[must_use]
    pub fn redis(redis: &Redis, shutdown: &CancellationToken) -> Self {
        let local = broadcast::Sender::new(BACKLOG);
        let traffic = Traffic::default();
        let relay = Relay::start(redis, local.clone(), traffic.clone(), shutdown);
        Self { local, relay: Some(Arc::new(relay)), traffic }
    }

    /// Hands `message` to all subscribers of `topic`. Never waits.
    pub fn publish<T: Serialize>(&self, topic: &Topic<T>, message: &T) {
        let payload = match serde_json::to_value(message) {
            Ok(payload) => payload,
            Err(error) => {
                tracing::error!(topic = topic.name, %error, "a message does not serialize and is not published");
                return;
            }
        };
        let message = Arc::new(Message { topic: topic.name.into(), payload });
        self.traffic.published.inc();
        // An error means that nobody listens.
        let _ = self.local.send(Event::Message(Arc::clone(&message)));
        if let Some(relay) = &self.relay {
            relay.forward(message);
        }
    }

    /// The messages of `topic` from now on.
    #[must_use]
    pub fn subscribe<T: DeserializeOwned + Send + 'static>(&self, topic: &Topic<T>) -> BusStream<T> {
        let name = topic.name;
        let next = move |mut events: broadcast::Receiver<Event>| async move {
            loop {
                let received = match events.recv().await {
                    Ok(Event::Message(message)) if message.topic != name => continue,
                    // A replica of another version may send what this one cannot read.
                    Ok(Event::Message(message)) => {
                        T::deserialize(&message.payload).map_or(Received::Gap, Received::Message)
                    }
                    Ok(Event::Gap) | Err(RecvError::Lagged(_)) => Received::Gap,
                    Err(RecvError::Closed) => return None,
                };
                return Some((received, events));
            }
        };
        stream::unfold(self.local.subscribe(), next).boxed()
    }

    /// Waits until what was published so far has left for the other replicas, 2 s at most:
    /// for a process about to end.
    pub async fn flush(&self) {
        if let Some(relay) = &self.relay {
            relay.flush().await;
        }
    }

    /// Whether messages of other replicas arrive; always true where there are none.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.relay.as_ref().is_none_or(|relay| relay.is_connected())
    }
}

/// The stream up to its first error, which is its last word.
pub fn until_first_error<T, E>(stream: impl Stream<Item = Result<T, E>>) -> impl Stream<Item = Result<T, E>> {
    stream.scan(false, |failed, item| {
        let go_on = !*failed;
        *failed = item.is_err();
        std::future::ready(go_on.then_some(item))
    })
}

#[cfg(test)]
mod tests;
