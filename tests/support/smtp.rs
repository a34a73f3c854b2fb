//! A mail server of a test's own: as much of RFC 5321 as is spoken to it.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What it answers to a mail that was handed over whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Takes it.
    Takes,
    /// Has it come back later.
    RefusesForNow,
    /// Knows no such recipient.
    RefusesForGood,
    /// Has it, and says nothing.
    FallsSilent,
}

/// Listens on a free port until it is dropped.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    shared: Arc<Mutex<Shared>>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    manners: Manners,
    mails: Vec<String>,
}

impl MailServer {
    pub(crate) async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Mutex::new(Shared { manners, mails: Vec::new() }));
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { port, shared, task }
    }

    pub(crate) fn set(&self, manners: Manners) {
        self.shared.lock().unwrap().manners = manners;
    }

    /// All mails that came whole, as they came, without the folding of quoted-printable.
    pub(crate) fn mails(&self) -> Vec<String> {
        let mails = self.shared.lock().unwrap().mails.clone();
        mails.into_iter().map(|mail| mail.replace("=\r\n", "").replace("=3D", "=")).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    while let Ok((connection, _)) = listener.accept().await {
        tokio::spawn(converse(connection, Arc::clone(&shared)));
    }
}

/// Until the client has gone, which is no error.
async fn converse(connection: TcpStream, shared: Arc<Mutex<Shared>>) -> Option<()> {
    let mut connection = BufReader::new(connection);
    say(&mut connection, "220 mail.test").await?;
    loop {
        let line = hear(&mut connection).await?;
        let verb = line.trim_end().split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut connection, "250-mail.test\r\n250-8BITMIME\r\n250 SMTPUTF8").await?,
            "DATA" => {
                say(&mut connection, "354 go on").await?;
                let mut mail = String::new();
                loop {
                    let line = hear(&mut connection).await?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail.push_str(&line);
                }
                let manners = {
                    let mut shared = shared.lock().unwrap();
                    shared.mails.push(mail);
                    shared.manners
                };
                match manners {
                    Manners::Takes => say(&mut connection, "250 taken").await?,
                    Manners::RefusesForNow => say(&mut connection, "451 later").await?,
                    Manners::RefusesForGood => say(&mut connection, "550 no such mailbox").await?,
                    Manners::FallsSilent => std::future::pending().await,
                }
            }
            "QUIT" => return say(&mut connection, "221 bye").await,
            _ => say(&mut connection, "250 ok").await?,
        }
    }
}

async fn say(connection: &mut BufReader<TcpStream>, line: &str) -> Option<()> {
    connection.write_all(format!("{line}\r\n").as_bytes()).await.ok()
}

async fn hear(connection: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = connection.read_line(&mut line).await.ok()?;
    (read > 0).then_some(line)
}
