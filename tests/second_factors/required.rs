//! Where a role needs a second factor.

use serde_json::{Value, json};

use crate::support::{
    ADMIN_EMAIL, ADMIN_PASSWORD, TestApp, authenticator::Authenticator, factors::AuthenticatorApp,
};

#[tokio::test]
async fn an_administrator_sets_one_up_and_goes_on() {
    let app = TestApp::configured(&[("REQUIRE_SECOND_FACTOR", "admin")]).await;
    let admin = app.admin().await;
    let required = "{ viewer { secondFactors { required totp { enabledAt } } reauthenticationMethods } }";
    assert_eq!(admin.query(required).await.at("/viewer/secondFactors/required"), true);
    assert_eq!(admin.query("{ users { totalCount } }").await.code(), "SECOND_FACTOR_ENROLLMENT_REQUIRED");
    let enrolled = app.enroll_totp(&admin).await;
    admin.query("{ users { totalCount } }").await.data();
    let again = app.client();
    let challenge = again.first_step(ADMIN_EMAIL, ADMIN_PASSWORD).await;
    again.second_step(&challenge, json!({ "totpCode": enrolled.app.code(app.now()) })).await.data();
    again.query("{ users { totalCount } }").await.data();
    // Nobody goes on without: the last one may go, and with it everything but setting up another.
    again.query("mutation { disableTotp { id } }").await.data();
    for client in [&admin, &again] {
        assert_eq!(
            client.query("{ users { totalCount } }").await.code(),
            "SECOND_FACTOR_ENROLLMENT_REQUIRED"
        );
    }
    let zhang = app.with_user("张三").await;
    zhang.query("mutation { endOtherSessions }").await.data();
    assert_eq!(zhang.query(required).await.at("/viewer/secondFactors/required"), false);
}

#[tokio::test]
async fn whoever_lacks_one_can_do_what_leads_there() {
    let app = TestApp::configured(&[("REQUIRE_SECOND_FACTOR", "all")]).await;
    let zhang = app.with_user("张三").await;
    zhang.query("{ viewer { id email secondFactors { required } reauthenticationMethods } }").await.data();
    app.advance(chrono::TimeDelta::minutes(11)).await;
    assert_eq!(
        zhang.query("mutation { startTotpEnrollment { secret } }").await.code(),
        "REAUTHENTICATION_REQUIRED"
    );
    let password = crate::support::PASSWORD;
    let reauthenticate = "mutation($p: String!) { reauthenticate(input: { password: $p }) { validUntil } }";
    zhang.query_with(reauthenticate, json!({ "p": password })).await.data();
    let started = zhang.query("mutation { startTotpEnrollment { secret challenge } }").await;
    AuthenticatorApp::with_secret(&started.text_at("/startTotpEnrollment/secret"));
    let options = zhang.query("mutation { startPasskeyRegistration { challenge options } }").await;
    let mut authenticator = Authenticator::at(&app.gateway.config.frontend_url);
    let credential = authenticator.create(options.at("/startPasskeyRegistration/options"));
    let input = json!({ "challenge": options.at("/startPasskeyRegistration/challenge"), "credential": credential, "name": "手机" });
    let finish = "mutation($input: FinishPasskeyRegistrationInput!) { finishPasskeyRegistration(input: $input) { recoveryCodes } }";
    zhang.query_with(finish, json!({ "input": input })).await.data();
    zhang.query("mutation { endOtherSessions }").await.data();
}

/// What is allowed to somebody who has to set up a second factor: that, showing who one is, leaving, and what is
/// allowed to everybody.
const ALLOWED: &[&str] = &[
    "viewer",
    "introspectionAllowed",
    "errorCodes",
    "registration",
    "authProviders",
    "emailedLink",
    "developmentMails",
    "secondFactorChallenge",
    "signUp",
    "signIn",
    "refreshSession",
    "renewToken",
    "signOut",
    "reauthenticate",
    "verifyEmail",
    "resendEmailVerification",
    "requestPasswordReset",
    "resetPassword",
    "disownSignIn",
    "confirmEmailChange",
    "completeSignIn",
    "startPasskeySecondFactor",
    "startPasskeySignIn",
    "signInWithPasskey",
    "startPasskeyReauthentication",
    "startTotpEnrollment",
    "confirmTotpEnrollment",
    "startPasskeyRegistration",
    "finishPasskeyRegistration",
];

#[tokio::test]
async fn whoever_lacks_one_can_do_nothing_else() {
    let app = TestApp::configured(&[("REQUIRE_SECOND_FACTOR", "all")]).await;
    let admin = app.admin().await;
    let variables = json!({ "user": admin.user_id().await, "session": admin.session_id().await });
    for (field, document) in crate::authz::documents() {
        if ALLOWED.contains(&field) {
            continue;
        }
        let declared = |name: &&String| document.contains(&format!("${name}:"));
        let pairs = variables.as_object().unwrap().iter().filter(|(name, _)| declared(name));
        let used: Value = Value::Object(pairs.map(|(name, value)| (name.clone(), value.clone())).collect());
        let answer = admin.query_with(document, used).await;
        assert_eq!(answer.code(), "SECOND_FACTOR_ENROLLMENT_REQUIRED", "{document}");
    }
}
