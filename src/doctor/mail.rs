//! Mail: whether the server takes it.

use super::{
    Check, Group, Installation,
    check::{DEADLINE, Subject},
};
use crate::mail::transport::Transport;

static MAIL: Subject = Subject::new("mail", Group::Server, "Mail");

const KEYS: [&str; 6] = ["SMTP_HOST", "SMTP_PORT", "SMTP_TLS", "SMTP_USERNAME", "SMTP_PASSWORD", "MAIL_FROM"];

pub(super) async fn examine(installation: &Installation) -> Vec<Check> {
    vec![MAIL.in_time(look(installation)).await]
}

async fn look(installation: &Installation) -> Check {
    if let Some(reason) = installation.unusable(&KEYS) {
        return MAIL.skipped(reason);
    }
    let config = &installation.config;
    let Some(smtp) = &config.mail.smtp else {
        let evidence = "no server is configured: mails become files in DATA_DIR/outbox";
        return if installation.production {
            MAIL.warning(evidence, "Set SMTP_HOST, or nobody can reset a password")
        } else {
            MAIL.ok(evidence)
        };
    };
    let place = format!("{}:{}", smtp.host, smtp.port);
    let asked = async { Transport::new(config)?.check().await };
    match tokio::time::timeout(DEADLINE, asked).await {
        Ok(Ok(())) => MAIL.ok(format!("{place} takes mails")),
        Ok(Err(error)) => MAIL.failed(
            format!("{place} does not: {error:#}"),
            "Correct SMTP_HOST, SMTP_PORT, SMTP_TLS, SMTP_USERNAME and SMTP_PASSWORD",
        ),
        Err(_) => MAIL.failed(format!("{place} does not answer"), "Open the way to SMTP_HOST and SMTP_PORT"),
    }
}
