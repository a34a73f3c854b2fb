//! How mails leave: by SMTP, or as files where no server is configured.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use anyhow::Context;
use lettre::{
    AsyncFileTransport, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::authentication::Credentials,
};
use secrecy::ExposeSecret;

use super::Rendered;
use crate::{
    config::{Config, SmtpTls},
    store::data_folder,
};

/// How long the mail server may take to answer.
const SMTP_DEADLINE: Duration = Duration::from_secs(30);

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

    /// Hands a mail over.
    ///
    /// # Errors
    /// The address cannot be written to, or the server does not take the mail.
    pub async fn send(&self, recipient: &str, mail: &Rendered) -> anyhow::Result<()> {
        let body = MultiPart::alternative_plain_html(
            mail.text.expose_secret().to_owned(),
            mail.html.expose_secret().to_owned(),
        );
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, recipient.parse().context("the recipient's address")?))
            .subject(mail.subject.clone())
            .multipart(body)?;
        match &self.way {
            Way::Smtp(server) => {
                server.send(message).await?;
            }
            Way::Files(folder) => {
                data_folder::create(folder)?;
                let id = AsyncFileTransport::<Tokio1Executor>::new(folder).send(message).await?;
                // A link in it lets somebody in.
                fs::set_permissions(folder.join(format!("{id}.eml")), fs::Permissions::from_mode(0o600))?;
            }
        }
        Ok(())
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
