//! Serving until told to stop, and stopping without breaking anything off.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderValue, StatusCode, header::CONNECTION},
    response::Response,
};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{App, client::is_trusted, metrics, router};
use crate::{
    auth::Principal,
    gateway::Gateway,
    log_level,
    session::{
        activity, live,
        sockets::{Seat, Seats},
    },
};

/// How long a client may take to send the head of a request, the next one on a connection that is kept alive included:
/// a proxy in front must keep its connections idle for less, or it would use one just as it closes.
const HEAD_DEADLINE: Duration = Duration::from_secs(20);
/// How long a client may leave what was sent to it unread.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// Bytes of a request's head.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// One address may have this part of all connections, unless it is a trusted proxy's: another one that comes is hung
/// up on.
const ADDRESS_PART: u32 = 4;
/// Header fields of a request.
const MAX_HEADERS: usize = 100;
/// Connections to the metrics that are served at once.
const MAX_METRICS_CONNECTIONS: u32 = 32;

/// A connection's place among those that are served at once; a WebSocket holds it for as long as it is open.
#[derive(Clone)]
pub(super) struct Place {
    _held: Arc<(OwnedSemaphorePermit, Seat)>,
}

/// A platform that is ready to serve.
pub struct Server {
    app: App,
    metrics: Option<TcpListener>,
}

impl Server {
    /// Prepares a server that stops when `shutdown` fires.
    ///
    /// # Errors
    /// A manifest of trusted documents cannot be used.
    pub fn new(gateway: Gateway, shutdown: CancellationToken) -> anyhow::Result<Self> {
        Ok(Self { app: App::new(gateway, shutdown)?, metrics: None })
    }

    /// Has `listener` serve the metrics.
    #[must_use]
    pub fn with_metrics(self, listener: TcpListener) -> Self {
        Self { metrics: Some(listener), ..self }
    }

    /// Serves on `listener` until told to stop. Then: no new connections, requests in flight finish, sockets close with
    /// 1001 so that clients come back elsewhere, noted activity is written; all within the configured time.
    ///
    /// A proxy keeps connections to send more requests over, and may be sending one as they are closed; it cannot know
    /// whether that was run, so a mutation would be lost. For the configured drain such connections therefore stay, and
    /// each closes with the next answer over it.
    pub async fn serve(self, listener: TcpListener) {
        let Self { app, metrics } = self;
        let (gateway, tasks, shutdown) = (app.gateway.clone(), app.tasks.clone(), app.shutdown.clone());
        tasks.spawn(live::follow_changes(gateway.clone(), shutdown.clone()));
        tasks.spawn(log_level::service::follow(gateway.clone(), shutdown.clone()));
        tasks.spawn(activity::keep_flushing(gateway.clone(), shutdown.clone()));

        let drained = CancellationToken::new();
        if let Some(listener) = metrics {
            let entrance = Entrance::to_metrics(&app, &drained);
            tasks.spawn(
                shutdown.clone().run_until_cancelled_owned(async move { entrance.accept(&listener).await }),
            );
        }
        let entrance = Entrance::to_platform(app, &drained);
        shutdown.run_until_cancelled(entrance.accept(&listener)).await;
        entrance.accept_who_waits(listener);

        tracing::info!("stopping: requests in flight may finish");
        tasks.close();
        if timeout(gateway.config.shutdown_drain, tasks.wait()).await.is_ok() {
            return;
        }
        drained.cancel();
        if timeout(gateway.config.shutdown_timeout, tasks.wait()).await.is_err() {
            tracing::warn!("some requests did not finish in time and were broken off");
        }
    }
}

/// What stands between a listener and a router.
struct Entrance {
    router: Router,
    trusted_proxies: Vec<IpNet>,
    places: Arc<Semaphore>,
    by_address: Seats,
    /// Connections that one address may have.
    most: u32,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    drained: CancellationToken,
}

impl Entrance {
    fn to_platform(app: App, drained: &CancellationToken) -> Self {
        let most = app.gateway.config.max_connections;
        Self::new(&app, router(app.clone()), app.connections.clone(), most, drained)
    }

    fn to_metrics(app: &App, drained: &CancellationToken) -> Self {
        Self::new(app, metrics::router(app), Seats::default(), MAX_METRICS_CONNECTIONS, drained)
    }

    fn new(
        app: &App,
        router: Router,
        by_address: Seats,
        max_connections: u32,
        drained: &CancellationToken,
    ) -> Self {
        Self {
            router,
            trusted_proxies: app.gateway.config.trusted_proxies.clone(),
            places: Arc::new(Semaphore::new(max_connections as usize)),
            by_address,
            most: max_connections / ADDRESS_PART,
            tasks: app.tasks.clone(),
            shutdown: app.shutdown.clone(),
            drained: drained.clone(),
        }
    }

    /// Accepts connections for as long as it is polled; when all places are taken, those that come wait in the
    /// kernel's queue.
    async fn accept(&self, listener: &TcpListener) {
        while let Ok(permit) = Arc::clone(&self.places).acquire_owned().await {
            let (stream, peer) = next_connection(listener).await;
            self.admit(stream, peer, permit);
        }
    }

    /// Closes a listener. Who was connected by the kernel and is not accepted would be cut off, so they are let in first.
    fn accept_who_waits(&self, listener: TcpListener) {
        let Ok(listener) = listener.into_std() else { return };
        while let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            let Ok((stream, peer)) = listener.accept() else { return };
            if stream.set_nonblocking(true).is_ok()
                && let Ok(stream) = TcpStream::from_std(stream)
            {
                self.admit(stream, peer, permit);
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        let address = peer.ip().to_canonical();
        let most = if is_trusted(&self.trusted_proxies, address) { u32::MAX } else { self.most };
        let Some(seat) = self.by_address.take(Principal::Network(address.to_string()), most) else { return };
        let place = Place { _held: Arc::new((permit, seat)) };
        let (router, shutdown, drained) = (self.router.clone(), self.shutdown.clone(), self.drained.clone());
        self.tasks.spawn(async move {
            // What a client does to its own connection is nobody else's concern.
            if let Err(error) = serve_connection(stream, peer, router, place, shutdown, drained).await {
                tracing::debug!(%error, "a connection failed");
            }
        });
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    place: Place,
    shutdown: CancellationToken,
    drained: CancellationToken,
) -> hyper::Result<()> {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        let (answer, shutdown) = (router.clone().oneshot(request.map(Body::new)), shutdown.clone());
        async move {
            let mut response = answer.await?;
            if shutdown.is_cancelled() {
                close_after(&mut response);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_header_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(Box::pin(with_deadline(stream))), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = drained.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// Has a connection end with this answer, and its client know so.
fn close_after(response: &mut Response) {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

async fn next_connection(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The client has changed its mind.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => {
                // Most likely too many open files, which passes as connections end.
                tracing::error!(%error, "no connection can be accepted");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn with_deadline(stream: TcpStream) -> TimeoutStream<TcpStream> {
    // Small answers must not wait for each other; without it they would only be slower.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_DEADLINE));
    stream
}
