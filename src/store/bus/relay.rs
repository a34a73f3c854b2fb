//! The bus between replicas: one Redis channel, a task that writes to it and one that reads.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use redis::{
    RedisResult,
    aio::{PubSubSink, PubSubStream},
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{broadcast, mpsc, oneshot, watch},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{BACKLOG, Event, Message, Traffic};
use crate::store::redis::Redis;

const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(2);
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that died without a word is noticed within the sum of these two.
const HEARTBEAT: Duration = Duration::from_secs(2);
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Relay {
    outgoing: mpsc::Sender<Outgoing>,
    overflowed: Arc<AtomicBool>,
    connected: watch::Receiver<bool>,
}

/// What waits for the writer.
#[derive(Debug)]
enum Outgoing {
    Message(Arc<Message>, Instant),
    /// Everything before this has been sent, or has become a gap.
    Flushed(oneshot::Sender<()>),
}

/// What goes over the channel. No message: the sender lost some.
#[derive(Debug, Serialize, Deserialize)]
struct Envelope<M> {
    origin: u64,
    /// When it was published: microseconds of a clock that only its origin knows.
    #[serde(default)]
    published_at: u64,
    message: Option<M>,
}

impl Relay {
    pub(super) fn start(
        redis: &Redis,
        local: broadcast::Sender<Event>,
        traffic: Traffic,
        shutdown: &CancellationToken,
    ) -> Self {
        let channel = Channel {
            redis: redis.clone(),
            name: redis.key("bus"),
            origin: rand::random(),
            epoch: Instant::now(),
            traffic,
        };
        let (outgoing, queue) = mpsc::channel(BACKLOG);
        let overflowed = Arc::new(AtomicBool::new(false));
        let (is_connected, connected) = watch::channel(false);
        let writer = channel.clone().write(queue, Arc::clone(&overflowed));
        let reader = channel.read(local, is_connected);
        tokio::spawn(shutdown.clone().run_until_cancelled_owned(writer));
        tokio::spawn(shutdown.clone().run_until_cancelled_owned(reader));
        Self { outgoing, overflowed, connected }
    }

    /// Queues `message` for the other replicas; a full queue turns into a gap for them.
    pub(super) fn forward(&self, message: Arc<Message>) {
        if self.outgoing.try_send(Outgoing::Message(message, Instant::now())).is_err() {
            self.overflowed.store(true, Ordering::Release);
        }
    }

    pub(super) async fn flush(&self) {
        let (flushed, all_sent) = oneshot::channel();
        let drained = async {
            if self.outgoing.send(Outgoing::Flushed(flushed)).await.is_ok() {
                let _ = all_sent.await;
            }
        };
        let _ = timeout(FLUSH_TIMEOUT, drained).await;
    }

    pub(super) fn is_connected(&self) -> bool {
        // An error means that the reader has ended.
        self.connected.has_changed().is_ok() && *self.connected.borrow()
    }
}

#[derive(Clone)]
struct Channel {
    redis: Redis,
    name: String,
    /// Tells our own messages when they come back.
    origin: u64,
    /// Where its clock begins.
    epoch: Instant,
    traffic: Traffic,
}

impl Channel {
    async fn write(self, mut queue: mpsc::Receiver<Outgoing>, overflowed: Arc<AtomicBool>) {
        while let Some(outgoing) = queue.recv().await {
            let (message, published_at) = match outgoing {
                Outgoing::Message(message, published_at) => (message, published_at),
                Outgoing::Flushed(flushed) => {
                    let _ = flushed.send(());
                    continue;
                }
            };
            let lost = !self.send(Some(&message), published_at).await;
            if lost || overflowed.load(Ordering::Acquire) {
                tracing::warn!("the bus lost messages to other replicas, which will be told of a gap");
                let mut backoff = Backoff::default();
                loop {
                    // What waits is covered by the gap too, and so is what overflows until it is sent.
                    overflowed.store(false, Ordering::Release);
                    for _ in 0..queue.len() {
                        let _ = queue.try_recv();
                    }
                    if self.send(None, Instant::now()).await {
                        break;
                    }
                    backoff.wait().await;
                }
            }
        }
    }

    async fn send(&self, message: Option<&Message>, published_at: Instant) -> bool {
        let published_at = self.micros_until(published_at);
        let envelope = Envelope { origin: self.origin, published_at, message };
        let Ok(json) = serde_json::to_string(&envelope) else {
            return false;
        };
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&self.name).arg(json);
        self.redis.run(publish.query_async::<()>(&mut self.redis.connection())).await.is_ok()
    }

    async fn read(self, local: broadcast::Sender<Event>, connected: watch::Sender<bool>) {
        let mut backoff = Backoff::default();
        let mut announced = false;
        loop {
            let reason = match timeout(SUBSCRIBE_TIMEOUT, self.subscribe()).await {
                Ok(Ok((sink, messages))) => {
                    backoff = Backoff::default();
                    announced = false;
                    connected.send_replace(true);
                    // Whatever was sent before the subscription stood was missed.
                    self.traffic.gaps.inc();
                    let _ = local.send(Event::Gap);
                    let reason = self.listen(sink, messages, &local).await;
                    connected.send_replace(false);
                    reason.to_owned()
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer in time".to_owned(),
            };
            if !std::mem::replace(&mut announced, true) {
                let redis = self.redis.describe();
                tracing::warn!("the bus does not hear other replicas through {redis}: {reason}");
            }
            backoff.wait().await;
        }
    }

    async fn subscribe(&self) -> RedisResult<(PubSubSink, PubSubStream)> {
        let mut connection = self.redis.client().get_async_pubsub().await?;
        connection.subscribe(&self.name).await?;
        Ok(connection.split())
    }

    /// Hands on what arrives until the connection ends, and says why it did.
    async fn listen(
        &self,
        mut sink: PubSubSink,
        mut messages: PubSubStream,
        local: &broadcast::Sender<Event>,
    ) -> &'static str {
        let heartbeat = async {
            loop {
                sleep(HEARTBEAT).await;
                let pong = timeout(HEARTBEAT_TIMEOUT, sink.ping::<redis::Value>()).await;
                if !matches!(pong, Ok(Ok(_))) {
                    break;
                }
            }
        };
        let delivery = async {
            while let Some(message) = messages.next().await {
                if let Some(event) = self.open(message.get_payload_bytes()) {
                    let _ = local.send(event);
                }
            }
        };
        tokio::select! {
            () = heartbeat => "it stopped answering",
            () = delivery => "it closed the connection",
        }
    }

    /// The event in an envelope, or `None` when it is our own.
    fn open(&self, json: &[u8]) -> Option<Event> {
        match serde_json::from_slice::<Envelope<Message>>(json) {
            Ok(envelope) if envelope.origin == self.origin => {
                let micros = self.micros_until(Instant::now()).saturating_sub(envelope.published_at);
                self.traffic.round_trip.observe(Duration::from_micros(micros));
                None
            }
            Ok(Envelope { message: Some(message), .. }) => {
                self.traffic.received.inc();
                Some(Event::Message(Arc::new(message)))
            }
            Ok(Envelope { message: None, .. }) | Err(_) => {
                self.traffic.gaps.inc();
                Some(Event::Gap)
            }
        }
    }

    fn micros_until(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.epoch);
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    }
}

/// Waits that grow from 100 ms to 2 s, each cut by up to half, so that replicas do not come back in step.
struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(Duration::from_millis(100))
    }
}

impl Backoff {
    async fn wait(&mut self) {
        sleep(self.0.mul_f64(rand::random_range(0.5..1.0))).await;
        self.0 = (self.0 * 2).min(Duration::from_secs(2));
    }
}
