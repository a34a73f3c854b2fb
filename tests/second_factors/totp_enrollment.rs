//! Setting up an authenticator app, and removing it.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Client, PASSWORD, Response, TestApp, email_of,
    factors::{AuthenticatorApp, CONFIRM},
};

const START: &str = "mutation { startTotpEnrollment { challenge challengeExpiresAt secret otpauthUri } }";
const DISABLE: &str = "mutation { disableTotp { secondFactors { totp { enabledAt } recoveryCodesLeft } } }";

async fn confirm(client: &Client, challenge: &str, code: &str) -> Response {
    client.query_with(CONFIRM, json!({ "input": { "challenge": challenge, "code": code } })).await
}

async fn start(client: &Client) -> (String, AuthenticatorApp) {
    let started = client.query(START).await;
    let app = AuthenticatorApp::with_secret(&started.text_at("/startTotpEnrollment/secret"));
    (started.text_at("/startTotpEnrollment/challenge"), app)
}

async fn factors(client: &Client) -> Value {
    let document = "{ viewer { secondFactors { totp { enabledAt lastUsedAt } passkeys { id } recoveryCodesLeft required rememberedDevices } } }";
    client.query(document).await.at("/viewer/secondFactors").clone()
}

#[tokio::test]
async fn the_first_code_makes_it_the_accounts() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let laptop = app.sign_in("张三").await;
    let nothing = json!({ "totp": null, "passkeys": [], "recoveryCodesLeft": 0, "required": false, "rememberedDevices": 0 });
    assert_eq!(factors(&zhang).await, nothing);

    let started = zhang.query(START).await;
    let secret = started.text_at("/startTotpEnrollment/secret");
    let uri = started.text_at("/startTotpEnrollment/otpauthUri");
    assert!(
        uri.starts_with("otpauth://totp/FastGPT%20Platform:%E5%BC%A0%E4%B8%89%40example.com?secret="),
        "{uri}"
    );
    assert!(uri.contains(&secret) && secret.len() == 32);
    assert_eq!(factors(&zhang).await, nothing, "it is not set up before its first code");
    app.sign_in("张三").await;

    let authenticator = AuthenticatorApp::with_secret(&secret);
    let challenge = started.text_at("/startTotpEnrollment/challenge");
    let answer = confirm(&zhang, &challenge, &authenticator.code(app.now())).await;
    let codes = answer.list_at("/confirmTotpEnrollment/recoveryCodes");
    assert_eq!(codes.len(), 10);
    let own = answer.at("/confirmTotpEnrollment/user/secondFactors");
    assert_eq!((own["recoveryCodesLeft"].as_u64(), &own["totp"]["lastUsedAt"]), (Some(10), &Value::Null));
    // The session in use goes on, and so do the others.
    zhang.query("{ viewer { id } }").await.data();
    laptop.query("{ viewer { id } }").await.data();
    let mail = app.mail_to(&email_of("张三")).await;
    assert!(mail.subject.contains("两步验证") || mail.subject.contains("second factors"), "{}", mail.subject);
    let kinds = zhang.query("{ viewer { activity(first: 2) { nodes { kind } } } }").await;
    assert_eq!(
        kinds.texts_at("/viewer/activity/nodes", "kind"),
        ["RECOVERY_CODES_GENERATED", "TOTP_ENABLED"]
    );
}

#[tokio::test]
async fn the_code_that_confirmed_it_signs_nobody_in() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (challenge, authenticator) = start(&zhang).await;
    let code = authenticator.code(app.now());
    confirm(&zhang, &challenge, &code).await.data();
    let client = app.client();
    let sign_in = client.first_step(&email_of("张三"), PASSWORD).await;
    assert_eq!(client.second_step(&sign_in, json!({ "totpCode": code })).await.code(), "INVALID_CODE");
}

#[tokio::test]
async fn five_wrong_codes_use_the_challenge_up() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (challenge, authenticator) = start(&zhang).await;
    let wrong = authenticator.wrong_code(app.now());
    let answers = join_all((0..8).map(|_| confirm(&zhang, &challenge, &wrong))).await;
    assert_eq!(answers.iter().filter(|answer| answer.code() == "INVALID_CODE").count(), 5);
    let right = authenticator.code(app.now());
    assert_eq!(confirm(&zhang, &challenge, &right).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn two_tabs_leave_one_app_and_one_set_of_codes() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let (challenge, authenticator) = start(&zhang).await;
    let code = authenticator.code(app.now());
    let answers = join_all((0..4).map(|_| confirm(&zhang, &challenge, &code))).await;
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.json.get("errors").is_none());
    assert_eq!(done.len(), 1);
    assert!(refused.iter().all(|answer| answer.code() == "INVALID_TOKEN"));
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM recovery_codes", []).await, 10);
    // The page that was opened last is the one that counts.
    let (first, _) = start(&zhang).await;
    let (second, latest) = start(&zhang).await;
    assert_eq!(confirm(&zhang, &first, "123456").await.code(), "INVALID_TOKEN");
    confirm(&zhang, &second, &latest.code(app.now())).await.data();
}

#[tokio::test]
async fn a_challenge_is_its_owners_and_good_for_ten_minutes() {
    let app = TestApp::start().await;
    let (zhang, li) = (app.with_user("张三").await, app.with_user("李四").await);
    let (challenge, authenticator) = start(&zhang).await;
    let code = authenticator.code(app.now());
    for (client, challenge) in [(&li, challenge.as_str()), (&zhang, "编造的")] {
        assert_eq!(confirm(client, challenge, &code).await.code(), "INVALID_TOKEN");
    }
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(confirm(&zhang, &challenge, &code).await.code(), "REAUTHENTICATION_REQUIRED");
    let zhang = app.sign_in("张三").await;
    assert_eq!(confirm(&zhang, &challenge, &authenticator.code(app.now())).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn another_app_takes_the_place_of_the_first() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let first = app.enroll_totp(&zhang).await;
    let phone = app.client();
    let challenge = phone.first_step(&email_of("张三"), PASSWORD).await;
    let input = json!({ "totpCode": first.app.code(app.now()), "rememberDevice": true });
    phone.second_step(&challenge, input).await.data();
    assert_eq!(factors(&zhang).await["rememberedDevices"], 1);

    let second = app.enroll_totp(&zhang).await;
    assert!(second.recovery_codes.is_empty(), "those of the first are good still");
    assert_eq!(factors(&zhang).await["recoveryCodesLeft"], 10);
    assert_eq!(factors(&zhang).await["rememberedDevices"], 0);
    let challenge = phone.first_step(&email_of("张三"), PASSWORD).await;
    let old = json!({ "totpCode": first.app.code(app.now()) });
    assert_eq!(phone.second_step(&challenge, old).await.code(), "INVALID_CODE");
    phone.second_step(&challenge, json!({ "totpCode": second.app.code(app.now()) })).await.data();
}

#[tokio::test]
async fn with_the_last_factor_go_the_recovery_codes() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    assert_eq!(zhang.query(DISABLE).await.code(), "CONFLICT");
    app.enroll_totp(&zhang).await;
    let answer = zhang.query(DISABLE).await;
    assert_eq!(answer.at("/disableTotp/secondFactors"), &json!({ "totp": null, "recoveryCodesLeft": 0 }));
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM recovery_codes", []).await, 0);
    app.sign_in("张三").await;
    assert_eq!(app.mails_to(&email_of("张三")).await.len(), 2);
    assert_eq!(zhang.query(DISABLE).await.code(), "CONFLICT");
}

#[tokio::test]
async fn the_secret_is_kept_where_only_the_installation_reads_it() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let started = zhang.query(START).await;
    let secret = started.text_at("/startTotpEnrollment/secret");
    let authenticator = AuthenticatorApp::with_secret(&secret);
    let challenge = started.text_at("/startTotpEnrollment/challenge");
    confirm(&zhang, &challenge, &authenticator.code(app.now())).await.data();
    let sealed: Vec<u8> = app.sql_value("SELECT sealed FROM totp_secrets", []).await;
    let data: String =
        app.sql_value("SELECT data FROM one_time_tokens WHERE purpose = 'TOTP_ENROLLMENT'", []).await;
    let plain = totp_rs::Secret::try_from_base32(&secret).unwrap();
    assert!(!sealed.windows(8).any(|part| plain.as_bytes().windows(8).any(|other| other == part)));
    assert!(!data.contains(&secret));
    // In another account's place it opens nothing, and nor does it under another secret of the installation.
    let li = app.with_user("李四").await;
    app.enroll_totp(&li).await;
    let other =
        "UPDATE totp_secrets SET sealed = (SELECT sealed FROM totp_secrets t JOIN users u ON u.id = t.user_id
        WHERE u.name = '张三') WHERE user_id = (SELECT id FROM users WHERE name = '李四')";
    app.sql(other, []).await;
    let client = app.client();
    let challenge = client.first_step(&email_of("李四"), PASSWORD).await;
    let code = json!({ "totpCode": authenticator.code(app.now()) });
    assert_eq!(client.second_step(&challenge, code).await.code(), "INTERNAL");
}

#[tokio::test]
async fn it_takes_a_recent_sign_in() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    app.enroll_totp(&zhang).await;
    app.advance(TimeDelta::minutes(10)).await;
    for document in [START, DISABLE, "mutation { generateRecoveryCodes { recoveryCodes } }"] {
        assert_eq!(zhang.query(document).await.code(), "REAUTHENTICATION_REQUIRED", "{document}");
    }
}
