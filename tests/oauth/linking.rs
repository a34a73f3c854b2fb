//! Linking in the settings, and unlinking, but never the last way in.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Client, PASSWORD, Response, TestApp, email_of,
    github::{TestGitHub, hubber},
    identity_provider::{Instead, TestProvider, location, person, reason, visit},
    mailbox::ReadMail,
};

const SECURITY: &str = "http://localhost:5000/security";

async fn start(client: &Client, next: Option<&str>) -> Response {
    let start =
        "mutation($input: StartAccountLinkInput!) { startAccountLink(input: $input) { authorizationUrl } }";
    client.query_with(start, json!({ "input": { "provider": "company", "next": next } })).await
}

/// Links, all the way.
async fn link(provider: &TestProvider, client: &Client, person: Value) -> Response {
    let url = start(client, None).await.text_at("/startAccountLink/authorizationUrl");
    visit(client, &provider.agree(&url, person)).await
}

async fn unlink(client: &Client, id: &str) -> Response {
    let unlink =
        "mutation($id: ID!) { unlinkAccount(input: { linkedAccountId: $id }) { linkedAccounts { id } } }";
    client.query_with(unlink, json!({ "id": id })).await
}

async fn accounts(client: &Client) -> Vec<String> {
    let answer = client.query("{ viewer { linkedAccounts { id } } }").await;
    answer.texts_at("/viewer/linkedAccounts", "id")
}

fn elsewhere(subject: &str) -> Value {
    // Linking takes no address, and none that is verified.
    json!({ "sub": subject, "email": "私人@elsewhere.example" })
}

#[tokio::test]
async fn whoever_is_signed_in_links_and_signs_in_with_it_from_then_on() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let zhang = app.with_user("张三").await;
    let answer = link(&provider, &zhang, elsewhere("1")).await;
    assert_eq!(location(&answer), format!("{SECURITY}?linked=company"));
    assert_eq!(answer.header("set-cookie"), None, "the session goes on");
    let listed = zhang.query("{ viewer { linkedAccounts { provider email lastUsedAt } } }").await;
    let expected = json!([{ "provider": "company", "email": "私人@elsewhere.example", "lastUsedAt": null }]);
    assert_eq!(listed.at("/viewer/linkedAccounts"), &expected);
    let browser = app.client();
    assert_eq!(location(&provider.sign_in(&browser, elsewhere("1")).await), "http://localhost:5000/");
    browser.refresh().await.data();
    assert_eq!(browser.user_id().await, zhang.user_id().await);
    // Once more changes nothing.
    assert_eq!(
        location(&link(&provider, &zhang, elsewhere("1")).await),
        format!("{SECURITY}?linked=company")
    );
    assert_eq!(accounts(&zhang).await.len(), 1);
    let activity = zhang.query("{ viewer { activity { nodes { kind details } } } }").await;
    let linked = json!({ "kind": "ACCOUNT_LINKED", "details": { "provider": "company" } });
    assert_eq!(
        activity.list_at("/viewer/activity/nodes").iter().filter(|event| **event == linked).count(),
        1
    );
}

#[tokio::test]
async fn the_way_back_is_the_one_that_was_asked_for() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let zhang = app.with_user("张三").await;
    for (next, way) in [
        (Some("/profile?tab=1#accounts"), "http://localhost:5000/profile?tab=1&linked=company#accounts"),
        (Some("https://evil.example/"), "http://localhost:5000/security?linked=company"),
        (None, "http://localhost:5000/security?linked=company"),
    ] {
        let url = start(&zhang, next).await.text_at("/startAccountLink/authorizationUrl");
        assert_eq!(location(&visit(&zhang, &provider.agree(&url, elsewhere("1"))).await), way);
    }
    let url = start(&zhang, None).await.text_at("/startAccountLink/authorizationUrl");
    let refused = provider.agree(&url, elsewhere("2")).replace("code=", "error=access_denied&x=");
    let answer = visit(&zhang, &refused).await;
    assert_eq!(reason(&answer), "ACCESS_DENIED");
    assert!(location(&answer).ends_with("&next=%2Fsecurity"), "{}", location(&answer));
}

#[tokio::test]
async fn what_signs_in_to_somebody_elses_account_is_not_linked() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let (zhang, li) = (app.with_user("张三").await, app.with_user("李四").await);
    link(&provider, &zhang, elsewhere("1")).await;
    assert_eq!(reason(&link(&provider, &li, elsewhere("1")).await), "ALREADY_LINKED");
    assert!(accounts(&li).await.is_empty());
}

#[tokio::test]
async fn a_link_that_fails_is_told_to_whoever_tried_and_is_no_failed_sign_in() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let (zhang, li) = (app.with_user("张三").await, app.with_user("李四").await);
    link(&provider, &zhang, elsewhere("1")).await;
    link(&provider, &li, elsewhere("1")).await;
    let url = start(&li, None).await.text_at("/startAccountLink/authorizationUrl");
    let refused = provider.agree(&url, elsewhere("2")).replace("code=", "error=access_denied&x=");
    visit(&li, &refused).await;
    let url = start(&li, None).await.text_at("/startAccountLink/authorizationUrl");
    provider.change(|behaviour| behaviour.instead.insert("/token", Instead::Status(500)));
    visit(&li, &provider.agree(&url, elsewhere("2"))).await;
    let activity = li.query("{ viewer { activity(first: 3) { nodes { kind actor details } } } }").await;
    let told = |reason: &str| {
        let details = json!({ "provider": "company", "reason": reason });
        json!({ "kind": "ACCOUNT_LINK_FAILED", "actor": "SELF", "details": details })
    };
    let expected = ["PROVIDER_UNAVAILABLE", "ACCESS_DENIED", "ALREADY_LINKED"].map(told);
    assert_eq!(activity.list_at("/viewer/activity/nodes"), expected);
    let failed = "SELECT COUNT(*) FROM audit_events WHERE kind = 'SIGN_IN_FAILED'";
    assert_eq!(app.sql_value::<i64>(failed, []).await, 0);
    let zhangs = zhang.query("{ viewer { activity { nodes { kind } } } }").await;
    assert!(!zhangs.texts_at("/viewer/activity/nodes", "kind").iter().any(|kind| kind.contains("FAILED")));
}

/// What the owner of an account is told of linked accounts, the latest first.
async fn told(app: &TestApp) -> Vec<ReadMail> {
    let mut mails = app.mails_to(&email_of("张三")).await;
    mails.retain(|mail| mail.subject.contains("关联"));
    mails
}

#[tokio::test]
async fn the_owner_is_told_of_what_is_linked_and_unlinked() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let zhang = app.with_user("张三").await;
    link(&provider, &zhang, elsewhere("1")).await;
    let mails = told(&app).await;
    assert_eq!(mails.len(), 1);
    insta::assert_snapshot!(mails[0].text, @"
    张三，您好：

    您的账号关联了“公司目录”的一个账号，以后可以用它登录。

    如果不是您本人操作，请立即到“安全”页面取消关联，重置密码，并检查登录设备。
    ");
    // Nothing new.
    link(&provider, &zhang, elsewhere("1")).await;
    provider.sign_in(&app.client(), elsewhere("1")).await;
    assert_eq!(told(&app).await.len(), 1);
    app.advance(TimeDelta::seconds(1)).await;
    let id = accounts(&zhang).await.remove(0);
    unlink(&zhang, &id).await.data();
    let mails = told(&app).await;
    assert_eq!(mails.len(), 2);
    insta::assert_snapshot!(mails[0].text, @"
    张三，您好：

    您的账号已取消与“公司目录”一个账号的关联，以后不能再用它登录。

    如果不是您本人操作，请立即重置密码，并检查登录设备。
    ");
}

#[tokio::test]
async fn the_owner_is_told_of_what_joins_at_a_sign_in_but_not_of_what_made_the_account() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    provider.sign_in(&app.client(), person("1", &email_of("张三"), true)).await;
    assert!(told(&app).await.is_empty(), "there was nobody to tell");
    provider.sign_in(&app.client(), person("2", &email_of("张三"), true)).await;
    assert_eq!(told(&app).await.len(), 1);
    provider.sign_in(&app.client(), person("2", &email_of("张三"), true)).await;
    assert_eq!(told(&app).await.len(), 1);
}

#[tokio::test]
async fn of_two_who_link_the_same_at_once_one_has_it() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let mut people = Vec::new();
    for n in 0..4 {
        let client = app.with_user(&format!("人{n}")).await;
        let url = start(&client, None).await.text_at("/startAccountLink/authorizationUrl");
        people.push((client, provider.agree(&url, elsewhere("1"))));
    }
    let answers = join_all(people.iter().map(|(client, back)| visit(client, back))).await;
    let linked = answers.iter().filter(|answer| location(answer).starts_with(SECURITY)).count();
    assert_eq!(linked, 1);
    for answer in answers.iter().filter(|answer| !location(answer).starts_with(SECURITY)) {
        assert_eq!(reason(answer), "ALREADY_LINKED");
    }
}

#[tokio::test]
async fn linking_ends_in_the_same_browser_and_session() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let zhang = app.with_user("张三").await;
    let url = start(&zhang, None).await.text_at("/startAccountLink/authorizationUrl");
    let back = provider.agree(&url, elsewhere("1"));
    assert_eq!(reason(&visit(&app.client(), &back).await), "STATE_EXPIRED", "in another browser");
    zhang.query("mutation { signOut }").await.data();
    assert_eq!(reason(&visit(&zhang, &back).await), "STATE_EXPIRED", "after the session");
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM linked_accounts", []).await, 0);

    let li = app.with_user("李四").await;
    let url = start(&li, None).await.text_at("/startAccountLink/authorizationUrl");
    let back = provider.agree(&url, elsewhere("1"));
    app.set_status("李四", "SUSPENDED").await;
    assert_eq!(reason(&visit(&li, &back).await), "ACCOUNT_SUSPENDED");
}

#[tokio::test]
async fn linking_takes_a_recent_sign_in_http_and_a_provider_that_answers() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let zhang = app.with_user("张三").await;
    let document = r#"mutation { startAccountLink(input: { provider: "company" }) { authorizationUrl } }"#;
    let answer = zhang.ask_over_socket(&json!({ "query": document })).await;
    assert_eq!(answer["payload"]["errors"][0]["extensions"]["code"], "BAD_REQUEST", "{answer}");
    provider.change(|behaviour| {
        behaviour.instead.insert("/.well-known/openid-configuration", Instead::Status(500))
    });
    let answer = start(&zhang, None).await;
    assert_eq!(answer.code(), "CONFLICT");
    assert_eq!(answer.header("set-cookie"), None);
    app.advance(TimeDelta::minutes(10)).await;
    assert_eq!(start(&zhang, None).await.code(), "REAUTHENTICATION_REQUIRED");
    assert_eq!(unlink(&zhang, "LinkedAccount:编造的").await.code(), "REAUTHENTICATION_REQUIRED");
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    let wang = |subject: &str| person(subject, "王小明@example.com", true);
    provider.sign_in(&browser, wang("1")).await;
    browser.refresh().await.data();
    let first = accounts(&browser).await.remove(0);
    let methods = browser.query("{ viewer { reauthenticationMethods } }").await;
    assert_eq!(methods.at("/viewer/reauthenticationMethods"), &json!(["PROVIDER"]));
    assert_eq!(unlink(&browser, &first).await.code(), "CONFLICT", "there is no password");
    link(&provider, &browser, wang("2")).await;
    assert_eq!(unlink(&browser, &first).await.list_at("/unlinkAccount/linkedAccounts").len(), 1);
    assert_eq!(unlink(&browser, &first).await.code(), "NOT_FOUND");
    // What was unlinked is unknown again, and joins by its address.
    app.sql("UPDATE users SET has_password = true", []).await;
    let second = accounts(&browser).await.remove(0);
    assert!(unlink(&browser, &second).await.list_at("/unlinkAccount/linkedAccounts").is_empty());
    let activity = browser.query("{ viewer { activity(first: 1) { nodes { kind details } } } }").await;
    let told = json!({ "kind": "ACCOUNT_UNLINKED", "details": { "provider": "company" } });
    assert_eq!(activity.at("/viewer/activity/nodes/0"), &told);
}

#[tokio::test]
async fn of_several_that_are_unlinked_at_once_one_stays() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let browser = app.client();
    let wang = |subject: usize| person(&subject.to_string(), "王小明@example.com", true);
    provider.sign_in(&browser, wang(0)).await;
    browser.refresh().await.data();
    for subject in 1..4 {
        link(&provider, &browser, wang(subject)).await;
    }
    let ids = accounts(&browser).await;
    assert_eq!(ids.len(), 4);
    let answers = join_all(ids.iter().map(|id| unlink(&browser, id))).await;
    let refused: Vec<&str> =
        answers.iter().filter(|answer| answer.json.get("errors").is_some()).map(Response::code).collect();
    assert_eq!(refused, ["CONFLICT"]);
    assert_eq!(accounts(&browser).await.len(), 1);
}

#[tokio::test]
async fn linked_accounts_are_seen_by_their_owner_and_administrators() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let (zhang, li) = (app.with_user("张三").await, app.with_user("李四").await);
    link(&provider, &zhang, elsewhere("1")).await;
    let id = accounts(&zhang).await.remove(0);
    let node = "query($id: ID!) { node(id: $id) { __typename ... on LinkedAccount { provider } } }";
    let expected = json!({ "__typename": "LinkedAccount", "provider": "company" });
    for client in [&zhang, &app.admin().await] {
        assert_eq!(client.query_with(node, json!({ "id": id })).await.at("/node"), &expected);
    }
    assert_eq!(li.query_with(node, json!({ "id": id })).await.code(), "NOT_FOUND");
    assert_eq!(unlink(&li, &id).await.code(), "NOT_FOUND");
    assert_eq!(unlink(&app.admin().await, &id).await.code(), "NOT_FOUND", "nor do administrators unlink");
    drop(app.statements.take());
    let listed = app.admin().await.query("{ users { nodes { email linkedAccounts { provider } } } }").await;
    let of = |email: String| {
        let nodes = listed.list_at("/users/nodes");
        nodes.iter().find(|user| user["email"] == email).unwrap()["linkedAccounts"].as_array().unwrap().len()
    };
    assert_eq!((of(email_of("张三")), of(email_of("李四"))), (1, 0));
    let asked = app.statements.take().iter().filter(|sql| sql.contains("FROM \"linked_accounts\"")).count();
    assert_eq!(asked, 1, "one statement for all of a page");
}

#[tokio::test]
async fn a_provider_that_is_configured_no_more_is_shown_by_its_name() {
    let (github, app) = TestGitHub::with_app(&[]).await;
    let browser = app.client();
    let emails = json!([{ "email": "王@example.com", "primary": true, "verified": true }]);
    github.sign_in(&browser, hubber(1, json!("王"), emails)).await;
    browser.refresh().await.data();
    app.sql("UPDATE linked_accounts SET provider = 'former'", []).await;
    let listed = browser.query("{ viewer { linkedAccounts { provider label } } }").await;
    assert_eq!(listed.at("/viewer/linkedAccounts/0"), &json!({ "provider": "former", "label": "former" }));
}

#[tokio::test]
async fn what_a_thief_has_linked_leads_in_no_more_once_the_sign_in_is_disowned() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    let owner = app.with_user("张三").await;
    link(&provider, &owner, elsewhere("1")).await;
    app.advance(TimeDelta::seconds(1)).await;
    let thief = app.client_at("198.51.100.7").with_header("user-agent", "curl/8.0.1");
    thief.sign_in(&email_of("张三"), PASSWORD).await.data();
    let token = app.mail_to(&email_of("张三")).await.token();
    link(&provider, &thief, elsewhere("2")).await;
    assert_eq!(accounts(&owner).await.len(), 2);
    let disown =
        "mutation($token: String!) { disownSignIn(input: { token: $token }) { passwordResetToken } }";
    app.client().query_with(disown, json!({ "token": token })).await.data();
    assert_eq!(accounts(&owner).await.len(), 1);
    assert_eq!(reason(&provider.sign_in(&app.client(), elsewhere("2")).await), "EMAIL_UNVERIFIED");
    assert_eq!(location(&provider.sign_in(&app.client(), elsewhere("1")).await), "http://localhost:5000/");
}
