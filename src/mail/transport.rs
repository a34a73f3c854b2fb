//! How mails leave: by SMTP, or as files where no server is configured.

use std::{
    error::Error,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use lettre::{
    AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
    transport::smtp::{self, authentication::Credentials},
};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::Rendered;
use crate::{
    config::{Config, SmtpTls},
    id::MailId,
    store::data_folder,
};

/// How long the mail server may take to answer.
const SMTP_DEADLINE: Duration = Duration::from_secs(30);

/// What a mail server says of a recipient that it will never take mails for (RFC 5321, section 4.2.3): unknown, elsewhere,
/// not allowed. All else, such as a password that is wrong, may be mended meanwhile.
const NO_SUCH_RECIPIENT: [u16; 3] = [550, 551, 553];

/// Why a mail did not leave.
#[derive(Debug)]
pub enum SendError {
    /// Another try is worth it.
    ForNow(anyhow::Error),
    /// The recipient will not get it, however often it is tried.
    ForGood(anyhow::Error),
}

impl From<anyhow::Error> for SendError {
    fn from(error: anyhow::Error) -> Self {
        Self::ForNow(error)
    }
}

/// The way out.
#[derive(Debug, Clone)]
pub struct Transport {
    from: Mailbox,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Files(PathBuf),
}

impl Transport {
    /// The way that is configured.
    ///
    /// # Errors
    /// The server's name or certificates cannot be used.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let from = config.mail.from.parse().context("MAIL_FROM")?;
        let Some(smtp) = &config.mail.smtp else {
            return Ok(Self { from, way: Way::Files(config.data_dir.join("outbox")) });
        };
        let builder = match smtp.tls {
            SmtpTls::StartTls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&smtp.host)?,
            SmtpTls::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&smtp.host)?,
            SmtpTls::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host),
        };
        let mut builder = builder.port(smtp.port).timeout(Some(SMTP_DEADLINE));
        if let Some((username, password)) = &smtp.credentials {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(username.clone(), password));
        }
        Ok(Self { from, way: Way::Smtp(builder.build()) })
    }

    /// Hands a mail over. Sent once more it has the same `Message-ID`, by which programs show it once.
    ///
    /// # Errors
    /// The address cannot be written to, or the server does not take the mail.
    pub async fn send(&self, id: MailId, recipient: &str, mail: &Rendered) -> Result<(), SendError> {
        let message = self.message(id, recipient, mail).map_err(SendError::ForGood)?;
        match &self.way {
            Way::Smtp(server) => match server.send(message).await {
                Ok(_) => Ok(()),
                Err(error) if is_for_good(&error) => Err(SendError::ForGood(error.into())),
                Err(error) => Err(SendError::ForNow(error.into())),
            },
            Way::Files(folder) => Ok(write(folder, message).await?),
        }
    }

    fn message(&self, id: MailId, recipient: &str, mail: &Rendered) -> anyhow::Result<Message> {
        let body = MultiPart::alternative_plain_html(
            mail.text.expose_secret().to_owned(),
            mail.html.expose_secret().to_owned(),
        );
        let id = format!("<{}@{}>", Uuid::from(id), self.from.email.domain());
        Ok(Message::builder()
            .message_id(Some(id))
            .from(self.from.clone())
            .to(Mailbox::new(None, recipient.parse().context("the recipient's address")?))
            .subject(mail.subject.clone())
            .header(AutoSubmitted)
            .multipart(body)?)
    }

    /// Whether the mail server takes mails from us, for `doctor`; a folder always does.
    ///
    /// # Errors
    /// What the server said.
    pub async fn check(&self) -> anyhow::Result<()> {
        match &self.way {
            Way::Smtp(server) => {
                anyhow::ensure!(server.test_connection().await?, "the server does not answer as it should");
                Ok(())
            }
            Way::Files(_) => Ok(()),
        }
    }
}

fn is_for_good(error: &smtp::Error) -> bool {
    error.status().is_some_and(|code| NO_SUCH_RECIPIENT.contains(&u16::from(code)))
}

async fn write(folder: &Path, message: Message) -> anyhow::Result<()> {
    data_folder::create(folder)?;
    let id = AsyncFileTransport::<Tokio1Executor>::new(folder).send(message).await?;
    // A link in it lets somebody in.
    fs::set_permissions(folder.join(format!("{id}.eml")), fs::Permissions::from_mode(0o600))?;
    Ok(())
}

/// Keeps notes of absence from being sent in reply (RFC 3834, section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}
