//! Codes of authenticator apps as the second step of a sign-in.

use chrono::TimeDelta;
use fastgpt_platform::{
    id::{TypedId, UserId},
    session::start::{self, FirstStep, Method, Origin},
    user::credential::Credential,
};
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, TestApp, email_of};

async fn first_step(app: &TestApp) -> (Client, String) {
    let client = app.client();
    let challenge = client.first_step(&email_of("张三"), PASSWORD).await;
    (client, challenge)
}

async fn kinds(client: &Client) -> Vec<String> {
    let answer = client.query("{ viewer { activity(first: 50) { nodes { kind } } } }").await;
    answer.texts_at("/viewer/activity/nodes", "kind")
}

#[tokio::test]
async fn a_code_completes_the_sign_in() {
    let app = TestApp::start().await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let client = app.client();
    let first = client.try_first_step(&email_of("张三"), PASSWORD).await;
    assert_eq!(first.at("/signIn/__typename"), "SecondFactorRequired");
    assert_eq!(first.at("/signIn/methods"), &json!(["TOTP", "RECOVERY_CODE"]));
    let challenge = first.text_at("/signIn/challenge");
    let query = "query($challenge: String!) { secondFactorChallenge(challenge: $challenge) { challenge challengeExpiresAt methods } }";
    let again = client.query_with(query, json!({ "challenge": challenge })).await;
    for field in ["challenge", "challengeExpiresAt", "methods"] {
        assert_eq!(
            again.at(&format!("/secondFactorChallenge/{field}")),
            first.at(&format!("/signIn/{field}"))
        );
    }

    let answer = client.second_step(&challenge, json!({ "totpCode": enrolled.app.code(app.now()) })).await;
    assert_eq!(answer.at("/completeSignIn/viewer/name"), "张三");
    assert_eq!(answer.at("/completeSignIn/refreshToken"), &Value::Null, "it is in the cookie");
    assert!(client.refresh_token().is_some());
    let factors = client.query("{ viewer { secondFactors { totp { lastUsedAt } } } }").await;
    assert!(factors.at("/viewer/secondFactors/totp/lastUsedAt").is_string());
    let document = "{ viewer { activity(first: 1) { nodes { kind details } } } }";
    let last = client.query(document).await;
    let last = &last.list_at("/viewer/activity/nodes")[0];
    assert_eq!((&last["kind"], &last["details"]["method"]), (&json!("SIGNED_IN"), &json!("PASSWORD")));
    assert_eq!(last["details"]["secondFactor"], "TOTP");
    // Challenge and code were good once.
    let code = json!({ "totpCode": enrolled.app.code(app.now() + TimeDelta::seconds(30)) });
    assert_eq!(app.client().second_step(&challenge, code).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn whoever_keeps_tokens_gets_them_in_the_body() {
    let app = TestApp::start().await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let (client, challenge) = first_step(&app).await;
    let input = json!({ "totpCode": enrolled.app.code(app.now()), "refreshTokenDelivery": "BODY" });
    let answer = client.second_step(&challenge, input).await;
    assert!(answer.at("/completeSignIn/refreshToken").is_string());
    assert!(answer.at("/completeSignIn/deviceToken").is_string());
    assert_eq!(client.refresh_token(), None);
}

#[tokio::test]
async fn a_code_is_taken_once_in_whatever_sign_in() {
    let app = TestApp::start().await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let code = json!({ "totpCode": enrolled.app.code(app.now()) });
    let (client, challenge) = first_step(&app).await;
    client.second_step(&challenge, code.clone()).await.data();
    let (client, challenge) = first_step(&app).await;
    assert_eq!(client.second_step(&challenge, code.clone()).await.code(), "INVALID_CODE", "it was used");
    let earlier = json!({ "totpCode": enrolled.app.code(app.now() - TimeDelta::seconds(30)) });
    assert_eq!(
        client.second_step(&challenge, earlier).await.code(),
        "INVALID_CODE",
        "and so are earlier ones"
    );
    let next = json!({ "totpCode": enrolled.app.code(app.now() + TimeDelta::seconds(30)) });
    client.second_step(&challenge, next).await.data();
    assert!(kinds(&client).await.contains(&"SECOND_FACTOR_FAILED".to_owned()));
}

#[tokio::test]
async fn of_many_at_once_with_one_code_one_gets_in() {
    let app = TestApp::start().await;
    let replica = app.replica(&[]).await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let code = json!({ "totpCode": enrolled.app.code(app.now()) });
    let mut sign_ins = Vec::new();
    for app in [&app, &replica] {
        for _ in 0..4 {
            sign_ins.push(first_step(app).await);
        }
    }
    let answers =
        join_all(sign_ins.iter().map(|(client, challenge)| client.second_step(challenge, code.clone())))
            .await;
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.json.get("errors").is_none());
    assert_eq!(done.len(), 1);
    assert!(refused.iter().all(|answer| answer.code() == "INVALID_CODE"));
    let sessions: i64 = app.sql_value("SELECT COUNT(*) FROM sessions", []).await;
    assert_eq!(sessions, 2, "that of the enrolment, and one more");
}

#[tokio::test]
async fn of_many_at_once_with_one_challenge_one_gets_in() {
    let app = TestApp::start().await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let (_, challenge) = first_step(&app).await;
    // Each with a factor of its own, as far as tries go.
    let codes = enrolled.recovery_codes.iter().take(4).map(|code| json!({ "recoveryCode": code }));
    let factors: Vec<Value> = codes.chain([json!({ "totpCode": enrolled.app.code(app.now()) })]).collect();
    let clients: Vec<Client> = factors.iter().map(|_| app.client()).collect();
    let answers = join_all(
        clients.iter().zip(&factors).map(|(client, factor)| client.second_step(&challenge, factor.clone())),
    )
    .await;
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.json.get("errors").is_none());
    assert_eq!(done.len(), 1);
    assert!(refused.iter().all(|answer| answer.code() == "INVALID_TOKEN"));
    // What the others had shown is good still.
    let used: i64 = app.sql_value("SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NOT NULL", []).await;
    let stepped: i64 =
        app.sql_value("SELECT COUNT(*) FROM totp_secrets WHERE last_used_at IS NOT NULL", []).await;
    assert_eq!(used + stepped, 1);
}

#[tokio::test]
async fn a_challenge_takes_five_tries_however_many_come_at_once() {
    let app = TestApp::start().await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let (_, challenge) = first_step(&app).await;
    let wrong = json!({ "totpCode": enrolled.app.wrong_code(app.now()) });
    let clients: Vec<Client> = (0..20).map(|_| app.client()).collect();
    let answers = join_all(clients.iter().map(|client| client.second_step(&challenge, wrong.clone()))).await;
    let tried = answers.iter().filter(|answer| answer.code() == "INVALID_CODE").count();
    let refused = answers.iter().filter(|answer| answer.code() == "INVALID_TOKEN").count();
    assert_eq!((tried, refused), (5, 15));
    let right = json!({ "totpCode": enrolled.app.code(app.now()) });
    assert_eq!(app.client().second_step(&challenge, right).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn guesses_are_limited_also_for_those_who_show_the_password_in_between() {
    let app = TestApp::configured(&[("SIGN_IN_ATTEMPTS_PER_MINUTE", "12")]).await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let mut codes = Vec::new();
    for _ in 0..4 {
        let (client, challenge) = first_step(&app).await;
        for _ in 0..4 {
            let wrong = json!({ "totpCode": enrolled.app.wrong_code(app.now()) });
            codes.push(client.second_step(&challenge, wrong).await.code().to_owned());
        }
    }
    let tried = codes.iter().filter(|code| *code == "INVALID_CODE").count();
    assert_eq!(tried, 12, "{codes:?}");
    assert_eq!(codes.last().unwrap(), "RATE_LIMITED");
}

#[tokio::test]
async fn exactly_one_factor_is_shown() {
    let app = TestApp::start().await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let (client, challenge) = first_step(&app).await;
    let code = enrolled.app.code(app.now());
    let none = client.second_step(&challenge, json!({})).await;
    assert_eq!(none.violations(), [("input", "REQUIRED")]);
    let two = json!({ "totpCode": code, "recoveryCode": enrolled.recovery_codes[0] });
    assert_eq!(client.second_step(&challenge, two).await.violations(), [("input", "EXCLUSIVE")]);
    let empty = client.second_step(&challenge, json!({ "totpCode": "" })).await;
    assert_eq!(empty.code(), "INVALID_CODE");
    client.second_step(&challenge, json!({ "totpCode": code })).await.data();
}

#[tokio::test]
async fn a_challenge_is_good_for_ten_minutes_and_for_this_alone() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let enrolled = app.enroll_totp(&zhang).await;
    let (client, challenge) = first_step(&app).await;
    // As something else it is good for nothing, and nothing else is good for this.
    let verify = "mutation($challenge: String!) { verifyEmail(input: { challenge: $challenge, code: \"123456\" }) { __typename } }";
    assert_eq!(client.query_with(verify, json!({ "challenge": challenge })).await.code(), "INVALID_TOKEN");
    let link = "query($token: String!) { emailedLink(token: $token) { email } }";
    assert_eq!(client.query_with(link, json!({ "token": challenge })).await.code(), "INVALID_TOKEN");
    let started = zhang.query("mutation { startTotpEnrollment { challenge } }").await;
    let other = started.text_at("/startTotpEnrollment/challenge");
    let code = |app: &TestApp| json!({ "totpCode": enrolled.app.code(app.now()) });
    for challenge in [other.as_str(), "编造的", ""] {
        assert_eq!(client.second_step(challenge, code(&app)).await.code(), "INVALID_TOKEN");
        let query = "query($c: String!) { secondFactorChallenge(challenge: $c) { methods } }";
        assert_eq!(client.query_with(query, json!({ "c": challenge })).await.code(), "INVALID_TOKEN");
    }
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(client.second_step(&challenge, code(&app)).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn what_changes_between_the_steps_ends_the_sign_in() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let enrolled = app.enroll_totp(&zhang).await;
    let code = json!({ "totpCode": enrolled.app.code(app.now()) });
    let (client, challenge) = first_step(&app).await;
    app.set_status("张三", "SUSPENDED").await;
    assert_eq!(client.second_step(&challenge, code.clone()).await.code(), "INVALID_TOKEN");
    app.set_status("张三", "ACTIVE").await;
    let change = "mutation($old: String!) { changePassword(input: { currentPassword: $old, newPassword: \"夜里的雨敲着旧窗棂\" }) { id } }";
    zhang.query_with(change, json!({ "old": PASSWORD })).await.data();
    assert_eq!(client.second_step(&challenge, code).await.code(), "INVALID_TOKEN");
}

#[tokio::test]
async fn whoever_comes_from_an_identity_provider_takes_the_same_second_step() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let enrolled = app.enroll_totp(&zhang).await;
    let user_id = UserId::parse(&zhang.user_id().await).unwrap();
    let viewer = app.viewer(&zhang).await;
    let user = fastgpt_platform::user::service::find(&app.gateway, &viewer, user_id).await.unwrap().unwrap();
    let client = fastgpt_platform::auth::Client::new([203, 0, 113, 9].into(), "", "request-of-tests".into());
    let origin = Origin { client, device: None };
    let credential = Credential::by_provider(user, "company", None, None);
    let first = start::first_step_done(&app.gateway, credential, Method::Provider, &origin).await.unwrap();
    let FirstStep::SecondFactorRequired(issued) = first else { panic!("no second step: {first:?}") };
    let challenge = issued.challenge(&app.gateway.session_key);
    let client = app.client();
    let code = json!({ "totpCode": enrolled.app.code(app.now()) });
    client.second_step(challenge.expose_secret(), code).await.data();
    let last = client.query("{ viewer { activity(first: 1) { nodes { details } } } }").await;
    assert_eq!(last.list_at("/viewer/activity/nodes")[0]["details"]["method"], "PROVIDER");
}

#[tokio::test]
async fn whoever_has_not_the_password_learns_of_no_factor() {
    let app = TestApp::start().await;
    app.enroll_totp(&app.with_user("张三").await).await;
    app.with_user("李四").await;
    let tell = |answer: crate::support::Response| (answer.code().to_owned(), answer.message().to_owned());
    let client = app.client();
    let mut told = Vec::new();
    for name in ["张三", "李四", "无人"] {
        told.push(tell(client.try_first_step(&email_of(name), "不对的密码").await));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
}
