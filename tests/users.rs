//! Accounts: signing up, changing one's own, and the administrator's list.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Response, TestApp, backend, email_of, process::until};

const SIGN_UP: &str = "mutation($input: SignUpInput!) { signUp(input: $input) {
    ... on SignedIn { accessToken viewer { email name role status emailVerified } } } }";

async fn sign_up(client: &Client, email: &str, name: &str, password: &str) -> Response {
    let input = json!({ "email": email, "name": name, "password": password });
    client.query_with(SIGN_UP, json!({ "input": input })).await
}

#[tokio::test]
async fn who_signs_up_is_signed_in() {
    let app = TestApp::start().await;
    let answer = sign_up(&app.client(), " 张三@Example.COM ", "  张三 ", PASSWORD).await;
    insta::assert_json_snapshot!(answer.at("/signUp/viewer"), @r#"
    {
      "email": "张三@example.com",
      "emailVerified": false,
      "name": "张三",
      "role": "USER",
      "status": "ACTIVE"
    }
    "#);
    let client = app.client();
    client.set_token(answer.at("/signUp/accessToken").as_str());
    assert_eq!(client.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
}

#[tokio::test]
async fn a_bad_sign_up_is_told_everything_at_once_and_leaves_nothing() {
    let app = TestApp::start().await;
    let answer = sign_up(&app.client(), "不是地址", " \u{3000} ", "short").await;
    let expected =
        [("input.email", "MALFORMED"), ("input.name", "TOO_SHORT"), ("input.password", "TOO_SHORT")];
    assert_eq!(answer.violations(), expected);
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(app.admin().await.query("{ users { totalCount } }").await.at("/users/totalCount"), 1);
}

#[tokio::test]
async fn each_rule_of_a_sign_up() {
    let app = TestApp::start().await;
    let long_address = format!("{}@{}.example.com", "a".repeat(60), "b".repeat(200));
    let (long_name, huge_name) = ("名".repeat(81), "名".repeat(100_000));
    // 122 characters as typed, more than 128 in NFKC.
    let (long_password, widening) = ("长".repeat(129), format!("{}{}", "㍿".repeat(32), "清晨的露水"));
    let cases = [
        ("input.email", "MALFORMED", "@example.com", "张三", PASSWORD),
        ("input.email", "MALFORMED", "张三@example", "张三", PASSWORD),
        ("input.email", "MALFORMED", "张 三@example.com", "张三", PASSWORD),
        ("input.email", "MALFORMED", "张三\u{0}@example.com", "张三", PASSWORD),
        ("input.email", "TOO_LONG", &long_address, "张三", PASSWORD),
        ("input.name", "TOO_SHORT", "a@example.com", "", PASSWORD),
        ("input.name", "TOO_LONG", "a@example.com", &long_name, PASSWORD),
        ("input.name", "TOO_LONG", "a@example.com", &huge_name, PASSWORD),
        ("input.name", "FORBIDDEN_CHARACTER", "a@example.com", "张\u{7}三", PASSWORD),
        ("input.name", "FORBIDDEN_CHARACTER", "a@example.com", "张\n三", PASSWORD),
        ("input.name", "FORBIDDEN_CHARACTER", "a@example.com", "张\u{202e}三", PASSWORD),
        ("input.password", "TOO_SHORT", "a@example.com", "张三", "七个字的密码短"),
        ("input.password", "TOO_LONG", "a@example.com", "张三", &long_password),
        ("input.password", "TOO_LONG", "a@example.com", "张三", &widening),
        ("input.password", "TOO_WEAK", "a@example.com", "张三", "password"),
        ("input.password", "TOO_WEAK", "zhangsan@example.com", "张三", "zhangsan@example.com"),
    ];
    for (field, rule, email, name, password) in cases {
        let answer = sign_up(&app.client(), email, name, password).await;
        assert_eq!(answer.violations(), [(field, rule)], "{email:.30} {name:.30} {password:.30}");
    }
    let longest: String = ('一'..).step_by(37).take(128).collect();
    let at_the_bounds = [
        ("a@example.com", "名".repeat(80), "溪边老磨坊还在转着"),
        ("b@example.com", format!("  {}\t", "名".repeat(80)), &longest),
    ];
    for (email, name, password) in at_the_bounds {
        sign_up(&app.client(), email, &name, password).await.data();
    }
}

#[tokio::test]
async fn a_password_may_be_typed_in_full_width() {
    let app = TestApp::start().await;
    sign_up(&app.client(), "张三@example.com", "张三", "Ｒｉｖｅｒ－Ｍｉｌｌ－４２").await.data();
    app.client().sign_in("张三@example.com", "River-Mill-42").await.data();
}

#[tokio::test]
async fn one_address_is_one_account_in_any_letter_case() {
    let app = TestApp::start().await;
    sign_up(&app.client(), "ada@example.com", "张三", PASSWORD).await.data();
    for again in ["ada@example.com", "ADA@Example.com", "ａｄａ@example.com"] {
        assert_eq!(sign_up(&app.client(), again, "李四", PASSWORD).await.code(), "CONFLICT", "{again}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_ten_who_sign_up_at_once_one_succeeds() {
    let app = TestApp::start().await;
    let attempts = (0..10).map(|number| {
        let client = app.client();
        let email = if number % 2 == 0 { "ada@example.com" } else { "ADA@example.com" };
        tokio::spawn(async move { sign_up(&client, email, "张三", PASSWORD).await })
    });
    let answers = join_all(attempts).await;
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().map(Result::unwrap).partition(|answer| answer.json.get("errors").is_none());
    assert_eq!((done.len(), refused.len()), (1, 9));
    assert!(refused.iter().all(|answer| answer.code() == "CONFLICT"));
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM users WHERE role = 'USER'", []).await, 1);
    assert_eq!(app.sql_value::<i64>("SELECT COUNT(*) FROM sessions", []).await, 1, "nothing half done");
}

const UPDATE_PROFILE: &str = "mutation($name: String!) { updateProfile(input: { name: $name }) { id name } }";

#[tokio::test]
async fn one_changes_ones_own_name() {
    let app = TestApp::start().await;
    let zhang = app.with_user("张三").await;
    let answer = zhang.query_with(UPDATE_PROFILE, json!({ "name": " 张三丰 " })).await;
    assert_eq!(answer.at("/updateProfile/name"), "张三丰");
    assert_eq!(zhang.query("{ viewer { name } }").await.at("/viewer/name"), "张三丰", "no stale cache");
    let found = search(&app.admin().await, "三丰").await;
    assert_eq!(found, ["张三丰"]);
    for (name, rule) in [(" ", "TOO_SHORT"), ("张\u{1b}三", "FORBIDDEN_CHARACTER")] {
        let answer = zhang.query_with(UPDATE_PROFILE, json!({ "name": name })).await;
        assert_eq!(answer.violations(), [("input.name", rule)]);
    }
    assert_eq!(zhang.query("{ viewer { name } }").await.at("/viewer/name"), "张三丰");
}

const NEW_PASSWORD: &str = "夜里的雨敲着旧窗棂";
const CHANGE_PASSWORD: &str = "mutation($current: String!, $new: String!) {
    changePassword(input: { currentPassword: $current, newPassword: $new }) { id } }";

async fn change_password(client: &Client, current: &str, new: &str) -> Response {
    client.query_with(CHANGE_PASSWORD, json!({ "current": current, "new": new })).await
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let (zhang, phone) = (app.with_user("张三").await, app.sign_in("张三").await);
    change_password(&zhang, PASSWORD, NEW_PASSWORD).await.data();

    assert_eq!(phone.query("{ viewer { id } }").await.status, 401);
    assert_eq!(phone.refresh().await.code(), "UNAUTHENTICATED");
    let ended = zhang.query("{ viewer { sessions(state: ENDED) { nodes { endReason } } } }").await;
    assert_eq!(ended.texts_at("/viewer/sessions/nodes", "endReason"), ["PASSWORD_CHANGED"]);
    zhang.refresh().await.data();

    let email = email_of("张三");
    assert_eq!(app.client().sign_in(&email, PASSWORD).await.code(), "INVALID_CREDENTIALS");
    app.client().sign_in(&email, NEW_PASSWORD).await.data();
}

#[tokio::test]
async fn a_refused_new_password_changes_nothing() {
    let app = TestApp::start().await;
    let (zhang, phone) = (app.with_user("张三").await, app.sign_in("张三").await);
    let answer = change_password(&zhang, "不是这个", NEW_PASSWORD).await;
    assert_eq!(answer.violations(), [("input.currentPassword", "MISMATCH")]);
    let answer = change_password(&zhang, "不是这个", "太短").await;
    let both = [("input.newPassword", "TOO_SHORT"), ("input.currentPassword", "MISMATCH")];
    assert_eq!(answer.violations(), both);
    let answer = change_password(&zhang, &"长".repeat(5000), NEW_PASSWORD).await;
    assert_eq!(answer.violations(), [("input.currentPassword", "MISMATCH")]);
    assert_eq!(phone.query("{ viewer { name } }").await.at("/viewer/name"), "张三");
    app.sign_in("张三").await;
}

/// Makes every attempt to end a session fail in the database.
async fn let_no_session_end(app: &TestApp) {
    let statements: &[&str] = if backend::postgres().is_some() {
        &[
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$",
            "CREATE TRIGGER no_end BEFORE UPDATE OF ended_at ON sessions
                FOR EACH ROW EXECUTE FUNCTION refuse()",
        ]
    } else {
        &["CREATE TRIGGER no_end BEFORE UPDATE OF ended_at ON sessions
            BEGIN SELECT RAISE(ABORT, 'not now'); END"]
    };
    for statement in statements {
        app.sql(statement, []).await;
    }
}

#[tokio::test]
async fn a_password_stays_when_the_other_sessions_cannot_be_ended() {
    let app = TestApp::start().await;
    let (zhang, phone) = (app.with_user("张三").await, app.sign_in("张三").await);
    let_no_session_end(&app).await;
    assert_eq!(change_password(&zhang, PASSWORD, NEW_PASSWORD).await.code(), "INTERNAL");
    phone.query("{ viewer { id } }").await.data();
    let answer = app.client().sign_in(&email_of("张三"), NEW_PASSWORD).await;
    assert_eq!(answer.code(), "INVALID_CREDENTIALS");
    app.sign_in("张三").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hashing_an_old_password_anew_does_not_bring_it_back() {
    let app = TestApp::start().await;
    let (zhang, email) = (app.with_user("张三").await, email_of("张三"));
    // The old hash is checked at once, and the new one takes so long that the password changes meanwhile.
    let costlier = app.replica(&[("ARGON2_MEMORY_KIB", "65536"), ("ARGON2_ITERATIONS", "2")]).await;
    let _ = app.statements.take();
    let sign_ins: Vec<_> = (0..4)
        .map(|_| {
            let (client, email) = (costlier.client(), email.clone());
            tokio::spawn(async move { client.sign_in(&email, PASSWORD).await })
        })
        .collect();
    let mut looked_up = 0;
    until("all have read the old hash", async || {
        let by_email = |sql: &String| sql.starts_with("SELECT") && sql.contains(r#""email" = "#);
        looked_up += app.statements.take().iter().filter(|sql| by_email(sql)).count();
        (looked_up == 4).then_some(())
    })
    .await;
    // A hash renewed while the password is checked is one more try.
    until("the password changes", async || {
        let answer = change_password(&zhang, PASSWORD, NEW_PASSWORD).await;
        answer.json.get("errors").is_none().then_some(())
    })
    .await;
    for answer in join_all(sign_ins).await {
        answer.unwrap();
    }
    assert_eq!(app.client().sign_in(&email, PASSWORD).await.code(), "INVALID_CREDENTIALS");
    app.client().sign_in(&email, NEW_PASSWORD).await.data();
}

/// Signs in again and again, until that is refused.
async fn sign_in_while_possible(client: Client, password: &str) -> Response {
    loop {
        let answer = client.sign_in(&email_of("张三"), password).await;
        if answer.json.get("errors").is_some() {
            return answer;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_of_an_old_password_outlives_its_change() {
    // A hash takes a while, so that the change meets sign-ins whose password has been checked already.
    let app = TestApp::configured(&[("ARGON2_MEMORY_KIB", "4096")]).await;
    let (zhang, other) = (app.with_user("张三").await, app.replica(&[]).await);
    let (mut old, mut new) = (PASSWORD, NEW_PASSWORD);
    for _ in 0..5 {
        let sign_ins: Vec<_> =
            (0..4).map(|_| tokio::spawn(sign_in_while_possible(other.client(), old))).collect();
        change_password(&zhang, old, new).await.data();
        for refused in join_all(sign_ins).await {
            assert_eq!(refused.unwrap().code(), "INVALID_CREDENTIALS");
        }
        let living = "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL";
        assert_eq!(app.sql_value::<i64>(living, []).await, 1, "the one that changed it");
        zhang.query("{ viewer { id } }").await.data();
        std::mem::swap(&mut old, &mut new);
    }
}

#[tokio::test]
async fn an_id_of_nobody_is_not_found() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let session = admin.session_id().await;
    let upper = admin.user_id().await.to_uppercase();
    let unknown = ["User:0198f000-0000-7000-8000-000000000000", "User:1", "用户", "", &session, &upper];
    for id in unknown {
        for field in ["user", "node"] {
            if field == "node" && id == session {
                continue;
            }
            let document = format!("query($id: ID!) {{ {field}(id: $id) {{ id }} }}");
            assert_eq!(
                admin.query_with(&document, json!({ "id": id })).await.code(),
                "NOT_FOUND",
                "{field} {id}"
            );
        }
    }
}

async fn names(admin: &Client, arguments: Value) -> Vec<String> {
    let document = "query($filter: UserFilter, $orderBy: UserOrder) {
        users(first: 100, filter: $filter, orderBy: $orderBy) { totalCount nodes { name } } }";
    let answer = admin.query_with(document, arguments).await;
    let names = answer.texts_at("/users/nodes", "name");
    assert_eq!(answer.at("/users/totalCount"), names.len());
    names
}

async fn search(admin: &Client, text: &str) -> Vec<String> {
    names(admin, json!({ "filter": { "search": text }, "orderBy": { "field": "EMAIL" } })).await
}

#[tokio::test]
async fn search_finds_parts_of_names_and_addresses_as_they_are_written() {
    let app = TestApp::start().await;
    for (name, email) in [
        ("张三", "a-zhang@corp.example"),
        ("张三丰", "b@wudang.example"),
        ("Ärzte Müller", "c_under@corp.example"),
        ("100% 王五", "d@corp.example"),
        ("back\\slash", "e@corp.example"),
    ] {
        app.account_with_email(name, email).await;
    }
    let admin = app.admin().await;
    for (text, found) in [
        ("张三", &["张三", "张三丰"][..]),
        ("三丰", &["张三丰"]),
        (" WUDANG ", &["张三丰"]),
        ("zhang@corp", &["张三"]),
        ("ÄRZTE m", &["Ärzte Müller"]),
        ("müller", &["Ärzte Müller"]),
        ("mu\u{308}ller", &["Ärzte Müller"]),
        ("ＷＵＤＡＮＧ", &["张三丰"]),
        ("１００％　王", &["100% 王五"]),
        ("%", &["100% 王五"]),
        ("0% 王", &["100% 王五"]),
        ("_", &["Ärzte Müller"]),
        ("c_u", &["Ärzte Müller"]),
        ("\\", &["back\\slash"]),
        ("赵六", &[]),
        ("'; DROP TABLE users; --", &[]),
    ] {
        assert_eq!(search(&admin, text).await, found, "{text}");
    }
    assert_eq!(search(&admin, "  ").await.len(), 6, "nothing to search for is everybody");
    for (text, rule) in [
        ("搜".repeat(101), "TOO_LONG"),
        // PostgreSQL has no text with this one.
        ("a\u{0}b".to_owned(), "FORBIDDEN_CHARACTER"),
        ("张\n三".to_owned(), "FORBIDDEN_CHARACTER"),
    ] {
        let document = "query($s: String!) { users(filter: { search: $s }) { totalCount } }";
        let refused = admin.query_with(document, json!({ "s": text })).await;
        assert_eq!(refused.violations(), [("filter.search", rule)], "{text:?}");
    }
}

#[tokio::test]
async fn filters_narrow_together() {
    let app = TestApp::start().await;
    for name in ["张三", "李四", "王五"] {
        app.account(name).await;
    }
    app.set_role("李四", fastgpt_platform::auth::viewer::Role::Admin).await;
    app.set_status("王五", "SUSPENDED").await;
    let admin = app.admin().await;
    let order = json!({ "field": "CREATED_AT" });
    for (filter, found) in [
        (json!({ "role": "ADMIN" }), &["Administrator", "李四"][..]),
        (json!({ "role": "USER" }), &["张三", "王五"]),
        (json!({ "status": "SUSPENDED" }), &["王五"]),
        (json!({ "status": "DEACTIVATED" }), &[]),
        (json!({ "role": "USER", "status": "ACTIVE" }), &["张三"]),
        (json!({ "role": "ADMIN", "search": "李" }), &["李四"]),
        (json!({ "status": "ACTIVE", "search": "王五" }), &[]),
    ] {
        assert_eq!(names(&admin, json!({ "filter": filter, "orderBy": order })).await, found, "{filter}");
    }
}

#[tokio::test]
async fn each_order_goes_both_ways() {
    let app = TestApp::start().await;
    for (name, email) in [("丙", "c@example.com"), ("甲", "a@example.com"), ("乙", "b@example.com")] {
        app.advance(chrono::TimeDelta::minutes(1)).await;
        app.account_with_email(name, email).await;
    }
    app.advance(chrono::TimeDelta::minutes(1)).await;
    app.client().sign_in("a@example.com", PASSWORD).await.data();
    app.advance(chrono::TimeDelta::minutes(1)).await;
    app.client().sign_in("c@example.com", PASSWORD).await.data();
    app.advance(chrono::TimeDelta::minutes(1)).await;
    let admin = app.admin().await;
    for (field, mut expected) in [
        ("CREATED_AT", ["Administrator", "丙", "甲", "乙"]),
        // Who never signed in is earliest.
        ("LAST_SIGN_IN_AT", ["乙", "甲", "丙", "Administrator"]),
        ("EMAIL", ["甲", "Administrator", "乙", "丙"]),
    ] {
        assert_eq!(names(&admin, json!({ "orderBy": { "field": field } })).await, expected, "{field}");
        expected.reverse();
        let descending = json!({ "orderBy": { "field": field, "direction": "DESC" } });
        assert_eq!(names(&admin, descending).await, expected, "{field} DESC");
    }
    assert_eq!(names(&admin, json!({})).await, ["乙", "甲", "丙", "Administrator"], "latest first by itself");
}
