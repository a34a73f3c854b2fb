//! English.

use super::{Params, Words};
use crate::mail::MailKind;

const NOT_YOU: &str = "If this was not you, you need not do anything.";
const REACT: &str = "If this was not you, reset your password at once and look through your sessions.";

pub(super) fn words(kind: MailKind, params: &Params<'_>) -> Words {
    let name = params.text("name");
    let hello = if name.is_empty() { "Hello,".to_owned() } else { format!("Hello {name},") };
    let mail = |subject: &str, sentences: &[&str]| Words {
        subject: subject.to_owned(),
        paragraphs: std::iter::once(hello.clone()).chain(sentences.iter().map(|s| (*s).to_owned())).collect(),
        closing: NOT_YOU,
        ..Words::default()
    };
    match kind {
        MailKind::VerifyEmail => Words {
            action: Some("Verify my address"),
            before_code: Some("Or type this code on the page where you signed up:"),
            ..mail(
                "Verify your email address",
                &[
                    "Somebody signed up with this address. If it was you, verify it within 30 minutes.",
                    "If it was not, leave this mail alone: whoever signed up would have an account in your name.",
                ],
            )
        },
        MailKind::AlreadyRegistered => Words {
            action: Some("Choose a new password"),
            ..mail(
                "You have an account already",
                &[
                    "Somebody tried to sign up with this address, which has an account already. Just sign in.",
                    "If you have forgotten your password, you can choose a new one within 30 minutes.",
                ],
            )
        },
        MailKind::ResetPassword => Words {
            action: Some("Choose a new password"),
            ..mail(
                "Choose a new password",
                &["Somebody asked to reset your password. The link is good for 30 minutes, once."],
            )
        },
        MailKind::ConfirmEmailChange => Words {
            action: Some("Use this address"),
            ..mail(
                "Confirm your new email address",
                &["This address is to become the one that you sign in with. Confirm it within 30 minutes."],
            )
        },
        MailKind::EmailChangeRequested => Words {
            closing: REACT,
            ..mail(
                "A change of your email address was asked for",
                &[&format!(
                    "Your account is to use the address {} from now on. It does once that address is confirmed.",
                    params.text("email")
                )],
            )
        },
        MailKind::EmailChanged => Words {
            closing: "If this was not you, turn to your administrator at once.",
            ..mail(
                "Your email address was changed",
                &[&format!(
                    "You sign in with {} from now on. This address is no longer used.",
                    params.text("email")
                )],
            )
        },
        MailKind::Invitation => Words {
            action: Some("Create my account"),
            closing: "If you do not expect an invitation, you need not do anything.",
            ..mail(
                "You are invited",
                &[&format!(
                    "{} invites you to FastGPT Platform. The invitation is good until {}.",
                    params.text("invitedBy"),
                    params.text("expiresAt")
                )],
            )
        },
        MailKind::PasswordChanged => Words {
            closing: REACT,
            ..mail(
                "Your password was changed",
                &["Your password was changed, and all other sessions were ended."],
            )
        },
        MailKind::NewDevice => Words {
            action: Some("This was not me"),
            closing: "If it was you, you need not do anything.",
            ..mail(
                "Sign-in from a new device",
                &[
                    &format!(
                        "Somebody signed in to your account from a device that it was not used from before: {} ({}).",
                        or(params.text("device"), "an unknown device"),
                        params.text("ip")
                    ),
                    "If it was not you, end that session and choose a new password:",
                ],
            )
        },
        MailKind::SecondFactorsChanged => Words {
            closing: REACT,
            ..mail(
                "The second factors of your account were changed",
                &[
                    "An authenticator app, a passkey or the recovery codes of your account were added or removed.",
                ],
            )
        },
        MailKind::ApiKeyCreated => Words {
            closing: "If this was not you, revoke the key and change your password.",
            ..mail(
                "A new API key",
                &[&format!("The API key \"{}\" was made for your account.", params.text("keyName"))],
            )
        },
        MailKind::AccountLinked => Words {
            closing: "If this was not you, unlink it under Security at once, reset your password and look through your sessions.",
            ..mail(
                "An account was linked to yours",
                &[&format!(
                    "From now on an account at \"{}\" signs in to your account.",
                    params.text("provider")
                )],
            )
        },
        MailKind::AccountUnlinked => Words {
            closing: REACT,
            ..mail(
                "An account was unlinked from yours",
                &[&format!(
                    "An account at \"{}\" was unlinked and does not sign in to your account any more.",
                    params.text("provider")
                )],
            )
        },
        MailKind::DataExportReady => Words {
            action: Some("Go to the download"),
            closing: "If you did not ask for it, change your password and look through your sessions.",
            ..mail(
                "Your data can be downloaded",
                &[
                    "The copy of your data that you asked for is ready. Download it under Security within a day.",
                ],
            )
        },
        MailKind::DeletionScheduled => Words {
            closing: "If this was not you, sign in, cancel it and change your password.",
            ..mail(
                "Your account will be erased",
                &[&format!(
                    "Your account and its data will be erased on {}. Until then you can sign in and cancel it.",
                    params.text("at")
                )],
            )
        },
        MailKind::AccountErased => Words {
            closing: "This was the last mail about it.",
            ..mail("Your account was erased", &["Your account and its data were erased, as you wished."])
        },
    }
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}
