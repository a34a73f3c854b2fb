//! Signing up.

use sea_orm::DatabaseTransaction;

use crate::{
    audit::{self, Entry, Kind, service::Recorded},
    auth::{Client, viewer::Role},
    config::RegistrationMode,
    email::Email,
    error::{Error, Result},
    gateway::Gateway,
    invitation::{self, Invitation},
    job,
    locale::Locale,
    mail,
    one_time_token::service::Issued,
    session::start::{self, Begin, Method, Origin, SignedIn},
    store::rate_limit::Quota,
    user::{
        self, User,
        service::{CheckedNewUser, NewUser, PreparedUser},
    },
    verification,
};

/// Who signs up, and how.
#[derive(Debug)]
pub struct SignUp {
    /// The account that is wanted.
    pub new: NewUser,
    /// The language of mails.
    pub locale: Option<Locale>,
    /// The link of an invitation.
    pub invitation: Option<String>,
}

/// What comes of signing up.
#[derive(Debug)]
pub enum SignedUp {
    /// The account can be used.
    SignedIn(Box<SignedIn>),
    /// A mail was sent to this address; the challenge takes the code in it.
    VerificationRequired(String, Issued),
}

/// Sign-ups that one network may try a minute, whatever comes of them.
pub const TRIES_PER_MINUTE: u32 = 60;

/// Creates an account, and signs it in unless its address has to be verified first.
///
/// Where it has to be, nobody learns whether the address had an account already: its owner is told by mail.
///
/// # Errors
/// `REGISTRATION_CLOSED`, `INVALID_INPUT`, `RATE_LIMITED`; `INVALID_TOKEN` for an invitation that is not good, or not of
/// this address; `CONFLICT` for an address with an account, where addresses need not be verified.
pub async fn sign_up(gateway: &Gateway, sign_up: SignUp, origin: &Origin) -> Result<SignedUp> {
    check_mode(gateway, sign_up.invitation.is_some())?;
    // Judging a password takes a while, also one that breaks a rule.
    let network = origin.client.network();
    gateway.limit(&format!("sign-up-try:{network}"), Quota::per_minute(TRIES_PER_MINUTE)).await?;
    let new = user::service::check_new(gateway, &sign_up.new).await?;
    let quota = Quota::per_hour(gateway.config.sign_ups_per_hour);
    gateway.limit(&format!("sign-up:{network}"), quota).await?;
    match sign_up.invitation {
        Some(link) => accept_invitation(gateway, new, sign_up.locale, &link, origin).await,
        None => sign_up_uninvited(gateway, new, sign_up.locale, origin).await,
    }
}

/// The link came to the address, which is thereby verified; the allowed domains are for those who come uninvited.
async fn accept_invitation(
    gateway: &Gateway,
    new: CheckedNewUser,
    locale: Option<Locale>,
    link: &str,
    origin: &Origin,
) -> Result<SignedUp> {
    let invitation = invitation::service::of_link(gateway, link).await?;
    if invitation.email != new.email().as_str() {
        return Err(Error::InvalidToken);
    }
    let prepared = user::service::prepare(gateway, new, locale).await?.invited_as(invitation.role);
    let transaction = gateway.begin().await?;
    let credential = user::service::register(gateway, &transaction, prepared).await?;
    let user_id = credential.user.id;
    let accepted = invitation::service::accept(gateway, &transaction, link, user_id, &origin.client).await?;
    let entry = Entry::by_user(user_id, Kind::AccountCreated).from(&origin.client);
    let entry = entry.with("method", "INVITATION");
    let created = audit::service::record(&transaction, &gateway.clock, entry).await?;
    transaction.commit().await?;
    created.announce(gateway);
    accepted.announce(gateway);
    gateway.happenings.sign_ups.inc();
    let signed_in = start::begin(gateway, credential, Method::Password, origin, Begin::default()).await?;
    Ok(SignedUp::SignedIn(Box::new(signed_in)))
}

async fn sign_up_uninvited(
    gateway: &Gateway,
    new: CheckedNewUser,
    locale: Option<Locale>,
    origin: &Origin,
) -> Result<SignedUp> {
    check_domain(gateway, new.email())?;
    let email = new.email().as_str().to_owned();
    let prepared = user::service::prepare(gateway, new, locale).await?;
    let verifies = gateway.config.registration.requires_email_verification;
    if verifies && let Some(issued) = stand_in(gateway, &email, locale).await? {
        return Ok(SignedUp::VerificationRequired(email, issued));
    }

    let transaction = gateway.begin().await?;
    let credential = match user::service::register(gateway, &transaction, prepared).await {
        // Somebody was faster with the same address, and is told no more than anybody else.
        Err(Error::Conflict(_)) if verifies => {
            transaction.rollback().await?;
            let issued = verification::service::issue_decoy(gateway, &gateway.db, &email).await?;
            return Ok(SignedUp::VerificationRequired(email, issued));
        }
        credential => credential?,
    };
    let entry = Entry::by_user(credential.user.id, Kind::AccountCreated).from(&origin.client);
    let entry = entry.with("method", "PASSWORD");
    let recorded = audit::service::record(&transaction, &gateway.clock, entry).await?;
    let issued = verification::service::send(gateway, &transaction, &credential.user).await?;
    transaction.commit().await?;
    recorded.announce(gateway);
    job::service::wake(gateway);
    gateway.happenings.sign_ups.inc();
    if verifies {
        return Ok(SignedUp::VerificationRequired(email, issued));
    }
    let signed_in = start::begin(gateway, credential, Method::Password, origin, Begin::default()).await?;
    Ok(SignedUp::SignedIn(Box::new(signed_in)))
}

/// For an address that has an account: word to its owner, and a challenge that looks like any other.
async fn stand_in(gateway: &Gateway, email: &str, locale: Option<Locale>) -> Result<Option<Issued>> {
    let Some(owner) = user::service::find_by_email(&gateway.db, email).await? else { return Ok(None) };
    let transaction = gateway.begin().await?;
    let issued = verification::service::issue_decoy(gateway, &transaction, email).await?;
    if verification::service::limit_mails(gateway, "taken", email).await.is_ok() {
        let letter = verification::service::already_registered(gateway, &transaction, &owner, locale).await?;
        mail::service::send(gateway, &transaction, letter).await?;
    }
    transaction.commit().await?;
    job::service::wake(gateway);
    Ok(Some(issued))
}

/// Somebody who is about to have an account by the word of an identity provider.
#[derive(Debug)]
pub struct Vouched {
    prepared: PreparedUser,
    invitation: Option<Invitation>,
}

/// Prepares the account of somebody whom an identity provider vouches for, with an address that it has verified.
/// Whoever was invited at that very address comes in as one who has the link.
///
/// # Errors
/// `REGISTRATION_CLOSED`, `RATE_LIMITED`.
pub async fn prepare_vouched(
    gateway: &Gateway,
    email: Email,
    name: &str,
    role: Option<Role>,
    client: &Client,
) -> Result<Vouched> {
    let invitation = invitation::service::find_waiting(gateway, email.as_str()).await?;
    check_mode(gateway, invitation.is_some())?;
    if invitation.is_none() {
        check_domain(gateway, &email)?;
    }
    let quota = Quota::per_hour(gateway.config.sign_ups_per_hour);
    gateway.limit(&format!("sign-up:{}", client.network()), quota).await?;
    let role = role.or(invitation.as_ref().map(|invitation| invitation.role)).unwrap_or(Role::User);
    let prepared = user::service::prepare_without_password(gateway, email, name, role, true).await?;
    Ok(Vouched { prepared, invitation })
}

/// Creates an account that was prepared; what is recorded of it is told after the commit.
///
/// # Errors
/// `CONFLICT` when the address was taken meanwhile, or the invitation withdrawn.
pub async fn create_vouched(
    gateway: &Gateway,
    transaction: &DatabaseTransaction,
    vouched: Vouched,
    provider: &str,
    client: &Client,
) -> Result<(User, Vec<Recorded>)> {
    let user = user::service::register(gateway, transaction, vouched.prepared).await?.user;
    let entry = Entry::by_user(user.id, Kind::AccountCreated).from(client);
    let entry = entry.with("method", "PROVIDER").with("provider", provider);
    let mut recorded = vec![audit::service::record(transaction, &gateway.clock, entry).await?];
    if let Some(invitation) = vouched.invitation {
        let accepted =
            invitation::service::accept_vouched(gateway, transaction, invitation.id, user.id, client).await?;
        recorded.push(accepted);
    }
    Ok((user, recorded))
}

fn check_mode(gateway: &Gateway, is_invited: bool) -> Result<()> {
    match gateway.config.registration.mode {
        RegistrationMode::Open => Ok(()),
        RegistrationMode::Invite if is_invited => Ok(()),
        RegistrationMode::Invite => Err(Error::RegistrationClosed("An account here takes an invitation.")),
        RegistrationMode::Closed => Err(Error::RegistrationClosed("Registration is closed here.")),
    }
}

/// Whether an account may have an address of this domain.
///
/// # Errors
/// `REGISTRATION_CLOSED`.
fn check_domain(gateway: &Gateway, email: &Email) -> Result<()> {
    let domains = &gateway.config.registration.email_domains;
    let domain = email.as_str().rsplit_once('@').map_or("", |(_, domain)| domain);
    if domains.is_empty() || domains.iter().any(|allowed| allowed == domain) {
        return Ok(());
    }
    Err(Error::RegistrationClosed("Accounts here are for addresses of certain domains only."))
}
