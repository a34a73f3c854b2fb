//! The outbox in the schema.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject, connection::Connection};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use super::{Mail, MailKind, MailState, list, service};
use crate::{
    auth::Admin,
    error::Error,
    graphql::{
        RequestContext, Result,
        page::{List, PageArgs},
    },
    id::{MailId, TypedId},
    store::page::Position,
};

/// A mail that an administrator may see: where it went and whether it got there, not what it says.
pub struct MailNode(Mail);

impl MailNode {
    /// A mail that a service has let the caller see.
    #[must_use]
    pub fn new(mail: Mail) -> Self {
        Self(mail)
    }
}

/// A mail of the platform's.
#[Object(name = "Mail")]
impl MailNode {
    /// Identifies the mail.
    pub async fn id(&self) -> ID {
        self.0.id.to_wire().into()
    }

    /// Where it goes.
    async fn recipient(&self) -> &str {
        &self.0.recipient
    }

    /// What it tells.
    async fn kind(&self) -> MailKind {
        self.0.kind
    }

    /// Whether it was sent.
    async fn state(&self) -> MailState {
        self.0.state
    }

    /// How often sending it was tried.
    async fn attempts(&self) -> i32 {
        self.0.attempts
    }

    /// When it was written.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the mail server took it.
    async fn sent_at(&self) -> Option<DateTime<Utc>> {
        self.0.sent_at
    }

    /// When it is tried the next time.
    async fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        self.0.next_attempt_at
    }

    /// Why it was not sent the last time.
    async fn last_error(&self) -> Option<&str> {
        self.0.last_error.as_deref()
    }
}

/// A mail of an installation on somebody's own machine.
#[derive(SimpleObject)]
#[graphql(name = "DevelopmentMail")]
struct DevelopmentMailObject {
    /// Identifies the mail.
    id: ID,
    /// Where it goes.
    recipient: String,
    /// Subject.
    subject: String,
    /// The text for programs that show no HTML.
    text: String,
    /// The text for the others.
    html: String,
    /// When it was sent.
    sent_at: DateTime<Utc>,
}

impl From<service::DevelopmentMail> for DevelopmentMailObject {
    fn from(service::DevelopmentMail { mail, rendered }: service::DevelopmentMail) -> Self {
        Self {
            id: mail.id.to_wire().into(),
            recipient: mail.recipient,
            subject: rendered.subject,
            text: rendered.text.expose_secret().to_owned(),
            html: rendered.html.expose_secret().to_owned(),
            sent_at: mail.sent_at.unwrap_or(mail.created_at),
        }
    }
}

/// What a connection of mails knows beside its page.
pub struct MailConnectionFields {
    admin: Admin,
    state: Option<MailState>,
}

#[Object]
impl MailConnectionFields {
    /// How many mails there are on all pages.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<u64> {
        Ok(list::count(&RequestContext::of(ctx).gateway, &self.admin, self.state).await?)
    }
}

/// A page of mails.
pub type MailConnection = Connection<String, MailNode, MailConnectionFields>;

/// Questions about mails.
#[derive(Default)]
pub struct MailQuery;

#[Object]
impl MailQuery {
    /// The outbox, the latest mail first. Administrators only.
    async fn mails(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many from the beginning: 1 to 100, 20 when left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Only mails behind this cursor.")] after: Option<String>,
        #[graphql(desc = "At most so many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only mails before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only mails in this state.")] state: Option<MailState>,
    ) -> Result<MailConnection> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let list = List::new(format!("mails {state:?}"), &request.gateway.session_key);
        let page = list.page(&PageArgs { first, after, last, before })?;
        let slice = list::list_page(&request.gateway, &admin, state, &page).await?;
        let position = |mail: &Mail| Position { key: mail.created_at, id: mail.id.into() };
        Ok(list.connection(slice, MailConnectionFields { admin, state }, position, MailNode::new))
    }

    /// The latest mails of an installation on one's own machine, links and all: in development without a mail server, and
    /// for whoever asks from that very machine.
    async fn development_mails(&self, ctx: &Context<'_>) -> Result<Vec<DevelopmentMailObject>> {
        let request = RequestContext::of(ctx);
        let mails = service::list_development_mails(&request.gateway, &request.client).await?;
        Ok(mails.into_iter().map(Into::into).collect())
    }
}

/// What `retryMail` needs.
#[derive(InputObject)]
struct RetryMailInput {
    /// ID of the mail.
    mail_id: ID,
}

/// Changes to the outbox.
#[derive(Default)]
pub struct MailMutation;

#[Object]
impl MailMutation {
    /// Has sending a mail that was given up tried again. Administrators only.
    async fn retry_mail(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which mail.")] input: RetryMailInput,
    ) -> Result<MailNode> {
        let request = RequestContext::of(ctx);
        let admin = request.require_admin()?;
        let id = MailId::parse(&input.mail_id).ok_or(Error::NotFound("mail"))?;
        Ok(MailNode::new(service::retry(&request.gateway, &admin, &request.client, id).await?))
    }
}
