//! Second factors as people have them, and the second step of their sign-ins.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::{Client, Response, TestApp, client::SIGN_IN};

/// An authenticator app.
#[derive(Clone)]
pub(crate) struct AuthenticatorApp(totp_rs::Totp);

impl AuthenticatorApp {
    /// With the secret that somebody has typed.
    pub(crate) fn with_secret(base32: &str) -> Self {
        let secret = Secret::try_from_base32(base32).unwrap();
        Self(Builder::new().with_secret(secret).build().unwrap())
    }

    /// What it shows at this time.
    pub(crate) fn code(&self, at: DateTime<Utc>) -> String {
        self.0.generate(at.timestamp().unsigned_abs()).to_string()
    }

    /// Six digits that it shows neither at this time nor beside it.
    pub(crate) fn wrong_code(&self, at: DateTime<Utc>) -> String {
        let near: Vec<String> =
            [-60, -30, 0, 30, 60].iter().map(|s| self.code(at + chrono::TimeDelta::seconds(*s))).collect();
        (0..).map(|number| format!("{number:06}")).find(|code| !near.contains(code)).unwrap()
    }
}

/// Somebody who has set up an authenticator app.
pub(crate) struct Enrolled {
    pub(crate) app: AuthenticatorApp,
    pub(crate) recovery_codes: Vec<String>,
}

pub(crate) const CONFIRM: &str =
    "mutation($input: ConfirmTotpEnrollmentInput!) { confirmTotpEnrollment(input: $input) {
    recoveryCodes user { secondFactors { totp { enabledAt lastUsedAt } recoveryCodesLeft } } } }";

const COMPLETE: &str = "mutation($input: CompleteSignInInput!) { completeSignIn(input: $input) {
    accessToken refreshToken deviceToken viewer { name } } }";

impl TestApp {
    /// Sets up an authenticator app, whose code of now is thereby used; half a minute later there is another.
    pub(crate) async fn enroll_totp(&self, client: &Client) -> Enrolled {
        let started = client.query("mutation { startTotpEnrollment { challenge secret } }").await;
        let app = AuthenticatorApp::with_secret(&started.text_at("/startTotpEnrollment/secret"));
        let challenge = started.at("/startTotpEnrollment/challenge");
        let input = json!({ "challenge": challenge, "code": app.code(self.now()) });
        let answer = client.query_with(CONFIRM, json!({ "input": input })).await;
        let codes = answer.at("/confirmTotpEnrollment/recoveryCodes").as_array().cloned().unwrap_or_default();
        let recovery_codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        self.advance(chrono::TimeDelta::seconds(30)).await;
        Enrolled { app, recovery_codes }
    }
}

impl Client {
    /// The first step of a sign-in that asks for a second; gives the challenge.
    pub(crate) async fn first_step(&self, email: &str, password: &str) -> String {
        let answer = self.try_first_step(email, password).await;
        answer.text_at("/signIn/challenge")
    }

    pub(crate) async fn try_first_step(&self, email: &str, password: &str) -> Response {
        let document = SIGN_IN.replace(
            "... on SignedIn",
            "__typename ... on SecondFactorRequired { challenge challengeExpiresAt methods } ... on SignedIn",
        );
        let input = json!({ "email": email, "password": password });
        self.query_with(&document, json!({ "input": input })).await
    }

    /// The second step, with one factor and whatever else is in `input`. Who gets in is signed in from here on.
    pub(crate) async fn second_step(&self, challenge: &str, input: Value) -> Response {
        let mut input = input;
        input["challenge"] = challenge.into();
        let answer = self.query_with(COMPLETE, json!({ "input": input })).await;
        if let Some(token) = answer.json.pointer("/data/completeSignIn/accessToken").and_then(Value::as_str) {
            self.set_token(Some(token));
        }
        answer
    }
}
