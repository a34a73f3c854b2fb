//! Serving until told to stop, and stopping without breaking anything off.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{App, client::is_trusted, router};
use crate::{
    auth::Principal,
    gateway::Gateway,
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

/// A connection's place among those that are served at once; a WebSocket holds it for as long as it is open.
#[derive(Clone)]
pub(super) struct Place {
    _held: Arc<(OwnedSemaphorePermit, Seat)>,
}

/// A platform that is ready to serve.
pub struct Server(App);

impl Server {
    /// Prepares a server that stops when `shutdown` fires.
    ///
    /// # Errors
    /// A manifest of trusted documents cannot be used.
    pub fn new(gateway: Gateway, shutdown: CancellationToken) -> anyhow::Result<Self> {
        App::new(gateway, shutdown).map(Self)
    }

    /// Serves on `listener` until told to stop. Then: no new connections, requests in flight finish, sockets close with
    /// 1001 so that clients come back elsewhere, noted activity is written; all within the configured time.
    pub async fn serve(self, listener: TcpListener) {
        let Self(app) = self;
        let (gateway, tasks, shutdown) = (app.gateway.clone(), app.tasks.clone(), app.shutdown.clone());
        tasks.spawn(live::follow_changes(gateway.clone(), shutdown.clone()));
        tasks.spawn(activity::keep_flushing(gateway.clone(), shutdown.clone()));

        shutdown.run_until_cancelled(accept(&listener, app)).await;
        drop(listener);

        tracing::info!("stopping: requests in flight may finish");
        tasks.close();
        if timeout(gateway.config.shutdown_timeout, tasks.wait()).await.is_err() {
            tracing::warn!("some requests did not finish in time and were broken off");
        }
    }
}

/// Accepts connections for as long as it is polled; when all places are taken, those that come wait in the
/// kernel's queue.
async fn accept(listener: &TcpListener, app: App) {
    let config = &app.gateway.config;
    let places = Arc::new(Semaphore::new(config.max_connections as usize));
    let (by_address, most) = (Seats::default(), config.max_connections / ADDRESS_PART);
    let trusted_proxies = config.trusted_proxies.clone();
    let (tasks, shutdown) = (app.tasks.clone(), app.shutdown.clone());
    let router = router(app);
    while let Ok(permit) = Arc::clone(&places).acquire_owned().await {
        let (stream, peer) = next_connection(listener).await;
        let address = peer.ip().to_canonical();
        let most = if is_trusted(&trusted_proxies, address) { u32::MAX } else { most };
        let Some(seat) = by_address.take(Principal::Network(address.to_string()), most) else { continue };
        let place = Place { _held: Arc::new((permit, seat)) };
        let (router, shutdown) = (router.clone(), shutdown.clone());
        tasks.spawn(async move {
            // What a client does to its own connection is nobody else's concern.
            if let Err(error) = serve_connection(stream, peer, router, place, shutdown).await {
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
) -> hyper::Result<()> {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        router.clone().oneshot(request.map(Body::new))
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
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
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
