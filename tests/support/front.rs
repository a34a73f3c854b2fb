//! What stands in front of a server: a proxy that also serves the console, with good manners or bad ones.

use std::{
    fmt::Write,
    net::{Ipv4Addr, TcpListener},
    sync::{Arc, Mutex},
};

use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

/// What the console's build left; the page is the one that people get, before its scripts are named.
const PAGE: &str = include_str!("../../frontend/index.html");

/// What it does with a request.
#[derive(Clone)]
pub(crate) struct Manners {
    /// The server; without one it answers 502.
    pub(crate) server: Option<u16>,
    /// Tells the server who asks: 203.0.113.9, always. Otherwise what the client claims passes as it is.
    pub(crate) forwards: bool,
    /// Passes the wish for a WebSocket on.
    pub(crate) upgrades: bool,
    /// What the console was built for.
    pub(crate) api_url: Option<String>,
    /// Shows metrics to everybody.
    pub(crate) metrics: bool,
}

pub(crate) struct Front {
    port: u16,
    scheme: &'static str,
    manners: Arc<Mutex<Manners>>,
}

impl Front {
    pub(crate) fn listen() -> Self {
        Self::start(None)
    }

    /// With a certificate of its own making, which holds for `name` until that date, and is returned in PEM.
    pub(crate) fn listen_tls(name: &str, until: (i32, u8, u8)) -> (Self, String) {
        let mut certificate = CertificateParams::new([name.to_owned()]).unwrap();
        certificate.not_before = rcgen::date_time_ymd(2020, 1, 1);
        certificate.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        let key = KeyPair::generate().unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        (Self::start(Some(TlsAcceptor::from(Arc::new(config)))), certificate.pem())
    }

    fn start(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let manners = Arc::new(Mutex::new(Manners {
            server: None,
            forwards: true,
            upgrades: true,
            api_url: None,
            metrics: false,
        }));
        let front = Self {
            port,
            scheme: if tls.is_some() { "https" } else { "http" },
            manners: Arc::clone(&manners),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (manners, tls) = (manners.lock().unwrap().clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => answer(client, manners).await,
                        // Whoever does not trust the certificate goes away.
                        Some(tls) => match tls.accept(client).await {
                            Ok(client) => answer(client, manners).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        front
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.manners.lock().unwrap());
    }
}

/// One request a connection. `None` where somebody went away.
async fn answer(mut client: impl AsyncRead + AsyncWrite + Unpin, manners: Manners) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let own = match head.split(' ').nth(1)? {
        "/" => Some(("200 OK", PAGE.to_owned())),
        "/console.json" => Some(("200 OK", json!({ "apiUrl": manners.api_url, "version": "0" }).to_string())),
        "/metrics" if manners.metrics => Some(("200 OK", "# TYPE up gauge\nup 1\n".to_owned())),
        _ if manners.server.is_none() => Some(("502 Bad Gateway", "no server".to_owned())),
        _ => None,
    };
    if let Some((status, body)) = own {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nServer: front\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        client.write_all(answer.as_bytes()).await.ok()?;
        return client.shutdown().await.ok();
    }
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, manners.server?)).await.ok()?;
    server.write_all(passed_on(&head, &manners).as_bytes()).await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok()?;
    Some(())
}

fn passed_on(head: &str, manners: &Manners) -> String {
    let wants_socket = head.to_lowercase().contains("\r\nupgrade: websocket");
    let (mut passed, mut claimed) = (String::new(), String::new());
    for line in head.trim_end().split("\r\n") {
        let name = line.split(':').next().unwrap().to_lowercase();
        match name.as_str() {
            "connection" | "upgrade" if !manners.upgrades || !wants_socket => {}
            "x-forwarded-for" if manners.forwards => {
                claimed = line.split_once(':').unwrap().1.trim().to_owned() + ", ";
            }
            _ => write!(passed, "{line}\r\n").unwrap(),
        }
    }
    if !manners.upgrades || !wants_socket {
        passed += "Connection: close\r\n";
    }
    if manners.forwards {
        write!(passed, "X-Forwarded-For: {claimed}203.0.113.9\r\nX-Forwarded-Proto: http\r\n").unwrap();
    }
    passed + "\r\n"
}
