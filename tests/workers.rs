//! Work behind the answers of real servers: one that dies with a job, and several that share a queue.

use std::collections::BTreeSet;

use futures_util::future::join;

use crate::support::{
    Client, email_of,
    process::{Installation, Server, until},
    smtp::{MailServer, Manners},
};

fn with_mail(installation: Installation, mail_server: &MailServer) -> Installation {
    installation
        .with("SMTP_HOST", "127.0.0.1")
        .with("SMTP_PORT", mail_server.port.to_string())
        .with("SMTP_TLS", "none")
        .with("REQUIRE_EMAIL_VERIFICATION", "off")
        .with("MAIL_REQUESTS_PER_HOUR", "100000")
}

async fn forget_password(client: &Client, name: &str) {
    let email = email_of(name);
    let ask = format!(r#"mutation {{ requestPasswordReset(input: {{ email: "{email}" }}) }}"#);
    client.query(&ask).await.data();
}

fn resets(mail_server: &MailServer) -> Vec<String> {
    mail_server.mails().into_iter().filter(|mail| mail.contains("/reset-password#token=")).collect()
}

fn header(mail: &str, name: &str) -> String {
    let start = format!("{name}: ");
    let line = mail.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap_or_else(|| panic!("no {name}: {mail}")).to_owned()
}

#[tokio::test]
async fn a_mail_outlives_the_server_that_was_sending_it() {
    let mail_server = MailServer::start(Manners::FallsSilent).await;
    let installation = with_mail(Installation::new().await, &mail_server);
    let mut first = installation.serve().await;
    first.with_user("zhang").await;
    forget_password(&first.client(), "zhang").await;
    let sent = until("the mail server has it", async || resets(&mail_server).pop()).await;
    first.process.kill();

    // Nobody waits here for as long as a lease is.
    installation.sql("UPDATE jobs SET lease_expires_at = created_at WHERE lease_id IS NOT NULL").await;
    mail_server.set(Manners::Takes);
    let second = installation.serve().await;
    until("it is sent once more", async || (resets(&mail_server).len() == 2).then_some(())).await;
    let again = resets(&mail_server).pop().unwrap();
    assert_eq!(header(&again, "Message-ID"), header(&sent, "Message-ID"), "so that it is shown once");
    let state = "{ mails(first: 1) { nodes { state attempts } } }";
    let admin = second.admin().await;
    until("it is noted", async || {
        (admin.query(state).await.at("/mails/nodes/0/state") == "SENT").then_some(())
    })
    .await;
}

async fn names(server: &Server, prefix: &str, number: usize) -> Vec<String> {
    let names: Vec<_> = (0..number).map(|person| format!("{prefix}{person}")).collect();
    for name in &names {
        server.with_user(name).await;
    }
    names
}

#[tokio::test]
async fn replicas_share_the_work_and_do_nothing_twice() {
    let Some(installation) = Installation::for_replicas().await else { return };
    let mail_server = MailServer::start(Manners::Takes).await;
    let installation = with_mail(installation, &mail_server);
    let (first, second) = join(installation.serve(), installation.serve()).await;
    let names = names(&first, "li", 20).await;
    let (here, there) = (first.client(), second.client());
    for (number, name) in names.iter().enumerate() {
        forget_password(if number % 2 == 0 { &here } else { &there }, name).await;
    }
    until("all are sent", async || (resets(&mail_server).len() >= names.len()).then_some(())).await;
    let admin = first.admin().await;
    until("and noted", async || {
        let queued = admin.query("{ mails(state: QUEUED) { totalCount } }").await;
        (queued.at("/mails/totalCount") == 0).then_some(())
    })
    .await;
    let sent = resets(&mail_server);
    let recipients: BTreeSet<_> = sent.iter().map(|mail| header(mail, "To")).collect();
    assert_eq!((sent.len(), recipients.len()), (names.len(), names.len()));
}
