//! Roles and groups by the word of a company's directory.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    ADMIN_EMAIL, Client, TestApp, email_of,
    identity_provider::{TestProvider, challenge, location, person, visit, with},
};

const RULES: [(&str, &str); 3] = [
    ("OIDC_COMPANY_ROLE_CLAIM", "realm_access.roles"),
    ("OIDC_COMPANY_ADMIN_VALUES", "平台管理员,root"),
    ("OIDC_COMPANY_GROUPS_CLAIM", "groups"),
];

fn wang(roles: Value) -> Value {
    let claims = json!({ "realm_access": { "roles": roles }, "groups": ["研发", "上海"] });
    with(person("1", "王小明@example.com", true), claims)
}

async fn come(provider: &TestProvider, app: &TestApp, who: Value) -> Client {
    let browser = app.client();
    assert_eq!(location(&provider.sign_in(&browser, who).await), "http://localhost:5000/");
    browser.refresh().await.data();
    browser
}

async fn role(browser: &Client) -> Value {
    browser.query("{ viewer { role } }").await.at("/viewer/role").clone()
}

#[tokio::test]
async fn the_claim_decides_at_each_sign_in() {
    let (provider, app) = TestProvider::with_app(&RULES).await;
    let first = come(&provider, &app, wang(json!(["员工", "root"]))).await;
    assert_eq!(role(&first).await, "ADMIN", "from the beginning");
    let second = come(&provider, &app, wang(json!(["员工"]))).await;
    assert_eq!(role(&second).await, "USER");
    let refused = first.query("{ viewer { role } }").await;
    assert_eq!(refused.code(), "UNAUTHENTICATED", "the earlier token is of another role");
    first.refresh().await.data();
    assert_eq!(role(&first).await, "USER");
    let third = come(&provider, &app, wang(json!("平台管理员"))).await;
    assert_eq!(role(&third).await, "ADMIN");
    // A claim that is missing has none of the values.
    let fourth = come(&provider, &app, person("1", "王小明@example.com", true)).await;
    assert_eq!(role(&fourth).await, "USER");

    let changes = fourth.query("{ viewer { activity { nodes { kind actor details } } } }").await;
    let changes: Vec<Value> = changes
        .list_at("/viewer/activity/nodes")
        .iter()
        .filter(|event| event["kind"] == "ROLE_CHANGED")
        .map(|event| {
            json!([
                event["actor"],
                event["details"]["before"],
                event["details"]["after"],
                event["details"]["provider"]
            ])
        })
        .collect();
    let [down, up] =
        [json!(["SYSTEM", "ADMIN", "USER", "company"]), json!(["SYSTEM", "USER", "ADMIN", "company"])];
    assert_eq!(changes, [down.clone(), up, down]);
}

#[tokio::test]
async fn a_sign_in_that_waited_for_its_second_factor_brings_no_older_role_back() {
    let (provider, app) = TestProvider::with_app(&RULES).await;
    let enrolled = app.enroll_totp(&app.with_user("张三").await).await;
    let first_step = async |roles: Value| {
        let tab = app.client();
        let claims = json!({ "realm_access": { "roles": roles } });
        let answer = provider.sign_in(&tab, with(person("1", &email_of("张三"), true), claims)).await;
        (tab, challenge(&answer))
    };
    let (earlier, earlier_challenge) = first_step(json!(["root"])).await;
    let (later, later_challenge) = first_step(json!(["员工"])).await;
    let code = |n: usize| json!({ "recoveryCode": enrolled.recovery_codes[n] });
    later.second_step(&later_challenge, code(0)).await.data();
    assert_eq!(role(&later).await, "USER");
    earlier.second_step(&earlier_challenge, code(1)).await.data();
    assert_eq!(role(&earlier).await, "USER");

    let (again, challenge) = first_step(json!(["root"])).await;
    again.second_step(&challenge, code(2)).await.data();
    assert_eq!(role(&again).await, "ADMIN");
}

#[tokio::test]
async fn groups_are_kept_as_of_the_last_sign_in() {
    let (provider, app) = TestProvider::with_app(&RULES).await;
    come(&provider, &app, wang(json!([]))).await;
    let groups = async || app.sql_value::<String>("SELECT group_names FROM linked_accounts", []).await;
    assert_eq!(groups().await, r#"["研发","上海"]"#);
    come(&provider, &app, with(wang(json!([])), json!({ "groups": ["北京"] }))).await;
    assert_eq!(groups().await, r#"["北京"]"#);
}

#[tokio::test]
async fn where_no_claim_is_configured_a_role_stays() {
    let (provider, app) = TestProvider::with_app(&[]).await;
    come(&provider, &app, wang(json!(["root"]))).await;
    app.sql("UPDATE users SET role = 'ADMIN' WHERE email = $1", ["王小明@example.com".into()]).await;
    let browser = come(&provider, &app, wang(json!([]))).await;
    assert_eq!(role(&browser).await, "ADMIN");
    let groups: Vec<Option<String>> = app.sql_values("SELECT group_names FROM linked_accounts", []).await;
    assert_eq!(groups, [None]);
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let (provider, app) = TestProvider::with_app(&RULES).await;
    let nobody = |email: &str| person("admin", email, true);
    let browser = come(&provider, &app, nobody(ADMIN_EMAIL)).await;
    assert_eq!(role(&browser).await, "ADMIN", "there is no other");
    // One who may not sign in is none.
    app.account("张三").await;
    app.sql("UPDATE users SET role = 'ADMIN', status = 'SUSPENDED' WHERE name = '张三'", []).await;
    assert_eq!(role(&come(&provider, &app, nobody(ADMIN_EMAIL)).await).await, "ADMIN");
    app.sql("UPDATE users SET status = 'ACTIVE' WHERE name = '张三'", []).await;
    assert_eq!(role(&come(&provider, &app, nobody(ADMIN_EMAIL)).await).await, "USER");
}

#[tokio::test]
async fn of_several_administrators_who_come_at_once_one_stays() {
    let (provider, app) = TestProvider::with_app(&RULES).await;
    let people: Vec<Value> =
        (0..4).map(|n| person(&n.to_string(), &format!("人{n}@example.com"), true)).collect();
    for somebody in &people {
        come(&provider, &app, somebody.clone()).await;
    }
    app.sql("UPDATE users SET role = 'ADMIN'", []).await;
    app.sql("UPDATE users SET status = 'SUSPENDED' WHERE email = $1", [ADMIN_EMAIL.into()]).await;
    let browsers: Vec<Client> = people.iter().map(|_| app.client()).collect();
    let mut backs = Vec::new();
    for (browser, somebody) in browsers.iter().zip(&people) {
        backs.push(provider.agree(location(&visit(browser, "/api/auth/company").await), somebody.clone()));
    }
    let answers = join_all(browsers.iter().zip(&backs).map(|(browser, back)| visit(browser, back))).await;
    for answer in &answers {
        assert_eq!(location(answer), "http://localhost:5000/");
    }
    let left = "SELECT COUNT(*) FROM users WHERE role = 'ADMIN' AND status = 'ACTIVE'";
    assert_eq!(app.sql_value::<i64>(left, []).await, 1);
}
