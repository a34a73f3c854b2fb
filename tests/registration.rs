//! Who may create an account.

use serde_json::json;

use crate::support::{PASSWORD, Response, TestApp};

async fn sign_up(app: &TestApp, email: &str) -> Response {
    let sign_up = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename } }";
    let input = json!({ "email": email, "password": PASSWORD, "name": "张三", "locale": "EN" });
    app.client().query_with(sign_up, json!({ "input": input })).await
}

#[tokio::test]
async fn where_registration_is_closed_or_by_invitation_nobody_signs_up() {
    for mode in ["closed", "invite"] {
        let app = TestApp::configured(&[("REGISTRATION", mode)]).await;
        assert_eq!(sign_up(&app, "a@example.com").await.code(), "REGISTRATION_CLOSED");
        let said = app.client().query("{ registration { mode } }").await;
        assert_eq!(said.at("/registration/mode"), &json!(mode.to_uppercase()));
    }
}

#[tokio::test]
async fn only_addresses_of_the_allowed_domains_sign_up() {
    let app = TestApp::configured(&[("REGISTRATION_EMAIL_DOMAINS", "Example.com, 例子.公司")]).await;
    for (email, allowed) in [
        ("a@example.com", true),
        ("a@EXAMPLE.com", false),
        ("张三@例子.公司", true),
        ("a@evil.example.com", false),
        ("a@example.com.evil.net", false),
        ("a@notexample.com", false),
    ] {
        let answer = sign_up(&app, email).await;
        match (allowed, answer.json.get("errors").is_some().then(|| answer.code())) {
            (true, None) => {}
            // The same address in other letters.
            (false, Some("CONFLICT")) if email.eq_ignore_ascii_case("a@example.com") => {}
            (false, Some("REGISTRATION_CLOSED")) => {}
            other => panic!("{email}: {other:?}"),
        }
    }
    let said = app.client().query("{ registration { emailDomains requiresEmailVerification } }").await;
    let expected =
        json!({ "emailDomains": ["example.com", "例子.公司"], "requiresEmailVerification": false });
    assert_eq!(said.at("/registration"), &expected);
}

#[tokio::test]
async fn mails_are_in_the_language_that_was_chosen() {
    let app = TestApp::start().await;
    sign_up(&app, "a@example.com").await.data();
    let mail = app.mail_to("a@example.com").await;
    assert_eq!(mail.subject, "Verify your email address");
    let client = app.client().signed_in("a@example.com", PASSWORD).await;
    let change = "mutation { updateProfile(input: { locale: ZH_CN }) { name locale } }";
    let answer = client.query(change).await;
    assert_eq!(answer.at("/updateProfile"), &json!({ "name": "张三", "locale": "ZH_CN" }));
    let request = r#"mutation { requestPasswordReset(input: { email: "a@example.com" }) }"#;
    client.query(request).await.data();
    assert_eq!(app.mail_to("a@example.com").await.subject, "重设密码");
}

#[tokio::test]
async fn tries_to_sign_up_are_bounded_whatever_comes_of_them() {
    let app = TestApp::start().await;
    let mut refused = 0;
    // One is forgiven each second.
    for _ in 0..120 {
        refused += usize::from(sign_up(&app, "no address").await.code() == "RATE_LIMITED");
    }
    assert!(refused > 0);
}
